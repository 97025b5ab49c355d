"""Opens the service for a command, and says in one line why it cannot be opened."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError

from app.applications.queries import newest_record
from app.calendars.watch import watching
from app.kit import migrations
from app.kit.db import Unavailable
from app.kit.service import Service, open_service
from app.kit.settings import Settings, SettingsError

__all__ = ["bring_up", "opened", "require_head"]


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Service]:
    """The service on the database of the settings, whose schema must be up to date."""
    await require_head(settings)
    service = await open_service(settings, last_record=newest_record)
    try:
        async with watching(settings, service.db):
            yield service
    finally:
        await service.close()


async def bring_up(settings: Settings) -> str:
    """Migrate when the database is behind; the revision where it stands afterwards."""
    if await revision_of(settings) != migrations.head_revision():
        try:
            await migrations.upgrade(settings.database_url)
        except (OSError, DBAPIError) as error:
            raise unreachable(settings, error) from error
    return migrations.head_revision()


async def require_head(settings: Settings) -> None:
    """Raise `SettingsError` unless the schema is the one that this code knows."""
    revision, head = await revision_of(settings), migrations.head_revision()
    if revision != head:
        stands = "is empty" if revision is None else f"stands at revision {revision}"
        raise SettingsError(f"the database {stands}, this version needs {head}: run `shixian migrate` first")


async def revision_of(settings: Settings) -> str | None:
    """Where the schema stands. One that this code does not know was made by a newer version, and is refused."""
    engine = migrations.migrating_engine(settings.database_url)
    try:
        async with engine.connect() as connection:
            revision = await migrations.current_revision(connection)
    except (OSError, DBAPIError) as error:
        raise unreachable(settings, error) from error
    finally:
        await engine.dispose()
    if revision is not None and revision not in migrations.known_revisions():
        raise SettingsError(f"the database stands at revision {revision}, which a newer version of shixian made")
    return revision


def unreachable(settings: Settings, error: Exception) -> Unavailable:
    """What is told when the database does not let us in: where it was looked for, and what it said; no password."""
    said = str(getattr(error, "orig", None) or error).splitlines()
    where = settings.address.render_as_string(hide_password=True)
    return Unavailable(f"the database at {where} cannot be used: {said[0] if said else type(error).__name__}")
