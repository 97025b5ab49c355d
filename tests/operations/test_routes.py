"""What machines ask: alive, ready, figures."""

from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import text

from app.alarms.sweep import Sweeper, set_beside
from app.kit.service import Service
from tests.conftest import Hands


@pytest.fixture
def sweeper(service: Service) -> Iterator[Sweeper]:
    """Runs beside the requests, as far as they can tell."""
    sweeper = Sweeper(service)
    set_beside(service.db, sweeper)
    yield sweeper
    set_beside(service.db, None)


async def test_a_process_is_alive_with_or_without_a_sweeper(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "alive"}


async def test_a_process_whose_sweep_hangs_should_be_started_again(
    client: httpx2.AsyncClient, sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.get("/healthz")).status_code == 200
    monkeypatch.setattr(type(sweeper), "rested", 91.0)
    answer = await client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["code"] == "sweep_stuck"


async def test_a_process_is_not_ready_before_the_first_sweep_nor_long_after_the_last(
    client: httpx2.AsyncClient, sweeper: Sweeper, hands: Hands
) -> None:
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "no sweep has ended yet"

    await sweeper.sweep()
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] in ("ready", "degraded")
    assert answer.json()["swept_at"] == "2026-11-02T09:00:00+08:00"

    hands.advance(timedelta(seconds=90))
    assert (await client.get("/readyz")).status_code == 200
    hands.advance(timedelta(seconds=1))
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "the last sweep ended 91 s ago"


async def test_a_closed_clock_gate_is_shown_with_its_reason(
    client: httpx2.AsyncClient, sweeper: Sweeper, service: Service
) -> None:
    await sweeper.sweep()
    service.gate.reason = "the wall clock jumped by +259200.0 s since the last look"
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert "jumped by +259200.0 s" in answer.json()["detail"]


async def test_a_schema_of_another_version_is_not_served(
    client: httpx2.AsyncClient, sweeper: Sweeper, service: Service
) -> None:
    await sweeper.sweep()
    async with service.db.transaction() as tx:
        [known] = (await tx.execute(text("SELECT version_num FROM alembic_version"))).scalars()
        await tx.execute(text("UPDATE alembic_version SET version_num = 'other'"))
    try:
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert "the database stands at other" in answer.json()["detail"]
    finally:
        async with service.db.transaction() as tx:
            await tx.execute(text("UPDATE alembic_version SET version_num = :known"), {"known": known})


async def test_figures_are_in_the_text_format_of_prometheus(client: httpx2.AsyncClient, sweeper: Sweeper) -> None:
    await sweeper.sweep()
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    for name in ("sweeps_finished_total 1.0", "sweep_lag_seconds 0.0", "sweep_finished_timestamp_seconds"):
        assert f"shixian_{name}" in answer.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_no_query_is_taken(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(f"{path}?x=1")
    assert answer.status_code == 422
