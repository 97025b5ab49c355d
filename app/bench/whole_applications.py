"""P9: a whole application, four clocks, six steps, a pause, to states, lights and dates."""

import random
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

from app.bench.measure import Figure, Goal, Result, in_turns
from app.bench.trial import Plan
from app.bench.working_days import repeated
from app.calendars import catalogue
from app.domain.calendar import Calendar
from app.domain.items import ClockRule, Count, Extension, Item
from app.domain.replay import replay
from app.domain.steps import Dossier, Step, StepType
from app.domain.units import Limit, Unit

__all__ = ["measure"]

DOSSIERS: Final = 2_000
FIRST, LAST = date(2009, 1, 1).toordinal(), date(2025, 6, 30).toordinal()
GROUNDS: Final = frozenset({"hearing", "expert_review"})
DECISION: Final = frozenset({"decided", "withdrawn", "terminated"})


def measure(plan: Plan) -> Result:
    """Replayed one by one at instants by chance; and once more with an extension, which is reckoned the longer way."""
    chance = random.Random(9)  # noqa: S311  the same dossiers each time
    calendar = catalogue.newest("CN")
    usual = [dossier(calendar, chance, extended=False) for _ in range(DOSSIERS)]
    extended = [dossier(calendar, chance, extended=True) for _ in range(DOSSIERS)]
    found = in_turns(
        {"usual": repeated(read(usual), plan.seconds), "extended": repeated(read(extended), plan.seconds)}, plan.rounds
    )
    rate = Figure(name="whole applications", unit="/s", values=tuple(found["usual"]))
    return Result(
        code="P9",
        what="whole application",
        size=None,
        figures=(
            rate,
            Figure(name="with an extension instead of a stage", unit="/s", values=tuple(found["extended"])),
        ),
        goals=(Goal(rate.name, "at least", 40_000),),
        notes=(
            (
                f"{DOSSIERS:,} dossiers with days of their own, `domain.replay.replay` at an instant by chance: "
                "status, holder, and of four clocks state, light, used, remaining, overdue, due instant, warnings. One "
                "core, one call a time, in seconds of the processor."
            ),
        ),
    )


def read(dossiers: list[tuple[Dossier, datetime]]) -> Callable[[], float]:
    """All of them once."""

    def run() -> float:
        begun = time.thread_time()
        for one, at in dossiers:
            replay(one, at)
        return len(dossiers) / (time.thread_time() - begun)

    return run


def item() -> Item:
    """Notice, promise, statutory limit, delivery."""
    working, calendar_days = Unit.WORKING_DAY, Unit.CALENDAR_DAY

    def rule(kind: str, starts: str, stops: frozenset[str], limit: Limit, *, pausing: bool) -> ClockRule:
        return ClockRule(
            kind,
            starts,
            stops,
            limit,
            Count.default(limit.unit),
            pauses_for=GROUNDS if pausing else frozenset(),
            extension=Extension(10, 1) if pausing else None,
        )

    return Item.build(
        "bench",
        1,
        "B0",
        clocks=(
            rule("notice", "received", frozenset({"accepted", "refused"}), Limit(5, working), pausing=False),
            rule("promise", "accepted", DECISION, Limit(10, working), pausing=True),
            rule("statutory", "accepted", DECISION, Limit(60, calendar_days), pausing=True),
            rule("delivery", "decided", frozenset({"delivered"}), Limit(10, working), pausing=False),
        ),
    )


ITEM: Final = item()


def dossier(calendar: Calendar, chance: random.Random, *, extended: bool) -> tuple[Dossier, datetime]:
    """Six steps with a pause among them, and an instant at which they are read."""
    received = chance.randint(FIRST, LAST)
    seq = 0

    def step(kind: StepType, after: int, *, ground: str = "", clock: str = "", amount: int = 0) -> Step:
        nonlocal seq
        seq += 1
        at = calendar.midnight(calendar.nth(received, after)) + timedelta(hours=9, seconds=chance.randrange(20_000))
        department = "B0" if kind is StepType.RECEIVE else None
        return Step(
            type=kind, at=at, seq=seq, id=f"b.{seq}", ground=ground, clock=clock, amount=amount, department=department
        )

    pause, back = chance.randint(2, 6), chance.randint(8, 14)
    steps = [
        step(StepType.RECEIVE, 0),
        step(StepType.ACCEPT, 1),
        step(StepType.PAUSE, pause, ground="hearing"),
        step(StepType.RESUME, back),
        step(StepType.EXTEND, back + 1, clock="promise", amount=5) if extended else step(StepType.DECIDE, back + 3),
        step(StepType.DECIDE, back + 5) if extended else step(StepType.DELIVER, back + 6),
    ]
    return Dossier(ITEM, calendar, tuple(steps)), calendar.midnight(received + chance.randint(1, 60))
