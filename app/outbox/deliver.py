"""Sends what waits until it arrives: any number of processes, each message to a subscriber by one of them at a time.

A message is claimed for a while, sent outside of any transaction, and its outcome written. A sender that dies leaves a
claim that runs out: the next one sends the same bytes under the same identity again.
"""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import update

from app.access import audit
from app.kit.db import Busy
from app.kit.metrics import Metrics
from app.kit.service import Service
from app.outbox import queries
from app.outbox.models import Subscriber
from app.outbox.queries import Claimed, SubscriberRow, Tried
from app.outbox.write import listen

__all__ = ["BACK_OFF", "Courier", "Outcome", "Send", "couriers", "next_try"]

BACK_OFF: Final = tuple(
    timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800, 7200, 21_600, 43_200, 86_400, 86_400, 86_400)
)
"""How long a message rests after each failure, about four days in all; after the last one it is dead."""
JITTER: Final = 0.2
LONGEST_REST: Final = timedelta(hours=24)
BATCH: Final = 8
SIDE_BY_SIDE: Final = 2
"""Requests that one process has open to one subscriber: a slow one is not pushed, and holds up nobody else."""
LEASE: Final = timedelta(seconds=120)
"""Longer than the slowest batch can take."""
POLL: Final = 2.0
LOOK_AT_AGE: Final = 30.0

log = structlog.get_logger("shixian.outbox")


class Outcome(NamedTuple):
    """What came of one try."""

    accepted: bool
    status: int | None = None
    answer: str | None = None
    retry_after: str | None = None
    gone: bool = False
    """The receiver wants nothing more, ever (410)."""
    wait_until: datetime | None = None
    """It was not tried: people are not told now."""


Send = Callable[[SubscriberRow, Claimed, datetime], Awaitable[Outcome]]
"""Brings one message to one subscriber. Raises nothing that one receiver could cause."""


class SystemSender(NamedTuple):
    """The sender, for the audit trail."""

    credential: str = "sender"
    role: str = "system"
    request_id: str | None = None


class Figures:
    """What a process counts of its deliveries."""

    def __init__(self, metrics: Metrics) -> None:
        self.delivered = metrics.counter("deliveries_delivered", "Messages that this process brought home.")
        self.failed = metrics.counter("deliveries_failed", "Tries of this process that failed.")
        self.dead = metrics.counter("deliveries_dead", "Messages that this process gave up.")
        self.disabled = metrics.counter("subscribers_disabled", "Subscribers disabled because they answered 410.")
        self.age = metrics.gauge("outbox_oldest_waiting_seconds", "How long the oldest waiting message has waited.")


_FIGURES: WeakKeyDictionary[Metrics, Figures] = WeakKeyDictionary()


def figures_of(metrics: Metrics) -> Figures:
    """The figures of a service, one set however many senders it makes."""
    figures = _FIGURES.get(metrics)
    if figures is None:
        figures = _FIGURES[metrics] = Figures(metrics)
    return figures


def next_try(attempts: int, now: datetime, *, retry_after: str | None, chance: float) -> datetime | None:
    """When a message that failed for the n-th time is tried again; None: it is given up. `chance` lies in [-1, 1].

    A receiver may ask for a longer rest, up to a day, never for a shorter one.
    """
    if attempts > len(BACK_OFF):
        return None
    rest = BACK_OFF[attempts - 1] * (1 + JITTER * chance)
    return now + max(rest, min(asked_rest(retry_after, now), LONGEST_REST))


def asked_rest(text: str | None, now: datetime) -> timedelta:
    """The rest that `Retry-After` asks for, in seconds or as a date; what cannot be read asks for none."""
    if text is None:
        return timedelta(0)
    if text.isascii() and text.isdecimal():
        return timedelta(seconds=min(int(text[:9]), 10**8))
    with suppress(ValueError, OverflowError):
        date = parsedate_to_datetime(text)
        if date.tzinfo is not None:
            return max(date - now, timedelta(0))
    return timedelta(0)


