"""One ended application under another limit: kept or late, and the smallest limit that it would have kept.

Every answer is the one engine's: the recorded steps are replayed under the item with that one limit changed. Pure, and
of plain values, so that it travels between processes.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from app.domain.clocks import Clock
from app.domain.course import FINAL_MOMENTS
from app.domain.items import ClockRule, Count, Item, Stage
from app.domain.refusal import Refusal
from app.domain.replay import replay
from app.domain.spans import ClockState
from app.domain.steps import Dossier, Step, StepType
from app.domain.units import Limit, Unit

__all__ = ["Ended", "Figures", "Outcome", "Question", "Tally", "smallest_kept", "tally_of"]

MOST: Final = 10_000
"""No larger limit is tried; none may be published."""


class Outcome(StrEnum):
    """What became of the clock of an ended application."""

    KEPT = "kept"
    LATE = "late"
    VOID = "void"
    """Ended before its due instant by a step that it does not wait for: a withdrawal says nothing of a promise."""
    OPEN = "open"
    """Still running within its limit, or paused: a delivery that is still to come."""
    NOT_STARTED = "not_started"
    ABSENT = "absent"
    """The application had no such clock."""


class Question(NamedTuple):
    """Which clock is asked about, and the limit it would have had."""

    clock: str
    stage: str
    limit: Limit
    counting: Count | None = None
    pauses_for: frozenset[str] | None = None
    starts: str | None = None
    stops: frozenset[str] | None = None
    """The last four stand instead of what the item says; where it has no such clock, it runs from the receipt to the
    decision or a final step."""


class Ended(NamedTuple):
    """An application that was decided or ended, and who held it then."""

    dossier: Dossier
    department: str
    section: str


class Figures(NamedTuple):
    """How many fared how before and after, and which smallest limits they would have kept."""

    moved: Counter[tuple[str, str]]
    """By what it was and what it would have been."""
    needed: Counter[int]
    """By the smallest whole limit kept, of those that a moment stopped which the clock waits for."""

    def add(self, other: "Figures") -> None:
        """Take in the figures of others."""
        self.moved.update(other.moved)
        self.needed.update(other.needed)


class Tally(NamedTuple):
    """The figures of a set of applications by department and section, and the limits that they had."""

    sections: dict[tuple[str, str], Figures]
    limits: Counter[tuple[int, str] | None]
    """None: an end fixed for the one application, or no such clock."""
    left_out: int = 0
    """Applications with an extension in another unit, which counts nothing here."""

    def plus(self, other: "Tally") -> "Tally":
        """Both together."""
        for place, figures in other.sections.items():
            self.sections.setdefault(place, Figures(Counter(), Counter())).add(figures)
        self.limits.update(other.limits)
        return Tally(self.sections, self.limits, self.left_out + other.left_out)


def smallest_kept(needed: Mapping[int, int], per_thousand: int) -> int | None:
    """The smallest limit that so many in a thousand would have kept: 950 of a thousand are 19 of 20, never 18.

    None where there is nothing to say.
    """
    total = sum(needed.values())
    if not total:
        return None
    wanted = -(-total * per_thousand // 1000)
    kept = 0
    for limit in sorted(needed):
        kept += needed[limit]
        if kept >= wanted:
            return limit
    return None


def tally_of(ended: Sequence[Ended], question: Question, at: datetime) -> Tally:
    """A set of applications, each as it was and as it would have been, seen at `at`."""
    desk = _Desk(question, at)
    tally = Tally({}, Counter())
    left_out = 0
    for one in ended:
        trial = desk.trial(one.dossier)
        figures = tally.sections.setdefault((one.department, one.section), Figures(Counter(), Counter()))
        before, limit = desk.as_it_was(one.dossier)
        after, needed = desk.as_it_would_be(trial)
        figures.moved[before, after] += 1
        if needed is not None:
            figures.needed[needed] += 1
        tally.limits[limit] += 1
        left_out += trial.left_out
    return Tally(tally.sections, tally.limits, left_out)


class _Trial(NamedTuple):
    """An application as it would have been put: steps without the fixed end, extensions apart."""

    dossier: Dossier
    extensions: tuple[Step, ...]
    left_out: bool


class _Desk:
    """Judges applications of one question; an item under a limit is made once."""

    def __init__(self, question: Question, at: datetime) -> None:
        self.question = question
        self.at = at
        self.least = 0 if question.limit.unit in (Unit.WORKING_DAY, Unit.CALENDAR_DAY) else 1
        self.items: dict[tuple[int, int], tuple[Item, Item]] = {}

    def as_it_was(self, dossier: Dossier) -> tuple[Outcome, tuple[int, str] | None]:
        clocks = self._clocks(dossier)
        limit = next((clock.limit for clock in clocks if clock.limit is not None), None)
        fixed = any(end.clock == self.question.clock for step in dossier.steps for end in step.fixed_due)
        return _worst(clocks), None if limit is None or fixed else (limit.amount, str(limit.unit))

    def as_it_would_be(self, trial: _Trial) -> tuple[Outcome, int | None]:
        """What would have become of the clock, and the smallest limit kept if a moment stopped it that it waits for."""
        asked = self.question.limit.amount
        clocks = self._under(trial, asked)
        outcome = _worst(clocks)
        if outcome not in (Outcome.KEPT, Outcome.LATE):
            return outcome, None
        known: dict[int, Outcome] = {asked: outcome}

        def fares(amount: int) -> Outcome:
            if amount not in known:
                known[amount] = _worst(self._under(trial, amount))
            return known[amount]

        used = max((clock.used for clock in clocks), default=0)
        guess = used // 31 if self.question.limit.unit is Unit.MONTH else used
        try:
            return outcome, self._smallest(fares, max(self.least, min(guess, MOST)))
        except Refusal:  # past the last year that is reckoned: no limit is long enough
            return outcome, None

    def _smallest(self, fares: Callable[[int], Outcome], guess: int) -> int | None:
        """The smallest limit that is not late; the guess is nearly always it, or a rest day away."""
        step = 1
        if fares(guess) is Outcome.LATE:
            late, kept = guess, min(guess + 1, MOST)
            while fares(kept) is Outcome.LATE:
                if kept >= MOST:
                    return None
                step *= 2
                late, kept = kept, min(kept + step, MOST)
        else:
            late, kept = guess - 1, guess
            while late >= self.least and fares(late) is not Outcome.LATE:
                step *= 2
                late, kept = max(late - step, self.least - 1), late
        while kept - late > 1:
            between = (late + kept) // 2
            if fares(between) is Outcome.LATE:
                late = between
            else:
                kept = between
        return kept if fares(kept) is Outcome.KEPT else None

    def trial(self, dossier: Dossier) -> _Trial:
        """The application without its fixed end and without the extensions, which are put in again one by one."""
        question = self.question
        steps: list[Step] = []
        extensions: list[Step] = []
        for step in dossier.steps:
            if step.type is StepType.EXTEND and step.clock == question.clock and step.stage == question.stage:
                extensions.append(step)
            elif any(end.clock == question.clock for end in step.fixed_due):
                kept = tuple(end for end in step.fixed_due if end.clock != question.clock)
                steps.append(replace(step, fixed_due=kept))
            else:
                steps.append(step)
        rule = _rule_of(dossier.item, question)
        same = rule is not None and rule.limit is not None and rule.limit.unit is question.limit.unit
        without = replace(dossier, steps=tuple(steps), amendments=(), recorded=())  # those that hold
        return _Trial(without, tuple(extensions) if same else (), bool(extensions) and not same)

    def _under(self, trial: _Trial, amount: int) -> list[Clock]:
        """The clock under a limit; an extension that would have come after its end is void.

        行政许可法 第四十二条.
        """
        dossier = replace(trial.dossier, item=self._item(trial.dossier.item, amount))
        for step in trial.extensions:
            running = replay(dossier, step.at).clocks
            if any(_is_open(clock) for clock in running if self._is_asked(clock)):
                dossier = dossier.with_step(step)
        return self._clocks(dossier)

    def _clocks(self, dossier: Dossier) -> list[Clock]:
        return [clock for clock in replay(dossier, self.at).clocks if self._is_asked(clock)]

    def _is_asked(self, clock: Clock) -> bool:
        return clock.stage == self.question.stage and (bool(clock.stage) or clock.kind == self.question.clock)

    def _item(self, item: Item, amount: int) -> Item:
        known = self.items.get((id(item), amount))
        if known is None:  # the item is kept beside it, so that its id names no other one
            known = self.items[id(item), amount] = item, _item_under(item, self.question, amount)
        return known[1]


def _rule_of(item: Item, question: Question) -> ClockRule | None:
    if question.stage:
        stage = item.by_stage.get(question.stage)
        return None if stage is None else stage.clock
    return next((rule for rule in item.clocks if rule.kind == question.clock), None)


def _item_under(item: Item, question: Question, amount: int) -> Item:
    """The item with the one limit changed."""
    limit = Limit(amount, question.limit.unit)
    known = _rule_of(item, question)
    rule = _put(known, question, limit)
    clocks, stages = item.clocks, item.stages
    if question.stage:
        stages = tuple(_stage_under(stage, rule) for stage in stages)
    elif known is None:
        clocks = (*clocks, rule)
    else:
        clocks = tuple(rule if one is known else one for one in clocks)
    return replace(item, clocks=clocks, stages=stages)


def _stage_under(stage: Stage, rule: ClockRule) -> Stage:
    return replace(stage, clock=rule) if stage.code == rule.stage else stage


def _put(known: ClockRule | None, question: Question, limit: Limit) -> ClockRule:
    """The rule under the limit: its own where it counts in the same unit, else counted as that unit is by default."""
    if known is None:
        known = ClockRule(
            "stage" if question.stage else question.clock,
            f"started:{question.stage}" if question.stage else "received",
            frozenset({f"completed:{question.stage}"}) if question.stage else FINAL_MOMENTS | {"decided"},
            None,
            Count.default(limit.unit),
            stage=question.stage,
        )
    own = known.limit is None or known.limit.unit is limit.unit
    return replace(
        known,
        limit=limit,
        count=question.counting or (known.count if own else Count.default(limit.unit)),
        pauses_for=known.pauses_for if question.pauses_for is None else question.pauses_for,
        starts=question.starts or known.starts,
        stops=question.stops or known.stops,
    )


def _is_open(clock: Clock) -> bool:
    return clock.state in (ClockState.RUNNING, ClockState.PAUSED) and clock.overdue_since is None


_OUTCOMES = {
    ClockState.MET: Outcome.KEPT,
    ClockState.MISSED: Outcome.LATE,
    ClockState.VOID: Outcome.VOID,
    ClockState.NOT_STARTED: Outcome.NOT_STARTED,
}
_ORDER = (Outcome.LATE, Outcome.OPEN, Outcome.KEPT, Outcome.VOID, Outcome.NOT_STARTED)


def _worst(clocks: Iterable[Clock]) -> Outcome:
    """A stage that was begun again has several clocks: one that was late makes the application late."""
    found = {_outcome(clock) for clock in clocks}
    return next((outcome for outcome in _ORDER if outcome in found), Outcome.ABSENT)


def _outcome(clock: Clock) -> Outcome:
    known = _OUTCOMES.get(clock.state)
    if known is not None:
        return known
    return Outcome.OPEN if clock.overdue_since is None else Outcome.LATE
