"""What the figures are made of: the applications that a period touches, with their stretches, stops and pauses.

An application is read as stored where that tells what was known; the few others are replayed from their events.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, literal_column, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.access.actor import Actor
from app.applications import queries, travel
from app.applications.models import Application, Event, SpanRow, StretchRow
from app.applications.projection import STATES, STATUSES, UNITS, held
from app.applications.travel import as_stored
from app.calendars import catalogue
from app.calendars.known import Known
from app.domain.calendar import Calendar
from app.domain.items import Party
from app.domain.owners import Piece, chosen, finish_of
from app.domain.spans import ClockState, Stretch
from app.domain.steps import OPEN, Status, StepType
from app.domain.units import MICROSECONDS, Limit
from app.kit.columns import Instant
from app.statistics.cases import OUTCOMES, Case, Stop, case_of, passed_by
from app.statistics.tallies import BETWEEN, By, Question, Sums, Tally, age_of, enter

__all__ = ["Reading", "read", "replayed", "seen_from", "sums"]

BATCH: Final = 1_000
"""Applications read at a time: between two of them other requests have their turn."""
SLACK: Final = timedelta(days=2)
"""By how much more is read than the period has: each calendar has its own zone, and judges its own days."""
REGISTER: Final = "permit"

FOLDED: Final = frozenset(Status) - OPEN
NOTHING: Final[Mapping[datetime, frozenset[Status]]] = {}
_OPEN: Final = sorted(str(status) for status in OPEN)


class Reading:
    """One reading of the record: the instant spoken of, and by what knowledge (None: all that is on record)."""

    def __init__(
        self, at: datetime, known_at: datetime | None, zone: tzinfo = UTC, reader: Actor | None = None
    ) -> None:
        self.reader = reader
        self.at = at
        self.known_at = known_at
        self.zone = zone
        self.known: Known = catalogue.known()
        self._editions: dict[str, list[datetime]] = {}
        self._calendars: dict[tuple[str, int], Calendar] = {}

    def calendar(self, name: str, at: datetime) -> Calendar:
        """The calendar of a state's code as it was published at an instant."""
        code = name.partition("@")[0]
        instants = self._editions.get(code)
        if instants is None:
            layers = self.known.chain(code)
            instants = sorted(one.from_at for layer in layers for one in layer.editions)
            self._editions[code] = instants
        place = bisect_right(instants, at)
        found = self._calendars.get((code, place))
        if found is None:
            found = self._calendars[code, place] = self.known.published_by(code, at, self.known_at)
        return found

    def calendar_of(self, name: str, stretches: Sequence[Stretch]) -> Calendar:
        """The calendar by which an application's days are told: as published at its result, or at the instant asked."""
        finish = finish_of(stretches)
        return self.calendar(name, self.at if finish is None else finish.from_at)

    def midnight(self, day: int) -> datetime:
        """00:00 of a day in the service's zone."""
        return datetime.combine(date.fromordinal(day), time.min, self.zone)

    def stored(self, number: Any) -> list[ColumnElement[bool]]:  # a column of whichever table names applications
        """The applications of which what is stored tells how they stood."""
        if self.known_at is None:
            return []
        return list(as_stored(number, self.at, self.known_at))


async def seen_from(tx: AsyncConnection, department: str | None, *, scoped: bool) -> frozenset[str] | None:
    """The offices that a reader sees; None: all."""
    if not scoped:
        return None
    return frozenset() if department is None else await travel.below(tx, department)


async def sums(tx: AsyncConnection, question: Question, reading: Reading) -> Sums:
    """All figures of a period."""
    found = Sums()
    numbers = list((await tx.execute(touched(question, reading))).scalars())
    for place in range(0, len(numbers), BATCH):
        for case in await read(tx, numbers[place : place + BATCH], reading):
            enter(case, question, found)
    await stand(tx, question, reading, found)
    async for then, case in replayed(tx, reading):
        enter(case, question, found)
        stand_replayed(then, case, question, found)
    return found


async def replayed(tx: AsyncConnection, reading: Reading) -> AsyncIterator[tuple[travel.Then, Case]]:
    """The applications that what is stored does not tell as they were known."""
    if reading.known_at is None:
        return
    desk = travel.Desk(reader=reading.reader)
    numbers = await travel.to_replay(tx, reading.at, reading.known_at, desk, Application.register == REGISTER)
    async for then in travel.thens(tx, numbers, reading.known_at, sealer=None):
        if then.head.register == REGISTER:
            past = [stretch for stretch in then.outlook.stretches if stretch.from_at <= reading.at]
            calendar = reading.calendar_of(then.head.calendar, past)
            case = case_of(
                then.head.number, then.head.item, calendar, then.outlook, then.opened.dossier.steps, reading.at
            )
            if case is not None:
                yield then, case


