from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from tests.builders.departments import a_department, a_section

PATH = "/api/v1/departments"


@pytest.fixture
def admin(keys: Mapping[str, str]) -> dict[str, str]:
    return {"X-API-Key": keys["admin"]}


async def test_a_department_is_created_with_201_and_replaced_with_200(
    client: httpx2.AsyncClient, admin: dict[str, str]
) -> None:
    document = a_department("hbj", "D1", sections=[a_section("环评科", "o1")])
    first = await client.put(f"{PATH}/hbj", json=document, headers=admin)
    second = await client.put(f"{PATH}/hbj", json={**document, "name": "新局"}, headers=admin)
    assert (first.status_code, second.status_code) == (201, 200)
    shown = await client.get(f"{PATH}/hbj", headers=admin)
    assert shown.content == second.content
    assert shown.headers["ETag"] == second.headers["ETag"]
    assert shown.json() == {
        "code": "hbj",
        "name": "新局",
        "parent": "D1",
        "division": None,
        "telephone": None,
        "sections": [a_section("环评科", "o1")],
        "valid_from": None,
        "valid_to": None,
        "successor": None,
        "calendar": None,
    }


async def test_what_was_shown_may_be_put_again(client: httpx2.AsyncClient, admin: dict[str, str]) -> None:
    await client.put(f"{PATH}/hbj", json=a_department("hbj", valid_from="2026-01-01"), headers=admin)
    shown = (await client.get(f"{PATH}/hbj", headers=admin)).json()
    again = await client.put(f"{PATH}/hbj", json=shown, headers=admin)
    assert (again.status_code, again.json()) == (200, shown)


async def test_a_client_that_has_it_gets_304(client: httpx2.AsyncClient, admin: dict[str, str]) -> None:
    for path in (PATH, f"{PATH}/D1"):
        tag = (await client.get(path, headers=admin)).headers["ETag"]
        held = {**admin, "If-None-Match": tag}
        answer = await client.get(path, headers=held)
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)
        await client.put(f"{PATH}/D1", json=a_department("D1", telephone=f"0371-{len(path)}"), headers=admin)
        assert (await client.get(path, headers=held)).status_code == 200


async def test_the_list_is_paged_by_code(client: httpx2.AsyncClient, admin: dict[str, str]) -> None:
    for code in ("b", "a", "Group 1", "局"):
        await client.put(f"{PATH}/{quote(code)}", json=a_department(code), headers=admin)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = f"?limit=2&cursor={cursor}" if cursor else "?limit=2"
        page = (await client.get(PATH + query, headers=admin)).json()
        seen += [one["code"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert sorted(seen) == sorted(["D1", "b", "a", "Group 1", "局"])
    assert len(seen) == 5


@pytest.mark.parametrize(
    ("code", "body", "pointers"),
    [
        ("x", a_department("y"), ["/code"]),
        ("x", a_department("x", "nowhere"), ["/parent"]),
        ("x", a_department("x", surprise=1), ["/surprise"]),
        ("x", {"parent": None}, ["/name"]),
        ("x", a_department("x", valid_from="2026-02-30"), ["/valid_from"]),
        ("x", a_department("x", valid_from="1948-12-31"), ["/valid_from"]),
        ("x", a_department("x", name="  "), ["/name"]),
        ("x", a_department("x", sections=[{"code": "a/b", "name": "n"}]), ["/sections/0/code"]),
        ("x" * 65, {"name": "n"}, ["/code"]),
    ],
)
async def test_bad_input_is_422_with_its_place(
    client: httpx2.AsyncClient, admin: dict[str, str], code: str, body: dict[str, Any], pointers: list[str]
) -> None:
    answer = await client.put(f"{PATH}/{code}", json=body, headers=admin)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers


@pytest.mark.parametrize("role", ["clerk", "reviewer", "head", "supervisor", "auditor", "security", "integration"])
async def test_departments_are_written_by_the_admin_alone(
    client: httpx2.AsyncClient, keys: Mapping[str, str], role: str
) -> None:
    headers = {"X-API-Key": keys[role]}
    answer = await client.put(f"{PATH}/x", json=a_department("x"), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")
    assert (await client.get(f"{PATH}/D1", headers=headers)).status_code == 200


async def test_a_department_that_is_not_there_is_404(client: httpx2.AsyncClient, admin: dict[str, str]) -> None:
    answer = await client.get(f"{PATH}/nowhere", headers=admin)
    assert (answer.status_code, answer.json()["code"]) == (404, "department_not_found")


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=1&limit=2", "offset=3", "cursor=zzz", "limit=+1"])
async def test_a_query_that_is_not_known_or_wrong_is_422(
    client: httpx2.AsyncClient, admin: dict[str, str], query: str
) -> None:
    answer = await client.get(f"{PATH}?{query}", headers=admin)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["in"] == "query"
