"""What-if to the letter of the interface: each sentence of it against the answer."""

import json
from typing import Any

import pytest

from app.simulations import simulate
from app.simulations.simulate import judge

Json = dict[str, Any]  # a JSON object

WEEK = {"weekend": [6, 7]}
FULL = {
    "weekend": [6, 7],
    "holidays": ["2025-01-01"],
    "workdays": ["2025-01-26"],
    "hours": [["09:00", "12:00"], ["13:30", "17:00"]],
    "zone": "Asia/Shanghai",
    "published_to": "2025-12-31",
}


def ask(*cases: Json, explain: bool = False) -> list[Json]:
    """The results of some cases, in the order asked."""
    judged = judge(json.dumps({"cases": list(cases)}).encode(), {}, "en", explain)
    assert judged.problem is None, judged.problem
    found: list[Json] = json.loads(judged.answer)["results"]
    return found


def end(start: str, amount: int, unit: str = "working_day", calendar: Any = "CN", **more: Any) -> Json:
    """The answer to a short case."""
    limit = {"amount": amount, "unit": unit}
    [result] = ask({"id": "s", "calendar": calendar, "start": start, "limit": limit, **more})
    return result


def a_clock(kind: str = "promise", amount: int = 5, unit: str = "working_day", **more: Any) -> Json:
    return {
        "kind": kind,
        "starts": "accepted",
        "stops": ["decided", "withdrawn", "terminated"],
        "limit": {"amount": amount, "unit": unit},
        **more,
    }


def step(type_: str, at: str, **more: Any) -> Json:
    return {"type": type_, "at": at if "T" in at else f"{at}T09:00:00+08:00", **more}


def a_case(*steps: Json, clocks: tuple[Json, ...] = (a_clock(),), **more: Any) -> Json:
    return {"id": "a", "item": {"clocks": list(clocks)}, "calendar": "CN", "steps": list(steps), **more}


def judged(*steps: Json, clocks: tuple[Json, ...] = (a_clock(),), **more: Any) -> Json:
    [result] = ask(a_case(*steps, clocks=clocks, **more))
    assert "error" not in result, result
    return result


def codes(result: Json) -> list[tuple[str, str | None]]:
    return [(one["code"], one["legal_basis"]) for one in result["violations"]]


# The answers


def test_the_answer_to_a_short_case_has_these_fields_and_no_other() -> None:
    assert end("2025-01-10", 5, calendar=FULL) == {
        "id": "s",
        "due_on": "2025-01-17",
        "due_at": "2025-01-18T00:00:00+08:00",
        "provisional": False,
        "calendar": "inline@1",
    }


def test_an_application_is_answered_with_these_fields_and_explained_when_asked() -> None:
    case = a_case(step("receive", "2025-01-10"), step("accept", "2025-01-13"))
    [plain] = ask(case)
    [explained] = ask(case, explain=True)
    assert plain.keys() >= {"id", "clocks", "status", "deemed", "violations"}
    assert "explanation" not in plain
    assert len(explained["explanation"]) == 1
    assert {key: value for key, value in explained.items() if key != "explanation"} == plain


def test_one_bad_case_does_not_fail_the_others_and_the_order_is_kept() -> None:
    good = {"id": "good", "calendar": "CN", "start": "2025-01-10", "limit": {"amount": 1, "unit": "working_day"}}
    found = ask({"id": "bad", "start": "x"}, good, {**good, "id": "z", "calendar": "XX"}, {**good, "id": "last"})
    assert [one["id"] for one in found] == ["bad", "good", "z", "last"]
    assert ["error" in one for one in found] == [True, False, True, False]
    assert found[0]["error"].keys() >= {"type", "title", "status", "detail", "code"}


# Calendars


def test_a_limit_in_working_time_needs_hours() -> None:
    assert end("2025-01-10T16:00:00+08:00", 2, "working_hour", FULL)["due_at"] == "2025-01-13T10:00:00+08:00"
    assert end("2025-01-10T16:00:00+08:00", 2, "working_hour", WEEK)["error"]["code"] == "calendar_without_hours"


def test_hours_may_be_a_map_by_weekday_and_end_at_midnight() -> None:
    hours = {"1": [["08:00", "24:00"]], "2": [["08:00", "10:00"]], "5": []}
    calendar = {**WEEK, "hours": hours}
    # Monday 2025-01-13 has sixteen hours, Tuesday two, no other day any.
    assert end("2025-01-13T08:00:00+08:00", 16, "working_hour", calendar)["due_at"] == "2025-01-14T00:00:00+08:00"
    assert end("2025-01-13T08:00:00+08:00", 19, "working_hour", calendar)["due_at"] == "2025-01-20T09:00:00+08:00"


