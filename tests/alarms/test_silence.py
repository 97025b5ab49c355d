"""The sweep writes down what silence did, once, and raises one alarm in place of `overdue`."""

from datetime import datetime, timedelta
from typing import Any

from app.alarms.sweep import Sweeper
from app.applications.verify import verify
from app.kit.service import Service
from tests.applications.test_silence import ON_EXPIRY, a_number, steps_of
from tests.builders.applications import Counter
from tests.builders.items import an_item
from tests.conftest import Hands


async def alarms_of(counter: Counter, number: str) -> list[dict[str, Any]]:
    answer = await counter.client.get("/api/v1/alarms", params={"tracking_number": number}, headers=counter.headers())
    rows: list[dict[str, Any]] = answer.json()["items"]
    return rows


async def test_a_sweep_records_the_effect_once_and_raises_one_alarm(
    counter: Counter, hands: Hands, sweeper: Sweeper, service: Service
) -> None:
    number = await a_number(counter)
    hands.set(ON_EXPIRY + timedelta(seconds=20))
    swept = await sweeper.sweep()
    assert [effect[1:] for effect in swept.deemed] == [("notice", "deemed_accepted_from_receipt")]
    assert (await sweeper.sweep()).deemed == ()
    assert [step["type"] for step in await steps_of(counter, number)] == ["receive", "deemed"]
    notice = [(one["kind"], one["rung"], one["crossed_at"]) for one in await alarms_of(counter, number)]
    assert notice == [("deemed", 0, "2026-11-10T00:00:00+08:00"), ("warning", 1, "2026-11-06T00:00:00+08:00")]
    assert (await verify(service.db, service.sealer)).first is None


async def test_nothing_that_is_read_differs_before_and_after_the_sweep(
    counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    number = await a_number(counter)
    hands.set(ON_EXPIRY + timedelta(seconds=20))
    before = await counter.read(number)
    await sweeper.sweep()
    after = await counter.read(number)
    assert before | {"version": 2} == after


async def test_with_the_late_entry_the_alarm_is_withdrawn_and_names_it(
    counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    number = await a_number(counter)
    hands.set(ON_EXPIRY + timedelta(seconds=20))
    await sweeper.sweep()
    hands.advance(timedelta(hours=9))
    await counter.step(number, "accept", occurred_at="2026-11-06T10:00:00+08:00", late_reason="found in the tray")
    await sweeper.sweep()
    [alarm] = [one for one in await alarms_of(counter, number) if one["rung"] == 0]
    assert alarm["withdrawn"]["cause"] == "late_entry"
    assert "accept" in alarm["withdrawn"]["reason"]


async def test_an_applicants_silence_is_recorded_and_is_no_alarm_of_the_office(
    counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    item = an_item("corrected").with_clock(
        "correction", 10, starts="correction_requested", stops=["corrected"], party="applicant",
        on_expiry="deemed_withdrawn",
    )  # fmt: skip
    number = await a_number(counter, item)
    hands.advance(timedelta(hours=1))
    await counter.step(number, "request_correction", missing=["x"])
    hands.set(datetime.fromisoformat("2026-11-17T00:00:10+08:00"))
    swept = await sweeper.sweep()
    assert [effect[1:] for effect in swept.deemed] == [("correction", "deemed_withdrawn")]
    assert await alarms_of(counter, number) == []
    assert (await counter.read(number))["version"] == 3


async def test_two_effects_in_one_outage_are_both_recorded(counter: Counter, hands: Hands, sweeper: Sweeper) -> None:
    item = (
        an_item("both")
        .with_clock("notice", 5, starts="received", stops=["accepted"], on_expiry="deemed_accepted_from_receipt")
        .with_clock("statutory", 20, on_expiry="deemed_approved")
    )
    number = await a_number(counter, item)
    hands.set(datetime.fromisoformat("2026-12-10T00:00:00+08:00"))
    await sweeper.sweep()
    effects = [step.get("effect") for step in await steps_of(counter, number)]
    assert effects == [None, "deemed_accepted_from_receipt", "deemed_approved"]
    kinds = sorted(one["kind"] for one in await alarms_of(counter, number))
    assert kinds == ["deemed", "deemed", "warning", "warning"]
