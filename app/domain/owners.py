"""Whose each day of an application is: every day from receipt to result belongs to exactly one owner."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from app.domain.calendar import Calendar
from app.domain.items import Party
from app.domain.spans import ClockState, Span, Stretch
from app.domain.steps import OPEN, Status
from app.domain.units import MICROSECONDS

__all__ = [
    "LEADING",
    "Days",
    "Owner",
    "Piece",
    "Run",
    "chosen",
    "finish_of",
    "leading_pieces",
    "piece_of",
    "runs_of",
    "shares_of",
    "taken_out",
    "working_days",
]

_PAUSED = ClockState.PAUSED
_RUNNING = ClockState.RUNNING
_CORRECTING = Status.CORRECTING
_INSTANT = timedelta(microseconds=1)

LEADING = ("statutory", "promise")
"""By which clock a pause is lawful: the statutory one where the item has it, else the promise, else its first other."""


class Owner(StrEnum):
    """To whom a day belongs."""

    OFFICER = "officer"
    SECTION = "section"
    DEPARTMENT = "department"
    """A working day with the office, where neither officer nor section is named."""
    APPLICANT = "applicant"
    """From the day after a correction was asked for to the day on which it came."""
    PAUSE = "pause"
    """Taken out of the clock by a pause or a suspension."""
    REST = "rest"
    """A rest day that is none of these."""


class Piece(NamedTuple):
    """As much of a span as tells which days it counts."""

    clock: str
    from_at: datetime
    state: ClockState
    counts_from: int
    in_time: bool
    """A limit in working time: `counts_from` is then no day."""


class Days(NamedTuple):
    """Days `(begin, end]` with one holder and one status, and how many of them are whose."""

    begin: int
    end: int
    stretch: Stretch
    applicant: int
    pause: int
    working: int
    rest: int

    @property
    def holder(self) -> Owner:
        """Which of the office's three owners has the working days."""
        return _holder(self.stretch)


class Run(NamedTuple):
    """Days from `first` to `last`, all of one owner, on the desk that `stretch` names."""

    first: int
    last: int
    owner: Owner
    stretch: Stretch


Interval = tuple[int, int]
"""Days `(begin, end]`."""


def _holder(stretch: Stretch) -> Owner:
    if stretch.officer is not None:
        return Owner.OFFICER
    return Owner.DEPARTMENT if stretch.section is None else Owner.SECTION


def finish_of(stretches: Iterable[Stretch]) -> Stretch | None:
    """The stretch with which an application was decided, refused, withdrawn, ended or closed, whichever came first."""
    return next((stretch for stretch in stretches if stretch.status not in OPEN), None)


def piece_of(span: Span) -> Piece:
    """What of a span is needed here."""
    return Piece(
        span.clock,
        span.from_at,
        span.state,
        span.counts_from,
        span.limit is not None and span.limit.unit in MICROSECONDS,
    )


def leading_pieces(spans: Iterable[Span]) -> list[Piece]:
    """Those of the clock by which pauses are lawful, in the order of time; none where the agency has no clock."""
    return chosen([piece_of(span) for span in spans if span.party is Party.AGENCY and not span.stage])


def chosen(pieces: Iterable[Piece]) -> list[Piece]:
    """The pieces of the leading one of several clocks."""
    by_clock: dict[str, list[Piece]] = {}
    for piece in pieces:
        by_clock.setdefault(piece.clock, []).append(piece)
    if not by_clock:
        return []
    name = next((kind for kind in LEADING if kind in by_clock), None) or min(by_clock)
    return sorted(by_clock[name], key=lambda piece: piece.from_at)


def taken_out(pieces: Sequence[Piece], until: int, calendar: Calendar) -> list[Interval]:
    """The days that pauses took out of a clock, `(begin, end]`, in order, none twice.

    They are read from where the clock counts on, so that they are the days that the law took out: a pause that ran out
    gives the next day back, one that was resumed takes out the day of the resumption.
    """
    found: list[Interval] = []
    place = 0
    while place < len(pieces):
        piece = pieces[place]
        place += 1
        if piece.state is not _PAUSED:
            continue
        while place < len(pieces) and pieces[place].state is _PAUSED:  # the same pause on another desk
            place += 1
        begin = calendar.day_of(piece.from_at)
        if place == len(pieces):
            end = until
        else:
            after = pieces[place]
            end = calendar.day_of(after.from_at)
            if after.in_time:
                end = calendar.day_of(after.from_at - _INSTANT)
            elif after.state is _RUNNING:
                end = min(end, after.counts_from)
        if found:
            begin = max(begin, found[-1][1])
        if min(end, until) > begin:
            found.append((begin, min(end, until)))
    return found


def working_days(begin: int, end: int, calendar: Calendar) -> int:
    """How many working days lie in `(begin, end]`; days before the first edition go by the weekly pattern alone."""
    first = calendar.first
    if first is None or begin + 1 >= first:
        return calendar.working_between(begin, end)
    known = calendar.working_between(first - 1, end) if end >= first else 0
    last = min(end, first - 1)
    return known + sum((day - 1) % 7 + 1 not in calendar.weekend for day in range(begin + 1, last + 1))


def shares_of(
    received_on: int, until: int, stretches: Sequence[Stretch], out: Sequence[Interval], calendar: Calendar
) -> Iterator[Days]:
    """Whose the days `(received_on, until]` are, stretch by stretch: counted, never walked.

    The day of the receipt is not counted (民法典 第二百零一条), that of the result is. A day belongs to whoever had the
    application when it began: received on Monday by A and handed to B on Wednesday, Tuesday and Wednesday are A's.
    """
    for begin, end, stretch in _desks(received_on, until, stretches, calendar):
        length = end - begin
        if stretch.status is _CORRECTING:
            yield Days(begin, end, stretch, length, 0, 0, 0)
            continue
        paused = working_in_pause = 0
        for first, last in out:
            first, last = max(first, begin), min(last, end)  # noqa: PLW2901
            if last > first:
                paused += last - first
                working_in_pause += working_days(first, last, calendar)
        working = working_days(begin, end, calendar) - working_in_pause
        yield Days(begin, end, stretch, 0, paused, working, length - paused - working)


def runs_of(
    received_on: int, until: int, stretches: Sequence[Stretch], out: Sequence[Interval], calendar: Calendar
) -> list[Run]:
    """The same days one after the other, neighbours of one owner on one desk together."""
    runs: list[Run] = []
    for begin, end, stretch in _desks(received_on, until, stretches, calendar):
        for day in range(begin + 1, end + 1):
            owner = _owner(day, stretch, out, calendar)
            last = runs[-1] if runs else None
            if last is not None and last.owner is owner and last.stretch[3:] == stretch[3:]:
                runs[-1] = last._replace(last=day)
            else:
                runs.append(Run(day, day, owner, stretch))
    return runs


def _owner(day: int, stretch: Stretch, out: Sequence[Interval], calendar: Calendar) -> Owner:
    if stretch.status is _CORRECTING:
        return Owner.APPLICANT
    if any(begin < day <= end for begin, end in out):
        return Owner.PAUSE
    return _holder(stretch) if working_days(day - 1, day, calendar) else Owner.REST


def _desks(
    received_on: int, until: int, stretches: Sequence[Stretch], calendar: Calendar
) -> Iterator[tuple[int, int, Stretch]]:
    """The days of each stretch that has one: those at whose beginning it stood."""
    begin = received_on
    for place, stretch in enumerate(stretches):
        last = place + 1 == len(stretches)
        end = until if last else min(until, calendar.day_of(stretches[place + 1].from_at))
        if end > begin:
            yield begin, end, stretch
            begin = end
