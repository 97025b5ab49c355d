"""What-if over HTTP: who may ask, how much, and that long work holds up nobody."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from app.kit.service import Service
from app.kit.throttle import Throttle
from app.simulations.schemas import SimulationsOut

SHORT = {"start": "2025-01-13", "limit": {"amount": 20, "unit": "working_day"}}
ADDRESS = "/api/v1/simulations"

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


def many(count: int) -> dict[str, Any]:
    return {"cases": [{"id": str(place), **SHORT} for place in range(count)]}


@pytest.mark.parametrize("role", ["clerk", "auditor", "integration", None])
async def test_any_role_and_anybody_may_ask(
    client: httpx2.AsyncClient, keys: Mapping[str, str], role: str | None
) -> None:
    headers = {} if role is None else {"X-API-Key": keys[role]}
    answer = await client.post(ADDRESS, json=many(1), headers=headers)

    assert answer.status_code == 200
    assert answer.json()["results"][0]["due_on"] == "2025-02-14"


async def test_a_wrong_key_is_refused_rather_than_taken_for_none(client: httpx2.AsyncClient) -> None:
    answer = await client.post(ADDRESS, json=many(1), headers={"X-API-Key": "wrong"})

    assert (answer.status_code, answer.json()["code"]) == (401, "credential_invalid")


async def test_without_a_key_the_limit_of_public_requests_holds(
    client: httpx2.AsyncClient, service: Service, keys: Mapping[str, str]
) -> None:
    service.throttle = Throttle(per_minute=2, total_per_minute=100)
    answers = [await client.post(ADDRESS, json=many(1)) for _ in range(3)]

    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) >= 1
    with_key = await client.post(ADDRESS, json=many(1), headers={"X-API-Key": keys["clerk"]})
    assert with_key.status_code == 200


async def test_a_thousand_cases_are_answered_in_order_and_one_more_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.post(ADDRESS, json=many(1000))

    assert [one["id"] for one in answer.json()["results"]] == [str(place) for place in range(1000)]
    refused = await client.post(ADDRESS, json=many(1001))
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/cases")


async def test_a_long_batch_holds_up_no_other_request(client: httpx2.AsyncClient) -> None:
    steps = [
        {"type": "receive", "at": "2025-01-10T09:00:00+08:00"},
        {"type": "accept", "at": "2025-01-13T09:00:00+08:00"},
    ]
    steps += [
        {"type": "pause", "ground": "hearing", "at": f"2025-01-14T{place // 60 + 9:02}:{place % 60:02}:00+08:00"}
        for place in range(120)
    ]
    item = {
        "clocks": [
            {
                "kind": "statutory",
                "starts": "accepted",
                "stops": ["decided"],
                "pauses_for": ["hearing"],
                "limit": {"amount": 20, "unit": "working_day"},
            }
        ]
    }
    await client.post(ADDRESS, json=many(17))  # the child has started
    batch = asyncio.create_task(
        client.post(ADDRESS, json={"cases": [{"id": str(n), "item": item, "steps": steps} for n in range(60)]})
    )
    await asyncio.sleep(0.1)
    longest = 0.0
    while not batch.done():
        began = time.perf_counter()
        await asyncio.sleep(0)
        longest = max(longest, time.perf_counter() - began)
        await asyncio.sleep(0.001)

    assert (await batch).status_code == 200
    assert longest < 0.25


async def test_a_published_item_is_named_by_its_code(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> None:
    document = {
        "name": "某许可",
        "department": "D1",
        "valid_from": "2024-01-01",
        "jurisdiction": "CN-41",
        "clocks": [
            {
                "kind": "statutory",
                "starts": "received",
                "stops": ["decided"],
                "limit": {"amount": 20, "unit": "working_day"},
            }
        ],
    }
    put = await client.put("/api/v1/items/permit", json=document, headers={"X-API-Key": keys["admin"]})
    assert put.status_code in (200, 201), put.text
    steps = [{"type": "receive", "at": "2025-01-13T09:00:00+08:00"}]
    answer = await client.post(
        ADDRESS,
        json={
            "cases": [
                {"id": "known", "item": "permit", "steps": steps},
                {"id": "unknown", "item": "nothing", "steps": steps},
            ]
        },
    )
    known, unknown = answer.json()["results"]

    assert known["clocks"][0]["due_on"] == "2025-02-14"
    assert unknown["error"]["code"] == "item_unknown"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        (f"{ADDRESS}?explain=maybe", many(1), 422, "input_invalid"),
        (f"{ADDRESS}?colour=red", many(1), 422, "parameter_unknown"),
        (ADDRESS, {"cases": []}, 422, "input_invalid"),
        (ADDRESS, {}, 422, "input_invalid"),
    ],
)
async def test_what_is_no_batch_is_a_problem(
    client: httpx2.AsyncClient, path: str, body: Any, status: int, code: str
) -> None:
    answer = await client.post(path, json=body)

    assert (answer.status_code, answer.headers["content-type"], answer.json()["code"]) == (
        status,
        "application/problem+json",
        code,
    )


async def test_a_batch_that_cannot_be_read_is_a_problem(client: httpx2.AsyncClient) -> None:
    for content, status in (
        (b"{", 400),
        (b'{"cases": [NaN]}', 422),
        (b'{"cases": [{"id": "\\ud800"}]}', 422),
        (b"[" * 20_000, 400),
    ):
        answer = await client.post(ADDRESS, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == status
    large = json.dumps(many(1)).encode() + b" " * (1 << 20)
    answer = await client.post(ADDRESS, content=large, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


async def test_an_explained_answer_has_each_clock_with_its_days_and_sentences(client: httpx2.AsyncClient) -> None:
    case = {
        "id": "a",
        "item": {
            "clocks": [
                {
                    "kind": "promise",
                    "starts": "accepted",
                    "stops": ["decided"],
                    "limit": {"amount": 4, "unit": "working_day"},
                    "pauses_for": ["hearing"],
                    "legal_basis": "服务指南",
                }
            ]
        },
        "calendar": "CN",
        "steps": [
            {"type": "receive", "at": "2025-01-20T09:00:00+08:00"},
            {"type": "accept", "at": "2025-01-20T10:00:00+08:00"},
            {"type": "pause", "at": "2025-01-21T10:00:00+08:00", "ground": "hearing", "legal_basis": "条例 第三条"},
            {"type": "resume", "at": "2025-01-23T10:00:00+08:00"},
        ],
    }

    answer = await client.post(f"{ADDRESS}?explain=true", json={"cases": [case]})

    assert answer.status_code == 200, answer.text
    SimulationsOut.model_validate_json(answer.content)
    [result] = answer.json()["results"]
    [told] = result["explanation"]
    assert told["clock"] == result["clocks"][0]
    assert [(day["date"][5:], day["n"], day["reason"]) for day in told["days"]] == [
        ("01-20", None, "start_day"),
        ("01-21", 1, "working_day"),
        ("01-22", None, "paused"),
        ("01-23", None, "paused"),
        ("01-24", 2, "working_day"),
        ("01-25", None, "weekend"),
        ("01-26", 3, "make_up_workday"),
        ("01-27", 4, "working_day"),
    ]
    assert [(one["cause"], one["step"]) for one in told["changes"]] == [
        ("started", "2"),
        ("paused", "3"),
        ("resumed", "4"),
    ]
    assert told["days"][2]["article"] == "条例 第三条"
    assert told["articles"][0] == {"rule": "limit", "article": "服务指南", "sentence": "这项期限由该条规定。"}
    plain = await client.post(ADDRESS, json={"cases": [case]})
    assert "explanation" not in plain.json()["results"][0]
