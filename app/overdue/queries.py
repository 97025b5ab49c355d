"""Which clocks are overdue or about to be at an instant, by keyset; how many; and what left the list since.

Two ways lead to a list. Near the present the open ends of the record are read from the index of open due instants,
and beside them the few applications that were written to after the instant asked, since only there an end may lie
between. Where silence will end a clock its end is open, too, until somebody writes that down. Any other instant is read
from the spans that hold at it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    SQLColumnExpression,
    Subquery,
    Text,
    and_,
    bindparam,
    case,
    false,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    tuple_,
    union,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from app.access.actor import Actor
from app.access.models import DepartmentTree
from app.access.scope import below, within
from app.applications.models import Application, PublicView, SpanRow
from app.applications.queries import SPAN_COLUMNS, span_of
from app.domain.items import Party
from app.domain.spans import Span
from app.domain.units import MICROSECONDS
from app.kit.columns import Instant
from app.kit.db import Database
from app.kit.statements import Hot

__all__ = [
    "By",
    "Count",
    "Entry",
    "Key",
    "ListKind",
    "Moment",
    "Place",
    "Selection",
    "counts",
    "entries",
    "left_since",
    "next_crossing",
]

NEAR = timedelta(minutes=15)
"""How far back an instant is still read from the open ends of the record."""
AHEAD = timedelta(seconds=10)
"""How far a process may be behind another whose records it reads."""


class ListKind(StrEnum):
    """Which list: red lights or yellow ones."""

    OVERDUE = "overdue"
    DUE_SOON = "due_soon"


class By(StrEnum):
    """By what a summary counts."""

    DEPARTMENT = "department"
    ITEM = "item"
    SECTION = "section"
    OFFICER = "officer"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which clocks a list speaks of. '' as `section` or `officer` asks for those where nobody is named."""

    reader: Actor
    kind: ListKind = ListKind.OVERDUE
    clock: str | None = None
    stage: str | None = None
    item: str | None = None
    department: str | None = None
    section: str | None = None
    officer: str | None = None
    party: Party = Party.AGENCY
    include_stopped: bool = False


class Moment(NamedTuple):
    """The instant that an answer speaks of, and the instant at which it is given."""

    at: datetime
    now: datetime

    @property
    def is_near(self) -> bool:
        """Whether the open ends of the record, and what was written since, tell all."""
        return self.now - NEAR <= self.at <= self.now + AHEAD


class Place(NamedTuple):
    """Where in a list a row stands; the list is ordered by it."""

    due_at: datetime
    number: str
    clock: str
    stage: str
    round: int


class Key(NamedTuple):
    """What a client knows a row by."""

    number: str
    clock: str
    stage: str


class Entry(NamedTuple):
    """One clock of a list, as the database has it."""

    number: str
    external_ref: str | None
    item: str
    department: str
    section: str | None
    officer: str | None
    span: Span
    view: bytes | None
    """The sealed public view: the subject and the reasons of a delay are read from it."""
    recorded_at: datetime

    @property
    def place(self) -> Place:
        """Where it stands."""
        due_at = self.span.due_at
        assert due_at is not None, "the lists hold clocks with an end"  # noqa: S101
        return Place(due_at, self.number, self.span.clock, self.span.stage, self.span.round)

    @property
    def key(self) -> Key:
        """What a client knows it by."""
        return Key(self.number, self.span.clock, self.span.stage)


class Count(NamedTuple):
    """How many running clocks of one kind of days a summary counts under one code."""

    code: str | None
    calendar: str
    unit: str | None
    due_on: int | None
    due_at: datetime | None
    """Of a limit in working time the instant."""
    red: int
    yellow: int
    green: int


ORDER = (SpanRow.due_at, SpanRow.number, SpanRow.clock, SpanRow.stage, SpanRow.round)
ROW = (SpanRow.number, SpanRow.external_ref, SpanRow.item, SpanRow.department, SpanRow.section, SpanRow.officer)
IDENTITY = (SpanRow.number, SpanRow.clock, SpanRow.stage, SpanRow.round, SpanRow.from_at)
COLUMNS = (*ROW, *SPAN_COLUMNS)
CODES: dict[By, InstrumentedAttribute[Any]] = {
    By.DEPARTMENT: SpanRow.department,
    By.ITEM: SpanRow.item,
    By.SECTION: SpanRow.section,
    By.OFFICER: SpanRow.officer,
    By.CLOCK: SpanRow.clock,
}

