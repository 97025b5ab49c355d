"""What the senders and the readers ask of the outbox: who is due, what to send next, what became of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, bindparam, delete, exists, func, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.outbox.models import Delivery, Message, Subscriber

__all__ = [
    "Claimed",
    "SubscriberRow",
    "Tried",
    "claim",
    "count_live",
    "deliveries_after",
    "due_subscribers",
    "forget",
    "oldest_waiting",
    "record_tries",
    "subscriber",
    "subscribers_after",
]


class SubscriberRow(NamedTuple):
    """A subscriber as it is stored."""

    id: str
    channel: str
    name: str
    sealed: bytes
    events: list[str] | None
    department: str | None
    quiet: bool
    enabled: bool
    disabled_reason: str | None
    created_at: datetime
    created_by: str
    changed_at: datetime


class Claimed(NamedTuple):
    """A message that this process may try now."""

    message: str
    type: str
    body: bytes
    attempts: int


class Tried(NamedTuple):
    """What became of a try."""

    message: str
    state: str
    next_at: datetime
    attempts: int
    status: int | None
    answer: str | None


SUBSCRIBERS = select(
    Subscriber.id,
    Subscriber.channel,
    Subscriber.name,
    Subscriber.sealed,
    Subscriber.events,
    Subscriber.department,
    Subscriber.quiet,
    Subscriber.enabled,
    Subscriber.disabled_reason,
    Subscriber.created_at,
    Subscriber.created_by,
    Subscriber.changed_at,
).where(Subscriber.deleted_at.is_(None))


async def subscriber(tx: AsyncConnection, id: str, *, lock: bool = False) -> SubscriberRow | None:  # noqa: A002
    """One subscriber, locked until the transaction ends when it is to be changed."""
    wanted = SUBSCRIBERS.where(Subscriber.id == id)
    row = (await tx.execute(wanted.with_for_update() if lock else wanted)).first()
    return None if row is None else SubscriberRow(*tuple(row))


async def subscribers_after(tx: AsyncConnection, channel: str, after: str | None, limit: int) -> list[SubscriberRow]:
    """A page of one channel by id, and one more."""
    wanted = SUBSCRIBERS.where(Subscriber.channel == channel).order_by(Subscriber.id).limit(limit + 1)
    if after is not None:
        wanted = wanted.where(Subscriber.id > after)
    return [SubscriberRow(*tuple(row)) for row in await tx.execute(wanted)]


async def count_live(tx: AsyncConnection, channel: str) -> int:
    """How many subscribers a channel has."""
    wanted = select(func.count()).where(Subscriber.channel == channel, Subscriber.deleted_at.is_(None))
    return int((await tx.execute(wanted)).scalar_one())


async def due_subscribers(tx: AsyncConnection, now: datetime) -> list[str]:
    """Who has something to be tried by `now`."""
    due = exists().where(Delivery.subscriber == Subscriber.id, Delivery.state == "waiting", Delivery.next_at <= now)
    return list((await tx.execute(select(Subscriber.id).where(Subscriber.enabled, due))).scalars())


async def claim(
    tx: AsyncConnection, subscriber: str, now: datetime, *, until: datetime, token: str, most: int
) -> list[Claimed]:
    """Take what one subscriber should get next, none that another sender holds; after `until` it is free again."""
    free = (
        select(Delivery.message)
        .where(Delivery.subscriber == subscriber, Delivery.state == "waiting", Delivery.next_at <= now)
        .order_by(Delivery.urgency, Delivery.queued_at, Delivery.message)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    ids = list((await tx.execute(free)).scalars())
    if not ids:
        return []
    await tx.execute(
        update(Delivery)
        .where(Delivery.subscriber == subscriber, Delivery.message.in_(ids))
        .values(claim=token, next_at=until)
    )
    rows = await tx.execute(
        select(Message.id, Message.type, Message.body, Delivery.attempts)
        .join(Delivery, and_(Delivery.message == Message.id, Delivery.subscriber == subscriber))
        .where(Message.id.in_(ids))
        .order_by(Delivery.urgency, Delivery.queued_at, Message.id)
    )
    return [Claimed(*row) for row in rows]


async def record_tries(
    tx: AsyncConnection, subscriber: str, tries: Sequence[Tried], *, token: str, now: datetime
) -> None:
    """Write what became of tries. What arrived has arrived, whoever holds it now; a failure counts for its own holder.

    A sender that was thought dead may come back: it must not send once more what another has brought home.
    """
    arrived = [one for one in tries if one.state == "delivered"]
    failed = [one for one in tries if one.state != "delivered"]
    mine = (Delivery.subscriber == subscriber, Delivery.message == bindparam("m"))
    said = {"attempts": bindparam("n"), "status": bindparam("s"), "answer": bindparam("a"), "tried_at": now}
    if arrived:
        await tx.execute(
            update(Delivery).where(*mine).values(state="delivered", delivered_at=now, claim=None, **said),
            [{"m": one.message, "n": one.attempts, "s": one.status, "a": one.answer} for one in arrived],
        )
    if failed:
        await tx.execute(
            update(Delivery)
            .where(*mine, Delivery.state == "waiting", Delivery.claim == token)
            .values(state=bindparam("t"), next_at=bindparam("x"), claim=None, **said),
            [
                {
                    "m": one.message,
                    "n": one.attempts,
                    "s": one.status,
                    "a": one.answer,
                    "t": one.state,
                    "x": one.next_at,
                }
                for one in failed
            ],
        )


async def oldest_waiting(tx: AsyncConnection) -> datetime | None:
    """Since when the oldest message that is still waiting for a live subscriber has waited."""
    live = select(Subscriber.id).where(Subscriber.enabled)
    wanted = select(func.min(Delivery.queued_at)).where(Delivery.state == "waiting", Delivery.subscriber.in_(live))
    return (await tx.execute(wanted)).scalar()


def deliveries_after(
    subscriber: str, filters: Mapping[str, Any], after: tuple[datetime, str] | None, limit: int
) -> Select[*tuple[Any, ...]]:
    """A page of what one subscriber was told, the newest first, and one more."""
    wanted = (
        select(
            Delivery.message,
            Message.type,
            Message.subject,
            Delivery.state,
            Delivery.queued_at,
            Delivery.next_at,
            Delivery.attempts,
            Delivery.tried_at,
            Delivery.status,
            Delivery.answer,
            Delivery.delivered_at,
        )
        .join(Message, Message.id == Delivery.message)
        .where(Delivery.subscriber == subscriber)
        .order_by(Delivery.queued_at.desc(), Delivery.message.desc())
        .limit(limit + 1)
    )
    if filters.get("state") is not None:
        wanted = wanted.where(Delivery.state == filters["state"])
    if after is not None:
        at, message = after
        place = (literal(at, Delivery.queued_at.type), literal(message))
        wanted = wanted.where(tuple_(Delivery.queued_at, Delivery.message) < tuple_(*place))
    return wanted


async def forget(tx: AsyncConnection, *, delivered_before: datetime, dead_before: datetime) -> int:
    """Drop what arrived, and what was given up, long ago; how many deliveries."""
    gone = select(Subscriber.id).where(Subscriber.deleted_at.is_not(None))
    done = await tx.execute(
        delete(Delivery).where(
            ((Delivery.state == "delivered") & (Delivery.queued_at < delivered_before))
            | ((Delivery.state == "dead") & (Delivery.queued_at < dead_before))
            | (Delivery.subscriber.in_(gone) & (Delivery.queued_at < delivered_before))
        )
    )
    left = exists().where(Delivery.message == Message.id)
    await tx.execute(delete(Message).where(Message.created_at < delivered_before, ~left))
    return int(done.rowcount)
