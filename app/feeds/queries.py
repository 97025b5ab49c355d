"""Which feeds there are, and the due dates that one shows."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications.models import SpanRow
from app.departments.models import Officer
from app.feeds.models import Feed

__all__ = ["Due", "FeedRow", "due_dates", "feed", "feeds_after", "officer_is_known"]

MOST = 500


class FeedRow(NamedTuple):
    """A feed as it is stored."""

    id: str
    secret_hash: bytes
    department: str
    officer: str
    created_at: datetime
    created_by: str
    revoked_at: datetime | None


class Due(NamedTuple):
    """One running clock and the day on which it ends."""

    number: str
    item: str
    clock: str
    stage: str
    round: int
    revision: int
    due_on: int
    from_at: datetime


FEEDS = select(
    Feed.id, Feed.secret_hash, Feed.department, Feed.officer, Feed.created_at, Feed.created_by, Feed.revoked_at
)


async def feed(tx: AsyncConnection, id: str) -> FeedRow | None:  # noqa: A002
    """One feed, also a revoked one."""
    row = (await tx.execute(FEEDS.where(Feed.id == id))).first()
    return None if row is None else FeedRow._make(row)


async def feeds_after(tx: AsyncConnection, seen: ColumnElement[bool], after: str | None, limit: int) -> list[FeedRow]:
    """A page by id, and one more; those that a reader may see."""
    wanted = FEEDS.where(seen).order_by(Feed.id).limit(limit + 1)
    if after is not None:
        wanted = wanted.where(Feed.id > after)
    return [FeedRow._make(row) for row in await tx.execute(wanted)]


async def officer_is_known(tx: AsyncConnection, department: str, officer: str) -> bool:
    """Whether a department has such an officer, in whichever section."""
    known = select(Officer.code).where(Officer.department == department, Officer.code == officer).limit(1)
    return (await tx.execute(known)).first() is not None


async def due_dates(tx: AsyncConnection, department: str, officer: str, now: datetime) -> list[Due]:
    """The agency's running clocks that an officer holds now, what ends first before the others; 500 at most.

    Silence ends a clock by time alone, before anybody writes it down.
    """
    rows = await tx.execute(
        select(
            SpanRow.number,
            SpanRow.item,
            SpanRow.clock,
            SpanRow.stage,
            SpanRow.round,
            SpanRow.revision,
            SpanRow.due_on,
            SpanRow.from_at,
        )
        .where(
            literal_column("spans.open"),
            SpanRow.party == "agency",
            SpanRow.department == department,
            SpanRow.officer == officer,
            SpanRow.due_on.is_not(None),
            SpanRow.from_at <= now,
            or_(SpanRow.to_at.is_(None), SpanRow.to_at > now),
        )
        .order_by(SpanRow.due_at, SpanRow.number, SpanRow.clock, SpanRow.stage, SpanRow.round)
        .limit(MOST)
    )
    return [Due._make(row) for row in rows]
