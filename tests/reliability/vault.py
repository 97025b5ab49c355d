"""The whole content of a database: as a hash of each table, kept aside, put back. Past the service and its guards."""

import asyncio
import hashlib
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, Protocol

import asyncpg
from sqlalchemy import Table

from app.tables import metadata
from tests.support.databases import aside

__all__ = ["State", "Vault", "differences", "vault_of"]

MASKED = {
    "clock_readings": {"wall", "elapsed_us"},
    "service_clock": {"high_water"},
    "audit_entries": {"request_id"},
}
"""What the machine's clocks said, and which request it was: no effect of an operation."""


class Content(NamedTuple):
    """How many rows a table has, and what is in them."""

    rows: int
    digest: str


State = dict[str, Content]


def differences(one: State, other: State) -> str:
    """The tables in which two states differ, in words."""
    return ", ".join(
        f"{name} ({one[name].rows} rows, {other[name].rows} rows)" for name in one if one[name] != other[name]
    )


class Vault(Protocol):
    """Reads, keeps and puts back."""

    def state(self) -> State:
        """Every table."""

    def settle(self) -> None:
        """Wait until what a process that died has left open is closed."""

    def keep(self) -> None:
        """Lay a copy aside."""

    def restore(self) -> None:
        """Put the copy back; nobody is connected."""

    def rewind(self) -> None:
        """Let numbers that the database gives start again: those that were rolled back are given anew."""

    def close(self) -> None:
        """Take the copy away."""


def vault_of(url: str) -> Vault:
    """That of a database."""
    return SqliteVault(Path(url.removeprefix("sqlite:///"))) if url.startswith("sqlite") else PostgresqlVault(url)


def columns_of(table: Table) -> list[str]:
    """All but what is masked."""
    return [column.name for column in table.columns if column.name not in MASKED.get(table.name, ())]


class SqliteVault:
    """Of a file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.copy = file.with_suffix(".kept")

    def state(self) -> State:
        state: State = {}
        with closing(sqlite3.connect(self.file)) as connection:
            connection.execute("BEGIN")
            for table in metadata.sorted_tables:
                names = ", ".join(f'"{name}"' for name in columns_of(table))
                rows = sorted(map(repr, connection.execute(f"SELECT {names} FROM {table.name}")))
                state[table.name] = Content(len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest())
        return state

    def settle(self) -> None:
        """A file is closed with its process."""

    def keep(self) -> None:
        self.copy.unlink(missing_ok=True)
        with closing(sqlite3.connect(self.file)) as one, closing(sqlite3.connect(self.copy)) as other:
            one.backup(other)

    def restore(self) -> None:
        for ending in ("-wal", "-shm"):
            self.file.with_name(self.file.name + ending).unlink(missing_ok=True)
        shutil.copyfile(self.copy, self.file)

    def rewind(self) -> None:
        """They stand in the file, and were rolled back with the rest."""

    def close(self) -> None:
        self.copy.unlink(missing_ok=True)


class PostgresqlVault:
    """Of a database on a server; the copy lies in a schema of its own, triggers are passed by."""

    def __init__(self, url: str) -> None:
        self.tables = [table.name for table in metadata.sorted_tables]
        self.connection = aside(connected(url))
        self.kept: State = {}
        self.given: list[asyncpg.Record] = []
        self.query = " UNION ALL ".join(
            f"SELECT '{table.name}' AS name, count(*) AS rows, "
            "md5(coalesce(string_agg(h, '' ORDER BY h), '')) AS digest "
            f"FROM (SELECT md5(ROW({', '.join(chr(34) + name + chr(34) for name in columns_of(table))})::text) AS h "
            f"FROM public.{table.name}) AS hashed"
            for table in metadata.sorted_tables
        )
        self._run("DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept")
        self._run("; ".join(f"CREATE TABLE kept.{name} (LIKE public.{name})" for name in self.tables))

    def state(self) -> State:
        return aside(self._state())

    async def _state(self) -> State:
        rows = await self.connection.fetch(self.query)
        return {row["name"]: Content(row["rows"], row["digest"]) for row in rows}

    def settle(self) -> None:
        aside(self._settle())

    async def _settle(self) -> None:
        until = time.monotonic() + 10
        others = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND application_name = 'shixian'"
        )
        while await self.connection.fetchval(others):
            if time.monotonic() > until:
                raise TimeoutError("a connection of the process that died is still open")
            await asyncio.sleep(0.002)

    def keep(self) -> None:
        state = self.state()
        changed = [name for name in self.tables if self.kept.get(name) != state[name]]
        self._run("; ".join(f"TRUNCATE kept.{n}; INSERT INTO kept.{n} SELECT * FROM public.{n}" for n in changed))
        self.kept = state
        self.given = aside(self.connection.fetch("SELECT sequencename, last_value FROM pg_sequences"))

    def rewind(self) -> None:
        for name, last in self.given:
            self._run(f"SELECT setval('public.{name}', {last or 1}, {'true' if last else 'false'})")

    def restore(self) -> None:
        self.rewind()
        state = self.state()
        changed = [name for name in self.tables if self.kept[name] != state[name]]
        self._run("; ".join(f"DELETE FROM public.{n}; INSERT INTO public.{n} SELECT * FROM kept.{n}" for n in changed))

    def close(self) -> None:
        self._run("DROP SCHEMA kept CASCADE")
        aside(self.connection.close())

    def _run(self, statements: str) -> None:
        if statements:
            aside(self._execute(statements))

    async def _execute(self, statements: str) -> None:
        await self.connection.execute(statements)


async def connected(url: str) -> asyncpg.Connection:
    connection = await asyncpg.connect(url)
    await connection.execute("SET session_replication_role = replica; SET lock_timeout = '10s'")
    return connection
