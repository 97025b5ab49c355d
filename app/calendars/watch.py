"""Keeps a process's picture of the calendars as new as the database's: within a second, or at once."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog

from app.calendars import catalogue
from app.calendars.known import Known
from app.calendars.stored import newest_serial, picture
from app.kit.db import Busy, Database, Unavailable, open_database
from app.kit.settings import Settings

__all__ = ["BOUND", "refresh", "watching"]

BOUND: Final = 1.0
"""Seconds between two looks: so long at most a process receives by a calendar that another has just changed."""
PATIENCE: Final = 10.0

log = structlog.get_logger("shixian.calendars")


async def refresh(db: Database) -> None:
    """Look once, and read all calendars anew when an edition was added."""
    if await newest_serial(db) > catalogue.known().serial:
        catalogue.adopt(await db.reading(picture))


@asynccontextmanager
async def watching(settings: Settings, db: Database) -> AsyncIterator[None]:
    """The calendars of a database beside whatever the block does."""
    catalogue.forget()
    await refresh(db)
    catalogue.look_again_by(lambda: _read_apart(settings))
    task = asyncio.create_task(_keep_looking(db))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        catalogue.look_again_by(None)


async def _keep_looking(db: Database) -> None:
    while True:
        await asyncio.sleep(BOUND)
        try:
            await refresh(db)
        except (Busy, Unavailable, OSError, TimeoutError) as error:
            log.warning("calendars_not_read", error=type(error).__name__, detail=str(error))


def _read_apart(settings: Settings) -> Known:
    """Read all calendars on a connection of its own, from a thread, while the loop waits.

    It happens once a process when an edition is added, and only where a row of another process comes before the next
    look: the alternative would be an answer that lacks what the row says.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="calendars") as thread:
        return thread.submit(lambda: asyncio.run(_read_once(settings))).result(PATIENCE)


async def _read_once(settings: Settings) -> Known:
    db = open_database(settings)
    try:
        return await db.reading(picture)
    finally:
        await db.close()
