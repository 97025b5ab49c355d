"""The sheet of an office or a person for a month: what happened, by the rules, with each point's cause. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Final, NamedTuple

__all__ = [
    "CARDS",
    "ORDERS",
    "SHARES",
    "Cause",
    "Fall",
    "Grade",
    "Happening",
    "Part",
    "PartScore",
    "Point",
    "Ratio",
    "Rule",
    "Rules",
    "Sheet",
    "Volume",
    "grade_of",
    "sheet_of",
]


class Cause(StrEnum):
    """What may bring points or cost them."""

    WARNING = "warning"
    """预警: an alarm before an end."""
    OVERDUE = "overdue"
    """超期: the alarm of an end that passed."""
    YELLOW_CARD = "yellow_card"
    RED_CARD = "red_card"
    ORDER_ISSUED = "order_issued"
    ORDER_LATE = "order_late"
    """The answer to an order did not come within its limit."""
    ORDER_RETURNED = "order_returned"
    """退办."""
    EARLY_SHARE = "early_share"
    """提前办结: how many of those closed kept the limit with a day to spare."""
    PROMISE_CUT = "promise_cut"
    """承诺压缩: by how much the promises of those closed lie below the statutory limits."""
    LATE_ENTRY_SHARE = "late_entry_share"
    """补录: applications with steps entered late, to a hundred closed."""


CARDS: Final = frozenset({Cause.YELLOW_CARD, Cause.RED_CARD})
ORDERS: Final = frozenset({Cause.ORDER_ISSUED, Cause.ORDER_LATE, Cause.ORDER_RETURNED})
SHARES: Final = frozenset({Cause.EARLY_SHARE, Cause.PROMISE_CUT, Cause.LATE_ENTRY_SHARE})


class Part(NamedTuple):
    """A part of the sheet (期限合法 …): what it is worth, and below what it never falls."""

    code: str
    weight: int
    floor: int


class Rule(NamedTuple):
    """What a cause brings or costs; points are hundredths, negative where they cost."""

    code: str
    part: str | None
    """None: beside the parts, as a bonus."""
    cause: Cause
    points: int | None
    """None: what a card itself states."""
    every: int = 1
    """Of so many in order of time the last brings the points: three warnings."""
    clocks: frozenset[str] | None = None
    reached: int = 0
    """Of a share: at so many in a hundred the points are reached."""
    further: int = 0
    """Of a share: each further so many in a hundred bring `further_points`."""
    further_points: int = 0
    most: int | None = None
    """More than this the rule neither brings nor costs in a month."""


class Grade(NamedTuple):
    """等次: from which score on."""

    code: str
    reached: int
    recommends: bool


class Rules(NamedTuple):
    """One version of the rules, as it is reckoned with."""

    parts: tuple[Part, ...]
    rules: tuple[Rule, ...]
    grades: tuple[Grade, ...]
    """The best first."""
    most: int | None
    """No score is higher; None: a bonus may lift it above the base."""

    @property
    def base(self) -> int:
        """What is there before anything happens."""
        return sum(part.weight for part in self.parts)

    def wants(self, causes: Iterable[Cause]) -> bool:
        """Whether any rule asks for one of these causes."""
        wanted = frozenset(causes)
        return any(rule.cause in wanted for rule in self.rules)


class Fall(NamedTuple):
    """Why something that happened counts no more: what said so, and when."""

    at: datetime
    kind: str
    """`alarm`, `card` or `order`."""
    cause: str


class Happening(NamedTuple):
    """Something that a rule may count, with where it is on record."""

    cause: Cause
    id: str
    at: datetime
    number: str | None = None
    order: str | None = None
    clock: str | None = None
    stage: str | None = None
    due_at: datetime | None = None
    stated: int | None = None
    """The points that a card states, in hundredths."""
    fall: Fall | None = None


class Ratio(NamedTuple):
    """A share that was reached: so much of so much, of limits told by their unit."""

    part: int
    whole: int
    unit: str | None = None


@dataclass(slots=True)
class Volume:
    """How much an office or a person had to do in the month."""

    closed: int = 0
    early: Counter[str] = field(default_factory=Counter)
    """By kind of clock."""
    limits: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By unit: the sum of statutory limits, and that of the promises."""
    late_entries: set[str] = field(default_factory=set)
    """The applications with a step entered late."""

    def add_limits(self, unit: str, statutory: int, promised: int) -> None:
        """Take limits of a unit in."""
        whole, part = self.limits.get(unit, (0, 0))
        self.limits[unit] = (whole + statutory, part + promised)


