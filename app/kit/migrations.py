"""Brings the schema up, and says where it stands: for the command, the start of the service, and readiness."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, event, inspect, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from app.kit.settings import database_address

__all__ = ["current_revision", "downgrade", "head_revision", "known_revisions", "migrating_engine", "upgrade"]

ROOT = Path(__file__).parents[2]


def configuration() -> Config:
    """The configuration of Alembic; `migrations/` lies beside the package, in the image as in a checkout."""
    return Config(str(ROOT / "alembic.ini"))


def head_revision() -> str:
    """The newest revision that this code knows. Two heads are an error of the code."""
    head = ScriptDirectory.from_config(configuration()).get_current_head()
    if head is None:
        raise RuntimeError("no migration was found beside the package")
    return head


def known_revisions() -> frozenset[str]:
    """Every revision that this code knows."""
    return frozenset(each.revision for each in ScriptDirectory.from_config(configuration()).walk_revisions())


async def current_revision(connection: AsyncConnection) -> str | None:
    """The revision that the database stands at; none for an empty one."""
    if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
        return None
    revision: str | None = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()
    return revision


def migrating_engine(url: str) -> AsyncEngine:
    """An engine for migrations alone: on SQLite without foreign keys, as a batch on a referenced table trips over them.

    The pragma is dead inside a transaction, so it must be off before BEGIN; `env.py` checks the keys before COMMIT.
    """
    address = database_address(url)
    engine = create_async_engine(address, poolclass=NullPool)
    if address.get_backend_name() == "sqlite":
        Path(address.database or "").absolute().parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine.sync_engine, "connect", prepare_sqlite)
        event.listen(engine.sync_engine, "begin", begin_immediate)
    return engine


def prepare_sqlite(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=wal", "synchronous=full", "foreign_keys=off", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema up to `revision`; does nothing when it is there. Safe to run in several processes at once."""
    await run(url, lambda config: command.upgrade(config, revision))


async def downgrade(url: str, revision: str) -> None:
    """Take the schema down to `revision`, `base` for an empty database."""
    await run(url, lambda config: command.downgrade(config, revision))


async def run(url: str, act: Callable[[Config], None]) -> None:
    engine = migrating_engine(url)

    def on(connection: Connection) -> None:
        config = configuration()
        config.attributes["connection"] = connection
        act(config)

    try:
        async with engine.connect() as connection:
            await connection.run_sync(on)
    finally:
        await engine.dispose()
