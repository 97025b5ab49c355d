"""Gateways and robots: one HTTP template each; its texts are filled in, never its structure; its answer is judged."""

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from app.access.keys import COMMAND
from app.kit.service import Service
from app.outbox.channels import ChannelsRefused, load, read_channels
from app.outbox.events import DIGEST, Event
from app.outbox.models import Delivery, Subscriber
from app.outbox.signing import dingtalk
from app.outbox.targets import targets_of
from app.outbox.write import publish_to
from tests.conftest import Hands
from tests.outbox.conftest import Post
from tests.support.receiver import Receiver, reply

ALARM = {"tracking_number": "Q0QJ-WRBA-61TW-PZ", "clock": "notice", "stage": '"}, {"x": "', "kind": "overdue",
         "withdrawn": None, "due_at": "2026-11-10T00:00:00+08:00"}  # fmt: skip
SMS = """
templates:
  sms:
    headers: {X-Token: "${secret}"}
    form: true
    body: {mobiles: "${to}", content: "${title} ${text}"}
    accepted: {/result/code: "OK"}
channels:
  - {name: one, template: TEMPLATE, url: "URL", secret: SEC123, to: ["13800000000", "13900000000"]}
"""


async def channel(post: Post, receiver: Receiver, template: str) -> None:
    """One channel by a template, and a digest that is on its way to it."""
    text = SMS.replace("TEMPLATE", template).replace("URL", f"{receiver.url}?key=1")
    file = read_channels(text, targets_of(post.service.settings))
    now = post.service.now.now()
    async with post.service.db.transaction() as tx:
        await load(tx, file, sealer=post.service.sealer, by=COMMAND, now=now)
        data = {"count": 1, "raised": 1, "withdrawn": 0, "alarms": [ALARM]}
        await publish_to(tx, "channel:one", Event(DIGEST, "k", "channel:one", now, data), now=now)


async def state(service: Service) -> str:
    async with service.db.read() as tx:
        return str((await tx.execute(select(Delivery.state))).scalar_one())


@pytest.mark.parametrize("template", ["wecom", "dingtalk"])
async def test_a_robot_gets_a_text_and_is_believed_by_its_errcode(
    post: Post, receiver: Receiver, service: Service, hands: Hands, template: str
) -> None:
    await channel(post, receiver, template)
    receiver.answer = lambda request: [reply(200, b'{"errcode": 45009, "errmsg": "too many"}')]
    await post.courier.settle()
    assert await state(service) == "waiting", "a 200 is no acceptance here"
    receiver.answer = lambda request: [0.3, reply(200, b'{"errcode": 0, "errmsg": "ok"}')]
    hands.advance(timedelta(seconds=10))
    await post.courier.settle()
    assert await state(service) == "delivered"
    first, again = receiver.requests
    assert first.body == again.body
    document = json.loads(again.body)
    assert set(document) == {"msgtype", "text"}
    assert document["text"]["content"].startswith("时限提醒：1 条\nQ0QJ-WRBA-61TW-PZ ")
    assert '"}, {"x": "' in document["text"]["content"], "a text never becomes structure"
    query = parse_qs(urlsplit(again.target).query)
    assert query["key"] == ["1"]
    if template == "dingtalk":
        timestamp, sign = dingtalk("SEC123", hands.now())
        assert query["timestamp"] == [timestamp]
        assert f"sign={sign}" in again.target


async def test_a_gateway_of_text_messages_is_what_its_template_says(
    post: Post, receiver: Receiver, service: Service
) -> None:
    await channel(post, receiver, "sms")
    receiver.answer = lambda request: [reply(200, b'{"result": {"code": "OK"}}')]
    await post.courier.settle()
    assert await state(service) == "delivered"
    [request] = receiver.requests
    assert request.headers["x-token"] == "SEC123"
    sent = parse_qs(request.body.decode())
    assert sent["mobiles"] == ["13800000000,13900000000"]
    assert "Q0QJ-WRBA-61TW-PZ" in sent["content"][0]


@pytest.mark.parametrize("answer", [b"", b"[]", b"OK", b'{"result": "OK"}', b"[" * 5000, b'{"result":{"code":"KO"}}'])
async def test_whatever_else_it_answers_is_no_acceptance(
    post: Post, receiver: Receiver, service: Service, answer: bytes
) -> None:
    await channel(post, receiver, "sms")
    receiver.answer = lambda request: [reply(200, answer)]
    await post.courier.settle()
    assert await state(service) == "waiting"


async def test_the_address_and_the_secret_lie_sealed_and_a_channel_that_is_left_out_ends(
    post: Post, receiver: Receiver, service: Service
) -> None:
    await channel(post, receiver, "wecom")
    async with service.db.transaction() as tx:
        [sealed] = (await tx.execute(select(Subscriber.sealed))).scalars()
        assert b"SEC123" not in sealed
        file = read_channels("channels: []", targets_of(service.settings))
        assert await load(tx, file, sealer=service.sealer, by=COMMAND, now=service.now.now()) == (0, 1)
    await post.courier.settle()
    assert receiver.requests == []


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "channels: 5", "channels: [{name: a}]", "channels: [{name: a, mail: [x]}]", "\x00",
        "channels: [{name: a, mail: ['a@b.cn\\r\\nBcc: x@y.cn']}]", "channels: [{name: a, mail: ['a@b.cn, c@d.cn']}]",
        "channels: [{name: a, mail: [a@b.cn]}, {name: a, mail: [a@b.cn]}]", "channels: [{name: a, template: wecom}]",
        "channels: [{name: a, template: none, url: 'https://192.0.2.7/'}]",
        "channels: [{name: a, template: wecom, url: 'http://127.0.0.1/'}]", "a: !!python/object:os.system {}",
        "templates: {t: {body: {}, headers: {'X: 1': y}}}\nchannels: []",
        "templates: {t: {body: {}, headers: {X: \"a\\r\\nY: 1\"}}}\nchannels: []",
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_anywhere_is_refused_as_a_whole(service: Service, text: str) -> None:
    with pytest.raises(ChannelsRefused):
        read_channels(text, targets_of(service.settings))
