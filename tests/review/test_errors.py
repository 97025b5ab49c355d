"""The contract's *Conventions*: a problem says what is wrong, and where."""

import pytest

from tests.builders.applications import Counter, a_receipt


async def test_an_assignment_to_nobody_says_what_is_missing(counter: Counter) -> None:
    number = (await counter.receive())["tracking_number"]
    answer = await counter.post(f"/{number}/steps", {"type": "assign"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["detail"] == "must name a department, a section or an officer"


@pytest.mark.parametrize("end", ["soon", 20261120, None, "2026-11-20T12:00:00"])
async def test_a_fixed_end_that_is_none_says_that_it_may_be_a_date_or_an_instant(counter: Counter, end: object) -> None:
    answer = await counter.post("", a_receipt(fixed_due={"statutory": end}, fixed_due_basis="行政许可法 第五十条"))
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, "/fixed_due/statutory")
    assert "a date like" in error["detail"]
    assert "or an instant like" in error["detail"]
