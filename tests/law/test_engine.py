"""What the second engine makes of each rule, worked out by hand: an engine to compare with must itself be trusted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.law.engine import answer
from tests.law.shorthand import case, clock, shown, step

Json = dict[str, Any]  # JSON

# 2025-03-03 is a Monday; no rest day but weekends until 2025-04-04.
RECEIVED = step("receive 2025-03-03")
ACCEPTED = step("accept 2025-03-03")
TEN = clock("statutory", "accepted", "decided withdrawn", 10, "working_day", pauses_for=["hearing", "expert_review"])
HOURS: Json = {"weekend": [6, 7], "holidays": [], "workdays": [], "hours": [["09:00", "12:00"], ["13:00", "17:00"]]}


def ours(clocks: list[Json], steps: list[Json], as_of: str, kind: str = "statutory", **more: object) -> Json:
    """One clock of the answer."""
    return shown(answer(case(clocks, steps, as_of, **more)), kind)


def codes(clocks: list[Json], steps: list[Json], as_of: str, **more: object) -> list[str]:
    """The codes of the violations."""
    return [each["code"] for each in answer(case(clocks, steps, as_of, **more))["violations"]]


def test_the_start_day_is_not_counted_and_due_today_is_not_overdue() -> None:
    at_noon = ours([TEN], [RECEIVED, ACCEPTED], "2025-03-17")
    assert (at_noon["started_on"], at_noon["due_on"], at_noon["used"], at_noon["remaining"]) == (
        "2025-03-03", "2025-03-17", 10, 0,
    )  # fmt: skip
    assert (at_noon["light"], at_noon["overdue_since"], at_noon["due_at"]) == (
        "yellow",
        None,
        "2025-03-18T00:00:00+08:00",
    )
    then = ours([TEN], [RECEIVED, ACCEPTED], "2025-03-18T00:00:00+08:00")
    assert (then["light"], then["state"], then["overdue"]) == ("red", "running", 1)


def test_a_clock_due_on_friday_is_red_on_saturday_with_nothing_overdue_until_monday() -> None:
    nine = {**TEN, "limit": {"amount": 9, "unit": "working_day"}}
    saturday = ours([nine], [RECEIVED, ACCEPTED], "2025-03-15")
    assert (saturday["due_on"], saturday["light"], saturday["overdue"]) == ("2025-03-14", "red", 0)
    assert ours([nine], [RECEIVED, ACCEPTED], "2025-03-17")["overdue"] == 1


def test_months_end_on_the_corresponding_day_or_the_months_end_and_roll() -> None:
    month = clock("statutory", "accepted", "decided", 1, "month")
    told = [step("receive 2025-01-31"), step("accept 2025-01-31")]
    found = ours([month], told, "2025-02-10")
    assert (found["due_on"], found["used"], found["remaining"]) == ("2025-02-28", 10, 18)
    same = {**month, "count": {"start_rule": "same_day", "end_rule": "keep"}}
    found = ours([same], [step("receive 2025-03-03"), step("accept 2025-03-03")], "2025-03-03")
    assert (found["due_on"], found["used"], found["remaining"]) == ("2025-04-02", 1, 30)


def test_an_open_pause_hides_the_end_and_an_announced_one_tells_the_latest() -> None:
    told = [RECEIVED, ACCEPTED, step("pause 2025-03-10", ground="hearing")]
    found = ours([TEN], told, "2025-03-20")
    assert (found["state"], found["due_on"], found["latest_due_on"], found["used"]) == ("paused", None, None, 5)
    assert (found["warnings"], found["light"]) == ([{"rung": 1, "at": None}], None)
    told[2] = {**told[2], "announced": {"amount": 4, "unit": "calendar_day"}}
    found = ours([TEN], told, "2025-03-14")
    assert (found["state"], found["latest_due_on"]) == ("paused", "2025-03-21")
    found = ours([TEN], told, "2025-03-15T00:00:00+08:00")
    assert (found["state"], found["due_on"], found["light"]) == ("running", "2025-03-21", "green")
    later = [*told, step("resume 2025-03-19")]
    assert ours([TEN], later, "2025-03-20")["due_on"] == "2025-03-21"
    assert codes([TEN], later, "2025-03-20") == ["pause_over_announced"]


def test_a_pause_from_the_last_counted_day_on_stops_nothing() -> None:
    on_it = [RECEIVED, ACCEPTED, step("pause 2025-03-17", ground="hearing")]
    found = ours([TEN], on_it, "2025-03-17")
    assert (found["state"], found["due_on"]) == ("running", "2025-03-17")
    eve = [RECEIVED, ACCEPTED, step("pause 2025-03-14", ground="hearing"), step("resume 2025-03-18")]
    assert ours([TEN], eve, "2025-03-18")["due_on"] == "2025-03-19"


def test_overlapping_pauses_count_once() -> None:
    told = [
        RECEIVED,
        ACCEPTED,
        step("pause 2025-03-05", ground="hearing", id="a"),
        step("pause 2025-03-06", ground="expert_review", id="b"),
        step("resume 2025-03-10", pause_id="a"),
        step("resume 2025-03-12", pause_id="b"),
    ]
    found = ours([TEN], told, "2025-03-13")
    assert (found["due_on"], found["used"], found["remaining"]) == ("2025-03-24", 3, 7)


def test_a_decision_ends_the_pause_and_stops_the_clock() -> None:
    told = [RECEIVED, ACCEPTED, step("pause 2025-03-05", ground="hearing"), step("decide 2025-03-20", result="granted")]
    said = answer(case([TEN], told, "2025-04-01"))
    found = shown(said, "statutory")
    assert (said["status"], found["state"], found["used"], found["remaining"]) == ("decided", "met", 2, 8)
    assert (found["stopped_at"], found["due_on"], found["light"]) == ("2025-03-20T10:00:00+08:00", "2025-04-01", None)


def test_an_extension_is_counted_anew_and_its_cap_holds() -> None:
    extendable = {**TEN, "extension": {"amount": 5, "times": 1}}
    told = [RECEIVED, ACCEPTED, step("extend 2025-03-17 23:59:59", clock="statutory", amount=5)]
    found = ours([extendable], told, "2025-03-18")
    assert (found["due_on"], found["remaining"], found["revision"]) == ("2025-03-24", 4, 2)
    again = [*told, step("extend 2025-03-18", clock="statutory", amount=1)]
    assert codes([extendable], again, "2025-03-19") == ["extension_not_allowed"]
    late = [RECEIVED, ACCEPTED, step("extend 2025-03-18 00:00:00", clock="statutory", amount=5)]
    assert codes([extendable], late, "2025-03-19") == ["extension_after_expiry"]
    told_late = step("extend 2025-03-17", clock="statutory", amount=5, notified_at="2025-03-18T00:00:00+08:00")
    assert codes([extendable], [RECEIVED, ACCEPTED, told_late], "2025-03-19") == ["extension_after_expiry"]


def test_a_final_step_voids_what_does_not_name_it() -> None:
    notice = clock("notice", "received", "accepted refused", 5, "working_day")
    delivery = clock("delivery", "decided", "delivered", 5, "working_day")
    told = [RECEIVED, step("withdraw 2025-03-05")]
    said = answer(case([notice, TEN, delivery], told, "2025-03-06"))
    assert [each["state"] for each in said["clocks"]] == ["void", "void", "void"]
    told = [RECEIVED, ACCEPTED, step("terminate 2025-03-18"), step("close 2025-03-19")]
    said = answer(case([notice, TEN], told, "2025-03-20"))
    assert [each["state"] for each in said["clocks"]] == ["met", "missed"]
    told = [RECEIVED, ACCEPTED, step("withdraw 2025-03-05")]
    assert ours([TEN], told, "2025-03-06")["state"] == "met"


def test_a_correction_restarts_a_clock_from_zero() -> None:
    again = clock(
        "statutory", "received", "decided", 20, "working_day", restarts_on=["corrected"], pauses_for=["correction"]
    )
    told = [RECEIVED, step("request_correction 2025-03-05"), step("submit_correction 2025-03-10")]
    assert ours([again], told[:2], "2025-03-07")["state"] == "paused"
    found = ours([again], told, "2025-03-11")
    assert (found["started_on"], found["due_on"], found["used"], found["revision"]) == (
        "2025-03-10",
        "2025-04-08",
        1,
        2,
    )


def test_a_deemed_acceptance_falls_back_to_the_receipt_or_to_its_last_restart() -> None:
    notice = clock(
        "notice", "received", "accepted refused correction_requested", 5, "working_day",
        on_expiry="deemed_accepted_from_receipt", restarts_on=["corrected"],
    )  # fmt: skip
    said = answer(case([notice, TEN], [RECEIVED], "2025-03-11"))
    assert said["deemed"] == [
        {
            "clock": "notice",
            "effect": "deemed_accepted_from_receipt",
            "effective_on": "2025-03-03",
            "at": "2025-03-11T00:00:00+08:00",
            "legal_basis": None,
        }
    ]
    found = shown(said, "statutory")
    assert (found["started_on"], found["due_on"], found["used"]) == ("2025-03-03", "2025-03-17", 6)
    assert shown(said, "notice")["state"] == "missed"
    before = answer(case([notice, TEN], [RECEIVED], "2025-03-10T23:59:59.999999+08:00"))
    assert (before["status"], shown(before, "statutory")["state"]) == ("received", "not_started")
    corrected = [RECEIVED, step("request_correction 2025-03-04"), step("submit_correction 2025-03-06")]
    said = answer(case([notice, TEN], corrected, "2025-03-17"))
    assert [each["effective_on"] for each in said["deemed"]] == ["2025-03-06"]
    assert shown(said, "statutory")["due_on"] == "2025-03-20"


def test_a_step_at_the_due_instant_comes_after_the_deemed_effect() -> None:
    notice = clock("notice", "received", "accepted", 5, "working_day", on_expiry="deemed_accepted_at_expiry")
    assert codes([notice], [RECEIVED, step("accept 2025-03-11 00:00:00")], "2025-03-12") == ["step_not_allowed"]
    assert codes([notice], [RECEIVED, step("accept 2025-03-10 23:59:59")], "2025-03-12") == []


def test_an_applicant_who_corrects_nothing_is_deemed_to_withdraw() -> None:
    mine = clock(
        "correction",
        "correction_requested",
        "corrected",
        3,
        "working_day",
        party="applicant",
        on_expiry="deemed_withdrawn",
    )
    said = answer(case([mine, TEN], [RECEIVED, step("request_correction 2025-03-04")], "2025-03-08"))
    assert (said["status"], said["deemed"][0]["effective_on"]) == ("withdrawn", "2025-03-07")
    assert [each["state"] for each in said["clocks"]] == ["missed", "void"]


@pytest.mark.parametrize(
    ("received", "started_on"),
    [
        ("2025-03-07 16:59:59", "2025-03-07"),
        ("2025-03-07 17:00:00", "2025-03-10"),
        ("2025-03-08 10:00:00", "2025-03-10"),
    ],
)
def test_what_comes_in_after_hours_is_received_on_the_next_working_day(received: str, started_on: str) -> None:
    given = case(
        [clock("notice", "received", "accepted", 5, "working_day")], [step(f"receive {received}")], "2025-03-11"
    )
    given["item"]["receipt_rule"] = "next_working_day"
    assert shown(answer({**given, "calendar": HOURS}), "notice")["started_on"] == started_on


def test_a_receipt_to_be_confirmed_waits() -> None:
    notice = clock("notice", "received", "accepted", 5, "working_day")
    given = case([notice], [RECEIVED], "2025-03-06")
    given["item"]["receipt_rule"] = "on_confirmation"
    said = answer(given)
    assert (said["status"], shown(said, "notice")["state"]) == ("submitted", "not_started")
    said = answer({**given, "steps": [RECEIVED, step("confirm 2025-03-05")]})
    assert (said["status"], shown(said, "notice")["started_on"]) == ("received", "2025-03-05")


def _stages(**more: object) -> Json:
    promise = clock("promise", "accepted", "decided", 6, "working_day", pauses_for=["hearing"])
    review = {"code": "review", "name": "审查", "limit": {"amount": 4, "unit": "working_day"}, **more}
    return {"clocks": [promise], "stages": [review]}


def test_a_stage_is_never_due_later_than_the_promise_while_that_runs() -> None:
    told = [RECEIVED, ACCEPTED, step("start_stage 2025-03-06", stage="review")]
    given = {**case([], told, "2025-03-07"), "item": _stages()}
    assert shown(answer(given), "stage", "review")["due_on"] == "2025-03-11"
    told += [step("complete_stage 2025-03-07", stage="review"), step("start_stage 2025-03-07", stage="review")]
    said = answer({**given, "steps": told})
    assert shown(said, "stage", "review", 1)["state"] == "met"
    assert shown(said, "stage", "review", 2)["started_on"] == "2025-03-07"
    held = [
        RECEIVED,
        ACCEPTED,
        step("start_stage 2025-03-06", stage="review"),
        step("pause 2025-03-06", ground="hearing"),
    ]
    own = {**given, "steps": held, "item": _stages(pauses_for=[]), "as_of": "2025-03-07T12:00:00+08:00"}
    assert shown(answer(own), "stage", "review")["due_on"] == "2025-03-12"


def test_a_stage_that_stops_with_the_promise_is_capped_by_the_end_that_the_promise_then_has() -> None:
    """A suspension without an end lasts until a clock stops, so the end is known."""
    stopped = {
        "clocks": ["promise", "stage"],
        "from": "2025-03-05",
        "to": None,
        "published_at": "2025-03-04T09:00:00+08:00",
    }
    told = [
        RECEIVED,
        ACCEPTED,
        step("start_stage 2025-03-06", stage="review"),
        step("decide 2025-03-10", result="denied"),
    ]
    given = {
        **case([], told, "2025-03-11", suspensions=[stopped]),
        "item": _stages(limit={"amount": 9, "unit": "working_day"}),
    }
    said = answer(given)
    found = [shown(said, "promise")["due_on"], shown(said, "stage", "review")["due_on"]]
    assert found == ["2025-03-17", "2025-03-17"]


def test_a_stage_begun_in_a_pause_that_ends_at_the_same_instant_has_been_held() -> None:
    told = [
        RECEIVED,
        ACCEPTED,
        step("pause 2025-03-04", ground="hearing", id="p"),
        step("start_stage 2025-03-06", stage="review"),
        step("resume 2025-03-06", pause_id="p"),
    ]
    same = {"start_rule": "same_day"}
    given = {**case([], told, "2025-03-06"), "item": _stages(count=same)}
    assert shown(answer(given), "stage", "review")["used"] == 0
    told = [*told[:3], step("resume 2025-03-06", pause_id="p"), step("start_stage 2025-03-06", stage="review")]
    assert shown(answer({**given, "steps": told}), "stage", "review")["used"] == 1


def test_an_end_fixed_by_hand_is_not_moved() -> None:
    extendable = {**TEN, "extension": {"amount": 5, "times": 1}}
    told = [
        RECEIVED,
        ACCEPTED,
        step("pause 2025-03-05", ground="hearing"),
        step("extend 2025-03-06", clock="statutory", amount=5),
    ]
    given = case(
        [extendable], told, "2025-03-11", fixed_due={"statutory": "2025-03-16", "promise": "2025-03-14T17:00:00+08:00"}
    )
    said = answer(given)
    found = shown(said, "statutory")
    assert (found["state"], found["due_on"], found["remaining"]) == ("running", "2025-03-16", 3)
    assert [each["code"] for each in said["violations"]] == ["extension_not_allowed"]
    promise = shown(said, "promise")
    assert (promise["limit"], promise["used"], promise["remaining"], promise["due_on"]) == (None, 8, 3, "2025-03-14")


def test_a_suspension_takes_out_both_its_days() -> None:
    stopped = {
        "clocks": ["statutory"],
        "from": "2025-03-06",
        "to": "2025-03-07",
        "published_at": "2025-03-05T09:00:00+08:00",
    }
    found = ours([TEN], [RECEIVED, ACCEPTED], "2025-03-06", suspensions=[stopped])
    assert (found["state"], found["latest_due_on"], found["revision"]) == ("paused", "2025-03-19", 2)
    found = ours([TEN], [RECEIVED, ACCEPTED], "2025-03-08", suspensions=[stopped])
    assert (found["state"], found["due_on"]) == ("running", "2025-03-19")
    assert ours([TEN], [RECEIVED, ACCEPTED], "2025-03-04", suspensions=[stopped])["due_on"] == "2025-03-17"


def _editions() -> Json:
    first = {"number": 1, "published_at": "2024-11-01T09:00:00+08:00", "weekend": [6, 7], "published_to": "2025-12-31"}
    second = {"number": 2, "published_at": "2025-03-10T09:00:00+08:00", "holidays": ["2025-03-13", "2025-03-14"]}
    return {"CAL": {"zone": "Asia/Shanghai", "editions": [first, second]}}


def test_an_edition_moves_running_clocks_from_its_publication_and_no_stopped_one() -> None:
    given = case([TEN], [RECEIVED, ACCEPTED], "2025-03-10T08:59:59+08:00", calendars=_editions()) | {"calendar": "CAL"}
    before, after = answer(given), answer({**given, "as_of": "2025-03-10T09:00:00+08:00"})
    assert [shown(each, "statutory")["due_on"] for each in (before, after)] == ["2025-03-17", "2025-03-19"]
    assert [shown(each, "statutory")["revision"] for each in (before, after)] == [1, 2]
    assert [shown(each, "statutory")["calendar"] for each in (before, after)] == ["CAL@1", "CAL@2"]
    done = [RECEIVED, ACCEPTED, step("decide 2025-03-07", result="granted")]
    found = shown(answer({**given, "steps": done, "as_of": "2025-03-20T12:00:00+08:00"}), "statutory")
    assert (found["due_on"], found["calendar"]) == ("2025-03-17", "CAL@1")
    assert shown(answer({**given, "as_of": None}), "statutory")["due_on"] == "2025-03-19"


def test_working_time_runs_through_the_hours_and_leaves_pauses_out() -> None:
    given = clock(
        "statutory", "accepted", "decided", 10, "working_hour", pauses_for=["hearing"], warn=[{"at_share": 0.5}]
    )
    told = [step("receive 2025-03-07 08:00:00"), step("accept 2025-03-07 16:30:00")]
    found = shown(answer(case([given], told, "2025-03-10T11:15:00+08:00") | {"calendar": HOURS}), "statutory")
    assert (found["started_at"], found["due_at"]) == ("2025-03-07T16:30:00+08:00", "2025-03-11T11:30:00+08:00")
    assert (found["used"], found["remaining"], found["warnings"][0]["at"]) == (2, 8, "2025-03-10T14:30:00+08:00")
    told += [step("pause 2025-03-10 11:00:00", ground="hearing"), step("resume 2025-03-10 14:00:00")]
    found = shown(answer(case([given], told, "2025-03-11T16:00:00+08:00") | {"calendar": HOURS}), "statutory")
    assert (found["due_at"], found["overdue"], found["light"]) == ("2025-03-11T14:30:00+08:00", 1, "red")


def test_a_rung_in_days_keeps_the_time_of_day_of_an_end_inside_a_day() -> None:
    warn = [{"before": {"amount": 1, "unit": "working_day"}}, {"after": {"amount": 2, "unit": "working_hour"}}]
    closing = {**TEN, "count": {"due_time": "close_of_business"}, "warn": warn}
    found = shown(answer(case([closing], [RECEIVED, ACCEPTED], "2025-03-05") | {"calendar": HOURS}), "statutory")
    assert found["due_at"] == "2025-03-17T17:00:00+08:00"
    assert [each["at"] for each in found["warnings"]] == ["2025-03-14T17:00:00+08:00", "2025-03-18T11:00:00+08:00"]


def test_an_end_on_closing_time_moves_only_when_it_rolls() -> None:
    eight = {
        "id": "",
        "calendar": HOURS,
        "start": "2025-03-07T10:00:00+08:00",
        "limit": {"amount": 6, "unit": "working_hour"},
    }
    assert answer(eight)["due_at"] == "2025-03-07T17:00:00+08:00"
    assert answer({**eight, "end_rule": "roll_forward"})["due_at"] == "2025-03-10T09:00:00+08:00"


def _recorded(text: str, number: int, recorded: str, **more: object) -> Json:
    return step(text, seq=number, id=f"s{number}", recorded_at=f"{recorded}:00+08:00", **more)


def test_a_late_entry_withdraws_the_deemed_effect_once_it_is_known() -> None:
    notice = clock("notice", "received", "accepted", 5, "working_day", on_expiry="deemed_accepted_from_receipt")
    told = [
        _recorded("receive 2025-03-03", 1, "2025-03-03T10:00"),
        _recorded("accept 2025-03-10", 2, "2025-03-12T10:00"),
    ]
    given = case([notice, TEN], told, "2025-03-12T12:00:00+08:00", known_at="2025-03-12T09:59:00+08:00")
    before = answer(given)
    assert (len(before["deemed"]), shown(before, "statutory")["due_on"]) == (1, "2025-03-17")
    after = answer({**given, "known_at": "2025-03-12T12:00:00+08:00"})
    assert (after["deemed"], shown(after, "statutory")["due_on"]) == ([], "2025-03-24")
    assert (shown(after, "notice")["state"], shown(after, "statutory")["revision"]) == ("met", 2)


def test_a_late_entry_that_a_later_step_contradicts_is_refused() -> None:
    told = [
        _recorded("receive 2025-03-03", 1, "2025-03-03T10:00"),
        _recorded("accept 2025-03-05", 2, "2025-03-05T10:00"),
        _recorded("withdraw 2025-03-04", 3, "2025-03-06T10:00"),
    ]
    said = answer(case([TEN], told, "2025-03-07"))
    assert ([each["code"] for each in said["violations"]], said["status"]) == (["later_step_conflicts"], "accepted")


def test_an_extension_is_recorded_too_late_after_the_end_that_the_clock_has_by_then() -> None:
    extendable = {**TEN, "extension": {"amount": 5, "times": 1}}
    told = [
        _recorded("receive 2025-03-03", 1, "2025-03-03T10:00"),
        _recorded("accept 2025-03-03", 2, "2025-03-03T10:00"),
        _recorded("pause 2025-03-05", 3, "2025-03-05T10:00", ground="hearing"),
        _recorded("decide 2025-03-10", 4, "2025-03-10T10:00", result="granted"),
        _recorded("extend 2025-03-06", 5, "2025-03-21T10:00", clock="statutory", amount=5),
    ]
    assert codes([extendable], told, "2025-03-22") == ["extension_after_expiry"]
    in_time = {**told[4], "recorded_at": "2025-03-20T23:59:00+08:00"}
    assert codes([extendable], [*told[:4], in_time], "2025-03-22") == []


def test_a_correction_of_a_step_holds_from_the_instant_it_corrects() -> None:
    told = [
        _recorded("receive 2025-03-03", 1, "2025-03-03T10:00"),
        _recorded("accept 2025-03-05", 2, "2025-03-05T10:00"),
        _recorded(
            "amend 2025-03-10", 3, "2025-03-10T10:00", step="s2", replaces={"occurred_at": "2025-03-04T10:00:00+08:00"}
        ),
    ]
    given = case([TEN], told, "2025-03-11")
    assert shown(answer(given), "statutory")["due_on"] == "2025-03-18"
    assert shown(answer({**given, "known_at": "2025-03-09T00:00:00+08:00"}), "statutory")["due_on"] == "2025-03-19"
    struck = {**told[2], "replaces": None}
    assert answer({**given, "steps": [*told[:2], struck]})["status"] == "received"


def test_a_case_that_cannot_be_computed_says_so() -> None:
    given = case([clock("statutory", "received", "decided", 3, "working_hour")], [RECEIVED], "2025-03-04")
    assert "error" in answer(given)


def test_a_limit_of_no_time_ends_where_it_begins_to_count() -> None:
    nothing = clock("statutory", "received", "decided", 0, "working_hour", count={"end_rule": "keep"})
    found = ours([nothing], [step("receive 2025-03-04 09:00:00")], "2025-03-05", calendar=HOURS)
    assert (found["started_at"], found["due_at"]) == ("2025-03-04T09:00:00+08:00",) * 2
    found = ours([nothing], [step("receive 2025-03-07 17:00:00")], "2025-03-10", calendar=HOURS)
    assert (found["started_at"], found["due_at"]) == ("2025-03-10T09:00:00+08:00",) * 2


def test_an_extension_that_is_recorded_late_is_judged_by_the_round_that_it_extends() -> None:
    five = {
        "code": "review",
        "name": "审查",
        "limit": {"amount": 5, "unit": "working_day"},
        "pauses_for": [],
        "extension": {"amount": 2, "times": 1},
    }
    promise = clock("promise", "accepted", "decided", 40, "working_day")
    told = [
        RECEIVED, ACCEPTED, step("start_stage 2025-03-03 11:00:00", stage="review"),
        step("complete_stage 2025-03-11", stage="review"), step("start_stage 2025-03-12", stage="review"),
    ]  # fmt: skip
    extend = step("extend 2025-03-06", clock="stage", stage="review", amount=2)
    for recorded, found in (("2025-03-10", []), ("2025-03-13", ["extension_after_expiry"])):
        given = case([promise], [*told, {**extend, "recorded_at": f"{recorded}T12:00:00+08:00"}], "2025-03-20")
        given["item"]["stages"] = [five]
        assert [each["code"] for each in answer(given)["violations"]] == found