def touched(question: Question, reading: Reading) -> Select[str]:
    """The numbers of the applications of which something may fall into the period, in order."""
    begin = reading.midnight(question.first) - SLACK
    end = min(reading.midnight(question.last + 1) + SLACK, reading.at)
    moved = select(StretchRow.number).where(StretchRow.from_at >= begin, StretchRow.from_at <= end)
    received = select(Application.number).where(
        Application.received_on >= date.fromordinal(question.first),
        Application.received_on <= date.fromordinal(question.last),
    )
    stopped = select(SpanRow.number).where(
        literal_column("spans.state IN ('met', 'missed')"), SpanRow.stopped_at >= begin, SpanRow.stopped_at <= end
    )
    any_of = union(moved, received, stopped).subquery()
    wanted = [Application.register == REGISTER, Application.number.in_(select(any_of.c.number))]
    if reading.known_at is not None:
        wanted += [Application.known_from <= reading.known_at, *reading.stored(Application.number)]
    return select(Application.number).where(*wanted).order_by(Application.number)


STRETCHES = (
    select(
        StretchRow.number,
        Application.item,
        Application.calendar,
        Application.received_on,
        StretchRow.from_at,
        StretchRow.to_at,
        StretchRow.status,
        StretchRow.department,
        StretchRow.section,
        StretchRow.officer,
    )
    .join(Application, Application.number == StretchRow.number)
    .order_by(StretchRow.number, StretchRow.from_at)
)
STOPS = select(
    SpanRow.number,
    SpanRow.clock,
    SpanRow.limit_amount,
    SpanRow.limit_unit,
    SpanRow.used_before,
    SpanRow.started_on,
    SpanRow.due_on,
    SpanRow.due_at,
    SpanRow.stopped_at,
).where(
    SpanRow.stage == "",
    SpanRow.party == "agency",
    SpanRow.state.in_(["met", "missed"]),
)
PIECES = select(
    SpanRow.number, SpanRow.clock, SpanRow.from_at, SpanRow.state, SpanRow.counts_from, SpanRow.limit_unit
).where(SpanRow.stage == "", SpanRow.party == "agency")


async def read(tx: AsyncConnection, numbers: Sequence[str], reading: Reading) -> list[Case]:
    """These applications as they are stored, up to the instant asked."""
    at = literal(reading.at, Instant)
    heads: dict[str, tuple[str, str, date | None]] = {}
    stretches: dict[str, list[Stretch]] = defaultdict(list)
    for number, item, calendar, received_on, *stretch in await tx.execute(
        STRETCHES.where(StretchRow.number.in_(numbers), StretchRow.from_at <= at)
    ):
        heads[number] = item, calendar, received_on
        stretches[number].append(Stretch(stretch[0], stretch[1], STATUSES[stretch[2]], *stretch[3:]))
    stops: dict[str, list[Stop]] = defaultdict(list)
    for number, clock, amount, unit, used, started_on, due_on, due_at, stopped_at in await tx.execute(
        STOPS.where(
            SpanRow.number.in_(numbers), SpanRow.from_at <= at, or_(SpanRow.to_at.is_(None), SpanRow.to_at > at)
        )
    ):
        if due_at is not None and stopped_at is not None:
            limit = None if amount is None or unit is None else Limit(amount, UNITS[unit])
            stops[number].append(Stop(clock, limit, used, started_on, due_on, due_at, stopped_at))
    pauses = aliased(SpanRow)
    passed = await passed_through(tx, [number for number, mine in stretches.items() if ended(mine)])
    is_paused = exists().where(
        pauses.number == SpanRow.number, pauses.state == "paused", pauses.stage == "", pauses.party == "agency",
        pauses.from_at <= at,
    )  # fmt: skip
    pieces: dict[str, list[Piece]] = defaultdict(list)
    for number, clock, from_at, state, counts_from, unit in await tx.execute(
        PIECES.where(SpanRow.number.in_(numbers), SpanRow.from_at <= at, is_paused)
    ):
        in_time = unit is not None and UNITS[unit] in MICROSECONDS
        pieces[number].append(Piece(clock, from_at, STATES[state], counts_from, in_time))
    found = []
    for number, (item, name, received_on) in heads.items():
        mine = stretches[number]
        told_by = reading.calendar_of(name, mine)
        day = None if received_on is None else received_on.toordinal()
        found.append(
            Case(
                number,
                item,
                told_by,
                day,
                mine,
                stops[number],
                chosen(pieces.get(number, ())),
                reading.at,
                passed.get(number, NOTHING),
            )
        )
    return found


def ended(stretches: Sequence[Stretch]) -> bool:
    """Whether more may have happened at one instant than the stretches tell: accepted and decided on the spot."""
    return any(stretch.status in FOLDED for stretch in stretches)


