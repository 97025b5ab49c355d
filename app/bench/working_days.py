"""P8: add N working days; the cost must not depend on N."""

import importlib
import importlib.util
import random
import time
from collections.abc import Callable
from datetime import date
from typing import Any, Final

from app.bench.measure import Figure, Goal, Result, in_turns, ratio
from app.bench.trial import Plan
from app.calendars import catalogue
from app.domain.counting import last_day
from app.domain.items import Count
from app.domain.units import Unit

__all__ = ["measure"]

STARTS: Final = 20_000
SMALL, LARGE = 20, 2_000
NUMPY: Final = "numpy" if importlib.util.find_spec("numpy") is not None else None
"""Not a dependency: compared with where it is installed."""


def measure(plan: Plan) -> Result:
    """`last_day` one by one, for a small N and a large one, and numpy's own function one by one."""
    calendar = catalogue.newest("CN")
    chance = random.Random(8)  # noqa: S311  the same days each time
    first, last = date(2009, 1, 1).toordinal(), date(2017, 12, 31).toordinal()
    starts = [chance.randint(first, last) for _ in range(STARTS)]
    count = Count.default(Unit.WORKING_DAY)
    unit = Unit.WORKING_DAY

    def counted(amount: int) -> Callable[[], float]:
        def run() -> float:
            begun = time.thread_time()
            for start in starts:
                last_day(start, amount, unit, calendar, count)
            return STARTS / (time.thread_time() - begun)

        return repeated(run, plan.seconds)

    sides = {"small": counted(SMALL), "large": counted(LARGE)}
    if NUMPY is not None:
        sides["numpy"] = repeated(with_numpy(starts), plan.seconds)
    found = in_turns(sides, plan.rounds)
    rate = Figure(name=f"N = {SMALL}", unit="/s", values=tuple(found["small"]))
    independent = ratio(f"N = {LARGE:,} against N = {SMALL}", found["large"], found["small"])
    figures = [rate, Figure(name=f"N = {LARGE:,}", unit="/s", values=tuple(found["large"])), independent]
    goals = [Goal(rate.name, "at least", 1_000_000), Goal(independent.name, "at least", 90)]
    note = "numpy was left out: it is not installed, for the product does not need it."
    if NUMPY is not None:
        times = ratio("times numpy.busday_offset, one by one", found["small"], found["numpy"], "×")
        figures += [times, Figure(name="numpy.busday_offset", unit="/s", values=tuple(found["numpy"]))]
        goals.append(Goal(times.name, "at least", 1))
        note = (
            "numpy.busday_offset with a prebuilt busdaycalendar, a datetime64 at a time; it knows no make-up Saturdays."
        )
    return Result(
        code="P8",
        what="add N working days",
        size=None,
        figures=tuple(figures),
        goals=tuple(goals),
        notes=(
            (
                f"`domain.counting.last_day` from day to day under {calendar.name}, one core, one call a time, "
                "in seconds of the processor."
            ),
            note,
        ),
    )


def repeated(run: Callable[[], float], seconds: float) -> Callable[[], float]:
    """The best of several runs within a time: what the machine does beside it makes a run slower, never faster."""

    def best() -> float:
        ends = time.perf_counter() + seconds / 4
        found = run()
        while time.perf_counter() < ends:
            found = max(found, run())
        return found

    return best


def with_numpy(starts: list[int]) -> Callable[[], float]:
    """The same with numpy."""
    numpy: Any = importlib.import_module("numpy")  # it may be missing, and has no place in the types of this project
    calendar = catalogue.newest("CN")
    weekdays = range(date(2007, 1, 1).toordinal(), date(2026, 12, 31).toordinal())
    days_off = [date.fromordinal(day) for day in weekdays if date.fromordinal(day).weekday() < 5]
    holidays = [day.isoformat() for day in days_off if not calendar.is_working(day.toordinal())]
    busdays = numpy.busdaycalendar(holidays=holidays)
    days = [numpy.datetime64(date.fromordinal(start)) for start in starts]
    offset = numpy.busday_offset

    def run() -> float:
        begun = time.thread_time()
        for day in days:
            offset(day, SMALL, roll="backward", busdaycal=busdays)
        return len(days) / (time.thread_time() - begun)

    return run
