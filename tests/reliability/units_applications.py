"""Write units of the window: receipts, every type of step, late entries, silence; the orders of the supervision."""

from datetime import timedelta
from typing import Any

from tests.builders.applications import a_receipt, an_item_with_clocks
from tests.builders.items import an_item
from tests.contract.assault import ITEMS, ORDER_STEPS, STEPS, fields_of, item_of, order_role
from tests.reliability.stage import Stage, Unit

__all__ = ["APPLICATIONS", "ORDERS", "open_hall"]

Json = dict[str, Any]  # a JSON object

RECEIVE = "/api/v1/applications"
RECORD = "/api/v1/applications/{tracking_number}/steps"
ISSUE = "/api/v1/orders"
ORDER_STEP = "/api/v1/orders/{order}/steps"
SILENT = (
    an_item("silent")
    .with_clock(
        "notice",
        5,
        starts="received",
        stops=["accepted", "refused", "correction_requested"],
        on_expiry="deemed_accepted_from_receipt",
        legal_basis="行政许可法 第三十二条",
    )
    .with_clock("statutory", 20)
)


async def open_hall(stage: Stage) -> None:
    """Items, and somebody who is told of everything."""
    for item in (an_item_with_clocks(), SILENT, *ITEMS.values()):
        document = item.build()
        await stage.done("PUT", f"/api/v1/items/{document.pop('code')}", document, "admin")
    await stage.done("POST", "/api/v1/webhooks", {"url": "https://192.0.2.7/hook", "name": "x"}, "admin")


async def receive(stage: Stage) -> None:
    answer = await stage.done("POST", RECEIVE, a_receipt(external_ref="R-1"), key="receive")
    shown = await stage.done("GET", f"{RECEIVE}/{answer['tracking_number']}")
    assert shown["version"] == 1


def of_step(type_: str) -> Unit:
    """One type of step, on an application that allows it."""

    async def prepare(stage: Stage) -> None:
        number = stage.memory["number"] = await stage.receive(item_of(type_))
        for each in STEPS[type_][0]:
            await stage.step(number, each, **fields_of(each, number))
        if type_ == "explain_delay":
            stage.hands.advance(timedelta(days=30))

    async def act(stage: Stage) -> None:
        number = stage.memory["number"]
        body = {"type": type_, **fields_of(type_, number)}
        await stage.done("POST", f"{RECEIVE}/{number}/steps", body, key=f"step {type_}")
        steps = await stage.done("GET", f"{RECEIVE}/{number}/steps")
        assert [step["type"] for step in steps["items"]] == ["receive", *STEPS[type_][0], type_]

    return Unit(f"step {type_}", act, route=f"POST {RECORD}", prepare=prepare, takes_key=True)


async def before_late_entry(stage: Stage) -> None:
    stage.memory["number"] = await stage.receive()
    stage.hands.advance(timedelta(hours=3))


async def late_entry(stage: Stage) -> None:
    at = (stage.hands.now() - timedelta(hours=1)).isoformat()
    body = {"type": "accept", "occurred_at": at, "late_reason": "补录", "actor": "李四", "approver": "王五"}
    await stage.done("POST", f"{RECEIVE}/{stage.memory['number']}/steps", body, key="late")


async def before_silence(stage: Stage) -> None:
    stage.memory["number"] = await stage.receive("silent")
    stage.hands.advance(timedelta(days=10))


async def after_silence(stage: Stage) -> None:
    """A step after an end that nobody kept: what silence did is written before it."""
    number = stage.memory["number"]
    await stage.done("POST", f"{RECEIVE}/{number}/steps", {"type": "decide", "result": "granted"}, key="silence")
    steps = (await stage.done("GET", f"{RECEIVE}/{number}/steps"))["items"]
    assert [step["type"] for step in steps] == ["receive", "deemed", "decide"]


APPLICATIONS = [
    Unit("receive", receive, route=f"POST {RECEIVE}", takes_key=True),
    *(of_step(type_) for type_ in STEPS),
    Unit("late entry", late_entry, route=f"POST {RECORD}", prepare=before_late_entry, takes_key=True),
    Unit("step after silence", after_silence, route=f"POST {RECORD}", prepare=before_silence, takes_key=True),
]


async def issue(stage: Stage) -> None:
    await stage.done("POST", ISSUE, {"department": "D1", "content": "限期办结。"}, "supervisor", key="issue")


def of_order_step(type_: str) -> Unit:
    """One type of step of an order."""

    async def prepare(stage: Stage) -> None:
        made = await stage.done("POST", ISSUE, {"department": "D1", "content": "x"}, "supervisor")
        stage.memory["order"] = made["id"]
        for each in ORDER_STEPS[type_][0]:
            await record(stage, each)

    async def act(stage: Stage) -> None:
        await record(stage, type_, key=f"order {type_}")

    return Unit(f"order step {type_}", act, route=f"POST {ORDER_STEP}", prepare=prepare, takes_key=True)


async def record(stage: Stage, type_: str, key: str | None = None) -> None:
    body = {"type": type_, **ORDER_STEPS[type_][1]}
    await stage.done("POST", f"{ISSUE}/{stage.memory['order']}/steps", body, order_role(type_), key=key)


ORDERS = [Unit("issue an order", issue, route=f"POST {ISSUE}", takes_key=True), *map(of_order_step, ORDER_STEPS)]
