"""The sweep: in batches of fifty, whoever else sweeps, make the alarms agree with what has fallen due."""

import asyncio
import socket
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.alarms import queries
from app.alarms.digest import fold
from app.alarms.queries import AlarmKey, Due, FinishedSweep
from app.alarms.reconcile import Effect, Outcome, reconcile
from app.kit.db import Clash, Database, Unavailable
from app.kit.metrics import Metrics
from app.kit.now import ClockGateClosed
from app.kit.service import Service
from app.supervision.escalate import escalate

__all__ = ["BATCH", "SweepStalled", "Sweeper", "Swept", "beside", "set_beside"]

BATCH = 50
"""Applications a transaction: short locks, and still ten times as fast as one by one."""
LONGEST_BATCH = 60.0
"""Seconds after which a batch is given up: a connection that no longer answers must not hold the sweep for ever."""
SET_ASIDE = timedelta(hours=1)
"""How long an application that cannot be reconciled rests before it is tried again."""
FORGOTTEN = timedelta(days=7)
"""After this long the row of a sweeper that has gone is dropped."""

PASSING = (Unavailable, Clash, ClockGateClosed, OSError, TimeoutError)
"""What is no fault of the applications in a batch: the sweep ends, the next one tries again."""

log = structlog.get_logger("shixian.sweep")


class Figures:
    """What a process counts of its sweeps."""

    def __init__(self, metrics: Metrics) -> None:
        self.raised = metrics.counter("alarms_raised", "Alarms that this process raised.")
        self.withdrawn = metrics.counter("alarms_withdrawn", "Alarms that this process withdrew.")
        self.finished = metrics.counter("sweeps_finished", "Sweeps that this process finished.")
        self.failed = metrics.counter("sweeps_failed", "Sweeps of this process that ended with an error.")
        self.refused = metrics.counter(
            "sweeps_refused", "Sweeps that did not begin, for the clock was not to be trusted."
        )
        self.seconds = metrics.gauge("sweep_seconds", "How long the last sweep took.")
        self.lag = metrics.gauge("sweep_lag_seconds", "How late the last sweep looked at what had waited longest.")
        self.finished_at = metrics.gauge("sweep_finished_timestamp_seconds", "When this process last finished a sweep.")
        self.quarantined = metrics.gauge(
            "sweep_quarantined", "Applications set aside: their alarms cannot be worked out."
        )


_FIGURES: WeakKeyDictionary[Metrics, Figures] = WeakKeyDictionary()


def figures_of(metrics: Metrics) -> Figures:
    """The figures of a service, one set however many sweepers it makes."""
    figures = _FIGURES.get(metrics)
    if figures is None:
        figures = _FIGURES[metrics] = Figures(metrics)
    return figures


class Swept(NamedTuple):
    """What one sweep did, or has done so far."""

    started_at: datetime
    finished_at: datetime | None = None
    raised: tuple[AlarmKey, ...] = ()
    withdrawn: tuple[AlarmKey, ...] = ()
    deemed: tuple[Effect, ...] = ()
    quarantined: tuple[str, ...] = ()
    cards: int = 0
    """Cards that late orders brought."""

    def plus(self, outcome: Outcome) -> "Swept":
        """This and what a reconciliation changed."""
        return self._replace(
            raised=self.raised + outcome.raised,
            withdrawn=self.withdrawn + outcome.withdrawn,
            deemed=self.deemed + outcome.deemed,
        )


