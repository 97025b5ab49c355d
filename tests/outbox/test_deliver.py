"""Messages arrive, signed, under one identity, whatever the receiver and the senders do."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections import Counter
from datetime import timedelta

from sqlalchemy import select

from app.access.roles import Role
from app.kit.service import Service
from app.outbox import webhooks
from app.outbox.deliver import BACK_OFF, Courier, next_try
from app.outbox.models import Delivery, Subscriber
from app.outbox.senders import sender_of
from tests.builders.access import an_actor
from tests.conftest import Hands
from tests.outbox.conftest import Post, allow
from tests.support.receiver import Receiver, Request, receiving, reply


def is_signed(request: Request, secret: str) -> bool:
    """As a receiver checks it: `id.timestamp.body` under the secret's bytes."""
    said = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    digest = hmac.new(base64.b64decode(secret[6:]), said, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}" in request.headers["webhook-signature"].split(" ")


async def states(service: Service) -> Counter[str]:
    async with service.db.read() as tx:
        return Counter((await tx.execute(select(Delivery.state))).scalars())


async def test_a_message_arrives_once_and_signed(post: Post, receiver: Receiver, service: Service) -> None:
    hook = await post.webhook(receiver.url)
    await post.tell("a", "b")
    await post.courier.settle()
    assert len(receiver.requests) == 2
    for request in receiver.requests:
        assert is_signed(request, post.secrets[hook])
        assert request.headers["content-type"] == "application/cloudevents+json"
        assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
        assert "cookie" not in request.headers
    await post.courier.settle()
    assert len(receiver.requests) == 2
    assert await states(service) == {"delivered": 2}


async def test_a_failure_is_tried_again_after_the_steps_of_the_back_off(
    post: Post, receiver: Receiver, service: Service, hands: Hands
) -> None:
    await post.webhook(receiver.url)
    receiver.answer = lambda request: [reply(500, b"no\x00\x1b[31m" + b"x" * 500)]
    await post.tell("a")
    await post.courier.settle()
    for tries, rest in enumerate(BACK_OFF, 1):
        hands.advance(rest - timedelta(seconds=1))
        await post.courier.settle()
        assert len(receiver.requests) == tries
        hands.advance(timedelta(seconds=1))
        await post.courier.settle()
        assert len(receiver.requests) == tries + 1
    assert await states(service) == {"dead": 1}
    async with service.db.read() as tx:
        status, answer, attempts = (await tx.execute(select(Delivery.status, Delivery.answer, Delivery.attempts))).one()
    assert (status, attempts) == (500, len(BACK_OFF) + 1)
    assert answer is not None
    assert answer.startswith("no")
    assert answer.isprintable()
    assert len(answer) <= 200
    assert len({(request.headers["webhook-id"], request.body) for request in receiver.requests}) == 1


def test_the_back_off_lasts_about_four_days_with_a_fifth_of_chance(hands: Hands) -> None:
    assert timedelta(days=3.5) < sum(BACK_OFF, timedelta()) < timedelta(days=4)
    now = hands.now()
    for chance, factor in ((-1.0, 0.8), (0.0, 1.0), (1.0, 1.2)):
        assert next_try(3, now, retry_after=None, chance=chance) == now + timedelta(seconds=300) * factor
    assert next_try(len(BACK_OFF) + 1, now, retry_after=None, chance=0) is None


def test_a_receiver_may_ask_for_a_longer_rest_up_to_a_day(hands: Hands) -> None:
    now = hands.now()
    for text, rest in (
        ("120", 120),
        ("3", 10),
        ("999999999999", 86_400),
        ("Mon, 02 Nov 2026 02:00:00 GMT", 3600),
        ("Mon, 02 Nov 2025 02:00:00 GMT", 10),
        ("soon", 10),
        ("-5", 10),
        ("٣٠٠", 10),
    ):
        assert next_try(1, now, retry_after=text, chance=0) == now + timedelta(seconds=rest), text


async def test_retry_after_is_heeded(post: Post, receiver: Receiver, hands: Hands) -> None:
    await post.webhook(receiver.url)
    receiver.answer = lambda request: [reply(429, retry_after="600")]
    await post.tell("a")
    await post.courier.settle()
    hands.advance(timedelta(seconds=599))
    await post.courier.settle()
    assert len(receiver.requests) == 1
    hands.advance(timedelta(seconds=1))
    await post.courier.settle()
    assert len(receiver.requests) == 2


async def test_410_disables_the_webhook_and_what_waits_goes_on_when_it_is_enabled(
    post: Post, receiver: Receiver, service: Service, hands: Hands
) -> None:
    hook = await post.webhook(receiver.url)
    receiver.answer = lambda request: [reply(410)]
    await post.tell("a")
    await post.courier.settle()
    async with service.db.read() as tx:
        enabled, reason = (await tx.execute(select(Subscriber.enabled, Subscriber.disabled_reason))).one()
    assert (enabled, reason) == (False, "gone")
    hands.advance(timedelta(days=1))
    await post.courier.settle()
    assert len(receiver.requests) == 1
    receiver.answer = lambda request: [reply(200)]
    async with service.db.transaction() as tx:
        change = webhooks.Change(None, {"enabled": True})
        by = an_actor(Role.ADMIN)
        await webhooks.change(tx, hook, change, sealer=service.sealer, by=by, now=hands.now())
    await post.courier.settle()
    assert await states(service) == {"delivered": 1}


