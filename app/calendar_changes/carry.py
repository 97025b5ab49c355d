"""Carries changes on beside the requests: in a child process, so that the loop that answers polls is never held up."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final
from weakref import WeakKeyDictionary

import structlog

from app.calendar_changes import queries
from app.calendar_changes.walk import Walker
from app.calendars import catalogue
from app.calendars.stored import picture
from app.kit.db import Busy, Database, open_database
from app.kit.now import Now
from app.kit.sealing import Sealer
from app.kit.service import Service
from app.kit.settings import Settings, secret_of
from app.kit.workers import Workers

__all__ = ["carry_apart", "carrying", "wake"]

POLL: Final = 5.0
"""Seconds after which a process looks for changes that another left unfinished."""
SPELL: Final = 5.0
"""Seconds that a child works in one go: then it looks for what else was asked for."""

log = structlog.get_logger("shixian.changes")
_waking: WeakKeyDictionary[Database, asyncio.Event] = WeakKeyDictionary()


def wake(db: Database) -> None:
    """Say that there is something to carry on; nothing happens where this process does not carry."""
    event = _waking.get(db)
    if event is not None:
        event.set()


def carry_apart(settings: Settings, offset: timedelta) -> bool:
    """In a child process: carry changes on for a spell; True when none is left."""
    return asyncio.run(_carry(settings, offset))


async def _carry(settings: Settings, offset: timedelta) -> bool:
    db = open_database(settings)
    try:
        catalogue.forget()
        catalogue.adopt(await db.reading(picture))
        walker = Walker(db, Sealer(secret_of(settings)), Now(offset).now)
        until = time.monotonic() + SPELL
        return await walker.walk(go_on=lambda: time.monotonic() < until)
    finally:
        await db.close()


@asynccontextmanager
async def carrying(service: Service) -> AsyncIterator[None]:
    """Changes are carried on beside whatever the block does."""
    event = _waking[service.db] = asyncio.Event()
    task = asyncio.create_task(_keep_carrying(service, event))
    try:
        yield
    finally:
        _waking.pop(service.db, None)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _until_done(service: Service) -> None:
    """Carry on until nothing is left, in a child of its own: what-if and imports keep theirs."""
    child = Workers(processes=1, waiting=0)
    try:
        while not await child.run(carry_apart, service.settings, service.now.offset):
            pass
    finally:
        await child.close()


async def _keep_carrying(service: Service, event: asyncio.Event) -> None:
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), POLL)
        event.clear()
        try:
            async with service.db.read() as tx:
                waiting = await queries.unfinished(tx)
            if waiting:
                await _until_done(service)
        except (Busy, OSError, TimeoutError) as error:
            log.warning("changes_not_carried_on", error=type(error).__name__, detail=str(error))
        except Exception as error:  # one bad change must not end the carrying of all others
            log.error("changes_not_carried_on", error=type(error).__name__, exc_info=error)
