"""Death at a chosen point of a write: before a statement that writes, before a commit, or after it and unanswered.

A death raises what no handler of the service catches, cuts the connection off, and lets nothing be written afterwards,
as a kill would. Time and chance are held, so that what is done again does the same to the byte.
"""

import os
import random
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

import app
from app.kit import db as kit_db
from app.kit import now as kit_now
from app.kit.db import Database
from app.kit.now import ClockGate, Readings

__all__ = ["Died", "Point", "Reaper"]

APP = str(Path(app.__file__).parent)
WRITES = frozenset({"INSERT", "UPDATE", "DELETE"})
KIT_DB = f"{APP}/kit/db.py"


class Died(BaseException):
    """The process died here. No `except Exception` catches it, for none would run."""


class Point(NamedTuple):
    """A place to die at."""

    what: str
    """The statement before which it lies, or `commit`, or `committed`: after it, nothing answered yet."""


class Reaper:
    """Counts the points of what a service does, and lets it die at the one that is asked for."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._engines: list[AsyncEngine] = []
        self._dice = random.Random(0)
        self.points: list[Point] = []
        self.commits = 0
        self.sites: set[str] = set()
        """Where transactions were opened, as `app/module.py:function`."""
        self.on_commit: Callable[[], None] | None = None
        self.dies_at: int | None = None
        self.dead = False
        self._counting = False

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """From now on every database that is opened has its points, and time and chance are held."""
        patch.setattr(kit_db, "_set_failpoint", self._watch)
        patch.setattr(kit_db, "_count", self._hot)
        patch.setattr(kit_now, "_process_clock", self._now)
        patch.setattr(ClockGate, "_readings", self._readings)
        patch.setattr(os, "urandom", self._random)
        patch.setattr(random, "_urandom", self._random)
        transaction = Database.transaction

        def opened(database: Database) -> Any:  # a context manager of the service's own
            if self._counting:
                self.sites.add(site_of(sys._getframe(1)))
            return transaction(database)

        patch.setattr(Database, "transaction", opened)

    def begin(self, seed: str, *, dies_at: int | None = None) -> None:
        """Count from here; die at the point with this place. Chance starts from `seed`."""
        self.throw(seed)
        self.points, self.sites = [], set()
        self.commits, self.dies_at = 0, dies_at
        self.dead, self._counting = False, True

    def throw(self, seed: str) -> None:
        """Let chance start from here."""
        self._dice = random.Random(seed)

    def rest(self) -> None:
        """What is done from here is no part of it."""
        self._counting, self.dead = False, False

    def _random(self, size: int, /) -> bytes:
        return self._dice.randbytes(size)

    async def _readings(self, gate: ClockGate, tx: object = None) -> Readings:
        wall = self._now()
        return Readings(wall, wall - datetime.fromisoformat("2020-01-01T00:00:00Z"), "boot", None)

    def _watch(self, engine: AsyncEngine) -> None:
        def before(connection: Any, cursor: object, statement: str, *_: object) -> None:
            if statement.split(None, 1)[0].upper() in WRITES:
                self._reach(" ".join(statement.split()[:3]), connection.connection.dbapi_connection)

        dialect: Any = engine.sync_engine.dialect
        commit = dialect.do_commit

        def do_commit(connection: Any) -> None:
            self._reach("commit", connection)
            commit(connection)
            if self._counting:
                self.commits += 1
                if self.on_commit is not None:
                    self.on_commit()
            self._reach("committed", connection)

        event.listen(engine.sync_engine, "before_cursor_execute", before)
        dialect.do_commit = do_commit

    def _hot(self, writes: bool) -> None:
        if writes:
            self._reach("a hot statement", None)

    def _reach(self, what: str, connection: Any) -> None:
        if not self._counting:
            return
        if self.dead:
            raise Died
        self.points.append(Point(what))
        if self.dies_at == len(self.points) - 1:
            self.dead = True
            cut(connection)
            raise Died


def cut(connection: Any) -> None:
    """Hang up without a word, as the end of a process would."""
    driver = getattr(connection, "driver_connection", None)
    with suppress(AttributeError):  # SQLite has nobody to hang up on
        driver.terminate()  # type: ignore[union-attr]


def site_of(frame: FrameType | None) -> str:
    """The function of the service that opens a transaction."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(APP) and file != KIT_DB:
            return f"app{file.removeprefix(APP)}:{frame.f_code.co_qualname}"
        frame = frame.f_back
    return ""
