"""The contract's *Running it*: what a service says that lives by a set clock."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import httpx2
import pytest

from app.kit.service import Service
from tests.conftest import Hands

ANSWERS = ["/", "/healthz", "/api/v1/departments", "/api/v1/overdue", "/api/v1/nowhere", "/api/v1/overdue?offset=1"]


@pytest.mark.parametrize("path", ANSWERS)
async def test_every_answer_says_that_the_clock_is_set(
    client: httpx2.AsyncClient, keys: Mapping[str, str], service: Service, hands: Hands, path: str
) -> None:
    service.now.offset = timedelta(days=-20)
    answer = await client.get(path, headers={"X-API-Key": keys["head"]})
    assert datetime.fromisoformat(answer.headers["x-set-clock"]) == hands.now()


@pytest.mark.parametrize("path", ANSWERS)
async def test_no_answer_says_so_where_time_is_real(
    client: httpx2.AsyncClient, keys: Mapping[str, str], path: str
) -> None:
    assert "x-set-clock" not in (await client.get(path, headers={"X-API-Key": keys["head"]})).headers