# Written out, not bound: an index over a part of the table is used only where its condition is seen.
RUNNING: ColumnElement[bool] = SpanRow.state == literal_column("'running'")
STOPPED: ColumnElement[bool] = SpanRow.state.in_([literal_column("'met'"), literal_column("'missed'")])
IN_TIME: ColumnElement[bool] = SpanRow.limit_unit.in_(
    [literal_column(f"'{unit.value}'") for unit in MICROSECONDS],
)
"""Limits in working time."""
OPEN_END: ColumnElement[bool] = literal_column("spans.open")
NOT_OPEN: ColumnElement[bool] = literal_column("NOT spans.open")
OF_AGENCY: ColumnElement[bool] = SpanRow.party == literal_column("'agency'")
ONCE_DUE: ColumnElement[bool] = or_(SpanRow.to_at.is_(None), SpanRow.to_at > SpanRow.due_at)


FILTERED: dict[str, InstrumentedAttribute[Any]] = {
    "clock": SpanRow.clock,
    "stage": SpanRow.stage,
    "item": SpanRow.item,
    "section": SpanRow.section,
    "officer": SpanRow.officer,
}

AT: BindParameter[datetime] = bindparam("at", type_=Instant)
At = datetime | BindParameter[datetime]
"""An instant, or the place of one in a statement that is kept."""


def instant(value: At) -> ColumnElement[datetime]:
    """An instant as a bound value of its type."""
    return literal(value, Instant) if isinstance(value, datetime) else value


def holds_at(at: At) -> ColumnElement[bool]:
    """The spans in which an instant lies."""
    return and_(SpanRow.from_at <= instant(at), is_held(at))


def is_held(at: At) -> ColumnElement[bool]:
    """The spans that have not ended by time alone at an instant: silence ends a clock before anybody writes it down."""
    return or_(SpanRow.to_at.is_(None), SpanRow.to_at > instant(at))


def is_lit(kind: ListKind, at: At) -> ColumnElement[bool]:
    """The running clocks whose light at `at` is that of the list: on the due instant itself it is red."""
    if kind is ListKind.OVERDUE:
        return SpanRow.due_at <= instant(at)
    return and_(SpanRow.due_at > instant(at), SpanRow.yellow_at <= instant(at))


def of_party(party: Party) -> ColumnElement[bool]:
    """The office's clocks, or the applicants'."""
    return OF_AGENCY if party is Party.AGENCY else SpanRow.party == literal_column("'applicant'")


def static(selection: Selection) -> list[ColumnElement[bool]]:
    """The filters that no step changes for a clock."""
    wanted: list[ColumnElement[bool]] = [of_party(selection.party)]
    wanted += [
        column == value
        for column, value in (
            (SpanRow.clock, selection.clock),
            (SpanRow.stage, selection.stage),
            (SpanRow.item, selection.item),
        )
        if value is not None
    ]
    return wanted


def chosen(selection: Selection) -> list[ColumnElement[bool]]:
    """The filters and the reader's scope, all of them on the span's own row."""
    wanted = static(selection)
    wanted += [
        column == value if value else column.is_(None)
        for column, value in ((SpanRow.section, selection.section), (SpanRow.officer, selection.officer))
        if value is not None
    ]
    if selection.department is not None:
        wanted.append(SpanRow.department.in_(below(selection.department)))
    if selection.reader.is_scoped:
        wanted.append(within(selection.reader, SpanRow.department))
    return wanted


def written_after(instant_: datetime) -> ColumnElement[bool]:
    """The spans of applications that were written to after an instant: few, and found by an index."""
    touched = select(Application.number).where(Application.recorded_at > instant(instant_))
    return SpanRow.number.in_(touched)


def branches(selection: Selection, moment: Moment) -> list[ColumnElement[bool]]:
    """The parts of a list, none of which shares a row with another; each may use an index of its own."""
    at = moment.at
    lit = is_lit(selection.kind, at)
    parts: list[ColumnElement[bool]]
    if moment.is_near and selection.party is Party.AGENCY:
        parts = [
            and_(OPEN_END, RUNNING, holds_at(at), lit),
            and_(
                NOT_OPEN, RUNNING, SpanRow.from_at <= instant(at), SpanRow.to_at > instant(at), lit, written_after(at)
            ),
        ]
    elif selection.kind is ListKind.OVERDUE:
        parts = [and_(RUNNING, ONCE_DUE, holds_at(at), lit)]
    else:
        parts = [and_(RUNNING, holds_at(at), lit)]
    if selection.include_stopped:
        parts.append(and_(STOPPED, SpanRow.stopped_at > SpanRow.due_at, holds_at(at)))
    return parts


