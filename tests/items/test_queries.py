from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert

from app.access import scope
from app.access.roles import Role
from app.departments.models import Department
from app.domain.units import Limit, Unit
from app.items.publish import publish
from app.items.queries import items_after, names, pinned, valid_on, versions
from app.items.schemas import ItemIn
from app.kit.db import Database
from tests.builders.access import an_actor
from tests.builders.items import ItemBuilder, an_item

NOW = datetime(2026, 11, 2, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def _office(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(insert(Department), {"code": "D1", "name": "D1", "changed_at": NOW})
        await scope.graft(tx, "D1", None)


async def put(database: Database, *items: ItemBuilder) -> None:
    async with database.transaction() as tx:
        for item in items:
            document = item.build()
            await publish(tx, an_actor(Role.ADMIN), document["code"], ItemIn.model_validate(document), NOW)


def promising(days: int, valid_from: str) -> ItemBuilder:
    return an_item().with_clock("promise", days).with_(valid_from=valid_from)


async def test_a_pinned_version_is_that_of_the_receipt_for_ever(database: Database) -> None:
    await put(database, promising(4, "2026-07-01"), promising(3, "2026-12-01"))
    async with database.read() as tx:
        first = await pinned(tx, "eia-report", 1)
        again = await pinned(tx, "eia-report", 1)
    assert (first.item.version, first.item.clocks[0].limit) == (1, Limit(4, Unit.WORKING_DAY))
    assert (first.name, first.body["department"]) == ("建设项目环境影响报告书审批", "D1")
    assert first is again


@pytest.mark.parametrize(
    ("day", "version"), [("2010-01-01", 1), ("2026-11-30", 1), ("2026-12-01", 2), ("2030-01-01", 2)]
)
async def test_the_version_of_a_day_is_the_one_valid_on_it(database: Database, day: str, version: int) -> None:
    await put(database, promising(4, "2026-07-01"), promising(3, "2026-12-01"))
    async with database.read() as tx:
        found = await valid_on(tx, "eia-report", date.fromisoformat(day))
    assert found is not None
    assert found.item.version == version


async def test_an_unknown_item_has_no_version(database: Database) -> None:
    async with database.read() as tx:
        assert await valid_on(tx, "nothing", date(2026, 11, 2)) is None


async def test_a_new_version_is_known_at_once(database: Database) -> None:
    await put(database, promising(4, "2026-07-01"))
    async with database.read() as tx:
        assert (await names(tx))["eia-report"] == "建设项目环境影响报告书审批"
    await put(database, an_item().with_(name="新名", valid_from="2026-11-02"))
    async with database.read() as tx:
        found = await valid_on(tx, "eia-report", date(2026, 11, 2))
        assert (await names(tx))["eia-report"] == "新名"
    assert found is not None
    assert found.name == "新名"


async def test_a_version_that_was_rolled_back_is_never_kept(database: Database) -> None:
    class Undo(Exception): ...

    document = ItemIn.model_validate(promising(4, "2026-07-01").build())

    async def publish_and_undo() -> None:
        async with database.transaction() as tx:
            await publish(tx, an_actor(Role.ADMIN), "eia-report", document, NOW)
            assert (await pinned(tx, "eia-report", 1)).item.clocks[0].limit == Limit(4, Unit.WORKING_DAY)
            raise Undo

    with pytest.raises(Undo):
        await publish_and_undo()
    await put(database, promising(7, "2026-07-01"))
    async with database.read() as tx:
        assert (await pinned(tx, "eia-report", 1)).item.clocks[0].limit == Limit(7, Unit.WORKING_DAY)


async def test_a_page_of_items_has_each_in_its_newest_version(database: Database) -> None:
    await put(database, *(an_item(code) for code in ("c", "a", "b")), an_item("a").with_clock())
    async with database.read() as tx:
        first = await items_after(tx, None, 2)
        rest = await items_after(tx, "b", 2)
    assert [(row.code, row.version) for row in first] == [("a", 2), ("b", 1), ("c", 1)]
    assert [row.code for row in rest] == ["c"]


async def test_versions_are_paged_from_the_oldest(database: Database) -> None:
    await put(database, *(an_item().with_(name=f"name {n}") for n in range(3)))
    async with database.read() as tx:
        assert [row.version for row in await versions(tx, "eia-report", 0, 1)] == [1, 2]
        assert [row.version for row in await versions(tx, "eia-report", 2, 1)] == [3]
