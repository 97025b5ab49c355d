"""What signed checkpoints say against what is stored: their own chain, the heads they cover, the copy that was sent."""

import json
import re
from collections.abc import Awaitable, Callable, Collection, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import Select, and_, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.alarms.verify import verify_alarms
from app.applications import verify as history
from app.applications.chains import Numbers, raw
from app.applications.models import Application, Event
from app.applications.verify import Enough, Finding, Tally, Verdict
from app.domain import chain
from app.domain.merkle import Tree, leaf_hash
from app.kit.db import Database, stream
from app.kit.sealing import Sealer
from app.kit.statements import Hot
from app.proof import queries
from app.proof.models import Checkpoint, CheckpointLeaf
from app.proof.queries import Stored, stated
from app.proof.signing import holds, key_id, record_hash
from app.proof.verify_inspections import verify_inspections
from app.proof.verify_orders import verify_orders
from app.proof.verify_rules import verify_rules
from app.supervision.models import Order, OrderEvent

__all__ = [
    "Asked",
    "CopyUnreadable",
    "Found",
    "is_order",
    "read_copy",
    "verify_all",
    "verify_beside",
    "verify_checkpoints",
    "verify_part",
]

GRACE: Final = timedelta(minutes=5)
"""What was recorded just before a checkpoint may have been committed after it, and clocks of replicas differ."""
AT_ONCE: Final = 500
STREAMED: Final = 2_000
RECORDED: Final = re.compile(rb'"recorded_at":"([0-9T:.Z-]*)"')
"""Found at less than a tenth of the cost of reading all of the body; where it stands twice the body is read."""


class CopyUnreadable(Exception):
    """The auditor's copy is no file of checkpoints."""


class Asked(NamedTuple):
    """What is to be verified, and against what."""

    number: str | None = None
    """One application alone, or one order by its `D-…`."""
    since: int = 0
    """Only what checkpoints after this one cover, and what none covers yet."""
    copy: dict[int, bytes] | None = None
    """The hashes of the checkpoints in the auditor's own copy."""
    keys: frozenset[str] = frozenset()
    """The names of the public keys that may have signed; empty: any."""
    record_only: bool = False
    """Chains, heads and checkpoints, not what is derived from them."""


class Found(NamedTuple):
    """A verdict with the numbers of what is broken."""

    verdict: Verdict
    broken: frozenset[str]


async def verify_all(
    database: Database, sealer: Sealer, asked: Asked, *, tell: Callable[[int], None] | None = None
) -> Verdict:
    """Every layer: chains, heads, what is derived, and the signed checkpoints, in one snapshot and flat memory."""

    async def walk(tx: AsyncConnection, tally: Tally) -> None:
        if asked.number is None or not is_order(asked.number):
            numbers = Numbers(only=asked.number)
            await history.walk(tx, sealer, tally, numbers, record_only=asked.record_only, also=verify_alarms)
        await verify_rest(tx, sealer, asked, tally)

    return (await found_by(database, walk, tell)).verdict


async def verify_part(database: Database, sealer: Sealer, numbers: Numbers, *, record_only: bool) -> Found:
    """The applications of one part of all numbers: their chains, and unless `record_only` what is derived."""

    async def walk(tx: AsyncConnection, tally: Tally) -> None:
        await history.walk(tx, sealer, tally, numbers, record_only=record_only, also=verify_alarms)

    return await found_by(database, walk)


async def verify_beside(database: Database, sealer: Sealer, asked: Asked) -> Found:
    """All but the chains of the applications: orders, rules, checkpoints."""
    return await found_by(database, lambda tx, tally: verify_rest(tx, sealer, asked, tally))


async def found_by(
    database: Database,
    walk: Callable[[AsyncConnection, Tally], Awaitable[None]],
    tell: Callable[[int], None] | None = None,
) -> Found:
    """What a walk in one snapshot finds, until it finds more than is worth telling."""
    tally, is_cut_short = Tally(tell), False
    async with database.snapshot() as tx:
        if tx.dialect.name == "postgresql":  # to compare a million heads with their events takes one statement long
            await tx.execute(text("SET LOCAL statement_timeout = 0"))
            await tx.execute(text("SET LOCAL cursor_tuple_fraction = 1"))  # all rows will be read
        try:
            await walk(tx, tally)
        except Enough:
            is_cut_short = True
    return Found(tally.verdict(is_cut_short=is_cut_short), frozenset(tally.broken))


