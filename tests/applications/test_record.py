"""Steps: what is allowed, by whom, how late, and that of two writers one wins."""

import asyncio
from collections import Counter as Count
from datetime import timedelta
from typing import Any

import pytest

from app.applications.models import Event
from app.applications.verify import verify
from app.kit.db import Database
from app.kit.service import Service
from tests.applications.counting import count_of
from tests.builders.applications import Counter, an_item_with_clocks
from tests.builders.departments import a_department, a_section
from tests.conftest import Hands

PAUSE = {"ground": "hearing", "legal_basis": "行政许可法 第四十五条", "announced": None, "approver": "王局长"}


async def received(counter: Counter) -> str:
    number: str = (await counter.receive())["tracking_number"]
    return number


async def accepted(counter: Counter, hands: Hands) -> str:
    number = await received(counter)
    hands.advance(timedelta(hours=1))
    await counter.step(number, "accept")
    hands.advance(timedelta(hours=1))
    return number


async def make_department(counter: Counter, code: str, **more: Any) -> None:
    document = {name: value for name, value in a_department(code, **more).items() if name != "code"}
    answer = await counter.client.put(
        f"/api/v1/departments/{code}", json=document, headers={"X-API-Key": counter.keys["admin"]}
    )
    assert answer.status_code in (200, 201), answer.text


async def test_the_answer_holds_the_step_and_the_application_after_it(counter: Counter, hands: Hands) -> None:
    number = await received(counter)
    hands.set("2026-11-03T10:00:00+08:00")
    answer = await counter.step(number, "accept", note="齐全", actor="李四")
    step = answer["step"]
    assert {name: step[name] for name in ("id", "seq", "type", "type_label", "occurred_at", "recorded_at")} == {
        "id": f"{number}.2",
        "seq": 2,
        "type": "accept",
        "type_label": "Accepted",
        "occurred_at": "2026-11-03T10:00:00+08:00",
        "recorded_at": "2026-11-03T10:00:00+08:00",
    }
    assert (step["actor"], step["note"], step["late_entry"]) == ("李四", "齐全", False)
    assert answer["application"]["version"] == 2
    assert (await counter.get(f"/{number}/steps")).json()["items"][1] == step


async def test_every_type_of_step_takes_its_place_in_one_life(
    counter: Counter, hands: Hands, service: Service, database: Database
) -> None:
    sections = [a_section("审批科", "李"), a_section("窗口")]
    await make_department(counter, "D1", sections=sections)
    number = await received(counter)
    life: list[tuple[str, dict[str, Any], str]] = [
        ("assign", {"section": "窗口"}, "received"),
        ("request_correction", {"missing": ["环境影响报告书", "公众参与说明"]}, "correcting"),
        ("submit_correction", {}, "received"),
        ("accept", {}, "accepted"),
        ("start_stage", {"stage": "review"}, "accepted"),
        ("pause", {**PAUSE, "announced": {"amount": 5, "unit": "working_day"}}, "accepted"),
        ("resume", {"result": "听证完毕"}, "accepted"),
        ("complete_stage", {"stage": "review", "outcome": "ok"}, "accepted"),
        ("extend", {"clock": "statutory", "amount": 10, "approver": "王局长", "reason": "复杂"}, "accepted"),
        ("assign", {"section": "审批科", "officer": "李"}, "accepted"),
        ("decide", {"result": "granted", "document": {"number": "豫环审〔2026〕1号", "title": "批复"}}, "decided"),
        ("publish", {"channel": "website"}, "decided"),
        ("deliver", {"channel": "window"}, "delivered"),
        ("close", {"result_code": "granted"}, "closed"),
    ]
    for type_, fields, status in life:
        hands.advance(timedelta(hours=20))
        answer = await counter.step(number, type_, **fields)
        assert answer["application"]["status"] == status, type_
    steps = (await counter.get(f"/{number}/steps")).json()["items"]
    assert [step["type"] for step in steps] == ["receive", *(type_ for type_, _, _ in life)]
    assert steps[2]["missing"] == ["环境影响报告书", "公众参与说明"]
    assert steps[7]["result"] == "听证完毕"
    assert steps[11]["document"] == {"number": "豫环审〔2026〕1号", "title": "批复"}
    verdict = await verify(database, service.sealer)
    assert (verdict.broken, verdict.first, verdict.events) == (0, None, 15)


