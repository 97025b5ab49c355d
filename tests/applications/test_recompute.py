"""Editions and suspensions applied to applications that are under way."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from app.applications import journal
from app.applications.journal import Recorded
from app.applications.published import Stop
from app.domain.folds import Suspension
from app.kit.service import Service
from tests.builders.applications import Counter
from tests.conftest import Hands

DAYS_OFF = {
    "document": "测试〔2026〕1号",
    "published_at": "2026-11-05",
    "holidays": ["2026-11-09", "2026-11-10"],
    "approver": "李四",
}


async def publish(counter: Counter, **changed: Any) -> None:
    answer = await counter.client.post(
        "/api/v1/calendars/CN/editions", json={**DAYS_OFF, **changed}, headers={"X-API-Key": counter.keys["admin"]}
    )
    assert answer.status_code == 201, answer.text


async def recompute(service: Service, hands: Hands, number: str, *stops: Stop) -> list[Recorded]:
    async with service.db.transaction() as tx:
        return await journal.recompute(tx, [number], stops, sealer=service.sealer, now=hands.now())


async def an_accepted_one(counter: Counter, hands: Hands) -> str:
    number: str = (await counter.receive())["tracking_number"]
    hands.set("2026-11-03T10:00:00+08:00")
    await counter.step(number, "accept")
    return number


def promise(application: Mapping[str, Any]) -> tuple[str | None, str, int]:
    [clock] = [clock for clock in application["clocks"] if clock["kind"] == "promise"]
    return clock["due_on"] or clock["latest_due_on"], clock["calendar"], clock["revision"]


async def test_an_edition_moves_an_open_clock_from_its_publication_on(
    counter: Counter, service: Service, hands: Hands
) -> None:
    number = await an_accepted_one(counter, hands)
    hands.set("2026-11-06T10:00:00+08:00")
    await publish(counter)
    assert promise(await counter.read(number)) == ("2026-12-01", "CN@23", 1)
    hands.advance(timedelta(hours=1))
    [recorded] = await recompute(service, hands, number)
    assert recorded.added == 1
    assert promise(await counter.read(number)) == ("2026-12-03", "CN@24", 2)
    assert promise(await counter.read(number, as_of="2026-11-04T23:59:59+08:00")) == ("2026-12-01", "CN@23", 1)
    assert promise(await counter.read(number, as_of="2026-11-05T00:00:00+08:00")) == ("2026-12-03", "CN@24", 2)
    hands.advance(timedelta(minutes=10))
    then = await counter.read(number, known_at="2026-11-06T10:30:00+08:00")
    assert promise(then) == ("2026-12-01", "CN@23", 1)
    step = (await counter.get(f"/{number}/steps")).json()["items"][-1]
    assert (step["type"], step["cause"], step["calendar"], step["source"], step["recorded_by"]) == (
        "recomputed",
        "edition",
        "CN@24",
        "system",
        "system",
    )
    assert step["occurred_at"] == "2026-11-05T00:00:00+08:00"


async def test_applying_an_edition_twice_does_nothing(counter: Counter, service: Service, hands: Hands) -> None:
    number = await an_accepted_one(counter, hands)
    hands.set("2026-11-06T10:00:00+08:00")
    await publish(counter)
    assert len(await recompute(service, hands, number)) == 1
    assert await recompute(service, hands, number) == []


async def test_who_records_a_step_does_so_under_the_newest_edition(counter: Counter, hands: Hands) -> None:
    number = await an_accepted_one(counter, hands)
    hands.set("2026-11-06T10:00:00+08:00")
    await publish(counter)
    hands.advance(timedelta(hours=1))
    answer = await counter.step(number, "start_stage", stage="review")
    assert promise(answer["application"]) == ("2026-12-03", "CN@24", 2)
    steps = (await counter.get(f"/{number}/steps")).json()["items"]
    assert [step["type"] for step in steps] == ["receive", "accept", "recomputed", "start_stage"]


async def test_what_has_ended_is_left_alone_and_a_stopped_clock_keeps_its_edition(
    counter: Counter, service: Service, hands: Hands
) -> None:
    ended, decided = await an_accepted_one(counter, hands), await an_accepted_one(counter, hands)
    await counter.step(ended, "withdraw", reason="不办了")
    await counter.step(decided, "decide", result="granted")
    hands.set("2026-11-06T10:00:00+08:00")
    await publish(counter)
    assert await recompute(service, hands, ended) == []
    assert len(await recompute(service, hands, decided)) == 1
    application = await counter.read(decided)
    assert {clock["kind"]: clock["calendar"] for clock in application["clocks"] if not clock["stage"]} == {
        "notice": "CN@23",
        "statutory": "CN@23",
        "promise": "CN@23",
        "delivery": "CN@24",
    }


async def test_a_suspension_stops_the_clocks_that_it_names(counter: Counter, service: Service, hands: Hands) -> None:
    number = await an_accepted_one(counter, hands)
    hands.set("2026-11-09T10:00:00+08:00")
    first = date(2026, 11, 9).toordinal()
    published = datetime.fromisoformat("2026-11-08T00:00:00+08:00")
    open_ = Stop(published, Suspension("S1", frozenset({"promise"}), first, None, "停办公告1号"))
    await recompute(service, hands, number, open_)
    application = await counter.read(number)
    assert promise(application) == (None, "CN@23", 1)
    assert {clock["kind"]: clock["state"] for clock in application["clocks"]}["statutory"] == "running"
    hands.set("2026-11-11T10:00:00+08:00")
    ended = Stop(hands.now(), Suspension("S1", frozenset({"promise"}), first, first + 2, "停办公告2号"))
    assert len(await recompute(service, hands, number, open_, ended)) == 1
    assert promise(await counter.read(number)) == ("2026-12-04", "CN@23", 2)
    steps = (await counter.get(f"/{number}/steps")).json()["items"]
    assert [step["suspension"]["to"] for step in steps if step["type"] == "recomputed"] == [None, "2026-11-11"]
    assert await recompute(service, hands, number, ended) == []
