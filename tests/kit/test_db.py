"""Transactions, reads, the gate of the embedded database, and what happens when a database is busy or gone."""

import asyncio
import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import bindparam, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kit import db as db_module
from app.kit import gate as gate_module
from app.kit.db import (
    Busy,
    Clash,
    Database,
    Unavailable,
    after_commit,
    driver,
    execute,
    execute_many,
    open_database,
)
from app.kit.drivers import fault_of
from app.kit.idempotency import IdempotencyKey
from app.kit.sealing import SecretCheck
from app.kit.settings import Settings
from app.kit.statements import Hot
from tests.support import databases

only_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)

PUT = insert(SecretCheck).values(purpose=bindparam("purpose"), digest=bindparam("digest"))
HOT_PUT = Hot(PUT)
HOT_ROWS = Hot(select(SecretCheck.__table__).where(SecretCheck.purpose == bindparam("purpose")))
HOT_COUNT = Hot(select(func.count()).select_from(SecretCheck).where(SecretCheck.purpose == bindparam("purpose")))


class Undone(Exception):
    """Raised to have a transaction rolled back."""


@asynccontextmanager
async def rolled_back(database: Database) -> AsyncIterator[AsyncConnection]:
    """A transaction that comes to nothing in the end."""
    with suppress(Undone):
        async with database.transaction() as tx:
            yield tx
            raise Undone


async def count(database: Database, purpose: str) -> int:
    [[number]] = await database.rows(HOT_COUNT, {"purpose": purpose})
    return int(number)


async def put(tx: AsyncConnection, purpose: str) -> None:
    await tx.execute(PUT, {"purpose": purpose, "digest": b""})


async def test_what_a_block_wrote_is_committed_at_its_end(database: Database) -> None:
    async with database.transaction() as tx:
        await put(tx, "a")
        assert await count(database, "a") == 0
    assert await count(database, "a") == 1


async def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    async with rolled_back(database) as tx:
        await put(tx, "a")
    assert await count(database, "a") == 0


async def test_what_runs_on_the_driver_first_is_inside_the_transaction(database: Database) -> None:
    """With asyncpg a statement before any Core statement would be committed by itself and survive the rollback."""
    async with rolled_back(database) as tx:
        await (await driver(tx)).execute("INSERT INTO secret_check (purpose, digest) VALUES ('a', '')")
    async with rolled_back(database) as tx:
        await execute(tx, HOT_PUT, {"purpose": "b", "digest": b""})
        await execute_many(tx, HOT_PUT, [{"purpose": "c", "digest": b""}])
    assert [await count(database, each) for each in "abc"] == [0, 0, 0]


async def test_core_and_driver_write_in_one_transaction(database: Database) -> None:
    async with database.transaction() as tx:
        await execute(tx, HOT_PUT, {"purpose": "a", "digest": b""})
        await put(tx, "b")
        await execute_many(tx, HOT_PUT, [{"purpose": each, "digest": b""} for each in "cd"])
    assert [await count(database, each) for each in "abcd"] == [1, 1, 1, 1]


async def test_a_read_writes_nothing(database: Database) -> None:
    async with database.read() as tx:
        with pytest.raises(DBAPIError):
            await put(tx, "a")
    assert await count(database, "a") == 0


async def test_a_read_sees_each_commit_and_a_snapshot_none(database: Database) -> None:
    how_many = select(func.count()).select_from(SecretCheck).where(SecretCheck.purpose == "a")
    async with database.snapshot() as still, database.read() as moving:
        before = (await still.execute(how_many)).scalar(), (await moving.execute(how_many)).scalar()
        async with database.transaction() as tx:
            await put(tx, "a")
        after = (await still.execute(how_many)).scalar(), (await moving.execute(how_many)).scalar()
    assert (before, after) == ((0, 0), (0, 1))


async def test_a_snapshot_leaves_its_connection_usable(database: Database) -> None:
    for _ in range(10):
        async with database.snapshot() as tx:
            await tx.execute(select(1))
    assert await count(database, "a") == 0


async def test_callbacks_run_after_the_commit_and_never_after_a_rollback(database: Database) -> None:
    told: list[str] = []
    async with database.transaction() as tx:
        after_commit(tx, lambda: told.append("kept"))
        assert told == []
    async with rolled_back(database) as tx:
        after_commit(tx, lambda: told.append("undone"))
    assert told == ["kept"]


