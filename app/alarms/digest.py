"""One message a department: what sweeps found for people is made one when all is found and the office is open."""

import json
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, delete, exists, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications.models import Application
from app.outbox.events import DIGEST, Event
from app.outbox.models import Delivery, Message, Subscriber
from app.outbox.quiet import calendar_of, opens_at
from app.outbox.write import publish_to

__all__ = ["fold"]

MOST: Final = 5_000
"""Messages of one digest; what is beyond comes with the next sweep."""
MOST_SHOWN: Final = 200


async def fold(tx: AsyncConnection, now: datetime) -> int:
    """Make one message of all that is held for each person or chat whose office is open now; how many messages.

    While another sweep still works on what has fallen due nothing is folded: its end does it. So an outage of three
    days ends in one digest a department, not in one for each batch.
    """
    held = exists().where(Delivery.subscriber == Subscriber.id, Delivery.state == "held")
    people = (
        await tx.execute(
            select(Subscriber.id, Subscriber.department)
            .where(Subscriber.quiet, Subscriber.enabled, held)
            .order_by(Subscriber.id)
        )
    ).all()
    if not people or await is_under_way(tx, now):
        return 0
    made = 0
    for subscriber, department in people:
        if opens_at(await calendar_of(tx, department), now) == now:
            made += await fold_one(tx, subscriber, department, now)
    return made


async def is_under_way(tx: AsyncConnection, now: datetime) -> bool:
    """Whether an application is due that another sweep holds; one that was set aside waits for its own reasons."""
    due = select(literal(1)).where(
        Application.next_look_at.is_not(None), Application.next_look_at <= now, Application.quarantined_at.is_(None)
    )
    return (await tx.execute(due.limit(1))).first() is not None


async def fold_one(tx: AsyncConnection, subscriber: str, department: str | None, now: datetime) -> int:
    """The digest of one subscriber; what it holds is held no more."""
    rows = (
        await tx.execute(
            select(Delivery.message, Message.type, Message.body)
            .join(Message, Message.id == Delivery.message)
            .where(Delivery.subscriber == subscriber, Delivery.state == "held")
            .order_by(Delivery.queued_at, Delivery.message)
            .limit(MOST)
            .with_for_update(of=Delivery, skip_locked=True)
        )
    ).all()
    if not rows:
        return 0
    told = [(type_, json.loads(body)["data"]) for _, type_, body in rows]
    alarms: list[dict[str, Any]] = [data for type_, data in told if type_.startswith("alarm.")]
    alarms.sort(key=lambda alarm: (alarm["crossed_at"], alarm["id"]))
    orders = [{"type": type_, **data} for type_, data in told if type_.startswith("order.")]
    orders.sort(key=lambda order: (order["at"], order["id"], order["order_version"]))
    kinds = [type_ for type_, _ in told]
    data = {
        "department": department,
        "count": len(rows),
        "raised": kinds.count("alarm.raised"),
        "withdrawn": kinds.count("alarm.withdrawn"),
        "alarms": alarms[:MOST_SHOWN],
        "orders": orders[:MOST_SHOWN],
    }
    event = Event(DIGEST, f"{subscriber} {rows[0].message} {now.isoformat()}", subscriber, now, data, department)
    await publish_to(tx, subscriber, event, now=now)
    messages = [message for message, _, _ in rows]
    await tx.execute(delete(Delivery).where(and_(Delivery.subscriber == subscriber, Delivery.message.in_(messages))))
    return 1
