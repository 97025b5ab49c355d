"""The record is verified every night, by one of all processes, and what came of it is told."""

from datetime import date, datetime, time, timedelta
from typing import Any, Final
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications.verify import Verdict
from app.kit.metrics import Metrics
from app.kit.service import Service
from app.kit.statements import insert_for
from app.outbox.events import Event
from app.outbox.write import publish
from app.proof.models import Verification
from app.proof.shared import verify_alone
from app.proof.verify import Asked

__all__ = ["last_verified", "verify_when_due"]

log = structlog.get_logger("shixian.proof")

GIVEN_UP: Final = timedelta(hours=6)
"""After so long one that has not ended is begun anew: the process that began it is gone."""


class Figures:
    """What a process knows of the verifications that it made."""

    def __init__(self, metrics: Metrics) -> None:
        self.broken = metrics.gauge("verify_broken", "How much was broken at this process's last verification.")
        self.ended_at = metrics.gauge("verify_timestamp_seconds", "When this process last ended a verification.")


_FIGURES: WeakKeyDictionary[Metrics, Figures] = WeakKeyDictionary()


def figures_of(metrics: Metrics) -> Figures:
    """The figures of a service, made at its first verification: a process that makes none states none."""
    figures = _FIGURES.get(metrics)
    if figures is None:
        figures = _FIGURES[metrics] = Figures(metrics)
    return figures


async def verify_when_due(service: Service) -> Verdict | None:
    """Verify everything in a process apart, when the hour has come and no other process has begun; None otherwise."""
    day = await claim(service)
    if day is None:
        return None
    verdict = await verify_alone(service.settings, Asked())
    await conclude(service, day, verdict)
    return verdict


async def claim(service: Service) -> date | None:
    """The day whose verification this process has taken upon itself: its key goes to one process only."""
    now = service.now.now()
    local = now.astimezone(ZoneInfo(service.settings.time_zone))
    hour = service.settings.verify_at
    if hour is None or local.time() < time.fromisoformat(hour):
        return None
    day, stale = local.date(), now - GIVEN_UP
    async with service.db.read() as tx:
        known = await one(tx, day)
    if known is not None and (known.ended_at is not None or known.begun_at > stale):
        return None
    async with service.db.transaction() as tx:
        fresh = insert_for(tx)(Verification).values(day=day, begun_at=now).on_conflict_do_nothing()
        taken = (await tx.execute(fresh.returning(Verification.day))).first()
        if taken is None:
            mine = (Verification.day == day, Verification.ended_at.is_(None), Verification.begun_at <= stale)
            again = update(Verification).where(*mine).values(begun_at=now).returning(Verification.day)
            taken = (await tx.execute(again)).first()
    return None if taken is None else day


async def conclude(service: Service, day: date, verdict: Verdict) -> None:
    """Keep what came of it, and tell whoever subscribes, in one transaction; then the log."""
    now, first = service.now.now(), verdict.first
    counts = {"applications": verdict.applications, "events": verdict.events, "broken": verdict.broken}
    told: dict[str, Any] = {
        "day": day.isoformat(),
        **counts,
        "orders": verdict.orders,
        "rules": verdict.rules,
        "checkpoints": verdict.checkpoints,
        "first": None if first is None else first._asdict(),
    }
    type_ = "record.verified" if first is None else "record.tampered"
    async with service.db.transaction() as tx:
        values = {**counts, "ended_at": now, "first": None if first is None else first.detail}
        await tx.execute(update(Verification).where(Verification.day == day).values(values))
        await publish(tx, [Event(type_, day.isoformat(), day.isoformat(), now, told)], now=now)
    figures = figures_of(service.metrics)
    figures.broken.set(verdict.broken)
    figures.ended_at.set(now.timestamp())
    if first is None:
        log.info("record_verified", **counts)
    else:
        log.error("record_tampered", **counts, kind=first.kind, seq=first.seq)


async def one(tx: AsyncConnection, day: date) -> Any:  # a row
    """The verification of a day."""
    return (await tx.execute(select(*Verification.__table__.columns).where(Verification.day == day))).first()


async def last_verified(tx: AsyncConnection) -> tuple[datetime, int] | None:
    """When the newest verification ended, and how much was broken."""
    ended = select(Verification.ended_at, Verification.broken).where(Verification.ended_at.is_not(None))
    row = (await tx.execute(ended.order_by(Verification.day.desc()).limit(1))).first()
    return None if row is None or row[0] is None else (row[0], row[1] or 0)
