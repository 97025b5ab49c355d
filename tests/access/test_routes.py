from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.conftest import Hands

PATH = "/api/v1/keys"


def as_(keys: Mapping[str, str], role: str) -> dict[str, str]:
    return {"X-API-Key": keys[role]}


async def make(client: httpx2.AsyncClient, keys: Mapping[str, str], **body: Any) -> httpx2.Response:  # JSON values
    return await client.post(PATH, json={"role": "auditor", "name": "audit", **body}, headers=as_(keys, "security"))


async def test_a_key_is_shown_once_and_works_at_once(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> None:
    answer = await make(client, keys, role="clerk", department="D1")
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["Location"] == f"{PATH}/{made['id']}"
    assert made["key"].startswith(f"sx_{made['id']}_")
    assert made["created_at"] == "2026-11-02T09:00:00+08:00"
    listed = (await client.get("/api/v1/items", headers={"X-API-Key": made["key"]})).status_code
    assert listed == 200
    everything = (await client.get(PATH, headers=as_(keys, "security"))).text
    assert made["id"] in everything
    assert made["key"] not in everything


async def test_the_same_post_under_one_key_makes_one_api_key_and_shows_it_again(
    client: httpx2.AsyncClient, keys: Mapping[str, str]
) -> None:
    headers = {**as_(keys, "security"), "Idempotency-Key": "once"}
    body = {"role": "auditor", "name": "audit"}
    first, second = [await client.post(PATH, json=body, headers=headers) for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert second.headers["Idempotency-Replayed"] == "true"


async def test_a_revoked_key_is_refused_at_once(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> None:
    made = (await make(client, keys)).json()
    mine = {"X-API-Key": made["key"]}
    assert (await client.get("/api/v1/items", headers=mine)).status_code == 200
    for _ in range(2):
        assert (await client.delete(f"{PATH}/{made['id']}", headers=as_(keys, "security"))).status_code == 204
    assert (await client.get("/api/v1/items", headers=mine)).status_code == 401


async def test_an_expired_key_is_refused(client: httpx2.AsyncClient, keys: Mapping[str, str], hands: Hands) -> None:
    made = (await make(client, keys, expires_at="2026-11-02T10:00:00+08:00")).json()
    mine = {"X-API-Key": made["key"]}
    assert (await client.get("/api/v1/items", headers=mine)).status_code == 200
    hands.advance(timedelta(hours=1))
    assert (await client.get("/api/v1/items", headers=mine)).status_code == 401


async def test_a_list_goes_on_where_its_cursor_says(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> None:
    seen: list[str] = []
    path: str | None = f"{PATH}?limit=3"
    while path is not None:
        answer = await client.get(path, headers=as_(keys, "security"))
        page = answer.json()
        seen += [key["id"] for key in page["items"]]
        path = f"{PATH}?limit=3&cursor={page['next_cursor']}" if page["next_cursor"] else None
        assert ('rel="next"' in answer.headers.get("Link", "")) is (path is not None)
    assert sorted(seen) == seen
    assert len(seen) == len(set(seen)) == 8


async def test_labels_follow_the_language(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> None:
    for language, word in [("zh-CN", "窗口"), ("en", "Counter clerk")]:
        answer = await client.get(PATH, headers={**as_(keys, "security"), "Accept-Language": language})
        labels = {key["role"]: key["role_label"] for key in answer.json()["items"]}
        assert labels["clerk"] != "clerk", word


@pytest.mark.parametrize("role", ["clerk", "reviewer", "head", "supervisor", "auditor", "admin", "integration"])
async def test_keys_are_the_security_officers_alone(
    client: httpx2.AsyncClient, keys: Mapping[str, str], role: str
) -> None:
    answers = [
        *([] if role == "auditor" else [await client.get(PATH, headers=as_(keys, role))]),
        await client.post(PATH, json={"role": "admin", "name": "x"}, headers=as_(keys, role)),
        await client.delete(f"{PATH}/00000000", headers=as_(keys, role)),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "role_not_allowed")}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"role": "clerk", "name": "x"}, "/department"),
        ({"role": "clerk", "name": "x", "department": "nowhere"}, "/department"),
        ({"role": "every", "name": "x"}, "/role"),
        ({"role": "integration", "name": "x", "steps": ["deemed"]}, "/steps/0"),
        ({"role": "auditor", "name": "x", "id": "chosen00"}, "/id"),
        ({"role": "auditor", "name": "x", "expires_at": "2026-11-02T09:00:00"}, "/expires_at"),
        ({"role": "auditor"}, "/name"),
    ],
)
async def test_a_malformed_order_is_refused_with_its_place(
    client: httpx2.AsyncClient, keys: Mapping[str, str], body: dict[str, Any], pointer: str
) -> None:
    answer = await client.post(PATH, json=body, headers=as_(keys, "security"))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_security_key_neither_multiplies_nor_ends_itself(
    client: httpx2.AsyncClient, keys: Mapping[str, str]
) -> None:
    made = await make(client, keys, role="security")
    assert (made.status_code, made.json()["code"]) == (403, "own_role")
    ended = await client.delete(f"{PATH}/{keys['security'].split('_')[1]}", headers=as_(keys, "security"))
    assert (ended.status_code, ended.json()["code"]) == (403, "own_key")


async def test_a_key_that_is_not_there_is_404(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> None:
    answer = await client.delete(f"{PATH}/00000000", headers=as_(keys, "security"))
    assert (answer.status_code, answer.json()["code"]) == (404, "key_unknown")
