"""The contract's *Service items and departments*."""

from collections.abc import Mapping

import httpx2


async def test_a_body_that_names_another_code_is_refused_though_nothing_else_differs(
    client: httpx2.AsyncClient, keys: Mapping[str, str]
) -> None:
    headers = {"X-API-Key": keys["admin"]}
    assert (await client.put("/api/v1/departments/D7", json={"name": "七局"}, headers=headers)).status_code == 201
    answer = await client.put("/api/v1/departments/D7", json={"name": "七局", "code": "D8"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "code_differs")
