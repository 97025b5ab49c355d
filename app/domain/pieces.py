"""A clock's time in pieces: counted from one span to the next, or taken out by pauses."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from app.domain.calendar import Calendar
from app.domain.pauses import announced_end
from app.domain.spans import ClockState, Span
from app.domain.steps import Step, StepType
from app.domain.units import MICROSECONDS

__all__ = ["CORRECTION", "Hold", "Line", "Piece", "holds_of", "pieces_of"]

_PAUSED = ClockState.PAUSED
_NOT_STARTED = ClockState.NOT_STARTED
_ENDS = frozenset({StepType.REFUSE, StepType.WITHDRAW, StepType.TERMINATE, StepType.CLOSE, StepType.DECIDE})
_FOREVER = 1 << 80
CORRECTION = "correction"


class Piece(NamedTuple):
    """The places `(begin, end]` of the line, all alike: counted as the calendar has them, or all taken out."""

    begin: int
    end: int
    taken_out: bool
    pauses: tuple[Step, ...]


class Line(NamedTuple):
    """On what a clock counts: on days, or, where `by_moment`, on the working microseconds of its calendar."""

    calendar: Calendar
    by_moment: bool

    def place(self, at: datetime) -> int:
        """The place of an instant."""
        return self.calendar.working_time.elapsed(at) if self.by_moment else self.calendar.day_of(at)

    def after(self, day: int) -> int:
        """The place at which a day ends."""
        return self.place(self.calendar.midnight(day + 1)) if self.by_moment else day

    def announced(self, pause: Step) -> int:
        """The last place that a pause can take out."""
        if pause.announced is None:
            return _FOREVER
        last, over = announced_end(pause.at, pause.announced, self.calendar)
        return self.place(over) if self.by_moment else last


class Hold(NamedTuple):
    """The places `(begin, end]` that one step keeps the clock from counting."""

    step: Step
    begin: int
    end: int


def pieces_of(
    spans: Sequence[Span],
    line: Line,
    holds: Sequence[Hold],
    ahead: Sequence[tuple[int, int]],
    *,
    base: int,
    at: datetime,
) -> tuple[Piece, ...]:
    """The pieces of a clock from its base to its end; of one paused without a known end to the instant asked about.

    `ahead` are the days `(begin, end]` that suspensions with a known end take out.
    """
    begin = max(base, spans[0].counts_from)
    out_ahead = [(line.after(first), line.after(last)) for first, last in ahead]
    pieces = list(_counted_and_taken_out(base, begin, holds, out_ahead))  # before silence gave it its start
    for place, span in enumerate(spans):
        is_paused = span.state is _PAUSED
        if place + 1 < len(spans):
            end = spans[place + 1].counts_from
        elif is_paused and span.latest_due_on is not None:
            end = min(line.after(span.latest_due_on), _announced_to(begin, line, holds, ahead))
        elif is_paused:
            end = line.place(at)
        elif span.due_at is None or span.due_on is None:
            end = begin
        else:
            end = line.place(span.due_at) if line.by_moment else span.due_on
        if end <= begin:
            continue
        if is_paused:
            pieces.extend(_taken_out(begin, end, holds))
        elif span.stopped_at is not None and ahead:
            pieces.extend(_cut_out(begin, end, out_ahead))
        elif span.state is _NOT_STARTED and place + 1 == len(spans):
            pieces.extend(_counted_and_taken_out(begin, end, holds, out_ahead))
        else:
            pieces.append(Piece(begin, end, False, ()))
        begin = end
    last = spans[-1]
    if last.state is _PAUSED and last.latest_due_on is not None:
        pieces.extend(_after_the_pause(begin, last, line))
    return tuple(pieces)


def _announced_to(begin: int, line: Line, holds: Sequence[Hold], ahead: Sequence[tuple[int, int]]) -> int:
    """The place up to which what was announced takes out, where something else was to stop the clock before."""
    ends = [hold.end for hold in holds if hold.begin <= begin and hold.end < _FOREVER]
    return max([begin, *ends, *(line.after(last) for first, last in ahead if line.after(first) <= begin)])


def _after_the_pause(begin: int, span: Span, line: Line) -> Iterator[Piece]:
    """What is left of the limit after a pause as announced, up to the end that is shown."""
    end = line.after(span.latest_due_on or 0)
    if line.by_moment and span.total is not None and span.limit is not None:
        end = min(end, begin + span.total * MICROSECONDS[span.limit.unit] - span.used_before)
    if end > begin:
        yield Piece(begin, end, False, ())


def _cut_out(begin: int, end: int, ahead: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    """The places up to the end that a stopped clock would have had, without what was known to be suspended."""
    for first, last in ahead:
        if last <= begin or first >= end:
            continue
        if first > begin:
            yield Piece(begin, first, False, ())
        yield Piece(max(begin, first), min(end, last), True, ())
        begin = min(end, last)
    if begin < end:
        yield Piece(begin, end, False, ())


def _taken_out(begin: int, end: int, holds: Sequence[Hold]) -> Iterator[Piece]:
    """The places `(begin, end]`, cut where another pause joins or leaves."""
    cuts = {begin, end}
    for hold in holds:
        cuts.update(cut for cut in (hold.begin, hold.end) if begin < cut < end)
    for left, right in pairwise(sorted(cuts)):
        steps = tuple(hold.step for hold in holds if hold.begin <= left and hold.end >= right)
        yield Piece(left, right, True, steps)


def _counted_and_taken_out(
    begin: int, end: int, holds: Sequence[Hold], ahead: Sequence[tuple[int, int]]
) -> Iterator[Piece]:
    """The places `(begin, end]`, those that a pause on record or a suspension keeps the clock from counting taken out.

    For what no span tells of: the time before the record in which a clock began that counts from an earlier one, and
    what comes after the announced start of a clock that ends as soon as it has begun.
    """
    cuts = {begin, end}
    for first, last in (*((hold.begin, hold.end) for hold in holds), *ahead):
        cuts.update(cut for cut in (first, last) if begin < cut < end)
    for left, right in pairwise(sorted(cuts)):
        steps = tuple(hold.step for hold in holds if hold.begin <= left and hold.end >= right)
        suspended = any(first <= left and last >= right for first, last in ahead)
        yield Piece(left, right, suspended or bool(steps), steps)


def holds_of(known: Sequence[Step], line: Line, grounds: frozenset[str]) -> list[Hold]:
    """What the pauses on record take out, each as it lasts or as it was announced, whichever is shorter."""
    holds: list[Hold] = []
    open_: list[Step] = []

    def end(pause: Step, place: int) -> None:
        open_.remove(pause)
        holds.append(Hold(pause, line.place(pause.at), min(place, line.announced(pause))))

    for step in known:
        kind = step.type
        if kind is StepType.PAUSE or kind is StepType.REQUEST_CORRECTION:
            open_.append(step)
        elif kind is StepType.RESUME:
            held = [pause for pause in open_ if pause.type is StepType.PAUSE]
            named = next((pause for pause in reversed(held) if not step.pause_id or pause.id == step.pause_id), None)
            if named is not None:
                end(named, line.place(step.at))
        elif kind in _ENDS or kind is StepType.SUBMIT_CORRECTION:
            for pause in tuple(open_):
                if kind is not StepType.SUBMIT_CORRECTION or pause.type is StepType.REQUEST_CORRECTION:
                    end(pause, line.place(step.at))
    for pause in tuple(open_):
        end(pause, _FOREVER)
    return [hold for hold in holds if _ground(hold.step) in grounds]


def _ground(step: Step) -> str:
    return step.ground if step.type is StepType.PAUSE else CORRECTION
