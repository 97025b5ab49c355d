"""The short form of a what-if case: what api.md promises of each field."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.calendars import catalogue
from app.domain.calendar import Calendar
from app.domain.refusal import Refusal
from app.simulations.arithmetic import reckon
from app.simulations.schemas import ArithmeticCase

OFFICE = {"hours": [["09:00", "12:00"], ["13:30", "17:00"]]}


def answer(start: str, amount: int, unit: str = "working_day", calendar: Any = None, **rest: Any) -> dict[str, Any]:
    case: dict[str, Any] = {"id": "a", "start": start, "limit": {"amount": amount, "unit": unit}, **rest}
    if calendar is not None:
        case["calendar"] = calendar
    parsed = ArithmeticCase.model_validate(case)
    return reckon(parsed, calendar_of(parsed))


def calendar_of(case: ArithmeticCase) -> Calendar:
    return catalogue.newest(case.calendar) if isinstance(case.calendar, str) else catalogue.inline(case.calendar)


def ends(start: str, amount: int, unit: str = "working_day", calendar: Any = None, **rest: Any) -> str | None:
    due_on: str | None = answer(start, amount, unit, calendar, **rest)["due_on"]
    return due_on


def test_the_answer_states_the_day_the_instant_and_the_state_of_the_calendar() -> None:
    assert answer("2025-01-13T09:00:00+08:00", 20) == {
        "id": "a",
        "due_on": "2025-02-14",
        "due_at": "2025-02-15T00:00:00+08:00",
        "provisional": False,
        "calendar": "CN@23",
    }


def test_past_the_published_calendar_the_answer_is_provisional() -> None:
    assert answer("2026-12-24", 2)["provisional"] is False
    assert answer("2026-12-24", 3)["provisional"] is True
    assert answer("2027-09-30", 1)["due_on"] == "2027-10-01"
    assert answer("2025-12-30", 3, calendar={"published_to": "2025-12-31"})["provisional"] is True
    assert answer("2025-12-30", 3, calendar={})["provisional"] is False


def test_before_the_first_edition_a_count_that_needs_it_is_refused() -> None:
    assert ends("2006-12-31", 1) == "2007-01-04"
    assert ends("2006-12-20", 5, "calendar_day", end_rule="keep") == "2006-12-25"
    with pytest.raises(Refusal) as refused:
        answer("2006-12-20", 5)
    assert refused.value.code == "calendar_unknown"


def test_the_date_of_an_instant_is_its_date_in_the_zone_of_the_calendar() -> None:
    assert ends("2024-05-08T17:00:00Z", 1) == "2024-05-10"
    assert ends("2024-05-08T17:00:00Z", 1, calendar={"zone": "America/New_York"}) == "2024-05-09"


def test_an_open_pause_leaves_no_end_unless_the_limit_is_used_up() -> None:
    open_ended = answer("2024-05-06", 3, pauses=[["2024-05-08", None]])

    assert (open_ended["due_on"], open_ended["due_at"]) == (None, None)
    assert ends("2024-05-06", 3, pauses=[["2024-05-09", None]]) == "2024-05-09"
    assert ends("2024-05-06", 3, pauses=[["2024-05-08", "2024-05-09"], ["2024-05-09", None]]) is None
    assert ends("2024-05-08", 3, "calendar_day", pauses=[["2024-05-11", None]]) == "2024-05-11"
    assert ends("2024-05-08", 4, "calendar_day", pauses=[["2024-05-12", None]]) == "2024-05-13"
    assert ends("2024-05-06", 0, pauses=[["2024-05-01", None]]) == "2024-05-06"


def test_pauses_may_overlap_stand_unsorted_and_be_instants() -> None:
    pauses = [
        ["2024-05-20", "2024-05-22"],
        ["2024-05-07T16:00:00Z", "2024-05-09T15:59:59Z"],
        ["2024-05-08", "2024-05-09"],
    ]

    assert ends("2024-05-06", 5, pauses=pauses) == "2024-05-13"


def test_a_pause_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        answer("2024-05-06", 5, pauses=[["2024-05-09", "2024-05-08"]])
    assert (refused.value.code, refused.value.pointer) == ("pause_reversed", "/pauses/0/1")


def test_an_extension_adds_units_and_the_end_rolls_once() -> None:
    assert ends("2024-05-06", 5, extension=3) == "2024-05-15"
    assert ends("2024-05-06", 5, "calendar_day") == "2024-05-11"  # a make-up Saturday
    assert ends("2024-05-13", 5, "calendar_day", extension=1) == "2024-05-20"


def test_a_negative_amount_counts_back_and_keeps_its_end() -> None:
    assert ends("2024-05-13", -1) == "2024-05-11"
    assert ends("2024-06-17", -30, "calendar_day") == "2024-05-18"
    assert ends("2024-06-17", -30, "calendar_day", end_rule="roll_forward") == "2024-05-20"
    assert ends("2024-05-12", -1, start_rule="roll_then_next") == "2024-05-10"
    with pytest.raises(Refusal) as refused:
        answer("2024-05-13", -1, extension=1)
    assert refused.value.code == "extension_not_allowed"


def test_the_default_of_the_end_rule_follows_unit_and_due_time() -> None:
    assert ends("2024-05-13", 5, "calendar_day") == "2024-05-20"
    assert ends("2024-05-13", 5, "calendar_day", end_rule="keep") == "2024-05-18"
    assert ends("2024-05-13T10:00:00+08:00", 5, "calendar_day", due_time="same_time") == "2024-05-18"
    assert ends("2024-04-18", 1, "month") == "2024-05-20"


def test_a_limit_may_end_at_the_close_of_business_or_at_the_same_time() -> None:
    assert (
        answer("2024-05-13T10:00:00+08:00", 1, calendar=OFFICE, due_time="close_of_business")["due_at"]
        == "2024-05-14T17:00:00+08:00"
    )
    same = answer("2024-05-13T20:00:00+08:00", 1, calendar=OFFICE, due_time="same_time", end_rule="roll_forward")
    assert (same["due_on"], same["due_at"]) == ("2024-05-15", "2024-05-15T09:00:00+08:00")
    with pytest.raises(Refusal) as refused:
        answer("2024-05-13", 1, due_time="close_of_business")
    assert refused.value.code == "calendar_without_hours"


def test_an_end_at_midnight_is_due_on_the_day_before() -> None:
    same = answer("2024-05-13T00:00:00+08:00", 1, due_time="same_time")

    assert (same["due_on"], same["due_at"]) == ("2024-05-13", "2024-05-14T00:00:00+08:00")


def test_a_layer_overrides_the_calendar_below_both_ways() -> None:
    guangxi = {
        "layer_of": "CN",
        "holidays": ["2017-03-30", "2017-03-31", "2017-04-01"],
        "workdays": ["2017-04-08"],
    }

    assert ends("2017-03-29", 1) == "2017-03-30"
    assert ends("2017-03-29", 1, calendar=guangxi) == "2017-04-05"
    assert ends("2017-04-07", 1, calendar=guangxi) == "2017-04-08"
    assert answer("2017-03-29", 1, calendar=guangxi)["calendar"] == "inline@24"
    assert answer("2026-12-28", 3, calendar=guangxi)["provisional"] is True


@pytest.mark.parametrize(
    ("calendar", "code"),
    [
        ({"weekend": [1, 2, 3, 4, 5, 6, 7]}, "calendar_without_working_days"),
        ({"hours": {"1": [], "6": []}}, "calendar_without_working_days"),
        ({"hours": []}, "calendar_without_working_days"),
        ({"zone": "Mars/Olympus"}, "calendar_invalid"),
        ({"zone": "../../etc/passwd"}, "calendar_invalid"),
        ({"holidays": ["2025-01-01"], "workdays": ["2025-01-01"]}, "calendar_invalid"),
        ({"layer_of": "FR"}, "calendar_not_found"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_an_error_of_the_case(calendar: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        answer("2025-01-01", 1, calendar=calendar)
    assert refused.value.code == code


# Working time


def due(start: str, amount: int, unit: str = "working_hour", **rest: Any) -> str | None:
    """The local due instant without seconds; Monday is 2025-03-10."""
    due_at: str | None = answer(start, amount, unit, rest.pop("calendar", OFFICE), **rest)["due_at"]
    return None if due_at is None else due_at[:16].replace("T", " ")


def test_working_time_runs_from_the_moment_through_the_hours() -> None:
    assert due("2025-03-10T10:00:00+08:00", 4) == "2025-03-10 15:30"
    assert due("2025-03-14T16:00:00+08:00", 2) == "2025-03-17 10:00"
    assert due("2025-03-10T10:00:30+08:00", 90, "working_minute") == "2025-03-10 11:30"
    assert answer("2025-03-10T10:00:00+08:00", 5399, "working_second", OFFICE)["due_at"] == "2025-03-10T11:29:59+08:00"
    assert due("2025-03-10", 1) == "2025-03-10 10:00"


def test_an_end_on_closing_time_stays_and_rolls_only_when_asked() -> None:
    assert due("2025-03-10T10:00:00+08:00", 2) == "2025-03-10 12:00"
    assert due("2025-03-10T10:00:00+08:00", 2, end_rule="roll_forward") == "2025-03-10 13:30"
    assert due("2025-03-14T16:00:00+08:00", 1, end_rule="roll_forward") == "2025-03-17 09:00"


def test_a_negative_amount_of_working_time_counts_back_to_an_opening() -> None:
    assert due("2025-03-10T10:00:00+08:00", -2) == "2025-03-07 16:00"
    assert due("2025-03-10T10:00:00+08:00", -1) == "2025-03-10 09:00"
    assert due("2025-03-08T10:00:00+08:00", -1) == "2025-03-07 16:00"


def test_pauses_of_working_time_are_half_open_instants_and_overlap_once() -> None:
    start, begin = "2025-03-10T09:00:00+08:00", "2025-03-10T10:00:00+08:00"
    assert due(start, 2, pauses=[[begin, "2025-03-10T11:00:00+08:00"]]) == "2025-03-10 12:00"
    both = [[begin, "2025-03-10T11:00:00+08:00"], ["2025-03-10T10:30:00+08:00", "2025-03-10T11:30:00+08:00"]]
    assert due(start, 2, pauses=both) == "2025-03-10 14:00"
    assert due(start, 1, pauses=[[begin, "2025-03-10T11:00:00+08:00"]]) == "2025-03-10 10:00"
    assert due(start, 1, pauses=[["2025-03-08T10:00:00+08:00", "2025-03-10T09:30:00+08:00"]]) == "2025-03-10 10:30"
    assert due("2025-03-10T15:00:00+08:00", -2, pauses=[[begin, "2025-03-10T14:00:00+08:00"]]) == "2025-03-10 09:00"


def test_an_open_pause_of_working_time_leaves_no_end_unless_the_limit_is_used_up() -> None:
    start, after = "2025-03-10T09:00:00+08:00", ["2025-03-10T11:00:00+08:00", None]
    assert due(start, 3, pauses=[after]) is None
    assert due(start, 2, pauses=[after]) == "2025-03-10 11:00"
    assert due(start, 3, pauses=[["2025-03-10T13:00:00+08:00", None], ["2025-03-10T12:30:00+08:00", None]]) is not None
    assert due("2025-03-10T12:00:00+08:00", -2, pauses=[after]) == "2025-03-10 09:00"


@pytest.mark.parametrize(
    ("pauses", "code"),
    [
        ([["2025-03-10", "2025-03-10T11:00:00+08:00"]], "pause_not_an_instant"),
        ([["2025-03-10T10:00:00+08:00", "2025-03-11"]], "pause_not_an_instant"),
        ([[None, "2025-03-10T11:00:00+08:00"]], "pause_without_beginning"),
        ([["2025-03-10T11:00:00+08:00", "2025-03-10T10:00:00+08:00"]], "pause_reversed"),
    ],
)
def test_pauses_of_working_time_must_be_stretches_between_instants(pauses: list[list[str | None]], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        due("2025-03-10T09:00:00+08:00", 3, pauses=pauses)
    assert refused.value.code == code


def test_an_extension_of_working_time_is_in_its_unit_and_start_rules_do_not_touch_it() -> None:
    assert due("2025-03-10T09:00:00+08:00", 1, extension=1) == "2025-03-10 11:00"
    assert due("2025-03-08T20:00:00+08:00", 1, start_rule="same_day", due_time="same_time") == "2025-03-10 10:00"


def test_working_time_past_the_published_calendar_is_provisional() -> None:
    known = {**OFFICE, "published_to": "2025-03-10"}
    assert answer("2025-03-10T15:00:00+08:00", 2, "working_hour", known)["provisional"] is False
    assert answer("2025-03-10T15:00:00+08:00", 3, "working_hour", known)["provisional"] is True


@pytest.mark.parametrize(
    ("calendar", "code"),
    [("CN", "calendar_without_hours"), ({"hours": {"6": [["09:00", "12:00"]]}}, "calendar_without_working_days")],
)
def test_working_time_needs_a_calendar_that_has_some(calendar: Any, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        answer("2025-03-10T09:00:00+08:00", 1, "working_hour", calendar)
    assert refused.value.code == code


def test_half_days_make_up_days_and_days_without_hours_count_what_they_have() -> None:
    calendar = {
        "hours": {"1": [["08:00", "20:00"]], "3": [["09:00", "12:00"]], "4": [["00:00", "24:00"]]},
        "workdays": ["2025-03-15"],
    }
    assert due("2025-03-10T19:00:00+08:00", 2, calendar=calendar) == "2025-03-12 10:00"
    assert due("2025-03-12T11:00:00+08:00", 25, calendar=calendar) == "2025-03-14 00:00"
    assert answer("2025-03-12T11:00:00+08:00", 25, "working_hour", calendar)["due_on"] == "2025-03-13"
    assert due("2025-03-14T10:00:00+08:00", 1, calendar=calendar) == "2025-03-15 09:00"


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2025-03-29T12:00:00+01:00", 24, "2025-03-30T13:00:00+02:00"),
        ("2025-10-25T12:00:00+02:00", 24, "2025-10-26T11:00:00+01:00"),
    ],
)
def test_real_time_passes_where_the_clocks_change(start: str, hours: int, end: str) -> None:
    calendar = {"zone": "Europe/Berlin", "weekend": [], "hours": [["00:00", "24:00"]]}
    assert answer(start, hours, "working_hour", calendar)["due_at"] == end


def test_no_working_time_at_all_is_no_limit() -> None:
    with pytest.raises(ValidationError, match="a limit in working time is not 0"):
        due("2025-03-10T09:00:00+08:00", 0)
