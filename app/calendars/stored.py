"""The editions of the database: read as a picture of all calendars, and added one by one."""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import rulebook
from app.calendars import catalogue
from app.calendars.editions import edition_of, stated_of
from app.calendars.known import Known, Recorded, Stopped
from app.calendars.models import CalendarEdition, SuspensionRow
from app.domain.folds import Suspension
from app.domain.layers import Edition
from app.kit.db import Database
from app.kit.statements import Hot
from app.kit.turns import take_turn

__all__ = ["hold_calendars", "keep", "keep_suspension", "newest_serial", "picture", "stored_row"]

LOCK: Final = 7_205_402_601
EDITIONS = select(
    CalendarEdition.id,
    CalendarEdition.calendar,
    CalendarEdition.edition,
    CalendarEdition.layer_of,
    CalendarEdition.name,
    CalendarEdition.document,
    CalendarEdition.published_at,
    CalendarEdition.stated,
    CalendarEdition.supersedes,
    CalendarEdition.approver,
    CalendarEdition.recorded_at,
    CalendarEdition.recorded_by,
).order_by(CalendarEdition.id)
SUSPENSIONS = select(
    SuspensionRow.serial,
    SuspensionRow.id,
    SuspensionRow.jurisdiction,
    SuspensionRow.clocks,
    SuspensionRow.first,
    SuspensionRow.last,
    SuspensionRow.document,
    SuspensionRow.published_at,
    SuspensionRow.approver,
    SuspensionRow.recorded_at,
).order_by(SuspensionRow.serial)
SERIAL = Hot(
    select(
        select(func.coalesce(func.max(CalendarEdition.id), 0)).scalar_subquery()
        + select(func.coalesce(func.max(SuspensionRow.serial), 0)).scalar_subquery()
    )
)


async def hold_calendars(tx: AsyncConnection) -> None:
    """Let no other transaction add an edition until this one ends, so that they are committed in their order."""
    await take_turn(tx, LOCK)


async def newest_serial(db: Database) -> int:
    """How many records there are: editions and suspensions."""
    [[serial]] = await db.rows(SERIAL, {})
    return int(serial)


async def picture(tx: AsyncConnection) -> Known:
    """All calendars, those of the database among them."""
    editions = [stored_row(row) for row in (await tx.execute(EDITIONS)).all()]
    return catalogue.known_with(editions, [stopped_row(row) for row in (await tx.execute(SUSPENSIONS)).all()])


def stopped_row(row: Any) -> Stopped:  # a row of SUSPENSIONS
    """A suspension as its row tells it."""
    last = None if row.last is None else row.last.toordinal()
    suspension = Suspension(row.id, frozenset(row.clocks), row.first.toordinal(), last, row.document)
    return Stopped(row.serial, row.jurisdiction, row.published_at, suspension, row.approver, row.recorded_at)


def stored_row(row: Any) -> catalogue.Stored:  # a row of EDITIONS
    """An edition as its row tells it."""
    edition = edition_of(row.edition, row.document, row.published_at, row.supersedes, row.stated)
    recorded = Recorded(edition, row.published_at, row.id, row.recorded_at, row.recorded_by, row.approver)
    return row.calendar, row.layer_of, row.name, recorded


async def keep_suspension(tx: AsyncConnection, stopped: Stopped, *, recorded_by: str) -> int:
    """Write one document on a suspension; its serial."""
    suspension = stopped.suspension
    row = {
        "id": suspension.id,
        "jurisdiction": stopped.jurisdiction,
        "clocks": sorted(suspension.clocks),
        "first": date.fromordinal(suspension.first),
        "last": None if suspension.last is None else date.fromordinal(suspension.last),
        "document": suspension.document,
        "published_at": stopped.published_at,
        "approver": stopped.approver,
        "recorded_at": stopped.recorded_at,
        "recorded_by": recorded_by,
    }
    serial = (await tx.execute(insert(SuspensionRow).returning(SuspensionRow.serial), row)).scalar_one()
    await rulebook.link_row(tx, SuspensionRow, SuspensionRow.serial == serial, now=stopped.recorded_at)
    return int(serial)


async def keep(tx: AsyncConnection, code: str, over: str | None, name: str | None, recorded: Recorded) -> None:
    """Write one edition."""
    edition: Edition = recorded.edition
    recorded_at: datetime | None = recorded.recorded_at
    added = await tx.execute(
        insert(CalendarEdition).returning(CalendarEdition.id),
        {
            "calendar": code,
            "edition": edition.number,
            "layer_of": over,
            "name": name,
            "document": edition.document,
            "published_at": recorded.from_at,
            "stated": stated_of(edition),
            "supersedes": edition.supersedes,
            "approver": recorded.approver,
            "recorded_at": recorded_at,
            "recorded_by": recorded.recorded_by,
        },
    )
    mine = CalendarEdition.id == added.scalar_one()
    await rulebook.link_row(tx, CalendarEdition, mine, now=recorded_at or recorded.from_at)
