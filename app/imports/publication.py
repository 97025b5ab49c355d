"""What was published on the way of an imported application: it stands on the calendars of its own time, as a live one.

It pins what was published when it came in; each edition and suspension published while it was open is a `recomputed`
step, as its publication would have caused it. What a final step had ended by then gets none.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from app.applications import events
from app.applications.events import Draft
from app.applications.receive import Receipt
from app.applications.silence import SYSTEM
from app.calendars import catalogue
from app.domain.calendar import Calendar
from app.domain.chain import Json
from app.domain.course import FINAL_MOMENTS, MOMENTS
from app.domain.steps import Step, StepType

__all__ = ["as_published"]


def as_published(receipt: Receipt, steps: Sequence[Draft], now: datetime) -> tuple[Receipt, list[Draft]]:
    """The receipt on the calendar of its day, and its steps with what was published between them in its place.

    `steps` stand in the order of their instants.
    """
    since = receipt.submitted_at
    ends = (draft.step.at for draft in steps if MOMENTS.get(draft.step.type) in FINAL_MOMENTS)
    until = min([*ends, now])
    newest = receipt.calendar
    first = catalogue.published_by(newest.code, since)
    stated: list[tuple[datetime, dict[str, Json]]] = []
    if counts_like(first, newest):
        receipt = replace(receipt, calendar=first)
        stated += [(at, {"cause": "edition", "calendar": state.name}) for at, state in catalogue.after(first)]
    stated += [
        (at, {"cause": "suspension", "suspension": events.spelled_suspension(one)})
        for at, one in catalogue.stops(receipt.pinned.body.get("jurisdiction"))
    ]
    published = [
        Draft(Step(type=StepType.RECOMPUTED, at=at.astimezone(UTC)), said, by=SYSTEM)
        for at, said in stated
        if since < at < until
    ]
    return receipt, sorted([*published, *steps], key=lambda draft: draft.step.at)


def counts_like(first: Calendar, newest: Calendar) -> bool:
    """Whether the state of then can count what the newest can: it knows the same years, and has hours if that one has.

    A hall that stated its hours only later had them before; nothing could be counted by what was published of it.
    """
    return first.first == newest.first and (first.has_hours or not newest.has_hours)
