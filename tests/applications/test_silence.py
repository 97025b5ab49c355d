"""Silence through the product: what was not said in time is read as done, and written down before the next step."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.applications import journal
from app.domain.forecast import forecast
from app.domain.spans import Forecast
from app.domain.steps import Dossier
from app.kit.sealing import Sealer
from tests.builders.applications import Counter
from tests.builders.items import ItemBuilder, an_item
from tests.conftest import Hands

NOTICE_STOPS = ["accepted", "refused", "correction_requested"]
ON_EXPIRY = datetime.fromisoformat("2026-11-10T00:00:00+08:00")
"""Five working days after 2 November 2026 are over."""


def a_permit(code: str = "permit") -> ItemBuilder:
    """Notice in five working days, else accepted back to the receipt; then twenty working days."""
    return (
        an_item(code)
        .with_clock(
            "notice", 5, starts="received", stops=NOTICE_STOPS, on_expiry="deemed_accepted_from_receipt",
            legal_basis="行政许可法 第三十二条",
        )
        .with_clock("statutory", 20)
        .with_(late_entry_limit={"amount": 20, "unit": "working_day"})
    )  # fmt: skip


async def a_number(counter: Counter, item: ItemBuilder | None = None) -> str:
    document = item or a_permit()
    await counter.publish(document)
    number: str = (await counter.receive(item=document.build()["code"]))["tracking_number"]
    return number


async def steps_of(counter: Counter, number: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await counter.get(f"/{number}/steps")).json()["items"]
    return rows


def clock_of(application: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(clock for clock in application["clocks"] if clock["kind"] == kind)
    return found


async def test_a_read_after_the_fifth_day_shows_acceptance_since_the_receipt_with_nothing_recorded(
    counter: Counter, hands: Hands
) -> None:
    number = await a_number(counter)
    hands.set(ON_EXPIRY - timedelta(microseconds=1))
    assert (await counter.read(number))["status"] == "received"
    hands.set(ON_EXPIRY)
    application = await counter.read(number)
    assert (application["status"], application["version"]) == ("accepted", 1)
    assert clock_of(application, "notice")["state"] == "missed"
    statutory = clock_of(application, "statutory")
    assert (statutory["started_on"], statutory["due_on"]) == ("2026-11-02", "2026-11-30")


async def test_an_instant_ahead_shows_what_silence_will_do(counter: Counter) -> None:
    number = await a_number(counter)
    assert (await counter.read(number, as_of="2026-11-20T00:00:00Z"))["status"] == "accepted"


async def test_the_effect_is_recorded_by_the_system_before_the_next_step(counter: Counter, hands: Hands) -> None:
    number = await a_number(counter)
    hands.set(ON_EXPIRY + timedelta(hours=9))
    recorded = await counter.step(number, "decide", result="granted")
    assert (recorded["step"]["type"], recorded["step"]["seq"], recorded["application"]["version"]) == ("decide", 3, 3)
    deemed = (await steps_of(counter, number))[1]
    assert {
        name: deemed[name] for name in ("type", "clock", "effect", "effective_on", "occurred_at", "legal_basis")
    } == {
        "type": "deemed",
        "clock": "notice",
        "effect": "deemed_accepted_from_receipt",
        "effective_on": "2026-11-02",
        "occurred_at": "2026-11-10T00:00:00+08:00",
        "legal_basis": "行政许可法 第三十二条",
    }
    assert (deemed["recorded_by"], deemed["role"], deemed["withdrawn"]) == ("system", "system", None)
    assert deemed["type_label"] == "Effect of silence"


async def test_a_later_acceptance_is_refused_with_the_state_of_now(counter: Counter, hands: Hands) -> None:
    number = await a_number(counter)
    hands.set(ON_EXPIRY + timedelta(hours=9))
    answer = await counter.post(f"/{number}/steps", {"type": "accept"})
    assert (answer.status_code, answer.json()["code"]) == (409, "step_not_allowed")
    assert answer.json()["current"]["status"] == "accepted"


async def test_a_correction_after_deemed_acceptance_comes_too_late(counter: Counter, hands: Hands) -> None:
    number = await a_number(counter)
    hands.set(ON_EXPIRY + timedelta(hours=9))
    assert await counter.refused(number, "request_correction", missing=["x"]) == (409, "correction_too_late")


async def test_a_late_entry_that_shows_the_act_in_time_marks_the_recorded_effect_withdrawn(
    counter: Counter, hands: Hands
) -> None:
    number = await a_number(counter)
    hands.set(ON_EXPIRY + timedelta(hours=9))
    await counter.step(number, "assign", officer=None, department="D1")
    hands.advance(timedelta(hours=1))
    entered = await counter.step(
        number, "accept", occurred_at="2026-11-06T10:00:00+08:00", late_reason="the paper lay in the wrong tray"
    )
    steps = await steps_of(counter, number)
    deemed = next(step for step in steps if step["type"] == "deemed")
    assert deemed["withdrawn"]["by"] == entered["step"]["id"]
    assert "accept" in deemed["withdrawn"]["reason"]
    assert entered["step"]["withdraws"] == [deemed["id"]]
    application = await counter.read(number)
    assert clock_of(application, "statutory")["started_on"] == "2026-11-06"
    assert clock_of(application, "notice")["state"] == "met"


async def test_what_nobody_decided_in_time_is_approved_and_delivery_runs(counter: Counter, hands: Hands) -> None:
    item = (
        an_item("renewal")
        .with_clock("statutory", 20, starts="received", on_expiry="deemed_approved")
        .with_clock("delivery", 10, starts="decided", stops=["delivered"])
    )
    number = await a_number(counter, item)
    hands.set(datetime.fromisoformat("2026-12-01T09:00:00+08:00"))
    application = await counter.read(number)
    assert (application["status"], clock_of(application, "delivery")["state"]) == ("decided", "running")
    assert await counter.refused(number, "decide", result="denied") == (409, "step_not_allowed")
    await counter.step(number, "deliver")
    assert [step["type"] for step in await steps_of(counter, number)] == ["receive", "deemed", "deliver"]


async def test_an_applicant_who_does_not_correct_has_withdrawn(counter: Counter, hands: Hands) -> None:
    item = a_permit("corrected").with_clock(
        "correction", 10, starts="correction_requested", stops=["corrected"], party="applicant",
        on_expiry="deemed_withdrawn",
    )  # fmt: skip
    number = await a_number(counter, item)
    hands.advance(timedelta(hours=1))
    await counter.step(number, "request_correction", missing=["x"])
    hands.set(datetime.fromisoformat("2026-11-17T00:00:00+08:00"))
    application = await counter.read(number)
    assert (application["status"], application["light"]) == ("withdrawn", None)
    assert await counter.refused(number, "submit_correction") == (409, "step_not_allowed")


async def test_the_list_by_status_goes_by_what_silence_has_done(counter: Counter, hands: Hands) -> None:
    number = await a_number(counter)
    hands.set(ON_EXPIRY)
    page = (await counter.get(status="accepted")).json()["items"]
    assert [one["tracking_number"] for one in page] == [number]


async def test_a_receipt_entered_after_the_limit_is_accepted_at_once(counter: Counter, hands: Hands) -> None:
    await counter.publish(a_permit())
    application = await counter.receive(item="permit", submitted_at="2026-10-12T09:00:00+08:00")
    assert (application["status"], application["version"]) == ("accepted", 2)


# Receipt rules


async def test_what_comes_in_on_a_rest_day_is_received_on_the_next_working_day(counter: Counter, hands: Hands) -> None:
    await counter.publish(a_permit().with_(receipt_rule="next_working_day"))
    hands.set(datetime.fromisoformat("2026-11-07T15:00:00+08:00"))  # a Saturday
    application = await counter.receive(item="permit")
    assert (application["received_on"], application["receipt_rule"]) == ("2026-11-09", "next_working_day")
    assert application["receipt_rule_label"].startswith("What comes in outside working hours")
    notice = clock_of(application, "notice")
    assert (notice["state"], notice["started_on"], notice["due_on"]) == ("not_started", "2026-11-09", "2026-11-16")


async def test_until_it_is_confirmed_an_application_is_submitted(counter: Counter, hands: Hands) -> None:
    await counter.publish(a_permit().with_(receipt_rule="on_confirmation"))
    application = await counter.receive(item="permit")
    number = application["tracking_number"]
    assert (application["status"], application["received_on"]) == ("submitted", None)
    assert {clock["state"] for clock in application["clocks"]} == {"not_started"}
    assert await counter.refused(number, "accept") == (409, "step_not_allowed")
    hands.set(datetime.fromisoformat("2026-11-04T10:00:00+08:00"))
    confirmed = (await counter.as_("clerk").step(number, "confirm"))["application"]
    assert (confirmed["status"], confirmed["received_on"]) == ("received", "2026-11-04")
    assert clock_of(confirmed, "notice")["started_on"] == "2026-11-04"
    assert await counter.refused(number, "confirm") == (409, "step_not_allowed")


async def test_where_entry_is_receipt_there_is_nothing_to_confirm(counter: Counter) -> None:
    number = (await counter.receive())["tracking_number"]
    assert await counter.refused(number, "confirm") == (409, "step_not_allowed")


# Clocks that begin again, inspections


async def test_the_clock_of_a_disclosure_begins_again_with_the_correction(counter: Counter, hands: Hands) -> None:
    item = an_item("disclosure").with_clock(
        "statutory", 20, starts="received", stops=["decided", "correction_requested"], restarts_on=["corrected"]
    )
    number = await a_number(counter, item)
    hands.advance(timedelta(days=1))
    stopped = (await counter.step(number, "request_correction", missing=["x"]))["application"]
    assert clock_of(stopped, "statutory")["state"] == "met"
    hands.set(datetime.fromisoformat("2026-11-16T10:00:00+08:00"))
    again = clock_of((await counter.step(number, "submit_correction"))["application"], "statutory")
    assert (again["state"], again["started_on"], again["used"], again["due_on"]) == (
        "running",
        "2026-11-16",
        0,
        "2026-12-14",
    )


async def test_an_inspection_is_recorded_where_a_stage_is_one(counter: Counter, hands: Hands) -> None:
    item = (
        an_item("acceptance")
        .with_clock("inspection", 5, starts="accepted", stops=["inspected"])
        .with_stage("inspection", 5)
    )
    number = await a_number(counter, item)
    await counter.step(number, "accept")
    hands.advance(timedelta(hours=1))
    recorded = await counter.as_("reviewer").step(number, "inspect", result="passed")
    assert recorded["step"]["result"] == "passed"
    assert clock_of(recorded["application"], "inspection")["state"] == "met"


async def test_where_no_inspection_belongs_to_the_item_none_is_recorded(counter: Counter) -> None:
    number = (await counter.receive())["tracking_number"]
    await counter.step(number, "accept")
    assert await counter.refused(number, "inspect", result="passed") == (409, "step_not_allowed")


async def test_what_is_received_on_monday_pins_the_version_of_monday(counter: Counter, hands: Hands) -> None:
    item = a_permit().with_(receipt_rule="next_working_day")
    await counter.publish(item.with_(valid_from="2026-11-02"))
    await counter.publish(item.with_(valid_from="2026-11-09", name="新办法"))
    hands.set(datetime.fromisoformat("2026-11-07T15:00:00+08:00"))  # a Saturday
    application = await counter.receive(item="permit")
    assert (application["received_on"], application["item_version"]) == ("2026-11-09", 2)


async def test_what_is_written_is_drawn_once_for_each_state_of_the_record(
    counter: Counter, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once before the step where that is asked for, once after it: that silence is written down changes nothing."""
    drawn: list[Dossier] = []

    def counted(dossier: Dossier) -> Forecast:
        drawn.append(dossier)
        return forecast(dossier)

    def held(entry: journal.Entry, sealer: Sealer, now: datetime, algorithm: int) -> journal.Written:
        drawn.clear()
        written = work_out(entry, sealer, now, algorithm)
        assert written.forecast == forecast(written.dossier)
        times.append(len(drawn))
        return written

    times: list[int] = []
    work_out = journal.work_out
    monkeypatch.setattr(journal, "work_out", held)
    monkeypatch.setattr(journal, "forecast", counted)
    number = await a_number(counter)
    hands.set(ON_EXPIRY + timedelta(hours=9))
    await counter.step(number, "decide", result="granted")  # silence is written down before it
    at = (ON_EXPIRY - timedelta(days=2)).isoformat()
    await counter.step(number, "accept", occurred_at=at, late_reason="sent by post")  # and falls with this
    await counter.step(number, "deliver")
    assert times == [1, 2, 2, 1]
    [_, deemed, *_] = await steps_of(counter, number)
    assert (deemed["type"], deemed["withdrawn"] is None) == ("deemed", False)
