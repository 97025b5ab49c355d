"""Which clocks the lists speak of: kinds of list, filters, places, and the conditions they are in SQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    Subquery,
    Text,
    and_,
    bindparam,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from app.access.actor import Actor
from app.access.scope import below, within
from app.applications.models import Application, PublicView, SpanRow
from app.applications.queries import SPAN_COLUMNS, span_of
from app.applications.travel import as_stored
from app.domain.items import Party
from app.domain.spans import Span
from app.domain.units import MICROSECONDS
from app.kit.columns import Instant

__all__ = [
    "AHEAD",
    "AT",
    "CODES",
    "COLUMNS",
    "FILTERED",
    "IDENTITY",
    "IN_TIME",
    "NEAR",
    "NOT_OPEN",
    "OF_AGENCY",
    "ONCE_DUE",
    "OPEN_END",
    "ORDER",
    "ROW",
    "RUNNING",
    "STOPPED",
    "At",
    "By",
    "Count",
    "Entry",
    "Key",
    "ListKind",
    "Moment",
    "Place",
    "Selection",
    "as_known",
    "branches",
    "changed_branches",
    "chosen",
    "entry_of",
    "holds_at",
    "instant",
    "is_held",
    "is_lit",
    "merged",
    "of_party",
    "static",
    "with_view",
    "written_after",
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
    known_at: datetime | None = None
    """By what was recorded by then alone; None: by all that is."""

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
    told: Callable[[], Mapping[str, Any]] | None = None
    """Draws the view of one that was replayed, in place of the sealed one: only for the rows of the page."""

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
    return [and_(part, *as_known(moment)) for part in parts]


def as_known(moment: Moment) -> list[ColumnElement[bool]]:
    """The applications of which what is stored tells what was known; the others are replayed."""
    known_at = moment.known_at
    if known_at is None:
        return []
    received = select(Application.number).where(
        Application.number == SpanRow.number, Application.known_from <= instant(known_at)
    )
    return [received.exists(), *as_stored(SpanRow.number, moment.at, known_at)]


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


def with_view(page: Subquery) -> Select[*tuple[Any, ...]]:
    """A page with what else is needed of each application."""
    return (
        select(*(page.c[column.key] for column in COLUMNS), PublicView.sealed, Application.recorded_at)
        .join_from(page, PublicView, PublicView.number == page.c.number, isouter=True)
        .join(Application, Application.number == page.c.number)
        .order_by(*(page.c[column.key] for column in ORDER))
    )


def entry_of(row: Sequence[Any]) -> Entry:
    """A row of the list as a value."""
    return Entry(row[0], row[1], row[2], row[3], row[4], row[5], span_of(row[6:-2]), row[-2], row[-1])
