"""Values that a process keeps from its database, so that it need not ask again, and when they are dropped."""

import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kit.db import after_commit

__all__ = ["Kept"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """What was read of one kind, by key, for each owner: a `Database`, or the pool of a transaction's connection.

    A value lives `seconds` at most (None: for ever, for what never changes) and is dropped when a transaction of this
    process that called `changed` commits. Such a transaction itself neither reads nor fills what is kept: it sees rows
    that may yet be rolled back. None is not kept: what is missing may come at any moment.
    """

    def __init__(self, seconds: float | None, *, most: int = 10_000) -> None:
        self._seconds = seconds
        self._most = most
        self._values: WeakKeyDictionary[object, dict[K, tuple[float, V]]] = WeakKeyDictionary()
        self._changing: WeakSet[Connection] = WeakSet()
        self._generation = 0

    async def get(self, tx: AsyncConnection, key: K, load: Callable[[], Awaitable[V]]) -> V:
        """The value of `key` for the database of `tx`, from `load` when it is not kept."""
        connection = tx.sync_connection
        if connection is None or connection in self._changing:
            return await load()
        return await self.of(connection.engine.pool, key, load)

    async def of(self, owner: object, key: K, load: Callable[[], Awaitable[V]]) -> V:
        """The value of `key` for `owner`, from `load` when it is not kept: needs no connection while it is."""
        values = self._values.setdefault(owner, {})
        kept = values.get(key)
        if kept is not None and (self._seconds is None or time.monotonic() - kept[0] < self._seconds):
            return kept[1]
        generation, since = self._generation, time.monotonic()
        value = await load()
        if value is not None and generation == self._generation:  # else it was changed while it was read
            if len(values) >= self._most:
                values.clear()
            values[key] = (since, value)
        return value

    def changed(self, tx: AsyncConnection) -> None:
        """Tell that `tx` changes what is kept: dropped when `tx` commits; `tx` itself goes to the database."""
        connection = tx.sync_connection
        if connection is not None and connection not in self._changing:
            self._changing.add(connection)
            after_commit(tx, self.forget)

    def forget(self) -> None:
        """Drop all that is kept."""
        self._generation += 1
        self._values.clear()
