"""One transaction after the other: the second waits for the first, and no two kinds of turn share a number."""

import asyncio
import re
from collections import Counter
from pathlib import Path

from app.kit.db import Database
from app.kit.turns import take_turn

APP = Path(__file__).resolve().parents[2] / "app"
NUMBER = re.compile(r"^\w*LOCK\w*(?:: Final)? = ([0-9_]+)$", re.MULTILINE)


async def test_the_second_transaction_waits_until_the_first_has_ended(database: Database) -> None:
    told: list[str] = []
    began = asyncio.Event()

    async def first() -> None:
        async with database.transaction() as tx:
            await take_turn(tx, 1)
            began.set()
            await asyncio.sleep(0.05)
            told.append("first")

    async def second() -> None:
        await began.wait()
        async with database.transaction() as tx:
            await take_turn(tx, 1)
            told.append("second")

    await asyncio.gather(first(), second())
    assert told == ["first", "second"]


def test_each_kind_of_turn_has_a_number_of_its_own() -> None:
    found = Counter(
        int(number) for path in APP.rglob("*.py") for number in NUMBER.findall(path.read_text(encoding="utf-8"))
    )
    assert len(found) >= 8
    assert found.most_common(1)[0][1] == 1
