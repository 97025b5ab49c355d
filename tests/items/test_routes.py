import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from app.items.schemas import ItemShown
from tests.builders.items import an_item
from tests.conftest import Hands

PATH = "/api/v1/items"
Json = dict[str, Any]  # a JSON object


@pytest.fixture
def admin(keys: Mapping[str, str]) -> dict[str, str]:
    return {"X-API-Key": keys["admin"]}


def the_example() -> Json:
    """The item of the interface contract, as far as it is built."""
    return {
        "code": "eia-report",
        "name": "建设项目环境影响报告书审批",
        "department": "D1",
        "kind": "administrative_license",
        "jurisdiction": "CN-41",
        "legal_basis": ["环境影响评价法 第二十二条"],
        "materials": [{"name": "环境影响报告书", "required": True, "copies": 3}],
        "clocks": [
            {
                "kind": "notice",
                "starts": "received",
                "stops": ["accepted", "refused", "correction_requested"],
                "limit": {"amount": 5, "unit": "working_day"},
                "legal_basis": "行政许可法 第三十二条",
            },
            {
                "kind": "statutory",
                "starts": "received",
                "stops": ["decided", "withdrawn", "terminated"],
                "limit": {"amount": 60, "unit": "calendar_day"},
                "pauses_for": ["correction", "hearing", "expert_review"],
                "extension": {"amount": 10, "times": 1},
                "on_expiry": "overdue",
                "legal_basis": "环境影响评价法 第二十二条",
            },
            {
                "kind": "promise",
                "starts": "accepted",
                "stops": ["decided", "withdrawn", "terminated"],
                "limit": {"amount": 4, "unit": "working_day"},
                "pauses_for": ["hearing", "expert_review", "publicity", "applicant_revision"],
                "warn": [{"before": {"amount": 1, "unit": "working_day"}}, {"at_share": 0.8}],
            },
            {
                "kind": "delivery",
                "starts": "decided",
                "stops": ["delivered"],
                "limit": {"amount": 10, "unit": "working_day"},
            },
        ],
        "stages": [
            {
                "code": "review",
                "name": "审查",
                "department": "D1",
                "section": "环评科",
                "limit": {"amount": 2, "unit": "working_day"},
            },
            {"code": "approval", "name": "审批", "section": "局领导", "limit": {"amount": 1, "unit": "working_day"}},
        ],
        "receipt_rule": "system_entry",
        "late_entry_limit": {"amount": 1, "unit": "working_day"},
        "valid_from": "2026-07-01",
    }


async def put(client: httpx2.AsyncClient, headers: dict[str, str], document: Json, query: str = "") -> httpx2.Response:
    return await client.put(f"{PATH}/{document['code']}{query}", json=document, headers=headers)


async def test_the_item_of_the_contract_is_published(client: httpx2.AsyncClient, admin: dict[str, str]) -> None:
    answer = await put(client, admin, the_example())
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{PATH}/eia-report"
    shown = answer.json()
    ItemShown.model_validate_json(answer.content)
    assert (shown["version"], shown["valid_from"], shown["valid_to"]) == (1, "2026-07-01", None)
    assert shown["published_at"] == "2026-11-02T09:00:00+08:00"
    for name, value in the_example().items():
        if name not in ("clocks", "stages"):
            assert shown[name] == value
    for given, found in zip(the_example()["clocks"], shown["clocks"], strict=True):
        assert given.items() <= found.items()


async def test_the_same_document_again_makes_no_version(client: httpx2.AsyncClient, admin: dict[str, str]) -> None:
    first = await put(client, admin, the_example())
    again = await put(client, admin, the_example())
    assert (again.status_code, again.content) == (200, first.content)


async def test_a_change_makes_the_next_version_and_ends_the_one_before(
    client: httpx2.AsyncClient, admin: dict[str, str], hands: Hands
) -> None:
    await put(client, admin, the_example())
    hands.advance(timedelta(days=1))
    changed = {**the_example(), "name": "新名"}
    del changed["valid_from"]
    answer = await put(client, admin, changed)
    assert (answer.status_code, answer.json()["version"], answer.json()["valid_from"]) == (201, 2, "2026-11-03")
    assert (await client.get(f"{PATH}/eia-report", headers=admin)).json() == answer.json()
    versions = (await client.get(f"{PATH}/eia-report/versions", headers=admin)).json()["items"]
    assert [(v["version"], v["valid_from"], v["valid_to"]) for v in versions] == [
        (1, "2026-07-01", "2026-11-02"),
        (2, "2026-11-03", None),
    ]


