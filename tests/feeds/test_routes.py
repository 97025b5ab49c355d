"""An officer's due dates under an address of their own: shown once, read by whoever knows it, revoked at once."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest

from app.access.keys import KeyOrder, create_key
from app.access.roles import Role
from app.kit.service import Service
from app.kit.throttle import Throttle
from tests.builders.applications import Counter
from tests.builders.items import an_item
from tests.conftest import Hands

OFFICERS = {
    "name": "测试局",
    "sections": [{"code": "s", "name": "科", "officers": [{"code": "zhang", "name": "张三"}]}],
}


@pytest.fixture
async def counter(client: httpx2.AsyncClient, keys: Mapping[str, str], service: Service) -> Counter:
    service.throttle = Throttle(per_minute=10**6, total_per_minute=10**6)
    counter = Counter(client, keys)
    await counter.publish()
    for code in ("D1", "D2"):
        put = {"json": OFFICERS, "headers": {"X-API-Key": keys["admin"]}}
        assert (await client.put(f"/api/v1/departments/{code}", **put)).is_success  # type: ignore[arg-type]
    return counter


async def make(counter: Counter, department: str = "D1", officer: str = "zhang") -> httpx2.Response:
    body = {"department": department, "officer": officer}
    return await counter.client.post("/api/v1/feeds", json=body, headers=counter.headers())


async def test_a_feed_shows_what_the_officer_holds_until_it_is_revoked(counter: Counter, hands: Hands) -> None:
    made = (await make(counter)).json()
    mine = await counter.receive(department="D1", section="s", officer="zhang")
    await counter.receive(department="D1")
    shown = await counter.client.get(made["path"])
    assert shown.headers["content-type"] == "text/calendar; charset=utf-8"
    text = shown.text.replace("\r\n ", "")
    due = {clock["kind"]: clock["due_on"] for clock in mine["clocks"] if clock["state"] == "running"}
    assert text.count("BEGIN:VEVENT") == len(due) > 0
    for kind, day in due.items():
        event = text.split(f"UID:{mine['tracking_number']}.{kind}.")[1].split("END:VEVENT")[0]
        assert f"DTSTART;VALUE=DATE:{day.replace('-', '')}" in event

    again = await counter.client.get(made["path"], headers={"If-None-Match": shown.headers["etag"]})
    assert again.status_code == 304
    hands.advance(timedelta(hours=1))
    await counter.step(mine["tracking_number"], "accept")
    assert (await counter.client.get(made["path"], headers={"If-None-Match": shown.headers["etag"]})).status_code == 200

    listed = await counter.client.get("/api/v1/feeds", headers=counter.headers())
    assert [row["id"] for row in listed.json()["items"]] == [made["id"]]
    assert made["path"].split(".")[1] not in listed.text
    for _ in range(2):
        gone = await counter.client.delete(f"/api/v1/feeds/{made['id']}", headers=counter.headers())
        assert gone.status_code == 204
    assert (await counter.client.get(made["path"])).status_code == 404


async def test_a_clock_that_silence_ended_is_due_no_more_and_what_it_began_is_though_nobody_wrote_it_down(
    counter: Counter, hands: Hands
) -> None:
    await counter.publish(
        an_item("renewal")
        .with_clock("statutory", 20, starts="received", on_expiry="deemed_approved")
        .with_clock("delivery", 10, starts="decided", stops=["delivered"])
    )
    path = (await make(counter)).json()["path"]
    await counter.receive(item="renewal", department="D1", section="s", officer="zhang")
    due: list[list[str]] = []
    for now in ("2026-11-30T23:59:59+08:00", "2026-12-01T09:00:00+08:00"):
        hands.set(datetime.fromisoformat(now))
        text = (await counter.client.get(path)).text.replace("\r\n ", "")
        due.append([line.split(".")[1] for line in text.splitlines() if line.startswith("UID:")])
    assert due == [["statutory"], ["delivery"]]


async def test_whatever_is_wrong_with_an_address_it_is_one_and_the_same_404(counter: Counter) -> None:
    path = (await make(counter)).json()["path"]
    other = path[:-6] + ("aa" if path[-6:-4] != "aa" else "bb") + ".ics"
    bodies = {
        (await counter.client.get(each)).text for each in (other, "/api/v1/public/feeds/x", path.partition(".")[0])
    }
    assert len(bodies) == 1
    assert (await counter.client.get(other)).status_code == 404


async def test_a_feed_is_made_and_ended_within_one_s_own_office(counter: Counter, service: Service) -> None:
    assert (await make(counter, "D2")).status_code == 422
    assert (await make(counter, "D1", "nobody")).status_code == 422
    mine: Any = (await make(counter)).json()
    async with service.db.transaction() as tx:
        order = KeyOrder(role=Role.HEAD, name="of D2", department="D2")
        key = (await create_key(tx, order, now=service.now.now())).text
    stranger = Counter(counter.client, {"head": key})
    assert (await counter.client.get("/api/v1/feeds", headers=stranger.headers())).json()["items"] == []
    gone = await counter.client.delete(f"/api/v1/feeds/{mine['id']}", headers=stranger.headers())
    assert gone.status_code == 404
    assert (await counter.client.get(mine["path"])).status_code == 200
