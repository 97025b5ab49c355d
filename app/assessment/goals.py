"""What a department is to reach in a year, and how far it is from it, by the figures of the statistics. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final, NamedTuple

from app.assessment.points import HUNDRED, read_points
from app.domain.units import Unit
from app.statistics.tallies import Tally, summed

__all__ = ["AT_MOST", "OF_CLOCKS", "OF_UNITS", "Counts", "Gap", "Goal", "Indicator", "gap_of", "read_goal"]


class Indicator(StrEnum):
    """What is measured: each a figure of the statistics, or a count of orders or cards."""

    ON_TIME_RATE = "on_time_rate"
    EARLY_RATE = "early_rate"
    COMPRESSION = "compression"
    SPEED_UP = "speed_up"
    NET_DAYS = "net_days"
    """The mean of the working days that were the office's."""
    GROSS_DAYS = "gross_days"
    LATE = "late"
    OPEN_OVERDUE = "open_overdue"
    ORDERS = "orders"
    YELLOW_CARDS = "yellow_cards"
    RED_CARDS = "red_cards"


OF_CLOCKS: Final = frozenset({Indicator.ON_TIME_RATE, Indicator.EARLY_RATE, Indicator.LATE, Indicator.OPEN_OVERDUE})
"""Told by a kind of clock."""
OF_UNITS: Final = frozenset({Indicator.COMPRESSION, Indicator.SPEED_UP})
"""Told in one unit, and never across units."""
SHARES: Final = frozenset({Indicator.ON_TIME_RATE, Indicator.EARLY_RATE, *OF_UNITS})
AT_MOST: Final = frozenset(Indicator) - SHARES
"""The less, the better."""


class Goal(NamedTuple):
    """What one indicator is to be at the year's end: a hundredth of it is one; a share is told in a hundred."""

    indicator: Indicator
    hundredths: int
    clock: str | None = None
    unit: str | None = None


class Counts(NamedTuple):
    """Orders and cards that stand, of a department from the year's beginning on."""

    orders: int = 0
    yellow_cards: int = 0
    red_cards: int = 0


class Gap(NamedTuple):
    """A goal and what was measured; `whole` counts what it was measured of."""

    goal: Goal
    part: int
    whole: int | None
    measured: Fraction | None
    """None where there was nothing to measure."""

    @property
    def spare(self) -> Fraction | None:
        """How far beyond the goal it is; below zero that is how much is missing."""
        if self.measured is None:
            return None
        beyond = self.measured - Fraction(self.goal.hundredths, HUNDRED)
        return -beyond if self.goal.indicator in AT_MOST else beyond

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is reached: by the exact number, not by the rounded one."""
        return None if self.spare is None else self.spare >= 0


def read_goal(said: Mapping[str, Any]) -> Goal:
    """The goal that a document spells."""
    return Goal(Indicator(said["indicator"]), read_points(said["goal"]), said.get("clock"), said.get("unit"))


def gap_of(goal: Goal, line: Tally, counts: Counts) -> Gap:
    """What was measured beside a goal."""
    part, whole = figure(goal, line, counts)
    if whole is None:
        return Gap(goal, part, None, Fraction(part))
    if whole == 0:
        return Gap(goal, part, whole, None)
    return Gap(goal, part, whole, Fraction(part * (100 if goal.indicator in SHARES else 1), whole))


def figure(goal: Goal, line: Tally, counts: Counts) -> tuple[int, int | None]:
    """The two numbers of a share or a mean, or one count."""
    clock = line.clocks.get(goal.clock or "")
    judged = 0 if clock is None else clock.on_time + clock.late
    match goal.indicator:
        case Indicator.ON_TIME_RATE:
            return (0 if clock is None else clock.on_time), judged
        case Indicator.EARLY_RATE:
            return (0 if clock is None else clock.early), judged
        case Indicator.LATE:
            return (0 if clock is None else clock.late), None
        case Indicator.OPEN_OVERDUE:
            return sum(line.overdue.get(goal.clock or "", {}).values()), None
        case Indicator.COMPRESSION | Indicator.SPEED_UP:
            ratios = line.compression if goal.indicator is Indicator.COMPRESSION else line.speed_up
            ratio = ratios.get(Unit(goal.unit or ""))
            return (0, 0) if ratio is None else (ratio.whole - ratio.part, ratio.whole)
        case Indicator.NET_DAYS | Indicator.GROSS_DAYS:
            days = line.net if goal.indicator is Indicator.NET_DAYS else line.gross
            count, total = summed(days.items())
            return total, count
        case Indicator.ORDERS:
            return counts.orders, None
        case Indicator.YELLOW_CARDS:
            return counts.yellow_cards, None
        case Indicator.RED_CARDS:
            return counts.red_cards, None
