"""Suspensions of a whole place: both days taken out of the clocks named, of what is under way and of what comes in."""

from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from app.applications.verify import verify
from app.calendars import catalogue
from app.kit.service import Service
from tests.builders.applications import Counter, an_item_with_clocks
from tests.calendar_changes.conftest import Json
from tests.calendar_changes.test_apply import clocks_of
from tests.calendar_changes.test_dry_runs import does, every_move, received, walker
from tests.conftest import Hands

FLOOD = {
    "jurisdiction": "CN-41",
    "clocks": ["notice", "promise"],
    "from": "2026-11-05",
    "to": "2026-11-06",
    "document": "豫政〔2026〕1号（测试）",
    "published_at": "2026-11-04",
    "approver": "李四",
}


@pytest.fixture
def hall(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Counter:
    return Counter(client, keys)


@pytest.fixture
def suspend(client: httpx2.AsyncClient, admin: dict[str, str]) -> Any:
    async def suspend(query: str = "", **changed: Any) -> httpx2.Response:
        return await client.post(f"/api/v1/suspensions{query}", json={**FLOOD, **changed}, headers=admin)

    return suspend


async def two_places(hall: Counter, hands: Hands) -> tuple[str, str]:
    """An application in Zhengzhou, one in Guangxi, received on Monday 2 November."""
    await hall.publish(an_item_with_clocks("there").with_(jurisdiction="CN-41-01"))
    await hall.publish(an_item_with_clocks("elsewhere").with_(jurisdiction="CN-45"))
    numbers = await received(hall, item="there"), await received(hall, item="elsewhere")
    hands.set("2026-11-04T10:00:00+08:00")
    return numbers


async def test_both_days_are_taken_out_of_the_clocks_of_the_place_whatever_they_pause_for(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter, service: Service, hands: Hands, suspend: Any
) -> None:
    there, elsewhere = await two_places(hall, hands)
    added = await suspend()
    await walker(service).walk()
    shown = (await client.get(added.headers["location"], headers=admin)).json()
    moves = await every_move(client, admin, added.headers["location"])

    assert added.status_code == 201
    assert (shown["state"], shown["from"], shown["to"], shown["clocks"]) == (
        "done", "2026-11-05", "2026-11-06", ["notice", "promise"],
    )  # fmt: skip
    assert [(one["tracking_number"], one["clock"], one["from"], one["to"]) for one in moves] == [
        (there, "notice", "2026-11-09", "2026-11-11")
    ]
    clocks = await clocks_of(hall, there)
    assert (clocks["notice"]["due_on"], clocks["statutory"]["due_on"]) == ("2026-11-11", "2027-01-01")
    assert (await clocks_of(hall, elsewhere))["notice"]["due_on"] == "2026-11-09"
    assert (await verify(service.db, service.sealer)).broken == 0


async def test_a_clock_that_starts_later_loses_the_days_too(
    hall: Counter, service: Service, hands: Hands, suspend: Any
) -> None:
    there, _ = await two_places(hall, hands)
    await suspend()
    await walker(service).walk()
    await does(hall, there, "accept")
    promise = (await clocks_of(hall, there))["promise"]

    assert promise["due_on"] == "2026-12-04"  # 20 working days from 11-04 end on 12-02, and two days are out


async def test_what_comes_in_while_it_holds_is_under_it_from_its_receipt(
    hall: Counter, service: Service, hands: Hands, suspend: Any
) -> None:
    await two_places(hall, hands)
    await suspend()
    number = await received(hall, item="there")
    outside = await received(hall, item="elsewhere")

    assert (await clocks_of(hall, number))["notice"]["due_on"] == "2026-11-13"
    assert (await clocks_of(hall, outside))["notice"]["due_on"] == "2026-11-11"
    assert (await verify(service.db, service.sealer)).broken == 0


async def test_an_open_one_pauses_until_a_later_document_names_its_end(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter, service: Service, hands: Hands, suspend: Any
) -> None:
    there, _ = await two_places(hall, hands)
    begun = (await suspend(to=None)).json()
    await walker(service).walk()
    hands.set("2026-11-06T10:00:00+08:00")
    during = (await clocks_of(hall, there))["notice"]
    hands.set("2026-11-12T10:00:00+08:00")
    ended = await suspend(to="2026-11-10", ends=begun["id"], published_at="2026-11-12", document="豫政〔2026〕2号")
    await walker(service).walk()
    after = (await clocks_of(hall, there))["notice"]

    assert (during["state"], during["due_on"]) == ("paused", None)
    assert ended.json()["id"] == begun["id"]
    assert (after["state"], after["due_on"]) == ("running", "2026-11-13")
    listed = (await client.get("/api/v1/suspensions", headers=admin)).json()["items"]
    assert [(one["id"], one["to"]) for one in listed] == [(begun["id"], None), (begun["id"], "2026-11-10")]


async def test_its_dry_run_equals_what_it_then_does(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter, service: Service, hands: Hands, suspend: Any
) -> None:
    await two_places(hall, hands)
    tried = await suspend("?dry_run=true")
    await walker(service).walk()
    told = await every_move(client, admin, tried.headers["location"])
    assert catalogue.known().stopped == ()
    added = await suspend()
    await walker(service).walk()

    assert tried.status_code == 202
    assert await every_move(client, admin, added.headers["location"]) == told != []


BAD: list[tuple[Json, str]] = [
    ({"to": "2026-11-04"}, "range_reversed"),
    ({"published_at": "2026-11-05"}, "published_in_future"),
    ({"approver": "admin of the tests"}, "approver_is_actor"),
    ({"ends": "nothing"}, "suspension_unknown"),
    ({"clocks": []}, "input_invalid"),
    ({"document": ""}, "input_invalid"),
]


@pytest.mark.parametrize(("changed", "code"), BAD)
async def test_what_cannot_be_believed_is_refused(hands: Hands, suspend: Any, changed: Json, code: str) -> None:
    hands.set("2026-11-04T10:00:00+08:00")
    answer = await suspend(**changed)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert catalogue.known().stopped == ()
