"""Limits in working time through the whole product: from the item to the steps, the lists, the sweep and the pages."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

import httpx2
import pytest

from app.alarms.sweep import Sweeper
from app.applications.verify import verify
from app.kit.service import Service
from tests.builders.applications import DECISION, Counter
from tests.builders.items import ItemBuilder, an_item
from tests.conftest import Hands

HALL = {
    "layer_of": "CN",
    "document": "开封市政务服务大厅公告〔2026〕1号（测试）",
    "published_at": "2026-11-01",
    "hours": [["09:00", "12:00"], ["13:30", "17:00"]],
    "days": [{"date": "2026-11-03", "working": True, "hours": [["09:00", "12:00"]], "name": "半天"}],
    "approver": "李四",
}
"""The hall's hours: Tuesday 3 November is a half day."""


def hot_line() -> ItemBuilder:
    """A complaint: returned within 4 working hours, decided within 8, a stage of 90 minutes."""
    return (
        an_item("hot-line")
        .with_(calendar="HALL", late_entry_limit={"amount": 2, "unit": "working_hour"})
        .with_clock("notice", 4, "working_hour", starts="received", stops=["accepted"], warn=[{"at_share": 0.5}])
        .with_clock(
            "promise",
            8,
            "working_hour",
            starts="received",
            stops=DECISION,
            pauses_for=["hearing"],
            extension={"amount": 4, "times": 1},
            warn=[
                {"before": {"amount": 90, "unit": "working_minute"}},
                {"after": {"amount": 1, "unit": "working_hour"}},
            ],
        )
        .with_stage("review", 90, "working_minute")
    )


def at(text: str) -> datetime:
    """A moment of November 2026 in China: `02 09:00`."""
    return datetime.fromisoformat(f"2026-11-{text}:00+08:00")


def shown(application: Mapping[str, Any], kind: str) -> dict[str, Any]:  # JSON
    clock: dict[str, Any] = next(one for one in application["clocks"] if one["kind"] == kind)
    return clock


def stands(application: Mapping[str, Any], kind: str) -> tuple[Any, ...]:
    """Its state and light, what is used, left and overdue, and its due instant without day, second and zone."""
    clock = shown(application, kind)
    due_at = clock["due_at"] and clock["due_at"][8:16].replace("T", " ")
    return clock["state"], clock["light"], clock["used"], clock["remaining"], clock["overdue"], due_at


@pytest.fixture
async def counter(client: httpx2.AsyncClient, keys: Mapping[str, str], service: Service) -> AsyncIterator[Counter]:
    """The head of D1 in a hall with hours; what is stored beside the events must follow from them at the end."""
    admin = {"X-API-Key": keys["admin"]}
    added = await client.post("/api/v1/calendars/HALL/editions", json=HALL, headers=admin)
    assert added.status_code == 201, added.text
    counter = Counter(client, keys)
    await counter.publish(hot_line())
    yield counter
    verdict = await verify(service.db, service.sealer)
    assert (verdict.broken, verdict.first) == (0, None)


async def test_a_limit_in_hours_runs_from_the_moment_through_the_half_day(counter: Counter, hands: Hands) -> None:
    hands.set(at("02 10:00"))
    received = await counter.receive(item="hot-line")
    promise = shown(received, "promise")
    assert promise["limit"] == {"amount": 8, "unit": "working_hour", "unit_label": "working hour"}
    assert (promise["started_on"], promise["started_at"]) == ("2026-11-02", "2026-11-02T10:00:00+08:00")
    assert (promise["due_on"], promise["due_at"]) == ("2026-11-03", "2026-11-03T11:30:00+08:00")
    assert promise["calendar"].startswith("HALL@")
    assert [warning["at"] for warning in promise["warnings"]] == [
        "2026-11-03T10:00:00+08:00",
        "2026-11-04T09:30:00+08:00",
    ]
    number = received["tracking_number"]
    for moment, expected in (
        ("02 12:30", ("running", "green", 2, 6, 0, "03 11:30")),
        ("03 10:00", ("running", "yellow", 6, 2, 0, "03 11:30")),
        ("03 11:29", ("running", "yellow", 7, 1, 0, "03 11:30")),
        ("03 11:30", ("running", "red", 8, 0, 0, "03 11:30")),
        ("04 09:30", ("running", "red", 9, 0, 1, "03 11:30")),
    ):
        hands.set(at(moment))
        assert stands(await counter.read(number), "promise") == expected
        assert stands(await counter.read(number, as_of=at(moment).isoformat()), "promise") == expected


async def test_it_is_explained_by_the_hours_of_each_day(counter: Counter, hands: Hands) -> None:
    hands.set(at("02 10:00"))
    number = (await counter.receive(item="hot-line"))["tracking_number"]
    explained = (await counter.get(f"/{number}/clocks/promise/explanation")).json()
    assert [(day["date"], day["n"], day["hours"]) for day in explained["days"]] == [
        ("2026-11-02", 5, [["10:00", "12:00"], ["13:30", "17:00"]]),
        ("2026-11-03", 8, [["09:00", "11:30"]]),
    ]


async def test_what_comes_in_at_night_starts_at_the_opening(counter: Counter, hands: Hands) -> None:
    hands.set(at("02 20:15"))
    number = (await counter.receive(item="hot-line"))["tracking_number"]
    assert stands(await counter.read(number), "promise") == ("not_started", None, 0, 8, 0, "04 15:30")
    hands.set(at("03 09:00"))
    assert stands(await counter.read(number), "promise") == ("running", "green", 0, 8, 0, "04 15:30")


