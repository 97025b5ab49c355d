"""Editions as a client sends them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx2
import pytest

Json = dict[str, Any]  # a JSON object
Post = Callable[..., Awaitable[httpx2.Response]]

NOTICE_2027 = {
    "document": "国办发明电〔2026〕1号（测试）",
    "title": "关于2027年部分节假日安排的通知（测试）",
    "published_at": "2026-11-02",
    "holidays": ["2027-01-01", "2027-02-05", "2027-02-08", "2027-02-09", "2027-02-10", "2027-02-11", "2027-02-12"],
    "workdays": ["2027-02-14", "2026-12-27"],
    "published_to": "2027-12-31",
    "approver": "李四",
}


@pytest.fixture
def admin(keys: Mapping[str, str]) -> dict[str, str]:
    return {"X-API-Key": keys["admin"], "Accept-Language": "en"}


@pytest.fixture
def post(client: httpx2.AsyncClient, admin: dict[str, str]) -> Post:
    async def post(code: str, /, drop: tuple[str, ...] = (), **changed: Any) -> httpx2.Response:  # JSON values
        document = {name: value for name, value in {**NOTICE_2027, **changed}.items() if name not in drop}
        return await client.post(f"/api/v1/calendars/{code}/editions", json=document, headers=admin)

    return post
