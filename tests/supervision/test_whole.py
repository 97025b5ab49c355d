"""Whatever statement a write dies before, it leaves all or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, func, select

from app.alarms.models import Alarm
from app.alarms.sweep import Sweeper
from app.kit.db import Database
from app.kit.service import Service
from app.outbox.models import Message
from app.proof.verify import Asked, verify_all
from app.supervision.models import Card, Order, OrderEvent, OrderPrivate
from tests.builders.applications import Counter
from tests.conftest import Hands
from tests.supervision.conftest import Desk

TABLES = (Alarm, Order, OrderEvent, OrderPrivate, Card, Message)
OURS = ("orders", "order_events", "order_private", "cards", "alarms", "messages", "deliveries")


class Broken(OSError):
    """The process died here."""


@contextmanager
def dying_before(database: Database, nth: int) -> Iterator[list[int]]:
    """Let the n-th statement that writes one of our tables raise; the list counts how many there were."""
    seen = [0]

    def count(_c: object, _u: object, statement: str, *_: Any) -> None:
        words = statement.split()
        target = words[2] if words[0] == "INSERT" else words[1] if words[0] == "UPDATE" else ""
        if target in OURS:
            seen[0] += 1
            if seen[0] == nth:
                raise Broken(statement)

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", count)


async def counts(database: Database) -> list[int]:
    async with database.read() as tx:
        return [(await tx.execute(select(func.count()).select_from(model))).scalar_one() for model in TABLES]


async def subscribe(desk: Desk) -> None:
    hook = {"url": "https://192.0.2.7/hook", "name": "x"}
    made = await desk.client.post("/api/v1/webhooks", json=hook, headers={"X-API-Key": desk.keys["admin"]})
    assert made.status_code == 201, made.text


async def test_a_sweep_that_dies_before_any_statement_leaves_neither_alarm_nor_order(
    desk: Desk, counter: Counter, hands: Hands, sweeper: Sweeper, service: Service
) -> None:
    await subscribe(desk)
    await counter.receive()
    hands.set("2026-11-12T08:00:00+08:00")
    before = await counts(service.db)
    nth = 0
    while True:
        nth += 1
        with dying_before(service.db, nth) as seen:
            try:
                await sweeper.sweep()
            except Broken:
                assert await counts(service.db) == before, nth
                continue
        break
    assert seen[0] >= 5
    assert await counts(service.db) == [2, 1, 1, 0, 0, 3]
    assert (await verify_all(service.db, service.sealer, Asked())).first is None


async def test_a_card_is_given_with_its_step_and_its_message_or_not_at_all(
    desk: Desk, hands: Hands, sweeper: Sweeper, service: Service
) -> None:
    await subscribe(desk)
    await desk.issue()
    hands.set("2026-11-10T08:00:00+08:00")
    before = await counts(service.db)
    nth = 0
    while True:
        nth += 1
        with dying_before(service.db, nth) as seen:
            try:
                await sweeper.sweep()
            except Broken:
                assert await counts(service.db) == before, nth
                continue
        break
    assert seen[0] == 5
    assert await counts(service.db) == [0, 1, 2, 1, 1, 2]
    assert (await verify_all(service.db, service.sealer, Asked())).first is None


@pytest.mark.parametrize("type_", ["appeal", "acknowledge"])
async def test_a_step_dies_whole(desk: Desk, service: Service, type_: str) -> None:
    id_ = (await desk.issue())["id"]
    before = await counts(service.db)
    body = {"reason": "x"} if type_ == "appeal" else {}
    for nth in (1, 2, 3):
        with dying_before(service.db, nth):
            answer = await desk.as_("head").send(id_, type_, body)
        assert answer.status_code >= 500
        assert await counts(service.db) == before, nth
    assert (await desk.as_("head").send(id_, type_, body)).status_code == 201
