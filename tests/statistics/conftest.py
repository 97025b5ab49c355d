"""A counter with an item known, and its statistics."""

from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from tests.builders.applications import Counter

Json = dict[str, Any]  # a JSON object


@pytest.fixture
async def counter(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Counter:
    """The head of D1 at the window; the item `eia-report` is known."""
    counter = Counter(client, keys)
    await counter.publish()
    return counter
