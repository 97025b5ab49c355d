"""Long work in children, bounded."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

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


def die_the_first_time(mark: str) -> str:
    """Ends the child the first time that it is asked."""
    try:
        Path(mark).touch(exist_ok=False)
    except FileExistsError:
        return "done"
    os.kill(os.getpid(), signal.SIGKILL)
    return "never"


async def test_work_that_kills_its_child_is_refused_and_the_child_replaced(workers: Workers) -> None:
    with pytest.raises(Busy):
        await workers.run(die)
    assert (await workers.run(work_out, 0.0, 1))[1] == 1


async def test_work_whose_child_died_is_done_once_more(workers: Workers, tmp_path: Path) -> None:
    assert await workers.run(die_the_first_time, str(tmp_path / "died")) == "done"


async def test_a_child_that_dies_takes_nobody_else_s_work_along() -> None:
    workers = Workers(processes=1, waiting=8)
    try:
        asked = [workers.run(die), *(workers.run(work_out, 0.05, number) for number in range(6))]
        first, *others = await asyncio.gather(*asked, return_exceptions=True)
        assert isinstance(first, Busy)
        assert [answer for _, answer in others] == list(range(6))  # type: ignore[misc]  # a failure would be no pair
        assert (await workers.run(work_out, 0.0, "after"))[1] == "after"
    finally:
        await workers.close()


async def test_a_signal_to_the_whole_group_leaves_the_child_at_work(workers: Workers) -> None:
    child, _ = await workers.run(work_out, 0.0, None)
    running = asyncio.create_task(workers.run(work_out, 0.3, "kept"))
    await asyncio.sleep(0.1)
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(child, number)
    assert await running == (child, "kept")


async def test_a_child_never_wears_out() -> None:
    workers = Workers(processes=1, waiting=2000)
    try:
        async with asyncio.timeout(60):
            answers = await asyncio.gather(*(workers.run(work_out, 0.0, number) for number in range(1500)))
        assert [answer for _, answer in answers] == list(range(1500))
    finally:
        await workers.close()


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
