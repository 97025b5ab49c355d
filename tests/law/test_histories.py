"""The random histories themselves: repeatable, valid JSON, and rich enough to be worth comparing."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.law import compare, histories, unclear
from tests.law.chance import FEATURES
from tests.law.engine import answer
from tests.law.shorthand import case, clock, step


def test_a_seed_gives_the_same_case_each_time() -> None:
    for seed in range(40):
        one, other = histories.case(seed), histories.case(seed)
        assert one == other
        assert json.loads(json.dumps(one)) == one


def test_histories_reach_every_state_and_most_are_legal() -> None:
    states: Counter[str] = Counter()
    codes = 0
    for seed in range(400):
        said = answer(histories.case(seed))
        assert "error" not in said
        states.update(each["state"] for each in said["clocks"])
        states.update(f"light {each['light']}" for each in said["clocks"])
        states.update([said["status"]])
        codes += bool(said["violations"])
    for name in ("running", "paused", "met", "missed", "void", "light green", "light yellow", "light red", "accepted"):
        assert states[name] >= 10, name
    assert codes < 160


@pytest.mark.parametrize("unclear", [True, False])
def test_any_feature_can_be_left_out(unclear: bool) -> None:
    for seed, feature in enumerate(sorted(FEATURES)):
        assert "error" not in answer(histories.case(seed, without=frozenset({feature}), unclear=unclear))
    plain = histories.case(7, without=FEATURES)
    assert "hours" not in json.dumps(plain)


def test_short_cases_can_be_computed() -> None:
    for seed in range(300):
        short = histories.short_case(seed)
        assert answer(short).get("due_on"), short
        assert short == histories.short_case(seed)


def test_an_unknown_feature_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown features"):
        histories.case(1, without=frozenset({"nothing"}))


def test_an_answer_does_not_differ_from_itself() -> None:
    for seed in range(30):
        said = answer(histories.case(seed))
        assert compare.differences(said, said) == []


def test_a_difference_is_shrunk_to_the_step_that_makes_it() -> None:
    def differs(tried: dict[str, object]) -> bool:
        return any(each["state"] == "missed" for each in answer(tried).get("clocks", []))

    seed = next(seed for seed in range(500) if differs(histories.case(seed)))
    whole = histories.case(seed)
    small = compare.smallest(whole, differs)
    assert differs(small)
    assert len(small["steps"]) <= len(whole["steps"])
    assert len(small["item"]["clocks"]) + len(small["item"].get("stages", [])) == 1
    assert str(seed) in compare.report(small, ["x: 1 / 2"])


def test_an_open_point_that_a_case_touches_is_named() -> None:
    given = case(
        [clock("statutory", "accepted", "decided", 5, "working_day", count={"start_rule": "roll_then_next"})],
        [step("receive 2025-03-08"), step("accept 2025-03-08")],
        "2025-03-09",
    )
    assert unclear.touched(given) == {"before_start"}
    assert unclear.touched({**given, "as_of": "2025-03-10T00:00:00+08:00"}) == frozenset()
    for seed in range(60):
        assert unclear.touched(histories.case(seed)) == frozenset()
