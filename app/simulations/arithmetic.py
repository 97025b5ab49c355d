"""The short form: from a start and a limit to the day and the instant of the end, nothing else."""

from datetime import UTC, date, datetime
from typing import Any

from app.domain.calendar import Calendar
from app.domain.counting import Interval, due_day, due_in_time, due_instant, last_day, merge, start_day
from app.domain.items import Count, DueTime, EndRule, StartRule
from app.domain.refusal import Refusal
from app.domain.units import MICROSECONDS, Unit
from app.simulations.schemas import ArithmeticCase

__all__ = ["reckon"]


def reckon(case: ArithmeticCase, calendar: Calendar) -> dict[str, Any]:
    """The answer to a short case.

    An open pause leaves no end, unless it begins when the limit is used up already; then it stops nothing. Counting
    back, nothing rolls the end unless asked, and there is nothing to extend.
    """
    unit = Unit(case.limit.unit)
    count = _count(case, unit)
    if case.limit.amount < 0 and case.extension:
        raise Refusal("extension_not_allowed", "A limit that counts back has nothing to extend.", pointer="/extension")
    if unit in MICROSECONDS:
        return _answer(case, calendar, *_in_time(case, calendar, unit, count))
    backward = case.limit.amount < 0
    amount = case.limit.amount + case.extension
    start, instant = start_day(_instant(case.start, calendar), calendar, count, unit, backward=backward)
    closed, opened = _pauses(case, calendar)
    due_at: datetime | None = None
    provisional = False
    if opened is None or backward or _is_used_up(start, amount, unit, calendar, count, closed, opened):
        if opened is not None:
            closed = _before(closed, opened) if not backward else merge([*closed, (opened, max(start, opened))])
        last = last_day(start, amount, unit, calendar, count, closed)
        due_at = due_instant(last, instant, calendar, count)
        provisional = calendar.is_provisional(max(start, last, due_day(due_at, calendar)))
    return _answer(case, calendar, due_at, provisional)


def _answer(case: ArithmeticCase, calendar: Calendar, due_at: datetime | None, provisional: bool) -> dict[str, Any]:
    return {
        "id": case.id,
        "due_on": None if due_at is None else date.fromordinal(due_day(due_at, calendar)).isoformat(),
        "due_at": None if due_at is None else calendar.local(due_at).isoformat(),
        "provisional": provisional,
        "calendar": calendar.name,
    }


def _in_time(case: ArithmeticCase, calendar: Calendar, unit: Unit, count: Count) -> tuple[datetime | None, bool]:
    """The end of a limit in working time, and whether it is provisional; None while a pause is open.

    It runs from the moment; `start_rule` and `due_time` do not touch it.
    """
    start = _instant(case.start, calendar)
    amount = case.limit.amount + case.extension
    closed, opened = _stretches(case)
    if opened is not None:
        if amount < 0:
            closed = merge([*closed, (opened, max(start, opened))])
        else:
            closed = tuple((begin, min(end, opened)) for begin, end in closed if begin < opened)
            time = calendar.working_time
            if time.elapsed(opened) < time.elapsed(due_in_time(start, amount, unit, calendar, count, closed)):
                return None, False
    due_at = due_in_time(start, amount, unit, calendar, count, closed)
    return due_at, calendar.is_provisional(max(calendar.day_of(start), due_day(due_at, calendar)))


def _stretches(case: ArithmeticCase) -> tuple[tuple[tuple[datetime, datetime], ...], datetime | None]:
    """The closed pauses merged, half-open, and the instant at which the first open one begins."""
    closed: list[tuple[datetime, datetime]] = []
    opened: datetime | None = None
    for place, (begin, end) in enumerate(case.pauses):
        if not isinstance(begin, datetime):
            raise _misplaced(begin, f"/pauses/{place}/0")
        first = begin.astimezone(UTC)
        if end is None:
            opened = first if opened is None else min(opened, first)
            continue
        if not isinstance(end, datetime):
            raise _misplaced(end, f"/pauses/{place}/1")
        if end < first:
            raise Refusal("pause_reversed", "A pause ends before it begins.", pointer=f"/pauses/{place}/1")
        closed.append((first, end.astimezone(UTC)))
    return merge(closed), opened


def _misplaced(moment: date | None, pointer: str) -> Refusal:
    if moment is None:
        return Refusal("pause_without_beginning", "A pause has a beginning.", pointer=pointer)
    return Refusal("pause_not_an_instant", "Of a limit in working time pauses are instants.", pointer=pointer)


def _count(case: ArithmeticCase, unit: Unit) -> Count:
    due_time = DueTime(case.due_time)
    if case.end_rule is not None:
        end_rule = EndRule(case.end_rule)
    elif case.limit.amount < 0 or due_time is DueTime.SAME_TIME:
        end_rule = EndRule.KEEP
    else:
        end_rule = Count.default(unit).end_rule
    return Count(StartRule(case.start_rule), end_rule, due_time)


def _instant(moment: date | datetime, calendar: Calendar) -> datetime:
    if isinstance(moment, datetime):
        return moment.astimezone(UTC)
    return calendar.midnight(moment.toordinal())


def _day(moment: date | datetime, calendar: Calendar) -> int:
    return calendar.day_of(moment) if isinstance(moment, datetime) else moment.toordinal()


def _pauses(case: ArithmeticCase, calendar: Calendar) -> tuple[tuple[Interval, ...], int | None]:
    """The closed pauses merged, and the day on which the first open one begins."""
    closed: list[Interval] = []
    opened: int | None = None
    for place, (begin, end) in enumerate(case.pauses):
        if begin is None:
            raise Refusal("pause_without_beginning", "A pause has a beginning.", pointer=f"/pauses/{place}/0")
        first = _day(begin, calendar)
        if end is None:
            opened = first if opened is None else min(opened, first)
            continue
        last = _day(end, calendar)
        if last < first:
            raise Refusal("pause_reversed", "A pause ends before it begins.", pointer=f"/pauses/{place}/1")
        closed.append((first, last))
    return merge(closed), opened


def _before(closed: tuple[Interval, ...], opened: int) -> tuple[Interval, ...]:
    """What closed pauses take out up to a day."""
    return tuple((begin, min(end, opened)) for begin, end in closed if begin < opened)


def _is_used_up(
    start: int,
    amount: int,
    unit: Unit,
    calendar: Calendar,
    count: Count,
    closed: tuple[Interval, ...],
    opened: int,
) -> bool:
    """Whether the limit is used up on the day on which an open pause begins, before any rolling."""
    if amount == 0:
        return True
    kept = Count(count.start_rule, EndRule.KEEP, count.due_time)
    return last_day(start, amount, unit, calendar, kept, _before(closed, opened)) <= opened
