"""What-if cases of whole applications: the same engine, one result a case, and what live entry would refuse."""

import json
from typing import Any

import pytest

from app.simulations.simulate import Judged, is_small, judge

ITEM: dict[str, Any] = {
    "clocks": [
        {
            "kind": "notice",
            "starts": "received",
            "stops": ["accepted", "refused", "correction_requested"],
            "limit": {"amount": 5, "unit": "working_day"},
        },
        {
            "kind": "statutory",
            "starts": "accepted",
            "stops": ["decided"],
            "limit": {"amount": 20, "unit": "working_day"},
            "pauses_for": ["hearing"],
            "extension": {"amount": 10, "times": 1},
        },
    ]
}
RECEIVE = {"type": "receive", "at": "2025-01-10T09:00:00+08:00"}
ACCEPT = {"type": "accept", "at": "2025-01-13T09:00:00+08:00"}


def a_case(*steps: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"id": "a", "item": ITEM, "calendar": "CN", "steps": list(steps), **rest}


def results(*cases: Any, language: str = "en") -> list[dict[str, Any]]:
    judged = judge(json.dumps({"cases": list(cases)}).encode(), {}, "en" if language == "en" else "zh-CN")
    assert judged.problem is None
    found: list[dict[str, Any]] = json.loads(judged.answer)["results"]
    return found


def clock(result: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in result["clocks"] if one["kind"] == kind)
    return found


def codes(result: dict[str, Any]) -> list[str]:
    return [one["code"] for one in result["violations"]]


def error(case: Any) -> dict[str, Any]:
    [result] = results(case)
    found: dict[str, Any] = result["error"]
    return found


def test_an_application_answers_with_its_clocks_and_status() -> None:
    [result] = results(a_case(RECEIVE, ACCEPT, as_of="2025-02-10T12:00:00+08:00"))
    statutory = clock(result, "statutory")

    assert (result["id"], result["status"], result["deemed"], result["violations"]) == ("a", "accepted", [], [])
    assert (statutory["due_on"], statutory["used"], statutory["remaining"]) == ("2025-02-14", 16, 4)
    assert statutory["calendar"] == "CN@22"
    assert clock(result, "notice")["state"] == "met"


def test_a_case_without_as_of_speaks_of_its_last_step_by_the_newest_calendar() -> None:
    [result] = results(a_case(RECEIVE, ACCEPT))

    assert (clock(result, "statutory")["used"], clock(result, "statutory")["calendar"]) == (0, "CN@23")


def test_with_as_of_the_calendar_is_what_was_published_by_then() -> None:
    received = {"type": "receive", "at": "2020-01-20T09:00:00+08:00"}
    before, after = results(
        a_case(received, as_of="2020-01-26T23:59:59+08:00"), a_case(received, as_of="2020-01-27T00:00:00+08:00")
    )

    assert (clock(before, "notice")["due_on"], clock(after, "notice")["due_on"]) == ("2020-02-01", "2020-02-04")


def test_steps_after_as_of_are_not_known_yet_and_steps_may_stand_in_any_order() -> None:
    [result] = results(a_case(ACCEPT, RECEIVE, as_of="2025-01-12T00:00:00+08:00"))

    assert result["status"] == "received"
    assert codes(result) == []
    [unborn] = results(a_case(RECEIVE, as_of="2025-01-01T00:00:00+08:00"))
    assert unborn["status"] == "not_received"


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ([{"type": "decide", "at": "2025-01-11T09:00:00+08:00"}], "step_not_allowed"),
        ([ACCEPT, {"type": "request_correction", "at": "2025-01-14T09:00:00+08:00"}], "correction_after_acceptance"),
        (
            [ACCEPT, {"type": "extend", "clock": "statutory", "amount": 11, "at": "2025-01-14T09:00:00+08:00"}],
            "extension_not_allowed",
        ),
        (
            [ACCEPT, {"type": "extend", "clock": "statutory", "amount": 5, "at": "2025-02-15T00:00:00+08:00"}],
            "extension_after_expiry",
        ),
        ([ACCEPT, {"type": "pause", "ground": "lunch", "at": "2025-01-14T09:00:00+08:00"}], "pause_ground_not_allowed"),
        ([ACCEPT, {"type": "start_stage", "stage": "review", "at": "2025-01-14T09:00:00+08:00"}], "stage_unknown"),
    ],
)
def test_a_step_that_live_entry_would_refuse_is_a_violation_and_the_rest_goes_on(
    steps: list[dict[str, Any]], code: str
) -> None:
    withdrawal = {"type": "withdraw", "at": "2025-02-20T09:00:00+08:00"}
    [result] = results(a_case(RECEIVE, *steps, withdrawal))

    assert codes(result) == [code]
    assert result["status"] == "withdrawn"
    assert set(result["violations"][0]) == {"code", "detail", "legal_basis"}


