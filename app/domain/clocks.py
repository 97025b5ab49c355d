"""A clock at an instant: how much is used and left of it, since when it is overdue, which light it shows."""

from datetime import datetime
from typing import NamedTuple

from app.domain.calendar import Calendar
from app.domain.counting import last_day
from app.domain.items import ClockRule, Count, DueTime, EndRule, Party, StartRule
from app.domain.lights import Light
from app.domain.refusal import Refusal
from app.domain.spans import ClockState, Span, Warning_
from app.domain.units import MICROSECONDS, Limit, Unit

__all__ = ["Clock", "figures", "months_in_days", "next_turn", "not_started", "overdue_units", "read"]

_RUNNING = ClockState.RUNNING
_NOT_STARTED = ClockState.NOT_STARTED
_MISSED = ClockState.MISSED
_WORKING = Unit.WORKING_DAY
_CALENDAR = Unit.CALENDAR_DAY
_MONTH = Unit.MONTH
_GREEN = Light.GREEN
_YELLOW = Light.YELLOW
_RED = Light.RED
_PLAIN = Count(StartRule.NEXT_DAY, EndRule.KEEP, DueTime.END_OF_DAY)


class Clock(NamedTuple):
    """One clock as a reader sees it at one instant; the fields are those of the interface, days are ordinals.

    `stage` is '' and `round` 0 for a clock of the whole item. `remaining` is None where nothing says what is left: a
    limit in months, or an end fixed without a limit, that has not begun.
    """

    kind: str
    stage: str
    round: int
    party: Party
    limit: Limit | None
    extended: int
    legal_basis: str | None
    started_on: int | None
    started_at: datetime | None
    due_on: int | None
    due_at: datetime | None
    latest_due_on: int | None
    state: ClockState
    stopped_at: datetime | None
    light: Light | None
    used: int
    remaining: int | None
    overdue: int
    overdue_since: datetime | None
    warnings: tuple[Warning_, ...]
    provisional: bool
    calendar: str
    revision: int


def read(span: Span, calendar: Calendar, at: datetime) -> Clock:
    """The clock of a span at an instant inside it.

    The day of `at` counts as used from its beginning, so that on the due day nothing remains; overdue are the units
    after the due day up to and including the day of `at`: due Friday, on Saturday red and 0 overdue, on Monday 1. A
    stopped clock speaks of the moment of its stop, however long ago that was.
    """
    (
        kind, stage, round_, _, _, state, party, limit, extended, total, started_on, started_at, counts_from, used,
        due_on, due_at, latest_due_on, yellow_at, warnings, _, stopped_at, provisional, _, name, revision, legal_basis,
    ) = span  # fmt: skip
    if stopped_at is not None:
        at = stopped_at
    light, used, remaining, overdue, overdue_since = figures(
        calendar, state, None if limit is None else limit.unit, total, counts_from, used, due_on, due_at, yellow_at,
        at, calendar.day_of(at),
    )  # fmt: skip
    return Clock(
        kind, stage, round_, party, limit, extended, legal_basis, started_on, started_at, due_on, due_at, latest_due_on,
        state, stopped_at, light, used, remaining, overdue, overdue_since, warnings, provisional, name, revision,
    )  # fmt: skip


Figures = tuple[Light | None, int, int | None, int, datetime | None]
"""Light, used, remaining, overdue, overdue since."""


def figures(
    calendar: Calendar, state: ClockState, unit: Unit | None, total: int | None, counts_from: int, used: int,
    due_on: int | None, due_at: datetime | None, yellow_at: datetime | None, at: datetime, day: int,
) -> Figures:  # fmt: skip
    """What a clock shows at an instant and on its day, or at its stop; `used` are the units before `counts_from`.

    `total` is the limit with its extensions, None where an end was fixed: then what remains are the units until it.
    `remaining` is never more than the units left until the due day: a stage capped by the promise, an end at midnight.
    The arguments stand in a row because this runs for each clock of each reading.
    """
    working = unit is _WORKING
    if not working and unit is not _CALENDAR and unit is not _MONTH and unit is not None:
        return _figures_in_time(
            calendar, state, MICROSECONDS[unit], total, counts_from, used, due_at, yellow_at, at,
        )  # fmt: skip
    if due_on is None or due_at is None:
        return None, used, None if total is None else max(total - used, 0), 0, None
    if state is _RUNNING:
        if day > counts_from:
            used += calendar.working_between(counts_from, day) if working else day - counts_from
        if at >= due_at:
            overdue = calendar.working_between(due_on, day) if working else day - due_on
            return _RED, used, 0, max(0, overdue), due_at
        light = _GREEN if yellow_at is None or at < yellow_at else _YELLOW
    elif state is _MISSED:
        overdue = calendar.working_between(due_on, day) if working else day - due_on
        return None, used, 0, max(0, overdue), due_at
    else:
        light = None
    left = calendar.working_between(day, due_on) if working else due_on - day
    if total is not None and total - used < left:
        left = total - used
    if left < 0:
        left = 0
    return light, used, left, 0, None


