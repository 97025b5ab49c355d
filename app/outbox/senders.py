"""How a message reaches each channel: put together once from the settings."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from app.kit.service import Service
from app.outbox.deliver import Courier, Outcome, Send, couriers
from app.outbox.queries import Claimed, SubscriberRow
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
    """What brings a message to a subscriber of whatever channel."""
    certificates, targets = certificates_of(service), targets_of(service.settings)
    channels: Mapping[str, Send] = {
        "webhook": send_webhook(service.sealer, targets, certificates, look_up=look_up),
    }

    async def send(to: SubscriberRow, one: Claimed, at: datetime) -> Outcome:
        return await channels[to.channel](to, one, at)

    return send


@asynccontextmanager
async def telling(service: Service) -> AsyncIterator[Courier]:
    """Messages are sent beside whatever the block does."""
    async with couriers(service, sender_of(service)) as courier:
        yield courier
