"""What-if corrects a step as live entry does: from the instant that it corrects, refused alike, nothing erased."""

import json
from typing import Any

import pytest

from app.applications.schemas import ReceiptAmendment
from app.simulations import simulate
from app.simulations.schemas import SimulatedStep
from tests.simulations.test_letter import Json, a_case, a_clock, ask, codes, judged, step

BEGUN = (step("receive", "2025-03-03", id="r"), step("accept", "2025-03-04", id="a"))
"""Monday and Tuesday; the promise is five working days from acceptance."""
HEARING = (a_clock(pauses_for=["hearing"]),)


def amend(at: str, of: str, replaces: Json | None, **more: Any) -> Json:
    return step("amend", at, step=of, replaces=replaces, **more)


def due_on(result: Json) -> str:
    return str(result["clocks"][0]["due_on"])


def refusal(*steps: Json, **more: Any) -> tuple[str, list[str]]:
    [result] = ask(a_case(*steps, **more))
    return result["error"]["code"], [one["pointer"] for one in result["error"]["errors"]]


def test_an_amended_step_holds_from_the_instant_that_it_corrects() -> None:
    steps = (*BEGUN, amend("2025-03-10", "a", {"occurred_at": "2025-03-06T09:00:00+08:00"}))
    asked: dict[str, Any] = {"as_of": "2025-03-05T12:00:00+08:00"}
    assert due_on(judged(*steps)) == "2025-03-13"
    assert judged(*steps, **asked)["status"] == "accepted"  # of the amendment nothing is known yet
    known = judged(*steps, **asked, known_at="2025-03-10T09:00:00+08:00")
    assert (known["status"], known["clocks"][0]["state"]) == ("received", "not_started")
    before = judged(*steps, as_of="2025-03-20T12:00:00+08:00", known_at="2025-03-10T08:59:59+08:00")
    assert due_on(before) == "2025-03-11"


def test_the_instant_may_be_called_as_in_a_step_of_the_case() -> None:
    steps = (*BEGUN, amend("2025-03-10", "a", {"at": "2025-03-06T09:00:00+08:00"}))
    assert due_on(judged(*steps)) == "2025-03-13"
    both = amend("2025-03-10", "a", {"at": "2025-03-06T09:00:00+08:00", "occurred_at": "2025-03-06T09:00:00+08:00"})
    assert refusal(*BEGUN, both) == ("input_invalid", ["/steps/2/replaces/at"])


def test_a_field_is_replaced_and_the_others_stay() -> None:
    pause = step("pause", "2025-03-05", id="p", ground="hearing", announced={"amount": 1, "unit": "working_day"})
    resume = step("resume", "2025-03-10")
    assert due_on(judged(*BEGUN, pause, resume, clocks=HEARING)) == "2025-03-12"
    longer = amend("2025-03-11", "p", {"announced": {"amount": 9, "unit": "working_day"}})
    assert due_on(judged(*BEGUN, pause, resume, longer, clocks=HEARING)) == "2025-03-14"
    nothing_announced = amend("2025-03-12", "p", {"announced": None})
    assert due_on(judged(*BEGUN, pause, resume, longer, nothing_announced, clocks=HEARING)) == "2025-03-14"


def test_null_strikes_a_step_out_and_it_may_be_told_anew() -> None:
    decided = step("decide", "2025-03-06", id="d")
    struck = amend("2025-03-07", "d", None)
    assert judged(*BEGUN, decided, struck)["status"] == "accepted"
    assert codes(judged(*BEGUN, decided, struck, amend("2025-03-08", "d", None))) == [("step_struck_out", None)]
    assert judged(*BEGUN, decided, struck, step("decide", "2025-03-10"))["status"] == "decided"


def test_of_the_receipt_its_instant_and_its_fixed_ends_may_be_amended() -> None:
    clocks = (a_clock("notice", starts="received", stops=["accepted"]),)
    receipt = BEGUN[0]
    earlier = amend("2025-03-05", "r", {"submitted_at": "2025-02-27T16:00:00+08:00"})
    assert due_on(judged(receipt, earlier, clocks=clocks)) == "2025-03-06"
    fixed = amend("2025-03-06", "r", {"fixed_due": {"notice": "2025-04-01"}})
    assert due_on(judged(receipt, earlier, fixed, clocks=clocks)) == "2025-04-01"
    lifted = amend("2025-03-07", "r", {"fixed_due": {}})
    assert due_on(judged(receipt, earlier, fixed, lifted, clocks=clocks)) == "2025-03-06"


