"""What the parts of one running service share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kit.db import Database, open_database
from app.kit.errands import Errands
from app.kit.metrics import Metrics
from app.kit.now import ClockGate, Now, settle_clock
from app.kit.sealing import Sealer, confirm_secret
from app.kit.settings import Settings, SettingsError, secret_of
from app.kit.throttle import Throttle
from app.kit.workers import Workers

__all__ = ["Service", "open_service", "service_of"]

LastRecord = Callable[[AsyncConnection], Awaitable[datetime | None]]


@dataclass(slots=True)
class Service:
    """The settings and the mechanisms of one running service; `request.app.state.service`."""

    settings: Settings
    db: Database
    replica: Database
    """For public look-ups; `db` itself where no replica is set."""
    now: Now
    gate: ClockGate
    sealer: Sealer
    workers: Workers
    throttle: Throttle
    metrics: Metrics
    errands: Errands = field(default_factory=Errands)

    async def close(self) -> None:
        """Gives up long work, ends the children and closes every connection."""
        await self.errands.close()
        await self.workers.close()
        if self.replica is not self.db:
            await self.replica.close()
        await self.db.close()


async def _never(tx: AsyncConnection) -> datetime | None:
    return None


async def open_service(settings: Settings, *, last_record: LastRecord = _never) -> Service:
    """Opens a service on a migrated database; `SettingsError` where its clock or its secret is not the database's.

    `last_record` says when the newest event was recorded: a set clock may not start before it.
    """
    sealer = Sealer(secret_of(settings))
    db = open_database(settings)
    try:
        async with db.transaction() as tx:
            offset = await settle_clock(
                tx,
                clock_start=settings.clock_start,
                production=settings.mode == "production",
                last_record=await last_record(tx),
            )
            if not await confirm_secret(tx, sealer):
                raise SettingsError(
                    "SHIXIAN_SECRET_KEY (or the file beside the database) is not the secret that sealed this database; "
                    "restore it from the backup"
                )
    except BaseException:
        await db.close()
        raise
    now = Now(offset)
    return Service(
        settings=settings,
        db=db,
        replica=open_database(settings, replica=True) if settings.replica_url is not None else db,
        now=now,
        gate=ClockGate(now),
        sealer=sealer,
        workers=Workers(),
        throttle=Throttle(
            per_minute=settings.lookup_limit_per_minute, total_per_minute=settings.lookup_limit_total_per_minute
        ),
        metrics=Metrics(),
    )


def service_of(request: Request) -> Service:
    """The service that answers this request."""
    service: Service = request.app.state.service
    return service