def changed_branches(selection: Selection, moment: Moment, since: datetime) -> list[ColumnElement[bool]]:
    """The parts of a list that may have changed since, when no day has begun between.

    They crossed, were written to, or count in working time, whose figures change within a day.
    """
    crossing = SpanRow.due_at if selection.kind is ListKind.OVERDUE else SpanRow.yellow_at
    new = or_(crossing > instant(since), SpanRow.from_at > instant(since))
    parts: list[ColumnElement[bool]] = []
    for part in branches(selection, moment):
        parts += [and_(part, new), and_(part, ~new, or_(written_after(since), IN_TIME))]
    return parts


def merged(parts: Sequence[ColumnElement[bool]], selection: Selection, after: Place | None, limit: int) -> Subquery:
    """The rows of all parts in the order of the list, no more than `limit`; each part stops at `limit`, too."""
    common = chosen(selection)
    if after is not None:
        mark = tuple_(
            instant(after.due_at),
            literal(after.number, Text),
            literal(after.clock, Text),
            literal(after.stage, Text),
            literal(after.round, Integer),
        )
        common.append(tuple_(*ORDER) > mark)
    pages = [select(*COLUMNS).where(part, *common).order_by(*ORDER).limit(limit).subquery() for part in parts]
    if len(pages) == 1:
        return pages[0]
    rows = union_all(*(select(page) for page in pages)).subquery()
    return select(rows).order_by(*(rows.c[column.key] for column in ORDER)).limit(limit).subquery()


class Shape(NamedTuple):
    """What of a question decides the text of its statement; the values come beside it."""

    kind: ListKind
    equal: tuple[str, ...]
    unnamed: tuple[str, ...]
    has_department: bool
    is_scoped: bool
    goes_on: bool = False
    has_last_day: bool = False
    limit: int = 0


def shape_of(selection: Selection) -> Shape:
    """The shape of a selection of the agency's clocks."""
    given = {name: getattr(selection, name) for name in FILTERED}
    return Shape(
        selection.kind,
        tuple(name for name, value in given.items() if value or (value is not None and name == "stage")),
        tuple(name for name in ("section", "officer") if given[name] == ""),
        selection.department is not None,
        selection.reader.is_scoped,
    )


def values_of(selection: Selection) -> dict[str, Any]:
    """The values of a selection, by the names under which its statements want them."""
    given: dict[str, Any] = {name: getattr(selection, name) for name in FILTERED}
    return given | {"of_department": selection.department, "of_reader": selection.reader.department}


def bound(shape: Shape) -> list[ColumnElement[bool]]:
    """The open ends of the agency's clocks, narrowed by what the shape says, the values left open."""
    wanted: list[ColumnElement[bool]] = [OPEN_END, RUNNING, OF_AGENCY]
    wanted += [FILTERED[name] == bindparam(name) for name in shape.equal]
    wanted += [FILTERED[name].is_(None) for name in shape.unnamed]
    for name in ["of_department"] * shape.has_department + ["of_reader"] * shape.is_scoped:
        inside = select(DepartmentTree.descendant).where(DepartmentTree.ancestor == bindparam(name))
        wanted.append(SpanRow.department.in_(inside))
    return wanted


@lru_cache(maxsize=512)
def near_page(shape: Shape) -> Hot:
    """A page of the open ends, in the order of their index."""
    wanted = [*bound(shape), SpanRow.from_at <= AT, is_held(AT)]
    if shape.kind is ListKind.OVERDUE:
        wanted.append(is_lit(shape.kind, AT))
    else:  # `= false` hides the due instant from SQLite, which would else walk along it; PostgreSQL sees through it
        wanted += [SpanRow.yellow_at <= AT, (SpanRow.due_at <= AT) == false()]
    if shape.goes_on:
        wanted.append(
            tuple_(*ORDER) > tuple_(*(bindparam(f"after_{column.key}", type_=column.type) for column in ORDER))
        )
    if shape.has_last_day:
        wanted.append(or_(SpanRow.due_on <= bindparam("last_day"), IN_TIME))
    if shape.kind is ListKind.DUE_SOON:
        wanted = [tuple_(*IDENTITY).in_(yellow_ones(wanted, shape.limit))]
    page = select(*COLUMNS).where(*wanted).order_by(*ORDER).limit(literal_column(str(shape.limit)))
    return Hot(with_view(page.subquery()))


