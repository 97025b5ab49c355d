"""A department with people, a supervisor, and the sheets that they read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from app.alarms.sweep import Sweeper
from app.kit.service import Service
from tests.builders.applications import Counter

Json = dict[str, Any]  # a JSON object


@dataclass(frozen=True, slots=True)
class Book:
    """Reads sheets and writes rules under one role's key."""

    client: httpx2.AsyncClient
    keys: Mapping[str, str]

    async def ask(
        self, method: str, path: str, body: Any = None, *, role: str = "supervisor", **headers: str
    ) -> httpx2.Response:
        """One request below /api/v1."""
        lines = {"X-API-Key": self.keys[role], "Accept-Language": "en", **headers}
        return await self.client.request(method, f"/api/v1{path}", json=body, headers=lines)

    async def get(self, path: str, *, role: str = "supervisor", **query: str) -> Json:
        """What is there."""
        answer = await self.client.get(
            f"/api/v1{path}", params=query, headers={"X-API-Key": self.keys[role], "Accept-Language": "en"}
        )
        assert answer.status_code == 200, answer.text
        document: Json = answer.json()
        return document

    async def sheets(self, month: str = "2026-11", *, by: str = "department", **query: str) -> list[Json]:
        """The sheets of a month."""
        items: list[Json] = (await self.get("/scoring/sheets", month=month, by=by, **query))["items"]
        return items

    async def sheet(self, month: str = "2026-11", *, by: str = "department", **query: str) -> Json:
        """The only sheet of a month."""
        [found] = await self.sheets(month, by=by, **query)
        return found


@pytest.fixture
def book(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Book:
    """Everybody's."""
    return Book(client, keys)


@pytest.fixture
async def counter(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Counter:
    """The window of D1, its item published."""
    counter = Counter(client, keys)
    await counter.publish()
    return counter


@pytest.fixture
def sweeper(service: Service) -> Sweeper:
    """Sweeps on `service`."""
    return Sweeper(service)


def part(sheet: Json, code: str) -> Json:
    """A part of a sheet."""
    found: Json = next(one for one in sheet["parts"] if one["code"] == code)
    return found


def points(sheet: Json, code: str = "time_limits") -> list[tuple[str, str]]:
    """The points of a part: rule and number."""
    return [(one["rule"], one["points"]) for one in part(sheet, code)["points"]]
