"""A counter with an item known, for the lists."""

from collections.abc import Mapping

import httpx2
import pytest

from tests.builders.applications import Counter


@pytest.fixture
async def counter(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Counter:
    """The head of D1 at the window; the item `eia-report` is known."""
    counter = Counter(client, keys)
    await counter.publish()
    return counter