def yellow_ones(wanted: list[ColumnElement[bool]], limit: int) -> Select[*tuple[Any, ...]]:
    """The keys of the first yellow clocks, found among those that have turned yellow.

    Walking the due instants would end soon only where many are yellow: without one it would pass by all that is open.
    """
    turned = (
        select(*ORDER, SpanRow.from_at).where(*wanted).cte("turned").prefix_with("MATERIALIZED", dialect="postgresql")
    )
    due_at, *rest = (turned.c[column.key] for column in ORDER)
    in_order = (
        func.coalesce(due_at, due_at),
        *rest,
    )  # an expression, so that SQLite does not walk an index for its order
    first = select(*(turned.c[column.key] for column in IDENTITY)).order_by(*in_order)
    return first.limit(literal_column(str(limit)))


@lru_cache(maxsize=512)
def near_crossing(shape: Shape) -> Hot:
    """The next instant at which time alone turns one of the open ends red; where yellow counts, or yellow.

    Or at which silence ends or begins a clock, of whichever application.
    """
    crossings = [SpanRow.due_at] if shape.kind is ListKind.OVERDUE else [SpanRow.due_at, SpanRow.yellow_at]
    until = bindparam("until", type_=Instant)
    first = [
        select(column.label("at"))
        .where(*bound(shape), column > AT, column <= until)
        .order_by(column)
        .limit(literal_column("1"))
        for column in crossings
    ]
    silence = select(SpanRow.to_at.label("at")).where(OPEN_END, SpanRow.to_at > AT, SpanRow.to_at <= until)
    first.append(silence.order_by(SpanRow.to_at).limit(literal_column("1")))
    return Hot(union_all(*(select(each.subquery()) for each in first)))


LAST_WRITTEN = Hot(
    select(Application.recorded_at)
    .order_by(Application.recorded_at.desc(), Application.number.desc())
    .limit(literal_column("1"))
)


def with_view(page: Subquery) -> Select[*tuple[Any, ...]]:
    """A page with what else is needed of each application."""
    return (
        select(*(page.c[column.key] for column in COLUMNS), PublicView.sealed, Application.recorded_at)
        .join_from(page, PublicView, PublicView.number == page.c.number, isouter=True)
        .join(Application, Application.number == page.c.number)
        .order_by(*(page.c[column.key] for column in ORDER))
    )


async def entries(
    db: Database,
    selection: Selection,
    moment: Moment,
    *,
    after: Place | None = None,
    limit: int,
    due_by: int | None = None,
    since: datetime | None = None,
    numbers: Sequence[str] | None = None,
) -> list[Entry]:
    """The clocks of a list from `after` on, at most `limit`, in its order.

    `due_by`: only those whose due day is at or before this day, or that count in working time. `since`: only those that
    may have changed since, when no day has begun between. `numbers`: only those of these applications.
    """
    if (
        moment.is_near
        and selection.party is Party.AGENCY
        and not selection.include_stopped
        and not since
        and not numbers
    ):
        found = await near_entries(db, selection, moment.at, after=after, limit=limit, due_by=due_by)
        if found is not None:
            return found
    parts = branches(selection, moment) if since is None else changed_branches(selection, moment, since)
    if due_by is not None:
        parts = [and_(part, or_(SpanRow.due_on <= due_by, IN_TIME)) for part in parts]
    if numbers is not None:
        parts = [and_(part, SpanRow.number.in_(numbers)) for part in parts]
    statement = with_view(merged(parts, selection, after, limit))

    async def read(tx: AsyncConnection) -> list[Entry]:
        return [entry_of(row) for row in await tx.execute(statement)]

    return await db.reading(read)


async def near_entries(
    db: Database, selection: Selection, at: datetime, *, after: Place | None, limit: int, due_by: int | None
) -> list[Entry] | None:
    """The page as the open ends alone tell it; None when something was written after `at`, and they do not tell all."""
    shape = shape_of(selection)._replace(goes_on=after is not None, has_last_day=due_by is not None, limit=limit)
    values = values_of(selection) | {"at": at, "last_day": due_by}
    if after is not None:
        values |= {f"after_{name}": value for name, value in after._asdict().items()}
    rows = await db.rows(near_page(shape), values)
    written = await db.rows(LAST_WRITTEN, {})  # asked after the page was read, so that it holds for the page
    if written and written[0][0] > at:
        return None
    return [entry_of(row) for row in rows]


def entry_of(row: Sequence[Any]) -> Entry:
    """A row of the list as a value."""
    return Entry(row[0], row[1], row[2], row[3], row[4], row[5], span_of(row[6:-2]), row[-2], row[-1])


