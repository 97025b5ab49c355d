"""The list of alarms through HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from app.alarms.sweep import Sweeper
from tests.builders.applications import Counter, an_item_with_clocks
from tests.builders.departments import a_department
from tests.conftest import Hands

Json = dict[str, Any]  # a JSON object


async def listed(counter: Counter, **query: str) -> Json:
    answer = await counter.client.get("/api/v1/alarms", params=query, headers=counter.headers())
    assert answer.status_code == 200, answer.text
    document: Json = answer.json()
    return document


async def test_a_row_says_what_was_crossed_when_and_when_that_was_found(
    counter: Counter, sweeper: Sweeper, hands: Hands
) -> None:
    received = await counter.receive(external_ref="X-1")
    clock = next(clock for clock in received["clocks"] if clock["kind"] == "notice")
    hands.set(clock["due_at"])
    hands.advance(timedelta(days=2))
    await sweeper.sweep()
    page = await listed(counter)
    assert [row["kind"] for row in page["items"]] == ["overdue", "warning"]
    number = received["tracking_number"]
    row = page["items"][0]
    assert row.pop("detected_at") == page["as_of"] == page["swept_at"]
    assert row.pop("clock_label")
    assert row.pop("kind_label")
    assert row == {
        "id": f"{number}.notice..0.1",
        "tracking_number": number,
        "external_ref": "X-1",
        "department": "D1",
        "clock": "notice",
        "stage": None,
        "kind": "overdue",
        "rung": 0,
        "due_at": clock["due_at"],
        "crossed_at": clock["due_at"],
        "late": True,
        "clock_revision": 1,
        "withdrawn": None,
    }


async def test_filters_and_pages(counter: Counter, sweeper: Sweeper, hands: Hands) -> None:
    received = [await counter.receive() for _ in range(3)]
    number = received[1]["tracking_number"]
    hands.advance(timedelta(days=20))
    await sweeper.sweep()
    whole = await listed(counter)
    assert len(whole["items"]) == 6
    mine = await listed(counter, tracking_number=number.replace("-", "").lower())
    assert {row["tracking_number"] for row in mine["items"]} == {number}
    assert len((await listed(counter, kind="warning"))["items"]) == 3
    assert len((await listed(counter, department="D1"))["items"]) == 6
    assert (await listed(counter, department="D2"))["items"] == []
    detected = hands.now().isoformat()
    assert len((await listed(counter, since=detected))["items"]) == 6
    assert (await listed(counter, since=(hands.now() + timedelta(seconds=1)).isoformat()))["items"] == []

    walked: list[str] = []
    query: dict[str, str] = {"limit": "4"}
    while True:
        page = await listed(counter, **query)
        walked += [row["id"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert walked == [row["id"] for row in whole["items"]]


async def test_a_poll_that_finds_nothing_new_is_304(counter: Counter, sweeper: Sweeper, hands: Hands) -> None:
    await counter.receive()
    hands.advance(timedelta(days=20))
    await sweeper.sweep()
    first = await counter.client.get("/api/v1/alarms", headers=counter.headers())
    hands.advance(timedelta(seconds=30))
    await sweeper.sweep()
    again = await counter.client.get(
        "/api/v1/alarms", headers=counter.headers(**{"If-None-Match": first.headers["ETag"]})
    )
    assert again.status_code == 304
    assert again.headers["X-As-Of"] > first.headers["X-As-Of"]


async def test_an_office_sees_the_alarms_of_what_it_holds_or_held(
    counter: Counter, sweeper: Sweeper, hands: Hands
) -> None:
    other = a_department("D2")
    other.pop("code")
    await counter.client.put("/api/v1/departments/D2", json=other, headers={"X-API-Key": counter.keys["admin"]})
    await counter.publish(an_item_with_clocks("elsewhere", "D2"))
    everybody = counter.as_("admin_key")
    await everybody.receive(item="elsewhere")
    hands.advance(timedelta(days=20))
    await sweeper.sweep()
    assert (await listed(counter))["items"] == []
    assert len((await listed(counter.as_("auditor")))["items"]) == 2


@pytest.mark.parametrize(
    "query",
    [
        {"tracking_number": "Q0QJ-WRBA-61TW-PX"},
        {"since": "2026-11-02"},
        {"kind": "appeal"},
        {"cursor": "x"},
        {"limit": "1000"},
        {"unknown": "1"},
    ],
)
async def test_a_malformed_query_is_refused(counter: Counter, query: dict[str, str]) -> None:
    answer = await counter.client.get("/api/v1/alarms", params=query, headers=counter.headers())
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["in"] == "query"


async def test_who_may_not_read_alarms_is_told_so(counter: Counter) -> None:
    assert (await counter.client.get("/api/v1/alarms")).status_code == 401
    answer = await counter.client.get("/api/v1/alarms", headers={"X-API-Key": counter.keys["security"]})
    assert answer.status_code == 403
