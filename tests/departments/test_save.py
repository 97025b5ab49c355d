from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.models import AuditEntry
from app.access.queries import descendants
from app.access.roles import Role
from app.departments.models import Department
from app.departments.queries import department
from app.departments.save import Saved, save_department
from app.departments.schemas import DepartmentIn
from app.kit.db import Database
from app.kit.problems import Problem
from tests.builders.access import an_actor
from tests.builders.departments import a_department, a_section

NOW = datetime(2026, 11, 2, 1, tzinfo=UTC)


async def save(tx: AsyncConnection, place: str, parent: str | None = None, **more: Any) -> Saved:  # JSON values
    body = DepartmentIn.model_validate({**a_department(place, parent), **more})
    return await save_department(tx, an_actor(Role.ADMIN), place, body, now=NOW)


async def refusal(database: Database, place: str, parent: str | None = None, **more: Any) -> tuple[str, list[str]]:
    with pytest.raises(Problem) as caught:
        async with database.transaction() as tx:
            await save(tx, place, parent, **more)
    assert caught.value.status == 422
    return caught.value.code, [error.pointer for error in caught.value.errors]


async def test_a_department_is_kept_whole(database: Database) -> None:
    sections = [a_section("环评科", "o1", "o2"), a_section("Group 1")]
    async with database.transaction() as tx:
        await save(tx, "city")
        saved = await save(
            tx, "hbj", "city", division="410105", telephone="0371-1", sections=sections, valid_from="2026-01-01"
        )
    assert saved.created
    async with database.read() as tx:
        assert await department(tx, "hbj") == saved.shown
    assert saved.shown.model_dump(mode="json") == {
        **a_department("hbj", "city", division="410105", telephone="0371-1", sections=sections),
        "valid_from": "2026-01-01",
        "valid_to": None,
        "successor": None,
        "calendar": None,
    }


async def test_replacing_a_department_replaces_its_sections(database: Database) -> None:
    async with database.transaction() as tx:
        await save(tx, "hbj", sections=[a_section("a", "o1"), a_section("b")])
    async with database.transaction() as tx:
        saved = await save(tx, "hbj", sections=[a_section("b", "o1", "o2")], name="新局")
        found = await department(tx, "hbj")
    assert not saved.created
    assert found is not None
    assert (found.name, [s.code for s in found.sections]) == ("新局", ["b"])
    assert [o.code for o in found.sections[0].officers] == ["o1", "o2"]


async def test_saving_the_same_again_writes_nothing(database: Database) -> None:
    async with database.transaction() as tx:
        await save(tx, "hbj", sections=[a_section("a", "o1")])
    async with database.transaction() as tx:
        body = DepartmentIn.model_validate(a_department("hbj", sections=[a_section("a", "o1")]))
        saved = await save_department(tx, an_actor(Role.ADMIN), "hbj", body, now=NOW + timedelta(days=1))
        assert not saved.created
        assert (await tx.execute(select(func.count()).select_from(AuditEntry))).scalar_one() == 1
        assert (await tx.execute(select(Department.changed_at))).scalar_one() == NOW


async def test_each_change_leaves_a_line_in_the_audit_trail(database: Database) -> None:
    async with database.transaction() as tx:
        await save(tx, "hbj")
        trail = await tx.execute(select(AuditEntry.action, AuditEntry.object, AuditEntry.role, AuditEntry.request_id))
        assert trail.all() == [("save_department", "hbj", "admin", "request-1")]


async def test_moving_a_department_moves_all_below_it(database: Database) -> None:
    async with database.transaction() as tx:
        for code, parent in [("city", None), ("a", "city"), ("b", "city"), ("a1", "a"), ("a11", "a1")]:
            await save(tx, code, parent)
    async with database.transaction() as tx:
        await save(tx, "a1", "b")
        assert await descendants(tx, "a") == {"a"}
        assert await descendants(tx, "b") == {"b", "a1", "a11"}
        assert await descendants(tx, "city") == {"city", "a", "b", "a1", "a11"}


async def test_a_department_may_become_a_top_one(database: Database) -> None:
    async with database.transaction() as tx:
        await save(tx, "city")
        await save(tx, "a", "city")
        await save(tx, "a")
        assert await descendants(tx, "city") == {"city"}


async def test_a_department_under_one_below_itself_is_refused(database: Database) -> None:
    async with database.transaction() as tx:
        await save(tx, "a")
        await save(tx, "b", "a")
        await save(tx, "c", "b")
    assert await refusal(database, "a", "c") == ("department_cycle", ["/parent"])
    assert await refusal(database, "a", "a") == ("department_cycle", ["/parent"])
    async with database.read() as tx:
        assert await descendants(tx, "a") == {"a", "b", "c"}


async def test_parent_and_successor_must_be_there(database: Database) -> None:
    found = await refusal(database, "a", "nowhere", successor="nobody")
    assert found == ("department_unknown", ["/parent", "/successor"])


@pytest.mark.parametrize(
    ("more", "code", "pointer"),
    [
        ({"code": "other"}, "code_differs", "/code"),
        ({"successor": "a"}, "successor_is_itself", "/successor"),
        ({"valid_from": "2026-02-01", "valid_to": "2026-01-31"}, "validity_reversed", "/valid_to"),
        ({"sections": [a_section("s"), a_section("s")]}, "section_repeated", "/sections/1/code"),
        ({"sections": [a_section("s", "o", "o")]}, "officer_repeated", "/sections/0/officers/1/code"),
    ],
)
async def test_a_document_that_makes_no_sense_is_refused(
    database: Database, more: dict[str, Any], code: str, pointer: str
) -> None:
    assert await refusal(database, "a", **more) == (code, [pointer])


async def test_a_reorganised_department_names_its_successor(database: Database) -> None:
    async with database.transaction() as tx:
        await save(tx, "new")
        saved = await save(tx, "old", valid_to="2026-12-31", successor="new")
    assert saved.shown.successor == "new"