@pytest.mark.parametrize(
    ("type_", "fields", "code"),
    [
        ("decide", {"result": "granted"}, "step_not_allowed"),
        ("submit_correction", {}, "step_not_allowed"),
        ("close", {"result_code": "x"}, "step_not_allowed"),
        ("resume", {}, "step_not_allowed"),
        ("pause", PAUSE, "step_not_allowed"),
    ],
)
async def test_what_the_state_forbids_is_a_conflict_that_tells_the_state(
    counter: Counter, database: Database, type_: str, fields: dict[str, Any], code: str
) -> None:
    number = await received(counter)
    answer = await counter.post(f"/{number}/steps", {"type": type_, **fields})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, code)
    assert problem["current"] == {"status": "received", "version": 1}
    assert await count_of(database, Event) == 1


async def test_a_second_correction_names_the_article_that_forbids_it(counter: Counter, hands: Hands) -> None:
    number = await received(counter)
    for type_, fields in (("request_correction", {"missing": ["a"]}), ("submit_correction", {})):
        hands.advance(timedelta(hours=1))
        await counter.step(number, type_, **fields)
    answer = await counter.post(f"/{number}/steps", {"type": "request_correction", "missing": ["b"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "correction_repeated")
    assert "第七十二条" in answer.json()["article"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"type": "none"}, "/type"),
        ({"type": "receive"}, "/type"),
        ({"type": "deemed"}, "/type"),
        ({}, "/type"),
        ({"type": 5}, "/type"),
        ({"type": "accept", "unknown": 1}, "/unknown"),
        ({"type": "refuse"}, "/reason"),
        ({"type": "request_correction"}, "/missing"),
        ({"type": "request_correction", "missing": []}, "/missing"),
        ({"type": "start_stage"}, "/stage"),
        ({"type": "pause", **PAUSE, "ground": None}, "/ground"),
        ({"type": "pause", "ground": "hearing", "legal_basis": "x", "approver": "y"}, "/announced"),
        ({"type": "pause", **PAUSE, "approver": None}, "/approver"),
        ({"type": "pause", **PAUSE, "announced": {"amount": 0, "unit": "working_hour"}}, "/announced"),
        ({"type": "pause", **PAUSE, "announced": {"amount": 1, "unit": "hour"}}, "/announced/unit"),
        ({"type": "extend", "clock": "statutory", "amount": 0, "approver": "a", "reason": "b"}, "/amount"),
        ({"type": "extend", "clock": "statutory", "amount": True, "approver": "a", "reason": "b"}, "/amount"),
        ({"type": "decide"}, "/result"),
        ({"type": "decide", "result": "maybe"}, "/result"),
        ({"type": "withdraw"}, "/reason"),
        ({"type": "close"}, "/result_code"),
        ({"type": "explain_delay", "clock": "statutory"}, "/reason"),
        ({"type": "accept", "occurred_at": "yesterday"}, "/occurred_at"),
        ({"type": "accept", "documents": [{"sha256": "xyz"}]}, "/documents/0/sha256"),
        ({"type": "accept", "documents": [{}]}, "/documents/0"),
    ],
)
async def test_what_is_wrong_with_a_step_is_pointed_at(counter: Counter, body: dict[str, Any], pointer: str) -> None:
    answer = await counter.post(f"/{await received(counter)}/steps", body)
    assert answer.status_code == 422
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}


async def test_eight_clerks_accept_at_once_and_one_wins(counter: Counter, database: Database, hands: Hands) -> None:
    number = await received(counter)
    hands.advance(timedelta(minutes=1))
    clerk = counter.as_("clerk")
    answers = await asyncio.gather(*[clerk.post(f"/{number}/steps", {"type": "accept"}) for _ in range(8)])
    assert Count(answer.status_code for answer in answers) == {201: 1, 409: 7}
    for loser in (answer.json() for answer in answers if answer.status_code == 409):
        assert loser["code"] == "step_not_allowed"
        assert loser["current"] == {"status": "accepted", "version": 2}
    assert await count_of(database, Event) == 2


async def test_who_began_before_the_winner_is_told_what_the_winner_recorded(counter: Counter, hands: Hands) -> None:
    """He waited for the winner to end: his own instant is the earlier one."""
    number = await received(counter)
    hands.advance(timedelta(minutes=1))
    assert (await counter.post(f"/{number}/steps", {"type": "accept"})).status_code == 201
    hands.advance(timedelta(microseconds=-7))
    loser = (await counter.post(f"/{number}/steps", {"type": "accept"})).json()
    assert (loser["code"], loser["current"]) == ("step_not_allowed", {"status": "accepted", "version": 2})


async def test_writers_on_many_applications_never_wait_for_each_other_for_good(
    counter: Counter, database: Database, service: Service, hands: Hands
) -> None:
    numbers = [await received(counter) for _ in range(6)]
    hands.advance(timedelta(minutes=1))
    posts = [counter.post(f"/{number}/steps", {"type": "accept"}) for number in numbers for _ in range(3)]
    answers = await asyncio.gather(*posts)
    assert Count(answer.status_code for answer in answers) == {201: 6, 409: 12}
    assert (await verify(database, service.sealer)).broken == 0


