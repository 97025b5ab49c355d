"""The figures through the interface: each counts what its definition says."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.access.keys import KeyOrder, create_key
from app.access.roles import Role
from app.kit.service import Service
from app.kit.texts import LANGUAGES, label
from app.statistics.definitions import FIGURES, page
from tests.builders.applications import Counter, an_item_with_clocks
from tests.conftest import Hands
from tests.statistics.asking import ask, clock, told

Json = dict[str, Any]  # a JSON object
DAY = timedelta(days=1)
COUNTS = ("received", "accepted", "decided", "closed", "refused", "withdrawn", "terminated", "correction_never_came")


def counts(figures: Json) -> Json:
    """The plain counts that are not zero."""
    return {name: figures[name] for name in (*COUNTS, "open") if figures[name]}


async def test_what_was_received_accepted_and_decided_counts_once(counter: Counter, hands: Hands) -> None:
    number = (await counter.receive())["tracking_number"]
    await counter.receive()
    await counter.step(number, "accept")
    assert counts(await told(counter)) == {"received": 2, "accepted": 1, "open": 2}
    hands.advance(2 * DAY)
    await counter.step(number, "decide", result="granted")
    await counter.step(number, "deliver")
    await counter.step(number, "close", result_code="issued")
    figures = await told(counter)
    assert counts(figures) == {"received": 2, "accepted": 1, "decided": 1, "closed": 1, "open": 1}
    promise = clock(figures, "promise")
    assert (promise["on_time"], promise["early"], promise["late"], promise["on_time_rate"]) == (1, 1, 0, 1.0)
    assert (figures["gross"]["sum"], figures["net"]["sum"]) == (2, 2)


async def test_what_was_decided_on_its_due_day_is_in_time_and_not_early(counter: Counter, hands: Hands) -> None:
    number = (await counter.receive())["tracking_number"]
    accepted = await counter.step(number, "accept")
    promise = next(one for one in accepted["application"]["clocks"] if one["kind"] == "promise")
    hands.set(f"{promise['due_on']}T23:00:00+08:00")
    await counter.step(number, "decide", result="granted")
    found = clock(await told(counter), "promise")
    assert (found["on_time"], found["early"], found["late"]) == (1, 0, 0)


async def test_a_withdrawal_in_time_is_no_success_and_one_after_the_end_is_late(counter: Counter, hands: Hands) -> None:
    first, second = [(await counter.receive())["tracking_number"] for _ in range(2)]
    for number in (first, second):
        await counter.step(number, "accept")
    await counter.step(first, "withdraw", reason="x")
    hands.advance(90 * DAY)
    await counter.step(second, "withdraw", reason="x")
    figures = await told(counter, **{"from": "2026-11-01"})
    assert counts(figures) == {"received": 2, "accepted": 2, "closed": 2, "withdrawn": 2}
    for kind in ("promise", "statutory"):
        found = clock(figures, kind)
        assert (found["on_time"], found["early"], found["late"], found["late_rate"]) == (0, 0, 1, 1.0)
    assert figures["gross"]["count"] == 0


async def test_a_refusal_in_time_is_in_time_and_never_early(counter: Counter) -> None:
    number = (await counter.receive())["tracking_number"]
    await counter.step(number, "refuse", reason="x")
    figures = await told(counter)
    assert counts(figures) == {"received": 1, "closed": 1, "refused": 1}
    notice = clock(figures, "notice")
    assert (notice["on_time"], notice["early"]) == (1, 0)


async def test_a_correction_that_never_came_is_neither_in_time_nor_early(counter: Counter, hands: Hands) -> None:
    number = (await counter.receive())["tracking_number"]
    await counter.step(number, "request_correction", missing=["x"])
    hands.advance(3 * DAY)
    await counter.step(number, "terminate", reason="x")
    figures = await told(counter)
    assert counts(figures) == {"received": 1, "closed": 1, "terminated": 1, "correction_never_came": 1}
    assert clock(figures, "statutory")["on_time"] == 0
    assert figures["days_owned"]["applicant"] == figures["days_owned"]["total"] == 3


async def test_what_never_closes_shows_as_open_and_overdue_by_its_age(counter: Counter, hands: Hands) -> None:
    await counter.receive()
    await counter.step((await counter.receive())["tracking_number"], "accept")
    hands.advance(40 * DAY)
    figures = await told(counter)
    found = clock(figures, "promise")
    assert found["open_overdue"] == 1
    assert {one["age"]: one["count"] for one in found["open_overdue_by_age"] if one["count"]} == {"6-15": 1}
    assert clock(figures, "notice")["open_overdue_by_age"][3] == {"age": "31-90", "count": 1}


async def test_limits_are_compared_in_one_unit_and_never_across(counter: Counter, hands: Hands) -> None:
    """Sixty calendar days by law against twenty working days promised say nothing; forty working days do."""
    await counter.publish(
        an_item_with_clocks("other").with_(clocks=[]).with_clock("statutory", 40).with_clock("promise", 10)
    )
    for item in ("eia-report", "other"):
        number = (await counter.receive(item=item))["tracking_number"]
        await counter.step(number, "accept")
        hands.advance(DAY)
        await counter.step(number, "decide", result="granted")
    figures = await told(counter)
    [compression] = figures["compression"]
    assert (compression["unit"], compression["statutory"], compression["compared"]) == ("working_day", 40, 10)
    assert compression["ratio"] == 0.75
    assert [(one["unit"], one["statutory"], one["compared"]) for one in figures["speed_up"]] == [
        ("working_day", 40, 1),
        ("calendar_day", 60, 1),
    ]


async def test_a_figure_of_the_past_stays_what_it_was(counter: Counter, hands: Hands) -> None:
    """For one pair of both instants; a late entry changes what is known, not what was."""
    number = (await counter.receive())["tracking_number"]
    await counter.receive()
    await counter.step(number, "accept")
    hands.advance(10 * DAY)
    then = {"as_of": "2026-11-05T09:00:00+08:00", "known_at": hands.now().isoformat(), "from": "2026-11-01"}
    before = await ask(counter, by="officer", **then)
    hands.advance(DAY)
    await counter.step(
        number, "decide", result="granted", occurred_at="2026-11-04T10:00:00+08:00", late_reason="x",
        actor="甲", approver="乙",
    )  # fmt: skip
    assert await ask(counter, by="officer", **then) == before
    now = await told(counter, as_of=then["as_of"])
    assert counts(now) == {"received": 2, "accepted": 1, "decided": 1, "closed": 1, "open": 1}
    assert counts(before["total"]) == {"received": 2, "accepted": 1, "open": 2}


async def test_what_is_replayed_counts_as_what_is_stored(counter: Counter, hands: Hands) -> None:
    """The same question once answered from the rows, once from the events."""
    numbers = [(await counter.receive())["tracking_number"] for _ in range(3)]
    await counter.step(numbers[0], "accept")
    await counter.step(numbers[1], "request_correction", missing=["x"])
    hands.advance(DAY)
    await counter.step(
        numbers[0], "pause", ground="hearing", legal_basis="x", approver="乙",
        announced={"amount": 3, "unit": "working_day"},
    )  # fmt: skip
    await counter.step(numbers[1], "submit_correction")
    hands.advance(6 * DAY)
    await counter.step(numbers[0], "decide", result="granted")
    at = hands.now()
    stored = await ask(counter, by="section", as_of=at.isoformat())
    hands.advance(timedelta(hours=1))
    await counter.step(numbers[0], "deliver", occurred_at=at.isoformat(), late_reason="x", actor="甲", approver="乙")
    await counter.step(numbers[2], "accept", occurred_at=at.isoformat(), late_reason="x", actor="甲", approver="乙")
    again = await ask(counter, by="section", as_of=at.isoformat(), known_at=stored["known_at"])
    assert again == stored
    assert stored["total"]["days_owned"]["pause"] > 0


async def test_an_office_sees_its_own_and_no_other(
    counter: Counter, service: Service, keys: Mapping[str, str], client: httpx2.AsyncClient, hands: Hands
) -> None:
    answer = await client.put("/api/v1/departments/D2", json={"name": "二局"}, headers={"X-API-Key": keys["admin"]})
    assert answer.status_code == 201
    async with service.db.transaction() as tx:
        order = KeyOrder(role=Role.HEAD, name="x", department="D2")
        other = Counter(client, {**keys, "other": (await create_key(tx, order, now=service.now.now())).text})
    number = (await counter.receive())["tracking_number"]
    await counter.receive()
    assert counts(await told(other, role="other")) == {}
    hands.advance(timedelta(minutes=1))
    await counter.step(number, "assign", department="D2")
    assert counts(await told(other, role="other")) == {"open": 1}
    assert counts(await told(counter, role="head")) == {"received": 2, "open": 1}


async def test_a_reorganisation_changes_no_figure_of_the_past(
    counter: Counter, client: httpx2.AsyncClient, keys: Mapping[str, str], hands: Hands
) -> None:
    number = (await counter.receive())["tracking_number"]
    await counter.step(number, "accept")
    hands.advance(DAY)
    await counter.step(number, "decide", result="granted")
    before = await ask(counter, by="department", as_of=hands.now().isoformat())
    admin = {"X-API-Key": keys["admin"]}
    for code, body in (
        ("D9", {"name": "新局"}),
        ("D1", {"name": "测试局", "parent": "D9", "valid_to": "2026-11-30", "successor": "D9"}),
    ):
        answer = await client.put(f"/api/v1/departments/{code}", json=body, headers=admin)
        assert answer.status_code in (200, 201), answer.text
    hands.advance(60 * DAY)
    after = await ask(counter, by="department", as_of=before["as_of"], known_at=before["known_at"])
    assert after["items"] == before["items"]


async def test_the_ranking_counts_what_stands_open_and_overdue_against_an_office(
    counter: Counter, client: httpx2.AsyncClient, keys: Mapping[str, str], hands: Hands
) -> None:
    await client.put("/api/v1/departments/D2", json={"name": "二局"}, headers={"X-API-Key": keys["admin"]})
    numbers = [(await counter.receive())["tracking_number"] for _ in range(3)]
    for number in numbers:
        await counter.step(number, "accept")
    for number in numbers[:1]:
        await counter.step(number, "assign", department="D2")
    hands.advance(DAY)
    await counter.as_("admin_key").step(numbers[0], "decide", result="granted")
    await counter.step(numbers[1], "decide", result="granted")
    hands.advance(60 * DAY)
    rows = (await ask(counter, "/ranking", **{"from": "2026-11-01"}))["items"]
    told_of = [(row["rank"], row["department"], row["score"], row["open_overdue"]) for row in rows]
    assert told_of == [(1, "D2", 1.0, 0), (2, "D1", 0.5, 1)]


async def test_the_days_of_an_application_are_told_run_by_run(counter: Counter, hands: Hands) -> None:
    number = (await counter.receive())["tracking_number"]
    hands.advance(DAY)
    await counter.step(number, "request_correction", missing=["x"])
    hands.advance(6 * DAY)
    await counter.step(number, "submit_correction")
    hands.advance(DAY)
    days = (await counter.get(f"/{number}/days")).json()
    runs = [(run["from"], run["to"], run["owner"]) for run in days["runs"]]
    assert runs == [
        ("2026-11-03", "2026-11-03", "department"),
        ("2026-11-04", "2026-11-09", "applicant"),
        ("2026-11-10", "2026-11-10", "department"),
    ]
    assert days["elapsed"] == days["owners"]["total"] == 8
    assert (await counter.get(f"/{number}/days", as_of="2026-11-01T00:00:00Z")).json()["runs"] == []
    hidden = await counter.get("/Q0QJ-WRBA-61TW-PZ/days")
    assert hidden.status_code in (404, 422)


@pytest.mark.parametrize("query", ["by=colour", "", "by=month&from=2026-12-02&to=2026-12-01", "by=month&from=2026-1-1"])
async def test_a_question_that_cannot_be_answered_is_refused(counter: Counter, query: str) -> None:
    answer = await counter.client.get(f"/api/v1/statistics?{query}", headers={"X-API-Key": counter.keys["supervisor"]})
    assert answer.status_code == 422


async def test_each_figure_stands_with_its_definition_in_both_languages(counter: Counter) -> None:
    answer = await ask(counter, by="month")
    assert [one["figure"] for one in answer["definitions"]] == [one.figure for one in FIGURES]
    for language in LANGUAGES:
        for one in FIGURES:
            assert label("figure", one.figure, language) != one.figure
            assert len(label("definition", one.figure, language)) > len(one.figure)


def test_the_page_of_the_figures_says_what_the_code_says() -> None:
    text = (Path(__file__).parents[2] / "docs" / "figures.md").read_text(encoding="utf-8")
    assert text == page()
