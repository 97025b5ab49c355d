"""Corrections: a recorded step is amended, nothing is erased, and both are known at their time."""

from datetime import timedelta
from typing import Any

from tests.builders.applications import Counter, an_item_with_clocks
from tests.conftest import Hands

APPROVED = {"reason": "录入时看错了日期", "approver": "王局长", "actor": "李四"}


async def a_decided_one(counter: Counter, hands: Hands) -> str:
    """Received on Monday 2026-11-02 09:00, accepted on Tuesday, decided on Wednesday the week after."""
    number: str = (await counter.receive())["tracking_number"]
    hands.set("2026-11-03T10:00:00+08:00")
    await counter.step(number, "accept", note="齐全")
    hands.set("2026-11-11T10:00:00+08:00")
    await counter.step(number, "decide", result="granted")
    hands.set("2026-11-12T10:00:00+08:00")
    return number


def clock(application: dict[str, Any], kind: str) -> dict[str, Any]:
    [found] = [clock for clock in application["clocks"] if clock["kind"] == kind]
    return dict(found)


async def test_an_amended_step_holds_from_the_instant_that_it_corrects(counter: Counter, hands: Hands) -> None:
    number = await a_decided_one(counter, hands)
    answer = await counter.step(
        number, "amend", step=f"{number}.2", replaces={"occurred_at": "2026-11-04T10:00:00+08:00"}, **APPROVED
    )
    assert answer["step"]["type"] == "amend"
    assert (answer["step"]["step"], answer["step"]["replaces"]) == (
        f"{number}.2",
        {"occurred_at": "2026-11-04T10:00:00+08:00"},
    )
    assert clock(answer["application"], "promise")["started_on"] == "2026-11-04"
    before = await counter.read(number, as_of="2026-11-03T12:00:00+08:00")
    assert (before["status"], clock(before, "promise")["state"]) == ("received", "not_started")


async def test_the_record_keeps_both_and_says_which_was_amended(counter: Counter, hands: Hands) -> None:
    number = await a_decided_one(counter, hands)
    await counter.step(number, "amend", step=f"{number}.2", replaces={"note": "缺一份"}, **APPROVED)
    steps = (await counter.get(f"/{number}/steps")).json()["items"]
    assert [step["type"] for step in steps] == ["receive", "accept", "decide", "amend"]
    assert (steps[1]["note"], steps[1]["amended_by"], steps[1]["struck_out"]) == ("齐全", [f"{number}.4"], False)
    assert (steps[3]["replaces"], steps[3]["reason"], steps[3]["approver"]) == (
        {"note": "缺一份"},
        APPROVED["reason"],
        "王局长",
    )


async def test_what_was_known_before_the_amendment_is_what_was_recorded_by_then(counter: Counter, hands: Hands) -> None:
    number = await a_decided_one(counter, hands)
    earlier = await counter.read(number, as_of="2026-11-03T12:00:00+08:00")
    await counter.step(
        number, "amend", step=f"{number}.2", replaces={"occurred_at": "2026-11-04T10:00:00+08:00"}, **APPROVED
    )
    hands.advance(timedelta(days=1))
    pair = {"as_of": "2026-11-03T12:00:00+08:00", "known_at": "2026-11-12T09:00:00+08:00"}
    then = await counter.read(number, **pair)
    assert then | {"known_at": earlier["known_at"]} == earlier
    assert (then["status"], then["version"], then["known_at"]) == ("accepted", 3, pair["known_at"])
    steps = (await counter.get(f"/{number}/steps", **pair)).json()
    assert ([step["type"] for step in steps["items"]], steps["known_at"]) == (["receive", "accept"], pair["known_at"])
    assert (await counter.read(number, as_of=pair["as_of"]))["status"] == "received"