class Sweeper:
    """Sweeps for one process, in any number of processes at once, and knows when it was last at it.

    No process leads: rows are claimed with SKIP LOCKED, and the key of the alarm lets each be raised once.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self.name = socket.gethostname()
        self.interval = timedelta(seconds=service.settings.sweep_seconds)
        self._figures = figures_of(service.metrics)
        self._turn = asyncio.Lock()
        self._beat = time.monotonic()
        self._has_swept = False

    @property
    def rested(self) -> float:
        """Seconds since the last sign of life, by a clock that nobody sets."""
        return time.monotonic() - self._beat

    @property
    def is_sweeping(self) -> bool:
        """Whether a sweep is under way."""
        return self._turn.locked()

    @property
    def is_stuck(self) -> bool:
        """Whether three intervals went by without the end of a sweep or a batch, good or bad."""
        return self.rested > max(3 * self.interval.total_seconds(), 10.0)

    async def sweep(self) -> Swept:
        """One sweep; a second one asked for meanwhile waits for its turn."""
        async with self._turn:
            begun = time.perf_counter()
            ended = self._figures.failed
            try:
                swept = await self._sweep()
                ended = self._figures.finished
            except ClockGateClosed:
                ended = self._figures.refused
                raise
            finally:
                self._beat = time.monotonic()
                ended.inc()
            self._figures.seconds.set(time.perf_counter() - begun)
            self._has_swept = True
            return swept

    async def _sweep(self) -> Swept:
        swept: Swept | None = None
        seen: set[str] = set()
        while True:
            async with asyncio.timeout(LONGEST_BATCH):
                swept, numbers = await self._batch(swept)
            self._beat = time.monotonic()
            if swept.finished_at is not None:
                cards = await escalate(self.service.db, self.service.sealer, swept.started_at)
                return swept._replace(cards=cards)
            if numbers and seen.issuperset(numbers):
                raise SweepStalled(f"{len(numbers)} applications are due again as soon as they were looked at")
            seen.update(numbers)
            await asyncio.sleep(0)  # what waits for the loop, or for the gate of SQLite, goes before the next batch

    async def _batch(self, so_far: Swept | None) -> tuple[Swept, list[str]]:
        """One transaction: claim up to fifty, reconcile them, and after the last say that the sweep has ended."""
        due: list[Due] = []
        swept = so_far
        try:
            async with self.service.db.transaction() as tx:
                if swept is None:
                    swept = Swept(await self.service.gate.trusted_now(tx))
                due = await queries.take_due(tx, swept.started_at, BATCH, retry_before=swept.started_at - SET_ASIDE)
                if so_far is None:
                    self._figures.lag.set((swept.started_at - due[0].next_look_at).total_seconds() if due else 0)
                outcome = await self._reconcile(tx, due, swept.started_at)
                after = swept.plus(outcome)
                if len(due) < BATCH:
                    after = await self._finish(tx, after)
        except PASSING:
            raise
        except Exception:  # whatever one record makes the law raise, the others must have their alarms
            if swept is None or not due:
                raise
            after = await self._one_by_one(due, swept)
        else:
            self._tell(outcome)
        return after, [one.number for one in due]

    async def _reconcile(self, tx: AsyncConnection, due: Sequence[Due], now: datetime) -> Outcome:
        if not due:
            return Outcome((), ())
        outcome = await reconcile(
            tx, [one.number for one in due], sealer=self.service.sealer, now=now, interval=self.interval
        )
        if healed := [one.number for one in due if one.quarantined_at is not None]:
            await queries.mark_quarantined(tx, healed, None)
        return outcome

    async def _one_by_one(self, due: Sequence[Due], swept: Swept) -> Swept:
        """The members of a batch that raised, each in a transaction of its own; what raises again is set aside."""
        for one in due:
            again: list[Due] = []
            try:
                async with self.service.db.transaction() as tx:
                    again = await queries.take_due(
                        tx, swept.started_at, 1, retry_before=swept.started_at, only=one.number
                    )
                    outcome = await self._reconcile(tx, again, swept.started_at)
            except PASSING:
                raise
            except Exception as error:  # the poisoned one: named, counted, shown, and out of the others' way
                if not again:
                    raise
                await self._set_aside(one.number, swept.started_at, error)
                swept = swept._replace(quarantined=(*swept.quarantined, one.number))
            else:
                self._tell(outcome)
                swept = swept.plus(outcome)
            self._beat = time.monotonic()
        return swept

    async def _set_aside(self, number: str, now: datetime, error: Exception) -> None:
        async with self.service.db.transaction() as tx:
            await queries.mark_quarantined(tx, [number], now)
        log.error("application_quarantined", application=number[:4] + "…", error=type(error).__name__, exc_info=error)

    async def _finish(self, tx: AsyncConnection, swept: Swept) -> Swept:
        """Write that the sweep has ended, in the transaction of its last batch."""
        ended = max(swept.started_at, self.service.now.now())
        if not self._has_swept:
            await queries.forget_sweepers(tx, ended - FORGOTTEN)
        await queries.finish_sweep(
            tx,
            FinishedSweep(
                self.name, swept.started_at, ended, len(swept.raised), len(swept.withdrawn), len(swept.quarantined)
            ),
        )
        await fold(tx, ended)
        self._figures.quarantined.set(len(await queries.quarantined(tx, swept.started_at)))
        self._figures.finished_at.set(ended.timestamp())
        return swept._replace(finished_at=ended)

    def _tell(self, outcome: Outcome) -> None:
        """Count and log what a committed batch changed."""
        self._figures.raised.inc(len(outcome.raised))
        self._figures.withdrawn.inc(len(outcome.withdrawn))
        if outcome.raised or outcome.withdrawn:
            log.info("alarms_reconciled", raised=len(outcome.raised), withdrawn=len(outcome.withdrawn))


_BESIDE: WeakKeyDictionary[Database, Sweeper] = WeakKeyDictionary()


def set_beside(db: Database, sweeper: Sweeper | None) -> None:
    """Tell that a sweeper runs in this process beside the requests to a database, or (None) that none does any more."""
    if sweeper is None:
        _BESIDE.pop(db, None)
    else:
        _BESIDE[db] = sweeper


def beside(db: Database) -> Sweeper | None:
    """The sweeper that runs in this process beside the requests."""
    return _BESIDE.get(db)


class SweepStalled(RuntimeError):
    """The sweep would go round in circles: a look was not moved past the instant of the sweep."""
