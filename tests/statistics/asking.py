"""Asks for statistics."""

from typing import Any

from tests.builders.applications import Counter

__all__ = ["ask", "clock", "told"]

Json = dict[str, Any]  # a JSON object


async def ask(counter: Counter, path: str = "", *, role: str = "supervisor", **query: str) -> Json:
    """An answer below /api/v1/statistics."""
    answer = await counter.client.get(
        f"/api/v1/statistics{path}", params=query, headers={"X-API-Key": counter.keys[role], "Accept-Language": "en"}
    )
    assert answer.status_code == 200, answer.text
    document: Json = answer.json()
    return document


async def told(counter: Counter, *, role: str = "supervisor", **query: str) -> Json:
    """All figures together."""
    total: Json = (await ask(counter, role=role, **{"by": "department", **query}))["total"]
    return total


def clock(figures: Json, kind: str) -> Json:
    """The verdicts of one kind of clock."""
    found: Json = next(one for one in figures["clocks"] if one["clock"] == kind)
    return found
