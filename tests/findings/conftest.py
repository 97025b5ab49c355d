"""A counter, a supervisor's desk for findings, and the examination on the service."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx2
import pytest

from app.findings.examine import examine
from app.kit.service import Service
from tests.builders.applications import Counter
from tests.conftest import Hands

Json = dict[str, Any]  # a JSON object


@dataclass(frozen=True, slots=True)
class Watch:
    """Asks for findings under one role's key, and reviews them."""

    client: httpx2.AsyncClient
    keys: Mapping[str, str]
    service: Service
    hands: Hands
    role: str = "supervisor"

    def as_(self, role: str) -> Self:
        """The same under another role."""
        return type(self)(self.client, self.keys, self.service, self.hands, role)

    def headers(self, **more: str) -> dict[str, str]:
        """The credential, in English, and more."""
        return {"X-API-Key": self.keys[self.role], "Accept-Language": "en", **more}

    async def get(self, path: str = "", **query: str) -> httpx2.Response:
        """A GET below /api/v1/findings."""
        return await self.client.get(f"/api/v1/findings{path}", params=query, headers=self.headers())

    async def post(self, path: str, body: Json, **headers: str) -> httpx2.Response:
        """A POST below /api/v1/findings."""
        return await self.client.post(f"/api/v1/findings{path}", json=body, headers=self.headers(**headers))

    async def found(self, **query: str) -> list[Json]:
        """A list of findings, all pages of it."""
        answer = await self.get(limit="500", **query)
        assert answer.status_code == 200, answer.text
        items: list[Json] = answer.json()["items"]
        assert answer.json()["next_cursor"] is None
        return items

    async def look(self, at: str | None = None, **query: str) -> list[Json]:
        """Let everything recorded so far be examined, and list what stands."""
        if at is None:
            self.hands.set(self.hands.now().replace(second=0, microsecond=0))
        else:
            self.hands.set(at)
        done = await examine(self.service)
        assert done.is_whole, done
        return await self.found(**query)


@pytest.fixture
async def counter(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Counter:
    """The head of D1 at the window; the item `eia-report` is known."""
    counter = Counter(client, keys)
    await counter.publish()
    return counter


@pytest.fixture
def watch(client: httpx2.AsyncClient, keys: Mapping[str, str], service: Service, hands: Hands) -> Watch:
    """The supervisor's."""
    return Watch(client, keys, service, hands)
