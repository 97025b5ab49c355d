"""The short form: from a start and a limit to the day and the instant of the end, nothing else."""

from datetime import UTC, date, datetime
from typing import Any

from app.domain.calendar import Calendar
from app.domain.counting import Interval, due_day, due_instant, last_day, merge, start_day
from app.domain.items import Count, DueTime, EndRule, StartRule
from app.domain.refusal import Refusal
from app.domain.units import Unit
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
    backward = case.limit.amount < 0
    amount = case.limit.amount + case.extension
    start, instant = start_day(_instant(case.start, calendar), calendar, count, unit, backward=backward)
    closed, opened = _pauses(case, calendar)
    due_on: int | None = None
    due_at: datetime | None = None
    provisional = False
    if opened is None or backward or _is_used_up(start, amount, unit, calendar, count, closed, opened):
        if opened is not None:
            closed = _before(closed, opened) if not backward else merge([*closed, (opened, max(start, opened))])
        last = last_day(start, amount, unit, calendar, count, closed)
        due_at = due_instant(last, instant, calendar, count)
        due_on = due_day(due_at, calendar)
        provisional = calendar.is_provisional(max(start, last, due_on))
    return {
        "id": case.id,
        "due_on": None if due_on is None else date.fromordinal(due_on).isoformat(),
        "due_at": None if due_at is None else calendar.local(due_at).isoformat(),
        "provisional": provisional,
        "calendar": calendar.name,
    }


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
