"""Findings from the record to the list: entered through the interface, examined, listed, paged, asked for again."""

from typing import Any

import pytest

from app.findings import examine as examination
from app.findings.examine import examine
from app.kit.service import Service
from tests.builders.applications import Counter
from tests.conftest import Hands
from tests.findings.conftest import Watch

PAUSE: dict[str, Any] = {
    "ground": "hearing",
    "legal_basis": "许可法 第四十五条",
    "approver": "局长",
    "actor": "甲",
    "announced": {"amount": 5, "unit": "working_day"},
}
PEOPLE = {"name": "测试局", "sections": [{"code": "s", "name": "科", "officers": [{"code": "zhang", "name": "张三"}]}]}


async def test_a_burst_at_night_is_found_once_the_day_is_over(counter: Counter, watch: Watch, hands: Hands) -> None:
    answer = await watch.client.put("/api/v1/departments/D1", json=PEOPLE, headers=watch.as_("admin").headers())
    assert answer.status_code == 200, answer.text
    numbers = [(await counter.receive(section="s", officer="zhang"))["tracking_number"] for _ in range(15)]
    for number in numbers:
        await counter.step(number, "accept")
    hands.set("2026-11-04T21:00:00+08:00")
    for number in numbers:
        hands.set(hands.now().replace(second=hands.now().second + 1))
        await counter.step(number, "decide", result="granted")
    assert await watch.look("2026-11-04T23:59:00+08:00", officer="zhang") == [], "the day may still bring more"
    found = await watch.look("2026-11-05T00:01:00+08:00", officer="zhang")
    assert sorted(one["rule"] for one in found) == ["burst", "off_hours"]
    for one in found:
        assert sorted(one["evidence"]["applications"]) == sorted(numbers)
        assert one["evidence"]["figures"]["count"] == 15
        assert (one["holder"]["section"], one["holder"]["officer"]) == ("s", "zhang")
        assert "张三" in one["seen"]
        assert one["at"] == "2026-11-04T21:00:01+08:00"


async def test_pauses_and_withdrawals_on_the_last_day_are_found_by_item_and_day(
    counter: Counter, watch: Watch, hands: Hands
) -> None:
    numbers = [(await counter.receive())["tracking_number"] for _ in range(2)]
    for number in numbers:
        await counter.step(number, "accept")
    hands.set("2026-11-30T16:00:00+08:00")
    await counter.step(numbers[0], "pause", **PAUSE)
    await counter.step(numbers[1], "withdraw", reason="申请人要求")
    found = await watch.look("2026-11-30T16:05:00+08:00", item="eia-report")
    assert {(one["rule"], one["tracking_number"]) for one in found} == {
        ("pause_at_end", numbers[0]),
        ("ended_before_end", numbers[1]),
    }
    pause = next(one for one in found if one["rule"] == "pause_at_end")
    assert "20 of 20 working days" in pause["seen"]
    assert await watch.found(item="other") == []
    assert len(await watch.found(**{"from": "2026-11-30", "to": "2026-11-30"})) == 2
    assert await watch.found(to="2026-11-29") == []
    assert await watch.found(as_of="2026-11-30T16:04:00+08:00") == []
    first = (await watch.get(limit="1")).json()
    second = (await watch.get(limit="1", cursor=first["next_cursor"])).json()
    assert {first["items"][0]["id"], second["items"][0]["id"]} == {one["id"] for one in found}
    assert (second["next_cursor"], second["as_of"]) == (None, first["as_of"])


async def test_a_fixed_end_is_listed_and_an_examination_looks_at_each_record_once(
    counter: Counter, watch: Watch, hands: Hands, service: Service
) -> None:
    fixed = {"fixed_due": {"statutory": "2026-12-01"}, "fixed_due_basis": "许可证到期日"}
    number = (await counter.receive(**fixed))["tracking_number"]
    [seen] = await watch.look("2026-11-02T09:05:00+08:00", rule="fixed_due")
    assert seen["tracking_number"] == number
    assert seen["evidence"]["clocks"][0]["due_at"] == "2026-12-02T00:00:00+08:00"
    assert (await examine(service)).applications == 0
    hands.set("2026-11-02T10:00:00+08:00")
    await counter.step(number, "accept")
    assert (await examine(service)).applications == 0, "what was recorded just now may not be committed yet"
    hands.set("2026-11-02T10:01:00+08:00")
    assert (await examine(service)).applications == 1


async def test_it_goes_on_where_it_ended_and_two_examiners_find_the_same(
    counter: Counter, watch: Watch, hands: Hands, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examination, "BATCH", 2)
    for _ in range(5):
        await counter.receive(fixed_due={"statutory": "2026-12-01"}, fixed_due_basis="法")
    hands.set("2026-11-02T09:05:00+08:00")
    first = await examination.applications(service)
    assert first is not None
    assert first.applications == 2
    rest = await examine(service)
    assert (rest.applications, rest.is_whole) == (3, True)
    assert len(await watch.found(rule="fixed_due")) == 5


async def test_an_item_without_limits_is_found_until_it_has_some(counter: Counter, watch: Watch, hands: Hands) -> None:
    path = "/api/v1/items/bare"
    bare = {"name": "无时限事项", "department": "D1"}
    answer = await watch.client.put(path, json=bare, headers=watch.as_("admin").headers())
    assert answer.status_code == 201, answer.text
    [seen] = await watch.look("2026-11-02T09:05:00+08:00", rule="item_without_clocks")
    assert (seen["item"], seen["tracking_number"]) == ("bare", None)
    clock = {"kind": "statutory", "starts": "accepted", "stops": ["decided"]}
    limited = {**bare, "clocks": [{**clock, "limit": {"amount": 20, "unit": "working_day"}}]}
    answer = await watch.client.put(path, json=limited, headers=watch.as_("admin").headers())
    assert answer.status_code == 201, answer.text
    assert await watch.look("2026-11-02T09:10:00+08:00", rule="item_without_clocks") == []