def test_a_second_correction_is_a_violation() -> None:
    [result] = results(
        a_case(
            RECEIVE,
            {"type": "request_correction", "at": "2025-01-13T09:00:00+08:00"},
            {"type": "submit_correction", "at": "2025-01-14T09:00:00+08:00"},
            {"type": "request_correction", "at": "2025-01-15T09:00:00+08:00"},
        )
    )

    assert (codes(result), result["status"]) == (["correction_repeated"], "received")


@pytest.mark.parametrize(("resumed", "found"), [("2025-01-17", []), ("2025-01-18", ["pause_over_announced"])])
def test_a_pause_longer_than_announced_is_a_finding(resumed: str, found: list[str]) -> None:
    pause = {
        "type": "pause",
        "id": "p",
        "ground": "hearing",
        "announced": {"amount": 3, "unit": "working_day"},
        "at": "2025-01-14T09:00:00+08:00",
    }
    [result] = results(
        a_case(RECEIVE, ACCEPT, pause, {"type": "resume", "pause_id": "p", "at": f"{resumed}T09:00:00+08:00"})
    )

    assert codes(result) == found


def test_a_pause_still_open_past_what_was_announced_is_a_finding_too() -> None:
    pause = {
        "type": "pause",
        "ground": "hearing",
        "announced": {"amount": 1, "unit": "calendar_day"},
        "at": "2025-01-14T09:00:00+08:00",
    }
    open_still, in_time = results(
        a_case(RECEIVE, ACCEPT, pause, as_of="2025-01-16T00:00:00+08:00"),
        a_case(RECEIVE, ACCEPT, pause, as_of="2025-01-15T23:59:59+08:00"),
    )

    assert (codes(open_still), codes(in_time)) == (["pause_over_announced"], [])


def silently_granted(*steps: dict[str, Any], as_of: str) -> dict[str, Any]:
    """A case of an item on which silence decides on the second working day, and a promise with a pause of 20 days."""
    pause = {
        "type": "pause",
        "ground": "hearing",
        "announced": {"amount": 20, "unit": "calendar_day"},
        "at": "2025-01-14T09:00:00+08:00",
    }
    silent = {
        "kind": "statutory",
        "starts": "accepted",
        "stops": ["decided"],
        "limit": {"amount": 2, "unit": "working_day"},
        "on_expiry": "deemed_approved",
    }
    held = {**silent, "kind": "promise", "on_expiry": "overdue", "pauses_for": ["hearing"]}
    return {**a_case(RECEIVE, ACCEPT, pause, *steps, as_of=as_of), "item": {"clocks": [silent, held]}}


def test_a_pause_that_silence_ends_in_time_is_no_finding() -> None:
    [result] = results(silently_granted(as_of="2025-03-01T09:00:00+08:00"))

    assert [one["at"] for one in result["deemed"]] == ["2025-01-16T00:00:00+08:00"]
    assert codes(result) == []


def test_nor_is_it_one_when_the_application_is_closed_later() -> None:
    close = {"type": "close", "at": "2025-03-03T09:00:00+08:00", "result_code": "办结"}
    [result] = results(silently_granted(close, as_of="2025-03-04T09:00:00+08:00"))

    assert (result["status"], codes(result)) == ("closed", [])


def test_a_case_may_carry_an_end_fixed_for_it() -> None:
    [result] = results(
        a_case(RECEIVE, ACCEPT, fixed_due={"statutory": "2025-01-20", "licence": "2025-01-22T12:00:00+08:00"})
    )

    assert clock(result, "statutory")["due_at"] == "2025-01-21T00:00:00+08:00"
    assert clock(result, "licence")["due_at"] == "2025-01-22T12:00:00+08:00"


def test_without_a_calendar_of_its_own_a_case_counts_by_that_of_its_item() -> None:
    case = a_case(RECEIVE, ACCEPT, item={**ITEM, "jurisdiction": "CN-41"})
    del case["calendar"]

    assert clock(results(case)[0], "statutory")["calendar"] == "CN@23"
    assert error({**case, "item": {**ITEM, "calendar": "DE"}})["code"] == "calendar_not_found"


def test_one_bad_case_does_not_fail_the_others_and_the_order_is_kept() -> None:
    short = {"id": "s", "start": "2025-01-13", "limit": {"amount": 20, "unit": "working_day"}}
    found = results(short, 7, {**short, "id": "t", "start": "soon"}, a_case(RECEIVE))

    assert [one["id"] for one in found] == ["s", None, "t", "a"]
    assert [("error" in one) for one in found] == [False, True, True, False]
    assert found[2]["error"]["errors"][0]["pointer"] == "/start"
    assert (found[1]["error"]["code"], found[1]["error"]["status"]) == ("case_malformed", 422)


