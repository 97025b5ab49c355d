"""A change is tried or applied: window by window over all applications, with its progress, so that a kill costs one.

What an edition does to the usual clock is reckoned from its stored span (`reckoned`); of all else those applications
are drawn anew whose stored spans a changed day may meet. A version of an item is tried on every open application of it.
It is applied in sets of fifty at most, each in a transaction of its own.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications.carried import Prepared
from app.applications.history import Opened
from app.applications.queries import load
from app.calendar_changes import queries
from app.calendar_changes.apply import Seen, apply, is_brought, is_written, made_ready, seen
from app.calendar_changes.changes import Change, edition_change, plan_change, stopped_of, suspension_change, without
from app.calendar_changes.moves import Move
from app.calendar_changes.queries import Run
from app.calendar_changes.version import Version, version_of
from app.calendar_changes.windows import Reckoning, Window
from app.calendars.known import Known
from app.calendars.publish import plan_edition
from app.calendars.schemas import EditionIn
from app.calendars.stored import picture
from app.calendars.watch import BOUND
from app.departments.queries import names
from app.domain.refusal import Refusal
from app.kit.db import Database
from app.kit.sealing import Sealer

__all__ = ["BATCH", "Walker", "new_counts"]

BATCH: Final = 50
"""Applications a transaction, at most."""
LEAST_BATCH: Final = 5
HELD: Final = 0.06
"""Seconds that a transaction may hold its applications: no writer is to wait for 0.1."""
WINDOW: Final = 2_000
"""Applications whose spans are asked for at once."""
MEANWHILE: Final = timedelta(seconds=10 + 2 * BOUND)
"""So far before a change was recorded an application may have been written by a process that did not know of it."""


def new_counts(kind: str) -> dict[str, int]:
    """The counts of a run of a kind at its beginning."""
    counts = {"moves": 0, "becomes_overdue": 0, "ceases_overdue": 0, "stopped": 0, "applications": 0}
    return counts | {"refused_steps": 0, "uncounted": 0} if kind == "item" else counts


class Looked(NamedTuple):
    """One window, looked at."""

    numbers: list[str]
    found: list[Seen]
    """Those to which the change does anything, in order."""
    ready: Mapping[str, Prepared]
    now: datetime


class Walker:
    """Carries changes on in one process; any number may try, one at a time works on each."""

    def __init__(self, db: Database, sealer: Sealer, now: Callable[[], datetime]) -> None:
        self._db = db
        self._sealer = sealer
        self._now = now
        self._changes: dict[str, Change | Version] = {}
        self._reckonings: dict[str, Reckoning] = {}
        self._size = BATCH
        self._ahead: tuple[tuple[str, str, int], asyncio.Task[Looked]] | None = None

    async def walk(self, *, go_on: Callable[[], bool] = lambda: True) -> bool:
        """Carry every change on while `go_on` says so, the oldest first; True when none is left for this process."""
        async with self._db.read() as tx:
            ids = await queries.unfinished(tx)
        try:
            for id_ in ids:
                async with self._db.transaction() as tx:
                    if not await queries.claim(tx, id_, self._now()):
                        return True  # another process is at it, and what comes after it waits
                while await self.step(id_):
                    if not go_on():
                        await self.release(id_)
                        return False
        finally:
            await self._look_no_further()
        return True

    async def release(self, id_: str) -> None:
        """Let another process go on with a run."""
        async with self._db.transaction() as tx:
            run = await queries.run_of(tx, id_)
            if run is not None:
                await queries.advance(tx, run, run, held_until=None)

    async def step(self, id_: str) -> bool:
        """One window of applications; False at the end of the run, or where another process goes on with it."""
        async with self._db.snapshot() as tx:
            run = await queries.run_of(tx, id_)
            if run is None or run.finished_at is not None:
                return False
            try:
                change = await self._change(tx, run)
            except Refusal as refusal:  # a dry run whose edition would no longer be taken
                return await self._fail(run, f"{refusal.code}: {refusal.detail}", self._now())
        looked = await self._looked(run, change)
        if len(looked.numbers) == WINDOW:
            self._look_ahead(run._replace(after=looked.numbers[-1]), change)
        left = looked.found
        while left:
            batch = left if run.dry else _up_to(self._size, left)
            left = left[len(batch) :]
            moved = await self._write(run, change, batch, looked)
            if moved is None:
                return False
            run = moved
        return await self._end_of_window(run, looked.numbers, self._now())

    def _look_ahead(self, run: Run, change: Change | Version) -> None:
        """Look at the next window while the database writes what was seen in this one."""
        self._ahead = _place(run), asyncio.create_task(self._look(run, change))

    async def _looked(self, run: Run, change: Change | Version) -> Looked:
        """The next window, looked at already or now."""
        if self._ahead is not None and self._ahead[0] == _place(run):
            task, self._ahead = self._ahead[1], None
            return await task
        await self._look_no_further()
        return await self._look(run, change)

    async def _look_no_further(self) -> None:
        if self._ahead is not None:
            task, self._ahead = self._ahead[1], None
            task.cancel()
            await asyncio.wait([task])

    async def _look(self, run: Run, change: Change | Version) -> Looked:
        """What the change does to the next applications, and what is to be written of them, outside any lock."""
        now = self._now()
        async with self._db.snapshot() as tx:
            window = await self._window(tx, run, change, now)
        seen_ = {**window.reckoned, **await self._drawn(run, change, window.wanted, now)}
        found = [seen_[number] for number in window.numbers if number in seen_]
        ready: dict[str, Prepared] = {}
        if not run.dry:
            async with self._db.snapshot() as tx:
                ready = await made_ready(tx, found, self._sealer)
        return Looked(window.numbers, found, ready, now)

    async def _drawn(self, run: Run, change: Change | Version, wanted: Sequence[str], now: datetime) -> dict[str, Seen]:
        """What the change does to those that must be drawn anew."""
        found: dict[str, Seen] = {}
        for place in range(0, len(wanted), BATCH):
            async with self._db.snapshot() as tx:
                opened = await load(tx, wanted[place : place + BATCH], sealer=None, lock=False)
            for one in opened:
                found |= {seen_.number: seen_ for seen_ in _found(run, change, [one], now)}
                await asyncio.sleep(0)  # whoever holds a lock meanwhile goes first
        return found

    async def _write(self, run: Run, change: Change | Version, found: Sequence[Seen], looked: Looked) -> Run | None:
        """What was seen, told and, where it is applied, recorded; None where another process was faster.

        It is told before the applications are locked, so that they are locked for as short as may be; where one was
        overtaken, so that something else is to be told of it, once more in the other order.
        """
        ready, now = looked.ready, looked.now
        try:
            async with self._db.transaction() as tx:
                after = await self._tell(tx, run, found)
                begun = time.perf_counter()
                if not run.dry and isinstance(change, Change):
                    written = await apply(tx, change, found, ready, now=now, sealer=self._sealer)
                    if written != [*found]:
                        raise Overtaken
        except OtherIsFaster:
            return None
        except Overtaken:
            return await self._write_again(run, change, found, now)
        self._adapt(time.perf_counter() - begun)
        return after

    async def _write_again(
        self, run: Run, change: Change | Version, found: Sequence[Seen], now: datetime
    ) -> Run | None:
        """The same, told as it was when it was written."""
        try:
            async with self._db.transaction() as tx:
                if isinstance(change, Change):
                    found = await apply(tx, change, found, {}, now=now, sealer=self._sealer)
                return await self._tell(tx, run, found)
        except OtherIsFaster:
            return None

    async def _tell(self, tx: AsyncConnection, run: Run, found: Sequence[Seen]) -> Run:
        """Put what was seen on the list, and note how far the run has come."""
        after = run._replace(after=found[-1].number, counts=_counted(run.counts, found))
        await queries.add_moves(tx, run.id, run.counts["moves"] + run.counts["stopped"], _rows(found))
        if not await queries.advance(tx, run, after, held_until=self._now() + queries.LEASE):
            raise OtherIsFaster
        return after

    def _adapt(self, seconds: float) -> None:
        """Fewer applications a transaction where one holds its rows for long: whoever records a step waits for it."""
        if seconds > HELD:
            self._size = max(LEAST_BATCH, int(self._size * max(0.5, HELD / seconds)))
        elif seconds < HELD * 0.8:
            self._size = min(BATCH, self._size + LEAST_BATCH)

    async def _end_of_window(self, before: Run, numbers: Sequence[str], now: datetime) -> bool:
        run = before
        if numbers:
            run = run._replace(after=numbers[-1], done=run.done + (len(numbers) if run.round == 1 else 0))
        if len(numbers) < WINDOW:
            if run.round == 1 and not run.dry:
                run = run._replace(after="", round=2, done=run.total)
            else:
                run = run._replace(finished_at=now, done=run.total)
        async with self._db.transaction() as tx:
            moved = await queries.advance(
                tx, before, run, held_until=None if run.finished_at is not None else now + queries.LEASE
            )
        return moved and run.finished_at is None

    async def _fail(self, run: Run, why: str, now: datetime) -> bool:
        async with self._db.transaction() as tx:
            await queries.advance(tx, run, run._replace(finished_at=now, failed=why), held_until=None)
        return False

    async def _window(self, tx: AsyncConnection, run: Run, change: Change | Version, now: datetime) -> Window:
        """The next applications, what an edition does to them, and which of them are to be drawn anew."""
        if isinstance(change, Version):
            numbers = await queries.open_window(tx, run.after, WINDOW, change.item)
            return Window(numbers, {}, numbers)
        since = run.created_at - MEANWHILE if run.round == 2 else None
        reckoning = self._reckonings.setdefault(run.id, Reckoning(change))
        return await reckoning.window(tx, run.after, WINDOW, since, now)

    async def _change(self, tx: AsyncConnection, run: Run) -> Change | Version:
        known = self._changes.get(run.id)
        if known is None:
            if run.kind == "item":
                known = version_of(run.change, await names(tx))
            else:
                known = _change_of(run, await picture(tx))
            self._changes[run.id] = known
        return known


class OtherIsFaster(Exception):
    """Another process has gone on with the run: what this one did of it is rolled back."""


class Overtaken(Exception):
    """A step was recorded on an application after it was looked at: something else may be to be told of it."""


def _change_of(run: Run, known: Known) -> Change:
    if run.kind == "suspension":
        return suspension_change(known, stopped_of(run.change))
    code = run.change["calendar"]
    if run.dry:
        asked = EditionIn.model_validate_json(run.change["asked"])
        return plan_change(plan_edition(known, code, asked, now=run.created_at))
    return edition_change(without(known, run.serial), without(known, run.serial + 1), code)


def _place(run: Run) -> tuple[str, str, int]:
    """Behind which application of which walk a run has come."""
    return run.id, run.after, run.round


def _up_to(most: int, found: Sequence[Seen]) -> Sequence[Seen]:
    """The first of them, as many as hold so many that are to be written."""
    written = 0
    for place, one in enumerate(found):
        written += is_written(one)
        if written > most:
            return found[:place]
    return found


def _found(run: Run, change: Change | Version, opened: Iterable[Opened], now: datetime) -> list[Seen]:
    """What the change does to each application that it is meant for."""
    if isinstance(change, Version):
        return [Seen(one.number, one.head.version, change.effect_on(one, now)) for one in opened]
    return [
        seen(one, change, now)
        for one in opened
        if _is_meant(change, one) and not (run.round == 2 and is_brought(one, change))
    ]


def _is_meant(change: Change, opened: Opened) -> bool:
    """Whether an application lies in the place of a suspension; an edition tells by its calendar."""
    return change.stopped is None or change.stopped.covers(opened.pinned.body.get("jurisdiction"))


def _rows(found: Iterable[Seen]) -> list[tuple[str, Move]]:
    return [(one.number, move) for one in found for move in one.effect.moves]


def _counted(counts: dict[str, int], found: Iterable[Seen]) -> dict[str, int]:
    """The counts with these effects."""
    counts = dict(counts)
    for effect in (one.effect for one in found):
        counts["applications"] += effect.touches
        if "uncounted" in counts:
            counts["refused_steps"] += effect.refused
            counts["uncounted"] += not effect.is_counted
        for move in effect.moves:
            if not move.moves:
                counts["stopped"] += 1
                continue
            counts["moves"] += 1
            if move.overdue is not None:
                counts[f"{move.overdue}_overdue"] += 1
    return counts
