"""The one way to the database: who writes, who reads, where is committed, and what happens when it is busy or gone."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, TypeVar

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.util import greenlet_spawn
from sqlalchemy.util.concurrency import in_greenlet

from app.domain.chain import ALGORITHMS, SHA256
from app.kit.columns import Base
from app.kit.drivers import RAISED, connecting, fault_of, faults, rules
from app.kit.faults import Busy, Clash, Unavailable
from app.kit.gate import WAIT_FOR_GATE, WriteGate
from app.kit.settings import FAILPOINT, Settings, SettingsError, database_address
from app.kit.statements import Hot

__all__ = [
    "Busy",
    "Clash",
    "Database",
    "Unavailable",
    "after_commit",
    "copy_many",
    "driver",
    "execute",
    "execute_many",
    "hash_of_chains",
    "open_database",
    "stream",
]

T = TypeVar("T")

WAIT_FOR_POOL: Final = 3.0
SQLITE_READERS: Final = 4
NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "ncpfs", "afs", "fuse.sshfs"})


# --- database

_after: dict[int, list[Callable[[], None]]] = {}
_drivers: dict[int, Any] = {}
"""The driver's connection of each transaction that writes: to ask for it anew costs half as much as a statement."""


def after_commit(tx: AsyncConnection, callback: Callable[[], None]) -> None:
    """Have `callback` run once the transaction is committed; it never runs when it is rolled back."""
    _after[id(tx)].append(callback)


async def driver(
    tx: AsyncConnection,
) -> Any:  # asyncpg.Connection or aiosqlite.Connection: two drivers without a common type
    """The driver's own connection of `tx`, for hot statements.

    With asyncpg the transaction begins with the first Core statement; what ran on the driver before it would be
    committed by itself and survive a rollback. So it is begun here.
    """
    known = _drivers.get(id(tx))
    if known is not None:
        return known
    adapted: Any = (await tx.get_raw_connection()).dbapi_connection
    if tx.dialect.name == "postgresql" and adapted._transaction is None:
        await adapted._start_transaction()
    if id(tx) in _after:
        _drivers[id(tx)] = adapted.driver_connection
    return adapted.driver_connection


