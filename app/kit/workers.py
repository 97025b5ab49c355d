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
    """In a child: leave Ctrl-C and a stop of the whole group to the parent, and end when the parent does.

    A supervisor that stops a service sends its signal to every process of it; a child that obeyed would take away the
    answers which the parent still owes.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True, name="end-with-parent").start()


def _end_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


class Workers:
    """Child processes, started at the first use, never by fork: an open SQLite file would be destroyed by it.

    They live as long as the service does: an executor of Python 3.11 that renews its children after so many tasks is
    left without any when tasks wait at that moment, and all later ones wait for ever (python/cpython#115634).
    """

    def __init__(self, *, processes: int | None = None, waiting: int = 16) -> None:
        self._processes = processes or max(1, min(4, (os.cpu_count() or 2) - 1))
        self._most = self._processes + waiting
        self._taken = 0
        self._pool: ProcessPoolExecutor | None = None
        self._alone = asyncio.Lock()
        self._closed = False

    async def run(self, function: Callable[..., R], *arguments: Any) -> R:  # whatever the function takes
        """What a module's function makes of its arguments, worked out in a child; `Busy` when all places are taken.

        The function must have no effect: when a child dies, all that waited for it is lost with it, and is worked out
        once more, one after the other, each in a child of its own, so that whatever killed the first takes nothing else
        along.
        """
        if self._taken >= self._most:
            raise Busy("too much long work is waiting", retry_after=5)
        self._taken += 1
        try:
            pool = self._started()
            try:
                return await asyncio.get_running_loop().run_in_executor(pool, function, *arguments)
            except BrokenProcessPool:
                self._drop(pool)
            if self._closed:
                raise Busy("the service is stopping", retry_after=5)
            return await self._once_more(function, *arguments)
        finally:
            self._taken -= 1

    async def _once_more(self, function: Callable[..., R], *arguments: Any) -> R:
        async with self._alone:
            pool = _pool_of(1)
            try:
                return await asyncio.get_running_loop().run_in_executor(pool, function, *arguments)
            except BrokenProcessPool:
                raise Busy("a worker died twice of this work; try again with less", retry_after=10) from None
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = _pool_of(self._processes)
        return self._pool

    def _drop(self, broken: ProcessPoolExecutor) -> None:
        """Give up a pool whose child died; one that has taken its place meanwhile is left alone."""
        if self._pool is broken:
            self._pool = None
        broken.shutdown(wait=False, cancel_futures=True)

    async def close(self) -> None:
        """Ends the children; what waits is given up."""
        self._closed = True
        pool, self._pool = self._pool, None
        if pool is None:
            return
        for child in list((pool._processes or {}).values()):
            child.kill()  # the executor itself would wait for a task under way
        await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)


def _pool_of(processes: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"), initializer=_settle_in)