async def test_steps_pause_extend_and_stop_it_to_the_moment(counter: Counter, hands: Hands) -> None:
    hands.set(at("02 09:00"))
    number = (await counter.receive(item="hot-line"))["tracking_number"]
    hands.set(at("02 10:00"))
    await counter.step(number, "accept")
    pause = {"ground": "hearing", "legal_basis": "行政许可法 第四十五条", "approver": "王五"}
    await counter.step(number, "pause", announced={"amount": 90, "unit": "working_minute"}, **pause)
    assert stands(await counter.read(number), "promise") == ("paused", None, 1, 7, 0, None)
    hands.set(at("02 11:30"))
    assert stands(await counter.read(number), "promise") == ("running", "green", 1, 7, 0, "03 12:00")
    await counter.step(number, "extend", clock="promise", amount=2, approver="王五", reason="复杂")
    assert stands(await counter.read(number), "promise") == ("running", "green", 1, 9, 0, "04 11:00")
    await counter.step(number, "start_stage", stage="review")
    assert stands(await counter.read(number), "stage") == ("running", "yellow", 0, 90, 0, "02 14:30")
    hands.set(at("02 14:30"))
    await counter.step(number, "complete_stage", stage="review")
    assert stands(await counter.read(number), "stage")[0] == "missed"
    hands.set(at("04 11:00"))
    decided = await counter.step(number, "decide", result="granted")
    assert stands(decided["application"], "promise") == ("missed", None, 10, 0, 0, "04 11:00")


async def test_a_late_entry_is_very_late_after_so_many_working_hours(counter: Counter, hands: Hands) -> None:
    hands.set(at("02 09:00"))
    number = (await counter.receive(item="hot-line"))["tracking_number"]
    fields = {"occurred_at": at("02 16:00").isoformat(), "late_reason": "系统故障"}
    hands.set(at("03 09:59"))
    as_clerk = counter.as_("clerk")
    await as_clerk.step(number, "accept", **fields)
    hands.set(at("03 10:01"))
    assert await as_clerk.refused(number, "withdraw", reason="申请人撤回", **fields) == (403, "role_not_allowed")


async def test_the_lists_the_summary_and_the_sweep_see_what_crosses_inside_a_day(
    counter: Counter, hands: Hands, service: Service
) -> None:
    hands.set(at("02 09:00"))
    number = (await counter.receive(item="hot-line"))["tracking_number"]
    client, headers = counter.client, counter.as_("supervisor").headers()

    async def listed(path: str, **asked: str) -> list[tuple[str, int]]:
        answer = await client.get(f"/api/v1/{path}", params=asked, headers=headers)
        assert answer.status_code == 200, answer.text
        return [(row["clock"]["kind"], row["clock"]["overdue"]) for row in answer.json()["items"]]

    hands.set(at("02 11:00"))
    assert await listed("due-soon") == [("notice", 0)]
    assert await listed("overdue") == []
    hands.set(at("02 14:30"))
    assert await listed("overdue") == [("notice", 0)]
    hands.set(at("02 16:45"))
    assert await listed("overdue") == await listed("overdue", min_overdue="2") == [("notice", 2)]
    assert await listed("overdue", min_overdue="3") == []
    assert await listed("overdue", changed_since=at("02 16:20").isoformat()) == [("notice", 2)]
    assert await listed("overdue", changed_since=at("02 16:31").isoformat()) == []
    summary = f"/api/v1/overdue/summary?by=clock&min_overdue={2}"
    lines = (await client.get(summary, headers=headers)).json()["items"]
    assert [(line["clock"], line["red"]) for line in lines] == [("notice", 1)]
    lines = (await client.get(summary.replace("=2", "=3"), headers=headers)).json()["items"]
    assert lines == []

    await Sweeper(service).sweep()
    alarms = (await client.get("/api/v1/alarms", headers=headers)).json()["items"]
    assert {(one["clock"], one["kind"], one["crossed_at"][8:16]) for one in alarms} == {
        ("notice", "warning", "02T11:00"),
        ("notice", "overdue", "02T14:30"),
    }
    hands.set(at("03 12:00"))
    await Sweeper(service).sweep()
    alarms = (await client.get("/api/v1/alarms", headers=headers)).json()["items"]
    assert {(one["clock"], one["kind"], one["crossed_at"][8:16]) for one in alarms if one["clock"] == "promise"} == {
        ("promise", "warning", "03T09:00"),
        ("promise", "overdue", "03T10:30"),
        ("promise", "escalation", "03T11:30"),
    }
    assert {one["tracking_number"] for one in alarms} == {number}


async def test_the_public_look_up_keeps_no_figure_longer_than_it_is_true(counter: Counter, hands: Hands) -> None:
    hands.set(at("02 09:00"))
    number = (await counter.receive(item="hot-line"))["tracking_number"]

    async def public() -> dict[str, Any]:  # JSON
        answer = await counter.client.get(f"/api/v1/public/applications/{number}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    for moment in ("02 09:10", "02 09:59", "02 10:00", "02 11:00", "02 14:29", "02 14:30", "03 10:30", "03 11:30"):
        hands.set(at(moment))
        assert stands(await public(), "promise") == stands(await counter.read(number), "promise")
        assert stands(await public(), "notice") == stands(await counter.read(number), "notice")


async def test_the_pages_say_the_minute(counter: Counter, hands: Hands) -> None:
    hands.set(at("02 09:00"))
    number = (await counter.receive(item="hot-line"))["tracking_number"]
    hands.set(at("02 11:30"))
    page = (await counter.client.get(f"/track/{number}")).text.replace("\xa0", " ")
    assert "已用 2 个工作小时，还剩 6 个工作小时，最迟 11 月 3 日 10:30办结。" in page
    hands.set(at("02 15:30"))
    page = (await counter.client.get(f"/track/{number}", headers={"Accept-Language": "en"})).text.replace("\xa0", " ")
    assert "2 November, 14:30" in page
    assert "1 working hour overdue" in page
