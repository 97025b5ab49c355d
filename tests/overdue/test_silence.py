"""The lists where time alone ends a clock: right at the instant asked, swept or not."""

from datetime import datetime, timedelta
from typing import Any

from app.alarms.sweep import Sweeper
from app.kit.service import Service
from tests.applications.test_silence import ON_EXPIRY, a_number, a_permit
from tests.builders.applications import Counter
from tests.builders.items import an_item
from tests.conftest import Hands


async def listed(counter: Counter, which: str, **query: str) -> list[tuple[str, str]]:
    answer = await counter.client.get(f"/api/v1/{which}", params=query, headers=counter.headers())
    assert answer.status_code == 200, answer.text
    return [(row["clock"]["kind"], row["clock"]["state"]) for row in answer.json()["items"]]


async def summed(counter: Counter, **query: str) -> list[dict[str, Any]]:
    answer = await counter.client.get(
        "/api/v1/overdue/summary", params={"by": "clock", **query}, headers=counter.headers()
    )
    rows: list[dict[str, Any]] = answer.json()["items"]
    return [{name: row[name] for name in ("clock", "red", "yellow", "green")} for row in rows]


async def test_a_clock_that_silence_will_end_is_about_to_be_due_before_and_gone_after(
    counter: Counter, hands: Hands
) -> None:
    await a_number(counter)
    hands.set(ON_EXPIRY - timedelta(hours=9))
    assert await listed(counter, "due-soon") == [("notice", "running")]
    assert await summed(counter) == [{"clock": "notice", "red": 0, "yellow": 1, "green": 0}]
    hands.set(ON_EXPIRY)
    assert await listed(counter, "due-soon") == []
    assert await listed(counter, "overdue") == []
    assert await summed(counter) == [{"clock": "statutory", "red": 0, "yellow": 0, "green": 1}]


async def test_a_clock_that_silence_starts_may_be_overdue_from_its_first_moment_on(
    counter: Counter, hands: Hands, service: Service
) -> None:
    item = a_permit("short")
    item.document["clocks"][1]["limit"]["amount"] = 3
    await a_number(counter, item)
    hands.set(ON_EXPIRY - timedelta(seconds=1))
    assert await listed(counter, "overdue") == []
    hands.set(ON_EXPIRY)
    assert await listed(counter, "overdue") == [("statutory", "running")]
    await Sweeper(service).sweep()
    assert await listed(counter, "overdue") == [("statutory", "running")]


async def test_an_overdue_clock_leaves_the_list_when_silence_approves(counter: Counter, hands: Hands) -> None:
    item = (
        an_item("renewal")
        .with_clock("promise", 3, starts="received")
        .with_clock("statutory", 20, starts="received", on_expiry="deemed_approved")
    )
    await a_number(counter, item)
    end = datetime.fromisoformat("2026-12-01T00:00:00+08:00")
    hands.set(end - timedelta(seconds=1))
    assert await listed(counter, "overdue") == [("promise", "running")]
    since = (end - timedelta(seconds=1)).isoformat()
    hands.set(end)
    assert await listed(counter, "overdue") == []
    answer = await counter.client.get("/api/v1/overdue", params={"changed_since": since}, headers=counter.headers())
    assert [gone["clock"] for gone in answer.json()["gone"]] == ["promise"]


async def test_the_tag_of_a_polled_list_changes_at_the_instant_of_the_effect(counter: Counter, hands: Hands) -> None:
    await a_number(counter)
    hands.set(ON_EXPIRY - timedelta(seconds=1))
    first = await counter.client.get("/api/v1/overdue/summary?by=clock", headers=counter.headers())
    hands.set(ON_EXPIRY)
    again = await counter.client.get(
        "/api/v1/overdue/summary?by=clock", headers=counter.headers(**{"If-None-Match": first.headers["etag"]})
    )
    assert again.status_code == 200


async def test_an_applicants_clock_is_listed_only_when_it_is_asked_for(counter: Counter, hands: Hands) -> None:
    item = an_item("later").with_clock("materials", 3, starts="received", stops=["corrected"], party="applicant")
    number = await a_number(counter, item)
    hands.set(ON_EXPIRY)
    assert await listed(counter, "overdue") == []
    assert await listed(counter, "overdue", party="applicant") == [("materials", "running")]
    assert (await counter.read(number))["light"] is None
