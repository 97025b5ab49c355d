"""Webhooks: made, changed, given a new secret, tried, sent to, replayed."""

import asyncio
import json
import secrets
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import httpx2
from sqlalchemy import insert, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit
from app.access.queries import department_is_known
from app.kit.problems import Problem, invalid
from app.kit.sealing import Sealer
from app.kit.turns import take_turn
from app.outbox import queries, signing
from app.outbox.deliver import Outcome
from app.outbox.events import MEDIA_TYPE, PING, Event
from app.outbox.models import Delivery, Subscriber
from app.outbox.queries import Claimed, SubscriberRow
from app.outbox.targets import Refused, Resolve, Targets, exchange, resolve
from app.outbox.write import publish_to

__all__ = [
    "MOST_WEBHOOKS",
    "Change",
    "Order",
    "change",
    "create",
    "new_secret",
    "opened",
    "ping",
    "remove",
    "replay",
    "require_allowed",
    "sealed",
    "send_webhook",
]

MOST_WEBHOOKS: Final = 200
BOUND_LOCK: Final = 7_238_411_913
BOTH_LIVE: Final = timedelta(hours=24)
"""How long the secret before is still signed with."""
LOOK_UP_SECONDS: Final = 5.0
ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
CHANNEL: Final = "webhook"


class Address(NamedTuple):
    """Where a webhook sends to, and with which secrets."""

    url: str
    secret: str
    previous: str | None = None
    previous_until: datetime | None = None

    def alive(self, at: datetime) -> list[str]:
        """The secrets that sign at an instant, the newest first."""
        both = self.previous is not None and self.previous_until is not None and at < self.previous_until
        return [self.secret, self.previous] if both and self.previous is not None else [self.secret]


class Order(NamedTuple):
    """What a new webhook is to be."""

    url: str
    name: str
    events: list[str] | None
    department: str | None


class Change(NamedTuple):
    """What is to be different; what is not named stays."""

    url: str | None
    values: dict[str, Any]
    """Columns by name."""


def new_id() -> str:
    """The identity of a webhook: random, so that it says nothing."""
    return "wh_" + "".join(secrets.choice(ALPHABET) for _ in range(16))


def place_of(id: str) -> bytes:  # noqa: A002
    """Where the address of a subscriber is sealed for."""
    return f"subscriber {id}".encode()


def sealed(sealer: Sealer, id: str, address: Address) -> bytes:  # noqa: A002
    """The address as it is stored."""
    until = None if address.previous_until is None else address.previous_until.isoformat()
    text = json.dumps([address.url, address.secret, address.previous, until])
    return sealer.seal(text.encode(), place_of(id))


def opened(sealer: Sealer, row: SubscriberRow) -> Address:
    """The address that is stored."""
    url, secret, previous, until = json.loads(sealer.open(row.sealed, place_of(row.id)))
    return Address(url, secret, previous, None if until is None else datetime.fromisoformat(until))


async def require_allowed(url: str, targets: Targets, *, look_up: Resolve = resolve) -> None:
    """422 where nothing may be sent to this address, as far as can be known now; every delivery judges again."""
    try:
        place = targets.place(url)
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                addresses = await look_up(place.host, place.port)
        except (OSError, UnicodeError, TimeoutError):
            raise Refused("has no address") from None
        targets.require(place, addresses)
    except Refused as reason:
        raise invalid("body", "/url", "target_not_allowed", str(reason)) from None


async def create(
    tx: AsyncConnection, order: Order, *, sealer: Sealer, by: audit.Doer, now: datetime
) -> tuple[SubscriberRow, str]:
    """Store a webhook and give it a secret, which is told this once."""
    await take_turn(tx, BOUND_LOCK)
    if await queries.count_live(tx, CHANNEL) >= MOST_WEBHOOKS:
        raise Problem(409, "too_many_webhooks", f"There are {MOST_WEBHOOKS} webhooks already.")
    await require_department(tx, order.department)
    id_, secret = new_id(), signing.make_secret()
    values = {
        "id": id_,
        "channel": CHANNEL,
        "name": order.name,
        "sealed": sealed(sealer, id_, Address(order.url, secret)),
        "events": order.events,
        "department": order.department,
        "quiet": False,
        "enabled": True,
        "created_at": now,
        "created_by": by.credential,
        "changed_at": now,
    }
    await tx.execute(insert(Subscriber), values)
    detail = {"events": order.events, "department": order.department}
    await audit.record(tx, by, "create_webhook", id_, at=now, detail=detail)
    return await require(tx, id_), secret


async def require(tx: AsyncConnection, id: str, *, lock: bool = False) -> SubscriberRow:  # noqa: A002
    """A webhook, or 404."""
    row = await queries.subscriber(tx, id, lock=lock)
    if row is None or row.channel != CHANNEL:
        raise Problem(404, "webhook_unknown", "There is no webhook with this id.")
    return row


async def require_department(tx: AsyncConnection, department: str | None) -> None:
    """422 for a department that is not known."""
    if department is not None and not await department_is_known(tx, department):
        raise invalid("body", "/department", "department_unknown", "There is no department with this code.")


