"""Webhooks over HTTP: who makes them, what is shown of them, what became of what they were told."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from app.access.models import AuditEntry
from app.kit.service import Service
from app.outbox.models import Subscriber
from tests.conftest import Hands
from tests.outbox.conftest import Post
from tests.outbox.test_deliver import is_signed
from tests.support.receiver import Receiver, reply

Json = dict[str, Any]  # a JSON object
HOOKS = "/api/v1/webhooks"


class Desk:
    """The admin's desk."""

    def __init__(self, client: httpx2.AsyncClient, keys: Mapping[str, str]) -> None:
        self.client, self.keys = client, keys

    async def ask(self, method: str, path: str, body: Any = None, role: str = "admin") -> httpx2.Response:  # any JSON
        headers = {"X-API-Key": self.keys[role], "Accept-Language": "en"}
        return await self.client.request(method, HOOKS + path, json=body, headers=headers)

    async def make(self, url: str, **more: Any) -> Json:  # any JSON
        answer = await self.ask("POST", "", {"url": url, "name": "监察局", **more})
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made


@pytest.fixture
def desk(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Desk:
    return Desk(client, keys)


async def test_a_secret_is_shown_once_and_stored_sealed(
    desk: Desk, post: Post, receiver: Receiver, service: Service
) -> None:
    made = await desk.make(receiver.url)
    assert made["secret"].startswith("whsec_")
    for path in ("", f"/{made['id']}", f"/{made['id']}/deliveries"):
        for role in ("admin", "auditor"):
            answer = await desk.ask("GET", path, role=role)
            assert answer.status_code == 200
            assert "whsec" not in answer.text
    async with service.db.read() as tx:
        [sealed] = (await tx.execute(select(Subscriber.sealed))).scalars()
        trail = (await tx.execute(select(AuditEntry.action, AuditEntry.object, AuditEntry.detail))).all()
    assert made["secret"][6:].encode() not in sealed
    assert receiver.url.encode() not in sealed
    assert "whsec" not in str(trail)
    assert ("create_webhook", made["id"]) in [tuple(row[:2]) for row in trail]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "https://127.0.0.1/", "https://10.0.0.1/", "https://no-such-name.invalid/", "x"]
)
async def test_a_target_that_is_not_allowed_is_refused_at_once(desk: Desk, url: str) -> None:
    answer = await desk.ask("POST", "", {"url": url, "name": "x"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/url"
    made = await desk.make("https://192.0.2.7/hook")
    changed = await desk.ask("PATCH", f"/{made['id']}", {"url": url})
    assert changed.status_code == 422
    assert (await desk.ask("GET", f"/{made['id']}")).json()["url"] == "https://192.0.2.7/hook"


async def test_a_ping_says_whether_messages_arrive(desk: Desk, post: Post, receiver: Receiver, hands: Hands) -> None:
    made = await desk.make(receiver.url, events=["alarm.withdrawn"])
    message = (await desk.ask("POST", f"/{made['id']}/ping")).json()["message"]
    await post.courier.settle()
    [request] = receiver.requests
    assert request.headers["webhook-id"] == message
    assert is_signed(request, made["secret"])
    [row] = (await desk.ask("GET", f"/{made['id']}/deliveries")).json()["items"]
    assert (row["message"], row["type"], row["state"], row["state_label"]) == (
        message, "webhook.test", "delivered", "Delivered",
    )  # fmt: skip
    assert (row["status"], row["attempts"], row["next_try_at"]) == (204, 1, None)


async def test_what_was_given_up_is_listed_and_sent_again_under_its_own_identity(
    desk: Desk, post: Post, receiver: Receiver, hands: Hands
) -> None:
    made = await desk.make(receiver.url)
    receiver.answer = lambda request: [reply(503, "维护中".encode())]
    await post.tell("a", "b")
    for _ in range(11):
        await post.courier.settle()
        hands.advance(timedelta(days=1))
    dead = (await desk.ask("GET", f"/{made['id']}/deliveries?state=dead")).json()["items"]
    assert len(dead) == 2
    assert {row["answer"] for row in dead} == {"维护中"}
    bodies = {request.headers["webhook-id"]: request.body for request in receiver.requests}

    receiver.requests.clear()
    receiver.answer = lambda request: [reply(200)]
    named = dead[0]["message"]
    assert (await desk.ask("POST", f"/{made['id']}/replay", {"messages": [named]})).json() == {"again": 1}
    await post.courier.settle()
    assert [request.headers["webhook-id"] for request in receiver.requests] == [named]
    assert (await desk.ask("POST", f"/{made['id']}/replay", {})).json() == {"again": 1}
    await post.courier.settle()
    assert {request.headers["webhook-id"]: request.body for request in receiver.requests} == bodies
    since = (hands.now() - timedelta(days=30)).isoformat()
    assert (await desk.ask("POST", f"/{made['id']}/replay", {"since": since})).json() == {"again": 2}
    later = hands.now().isoformat()
    assert (await desk.ask("POST", f"/{made['id']}/replay", {"since": later})).json() == {"again": 0}


async def test_a_new_secret_is_shown_once(desk: Desk, post: Post, receiver: Receiver, hands: Hands) -> None:
    made = await desk.make(receiver.url)
    rotated = (await desk.ask("POST", f"/{made['id']}/secret")).json()
    assert rotated["secret"] != made["secret"]
    shown = (await desk.ask("GET", f"/{made['id']}")).json()
    assert shown["previous_secret_until"] == rotated["previous_secret_until"]
    hands.advance(timedelta(hours=24))
    assert (await desk.ask("GET", f"/{made['id']}")).json()["previous_secret_until"] is None


async def test_a_change_touches_what_it_names(desk: Desk, post: Post, receiver: Receiver) -> None:
    made = await desk.make(receiver.url, events=["alarm.raised"], department="D1")
    changed = (await desk.ask("PATCH", f"/{made['id']}", {"name": "y"})).json()
    assert changed == {**{k: v for k, v in made.items() if k != "secret"}, "name": "y"}
    changed = (await desk.ask("PATCH", f"/{made['id']}", {"events": None, "department": None})).json()
    assert (changed["events"], changed["department"]) == (None, None)
    assert (await desk.ask("PATCH", f"/{made['id']}", {"enabled": False})).json()["disabled_reason"] == "by_hand"
    await post.tell("a")
    await post.courier.settle()
    assert receiver.requests == []
    assert (await desk.ask("POST", f"/{made['id']}/ping")).status_code == 409
    assert (await desk.ask("PATCH", f"/{made['id']}", {"department": "nowhere"})).status_code == 422
    assert (await desk.ask("PATCH", f"/{made['id']}", {})).status_code == 422


async def test_after_its_end_nothing_is_sent_and_nothing_can_be_read_back(
    desk: Desk, post: Post, receiver: Receiver, service: Service
) -> None:
    made = await desk.make(receiver.url)
    await post.tell("a")
    assert (await desk.ask("DELETE", f"/{made['id']}")).status_code == 204
    await post.tell("b")
    await post.courier.settle()
    assert receiver.requests == []
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/deliveries"), ("POST", "/ping"), ("POST", "/secret")):
        assert (await desk.ask(method, f"/{made['id']}{path}")).status_code == 404
    async with service.db.read() as tx:
        assert list((await tx.execute(select(Subscriber.sealed))).scalars()) == [b""]


async def test_lists_go_page_by_page(desk: Desk, post: Post, receiver: Receiver) -> None:
    made = [await desk.make(receiver.url) for _ in range(3)]
    await post.tell("a", "b", "c")
    for path, name, all_ in (
        ("", "id", sorted(one["id"] for one in made)),
        (f"/{made[0]['id']}/deliveries", "message", None),
    ):
        found, cursor = [], ""
        for _ in range(3):
            page = (await desk.ask("GET", f"{path}?limit=1{cursor}")).json()
            found += [row[name] for row in page["items"]]
            cursor = f"&cursor={page['next_cursor']}"
        assert page["next_cursor"] is None
        assert len(set(found)) == 3
        assert all_ is None or found == all_


async def test_the_number_of_webhooks_is_bounded(
    desk: Desk, post: Post, monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    monkeypatch.setattr("app.outbox.webhooks.MOST_WEBHOOKS", 1)
    await desk.make(receiver.url)
    answer = await desk.ask("POST", "", {"url": receiver.url, "name": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_webhooks")
