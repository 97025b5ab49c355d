"""The contract's *Access*: the auditor reads all and writes nothing."""

from collections.abc import Mapping

import httpx2
import pytest

READS = ["applications", "overdue", "alarms", "items", "departments", "calendars", "keys"]


@pytest.mark.parametrize("list_", READS)
async def test_the_auditor_reads_every_list(client: httpx2.AsyncClient, keys: Mapping[str, str], list_: str) -> None:
    answer = await client.get(f"/api/v1/{list_}", headers={"X-API-Key": keys["auditor"]})
    assert answer.status_code == 200


async def test_the_auditor_makes_and_ends_no_key(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> None:
    headers = {"X-API-Key": keys["auditor"]}
    made = await client.post("/api/v1/keys", json={"role": "auditor", "name": "x"}, headers=headers)
    ended = await client.delete("/api/v1/keys/00000000", headers=headers)
    assert (made.status_code, ended.status_code) == (403, 403)
