"""P7: the first sweep after an outage: alarm, order and message for each clock that crossed a rung meanwhile."""

import time
from datetime import timedelta
from typing import Final

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.roles import Role
from app.alarms.models import Alarm
from app.alarms.sweep import Sweeper
from app.bench.measure import Figure, Goal, Result
from app.bench.trial import Trial
from app.outbox.models import Delivery, Subscriber
from app.supervision.models import Order

__all__ = ["measure"]

OUTAGE: Final = timedelta(days=30)
"""So long that almost every application of an office crosses something."""
A_MINUTE: Final = 60


async def measure(trial: Trial) -> Result:
    """One sweep of one process; the office is another one afterwards, so it is the last that is measured on it."""
    service = trial.service
    async with service.db.transaction() as tx:
        now = service.now.now()
        await tx.execute(
            insert(Subscriber),
            {
                "id": "bench",
                "channel": "webhook",
                "name": "bench",
                "sealed": b"",  # nothing is sent: what is measured ends with the row that will be
                "quiet": False,
                "enabled": True,
                "created_at": now,
                "created_by": str(Role.ADMIN),
                "changed_at": now,
            },
        )
    async with service.db.read() as tx:
        before = await counts(tx)
    was = service.now.offset
    service.now.offset = was + OUTAGE
    begun, spent = time.perf_counter(), time.process_time()
    try:
        swept = await Sweeper(service).sweep()
    finally:
        service.now.offset = was
    taken, spent = time.perf_counter() - begun, time.process_time() - spent
    async with service.db.read() as tx:
        alarms, orders, messages = (after - b for after, b in zip(await counts(tx), before, strict=True))
    due = len({key.number for key in swept.raised})
    if alarms != len(swept.raised) or not due:
        raise RuntimeError(f"{alarms} alarms are on record, {len(swept.raised)} were raised")
    return Result(
        code="P7",
        what="sweep after an outage",
        size=trial.office.size,
        figures=(
            Figure(name="alarms", unit="/s", values=(alarms / taken,)),
            Figure(name="applications that were due", unit="/s", values=(due / taken,)),
            Figure(name="processor of the sweep for an alarm", unit="µs", values=(1e6 * spent / alarms,)),
            Figure(name="the whole sweep", unit="s", values=(taken,)),
        ),
        goals=(Goal("alarms", "at least", 100_000 / A_MINUTE),),
        notes=(
            (
                f"Once, by one process, {OUTAGE.days} days after the last sweep: {due:,} applications due, {alarms:,} "
                f"alarms, {orders:,} orders, {messages:,} rows of the outbox (alarms and orders for one subscriber). "
                "The goal is 100,000 within a minute."
            ),
        ),
    )


async def counts(tx: AsyncConnection) -> tuple[int, int, int]:
    """Alarms, orders and deliveries on record."""
    found = [
        (await tx.execute(select(func.count()).select_from(table))).scalar_one() for table in (Alarm, Order, Delivery)
    ]
    return found[0], found[1], found[2]