async def test_an_explanation_goes_by_what_was_known(counter: Counter, hands: Hands) -> None:
    number = await a_decided_one(counter, hands)
    await counter.step(
        number, "amend", step=f"{number}.2", replaces={"occurred_at": "2026-11-05T10:00:00+08:00"}, **APPROVED
    )
    path = f"/{number}/clocks/promise/explanation"
    now = (await counter.get(path)).json()
    then = (await counter.get(path, known_at="2026-11-12T09:59:59+08:00")).json()
    assert (now["days"][0]["date"], then["days"][0]["date"]) == ("2026-11-05", "2026-11-03")
    assert then["known_at"] == "2026-11-12T09:59:59+08:00"


async def test_before_the_receipt_was_recorded_an_application_is_not_known(counter: Counter, hands: Hands) -> None:
    hands.set("2026-11-02T15:00:00+08:00")
    number = (await counter.receive(submitted_at="2026-11-02T09:10:00+08:00"))["tracking_number"]
    hands.advance(timedelta(hours=1))
    assert (await counter.read(number, as_of="2026-11-02T09:00:00+08:00"))["status"] == "not_received"
    for path in ("", "/clocks", "/steps"):
        answer = await counter.get(f"/{number}{path}", known_at="2026-11-02T12:00:00+08:00")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    page = (await counter.get("", known_at="2026-11-02T12:00:00+08:00")).json()
    assert page["items"] == []


async def test_a_step_struck_out_does_not_stand(counter: Counter, hands: Hands) -> None:
    number = await a_decided_one(counter, hands)
    answer = await counter.step(number, "amend", step=f"{number}.3", replaces=None, **APPROVED)
    assert (answer["application"]["status"], answer["step"]["replaces"]) == ("accepted", None)
    assert (await counter.refused(number, "amend", step=f"{number}.3", replaces={"result": "denied"}, **APPROVED)) == (
        422,
        "step_struck_out",
    )
    assert (await counter.step(number, "decide", result="denied"))["application"]["status"] == "decided"


async def test_the_receipt_is_amended_in_its_instant_applicant_subject_and_fixed_ends(
    counter: Counter, hands: Hands
) -> None:
    number = await a_decided_one(counter, hands)
    answer = await counter.step(
        number,
        "amend",
        step=f"{number}.1",
        replaces={
            "submitted_at": "2026-10-30T16:00:00+08:00",
            "subject": "年产二万吨项目",
            "applicant": {"name": "另一公司"},
            "fixed_due": {"statutory": "2026-11-30"},
            "fixed_due_basis": "许可法 50",
        },
        **APPROVED,
    )
    application = answer["application"]
    assert (application["received_on"], application["subject"], application["applicant"]["name"]) == (
        "2026-10-30",
        "年产二万吨项目",
        "另一公司",
    )
    assert clock(application, "statutory")["due_on"] == "2026-11-30"
    assert clock(application, "notice")["started_on"] == "2026-10-30"
    read = await counter.read(number)
    assert (read["subject"], read["submitted_at"]) == ("年产二万吨项目", "2026-10-30T16:00:00+08:00")
    assert (await counter.refused(number, "amend", step=f"{number}.1", replaces=None, **APPROVED)) == (
        422,
        "step_not_amendable",
    )


async def test_the_history_that_results_must_be_allowed(counter: Counter, hands: Hands) -> None:
    number = await a_decided_one(counter, hands)
    assert await counter.refused(number, "amend", step=f"{number}.2", replaces=None, **APPROVED) == (
        409,
        "later_step_conflicts",
    )
    late = {"occurred_at": "2026-11-11T12:00:00+08:00"}
    assert (await counter.refused(number, "amend", step=f"{number}.2", replaces=late, **APPROVED))[0] == 409
    ahead = {"occurred_at": "2026-12-11T12:00:00+08:00"}
    assert await counter.refused(number, "amend", step=f"{number}.2", replaces=ahead, **APPROVED) == (
        422,
        "occurred_in_future",
    )


async def test_an_amendment_is_a_heads_and_has_a_second_person(counter: Counter, hands: Hands) -> None:
    number = await a_decided_one(counter, hands)
    said = {"step": f"{number}.2", "replaces": {"note": "改"}}
    assert await counter.as_("reviewer").refused(number, "amend", **said, **APPROVED) == (403, "role_not_allowed")
    alone = APPROVED | {"approver": "李 四"}
    assert await counter.refused(number, "amend", **said, **alone) == (422, "approver_is_actor")
    assert (await counter.refused(number, "amend", **said, reason="x"))[0] == 422


