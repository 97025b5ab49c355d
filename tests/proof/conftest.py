"""A small office with checkpoints between its steps."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from app.kit.service import Service
from app.proof.checkpoints import take_all, take_full
from tests.builders.applications import Counter
from tests.conftest import Hands


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
