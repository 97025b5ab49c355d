"""The published cases through `POST /api/v1/simulations`, in batches of 1,000."""

from datetime import datetime
from typing import Any

import httpx2
import pytest

from tests.conformance.cases import FILES, city_calendar, city_requests, read_cases

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

BATCH = 1000


async def answers(client: httpx2.AsyncClient, cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    for begin in range(0, len(cases), BATCH):
        answer = await client.post("/api/v1/simulations", json={"cases": cases[begin : begin + BATCH]})
        assert answer.status_code == 200, answer.text
        results += answer.json()["results"]
    assert [result["id"] for result in results] == [case["id"] for case in cases]
    return results


@pytest.mark.parametrize("name", FILES)
async def test_every_case_ends_on_the_expected_day(client: httpx2.AsyncClient, name: str) -> None:
    file = read_cases(name)
    results = await answers(client, [file.question(case) for case in file.cases])

    assert len(results) == FILES[name]
    wrong = [
        case.id
        for case, result in zip(file.cases, results, strict=True)
        if result.get("due_on") != case.expected["due_on"]
    ]
    assert wrong == []


async def test_every_request_of_the_city_is_due_when_its_own_system_said(client: httpx2.AsyncClient) -> None:
    """A working-day request counts from the next opening after a rest day, and an end outside the hours moves to the
    next opening; any other ends at the same time of day, whatever day that is."""
    calendar = city_calendar()
    working = {"start_rule": "roll_then_next", "due_time": "same_time", "end_rule": "roll_forward"}
    every = {"start_rule": "next_day", "due_time": "same_time", "end_rule": "keep"}
    requests = city_requests()
    results = await answers(
        client,
        [
            {
                "id": request.ref,
                "calendar": calendar,
                "start": request.submitted_at,
                "limit": request.limit,
                **(working if request.limit["unit"] == "working_day" else every),
            }
            for request in requests
        ],
    )
    wrong, apart = [], []
    for request, result in zip(requests, results, strict=True):
        if result.get("due_on") != request.due_at[:10]:
            wrong.append(request.ref)
            continue
        due, expected = datetime.fromisoformat(result["due_at"]), datetime.fromisoformat(request.due_at)
        apart.append(abs((due - expected).total_seconds()))

    assert len(results) == 11_333
    assert wrong == []
    assert sum(1 for seconds in apart if seconds >= 60) <= 5
