"""A hall's counter with a published item."""

from collections.abc import Mapping

import httpx2
import pytest

from tests.builders.applications import Counter


@pytest.fixture
async def counter(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Counter:
    """The head's counter of department D1, whose item is published."""
    counter = Counter(client, keys)
    await counter.publish()
    return counter
