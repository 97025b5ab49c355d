import random
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import Actor
from app.access.models import DepartmentTree
from app.access.roles import EVERY, Role
from app.access.scope import Circle, covers, graft, within
from app.departments.models import Department
from app.kit.db import Database
from tests.builders.access import an_actor

NOW = datetime(2026, 11, 2, 1, tzinfo=UTC)


async def found(tx: AsyncConnection, code: str) -> None:
    await tx.execute(insert(Department), {"code": code, "name": code, "changed_at": NOW})


async def a_tree(tx: AsyncConnection) -> None:
    for code, parent in [("city", None), ("a", "city"), ("b", "city"), ("a1", "a")]:
        await found(tx, code)
        await graft(tx, code, parent)


async def seen(tx: AsyncConnection, actor: Actor) -> set[str]:
    return set((await tx.execute(select(Department.code).where(within(actor, Department.code)))).scalars())


@pytest.mark.parametrize("role", [Role.CLERK, Role.REVIEWER, Role.HEAD])
async def test_an_office_sees_itself_and_what_lies_below(database: Database, role: Role) -> None:
    async with database.transaction() as tx:
        await a_tree(tx)
        assert await seen(tx, an_actor(role, "a")) == {"a", "a1"}
        assert await seen(tx, an_actor(role, "city")) == {"city", "a", "b", "a1"}


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AUDITOR, Role.INTEGRATION, EVERY])
async def test_supervision_audit_and_systems_see_every_office(database: Database, role: Role) -> None:
    async with database.transaction() as tx:
        await a_tree(tx)
        assert await seen(tx, an_actor(role)) == {"city", "a", "b", "a1"}


async def test_a_system_whose_key_names_an_office_sees_that_one(database: Database) -> None:
    async with database.transaction() as tx:
        await a_tree(tx)
        assert await seen(tx, an_actor(Role.INTEGRATION, "a")) == {"a", "a1"}


async def test_an_office_role_without_an_office_sees_nothing(database: Database) -> None:
    async with database.transaction() as tx:
        await a_tree(tx)
        assert await seen(tx, an_actor(Role.CLERK)) == set()
        assert not await covers(tx, an_actor(Role.CLERK), "a")


async def test_the_question_for_one_case_and_the_clause_for_lists_agree(database: Database) -> None:
    chance = random.Random(20261102)
    async with database.transaction() as tx:
        codes = [f"d{n}" for n in range(12)]
        for place, code in enumerate(codes):
            await found(tx, code)
            await graft(tx, code, chance.choice([None, *codes[:place]]))
        for _ in range(20):  # moves within the tree
            code, parent = chance.choice(codes), chance.choice([None, *codes])
            try:
                await graft(tx, code, parent)
            except Circle:
                continue
        for role in (Role.CLERK, Role.SUPERVISOR, Role.INTEGRATION):
            for code in codes:
                actor = an_actor(role, code)
                assert await seen(tx, actor) == {other for other in codes if await covers(tx, actor, other)}


async def test_the_closure_is_that_of_the_parents(database: Database) -> None:
    chance = random.Random(7)
    parents: dict[str, str | None] = {}
    async with database.transaction() as tx:
        codes = [f"d{n}" for n in range(10)]
        for code in codes:
            await found(tx, code)
            await graft(tx, code, None)
            parents[code] = None
        for _ in range(60):
            code, parent = chance.choice(codes), chance.choice([None, *codes])
            try:
                await graft(tx, code, parent)
            except Circle:
                continue
            parents[code] = parent
        pairs = set(await tx.execute(select(DepartmentTree.ancestor, DepartmentTree.descendant)))
    expected = set()
    for code in codes:
        above: str | None = code
        while above is not None:
            expected.add((above, code))
            above = parents[above]
    assert pairs == expected


async def test_a_moved_office_is_seen_by_its_new_superior_at_once(database: Database) -> None:
    async with database.transaction() as tx:
        await a_tree(tx)
    async with database.read() as tx:
        assert not await covers(tx, an_actor(Role.HEAD, "b"), "a1")
    async with database.transaction() as tx:
        await graft(tx, "a1", "b")
    async with database.read() as tx:
        assert await covers(tx, an_actor(Role.HEAD, "b"), "a1")
        assert not await covers(tx, an_actor(Role.HEAD, "a"), "a1")