async def test_versions_are_paged_and_a_cursor_continues_its_own_item_alone(
    client: httpx2.AsyncClient, admin: dict[str, str]
) -> None:
    for name in ("a", "b", "c"):
        await put(client, admin, an_item().with_(name=name).build())
    await put(client, admin, an_item("other").build())
    path = f"{PATH}/eia-report/versions?limit=2"
    first = (await client.get(path, headers=admin)).json()
    rest = (await client.get(f"{path}&cursor={first['next_cursor']}", headers=admin)).json()
    assert [v["version"] for v in first["items"] + rest["items"]] == [1, 2, 3]
    assert rest["next_cursor"] is None
    foreign = await client.get(f"{PATH}/other/versions?cursor={first['next_cursor']}", headers=admin)
    assert (foreign.status_code, foreign.json()["code"]) == (422, "cursor_malformed")


async def test_a_dry_run_stores_nothing(client: httpx2.AsyncClient, admin: dict[str, str]) -> None:
    answer = await put(client, admin, the_example(), "?dry_run=true")
    assert (answer.status_code, answer.json()["would_publish"], answer.json()["version"]) == (200, True, 1)
    assert (await client.get(f"{PATH}/eia-report", headers=admin)).status_code == 404


async def test_a_dry_run_says_what_is_wrong(client: httpx2.AsyncClient, admin: dict[str, str]) -> None:
    document = an_item().with_clock("statutory", 5).with_clock("promise", 6).build()
    answer = await put(client, admin, document, "?dry_run=true")
    assert (answer.status_code, answer.json()["code"]) == (422, "promise_beyond_statute")
    assert answer.json()["errors"][0]["pointer"] == "/clocks/1/limit/amount"


@pytest.mark.parametrize("role", ["clerk", "reviewer", "head", "supervisor", "auditor", "security", "integration"])
async def test_items_are_written_by_the_admin_alone(
    client: httpx2.AsyncClient, keys: Mapping[str, str], role: str
) -> None:
    headers = {"X-API-Key": keys[role]}
    for query in ("", "?dry_run=true"):
        answer = await put(client, headers, the_example(), query)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")


async def test_a_client_that_has_the_list_gets_304_until_something_changes(
    client: httpx2.AsyncClient, admin: dict[str, str]
) -> None:
    await put(client, admin, the_example())
    for path in (PATH, f"{PATH}/eia-report", f"{PATH}/eia-report/versions"):
        first = await client.get(path, headers=admin)
        held = {**admin, "If-None-Match": first.headers["ETag"]}
        assert (await client.get(path, headers=held)).status_code == 304
        english = await client.get(path, headers={**held, "Accept-Language": "en"})
        assert english.status_code == 200
        await put(client, admin, {**the_example(), "name": path, "valid_from": "2026-11-02"})
        assert (await client.get(path, headers=held)).status_code == 200


async def test_labels_follow_the_language(client: httpx2.AsyncClient, admin: dict[str, str]) -> None:
    await put(client, admin, the_example())
    labels = {}
    for language in ("zh-CN", "en"):
        shown = (await client.get(f"{PATH}/eia-report", headers={**admin, "Accept-Language": language})).json()
        labels[language] = (shown["receipt_rule_label"], shown["clocks"][0]["kind_label"])
    assert all(not label.isascii() for label in labels["zh-CN"])
    assert all(label.isascii() for label in labels["en"])


@pytest.mark.parametrize("path", [f"{PATH}/nothing", f"{PATH}/nothing/versions"])
async def test_an_item_that_is_not_there_is_404(client: httpx2.AsyncClient, admin: dict[str, str], path: str) -> None:
    answer = await client.get(path, headers=admin)
    assert (answer.status_code, answer.json()["code"]) == (404, "item_not_found")


@pytest.mark.parametrize("query", ["?dry_run=yes", "?dryrun=true", "?dry_run=true&dry_run=true", "?dry_run="])
async def test_a_query_that_is_not_known_or_wrong_is_422_and_stores_nothing(
    client: httpx2.AsyncClient, admin: dict[str, str], query: str
) -> None:
    answer = await put(client, admin, the_example(), query)
    assert (answer.status_code, answer.json()["errors"][0]["in"]) == (422, "query")
    assert (await client.get(f"{PATH}/eia-report", headers=admin)).status_code == 404


async def test_eight_writers_of_one_item_make_a_version_each_or_none(
    client: httpx2.AsyncClient, admin: dict[str, str]
) -> None:
    documents = [an_item().with_(name=f"name {n % 4}").build() for n in range(8)]
    answers = await asyncio.gather(*(put(client, admin, document) for document in documents))
    assert {answer.status_code for answer in answers} <= {200, 201}
    versions = (await client.get(f"{PATH}/eia-report/versions", headers=admin)).json()["items"]
    made = sum(answer.status_code == 201 for answer in answers)
    assert [v["version"] for v in versions] == list(range(1, made + 1))
