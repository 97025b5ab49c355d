"""A department with its head, a supervisor, and an application that both know."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx2
import pytest

from app.alarms.sweep import Sweeper
from app.kit.service import Service
from app.proof.verify import Asked, verify_all
from tests.builders.applications import Counter

Json = dict[str, Any]  # a JSON object
PROOF = [{"number": "整改〔2026〕1号", "title": "整改报告", "date": "2026-11-05"}]


@dataclass(frozen=True, slots=True)
class Desk:
    """Speaks to the service about orders under one role's key."""

    client: httpx2.AsyncClient
    keys: Mapping[str, str]
    role: str = "supervisor"

    def as_(self, role: str) -> Self:
        """The same under another role."""
        return type(self)(self.client, self.keys, role)

    def headers(self, **more: str) -> dict[str, str]:
        """The credential, in English, and more."""
        return {"X-API-Key": self.keys[self.role], "Accept-Language": "en", **more}

    async def issue(self, **body: Any) -> Json:  # JSON values
        """An order that is issued, as it was answered."""
        answer = await self.try_issue(**body)
        assert answer.status_code == 201, answer.text
        document: Json = answer.json()
        return document

    async def try_issue(self, **body: Any) -> httpx2.Response:  # JSON values
        """Issue an order."""
        document = {"department": "D1", "content": "限期办结。", **body}
        return await self.client.post("/api/v1/orders", json=document, headers=self.headers())

    async def send(self, order: str, type_: str, body: Json, **headers: str) -> httpx2.Response:
        """A step of an order."""
        return await self.client.post(
            f"/api/v1/orders/{order}/steps", json={"type": type_, **body}, headers=self.headers(**headers)
        )

    async def step(self, order: str, type_: str, **body: Any) -> Json:  # JSON values
        """A step that is recorded; the order after it."""
        answer = await self.send(order, type_, body)
        assert answer.status_code == 201, answer.text
        document: Json = answer.json()["order"]
        return document

    async def refused(self, order: str, type_: str, **body: Any) -> tuple[int, str]:  # JSON values
        """A step that is refused: status and code."""
        answer = await self.send(order, type_, body)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        return answer.status_code, answer.json()["code"]

    async def get(self, path: str, **query: str) -> httpx2.Response:
        """A GET below /api/v1."""
        return await self.client.get(f"/api/v1{path}", params=query, headers=self.headers())

    async def read(self, order: str) -> Json:
        """An order as it stands."""
        answer = await self.get(f"/orders/{order}")
        assert answer.status_code == 200, answer.text
        document: Json = answer.json()
        return document


@pytest.fixture
def desk(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Desk:
    """The supervisor's."""
    return Desk(client, keys)


@pytest.fixture
async def counter(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Counter:
    """The window of D1, its item published."""
    counter = Counter(client, keys)
    await counter.publish()
    return counter


@pytest.fixture
async def sweeper(service: Service) -> AsyncIterator[Sweeper]:
    """Sweeps on `service`; afterwards, whatever happened, the alarms are those that the histories ask for."""
    yield Sweeper(service)
    verdict = await verify_all(service.db, service.sealer, Asked())
    assert verdict.first is None or verdict.first.kind != "alarms", verdict.first