async def test_a_redirect_is_not_followed_and_is_no_acceptance(
    post: Post, receiver: Receiver, service: Service
) -> None:
    async with receiving() as canary:
        receiver.answer = lambda request: [reply(307, location=canary.url)]
        await post.webhook(receiver.url)
        await post.tell("a")
        await post.courier.settle()
        assert canary.connections == 0
    assert await states(service) == {"waiting": 1}


async def test_of_a_long_answer_no_more_than_64_kib_are_read(post: Post, receiver: Receiver, service: Service) -> None:
    receiver.answer = lambda request: [
        b"HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n",
        b"10000\r\n" + b"x" * 65536 + b"\r\n",
        30.0,
    ]
    await post.webhook(receiver.url)
    await post.tell("a")
    begun = time.monotonic()
    await post.courier.settle()
    assert time.monotonic() - begun < 5
    assert await states(service) == {"delivered": 1}


async def test_a_sender_that_died_after_the_answer_sends_the_same_again(
    post: Post, receiver: Receiver, service: Service, hands: Hands
) -> None:
    """Killed between the 200 and the mark: the claim runs out, and the same bytes go under the same identity."""
    await post.webhook(receiver.url)
    await post.tell("a")
    dead = Courier(service, sender_of(service))

    async def lost(*_: object, **__: object) -> None:
        raise OSError("killed")

    dead._write = lost  # type: ignore[method-assign]
    await dead.settle()
    assert len(receiver.requests) == 1
    await post.courier.settle()
    assert len(receiver.requests) == 1, "another holds it"
    hands.advance(timedelta(seconds=121))
    await post.courier.settle()
    first, again = receiver.requests
    assert (first.headers["webhook-id"], first.body) == (again.headers["webhook-id"], again.body)
    assert await states(service) == {"delivered": 1}


async def test_three_senders_send_each_message_once(post: Post, receiver: Receiver, service: Service) -> None:
    await post.webhook(receiver.url)
    await post.tell(*(f"{n}" for n in range(120)))
    others = [Courier(service, sender_of(service)) for _ in range(2)]
    await asyncio.gather(*(courier.settle() for courier in (post.courier, *others)))
    assert Counter(request.headers["webhook-id"] for request in receiver.requests).most_common(1)[0][1] == 1
    assert len(receiver.requests) == 120
    assert await states(service) == {"delivered": 120}


SLOWLY: list[bytes | float] = [b"x", 0.2] * 100


async def test_a_slow_receiver_holds_up_nobody_else(post: Post, receiver: Receiver, service: Service) -> None:
    """One drips a byte at a time, one is healthy."""
    async with receiving() as slow:
        slow.answer = lambda request: [b"HTTP/1.1 200 x\r\ncontent-length: 999\r\n\r\n", *SLOWLY]
        allow(service, f"http://127.0.0.0/8:{receiver.port},http://127.0.0.0/8:{slow.port}")
        courier = Courier(service, sender_of(service))
        await post.webhook(slow.url)
        await post.webhook(receiver.url)
        await post.tell(*(f"{n}" for n in range(60)))
        begun = time.monotonic()
        await courier.begin()
        while len(receiver.requests) < 60 and time.monotonic() - begun < 9:  # noqa: ASYNC110 the receiver knows no event
            await asyncio.sleep(0.02)
        assert len(receiver.requests) == 60
        assert slow.most_at_once <= 2
        await courier.stop()


async def test_alarms_go_before_what_only_informs_and_the_oldest_first(
    post: Post, receiver: Receiver, hands: Hands
) -> None:
    await post.webhook(receiver.url)
    await post.tell("informs", type_="alarm.withdrawn")
    hands.advance(timedelta(seconds=1))
    await post.tell("first")
    hands.advance(timedelta(seconds=1))
    await post.tell("second")
    order: list[str] = []
    receiver.answer = lambda request: [0.05, reply(204)]
    await post.courier.settle()
    order = [request.body.decode().split('"subject":"')[1].split('"')[0] for request in receiver.requests]
    assert set(order[:2]) == {"first", "second"}
    assert order[2] == "informs"


async def test_for_a_day_both_secrets_sign_then_the_new_one_alone(
    post: Post, receiver: Receiver, service: Service, hands: Hands
) -> None:
    hook = await post.webhook(receiver.url)
    async with service.db.transaction() as tx:
        new, until = await webhooks.new_secret(
            tx, hook, sealer=service.sealer, by=an_actor(Role.ADMIN), now=hands.now()
        )
    assert until == hands.now() + timedelta(hours=24)
    await post.tell("a")
    await post.courier.settle()
    hands.advance(timedelta(hours=24))
    await post.tell("b")
    await post.courier.settle()
    during, after = receiver.requests
    assert is_signed(during, post.secrets[hook])
    assert is_signed(during, new)
    assert is_signed(after, new)
    assert not is_signed(after, post.secrets[hook])


async def test_what_waits_is_claimed_in_small_batches(post: Post, receiver: Receiver, service: Service) -> None:
    await post.webhook(receiver.url)
    await post.tell(*(f"{n}" for n in range(1200)))
    hook = (await hooks(service))[0]
    assert await post.courier.deliver(hook) == 8
    assert receiver.most_at_once <= 2


async def hooks(service: Service) -> list[str]:
    async with service.db.read() as tx:
        return list((await tx.execute(select(Subscriber.id))).scalars())
