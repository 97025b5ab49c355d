"""What an answer is held to: only what is stated, instants as instants, the codes of all violations."""

from typing import Any

from app.conformance.differences import Difference, differences

ANSWER: dict[str, Any] = {
    "id": "a",
    "status": "accepted",
    "clocks": [
        {"kind": "stage", "stage": "review", "round": 1, "due_on": "2025-02-01", "used": 1},
        {"kind": "stage", "stage": "review", "round": 2, "due_on": "2025-02-02", "used": 0},
        {"kind": "promise", "stage": None, "due_at": "2025-02-15T00:00:00+08:00", "overdue_since": None,
         "provisional": False},
    ],
    "deemed": [],
    "violations": [{"code": "correction_repeated", "detail": "…"}],
}  # fmt: skip


def test_what_is_not_stated_is_not_compared() -> None:
    assert differences({"status": "accepted"}, ANSWER) == []


def test_an_instant_is_the_same_in_every_zone() -> None:
    assert differences({"clocks": [{"kind": "promise", "due_at": "2025-02-14T16:00:00Z"}]}, ANSWER) == []
    later = differences({"clocks": [{"kind": "promise", "due_at": "2025-02-14T16:00:01Z"}]}, ANSWER)
    assert [difference.field for difference in later] == ["clocks[promise].due_at"]


def test_a_date_is_not_its_midnight() -> None:
    assert differences({"due_on": "2025-02-14"}, {"due_on": "2025-02-14T00:00:00+08:00"}) != []


def test_a_clock_is_found_by_its_kind_stage_and_round() -> None:
    expected = {"clocks": [{"kind": "stage", "stage": "review", "round": 2, "due_on": "2025-02-03"}]}
    assert differences(expected, ANSWER) == [Difference("clocks[stage,review,2].due_on", "2025-02-03", "2025-02-02")]


def test_a_clock_that_the_answer_lacks_is_a_difference() -> None:
    [missing] = differences({"clocks": [{"kind": "notice"}]}, ANSWER)
    assert missing.got == "(nothing)"


def test_nothing_expected_is_nothing_or_a_field_left_out() -> None:
    assert differences({"clocks": [{"kind": "promise", "overdue_since": None, "latest_due_on": None}]}, ANSWER) == []
    assert differences({"clocks": [{"kind": "promise", "provisional": None}]}, ANSWER) != []


def test_no_is_not_zero() -> None:
    assert differences({"clocks": [{"kind": "promise", "provisional": 0}]}, ANSWER) != []


def test_every_violation_counts_and_no_other_may_stand_there() -> None:
    assert differences({"violations": [{"code": "correction_repeated"}]}, ANSWER) == []
    assert differences({"violations": []}, ANSWER) == [Difference("violations", [], ["correction_repeated"])]


def test_an_empty_list_of_effects_is_compared() -> None:
    assert differences({"deemed": []}, {**ANSWER, "deemed": [{"clock": "notice"}]}) != []


def test_an_error_that_nobody_expected_is_told_as_it_is() -> None:
    error = {"code": "calendar_unknown", "detail": "2006 is not known"}
    [difference] = differences({"due_on": "2025-02-03"}, {"id": "a", "error": error})
    assert difference == Difference("error", "(nothing)", "calendar_unknown 2006 is not known")


def test_an_expected_error_may_be_any_or_one_by_its_code() -> None:
    failed = {"id": "a", "error": {"code": "calendar_unknown"}}
    assert differences({"error": True}, failed) == []
    assert differences({"error": {"code": "calendar_unknown"}}, failed) == []
    assert differences({"error": {"code": "item_unknown"}}, failed) != []
    assert differences({"error": True}, ANSWER) == [Difference("error", True, "(nothing)")]


def test_an_answer_of_another_form_is_a_difference_and_no_fault_of_ours() -> None:
    for strange in ({"clocks": 3}, {"clocks": [3]}, {"clocks": {"kind": "promise"}}, {"clocks": None}):
        assert differences({"clocks": [{"kind": "promise", "used": 1}]}, strange) != []
    assert differences({"violations": [{"code": "x"}]}, {"violations": 3}) != []
