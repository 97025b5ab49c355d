"""What is read of an application to reckon what an edition does to it, and where the end of a usual clock then lies.

Pure: nothing is read or written here.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from app.applications.carried import Clock
from app.calendar_changes.moves import Effect, Move
from app.domain.calendar import LAST_DAY, Calendar
from app.domain.items import ClockRule, DueTime, EndRule, WarnKind
from app.domain.ledger import share_day
from app.domain.rungs import Rungs, place_rungs
from app.domain.units import Limit, Unit

__all__ = [
    "Met",
    "Paused",
    "Reckoned",
    "Shape",
    "Shows",
    "Standing",
    "Stored",
    "end_of",
    "first_looks",
    "is_usual",
    "rungs_of",
    "tells_rungs",
]

_DAYS = frozenset({Unit.WORKING_DAY, Unit.CALENDAR_DAY, Unit.MONTH})
_WORKING = Unit.WORKING_DAY


class Standing(NamedTuple):
    """What of the head of an application decides how it is reckoned."""

    number: str
    item: str
    item_version: int
    calendar: str
    status: str
    version: int
    submitted_at: datetime
    received_on: date | None
    recorded_at: datetime


class Shape(NamedTuple):
    """What of a stored span its end follows from: many applications have clocks of one shape."""

    clock: str
    stage: str
    round: int
    state: str
    started_on: int | None
    total: int | None
    counts_from: int
    used_before: int
    due_on: int | None
    latest_due_on: int | None
    fixed: bool
    calendar: str
    has_escalation: bool


class Stored(NamedTuple):
    """A stored span that stands now or will."""

    from_at: datetime
    to_at: datetime | None
    stopped_at: datetime | None
    shape: Shape


class Shows(NamedTuple):
    """What of a clock is shown otherwise."""

    differs: bool
    """Whether anything that is shown of it differs."""
    move: Move | None
    clock: Clock | None
    """What is shown of it from the publication on; None of one that has stopped, or is not carried over."""


class Met(NamedTuple):
    """What an edition does to a clock of one shape: where it ended and ends."""

    place: int
    """Where the clock stands in the order of its item."""
    caps: bool
    """Whether it caps the stages."""
    due_on: int | None
    """Its own end under the old state, before anything caps it; None: none is known, or it has stopped."""
    will_on: int | None
    shows: Shows


class Reckoned(NamedTuple):
    """What an edition does to an application, and what its clocks under way then show."""

    effect: Effect
    clocks: tuple[tuple[Stored, Clock], ...]
    """Empty where it cannot be carried over from its spans alone."""


class Paused(NamedTuple):
    """The only pause on record of an application, announced for so long."""

    at: datetime
    announced: Limit


def first_looks(
    crossed: Mapping[int, datetime], rungs: Iterable[tuple[int, datetime | None]], since: datetime, *, moved: bool
) -> tuple[datetime | None, datetime | None]:
    """The first crossing of the rungs of a running clock from the publication on, and that of those it had before.

    What was crossed before the publication is crossed for good, unless the end has moved and has a number of its own.
    """
    ahead = [
        max(at, since)
        for rung, at in rungs
        if at is not None and (moved or (before := crossed.get(rung)) is None or before >= since)
    ]
    looked = [at for at in crossed.values() if at >= since]
    return min(ahead, default=None), min(looked, default=None)


def is_usual(rule: ClockRule) -> bool:
    """Whether a limit is one of whole days up to the end of the last."""
    limit = rule.limit
    return limit is not None and limit.unit in _DAYS and rule.count.due_time is DueTime.END_OF_DAY


def end_of(shape: Shape, rule: ClockRule, calendar: Calendar, begin: int) -> int | None:
    """The last day when what is left is counted from the day after `begin`; None where that is not told by its span."""
    if shape.total is None or shape.started_on is None or rule.limit is None:
        return None
    left = shape.total - shape.used_before
    if left <= 0:
        return None
    if rule.limit.unit is _WORKING:
        last = calendar.nth(begin, left)
    else:
        last = begin + left
        if rule.count.end_rule is EndRule.ROLL_FORWARD:
            last = calendar.next_working(last)
    return last if last <= LAST_DAY else None


def rungs_of(shape: Shape, rule: ClockRule, calendar: Calendar, due_on: int) -> Rungs:
    """Where the rungs of a running clock lie."""
    total, started_on = shape.total or 0, shape.started_on or 0
    working = rule.limit is not None and rule.limit.unit is _WORKING

    def share_at(thousandths: int) -> datetime:
        needed = -(-thousandths * total // 1000)
        rest = (shape.counts_from, shape.used_before)
        return calendar.midnight(share_day(needed, calendar, working, past=(), rest=rest))

    return place_rungs(
        rule.warn,
        calendar,
        due_on,
        calendar.midnight(due_on + 1),
        started_at=calendar.midnight(started_on),
        share_at=share_at,
    )


def tells_rungs(shape: Shape, rule: ClockRule) -> bool:
    """Whether a span tells where its rungs lie: not when a share of the limit may have been used before a pause."""
    return not shape.used_before or all(rung.kind is not WarnKind.AT_SHARE for rung in rule.warn)
