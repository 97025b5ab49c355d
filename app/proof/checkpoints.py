"""A checkpoint is taken: the heads that changed, or all of them, under one root, chained, signed and sent away."""

import json
from datetime import UTC, datetime, time
from importlib.metadata import version
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import rulebook
from app.access.rulebook import RuleHead
from app.calendars import catalogue
from app.domain import chain
from app.domain.merkle import Tree, leaf_hash, root_of
from app.kit.service import Service
from app.kit.turns import take_turn
from app.outbox.events import Event
from app.outbox.write import publish
from app.proof import queries
from app.proof.export import export, line_of
from app.proof.models import Checkpoint, CheckpointLeaf
from app.proof.queries import Changed, Stored
from app.proof.signing import Signer, record_hash, signer_of

__all__ = ["is_full_due", "take_all", "take_changed", "take_full"]

AT_ONCE: Final = 20_000
"""Heads of one checkpoint: what is more goes into the next, so that nobody waits long for the writer."""
LOCK: Final = 7_238_411_907
NONE: Final = bytes(32)
SOFTWARE: Final = version("shixian")


class Draft(NamedTuple):
    """What a checkpoint is to say, and after which one."""

    before: Stored | None
    kind: Literal["changed", "full"]
    size: int
    root: bytes
    applications: int
    events: int
    rules: RuleHead
    leaves: tuple[Changed, ...] = ()
    is_complete: bool = True
    """Whether it left no head over for the next one, which an earlier one had not left over already."""


async def take_all(service: Service) -> list[Stored]:
    """Checkpoints until every head is covered, and then sends away what was not sent: none when nothing changed."""
    taken = []
    while (found := await take_changed(service)) is not None:
        taken.append(found)
    await export(service)
    return taken


async def take_changed(service: Service) -> Stored | None:
    """One checkpoint of heads that none covers; None when there are none, or when another process was first."""
    async with service.db.snapshot() as tx:
        before = await queries.last(tx)
        changed = await queries.changed_heads(tx, AT_ONCE + 1)
        rules = await rulebook.head(tx)
    if not changed and rules.hash == rules_covered(before):
        return None
    is_complete = len(changed) <= AT_ONCE
    changed = sorted(changed[:AT_ONCE], key=lambda one: one.leaf.number)
    applications, events = totals(before)
    applications += sum(one.before == 0 for one in changed)
    events += sum(one.leaf.seq - one.before for one in changed)
    root = root_of(one.leaf for one in changed)
    return await write(
        service, Draft(before, "changed", len(changed), root, applications, events, rules, tuple(changed), is_complete)
    )


async def take_full(service: Service) -> Stored | None:
    """A checkpoint over every head that is covered so far; None when another process was first."""
    tree = Tree()
    async with service.db.snapshot() as tx:
        before = await queries.last(tx)
        async for batch in queries.all_leaves(tx, 0 if before is None else before.n):
            for leaf in batch:
                tree.add(leaf_hash(leaf))
        rules = await rulebook.head(tx)
    is_complete = before is None or queries.complete_of(before) == before.n
    taken = await write(
        service, Draft(before, "full", tree.count, tree.root, *totals(before), rules, is_complete=is_complete)
    )
    await export(service)
    return taken


async def is_full_due(service: Service) -> bool:
    """Whether none over every head has been taken on this day, by the zone of the settings."""
    zone = ZoneInfo(service.settings.time_zone)
    today = service.now.now().astimezone(zone).date()
    midnight = datetime.combine(today, time(), zone)
    async with service.db.read() as tx:
        newest = await queries.last_of_kind(tx, "full")
    return newest is None or newest.at < midnight


def totals(before: Stored | None) -> tuple[int, int]:
    """How many applications and events were covered so far."""
    if before is None:
        return 0, 0
    said = json.loads(before.body)
    return said["applications"], said["events"]


def rules_covered(before: Stored | None) -> bytes:
    """The hash of the last link of the rules that is covered."""
    return rulebook.GENESIS if before is None else bytes.fromhex(json.loads(before.body)["rules"]["hash"])


async def write(service: Service, draft: Draft) -> Stored | None:
    """Chain, sign and store it, unless another process has stored the next one meanwhile."""
    signer = signer_of(service.settings, service.sealer)
    async with service.db.transaction() as tx:
        await hold(tx)
        newest = await queries.last(tx)
        if (None if newest is None else newest.hash) != (None if draft.before is None else draft.before.hash):
            return None
        made = record_of(draft, signer, service.now.now())
        rows = [{"number": leaf.number, "seq": leaf.seq, "n": made.n, "hash": leaf.hash} for leaf, _ in draft.leaves]
        await tx.execute(insert(Checkpoint), made._asdict())
        if rows:
            await tx.execute(insert(CheckpointLeaf), rows)
        await tell(tx, made)
    return made


async def hold(tx: AsyncConnection) -> None:
    """Let no other process take one until the transaction ends."""
    await take_turn(tx, LOCK)


async def tell(tx: AsyncConnection, made: Stored) -> None:
    """Let whoever subscribes hear of it: the record to the byte, so that a receiver can check it."""
    event = Event("checkpoint.taken", str(made.n), str(made.n), made.at, line_of(made))
    await publish(tx, [event], now=made.at)


def record_of(draft: Draft, signer: Signer, now: datetime) -> Stored:
    """The record with its hash and signature."""
    before = draft.before
    n = 1 if before is None else before.n + 1
    body = chain.canonical(
        {
            "format": "shixian/checkpoint/1",
            "n": n,
            "complete": n if draft.is_complete else 0 if before is None else queries.complete_of(before),
            "kind": draft.kind,
            "previous": (NONE if before is None else before.hash).hex(),
            "count": draft.size,
            "root": draft.root.hex(),
            "applications": draft.applications,
            "events": draft.events,
            "rules": {"seq": draft.rules.seq, "hash": draft.rules.hash.hex()},
            "calendar": catalogue.newest("CN").name,
            "software": SOFTWARE,
            "at": chain.stamp(now),
            "key": signer.id,
        }
    )
    return Stored(
        n, draft.kind, now.astimezone(UTC), signer.id, signer.public_key, body, record_hash(body), signer.sign(body)
    )
