"""Counting, one day or one stretch of open hours after the other."""

from __future__ import annotations

import calendar as gregorian
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tests.law.engine.days import LONGEST, ONE_DAY, Calendar
from tests.law.engine.wire import WORKING_TIME, Limit, Refused

NOTHING = timedelta(0)


@dataclass(frozen=True)
class Hold:
    """Time during which a clock does not count.

    Days: `first_out` to `last_out`, both taken out. Moments: [`since`, `until`), in which the clock shows itself
    paused; a limit in working time loses just these. `None` as an end: nobody knows yet.
    """

    since: datetime
    until: datetime | None
    first_out: date
    last_out: date | None
    place: int = 0

    def takes(self, on: date) -> bool:
        """Whether a day is taken out."""
        return on >= self.first_out and (self.last_out is None or on <= self.last_out)

    def endless(self) -> bool:
        """Whether nobody knows when it ends."""
        return self.until is None


def corresponding(on: date, months: int) -> date:
    """The corresponding day so many months later (or earlier), the month's end where there is none."""
    year, month = on.year, on.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        elif month == 0:
            year, month = year - 1, 12
    return date(year, month, min(on.day, gregorian.monthrange(year, month)[1]))


def counts(cal: Calendar, unit: str) -> Callable[[date], bool]:
    """Which days a unit counts."""
    if unit == "working_day":
        return cal.is_working
    return lambda _: True


def nth_day(cal: Calendar, unit: str, first: date, number: int, holds: list[Hold]) -> date | None:
    """The day on which so many have been counted, `first` being the first that may; None when a pause has no end."""
    counted = counts(cal, unit)
    on, seen = first - ONE_DAY, 0
    for _ in range(LONGEST):
        if seen == number:
            return on
        on += ONE_DAY
        out = [hold for hold in holds if hold.takes(on)]
        if any(hold.last_out is None for hold in out):
            return None
        if not out and counted(on):
            seen += 1
    raise Refused("a count without end")


def days_counted(cal: Calendar, unit: str, first: date, last: date, holds: list[Hold]) -> int:
    """How many days count from `first` to `last`, both included."""
    counted = counts(cal, unit)
    on, seen = first, 0
    while on <= last:
        if counted(on) and not any(hold.takes(on) for hold in holds):
            seen += 1
        on += ONE_DAY
    return seen


def step_days(cal: Calendar, on: date, amount: int, unit: str) -> date:
    """So many days of a unit after a day (before it, when negative), the day itself not counted."""
    if unit == "month":
        return corresponding(on, amount)
    counted = counts(cal, unit)
    seen = 0
    for _ in range(LONGEST):
        if seen == abs(amount):
            return on
        on += ONE_DAY if amount > 0 else -ONE_DAY
        if counted(on):
            seen += 1
    raise Refused("a count without end")


def seconds(bound: Limit) -> timedelta:
    """A limit in working time as a length."""
    return timedelta(seconds=bound.amount * WORKING_TIME[bound.unit])


def _without(piece: tuple[datetime, datetime], holds: list[Hold]) -> list[tuple[datetime, datetime]]:
    """What is left of a stretch when pauses are cut out of it."""
    left = [piece]
    for hold in holds:
        cut = []
        for a, b in left:
            until = hold.until if hold.until is not None else b
            if hold.since > a:
                cut.append((a, min(b, hold.since)))
            if until < b:
                cut.append((max(a, until), b))
        left = [(a, b) for a, b in cut if a < b]
    return sorted(left)


def open_time(cal: Calendar, start: datetime, holds: list[Hold]) -> Iterator[tuple[datetime, datetime]]:
    """Open time from an instant on, pauses cut out; it ends where a pause has no end."""
    never = min((hold.since for hold in holds if hold.until is None), default=None)
    for piece in cal.open_from(start):
        yield from _without(piece, holds)
        if never is not None and piece[1] >= never:
            return


def moment_after(cal: Calendar, start: datetime, length: timedelta, holds: list[Hold]) -> datetime | None:
    """The first moment at which so much open time has gone by; None when a pause has no end."""
    if length <= NOTHING:
        return start
    for a, b in open_time(cal, start, holds):
        if b - a >= length:
            return a + length
        length -= b - a
    return None


def moment_before(cal: Calendar, end: datetime, length: timedelta) -> datetime:
    """The last moment from which so much open time goes by until an instant."""
    for a, b in cal.open_before(end):
        if b - a >= length:
            return b - length
        length -= b - a
    raise Refused("no working time behind")


def time_worked(cal: Calendar, start: datetime, end: datetime, holds: list[Hold]) -> timedelta:
    """How much open time lies between two instants, pauses cut out."""
    total = NOTHING
    if end <= start:
        return total
    for a, b in open_time(cal, start, holds):
        if a >= end:
            break
        total += min(b, end) - a
        if b >= end:
            break
    return total


def first_open(cal: Calendar, at: datetime) -> datetime:
    """The first working moment at or after an instant."""
    for a, _ in cal.open_from(at):
        return a
    raise Refused("no working time ahead")


def into_hours(cal: Calendar, at: datetime) -> datetime:
    """An instant moved to the next opening when it lies outside the hours `[open, close)`."""
    if cal.hours is None:
        on = cal.day_of(at)
        return at if cal.is_working(on) else cal.midnight(cal.next_working(on))
    return first_open(cal, at)


def announced_end(cal: Calendar, begins: datetime, bound: Limit) -> datetime:
    """The exclusive end of an announced length: from the day after the beginning, never rolled."""
    if bound.unit in WORKING_TIME:
        end = moment_after(cal, begins, seconds(bound), [])
        if end is None:
            raise Refused("no working time ahead")
        return end
    last = step_days(cal, cal.day_of(begins), bound.amount, bound.unit)
    return cal.midnight(last + ONE_DAY)
