"""The two real offices, imported."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.imports.applications_csv import Files, import_applications
from app.imports.mapping import read_mapping
from app.kit.service import Service

Json = dict[str, Any]

ROOT = Path(__file__).parents[2]
PERMITS = ROOT / "app" / "imports" / "data" / "permits"
REQUESTS = ROOT / "tests" / "data" / "service_requests"

Ask = Callable[..., Awaitable[Json]]


@pytest.fixture
async def permits(service: Service) -> None:
    """726 permits of a Dutch office, 2010 to 2012."""
    files = Files(PERMITS, read_mapping(PERMITS / "mapping.yaml"), create_missing=True)
    assert (await import_applications(service, files)).applications_new == 726


@pytest.fixture
async def requests(service: Service, tmp_path: Path) -> None:
    """11,333 requests of the city of Boston, 2015."""
    for name in ("applications.csv", "steps.csv"):
        (tmp_path / name).write_bytes(gzip.decompress((REQUESTS / f"{name}.gz").read_bytes()))
    assert (await import_applications(service, Files(tmp_path, create_missing=True))).applications_new == 11_333


@pytest.fixture
def ask(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Ask:
    """Ask for a backtest and wait for its end; the whole answer."""

    async def asked(role: str = "supervisor", **body: Any) -> Json:
        headers = {"X-API-Key": keys[role], "Accept-Language": "en"}
        answer = await client.post("/api/v1/backtests", json=body, headers=headers)
        assert answer.status_code in (200, 202), answer.text
        shown: Json = answer.json()
        for _ in range(20_000):
            if shown["state"] not in ("waiting", "running"):
                break
            await asyncio.sleep(0.01)
            answer = await client.get(f"/api/v1/backtests/{shown['id']}", headers=headers)
            assert answer.status_code == 200, answer.text
            shown = answer.json()
        assert shown["state"] == "done", shown
        return shown

    return asked
