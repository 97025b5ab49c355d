"""A case as it comes over the wire, read into plain values. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

Json = Mapping[str, Any]  # JSON from outside: any value may stand in it

FINAL = ("refused", "withdrawn", "terminated", "closed")
OPEN = ("submitted", "received", "correcting", "accepted")
WORKING_TIME = {"working_hour": 3600, "working_minute": 60, "working_second": 1}
DEEMED = {
    "deemed_accepted_from_receipt": "accepted",
    "deemed_accepted_at_expiry": "accepted",
    "deemed_approved": "decided",
    "deemed_consented": "decided",
    "deemed_withdrawn": "withdrawn",
}


class Refused(Exception):
    """The case as a whole cannot be computed."""


def instant(text: str) -> datetime:
    """An instant of the wire, in UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise Refused(f"naive instant {text}")
    return moment.astimezone(UTC)


def day(text: str) -> date:
    """A date of the wire."""
    return date.fromisoformat(text)


@dataclass(frozen=True)
class Limit:
    """So many of a unit."""

    amount: int
    unit: str


def limit(value: Json) -> Limit:
    """A limit of the wire."""
    return Limit(int(value["amount"]), str(value["unit"]))


@dataclass(frozen=True)
class Rule:
    """What an item says of one clock or one stage."""

    kind: str
    stage: str | None
    party: str
    starts: tuple[str, ...]
    stops: tuple[str, ...]
    restarts_on: tuple[str, ...]
    limit: Limit | None
    pauses_for: tuple[str, ...]
    extension: tuple[int, int] | None
    on_expiry: str
    start_rule: str
    end_rule: str
    due_time: str
    warn: tuple[Json, ...]
    before_acceptance: bool = False
    legal_basis: str | None = None


def _names(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _end_rule(value: Json, bound: Limit | None, due_time: str) -> str:
    """The rule for the end, by its default where the item is silent."""
    given = value.get("end_rule")
    if given is not None:
        return str(given)
    if bound is None or due_time == "same_time" or bound.unit in WORKING_TIME or bound.unit == "working_day":
        return "keep"
    return "roll_forward"


def rule(value: Json, *, stage: bool = False, inherited: tuple[str, ...] = ()) -> Rule:
    """One clock, or one stage, of an item."""
    bound = None if value.get("limit") is None else limit(value["limit"])
    count: Json = value.get("count") or {}
    due_time = str(count.get("due_time") or "end_of_day")
    extension: Json | None = value.get("extension")
    warn = value.get("warn")
    if stage:
        starts: tuple[str, ...] = (f"started:{value['code']}",)
        stops: tuple[str, ...] = (f"completed:{value['code']}", "decided", *FINAL)
    else:
        starts, stops = _names(value["starts"]), _names(value["stops"])
    pauses = value.get("pauses_for")
    return Rule(
        kind="stage" if stage else str(value["kind"]),
        stage=str(value["code"]) if stage else None,
        party=str(value.get("party") or "agency"),
        starts=starts,
        stops=stops,
        restarts_on=_names(value.get("restarts_on") or []),
        limit=bound,
        pauses_for=inherited if pauses is None else tuple(pauses),
        extension=None if extension is None else (int(extension["amount"]), int(extension.get("times") or 1)),
        on_expiry=str(value.get("on_expiry") or "overdue"),
        start_rule=str(count.get("start_rule") or "next_day"),
        end_rule=_end_rule(count, bound, due_time),
        due_time=due_time,
        warn=({"before": {"amount": 1, "unit": "working_day"}},) if warn is None else tuple(warn),
        before_acceptance=bool(value.get("before_acceptance")),
        legal_basis=value.get("legal_basis"),
    )


def rules(item: Json, fixed: Mapping[str, str]) -> list[Rule]:
    """Every clock of an item, then its stages, then the clocks that only a fixed end brings about."""
    clocks = [rule(value) for value in item.get("clocks") or []]
    by_kind = {each.kind: each for each in clocks}
    heir = by_kind.get("promise") or by_kind.get("statutory")
    inherited = heir.pauses_for if heir else ()
    stages = [rule(value, stage=True, inherited=inherited) for value in item.get("stages") or []]
    extra = [
        rule({"kind": kind, "starts": "received", "stops": ["decided", *FINAL], "limit": None})
        for kind in fixed
        if kind not in by_kind
    ]
    return clocks + extra + stages


@dataclass(frozen=True)
class Step:
    """One recorded step: when it took place, when it was recorded, and what it says."""

    type: str
    at: datetime
    place: int
    id: str | None
    recorded_at: datetime | None
    fields: Json = field(default_factory=dict)


def steps(values: list[Json]) -> list[Step]:
    """The steps of a case in the order given (or by `seq`, where they have one)."""
    read = []
    for number, value in enumerate(values):
        recorded = value.get("recorded_at")
        read.append(
            Step(
                type=str(value["type"]),
                at=instant(value.get("at") or value["occurred_at"]),
                place=int(value.get("seq") or number + 1),
                id=None if value.get("id") is None else str(value["id"]),
                recorded_at=None if recorded is None else instant(recorded),
                fields=value,
            )
        )
    return read


@dataclass(frozen=True)
class Suspension:
    """A published document that stops the named clocks of a whole place."""

    clocks: tuple[str, ...]
    first: date
    last: date | None
    published_at: datetime


def suspensions(values: list[Json]) -> list[Suspension]:
    """The suspensions of a case."""
    return [
        Suspension(
            clocks=tuple(value["clocks"]),
            first=day(value["from"]),
            last=None if value.get("to") is None else day(value["to"]),
            published_at=instant(value["published_at"]),
        )
        for value in values
    ]
