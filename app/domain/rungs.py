"""Warning rungs: where they lie, which of them time has crossed, and when to look again."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import NamedTuple

from app.domain.calendar import Calendar
from app.domain.counting import last_day
from app.domain.items import DEFAULT_WARN, Count, DueTime, EndRule, Party, StartRule, Warn, WarnKind
from app.domain.spans import ClockState, Forecast, Span, Warning_
from app.domain.units import MICROSECONDS, Limit, Unit

__all__ = ["Crossing", "Rungs", "crossings", "next_look", "place_rungs", "unplaced"]

_RUNNING = ClockState.RUNNING
_AGENCY = Party.AGENCY
_BEFORE = WarnKind.BEFORE
_AT_SHARE = WarnKind.AT_SHARE
_AFTER = WarnKind.AFTER
_WORKING = Unit.WORKING_DAY
_PLAIN = Count(StartRule.NEXT_DAY, EndRule.KEEP, DueTime.END_OF_DAY)

Rungs = tuple[tuple[Warning_, ...], tuple[int, ...], datetime | None]
"""The rungs of a running clock, which of them lie past the due instant, and the first instant of yellow."""


_DEFAULT_UNPLACED: Rungs = ((Warning_(1, None),), (), None)


class Crossing(NamedTuple):
    """One rung that time has crossed: rung 0 is the due instant itself."""

    clock: str
    stage: str
    rung: int
    revision: int
    kind: str
    """`warning`, `overdue`, `escalation` or `deemed`."""
    due_at: datetime
    crossed_at: datetime


def place_rungs(
    warn: tuple[Warn, ...],
    calendar: Calendar,
    due_on: int,
    due_at: datetime,
    *,
    started_at: datetime,
    share_at: Callable[[int], datetime | None],
) -> Rungs:
    """Where the rungs of a clock lie that is due at `due_at`.

    A rung in days is counted from the due day and reached at 00:00 of its day: one working day before a Friday is
    Thursday 00:00; `after` is reached at the end of its day. Where the due instant lies inside a day, both have its
    time of day. A rung in working time is walked through the hours from the due instant. `at_share` is reached where
    the account says that so much is used. No rung lies before the start: a promise of one day warns from its first
    moment on.
    """
    if warn is DEFAULT_WARN and due_at is calendar.midnight(due_on + 1):
        at = calendar.midnight(calendar.nth(due_on, -1))
        if at < started_at:
            at = started_at
        return (Warning_(1, at),), (), at
    rungs: list[Warning_] = []
    past: list[int] = []
    yellow: datetime | None = None
    for rung, rule in enumerate(warn, 1):
        instant = _placed(rule, calendar, due_on, due_at, share_at)
        if instant is not None and instant < started_at:
            instant = started_at
        rungs.append(Warning_(rung, instant))
        if rule.kind is _AFTER:
            past.append(rung)
        elif instant is not None and (yellow is None or instant < yellow):
            yellow = instant
    return tuple(rungs), tuple(past), yellow


def unplaced(warn: tuple[Warn, ...]) -> Rungs:
    """The rungs of a paused clock: they lie nowhere until it runs again."""
    if warn is DEFAULT_WARN:
        return _DEFAULT_UNPLACED
    warnings = tuple(Warning_(rung, None) for rung in range(1, len(warn) + 1))
    return warnings, tuple(rung for rung, rule in enumerate(warn, 1) if rule.kind is _AFTER), None


def _placed(
    rule: Warn, calendar: Calendar, due_on: int, due_at: datetime, share_at: Callable[[int], datetime | None]
) -> datetime | None:
    if rule.kind is _AT_SHARE:
        return share_at(rule.share_thousandths)
    if rule.limit is None:
        return None
    length = MICROSECONDS.get(rule.limit.unit)
    if length is not None:
        walked = rule.limit.amount * length
        return calendar.working_time.later(due_at, -walked if rule.kind is _BEFORE else walked)
    whole_days = due_at == calendar.midnight(due_on + 1)
    if rule.kind is _BEFORE:
        day = _stepped(due_on, rule.limit, -rule.limit.amount, calendar)
        return calendar.midnight(day) if whole_days else _on_day(day, due_at, calendar)
    day = _stepped(due_on, rule.limit, rule.limit.amount, calendar)
    return calendar.midnight(day + 1) if whole_days else _on_day(day, due_at, calendar)


def _stepped(day: int, limit: Limit, amount: int, calendar: Calendar) -> int:
    """So many units after a day, or before it; 0 is the day itself, working or not."""
    if amount == 0:
        return day
    if limit.unit is _WORKING:
        return calendar.nth(day, amount)
    return last_day(day, amount, limit.unit, calendar, _PLAIN)


def _on_day(day: int, instant: datetime, calendar: Calendar) -> datetime:
    """The same time on the wall on another day."""
    wall = calendar.local(instant).timetz().replace(fold=0)
    return datetime.combine(date.fromordinal(day), wall).astimezone(UTC)


def crossings(forecast: Forecast, until: datetime | None) -> list[Crossing]:
    """Every rung of the agency's clocks crossed by `until` (None: ever), in order of time.

    A rung is crossed at the first instant at which a reader sees it crossed: its own, or the beginning of the first
    running span of its revision that it had passed already (a promise that caps a stage begun after its end). A clock
    that stops exactly at its due instant was never seen overdue; where silence has an effect then, that is crossed in
    its place. A later pause, extension or decision takes no crossing
    back, an end that was moved before it came has none.
    """
    found: dict[tuple[str, str, int, int], Crossing] = {}
    for span in forecast.spans:
        if span.state is _RUNNING and span.party is _AGENCY and (until is None or span.from_at <= until):
            _cross(span, until, found)
    for one in forecast.deemed:
        if one.party is _AGENCY and (until is None or one.at <= until):
            crossing = Crossing(one.clock, "", 0, one.revision, "deemed", one.at, one.at)
            found[one.clock, "", 0, one.revision] = crossing
    return sorted(found.values(), key=_by_time)


def _by_time(crossing: Crossing) -> tuple[datetime, str, str, int, int]:
    return crossing.crossed_at, crossing.clock, crossing.stage, crossing.rung, crossing.revision


def _cross(span: Span, until: datetime | None, found: dict[tuple[str, str, int, int], Crossing]) -> None:
    due_at = span.due_at
    if due_at is None:
        return
    for rung, instant in ((0, due_at), *span.warnings):
        if instant is None or (span.to_at is not None and instant >= span.to_at):
            continue
        crossed_at = max(instant, span.from_at)
        if until is not None and crossed_at > until:
            continue
        key = (span.clock, span.stage, rung, span.revision)
        if key not in found or crossed_at < found[key].crossed_at:
            kind = "overdue" if rung == 0 else "escalation" if rung in span.after else "warning"
            found[key] = Crossing(span.clock, span.stage, rung, span.revision, kind, due_at, crossed_at)


def next_look(forecast: Forecast, after: datetime) -> datetime | None:
    """The earliest instant from `after` on at which a rung is crossed or silence has an effect; None for never."""
    ahead = [crossing.crossed_at for crossing in crossings(forecast, None) if crossing.crossed_at >= after]
    ahead += [deemed.at for deemed in forecast.deemed if deemed.at >= after]
    return min(ahead, default=None)
