"""People are told in digests: one a department after an outage, within the working hours of its calendar."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from app.access.keys import COMMAND
from app.alarms import sweep as sweeping
from app.alarms.sweep import Sweeper
from app.kit.service import Service
from app.outbox.channels import load, read_channels
from app.outbox.deliver import Courier
from app.outbox.events import Event
from app.outbox.models import Delivery
from app.outbox.senders import sender_of
from app.outbox.targets import targets_of
from app.outbox.write import publish
from tests.builders.applications import Counter
from tests.conftest import Hands
from tests.support.post_office import PostOffice, receiving_mail

FILE = """
channels:
  - {name: d1, department: D1, mail: [d1@hall.example, chief@hall.example]}
  - {name: all, mail: [watch@hall.example]}
"""


@pytest.fixture
async def office(service: Service, counter: Counter) -> AsyncIterator[PostOffice]:
    """A mail server, and mailboxes of D1 and of those who watch all."""
    async with receiving_mail() as office:
        service.settings = service.settings.model_copy(
            update={"smtp_url": SecretStr(f"smtp+plain://127.0.0.1:{office.port}"), "smtp_from": "sx@hall.example"}
        )
        async with service.db.transaction() as tx:
            file = read_channels(FILE, targets_of(service.settings))
            assert await load(tx, file, sealer=service.sealer, by=COMMAND, now=service.now.now()) == (2, 0)
        yield office


async def send(service: Service) -> None:
    await Courier(service, sender_of(service), chance=lambda: 0.0).settle()


async def test_after_three_days_without_a_sweep_there_is_one_digest_a_mailbox(
    counter: Counter, service: Service, hands: Hands, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 2)
    for _ in range(7):
        await counter.receive()
    hands.set("2026-11-12T10:00:00+08:00")
    swept = await asyncio.gather(Sweeper(service).sweep(), Sweeper(service).sweep(), Sweeper(service).sweep())
    await Sweeper(service).sweep()
    raised = [key for one in swept for key in one.raised]
    assert len(raised) >= 7
    orders = len({key.number for key in raised})
    await send(service)
    assert sorted(to for to, _ in office.mails) == [["d1@hall.example", "chief@hall.example"], ["watch@hall.example"]]
    for _, mail in office.mails:
        assert mail["Subject"] == f"时限提醒：{len(raised)} 条，督办 {orders} 条"
        text = mail.get_content()
        assert all(key.number in text for key in raised)
        assert text.count("督办单 D-") == orders == 7
        assert mail["From"] == "sx@hall.example"
        assert mail["Auto-Submitted"] == "auto-generated"
    await Sweeper(service).sweep()
    await send(service)
    assert len(office.mails) == 2


async def test_mails_wait_for_the_office_to_open_and_alarms_do_not(
    counter: Counter, service: Service, hands: Hands, office: PostOffice
) -> None:
    """The notice of 2 November ends in the night before Tuesday the 10th; its warning stands since Monday 00:00."""
    await counter.receive()
    hands.set("2026-11-07T23:00:00+08:00")
    await Sweeper(service).sweep()
    hands.set("2026-11-10T00:00:00+08:00")
    assert (await Sweeper(service).sweep()).raised
    await send(service)
    for instant in ("2026-11-10T03:00:00+08:00", "2026-11-10T08:29:59+08:00"):
        hands.set(instant)
        await Sweeper(service).sweep()
        await send(service)
        assert office.mails == []
    hands.set("2026-11-10T08:30:00+08:00")
    await Sweeper(service).sweep()
    await send(service)
    assert len(office.mails) == 2


async def test_an_order_and_its_end_are_told_to_the_people_of_its_department(
    counter: Counter, service: Service, hands: Hands, office: PostOffice
) -> None:
    hands.set("2026-11-10T20:00:00+08:00")
    body = {"department": "D1", "content": "整改窗口"}
    headers = {"X-API-Key": counter.keys["supervisor"]}
    made = await counter.client.post("/api/v1/orders", json=body, headers=headers)
    assert made.status_code == 201, made.text
    order = made.json()["id"]
    await Sweeper(service).sweep()
    await send(service)
    assert office.mails == []
    hands.set("2026-11-11T08:30:00+08:00")
    await Sweeper(service).sweep()
    await send(service)
    assert len(office.mails) == 2
    for _, mail in office.mails:
        assert mail["Subject"] == "督办 1 条"
        assert mail.get_content().startswith(f"督办单 {order} 下发，2026-")
        assert "整改" not in mail.get_content()
    revoked = await counter.client.post(
        f"/api/v1/orders/{order}/steps", json={"type": "revoke", "reason": "误发"}, headers=headers
    )
    assert revoked.status_code == 201, revoked.text
    await Sweeper(service).sweep()
    await send(service)
    assert [mail.get_content().strip() for _, mail in office.mails[2:]] == [f"督办单 {order} 撤销"] * 2


async def test_a_try_that_failed_is_not_repeated_at_night(
    counter: Counter, service: Service, hands: Hands, office: PostOffice
) -> None:
    await counter.receive()
    office.refuses = True
    hands.set("2026-11-10T17:29:55+08:00")
    await Sweeper(service).sweep()
    await send(service)
    async with service.db.read() as tx:
        assert set((await tx.execute(select(Delivery.status))).scalars()) == {451}
    office.refuses = False
    hands.advance(timedelta(hours=2))
    await send(service)
    assert office.mails == []
    async with service.db.read() as tx:
        again = set((await tx.execute(select(Delivery.next_at))).scalars())
    assert again == {datetime.fromisoformat("2026-11-11T08:30:00+08:00")}
    hands.set("2026-11-11T08:30:00+08:00")
    await send(service)
    assert len(office.mails) == 2
    assert len({mail["Message-ID"] for _, mail in office.mails}) == 2


async def test_people_are_told_of_alarms_alone(service: Service, office: PostOffice) -> None:
    now = service.now.now()
    async with service.db.transaction() as tx:
        event = Event("checkpoint.taken", "1", "1", now, {"n": 1})
        assert await publish(tx, [event], now=now) == 0
