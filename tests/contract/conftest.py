"""The application under hostile requests: limits out of the way, the office at work, every row counted."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from app.kit.service import Service
from app.kit.throttle import Throttle
from app.main import create_app
from app.tables import metadata
from tests.builders.applications import a_receipt, an_item_with_clocks
from tests.builders.items import ItemBuilder
from tests.contract.wire import Answer, Sender

Json = dict[str, Any]  # a JSON object

NOT_COUNTED = {"audit_entries", "query_code_tries", "clock_readings"}
"""The trail of who tried, the limits on guessing, and how late the clock was looked at: no effect of a request."""


class Rows:
    """How many rows each table holds."""

    def __init__(self, service: Service) -> None:
        self.service = service
        tables: list[Table] = [table for table in metadata.sorted_tables if table.name not in NOT_COUNTED]
        self.names = [table.name for table in tables]
        self.query = select(*(select(func.count()).select_from(table).scalar_subquery() for table in tables))

    async def count(self) -> dict[str, int]:
        """By table, of all but the trail and the limits."""
        async with self.service.db.read() as tx:
            return dict(zip(self.names, (await tx.execute(self.query)).one(), strict=True))


class Hall:
    """Who asks: the keys by role, and applications in the state that a step wants."""

    def __init__(self, send: Sender, keys: Mapping[str, str]) -> None:
        self.send = send
        self.keys = keys

    async def ask(self, method: str, target: str, body: Any = None, role: str = "head", **headers: str) -> Answer:
        """One ordinary request."""
        raw = None if body is None else json.dumps(body).encode()
        lines = {"X-API-Key": self.keys[role], "Accept-Language": "en", **headers}
        return await self.send(method, target, raw, list(lines.items()))

    async def opens(self) -> None:
        """The item is published."""
        await self.publishes(an_item_with_clocks())

    async def publishes(self, item: ItemBuilder) -> None:
        """An item that is new."""
        document = item.build()
        answer = await self.ask("PUT", f"/api/v1/items/{document['code']}", document, "admin")
        assert answer.status == 201, answer.body

    async def receives(self, **more: Any) -> Json:  # any JSON
        """A new application."""
        answer = await self.ask("POST", "/api/v1/applications", a_receipt(**more))
        assert answer.status == 201, answer.body
        received: Json = answer.json()
        return received

    async def records(self, number: str, type_: str, **fields: Any) -> Json:  # any JSON
        """A step that is recorded."""
        answer = await self.ask("POST", f"/api/v1/applications/{number}/steps", {"type": type_, **fields})
        assert answer.status == 201, answer.body
        recorded: Json = answer.json()
        return recorded


@pytest.fixture
async def send(service: Service) -> Sender:
    """Requests as bytes, to the application without a limit on their number."""
    service.throttle = Throttle(per_minute=10**9, total_per_minute=10**9)
    return Sender(create_app(service))


@pytest.fixture
async def hall(send: Sender, keys: Mapping[str, str]) -> Hall:
    """A hall whose item is published."""
    hall = Hall(send, keys)
    await hall.opens()
    return hall


@pytest.fixture
def rows(service: Service) -> Rows:
    """Counts the rows."""
    return Rows(service)


@pytest.fixture
def document(send: Sender) -> Json:
    """The OpenAPI document."""
    return dict(send.app.openapi())
