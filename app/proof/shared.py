"""A verification by several processes: each walks parts of the applications, this one looks at the rest meanwhile."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, NamedTuple, TypeVar

from app.applications.chains import ALL, Numbers
from app.applications.verify import Verdict
from app.calendars.watch import watching
from app.kit.db import Database, open_database
from app.kit.sealing import Sealer
from app.kit.settings import Settings, secret_of
from app.kit.workers import Workers
from app.proof.verify import Asked, Found, verify_all, verify_beside, verify_part

__all__ = ["verify_alone", "verify_shared"]

T = TypeVar("T")

NICE: Final = 10
PARTS: Final = 16
"""Parts for each process: so that none has much left when the others are done, and somebody who waits sees it move."""


class Part(NamedTuple):
    """What one process is to do."""

    settings: Settings
    numbers: Numbers
    record_only: bool


async def verify_shared(
    settings: Settings,
    database: Database,
    sealer: Sealer,
    asked: Asked,
    *,
    jobs: int,
    tell: Callable[[int], None] | None = None,
) -> Verdict:
    """Every layer, the applications shared among `jobs` processes.

    Each part is read in a snapshot of its own; an application, and each layer but theirs, lies in one.
    """
    parts = [Part(settings, numbers, asked.record_only) for numbers in ALL.shared(jobs * PARTS)]
    workers = Workers(processes=jobs, waiting=len(parts))
    seen = 0

    async def one(part: Part) -> Found:
        nonlocal seen
        found = await workers.run(walk_part, part)
        seen += found.verdict.applications
        if tell is not None:
            tell(seen)
        return found

    try:
        async with asyncio.TaskGroup() as group:
            walked = [group.create_task(one(part)) for part in parts]
            beside = group.create_task(verify_beside(database, sealer, asked))
    except* Exception as several:
        raise several.exceptions[0] from several
    finally:
        await workers.close()
    return together([*(task.result() for task in walked), beside.result()])


async def verify_alone(settings: Settings, asked: Asked) -> Verdict:
    """Every layer, in one child: so that who answers requests beside it is not held up."""
    workers = Workers(processes=1, waiting=0)
    try:
        return await workers.run(walk_all, settings, asked)
    finally:
        await workers.close()


def walk_part(part: Part) -> Found:
    """In a child: the applications of one part."""

    async def act(database: Database, sealer: Sealer) -> Found:
        return await verify_part(database, sealer, part.numbers, record_only=part.record_only)

    return asyncio.run(on_database(part.settings, act))


def walk_all(settings: Settings, asked: Asked) -> Verdict:
    """In a child, behind everything else that the machine has to do: every layer."""
    os.nice(NICE)

    async def act(database: Database, sealer: Sealer) -> Verdict:
        return await verify_all(database, sealer, asked)

    return asyncio.run(on_database(settings, act))


async def on_database(settings: Settings, act: Callable[[Database, Sealer], Awaitable[T]]) -> T:
    """What an act on the database of the settings answers, in a process that has nothing open yet."""
    database = open_database(settings)
    try:
        async with watching(settings, database):
            return await act(database, Sealer(secret_of(settings)))
    finally:
        await database.close()


def together(found: Iterable[Found]) -> Verdict:
    """One verdict of several; what two of them found of one application counts once."""
    whole = Verdict(0, 0, 0, None)
    broken: set[str] = set()
    for one in found:
        verdict = one.verdict
        broken |= one.broken
        whole = Verdict(
            whole.applications + verdict.applications,
            whole.events + verdict.events,
            len(broken),
            whole.first or verdict.first,
            whole.orders + verdict.orders,
            whole.order_events + verdict.order_events,
            whole.rules + verdict.rules,
            whole.checkpoints + verdict.checkpoints,
            whole.is_cut_short or verdict.is_cut_short,
        )
    return whole