async def execute(tx: AsyncConnection, hot: Hot, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
    """Runs a hot statement on the driver's connection within the transaction of `tx`; the rows it returns, if any."""
    connection = await driver(tx)
    form = hot.form(tx.dialect)
    _count(form.writes)
    with faults(), rules(form.sql):
        if tx.dialect.name == "postgresql":
            return form.read(await connection.fetch(form.sql, *form.arguments(values)))
        return form.read(list(await connection.execute_fetchall(form.sql, form.arguments(values))))


async def execute_many(tx: AsyncConnection, hot: Hot, rows: Sequence[Mapping[str, Any]]) -> None:
    """Runs a hot statement once for each of `rows` on the driver's connection within the transaction of `tx`."""
    if not rows:
        return
    connection = await driver(tx)
    form = hot.form(tx.dialect)
    _count(form.writes)
    with faults(), rules(form.sql):
        await connection.executemany(form.sql, [form.arguments(values) for values in rows])


async def copy_many(tx: AsyncConnection, hot: Hot, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """As `execute_many` of an insert of whole rows; on PostgreSQL by COPY, which costs a third. No JSON among them."""
    if not rows or tx.dialect.name != "postgresql":
        await execute_many(tx, hot, rows)
        return
    connection = await driver(tx)
    _count(True)
    columns = [*rows[0]]
    records = [tuple(row.values()) for row in rows]
    with faults():
        await connection.copy_records_to_table(table.__tablename__, records=records, columns=columns)


async def stream(
    tx: AsyncConnection, hot: Hot, values: Mapping[str, Any], *, at_once: int
) -> AsyncIterator[Sequence[Sequence[Any]]]:
    """The rows of a hot statement in batches, by a cursor of the driver: for who walks through millions of them."""
    connection = await driver(tx)
    form = hot.form(tx.dialect)
    arguments = form.arguments(values)
    with faults():
        if tx.dialect.name == "postgresql":
            cursor = await connection.cursor(form.sql, *arguments)
            while rows := await cursor.fetch(at_once):
                yield form.read(rows)
            return
        async with connection.execute(form.sql, arguments) as cursor:
            while rows := await cursor.fetchmany(at_once):
                yield form.read(list(rows))


HASH: Final = "shixian_hash"


def hash_of_chains(tx: AsyncConnection) -> int:
    """The algorithm that the settings of this database name for what is chained anew."""
    algorithm: int = tx.engine.sync_engine.get_execution_options().get(HASH, SHA256)
    return algorithm


_PREPARED: Final = "shixian.prepared"
"""Where a pooled connection's record keeps its prepared statements: dropped with the connection."""


class _Idle(Exception):
    """A connection must be made, which needs waiting."""


async def _taken(engine: AsyncEngine, take: Callable[[], T]) -> T:
    """What `take` takes out of the pool of `engine`: an idle connection at once, else where it may be waited for."""
    pool = engine.sync_engine.pool
    if isinstance(pool, AsyncAdaptedQueuePool) and pool.checkedin():
        try:
            return take()
        except _Idle:
            pass  # the idle place held a connection that must be made anew
    return await greenlet_spawn(take)


class _Borrowed:
    """A driver's connection, lent out of SQLAlchemy's pool: an idle one is taken and given back without awaiting.

    Of an idle connection only the pool's record is taken: the proxy that SQLAlchemy lays around it, with its events and
    its finalizer, costs a look-up more than the statement's way through the driver.
    """

    __slots__ = ("_database", "_pool", "_proxy", "_record", "prepared")

    def __init__(self, database: "Database") -> None:
        self._database = database
        self._pool: Any = database.readers.sync_engine.pool  # its hooks for kinds of pools are not in its types
        self._record: Any = None
        self._proxy: Any = None
        self.prepared: dict[str, Any] | None = None
        """The driver's statements that the idle connection has prepared so far, kept with it; the caller adds to it."""

    async def __aenter__(self) -> Any:  # asyncpg.Connection or aiosqlite.Connection
        pool = self._pool
        if isinstance(pool, AsyncAdaptedQueuePool) and pool.checkedin():
            record: Any = pool._do_get()
            with suppress(_Idle):  # the idle place held a connection that must be made anew
                connection = record.get_connection().driver_connection
                if self._database.dialect == "sqlite" or not connection.is_closed():
                    self._record = record
                    self.prepared = record.info.setdefault(_PREPARED, {})
                    return connection
            pool._do_return_conn(record)
        with connecting(self._database.readers):
            self._proxy = await greenlet_spawn(pool.connect)
        return self._proxy.driver_connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        record = self._record
        if record is None:
            if kind is None:
                self._proxy.close()
            else:
                await greenlet_spawn(self._proxy.invalidate)  # what state it is in is unknown
            return
        try:
            if kind is not None:
                await greenlet_spawn(record.invalidate)
        finally:
            self._pool._do_return_conn(record)


class _Begun:
    """A transaction of PostgreSQL that writes. Greenlets and tasks of SQLAlchemy only where something must be awaited.

    An idle connection is taken out of the pool and given back at once; BEGIN goes straight to the driver.
    """

    __slots__ = ("_callbacks", "_engine", "_transaction", "_tx")

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._callbacks: list[Callable[[], None]] = []

    async def __aenter__(self) -> AsyncConnection:
        begun = False
        with connecting(self._engine):
            connection = await _taken(self._engine, self._engine.sync_engine.connect)
            tx = self._tx = AsyncConnection(self._engine, connection)
            try:
                self._transaction = connection.begin()  # for Core; it sends nothing
                adapted: Any = connection.connection.dbapi_connection
                await adapted._start_transaction()
                begun = True
            finally:
                if not begun:
                    await self._give_up(known=False)
        _after[id(tx)] = self._callbacks
        _drivers[id(tx)] = adapted.driver_connection
        return tx

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del _after[id(self._tx)], _drivers[id(self._tx)]
        if error is not None:
            with suppress(*RAISED):  # the connection is gone, and what was raised says why
                await self._give_up(known=True)
            fault = fault_of(error) if isinstance(error, RAISED) else None
            if fault is not None:
                raise fault from error
            return
        committed = False
        try:
            with faults():
                await greenlet_spawn(self._transaction.commit)
            committed = True
        finally:
            if not committed:
                await self._give_up(known=False)
        self._transaction.connection.close()
        for callback in self._callbacks:
            callback()

    async def _give_up(self, *, known: bool) -> None:
        """Roll back and give the connection back, though the caller be cancelled; unknown state ends the connection."""

        async def close() -> None:
            if not known:
                await self._tx.invalidate()
            await self._tx.close()

        await asyncio.shield(asyncio.ensure_future(close()))


class Database:
    """A database with its writers and its readers; both dialects look alike from outside."""

    def __init__(self, url: URL, engine: AsyncEngine, readers: AsyncEngine) -> None:
        self.url = url
        self.dialect: Literal["sqlite", "postgresql"] = "sqlite" if url.get_backend_name() == "sqlite" else "postgresql"
        self.engine = engine
        """Writes; only `transaction()` uses it."""
        self.readers = readers
        self._snapshots = (
            readers
            if self.dialect == "sqlite"
            else engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        )
        self._gate = WriteGate(Path(url.database or "")) if self.dialect == "sqlite" else None
        self._process = os.getpid()
        self.prepares = True
        """Whether a connection keeps statements that it has prepared; not behind a pooler by transaction."""

    def transaction(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that writes: committed at the end, rolled back when the block raises. Nothing else commits."""
        self._refuse_after_fork()
        return _Begun(self.engine) if self._gate is None else self._gated(self._gate)

    @asynccontextmanager
    async def _gated(self, gate: WriteGate) -> AsyncIterator[AsyncConnection]:
        callbacks: list[Callable[[], None]] = []
        async with gate.held(), self._connected(self.engine) as tx:
            _after[id(tx)] = callbacks
            try:
                async with tx.begin():
                    yield tx
            finally:
                del _after[id(tx)]
                _drivers.pop(id(tx), None)
        for callback in callbacks:
            callback()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Statements that read, each seeing what is committed when it begins; a write is refused."""
        async with self._connected(self.readers) as tx:
            yield tx

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """Statements that read one and the same state of the database."""
        async with self._connected(self._snapshots) as tx:
            if self.dialect == "postgresql":
                yield tx
                return
            await tx.exec_driver_sql("BEGIN")
            try:
                yield tx
            finally:
                await tx.exec_driver_sql("ROLLBACK")

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        self._refuse_after_fork()
        tx = engine.connect()
        with connecting(engine):
            tx = await tx.start()
        try:
            with faults():
                yield tx
        finally:
            await asyncio.shield(asyncio.ensure_future(tx.close()))

    def _refuse_after_fork(self) -> None:
        if os.getpid() != self._process:
            raise RuntimeError(
                "a database opened before a fork must not be used after it: SQLite files are destroyed that way"
            )

    def borrow(self) -> AbstractAsyncContextManager[Any]:
        """A connection of the driver for hot reads, out of the readers' pool and outside any transaction."""
        return _Borrowed(self)

    async def rows(self, hot: Hot, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """The rows of a hot statement that reads, on the driver's connection; once more when that was lost."""
        form = hot.form(self.readers.sync_engine.dialect)
        arguments = form.arguments(values)
        try:
            return form.read(await self._fetch(form.sql, arguments))
        except Unavailable:
            return form.read(await self._fetch(form.sql, arguments))

    async def _fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Sequence[Any]]:
        with faults():
            borrowed = _Borrowed(self)
            async with borrowed as connection:
                if self.dialect == "sqlite":
                    return list(await connection.execute_fetchall(sql, arguments))
                rows: Sequence[Sequence[Any]]
                prepared = borrowed.prepared
                if prepared is None or not self.prepares:
                    rows = await connection.fetch(sql, *arguments)
                    return rows
                statement = prepared.get(sql)
                if statement is None:
                    statement = prepared[sql] = await connection.prepare(sql)
                try:
                    rows = await statement.fetch(*arguments)
                except asyncpg.InvalidCachedStatementError:  # the schema has changed: the driver prepares it anew
                    prepared.clear()
                    rows = await connection.fetch(sql, *arguments)
                return rows

    async def reading(self, act: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """What `act` reads; run once more as a whole when the connection was lost."""
        try:
            async with self.read() as tx:
                return await act(tx)
        except Unavailable:
            async with self.read() as tx:
                return await act(tx)

    async def close(self) -> None:
        """Closes every connection; a database must be closed before a fork."""
        await self.engine.dispose()
        await self.readers.dispose()
        if self._gate is not None:
            self._gate.close()


# --- opening


def open_database(settings: Settings, *, replica: bool = False) -> Database:
    """The database that the settings name, or its read replica. Nothing is connected before the first use."""
    url = settings.address
    if replica and settings.replica_url is not None:
        url = database_address(settings.replica_url)
    database = _open_sqlite(url) if url.get_backend_name() == "sqlite" else _open_postgresql(url, settings)
    database.engine.sync_engine.update_execution_options(**{HASH: ALGORITHMS[settings.chain_hash]})
    for engine in (database.engine, database.readers):
        event.listen(engine.sync_engine, "do_connect", _connect_where_one_may_wait)
    _set_failpoint(database.engine)
    return database


def _open_sqlite(url: URL) -> Database:
    path = Path(url.database or "").absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    _refuse_network_file_system(path.parent)
    pool = {"poolclass": AsyncAdaptedQueuePool, "max_overflow": 0, "pool_timeout": WAIT_FOR_POOL, "pool_use_lifo": True}
    timeout = {"timeout": WAIT_FOR_GATE}
    engine = create_async_engine(url, pool_size=1, connect_args=timeout, hide_parameters=True, **pool)
    readers = create_async_engine(
        url,
        pool_size=SQLITE_READERS,
        pool_reset_on_return=None,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        hide_parameters=True,
        connect_args=timeout,
        **pool,
    )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite_writer)
    event.listen(engine.sync_engine, "begin", _begin_immediately)
    event.listen(readers.sync_engine, "connect", _prepare_sqlite_reader)
    return Database(url.set(database=str(path)), engine, readers)


def _prepare_sqlite_writer(connection: Any, record: object) -> None:  # the driver's connection, as SQLAlchemy wraps it
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "mmap_size=0"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_sqlite_reader(connection: Any, record: object) -> None:  # the driver's connection, as SQLAlchemy wraps it
    cursor = connection.cursor()
    for pragma in ("query_only=ON", "mmap_size=0"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediately(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _refuse_network_file_system(folder: Path) -> None:
    """WAL needs memory shared between processes: on a network file system it loses what was committed."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return  # not Linux: nothing to ask
    kinds = {}
    for line in mounts:
        before, _, after = line.partition(" - ")
        kinds[before.split()[4]] = after.split()[0]
    real = folder.resolve()
    kind = next((kinds[str(parent)] for parent in (real, *real.parents) if str(parent) in kinds), "")
    if kind in NETWORK_FILE_SYSTEMS:
        raise SettingsError(
            f"SHIXIAN_DATABASE_URL: {folder} lies on a network file system ({kind}); SQLite needs a local one"
        )


def _open_postgresql(url: URL, settings: Settings) -> Database:
    connect: dict[str, Any] = {"timeout": WAIT_FOR_POOL}  # arguments of asyncpg.connect
    if settings.database_pooler == "transaction":
        connect |= {
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": lambda: "",
        }
        writing = reading = {}
    else:
        common = {
            "jit": "off",
            "timezone": "UTC",
            "application_name": "shixian",
            "idle_in_transaction_session_timeout": "60s",
        }
        writing = common | {"statement_timeout": "30s", "lock_timeout": "5s"}
        reading = common | {"statement_timeout": "15s", "default_transaction_read_only": "on"}
    size = settings.pool_size // 2
    pool = {"pool_timeout": WAIT_FOR_POOL, "max_overflow": 0, "pool_use_lifo": True, "pool_reset_on_return": None}
    engine = create_async_engine(
        url, pool_size=size, connect_args=connect | {"server_settings": writing}, hide_parameters=True, **pool
    )
    readers = create_async_engine(
        url,
        pool_size=settings.pool_size - size,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        hide_parameters=True,
        connect_args=connect | {"server_settings": reading},
        **pool,
    )
    for each in (engine, readers):
        event.listen(each.sync_engine, "checkout", _refuse_closed)
    database = Database(url, engine, readers)
    database.prepares = settings.database_pooler != "transaction"
    return database


def _refuse_closed(
    connection: Any, record: object, proxy: object
) -> None:  # the driver's connection, as SQLAlchemy wraps it
    """The driver knows that the server hung up: no question is needed, the pool makes a new connection."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError("the server closed the connection") if in_greenlet() else _Idle


def _connect_where_one_may_wait(dialect: object, record: object, arguments: object, options: object) -> None:
    if not in_greenlet():
        raise _Idle


# --- failpoints

_countdown = int(os.environ.get(FAILPOINT, "0") or 0)


def _count(reached: bool) -> None:
    """In tests: die before the n-th writing statement, as a power cut would have it."""
    global _countdown  # noqa: PLW0603  one countdown a process
    if reached and _countdown > 0:
        _countdown -= 1
        if _countdown == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _set_failpoint(engine: AsyncEngine) -> None:
    if _countdown == 0:
        return

    def before(connection: object, cursor: object, statement: str, *rest: object) -> None:
        _count(statement.lstrip()[:6].upper() in {"INSERT", "UPDATE", "DELETE"})

    event.listen(engine.sync_engine, "before_cursor_execute", before)
    event.listen(engine.sync_engine, "commit", lambda connection: _count(True))
