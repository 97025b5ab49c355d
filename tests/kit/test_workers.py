"""Long work in children, bounded."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator

import pytest

from app.kit.db import Busy
from app.kit.workers import Workers


def work_out(seconds: float, answer: object) -> tuple[int, object]:
    """Keeps a processor busy in a child."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return os.getpid(), answer


def fail() -> None:
    """Raises in a child."""
    raise ZeroDivisionError


def die() -> None:
    """Ends the child as the kernel would for want of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    """One child, one place to wait."""
    workers = Workers(processes=1, waiting=1)
    yield workers
    await workers.close()


async def test_work_is_done_in_a_child_while_the_loop_goes_on(workers: Workers) -> None:
    await workers.run(work_out, 0.0, None)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    child, answer = await workers.run(work_out, 0.3, {"a": 1})
    ticking.cancel()
    assert (child != os.getpid(), answer) == (True, {"a": 1})
    assert ticks > 5


async def test_when_all_places_are_taken_the_next_is_told_to_come_again(workers: Workers) -> None:
    taken = [asyncio.create_task(workers.run(work_out, 0.2, number)) for number in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await workers.run(work_out, 0.0, None)
    assert [answer for _, answer in await asyncio.gather(*taken)] == [0, 1]
    await workers.run(work_out, 0.0, None)


async def test_an_error_of_the_work_reaches_the_caller(workers: Workers) -> None:
    with pytest.raises(ZeroDivisionError):
        await workers.run(fail)


async def test_a_child_that_dies_is_replaced(workers: Workers) -> None:
    with pytest.raises(Busy):
        await workers.run(die)
    assert (await workers.run(work_out, 0.0, 1))[1] == 1


async def test_closing_ends_work_that_is_under_way() -> None:
    workers = Workers(processes=1)
    child, _ = await workers.run(work_out, 0.0, None)
    running = asyncio.create_task(workers.run(work_out, 60.0, None))
    await asyncio.sleep(0.2)
    before = time.monotonic()
    await workers.close()
    assert time.monotonic() - before < 5
    with pytest.raises(Busy):
        await running
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


async def test_nothing_is_started_before_the_first_work() -> None:
    workers = Workers()
    assert workers._pool is None
    await workers.close()
