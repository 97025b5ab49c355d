"""The contract's *What-if*: what only proves a step may be left out, what the count depends on may not."""

from typing import Any

import httpx2
import pytest

ITEM: dict[str, Any] = {
    "clocks": [
        {
            "kind": "promise",
            "starts": "accepted",
            "stops": ["decided"],
            "limit": {"amount": 4, "unit": "working_day"},
            "pauses_for": ["hearing"],
            "extension": {"amount": 2, "times": 1},
        }
    ],
    "stages": [{"code": "review", "limit": {"amount": 2, "unit": "working_day"}}],
}


async def result(client: httpx2.AsyncClient, step: dict[str, Any]) -> dict[str, Any]:
    """What becomes of an accepted application with one more step, on the day after."""
    steps = [
        {"type": "receive", "at": "2025-03-03T09:00:00+08:00"},
        {"type": "accept", "at": "2025-03-03T10:00:00+08:00"},
        {"at": "2025-03-04T09:00:00+08:00", **step},
    ]
    answer = await client.post("/api/v1/simulations", json={"cases": [{"id": "a", "item": ITEM, "steps": steps}]})
    found: dict[str, Any] = answer.json()["results"][0]
    return found


@pytest.mark.parametrize(
    "step",
    [
        {"type": "extend", "clock": "promise"},
        {"type": "extend", "amount": 1},
        {"type": "pause"},
        {"type": "start_stage"},
        {"type": "complete_stage"},
        {"type": "explain_delay"},
    ],
)
async def test_a_step_without_what_the_count_depends_on_is_an_error_of_the_case(
    client: httpx2.AsyncClient, step: dict[str, Any]
) -> None:
    error = (await result(client, step))["error"]
    assert (error["status"], error["code"]) == (422, "input_invalid")
    assert error["errors"][0]["pointer"] == "/steps/2"


@pytest.mark.parametrize(
    "step",
    [
        {"type": "extend", "clock": "promise", "amount": 1},
        {"type": "pause", "ground": "hearing"},
        {"type": "start_stage", "stage": "review"},
    ],
)
async def test_what_only_proves_it_may_be_left_out(client: httpx2.AsyncClient, step: dict[str, Any]) -> None:
    assert (await result(client, step))["violations"] == []