@pytest.mark.parametrize(
    ("case", "code"),
    [
        (a_case(), "as_of_missing"),
        (a_case(RECEIVE, item={"clocks": [], "stages": []}), "item_invalid"),
        (a_case(RECEIVE, item="nobody-knows"), "item_unknown"),
        (a_case(RECEIVE, calendar={"weekend": [1, 2, 3, 4, 5, 6, 7]}), "calendar_without_working_days"),
        (a_case(RECEIVE, as_of="2025-01-10T09:00:00"), "input_invalid"),
        (a_case(RECEIVE, colour="red"), "input_invalid"),
        (a_case({"type": "receive", "at": "2006-01-10T09:00:00+08:00"}), "calendar_unknown"),
        (a_case(RECEIVE, as_of="2006-01-10T09:00:00+08:00"), None),
    ],
)
def test_a_case_that_cannot_be_computed_says_why(case: dict[str, Any], code: str | None) -> None:
    [result] = results(case)

    assert (result["error"]["code"] if "error" in result else None) == code


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 422),
        (b'{"cases": []}', 422),
        (b'{"cases": [1], "more": 1}', 422),
        (b'{"cases": [{"id": "a", "id": "b"}]}', 422),
        (b'{"cases": [NaN]}', 422),
        (json.dumps({"cases": [{"id": "a"}] * 1001}).encode(), 422),
    ],
)
def test_a_body_that_is_no_list_of_cases_is_refused_as_a_whole(body: bytes, status: int) -> None:
    judged = judge(body, None, "en")

    assert judged.problem is not None
    assert (judged.problem[0], judged.answer) == (status, b"")


def test_the_items_that_cases_name_are_asked_for_once_with_their_days() -> None:
    named = [a_case(RECEIVE, item="x"), a_case(RECEIVE, item="x"), a_case(item="y"), {"id": "s"}]
    judged = judge(json.dumps({"cases": named}).encode(), None, "en")

    assert judged == Judged(needs=judged.needs)
    assert {(code, str(day)) for code, day in judged.needs} == {("x", "2025-01-10"), ("y", "None")}


def test_few_cases_with_few_steps_are_small() -> None:
    assert is_small(json.dumps({"cases": [a_case(RECEIVE, ACCEPT)]}).encode())
    assert not is_small(json.dumps({"cases": [{"id": str(place)} for place in range(17)]}).encode())
    assert not is_small(json.dumps({"cases": [a_case(*[RECEIVE] * 41)]}).encode())


@pytest.mark.parametrize(
    ("case", "pointer"),
    [
        (a_case(RECEIVE, calendar="DE"), "/calendar"),
        (a_case(RECEIVE, calendar={"layer_of": "DE"}), "/calendar/layer_of"),
        (
            {
                key: value
                for key, value in a_case(RECEIVE, item={**ITEM, "calendar": "DE"}).items()
                if key != "calendar"
            },
            "/item/calendar",
        ),
        (
            {
                key: value
                for key, value in a_case(RECEIVE, item={**ITEM, "jurisdiction": "DE-BY"}).items()
                if key != "calendar"
            },
            "/item/jurisdiction",
        ),
        ({"id": "s", "calendar": "DE", "start": "2025-01-13", "limit": {"amount": 1, "unit": "month"}}, "/calendar"),
    ],
)
def test_a_calendar_that_nobody_knows_is_pointed_at(case: dict[str, Any], pointer: str) -> None:
    problem = error(case)

    assert (problem["code"], problem["errors"][0]["pointer"]) == ("calendar_not_found", pointer)


HOURS_ITEM = {
    "clocks": [
        {
            "kind": "statutory",
            "starts": "accepted",
            "stops": ["decided"],
            "limit": {"amount": 4, "unit": "working_hour"},
            "pauses_for": ["hearing"],
        }
    ]
}
OFFICE = {"hours": [["09:00", "12:00"], ["13:30", "17:00"]]}


def test_a_limit_in_hours_is_reckoned_and_one_under_a_calendar_without_hours_fails_alone() -> None:
    case = {**a_case(RECEIVE, ACCEPT, item=HOURS_ITEM, as_of="2025-01-13T11:00:00+08:00"), "calendar": OFFICE}
    good, bad = results(case, {**case, "calendar": "CN"})

    statutory = clock(good, "statutory")
    assert (statutory["due_at"], statutory["used"], statutory["remaining"]) == ("2025-01-13T14:30:00+08:00", 2, 2)
    assert (bad["error"]["code"], bad["error"]["status"]) == ("calendar_without_hours", 422)


def test_a_pause_that_outlasts_the_hours_announced_is_found() -> None:
    pause = {
        "type": "pause",
        "ground": "hearing",
        "at": "2025-01-13T10:00:00+08:00",
        "announced": {"amount": 90, "unit": "working_minute"},
    }

    def found(resumed: str) -> list[str]:
        resume = {"type": "resume", "at": resumed}
        [result] = results({**a_case(RECEIVE, ACCEPT, pause, resume, item=HOURS_ITEM), "calendar": OFFICE})
        return codes(result)

    assert found("2025-01-13T11:30:00+08:00") == []
    assert found("2025-01-13T11:31:00+08:00") == ["pause_over_announced"]