def test_a_make_up_day_whose_weekday_has_no_hours_has_those_of_the_first_that_has() -> None:
    calendar = {**WEEK, "workdays": ["2025-01-18"], "hours": {"2": [["10:00", "12:00"]], "4": [["08:00", "18:00"]]}}
    assert end("2025-01-17T09:00:00+08:00", 1, "working_hour", calendar)["due_at"] == "2025-01-18T11:00:00+08:00"


def test_a_layer_overrides_both_ways_and_its_hours_and_horizon_stand_for_those_below() -> None:
    # 2025-01-28 is a holiday of the nation, 2025-01-26 a make-up Sunday.
    over = {"layer_of": "CN", "workdays": ["2025-01-28"], "holidays": ["2025-01-26"]}
    assert end("2025-01-27", 1, calendar=over)["due_on"] == "2025-01-28"
    assert end("2025-01-24", 1, calendar=over)["due_on"] == "2025-01-27"
    assert end("2025-01-24", 1)["due_on"] == "2025-01-26"
    assert end("2025-01-13", 1, calendar={**over, "published_to": "2025-01-10"})["provisional"] is True
    hours = {**over, "hours": [["10:00", "11:00"]]}
    assert end("2025-01-13T09:00:00+08:00", 1, "working_hour", hours)["due_at"] == "2025-01-13T11:00:00+08:00"


def test_past_the_horizon_only_the_weekly_pattern_holds_and_the_answer_is_provisional() -> None:
    calendar = {**WEEK, "holidays": ["2025-01-02", "2025-01-06"], "published_to": "2025-01-03"}
    assert end("2025-01-01", 1, calendar=calendar) | {"calendar": ""} == {
        "id": "s",
        "due_on": "2025-01-03",
        "due_at": "2025-01-04T00:00:00+08:00",
        "provisional": False,
        "calendar": "",
    }
    past = end("2025-01-03", 1, calendar=calendar)
    assert (past["due_on"], past["provisional"]) == ("2025-01-06", True)
    assert end("2099-01-01", 1, calendar=WEEK)["provisional"] is False


@pytest.mark.parametrize(
    "calendar",
    [
        {"weekend": [1, 2, 3, 4, 5, 6, 7]},
        {"hours": {"1": []}},
        {"weekend": [6, 7], "hours": {"6": [["09:00", "12:00"]]}},
    ],
)
def test_a_calendar_without_any_working_time_is_an_error_of_the_case(calendar: Json) -> None:
    assert end("2025-01-10", 1, calendar=calendar)["error"]["code"] == "calendar_without_working_days"


# What was published by when


def test_with_as_of_a_named_calendar_is_taken_as_published_by_then() -> None:
    # 国办发明电〔2020〕1号, made public on 2020-01-27, takes 01-31 and 02-01 (a make-up Saturday) off.
    steps = [step("receive", "2020-01-20"), step("accept", "2020-01-20")]
    [before] = ask(a_case(*steps, as_of="2020-01-26T12:00:00+08:00"))
    [after] = ask(a_case(*steps, as_of="2020-01-27T12:00:00+08:00"))
    [newest] = ask(a_case(*steps))
    assert [one["clocks"][0]["due_on"] for one in (before, after, newest)] == ["2020-02-01", "2020-02-04", "2020-02-04"]
    assert [one["clocks"][0]["revision"] for one in (before, after, newest)] == [1, 2, 1]


def test_a_clock_that_stopped_before_a_publication_keeps_its_edition() -> None:
    steps = [step("receive", "2020-01-20"), step("accept", "2020-01-20"), step("decide", "2020-01-25")]
    result = judged(*steps, as_of="2020-02-10T12:00:00+08:00")
    assert (result["clocks"][0]["due_on"], result["clocks"][0]["state"]) == ("2020-02-01", "met")


def test_an_edition_on_the_way_is_a_change_with_its_cause() -> None:
    steps = [step("receive", "2020-01-20"), step("accept", "2020-01-20")]
    [result] = ask(a_case(*steps, as_of="2020-01-28T12:00:00+08:00"), explain=True)
    told = result["explanation"][0]
    assert [(one["cause"], one["from"], one["to"]) for one in told["changes"]] == [
        ("started", None, "2020-02-01"),
        ("edition", "2020-02-01", "2020-02-04"),
    ]
    assert {day["source"] for day in told["days"] if day["date"] == "2020-01-31"} == {"国办发明电〔2020〕1号"}


