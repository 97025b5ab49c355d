"""A message in the caller's transaction: what is committed is told, what is rolled back is not."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from weakref import WeakSet

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.models import DepartmentTree
from app.kit.db import after_commit
from app.kit.statements import insert_for
from app.outbox.events import Event, body_of, id_of
from app.outbox.models import Delivery, Message, Subscriber

__all__ = ["is_heard", "listen", "publish", "publish_to"]

FOR_PEOPLE: Final = ("alarm.", "order.")
"""What people are told, in digests; the rest is for machines."""

_listening: WeakSet[asyncio.Event] = WeakSet()


class Listener(NamedTuple):
    """A subscriber as far as it decides what it is told."""

    id: str
    events: frozenset[str] | None
    department: str | None
    quiet: bool

    def wants(self, event: Event, above: frozenset[str]) -> bool:
        """Whether it is told; `above` are the departments that the event concerns: its own and those over it."""
        if self.quiet and not event.type.startswith(FOR_PEOPLE):
            return False
        if self.events is not None and event.type not in self.events:
            return False
        return self.department is None or self.department in above


async def publish(tx: AsyncConnection, events: Sequence[Event], *, now: datetime) -> int:
    """Write a message for each event that somebody subscribes to, and one delivery for each subscriber; how many.

    The same event again adds nothing: its key is the message's identity, and a message goes to a subscriber once.
    """
    if not events:
        return 0
    listeners = await listeners_of(tx)
    if not listeners:
        return 0
    above = await departments_above(tx, {event.department for event in events if event.department is not None})
    wanted = [
        (event, [one for one in listeners if one.wants(event, above[event.department or ""])]) for event in events
    ]
    return await _write(tx, [(event, found) for event, found in wanted if found], now)


async def publish_to(tx: AsyncConnection, subscriber: str, event: Event, *, now: datetime) -> str:
    """Write a message for one subscriber, whatever it subscribes to; the identity of the message."""
    await _write(tx, [(event, [Listener(subscriber, None, None, quiet=False)])], now)
    return id_of(event)


async def is_heard(tx: AsyncConnection) -> bool:
    """Whether anybody is told anything: else nobody need work out what."""
    return (await tx.execute(select(Subscriber.id).where(Subscriber.enabled).limit(1))).first() is not None


async def listeners_of(tx: AsyncConnection) -> list[Listener]:
    """Everybody who is told anything now."""
    rows = await tx.execute(
        select(Subscriber.id, Subscriber.events, Subscriber.department, Subscriber.quiet)
        .where(Subscriber.enabled)
        .order_by(Subscriber.id)
    )
    return [
        Listener(id_, None if events is None else frozenset(events), department, quiet)
        for id_, events, department, quiet in rows
    ]


async def departments_above(tx: AsyncConnection, departments: Iterable[str]) -> defaultdict[str, frozenset[str]]:
    """Each department with all above it."""
    found: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    names = sorted(departments)
    if names:
        pairs = select(DepartmentTree.descendant, DepartmentTree.ancestor).where(DepartmentTree.descendant.in_(names))
        for below, above in await tx.execute(pairs):
            found[below] |= {above}
    return found


async def _write(tx: AsyncConnection, told: Sequence[tuple[Event, Sequence[Listener]]], now: datetime) -> int:
    messages: list[dict[str, Any]] = []
    deliveries: list[dict[str, Any]] = []
    for event, listeners in told:
        message = {"id": id_of(event), "type": event.type, "subject": event.subject, "created_at": now}
        messages.append(message | {"body": body_of(event)})
        deliveries += [
            {
                "message": message["id"],
                "subscriber": one.id,
                "state": "held" if one.quiet else "waiting",
                "urgency": event.urgency,
                "queued_at": now,
                "next_at": now,
                "attempts": 0,
            }
            for one in listeners
        ]
    for model, rows in ((Message, messages), (Delivery, deliveries)):
        if rows:
            await tx.execute(insert_for(tx)(model).on_conflict_do_nothing(), rows)
    if deliveries:
        after_commit(tx, wake)
    return len(deliveries)


def listen() -> asyncio.Event:
    """An event that is set whenever this process has committed a message."""
    heard = asyncio.Event()
    _listening.add(heard)
    return heard


def wake() -> None:
    """Tell the senders of this process that there is something to send."""
    for each in list(_listening):
        each.set()
