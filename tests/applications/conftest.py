"""A counter with a published item; whatever a test did there, history must verify after it."""

from collections.abc import AsyncIterator, Mapping

import httpx2
import pytest

from app.applications.verify import verify
from app.kit.service import Service
from tests.builders.applications import Counter


@pytest.fixture
async def bare_counter(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Counter:
    """The head's counter of department D1, whose item is published."""
    counter = Counter(client, keys)
    await counter.publish()
    return counter


@pytest.fixture
async def counter(bare_counter: Counter, service: Service) -> AsyncIterator[Counter]:
    """The same; what is stored beside the events is worked out anew from them at the end, and must be equal."""
    yield bare_counter
    verdict = await verify(service.db, service.sealer)
    assert (verdict.broken, verdict.first) == (0, None)
