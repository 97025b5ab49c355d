"""Backtests over HTTP: who may ask, of what, at once or later, and what is said."""

from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from app.backtests import routes
from app.kit.service import Service
from tests.backtests.conftest import Ask
from tests.builders.applications import Counter, an_item_with_clocks
from tests.conftest import Hands

LAST_YEAR = {"limit": {"amount": 4, "unit": "working_day"}, "from": "2026-11-01", "to": "2026-11-30"}


async def put_department(counter: Counter, code: str) -> None:
    document = {"name": "测试局", "sections": [{"code": "window", "name": "综合窗口"}]}
    headers = {"X-API-Key": counter.keys["admin"]}
    answer = await counter.client.put(f"/api/v1/departments/{code}", json=document, headers=headers)
    assert answer.status_code in (200, 201), answer.text


@pytest.fixture
async def office(client: httpx2.AsyncClient, keys: Mapping[str, str], hands: Hands) -> Counter:
    """Three applications accepted on Monday 2 November 2026, decided after two, six and nine working days."""
    counter = Counter(client, keys)
    await put_department(counter, "D1")
    await counter.publish()
    numbers = [(await counter.receive(section="window"))["tracking_number"] for _ in range(3)]
    for number in numbers:
        await counter.step(number, "accept")
    for number, day in zip(numbers, ("2026-11-04", "2026-11-10", "2026-11-13"), strict=True):
        hands.set(f"{day}T15:00:00+08:00")
        await counter.step(number, "decide", result="granted")
    return counter


async def test_what_a_shorter_promise_would_have_come_to(office: Counter, ask: Ask) -> None:
    answer = await ask(item="eia-report", clock="promise", **LAST_YEAR)
    result = answer["result"]

    assert (answer["id"], answer["done"], answer["total"]) == (None, 3, 3)
    assert result["limits_before"] == [
        {"limit": {"amount": 20, "unit": "working_day", "unit_label": "working day"}, "applications": 3}
    ]
    assert (result["before"]["kept"], result["before"]["late_share"]) == (3, 0.0)
    assert (result["after"]["kept"], result["after"]["late"], result["after"]["late_share"]) == (1, 2, 0.6667)
    assert (result["newly_late"], result["no_longer_late"]) == (2, 0)
    assert [(row["share"], row["limit"]["amount"]) for row in result["kept_in"]] == [
        (0.5, 6), (0.8, 9), (0.9, 9), (0.95, 9), (0.99, 9), (1.0, 9),
    ]  # fmt: skip
    [section] = result["sections"]
    assert (section["department"], section["section"], section["newly_late"]) == ("D1", "window", 2)


async def test_a_period_a_section_and_a_department_narrow_it(office: Counter, ask: Ask) -> None:
    first = {**LAST_YEAR, "to": "2026-11-04"}
    assert (await ask(item="eia-report", **first))["total"] == 1
    assert (await ask(**LAST_YEAR))["total"] == 3
    assert (await ask(**LAST_YEAR, section="window", department="D1"))["total"] == 3
    assert (await ask(**LAST_YEAR, section="other"))["total"] == 0


async def test_of_nobody_nothing_is_said(office: Counter, ask: Ask) -> None:
    result = (await ask(item="eia-report", **{**LAST_YEAR, "from": "2020-01-01", "to": "2020-12-31"}))["result"]

    assert (result["applications"], result["after"]["late_share"], result["kept_in"], result["sections"]) == (
        0, None, [], [],
    )  # fmt: skip


async def test_a_head_sees_his_own_office_only(office: Counter, ask: Ask) -> None:
    await put_department(office, "D2")
    await office.publish(an_item_with_clocks("other", "D2"))
    elsewhere = office.as_("admin_key")
    number = (await elsewhere.receive(item="other"))["tracking_number"]
    await elsewhere.step(number, "withdraw", reason="x")

    assert (await ask("supervisor", **LAST_YEAR))["total"] == 4
    assert (await ask("head", **LAST_YEAR))["total"] == 3
    assert (await ask("head", **LAST_YEAR, department="D2"))["total"] == 0


async def test_a_large_one_is_worked_on_and_asked_for_again(
    office: Counter, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "AT_ONCE", 2)
    answer = await ask(item="eia-report", **LAST_YEAR)

    assert (answer["done"], answer["total"], answer["state_label"]) == (3, 3, "Done")
    assert answer["result"]["after"]["late"] == 2
    client, keys = office.client, office.keys
    other = await client.get(f"/api/v1/backtests/{answer['id']}", headers={"X-API-Key": keys["admin"]})
    assert (other.status_code, other.json()["code"]) == (404, "backtest_not_found")


async def test_the_same_key_begins_no_second_one(office: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "AT_ONCE", 2)
    headers = {"X-API-Key": office.keys["supervisor"], "Idempotency-Key": "k1"}
    first = await office.client.post("/api/v1/backtests", json=LAST_YEAR, headers=headers)
    again = await office.client.post("/api/v1/backtests", json=LAST_YEAR, headers=headers)

    assert first.status_code == 202
    assert first.headers["Location"] == f"/api/v1/backtests/{first.json()['id']}"
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_one_that_was_left_behind_says_so(
    office: Counter, hands: Hands, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "AT_ONCE", 2)
    monkeypatch.setattr(service.errands, "begin", lambda errand: errand.close())
    headers = {"X-API-Key": office.keys["supervisor"], "Accept-Language": "en"}
    begun = (await office.client.post("/api/v1/backtests", json=LAST_YEAR, headers=headers)).json()
    hands.set("2026-11-13T16:00:00+08:00")
    shown = (await office.client.get(f"/api/v1/backtests/{begun['id']}", headers=headers)).json()

    assert (shown["state"], shown["problem"]["code"]) == ("failed", "interrupted")


async def test_a_full_house_refuses_more(office: Counter, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "AT_ONCE", 2)
    monkeypatch.setattr(service.errands, "_most", 0)
    answer = await office.client.post(
        "/api/v1/backtests", json=LAST_YEAR, headers={"X-API-Key": office.keys["supervisor"]}
    )

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "30"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"item": "nothing"}, "item_unknown"), ({"from": "2026-12-01"}, "must end on or after"),
        ({"stage": "review", "clock": "statutory"}, "is called `stage`"), ({"colour": "red"}, "/colour"),
        ({"limit": {"amount": -1, "unit": "working_day"}}, "/limit/amount"),
    ],
)  # fmt: skip
async def test_what_cannot_be_asked_is_refused(office: Counter, change: dict[str, Any], says: str) -> None:
    answer = await office.client.post(
        "/api/v1/backtests", json={**LAST_YEAR, **change}, headers={"X-API-Key": office.keys["supervisor"]}
    )

    assert answer.status_code == 422
    assert says in answer.text


async def test_who_may_not_plan_may_not_ask(office: Counter) -> None:
    for role in ("clerk", "reviewer", "auditor", "integration", "security"):
        answer = await office.client.post("/api/v1/backtests", json=LAST_YEAR, headers={"X-API-Key": office.keys[role]})
        assert (role, answer.status_code) == (role, 403)


async def test_nothing_of_an_application_is_changed(office: Counter, ask: Ask) -> None:
    before = [row["tracking_number"] + str(row["version"]) for row in (await office.get()).json()["items"]]
    await ask(**LAST_YEAR)
    assert before == [row["tracking_number"] + str(row["version"]) for row in (await office.get()).json()["items"]]