class Courier:
    """Sends for one process; each subscriber has a task of its own while there is something for it."""

    def __init__(self, service: Service, send: Send, *, chance: Callable[[], float] | None = None) -> None:
        self.service = service
        self._send = send
        self._chance = chance or (lambda: random.SystemRandom().uniform(-1, 1))
        self._figures = figures_of(service.metrics)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._looked = 0.0

    async def run(self) -> None:
        """Send until cancelled. What goes wrong with the database is logged, and tried again."""
        heard = listen()
        try:
            while True:
                heard.clear()
                try:
                    await self.begin()
                except (Busy, OSError, TimeoutError) as error:
                    log.warning("outbox_not_read", error=type(error).__name__, detail=str(error))
                except Exception as error:  # a sender that dies of one bad round would tell nobody anything any more
                    log.error("outbox_not_read", error=type(error).__name__, exc_info=error)
                with suppress(TimeoutError):
                    await asyncio.wait_for(heard.wait(), POLL)
        finally:
            await self.stop()

    async def begin(self) -> None:
        """Start a task for each subscriber that has something due and none yet."""
        now = self.service.now.now()
        async with self.service.db.read() as tx:
            due = await queries.due_subscribers(tx, now)
            if (tick := asyncio.get_running_loop().time()) - self._looked >= LOOK_AT_AGE or not self._looked:
                self._looked = tick
                oldest = await queries.oldest_waiting(tx)
                self._figures.age.set(0 if oldest is None else max((now - oldest).total_seconds(), 0))
        for subscriber in due:
            if subscriber not in self._tasks:
                task = asyncio.create_task(self._serve(subscriber))
                self._tasks[subscriber] = task
                task.add_done_callback(partial(self._forget, subscriber))

    def _forget(self, subscriber: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(subscriber, None)

    async def settle(self) -> None:
        """Send all that is due by now, and wait until it was tried."""
        await self.begin()
        await asyncio.gather(*self._tasks.values())

    async def stop(self) -> None:
        """Let go of what is under way; the claims run out."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, subscriber: str) -> None:
        try:
            while await self.deliver(subscriber):
                pass
        except (Busy, OSError, TimeoutError) as error:
            log.warning("delivery_broken_off", subscriber=subscriber, error=type(error).__name__, detail=str(error))
        except Exception as error:  # what one subscriber's rows do must not end the telling of all others
            log.error("delivery_broken_off", subscriber=subscriber, error=type(error).__name__, exc_info=error)

    async def deliver(self, id: str) -> int:  # noqa: A002
        """Try the next few messages of one subscriber; how many were tried."""
        token = secrets.token_hex(8)
        now = self.service.now.now()
        async with self.service.db.transaction() as tx:
            to = await queries.subscriber(tx, id)
            if to is None or not to.enabled:
                return 0
            claimed = await queries.claim(tx, id, now, until=now + LEASE, token=token, most=BATCH)
        if not claimed:
            return 0
        room = asyncio.Semaphore(SIDE_BY_SIDE)
        tried = await asyncio.gather(*(self._try(to, one, room) for one in claimed))
        await self._write(to, [each for each, _ in tried], token, gone=any(gone for _, gone in tried))
        return len(claimed)

    async def _try(self, to: SubscriberRow, one: Claimed, room: asyncio.Semaphore) -> tuple[Tried, bool]:
        async with room:
            outcome = await self._send(to, one, self.service.now.now())
        now, attempts = self.service.now.now(), one.attempts + 1
        if outcome.wait_until is not None:
            return Tried(one.message, "waiting", outcome.wait_until, one.attempts, None, outcome.answer), False
        if outcome.accepted:
            return Tried(one.message, "delivered", now, attempts, outcome.status, outcome.answer), False
        again = next_try(attempts, now, retry_after=outcome.retry_after, chance=self._chance())
        state = "dead" if again is None else "waiting"
        return Tried(one.message, state, again or now, attempts, outcome.status, outcome.answer), outcome.gone

    async def _write(self, to: SubscriberRow, tries: list[Tried], token: str, *, gone: bool) -> None:
        now = self.service.now.now()
        async with self.service.db.transaction() as tx:
            await queries.record_tries(tx, to.id, tries, token=token, now=now)
            if gone:
                await tx.execute(
                    update(Subscriber)
                    .where(Subscriber.id == to.id, Subscriber.enabled)
                    .values(enabled=False, disabled_reason="gone", changed_at=now)
                )
                await audit.record(tx, SystemSender(), "disable_webhook", to.id, at=now, detail={"reason": "gone"})
        states = [one.state for one in tries]
        self._figures.delivered.inc(states.count("delivered"))
        self._figures.failed.inc(len(states) - states.count("delivered"))
        self._figures.dead.inc(states.count("dead"))
        if gone:
            self._figures.disabled.inc()
            log.error("subscriber_disabled", subscriber=to.id, reason="the receiver answered 410 Gone")
        if dead := states.count("dead"):
            log.error("deliveries_dead", subscriber=to.id, count=dead)


@asynccontextmanager
async def couriers(service: Service, send: Send) -> AsyncIterator[Courier]:
    """Messages are sent beside whatever the block does."""
    courier = Courier(service, send)
    task = asyncio.create_task(courier.run())
    try:
        yield courier
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