def _figures_in_time(
    calendar: Calendar, state: ClockState, length: int, total: int | None, counts_from: int, used: int,
    due_at: datetime | None, yellow_at: datetime | None, at: datetime,
) -> Figures:  # fmt: skip
    """The same in working time: `counts_from` and `used` are microseconds, what is shown are whole units.

    Used and overdue are rounded down, so that what remains is rounded up: of eight hours, after 150 minutes two are
    used and six remain.
    """
    if due_at is None:
        whole = used // length
        return None, whole, None if total is None else max(total - whole, 0), 0, None
    time = calendar.working_time
    now, due = time.elapsed(at), time.elapsed(due_at)
    if state is _RUNNING:
        used += max(0, now - counts_from)
    whole = used // length
    if state is _MISSED or (state is _RUNNING and at >= due_at):
        return None if state is _MISSED else _RED, whole, 0, (now - due) // length, due_at
    # Of an end fixed by hand the whole units until it; else up to it as many as the limit has left, or fewer.
    left = (due - now) // length if total is None else min(total - whole, -((now - due) // length))
    light = None
    if state is _RUNNING:
        light = _GREEN if yellow_at is None or at < yellow_at else _YELLOW
    return light, whole, max(0, left), 0, None


def overdue_units(calendar: Calendar, unit: Unit | None, due_on: int, due_at: datetime, at: datetime) -> int:
    """By how many units a clock is overdue at an instant: after its due day, or in working time after its end."""
    length = None if unit is None else MICROSECONDS.get(unit)
    if length is not None:
        time = calendar.working_time
        return max(0, (time.elapsed(at) - time.elapsed(due_at)) // length)
    day = calendar.day_of(at)
    return calendar.working_between(due_on, day) if unit is _WORKING else max(0, day - due_on)


def next_turn(span: Span, calendar: Calendar, at: datetime) -> datetime | None:
    """The first instant after `at` at which time alone may change a figure of a running clock in working time.

    None for clocks in days, whose figures change at midnight, and for those that do not run.
    """
    length = None if span.limit is None else MICROSECONDS.get(span.limit.unit)
    if length is None or span.state is not _RUNNING:
        return None
    time = calendar.working_time
    now = time.elapsed(at)
    zeros = [span.counts_from - span.used_before]
    if span.due_at is not None:
        due = time.elapsed(span.due_at)
        zeros += [due] if span.total is not None else [due, due + 1]
    try:
        return time.instant_at(min(zero + ((now - zero) // length + 1) * length for zero in zeros))
    except Refusal:  # the office never opens again
        return None


def months_in_days(start: int, months: int, calendar: Calendar) -> int:
    """How many calendar days so many months from a day are, before any rolling.

    民法典 第二百零二条: 31 January + 1 month ends on 28 February, after 28 days.
    """
    return last_day(start, months, _MONTH, calendar, _PLAIN) - start


def not_started(rule: ClockRule, calendar: Calendar, *, round_: int = 0) -> Clock:
    """The clock of a rule that nothing has started yet: nothing used, no end."""
    limit = rule.limit
    remaining = None if limit is None or limit.unit is _MONTH else limit.amount
    return Clock(
        rule.kind, rule.stage, round_, rule.party, limit, 0, rule.legal_basis, None, None, None, None, None,
        _NOT_STARTED, None, None, 0, remaining, 0, None, (), False, calendar.name, 0,
    )  # fmt: skip
