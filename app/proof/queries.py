"""What is asked of checkpoints: the last one, heads that none covers, leaves in their order."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, exists, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from app.applications.chains import raw
from app.applications.models import Application
from app.domain.merkle import Leaf
from app.kit.db import stream
from app.kit.statements import Hot
from app.proof.models import Checkpoint, CheckpointLeaf
from app.supervision.models import Order

__all__ = [
    "Changed",
    "Stored",
    "all_leaves",
    "changed_heads",
    "complete_of",
    "last",
    "last_of_kind",
    "leaf_streams",
    "leaves_of",
    "one",
    "page",
    "records_after",
    "stated",
    "stored",
    "witness_of",
]

STREAMED = 2_000
DIGITS = 16
"""Of a hash, on a receipt."""
COLUMNS = (
    Checkpoint.n,
    Checkpoint.kind,
    Checkpoint.at,
    Checkpoint.key,
    Checkpoint.public_key,
    Checkpoint.body,
    Checkpoint.hash,
    Checkpoint.signature,
)


class Stored(NamedTuple):
    """One checkpoint as it is stored."""

    n: int
    kind: str
    at: datetime
    key: str
    public_key: bytes
    body: bytes
    hash: bytes
    signature: bytes


class Changed(NamedTuple):
    """A head that no checkpoint covers, and up to which event an earlier head was covered (0: none)."""

    leaf: Leaf
    before: int


def stored(row: Sequence[Any]) -> Stored:
    """The checkpoint of a row of `COLUMNS`."""
    n, kind, at, key, *parts = row
    public_key, body, hashed, signature = (raw(part) for part in parts)
    return Stored(n, kind, at, key, public_key, body, hashed, signature)


def stated(body: bytes) -> dict[str, Any]:
    """What a body says; nothing where it cannot be read."""
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def complete_of(record: Stored) -> int:
    """The last checkpoint up to this one that left no head over for the next (0: none), as this one says."""
    said = stated(record.body).get("complete")
    return said if isinstance(said, int) and 0 <= said <= record.n else record.n


async def last(tx: AsyncConnection) -> Stored | None:
    """The newest checkpoint."""
    row = (await tx.execute(select(*COLUMNS).order_by(Checkpoint.n.desc()).limit(1))).first()
    return None if row is None else stored(row)


async def last_of_kind(tx: AsyncConnection, kind: str) -> Stored | None:
    """The newest checkpoint of one kind."""
    wanted = select(*COLUMNS).where(Checkpoint.kind == kind).order_by(Checkpoint.n.desc()).limit(1)
    row = (await tx.execute(wanted)).first()
    return None if row is None else stored(row)


async def one(tx: AsyncConnection, n: int) -> Stored | None:
    """The checkpoint of a number."""
    row = (await tx.execute(select(*COLUMNS).where(Checkpoint.n == n))).first()
    return None if row is None else stored(row)


async def page(tx: AsyncConnection, before: int | None, limit: int) -> list[Stored]:
    """Checkpoints, the newest first."""
    wanted = select(*COLUMNS).order_by(Checkpoint.n.desc()).limit(limit)
    rows = await tx.execute(wanted if before is None else wanted.where(Checkpoint.n < before))
    return [stored(row) for row in rows]


async def records_after(tx: AsyncConnection, n: int, limit: int) -> list[Stored]:
    """The next checkpoints in their order."""
    rows = await tx.execute(select(*COLUMNS).where(Checkpoint.n > n).order_by(Checkpoint.n).limit(limit))
    return [stored(row) for row in rows]


async def changed_heads(tx: AsyncConnection, limit: int) -> list[Changed]:
    """Heads that no checkpoint covers, by number.

    They are compared as values: an order of time or of a sequence would miss what is committed late.
    """
    applications = uncovered(Application.number, Application.version, Application.head_hash)
    wanted = union_all(applications, uncovered(Order.id, Order.version, Order.head_hash))
    rows = await tx.execute(wanted.order_by("number").limit(limit))
    return [Changed(Leaf(number, version, raw(digest)), seq) for number, version, digest, seq in rows]


def uncovered(
    number: InstrumentedAttribute[str], version: InstrumentedAttribute[int], head_hash: InstrumentedAttribute[bytes]
) -> Select[str, int, bytes, int]:
    """The heads of one kind of chain that no checkpoint covers."""
    before = select(func.max(CheckpointLeaf.seq)).where(CheckpointLeaf.number == number).scalar_subquery()
    covered = exists().where(
        CheckpointLeaf.number == number, CheckpointLeaf.seq == version, CheckpointLeaf.hash == head_hash
    )
    wanted = select(number.label("number"), version, head_hash, func.coalesce(before, 0))
    return wanted.where(~covered)


def covered_by(n: int) -> Select[str, int, bytes]:
    """The last covered head of each chain by a checkpoint."""
    newest = (
        select(CheckpointLeaf.number, func.max(CheckpointLeaf.seq).label("seq"))
        .where(CheckpointLeaf.n <= n)
        .group_by(CheckpointLeaf.number)
        .subquery()
    )
    return (
        select(CheckpointLeaf.number, CheckpointLeaf.seq, CheckpointLeaf.hash)
        .join(newest, and_(newest.c.number == CheckpointLeaf.number, newest.c.seq == CheckpointLeaf.seq))
        .order_by(CheckpointLeaf.number)
    )


async def all_leaves(tx: AsyncConnection, n: int) -> AsyncIterator[list[Leaf]]:
    """The leaves of a full checkpoint, in batches."""
    async for rows in stream(tx, Hot(covered_by(n)), {}, at_once=STREAMED):
        yield [Leaf(number, seq, raw(hashed)) for number, seq, hashed in rows]


async def leaf_streams(tx: AsyncConnection, since: int) -> AsyncIterator[list[tuple[int, Leaf]]]:
    """The leaves of the checkpoints after `since`, in their order, each with the number of its checkpoint."""
    wanted = (
        select(CheckpointLeaf.n, CheckpointLeaf.number, CheckpointLeaf.seq, CheckpointLeaf.hash)
        .where(CheckpointLeaf.n > since)
        .order_by(CheckpointLeaf.n, CheckpointLeaf.number)
    )
    async for rows in stream(tx, Hot(wanted), {}, at_once=STREAMED):
        yield [(n, Leaf(number, seq, raw(hashed))) for n, number, seq, hashed in rows]


async def leaves_of(tx: AsyncConnection, n: int) -> list[Leaf]:
    """The leaves of a checkpoint of what had changed."""
    wanted = select(CheckpointLeaf.number, CheckpointLeaf.seq, CheckpointLeaf.hash).where(CheckpointLeaf.n == n)
    return [Leaf(row[0], row[1], raw(row[2])) for row in await tx.execute(wanted.order_by(CheckpointLeaf.number))]


async def witness_of(tx: AsyncConnection, number: str) -> dict[str, Any] | None:
    """What a receipt carries of one application: its last event, and the newest checkpoint that covers it."""
    head = select(Application.version, Application.head_hash).where(Application.number == number)
    row = (await tx.execute(head)).first()
    if row is None:
        return None
    newest = select(CheckpointLeaf.n, CheckpointLeaf.seq, CheckpointLeaf.hash).where(CheckpointLeaf.number == number)
    leaf = (await tx.execute(newest.order_by(CheckpointLeaf.seq.desc()).limit(1))).first()
    covered = None if leaf is None else {"checkpoint": leaf[0], "seq": leaf[1], "hash": raw(leaf[2]).hex()[:DIGITS]}
    return {"seq": row[0], "hash": raw(row[1]).hex()[:DIGITS], "covered": covered}