class Point(NamedTuple):
    """Points that a rule brought or cost, or would have if its cause had not fallen."""

    rule: str
    cause: Cause
    points: int
    """What counts in the sheet."""
    due: int
    """What the rule says; another number where the cause fell, or the rule's most was reached."""
    happenings: tuple[Happening, ...] = ()
    ratio: Ratio | None = None

    @property
    def fall(self) -> Fall | None:
        """Why it counts no more."""
        return next((one.fall for one in self.happenings if one.fall is not None), None)


class PartScore(NamedTuple):
    """What is left of a part."""

    part: Part
    score: int
    is_measured: bool
    """Whether any rule is about it; else it keeps what it is worth."""
    points: tuple[Point, ...]


class Sheet(NamedTuple):
    """量化测评表: the score, and what it is made of."""

    base: int
    score: int
    grade: Grade
    parts: tuple[PartScore, ...]
    bonus: tuple[Point, ...]


def grade_of(score: int, grades: Sequence[Grade]) -> Grade:
    """The best grade that a score reaches; the last one needs nothing."""
    return next((grade for grade in grades if score >= grade.reached), grades[-1])


def sheet_of(rules: Rules, happenings: Sequence[Happening], volume: Volume) -> Sheet:
    """The sheet of one office or person; what happened stands in order of time."""
    points: dict[str | None, list[Point]] = {}
    for rule in rules.rules:
        found = of_share(rule, volume) if rule.cause in SHARES else of_happenings(rule, happenings)
        points.setdefault(rule.part, []).extend(capped(rule, found))
    measured = {rule.part for rule in rules.rules}
    parts = []
    for part in rules.parts:
        mine = tuple(points.get(part.code, ()))
        score = max(part.floor, part.weight + sum(point.points for point in mine))
        parts.append(PartScore(part, score, part.code in measured, mine))
    bonus = tuple(points.get(None, ()))
    score = max(0, sum(part.score for part in parts) + sum(point.points for point in bonus))
    if rules.most is not None:
        score = min(score, rules.most)
    return Sheet(rules.base, score, grade_of(score, rules.grades), tuple(parts), bonus)


def of_happenings(rule: Rule, happenings: Iterable[Happening]) -> list[Point]:
    """The points of what happened: each one's, or each third one's. What fell stands for itself, with nothing."""
    found: list[Point] = []
    waiting: list[Happening] = []
    for one in happenings:
        if one.cause is not rule.cause or (rule.clocks is not None and one.clock not in rule.clocks):
            continue
        due = rule.points if rule.points is not None else -(one.stated or 0)
        if one.fall is not None:
            found.append(Point(rule.code, rule.cause, 0, due if rule.every == 1 else 0, (one,)))
            continue
        waiting.append(one)
        if len(waiting) == rule.every:
            found.append(Point(rule.code, rule.cause, due, due, tuple(waiting)))
            waiting = []
    return found


def of_share(rule: Rule, volume: Volume) -> list[Point]:
    """The points of a share, if it was reached."""
    ratio = ratio_of(rule, volume)
    if ratio is None or ratio.whole <= 0:
        return []
    hundredth = Fraction(ratio.part * 100, ratio.whole)
    if hundredth < rule.reached or ratio.part <= 0:
        return []
    times = int((hundredth - rule.reached) // rule.further) if rule.further else 0
    due = (rule.points or 0) + times * rule.further_points
    return [Point(rule.code, rule.cause, due, due, (), ratio)]


def ratio_of(rule: Rule, volume: Volume) -> Ratio | None:
    """The share that a rule speaks of. Limits are never compared across units: the unit that was cut least decides."""
    match rule.cause:
        case Cause.EARLY_SHARE:
            kinds = rule.clocks or {"statutory"}
            return Ratio(sum(volume.early[kind] for kind in kinds), volume.closed)
        case Cause.PROMISE_CUT:
            cuts = [Ratio(whole - part, whole, unit) for unit, (whole, part) in sorted(volume.limits.items()) if whole]
            return min(cuts, key=least_first, default=None)
        case _:
            return Ratio(len(volume.late_entries), volume.closed)


def least_first(ratio: Ratio) -> Fraction:
    """By how much was reached."""
    return Fraction(ratio.part, ratio.whole)


def capped(rule: Rule, found: Iterable[Point]) -> list[Point]:
    """The points of a rule, none beyond the most that it brings or costs in a month."""
    if rule.most is None:
        return list(found)
    left, kept = rule.most, []
    for point in found:
        counts = max(-left, min(left, point.points))
        left -= abs(counts)
        kept.append(point._replace(points=counts))
    return kept
