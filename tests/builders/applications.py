"""Applications for tests: documents as a client would send them, and a counter that sends them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx2

from tests.builders.items import ItemBuilder, an_item

__all__ = ["Counter", "a_receipt", "an_item_with_clocks"]

Json = dict[str, Any]  # a JSON object

DECISION = ["decided", "withdrawn", "terminated"]


def an_item_with_clocks(code: str = "eia-report", department: str = "D1") -> ItemBuilder:
    """Notice in 5 working days, statutory 60 calendar days, promise 20 working days, delivery 10, two stages."""
    return (
        an_item(code, department)
        .with_clock("notice", 5, starts="received", stops=["accepted", "refused", "correction_requested"])
        .with_clock(
            "statutory",
            60,
            "calendar_day",
            starts="received",
            stops=DECISION,
            pauses_for=["correction", "hearing"],
            extension={"amount": 10, "times": 1},
        )
        .with_clock("promise", 20, starts="accepted", stops=DECISION, pauses_for=["hearing"])
        .with_clock("delivery", 10, starts="decided", stops=["delivered"])
        .with_stage("review", 5)
        .with_stage("approval", 3)
        .with_(late_entry_limit={"amount": 1, "unit": "working_day"})
    )


def a_receipt(item: str = "eia-report", **more: Any) -> Json:  # JSON values
    """A receipt at the window."""
    return {
        "item": item,
        "applicant": {
            "name": "某某有限公司",
            "id_type": "uscc",
            "id_number": "91350100M000100Y43",
            "phone": "13800001234",
        },
        "subject": "年产一万吨项目",
        "channel": "window",
        **more,
    }


@dataclass(frozen=True, slots=True)
class Counter:
    """Speaks to the service under one role's key."""

    client: httpx2.AsyncClient
    keys: Mapping[str, str]
    role: str = "head"

    def as_(self, role: str) -> Self:
        """The same under another role."""
        return type(self)(self.client, self.keys, role)

    def headers(self, **more: str) -> dict[str, str]:
        """The credential, in English, and more."""
        return {"X-API-Key": self.keys[self.role], "Accept-Language": "en", **more}

    async def publish(self, item: ItemBuilder | None = None) -> None:
        """Make an item known."""
        document = (item or an_item_with_clocks()).build()
        code = document.pop("code")
        answer = await self.client.put(
            f"/api/v1/items/{code}", json=document, headers={"X-API-Key": self.keys["admin"]}
        )
        assert answer.status_code in (200, 201), answer.text

    async def post(self, path: str, body: Any, **headers: str) -> httpx2.Response:  # any JSON
        """A POST below /api/v1/applications."""
        return await self.client.post(f"/api/v1/applications{path}", json=body, headers=self.headers(**headers))

    async def get(self, path: str = "", **query: str) -> httpx2.Response:
        """A GET below /api/v1/applications."""
        return await self.client.get(f"/api/v1/applications{path}", params=query, headers=self.headers())

    async def receive(self, **more: Any) -> Json:
        """A new application, as it was answered."""
        answer = await self.post("", a_receipt(**more))
        assert answer.status_code == 201, answer.text
        document: Json = answer.json()
        return document

    async def step(self, number: str, type_: str, **fields: Any) -> Json:
        """A step that is recorded: step and application as they were answered."""
        answer = await self.post(f"/{number}/steps", {"type": type_, **fields})
        assert answer.status_code == 201, answer.text
        document: Json = answer.json()
        return document

    async def refused(self, number: str, type_: str, **fields: Any) -> tuple[int, str]:
        """A step that is refused: status and code."""
        answer = await self.post(f"/{number}/steps", {"type": type_, **fields})
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        return answer.status_code, answer.json()["code"]

    async def read(self, number: str, **query: str) -> Json:
        """An application as it stands."""
        answer = await self.get(f"/{number}", **query)
        assert answer.status_code == 200, answer.text
        document: Json = answer.json()
        return document