async def test_if_match_takes_the_version_and_a_stale_one_gets_412(counter: Counter, hands: Hands) -> None:
    number = await received(counter)
    hands.advance(timedelta(minutes=1))
    stale = await counter.post(f"/{number}/steps", {"type": "accept"}, **{"If-Match": '"7"'})
    assert stale.status_code == 412
    assert stale.headers["etag"] == '"1"'
    good = await counter.post(f"/{number}/steps", {"type": "accept"}, **{"If-Match": '"1"'})
    assert (good.status_code, good.headers["etag"]) == (201, '"2"')
    assert (await counter.post(f"/{number}/steps", {"type": "accept"}, **{"If-Match": '"1"'})).status_code == 412
    assert (await counter.post(f"/{number}/steps", {"type": "accept"}, **{"If-Match": "*"})).status_code == 409


async def test_a_step_with_a_key_is_recorded_once(counter: Counter, database: Database, hands: Hands) -> None:
    number = await received(counter)
    hands.advance(timedelta(minutes=1))
    first = await counter.post(f"/{number}/steps", {"type": "accept"}, **{"Idempotency-Key": "s-1"})
    again = await counter.post(f"/{number}/steps", {"type": "accept"}, **{"Idempotency-Key": "s-1"})
    assert (first.status_code, again.status_code, again.headers["idempotency-replayed"]) == (201, 201, "true")
    assert first.content == again.content
    assert await count_of(database, Event) == 2


# Late entry


async def test_up_to_five_minutes_back_is_not_late(counter: Counter, hands: Hands) -> None:
    number = await received(counter)
    hands.set("2026-11-02T12:00:00+08:00")
    answer = await counter.step(number, "accept", occurred_at="2026-11-02T11:55:00+08:00")
    assert (answer["step"]["late_entry"], answer["step"]["occurred_at"]) == (False, "2026-11-02T11:55:00+08:00")


async def test_an_earlier_step_needs_its_reason_and_is_marked(counter: Counter, hands: Hands) -> None:
    number = await received(counter)
    hands.set("2026-11-02T12:00:00+08:00")
    at = "2026-11-02T11:54:59+08:00"
    assert await counter.refused(number, "accept", occurred_at=at) == (422, "late_reason_missing")
    answer = await counter.step(number, "accept", occurred_at=at, late_reason="停电")
    assert (answer["step"]["late_entry"], answer["step"]["late_reason"]) == (True, "停电")


async def test_ahead_of_the_server_is_now_up_to_five_seconds(counter: Counter, hands: Hands) -> None:
    number = await received(counter)
    hands.set("2026-11-02T12:00:00+08:00")
    assert await counter.refused(number, "accept", occurred_at="2026-11-02T12:00:06+08:00") == (
        422,
        "occurred_in_future",
    )
    answer = await counter.step(number, "accept", occurred_at="2026-11-02T12:00:05+08:00")
    assert answer["step"]["occurred_at"] == "2026-11-02T12:00:00+08:00"


async def test_a_very_late_entry_needs_a_head_and_a_second_person(counter: Counter, hands: Hands) -> None:
    number = await received(counter)
    hands.set("2026-11-04T00:00:00+08:00")
    late = {"occurred_at": "2026-11-02T10:00:00+08:00", "late_reason": "停电"}
    assert await counter.as_("clerk").refused(number, "accept", **late, approver="王") == (403, "role_not_allowed")
    assert await counter.refused(number, "accept", **late) == (422, "approver_missing")
    same = {"actor": "王 局长", "approver": "王局长"}
    assert await counter.refused(number, "accept", **late, **same) == (422, "approver_is_actor")
    answer = await counter.step(number, "accept", **late, actor="李四", approver="王局长")
    assert answer["step"]["approver"] == "王局长"


async def test_a_late_entry_within_the_limit_needs_no_second_person(counter: Counter, hands: Hands) -> None:
    number = await received(counter)
    hands.set("2026-11-03T23:59:59+08:00")
    clerk = counter.as_("clerk")
    await clerk.step(number, "accept", occurred_at="2026-11-02T10:00:00+08:00", late_reason="停电")


async def test_a_late_entry_that_makes_a_later_step_impossible_is_a_conflict(counter: Counter, hands: Hands) -> None:
    number = await received(counter)
    hands.set("2026-11-02T12:00:00+08:00")
    await counter.step(number, "accept")
    hands.set("2026-11-02T13:00:00+08:00")
    late = {"occurred_at": "2026-11-02T11:00:00+08:00", "late_reason": "漏录", "reason": "x"}
    assert await counter.refused(number, "refuse", **late) == (409, "later_step_conflicts")