async def next_crossing(db: Database, selection: Selection, at: datetime, until: datetime) -> datetime | None:
    """The first instant in `(at, until]` at which one of the clocks turns yellow or red by time alone."""
    if selection.party is Party.AGENCY:
        rows = await db.rows(near_crossing(shape_of(selection)), values_of(selection) | {"at": at, "until": until})
        return min((row[0] for row in rows), default=None)
    ahead = [
        select(func.min(crossing)).where(RUNNING, *chosen(selection), crossing > at, crossing <= until)
        for crossing in (SpanRow.due_at, SpanRow.yellow_at)
    ]
    ahead.append(select(func.min(SpanRow.to_at)).where(OPEN_END, SpanRow.to_at > at, SpanRow.to_at <= until))

    async def read(tx: AsyncConnection) -> list[datetime | None]:
        return list((await tx.execute(union_all(*ahead))).scalars())

    return min((value for value in await db.reading(read) if value is not None), default=None)


async def left_since(db: Database, selection: Selection, moment: Moment, since: datetime, *, most: int) -> list[Key]:
    """The rows that were in the list at `since`, or that a reader may have been told were, and may be no more.

    Those of applications whose past was rewritten since are named whole: what they showed then is no longer on record.
    A yellow clock leaves its list by time alone, when it turns red.
    """
    common = chosen(selection)
    lit = is_lit(selection.kind, since)
    was_in = and_(RUNNING, lit, holds_at(since))
    if selection.include_stopped:
        was_in = or_(was_in, and_(STOPPED, SpanRow.stopped_at > SpanRow.due_at, holds_at(since)))
    touched = select(Application.number).where(Application.recorded_at > instant(since))
    rewritten = touched.where(Application.rewritten_at > instant(since))
    key = (SpanRow.number, SpanRow.clock, SpanRow.stage)
    parts = [
        select(*key).where(*common, was_in, SpanRow.number.in_(touched)),
        select(*key).where(*static(selection), SpanRow.from_at <= instant(moment.at), SpanRow.number.in_(rewritten)),
    ]
    ended = and_(OPEN_END, SpanRow.to_at > instant(since), SpanRow.to_at <= instant(moment.at))
    parts.append(select(*key).where(*common, was_in, ended))
    if selection.kind is ListKind.DUE_SOON:
        turned = and_(OPEN_END, SpanRow.due_at > instant(since), SpanRow.due_at <= instant(moment.at))
        parts.append(select(*key).where(*common, was_in, turned))
    keys = union(*parts).subquery()
    ordered = select(keys).order_by(keys.c.number, keys.c.clock, keys.c.stage).limit(most)

    async def read(tx: AsyncConnection) -> list[Key]:
        return [Key(*row) for row in await tx.execute(ordered)]

    return await db.reading(read)


async def counts(
    db: Database, selection: Selection, moment: Moment, by: By, *, overdue_by: int | None = None
) -> list[Count]:
    """How many running clocks are red, yellow and green under each code.

    With `overdue_by` only red ones whose due day is at or before this day, counted for each calendar, unit and due day
    (in working time: due instant), so that the reader can tell which of them are overdue by enough.
    """
    at = moment.at
    if moment.is_near and selection.party is Party.AGENCY:
        parts = [
            and_(OPEN_END, RUNNING, holds_at(at)),
            and_(NOT_OPEN, RUNNING, SpanRow.from_at <= instant(at), SpanRow.to_at > instant(at), written_after(at)),
        ]
    else:
        parts = [and_(RUNNING, holds_at(at))]
    common = chosen(selection)
    days: tuple[SQLColumnExpression[Any], ...] = (literal_column("''"), null(), null(), null())
    grouped: tuple[SQLColumnExpression[Any], ...] = (CODES[by],)
    if overdue_by is not None:
        common += [SpanRow.due_at <= instant(at), or_(SpanRow.due_on <= overdue_by, IN_TIME)]
        days = (SpanRow.calendar, SpanRow.limit_unit, SpanRow.due_on, case((IN_TIME, SpanRow.due_at)))
        grouped += days
    red = SpanRow.due_at <= instant(at)
    yellow = and_(SpanRow.due_at > instant(at), SpanRow.yellow_at <= instant(at))
    counted = [
        select(CODES[by], *days, func.count().filter(red), func.count().filter(yellow), func.count())
        .where(part, *common)
        .group_by(*grouped)
        for part in parts
    ]

    async def read(tx: AsyncConnection) -> list[Count]:
        return [
            Count(code, calendar, unit, due_on, due_at, reds, yellows, all_ - reds - yellows)
            for code, calendar, unit, due_on, due_at, reds, yellows, all_ in await tx.execute(
                counted[0] if len(counted) == 1 else union_all(*counted)
            )
        ]

    return await db.reading(read)
