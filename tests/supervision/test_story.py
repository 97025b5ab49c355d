"""The life of one order from red light to closed, and of a false alarm from appeal to withdrawn."""

from typing import Any

from app.alarms.sweep import Sweeper
from app.kit.service import Service
from app.proof.checkpoints import take_all
from app.proof.verify import Asked, verify_all
from tests.builders.applications import Counter
from tests.conftest import Hands
from tests.supervision.conftest import PROOF, Desk

Json = dict[str, Any]  # a JSON object


async def alarms(desk: Desk, number: str, kind: str = "overdue") -> list[Json]:
    found: list[Json] = (await desk.get("/alarms", tracking_number=number, kind=kind)).json()["items"]
    return found


async def test_the_life_of_one_order_from_red_light_to_closed(
    desk: Desk, counter: Counter, hands: Hands, sweeper: Sweeper, service: Service
) -> None:
    # On Monday, 2 November, somebody hands in an application. The office has five working days to say whether it
    # accepts it, and says nothing. At the end of Monday the 9th the light turns red.
    number = (await counter.receive())["tracking_number"]
    hands.set("2026-11-10T00:00:20+08:00")
    assert (await counter.read(number))["light"] == "red"

    # The sweep raises the alarm, and with it, by rule, an order: there is one, and it names its alarm.
    await sweeper.sweep()
    await sweeper.sweep()
    [alarm] = await alarms(desk, number)
    [order] = (await desk.get("/orders", tracking_number=number)).json()["items"]
    assert order["by_rule"] is True
    assert (order["cause"]["alarm"], order["cause"]["clock"]) == (alarm["id"], "notice")
    assert (order["status"], order["holder"]["department"]) == ("issued", "D1")
    assert order["clock"]["due_at"] == "2026-11-18T00:00:00+08:00"
    id_, head = order["id"], desk.as_("head")

    # The head of the department signs for it, begins, and asks for two days more while there is time. They are granted.
    hands.set("2026-11-11T10:00:00+08:00")
    await head.step(id_, "acknowledge")
    await head.step(id_, "rectify", measures="逐件清理")
    hands.set("2026-11-16T10:00:00+08:00")
    asked = await head.step(id_, "ask_extension", amount=2, reason="材料待补")
    assert asked["extension_asked"]["amount"] == 2
    granted = await desk.step(id_, "grant_extension")
    assert granted["clock"]["due_at"] == "2026-11-20T00:00:00+08:00"

    # The 19th passes without an answer: a yellow card. It is too late to ask for more.
    hands.set("2026-11-20T09:00:00+08:00")
    assert (await sweeper.sweep()).cards == 1
    [yellow] = (await desk.read(id_))["cards"]
    assert (yellow["colour"], yellow["points"], yellow["recommendation"]) == ("yellow", 5, None)
    assert yellow["crossed_at"] == "2026-11-20T00:00:00+08:00"
    assert await head.refused(id_, "ask_extension", amount=1, reason="再宽限") == (409, "extension_after_expiry")

    # Five working days more: a red card, with a recommendation. A scheduler that slept over it says the true second.
    hands.set("2026-11-29T09:00:00+08:00")
    assert (await sweeper.sweep()).cards == 1
    assert (await sweeper.sweep()).cards == 0
    [_, red] = (await desk.read(id_))["cards"]
    assert (red["colour"], red["points"]) == ("red", 10)
    assert red["recommendation"] == "Supervision recommendation"
    assert (red["crossed_at"], red["given_at"][:16]) == ("2026-11-27T00:00:00+08:00", "2026-11-29T09:00")

    # Now it is answered, without what the supervisor wanted to see, and returned; answered anew with all of it,
    # accepted and closed.
    await head.step(id_, "answer", answer="已受理。", documents=PROOF)
    returned = await desk.step(id_, "return", reason="未附受理通知书")
    assert (returned["status"], returned["clock"]["state"]) == ("returned", "running")
    hands.set("2026-11-30T09:00:00+08:00")
    await head.step(id_, "answer", answer="附受理通知书。", documents=[*PROOF, {"title": "受理通知书"}])
    await desk.step(id_, "accept")
    closed = await desk.step(id_, "close", conclusion="整改到位")
    assert (closed["status"], closed["allowed"]) == ("closed", [])

    # All of it is on record, and the record holds. The alarm stands, for it was true.
    kinds = [step["type"] for step in (await desk.get(f"/orders/{id_}/steps")).json()["items"]]
    assert kinds == [
        "issue", "acknowledge", "rectify", "ask_extension", "grant_extension", "give_card", "give_card", "answer",
        "return", "answer", "accept", "close",
    ]  # fmt: skip
    assert (await alarms(desk, number))[0]["withdrawn"] is None
    assert [card["colour"] for card in (await desk.get("/cards")).json()["items"]] == ["red", "yellow"]
    await take_all(service)
    assert (await verify_all(service.db, service.sealer, Asked())).first is None


async def test_the_life_of_a_false_alarm_from_appeal_to_withdrawn(
    desk: Desk, counter: Counter, hands: Hands, sweeper: Sweeper, service: Service
) -> None:
    # The office accepted the application in time, and forgot to record it: an alarm, and an order.
    number = (await counter.receive())["tracking_number"]
    hands.set("2026-11-10T00:00:20+08:00")
    await sweeper.sweep()
    [alarm] = await alarms(desk, number)
    [order] = (await desk.get("/orders", tracking_number=number)).json()["items"]
    id_, head = order["id"], desk.as_("head")

    # The head appeals. The order's clock stops, and no card is given, however long the supervisor thinks about it.
    hands.set("2026-11-12T09:00:00+08:00")
    appealed = await head.step(id_, "appeal", reason="窗口当日已受理，系统未登记", documents=PROOF)
    assert (appealed["clock"]["state"], appealed["clock"]["due_at"]) == ("paused", None)
    assert await desk.refused(id_, "revoke", reason="x") == (409, "step_not_allowed")
    hands.set("2026-12-21T09:00:00+08:00")
    assert (await sweeper.sweep()).cards == 0

    # She is right: the order falls, and the alarm was false. With the next sweep it is withdrawn, and says why.
    upheld = await desk.step(id_, "uphold_appeal", reason="经查属实", revokes="order", false_alarm=True)
    assert (upheld["status"], upheld["false_alarm"]) == ("revoked", True)
    await sweeper.sweep()
    [withdrawn] = await alarms(desk, number)
    assert withdrawn["id"] == alarm["id"]
    assert withdrawn["withdrawn"]["cause"] == "appeal"
    assert id_ in withdrawn["withdrawn"]["reason"]

    # It is neither deleted nor raised again, and no second order follows.
    hands.set("2026-12-22T09:00:00+08:00")
    await sweeper.sweep()
    [still] = await alarms(desk, number)
    assert still["withdrawn"] is not None
    [only] = (await desk.get("/orders", tracking_number=number)).json()["items"]
    assert only["status"] == "revoked"
    await take_all(service)
    assert (await verify_all(service.db, service.sealer, Asked())).first is None
