"""Messages are written with what they tell of: one for an event, one delivery for each who wants it."""

import json

import pytest
from sqlalchemy import func, insert, select

from app.access import scope
from app.departments.models import Department
from app.kit.service import Service
from app.outbox.events import Event
from app.outbox.models import Delivery, Message
from app.outbox.write import publish
from tests.outbox.conftest import Post


async def count(service: Service) -> tuple[int, int]:
    async with service.db.read() as tx:
        messages = (await tx.execute(select(func.count()).select_from(Message))).scalar_one()
        deliveries = (await tx.execute(select(func.count()).select_from(Delivery))).scalar_one()
    return messages, deliveries


async def test_an_event_without_a_subscriber_writes_nothing(post: Post, service: Service) -> None:
    assert await post.tell("a", "b") == 0
    assert await count(service) == (0, 0)


async def test_an_event_is_one_message_however_many_are_told(post: Post, service: Service) -> None:
    for _ in range(3):
        await post.webhook("http://127.0.0.1/")
    assert await post.tell("a", "b") == 6
    assert await count(service) == (2, 6)


async def test_the_same_event_again_adds_nothing(post: Post, service: Service) -> None:
    await post.webhook("http://127.0.0.1/")
    await post.tell("a")
    await post.tell("a", "b")
    assert await count(service) == (2, 2)


async def test_what_is_rolled_back_is_not_told(post: Post, service: Service) -> None:
    await post.webhook("http://127.0.0.1/")
    now = service.now.now()

    async def fail() -> None:
        async with service.db.transaction() as tx:
            await publish(tx, [Event("alarm.raised", "a", "a", now, {})], now=now)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await count(service) == (0, 0)


async def test_a_webhook_gets_the_types_and_the_departments_that_it_named(post: Post, service: Service) -> None:
    now = service.now.now()
    async with service.db.transaction() as tx:
        for code, parent in (("D1", None), ("D11", "D1"), ("D2", None)):
            await tx.execute(insert(Department), {"code": code, "name": code, "parent": parent, "changed_at": now})
            await scope.graft(tx, code, parent)
    of_d1 = await post.webhook("http://127.0.0.1/", department="D1")
    of_d11 = await post.webhook("http://127.0.0.1/", department="D11")
    withdrawn = await post.webhook("http://127.0.0.1/", events=["alarm.withdrawn"])
    await post.tell("in D1", department="D1")
    await post.tell("in D11", department="D11")
    await post.tell("in D2", department="D2")
    await post.tell("gone", department="D2", type_="alarm.withdrawn")
    async with service.db.read() as tx:
        rows = await tx.execute(
            select(Delivery.subscriber, Message.subject).join(Message, Message.id == Delivery.message)
        )
        told: dict[str, set[str]] = {}
        for subscriber, subject in rows:
            told.setdefault(subscriber, set()).add(subject)
    assert told == {of_d1: {"in D1", "in D11"}, of_d11: {"in D11"}, withdrawn: {"gone"}}


async def test_a_message_is_a_cloud_event(post: Post, service: Service) -> None:
    await post.webhook("http://127.0.0.1/")
    await post.tell("a")
    async with service.db.read() as tx:
        id_, body = (await tx.execute(select(Message.id, Message.body))).one()
    document = json.loads(body)
    assert document == {
        "specversion": "1.0",
        "id": id_,
        "source": "/api/v1/alarms",
        "type": "alarm.raised",
        "subject": "a",
        "time": "2026-11-02T01:00:00Z",
        "datacontenttype": "application/json",
        "data": {"id": "a"},
    }
