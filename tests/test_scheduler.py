"""The ticker: at once, then again and again; a bad sweep ends nothing, a hanging one ends the process."""

import asyncio
from collections.abc import Callable

import pytest

from app import scheduler
from app.alarms.queries import swept_at
from app.alarms.sweep import Sweeper, Swept, beside
from app.kit.service import Service
from app.scheduler import STUCK, Ticker, run, ticking


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  nothing in the ticker tells
            await asyncio.sleep(0.01)


async def test_the_first_sweep_comes_at_once(service: Service) -> None:
    async with ticking(service) as ticker:
        assert beside(service.db) is ticker.sweeper
        async with asyncio.timeout(5):
            while True:
                async with service.db.read() as tx:
                    if await swept_at(tx) is not None:
                        break
                await asyncio.sleep(0.01)
    assert beside(service.db) is None


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_ticks_follow_at_every_interval_though_each_fails(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.settings = service.settings.model_copy(update={"sweep_seconds": 1})
    ticks = 0

    async def fail(sweeper: Sweeper) -> Swept:
        nonlocal ticks
        ticks += 1
        raise ZeroDivisionError

    monkeypatch.setattr(Sweeper, "sweep", fail)
    async with ticking(service):
        await until(lambda: ticks >= 3, 10)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_a_tick_that_never_comes_is_made_up_for(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.settings = service.settings.model_copy(update={"sweep_seconds": 1})
    ticker = Ticker(service)
    swept = 0

    async def sweep(sweeper: Sweeper) -> Swept:
        nonlocal swept
        swept += 1
        return Swept(service.now.now())

    monkeypatch.setattr(Sweeper, "sweep", sweep)
    monkeypatch.setattr(ticker.sweeper, "_beat", 0.0)
    watch = asyncio.create_task(ticker.watch())
    await until(lambda: swept >= 1)
    watch.cancel()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_a_scheduler_ends_when_told_and_by_itself_when_its_sweep_hangs(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = asyncio.Event()
    stop.set()
    assert await run(service, stop) == 0
    monkeypatch.setattr(Sweeper, "is_stuck", True)
    assert await run(service, asyncio.Event()) == STUCK
    assert scheduler.STUCK == STUCK
