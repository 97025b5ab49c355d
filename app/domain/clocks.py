"""A clock at an instant: how much is used and left of it, since when it is overdue, which light it shows."""

from datetime import datetime
from typing import NamedTuple

from app.domain.calendar import Calendar
from app.domain.counting import last_day
from app.domain.items import ClockRule, Count, DueTime, EndRule, Party, StartRule
from app.domain.lights import Light
from app.domain.spans import ClockState, Span, Warning_
from app.domain.units import Limit, Unit

__all__ = ["Clock", "months_in_days", "not_started", "read"]

_RUNNING = ClockState.RUNNING
_PAUSED = ClockState.PAUSED
_NOT_STARTED = ClockState.NOT_STARTED
_MISSED = ClockState.MISSED
_WORKING = Unit.WORKING_DAY
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
        kind, stage, round_, _, _, state, party, limit, extended, started_on, started_at, counts_from, used, due_on,
        due_at, latest_due_on, yellow_at, warnings, _, stopped_at, provisional, fixed, name, revision, legal_basis,
    ) = span  # fmt: skip
    working = limit is not None and limit.unit is _WORKING
    light: Light | None = None
    overdue = 0
    overdue_since: datetime | None = None
    remaining: int | None
    if state is _RUNNING and due_on is not None and due_at is not None:
        day = calendar.day_of(at)
        if day > counts_from:
            used += calendar.working_between(counts_from, day) if working else day - counts_from
        if at >= due_at:
            light = _RED
            remaining = 0
            overdue_since = due_at
            if day > due_on:
                overdue = calendar.working_between(due_on, day) if working else day - due_on
        else:
            light = _GREEN if yellow_at is None or at < yellow_at else _YELLOW
            remaining = calendar.working_between(day, due_on) if working else max(due_on - day, 0)
            if not fixed:
                remaining = _left(span, calendar, used, remaining)
    elif stopped_at is not None and due_on is not None and due_at is not None:
        day = calendar.day_of(stopped_at)
        remaining = calendar.working_between(day, due_on) if working else max(due_on - day, 0)
        if not fixed:
            remaining = _left(span, calendar, used, remaining)
        if state is _MISSED:
            overdue_since = due_at
            overdue = calendar.working_between(due_on, day) if working else max(day - due_on, 0)
    else:
        remaining = _left(span, calendar, used, None)
    return Clock(
        kind, stage, round_, party, limit, extended, legal_basis, started_on, started_at, due_on, due_at, latest_due_on,
        state, stopped_at, light, used, remaining, overdue, overdue_since, warnings, provisional, name, revision,
    )  # fmt: skip


def _left(span: Span, calendar: Calendar, used: int, until_due: int | None) -> int | None:
    """The limit with its extensions less what is used; never more than the units left until the due day.

    The second holds where the end lies before the limit's own: a stage capped by the promise, an end at midnight.
    """
    limit = span.limit
    if limit is None:
        return until_due
    total = limit.amount + span.extended
    if limit.unit is _MONTH:
        if span.started_on is None:
            return until_due
        total = months_in_days(span.started_on, total, calendar)
    left = total - used
    if left <= 0:
        return 0
    return left if until_due is None or left < until_due else until_due


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
