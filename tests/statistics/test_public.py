"""The figures of a month for anybody: those of the statistics, small numbers hidden."""

from typing import Any

import pytest

from app.kit.service import Service
from app.kit.throttle import Throttle
from app.statistics import public
from app.statistics.answers import Period
from tests.builders.applications import Counter, an_item_with_clocks
from tests.conftest import Hands
from tests.statistics.asking import ask, clock

Json = dict[str, Any]  # a JSON object
PATH = "/api/v1/public/statistics"


async def published(counter: Counter, **query: str) -> Json:
    """The answer to somebody without a credential."""
    answer = await counter.client.get(PATH, params=query, headers={"Accept-Language": "en"})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def shown(figures: Json) -> list[str]:
    """Received, closed, and the promise kept and missed."""
    promise = clock(figures, "promise")
    return [one["shown"] for one in (figures["received"], figures["closed"], promise["on_time"], promise["late"])]


@pytest.fixture
async def december(counter: Counter, hands: Hands) -> Counter:
    """Seven of one item decided in time and seven late, six of another in time, three left open; it is January."""
    await counter.publish(an_item_with_clocks("permit"))
    hands.set("2026-12-01T09:00:00+08:00")
    early, late = (
        [(await counter.receive())["tracking_number"] for _ in range(7)],
        [(await counter.receive())["tracking_number"] for _ in range(7)],
    )
    others = [(await counter.receive(item="permit"))["tracking_number"] for _ in range(9)]
    for number in (*early, *late, *others):
        await counter.step(number, "accept")
    for number in (*early, *others[:6]):
        await counter.step(number, "decide", result="granted")
    hands.set("2026-12-31T10:00:00+08:00")
    for number in late:
        await counter.step(number, "decide", result="granted")
    hands.set("2027-01-05T09:00:00+08:00")
    public._kept.forget()
    return counter


async def test_anybody_reads_the_figures_of_the_last_month_that_is_over(december: Counter) -> None:
    told = await published(december)
    assert told == await published(december, month="2026-12")
    assert (told["month"], told["from"], told["to"]) == ("2026-12", "2026-12-01", "2026-12-31")
    assert shown(told["total"]) == ["23", "20", "13", "7"]
    (office,) = told["departments"]
    assert shown(office) == ["23", "20", "13", "7"]
    assert [(one["item"], shown(one)) for one in office["items"]] == [
        ("eia-report", ["14", "14", "7", "7"]),
        ("permit", ["9", "6", "6", "0"]),
    ]
    same = await ask(december, by="item", **{"from": "2026-12-01", "to": "2026-12-31", "as_of": told["as_of"]})
    for line, item in zip(same["items"], office["items"], strict=True):
        assert line["gross"]["mean"] == item["mean_days"]
    assert told["total"]["mean_days"] == same["total"]["gross"]["mean"]
    assert {one["figure"] for one in told["definitions"]} >= {"received", "closed", "on_time", "late", "small_numbers"}


async def test_what_four_did_is_hidden_and_cannot_be_taken_from_the_whole(counter: Counter, hands: Hands) -> None:
    await counter.publish(an_item_with_clocks("permit"))
    for item, count in (("eia-report", 8), ("permit", 4)):
        for _ in range(count):
            await counter.step((await counter.receive(item=item))["tracking_number"], "refuse", reason="x")
    hands.set("2026-12-05T09:00:00+08:00")
    public._kept.forget()
    told = await published(counter, month="2026-11")
    assert shown(told["total"])[:2] == ["12", "12"]
    few, many = (
        next(one for one in told["departments"][0]["items"] if one["item"] == item) for item in ("permit", "eia-report")
    )
    assert shown(few)[:2] == ["<5", "<5"]
    assert shown(many)[:2] == ["–", "–"]
    assert few["received"]["count"] is None
    assert few["mean_days"] is None
    assert many["received"]["count"] is None


async def test_a_month_that_goes_on_is_not_published(counter: Counter, hands: Hands) -> None:
    hands.set("2026-11-30T23:59:00+08:00")
    for month in ("2026-11", "2026-12"):
        answer = await counter.client.get(PATH, params={"month": month})
        assert answer.status_code == 422
        assert answer.json()["code"] == ("month_not_over" if month == "2026-11" else "month_not_begun")
    hands.set("2026-12-01T00:00:00+08:00")
    assert (await counter.client.get(PATH, params={"month": "2026-11"})).status_code == 200


async def test_an_empty_month_is_published_as_one(counter: Counter) -> None:
    told = await published(counter, month="2019-02")
    assert (shown(told["total"]), told["departments"]) == (["0", "0", "0", "0"], [])


async def test_it_is_reckoned_once_for_all_who_ask_and_anew_after_five_minutes(
    december: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = [0]
    reckon = public._table

    async def counted(service: Service, period: Period) -> public.Table:
        times[0] += 1
        return await reckon(service, period)

    monkeypatch.setattr(public, "_table", counted)
    for _ in range(3):
        await published(december, month="2026-12")
    assert times == [1]
    answer = await december.client.get(PATH, params={"month": "2026-12"})
    assert answer.headers["cache-control"] == "public, max-age=300"
    public._kept.forget()
    await published(december, month="2026-12")
    assert times == [2]


async def test_who_asks_too_often_waits(counter: Counter, service: Service) -> None:
    public._kept.forget()
    service.throttle = Throttle(per_minute=4, total_per_minute=1000)
    codes = [(await counter.client.get(PATH, params={"month": "2019-02"})).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