async def test_a_late_entry_before_the_receipt_is_refused(counter: Counter, hands: Hands) -> None:
    number = await received(counter)
    hands.set("2026-11-02T12:00:00+08:00")
    late = {"occurred_at": "2026-11-02T08:00:00+08:00", "late_reason": "漏录"}
    assert (await counter.refused(number, "accept", **late))[0] == 409


async def test_a_late_entry_rewrites_what_lists_read(
    counter: Counter, hands: Hands, service: Service, database: Database
) -> None:
    number = await received(counter)
    hands.set("2026-11-03T15:00:00+08:00")
    assert (await counter.read(number, as_of="2026-11-02T11:00:00+08:00"))["status"] == "received"
    await counter.step(number, "accept", occurred_at="2026-11-02T10:00:00+08:00", late_reason="漏录")
    then = await counter.read(number, as_of="2026-11-02T11:00:00+08:00")
    assert then["status"] == "accepted"
    assert {clock["kind"]: clock["state"] for clock in then["clocks"]}["promise"] == "running"
    assert (await verify(database, service.sealer)).first is None


# Who may


@pytest.mark.parametrize(
    ("role", "type_", "fields"),
    [
        ("clerk", "decide", {"result": "granted"}),
        ("clerk", "pause", PAUSE),
        ("clerk", "start_stage", {"stage": "review"}),
        ("reviewer", "extend", {"clock": "statutory", "amount": 1, "approver": "a", "reason": "b"}),
        ("reviewer", "terminate", {"reason": "x"}),
        ("supervisor", "accept", {}),
        ("auditor", "accept", {}),
        ("admin", "accept", {}),
        ("security", "accept", {}),
        ("integration", "accept", {}),
    ],
)
async def test_what_the_role_may_not_record_is_403(
    counter: Counter, hands: Hands, role: str, type_: str, fields: dict[str, Any]
) -> None:
    number = await accepted(counter, hands)
    assert await counter.as_(role).refused(number, type_, **fields) == (403, "role_not_allowed")


async def test_an_application_of_another_office_is_not_there(counter: Counter, hands: Hands) -> None:
    await make_department(counter, "D2")
    everybody = counter.as_("admin_key")
    number = (await everybody.receive(department="D2"))["tracking_number"]
    hands.advance(timedelta(minutes=1))
    assert await counter.refused(number, "accept") == (404, "not_found")
    assert (await counter.get(f"/{number}")).status_code == 404
    assert (await counter.get(f"/{number}/steps")).status_code == 404
    assert (await counter.get(f"/{number}/clocks")).status_code == 404


async def test_what_an_office_handed_over_it_still_reads_and_no_longer_touches(counter: Counter, hands: Hands) -> None:
    await make_department(counter, "D2")
    number = await accepted(counter, hands)
    handed = await counter.step(number, "assign", department="D2")
    assert handed["application"]["holder"] == {"department": "D2", "section": None, "officer": None}
    hands.advance(timedelta(minutes=1))
    assert (await counter.read(number))["holder"]["department"] == "D2"
    assert await counter.refused(number, "decide", result="granted") == (403, "held_elsewhere")
    before = await counter.read(number, as_of="2026-11-02T10:30:00+08:00")
    assert before["holder"]["department"] == "D1"


async def test_an_assignment_names_whom_there_is(counter: Counter, hands: Hands) -> None:
    number = await accepted(counter, hands)
    assert await counter.refused(number, "assign", department="none") == (422, "department_unknown")
    assert await counter.refused(number, "assign", section="none") == (422, "section_unknown")
    assert await counter.refused(number, "assign", officer="none") == (422, "officer_unknown")
    assert (await counter.refused(number, "assign"))[0] == 422


async def test_a_stage_goes_to_its_department_and_section(counter: Counter, hands: Hands) -> None:
    await make_department(counter, "D1", sections=[a_section("环评科")])
    await counter.publish(an_item_with_clocks("staged").with_stage("expert", 3, section="环评科"))
    number = (await counter.receive(item="staged"))["tracking_number"]
    hands.advance(timedelta(minutes=1))
    await counter.step(number, "accept")
    hands.advance(timedelta(minutes=1))
    answer = await counter.step(number, "start_stage", stage="expert")
    assert answer["application"]["holder"]["section"] == "环评科"


async def test_a_malformed_or_unknown_number_is_told_apart(counter: Counter) -> None:
    malformed = await counter.get("/Q0QJ-WRBA-61TW-PX")
    assert (malformed.status_code, malformed.json()["code"]) == (422, "tracking_number_malformed")
    unknown = await counter.get("/Q0QJ-WRBA-61TW-PZ")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    assert await counter.refused("Q0QJ-WRBA-61TW-PZ", "accept") == (404, "not_found")
