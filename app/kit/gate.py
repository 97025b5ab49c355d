"""The gate of the embedded database: one writer at a time, within the process and among processes."""

import asyncio
import errno
import fcntl
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from app.kit.faults import Busy

__all__ = ["WAIT_FOR_GATE", "WriteGate"]

WAIT_FOR_GATE: Final = 5.0


class WriteGate:
    """One writer of a SQLite file at a time: first within the process, then among processes; none waits in the engine.

    The second file is a turnstile, held by who waits for the first: a busy server cannot shut out a command beside it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = asyncio.Lock()
        self._owner = self._turn = -1

    def _open(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._owner = os.open(f"{self._path}.owner", flags, 0o600)
        self._turn = os.open(f"{self._path}.next", flags, 0o600)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(WAIT_FOR_GATE):
                await self._lock.acquire()
                try:
                    await self._take()
                except BaseException:
                    self._lock.release()
                    raise
        except TimeoutError:
            raise Busy("the database is being written to") from None
        try:
            yield
        finally:
            fcntl.flock(self._owner, fcntl.LOCK_UN)
            self._lock.release()

    async def _take(self) -> None:
        if self._owner < 0:
            self._open()
        await _locked(self._turn)
        try:
            await _locked(self._owner)
        finally:
            fcntl.flock(self._turn, fcntl.LOCK_UN)

    def close(self) -> None:
        for descriptor in (self._owner, self._turn):
            if descriptor >= 0:
                os.close(descriptor)
        self._owner = self._turn = -1


async def _locked(descriptor: int) -> None:
    for attempt in itertools.count():
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES, errno.EINTR):
                raise
            await asyncio.sleep(min(0.002 * (1 + attempt), 0.02))
        else:
            return
