"""What a verification asks of the record: every link of every chain, what is sealed, what is derived."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import and_, exists, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications.models import Application, Event, EventPrivate, PublicView, SpanRow, StretchRow
from app.applications.projection import SPAN_KEY, STRETCH_KEY
from app.domain.chain import Link

__all__ = [
    "ChainRow",
    "Derived",
    "SealedRow",
    "chain_rows",
    "derived_of",
    "numbers_after",
    "orphans",
    "raw",
    "sealed_of",
]


class ChainRow(NamedTuple):
    """One event with the head of its application; `link` is None for an application without events."""

    number: str
    version: int
    head_hash: bytes
    link: Link | None


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


async def chain_rows(tx: AsyncConnection, number: str | None) -> AsyncIterator[list[ChainRow]]:
    """Every event of every application, or of one, in the order of its chain, streamed in batches."""
    wanted = CHAINS if number is None else CHAINS.where(Application.number == number)
    async with tx.stream(wanted.execution_options(yield_per=STREAMED)) as rows:
        async for batch in rows.partitions():
            yield [chain_row(row) for row in batch]


def chain_row(row: Sequence[Any]) -> ChainRow:
    """A row of `CHAINS`."""
    number, version, head_hash, seq, algorithm, body, digest = row
    link = None if seq is None else Link(seq, algorithm, raw(body), raw(digest))
    return ChainRow(number, version, raw(head_hash), link)


def raw(value: object) -> bytes:
    """What stands in a column of bytes. SQLite takes anything there: what is no bytes has no hash that fits."""
    return value if isinstance(value, bytes) else b""


async def orphans(tx: AsyncConnection, number: str | None) -> list[tuple[str, int]]:
    """The first events whose application does not exist: no key of the database allows one."""
    lost = select(Event.number, func.min(Event.seq)).where(
        ~exists().where(Application.number == Event.number), true() if number is None else Event.number == number
    )
    rows = await tx.execute(lost.group_by(Event.number).order_by(Event.number).limit(10))
    return [(of, seq) for of, seq in rows]


async def numbers_after(tx: AsyncConnection, after: str, limit: int, *, only: str | None) -> list[str]:
    """The next applications by number."""
    wanted = select(Application.number).where(Application.number > after).order_by(Application.number).limit(limit)
    return list((await tx.execute(wanted if only is None else wanted.where(Application.number == only))).scalars())


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
