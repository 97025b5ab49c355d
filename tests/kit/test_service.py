"""Opening and closing a service."""

import asyncio
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kit.service import open_service
from app.kit.settings import Settings, SettingsError


async def test_a_database_is_not_served_under_another_secret(settings: Settings) -> None:
    await (await open_service(settings)).close()
    with pytest.raises(SettingsError, match="restore it from the backup"):
        await open_service(
            settings.model_copy(update={"secret_key": SecretStr("another secret of the server, as long")})
        )
    await (await open_service(settings)).close()


async def test_a_clock_that_starts_before_the_last_record_stops_the_start(settings: Settings) -> None:
    async def last_record(tx: AsyncConnection) -> datetime | None:
        return datetime(2026, 11, 2, tzinfo=UTC)

    early = settings.model_copy(update={"clock_start": datetime(2026, 11, 1, tzinfo=UTC)})
    with pytest.raises(SettingsError, match="last record"):
        await open_service(early, last_record=last_record)


async def test_two_processes_share_a_set_clock(settings: Settings) -> None:
    first = await open_service(settings.model_copy(update={"clock_start": datetime(2030, 1, 1, tzinfo=UTC)}))
    second = await open_service(settings)
    assert first.now.offset == second.now.offset
    assert second.now.now().year == 2030
    for service in (first, second):
        await service.close()


async def test_without_a_replica_look_ups_use_the_database_itself(settings: Settings) -> None:
    service = await open_service(settings)
    assert service.replica is service.db
    await service.close()


async def test_processes_that_start_at_once_for_the_first_time_agree(settings: Settings) -> None:
    services = await asyncio.gather(*(open_service(settings) for _ in range(5)))
    for service in services:
        await service.close()
