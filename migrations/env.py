"""Runs the migrations: on a connection that it is given, or on one that it opens for the `alembic` command."""

import asyncio

from alembic import context
from sqlalchemy import Connection

from app.kit.migrations import migrating_engine
from app.kit.settings import load_settings
from app.tables import metadata

LOCK = 0x5348495849414E
"""The advisory lock of PostgreSQL under which one process at a time migrates ("SHIXIAN")."""


def migrate(connection: Connection) -> None:
    """Run what was asked for in one transaction; on SQLite foreign keys are off and checked before the commit."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=False,
        transactional_ddl=True,  # Alembic does not expect it of SQLite; with BEGIN IMMEDIATE it is so
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        context.run_migrations()
        if connection.dialect.name == "sqlite":
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise RuntimeError(
                    f"the migration leaves {len(broken)} rows whose foreign key points nowhere: {broken[:3]}"
                )


async def open_and_migrate() -> None:
    """For the `alembic` command: open the database of the settings."""
    engine = migrating_engine(load_settings().database_url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
    finally:
        await engine.dispose()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    asyncio.run(open_and_migrate())
