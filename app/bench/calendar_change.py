"""P10: a calendar changes under all open applications, tried and then applied, while clerks go on recording steps."""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import ADMIN_KEY, Actor
from app.access.roles import EVERY
from app.applications.models import Application
from app.applications.record import Asked, record_step
from app.applications.step_schemas import BY_TYPE
from app.bench.load import quantile
from app.bench.measure import Figure, Goal, Result
from app.bench.trial import Trial
from app.calendar_changes.carry import carry_apart
from app.calendar_changes.change import add_edition, edition_run, try_edition
from app.calendar_changes.models import ChangeMove
from app.calendar_changes.queries import Run, run_of
from app.calendars import catalogue
from app.calendars.schemas import EditionIn
from app.kit.service import Service
from app.kit.settings import load_settings

__all__ = [
    "ACTOR",
    "Locks",
    "Writers",
    "apply_edition",
    "carried",
    "days_off",
    "measure",
    "moves_of",
    "own_environment",
    "try_out",
    "writing",
]

WRITERS: Final = 8
PAUSE: Final = 0.01
"""Seconds that a writer rests after each step."""
BEFORE: Final = 5.0
"""Seconds of steps before the change, to hold those beside it against."""
ACTOR: Final = Actor(ADMIN_KEY, EVERY, name="乙（虚构）")
CALENDAR: Final = "CN"
LIMIT: Final = 0.1
"""Seconds for which no writer is to be blocked."""

ROW = select(Application.number).where(Application.number == bindparam("number"))
TAKE_IF_FREE: Final = ROW.with_for_update(key_share=True, skip_locked=True)
TAKE: Final = ROW.with_for_update(key_share=True)


@dataclass(slots=True)
class Writers:
    """Clerks at work: how long each step took them, and for which application it was acknowledged."""

    seconds: list[float] = field(default_factory=list)
    locked: list[float] = field(default_factory=list)
    """How long each step waited because another held the row of its application; 0 where nobody did."""
    recorded: list[str] = field(default_factory=list)
    stopping: bool = False

    def milliseconds(self, share: float, since: int = 0, until: int | None = None) -> float:
        """The time that this share of the steps between two places did not exceed."""
        return 1000 * quantile(self.seconds[since:until], share)

    def locks(self, since: int = 0) -> "Locks":
        """What the steps from a place on waited for."""
        slow = [locked for took, locked in zip(self.seconds[since:], self.locked[since:], strict=True) if took > LIMIT]
        waits = [locked for locked in self.locked[since:] if locked]
        return Locks(
            len(self.seconds) - since,
            len(waits),
            1000 * max(waits, default=0.0),
            len(slow),
            sum(locked > LIMIT / 2 for locked in slow),
        )


class Locks(NamedTuple):
    """How many steps there were, how many found their application locked, the longest wait for that in milliseconds.

    And how many took longer than the limit, and in how many of those that wait was at least half of the limit: the rest
    waited for a processor or a disk.
    """

    steps: int
    found_locked: int
    longest: float
    slow: int
    slow_by_locks: int

    def __str__(self) -> str:
        return (
            f"Of {self.steps:,} steps {self.found_locked:,} found their application locked, for {self.longest:.1f} ms "
            f"at most; {self.slow:,} took longer than {1000 * LIMIT:.0f} ms, {self.slow_by_locks:,} of them for a lock."
        )


def days_off(service: Service) -> EditionIn:
    """An edition published today that takes three of the coming working days away: 4 to 6 working days ahead."""
    calendar = catalogue.newest(CALENDAR)
    now = service.now.now()
    today = calendar.day_of(now)
    days = [calendar.nth(today, ahead) for ahead in (4, 5, 6)]
    midnight = calendar.midnight(today)
    return EditionIn.model_validate(
        {
            "document": "测发〔2026〕1号（虚构）",
            "title": "关于临时放假三天的通知（虚构）",
            "published_at": calendar.local(midnight).date().isoformat(),
            "holidays": [calendar.local(calendar.midnight(day)).date().isoformat() for day in days],
            "workdays": [],
            "approver": "丁（虚构）",
        }
    )


async def try_out(service: Service, edition: EditionIn) -> str:
    """Begin a dry run; its id."""
    async with service.db.transaction() as tx:
        return await try_edition(tx, ACTOR, CALENDAR, edition, now=service.now.now())


async def apply_edition(service: Service, edition: EditionIn) -> str:
    """Record an edition; the id of the run that applies it."""
    async with service.db.transaction() as tx:
        published = await add_edition(tx, ACTOR, CALENDAR, edition, now=service.now.now())
    return edition_run(CALENDAR, published.number)


def own_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that works on the office, with nothing of whoever measures."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SHIXIAN_")}
    return inherited | dict(settings)