def test_an_edition_is_known_from_its_publication_on() -> None:
    # An edition that came with the program counts as recorded when it was published, 2020-01-27.
    steps = [step("receive", "2020-01-20"), step("accept", "2020-01-20")]
    asked: dict[str, Any] = {"as_of": "2020-02-10T12:00:00+08:00"}
    before = judged(*steps, **asked, known_at="2020-01-26T23:59:59+08:00")
    after = judged(*steps, **asked, known_at="2020-01-27T00:00:00+08:00")
    assert [one["clocks"][0]["due_on"] for one in (before, after)] == ["2020-02-01", "2020-02-04"]
    stopped = [*steps[:2], step("decide", "2020-01-25")]
    assert judged(*stopped, **asked, known_at=asked["as_of"])["clocks"][0]["due_on"] == "2020-02-01"
    over = {"weekend": [6, 7], "layer_of": "CN"}
    [lying_over, then] = ask(
        a_case(*steps[:2], calendar=over, **asked),
        a_case(*steps[:2], calendar=over, **asked, known_at="2020-01-26T23:59:59+08:00"),
    )
    assert [one["clocks"][0]["due_on"] for one in (lying_over, then)] == ["2020-02-04", "2020-02-01"]


def test_known_at_takes_only_what_was_recorded_by_then() -> None:
    steps = [step("receive", "2025-01-10"), step("accept", "2025-01-13")]
    result = judged(*steps, as_of="2025-01-20T00:00:00+08:00", known_at="2025-01-11T00:00:00+08:00")
    assert result["status"] == "received"


# Steps


def test_a_resumption_names_its_pause_or_ends_the_last_open_one() -> None:
    clock = a_clock(pauses_for=["hearing", "publicity"])
    begin = [step("receive", "2025-03-03"), step("accept", "2025-03-03")]
    pauses = [
        step("pause", "2025-03-04", ground="hearing", id="first"),
        step("pause", "2025-03-05", ground="publicity"),
    ]
    last = judged(*begin, *pauses, step("resume", "2025-03-06"), step("resume", "2025-03-11"), clocks=(clock,))
    named = judged(*begin, *pauses, step("resume", "2025-03-06", pause_id="first"), clocks=(clock,))
    assert last["clocks"][0]["due_on"] == "2025-03-17"
    assert named["clocks"][0]["state"] == "paused"
    wrong = judged(*begin, *pauses, step("resume", "2025-03-06", pause_id="nothing"), clocks=(clock,))
    assert codes(wrong) == [("step_not_allowed", "行政许可法 第四十五条")]


def test_steps_of_one_instant_stand_in_the_order_given_and_later_ones_are_not_known_yet() -> None:
    at = "2025-01-13T09:00:00+08:00"
    assert judged(step("receive", at), step("accept", at))["status"] == "accepted"
    assert codes(judged(step("accept", at), step("receive", at))) == [("step_not_allowed", "行政许可法 第三十二条")]
    assert judged(step("receive", at), step("accept", "2025-01-14"), as_of=at)["status"] == "received"


def test_what_only_proves_a_step_may_be_left_out_and_an_item_needs_only_stages() -> None:
    stages = [{"code": "s", "name": "审查", "limit": {"amount": 2, "unit": "working_day"}}]
    steps = [step("receive", "2025-03-03"), step("accept", "2025-03-03"), step("start_stage", "2025-03-04", stage="s")]
    [result] = ask({"id": "a", "item": {"stages": stages, "department": "nowhere"}, "calendar": "CN", "steps": steps})
    assert result["clocks"][0]["due_on"] == "2025-03-06"


def test_a_case_may_carry_an_end_that_is_fixed() -> None:
    result = judged(step("receive", "2025-01-10"), step("accept", "2025-01-13"), fixed_due={"promise": "2025-03-01"})
    assert result["clocks"][0]["due_at"] == "2025-03-02T00:00:00+08:00"


# Silence


