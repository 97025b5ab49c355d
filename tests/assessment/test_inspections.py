"""Inspections: what was found and what follows, corrected by a further entry, never erased."""

import asyncio
from collections.abc import Mapping

import httpx2
import pytest
from sqlalchemy import text

from app.alarms.sweep import Sweeper
from app.kit.db import Database
from app.kit.service import Service
from app.proof.checkpoints import take_all
from app.proof.verify import Asked, verify_all
from tests.assessment.conftest import Book, Json
from tests.assessment.test_sheets import order_of, peopled, two_cards
from tests.builders.applications import Counter
from tests.conftest import Hands
from tests.proof import tampering

CHECK: Json = {
    "quarter": "2026-Q4",
    "department": "D1",
    "section": "eia",
    "inspected_on": "2026-11-02",
    "scope": "第四季度全部办结件的时限与公开",
    "inspectors": ["监察员甲", "监察员乙"],
    "result": "faults_found",
    "finding": "两件逾期未说明理由",
    "consequences": [{"kind": "criticism", "note": "全市通报"}, {"kind": "award_lost"}],
    "documents": [{"number": "检查〔2026〕4号", "title": "检查报告"}],
    "actor": "监察员甲",
}


async def inspect(book: Book, role: str = "supervisor", key: str | None = None, **more: object) -> httpx2.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await book.ask("POST", "/inspections", CHECK | more, role=role, **headers)


async def add(book: Book, id_: str, body: Json, role: str = "supervisor", **headers: str) -> httpx2.Response:
    return await book.ask("POST", f"/inspections/{id_}/entries", body, role=role, **headers)


