"""A receiver on loopback, a webhook that leads to it, and a courier that sends when it is told to."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from app.access.roles import Role
from app.kit.service import Service
from app.outbox import webhooks
from app.outbox.deliver import Courier
from app.outbox.events import Event
from app.outbox.senders import sender_of
from app.outbox.webhooks import Order
from app.outbox.write import publish
from tests.builders.access import an_actor
from tests.support.receiver import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Accepts everything until a test says otherwise."""
    async with receiving() as receiver:
        yield receiver


@dataclass
class Post:
    """The outbox of one service: who is told, what, and the sending of it."""

    service: Service
    courier: Courier
    secrets: dict[str, str]

    async def webhook(self, url: str, *, events: list[str] | None = None, department: str | None = None) -> str:
        """A webhook that is told everything; its id."""
        order = Order(url, "x", events, department)
        async with self.service.db.transaction() as tx:
            row, secret = await webhooks.create(
                tx, order, sealer=self.service.sealer, by=an_actor(Role.ADMIN), now=self.service.now.now()
            )
        self.secrets[row.id] = secret
        return row.id

    async def tell(self, *keys: str, type_: str = "alarm.raised", department: str | None = None) -> int:
        """Events by their keys; how many deliveries they make."""
        now = self.service.now.now()
        events = [Event(type_, key, key, now, {"id": key}, department) for key in keys]
        async with self.service.db.transaction() as tx:
            return await publish(tx, events, now=now)


def allow(service: Service, text: str) -> None:
    """Put these targets on the operator's list."""
    service.settings = service.settings.model_copy(update={"outbound_allow": text})


@pytest.fixture
def post(service: Service, receiver: Receiver) -> Post:
    """The outbox, with the receiver on the operator's list and no jitter."""
    allow(service, f"http://127.0.0.0/8:{receiver.port}")
    return Post(service, Courier(service, sender_of(service), chance=lambda: 0.0), {})
