"""A calendar changes under many open applications while clerks record steps: tried, applied, killed and carried on.

`make test-calendars` takes 200,000 applications (SHIXIAN_TEST_CALENDARS), the short form in `make test` a few hundred.
The figures are printed, and judged by nobody here: machines differ.
"""

import asyncio
import os
import random
import sys
import time
from collections import Counter

import pytest
from sqlalchemy import func, select, update

from app.applications.models import Event, SpanRow
from app.applications.verify import verify
from app.bench import calendar_change, suite
from app.bench.trial import Plan, Trial
from app.calendar_changes.models import ChangeRun
from app.calendar_changes.queries import Run, run_of
from app.kit.service import Service
from tests.support.postgres import Server

SIZE = int(os.environ.get("SHIXIAN_TEST_CALENDARS", "400"))
KILLS = 5
WRITERS = 8


async def progress(service: Service, run: str) -> Run:
    async with service.db.read() as tx:
        found = await run_of(tx, run)
    assert found is not None
    return found


async def carried_with_kills(trial: Trial, run: str) -> list[int]:
    """Carry a run to its end with processes that are killed at five points by chance; how far each of them had come.

    The next one takes over at once: what an operator would wait for, the end of the lease, is left out.
    """
    service = trial.service
    environment = calendar_change.own_environment(trial.environment)
    touched = max(1, (await dry_counts(service))["applications"])
    half = max(KILLS + 2, touched // 2)  # the sets are large: the last kill must not wait for what is over by then
    marks = sorted(random.Random(SIZE).sample(range(1, half), KILLS))
    killed: list[int] = []
    while True:
        child = calendar_change.start_carrying(environment)
        try:
            while (state := await progress(service, run)).finished_at is None:
                if len(killed) < KILLS and state.counts["applications"] >= marks[len(killed)]:
                    break
                assert child.poll() in (None, 0), "what carries the change has ended by itself"
                await asyncio.sleep(0.002)
        finally:
            child.kill()
            child.wait()
        if state.finished_at is not None:
            assert state.failed is None
            return killed
        killed.append(state.counts["applications"])
        async with service.db.transaction() as tx:
            await tx.execute(update(ChangeRun).where(ChangeRun.id == run).values(held_until=None))


async def dry_counts(service: Service) -> dict[str, int]:
    async with service.db.read() as tx:
        counts: dict[str, int] = (await tx.execute(select(ChangeRun.counts).where(ChangeRun.dry))).scalar_one()
    return counts


async def times_of(service: Service, kind: str) -> dict[str, int]:
    """How many steps of a kind each application bears."""
    async with service.db.read() as tx:
        rows = await tx.execute(select(Event.number, func.count()).where(Event.type == kind).group_by(Event.number))
        return {number: times for number, times in rows}  # noqa: C416  rows are no pairs to the type checker


async def stored_ends(service: Service, run: str) -> None:
    """Each clock that was told of as moved stands where the list says that it stands."""
    told = {
        (number, clock, stage, round_): to_at
        for number, clock, stage, round_, _, state, _, _, _, to_at, _ in await calendar_change.moves_of(service, run)
        if state not in ("met", "missed") and to_at is not None  # a paused one has a latest day and no end yet
    }
    async with service.db.read() as tx:
        rows = await tx.execute(
            select(SpanRow.number, SpanRow.clock, SpanRow.stage, SpanRow.round, SpanRow.due_at).where(
                SpanRow.to_at.is_(None)
            )
        )
        stand = {tuple(row[:4]): row for row in rows}
    assert told
    for key, to_at in told.items():
        assert stand[key].due_at == to_at


@pytest.mark.faults
@pytest.mark.postgresql
async def test_a_change_tried_and_applied_under_writers_and_kills_comes_to_the_same(postgresql: Server) -> None:
    plan = Plan(only=("P10",), sizes=(SIZE,))
    async with suite.trial(postgresql.admin_url, SIZE, plan, print) as trial:
        service = trial.service
        edition = calendar_change.days_off(service)
        begun = time.perf_counter()
        tried = await calendar_change.carried(
            service,
            calendar_change.own_environment(trial.environment),
            await calendar_change.try_out(service, edition),
        )
        dry = time.perf_counter() - begun
        async with calendar_change.writing(service, trial.office.numbers, WRITERS) as writers:
            await asyncio.sleep(2 if SIZE < 10_000 else 20)
            before = len(writers.seconds)
            begun = time.perf_counter()
            run = await calendar_change.apply_edition(service, edition)
            killed = await carried_with_kills(trial, run)
            taken = time.perf_counter() - begun
        applied = await progress(service, run)

        assert len(killed) == KILLS
        assert await calendar_change.moves_of(service, run) == await calendar_change.moves_of(service, tried.id)
        assert applied.counts == tried.counts
        brought = await times_of(service, "recomputed")  # a writer's step brings an application up to date by itself
        assert set(brought.values()) == {1}
        moved = {row[0] for row in await calendar_change.moves_of(service, run)}
        assert moved
        assert moved <= set(brought)
        await stored_ends(service, run)
        stored = await times_of(service, "assign")
        for number, times in Counter(writers.recorded).items():
            assert stored[number] == times
        verdict = await verify(service.db, service.sealer)
        assert (verdict.applications, verdict.broken) == (SIZE, 0)
        sys.stdout.write(
            f"\n{SIZE:,} open applications, {applied.counts['applications']:,} touched; dry run {dry:.1f} s; applying "
            f"{taken:.1f} s with {KILLS} kills at {killed}; {len(writers.seconds) - before:,} steps of {WRITERS} "
            f"writers beside it, p50 {writers.milliseconds(0.5, before):.1f} ms, p99 "
            f"{writers.milliseconds(0.99, before):.1f} ms, p99.9 {writers.milliseconds(0.999, before):.1f} ms, longest "
            f"{writers.milliseconds(1, before):.1f} ms (before it p99.9 "
            f"{writers.milliseconds(0.999, 0, before):.1f} ms, longest {writers.milliseconds(1, 0, before):.1f} ms). "
            f"{writers.locks(before)}\n"
        )
