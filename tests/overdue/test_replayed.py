"""Lists and summary by what was known: a pair of `as_of` and `known_at` is answered alike for ever."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.applications import travel
from tests.builders.applications import Counter, an_item_with_clocks
from tests.conftest import Hands

Json = dict[str, Any]  # a JSON object
APPROVED = {"reason": "录入时看错了", "approver": "王局长", "actor": "李四"}
DESKS: tuple[Json, ...] = (
    {"department": "D1", "section": "S1"},
    {"department": "D1"},
    {"department": "D2"},
    {"section": "S1"},
)
PATHS = ("/overdue", "/due-soon", "/overdue/summary", "/applications")


async def asked(counter: Counter, path: str = "/overdue", **query: str) -> Json:
    answer = await counter.client.get(f"/api/v1{path}", params=query, headers=counter.headers())
    assert answer.status_code == 200, answer.text
    document: Json = answer.json()
    return document


async def all_answers(counter: Counter, **pair: str) -> dict[str, Json]:
    """Every list in some of its variants, without what says when it was swept."""
    variants: list[tuple[str, dict[str, str]]] = [
        ("/overdue", {}),
        ("/overdue", {"include_stopped": "true", "limit": "500"}),
        ("/overdue", {"min_overdue": "3"}),
        ("/overdue", {"department": "D1", "clock": "notice", "section": ""}),
        ("/due-soon", {}),
        ("/overdue/summary", {"by": "clock"}),
        ("/overdue/summary", {"by": "item", "min_overdue": "2"}),
        ("/applications", {"limit": "500"}),
        ("/applications", {"light": "red"}),
        ("/applications", {"status": "accepted"}),
        ("/overdue", {"department": "D2"}),
        ("/overdue", {"section": "S1"}),
        ("/overdue/summary", {"by": "section", "department": "D1"}),
        ("/applications", {"department": "D2", "item": "second"}),
        ("/applications", {"section": "S1"}),
    ]
    found = {}
    for path, query in variants:
        for reader in (counter, counter.as_("supervisor")):
            if path == "/applications" and reader is counter:
                continue  # what his office holds or held, he reads by the rights that he has now
            document = await asked(reader, path, **query, **pair)
            document.pop("swept_at", None)
            found[f"{path} {query}" if reader is counter else f"{path} {query} of all"] = document
    return found


async def two_departments(counter: Counter) -> None:
    """D1 with a section, and D2."""
    for code, sections in (("D1", [{"code": "S1", "name": "一科", "officers": []}]), ("D2", [])):
        answer = await counter.client.put(
            f"/api/v1/departments/{code}", json={"name": code, "sections": sections}, headers=admin(counter)
        )
        assert answer.status_code in (200, 201), answer.text


def admin(counter: Counter) -> dict[str, str]:
    return counter.as_("admin").headers()


async def live(counter: Counter, hands: Hands, chance: random.Random, open_: list[str]) -> None:
    """One thing happens in the office, late or amended or in its time."""
    what = chance.choice(
        [
            "receive",
            "accept",
            "decide",
            "late",
            "amend",
            "strike",
            "subject",
            "explain",
            "stage",
            "assign",
            "late assign",
        ]
    )
    if what == "receive" or not open_:
        back = timedelta(hours=chance.choice([0, 0, 30, 200]))
        answer = await counter.post(
            "",
            {
                "item": chance.choice(["eia-report", "second"]),
                "applicant": {"name": "甲"},
                "subject": f"第{chance.randrange(100)}件",
                "channel": "window",
                "submitted_at": (hands.now() - back).isoformat(),
            },
        )
        open_.append(answer.json()["tracking_number"])
        return
    number = chance.choice(open_)
    late = {"late_reason": "补录", "approver": "王局长", "actor": "李四"}
    earlier = {"occurred_at": (hands.now() - timedelta(hours=chance.randrange(1, 300))).isoformat()}
    steps = (await counter.get(f"/{number}/steps")).json().get("items")
    if steps is None:
        return  # held elsewhere, and never here
    first = {"occurred_at": steps[0]["occurred_at"]}
    step = chance.choice(steps)["id"]
    body: Json = {
        "accept": {"type": "accept"},
        "decide": {"type": "decide", "result": "granted"},
        "late": {"type": chance.choice(["accept", "decide"]), "result": "granted", **earlier, **late},
        "amend": {"type": "amend", "step": step, "replaces": earlier, **APPROVED},
        "strike": {"type": "amend", "step": step, "replaces": None, **APPROVED},
        "subject": {"type": "amend", "step": f"{number}.1", "replaces": {"subject": "别的"}, **APPROVED},
        "explain": {"type": "explain_delay", "clock": "notice", "reason": f"理由{chance.randrange(9)}"},
        "stage": {"type": "start_stage", "stage": "review"},
        "assign": {"type": "assign", **chance.choice(DESKS)},
        "late assign": {"type": "assign", **chance.choice(DESKS), **chance.choice([earlier, first]), **late},
    }[what]
    if body["type"] == "accept":
        body.pop("result", None)
    await counter.post(f"/{number}/steps", body)  # some are refused: that, too, must change nothing


async def test_every_list_is_the_same_again_for_its_pair_of_instants(counter: Counter, hands: Hands) -> None:
    await two_departments(counter)
    seed = 20_261_125
    chance = random.Random(seed)
    await counter.publish(an_item_with_clocks("second").with_clock("own", 3, starts="accepted", stops=["decided"]))
    open_: list[str] = []
    told: list[tuple[dict[str, str], dict[str, Json]]] = []
    for _ in range(8):
        for _ in range(14):
            hands.advance(timedelta(minutes=chance.choice([1, 7, 90, 1500])))
            await live(counter, hands, chance, open_)
        hands.advance(timedelta(minutes=chance.choice([0, 1, 600])))
        for as_of in (None, (hands.now() - timedelta(days=chance.randrange(1, 20))).isoformat()):
            pair = {} if as_of is None else {"as_of": as_of}
            answers = await all_answers(counter, **pair)
            one = answers["/overdue {}"]
            told.append(({"as_of": one["as_of"], "known_at": one["known_at"]}, answers))
    hands.advance(timedelta(days=3))
    for pair, answers in told:
        again = await all_answers(counter, **pair)
        for what, document in answers.items():
            assert comparable(again[what]) == comparable(document), (seed, pair, what)
    assert any(answers["/overdue {}"]["items"] for _, answers in told)


def comparable(document: Json) -> Json:
    """Without the cursor, which pins what was asked."""
    return {name: value for name, value in document.items() if name != "next_cursor"}


async def test_a_walk_by_cursor_goes_on_with_what_was_known_at_its_first_page(counter: Counter, hands: Hands) -> None:
    numbers = []
    for _ in range(5):
        numbers.append((await counter.receive())["tracking_number"])
        hands.advance(timedelta(minutes=1))
    hands.set("2026-12-01T09:00:00+08:00")
    whole = await asked(counter)
    first = await asked(counter, limit="2")
    hands.advance(timedelta(minutes=1))
    await counter.step(
        numbers[3],
        "accept",
        occurred_at="2026-11-05T09:00:00+08:00",
        late_reason="补录",
        approver="王局长",
        actor="李四",
    )
    walked, cursor = first["items"], first["next_cursor"]
    while cursor:
        page = await asked(counter, limit="2", cursor=cursor)
        assert (page["as_of"], page["known_at"]) == (whole["as_of"], whole["known_at"])
        walked, cursor = walked + page["items"], page["next_cursor"]
    assert walked == whole["items"]
    assert len((await asked(counter))["items"]) == 4


async def test_what_left_a_list_is_told_of_the_present_only(counter: Counter, hands: Hands) -> None:
    answer = await counter.client.get(
        "/api/v1/overdue",
        params={"changed_since": "2026-11-01T00:00:00Z", "known_at": "2026-11-01T00:00:00Z"},
        headers=counter.headers(),
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "changed_since_with_known_at")


async def test_before_it_was_recorded_nothing_is_overdue(counter: Counter, hands: Hands) -> None:
    hands.set("2026-11-20T09:00:00+08:00")
    await counter.receive(submitted_at="2026-11-02T09:10:00+08:00")
    now = datetime.fromisoformat("2026-11-20T09:00:00+08:00")
    hands.advance(timedelta(hours=1))
    assert len((await asked(counter))["items"]) == 1
    assert (await asked(counter, known_at=(now - timedelta(seconds=1)).isoformat()))["items"] == []
    assert len((await asked(counter, known_at=now.isoformat()))["items"]) == 1


async def test_a_question_that_would_replay_too_much_is_refused_with_how_to_narrow_it(
    counter: Counter, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(travel, "MOST_REPLAYED", 2)
    await two_departments(counter)
    await counter.publish(an_item_with_clocks("second"))
    then = hands.now()
    numbers = [(await counter.receive(item=item))["tracking_number"] for item in ("second", *["eia-report"] * 4)]
    await counter.step(numbers[1], "assign", department="D2")
    hands.set("2026-12-01T09:00:00+08:00")
    for number in (numbers[0], *numbers[2:]):
        await counter.step(number, "accept")
    everyone = counter.as_("supervisor")
    pair = {"known_at": (then + timedelta(days=1)).isoformat()}
    for path, query in (
        ("/overdue", {}),
        ("/due-soon", {}),
        ("/overdue/summary", {"by": "item"}),
        ("/applications", {}),
    ):
        answer = await counter.client.get(f"/api/v1{path}", params={**query, **pair}, headers=everyone.headers())
        assert (answer.status_code, answer.json()["code"]) == (422, "too_much_to_replay")
        assert answer.json()["errors"][0]["pointer"] == "/known_at"
        for narrowed in ({"item": "second"}, {"department": "D2"}, {"as_of": pair["known_at"]}):
            await asked(everyone, path, **{**query, **pair, **narrowed})
    assert [row["tracking_number"] for row in (await asked(everyone, department="D2", **pair))["items"]] == [numbers[1]]
    assert len((await asked(everyone, "/applications", project_code="none", **pair))["items"]) == 0
    assert len((await asked(everyone, "/applications", q=numbers[0], **pair))["items"]) == 1
