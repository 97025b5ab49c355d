"""A known-bad build of the service: nothing is locked, and at will a conflict on an alarm's key is not looked for.

It exists to show that the oracle finds what racing sweepers then do; see test_known_bad.py. Each database has one
guard more than the unique key: the lock on the application's row, and the gate of the SQLite file. Both are taken away.
"""

import fcntl
import os
import re
import time
from typing import Any

import asyncpg
from sqlalchemy import Engine, event

__all__ = ["BAD_BUILD", "make_bad"]

BAD_BUILD = "SHIXIAN_TEST_BAD_BUILD"
"""`unlocked`: without rows' locks and the gate; `keyless`: without them, and for a table without its unique key."""
LOCK = re.compile(r"\s+FOR (NO KEY )?UPDATE( OF \w+)?( SKIP LOCKED| NOWAIT)?")
CONFLICT = re.compile(r"\s+ON CONFLICT(\s*\([^)]*\))? DO NOTHING")
PAUSE_SECONDS = 0.05
"""Between looking and writing: widens the race, as in every control arm."""


def make_bad() -> None:
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
