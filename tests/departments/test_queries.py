from datetime import UTC, datetime

from sqlalchemy import insert

from app.access.roles import Role
from app.departments.models import Officer
from app.departments.queries import department, departments_after, known, names
from app.departments.save import save_department
from app.departments.schemas import DepartmentIn
from app.kit.db import Database
from tests.builders.access import an_actor
from tests.builders.departments import a_department, a_section

NOW = datetime(2026, 11, 2, 1, tzinfo=UTC)


async def save(database: Database, *documents: dict[str, object]) -> None:
    async with database.transaction() as tx:
        for document in documents:
            body = DepartmentIn.model_validate(document)
            await save_department(tx, an_actor(Role.ADMIN), str(document["code"]), body, now=NOW)


async def test_names_of_codes_that_nobody_knows_are_the_codes(database: Database) -> None:
    await save(database, a_department("hbj", sections=[a_section("eia", "o1")]))
    async with database.read() as tx:
        found = await names(tx)
    assert (found.department("hbj"), found.section("hbj", "eia"), found.officer("hbj", "o1")) == (
        "hbj局",
        "eia科",
        "o1同志",
    )
    assert (found.department("x"), found.section("hbj", "y"), found.officer("x", "z")) == ("x", "y", "z")


async def test_names_follow_a_change_of_this_process_at_once(database: Database) -> None:
    await save(database, a_department("hbj"))
    async with database.read() as tx:
        assert (await names(tx)).department("hbj") == "hbj局"
    await save(database, {**a_department("hbj"), "name": "生态环境局"})
    async with database.read() as tx:
        assert (await names(tx)).department("hbj") == "生态环境局"


async def test_names_that_were_rolled_back_are_never_kept(database: Database) -> None:
    class Undo(Exception): ...

    try:
        async with database.transaction() as tx:
            body = DepartmentIn.model_validate(a_department("hbj"))
            await save_department(tx, an_actor(Role.ADMIN), "hbj", body, now=NOW)
            assert (await names(tx)).department("hbj") == "hbj局"
            raise Undo
    except Undo:
        pass
    async with database.read() as tx:
        assert (await names(tx)).department("hbj") == "hbj"


async def test_an_officer_without_a_section_stays_when_the_department_is_replaced(database: Database) -> None:
    await save(database, a_department("hbj"))
    async with database.transaction() as tx:
        await tx.execute(
            insert(Officer), {"department": "hbj", "section": "", "code": "560", "name": "Officer 560", "place": 0}
        )
    await save(database, a_department("hbj", sections=[a_section("eia")]))
    async with database.read() as tx:
        assert (await names(tx)).officer("hbj", "560") == "Officer 560"


async def test_a_page_is_in_the_order_of_codes_and_tells_whether_more_follow(database: Database) -> None:
    await save(database, *(a_department(code) for code in ("c", "a", "b")))
    async with database.read() as tx:
        first = await departments_after(tx, None, 2)
        rest = await departments_after(tx, "b", 2)
    assert [d.code for d in first] == ["a", "b", "c"]
    assert [d.code for d in rest] == ["c"]


async def test_a_department_that_is_not_there_is_none(database: Database) -> None:
    async with database.read() as tx:
        assert await department(tx, "nowhere") is None
        assert await known(tx, ["nowhere"]) == frozenset()
