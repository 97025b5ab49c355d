"""A counter with an item known, and a sweeper that sweeps when it is told to."""

from collections.abc import Mapping

import httpx2
import pytest

from app.alarms.sweep import Sweeper
from app.kit.service import Service
from tests.builders.applications import Counter


@pytest.fixture
async def counter(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Counter:
    """The head of D1 at the window; the item `eia-report` is known."""
    counter = Counter(client, keys)
    await counter.publish()
    return counter


@pytest.fixture
def sweeper(service: Service) -> Sweeper:
    """Sweeps on `service`."""
    return Sweeper(service)
