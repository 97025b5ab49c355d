"""Orders by rule: with the alarm or not at all, once for each, gone when their alarm is."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.alarms.sweep import Sweeper
from app.kit.service import Service
from app.outbox.models import Message
from app.supervision import raising
from tests.builders.applications import Counter
from tests.conftest import Hands
from tests.supervision.conftest import PROOF, Desk, Json


async def orders(desk: Desk, **query: str) -> list[Json]:
    found: list[Json] = (await desk.get("/orders", **query)).json()["items"]
    return found


async def test_a_warning_raises_no_order(desk: Desk, counter: Counter, hands: Hands, sweeper: Sweeper) -> None:
    await counter.receive()
    hands.set("2026-11-09T08:00:00+08:00")
    assert len((await sweeper.sweep()).raised) == 1
    assert await orders(desk) == []


async def test_two_sweepers_at_once_raise_one_order_for_each_alarm(
    desk: Desk, counter: Counter, hands: Hands, service: Service
) -> None:
    numbers = [(await counter.receive())["tracking_number"] for _ in range(7)]
    hands.set("2026-11-12T08:00:00+08:00")
    await asyncio.gather(*(Sweeper(service).sweep() for _ in range(3)))
    found = await orders(desk)
    assert sorted(order["tracking_number"] for order in found) == sorted(numbers)
    assert len({order["cause"]["alarm"] for order in found}) == 7
    assert {order["cause"]["crossed_at"] for order in found} == {"2026-11-10T00:00:00+08:00"}


async def test_alarm_and_order_are_recorded_together_or_not_at_all(
    desk: Desk, counter: Counter, hands: Hands, sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    await counter.receive()
    hands.set("2026-11-12T08:00:00+08:00")

    async def fails(*_: object, **__: object) -> None:
        raise RuntimeError("the pen broke")

    monkeypatch.setattr(raising, "commit", fails)
    assert len((await sweeper.sweep()).quarantined) == 1
    assert (await desk.get("/alarms", kind="overdue")).json()["items"] == []
    assert await orders(desk) == []


async def test_an_alarm_withdrawn_by_a_late_entry_takes_its_order_with_it(
    desk: Desk, counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    number = (await counter.receive())["tracking_number"]
    hands.set("2026-11-10T08:00:00+08:00")
    await sweeper.sweep()
    [order] = await orders(desk)
    await counter.step(
        number, "accept", occurred_at="2026-11-09T16:00:00+08:00", late_reason="系统故障", approver="局长", actor="甲"
    )
    await sweeper.sweep()
    [order] = await orders(desk)
    assert order["status"] == "revoked"
    steps = (await desk.get(f"/orders/{order['id']}/steps")).json()["items"]
    assert (steps[-1]["type"], steps[-1]["cause"], steps[-1]["role"]) == ("revoke", "late_entry", "system")


async def test_what_is_issued_escalated_and_closed_is_told(
    desk: Desk, counter: Counter, hands: Hands, sweeper: Sweeper, service: Service
) -> None:
    hook = {"url": "https://192.0.2.7/hook", "name": "x", "events": ["order.issued", "order.escalated", "order.closed"]}
    made = await desk.client.post("/api/v1/webhooks", json=hook, headers={"X-API-Key": desk.keys["admin"]})
    assert made.status_code == 201, made.text
    await counter.receive()
    hands.set("2026-11-10T08:00:00+08:00")
    await sweeper.sweep()
    [order] = await orders(desk)
    hands.advance(timedelta(days=8))
    await sweeper.sweep()
    head, id_ = desk.as_("head"), order["id"]
    await head.step(id_, "acknowledge")
    await head.step(id_, "answer", answer="已办。", documents=PROOF)
    await desk.step(id_, "accept")
    await desk.step(id_, "close", conclusion="完")
    async with service.db.read() as tx:
        rows = await tx.execute(select(Message.type, Message.subject, Message.body).where(Message.subject == id_))
        told = {type_: (subject, body) for type_, subject, body in rows}
    assert set(told) == {"order.issued", "order.escalated", "order.closed"}
    assert b'"colour":"yellow"' in told["order.escalated"][1]


async def test_an_overdue_answer_that_was_given_before_the_sweep_has_its_card_all_the_same(
    desk: Desk, hands: Hands
) -> None:
    id_ = (await desk.issue(limit={"amount": 1, "unit": "working_day"}))["id"]
    hands.set("2026-11-04T00:00:00+08:00")
    signed = await desk.as_("head").step(id_, "acknowledge")
    assert [card["colour"] for card in signed["cards"]] == ["yellow"]
    assert signed["version"] == 3


async def test_a_card_given_while_an_extension_was_asked_for_falls_when_it_is_granted(
    desk: Desk, hands: Hands, sweeper: Sweeper
) -> None:
    id_ = (await desk.issue(limit={"amount": 1, "unit": "working_day"}))["id"]
    head = desk.as_("head")
    await head.step(id_, "acknowledge")
    await head.step(id_, "ask_extension", amount=3, reason="材料待补")
    hands.set("2026-11-04T08:00:00+08:00")
    assert (await sweeper.sweep()).cards == 1
    granted = await desk.step(id_, "grant_extension")
    [card] = granted["cards"]
    assert card["revoked"]["cause"] == "extension"
    assert granted["clock"]["due_at"] == "2026-11-07T00:00:00+08:00"
    hands.set("2026-11-07T00:00:00+08:00")
    assert (await sweeper.sweep()).cards == 1
    assert [one["revoked"] is None for one in (await desk.read(id_))["cards"]] == [False, True]


async def test_an_extension_is_granted_once_and_no_longer_than_the_rules_allow(desk: Desk) -> None:
    id_ = (await desk.issue())["id"]
    head = desk.as_("head")
    await head.step(id_, "acknowledge")
    assert await head.refused(id_, "ask_extension", amount=6, reason="x") == (422, "extension_not_allowed")
    await head.step(id_, "ask_extension", amount=1, reason="x")
    assert await head.refused(id_, "ask_extension", amount=1, reason="x") == (409, "step_not_allowed")
    await desk.step(id_, "refuse_extension", reason="不必")
    await head.step(id_, "ask_extension", amount=1, reason="x")
    await desk.step(id_, "grant_extension")
    assert await head.refused(id_, "ask_extension", amount=1, reason="x") == (422, "extension_not_allowed")


async def test_an_appeal_may_take_a_card_and_leave_the_order(desk: Desk, hands: Hands, sweeper: Sweeper) -> None:
    id_ = (await desk.issue(limit={"amount": 1, "unit": "working_day"}))["id"]
    head = desk.as_("head")
    hands.set("2026-11-04T08:00:00+08:00")
    await sweeper.sweep()
    await head.step(id_, "appeal", reason="停电两天")
    fault = {"reason": "x", "revokes": "cards", "cards": ["nothing"]}
    assert await desk.refused(id_, "uphold_appeal", **fault) == (422, "card_unknown")
    wrong = {"reason": "x", "revokes": "order", "false_alarm": True}
    assert await desk.refused(id_, "uphold_appeal", **wrong) == (422, "alarm_missing")
    upheld = await desk.step(id_, "uphold_appeal", reason="属实", revokes="cards")
    assert (upheld["status"], upheld["appeal"]) == ("issued", None)
    assert [card["revoked"]["cause"] for card in upheld["cards"]] == ["appeal"]
    assert (await sweeper.sweep()).cards == 0


async def test_a_rejected_appeal_lets_the_clock_go_on_without_the_days_of_the_appeal(desk: Desk, hands: Hands) -> None:
    id_ = (await desk.issue())["id"]
    head = desk.as_("head")
    hands.set("2026-11-03T09:00:00+08:00")
    await head.step(id_, "appeal", reason="不属我局")
    hands.set("2026-11-05T09:00:00+08:00")
    rejected = await desk.step(id_, "reject_appeal", reason="属你局")
    assert (rejected["clock"]["state"], rejected["clock"]["due_on"]) == ("running", "2026-11-11")


async def test_two_who_decide_at_once_do_not_both_win(desk: Desk) -> None:
    id_ = (await desk.issue())["id"]
    head = desk.as_("head")
    await head.step(id_, "acknowledge")
    await head.step(id_, "answer", answer="已办。", documents=PROOF)
    answers = await asyncio.gather(
        *(desk.send(id_, type_, {"reason": "x"} if type_ == "return" else {}) for type_ in ("accept", "return") * 4)
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201] + [409] * 7
    assert (await desk.read(id_))["version"] == 4
