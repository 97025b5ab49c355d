"""Late entries: long after what they tell of, and after the end that they would have kept."""

from tests.builders.applications import Counter
from tests.conftest import Hands
from tests.findings.conftest import Watch

LATE = {"late_reason": "系统停机", "approver": "局长", "actor": "甲"}


async def test_a_step_entered_on_the_fourth_working_day_after_it_is_seen(
    counter: Counter, watch: Watch, hands: Hands
) -> None:
    number = (await counter.receive())["tracking_number"]
    hands.set("2026-11-06T00:00:00+08:00")
    await counter.step(number, "accept", occurred_at="2026-11-02T10:00:00+08:00", **LATE)
    [seen] = await watch.look("2026-11-06T09:00:00+08:00", rule="late_entry")
    assert (seen["tracking_number"], seen["holder"]["department"]) == (number, "D1")
    [step] = seen["evidence"]["steps"]
    assert (step["seq"], step["type"]) == (2, "accept")
    assert (step["occurred_at"], step["recorded_at"]) == ("2026-11-02T10:00:00+08:00", "2026-11-06T00:00:00+08:00")
    assert seen["evidence"]["figures"] == {"days": 3, "hours": 14}
    assert seen["compared"] == {"after": {"amount": 3, "unit": "working_day"}}
    assert seen["seen"] == (
        "Step 2 (Accepted) happened at 2026-11-02 10:00 and was entered at 2026-11-06 00:00, 3 days and 14 hours "
        "later; the rule allows 3 working days."
    )
    assert "outage" in seen["innocent"]


async def test_a_second_before_it_is_not(counter: Counter, watch: Watch, hands: Hands) -> None:
    number = (await counter.receive())["tracking_number"]
    hands.set("2026-11-05T23:59:59+08:00")
    await counter.step(number, "accept", occurred_at="2026-11-02T10:00:00+08:00", **LATE)
    assert await watch.look("2026-11-06T09:00:00+08:00", rule="late_entry") == []


async def test_an_acceptance_entered_after_the_end_that_it_would_have_kept_is_seen(
    counter: Counter, watch: Watch, hands: Hands
) -> None:
    number = (await counter.receive())["tracking_number"]
    hands.set("2026-11-12T00:00:00+08:00")
    await counter.step(number, "accept", occurred_at="2026-11-09T16:00:00+08:00", **LATE)
    [seen] = await watch.look("2026-11-12T09:00:00+08:00", rule="back_dated")
    [clock] = seen["evidence"]["clocks"]
    assert (clock["clock"], clock["due_at"]) == ("notice", "2026-11-10T00:00:00+08:00")
    assert "was entered at 2026-11-12 00:00, after that" in seen["seen"]


async def test_entered_within_the_two_working_days_after_the_end_is_not(
    counter: Counter, watch: Watch, hands: Hands
) -> None:
    number = (await counter.receive())["tracking_number"]
    hands.set("2026-11-11T23:59:59+08:00")
    await counter.step(number, "accept", occurred_at="2026-11-09T16:00:00+08:00", **LATE)
    assert await watch.look("2026-11-12T09:00:00+08:00", rule="back_dated") == []


async def test_an_amendment_that_moves_a_step_before_the_end_is_seen_and_names_itself(
    counter: Counter, watch: Watch, hands: Hands
) -> None:
    number = (await counter.receive())["tracking_number"]
    hands.set("2026-11-12T10:00:00+08:00")
    done = await counter.step(number, "accept")
    assert await watch.look("2026-11-12T11:00:00+08:00", rule="back_dated") == []
    hands.set("2026-11-13T10:00:00+08:00")
    await counter.step(
        number,
        "amend",
        step=done["step"]["id"],
        replaces={"occurred_at": "2026-11-09T16:00:00+08:00"},
        reason="日期录错",
        approver="局长",
        actor="甲",
    )
    [seen] = await watch.look("2026-11-13T11:00:00+08:00", rule="back_dated")
    assert seen["evidence"]["steps"][0]["seq"] == 3
    assert seen["evidence"]["steps"][0]["recorded_at"] == "2026-11-13T10:00:00+08:00"