@pytest.mark.parametrize(
    ("effect", "status", "effective_on"),
    [
        ("deemed_accepted_from_receipt", "accepted", "2025-03-03"),
        ("deemed_accepted_at_expiry", "accepted", "2025-03-10"),
        ("deemed_approved", "decided", "2025-03-10"),
        ("deemed_consented", "decided", "2025-03-10"),
        ("deemed_withdrawn", "withdrawn", "2025-03-10"),
    ],
)
def test_silence_takes_effect_at_the_due_instant(effect: str, status: str, effective_on: str) -> None:
    stops = ["accepted", "refused", "correction_requested", "decided"]
    clock = a_clock("notice", starts="received", stops=stops, on_expiry=effect, legal_basis="某法 第一条")
    steps = [step("receive", "2025-03-03")]
    before = judged(*steps, clocks=(clock,), as_of="2025-03-10T23:59:59+08:00")
    assert (before["status"], before["deemed"]) == ("received", [])
    after = judged(*steps, clocks=(clock,), as_of="2025-03-11T00:00:00+08:00")
    [deemed] = after["deemed"]
    assert after["status"] == status
    assert {name: deemed[name] for name in ("clock", "effect", "effective_on", "at", "legal_basis")} == {
        "clock": "notice",
        "effect": effect,
        "effective_on": effective_on,
        "at": "2025-03-11T00:00:00+08:00",
        "legal_basis": "某法 第一条",
    }


def test_a_clock_that_starts_with_acceptance_counts_from_the_day_on_which_silence_counts() -> None:
    notice = a_clock(
        "notice", starts="received", stops=["accepted", "refused"], on_expiry="deemed_accepted_from_receipt"
    )
    [result] = ask(
        a_case(
            step("receive", "2025-03-03"),
            clocks=(notice, a_clock(amount=20)),
            as_of="2025-03-12T12:00:00+08:00",
        ),
        explain=True,
    )
    promise = result["clocks"][1]
    assert (promise["started_on"], promise["due_on"]) == ("2025-03-03", "2025-03-31")
    told = result["explanation"][1]
    assert [one["cause"] for one in told["changes"]] == ["deemed"]
    assert told["days"][0]["date"] == "2025-03-03"
    assert {"rule": "deemed", "article": "行政许可法 第三十二条"}.items() <= told["articles"][0].items()
    assert told["changes"][0]["legal_basis"] == "行政许可法 第三十二条"


# Violations


BEGUN = (step("receive", "2025-03-03"), step("accept", "2025-03-04"))
NOTICE = a_clock(
    "notice",
    starts="received",
    stops=["accepted", "refused", "correction_requested"],
    on_expiry="deemed_accepted_from_receipt",
)
ALL = (NOTICE, a_clock(amount=10, pauses_for=["hearing"], extension={"amount": 5, "times": 1}))


@pytest.mark.parametrize(
    ("steps", "code", "article"),
    [
        ((*BEGUN, step("accept", "2025-03-05")), "step_not_allowed", "第三十二条"),
        (
            (
                step("receive", "2025-03-03"),
                step("request_correction", "2025-03-04"),
                step("submit_correction", "2025-03-05"),
                step("request_correction", "2025-03-06"),
            ),
            "correction_repeated",
            "第七十二条",
        ),
        (
            (step("receive", "2025-03-03"), step("request_correction", "2025-03-12")),
            "correction_too_late",
            "第三十二条",
        ),
        ((*BEGUN, step("request_correction", "2025-03-05")), "correction_after_acceptance", "第四十五条"),
        ((*BEGUN, step("extend", "2025-03-05", clock="promise", amount=6)), "extension_not_allowed", "第四十二条"),
        (
            (
                *BEGUN,
                step("extend", "2025-03-05", clock="promise", amount=1),
                step("extend", "2025-03-06", clock="promise", amount=1),
            ),
            "extension_not_allowed",
            "第四十二条",
        ),
        ((*BEGUN, step("extend", "2025-03-19", clock="promise", amount=1)), "extension_after_expiry", "第四十二条"),
        ((*BEGUN, step("pause", "2025-03-05", ground="lunch")), "pause_ground_not_allowed", "第四十五条"),
        (
            (
                *BEGUN,
                step("pause", "2025-03-05", ground="hearing", announced={"amount": 1, "unit": "working_day"}),
                step("resume", "2025-03-10"),
            ),
            "pause_over_announced",
            "第四十五条",
        ),
        ((*BEGUN, step("start_stage", "2025-03-05", stage="nowhere")), "stage_unknown", None),
    ],
)
def test_a_violation_has_the_code_of_the_refusal_that_live_entry_would_get(
    steps: tuple[Json, ...], code: str, article: str | None
) -> None:
    [(found, basis)] = codes(judged(*steps, clocks=ALL))
    assert found == code
    assert basis is None if article is None else article in (basis or "")


