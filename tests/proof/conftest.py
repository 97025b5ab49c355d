"""A small office with checkpoints between its steps."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from app.access.keys import COMMAND, KeyOrder, create_key, revoke_key
from app.access.roles import Role
from app.kit.service import Service
from app.proof.checkpoints import take_all, take_full
from tests.builders.applications import Counter, an_item_with_clocks
from tests.conftest import Hands

EDITION = {"document": "文", "published_at": "2026-11-02", "holidays": ["2026-12-25"], "approver": "乙"}
SUSPENSION = {
    "jurisdiction": "CN-41",
    "clocks": ["promise"],
    "from": "2026-11-02",
    "to": None,
    "document": "文",
    "published_at": "2026-11-02",
    "approver": "乙",
}


@pytest.fixture
async def counter(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Counter:
    """The head's counter of department D1, whose item is published."""
    counter = Counter(client, keys)
    await counter.publish()
    return counter


@pytest.fixture
async def numbers(counter: Counter, hands: Hands, service: Service) -> list[str]:
    """Six applications of five events, by number; a checkpoint after three of each, one after all, then a full one."""
    found = [(await counter.receive())["tracking_number"] for _ in range(6)]
    first: tuple[tuple[str, dict[str, Any]], ...] = (
        ("request_correction", {"missing": ["报告书"]}),
        ("submit_correction", {}),
    )
    for type_, fields in first:
        hands.advance(timedelta(hours=1))
        for number in found:
            await counter.step(number, type_, **fields)
    await take_all(service)
    then: tuple[tuple[str, dict[str, Any]], ...] = (("accept", {"note": "齐全"}), ("start_stage", {"stage": "review"}))
    for type_, fields in then:
        hands.advance(timedelta(hours=1))
        for number in found:
            await counter.step(number, type_, **fields)
    await take_all(service)
    await take_full(service)
    hands.advance(timedelta(hours=1))
    return sorted(found)


@pytest.fixture
async def rules(
    counter: Counter, client: httpx2.AsyncClient, keys: Mapping[str, str], service: Service, hands: Hands
) -> str:
    """Two versions of an item, an edition, a suspension, a key that was revoked; the id of another that holds."""
    await counter.publish(an_item_with_clocks().with_(name="改名"))
    for path, body in (("calendars/CN/editions", EDITION), ("suspensions", SUSPENSION)):
        answer = await client.post(f"/api/v1/{path}", json=body, headers={"X-API-Key": keys["admin"]})
        assert answer.status_code in (201, 202), answer.text
    now = service.now.now()
    async with service.db.transaction() as tx:
        made = [await create_key(tx, KeyOrder(role=Role.AUDITOR, name=name), now=now) for name in ("甲", "乙")]
        assert await revoke_key(tx, made[0].id, by=COMMAND, now=now)
    await take_all(service)
    hands.advance(timedelta(hours=1))
    return made[1].id