async def test_what_is_no_field_of_the_step_cannot_be_replaced(counter: Counter, hands: Hands) -> None:
    number = await a_decided_one(counter, hands)
    for of, replaces, pointer in (
        (3, {"result": "maybe"}, "/replaces/result"),
        (3, {"type": "withdraw"}, "/replaces/type"),
        (3, {"stage": "review"}, "/replaces/stage"),
        (1, {"item": "other"}, "/replaces/item"),
        (1, {"subject": 7}, "/replaces/subject"),
    ):
        answer = await counter.post(
            f"/{number}/steps", {"type": "amend", "step": f"{number}.{of}", "replaces": replaces, **APPROVED}
        )
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    for step, replaces, code in (
        (f"{number}.9", {"note": "x"}, "step_unknown"),
        ("elsewhere", {"note": "x"}, "step_unknown"),
        (f"{number}.3", {"result": "granted"}, "nothing_replaced"),
    ):
        assert await counter.refused(number, "amend", step=step, replaces=replaces, **APPROVED) == (422, code)


async def test_an_amendment_cannot_be_amended_and_its_step_can_again(counter: Counter, hands: Hands) -> None:
    number = await a_decided_one(counter, hands)
    await counter.step(number, "amend", step=f"{number}.3", replaces={"result": "denied"}, **APPROVED)
    assert await counter.refused(number, "amend", step=f"{number}.4", replaces={"note": "x"}, **APPROVED) == (
        422,
        "step_not_amendable",
    )
    await counter.step(number, "amend", step=f"{number}.3", replaces={"result": "granted", "note": "原样"}, **APPROVED)
    steps = (await counter.get(f"/{number}/steps")).json()["items"]
    assert steps[2]["amended_by"] == [f"{number}.4", f"{number}.5"]


async def test_a_figure_is_repeatable_for_a_pair_and_a_cursor_pins_both(counter: Counter, hands: Hands) -> None:
    await counter.publish(an_item_with_clocks("second"))
    numbers = []
    for place in range(5):
        hands.set(f"2026-11-0{place + 2}T09:30:00+08:00")
        numbers.append((await counter.receive(subject=f"第{place}件"))["tracking_number"])
        await counter.step(numbers[-1], "accept")
    hands.set("2026-11-10T09:00:00+08:00")
    whole = (await counter.get("")).json()
    pair = {"as_of": whole["as_of"], "known_at": whole["known_at"]}
    first = (await counter.get("", limit="2")).json()
    hands.advance(timedelta(hours=2))
    await counter.step(numbers[0], "amend", step=f"{numbers[0]}.1", replaces={"subject": "别的"}, **APPROVED)
    await counter.step(numbers[1], "amend", step=f"{numbers[1]}.2", replaces=None, **APPROVED)
    await counter.step(numbers[2], "decide", result="granted")
    await counter.receive(submitted_at="2026-11-10T08:00:00+08:00")
    hands.advance(timedelta(days=3))
    assert (await counter.get("", **pair)).json() == whole
    walked, cursor = first["items"], first["next_cursor"]
    while cursor:
        page = (await counter.get("", limit="2", cursor=cursor)).json()
        walked, cursor = walked + page["items"], page["next_cursor"]
    assert walked == whole["items"]
    accepted = (await counter.get("", status="accepted", **pair)).json()["items"]
    assert len(accepted) == 5
    assert len((await counter.get("", status="accepted", as_of=pair["as_of"])).json()["items"]) == 4


async def test_what_is_overdue_by_an_amendment_shows_at_once(counter: Counter, hands: Hands) -> None:
    number = await a_decided_one(counter, hands)
    hands.set("2026-12-04T10:00:00+08:00")
    answer = await counter.step(
        number, "amend", step=f"{number}.3", replaces={"occurred_at": "2026-12-03T10:00:00+08:00"}, **APPROVED
    )
    assert clock(answer["application"], "promise")["state"] == "missed"
