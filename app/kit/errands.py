"""A bounded place for work that goes on after its request was answered."""

import asyncio
from collections.abc import Coroutine
from typing import Final

from app.kit.faults import Busy

__all__ = ["Errands"]

MOST: Final = 4


class Errands:
    """Errands of one process, one at a time in the order of coming; the work tells its outcome itself."""

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    def require_room(self) -> None:
        """`Busy` when so many are waiting that one more would not be begun soon."""
        if len(self._tasks) >= self._most:
            raise Busy("too much long work is waiting", retry_after=30)

    def begin(self, errand: Coroutine[None, None, None]) -> None:
        """Let it be done when its turn comes."""
        task = asyncio.create_task(self._do(errand))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: errand.close())  # one that never began would be missed by nobody

    async def _do(self, errand: Coroutine[None, None, None]) -> None:
        async with self._turn:
            await errand

    async def close(self) -> None:
        """Gives up what is under way and what waits."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
