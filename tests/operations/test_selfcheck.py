"""What refuses a start."""

from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.kit.service import Service
from app.kit.settings import Settings
from app.operations.selfcheck import examine, granted, key_findings


def with_(settings: Settings, **more: Any) -> Settings:
    return settings.model_copy(update=more)


async def test_a_migrated_database_lets_the_service_start(service: Service) -> None:
    assert [finding for finding in await examine(service) if finding.refuses] == []


async def test_a_schema_that_is_not_at_head_refuses_the_start(service: Service) -> None:
    async with service.db.transaction() as tx:
        [known] = (await tx.execute(text("SELECT version_num FROM alembic_version"))).scalars()
        await tx.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    try:
        assert "schema_not_at_head" in {finding.code for finding in await examine(service) if finding.refuses}
    finally:
        async with service.db.transaction() as tx:
            await tx.execute(text("UPDATE alembic_version SET version_num = :known"), {"known": known})


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_a_history_that_may_be_changed_refuses_the_start(service: Service) -> None:
    async with service.db.transaction() as tx:
        for name in ("no_update", "no_delete", "no_replace"):
            await tx.execute(text(f"DROP TRIGGER events_{name}"))
    assert [finding.code for finding in await examine(service) if finding.refuses] == ["history_unguarded"]


@pytest.mark.parametrize("table", ["audit_entries", "checkpoints", "checkpoint_leaves", "item_versions"])
async def test_each_other_table_that_only_grows_is_looked_at_too(service: Service, table: str) -> None:
    async with service.db.transaction() as tx:
        if tx.dialect.name == "postgresql":
            await tx.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only"))
        else:
            await tx.execute(text(f"DROP TRIGGER {table}_no_delete"))
    try:
        [finding] = [finding for finding in await examine(service) if finding.refuses]
        assert (finding.code, table in finding.detail) == ("history_unguarded", True)
    finally:
        if service.db.dialect == "postgresql":
            async with service.db.transaction() as tx:
                await tx.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER {table}_append_only"))


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
async def test_a_role_that_was_granted_more_than_insert_refuses_the_start(service: Service) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012  the role goes with the transaction
        async with service.db.transaction() as tx:
            await tx.execute(text("CREATE ROLE shixian_service_of_the_test"))
            await tx.execute(text("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO shixian_service_of_the_test"))
            await tx.execute(text("SET LOCAL ROLE shixian_service_of_the_test"))
            assert await granted(tx) == []
            await tx.execute(text("RESET ROLE"))
            await tx.execute(text("GRANT UPDATE ON events, checkpoints TO shixian_service_of_the_test"))
            await tx.execute(text("SET LOCAL ROLE shixian_service_of_the_test"))
            assert await granted(tx) == ["events", "checkpoints"]
            await tx.execute(text("RESET ROLE"))
            raise ZeroDivisionError


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
async def test_commits_that_do_not_wait_for_the_disk_refuse_the_start_in_production(service: Service) -> None:
    service.settings = with_(service.settings, mode="production")
    async with service.db.read() as tx:
        fsync = (await tx.execute(text("SELECT current_setting('fsync')"))).scalar()
    refusals = {finding.code for finding in await examine(service) if finding.refuses}
    assert ("fsync_off" in refusals) == (fsync == "off")


@pytest.mark.parametrize(
    ("key", "is_weak"),
    [
        ("0" * 32, True),
        ("abababab" * 8, True),
        ("change-me-please-change-me-please-1", True),
        ("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", False),
    ],
)
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_a_key_that_can_be_guessed_refuses_the_start_in_production(
    settings: Settings, key: str, is_weak: bool
) -> None:
    for name in ("secret_key", "admin_key"):
        given = with_(settings, secret_key=None, admin_key=None, mode="production")
        found = key_findings(with_(given, **{name: SecretStr(key)}))
        assert [finding.refuses for finding in found] == ([True] if is_weak else [])
        found = key_findings(with_(given, mode="demo", **{name: SecretStr(key)}))
        assert [finding.refuses for finding in found] == ([False] if is_weak else [])
