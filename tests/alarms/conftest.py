"""A counter with an item known, and a sweeper that sweeps when it is told to."""

from collections.abc import AsyncIterator, Mapping

import httpx2
import pytest

from app.alarms.sweep import Sweeper
from app.kit.service import Service
from app.proof.verify import Asked, verify_all
from tests.builders.applications import Counter


@pytest.fixture
async def counter(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Counter:
    """The head of D1 at the window; the item `eia-report` is known."""
    counter = Counter(client, keys)
    await counter.publish()
    return counter


@pytest.fixture
async def sweeper(service: Service) -> AsyncIterator[Sweeper]:
    """Sweeps on `service`; afterwards, whatever happened, the alarms are those that the histories ask for."""
    yield Sweeper(service)
    verdict = await verify_all(service.db, service.sealer, Asked())
    assert verdict.first is None or verdict.first.kind != "alarms", verdict.first
