"""The values that a forecast gives: stretches of time in which nothing about a clock changes but time."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from app.domain.items import Party
from app.domain.silence import Deemed
from app.domain.steps import Status
from app.domain.units import Limit

__all__ = ["ClockState", "Forecast", "Span", "Stretch", "Warning_"]


class ClockState(StrEnum):
    """What a clock is doing."""

    NOT_STARTED = "not_started"
    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"
    VOID = "void"


class Warning_(NamedTuple):  # noqa: N801  `Warning` is Python's own
    """When one warning rung is reached; None while the clock is paused."""

    rung: int
    at: datetime | None


class Span(NamedTuple):
    """One clock over the half-open time `[from_at, to_at)` in which only time passes; `to_at` None: without end.

    Days are ordinals (`date.toordinal`), instants UTC. `used` at an instant of a running span is
    `used_before` + the counted days from `counts_from` to its local day; of a limit in working time both are working
    microseconds, and `counts_from` lies on the sum that `Calendar.working_time` keeps. A stopped span keeps the figures
    of its stop: `used_before` is what was used then. `total` is the limit with its extensions, of months in calendar
    days; None where an end was fixed, and of months that have not begun. Spans of a clock that
    has not started are not made: no span means `not_started` (or a clock whose start never came: one `void` span from
    the final step on). One exception: where `roll_then_next` moves the start to a coming day, or working time to a
    coming opening, the span up to `started_at` has the state `not_started` and shows the coming end.
    """

    clock: str
    stage: str
    round: int
    from_at: datetime
    to_at: datetime | None
    state: ClockState
    party: Party
    limit: Limit | None
    extended: int
    total: int | None
    started_on: int | None
    started_at: datetime | None
    counts_from: int
    used_before: int
    due_on: int | None
    due_at: datetime | None
    latest_due_on: int | None
    yellow_at: datetime | None
    warnings: tuple[Warning_, ...]
    after: tuple[int, ...]
    """Rungs of `warnings` that escalate past the due instant (`after`), never a reason for yellow."""
    stopped_at: datetime | None
    provisional: bool
    fixed: bool
    calendar: str
    revision: int
    legal_basis: str | None


class Stretch(NamedTuple):
    """Status and holder of an application over `[from_at, to_at)`."""

    from_at: datetime
    to_at: datetime | None
    status: Status
    department: str
    section: str | None
    officer: str | None


class Forecast(NamedTuple):
    """What is recorded, carried on by time alone."""

    spans: tuple[Span, ...]
    stretches: tuple[Stretch, ...]
    odd: tuple[str, ...]
    """Codes of what is odd about imported history, each once, in order of appearance (`close_before_receipt`,
    `step_after_close`, `close_without_decision`, `step_not_allowed`)."""
    deemed: tuple[Deemed, ...] = ()
    """What silence has done and, if nothing more is recorded, will do."""
    received_on: int | None = None
    """The legal day of the receipt; None while it is not confirmed."""
