"""Alarms are told to whoever wants to know, once, in the transaction that raises or withdraws them; imports are not."""

import csv
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from app.access.roles import Role
from app.alarms.models import Alarm
from app.alarms.sweep import Sweeper
from app.imports.applications_csv import APPLICATIONS, STEPS, Files, import_applications
from app.kit.service import Service
from app.outbox import webhooks
from app.outbox.models import Message
from app.outbox.webhooks import Order
from tests.builders.access import an_actor
from tests.builders.applications import Counter
from tests.conftest import Hands

Json = dict[str, Any]  # a JSON object


@pytest.fixture(autouse=True)
async def webhook(service: Service) -> None:
    """Somebody wants to know everything."""
    async with service.db.transaction() as tx:
        order = Order("https://192.0.2.7/", "x", None, None)
        by = an_actor(Role.ADMIN)
        await webhooks.create(tx, order, sealer=service.sealer, by=by, now=service.now.now())


async def told(service: Service) -> list[Json]:
    """What was told of alarms: of the orders that they raise, tests/supervision says more."""
    async with service.db.read() as tx:
        bodies = (await tx.execute(select(Message.body).order_by(Message.created_at, Message.subject))).scalars()
        messages: list[Json] = [json.loads(body) for body in bodies]
    return [one for one in messages if one["type"].startswith("alarm.")]


async def test_each_alarm_is_told_once_as_the_list_shows_it(
    counter: Counter, sweeper: Sweeper, service: Service, hands: Hands, client: httpx2.AsyncClient
) -> None:
    await counter.receive()
    hands.advance(timedelta(days=14))
    swept = await sweeper.sweep()
    await sweeper.sweep()
    messages = await told(service)
    assert sorted(one["subject"] for one in messages) == sorted(key.id for key in swept.raised)
    answer = await client.get("/api/v1/alarms", headers=counter.headers())
    shown = {row["id"]: row for row in answer.json()["items"]}
    for one in messages:
        row = {name: value for name, value in shown[one["subject"]].items() if not name.endswith("_label")}
        assert one["type"] == "alarm.raised"
        assert one["data"] == {**row, "application_version": 1}


async def test_a_withdrawal_is_told_with_its_cause_and_a_return_is_told_again(
    counter: Counter, sweeper: Sweeper, service: Service, hands: Hands
) -> None:
    received = await counter.receive()
    before = hands.now()
    hands.advance(timedelta(days=10))
    await sweeper.sweep()
    late = {"occurred_at": (before + timedelta(hours=5)).isoformat(), "late_reason": "x"}
    await counter.step(received["tracking_number"], "accept", **late, approver="局长", actor="张三")
    hands.advance(timedelta(seconds=30))
    swept = await sweeper.sweep()
    gone = [one for one in await told(service) if one["type"] == "alarm.withdrawn"]
    assert {one["subject"] for one in gone} == {key.id for key in swept.withdrawn}
    assert gone
    assert all(one["data"]["withdrawn"]["cause"] == "late_entry" for one in gone)
    raised = {one["subject"] for one in await told(service) if one["type"] == "alarm.raised"}
    assert {one["subject"] for one in gone} <= raised


async def test_what_was_crossed_before_an_import_is_on_record_and_told_to_nobody(
    counter: Counter, sweeper: Sweeper, service: Service, hands: Hands, tmp_path: Path
) -> None:
    with (tmp_path / APPLICATIONS).open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(["external_ref", "item", "applicant_name", "subject", "channel", "submitted_at", "department"])
        sheet.writerow(["R1", "eia-report", "甲", "x", "window", "2026-10-12T09:00:00+08:00", "D1"])
    with (tmp_path / STEPS).open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(["external_ref", "type", "occurred_at", "actor", "note"])
        sheet.writerow(["R1", "accept", "2026-10-30T09:00:00+08:00", "x", "x"])
    assert not (await import_applications(service, Files(tmp_path))).refused
    imported = hands.now()
    hands.advance(timedelta(seconds=1))
    await sweeper.sweep()
    async with service.db.read() as tx:
        rows = (await tx.execute(select(Alarm.crossed_at, Alarm.late))).all()
    assert rows
    assert all(crossed_at < imported and late for crossed_at, late in rows)
    assert await told(service) == []
    hands.advance(timedelta(days=60))
    await sweeper.sweep()
    after = await told(service)
    assert after, "what is crossed after the import is told"
    assert all(datetime.fromisoformat(one["data"]["crossed_at"]) > imported for one in after)
