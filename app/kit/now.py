"""The source of now, the shift of a set clock, and the gate that a jumped clock closes."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, Text, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Base, Instant
from app.kit.settings import SettingsError
from app.kit.statements import insert_for

__all__ = [
    "ClockGate",
    "ClockGateClosed",
    "ClockReading",
    "Now",
    "Readings",
    "ServiceClock",
    "Stored",
    "judge",
    "read_clocks",
    "settle_clock",
]

JUMP: Final = timedelta(seconds=2)
APART: Final = timedelta(seconds=5)
GOOD_TICKS: Final = 3
STORE_EVERY: Final = timedelta(seconds=60)


class ServiceClock(Base):
    """One row: the shift of a set clock, shared by all processes, and the highest real instant that a good tick saw."""

    __tablename__ = "service_clock"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    clock_start: Mapped[datetime | None] = mapped_column(Instant)
    offset_us: Mapped[int] = mapped_column(BigInteger)
    high_water: Mapped[datetime | None] = mapped_column(Instant)


class ClockReading(Base):
    """The last good pair of wall clock and time since boot, one row for each boot of each machine."""

    __tablename__ = "clock_readings"

    boot: Mapped[str] = mapped_column(Text, primary_key=True)
    wall: Mapped[datetime] = mapped_column(Instant)
    elapsed_us: Mapped[int] = mapped_column(BigInteger)


def _process_clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  the one place that asks


class Now:
    """The present instant of the service: the process clock, shifted where SHIXIAN_CLOCK_START says so."""

    __slots__ = ("_source", "offset")

    def __init__(self, offset: timedelta = timedelta(0), source: Callable[[], datetime] | None = None) -> None:
        self.offset = offset
        self._source = source
        """Tests hold the time by giving their own."""

    @property
    def is_set(self) -> bool:
        """Whether the service lives by a set clock, by this start's setting or by what its database keeps."""
        return bool(self.offset)

    def now(self) -> datetime:
        """The present instant, in UTC."""
        if self._source is not None:
            return self._source()
        return _process_clock() + self.offset

    def shifted(self, real: datetime) -> datetime:
        """The instant of the service at a real instant."""
        return self._source() if self._source is not None else real + self.offset