async def passed_through(tx: AsyncConnection, numbers: Sequence[str]) -> dict[str, dict[datetime, frozenset[Status]]]:
    """What these applications went through at each instant: of several steps at once a stretch tells the last alone.

    What was amended is read from the whole record, since its steps are no longer those of the events.
    """
    found: dict[str, dict[datetime, frozenset[Status]]] = {}
    amended: set[str] = set()
    for number, type_, occurred_at in await tx.execute(
        select(Event.number, Event.type, Event.occurred_at).where(
            Event.number.in_(numbers), Event.type.in_([*(str(type_) for type_ in OUTCOMES), "amend"])
        )
    ):
        if type_ == "amend":
            amended.add(number)
        else:
            instants = found.setdefault(number, {})
            instants[occurred_at] = instants.get(occurred_at, frozenset()) | {OUTCOMES[StepType(type_)]}
    if amended:
        for opened in await queries.load(tx, sorted(amended), sealer=None, lock=False):
            found[opened.number] = passed_by(opened.dossier.steps)
    return found


# How it stands at the instant asked: what is open, and what of it is overdue


async def stand(tx: AsyncConnection, question: Question, reading: Reading, found: Sums) -> None:
    """Count what is open at the instant asked, and what of it is overdue since when; by month neither has a line."""
    codes = (StretchRow.department, StretchRow.section, StretchRow.officer)
    wanted = [StretchRow.status.in_(_OPEN), *holds(StretchRow, reading), *known(StretchRow.number, reading)]
    rows = await tx.execute(
        select(*codes, Application.item, func.count())
        .join(Application, Application.number == StretchRow.number)
        .where(*wanted, Application.register == REGISTER)
        .group_by(*codes, Application.item)
    )
    for *place, item, count in rows:
        for tally in tallies(question, found, place, item):
            tally.counts["open"] += count
    columns = (SpanRow.department, SpanRow.section, SpanRow.officer, SpanRow.item)
    late = await tx.execute(
        select(*columns, SpanRow.clock, SpanRow.calendar, SpanRow.due_on, func.count())
        .where(
            literal_column("spans.state = 'running'"),
            literal_column("(spans.to_at IS NULL OR spans.to_at > spans.due_at)"),
            SpanRow.party == "agency",
            SpanRow.stage == "",
            SpanRow.due_at <= literal(reading.at, Instant),
            *holds(SpanRow, reading),
            *known(SpanRow.number, reading),
        )
        .group_by(*columns, SpanRow.clock, SpanRow.calendar, SpanRow.due_on)
    )
    for *place, item, clock, calendar, due_on, count in late:
        if due_on is None:
            continue
        age = age_of(catalogue.named(calendar).day_of(reading.at) - due_on)
        for tally in tallies(question, found, place, item):
            tally.overdue[clock][age] += count


def stand_replayed(then: travel.Then, case: Case, question: Question, found: Sums) -> None:
    """The same of one that was replayed."""
    at = case.at
    desk = case.desk_at(at)
    place = [desk.department, desk.section, desk.officer]
    if desk.status in OPEN:
        for tally in tallies(question, found, place, case.item):
            tally.counts["open"] += 1
    for span, holder in held(then.outlook):
        is_late = span.state is ClockState.RUNNING and span.due_at is not None and span.due_at <= at
        covers = span.from_at <= at and (span.to_at is None or span.to_at > at)
        if is_late and covers and span.party is Party.AGENCY and not span.stage and span.due_on is not None:
            age = age_of(case.calendar.day_of(at) - span.due_on)
            for tally in tallies(question, found, list(holder), case.item):
                tally.overdue[span.clock][age] += 1


def tallies(question: Question, found: Sums, place: Sequence[Any], item: str) -> Sequence[Tally]:
    """Where something counts that lies on a desk; nowhere where the reader does not see it."""
    desk = Stretch(question.at, None, Status.RECEIVED, place[0], place[1], place[2])
    if not question.sees(desk):
        return ()
    if question.by is By.MONTH:
        return (found.total,)
    both = f"{place[0] or ''}{BETWEEN}{item}"
    code = {
        By.DEPARTMENT: place[0],
        By.SECTION: place[1],
        By.OFFICER: place[2],
        By.DEPARTMENT_AND_ITEM: both,
        By.DESK: BETWEEN.join(code or "" for code in place),
    }.get(question.by, item)
    return found.of(code)


def holds(table: type[StretchRow] | type[SpanRow], reading: Reading) -> list[ColumnElement[bool]]:
    """The rows in which the instant lies."""
    at = literal(reading.at, Instant)
    return [table.from_at <= at, or_(table.to_at.is_(None), table.to_at > at)]


def known(number: Any, reading: Reading) -> list[ColumnElement[bool]]:  # a column of whichever table
    """The rows of applications of which what is stored tells what was known."""
    if reading.known_at is None:
        return []
    head = aliased(Application)
    received = exists().where(and_(head.number == number, head.known_from <= reading.known_at))
    return [received, *reading.stored(number)]