def start_carrying(environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """A process of its own that carries every change on to its end, as a child of the server does."""
    command = [sys.executable, "-m", "app.bench.calendar_change"]
    return subprocess.Popen(command, env=dict(environment), stdin=subprocess.DEVNULL)  # noqa: S603  this program


async def carried(service: Service, environment: dict[str, str], run: str) -> Run:
    """Let a process of its own carry a run to its end."""
    child = start_carrying(environment)
    try:
        while True:
            async with service.db.read() as tx:
                state = await run_of(tx, run)
            if state is not None and state.finished_at is not None:
                if state.failed:
                    raise RuntimeError(state.failed)
                return state
            if child.poll() not in (None, 0):
                raise RuntimeError(f"what carries the change ended with {child.returncode}")
            await asyncio.sleep(0.05)
    finally:
        child.kill()
        child.wait()


async def moves_of(service: Service, run: str) -> list[tuple[Any, ...]]:
    """What a run told of each clock, in the order of the applications."""
    columns = [column for column in ChangeMove.__table__.c if column.name not in ("run", "place")]
    async with service.db.read() as tx:
        rows = await tx.execute(select(*columns).where(ChangeMove.run == run).order_by(ChangeMove.place))
    return [tuple(row) for row in rows]


async def waited_for(tx: AsyncConnection, number: str) -> float:
    """Take the row of an application; the seconds waited for it where another held it, else 0.

    What a step takes beside that goes to the processors and the disk, which the change shares with the clerks.
    """
    if (await tx.execute(TAKE_IF_FREE, {"number": number})).first() is not None:
        return 0.0
    begun = time.perf_counter()
    await tx.execute(TAKE, {"number": number})
    return time.perf_counter() - begun


@asynccontextmanager
async def writing(service: Service, numbers: Sequence[str], writers: int = WRITERS) -> AsyncIterator[Writers]:
    """Clerks who hand applications on while the block runs, each step in a transaction of its own."""
    at_work = Writers()
    step = BY_TYPE["assign"].model_validate({"type": "assign", "section": "s1", "officer": "o11"})

    async def work(place: int) -> None:
        chance = random.Random(place)  # noqa: S311  whose turn it is
        while not at_work.stopping:
            number = chance.choice(numbers)
            begun = time.perf_counter()
            async with service.db.transaction() as tx:
                locked = await waited_for(tx, number)
                await record_step(tx, ACTOR, number, Asked(step), sealer=service.sealer, now=service.now.now())
            at_work.seconds.append(time.perf_counter() - begun)
            at_work.locked.append(locked)
            at_work.recorded.append(number)
            await asyncio.sleep(PAUSE)

    tasks = [asyncio.create_task(work(place)) for place in range(writers)]
    try:
        yield at_work
    finally:
        at_work.stopping = True
        await asyncio.gather(*tasks)


async def measure(trial: Trial) -> Result:
    """Once, for a change can be applied once: the dry run by itself, then steps alone, then applying beside them."""
    service = trial.service
    edition = days_off(service)
    environment = own_environment(trial.environment)
    begun = time.perf_counter()
    tried = await carried(service, environment, await try_out(service, edition))
    dry = time.perf_counter() - begun
    async with writing(service, trial.office.numbers) as writers:
        await asyncio.sleep(BEFORE)
        before = len(writers.seconds)
        begun = time.perf_counter()
        applied = await carried(service, environment, await apply_edition(service, edition))
        taken = time.perf_counter() - begun
    alike = await moves_of(service, tried.id) == await moves_of(service, applied.id)
    counts, touched = applied.counts, applied.counts["applications"]
    at_999 = Figure(name="steps beside it, p99.9", unit="ms", values=(writers.milliseconds(0.999, before),))
    locks = writers.locks(before)
    longest = Figure(name="longest wait of a step for a row", unit="ms", values=(locks.longest,))
    dry_run = Figure(name="dry run", unit="s", values=(dry,))
    applying = Figure(name="applying", unit="s", values=(taken,))
    return Result(
        code="P10",
        what="calendar change",
        size=trial.office.size,
        figures=(
            dry_run,
            applying,
            Figure(name="applying, for one touched", unit="ms", values=(1000 * taken / max(1, touched),)),
            at_999,
            longest,
            Figure(name="steps alone, p99.9", unit="ms", values=(writers.milliseconds(0.999, 0, before),)),
        ),
        goals=(
            Goal(dry_run.name, "at most", 60),
            Goal(applying.name, "at most", 300),
            Goal(at_999.name, "at most", 1000 * LIMIT),
            Goal(longest.name, "at most", 1000 * LIMIT),
        ),
        notes=(
            (
                f"An edition that takes three coming working days away: {counts['moves']:,} clocks of {touched:,} "
                f"applications moved; dry run and applying told of {'the same' if alike else 'NOT the same'}. "
                f"{WRITERS} writers recorded {len(writers.seconds) - before:,} steps beside the applying. {locks}"
            ),
        ),
        details={"alike": alike, "counts": counts, "locks": locks._asdict()},
    )


def carry_on() -> None:
    """Carry every change on to its end."""
    settings = load_settings()
    while not carry_apart(settings, timedelta()):
        pass


if __name__ == "__main__":
    carry_on()
