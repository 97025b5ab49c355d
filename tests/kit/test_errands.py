"""Work that goes on after its request: one at a time, bounded, given up when the service closes."""

import asyncio

import pytest

from app.kit.errands import Errands
from app.kit.faults import Busy


async def test_errands_are_done_one_at_a_time_in_the_order_of_coming() -> None:
    errands, done, under_way, all_done = Errands(), [], 0, asyncio.Event()

    async def errand(name: str) -> None:
        nonlocal under_way
        under_way += 1
        assert under_way == 1
        await asyncio.sleep(0)
        under_way -= 1
        done.append(name)
        if name == "c":
            all_done.set()

    for name in "abc":
        errands.begin(errand(name))
    async with asyncio.timeout(5):
        await all_done.wait()
    assert done == ["a", "b", "c"]
    errands.require_room()


async def test_a_full_house_refuses_and_has_room_again() -> None:
    errands, gate = Errands(most=1), asyncio.Event()

    async def errand() -> None:
        await gate.wait()

    errands.begin(errand())
    with pytest.raises(Busy):
        errands.require_room()
    gate.set()
    async with asyncio.timeout(5):
        while True:
            try:
                errands.require_room()
            except Busy:
                await asyncio.sleep(0)
            else:
                break


async def test_what_is_under_way_and_what_waits_is_given_up_at_the_end() -> None:
    errands, ended = Errands(), []

    async def errand(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    errands.begin(errand("under way"))
    errands.begin(errand("waits"))
    await asyncio.sleep(0)
    await errands.close()
    assert ended == ["under way"]
    errands.require_room()