async def verify_rest(tx: AsyncConnection, sealer: Sealer, asked: Asked, tally: Tally) -> None:
    """All but the chains of the applications, as far as it is asked for."""
    if asked.number is None or is_order(asked.number):
        await verify_orders(tx, sealer, tally, only=asked.number, record_only=asked.record_only)
    if asked.number is None and not asked.record_only:
        await verify_inspections(tx, sealer, tally)
    await verify_checkpoints(tx, asked, tally)


def is_order(number: str) -> bool:
    """Whether it is the number of an order."""
    return number.startswith("D-")


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
            tally.checkpoints += 1
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
    if sent is not None and sent != record_hash(record.body):
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
        async for batch in stream(tx, Hot(first_uncovered(chains, asked)), {}, at_once=STREAMED):
            for number, seq, body, n, before, by in batch:
                saw_all = parts.get(n, before)
                if saw_all is not None:
                    judge_date(number, seq, raw(body), bound_of(min(saw_all, by)), tally)
    at = parts.get(last.n, last.at)
    if at is None:
        return
    for chains in CHAINS:
        async for uncovered in stream(tx, Hot(beyond_all(chains, asked)), {}, at_once=STREAMED):
            for number, seq, body in uncovered:
                judge_date(number, seq, raw(body), bound_of(at), tally)


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


@lru_cache(maxsize=1_000)
def bound_of(at: datetime) -> str:
    """Before which instant no event is dated that the checkpoint of `at` did not cover, spelled as in a body."""
    return chain.stamp(at - GRACE)


def judge_date(number: str, seq: int, body: bytes, bound: str, tally: Tally) -> None:
    """One event that a checkpoint did not cover. An instant has one spelling in a body, in which texts sort as it."""
    found = RECORDED.findall(body)
    recorded = found[0].decode() if len(found) == 1 else stated(body).get("recorded_at")
    if isinstance(recorded, str) and recorded < bound:
        detail = f"Event {seq} says that it was recorded before a checkpoint that does not cover it."
        tally.note(Finding(number, seq, "backdated", detail))


Chains = tuple[
    InstrumentedAttribute[str],
    InstrumentedAttribute[int],
    InstrumentedAttribute[bytes],
    InstrumentedAttribute[str],
    InstrumentedAttribute[int],
]
"""One kind of chain: number, place and body of its events, and number and version of all heads."""
CHAINS: Final[tuple[Chains, ...]] = (
    (Event.number, Event.seq, Event.body, Application.number, Application.version),
    (OrderEvent.order_id, OrderEvent.seq, OrderEvent.body, Order.id, Order.version),
)


def first_uncovered(chains: Chains, asked: Asked) -> Select[str, int, bytes, int, datetime, datetime]:
    """The first event of each covered stretch, with the checkpoint before, its instant, and the covering one's.

    The earlier of both counts: between them the clock may have been set back, and rightly.
    """
    event_of, place, body, *_ = chains
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
    event_of, place, body, of, version = chains
    covered = (
        select(func.coalesce(func.max(CheckpointLeaf.seq), 0)).where(CheckpointLeaf.number == of).scalar_subquery()
    )
    longer = select(of.label("of"), (covered + 1).label("seq")).where(version > covered).subquery()
    wanted = select(event_of, place, body).join(longer, and_(longer.c.of == event_of, longer.c.seq == place))
    return wanted if asked.number is None else wanted.where(event_of == asked.number)


def read_copy(path: Path, keys: Collection[str] = ()) -> dict[int, bytes]:
    """The hashes of the auditor's copy: each line signed by a key that is expected, each following the one before.

    Raises `CopyUnreadable` where the copy itself is not whole: it proves nothing then.
    """
    found: dict[int, bytes] = {}
    previous = None
    try:
        with path.open(encoding="utf-8") as file:
            for place, row in enumerate(file, 1):
                line = json.loads(row)
                body, public_key = line["record"].encode(), bytes.fromhex(line["public_key"])
                said = stated(body)
                if not holds(public_key, body, bytes.fromhex(line["signature"])) or (
                    keys and key_id(public_key) not in keys
                ):
                    raise CopyUnreadable(f"{path}, line {place}: the signature does not hold, or the key is another")
                if previous is not None and said["previous"] != previous:
                    raise CopyUnreadable(f"{path}, line {place}: does not follow the line before it")
                found[said["n"]] = record_hash(body)
                previous = found[said["n"]].hex()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CopyUnreadable(f"{path} is no file of checkpoints: {error}") from error
    return found
