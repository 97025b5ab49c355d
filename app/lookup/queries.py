"""What the look-up reads: one sealed row for a number; with a query code its digest and its lock, too."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, case, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications.models import Application, PublicView
from app.kit.db import Database
from app.kit.statements import Hot
from app.lookup.models import QueryCodeTries

__all__ = ["HOUR", "LOCKED_FOR", "MOST_TRIES", "Guarded", "count_wrong_code", "guarded", "sealed_view"]

HOUR = timedelta(hours=1)
LOCKED_FOR = timedelta(hours=24)
MOST_TRIES = 5
SWEPT_AT_ONCE = 100

VIEW = Hot(select(PublicView.sealed).where(PublicView.number == bindparam("number")))


class Guarded(NamedTuple):
    """What a query code is held against."""

    digest: bytes | None
    """None when there is no such application."""
    locked_until: datetime | None


async def sealed_view(database: Database, number: str) -> bytes | None:
    """The sealed public view of an application: one row by its key, on the driver's own connection."""
    rows = await database.rows(VIEW, {"number": number})
    return bytes(rows[0][0]) if rows else None


async def guarded(tx: AsyncConnection, number: str) -> Guarded:
    """The digest of the query code, and the lock; the same two statements whether the application exists or not."""
    digest = await tx.execute(select(Application.query_code_hash).where(Application.number == number))
    locked = await tx.execute(select(QueryCodeTries.locked_until).where(QueryCodeTries.number == number))
    return Guarded(digest.scalar_one_or_none(), locked.scalar_one_or_none())


async def count_wrong_code(tx: AsyncConnection, number: str, now: datetime) -> None:
    """Count one wrong try; the fifth within an hour locks the query code for a day. Drops counts that are over."""
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    is_over = QueryCodeTries.began_at <= now - HOUR
    tries = case((is_over, 1), else_=QueryCodeTries.tries + 1)
    counted = insert(QueryCodeTries).values(number=number, began_at=now, tries=1, locked_until=None)
    await tx.execute(
        counted.on_conflict_do_update(
            index_elements=[QueryCodeTries.number],
            set_={
                "began_at": case((is_over, now), else_=QueryCodeTries.began_at),
                "tries": tries,
                "locked_until": case((tries >= MOST_TRIES, now + LOCKED_FOR), else_=QueryCodeTries.locked_until),
            },
        )
    )
    over = (
        select(QueryCodeTries.number)
        .where(QueryCodeTries.began_at <= now - LOCKED_FOR - HOUR)
        .where(or_(QueryCodeTries.locked_until.is_(None), QueryCodeTries.locked_until <= now))
        .order_by(QueryCodeTries.began_at, QueryCodeTries.number)
        .limit(SWEPT_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    await tx.execute(delete(QueryCodeTries).where(QueryCodeTries.number.in_(over)))