async def test_a_broken_rule_of_the_database_reaches_the_act(database: Database) -> None:
    async def twice() -> None:
        async with database.transaction() as tx:
            await put(tx, "a")
            await put(tx, "a")

    async def twice_on_the_driver() -> None:
        async with database.transaction() as tx:
            await execute(tx, HOT_PUT, {"purpose": "a", "digest": b""})
            await execute(tx, HOT_PUT, {"purpose": "a", "digest": b""})

    for act in (twice, twice_on_the_driver):
        with pytest.raises(IntegrityError):
            await act()
    assert await count(database, "a") == 0


async def test_two_hundred_read_modify_writes_are_all_kept(database: Database) -> None:
    async with database.transaction() as tx:
        await put(tx, "counter")

    async def add() -> None:
        for _ in range(40):
            async with database.transaction() as tx:
                lock = select(SecretCheck.digest).where(SecretCheck.purpose == "counter").with_for_update()
                number = int((await tx.execute(lock)).scalar_one() or b"0")
                await asyncio.sleep(0)
                statement = text("UPDATE secret_check SET digest = :digest WHERE purpose = 'counter'")
                await tx.execute(statement, {"digest": str(number + 1).encode()})

    await asyncio.gather(*(add() for _ in range(5)))
    [[kept]] = await database.rows(Hot(select(SecretCheck.digest).where(SecretCheck.purpose == "counter")), {})
    assert kept == b"200"


async def test_a_cancelled_writer_leaves_nothing_and_the_next_one_writes(database: Database) -> None:
    async def hang() -> None:
        async with database.transaction() as tx:
            await put(tx, "a")
            await asyncio.sleep(60)

    task = asyncio.create_task(hang())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.transaction() as tx:
        await put(tx, "b")
    assert (await count(database, "a"), await count(database, "b")) == (0, 1)


async def test_values_come_back_from_hot_statements_as_from_core(database: Database) -> None:
    at = datetime(2026, 11, 2, 1, 0, 0, 5, tzinfo=UTC)
    names = ("place", "fingerprint", "status", "sealed", "created_at")
    row = {"place": b"p", "fingerprint": b"f", "status": 201, "sealed": b"\x00", "created_at": at}
    async with database.transaction() as tx:
        await execute(tx, Hot(insert(IdempotencyKey).values({name: bindparam(name) for name in names})), row)
    columns = IdempotencyKey.metadata.tables["idempotency_keys"].c
    statement = select(*columns).where(columns.created_at == bindparam("at"))
    async with database.read() as tx:
        core = [tuple(each) for each in (await tx.execute(statement, {"at": at})).all()]
    hot = [tuple(each) for each in await database.rows(Hot(statement), {"at": at})]
    assert hot == core == [(b"p", b"f", 201, b"\x00", at)]


async def test_a_missing_value_of_a_hot_statement_is_an_error(database: Database) -> None:
    with pytest.raises(KeyError):
        await database.rows(HOT_COUNT, {})


async def test_a_statement_whose_text_is_not_fixed_is_not_hot(database: Database) -> None:
    statement = Hot(select(SecretCheck.purpose).where(SecretCheck.purpose.in_(["a", "b"])))
    with pytest.raises(ValueError, match="fixed text"):
        await database.rows(statement, {})


async def test_an_error_of_the_database_shows_no_values(database: Database) -> None:
    with pytest.raises(DBAPIError) as error:
        async with database.transaction() as tx:
            await tx.execute(text("INSERT INTO nowhere VALUES (:value)"), {"value": "geheim"})
    assert "geheim" not in str(error.value)


# --- SQLite


