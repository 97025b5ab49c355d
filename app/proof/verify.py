"""What signed checkpoints say against what is stored: their own chain, the heads they cover, the copy that was sent."""

import json
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import Select, and_, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.applications import verify as history
from app.applications.chains import raw
from app.applications.models import Application, Event
from app.applications.verify import Finding, Tally, Verdict
from app.domain.merkle import Tree, leaf_hash
from app.kit.db import Database
from app.kit.sealing import Sealer
from app.proof import queries
from app.proof.models import Checkpoint, CheckpointLeaf
from app.proof.queries import Stored, stated
from app.proof.signing import holds, key_id, record_hash
from app.proof.verify_orders import verify_orders
from app.proof.verify_rules import verify_rules
from app.supervision.models import Order, OrderEvent

__all__ = ["Asked", "CopyUnreadable", "Sent", "read_copy", "verify_all", "verify_checkpoints"]

GRACE: Final = timedelta(minutes=5)
"""What was recorded just before a checkpoint may have been committed after it, and clocks of replicas differ."""
AT_ONCE: Final = 500
STREAMED: Final = 2_000


class CopyUnreadable(Exception):
    """The auditor's copy is no file of checkpoints."""


class Sent(NamedTuple):
    """A checkpoint as it was sent away."""

    body: bytes
    public_key: bytes
    signature: bytes


class Asked(NamedTuple):
    """What is to be verified, and against what."""

    number: str | None = None
    since: int = 0
    """Only what checkpoints after this one cover, and what none covers yet."""
    copy: dict[int, Sent] | None = None
    """The auditor's own copy of the checkpoints."""
    keys: frozenset[str] = frozenset()
    """The names of the public keys that may have signed; empty: those of the copy, else of the database."""
    record_only: bool = False
    """Chains, heads and checkpoints, not what is derived from them."""


async def verify_all(
    database: Database, sealer: Sealer, asked: Asked, *, tell: Callable[[int], None] | None = None
) -> Verdict:
    """Every layer: chains, heads, what is derived, and the signed checkpoints, in one snapshot and flat memory."""
    tally = Tally(tell)
    async with database.snapshot() as tx:
        await history.walk(tx, sealer, tally, number=asked.number, record_only=asked.record_only)
        if asked.number is None:
            await verify_orders(tx, sealer, tally, record_only=asked.record_only)
        await verify_checkpoints(tx, asked, tally)
    return tally.verdict()


async def verify_checkpoints(tx: AsyncConnection, asked: Asked, tally: Tally) -> None:
    """The layer of signed checkpoints alone."""
    if asked.number is None:
        await verify_records(tx, asked, tally)
        await verify_leaves(tx, asked, tally)
        await verify_rules(tx, tally)
    await verify_covered(tx, asked, tally)
    await verify_dates(tx, asked, tally)


def note(tally: Tally, n: int, kind: str, detail: str, number: str | None = None) -> None:
    """A finding of the checkpoint layer; one about no application names the checkpoint."""
    tally.note(Finding(number or f"checkpoint {n}", n, kind, detail))


async def verify_records(tx: AsyncConnection, asked: Asked, tally: Tally) -> None:
    """Each record: its place, its hash, the one before, its signature, and the auditor's copy of it."""
    before: Stored | None = None
    seen: set[int] = set()
    while records := await queries.records_after(tx, 0 if before is None else before.n, AT_ONCE):
        for record in records:
            for kind, detail in faults_of(record, before, asked):
                note(tally, record.n, kind, detail)
            if asked.copy is not None and record.n in asked.copy:
                seen.add(record.n)
            before = record
    for n in sorted(set(asked.copy or ()) - seen):
        note(tally, n, "checkpoint", f"Checkpoint {n} was sent away and is not in the database.")


def faults_of(record: Stored, before: Stored | None, asked: Asked) -> Iterator[tuple[str, str]]:
    """What is wrong with one record."""
    n, said = record.n, stated(record.body)
    expected = 1 if before is None else before.n + 1
    if n != expected:
        yield "checkpoint", f"Checkpoint {expected} is missing."
    if record_hash(record.body) != record.hash or said.get("n") != n or said.get("kind") != record.kind:
        yield "checkpoint", f"Checkpoint {n} is not the one that was signed."
    if said.get("previous") != (bytes(32) if before is None else before.hash).hex():
        yield "checkpoint", f"Checkpoint {n} does not follow the one stored before it."
    if said.get("complete", n) not in (n, 0 if before is None else queries.complete_of(before)):
        yield "checkpoint", f"Checkpoint {n} names another last complete one than the one stored before it."
    if not holds(record.public_key, record.body, record.signature) or said.get("key") != key_id(record.public_key):
        yield "signature", f"The signature of checkpoint {n} does not hold."
    elif asked.keys and key_id(record.public_key) not in asked.keys:
        yield "signature", f"Checkpoint {n} is signed by the key {key_id(record.public_key)}, which is not expected."
    sent = None if asked.copy is None else asked.copy.get(n)
    if sent is not None and sent.body != record.body:
        yield "checkpoint", f"Checkpoint {n} is not the one that was sent away."


