"""The ticker: calls the sweep at once and then again and again. Holds no business state.

APScheduler only counts the seconds. Its times follow the wall clock, which somebody may set: a watch that goes by the
monotonic clock sweeps by itself when no tick has come for an interval and a half.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final

import structlog
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.exc import SQLAlchemyError

from app.alarms.sweep import Sweeper, set_beside
from app.calendar_changes.arrivals import bring_in
from app.calendar_changes.carry import carrying
from app.domain.chain import Sm3Missing
from app.findings.examine import examine
from app.kit.db import Busy
from app.kit.idempotency import forget_old
from app.kit.now import ClockGateClosed
from app.kit.service import Service
from app.kit.settings import SettingsError
from app.outbox.queries import forget
from app.outbox.senders import telling
from app.proof.checkpoints import is_full_due, take_all, take_full
from app.proof.nightly import verify_when_due

__all__ = ["Ticker", "run", "ticking"]

PATIENCE: Final = 1.5
"""Intervals without a sweep after which the watch sweeps by itself."""
JITTER: Final = 0.1
"""Share of the interval by which ticks are spread, so that many processes do not sweep in step."""
PURGE_SECONDS: Final = 3600
EXAMINE_SECONDS: Final = 120
VERIFY_SECONDS: Final = 300
"""Between two looks whether the record is to be verified."""
KEPT_DELIVERED: Final = timedelta(days=30)
KEPT_DEAD: Final = timedelta(days=180)
"""How long it can be looked up, and replayed, what a receiver was told; what it was not told, longer."""
STUCK: Final = 75
"""Exit code of a scheduler that hangs (EX_TEMPFAIL): whoever started it starts it again."""

log = structlog.get_logger("shixian.scheduler")


class Ticker:
    """Calls the acts of one process at their times: start it in a running loop, stop it before the loop ends."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.sweeper = Sweeper(service)
        self._seconds = service.settings.sweep_seconds
        self._watch: asyncio.Task[None] | None = None
        self._first: asyncio.Task[None] | None = None
        self._scheduler = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()}, executors={"default": AsyncIOExecutor()}, timezone="UTC"
        )

    def start(self) -> None:
        """Sweep at once, to catch up, and from then on at every interval."""
        jitter = JITTER * self._seconds
        self._scheduler.add_job(
            self.tick,
            IntervalTrigger(seconds=self._seconds, jitter=jitter),
            id="sweep",
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        self._scheduler.add_job(
            self.tidy,
            IntervalTrigger(seconds=PURGE_SECONDS, jitter=JITTER * PURGE_SECONDS),
            id="purge",
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        self._scheduler.add_job(
            self.checkpoint,
            IntervalTrigger(seconds=self.service.settings.checkpoint_seconds),
            id="checkpoint",
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        self._scheduler.add_job(
            self.examine,
            IntervalTrigger(seconds=EXAMINE_SECONDS, jitter=JITTER * EXAMINE_SECONDS),
            id="examine",
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        self._scheduler.add_job(
            self.verify,
            IntervalTrigger(seconds=VERIFY_SECONDS, jitter=JITTER * VERIFY_SECONDS),
            id="verify",
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        self._scheduler.start()
        set_beside(self.service.db, self.sweeper)
        self._first = asyncio.create_task(self.tick())
        self._watch = asyncio.create_task(self.watch())

    async def stop(self) -> None:
        """Let no tick begin any more; what is under way is cut off, and its transaction rolled back."""
        set_beside(self.service.db, None)
        self._scheduler.shutdown(wait=False)
        under_way = [task for task in (self._watch, self._first) if task is not None]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def tick(self) -> None:
        """One sweep. What goes wrong is logged; the next tick tries again."""
        try:
            await self.sweeper.sweep()
        except ClockGateClosed as reason:
            log.error("clock_gate_closed", reason=str(reason))
        except (Busy, OSError, TimeoutError) as error:
            log.warning("sweep_failed", error=type(error).__name__, detail=str(error))
        except Exception as error:  # a ticker that dies of one bad sweep would be worse than any error of it
            log.error("sweep_failed", error=type(error).__name__, exc_info=error)

    async def tidy(self) -> None:
        """Forget kept answers that are older than seven days, and messages that arrived, or were given up, long ago."""
        now = self.service.now.now()
        try:
            async with self.service.db.transaction() as tx:
                await forget_old(tx, now)
                await forget(tx, delivered_before=now - KEPT_DELIVERED, dead_before=now - KEPT_DEAD)
        except Busy as error:
            log.warning("purge_failed", error=type(error).__name__, detail=str(error))

    async def examine(self) -> None:
        """Look for patterns in what was recorded since. What goes wrong waits for the next."""
        try:
            await examine(self.service)
        except (Busy, OSError, TimeoutError, SQLAlchemyError) as error:
            log.error("examination_failed", error=type(error).__name__, detail=str(error))

    async def checkpoint(self) -> None:
        """Cover what changed by a signed checkpoint, and once a day everything. What goes wrong waits for the next."""
        try:
            await take_all(self.service)
            if await is_full_due(self.service):
                await take_full(self.service)
        except (Busy, OSError, TimeoutError, SQLAlchemyError, SettingsError) as error:
            log.error("checkpoint_failed", error=type(error).__name__, detail=str(error))

    async def verify(self) -> None:
        """Verify the record when its hour has come. What goes wrong is logged; after hours it is begun anew."""
        try:
            await verify_when_due(self.service)
        except (Busy, OSError, TimeoutError, SQLAlchemyError, SettingsError, Sm3Missing) as error:
            log.error("verification_failed", error=type(error).__name__, detail=str(error))

    async def watch(self) -> None:
        """Sweep when no tick came in time: the wall clock was set back, or the ticker has died."""
        while True:
            await asyncio.sleep(self._seconds / 2)
            if self.sweeper.rested > PATIENCE * self._seconds and not self.sweeper.is_sweeping:
                log.warning("tick_missed", seconds=round(self.sweeper.rested, 1))
                await self.tick()


@asynccontextmanager
async def ticking(service: Service) -> AsyncIterator[Ticker]:
    """A ticker, and a sender of messages, beside whatever the block does: `create_app(settings, beside=ticking)`."""
    ticker = Ticker(service)
    ticker.start()
    try:
        async with telling(service):
            yield ticker
    finally:
        await ticker.stop()


async def run(service: Service, stop: asyncio.Event) -> int:
    """`shixian scheduler`: bring in what the release knows, tick, carry changes on until `stop` is set; the exit code.

    A sweep that hangs ends the process.
    """
    async with carrying(service), ticking(service) as ticker:
        await bring_in(service)
        while not stop.is_set():
            if ticker.sweeper.is_stuck:
                log.error("sweep_stuck", seconds=round(ticker.sweeper.rested, 1))
                return STUCK
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), timeout=1.0)
    return 0
