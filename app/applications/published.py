"""What was published of a calendar and of suspensions since an application last took note of it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from app.applications import events
from app.applications.events import Draft
from app.applications.history import Opened
from app.calendars import catalogue
from app.domain.chain import Json
from app.domain.folds import Suspension
from app.domain.steps import Step, StepType

__all__ = ["Stop", "published_since", "standing"]


class Stop(NamedTuple):
    """A suspension that is applied to applications under way, and when its document was published."""

    published_at: datetime
    suspension: Suspension


def published_since(opened: Opened, stops: Sequence[Stop], now: datetime) -> list[Draft]:
    """A `recomputed` step for each edition and suspension that was published by `now` and is not on record.

    A suspension that was over before the day of the receipt never concerned it.
    """
    dossier = opened.dossier
    drafts = [
        Draft(Step(type=StepType.RECOMPUTED, at=at.astimezone(UTC)), {"cause": "edition", "calendar": calendar.name})
        for at, calendar in catalogue.after(dossier.calendar)
        if at <= now
    ]
    known = {one.id: one for fold in dossier.folds for one in fold.suspensions}
    received = dossier.calendar.day_of(opened.head.submitted_at)
    place = opened.pinned.body.get("jurisdiction")
    for at, suspension in stops_beyond(known, (*catalogue.stops(place), *stops)):
        is_over = suspension.last is not None and suspension.last < received and suspension.id not in known
        if at <= now and not is_over:
            stated: dict[str, Json] = {"cause": "suspension", "suspension": events.spelled_suspension(suspension)}
            drafts.append(Draft(Step(type=StepType.RECOMPUTED, at=at.astimezone(UTC)), stated))
    return drafts


def standing(place: str | None, day: int, by: datetime | None = None) -> tuple[Suspension, ...]:
    """The suspensions of a place that may take days out of a clock that starts on a day, each as it stands.

    With `by` as it stood at that instant. Of several documents on one suspension the one recorded last speaks.
    """
    newest = {one.id: one for at, one in catalogue.stops(place) if by is None or at <= by}
    return tuple(one for one in newest.values() if one.last is None or one.last >= day)


def stops_beyond(known: Mapping[str, Suspension], stops: Sequence[tuple[datetime, Suspension]]) -> list[Stop]:
    """The documents on suspensions that come after those that are known, of each suspension in their order."""
    beyond: list[Stop] = []
    for at, suspension in stops:
        if known.get(suspension.id) == suspension:
            beyond = [one for one in beyond if one.suspension.id != suspension.id]
        elif all(one.suspension != suspension for one in beyond):
            beyond.append(Stop(at, suspension))
    return beyond
