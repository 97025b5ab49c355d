"""Known-bad builds of the service, which exist to show that the oracle finds what they do; see test_known_bad.py.

`unlocked`: nothing is locked, neither rows nor the gate of the SQLite file. `keyless`: so, and a conflict on an alarm's
key is not looked for. `halved`: a sweep commits as soon as it has written its alarms, and then does what follows from
them. `early`: a request is answered before its transaction is committed.
"""

import asyncio
import fcntl
import os
import re
import time
from typing import Any

import asyncpg
from sqlalchemy import Engine, event
from sqlalchemy.util import await_only

from app.kit import once
from app.kit.service import Service

__all__ = ["BAD_BUILD", "make_bad"]

BAD_BUILD = "SHIXIAN_TEST_BAD_BUILD"
"""Names the build."""
LOCK = re.compile(r"\s+FOR (NO KEY )?UPDATE( OF \w+)?( SKIP LOCKED| NOWAIT)?")
CONFLICT = re.compile(r"\s+ON CONFLICT(\s*\([^)]*\))? DO NOTHING")
PAUSE_SECONDS = 0.05
"""Between looking and writing: widens the race, as in every control arm."""
LONG_SECONDS = 4.0
"""Between the two halves of what belongs together: whoever kills has time to."""


def make_bad() -> None:
    """Make this process one of the build that the environment names."""
    match os.environ[BAD_BUILD]:
        case "halved":
            event.listen(Engine, "after_cursor_execute", halve)
        case "early":
            once._run = answer_early
        case _:
            unlock()


def halve(connection: Any, cursor: Any, statement: str, *_: object) -> None:  # the driver's own types
    """Commit after the alarms; orders and messages come after a pause."""
    if not statement.startswith("INSERT INTO alarms"):
        return
    if connection.dialect.name == "sqlite":
        cursor.execute("COMMIT")
        time.sleep(LONG_SECONDS)
        cursor.execute("BEGIN IMMEDIATE")
        return
    adapted = connection.connection.dbapi_connection
    await_only(adapted._transaction.commit())
    adapted._transaction = None
    time.sleep(LONG_SECONDS)
    await_only(adapted._start_transaction())


_late: set[asyncio.Task[None]] = set()


async def answer_early(service: Service, act: once.Act) -> once.Answer:
    """Instead of `once._run`: what was done is answered, and committed a while later."""
    answered: asyncio.Future[once.Answer] = asyncio.get_running_loop().create_future()

    async def commit_later() -> None:
        try:
            async with service.db.transaction() as tx:
                answered.set_result(await act(tx, service.now.now()))
                await asyncio.sleep(LONG_SECONDS)
        except Exception as error:
            if answered.done():
                raise
            answered.set_exception(error)

    task = asyncio.create_task(commit_later())
    _late.add(task)
    task.add_done_callback(_late.discard)
    return await answered


def unlock() -> None:
    """Let every engine and connection of this process send weakened statements, and let no file be locked."""
    event.listen(Engine, "before_cursor_execute", weaken, retval=True)
    fcntl.flock = lock_nothing
    prepare = asyncpg.Connection._get_statement

    async def prepare_weakened(
        self: asyncpg.Connection, query: str, *others: Any, **more: Any
    ) -> Any:  # its own affair
        return await prepare(self, LOCK.sub("", query), *others, **more)

    asyncpg.Connection._get_statement = prepare_weakened


def lock_nothing(_file: object, _operation: int, /) -> None:
    """Instead of `flock`."""


def weaken(
    _connection: object, _cursor: object, statement: str, parameters: Any, _context: object, _many: bool
) -> tuple[str, Any]:  # the parameters are whatever the driver takes
    """An alarm's insertion without its look for a conflict, a transaction of SQLite that is none."""
    if statement.lstrip().startswith("INSERT INTO alarms"):
        time.sleep(PAUSE_SECONDS)
        if os.environ[BAD_BUILD] == "keyless":
            statement = CONFLICT.sub("", statement)
    if statement.lstrip().startswith("BEGIN IMMEDIATE"):
        statement = "SELECT 1"
    return statement, parameters
