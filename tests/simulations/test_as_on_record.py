"""What-if answers as the record does: one history put through both over HTTP, asked for many pairs of two instants.

Each step is recorded when it happens, as a case tells it, so that both know the same by any instant.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx2
import pytest

from app.applications import journal
from app.kit.service import Service
from tests.builders.applications import Counter, an_item_with_clocks
from tests.builders.items import ItemBuilder
from tests.conftest import Hands

Json = dict[str, Any]  # a JSON object

APPROVED = {"reason": "录入有误", "approver": "王局长", "actor": "李四"}
HEARING = {"ground": "hearing", "legal_basis": "许可法 45", "approver": "局长"}
NOTICE = {"document": "测试〔2026〕1号", "holidays": ["2026-11-09", "2026-11-10"], "approver": "李四"}
PROVES = frozenset({"reason", "approver", "actor", "legal_basis"})


def on(day: int, hour: int = 10, minute: int = 0) -> str:
    return f"2026-11-{day:02}T{hour:02}:{minute:02}:00+08:00"


def a(type_: str, day: int, hour: int = 10, /, **more: Any) -> Json:
    return {"type": type_, "at": on(day, hour), **more}


def amend(day: int, step: str, replaces: Json | None, hour: int = 10) -> Json:
    return {"type": "amend", "at": on(day, hour), "step": step, "replaces": replaces, **APPROVED}


HISTORIES: dict[str, list[Json]] = {
    "steps that were moved, changed and struck out": [
        a("receive", 2, 9, id="r"),
        a("accept", 3, id="a"),
        a("pause", 5, id="p", announced={"amount": 4, "unit": "calendar_day"}, **HEARING),
        amend(6, "a", {"occurred_at": on(4)}),
        amend(9, "p", {"announced": {"amount": 10, "unit": "working_day"}}),
        a("resume", 12, id="e"),
        amend(13, "e", None),
        a("resume", 16, id="f"),
        a("decide", 20, id="d", result="granted"),
        amend(23, "d", {"occurred_at": on(18)}),
        amend(24, "d", None),
        amend(24, "d", {"occurred_at": on(19)}, 11),
        a("decide", 25, id="g", result="denied"),
    ],
    "amendments that are refused": [
        a("receive", 2, 9, id="r"),
        a("accept", 3, id="a"),
        amend(3, "r", None, 11),
        a("start_stage", 4, id="s", stage="review"),
        amend(5, "a", None),
        amend(5, "a", {"occurred_at": on(6)}, 11),
        amend(5, "a", {"occurred_at": on(3)}, 12),
        amend(6, "s", {"stage": "nowhere"}),
        amend(6, "s", None, 11),
        amend(6, "s", None, 12),
        amend(9, "a", None),
        a("refuse", 10, id="x", reason="不齐"),
    ],
    "a receipt that was amended, silence and an end that was fixed": [
        a("receive", 3, 9, id="r"),
        amend(4, "r", {"submitted_at": on(2, 16)}),
        amend(5, "r", {"fixed_due": {"statutory": "2026-11-19"}, "fixed_due_basis": "许可法 50"}),
        a("accept", 10, id="a"),
        amend(11, "r", {"fixed_due": {}}),
        a("extend", 12, id="e", clock="statutory", amount=10, approver="局长", reason="复杂"),
        amend(13, "e", {"amount": 3}),
        amend(16, "a", {"occurred_at": on(3)}),
    ],
    "corrections, stages and holders": [
        a("receive", 2, 9, id="r"),
        a("request_correction", 3, id="q", missing=["图纸"]),
        a("submit_correction", 5, id="c"),
        amend(6, "q", {"occurred_at": on(2, 11)}),
        a("accept", 6, 11, id="a"),
        a("start_stage", 9, id="s", stage="review"),
        a("complete_stage", 11, id="t", stage="review"),
        amend(12, "t", {"occurred_at": on(10)}),
        amend(13, "c", {"occurred_at": on(4)}),
        amend(16, "t", None),
    ],
    "silence that was overtaken by an amendment": [
        a("receive", 2, 9, id="r"),
        a("request_correction", 6, id="q", missing=["图纸"]),
        amend(11, "q", None),
        a("accept", 12, id="a"),
        amend(13, "a", {"occurred_at": on(6)}),
        amend(16, "a", None),
        a("decide", 17, id="d", result="granted"),
        amend(25, "d", None),
    ],
    "an edition on the way": [
        a("receive", 2, 9, id="r"),
        a("accept", 3, id="a"),
        {"type": "edition", "at": on(5, 0), **NOTICE},
        a("start_stage", 6, id="s", stage="review"),
        amend(9, "a", {"occurred_at": on(4)}),
        amend(11, "a", {"occurred_at": on(2, 15)}),
        a("decide", 12, id="d", result="granted"),
        {"type": "edition", "at": on(16, 0), **NOTICE, "document": "测试〔2026〕2号", "holidays": ["2026-11-23"]},
        amend(17, "d", None),
    ],
}


def an_item_with_silence() -> ItemBuilder:
    document = an_item_with_clocks().build()
    notice, *others = document["clocks"]
    notice |= {"on_expiry": "deemed_accepted_from_receipt", "legal_basis": "行政许可法 第三十二条"}
    return ItemBuilder({**document, "clocks": [notice, *others]})


@pytest.fixture
def counter(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Counter:
    return Counter(client, keys)


async def recorded(counter: Counter, service: Service, hands: Hands, history: list[Json]) -> tuple[str, list[str]]:
    """The history entered as it happens: the number, and what was refused, in order."""
    number, ids, refused = "", {}, []
    for told in history:
        hands.set(told["at"])
        said = {name: value for name, value in told.items() if name not in ("at", "id", "type")}
        if told["type"] == "receive":
            number = (await counter.receive())["tracking_number"]
            ids[told["id"]] = f"{number}.1"
        elif told["type"] == "edition":
            await published(counter, {**said, "published_at": told["at"][:10]})
            async with service.db.transaction() as tx:
                await journal.recompute(tx, [number], (), sealer=service.sealer, now=hands.now())
        else:
            step = {"type": told["type"], **said}
            if "step" in said:
                step["step"] = ids.get(said["step"], f"{number}.99")
            answer = await counter.post(f"/{number}/steps", step)
            if answer.status_code == 201:
                ids[told.get("id", "")] = answer.json()["step"]["id"]
            else:
                assert answer.status_code in (409, 422), answer.text
                refused.append(answer.json()["code"])
    hands.advance(timedelta(days=30))
    return number, refused


async def published(counter: Counter, edition: Json) -> None:
    answer = await counter.client.post(
        "/api/v1/calendars/CN/editions", json=edition, headers={"X-API-Key": counter.keys["admin"]}
    )
    assert answer.status_code == 201, answer.text


async def asked(counter: Counter, *cases: Json) -> list[Json]:
    answer = await counter.client.post("/api/v1/simulations", json={"cases": list(cases)}, headers=counter.headers())
    assert answer.status_code == 200, answer.text
    results: list[Json] = answer.json()["results"]
    return results


def a_case(history: list[Json], **more: Any) -> Json:
    """The history as a case tells it: what only proves a step is left out, editions are published anyhow."""
    steps = [
        {name: value for name, value in told.items() if name not in PROVES}
        for told in history
        if told["type"] != "edition"
    ]
    return {"id": "a", "item": "eia-report", "steps": steps, **more}


def moments(history: list[Json]) -> list[str]:
    """An instant between each two records, and one long after."""
    at = sorted({datetime.fromisoformat(told["at"]) for told in history})
    between = [first + (second - first) / 2 for first, second in pairwise(at)]
    return [one.isoformat() for one in (*between, at[-1] + timedelta(days=25))]


def differences(live: Json, result: Json) -> list[tuple[Any, ...]]:
    """What the two say otherwise: of which clock, which field, on record and in the What-if."""
    found: list[tuple[Any, ...]] = []
    if live["status"] != result["status"]:
        found.append(("status", live["status"], result["status"]))
    clocks = [
        {(one["kind"], one["stage"], one["round"] or 1): {**one, "round": one["round"] or 1} for one in told["clocks"]}
        for told in (live, result)
    ]
    for key in sorted({*clocks[0], *clocks[1]}, key=str):
        one, other = (told.get(key, {}) for told in clocks)
        fields = sorted({*one, *other})
        if one.get("state") == other.get("state") == "not_started":
            fields.remove("calendar")
        found += [(key, name, one.get(name), other.get(name)) for name in fields if one.get(name) != other.get(name)]
    return found


@pytest.mark.parametrize("name", HISTORIES)
async def test_a_what_if_knows_by_any_instant_what_the_record_knows(
    counter: Counter, service: Service, hands: Hands, name: str
) -> None:
    history = HISTORIES[name]
    await counter.publish(an_item_with_silence())
    number, refused = await recorded(counter, service, hands, history)
    instants = moments(history)
    pairs = [(as_of, known_at) for as_of in instants for known_at in instants]
    told = await asked(counter, *(a_case(history, as_of=as_of, known_at=known_at) for as_of, known_at in pairs))
    differing = []
    for (as_of, known_at), result in zip(pairs, told, strict=True):
        live = await counter.read(number, as_of=as_of, known_at=known_at)
        assert "error" not in result, result
        differing += [(as_of, known_at, *one) for one in differences(live, result)]
    assert differing[:5] == []
    assert [one["code"] for one in told[-1]["violations"] if one["code"] != "pause_over_announced"] == refused


@pytest.mark.parametrize("name", HISTORIES)
async def test_without_known_at_a_what_if_knows_what_was_recorded_by_the_instant_asked_about(
    counter: Counter, service: Service, hands: Hands, name: str
) -> None:
    history = HISTORIES[name]
    await counter.publish(an_item_with_silence())
    await recorded(counter, service, hands, history)
    instants = moments(history)
    with_it = await asked(counter, *(a_case(history, as_of=at, known_at=at) for at in instants))
    without = await asked(counter, *(a_case(history, as_of=at) for at in instants))
    assert with_it == without


@pytest.mark.parametrize("name", HISTORIES)
async def test_without_known_at_the_record_knows_what_was_put_right_since_and_a_what_if_does_not(
    counter: Counter, service: Service, hands: Hands, name: str
) -> None:
    history = HISTORIES[name]
    await counter.publish(an_item_with_silence())
    number, _ = await recorded(counter, service, hands, history)
    instants = moments(history)
    now = instants[-1]
    with_all = await asked(counter, *(a_case(history, as_of=at, known_at=now) for at in instants))
    without = await asked(counter, *(a_case(history, as_of=at) for at in instants))
    told_otherwise = 0
    for at, result, case in zip(instants, with_all, without, strict=True):
        live = await counter.read(number, as_of=at)
        assert differences(live, result) == []
        told_otherwise += differences(live, case) != []
    assert told_otherwise > 0
