"""Applications as they were on record at an instant: what is stored where that still holds, else replayed.

What is stored says what is known now. An application of which nothing was recorded since `known_at` that reaches back
to `as_of` stood there then as it stands there now; the others are few, and are worked out from their events.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, exists, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from app.access.actor import Actor
from app.access.models import DepartmentTree
from app.access.scope import below as offices_below
from app.access.scope import within
from app.applications import history, lists, projection, queries
from app.applications.events import NOTHING
from app.applications.history import Opened
from app.applications.lists import Filters
from app.applications.models import Application, Event, StretchRow
from app.applications.projection import Head, Holder
from app.applications.queries import LATE_AFTER
from app.applications.shown import Shown, clocks_at
from app.domain.forecast import forecast
from app.domain.items import Party
from app.domain.lights import worst
from app.domain.spans import Forecast
from app.domain.steps import Status, StepType
from app.kit.problems import invalid
from app.kit.sealing import Sealer

__all__ = [
    "BATCH",
    "MOST_REPLAYED",
    "Desk",
    "Then",
    "as_stored",
    "below",
    "page",
    "rewritten",
    "shown_at",
    "stood",
    "then_of",
    "thens",
    "to_replay",
]

BATCH = 200
"""Applications read at a time."""
MOST_REPLAYED = 4_000
"""So many applications one answer replays; at about half a millisecond each, and nothing else is that dear."""


class Desk(NamedTuple):
    """On whose desk an application must have lain; '' as section or officer: where nobody is named."""

    department: str | None = None
    section: str | None = None
    officer: str | None = None
    reader: Actor | None = None


class Then(NamedTuple):
    """An application as it was on record at an instant, carried on by time alone."""

    opened: Opened
    head: Head
    outlook: Forecast


def rewritten(at: datetime, known_at: datetime) -> Select[tuple[str]]:
    """The applications known at `known_at` whose standing at `at` may have been recorded otherwise since.

    A step recorded as it happens says nothing of what was before; only what reaches back does. A step counts as such
    for five minutes longer than `at`.
    """
    reaching_back = select(Event.number).where(
        Event.rewrites_from.is_not(None), Event.recorded_at > known_at, Event.rewrites_from <= at
    )
    as_it_happened = select(Event.number).where(Event.recorded_at > known_at, Event.recorded_at <= at + LATE_AFTER)
    touched = union(reaching_back, as_it_happened).subquery()
    return select(touched.c.number).where(
        exists().where(Application.number == touched.c.number, Application.known_from <= known_at)
    )


def perhaps_on(desk: Desk, known_at: datetime) -> list[ColumnElement[bool]]:
    """The applications that may have lain on a desk by what was known: it names none too few.

    Who held one until then is on record still, unless something recorded since happened before it, or amends.
    """
    of_desk = [
        column == value if value else column.is_(None)
        for column, value in ((StretchRow.section, desk.section), (StretchRow.officer, desk.officer))
        if value is not None
    ]
    if desk.department is not None:
        of_desk.append(StretchRow.department.in_(offices_below(desk.department)))
    if desk.reader is not None and desk.reader.is_scoped:
        of_desk.append(within(desk.reader, StretchRow.department))
    if not of_desk:
        return []
    held = exists().where(StretchRow.number == Application.number, *of_desk)
    since = exists().where(
        Event.number == Application.number,
        Event.recorded_at > known_at,
        or_(Event.occurred_at <= known_at, Event.rewrites_from <= known_at, Event.type == str(StepType.AMEND)),
    )
    return [or_(held, since)]


async def to_replay(
    tx: AsyncConnection, at: datetime, known_at: datetime, desk: Desk, *narrower: ColumnElement[bool]
) -> list[str]:
    """The applications that are worked out from their events; refused where they are too many for one answer."""
    chosen = (
        select(Application.number)
        .where(Application.number.in_(rewritten(at, known_at)), *perhaps_on(desk, known_at), *narrower)
        .limit(MOST_REPLAYED + 1)
    )
    numbers = sorted((await tx.execute(chosen)).scalars())
    if len(numbers) > MOST_REPLAYED:
        raise invalid(
            "query",
            "/known_at",
            "too_much_to_replay",
            f"Of more than {MOST_REPLAYED} applications something was recorded after `known_at` that bears on `as_of`; "
            "ask for one item or department, for a later `known_at`, or for an `as_of` not later than `known_at`.",
        )
    return numbers


def as_stored(number: InstrumentedAttribute[str], at: datetime, known_at: datetime) -> tuple[ColumnElement[bool], ...]:
    """The applications, by the number of a row, of which what is stored tells how they stood; `rewritten` names others.

    Spelled as anti-joins: a list of numbers that does not fit into memory would be walked again for each row.
    """
    of_row = Event.number == number
    reaching_back = exists().where(
        of_row, Event.rewrites_from.is_not(None), Event.recorded_at > known_at, Event.rewrites_from <= at
    )
    as_it_happened = exists().where(of_row, Event.recorded_at > known_at, Event.recorded_at <= at + LATE_AFTER)
    return ~reaching_back, ~as_it_happened


def then_of(opened: Opened, known_at: datetime) -> Then | None:
    """The application with what was recorded by an instant alone; None before its receipt was."""
    known = history.known(opened, known_at)
    if known is None:
        return None
    outlook = forecast(known.dossier)
    receipt = history.receipt_of(known.number, known.facts)
    newest = max(fact.step.recorded_at or fact.step.at for fact in known.facts)
    head = known.head._replace(
        calendar=known.dossier.calendar.name,
        submitted_at=receipt.step.at,
        version=len(known.facts),
        recorded_at=newest,
    )
    return Then(known, projection.moved(head, outlook), outlook)


def stood(then: Then, at: datetime, known_at: datetime) -> Shown:
    """How it stood at an instant, by what was known."""
    opened, head, outlook = then
    stretch = projection.standing_at(outlook.stretches, at)
    if stretch is None:
        first = outlook.stretches[0]
        status, holder = str(Status.NOT_RECEIVED), Holder(first.department, first.section, first.officer)
    else:
        status, holder = str(stretch.status), Holder(stretch.department, stretch.section, stretch.officer)
    covering = [span for span in outlook.spans if span.from_at <= at and (span.to_at is None or span.to_at > at)]
    clocks = clocks_at(opened.pinned.item, covering, opened.dossier.fold_at(at).calendar, at)
    receipt = history.receipt_of(opened.number, opened.facts).private
    return Shown(head, opened.pinned, status, holder, clocks, receipt or NOTHING, at, known_at)


async def shown_at(
    tx: AsyncConnection, actor: Actor, number: str, at: datetime, known_at: datetime, *, sealer: Sealer | None
) -> Shown | None:
    """One application at `at` as known at `known_at`; None where the actor may not see it or it was not known yet."""
    found = await queries.find_at(tx, actor, number, at)
    if found is None or found.head.known_from > known_at:
        return None
    if found.head.recorded_at <= known_at:
        [one] = await queries.show(tx, [found], at, sealer=sealer)
        return one._replace(known_at=known_at)
    for opened in await queries.load(tx, [number], sealer=sealer, lock=False):
        then = then_of(opened, known_at)
        if then is not None:
            return stood(then, at, known_at)
    return None


async def page(
    tx: AsyncConnection,
    actor: Actor,
    filters: Filters,
    known_at: datetime,
    *,
    after: tuple[datetime, str] | None,
    limit: int,
    sealer: Sealer,
) -> list[Shown]:
    """A page of the list as it was known, the newest first: those stored and those replayed, in one order."""
    at = filters.at
    stored = await lists.page(
        tx,
        actor,
        filters,
        after=after,
        limit=limit,
        told=as_stored(Application.number, at, known_at),
        known_at=known_at,
    )
    moved = await replayed(tx, actor, filters, known_at, after=after, sealer=sealer)
    shown = {one.head.number: one for one in moved}
    places = [(found.head.submitted_at, found.head.number) for found in stored]
    places += [(one.head.submitted_at, one.head.number) for one in moved]
    wanted = [number for _, number in sorted(places, reverse=True)[:limit]]
    still = [found for found in stored if found.head.number in wanted and found.head.recorded_at <= known_at]
    shown |= {one.head.number: one for one in await queries.show(tx, still, at, sealer=sealer)}
    since = [number for number in wanted if number not in shown]  # stood there the same, but of another version
    for opened in await queries.load(tx, since, sealer=sealer, lock=False) if since else ():
        then = then_of(opened, known_at)
        if then is not None:
            shown[opened.number] = stood(then, at, known_at)
    return [shown[number]._replace(known_at=known_at) for number in wanted if number in shown]


async def replayed(
    tx: AsyncConnection,
    actor: Actor,
    filters: Filters,
    known_at: datetime,
    *,
    after: tuple[datetime, str] | None,
    sealer: Sealer,
) -> list[Shown]:
    """Those of which more is known since, as they stood then, where the filters admit them."""
    narrower = [queries.seen_by(actor)]
    narrower += [
        column == value
        for column, value in ((Application.item, filters.item), (Application.project_code, filters.project_code))
        if value is not None
    ]
    if filters.q is not None:
        narrower.append(lists.named(filters.q))
    desk = Desk(filters.department, filters.section, filters.officer)
    numbers = await to_replay(tx, filters.at, known_at, desk, *narrower)
    offices = None if filters.department is None else await below(tx, filters.department)
    found = []
    async for then in thens(tx, numbers, known_at, sealer=sealer):
        one = stood(then, filters.at, known_at)
        if fits(one, filters, offices) and (after is None or (one.head.submitted_at, one.head.number) < after):
            found.append(one)
    return found


async def thens(
    tx: AsyncConnection, numbers: Sequence[str], known_at: datetime, *, sealer: Sealer | None
) -> AsyncIterator[Then]:
    """These applications as they were known, read in batches."""
    for place in range(0, len(numbers), BATCH):
        for opened in await queries.load(tx, numbers[place : place + BATCH], sealer=sealer, lock=False):
            then = then_of(opened, known_at)
            if then is not None:
                yield then


async def below(tx: AsyncConnection, department: str) -> frozenset[str]:
    """A department and all below it."""
    rows = await tx.execute(select(DepartmentTree.descendant).where(DepartmentTree.ancestor == department))
    return frozenset(rows.scalars())


def fits(one: Shown, filters: Filters, offices: Iterable[str] | None) -> bool:
    """Whether the filters of the list admit an application as it stood."""
    head, holder = one.head, one.holder
    light = worst(clock.light for clock in one.clocks if clock.party is Party.AGENCY)
    equal = (
        (filters.status, one.status),
        (filters.section, holder.section),
        (filters.officer, holder.officer),
        (filters.item, head.item),
        (filters.project_code, head.project_code),
        (filters.light, None if light is None else str(light)),
    )
    return (
        one.status != Status.NOT_RECEIVED
        and head.submitted_at <= filters.at
        and all(wanted is None or wanted == value for wanted, value in equal)
        and (offices is None or holder.department in offices)
        and (
            filters.received_from is None
            or (head.received_on is not None and head.received_on >= filters.received_from)
        )
        and (filters.received_to is None or (head.received_on is not None and head.received_on <= filters.received_to))
        and (filters.q is None or lists.is_named(filters.q, head))
    )
