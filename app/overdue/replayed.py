"""The clocks of applications of which more is known since than was known then: worked out from their events."""

from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications import history, projection, public_view, travel
from app.applications.models import Application
from app.applications.projection import Holder
from app.applications.travel import Desk, Then
from app.domain.spans import ClockState, Span
from app.domain.units import MICROSECONDS
from app.kit.sealing import Sealer
from app.overdue.selection import By, Count, Entry, ListKind, Moment, Selection

__all__ = ["counts", "entries"]

RUNNING = ClockState.RUNNING
STOPPED = frozenset({ClockState.MET, ClockState.MISSED})


LIGHTS = ("red", "yellow", "green")
Days = tuple[str | None, str, str | None, int | None, datetime | None]
"""Under what a clock is counted: code, calendar, unit, due day, due instant."""


class Held(NamedTuple):
    """One clock at the instant asked, with who held the application then."""

    then: Then
    span: Span
    holder: Holder


async def entries(tx: AsyncConnection, selection: Selection, moment: Moment, *, sealer: Sealer | None) -> list[Entry]:
    """The rows of a list that what is stored does not tell as it was known, in no order."""
    found = []
    async for then, span, holder in held(tx, selection, moment, sealer):
        if is_listed(span, selection, moment.at):
            head = then.head
            told = partial(view_of, then)
            found.append(Entry(head.number, head.external_ref, head.item, *holder, span, None, head.recorded_at, told))
    return found


def view_of(then: Then) -> dict[str, Any]:
    """What the public view of an application would have been."""
    opened = then.opened
    facts = history.facts_that_hold(opened.number, opened.facts)
    view = public_view.view_of(opened.pinned.item, opened.pinned.name, then.head, facts, then.outlook)
    return public_view.read_view(public_view.spell_view(view))


async def counts(
    tx: AsyncConnection, selection: Selection, moment: Moment, by: By, *, overdue_by: int | None
) -> list[Count]:
    """The same for a summary: running clocks by light, each under its code."""
    at = moment.at
    sums: dict[Days, list[int]] = {}
    async for then, span, holder in held(tx, selection, moment, None):
        if span.state is not RUNNING:
            continue
        code = {
            By.DEPARTMENT: holder.department,
            By.SECTION: holder.section,
            By.OFFICER: holder.officer,
            By.ITEM: then.head.item,
            By.CLOCK: span.clock,
        }[by]
        light = light_of(span, at)
        days: Days = (code, "", None, None, None)
        if overdue_by is not None:
            in_time = span.limit is not None and span.limit.unit in MICROSECONDS
            if light != "red" or not (in_time or (span.due_on is not None and span.due_on <= overdue_by)):
                continue
            unit = None if span.limit is None else span.limit.unit.value
            days = (code, span.calendar, unit, span.due_on, span.due_at if in_time else None)
        sums.setdefault(days, [0, 0, 0])[LIGHTS.index(light)] += 1
    return [Count(*days, *figures) for days, figures in sums.items()]


def light_of(span: Span, at: datetime) -> str:
    """The light of a running span at an instant inside it."""
    if span.due_at is not None and span.due_at <= at:
        return "red"
    return "yellow" if span.yellow_at is not None and span.yellow_at <= at else "green"


async def held(tx: AsyncConnection, selection: Selection, moment: Moment, sealer: Sealer | None) -> AsyncIterator[Held]:
    """Each clock of these applications that the filters and the reader's scope admit."""
    known_at = moment.known_at
    if known_at is None:
        return
    at, reader = moment.at, selection.reader
    offices = None if selection.department is None else await travel.below(tx, selection.department)
    seen = await travel.below(tx, reader.department) if reader.is_scoped and reader.department is not None else None
    desk = Desk(selection.department, selection.section, selection.officer, reader)
    of_item = [] if selection.item is None else [Application.item == selection.item]
    numbers = await travel.to_replay(tx, at, known_at, desk, *of_item)
    async for then in travel.thens(tx, numbers, known_at, sealer=sealer):
        for span, holder in projection.held(then.outlook):
            if span.from_at > at or (span.to_at is not None and span.to_at <= at):
                continue
            office = holder.department
            is_meant = (offices is None or office in offices) and (seen is None or office in seen)
            if is_meant and is_chosen(span, holder, selection):
                yield Held(then, span, holder)


def is_chosen(span: Span, holder: Holder, selection: Selection) -> bool:
    """Whether the filters on clock, stage, party and desk admit a clock."""
    return (
        span.party is selection.party
        and (selection.clock is None or span.clock == selection.clock)
        and (selection.stage is None or span.stage == selection.stage)
        and (selection.section is None or (holder.section or "") == selection.section)
        and (selection.officer is None or (holder.officer or "") == selection.officer)
    )


def is_listed(span: Span, selection: Selection, at: datetime) -> bool:
    """Whether a clock belongs into the list at an instant."""
    due_at = span.due_at
    if due_at is None:
        return False
    if span.state is RUNNING:
        return light_of(span, at) == ("red" if selection.kind is ListKind.OVERDUE else "yellow")
    stopped_at = span.stopped_at
    return selection.include_stopped and span.state in STOPPED and stopped_at is not None and stopped_at > due_at
