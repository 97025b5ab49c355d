"""The schema's history runs up and down on both databases, ends in the tables of the code, and keeps its triggers."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.kit import migrations

ROOT = Path(__file__).parents[2]

EVENT = (
    "INSERT INTO events (number, seq, type, occurred_at, recorded_at, algorithm, body, hash) "
    "VALUES ('N', 1, 'receipt', '2026-11-02 01:00:00.000000', '2026-11-02 01:00:00.000000', 1, '{}', '')"
)
ENTRY = (
    "INSERT INTO audit_entries (at, credential, role, action, object) "
    "VALUES ('2026-11-02 01:00:00.000000', 'key:x', 'clerk', 'create', 'y')"
)


@pytest.fixture
async def engine(empty_database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = migrations.migrating_engine(empty_database_url)
    yield engine
    await engine.dispose()


def schema(connection: Connection) -> dict[str, object]:
    """Tables, indices and triggers as the database tells them."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"))
        return {f"{kind} {name}": sql for kind, name, sql in rows}
    found: dict[str, object] = {}
    for table in inspect(connection).get_table_names():
        found[f"table {table}"] = [
            (c["name"], str(c["type"]), c["nullable"]) for c in inspect(connection).get_columns(table)
        ]
    triggers = text("SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1")
    found |= {f"trigger {name}": definition for name, definition in connection.execute(triggers)}
    indices = text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'")
    found |= {f"index {name}": definition for name, definition in connection.execute(indices)}
    return found


def test_there_is_one_head() -> None:
    script = ScriptDirectory.from_config(migrations.configuration())
    assert script.get_heads() == [migrations.head_revision()]


def test_each_file_is_named_by_its_time_and_its_verb() -> None:
    for revision in ScriptDirectory.from_config(migrations.configuration()).walk_revisions():
        name = Path(revision.path).stem
        assert name.startswith(f"{revision.revision}_")
        assert name.removeprefix(f"{revision.revision}_").split("_")[0] in {
            "create",
            "add",
            "drop",
            "alter",
            "fill",
            "split",
        }


def test_no_migration_imports_the_application() -> None:
    for revision in ScriptDirectory.from_config(migrations.configuration()).walk_revisions():
        assert "app" not in [line.split()[1].split(".")[0] for line in imports(Path(revision.path))]


def imports(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith(("import ", "from "))]


async def test_the_migrated_schema_is_the_one_of_the_code(empty_database_url: str, engine: AsyncEngine) -> None:
    await migrations.upgrade(empty_database_url)

    def check(connection: Connection) -> None:
        config: Config = migrations.configuration()
        config.attributes["connection"] = connection
        command.check(config)

    async with engine.connect() as connection:
        await connection.run_sync(check)


async def test_up_and_down_and_up_again_leaves_the_same(empty_database_url: str, engine: AsyncEngine) -> None:
    await migrations.upgrade(empty_database_url)
    async with engine.connect() as connection:
        first = await connection.run_sync(schema)
        assert await migrations.current_revision(connection) == migrations.head_revision()

    await migrations.downgrade(empty_database_url, "base")
    async with engine.connect() as connection:
        left = await connection.run_sync(schema)
        assert {name for name in left if not name.split()[1].startswith("alembic_version")} <= {
            "index sqlite_autoindex"
        }
        assert await migrations.current_revision(connection) is None

    await migrations.upgrade(empty_database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(schema) == first


async def test_a_second_upgrade_does_nothing(empty_database_url: str) -> None:
    await migrations.upgrade(empty_database_url)
    await migrations.upgrade(empty_database_url)


async def test_several_processes_may_migrate_at_once(empty_database_url: str, engine: AsyncEngine) -> None:
    code = f"import asyncio; from app.kit.migrations import upgrade; asyncio.run(upgrade({empty_database_url!r}))"
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=ROOT) for _ in range(3)]
    assert [await process.wait() for process in processes] == [0, 0, 0]
    async with engine.connect() as connection:
        assert await migrations.current_revision(connection) == migrations.head_revision()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET type = 'decide'",
        "DELETE FROM events",
        "UPDATE audit_entries SET role = 'admin'",
        "DELETE FROM audit_entries",
    ],
)
async def test_history_is_not_changed(empty_database_url: str, engine: AsyncEngine, statement: str) -> None:
    await migrations.upgrade(empty_database_url)
    async with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("SET session_replication_role = replica"))  # no application is needed here
        await connection.execute(text(EVENT))
        await connection.execute(text(ENTRY))

    with pytest.raises(DBAPIError, match="append-only"):
        async with engine.begin() as connection:
            await connection.execute(text(statement))


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
async def test_history_is_not_truncated(empty_database_url: str, engine: AsyncEngine) -> None:
    await migrations.upgrade(empty_database_url)
    for statement in ("TRUNCATE events", "TRUNCATE applications CASCADE", "TRUNCATE audit_entries"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with engine.begin() as connection:
                await connection.execute(text(statement))


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_history_is_not_replaced(empty_database_url: str, engine: AsyncEngine) -> None:
    """SQLite deletes the old row of an INSERT OR REPLACE without asking the trigger of DELETE."""
    await migrations.upgrade(empty_database_url)
    async with engine.begin() as connection:
        await connection.execute(text(EVENT))
    with pytest.raises(DBAPIError, match="append-only"):
        async with engine.begin() as connection:
            await connection.execute(text(EVENT.replace("INSERT", "INSERT OR REPLACE")))
