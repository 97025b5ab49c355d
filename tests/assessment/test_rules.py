"""The rules of scoring are data in versions, approved by two, and history."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from app.alarms.sweep import Sweeper
from app.kit.db import Database
from app.kit.service import Service
from app.proof.verify import Asked, verify_all
from tests.assessment.conftest import Book, Json
from tests.builders.applications import Counter
from tests.conftest import Hands
from tests.proof import tampering

RULES: Json = {
    "valid_from": "2026-12-01",
    "parts": [{"code": "limits", "name": {"zh": "时限", "en": "Limits"}, "weight": "100", "floor": "20"}],
    "rules": [
        {"code": "late", "name": {"zh": "超期"}, "part": "limits", "cause": "overdue", "points": "-2.5", "most": "10"},
        {
            "code": "early",
            "name": {"zh": "提前"},
            "cause": "early_share",
            "points": "1",
            "at_least": 50,
            "further": 25,
            "further_points": "0.5",
        },
    ],
    "grades": [
        {"code": "a", "name": {"zh": "甲", "en": "A"}, "at_least": "95"},
        {"code": "b", "name": {"zh": "乙"}, "at_least": "0"},
    ],
    "labels": {"sheet": {"zh": "考核表"}},
    "source": "某政办〔2026〕9号",
    "approver": "局长",
}


async def put(book: Book, rules: Json, role: str = "supervisor") -> httpx2.Response:
    return await book.ask("PUT", "/scoring", rules, role=role)


async def test_the_sample_scores_until_something_is_published(book: Book) -> None:
    shown = await book.get("/scoring")
    assert (shown["version"], shown["valid_from"], shown["approver"]) == (0, None, None)
    weights = [int(part["weight"]) for part in shown["parts"]]
    assert weights == [10, 14, 14, 8, 10, 10, 14, 10, 10]
    assert sum(weights) == 100
    assert [grade["name"]["zh"] for grade in shown["grades"]] == ["优秀", "良好", "合格", "不合格"]
    assert "fsou.com.cn" in shown["source"]
    assert shown["labels"]["supervision"]["zh"] == "效能督查"


async def test_a_version_scores_from_its_month_on_and_changes_no_month_before(
    book: Book, counter: Counter, hands: Hands
) -> None:
    await counter.receive()
    made = await put(book, RULES)
    assert (made.status_code, made.json()["version"]) == (201, 1)
    again = await put(book, RULES)
    assert (again.status_code, again.json()["version"]) == (200, 1)
    assert (await book.get("/scoring"))["version"] == 0
    hands.set("2026-12-02T09:00:00+08:00")
    assert (await book.get("/scoring"))["version"] == 1
    assert (await book.get("/scoring/versions"))["items"][0]["rules"] == (await book.get("/scoring/versions/1"))[
        "rules"
    ]
    november = await book.get("/scoring/sheets", month="2026-11", by="department")
    december = await book.get("/scoring/sheets", month="2026-12", by="department")
    assert (november["rules"], december["rules"], december["label"]) == (0, 1, "考核表")
    assert [part["code"] for part in december["items"][0]["parts"]] == ["limits"]
    assert (december["items"][0]["grade"]["name"], november["items"][0]["base"]) == ("A", "100")
    assert (await book.ask("GET", "/scoring/versions/7")).status_code == 404
    before = await book.get("/scoring/sheets", month="2026-12", by="department", known_at="2026-11-01T00:00:00+08:00")
    assert before["rules"] == 0


async def test_two_who_publish_at_once_make_two_versions_or_one(book: Book) -> None:
    answers = await asyncio.gather(put(book, RULES), put(book, RULES), put(book, RULES | {"source": "另一文件"}))
    assert sorted(answer.status_code for answer in answers) in ([200, 201, 201], [201, 201, 201])
    versions = [one["version"] for one in (await book.get("/scoring/versions"))["items"]]
    assert versions == sorted(versions, reverse=True)
    assert len(set(versions)) == len(versions)


async def test_rules_changed_in_silence_are_found(book: Book, service: Service, database: Database) -> None:
    assert (await put(book, RULES)).status_code == 201
    assert (await verify_all(service.db, service.sealer, Asked())).first is None
    async with database.transaction() as tx:
        await tampering.unlock(tx)
        await tx.execute(text("UPDATE scoring_rules SET approver = '无人'"))
    found = (await verify_all(service.db, service.sealer, Asked())).first
    assert found is not None
    assert found.kind == "rule"


async def test_nobody_changes_a_version_that_was_published(book: Book, database: Database) -> None:
    assert (await put(book, RULES)).status_code == 201
    with pytest.raises(Exception, match="append-only"):
        async with database.transaction() as tx:
            await tx.execute(text("DELETE FROM scoring_rules"))


RULE = RULES["rules"][0]
SHARE = RULES["rules"][1]
WRONG: Mapping[str, tuple[Json, str]] = {
    "approved by who brings it": ({"approver": "supervisor of the tests"}, "approver_is_actor"),
    "a day within a month": ({"valid_from": "2026-12-02"}, "valid_from_not_a_month"),
    "a month that is over": ({"valid_from": "2026-10-01"}, "valid_from_past"),
    "the year 9999": ({"valid_from": "9999-01-01"}, "input_invalid"),
    "a part that is not there": ({"rules": [RULE | {"part": "nowhere"}]}, "input_invalid"),
    "a code twice": ({"rules": [RULE, RULE]}, "input_invalid"),
    "an unknown cause": ({"rules": [RULE | {"cause": "noise"}]}, "input_invalid"),
    "points of three places": ({"rules": [RULE | {"points": "-2.555"}]}, "input_invalid"),
    "points as a number": ({"rules": [RULE | {"points": -2.5}]}, "input_invalid"),
    "an alarm without points": ({"rules": [{k: v for k, v in RULE.items() if k != "points"}]}, "input_invalid"),
    "an alarm with a threshold": ({"rules": [RULE | {"at_least": 10}]}, "input_invalid"),
    "a share without one": ({"rules": [{k: v for k, v in SHARE.items() if k != "at_least"}]}, "input_invalid"),
    "a share of each third": ({"rules": [SHARE | {"every": 3}]}, "input_invalid"),
    "a share of two clocks": ({"rules": [SHARE | {"clocks": ["promise", "statutory"]}]}, "input_invalid"),
    "points of steps without steps": (
        {"rules": [{k: v for k, v in SHARE.items() if k != "further"}]},
        "input_invalid",
    ),
    "clocks of a card": (
        {"rules": [RULE | {"cause": "red_card", "clocks": ["promise"]}]},
        "input_invalid",
    ),
    "scores without a grade": ({"grades": RULES["grades"][:1]}, "input_invalid"),
    "two grades from one score": (
        {"grades": [*RULES["grades"], {"code": "c", "name": {"zh": "丙"}, "at_least": "0.0"}]},
        "input_invalid",
    ),
    "a NUL": ({"source": "a\x00"}, "input_invalid"),
    "a long text": ({"source": "长" * 10_001}, "input_invalid"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_rules_that_make_no_sense_are_refused(book: Book, what: str) -> None:
    change, code = WRONG[what]
    answer = await put(book, RULES | change)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert (await book.get("/scoring/versions"))["items"] == []


async def test_rules_are_published_by_supervisors_alone(book: Book) -> None:
    for role in ("clerk", "reviewer", "head", "auditor", "admin", "security", "integration"):
        assert (await put(book, RULES, role)).status_code == 403
    assert (await put(book, RULES, "admin_key")).status_code == 201


async def test_a_rule_brings_no_more_than_its_most_and_a_part_keeps_its_floor(
    book: Book, counter: Counter, hands: Hands, service: Service
) -> None:
    assert (await put(book, RULES | {"valid_from": "2026-11-01"})).status_code == 201
    for _ in range(6):
        await counter.receive()
    hands.set("2026-11-10T09:00:00+08:00")
    await Sweeper(service).sweep()
    sheet: Any = await book.sheet()
    assert [one["points"] for one in sheet["parts"][0]["points"]] == ["-2.5"] * 4 + ["0"] * 2
    assert [one["due"] for one in sheet["parts"][0]["points"]] == ["-2.5"] * 6
    assert (sheet["score"], sheet["grade"]["name"]) == ("90", "乙")
