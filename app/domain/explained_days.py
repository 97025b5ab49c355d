"""Every day of a clock: counted or not, and why, by which notice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from app.domain.calendar import Calendar, CalendarDay, Certainty
from app.domain.folds import Suspension
from app.domain.pieces import Piece
from app.domain.steps import Step
from app.domain.units import MICROSECONDS, Unit

__all__ = ["Day", "DayCount", "Reason", "Tally", "days", "full_at", "tally"]

Stretch = tuple[datetime, datetime]


class Reason(StrEnum):
    """Why a day counts or does not."""

    BEFORE_START = "before_start"
    START_DAY = "start_day"
    WORKING_DAY = "working_day"
    MAKE_UP_WORKDAY = "make_up_workday"
    CALENDAR_DAY = "calendar_day"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    ROLLED = "rolled"


class Day(NamedTuple):
    """One day: counted as the `n`-th or not, and why; the calendar's name for it and the notice that says so.

    Of a limit in working time `n` are the whole units used by its end, and `hours` the stretches that count.
    """

    day: int
    counted: bool
    n: int | None
    reason: Reason
    pauses: tuple[Step, ...]
    """The steps that stopped the clock on it."""
    hours: tuple[Stretch, ...]
    name: str | None
    source: str | None
    layer: str
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class DayCount:
    """How one clock counts: from where, how far, and what is taken out.

    `first` and `last` are the days that there are to tell of. While a clock is paused without a known end, `last` is
    the day asked about.
    """

    calendar: Calendar
    unit: Unit | None
    started_on: int
    first: int
    last: int
    base: int
    """The place after which the count begins: the start day, or the day before it when it is counted itself."""
    total: int | None
    """The units after which the count is full; None where the end was fixed."""
    pieces: tuple[Piece, ...]
    suspensions: tuple[Suspension, ...] = ()
    """What the place suspended of clocks of this kind."""

    @property
    def length(self) -> int | None:
        """The working microseconds of a unit; None for a limit in days."""
        return None if self.unit is None else MICROSECONDS.get(self.unit)


class Tally(NamedTuple):
    """How many days of the count were counted, taken out by pauses, no working days, and added by rolling.

    Of a limit in working time what was counted are whole units, and of the others only whether there was any.
    """

    counted: int
    paused: int
    off: int
    rolled: int


def tally(count: DayCount) -> Tally:
    """The days after the start day up to the last, by what became of them."""
    if count.length is not None:
        counted = _worked_by(count, _end_of(count, count.last)) // count.length
        paused = sum(piece.end - piece.begin for piece in count.pieces if piece.taken_out)
        return Tally(counted, paused, 0, 0)
    last, base = count.last, count.base
    if last <= base:
        return Tally(0, 0, 0, 0)
    counted = _counted_by(count, last)
    paused = sum(min(piece.end, last) - piece.begin for piece in count.pieces if piece.taken_out)
    full = full_at(count)
    rolled = 0 if full is None else max(0, last - full)
    return Tally(counted, paused, last - base - counted - paused - rolled, rolled)


def full_at(count: DayCount) -> int | None:
    """The day on which a limit in days is used up, before any rolling; one past the last where its end is cut off."""
    total = count.total
    if total is None or count.length is not None:
        return None
    if total == 0:
        return count.started_on
    if _counted_by(count, count.last) < total:
        return count.last + 1
    low, high = count.base, count.last
    while low < high:
        middle = (low + high) // 2
        if _counted_by(count, middle) >= total:
            high = middle
        else:
            low = middle + 1
    return low


def days(count: DayCount, begin: int, end: int) -> Iterator[Day]:
    """The days from `begin` to `end`, both included, as far as there is something to tell of them.

    Of a limit of ten calendar days that ends on a Saturday that Saturday is the tenth, and the Sunday and the Monday to
    which the end moves are `rolled`: 民法典 第二百零三条.
    """
    wanted = range(max(begin, count.first), min(end, count.last) + 1)
    if count.length is not None:
        for day in wanted:
            yield _day_of_hours(count, day, count.length)
        return
    n = _counted_by(count, wanted.start - 1)
    for day in wanted:
        told = _day(count, day, n)
        if told.counted:
            n += 1
        yield told


# Limits in days


def _counted_by(count: DayCount, day: int) -> int:
    """How many days are counted up to a day."""
    n = 0
    for piece in count.pieces:
        end = min(piece.end, day)
        if not piece.taken_out and end > piece.begin:
            working = count.unit is Unit.WORKING_DAY
            n += count.calendar.working_between(piece.begin, end) if working else end - piece.begin
    return n if count.total is None else min(n, count.total)


def _day(count: DayCount, day: int, n: int) -> Day:
    known = count.calendar.day(day)
    pauses: tuple[Step, ...] = ()
    counted = False
    if day < count.started_on:
        reason = Reason.BEFORE_START
    elif day <= count.base:
        reason = Reason.START_DAY
    else:
        piece = next((one for one in count.pieces if one.begin < day <= one.end), None)
        if piece is not None and piece.taken_out:
            pauses = piece.pauses
            reason = Reason.PAUSED if pauses else Reason.SUSPENDED
        elif count.total is not None and n >= count.total:
            reason = Reason.ROLLED
        elif count.unit is Unit.WORKING_DAY:
            counted = known.working is True
            reason = _of_calendar(count.calendar, day, working=counted)
        else:
            reason, counted = Reason.CALENDAR_DAY, True
    if reason is Reason.SUSPENDED:
        known = _suspended(count, known, day)
    return _told(known, day, n + 1 if counted else None, reason, pauses, ())


def _suspended(count: DayCount, known: CalendarDay, day: int) -> CalendarDay:
    """The day with the document that suspended it in place of the notice of the calendar."""
    found = next((s for s in count.suspensions if s.first <= day and (s.last is None or day <= s.last)), None)
    return known if found is None else known._replace(source=found.document or known.source)


def _told(
    known: CalendarDay, day: int, n: int | None, reason: Reason, pauses: tuple[Step, ...], hours: tuple[Stretch, ...]
) -> Day:
    return Day(
        day, n is not None, n, reason, pauses, hours, known.name, known.source, known.layer, known.certainty
    )  # fmt: skip


def _of_calendar(calendar: Calendar, day: int, *, working: bool) -> Reason:
    """Why the calendar counts a day: a Saturday that is worked is made up, a day off that a notice names a holiday."""
    is_weekend = (day - 1) % 7 + 1 in calendar.weekend
    if working:
        return Reason.MAKE_UP_WORKDAY if is_weekend else Reason.WORKING_DAY
    return Reason.HOLIDAY if day in calendar.days else Reason.WEEKEND


# Limits in working time


def _end_of(count: DayCount, day: int) -> int:
    """The place on the line of working time at which a day ends."""
    return count.calendar.working_time.elapsed(count.calendar.midnight(day + 1))


def _worked_by(count: DayCount, place: int) -> int:
    """How many working microseconds are counted up to a place."""
    return sum(
        min(piece.end, place) - piece.begin
        for piece in count.pieces
        if not piece.taken_out and min(piece.end, place) > piece.begin
    )


def _day_of_hours(count: DayCount, day: int, length: int) -> Day:
    """A day of a limit in working time: counted where any hour of it counts; those that do are named."""
    calendar = count.calendar
    time = calendar.working_time
    begin, end = _end_of(count, day - 1), _end_of(count, day)
    here = [piece for piece in count.pieces if piece.begin < end and piece.end > begin]
    pauses = tuple(dict.fromkeys(step for piece in here if piece.taken_out for step in piece.pauses))
    hours: list[Stretch] = []
    for piece in here:
        if not piece.taken_out:
            left, right = max(piece.begin, begin), min(piece.end, end)
            hours.extend(_bands(count, day, time.goes_on_at(left), time.instant_at(right)))
    known = calendar.day(day)
    if hours:
        reason = _of_calendar(calendar, day, working=True)
        return _told(known, day, _worked_by(count, end) // length, reason, pauses, tuple(hours))
    if day < count.started_on:
        reason = Reason.BEFORE_START
    elif any(piece.taken_out for piece in here):
        reason = Reason.PAUSED if pauses else Reason.SUSPENDED
        if not pauses:
            known = _suspended(count, known, day)
    elif calendar.hours(day):
        reason = Reason.ROLLED if day == count.last else Reason.BEFORE_START
    else:
        reason = _of_calendar(calendar, day, working=False)
    return _told(known, day, None, reason, pauses, ())


def _bands(count: DayCount, day: int, begin: datetime, end: datetime) -> Iterator[Stretch]:
    """The office hours of a day between two instants."""
    calendar = count.calendar
    for opening, closing in calendar.hours(day):
        left, right = max(begin, calendar.at_minute(day, opening)), min(end, calendar.at_minute(day, closing))
        if left < right:
            yield left, right
