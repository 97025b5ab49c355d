"""The figures of many applications, summed: what of each case falls into the period, and under which code."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from app.domain.owners import Owner
from app.domain.spans import Stretch
from app.domain.steps import Status
from app.domain.units import Unit
from app.statistics.cases import Case, Stop

__all__ = [
    "AGES",
    "BETWEEN",
    "OLDEST",
    "By",
    "ClockTally",
    "Question",
    "Ratio",
    "Sums",
    "Tally",
    "age_of",
    "enter",
    "percentile",
    "rounded",
    "summed",
]


class By(StrEnum):
    """By what the figures are told."""

    DEPARTMENT = "department"
    ITEM = "item"
    SECTION = "section"
    OFFICER = "officer"
    MONTH = "month"
    DEPARTMENT_AND_ITEM = "department and item"
    DESK = "desk"
    """Department, section and officer: for who adds them up."""


BETWEEN: Final = "\x1f"
"""Between the codes where figures are told by several; no code has it."""

AGES: Final = ((5, "0-5"), (15, "6-15"), (30, "16-30"), (90, "31-90"))
"""Up to how many calendar days after the due day, and what that age is called; what is older is `91+`."""
OLDEST: Final = "91+"

_ENDS: Final[Mapping[Status, str]] = {
    Status.REFUSED: "refused",
    Status.WITHDRAWN: "withdrawn",
    Status.TERMINATED: "terminated",
}


class Question(NamedTuple):
    """Which period is asked about, told by what, and which offices the reader sees (None: all)."""

    by: By
    first: int
    last: int
    at: datetime
    seen: frozenset[str] | None = None

    def holds(self, day: int) -> bool:
        """Whether a day lies in the period."""
        return self.first <= day <= self.last

    def sees(self, desk: Stretch) -> bool:
        """Whether the reader sees what lay on a desk."""
        return self.seen is None or desk.department in self.seen

    def code(self, case: Case, desk: Stretch, day: int) -> str | None:
        """Under which code something counts that happened on a desk on a day."""
        if self.by is By.DEPARTMENT:
            return desk.department
        if self.by is By.SECTION:
            return desk.section
        if self.by is By.OFFICER:
            return desk.officer
        if self.by is By.DEPARTMENT_AND_ITEM:
            return f"{desk.department or ''}{BETWEEN}{case.item}"
        if self.by is By.DESK:
            return BETWEEN.join((desk.department, desk.section or "", desk.officer or ""))
        return case.item if self.by is By.ITEM else date.fromordinal(day).isoformat()[:7]


@dataclass(slots=True)
class ClockTally:
    """The verdicts of one kind of clock."""

    on_time: int = 0
    early: int = 0
    late: int = 0
    used: dict[Unit, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))


@dataclass(slots=True)
class Ratio:
    """Two sums of one unit, of how many applications."""

    applications: int = 0
    whole: int = 0
    part: int = 0

    def add(self, whole: int, part: int) -> None:
        """Take in one application."""
        self.applications += 1
        self.whole += whole
        self.part += part


@dataclass(slots=True)
class Tally:
    """All figures under one code."""

    counts: Counter[str] = field(default_factory=Counter)
    clocks: dict[str, ClockTally] = field(default_factory=lambda: defaultdict(ClockTally))
    gross: Counter[int] = field(default_factory=Counter)
    net: Counter[int] = field(default_factory=Counter)
    owners: Counter[Owner] = field(default_factory=Counter)
    compression: dict[Unit, Ratio] = field(default_factory=lambda: defaultdict(Ratio))
    speed_up: dict[Unit, Ratio] = field(default_factory=lambda: defaultdict(Ratio))
    overdue: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


Tallies = dict[str | None, Tally]


class Sums:
    """The tallies under each code, and all together."""

    def __init__(self) -> None:
        self.total = Tally()
        self.lines: Tallies = {}

    def of(self, code: str | None) -> tuple[Tally, Tally]:
        """Those that something under a code counts into."""
        line = self.lines.get(code)
        if line is None:
            line = self.lines[code] = Tally()
        return line, self.total


def enter(case: Case, question: Question, sums: Sums) -> None:
    """Count what of an application falls into the period."""
    day_of = case.calendar.day_of
    receipt = case.receipt
    if receipt is not None and case.received_on is not None:
        _count("received", case, receipt, case.received_on, question, sums)
    for name, status in (("accepted", Status.ACCEPTED), ("decided", Status.DECIDED)):
        stretch = case.first(status)
        if stretch is not None:
            _count(name, case, stretch, day_of(stretch.from_at), question, sums)
    finish = case.finish
    never_came = finish is not None and case.correction_never_came
    for stop in case.stops:
        day = day_of(stop.stopped_at)
        desk = case.desk_at(stop.stopped_at)
        if question.holds(day) and question.sees(desk):
            ended = finish if finish is not None and finish.from_at <= stop.stopped_at else None
            for tally in sums.of(question.code(case, desk, day)):
                _judge(tally.clocks[stop.clock], stop, day, None if ended is None else case.end, never_came)
    if finish is not None and question.holds(case.until):
        _close(case, finish, question, sums, never_came=never_came)


def _count(name: str, case: Case, desk: Stretch, day: int, question: Question, sums: Sums) -> None:
    if question.holds(day) and question.sees(desk):
        for tally in sums.of(question.code(case, desk, day)):
            tally.counts[name] += 1


def _judge(tally: ClockTally, stop: Stop, day: int, ended: Status | None, never_came: bool) -> None:
    """Late however it ended; in time or early only where the office brought it to its end."""
    tally.used[stop.unit][stop.units] += 1
    if stop.is_late:
        tally.late += 1
    elif ended is Status.WITHDRAWN or (ended is not None and never_came):
        return
    else:
        tally.on_time += 1
        if ended is not Status.REFUSED and stop.due_on is not None and day < stop.due_on:
            tally.early += 1


def _close(case: Case, finish: Stretch, question: Question, sums: Sums, *, never_came: bool) -> None:
    day = case.until
    _count("closed", case, finish, day, question, sums)
    ended = None if case.end is None else _ENDS.get(case.end)
    if ended is not None:
        _count(ended, case, finish, day, question, sums)
    if never_came:
        _count("correction_never_came", case, finish, day, question, sums)
    net = 0
    for days in case.days():
        net += days.working
        if question.sees(days.stretch):
            for tally in sums.of(question.code(case, days.stretch, day)):
                for owner, count in (
                    (days.holder, days.working),
                    (Owner.APPLICANT, days.applicant),
                    (Owner.PAUSE, days.pause),
                    (Owner.REST, days.rest),
                ):
                    if count:
                        tally.owners[owner] += count
    if not question.sees(finish):
        return
    stops = {stop.clock: stop for stop in case.stops}
    counts = not never_came and ended not in ("refused", "withdrawn")
    for tally in sums.of(question.code(case, finish, day)):
        if counts:
            tally.gross[case.elapsed] += 1
            tally.net[net] += 1
        _compare(tally, stops.get("statutory"), stops.get("promise"), counts=counts)


def _compare(tally: Tally, statutory: Stop | None, promise: Stop | None, *, counts: bool) -> None:
    """Limits against each other and against what was used: in one unit, or not at all."""
    if statutory is None or statutory.limit is None:
        return
    amount, unit = statutory.limit.amount, statutory.limit.unit
    if promise is not None and promise.limit is not None and promise.limit.unit is unit:
        tally.compression[unit].add(amount, promise.limit.amount)
    if counts and unit is not Unit.MONTH:
        tally.speed_up[unit].add(amount, statutory.units)


def age_of(days: int) -> str:
    """What an age in days is called."""
    return next((name for most, name in AGES if days <= most), OLDEST)


def percentile(counts: Mapping[int, int], hundredths: int) -> int | None:
    """The nearest rank: the smallest value that so many in a hundred do not exceed; always one that occurred."""
    wanted = -(-sum(counts.values()) * hundredths // 100)
    reached = 0
    for value in sorted(counts):
        reached += counts[value]
        if reached >= wanted:
            return value
    return None


def rounded(part: int, whole: int, digits: int) -> float | None:
    """A quotient rounded half up, by whole numbers alone; None where there is nothing to divide by."""
    if not whole:
        return None
    scale: int = 10**digits
    sign = -1 if part < 0 else 1
    return sign * ((2 * abs(part) * scale + whole) // (2 * whole)) / scale


def summed(values: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """How many there are, and their sum."""
    count = total = 0
    for value, times in values:
        count += times
        total += value * times
    return count, total