@only_sqlite
async def test_the_file_is_opened_by_the_hard_rules(database: Database) -> None:
    async with database.transaction() as tx:
        asked = [
            (await tx.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert asked == ["wal", 2, 1]


@only_sqlite
async def test_writers_of_two_processes_take_turns(database: Database, tmp_path: Path) -> None:
    """The gate lets a command write beside a busy server, and neither meets "database is locked"."""
    script = (
        "import asyncio, sys\n"
        "from app.kit.db import open_database\n"
        "from app.kit.settings import Settings\n"
        "from sqlalchemy import text\n"
        "async def main():\n"
        "    database = open_database(Settings(database_url=sys.argv[1]))\n"
        "    for number in range(30):\n"
        "        async with database.transaction() as tx:\n"
        "            await tx.execute(text(f\"INSERT INTO secret_check VALUES ('other {number}', '')\"))\n"
        "    await database.close()\n"
        "asyncio.run(main())\n"
    )
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, f"sqlite:///{database.url.database}", cwd=Path(__file__).parents[2]
    )
    written = 0
    while other.returncode is None:
        async with database.transaction() as tx:
            await put(tx, f"mine {written}")
            await asyncio.sleep(0.005)
        written += 1
        await asyncio.sleep(0)
    assert other.returncode == 0
    async with database.read() as tx:
        assert (await tx.execute(select(func.count()).select_from(SecretCheck))).scalar() == written + 31


@only_sqlite
async def test_a_writer_that_waits_too_long_is_told_so(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "WAIT_FOR_GATE", 0.2)
    owner = os.open(f"{database.url.database}.owner", os.O_RDWR | os.O_CREAT)
    fcntl.flock(owner, fcntl.LOCK_EX)
    before = time.monotonic()
    with pytest.raises(Busy):
        async with database.transaction():
            pass
    assert 0.1 < time.monotonic() - before < 2
    assert await count(database, "a") == 0  # a reader is not held up
    os.close(owner)
    async with database.transaction() as tx:
        await put(tx, "a")


@only_sqlite
async def test_a_full_disk_is_no_error_of_the_program(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.exec_driver_sql("PRAGMA max_page_count = 1")
    with pytest.raises(Unavailable, match="no space"):
        async with database.transaction() as tx:
            await tx.execute(PUT, {"purpose": "big", "digest": b"x" * 5_000_000})
    async with database.transaction() as tx:
        await tx.exec_driver_sql("PRAGMA max_page_count = 1000000")
        await put(tx, "a")
    assert (await count(database, "a"), await count(database, "big")) == (1, 0)


@only_sqlite
async def test_a_database_opened_before_a_fork_is_not_used_after_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(RuntimeError, match="fork"):
        async with database.read():
            pass


def test_a_failpoint_ends_the_process_before_the_statement(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys\n"
        "from app.kit.db import open_database\n"
        "from app.kit.settings import Settings\n"
        "from sqlalchemy import text\n"
        "async def main():\n"
        "    database = open_database(Settings(database_url=sys.argv[1], mode='test'))\n"
        "    for number in range(3):\n"
        "        async with database.transaction() as tx:\n"
        "            await tx.execute(text(f\"INSERT INTO secret_check VALUES ('{number}', '')\"))\n"
        "        print(number, flush=True)\n"
        "asyncio.run(main())\n"
    )
    for failpoint, reached in (("2", b""), ("3", b"0\n"), ("9", b"0\n1\n2\n")):  # a statement and a commit each
        shutil.copyfile(databases.sqlite_file(), tmp_path / f"{failpoint}.db")
        run = subprocess.run(
            [sys.executable, "-c", script, f"sqlite:///{tmp_path}/{failpoint}.db"],
            cwd=Path(__file__).parents[2],
            env=os.environ | {"SHIXIAN_FAILPOINT": failpoint},
            stdout=subprocess.PIPE,
            check=False,
        )
        assert (run.stdout, run.returncode) == (reached, 0 if failpoint == "9" else -9)


# --- PostgreSQL


async def hang_up(settings: Settings) -> None:
    """The server ends every connection of the service, as a restart would."""
    url = settings.address.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'shixian' AND datname = current_database()"
    )
    await connection.close()


@only_postgresql
async def test_connections_that_the_server_closed_are_replaced_unseen(database: Database, settings: Settings) -> None:
    async with database.transaction() as tx:
        await put(tx, "a")
    assert await count(database, "a") == 1
    await hang_up(settings)
    await asyncio.sleep(0.1)
    assert await count(database, "a") == 1
    async with database.read() as tx:
        assert (await tx.execute(select(1))).scalar() == 1
    async with database.transaction() as tx:
        await put(tx, "b")
    assert await count(database, "b") == 1


@only_postgresql
async def test_a_read_whose_connection_is_lost_is_tried_once_more(database: Database, settings: Settings) -> None:
    waiting = asyncio.create_task(database.rows(Hot(select(func.pg_sleep(bindparam("s")))), {"s": 1.0}))
    await asyncio.sleep(0.3)
    await hang_up(settings)
    assert len(await waiting) == 1
    asked = 0

    async def ask(tx: AsyncConnection) -> None:
        nonlocal asked
        asked += 1
        await tx.execute(select(func.pg_sleep(0.8 if asked == 1 else 0)))

    reading = asyncio.create_task(database.reading(ask))
    await asyncio.sleep(0.3)
    await hang_up(settings)
    await reading
    assert asked == 2


@only_postgresql
async def test_a_write_whose_connection_is_lost_is_not_tried_again(database: Database, settings: Settings) -> None:
    tried = 0

    async def write() -> None:
        nonlocal tried
        async with database.transaction() as tx:
            tried += 1
            await put(tx, "a")
            await hang_up(settings)
            await asyncio.sleep(0.1)
            await put(tx, "b")

    with pytest.raises(Unavailable):
        await write()
    assert (tried, await count(database, "a")) == (1, 0)


@only_postgresql
async def test_a_driver_s_lost_connection_is_told_like_any_other(database: Database, settings: Settings) -> None:
    async def write() -> None:
        async with database.transaction() as tx:
            await execute(tx, HOT_PUT, {"purpose": "a", "digest": b""})
            await hang_up(settings)
            await execute(tx, HOT_PUT, {"purpose": "b", "digest": b""})

    with pytest.raises(Unavailable):
        await write()
    assert await count(database, "a") == 0


@only_postgresql
async def test_a_commit_whose_connection_is_lost_is_told_and_calls_nobody(
    database: Database, settings: Settings
) -> None:
    told: list[str] = []

    async def write() -> None:
        async with database.transaction() as tx:
            after_commit(tx, lambda: told.append("kept"))
            await put(tx, "a")
            await hang_up(settings)
            await asyncio.sleep(0.1)

    with pytest.raises(Unavailable):
        await write()
    async with database.transaction() as tx:
        await put(tx, "b")
    assert ([await count(database, each) for each in "ab"], told) == ([0, 1], [])


@only_postgresql
async def test_writers_cancelled_at_any_point_give_their_connections_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a statement, between two, while it begins or commits: one connection is all there is."""
    monkeypatch.setattr(db_module, "WAIT_FOR_POOL", 1.0)
    database = open_database(settings.model_copy(update={"pool_size": 2}))

    async def write(purpose: str) -> None:
        async with database.transaction() as tx:
            await execute(tx, HOT_PUT, {"purpose": purpose, "digest": b""})
            await put(tx, f"{purpose} again")

    for turn in range(60):
        task = asyncio.create_task(write(f"cancelled {turn}"))
        for _ in range(turn % 20):
            await asyncio.sleep(0)
        await asyncio.sleep(0.0003 * (turn // 20))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await write(f"kept {turn}")
    for turn in range(60):
        halves = [await count(database, f"cancelled {turn}"), await count(database, f"cancelled {turn} again")]
        assert halves in ([0, 0], [1, 1])
        assert await count(database, f"kept {turn} again") == 1
    await database.close()


@only_postgresql
async def test_a_deadlock_is_a_clash_that_may_be_run_again(database: Database) -> None:
    async with database.transaction() as tx:
        await put(tx, "a")
        await put(tx, "b")
    both = asyncio.Barrier(2)

    async def lock(first: str, second: str) -> None:
        async with database.transaction() as tx:
            for purpose in (first, second):
                await tx.execute(
                    text("UPDATE secret_check SET digest = 'x' WHERE purpose = :purpose"), {"purpose": purpose}
                )
                if purpose == first:
                    await both.wait()

    results = await asyncio.gather(lock("a", "b"), lock("b", "a"), return_exceptions=True)
    assert sorted(type(each).__name__ for each in results) == ["Clash", "NoneType"]
    assert issubclass(Clash, Busy)


@only_postgresql
async def test_when_all_connections_are_taken_a_caller_waits_no_longer_than_he_should(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db_module, "WAIT_FOR_POOL", 0.3)
    database = open_database(settings.model_copy(update={"pool_size": 2}))
    async with database.transaction():
        with pytest.raises(Busy):
            async with database.transaction():
                pass
        async with database.read() as tx:  # readers have their own
            assert (await tx.execute(select(1))).scalar() == 1
    await database.close()


async def test_a_database_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    for url in (f"postgresql://u@/x?host={tmp_path}", "postgresql://u@127.0.0.1:1/x"):
        database = open_database(Settings(database_url=url, mode="test"))
        for use in (database.transaction, database.read, database.snapshot):
            with pytest.raises(Unavailable):
                async with use():
                    pass
        with pytest.raises(Unavailable):
            await database.rows(HOT_COUNT, {"purpose": "a"})
        await database.close()


@only_postgresql
async def test_behind_a_pooler_of_transactions_no_statement_is_prepared_for_later(settings: Settings) -> None:
    database = open_database(settings.model_copy(update={"database_pooler": "transaction"}))
    async with database.transaction() as tx:
        await put(tx, "a")
        await execute(tx, HOT_PUT, {"purpose": "b", "digest": b""})
        prepared = await tx.execute(text("SELECT count(*) FROM pg_prepared_statements WHERE name <> ''"))
        assert prepared.scalar() == 0
    assert await count(database, "a") == 1
    assert [list(row) for row in await database.rows(HOT_COUNT, {"purpose": "a"})] == [[1]]
    async with database.read() as tx:
        prepared = await tx.execute(text("SELECT count(*) FROM pg_prepared_statements WHERE name <> ''"))
        assert prepared.scalar() == 0
    await database.close()


@only_postgresql
async def test_a_hot_read_is_prepared_once_a_connection_and_again_when_a_table_has_changed(database: Database) -> None:
    async with database.transaction() as tx:
        await put(tx, "a")
    for _ in range(9):
        assert len(await database.rows(HOT_ROWS, {"purpose": "a"})) == 1
    async with database.read() as tx:
        texts = await tx.execute(text("SELECT statement FROM pg_prepared_statements"))
        assert (
            sum(statement.startswith("SELECT secret_check.") for statement in texts.scalars()) <= 2
        )  # the first one made it
    async with database.transaction() as tx:
        await tx.execute(text("ALTER TABLE secret_check ADD COLUMN later text"))
        await tx.execute(text("ALTER TABLE secret_check ALTER COLUMN purpose TYPE varchar(99)"))
    try:
        for _ in range(3):
            assert [row[0] for row in await database.rows(HOT_ROWS, {"purpose": "a"})] == ["a"]
    finally:
        async with database.transaction() as tx:
            await tx.execute(text("ALTER TABLE secret_check ALTER COLUMN purpose TYPE text"))
            await tx.execute(text("ALTER TABLE secret_check DROP COLUMN later"))


async def test_a_value_that_the_driver_cannot_send_is_an_error_of_the_program(database: Database) -> None:
    async def write() -> None:
        async with database.transaction() as tx:
            await execute(tx, HOT_PUT, {"purpose": "a", "digest": object()})

    with pytest.raises(Exception) as error:  # noqa: PT011  of the driver, each its own
        await write()
    assert not isinstance(error.value, Busy)


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (asyncpg.SerializationError("x"), Clash),
        (asyncpg.DeadlockDetectedError("x"), Clash),
        (asyncpg.LockNotAvailableError("x"), Busy),
        (asyncpg.QueryCanceledError("x"), Busy),
        (asyncpg.AdminShutdownError("x"), Unavailable),
        (asyncpg.CannotConnectNowError("x"), Unavailable),
        (asyncpg.TooManyConnectionsError("x"), Unavailable),
        (asyncpg.DiskFullError("x"), Unavailable),
        (asyncpg.ConnectionDoesNotExistError("x"), Unavailable),
        (asyncpg.InterfaceError("connection is closed"), Unavailable),
        (asyncpg.InternalClientError("cannot switch to state 12"), Unavailable),
        (ConnectionResetError(), Unavailable),
        (asyncpg.InterfaceError("another operation is in progress"), None),
        (asyncpg.UniqueViolationError("x"), None),
        (asyncpg.UndefinedTableError("x"), None),
    ],
)
def test_a_fault_of_the_database_is_told_from_a_mistake_of_the_program(error: Exception, fault: type | None) -> None:
    found = fault_of(error)
    assert (None if found is None else type(found)) is fault