async def change(
    tx: AsyncConnection,
    id: str,  # noqa: A002
    wanted: Change,
    *,
    sealer: Sealer,
    by: audit.Doer,
    now: datetime,
) -> SubscriberRow:
    """Change a webhook. One that is enabled again gets what has waited, not what happened while it was disabled."""
    row = await require(tx, id, lock=True)
    values = dict(wanted.values)
    await require_department(tx, values.get("department"))
    if wanted.url is not None:
        values["sealed"] = sealed(sealer, id, opened(sealer, row)._replace(url=wanted.url))
    if values.get("enabled") is True:
        values["disabled_reason"] = None
    elif values.get("enabled") is False and row.enabled:
        values["disabled_reason"] = "by_hand"
    await tx.execute(update(Subscriber).where(Subscriber.id == id).values(**values, changed_at=now))
    changed = sorted({"url" if name == "sealed" else name for name in values})
    await audit.record(tx, by, "change_webhook", id, at=now, detail={"fields": changed})
    return await require(tx, id)


async def remove(tx: AsyncConnection, id: str, *, by: audit.Doer, now: datetime) -> None:  # noqa: A002
    """End a webhook: nothing more is sent, its address and secrets are wiped, what it was told is kept a while."""
    await require(tx, id, lock=True)
    gone = {"enabled": False, "disabled_reason": "deleted", "sealed": b"", "deleted_at": now, "changed_at": now}
    await tx.execute(update(Subscriber).where(Subscriber.id == id).values(**gone))
    await audit.record(tx, by, "delete_webhook", id, at=now)


async def new_secret(
    tx: AsyncConnection,
    id: str,  # noqa: A002
    *,
    sealer: Sealer,
    by: audit.Doer,
    now: datetime,
) -> tuple[str, datetime]:
    """A new secret, told this once; for a day both sign, so that the receiver can change over. Until when."""
    row = await require(tx, id, lock=True)
    before = opened(sealer, row)
    secret, until = signing.make_secret(), now + BOTH_LIVE
    address = Address(before.url, secret, before.secret, until)
    await tx.execute(
        update(Subscriber).where(Subscriber.id == id).values(sealed=sealed(sealer, id, address), changed_at=now)
    )
    await audit.record(tx, by, "rotate_webhook_secret", id, at=now)
    return secret, until


async def ping(tx: AsyncConnection, id: str, *, by: audit.Doer, now: datetime) -> str:  # noqa: A002
    """Send a message that says nothing, to see whether it arrives; its identity."""
    row = await require(tx, id)
    if not row.enabled:
        raise Problem(409, "webhook_disabled", "Nothing is sent to a webhook that is disabled.")
    event = Event(PING, f"{id}.{secrets.token_hex(8)}", id, now, {"webhook": id})
    message = await publish_to(tx, id, event, now=now)
    await audit.record(tx, by, "ping_webhook", id, at=now)
    return message


async def replay(
    tx: AsyncConnection,
    id: str,  # noqa: A002
    *,
    since: datetime | None,
    messages: Sequence[str],
    by: audit.Doer,
    now: datetime,
) -> int:
    """Let messages be sent again under their own identity: those named, or what was queued since; how many.

    Without either: what was given up. A message that is waiting goes at once.
    """
    await require(tx, id)
    chosen = [Delivery.subscriber == id]
    if messages:
        chosen.append(Delivery.message.in_(messages))
    elif since is not None:
        chosen.append(Delivery.queued_at >= since)
    else:
        chosen.append(Delivery.state == "dead")
    done = await tx.execute(
        update(Delivery)
        .where(*chosen, or_(Delivery.claim.is_(None), Delivery.next_at <= now))
        .values(state="waiting", next_at=now, attempts=0, claim=None)
    )
    detail = {"since": None if since is None else since.isoformat(), "messages": len(messages), "again": done.rowcount}
    await audit.record(tx, by, "replay_webhook", id, at=now, detail=detail)
    return int(done.rowcount)


def send_webhook(
    sealer: Sealer, targets: Targets, certificates: ssl.SSLContext, *, look_up: Resolve = resolve
) -> Callable[[SubscriberRow, Claimed, datetime], Any]:
    """What brings a message to a webhook: signed, within ten seconds, to an address that was judged."""

    async def send(to: SubscriberRow, one: Claimed, at: datetime) -> Outcome:
        address = opened(sealer, to)
        headers = {
            "content-type": MEDIA_TYPE,
            "user-agent": "shixian",
            "accept-encoding": "identity",
            **signing.headers(address.alive(at), one.message, at, one.body),
        }
        return await attempt(
            httpx2.Request("POST", address.url, content=one.body, headers=headers), targets, certificates, look_up
        )

    return send


async def attempt(request: httpx2.Request, targets: Targets, certificates: ssl.SSLContext, look_up: Resolve) -> Outcome:
    """One request and what came of it. A redirect is no acceptance: nobody judged where it leads."""
    try:
        answered = await exchange(request, targets, certificates, look_up=look_up)
    except Refused as reason:
        return Outcome(False, answer=f"refused: {reason}")
    except TimeoutError:
        return Outcome(False, answer="no answer in time")
    except (OSError, httpx2.HTTPError) as error:
        return Outcome(False, answer=f"no answer: {type(error).__name__}")
    return Outcome(
        accepted=200 <= answered.status < 300,
        status=answered.status,
        answer=answered.shown,
        retry_after=answered.retry_after,
        gone=answered.status == 410,
    )