async def settle_clock(
    tx: AsyncConnection, *, clock_start: datetime | None, production: bool, last_record: datetime | None
) -> timedelta:
    """The shift of this database's clock, settled by the first process that starts with a new SHIXIAN_CLOCK_START.

    The same value goes on where the clock stands, a later one jumps forward, one before the last record is refused:
    nothing may be recorded before what already is. A shifted database is refused in production.
    """
    first = {"id": 1, "clock_start": None, "offset_us": 0, "high_water": None}
    await tx.execute(insert_for(tx)(ServiceClock).values(first).on_conflict_do_nothing())
    mine = select(ServiceClock.clock_start, ServiceClock.offset_us).where(ServiceClock.id == 1).with_for_update()
    kept_start, offset_us = (await tx.execute(mine)).one()
    kept_offset = timedelta(microseconds=offset_us)
    if production and kept_offset:
        raise SettingsError("this database has lived by a set clock (SHIXIAN_CLOCK_START); it is refused in production")
    if clock_start is None or clock_start == kept_start:
        return kept_offset
    if last_record is not None and clock_start < last_record:
        raise SettingsError(
            f"SHIXIAN_CLOCK_START lies before the last record of this database ({last_record.isoformat()})"
        )
    offset = clock_start - _process_clock()
    await tx.execute(
        update(ServiceClock)
        .where(ServiceClock.id == 1)
        .values(clock_start=clock_start, offset_us=offset // timedelta(microseconds=1))
    )
    return offset


# --- gate


class Readings(NamedTuple):
    """What the real clocks say at one moment; `elapsed` is the time since boot, suspension counted."""

    wall: datetime
    elapsed: timedelta
    boot: str
    database: datetime | None
    """The wall clock of the database's machine; none where the database is embedded."""


class Stored(NamedTuple):
    """What earlier good ticks left behind: the highest wall clock, and the last pair of this boot."""

    high_water: datetime | None = None
    wall: datetime | None = None
    elapsed: timedelta | None = None


class ClockGateClosed(Exception):
    """The clock jumped: no alarm is raised by it, for a false one cannot be unsent."""


def judge(readings: Readings, previous: Readings | None, stored: Stored) -> str | None:
    """Why these clocks are not to be trusted; none when they are.

    An outage of three days passes: wall clock and time since boot agree. A jump of three days does not.
    """
    if previous is not None and previous.boot == readings.boot:
        drift = (readings.wall - previous.wall) - (readings.elapsed - previous.elapsed)
        if abs(drift) > JUMP:
            return f"the wall clock jumped by {drift.total_seconds():+.1f} s since the last look"
    if readings.database is not None and abs(readings.wall - readings.database) > APART:
        return (
            f"this machine's clock is {(readings.wall - readings.database).total_seconds():+.1f} s from the database's"
        )
    if stored.high_water is not None and readings.wall < stored.high_water - APART:
        behind = (stored.high_water - readings.wall).total_seconds()
        return f"the wall clock lies {behind:.1f} s before an instant already seen"
    if stored.wall is not None and stored.elapsed is not None:
        drift = (readings.wall - stored.wall) - (readings.elapsed - stored.elapsed)
        if abs(drift) > APART:
            return f"the wall clock moved by {drift.total_seconds():+.1f} s against the time since boot"
    return None


_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def read_clocks() -> tuple[datetime, timedelta, str]:
    """The real wall clock, the time since boot, and which boot it is."""
    try:
        boot = _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        boot = f"process-{time.CLOCK_MONOTONIC}"  # no boot id here: pairs are judged within this process alone
    return _process_clock(), timedelta(microseconds=time.clock_gettime_ns(_CLOCK) // 1000), boot


class ClockGate:
    """Says whether the clocks may raise alarms. A jump closes it; three good looks open it, or an operator."""

    def __init__(self, now: Now, read: Callable[[], tuple[datetime, timedelta, str]] = read_clocks) -> None:
        self._now = now
        self._read = read
        self._previous: Readings | None = None
        self._saved: datetime | None = None
        self._good = 0
        self.reason: str | None = None
        """Why the gate is closed; none while it is open."""

    async def trusted_now(self, tx: AsyncConnection) -> datetime:
        """The instant by which alarms may be raised, or `ClockGateClosed`. Takes a short transaction of its own.

        On PostgreSQL it is the database's clock, so that replicas cannot disagree.
        """
        readings = await self._readings(tx)
        stored = await _stored(tx, readings.boot)
        fault = judge(readings, self._previous, stored)
        self._previous = readings
        if fault is not None:
            self.reason, self._good = fault, 0
        elif self.reason is not None:
            self._good += 1
            if self._good >= GOOD_TICKS:
                self.reason = None
        if self.reason is not None:
            raise ClockGateClosed(self.reason)
        if self._saved is None or readings.wall - self._saved >= STORE_EVERY:
            await _store(tx, readings)
            self._saved = readings.wall
        return self._now.shifted(readings.database or readings.wall)

    async def accept(self, tx: AsyncConnection) -> None:
        """The operator vouches for the clocks as they are: a correction that the gate could not tell from a jump."""
        readings = await self._readings(tx)
        await tx.execute(update(ServiceClock).where(ServiceClock.id == 1).values(high_water=None))
        await _store(tx, readings)
        self._previous, self._saved, self.reason, self._good = readings, readings.wall, None, 0

    async def _readings(self, tx: AsyncConnection) -> Readings:
        database = None
        if tx.dialect.name == "postgresql":
            database = (await tx.execute(select(func.clock_timestamp()))).scalar_one().astimezone(UTC)
        wall, elapsed, boot = self._read()
        return Readings(wall, elapsed, boot, database)


async def _stored(tx: AsyncConnection, boot: str) -> Stored:
    high_water = (await tx.execute(select(ServiceClock.high_water).where(ServiceClock.id == 1))).scalar()
    pair = (
        await tx.execute(select(ClockReading.wall, ClockReading.elapsed_us).where(ClockReading.boot == boot))
    ).first()
    if pair is None:
        return Stored(high_water)
    return Stored(high_water, pair[0], timedelta(microseconds=pair[1]))


async def _store(tx: AsyncConnection, readings: Readings) -> None:
    await tx.execute(
        update(ServiceClock)
        .where(ServiceClock.id == 1, or_(ServiceClock.high_water.is_(None), ServiceClock.high_water < readings.wall))
        .values(high_water=readings.wall)
    )
    pair = {"wall": readings.wall, "elapsed_us": readings.elapsed // timedelta(microseconds=1)}
    statement = insert_for(tx)(ClockReading).values(boot=readings.boot, **pair)
    await tx.execute(statement.on_conflict_do_update(index_elements=["boot"], set_=pair))