def test_a_violation_changes_nothing_and_the_rest_goes_on() -> None:
    result = judged(*BEGUN, step("refuse", "2025-03-05"), step("decide", "2025-03-06"), clocks=ALL)
    assert [code for code, _ in codes(result)] == ["step_not_allowed"]
    assert result["status"] == "decided"


# The short form


def test_a_short_case_may_count_back() -> None:
    assert end("2025-03-10", -5)["due_on"] == "2025-03-03"
    assert end("2025-03-09", -1, start_rule="roll_then_next")["due_on"] == "2025-03-06"
    assert end("2025-03-10", -2, "calendar_day")["due_on"] == "2025-03-08"
    assert end("2025-03-10", -2, "calendar_day", end_rule="roll_forward")["due_on"] == "2025-03-10"


def test_a_short_case_may_be_paused_and_extended() -> None:
    assert end("2025-03-03", 4, pauses=[["2025-03-04", "2025-03-06"]])["due_on"] == "2025-03-11"
    assert end("2025-03-03", 4, pauses=[["2025-03-04", None]])["due_on"] is None
    assert end("2025-03-03", 4, extension=2)["due_on"] == "2025-03-11"
    hours = {**WEEK, "hours": [["09:00", "17:00"]]}
    pauses = [["2025-03-03T10:00:00+08:00", "2025-03-03T12:00:00+08:00"]]
    paused = end("2025-03-03T09:00:00+08:00", 4, "working_hour", hours, pauses=pauses)
    assert paused["due_at"] == "2025-03-03T15:00:00+08:00"


# Bounded cost


def test_a_call_that_is_too_much_work_is_refused_case_by_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "MOST_WORK", 3_000)
    case = a_case(step("receive", "2025-03-03"), *[step("assign", "2025-03-03")] * 30)
    first, second = ask(case, case)
    assert "error" not in first
    assert second["error"]["code"] == "too_much_work"


def a_case_with_many_silent_clocks(count: int) -> dict[str, Any]:
    clocks = tuple(a_clock(f"k{n}", 1000, on_expiry="deemed_approved", pauses_for=["hearing"]) for n in range(15))
    steps = [step("pause" if n % 2 else "resume", f"2025-03-{5 + n // 12:02}", ground="hearing") for n in range(count)]
    return a_case(*BEGUN, *steps, clocks=clocks)


def test_a_long_history_with_many_silent_clocks_is_judged() -> None:
    [result] = ask(a_case_with_many_silent_clocks(100))
    assert [clock["state"] for clock in result["clocks"]] == ["paused"] * 15


def test_silence_asked_after_by_too_many_clocks_is_too_much_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "MOST_WORK", 100_000)
    case = a_case_with_many_silent_clocks(30)
    first, second = ask(case, case)
    assert "error" not in first
    assert second["error"]["code"] == "too_much_work"
    assert not simulate.is_small(json.dumps({"cases": [case]}).encode())


def test_an_explanation_that_nobody_would_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "MOST_DAYS", 10)
    case = a_case(step("receive", "2025-03-03"), step("accept", "2025-03-03"))
    first, second = ask(case, case, explain=True)
    assert len(first["explanation"][0]["days"]) == 8
    assert second["error"]["code"] == "explanation_too_long"


def test_a_limit_of_decades_is_listed_in_part_and_one_beyond_all_years_is_refused() -> None:
    long_, too_long = ask(
        a_case(*BEGUN, clocks=(a_clock(amount=10_000),)),
        a_case(*BEGUN, clocks=(a_clock(amount=10_000, unit="month"),)),
        explain=True,
    )
    assert len(long_["explanation"][0]["days"]) == 400
    assert long_["explanation"][0]["days_next"] == "2026-04-08"
    assert too_long["error"]["code"] == "date_out_of_range"


def test_calendars_over_two_centuries_are_not_kept_without_bound() -> None:
    cases = [
        {
            "id": str(place),
            "calendar": {"holidays": ["1949-01-01", "2199-12-31"], "workdays": [f"2025-03-{place + 1:02}"]},
            "start": "2025-01-10",
            "limit": {"amount": 1, "unit": "working_day"},
        }
        for place in range(20)
    ]
    assert all("error" not in one for one in ask(*cases))
