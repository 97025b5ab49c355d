"""One application as the figures read it, and what of it falls into a period. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from app.domain.calendar import Calendar
from app.domain.items import Party
from app.domain.owners import Days, Piece, finish_of, leading_pieces, shares_of, taken_out
from app.domain.spans import ClockState, Forecast, Span, Stretch
from app.domain.steps import OPEN, Status, Step, StepType
from app.domain.units import MICROSECONDS, Limit, Unit

__all__ = ["OUTCOMES", "Case", "Stop", "case_of", "passed_by", "stop_of"]

_STOPPED = frozenset({ClockState.MET, ClockState.MISSED})
_DECIDED = frozenset({Status.DECIDED, Status.REFUSED})
_ENDS = (Status.DECIDED, Status.REFUSED, Status.WITHDRAWN, Status.TERMINATED)
OUTCOMES: Final = {
    StepType.ACCEPT: Status.ACCEPTED,
    StepType.REFUSE: Status.REFUSED,
    StepType.DECIDE: Status.DECIDED,
    StepType.WITHDRAW: Status.WITHDRAWN,
    StepType.TERMINATE: Status.TERMINATED,
}
"""The steps of which several may happen at one instant, and what each makes of an application."""


class Stop(NamedTuple):
    """A clock of the office's that has stopped with a verdict."""

    clock: str
    limit: Limit | None
    used: int
    """As the span keeps it: days, or microseconds of a limit in working time."""
    started_on: int | None
    due_on: int | None
    due_at: datetime
    stopped_at: datetime

    @property
    def is_late(self) -> bool:
        """Whether it stopped after its due instant; on it is in time, as in the overdue list."""
        return self.stopped_at > self.due_at

    @property
    def unit(self) -> Unit:
        """In what `units` counts: months and ends fixed by hand are counted in calendar days."""
        limit = self.limit
        return Unit.CALENDAR_DAY if limit is None or limit.unit is Unit.MONTH else limit.unit

    @property
    def units(self) -> int:
        """The whole units used."""
        return self.used // MICROSECONDS.get(self.unit, 1)


class Case(NamedTuple):
    """An application as it stood at an instant, with its whole past."""

    number: str
    item: str
    calendar: Calendar
    received_on: int | None
    stretches: Sequence[Stretch]
    stops: Sequence[Stop]
    pieces: Sequence[Piece]
    """Of the clock by which pauses are lawful; empty where nothing was paused."""
    at: datetime
    passed: Mapping[datetime, frozenset[Status]]
    """What it went through at an instant: accepted and decided on the spot, it has no stretch of acceptance."""

    @property
    def receipt(self) -> Stretch | None:
        """The stretch with which it was received; None while it is not."""
        if self.received_on is None:
            return None
        return next((stretch for stretch in self.stretches if stretch.status is not Status.SUBMITTED), None)

    @property
    def finish(self) -> Stretch | None:
        """The stretch with which it was closed in the sense of the figures; None while it is open."""
        return finish_of(self.stretches)

    def first(self, status: Status) -> Stretch | None:
        """The stretch with which it first came to a status."""
        passed = self.passed
        return next(
            (
                stretch
                for stretch in self.stretches
                if stretch.status is status or status in passed.get(stretch.from_at, ())
            ),
            None,
        )

    @property
    def end(self) -> Status | None:
        """How it ended; refused and closed at one instant, it was refused."""
        finish = self.finish
        if finish is None:
            return None
        passed = self.passed.get(finish.from_at, frozenset()) - OPEN
        return next((status for status in _ENDS if status in passed), finish.status)

    @property
    def correction_never_came(self) -> bool:
        """Whether it ended while a correction was waited for, without a decision."""
        before: Stretch | None = None
        for stretch in self.stretches:
            if stretch is self.finish:
                return before is not None and before.status is Status.CORRECTING and self.end not in _DECIDED
            before = stretch
        return False

    def desk_at(self, at: datetime) -> Stretch:
        """Who held it at an instant."""
        found = self.stretches[0]
        for stretch in self.stretches:
            if stretch.from_at > at:
                break
            found = stretch
        return found

    @property
    def until(self) -> int:
        """The last day that it took: that of the result, or of the instant asked."""
        finish = self.finish
        return self.calendar.day_of(self.at if finish is None else finish.from_at)

    @property
    def elapsed(self) -> int:
        """The calendar days from receipt to result, the day of the receipt not counted."""
        return 0 if self.received_on is None else max(0, self.until - self.received_on)

    @property
    def out(self) -> list[tuple[int, int]]:
        """The days that pauses took out."""
        return taken_out(self.pieces, self.until, self.calendar) if self.pieces else []

    def days(self) -> Iterator[Days]:
        """Whose its days are."""
        if self.received_on is None:
            return iter(())
        return shares_of(self.received_on, self.until, self.stretches, self.out, self.calendar)


def stop_of(span: Span) -> Stop | None:
    """The verdict of a span of a clock of the whole application, where it has one."""
    if span.stage or span.party is not Party.AGENCY or span.state not in _STOPPED:
        return None
    if span.due_at is None or span.stopped_at is None:
        return None
    return Stop(span.clock, span.limit, span.used_before, span.started_on, span.due_on, span.due_at, span.stopped_at)


def passed_by(steps: Iterable[Step]) -> dict[datetime, frozenset[Status]]:
    """What an application went through at each instant."""
    found: dict[datetime, frozenset[Status]] = {}
    for step in steps:
        outcome = OUTCOMES.get(step.type)
        if outcome is not None:
            found[step.at] = found.get(step.at, frozenset()) | {outcome}
    return found


def case_of(
    number: str, item: str, calendar: Calendar, outlook: Forecast, steps: Iterable[Step], at: datetime
) -> Case | None:
    """An application as its forecast shows it at an instant; None before its receipt."""
    stretches = [stretch for stretch in outlook.stretches if stretch.from_at <= at]
    if not stretches:
        return None
    past = [span for span in outlook.spans if span.from_at <= at]
    held = (span for span in past if span.to_at is None or span.to_at > at)
    stops = tuple(stop for stop in map(stop_of, held) if stop is not None)
    pieces = leading_pieces(past) if is_paused(past) else ()
    return Case(number, item, calendar, outlook.received_on, stretches, stops, pieces, at, passed_by(steps))


def is_paused(spans: Iterable[Span]) -> bool:
    """Whether any of them is a pause."""
    return any(span.state is ClockState.PAUSED for span in spans)
