"""A bounded place for work that takes the processor for long, so that the loop that answers polls is never held up."""

import asyncio
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from app.kit.faults import Busy

__all__ = ["Workers"]

R = TypeVar("R")


def _settle_in() -> None:
    """In a child: leave Ctrl-C to the parent, and end when the parent does, however it ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True, name="end-with-parent").start()


def _end_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


class Workers:
    """Child processes, started at the first use, never by fork: an open SQLite file would be destroyed by it."""

    def __init__(self, *, processes: int | None = None, waiting: int = 16) -> None:
        self._processes = processes or max(1, min(4, (os.cpu_count() or 2) - 1))
        self._most = self._processes + waiting
        self._taken = 0
        self._pool: ProcessPoolExecutor | None = None

    async def run(self, function: Callable[..., R], *arguments: Any) -> R:  # whatever the function takes
        """What a module's function makes of its arguments, worked out in a child; `Busy` when all places are taken."""
        if self._taken >= self._most:
            raise Busy("too much long work is waiting", retry_after=5)
        self._taken += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._started(), function, *arguments)
        except BrokenProcessPool:
            self._drop()
            raise Busy("a worker died; try again", retry_after=2) from None
        finally:
            self._taken -= 1

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._processes,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_settle_in,
                max_tasks_per_child=1000,
            )
        return self._pool

    def _drop(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    async def close(self) -> None:
        """Ends the children; what waits is given up."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        for child in list((pool._processes or {}).values()):
            child.terminate()  # the executor itself would wait for a task under way
        await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)
