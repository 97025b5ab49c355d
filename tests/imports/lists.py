"""Reads whole lists of the interface."""

from typing import Any

import httpx2

__all__ = ["Row", "every_row"]

Row = dict[str, Any]  # one row of a list, as JSON


async def every_row(client: httpx2.AsyncClient, key: str, path: str, **query: str) -> list[Row]:
    """All rows of a list, page by page."""
    rows: list[Row] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await client.get(path, params={"limit": "500", **query, **cursor}, headers={"X-API-Key": key})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        rows += page["items"]
        if page["next_cursor"] is None:
            return rows
        cursor = {"cursor": page["next_cursor"]}
