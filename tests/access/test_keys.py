from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from app.access.keys import KeyOrder, create_key, fits, hash_of, id_of, make_key, revoke_key
from app.access.models import ApiKey, AuditEntry
from app.access.queries import key_by_id, live_security_key_exists
from app.access.roles import EVERY, Role
from app.access.scope import graft
from app.departments.models import Department
from app.domain.steps import StepType
from app.kit.db import Database
from app.kit.problems import Problem
from tests.builders.access import an_actor

NOW = datetime(2026, 11, 2, 1, tzinfo=UTC)
AUDITOR = KeyOrder(role=Role.AUDITOR, name="audit office")


def test_a_key_tells_its_id() -> None:
    key = make_key()
    assert len(key.text) == 3 + 8 + 1 + 32 + 1 + 6
    assert id_of(key.text) == key.id


def test_two_keys_share_nothing() -> None:
    assert len({make_key().text for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    "text",
    ["", "sx", "sx___", "sx_a_b_c", f"SX_{'0' * 8}_{'0' * 32}_{'0' * 6}", f"sx_０0000000_{'0' * 32}_{'0' * 6}"],
)
def test_another_text_is_no_key(text: str) -> None:
    assert id_of(text) is None


def test_a_mistyped_key_is_known_without_a_query() -> None:
    text = make_key().text
    for place in range(3, len(text)):
        if text[place] != "_":
            wrong = text[:place] + ("a" if text[place] != "a" else "b") + text[place + 1 :]
            assert id_of(wrong) is None


async def test_a_created_key_fits_and_its_text_is_not_stored(database: Database) -> None:
    async with database.transaction() as tx:
        new = await create_key(tx, AUDITOR, now=NOW)
        row = await key_by_id(tx, new.id)
        [stored] = (await tx.execute(select(ApiKey.__table__))).all()
    assert row is not None
    assert fits(row, new.text, NOW)
    secret = new.text.split("_")[2]
    assert secret not in repr(stored)


async def test_a_key_with_the_same_id_and_another_secret_does_not_fit(database: Database) -> None:
    async with database.transaction() as tx:
        new = await create_key(tx, AUDITOR, now=NOW)
        row = await key_by_id(tx, new.id)
    assert row is not None
    assert not fits(row, make_key().text, NOW)


async def test_a_key_ends_at_its_expiry(database: Database) -> None:
    ends = NOW + timedelta(days=1)
    async with database.transaction() as tx:
        new = await create_key(tx, replace(AUDITOR, expires_at=ends), now=NOW)
        row = await key_by_id(tx, new.id)
    assert row is not None
    assert fits(row, new.text, ends - timedelta(microseconds=1))
    assert not fits(row, new.text, ends)


async def test_a_revoked_key_does_not_fit(database: Database) -> None:
    async with database.transaction() as tx:
        new = await create_key(tx, AUDITOR, now=NOW)
        assert await revoke_key(tx, new.id, by=an_actor(Role.SECURITY), now=NOW)
        assert not await revoke_key(tx, new.id, by=an_actor(Role.SECURITY), now=NOW)
        row = await key_by_id(tx, new.id)
    assert row is not None
    assert not fits(row, new.text, NOW)


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (KeyOrder(role=Role.CLERK, name="x"), "department_required"),
        (KeyOrder(role=Role.CLERK, name="x", department="nowhere"), "department_unknown"),
        (KeyOrder(role=Role.SUPERVISOR, name="x", department="D1"), "department_not_allowed"),
        (KeyOrder(role=Role.HEAD, name="x", department="D1", steps=(StepType.ACCEPT,)), "steps_not_allowed"),
        (KeyOrder(role=Role.AUDITOR, name="x", expires_at=NOW), "already_expired"),
    ],
)
async def test_a_key_that_could_not_do_what_it_promises_is_refused(
    database: Database, order: KeyOrder, code: str
) -> None:
    async with database.transaction() as tx:
        await tx.execute(insert(Department), {"code": "D1", "name": "D1", "changed_at": NOW})
        await graft(tx, "D1", None)
    with pytest.raises(Problem) as caught:
        async with database.transaction() as tx:
            await create_key(tx, order, now=NOW)
    assert (caught.value.status, caught.value.code) == (422, code)


async def test_the_security_officer_makes_no_key_of_the_same_role(database: Database) -> None:
    order = KeyOrder(role=Role.SECURITY, name="x")
    with pytest.raises(Problem) as caught:
        async with database.transaction() as tx:
            await create_key(tx, order, by=an_actor(Role.SECURITY), now=NOW)
    assert (caught.value.status, caught.value.code) == (403, "own_role")


async def test_the_key_from_outside_makes_keys_of_every_role(database: Database) -> None:
    async with database.transaction() as tx:
        new = await create_key(tx, KeyOrder(role=Role.SECURITY, name="x"), by=an_actor(EVERY), now=NOW)
        assert await key_by_id(tx, new.id) is not None


async def test_a_key_does_not_revoke_itself(database: Database) -> None:
    async with database.transaction() as tx:
        new = await create_key(tx, KeyOrder(role=Role.SECURITY, name="x"), now=NOW)
        itself = replace(an_actor(Role.SECURITY), credential=f"key:{new.id}")
        with pytest.raises(Problem) as caught:
            await revoke_key(tx, new.id, by=itself, now=NOW)
    assert (caught.value.status, caught.value.code) == (403, "own_key")


async def test_a_key_that_is_not_there_cannot_be_revoked(database: Database) -> None:
    async with database.transaction() as tx:
        with pytest.raises(Problem) as caught:
            await revoke_key(tx, "00000000", by=an_actor(Role.SECURITY), now=NOW)
    assert (caught.value.status, caught.value.code) == (404, "key_unknown")


async def test_making_and_ending_a_key_are_in_the_audit_trail_without_its_text(database: Database) -> None:
    async with database.transaction() as tx:
        new = await create_key(tx, AUDITOR, by=an_actor(Role.SECURITY), now=NOW)
        await revoke_key(tx, new.id, by=an_actor(Role.SECURITY), now=NOW)
        trail = (await tx.execute(select(AuditEntry.action, AuditEntry.object, AuditEntry.detail))).all()
    assert [(action, object_) for action, object_, _ in trail] == [("create_key", new.id), ("revoke_key", new.id)]
    assert new.text.split("_")[2] not in repr(trail)


async def test_only_a_live_security_key_ends_the_key_from_outside(database: Database) -> None:
    ends = NOW + timedelta(days=1)
    async with database.transaction() as tx:
        assert not await live_security_key_exists(tx, NOW)
        new = await create_key(tx, KeyOrder(role=Role.SECURITY, name="x", expires_at=ends), now=NOW)
        assert await live_security_key_exists(tx, NOW)
        assert not await live_security_key_exists(tx, ends)
        await revoke_key(tx, new.id, by=an_actor(EVERY), now=NOW)
        assert not await live_security_key_exists(tx, NOW)


async def test_what_is_stored_is_the_sha_256_of_the_text() -> None:
    assert len(hash_of(make_key().text)) == 32
