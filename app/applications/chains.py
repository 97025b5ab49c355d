"""What a verification asks of the record: every link of every chain, what is sealed, what is derived."""

from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from app.applications.models import Application, Event, EventPrivate, PublicView, SpanRow, StretchRow
from app.applications.projection import SPAN_KEY, STRETCH_KEY
from app.kit.db import stream
from app.kit.statements import Hot

__all__ = [
    "ALL",
    "Derived",
    "Numbers",
    "SealedRow",
    "chain_rows",
    "derived_of",
    "numbers_after",
    "orphans",
    "raw",
    "sealed_of",
]


class Numbers(NamedTuple):
    """Which applications are walked: all, one, or those between two bounds, so that several can share the work."""

    only: str | None = None
    after: str | None = None
    to: str | None = None

    def within(self, column: InstrumentedAttribute[str]) -> ColumnElement[bool]:
        """The condition on the column of the number."""
        if self.only is not None:
            return column == self.only
        bounds = [] if self.after is None else [column > self.after]
        return and_(true(), *bounds, *([] if self.to is None else [column <= self.to]))

    def shared(self, parts: int) -> list["Numbers"]:
        """So many parts of all numbers, about alike in size, for numbers are drawn by chance; each is in one part."""
        places = [len(SYMBOLS) ** 2 * part // parts for part in range(1, parts)]
        bounds = [None, *(SYMBOLS[at // len(SYMBOLS)] + SYMBOLS[at % len(SYMBOLS)] for at in places), None]
        return [Numbers(after=after, to=to) for after, to in pairwise(bounds)]


class SealedRow(NamedTuple):
    """The body of an event and what is sealed of it."""

    seq: int
    body: bytes
    sealed: bytes | None


class Derived(NamedTuple):
    """What is stored of an application beside its events; rows by their key."""

    spans: dict[tuple[Any, ...], dict[str, Any]]
    stretches: dict[tuple[Any, ...], dict[str, Any]]
    view: bytes | None


ALL = Numbers()
SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
STREAMED = 2_000
CHAINS = (
    select(
        Application.number,
        Application.version,
        Application.head_hash,
        Event.seq,
        Event.algorithm,
        Event.body,
        Event.hash,
    )
    .outerjoin(Event, Event.number == Application.number)
    .order_by(Application.number, Event.seq)
)


ChainRow = Sequence[Any]
"""Number, version and hash of the head, then seq, algorithm, body and hash of one event; no event: they are None."""


def chain_rows(tx: AsyncConnection, numbers: Numbers) -> AsyncIterator[Sequence[ChainRow]]:
    """Every event of every application, or of some, in the order of its chain, streamed in batches."""
    return stream(tx, Hot(CHAINS.where(numbers.within(Application.number))), {}, at_once=STREAMED)


def raw(value: object) -> bytes:
    """What stands in a column of bytes. SQLite takes anything there: what is no bytes has no hash that fits."""
    return value if isinstance(value, bytes) else b""


async def orphans(tx: AsyncConnection, numbers: Numbers) -> list[tuple[str, int]]:
    """The first events whose application does not exist: no key of the database allows one."""
    lost = select(Event.number, func.min(Event.seq)).where(
        ~exists().where(Application.number == Event.number), numbers.within(Event.number)
    )
    rows = await tx.execute(lost.group_by(Event.number).order_by(Event.number).limit(10))
    return [(of, seq) for of, seq in rows]


async def numbers_after(tx: AsyncConnection, after: str | None, limit: int, *, among: Numbers) -> list[str]:
    """The next applications by number."""
    wanted = select(Application.number).where(among.within(Application.number)).order_by(Application.number)
    return list(
        (
            await tx.execute(
                wanted.limit(limit) if after is None else wanted.where(Application.number > after).limit(limit)
            )
        ).scalars()
    )


async def sealed_of(tx: AsyncConnection, numbers: Sequence[str]) -> dict[str, list[SealedRow]]:
    """The bodies of these applications and what is sealed beside each."""
    found: dict[str, list[SealedRow]] = {number: [] for number in numbers}
    rows = await tx.execute(
        select(Event.number, Event.seq, Event.body, EventPrivate.sealed)
        .outerjoin(EventPrivate, and_(EventPrivate.number == Event.number, EventPrivate.seq == Event.seq))
        .where(Event.number.in_(numbers))
        .order_by(Event.number, Event.seq)
    )
    for number, seq, body, sealed in rows:
        found[number].append(SealedRow(seq, body, sealed))
    return found


async def derived_of(tx: AsyncConnection, numbers: Sequence[str]) -> dict[str, Derived]:
    """What is stored of these applications beside their events."""
    views = await tx.execute(select(PublicView.number, PublicView.sealed).where(PublicView.number.in_(numbers)))
    sealed: dict[str, bytes] = {row.number: row.sealed for row in views}
    found = {number: Derived({}, {}, sealed.get(number)) for number in numbers}
    for row in await tx.execute(select(*SpanRow.__table__.columns).where(SpanRow.number.in_(numbers))):
        stored = dict(row._mapping)
        found[row.number].spans[tuple(stored[name] for name in SPAN_KEY)] = stored
    for row in await tx.execute(select(*StretchRow.__table__.columns).where(StretchRow.number.in_(numbers))):
        stored = dict(row._mapping)
        found[row.number].stretches[tuple(stored[name] for name in STRETCH_KEY)] = stored
    return found
