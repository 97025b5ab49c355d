"""What a measurement gives: figures that were taken in turns, their median and their spread, held against a goal."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeVar

__all__ = ["Figure", "Goal", "Rate", "Result", "in_turns", "microseconds", "of_the_processor", "on_the_wall", "ratio"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One quantity, measured in each round."""

    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return statistics.median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """The least and the greatest of the rounds."""
        return min(self.values), max(self.values)


class Goal(NamedTuple):
    """What a figure must reach."""

    figure: str
    bound: Literal["at least", "at most"]
    value: float

    def is_reached(self, figure: Figure) -> bool:
        """Whether the median does."""
        return figure.median >= self.value if self.bound == "at least" else figure.median <= self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One goal of `performance.md`, measured on an office of one size."""

    code: str
    what: str
    size: int | None
    figures: tuple[Figure, ...]
    goals: tuple[Goal, ...] = ()
    notes: tuple[str, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)

    def figure(self, name: str) -> Figure:
        """The figure of a name."""
        return next(figure for figure in self.figures if figure.name == name)


class Rate(NamedTuple):
    """How fast a side was in one round, by the clock on the wall and by the processor time of its server."""

    wall: float
    processor: float


def in_turns(sides: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Each side once a round, another one first each time, so that what the machine does meanwhile hits all alike."""
    found: dict[str, list[T]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in turned(list(sides), number):
            found[name].append(sides[name]())
    return found


def turned(names: Sequence[str], number: int) -> Iterator[str]:
    """The names, beginning with another one each time."""
    for place in range(len(names)):
        yield names[(place + number) % len(names)]


def ratio(name: str, above: Sequence[float], below: Sequence[float], unit: str = "%") -> Figure:
    """The ratio of two sides, round by round: in percent, or as so many times."""
    factor = 100 if unit == "%" else 1
    return Figure(name=name, unit=unit, values=tuple(factor * a / b for a, b in zip(above, below, strict=True)))


def on_the_wall(rates: Sequence[Rate]) -> tuple[float, ...]:
    """Answers a second."""
    return tuple(rate.wall for rate in rates)


def of_the_processor(rates: Sequence[Rate]) -> tuple[float, ...]:
    """Answers for each second that the server's process had the processor: what other work leaves it does not count."""
    return tuple(rate.processor for rate in rates)


def microseconds(name: str, rates: Sequence[Rate]) -> Figure:
    """What one answer costs the process of its server."""
    return Figure(name=name, unit="µs", values=tuple(1e6 / rate.processor for rate in rates))
