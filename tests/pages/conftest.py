"""Pages of an office at work, rendered without a browser."""

from collections.abc import Mapping

import httpx2
import pytest

from tests.builders.office import Office


@pytest.fixture
async def office(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Office:
    """An office with one item."""
    return await Office(client, keys).opens()