async def verify_leaves(tx: AsyncConnection, asked: Asked, tally: Tally) -> None:
    """The root of each record against the leaves that are stored of it, and that of the newest full one."""
    at, tree = asked.since, Tree()

    async def close(n: int) -> None:
        record = await queries.one(tx, n)
        said = {} if record is None else stated(record.body)
        if said.get("root") != tree.root.hex() or said.get("count") != tree.count:
            note(tally, n, "root", f"The heads that are stored of checkpoint {n} are not those under its root.")

    async for batch in queries.leaf_streams(tx, asked.since):
        for n, leaf in batch:
            if n != at:
                if tree.count:
                    await close(at)
                at, tree = n, Tree()
            tree.add(leaf_hash(leaf))
    if tree.count:
        await close(at)
    bare = select(Checkpoint.n, Checkpoint.body).where(
        Checkpoint.kind == "changed",
        Checkpoint.n > asked.since,
        ~exists().where(CheckpointLeaf.n == Checkpoint.n),
    )
    for n, body in await tx.execute(bare.order_by(Checkpoint.n)):
        if stated(raw(body)).get("count") != 0:  # one of none was taken because the rules had changed
            note(tally, n, "root", f"No head is stored of checkpoint {n}, which counts some.")
    full = await queries.last_of_kind(tx, "full")
    if full is not None and full.n > asked.since:
        await verify_full(tx, full, tally)


async def verify_full(tx: AsyncConnection, full: Stored, tally: Tally) -> None:
    """The root over all heads, which a list of leaves that lost some does not give."""
    tree, events = Tree(), 0
    async for batch in queries.all_leaves(tx, full.n):
        for leaf in batch:
            tree.add(leaf_hash(leaf))
            events += leaf.seq
    said = stated(full.body)
    if (said.get("root"), said.get("count")) != (tree.root.hex(), tree.count) or said.get("events") != events:
        note(tally, full.n, "root", f"The heads that were covered by checkpoint {full.n} are not those under its root.")


async def verify_covered(tx: AsyncConnection, asked: Asked, tally: Tally) -> None:
    """Each head that was signed is still the event of its place: no chain was written anew, shortened or removed."""
    wanted = select(CheckpointLeaf.number, CheckpointLeaf.seq, CheckpointLeaf.n).where(
        CheckpointLeaf.n > asked.since,
        ~exists().where(
            Event.number == CheckpointLeaf.number, Event.seq == CheckpointLeaf.seq, Event.hash == CheckpointLeaf.hash
        ),
        ~exists().where(
            OrderEvent.order_id == CheckpointLeaf.number,
            OrderEvent.seq == CheckpointLeaf.seq,
            OrderEvent.hash == CheckpointLeaf.hash,
        ),
    )
    if asked.number is not None:
        wanted = wanted.where(CheckpointLeaf.number == asked.number)
    async with tx.stream(wanted.execution_options(yield_per=STREAMED)) as rows:
        async for batch in rows.partitions():
            for number, seq, n in batch:
                detail = f"Checkpoint {n} covers event {seq}, which is gone or not the one that was signed."
                tally.note(Finding(number, seq, "covered", detail))


async def verify_dates(tx: AsyncConnection, asked: Asked, tally: Tally) -> None:
    """No event says that it was recorded before a checkpoint that did not see it: it would have been put in later.

    A checkpoint that left heads over, because they were too many for one, has not seen what the next ones cover.
    """
    last = (await tx.execute(select(Checkpoint.n, Checkpoint.at).order_by(Checkpoint.n.desc()).limit(1))).first()
    if last is None:
        return
    parts = await incomplete(tx, asked)
    for chains in CHAINS:
        async with tx.stream(first_uncovered(chains, asked).execution_options(yield_per=STREAMED)) as rows:
            async for batch in rows.partitions():
                for number, seq, body, n, before, by in batch:
                    saw_all = parts.get(n, before)
                    if saw_all is not None:
                        judge_date(number, seq, raw(body), min(saw_all, by), tally)
    at = parts.get(last.n, last.at)
    if at is None:
        return
    for chains in CHAINS:
        async with tx.stream(beyond_all(chains, asked).execution_options(yield_per=STREAMED)) as beyond:
            async for uncovered in beyond.partitions():
                for number, seq, body in uncovered:
                    judge_date(number, seq, raw(body), at, tally)


