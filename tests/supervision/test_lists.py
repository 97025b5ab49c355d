"""Whom an order is for, by which calendar, and how orders and cards are listed."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.alarms.sweep import Sweeper
from app.imports.applications_csv import APPLICATIONS, STEPS, Files, import_applications
from app.kit.service import Service
from app.supervision.orders import Addressee
from app.supervision.raising import RaisedAlarm, raise_orders
from tests.builders.applications import Counter
from tests.conftest import Hands
from tests.supervision.conftest import Desk, Json


async def put_department(desk: Desk, code: str, **more: str) -> None:
    made = await desk.client.put(
        f"/api/v1/departments/{code}", json={"name": code, **more}, headers={"X-API-Key": desk.keys["admin"]}
    )
    assert made.status_code in (200, 201), made.text


async def walked(desk: Desk, path: str, **query: str) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        answer = await desk.get(path, limit="1", **query, **more)
        assert answer.status_code == 200, answer.text
        page: Json = answer.json()
        found += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


async def test_an_order_counts_by_the_calendar_of_its_department_s_hall(desk: Desk) -> None:
    edition = {
        "document": "大厅公告",
        "published_at": "2026-11-01",
        "holidays": ["2026-11-04"],
        "layer_of": "CN",
        "approver": "乙",
    }
    made = await desk.client.post(
        "/api/v1/calendars/HALL/editions", json=edition, headers={"X-API-Key": desk.keys["admin"]}
    )
    assert made.status_code == 201, made.text
    await put_department(desk, "D2", calendar="HALL")
    there = await desk.issue(department="D2")
    here = await desk.issue()
    assert (here["clock"]["due_on"], there["clock"]["due_on"]) == ("2026-11-09", "2026-11-10")
    assert there["clock"]["calendar"].startswith("HALL@")


async def test_a_department_sees_the_orders_of_those_below_it(desk: Desk) -> None:
    await put_department(desk, "D11", parent="D1")
    id_ = (await desk.issue(department="D11"))["id"]
    assert (await desk.as_("head").read(id_))["holder"]["department"] == "D11"
    assert (await desk.as_("head").step(id_, "acknowledge"))["status"] == "acknowledged"


async def test_lists_are_walked_page_by_page(desk: Desk, hands: Hands, sweeper: Sweeper) -> None:
    ids = []
    for _ in range(3):
        ids.append((await desk.issue())["id"])
        hands.advance(timedelta(seconds=1))
    assert await walked(desk, "/orders") == ids[::-1]
    assert await walked(desk, "/orders", status="closed") == []
    assert await walked(desk, "/orders", department="D1") == ids[::-1]
    hands.set("2026-11-18T08:00:00+08:00")
    await sweeper.sweep()
    cards = await walked(desk, "/cards")
    assert len(cards) == 6
    assert len(set(cards)) == 6
    assert len(await walked(desk, "/cards", colour="red")) == 3
    mine = await walked(desk, "/cards", order=ids[0])
    assert len(mine) == 2
    assert all(card.startswith(ids[0]) for card in mine)
    assert (await desk.get("/orders", cursor="x")).json()["code"] == "cursor_malformed"


async def test_an_alarm_that_comes_back_has_the_order_that_it_had(
    desk: Desk, counter: Counter, service: Service
) -> None:
    number = (await counter.receive())["tracking_number"]
    at = datetime(2026, 11, 10, tzinfo=UTC)
    alarm = RaisedAlarm(
        f"{number}.notice..0.1", number, "overdue", "notice", "", 0, at, at, Addressee("D1", None, None)
    )
    for expected in (1, 0):
        async with service.db.transaction() as tx:
            assert len(await raise_orders(tx, [alarm], sealer=service.sealer, now=at)) == expected
    assert len((await desk.get("/orders")).json()["items"]) == 1


async def test_what_was_late_before_an_import_raises_no_order(
    desk: Desk, counter: Counter, sweeper: Sweeper, service: Service, hands: Hands, tmp_path: Path
) -> None:
    with (tmp_path / APPLICATIONS).open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(["external_ref", "item", "applicant_name", "subject", "channel", "submitted_at", "department"])
        sheet.writerow(["R1", "eia-report", "甲", "x", "window", "2026-10-12T09:00:00+08:00", "D1"])
    with (tmp_path / STEPS).open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(["external_ref", "type", "occurred_at", "actor", "note"])
        sheet.writerow(["R1", "accept", "2026-10-30T09:00:00+08:00", "x", "x"])
    assert not (await import_applications(service, Files(tmp_path))).refused
    hands.advance(timedelta(seconds=1))
    assert (await sweeper.sweep()).raised
    assert (await desk.get("/orders")).json()["items"] == []
    hands.advance(timedelta(days=60))
    await sweeper.sweep()
    orders = (await desk.get("/orders")).json()["items"]
    assert {order["cause"]["clock"] for order in orders} == {"promise", "statutory"}
