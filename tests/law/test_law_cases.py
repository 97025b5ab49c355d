"""The worked examples of Chinese law and the hard calendar cases, replayed through the second engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.law.engine import answer
from tests.law.shorthand import CN, case, clock, shown, step

Json = dict[str, Any]  # JSON

CASES = Path(__file__).parents[2] / "app" / "conformance" / "data"  # the published files of cases, nothing else of app
STATUTORY = clock("statutory", "accepted", "decided", 20, "working_day", pauses_for=["hearing", "expert_review"])
NOTICE = clock(
    "notice", "received", "accepted refused correction_requested", 5, "working_day",
    on_expiry="deemed_accepted_from_receipt",
)  # fmt: skip


@pytest.mark.parametrize("name", ["cn-deadlines.json", "cn-hard-cases.json"])
def test_every_case_of_date_arithmetic_comes_out_as_expected(name: str) -> None:
    told = json.loads((CASES / name).read_text(encoding="utf-8"))["cases"]
    assert len(told) >= 300
    wrong = [
        each["id"]
        for each in told
        if answer({**each["request"], "calendar": CN}).get("due_on") != each["expected"]["due_on"]
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("name", "start", "amount", "unit", "due_on"),
    [
        ("A02", "2025-01-13", 20, "working_day", "2025-02-14"),
        ("A05", "2024-12-20", 10, "working_day", "2025-01-06"),
        ("A07", "2024-09-12", 15, "working_day", "2024-10-10"),
        ("A08", "2026-01-05", 45, "working_day", "2026-03-13"),
        ("D02 from the submission", "2021-11-24", 20, "working_day", "2021-12-22"),
        ("D02 from the slip", "2021-12-02", 20, "working_day", "2021-12-30"),
        ("D05", "2025-12-30T17:00:00Z", 5, "working_day", "2026-01-08"),
        ("E03", "2026-01-29", 30, "calendar_day", "2026-02-28"),
        ("E05", "2026-04-02", 3, "calendar_day", "2026-04-07"),
        ("G01", "2026-09-17", 5, "working_day", "2026-09-23"),
        ("G07 the applicant's last day", "2026-03-15", -30, "calendar_day", "2026-02-13"),
        ("G10", "2026-06-15", 5, "working_day", "2026-06-23"),
        ("H01", "2026-04-30", 5, "working_day", "2026-05-11"),
        ("H06", "2025-12-15", 30, "working_day", "2026-01-27"),
        ("H06 extended", "2025-12-15", 45, "working_day", "2026-02-24"),
        ("H07", "2025-12-15", 25, "working_day", "2026-01-20"),
        ("H07 extended", "2025-12-15", 40, "working_day", "2026-02-10"),
        ("I02", "2015-08-24", 10, "working_day", "2015-09-08"),
    ],
)
def test_a_limit_ends_where_the_law_case_says(name: str, start: str, amount: int, unit: str, due_on: str) -> None:
    given = {"id": name, "calendar": CN, "start": start, "limit": {"amount": amount, "unit": unit}}
    assert answer(given)["due_on"] == due_on


def test_an_extension_after_the_last_day_is_void() -> None:  # B02
    extendable = {**STATUTORY, "extension": {"amount": 10, "times": 1}}
    told = [
        step("receive 2025-01-13"),
        step("accept 2025-01-13"),
        step("extend 2025-02-17", clock="statutory", amount=10, notified_at="2025-02-18T10:00:00+08:00"),
    ]
    said = answer(case([extendable], told, "2025-02-19"))
    ours = shown(said, "statutory")
    assert ours["due_on"] == "2025-02-14"
    assert ours["overdue_since"] == "2025-02-15T00:00:00+08:00"
    assert [each["code"] for each in said["violations"]] == ["extension_after_expiry"]


def test_a_second_correction_notice_is_a_violation() -> None:  # C04, without the acceptance that law would infer
    told = [
        step("receive 2025-04-30"),
        step("request_correction 2025-05-08"),
        step("submit_correction 2025-05-20"),
        step("request_correction 2025-05-22"),
        step("accept 2025-05-20 23:00:00"),
    ]
    said = answer(case([NOTICE, STATUTORY], told, "2025-06-05"))
    assert shown(said, "statutory")["due_on"] == "2025-06-18"
    assert said["violations"][0]["code"] == "correction_after_acceptance"
    before = answer(case([NOTICE, STATUTORY], told[:-1], "2025-06-05"))
    assert [each["code"] for each in before["violations"]] == ["correction_repeated"]


def test_a_late_correction_notice_finds_the_application_accepted_from_receipt() -> None:  # C05
    told = [
        step("receive 2025-04-30"),
        step("request_correction 2025-05-13"),
        step("submit_correction 2025-05-20"),
    ]
    said = answer(case([NOTICE, STATUTORY], told, "2025-05-21"))
    assert shown(said, "notice")["due_on"] == "2025-05-12"
    assert shown(said, "statutory")["due_on"] == "2025-06-03"
    assert said["deemed"][0]["effective_on"] == "2025-04-30"
    assert said["deemed"][0]["at"] == "2025-05-13T00:00:00+08:00"
    assert [each["code"] for each in said["violations"]] == ["correction_too_late", "step_not_allowed"]
    assert said["status"] == "accepted"


@pytest.mark.parametrize(
    ("begin", "end", "ground", "announced", "accepted", "due_on", "codes"),
    [
        ("2025-09-15", "2025-10-15", "expert_review", 20, "2025-09-08", "2025-11-05", []),  # F01: 18 of 20
        ("2025-09-15", "2025-10-15", "expert_review", 10, "2025-09-08", "2025-10-24", ["pause_over_announced"]),  # F02
        ("2025-03-10", "2025-03-10", "hearing", None, "2025-03-03", "2025-03-31", []),  # F03
        ("2025-03-10", "2025-03-24", "领导出差", None, "2025-03-03", "2025-03-31",
         ["pause_ground_not_allowed", "step_not_allowed"]),  # F06
    ],
)  # fmt: skip
def test_a_special_procedure_takes_out_its_days(
    begin: str, end: str, ground: str, announced: int | None, accepted: str, due_on: str, codes: list[str]
) -> None:
    bound = None if announced is None else {"amount": announced, "unit": "working_day"}
    told = [
        step(f"receive {accepted}"),
        step(f"accept {accepted}"),
        step(f"pause {begin}", ground=ground, announced=bound),
        step(f"resume {end} 11:00:00"),
    ]
    said = answer(case([STATUTORY], told, f"{end}T12:00:00+08:00"))
    assert shown(said, "statutory")["due_on"] == due_on
    assert [each["code"] for each in said["violations"]] == codes


def test_remaining_and_overdue_are_counted_in_working_days() -> None:  # G04
    told = [step("receive 2026-09-17"), step("accept 2026-09-17")]
    figures = [
        (ours["remaining"], ours["overdue"], ours["light"])
        for on in ("2026-09-30", "2026-10-21", "2026-10-26")
        for ours in [shown(answer(case([STATUTORY], told, on)), "statutory")]
    ]
    assert figures == [(11, 0, "green"), (0, 0, "yellow"), (0, 3, "red")]


def test_a_renewal_not_decided_before_the_licence_ends_is_deemed_granted() -> None:  # G07
    renewal = clock("statutory", "received", "decided", 20, "working_day", on_expiry="deemed_approved")
    given = case([renewal], [step("receive 2026-02-05")], "2026-03-20", fixed_due={"statutory": "2026-03-15"})
    said = answer(given)
    assert said["status"] == "decided"
    assert said["deemed"][0]["at"] == "2026-03-16T00:00:00+08:00"
    assert said["deemed"][0]["effective_on"] == "2026-03-15"


def test_a_matter_done_at_once_is_due_at_closing_time() -> None:  # G12
    given = {
        "id": "G12",
        "calendar": {**CN, "hours": [["09:00", "12:00"], ["13:30", "17:00"]]},
        "start": "2025-06-06T16:50:00+08:00",
        "limit": {"amount": 0, "unit": "working_day"},
        "due_time": "close_of_business",
    }
    assert answer(given)["due_at"] == "2025-06-06T17:00:00+08:00"


def test_reconsideration_is_deemed_accepted_at_expiry_and_counts_from_there() -> None:  # H02
    review = clock("notice", "received", "accepted refused", 5, "working_day", on_expiry="deemed_accepted_at_expiry")
    decision = clock("statutory", "accepted", "decided", 60, "calendar_day")
    said = answer(case([review, decision], [step("receive 2026-04-30")], "2026-05-20"))
    assert shown(said, "notice")["due_on"] == "2026-05-11"
    assert shown(said, "statutory")["started_on"] == "2026-05-11"
    assert shown(said, "statutory")["due_on"] == "2026-07-10"


def test_a_province_overrides_the_national_calendar_both_ways() -> None:  # I03
    layer: Json = {
        "layer_of": "CN",
        "holidays": ["2017-03-30", "2017-03-31", "2017-04-01"],
        "workdays": ["2017-04-08"],
    }
    given = {"id": "I03", "start": "2017-03-27", "limit": {"amount": 10, "unit": "working_day"}}
    assert answer({**given, "calendar": layer, "calendars": {"CN": CN}})["due_on"] == "2017-04-13"
    assert answer({**given, "calendar": CN})["due_on"] == "2017-04-11"