async def incomplete(tx: AsyncConnection, asked: Asked) -> dict[int, datetime | None]:
    """The checkpoints that left heads over, each with the instant of the last one before that left none, if any did.

    One says so only under its signature; otherwise it is taken to have seen them all.
    """
    found: dict[int, datetime | None] = {}
    saw_all: datetime | None = None
    n = 0
    while records := await queries.records_after(tx, n, AT_ONCE):
        for record in records:
            n = record.n
            if queries.complete_of(record) == n or not is_believed(record, asked):
                saw_all = record.at
            else:
                found[n] = saw_all
    return found


def is_believed(record: Stored, asked: Asked) -> bool:
    """Whether it is what was signed, by a key that is expected."""
    if record_hash(record.body) != record.hash or not holds(record.public_key, record.body, record.signature):
        return False
    return not asked.keys or key_id(record.public_key) in asked.keys


def judge_date(number: str, seq: int, body: bytes, at: datetime, tally: Tally) -> None:
    """One event that the checkpoint of `at` did not cover."""
    recorded = stated(body).get("recorded_at")
    if isinstance(recorded, str) and datetime.fromisoformat(recorded) < at - GRACE:
        detail = f"Event {seq} says that it was recorded before a checkpoint that does not cover it."
        tally.note(Finding(number, seq, "backdated", detail))


Chains = tuple[
    InstrumentedAttribute[str], InstrumentedAttribute[int], InstrumentedAttribute[bytes], InstrumentedAttribute[str]
]
"""One kind of chain: number, place and body of its events, and the numbers of all heads."""
CHAINS: Final[tuple[Chains, ...]] = (
    (Event.number, Event.seq, Event.body, Application.number),
    (OrderEvent.order_id, OrderEvent.seq, OrderEvent.body, Order.id),
)


def first_uncovered(chains: Chains, asked: Asked) -> Select[str, int, bytes, int, datetime, datetime]:
    """The first event of each covered stretch, with the checkpoint before, its instant, and the covering one's.

    The earlier of both counts: between them the clock may have been set back, and rightly.
    """
    event_of, place, body, _ = chains
    lag = func.lag(CheckpointLeaf.seq).over(partition_by=CheckpointLeaf.number, order_by=CheckpointLeaf.seq)
    stretch = select(CheckpointLeaf.number, CheckpointLeaf.n, (func.coalesce(lag, 0) + 1).label("seq"))
    if asked.number is not None:
        stretch = stretch.where(CheckpointLeaf.number == asked.number)
    one, by = stretch.subquery(), aliased(Checkpoint)
    return (
        select(event_of, place, body, Checkpoint.n, Checkpoint.at, by.at)
        .join(one, and_(one.c.number == event_of, one.c.seq == place))
        .join(Checkpoint, Checkpoint.n == one.c.n - 1)
        .join(by, by.n == one.c.n)
        .where(one.c.n > asked.since)
    )


def beyond_all(chains: Chains, asked: Asked) -> Select[str, int, bytes]:
    """The first event of each chain that no checkpoint covers."""
    event_of, place, body, of = chains
    covered = (
        select(func.coalesce(func.max(CheckpointLeaf.seq), 0)).where(CheckpointLeaf.number == of).scalar_subquery()
    )
    wanted = select(event_of, place, body).where(of == event_of, place == covered + 1)
    return wanted if asked.number is None else wanted.where(of == asked.number)


def read_copy(path: Path, keys: Collection[str] = ()) -> dict[int, Sent]:
    """The auditor's copy: each line signed by a key that is expected, each record following the one before.

    Raises `CopyUnreadable` where the copy itself is not whole: it proves nothing then.
    """
    found: dict[int, Sent] = {}
    previous = None
    try:
        with path.open(encoding="utf-8") as file:
            for place, text in enumerate(file, 1):
                line = json.loads(text)
                sent = Sent(
                    line["record"].encode(), bytes.fromhex(line["public_key"]), bytes.fromhex(line["signature"])
                )
                said = stated(sent.body)
                if not holds(sent.public_key, sent.body, sent.signature) or (
                    keys and key_id(sent.public_key) not in keys
                ):
                    raise CopyUnreadable(f"{path}, line {place}: the signature does not hold, or the key is another")
                if previous is not None and said["previous"] != previous:
                    raise CopyUnreadable(f"{path}, line {place}: does not follow the line before it")
                previous = record_hash(sent.body).hex()
                found[said["n"]] = sent
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CopyUnreadable(f"{path} is no file of checkpoints: {error}") from error
    return found
