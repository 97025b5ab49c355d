"""Every night the record is verified by one process, and what came of it is told."""

import json
from datetime import timedelta

from sqlalchemy import select

from app.access.roles import Role
from app.kit.service import Service
from app.operations.readiness import examine
from app.outbox import webhooks
from app.outbox.models import Message
from app.outbox.webhooks import Order
from app.proof.nightly import GIVEN_UP, claim, verify_when_due
from app.scheduler import Ticker
from tests.builders.access import an_actor
from tests.conftest import Hands
from tests.proof import tampering

DAY = "2026-11-03"


async def state(service: Service) -> tuple[str, str] | None:
    found = [check for check in (await examine(service)).checks if check.name == "record"]
    return (found[0].state, found[0].detail) if found else None


async def test_the_hour_comes_once_a_day_to_one_process(numbers: list[str], hands: Hands, service: Service) -> None:
    hands.set(f"{DAY}T01:59:59+08:00")
    assert await claim(service) is None
    hands.set(f"{DAY}T02:00:00+08:00")
    assert str(await claim(service)) == DAY
    assert await claim(service) is None
    hands.advance(GIVEN_UP)
    assert str(await claim(service)) == DAY, "one that has not ended is begun anew"
    assert await claim(service) is None
    hands.set("2026-11-04T02:00:00+08:00")
    assert str(await claim(service)) == "2026-11-04"


async def test_what_came_of_it_is_told(numbers: list[str], hands: Hands, service: Service) -> None:
    service.settings = service.settings.model_copy(update={"outbound_allow": "hooks.example"})
    order = Order("https://hooks.example/x", "监察", ["record.verified", "record.tampered"], None)
    async with service.db.transaction() as tx:
        await webhooks.create(tx, order, sealer=service.sealer, by=an_actor(Role.ADMIN), now=service.now.now())
    hands.set(f"{DAY}T02:00:00+08:00")
    assert await state(service) is None
    await Ticker(service).verify()
    assert await verify_when_due(service) is None
    found = await state(service)
    assert found is not None
    assert found[0] == "ok"
    async with service.db.transaction() as tx:
        await tampering.unlock(tx)
        await tampering.run(tx, "UPDATE events SET hash = body WHERE number = :n AND seq = 2", n=numbers[2])
    hands.advance(timedelta(days=1))
    verdict = await verify_when_due(service)
    assert verdict is not None
    assert verdict.first is not None
    found = await state(service)
    assert found is not None
    assert (found[0], found[1][:8]) == ("warning", "1 broken")
    assert b"shixian_verify_broken 1.0" in service.metrics.text()
    async with service.db.read() as tx:
        told = [
            json.loads(body) for body in (await tx.execute(select(Message.body).order_by(Message.created_at))).scalars()
        ]
    assert [one["type"] for one in told] == ["record.verified", "record.tampered"]
    assert (told[0]["data"]["applications"], told[0]["data"]["broken"]) == (6, 0)
    assert (told[1]["data"]["first"]["number"], told[1]["data"]["first"]["seq"]) == (numbers[2], 2)


async def test_it_may_be_left_out(hands: Hands, service: Service) -> None:
    service.settings = service.settings.model_copy(update={"verify_at": None})
    hands.set("2026-11-04T23:59:00+08:00")
    assert await claim(service) is None
