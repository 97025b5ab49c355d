"""督办单: issued by a supervisor, signed, answered, accepted, closed; every wrong step refused."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.kit.db import Database
from app.supervision.models import OrderEvent
from tests.builders.applications import Counter
from tests.conftest import Hands
from tests.supervision.conftest import PROOF, Desk, Json


async def test_an_order_goes_from_issued_to_closed(desk: Desk, counter: Counter, hands: Hands) -> None:
    application = await counter.receive()
    number = application["tracking_number"]
    order = await desk.issue(tracking_number=number, department=None)
    id_, head = order["id"], desk.as_("head")
    assert (order["status"], order["version"], order["holder"]["department"]) == ("issued", 1, "D1")
    assert order["tracking_number"] == number
    assert (order["label"], order["supervision_label"]) == ("Supervision order", "Efficiency supervision")
    assert order["clock"]["due_on"] == "2026-11-09"
    assert order["clock"]["due_at"] == "2026-11-10T00:00:00+08:00"

    hands.advance(timedelta(hours=1))
    assert (await head.step(id_, "acknowledge"))["status"] == "acknowledged"
    assert (await head.step(id_, "rectify", measures="加班办理"))["status"] == "rectifying"
    answered = await head.step(id_, "answer", answer="已办结。", documents=PROOF)
    assert (answered["status"], answered["clock"]["state"]) == ("answered", "met")
    assert (await desk.step(id_, "accept"))["status"] == "accepted"
    closed = await desk.step(id_, "close", conclusion="整改到位")
    assert (closed["status"], closed["version"], closed["allowed"]) == ("closed", 6, [])

    steps = (await desk.get(f"/orders/{id_}/steps")).json()["items"]
    assert [step["type"] for step in steps] == ["issue", "acknowledge", "rectify", "answer", "accept", "close"]
    assert steps[3]["documents"] == PROOF
    assert len({step["hash"] for step in steps}) == 6


async def test_a_returned_answer_begins_a_new_limit(desk: Desk, hands: Hands) -> None:
    await desk.issue()
    order = await desk.issue()
    id_, head = order["id"], desk.as_("head")
    await head.step(id_, "acknowledge")
    await head.step(id_, "answer", answer="已办。", documents=PROOF)
    hands.advance(timedelta(days=1))
    returned = await desk.step(id_, "return", reason="未附材料")
    assert returned["status"] == "returned"
    assert (returned["clock"]["stage"], returned["clock"]["due_on"]) == ("rework", "2026-11-06")
    assert (await head.step(id_, "answer", answer="补齐。", documents=PROOF))["status"] == "answered"


WRONG: dict[str, set[str]] = {
    "issued": {"rectify", "ask_extension", "answer", "accept", "return", "close", "grant_extension", "reject_appeal"},
    "acknowledged": {"acknowledge", "accept", "return", "close", "refuse_extension", "uphold_appeal"},
    "rectifying": {"acknowledge", "rectify", "accept", "return", "close"},
    "answered": {"acknowledge", "rectify", "ask_extension", "answer", "close"},
    "returned": {"acknowledge", "accept", "return", "close"},
    "accepted": {"acknowledge", "rectify", "answer", "accept", "return", "ask_extension"},
    "closed": {"acknowledge", "rectify", "answer", "accept", "return", "close", "appeal", "revoke", "ask_extension"},
    "revoked": {"acknowledge", "rectify", "answer", "accept", "return", "close", "appeal", "revoke", "ask_extension"},
}
WAY: dict[str, list[str]] = {
    "issued": [],
    "acknowledged": ["acknowledge"],
    "rectifying": ["acknowledge", "rectify"],
    "answered": ["acknowledge", "answer"],
    "returned": ["acknowledge", "answer", "return"],
    "accepted": ["acknowledge", "answer", "accept"],
    "closed": ["acknowledge", "answer", "accept", "close"],
    "revoked": ["revoke"],
}
FIELDS: dict[str, Json] = {
    "ask_extension": {"amount": 1, "reason": "材料多"},
    "refuse_extension": {"reason": "不必"},
    "answer": {"answer": "已办。", "documents": PROOF},
    "return": {"reason": "不全"},
    "close": {"conclusion": "完"},
    "appeal": {"reason": "误报"},
    "uphold_appeal": {"reason": "属实", "revokes": "order"},
    "reject_appeal": {"reason": "不属实"},
    "revoke": {"reason": "发错"},
}
HEADS = {"acknowledge", "rectify", "ask_extension", "answer", "appeal"}


def who(type_: str) -> str:
    return "head" if type_ in HEADS else "supervisor"


@pytest.mark.parametrize("status", WAY)
async def test_no_step_is_taken_that_the_state_does_not_allow(desk: Desk, status: str) -> None:
    id_ = (await desk.issue())["id"]
    for type_ in WAY[status]:
        await desk.as_(who(type_)).step(id_, type_, **FIELDS.get(type_, {}))
    before = await desk.read(id_)
    assert before["status"] == status
    assert not WRONG[status] & set(before["allowed"])
    for type_ in sorted(WRONG[status]):
        answer = await desk.as_(who(type_)).send(id_, type_, FIELDS.get(type_, {}))
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (409, "step_not_allowed"), type_
        assert problem["current"] == {"status": status, "version": before["version"]}
    assert await desk.read(id_) == before


async def test_the_wrong_person_is_refused(desk: Desk, keys: dict[str, str]) -> None:
    id_ = (await desk.issue())["id"]
    for role in ("clerk", "reviewer", "auditor", "admin", "security", "integration"):
        assert (await desk.as_(role).send(id_, "acknowledge", {})).status_code == 403
        assert (await desk.as_(role).try_issue()).status_code == 403
    assert await desk.as_("head").refused(id_, "revoke", reason="x") == (403, "role_not_allowed")
    assert await desk.refused(id_, "acknowledge") == (403, "role_not_allowed")


async def test_an_order_of_another_department_is_not_there(desk: Desk, counter: Counter) -> None:
    made = await desk.client.put(
        "/api/v1/departments/D2", json={"code": "D2", "name": "二局"}, headers={"X-API-Key": desk.keys["admin"]}
    )
    assert made.status_code in (200, 201), made.text
    id_ = (await desk.issue(department="D2"))["id"]
    head = desk.as_("head")
    assert (await head.get(f"/orders/{id_}")).status_code == 404
    assert await head.refused(id_, "acknowledge") == (404, "not_found")
    assert (await head.get("/orders")).json()["items"] == []
    assert [one["id"] for one in (await desk.get("/orders")).json()["items"]] == [id_]


async def test_the_same_sent_twice_is_one_order_and_one_step(desk: Desk) -> None:
    body = {"department": "D1", "content": "限期办结。"}
    headers = desk.headers(**{"Idempotency-Key": "k1"})
    answers = [await desk.client.post("/api/v1/orders", json=body, headers=headers) for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert len((await desk.get("/orders")).json()["items"]) == 1
    id_, head = answers[0].json()["id"], desk.as_("head")
    again = [await head.send(id_, "acknowledge", {}, **{"Idempotency-Key": "k2"}) for _ in range(2)]
    assert [a.status_code for a in again] == [201, 201]
    assert (await desk.read(id_))["version"] == 2
    assert await head.refused(id_, "acknowledge") == (409, "step_not_allowed")


async def test_who_acts_on_an_older_version_is_told(desk: Desk) -> None:
    id_ = (await desk.issue())["id"]
    head = desk.as_("head")
    await head.step(id_, "acknowledge")
    answer = await head.send(id_, "rectify", {}, **{"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "version_stale")
    assert (await head.send(id_, "rectify", {}, **{"If-Match": '"2"'})).status_code == 201


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"content": "a\x00b"}, "/content"),
        ({"content": "　"}, "/content"),
        ({"department": "D9"}, "/department"),
        ({"section": "none"}, "/section"),
        ({"limit": {"amount": 10_001, "unit": "working_day"}}, "/limit"),
        ({"limit": {"amount": -1, "unit": "working_day"}}, "/limit/amount"),
        ({"tracking_number": "Q0QJ-WRBA-61TW-PX"}, "/tracking_number"),
        ({"documents": [{"number": "1", "date": "9999-12-31"}]}, "/documents/0/date"),
        ({"unknown": 1}, "/unknown"),
    ],
)
async def test_an_order_that_makes_no_sense_is_refused(desk: Desk, change: dict[str, object], pointer: str) -> None:
    answer = await desk.try_issue(**change)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await desk.get("/orders")).json()["items"] == []


async def test_a_limit_beyond_all_years_is_answered_in_words(desk: Desk) -> None:
    answer = await desk.try_issue(limit={"amount": 10_000, "unit": "month"})
    assert answer.status_code in (201, 422)


@pytest.mark.parametrize("number", ["D-AAAA-AAAA-AAAA-AA", "x", "%00", "D", "Q0QJ-WRBA-61TW-PZ"])
async def test_a_number_that_is_none_is_refused_or_not_there(desk: Desk, number: str) -> None:
    answer = await desk.get(f"/orders/{number}")
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_answer_needs_proof(desk: Desk) -> None:
    id_ = (await desk.issue())["id"]
    head = desk.as_("head")
    await head.step(id_, "acknowledge")
    assert await head.refused(id_, "answer", answer="已办。") == (422, "input_invalid")
    assert await head.refused(id_, "answer", answer="已办。", documents=[]) == (422, "input_invalid")


async def test_what_people_wrote_is_nowhere_in_the_clear(desk: Desk, database: Database) -> None:
    id_ = (await desk.issue(content="张三经办的那件"))["id"]
    assert (await desk.read(id_))["content"] == "张三经办的那件"
    async with database.read() as tx:
        bodies = list((await tx.execute(select(OrderEvent.body))).scalars())
    assert all("张三".encode() not in body for body in bodies)
