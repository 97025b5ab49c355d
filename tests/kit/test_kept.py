from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from app.departments.models import Department
from app.kit.db import Database
from app.kit.kept import Kept

NOW = datetime(2026, 11, 2, 1, tzinfo=UTC)


class Owner: ...


class Source:
    """What is read, and how often it was."""

    def __init__(self, value: object = "value") -> None:
        self.value = value
        self.reads = 0

    async def load(self) -> object:
        self.reads += 1
        return self.value


async def test_a_value_is_read_once_for_each_owner_and_key() -> None:
    kept: Kept[str, object] = Kept(None)
    source, one, other = Source(), Owner(), Owner()
    for owner in (one, one, other):
        for key in ("a", "b", "a"):
            assert await kept.of(owner, key, source.load) == "value"
    assert source.reads == 4


async def test_a_value_lives_so_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: Kept[str, object] = Kept(30)
    source, owner, now = Source(), Owner(), [1000.0]
    monkeypatch.setattr("app.kit.kept.time.monotonic", lambda: now[0])
    for now[0] in (1000.0, 1029.9, 1030.0):
        await kept.of(owner, "a", source.load)
    assert source.reads == 2


async def test_nothing_is_not_kept() -> None:
    kept: Kept[str, object] = Kept(None)
    source, owner = Source(None), Owner()
    for _ in range(2):
        assert await kept.of(owner, "a", source.load) is None
    assert source.reads == 2


async def test_what_changed_while_it_was_read_is_not_kept() -> None:
    kept: Kept[str, object] = Kept(None)
    source, owner = Source(), Owner()

    async def overtaken() -> object:
        value = await source.load()
        kept.forget()
        return value

    await kept.of(owner, "a", overtaken)
    await kept.of(owner, "a", source.load)
    assert source.reads == 2


async def test_memory_is_bounded() -> None:
    kept: Kept[int, object] = Kept(None, most=3)
    source, owner = Source(), Owner()
    for key in range(4):
        await kept.of(owner, key, source.load)
    await kept.of(owner, 3, source.load)
    await kept.of(owner, 0, source.load)
    assert source.reads == 5


async def test_a_commit_drops_what_the_transaction_changed_and_a_roll_back_does_not(database: Database) -> None:
    kept: Kept[str, object] = Kept(None)

    async def names() -> object:
        return tuple((await tx.execute(select(Department.code))).scalars())

    async def change() -> None:
        kept.changed(tx)
        await tx.execute(insert(Department), {"code": "D1", "name": "D1", "changed_at": NOW})
        assert await kept.get(tx, "all", names) == ("D1",)

    class Undo(Exception): ...

    async with database.read() as tx:
        assert await kept.get(tx, "all", names) == ()
    with pytest.raises(Undo):  # noqa: PT012  the transaction is what raises
        async with database.transaction() as tx:
            await change()
            raise Undo
    async with database.read() as tx:
        assert await kept.get(tx, "all", names) == ()
    async with database.transaction() as tx:
        await change()
    async with database.read() as tx:
        assert await kept.get(tx, "all", names) == ("D1",)
