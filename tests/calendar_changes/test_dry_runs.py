"""Dry runs: which open clocks an edition would move, from when to when, and that nothing is stored of it."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select

from app.applications.models import Event, SpanRow
from app.calendar_changes.carry import carry_apart, carrying
from app.calendar_changes.walk import Walker
from app.calendars.models import CalendarEdition
from app.kit.service import Service
from tests.builders.applications import Counter, a_receipt, an_item_with_clocks
from tests.calendar_changes.conftest import NOTICE_2027, Json
from tests.conftest import Hands


@pytest.fixture
def hall(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Counter:
    return Counter(client, keys)


async def received(hall: Counter, **more: Any) -> str:
    answer = await hall.client.post("/api/v1/applications", json=a_receipt(**more), headers=hall.headers())
    assert answer.status_code == 201, answer.text
    return str(answer.json()["tracking_number"])


async def does(hall: Counter, number: str, type_: str, **more: Any) -> Json:
    answer = await hall.client.post(
        f"/api/v1/applications/{number}/steps", json={"type": type_, **more}, headers=hall.headers()
    )
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def tried(client: httpx2.AsyncClient, admin: dict[str, str], code: str = "CN", **changed: Any) -> str:
    document = {name: value for name, value in {**NOTICE_2027, **changed}.items() if value is not None}
    answer = await client.post(f"/api/v1/calendars/{code}/editions?dry_run=true", json=document, headers=admin)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/api/v1/dry-runs/{answer.json()['id']}"
    return str(answer.json()["id"])


async def every_move(client: httpx2.AsyncClient, admin: dict[str, str], path: str, limit: int = 500) -> list[Json]:
    rows: list[Json] = []
    url: str | None = f"{path}/moves?limit={limit}"
    while url is not None:
        answer = await client.get(url, headers=admin)
        assert answer.status_code == 200, answer.text
        rows += answer.json()["items"]
        url = answer.headers["link"].split(">")[0][1:] if "link" in answer.headers else None
    return rows


def walker(service: Service) -> Walker:
    return Walker(service.db, service.sealer, service.now.now)


async def test_the_list_says_which_open_clocks_move_from_when_to_when(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter, service: Service, hands: Hands
) -> None:
    await hall.publish()
    hands.set("2026-12-24T09:00:00+08:00")
    first, second = await received(hall), await received(hall)
    await does(hall, second, "accept")
    hands.set("2026-12-25T09:00:00+08:00")

    id_ = await tried(client, admin, published_at="2026-12-25")
    waiting = (await client.get(f"/api/v1/dry-runs/{id_}", headers=admin)).json()
    assert await walker(service).walk()
    done = (await client.get(f"/api/v1/dry-runs/{id_}", headers=admin)).json()
    moves = await every_move(client, admin, f"/api/v1/dry-runs/{id_}", limit=1)

    assert (waiting["state"], waiting["done"], waiting["total"]) == ("waiting", 0, 2)
    assert (done["state"], done["done"], done["total"]) == ("done", 2, 2)
    assert done["counts"] == {"moves": 1, "becomes_overdue": 0, "ceases_overdue": 0, "stopped": 1, "applications": 2}
    # 5 working days from 12-24: 25, 28, 29, 30, 31; 12-27 becomes a working day, so the fifth is 12-30. The promise of
    # the second, 20 working days to 01-21, gains 12-27 and loses 01-01: it stays, and is no longer provisional.
    assert {(one["tracking_number"], one["clock"], one["state"], one["from"], one["to"]) for one in moves} == {
        (first, "notice", "running", "2026-12-31", "2026-12-30"),
        (second, "notice", "met", "2026-12-31", "2026-12-30"),
    }
    assert moves[0]["from_at"].endswith("T00:00:00+08:00")


async def test_nothing_is_stored_but_the_list(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter, service: Service, hands: Hands
) -> None:
    await hall.publish()
    hands.set("2026-12-24T09:00:00+08:00")
    await received(hall)

    async def stored() -> tuple[Any, ...]:
        async with service.db.read() as tx:
            counts = [
                (await tx.execute(select(func.count()).select_from(one))).scalar() for one in (Event, CalendarEdition)
            ]
            spans = (
                await tx.execute(select(*SpanRow.__table__.columns).order_by(SpanRow.clock, SpanRow.from_at))
            ).all()
        return (*counts, spans)

    before = await stored()
    id_ = await tried(client, admin, published_at="2026-12-24")
    await walker(service).walk()

    assert await stored() == before
    assert (await client.get("/api/v1/calendars/CN", headers=admin)).json()["calendar"] == "CN@23"
    assert len(await every_move(client, admin, f"/api/v1/dry-runs/{id_}")) == 1


async def test_a_clock_becomes_overdue_and_one_ceases_to_be(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter, service: Service, hands: Hands
) -> None:
    await hall.publish()
    hands.set("2026-11-03T09:00:00+08:00")  # notice: five working days, due on 11-10
    number = await received(hall)
    hands.set("2026-11-10T09:00:00+08:00")

    sooner = await tried(
        client, admin, holidays=["2026-11-30"], workdays=["2026-11-07"], published_to=None, published_at="2026-11-09"
    )
    await walker(service).walk()
    hands.set("2026-11-11T09:00:00+08:00")
    later = await tried(
        client, admin, holidays=["2026-11-05"], workdays=[], published_to=None, published_at="2026-11-04"
    )
    await walker(service).walk()

    [one] = [m for m in await every_move(client, admin, f"/api/v1/dry-runs/{sooner}") if m["clock"] == "notice"]
    assert (one["tracking_number"], one["from"], one["to"], one["overdue"]) == (
        number, "2026-11-10", "2026-11-09", "becomes",
    )  # fmt: skip
    [two] = [m for m in await every_move(client, admin, f"/api/v1/dry-runs/{later}") if m["clock"] == "notice"]
    assert (two["from"], two["to"], two["overdue"]) == ("2026-11-10", "2026-11-11", "ceases")


async def test_a_stopped_clock_keeps_its_verdict_and_is_only_told_of(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter, service: Service, hands: Hands
) -> None:
    await hall.publish()
    hands.set("2026-11-03T09:00:00+08:00")
    number = await received(hall)
    hands.set("2026-11-10T09:00:00+08:00")
    await does(hall, number, "accept")
    hands.set("2026-11-12T09:00:00+08:00")

    id_ = await tried(
        client, admin, holidays=["2026-11-30"], workdays=["2026-11-07"], published_to=None, published_at="2026-11-11"
    )
    await walker(service).walk()
    [told] = [m for m in await every_move(client, admin, f"/api/v1/dry-runs/{id_}") if m["clock"] == "notice"]

    assert (told["state"], told["from"], told["to"], told["overdue"]) == ("met", "2026-11-10", "2026-11-09", "becomes")
    counts = (await client.get(f"/api/v1/dry-runs/{id_}", headers=admin)).json()["counts"]
    assert counts["stopped"] == 1


async def test_a_paused_clock_moves_by_its_latest_day(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter, service: Service, hands: Hands
) -> None:
    await hall.publish()
    hands.set("2026-12-21T09:00:00+08:00")
    number = await received(hall)
    await does(hall, number, "accept")
    announced = {"amount": 3, "unit": "working_day"}
    await does(hall, number, "pause", ground="hearing", legal_basis="许可法 45", announced=announced, approver="局长")
    hands.set("2026-12-22T09:00:00+08:00")

    id_ = await tried(client, admin, workdays=["2027-02-14"], published_at="2026-12-22")
    await walker(service).walk()
    [move] = [m for m in await every_move(client, admin, f"/api/v1/dry-runs/{id_}") if m["clock"] == "promise"]

    assert (move["state"], move["from_at"], move["to_at"]) == ("paused", None, None)
    assert move["from"] < move["to"]


async def test_a_layer_moves_only_what_counts_by_it(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter, service: Service, hands: Hands
) -> None:
    await hall.publish()
    await hall.publish(an_item_with_clocks("guangxi").with_(jurisdiction="CN-45"))
    hands.set("2026-11-03T09:00:00+08:00")
    await received(hall)
    there = await received(hall, item="guangxi")
    hands.set("2026-11-04T09:00:00+08:00")

    id_ = await tried(
        client, admin, "CN-45", holidays=["2026-11-06"], workdays=[], published_to=None, published_at="2026-11-04"
    )
    await walker(service).walk()

    assert {m["tracking_number"] for m in await every_move(client, admin, f"/api/v1/dry-runs/{id_}")} == {there}


async def test_a_bad_edition_is_refused_before_anything_runs(client: httpx2.AsyncClient, admin: dict[str, str]) -> None:
    answer = await client.post(
        "/api/v1/calendars/CN/editions?dry_run=true",
        json={**NOTICE_2027, "holidays": [], "workdays": []},
        headers=admin,
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "empty_year")


async def test_a_dry_run_is_kept_a_day(
    client: httpx2.AsyncClient, admin: dict[str, str], service: Service, hands: Hands
) -> None:
    id_ = await tried(client, admin)
    await walker(service).walk()
    hands.advance(timedelta(hours=24))
    assert (await client.get(f"/api/v1/dry-runs/{id_}", headers=admin)).status_code == 200
    hands.advance(timedelta(seconds=1))
    assert (await client.get(f"/api/v1/dry-runs/{id_}", headers=admin)).status_code == 404
    assert (await client.get(f"/api/v1/dry-runs/{id_}/moves", headers=admin)).status_code == 404
    assert (await client.get("/api/v1/dry-runs/nothing", headers=admin)).status_code == 404


async def test_a_child_process_carries_it_on_beside_the_requests(
    client: httpx2.AsyncClient, admin: dict[str, str], service: Service
) -> None:
    id_ = await tried(client, admin)
    assert await service.workers.run(carry_apart, service.settings, timedelta(0))

    assert (await client.get(f"/api/v1/dry-runs/{id_}", headers=admin)).json()["state"] == "done"


async def test_the_serving_process_carries_it_on_by_itself(
    client: httpx2.AsyncClient, admin: dict[str, str], service: Service
) -> None:
    async with carrying(service):
        id_ = await tried(client, admin)
        for _ in range(300):
            state = (await client.get(f"/api/v1/dry-runs/{id_}", headers=admin)).json()["state"]
            if state == "done":
                break
            await asyncio.sleep(0.1)

    assert state == "done"
