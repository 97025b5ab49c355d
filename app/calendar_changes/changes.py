"""A change that is tried or applied: an edition or a suspension, as what stood before it and what stands after."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from app.calendar_changes.moves import Changed, changed_between
from app.calendars import catalogue
from app.calendars.known import Known, Stopped
from app.calendars.publish import Plan
from app.domain.folds import Recomputation, Suspension
from app.domain.steps import Dossier

__all__ = [
    "Change",
    "edition_change",
    "plan_change",
    "spelled_stop",
    "stopped_of",
    "suspension_change",
    "without",
]

Json = dict[str, Any]  # a JSON object


class Change(NamedTuple):
    """What is tried or applied. `changed` says of each calendar that it reaches which days differ."""

    after: Known
    changed: Mapping[str, Changed]
    stopped: Stopped | None = None

    def applied_to(self, dossier: Dossier, now: datetime) -> list[Recomputation]:
        """What it records on one application: the states published beyond its own, or the suspension."""
        if self.stopped is not None:
            stop = self.stopped
            known = {one.id: one for fold in dossier.folds[-1:] for one in fold.suspensions}
            if known.get(stop.suspension.id) == stop.suspension or stop.published_at > now:
                return []
            return [Recomputation(at=stop.published_at, suspension=stop.suspension)]
        return [
            Recomputation(at=at, calendar=calendar) for at, calendar in self.after.after(dossier.calendar) if at <= now
        ]


def edition_change(before: Known, after: Known, code: str) -> Change:
    """An edition of a calendar, which reaches all that lie over it."""
    changed = {
        one: changed_between(before.newest(stood), after.newest(one))
        for one in after.above(code)
        if (stood := one if one in before.layers else after.layer(one).over) is not None
    }
    return Change(after, changed)


def plan_change(plan: Plan) -> Change:
    """An edition that is only planned."""
    return edition_change(plan.before, plan.after, plan.code)


def suspension_change(known: Known, stopped: Stopped) -> Change:
    """A suspension of a place."""
    return Change(known, {}, stopped)


def without(known: Known, serial: int) -> Known:
    """The picture as it was before the edition of this record."""
    stored = [
        (code, layer.over, layer.names["zh-CN"], one)
        for code, layer in known.layers.items()
        for one in layer.editions
        if 0 < one.serial < serial
    ]
    stored.sort(key=lambda each: each[3].serial)
    return catalogue.known_with(stored, known.stopped)


def spelled_stop(stopped: Stopped) -> Json:
    """A suspension as JSON, for a run."""
    suspension = stopped.suspension
    return {
        "serial": stopped.serial,
        "jurisdiction": stopped.jurisdiction,
        "published_at": stopped.published_at.isoformat(),
        "id": suspension.id,
        "clocks": sorted(suspension.clocks),
        "first": suspension.first,
        "last": suspension.last,
        "document": suspension.document,
        "approver": stopped.approver,
        "recorded_at": stopped.recorded_at.isoformat(),
    }


def stopped_of(spelled: Json) -> Stopped:
    """The suspension that `spelled_stop` spelled."""
    return Stopped(
        spelled["serial"],
        spelled["jurisdiction"],
        datetime.fromisoformat(spelled["published_at"]),
        Suspension(spelled["id"], frozenset(spelled["clocks"]), spelled["first"], spelled["last"], spelled["document"]),
        spelled["approver"],
        datetime.fromisoformat(spelled["recorded_at"]),
    )
