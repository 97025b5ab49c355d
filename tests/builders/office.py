"""An office at work, through the interface: an item, receipts and steps, sent as a hall would send them."""

from collections.abc import Mapping
from typing import Any

import httpx2

from tests.builders.items import an_item

Json = dict[str, Any]  # a JSON object

PAUSES = ["hearing", "expert_review", "correction"]
APPLICANT = {"name": "张三", "id_type": "resident_id", "id_number": "11010519491231002X", "phone": "13812345678"}


def an_environment_item() -> Json:
    """Four working days promised, sixty days by law, one stage of two days."""
    return (
        an_item()
        .with_clock(
            "notice",
            5,
            starts="received",
            stops=["accepted", "refused", "correction_requested"],
            legal_basis="行政许可法 第三十二条",
        )
        .with_clock("promise", 4, pauses_for=PAUSES)
        .with_clock(
            "statutory",
            60,
            "calendar_day",
            pauses_for=PAUSES,
            extension={"amount": 10, "times": 1},
            legal_basis="环境影响评价法 第二十二条",
        )
        .with_stage("review", 2)
        .build()
    )


class Office:
    """A hall's front-end: it holds the keys of its people."""

    def __init__(self, client: httpx2.AsyncClient, keys: Mapping[str, str]) -> None:
        self.client = client
        self.keys = keys

    async def opens(self) -> "Office":
        """The item of the office is published."""
        await self.sends("PUT", "/api/v1/items/eia-report", an_environment_item(), role="admin")
        return self

    async def receives(self, **more: Any) -> Json:  # any JSON
        """A receipt, with its number and query code."""
        body = {
            "item": "eia-report",
            "applicant": APPLICANT,
            "subject": "年产一万吨再生铝项目",
            "channel": "window",
            **more,
        }
        return await self.sends("POST", "/api/v1/applications", body, role="clerk")

    async def records(self, number: str, type_: str, *, role: str = "head", **fields: Any) -> Json:  # any JSON
        """One step."""
        return await self.sends("POST", f"/api/v1/applications/{number}/steps", {"type": type_, **fields}, role=role)

    async def sends(self, method: str, path: str, body: Json, *, role: str) -> Json:
        """What was answered, which must be a success."""
        answer = await self.client.request(method, path, json=body, headers={"X-API-Key": self.keys[role]})
        assert answer.status_code in (200, 201), answer.text
        sent: Json = answer.json()
        return sent
