"""How a message reaches each channel: put together once from the settings."""

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from app.kit.service import Service
from app.outbox.channels import place_of_channel
from app.outbox.deliver import Courier, Outcome, Send, couriers
from app.outbox.gateways import Gateway, send_through
from app.outbox.mail import send_mail
from app.outbox.queries import Claimed, SubscriberRow
from app.outbox.quiet import calendar_of, opens_at
from app.outbox.targets import Resolve, resolve, targets_of
from app.outbox.webhooks import send_webhook

__all__ = ["certificates_of", "sender_of", "telling"]


def certificates_of(service: Service) -> ssl.SSLContext:
    """The authorities that receivers are believed by: the machine's, and those of the settings."""
    certificates = ssl.create_default_context()
    if service.settings.outbound_ca_file is not None:
        certificates.load_verify_locations(service.settings.outbound_ca_file)
    return certificates


def sender_of(service: Service, *, look_up: Resolve = resolve) -> Send:
    """What brings a message to a subscriber of whatever channel; people are told within their working hours."""
    certificates, targets = certificates_of(service), targets_of(service.settings)
    webhook = send_webhook(service.sealer, targets, certificates, look_up=look_up)
    mail = send_mail(service.settings, certificates)

    async def send(to: SubscriberRow, one: Claimed, at: datetime) -> Outcome:
        if to.channel == "webhook":
            sent: Outcome = await webhook(to, one, at)
            return sent
        async with service.db.read() as tx:
            opening = opens_at(await calendar_of(tx, to.department), at)
        if opening > at:
            return Outcome(False, answer="waits for working hours", wait_until=opening)
        address = json.loads(service.sealer.open(to.sealed, place_of_channel(to.id)))
        if to.channel == "mail":
            return await mail(address["mail"], one.message, one.body, at)
        gateway = Gateway(**address)
        return await send_through(
            gateway, one.message, one.body, at, targets=targets, certificates=certificates, look_up=look_up
        )

    return send


@asynccontextmanager
async def telling(service: Service) -> AsyncIterator[Courier]:
    """Messages are sent beside whatever the block does."""
    async with couriers(service, sender_of(service)) as courier:
        yield courier