@pytest.mark.parametrize(
    ("amendment", "code"),
    [
        (amend("2025-03-10", "x", None), "step_unknown"),
        (amend("2025-03-03", "a", None), "step_unknown"),  # not on record yet
        (amend("2025-03-10", "2", None), "step_unknown"),  # its place is no id
        (amend("2025-03-10", "r", None), "step_not_amendable"),
        (amend("2025-03-10", "a", {}), "nothing_replaced"),
        (amend("2025-03-10", "a", {"at": "2025-03-04T09:00:00+08:00"}), "nothing_replaced"),
        (amend("2025-03-10", "r", {"submitted_at": "2025-03-03T09:00:00+08:00"}), "nothing_replaced"),
        (amend("2025-03-10", "a", {"at": "2025-03-11T09:00:00+08:00"}), "occurred_in_future"),
        (amend("2025-03-10", "r", {"submitted_at": "2025-03-05T09:00:00+08:00"}), "later_step_conflicts"),
    ],
)
def test_an_amendment_that_live_entry_would_refuse_is_a_violation_and_changes_nothing(
    amendment: Json, code: str
) -> None:
    result = judged(*BEGUN, amendment)
    assert [found for found, _ in codes(result)] == [code]
    assert due_on(result) == "2025-03-11"


def test_an_amendment_is_not_amended() -> None:
    first = amend("2025-03-10", "a", {"at": "2025-03-06T09:00:00+08:00"}, id="m")
    result = judged(*BEGUN, first, amend("2025-03-11", "m", None))
    assert (codes(result), due_on(result)) == ([("step_not_amendable", None)], "2025-03-13")


def test_a_step_that_was_refused_is_not_there_to_be_amended() -> None:
    refused = step("refuse", "2025-03-05", id="x")
    result = judged(*BEGUN, refused, amend("2025-03-10", "x", None))
    assert [found for found, _ in codes(result)] == ["step_not_allowed", "step_unknown"]


@pytest.mark.parametrize(
    ("amendment", "pointer"),
    [
        (step("amend", "2025-03-10", replaces=None), "/steps/2"),
        (step("amend", "2025-03-10", step="a"), "/steps/2"),
        (amend("2025-03-10", "a", {"type": "refuse"}), "/steps/2/replaces/type"),
        (amend("2025-03-10", "a", {"id": "b"}), "/steps/2/replaces/id"),
        (amend("2025-03-10", "a", {"colour": "red"}), "/steps/2/replaces/colour"),
        (amend("2025-03-10", "a", {"at": "soon"}), "/steps/2/replaces/at"),
        (amend("2025-03-10", "r", {"officer": "x"}), "/steps/2/replaces/officer"),
    ],
)
def test_an_amendment_that_says_too_little_or_nonsense_is_an_error_of_the_case(amendment: Json, pointer: str) -> None:
    assert refusal(*BEGUN, amendment) == ("input_invalid", [pointer])


ODD: list[Any] = [
    None,
    True,
    -1,
    10**30,
    1.5,
    "",
    " ",
    "x" * 5_000,
    "\u202e",
    "\x00",
    "２０２５-０３-０４",
    [],
    {},
    [None],
    {"a": {}},
]


@pytest.mark.parametrize("of", ["r", "a", "p"])
def test_whatever_a_field_is_replaced_with_the_case_has_an_answer(of: str) -> None:
    pause = step("pause", "2025-03-05", id="p", ground="hearing")
    names = [*SimulatedStep.model_fields, *ReceiptAmendment.model_fields, "occurred_at", "", "~/"]
    cases = [
        a_case(*BEGUN, pause, amend("2025-03-10", of, {name: value}), clocks=HEARING) for name in names for value in ODD
    ]
    for case, result in zip(cases, ask(*cases), strict=True):
        said = result["error"]["code"] if "error" in result else {code for code, _ in codes(result)}
        allowed = ({"nothing_replaced"}, {"pause_ground_not_allowed"}, {"later_step_conflicts"}, {"step_not_allowed"})
        assert said in ("input_invalid", set(), *allowed), (case["steps"][-1], result)


def test_an_id_that_several_steps_bear_names_none_of_them() -> None:
    twice = step("pause", "2025-03-05", id="a", ground="hearing")
    assert refusal(*BEGUN, twice, amend("2025-03-10", "a", None), clocks=HEARING) == (
        "input_invalid",
        ["/steps/3/step"],
    )


def test_an_explanation_names_the_basis_of_a_step_as_it_was_amended() -> None:
    pause = step("pause", "2025-03-05", id="p", ground="hearing", legal_basis="旧办法 第一条")
    resume = step("resume", "2025-03-07")
    amended = amend("2025-03-10", "p", {"legal_basis": "新办法 第二条"})
    [result] = ask(a_case(*BEGUN, pause, resume, amended, clocks=HEARING), explain=True)
    told = json.dumps(result["explanation"], ensure_ascii=False)
    assert "新办法 第二条" in told
    assert "旧办法" not in told


def test_many_amendments_are_too_much_work_and_never_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "MOST_WORK", 20_000)
    instants = [f"2025-03-0{5 + place % 2}T09:00:00+08:00" for place in range(200)]
    case = a_case(*BEGUN, *(amend("2025-03-10", "a", {"at": at}) for at in instants))
    [first, second] = ask(a_case(*BEGUN, amend("2025-03-10", "a", {"at": instants[0]})), case)
    assert "error" not in first
    assert second["error"]["code"] == "too_much_work"
    assert not simulate.is_small(json.dumps({"cases": [a_case(*BEGUN, amend("2025-03-10", "a", None))]}).encode())
