"""Tampering by who holds the database: every one is found by the layer that should find it, and nothing else is.

The long form, a thousand of them on each database: `make test-faults`.
"""

import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications import verify as history
from app.applications.chains import ALL
from app.applications.verify import Tally, walk_chains
from app.kit.service import Service
from app.proof.shared import verify_shared
from app.proof.verify import Asked, verify_all, verify_checkpoints
from tests.proof import tampering
from tests.proof.tampering import HEADS, KINDS, LINKS, SIGNED, Kind

ROUNDS = 112 if os.environ.get("SHIXIAN_TEST_FAULTS") == "full" else 3
"""Of each of the nine kinds: 1,008 in the long form."""


class Seen(Tally):
    """Keeps the kinds of all findings."""

    def __init__(self) -> None:
        super().__init__(None)
        self.kinds: set[str] = set()

    def note(self, finding: object) -> None:
        super().note(finding)  # type: ignore[arg-type]
        if finding is not None:
            self.kinds.add(finding.kind)  # type: ignore[attr-defined]


class UndoneAgain(Exception):
    """Rolls the tampering back."""


@asynccontextmanager
async def undone(service: Service) -> AsyncIterator[AsyncConnection]:
    """A transaction of somebody who holds the database, rolled back at the end."""
    try:
        async with service.db.transaction() as tx:
            await tampering.unlock(tx)
            yield tx
            raise UndoneAgain
    except UndoneAgain:
        pass


async def found(tx: AsyncConnection, *, chains: bool = True, checkpoints: bool = True) -> set[str]:
    seen = Seen()
    if chains:
        await walk_chains(tx, ALL, seen)
    if checkpoints:
        await verify_checkpoints(tx, Asked(), seen)
    return seen.kinds


@pytest.mark.faults
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.act.__name__)
async def test_every_tampering_is_found_by_the_layer_that_should(
    numbers: list[str], service: Service, kind: Kind
) -> None:
    chance = random.Random(kind.act.__name__)
    for place in range(ROUNDS):
        async with undone(service) as tx:
            await kind.act(tx, numbers, chance)
            assert await found(tx) & kind.found_by, f"round {place} was not found"
    assert (await verify_all(service.db, service.sealer, Asked())).first is None


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.found_by == SIGNED], ids=lambda k: k.act.__name__)
async def test_without_the_layer_of_checkpoints_these_are_not_found(
    numbers: list[str], service: Service, kind: Kind
) -> None:
    for place in range(3):
        async with undone(service) as tx:
            await kind.act(tx, numbers, random.Random(place))
            assert not await found(tx, checkpoints=False)
            assert await found(tx, chains=False)


async def test_without_the_head_a_tail_that_was_cut_is_not_found(numbers: list[str], service: Service) -> None:
    async with undone(service) as tx:
        await tampering.cut_the_tail(tx, numbers, random.Random(1))
        kinds = await found(tx, checkpoints=False)
        assert kinds <= HEADS
        assert not kinds & LINKS


async def test_what_is_younger_than_the_last_checkpoint_is_not_found(
    numbers: list[str], service: Service, counter: object
) -> None:
    """The limit that the documentation states: five minutes of trust."""
    async with undone(service) as tx:
        await tampering.run(tx, "DELETE FROM checkpoint_leaves WHERE n > 1")
        await tampering.run(tx, "DELETE FROM checkpoints WHERE n > 1")
        body = tampering.other_body(await tampering.body_at(tx, numbers[0], 5), random.Random(1))
        await tampering.relink(tx, numbers[0], {5: body})
        assert not await found(tx)


async def test_leaves_written_anew_do_not_lead_to_the_signed_root(numbers: list[str], service: Service) -> None:
    async with undone(service) as tx:
        await tampering.write_the_chain_anew(tx, numbers, random.Random(2))
        statement = (
            "UPDATE checkpoint_leaves SET hash = (SELECT hash FROM events WHERE events.number ="
            " checkpoint_leaves.number AND events.seq = checkpoint_leaves.seq)"
        )
        await tampering.run(tx, statement)
        assert "root" in await found(tx)
    async with undone(service) as tx:
        number = numbers[3]
        await tampering.delete_an_application(tx, [number], random.Random(3))
        await tampering.run(tx, "DELETE FROM checkpoint_leaves WHERE number = :n", n=number)
        assert "root" in await found(tx)


async def test_several_processes_find_what_one_finds(numbers: list[str], service: Service) -> None:
    alone = await verify_all(service.db, service.sealer, Asked())
    assert await verify_shared(service.settings, service.db, service.sealer, Asked(), jobs=2) == alone
    assert (alone.applications, alone.events, alone.checkpoints, alone.broken) == (6, 30, 3, 0)
    assert alone.rules > 0
    async with service.db.transaction() as tx:
        await tampering.unlock(tx)
        for kind, number in zip((KINDS[0], KINDS[4], KINDS[6]), numbers, strict=False):
            await kind.act(tx, [number], random.Random(1))
    alone = await verify_all(service.db, service.sealer, Asked())
    shared = await verify_shared(service.settings, service.db, service.sealer, Asked(), jobs=2)
    assert (alone.broken, shared.broken) == (3, 3)
    assert shared.first is not None


def test_each_number_is_in_one_part() -> None:
    for parts in (1, 2, 3, 32, 160):
        shared = ALL.shared(parts)
        assert len(shared) == parts
        assert (shared[0].after, shared[-1].to) == (None, None)
        assert [one.to for one in shared[:-1]] == [one.after for one in shared[1:]]
        assert sorted(one.after for one in shared[1:] if one.after) == [one.after for one in shared[1:]]


async def test_a_walk_ends_when_more_is_broken_than_is_worth_telling(
    numbers: list[str], service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_BROKEN", 2)
    async with service.db.transaction() as tx:
        await tampering.unlock(tx)
        await tampering.run(tx, "UPDATE events SET body = hash")
    verdict = await verify_all(service.db, service.sealer, Asked())
    assert (verdict.broken, verdict.is_cut_short) == (2, True)