async def test_an_inspection_holds_what_was_found_and_what_followed(
    book: Book, counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    await peopled(book)
    number = await two_cards(counter, hands, sweeper)
    order = await order_of(book, number)
    made = await inspect(book, applications=[number.lower().replace("-", "")], key="check-1")
    assert made.status_code == 201, made.text
    found = made.json()
    assert made.headers["location"] == f"/api/v1/inspections/{found['id']}"
    assert (found["version"], found["applications"], found["result_label"]) == (1, [number], "Faults found")
    assert found["consequences"][0] == {
        "kind": "criticism",
        "kind_label": "Public criticism",
        "order": None,
        "card": None,
        "note": "全市通报",
    }
    again = await inspect(book, applications=[number.lower().replace("-", "")], key="check-1")
    assert (again.headers["idempotency-replayed"], again.json()) == ("true", found)

    follow = {
        "type": "follow",
        "consequences": [{"kind": "order", "order": order["id"]}, {"kind": "card", "card": order["cards"][0]["id"]}],
    }
    after = await add(book, found["id"], follow, **{"If-Match": '"1"'})
    assert (after.status_code, after.headers["etag"]) == (201, '"2"'), after.text
    assert [one["kind"] for one in after.json()["consequences"]] == ["criticism", "award_lost", "order", "card"]
    assert (await add(book, found["id"], follow, **{"If-Match": '"1"'})).status_code == 412
    assert await book.get(f"/inspections/{found['id']}") == after.json()


async def test_a_correction_replaces_what_it_names_and_erases_nothing(book: Book, hands: Hands) -> None:
    await peopled(book)
    id_ = (await inspect(book)).json()["id"]
    hands.set("2026-11-05T09:00:00+08:00")
    correct = {
        "type": "correct",
        "instead": {"finding": "一件逾期", "consequences": [{"kind": "other", "note": "口头提醒"}]},
        "reason": "误计一件",
    }
    after = (await add(book, id_, correct)).json()
    assert (after["finding"], after["scope"], after["version"]) == ("一件逾期", CHECK["scope"], 2)
    assert [one["note"] for one in after["consequences"]] == ["口头提醒"]
    [first, second] = after["entries"]
    assert (first["said"]["finding"], first["actor"], first["documents"][0]["title"]) == (
        CHECK["finding"],
        "监察员甲",
        "检查报告",
    )
    assert (second["type"], second["reason"], second["said"]["finding"]) == ("correct", "误计一件", "一件逾期")
    assert second["recorded_at"] == "2026-11-05T09:00:00+08:00"
    gone = await add(book, id_, {"type": "withdraw", "reason": "查错科室"})
    assert (gone.status_code, gone.json()["is_withdrawn"], gone.json()["finding"]) == (201, True, "一件逾期")
    more = await add(book, id_, correct)
    assert (more.status_code, more.json()["code"]) == (409, "step_not_allowed")


async def test_two_entries_at_once_stand_one_behind_the_other(book: Book) -> None:
    await peopled(book)
    id_ = (await inspect(book)).json()["id"]
    follow = {"type": "follow", "consequences": [{"kind": "praise"}]}
    answers = await asyncio.gather(*(add(book, id_, follow) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    found = await book.get(f"/inspections/{id_}")
    assert [one["seq"] for one in found["entries"]] == [1, 2, 3, 4, 5]
    assert len(found["consequences"]) == 6
    matched = await asyncio.gather(*(add(book, id_, follow, **{"If-Match": '"5"'}) for _ in range(3)))
    assert sorted(answer.status_code for answer in matched) == [201, 412, 412]


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE inspection_entries SET quarter = '2026-Q3'", "rule"),
        ("DELETE FROM inspection_entries WHERE seq = 2", "rule"),
        ("DELETE FROM inspection_private WHERE seq = 1", "sealed"),
        ("UPDATE inspection_private SET sealed = (SELECT sealed FROM inspection_private WHERE seq = 2)", "sealed"),
    ],
)
async def test_an_inspection_changed_in_silence_is_found(
    book: Book, service: Service, database: Database, statement: str, kind: str
) -> None:
    await peopled(book)
    id_ = (await inspect(book)).json()["id"]
    assert (await add(book, id_, {"type": "withdraw", "reason": "误录"})).status_code == 201
    await take_all(service)
    assert (await verify_all(service.db, service.sealer, Asked())).first is None
    async with database.transaction() as tx:
        await tampering.unlock(tx)
        if "seq = 2" in statement and statement.startswith("DELETE"):
            await tx.execute(text("DELETE FROM inspection_private WHERE seq = 2"))
        await tx.execute(text(statement))
    found = (await verify_all(service.db, service.sealer, Asked())).first
    assert found is not None
    assert found.kind == kind


async def test_whose_inspections_are_for_whom(book: Book) -> None:
    await peopled(book)
    for code in ("D2", "D11"):
        body = {"name": code} | ({"parent": "D1"} if code == "D11" else {})
        assert (await book.ask("PUT", f"/departments/{code}", body, role="admin")).status_code in (200, 201)
    ids = {}
    for code in ("D1", "D2", "D11"):
        made = await inspect(book, department=code, section="eia" if code == "D1" else None)
        assert made.status_code == 201, made.text
        ids[code] = made.json()["id"]
    for role in ("clerk", "reviewer", "head", "auditor", "admin", "security", "integration"):
        assert (await inspect(book, role)).status_code == 403
        assert (await add(book, ids["D1"], {"type": "withdraw", "reason": "x"}, role)).status_code == 403
    everybody = await book.get("/inspections")
    assert sorted(one["department"] for one in everybody["items"]) == ["D1", "D11", "D2"]
    mine = await book.get("/inspections", role="head")
    assert sorted(one["department"] for one in mine["items"]) == ["D1", "D11"]
    assert (await book.ask("GET", f"/inspections/{ids['D2']}", role="head")).status_code == 404
    assert (await book.ask("GET", "/inspections/J-0000-0000-0000-00", role="head")).status_code == 422
    pages = []
    page = await book.get("/inspections", limit="2")
    pages += page["items"]
    rest = await book.get("/inspections", limit="2", cursor=page["next_cursor"])
    assert [one["id"] for one in pages + rest["items"]] == [one["id"] for one in everybody["items"]]
    assert [one["department"] for one in (await book.get("/inspections", department="D2"))["items"]] == ["D2"]
    assert (await book.get("/inspections", quarter="2026-Q3"))["items"] == []


WRONG: Mapping[str, tuple[Json, int, str]] = {
    "a day ahead": ({"inspected_on": "2026-11-03"}, 422, "date_ahead"),
    "the year 9999": ({"inspected_on": "9999-12-31"}, 422, "input_invalid"),
    "a fifth quarter": ({"quarter": "2026-Q5"}, 422, "input_invalid"),
    "an unknown department": ({"department": "D9"}, 422, "department_unknown"),
    "an unknown section": ({"section": "x"}, 422, "section_unknown"),
    "nobody who looked": ({"inspectors": []}, 422, "input_invalid"),
    "an unknown order": ({"consequences": [{"kind": "order", "order": "D-1"}]}, 422, "order_unknown"),
    "an order unnamed": ({"consequences": [{"kind": "order"}]}, 422, "input_invalid"),
    "an unknown card": ({"consequences": [{"kind": "card", "card": "x"}]}, 422, "card_unknown"),
    "something unsaid": ({"consequences": [{"kind": "other"}]}, 422, "input_invalid"),
    "an unknown application": ({"applications": ["Q0QJ-WRBA-61TW-PZ"]}, 422, "application_unknown"),
    "no number": ({"applications": ["x"]}, 422, "tracking_number_malformed"),
    "a NUL": ({"finding": "a\x00"}, 422, "input_invalid"),
    "a long text": ({"scope": "长" * 10_001}, 422, "input_invalid"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_an_inspection_that_makes_no_sense_is_refused(book: Book, what: str) -> None:
    await peopled(book)
    change, status, code = WRONG[what]
    answer = await inspect(book, **change)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await book.get("/inspections"))["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"type": "follow"},
        {"type": "follow", "consequences": []},
        {"type": "correct", "reason": "x"},
        {"type": "correct", "instead": {}, "reason": "x"},
        {"type": "correct", "instead": {"finding": "x"}},
        {"type": "withdraw"},
        {"type": "withdraw", "reason": "x", "instead": {"finding": "x"}},
        {"type": "erase", "reason": "x"},
    ],
)
async def test_an_entry_that_makes_no_sense_is_refused(book: Book, body: Json) -> None:
    await peopled(book)
    id_ = (await inspect(book)).json()["id"]
    assert (await add(book, id_, body)).status_code == 422
    assert (await book.get(f"/inspections/{id_}"))["version"] == 1
