"""Counting a limit: from a start to the last day and the instant at which it ends."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from app.domain.calendar import FIRST_DAY, LAST_DAY, Calendar
from app.domain.items import Count, DueTime, EndRule, StartRule
from app.domain.refusal import Refusal
from app.domain.units import MICROSECONDS, Limit, Unit

__all__ = [
    "Interval",
    "due_day",
    "due_in_time",
    "due_instant",
    "last_day",
    "limit_end",
    "merge",
    "start_day",
    "used_days",
]

Interval = tuple[int, int]
"""Days taken out of a count: `(begin, end]`."""
Point = TypeVar("Point", int, datetime)
"""Where an interval may begin and end."""

# In the loops an Enum member is bound to a module name: looking it up costs as much as the count itself.
_WORKING = Unit.WORKING_DAY
_CALENDAR = Unit.CALENDAR_DAY
_SAME_DAY = StartRule.SAME_DAY
_ROLL_THEN_NEXT = StartRule.ROLL_THEN_NEXT
_ROLL_FORWARD = EndRule.ROLL_FORWARD
_END_OF_DAY = DueTime.END_OF_DAY
_SAME_TIME = DueTime.SAME_TIME
_MICROSECOND = timedelta(microseconds=1)


def merge(intervals: Sequence[tuple[Point, Point]]) -> tuple[tuple[Point, Point], ...]:
    """The same days, or instants, as disjoint intervals in order; overlaps count once, an empty one takes out nothing.

    A pause begun and ended on one day is `(d, d]`: no day at all.
    """
    merged: list[tuple[Point, Point]] = []
    for begin, end in sorted(interval for interval in intervals if interval[0] < interval[1]):
        if merged and begin <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((begin, end))
    return tuple(merged)


def start_day(
    start: datetime, calendar: Calendar, count: Count, unit: Unit, *, backward: bool = False
) -> tuple[int, datetime]:
    """The day on which the count begins, and the instant from which its time of day is taken.

    民法典 第二百零一条: that day is not counted (unless `same_day`, which gives day 1 itself: of working days the first
    one from the start on). With `roll_then_next` a start on a rest day becomes the next working day, at its opening:
    Saturday 20:05 becomes Monday 08:30. Counting back it becomes the working day before.
    """
    day = calendar.day_of(start)
    if count.start_rule is _SAME_DAY and unit is _WORKING and not backward:
        return calendar.next_working(day), start
    if count.start_rule is not _ROLL_THEN_NEXT or calendar.is_working(day):
        return day, start
    day = calendar.nth(day, -1 if backward else 1)
    bands = calendar.hours(day)
    return day, calendar.at_minute(day, bands[0][0]) if bands else calendar.midnight(day)


def last_day(
    start: int, amount: int, unit: Unit, calendar: Calendar, count: Count, taken_out: Sequence[Interval] = ()
) -> int:
    """The last day of a limit of `amount` units that starts on the day `start`, rolled once at the end.

    民法典 第二百零一条 to 第二百零三条, 行政许可法 第八十二条. `taken_out` are merged intervals in order, `amount`
    holds the extensions. Friday + 1 working day = Monday, or the make-up Saturday; 31 January + 1 month = the last of
    February; 0 working days from a Saturday = the next working day. A negative amount counts back.
    """
    if unit is _WORKING and amount > 0 and not taken_out and count.start_rule is not _SAME_DAY:
        return calendar.nth(start, amount)
    if amount < 0:
        last = _counted_back(start, amount, unit, calendar, count, taken_out)
    else:
        last = _counted(start, amount, unit, calendar, count, taken_out)
    if not FIRST_DAY <= last <= LAST_DAY:
        raise Refusal("date_out_of_range", "The end of the limit lies outside the years 1949 to 2199.")
    if unit is _WORKING or count.end_rule is not _ROLL_FORWARD:
        return last
    # An end inside the day moves by the hours, in `due_instant`; where there are none, by the day.
    if count.due_time is _SAME_TIME and calendar.has_hours:
        return last
    return calendar.next_working(last)


def due_instant(last: int, start: datetime, calendar: Calendar, count: Count) -> datetime:
    """The exclusive end of a limit whose last day is `last`: it is overdue from that instant on, not before.

    民法典 第二百零三条: 24:00, or when business stops; a rest day on which an end was kept has no business and ends at
    24:00. `same_time` takes the time of day of `start` (as `start_day` gave it), across a change to summer time the
    time on the wall; with `roll_forward` an end outside the hours `[open, close)` moves to the next opening, so that
    17:00 on a day that closes at 17:00 becomes 08:30 of the next working day.
    """
    due_time = count.due_time
    if due_time is _END_OF_DAY:
        return calendar.midnight(last + 1)
    if due_time is _SAME_TIME:
        return _at_the_same_time(last, start, calendar, count)
    if not calendar.has_hours:
        raise Refusal(
            "calendar_without_hours",
            f"The limit ends at the close of business, but the calendar {calendar.name} has no hours.",
        )
    bands = calendar.hours(last)
    return calendar.at_minute(last, bands[-1][1]) if bands else calendar.midnight(last + 1)


def due_day(due_at: datetime, calendar: Calendar) -> int:
    """The local day of the last instant before `due_at`."""
    return calendar.day_of(due_at - _MICROSECOND)


def used_days(
    start: int, day: int, unit: Unit, calendar: Calendar, count: Count, taken_out: Sequence[Interval] = ()
) -> int:
    """How many units of a limit are used on `day`, which counts from its beginning; of months calendar days."""
    base = start - 1 if count.start_rule is _SAME_DAY else start
    if day <= base:
        return 0
    used = _length(base, day, unit, calendar)
    for begin, end in taken_out:
        if begin >= day:
            break
        used -= _length(max(begin, base), min(end, day), unit, calendar)
    return used


def due_in_time(
    start: datetime,
    amount: int,
    unit: Unit,
    calendar: Calendar,
    count: Count,
    taken_out: Sequence[tuple[datetime, datetime]] = (),
) -> datetime:
    """The exclusive end of a limit in working time, from the moment at which it starts; negative amounts count back.

    民法典 第二百零一条第二款. `taken_out` are half-open stretches, merged and in order. One hour from Friday 16:30 on,
    where business stops at 17:00, ends on Monday half an hour after the opening. What ends with the hours ends at
    closing time; `roll_forward` moves that to the next opening. Zero, like zero days, ends where the count begins: at
    the first working moment from the start on, whatever is taken out later.
    """
    time = calendar.working_time
    reached = begun = time.elapsed(start)
    if amount == 0:
        return time.goes_on_at(begun)
    reached += amount * MICROSECONDS[unit]
    out = [(time.elapsed(begin), time.elapsed(end)) for begin, end in taken_out]
    if amount < 0:
        for begin, end in reversed(out):
            if end <= reached:
                break
            reached -= max(0, min(end, begun) - begin)
        return time.goes_on_at(reached)
    for begin, end in out:
        if begin >= reached:  # the limit is used up: this pause and all later ones stop nothing
            break
        reached += max(0, end - max(begin, begun))
    return time.goes_on_at(reached) if count.end_rule is _ROLL_FORWARD else time.instant_at(reached)


def limit_end(start: datetime, limit: Limit, calendar: Calendar) -> datetime:
    """The exclusive end of a limit that is counted by the defaults of its unit and that nothing interrupts."""
    count = Count.default(limit.unit)
    if limit.unit in MICROSECONDS:
        return due_in_time(start, limit.amount, limit.unit, calendar, count)
    day, begun = start_day(start, calendar, count, limit.unit)
    return due_instant(last_day(day, limit.amount, limit.unit, calendar, count), begun, calendar, count)


def _length(begin: int, end: int, unit: Unit, calendar: Calendar) -> int:
    """Counted days in `(begin, end]`."""
    if unit is _WORKING:
        return calendar.working_between(begin, end)
    return end - begin if end > begin else 0


def _counted(
    start: int, amount: int, unit: Unit, calendar: Calendar, count: Count, taken_out: Sequence[Interval]
) -> int:
    if unit is _WORKING:
        if amount == 0:
            return calendar.next_working(start)
    elif amount == 0:
        return start
    base = start - 1 if count.start_rule is _SAME_DAY else start
    if unit is _WORKING:
        last = calendar.nth(base, amount)
    elif unit is _CALENDAR:
        last = base + amount
    else:
        last = _months_on(start, amount, counted=count.start_rule is _SAME_DAY)
    for begin, end in taken_out:
        if begin >= last:  # the limit is used up: this pause and all later ones stop nothing
            break
        if end <= base:
            continue
        if unit is _WORKING:
            amount += calendar.working_between(max(begin, base), end)
            last = calendar.nth(base, amount)
        else:
            last += end - max(begin, base)
    return last


def _counted_back(
    start: int, amount: int, unit: Unit, calendar: Calendar, count: Count, taken_out: Sequence[Interval]
) -> int:
    base = start + 1 if count.start_rule is _SAME_DAY else start
    if unit is _WORKING:
        last = calendar.nth(base, amount)
    elif unit is _CALENDAR:
        last = base + amount
    else:
        last = _months_on(start, amount, counted=False)
    for begin, end in reversed(taken_out):
        if end < last:
            break
        if begin >= base - 1:
            continue
        if unit is _WORKING:
            amount -= calendar.working_between(begin, min(end, base - 1))
            last = calendar.nth(base, amount)
        else:
            last -= min(end, base - 1) - begin
    return last


def _months_on(start: int, months: int, *, counted: bool) -> int:
    """民法典 第二百零二条: the corresponding day of the month, the end of the month where there is none.

    When the day of the start is counted itself, the day before: 1 March + 1 month ends on 31 March.
    """
    first = date.fromordinal(start)
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    month += 1
    if not 1 <= year <= 9999:
        return 0
    length = monthrange(year, month)[1]
    if first.day > length:
        return date(year, month, length).toordinal()
    return date(year, month, first.day).toordinal() - counted


def _at_the_same_time(last: int, start: datetime, calendar: Calendar, count: Count) -> datetime:
    wall = calendar.local(start).timetz().replace(fold=0)
    due = datetime.combine(date.fromordinal(last), wall).astimezone(UTC)
    if count.end_rule is not _ROLL_FORWARD or not calendar.has_hours:
        return due
    day = last
    for begin, end in calendar.hours(day):
        opening = calendar.at_minute(day, begin)
        if due < opening:
            return opening
        if due < calendar.at_minute(day, end):
            return due
    for _ in range(366):
        day = calendar.nth(day, 1)
        bands = calendar.hours(day)
        if bands:
            return calendar.at_minute(day, bands[0][0])
    raise Refusal("calendar_without_hours", f"The calendar {calendar.name} does not open within a year of the end.")
