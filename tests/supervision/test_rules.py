"""The rules of supervision are data in versions, and history."""

from collections.abc import Mapping

import httpx2
import pytest
from sqlalchemy import text

from app.alarms.sweep import Sweeper
from app.kit.db import Database
from app.kit.service import Service
from app.proof.verify import Asked, verify_all
from tests.builders.applications import Counter
from tests.conftest import Hands
from tests.proof import tampering
from tests.supervision.conftest import Desk, Json

RULES: Json = {
    "raised_by": [{"kind": "warning", "clocks": ["notice"]}],
    "limit": {"amount": 2, "unit": "working_day"},
    "rework_limit": {"amount": 1, "unit": "working_day"},
    "extension": {"amount": 1, "times": 2},
    "cards": [{"colour": "red", "points": 20}],
    "labels": {"order": {"zh": "督查通知书", "en": "Notice of inspection"}, "red": {"zh": "红色预警"}},
    "source": "某政办〔2026〕1号",
}


async def put(desk: Desk, rules: Json) -> httpx2.Response:
    return await desk.client.put("/api/v1/supervision-rules", json=rules, headers=desk.headers())


async def test_the_sample_stands_until_something_is_published(desk: Desk) -> None:
    shown = (await desk.get("/supervision-rules")).json()
    assert (shown["version"], shown["published_at"]) == (0, None)
    assert [(card["colour"], card["points"]) for card in shown["rules"]["cards"]] == [("yellow", 5), ("red", 10)]
    assert shown["rules"]["labels"]["order"]["zh"] == "督办单"
    assert shown["rules"]["labels"]["supervision"]["zh"] == "效能督查"


async def test_an_order_keeps_the_terms_under_which_it_was_issued(
    desk: Desk, counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    before = await desk.issue()
    made = await put(desk, RULES)
    assert (made.status_code, made.json()["version"]) == (201, 1)
    again = await put(desk, RULES)
    assert (again.status_code, again.json()["version"]) == (200, 1)
    await counter.receive()
    hands.set("2026-11-09T00:00:20+08:00")
    await sweeper.sweep()
    [after, *_] = (await desk.get("/orders")).json()["items"]
    assert (after["rules"], after["label"], after["cause"]["kind"]) == (1, "Notice of inspection", "warning")
    assert after["clock"]["due_on"] == "2026-11-11"
    hands.set("2026-11-13T00:00:20+08:00")
    await sweeper.sweep()
    [red] = (await desk.read(after["id"]))["cards"]
    assert (red["colour"], red["colour_label"], red["points"]) == ("red", "红色预警", 20)
    [yellow] = (await desk.read(before["id"]))["cards"]
    assert (yellow["colour"], yellow["colour_label"]) == ("yellow", "Yellow card")
    assert (await desk.get("/supervision-rules/0")).json()["version"] == 0
    assert (await desk.get("/supervision-rules/7")).status_code == 404


async def test_no_order_is_raised_where_the_rules_raise_none(
    desk: Desk, counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    assert (await put(desk, {**RULES, "raised_by": []})).status_code == 201
    await counter.receive()
    hands.set("2026-11-12T00:00:20+08:00")
    assert (await sweeper.sweep()).raised
    assert (await desk.get("/orders")).json()["items"] == []


async def test_rules_changed_in_silence_are_found(desk: Desk, service: Service, database: Database) -> None:
    assert (await put(desk, RULES)).status_code == 201
    assert (await verify_all(service.db, service.sealer, Asked())).first is None
    async with database.transaction() as tx:
        await tampering.unlock(tx)
        await tx.execute(text("UPDATE supervision_rules SET published_by = 'nobody'"))
    found = (await verify_all(service.db, service.sealer, Asked())).first
    assert found is not None
    assert found.kind == "rule"


WRONG: Mapping[str, Json] = {
    "two cards at once": {"cards": [{"colour": "red"}, {"colour": "yellow"}]},
    "an unknown colour": {"cards": [{"colour": "blue"}]},
    "a limit that is none": {"limit": {"amount": 10_001, "unit": "working_day"}},
    "a kind that is none": {"raised_by": [{"kind": "noise"}]},
    "hours that the calendar does not know": {"limit": {"amount": 8, "unit": "working_hour"}},
    "hours after a return": {"rework_limit": {"amount": 8, "unit": "working_hour"}},
    "a NUL": {"source": "a\x00"},
}


@pytest.mark.parametrize("what", WRONG)
async def test_rules_that_make_no_sense_are_refused(desk: Desk, what: str) -> None:
    answer = await put(desk, RULES | WRONG[what])
    assert answer.status_code == 422, answer.text
    assert (await desk.get("/supervision-rules")).json()["version"] == 0
