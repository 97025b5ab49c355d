"""One key, one effect: the rules of `api.md`, Idempotency and Concurrency, through HTTP."""

import asyncio
import itertools
import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from app.kit.service import Service
from tests.builders.applications import a_receipt
from tests.conftest import Hands
from tests.contract.conftest import Hall, Json, Rows
from tests.contract.wire import Answer

KEY = {"Idempotency-Key": "key-1"}
APPLICATIONS = "/api/v1/applications"


def without(answer: Answer) -> tuple[int, bytes, dict[str, str]]:
    """An answer without what differs between two requests."""
    moving = {"x-request-id", "idempotency-replayed"}
    return answer.status, answer.body, {name: text for name, text in answer.headers.items() if name not in moving}


async def test_the_same_again_is_the_first_answer_again(hall: Hall, rows: Rows) -> None:
    first = await hall.ask("POST", APPLICATIONS, a_receipt(), **KEY)
    before = await rows.count()
    again = await hall.ask("POST", APPLICATIONS, a_receipt(), **KEY)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert without(again) == without(first)
    assert first.status == 201
    assert first.headers["location"].endswith(first.json()["tracking_number"])
    assert again.json()["query_code"] == first.json()["query_code"]
    assert await rows.count() == before


async def test_a_replay_opens_the_look_up(hall: Hall) -> None:
    await hall.ask("POST", APPLICATIONS, a_receipt(), **KEY)
    again = (await hall.ask("POST", APPLICATIONS, a_receipt(), **KEY)).json()
    shown = await hall.send(
        "GET", f"/api/v1/public/applications/{again['tracking_number']}", None, [("X-Query-Code", again["query_code"])]
    )
    assert shown.status == 200
    assert shown.json()["subject"]


@pytest.mark.parametrize("id_", ["B226"])
async def test_the_same_key_with_another_body(hall: Hall, rows: Rows, id_: str) -> None:
    await hall.ask("POST", APPLICATIONS, a_receipt(), **KEY)
    before = await rows.count()
    for other in (a_receipt(subject="another"), a_receipt() | {"channel": "mail"}):
        answer = await hall.ask("POST", APPLICATIONS, other, **KEY)
        assert (answer.status, answer.code) == (422, "idempotency_key_reused"), answer.body
        assert answer.json()["errors"][0]["in"] == "header"
        assert answer.json()["errors"][0]["pointer"] == "/Idempotency-Key"
    assert await rows.count() == before


async def test_the_same_step_upon_another_version_is_another_request(hall: Hall) -> None:
    number = (await hall.receives())["tracking_number"]
    target = f"{APPLICATIONS}/{number}/steps"
    body = {"type": "assign", "department": "D1"}
    assert (await hall.ask("POST", target, body, **KEY, **{"If-Match": '"1"'})).status == 201
    assert (await hall.ask("POST", target, body, **KEY, **{"If-Match": '"1"'})).status == 201
    other = await hall.ask("POST", target, body, **KEY, **{"If-Match": '"2"'})
    assert (other.status, other.code) == (422, "idempotency_key_reused")


async def test_a_refused_attempt_leaves_the_key_free(hall: Hall, rows: Rows) -> None:
    number = (await hall.receives())["tracking_number"]
    target = f"{APPLICATIONS}/{number}/steps"
    before = await rows.count()
    refusals: list[tuple[Json, str, dict[str, str], int]] = [
        ({"type": "decide", "result": "granted"}, "head", {}, 409),
        ({"type": "accept", "note": "\x00"}, "head", {}, 422),
        ({"type": "accept"}, "head", {"If-Match": '"7"'}, 412),
        ({"type": "start_stage", "stage": "nowhere"}, "head", {}, 422),
    ]
    for body, role, headers, status in refusals:
        answer = await hall.ask("POST", target, body, role, **KEY, **headers)
        assert answer.status == status, answer.body
    assert await rows.count() == before
    answer = await hall.ask("POST", target, {"type": "accept"}, **KEY)
    assert answer.status == 201
    assert "idempotency-replayed" not in answer.headers


async def test_a_replay_comes_before_the_state_is_judged(hall: Hall) -> None:
    """A client that lost the answer asks again although the application has moved on."""
    number = (await hall.receives())["tracking_number"]
    target = f"{APPLICATIONS}/{number}/steps"
    first = await hall.ask("POST", target, {"type": "accept"}, **KEY)
    await hall.records(number, "decide", result="granted")
    again = await hall.ask("POST", target, {"type": "accept"}, **KEY)
    assert without(again) == without(first)


async def test_a_key_is_one_credential_s_own(hall: Hall) -> None:
    mine = await hall.ask("POST", APPLICATIONS, a_receipt(), "head", **KEY)
    theirs = await hall.ask("POST", APPLICATIONS, a_receipt(), "clerk", **KEY)
    assert (mine.status, theirs.status) == (201, 201)
    assert mine.json()["tracking_number"] != theirs.json()["tracking_number"]
    assert "idempotency-replayed" not in theirs.headers


async def test_a_key_belongs_to_one_address(hall: Hall) -> None:
    numbers = [(await hall.receives())["tracking_number"] for _ in range(2)]
    for number in numbers:
        answer = await hall.ask("POST", f"{APPLICATIONS}/{number}/steps", {"type": "accept"}, **KEY)
        assert answer.status == 201
        assert "idempotency-replayed" not in answer.headers
        assert answer.json()["application"]["tracking_number"] == number


async def test_a_key_belongs_to_one_method(hall: Hall) -> None:
    put = await hall.ask("PUT", "/api/v1/departments/D7", {"name": "x"}, "admin_key", **KEY)
    post = await hall.ask("POST", "/api/v1/keys", {"role": "auditor", "name": "x"}, "admin_key", **KEY)
    assert (put.status, post.status) == (201, 201)
    again = await hall.ask("PUT", "/api/v1/departments/D7", {"name": "x"}, "admin_key", **KEY)
    assert (again.status, again.headers["idempotency-replayed"]) == (201, "true")


async def test_a_key_text_is_replayed_to_its_maker_alone(hall: Hall) -> None:
    first = await hall.ask("POST", "/api/v1/keys", {"role": "auditor", "name": "x"}, "security", **KEY)
    again = await hall.ask("POST", "/api/v1/keys", {"role": "auditor", "name": "x"}, "security", **KEY)
    assert again.json()["key"] == first.json()["key"]


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "a\nb", "a\x00b", b"\xff", "\u202e"])
async def test_a_key_that_is_none(hall: Hall, rows: Rows, key: str | bytes) -> None:
    """B233 and its like."""
    before = await rows.count()
    headers: list[tuple[str | bytes, str | bytes]] = [("X-API-Key", hall.keys["head"]), ("Idempotency-Key", key)]
    answer = await hall.send("POST", APPLICATIONS, json.dumps(a_receipt()).encode(), headers)
    assert (answer.status, answer.code) == (400, "header_malformed"), answer.body
    assert answer.json()["errors"][0]["in"] == "header"
    twice: list[tuple[str | bytes, str | bytes]] = [*headers[:1], ("Idempotency-Key", "a"), ("Idempotency-Key", "a")]
    assert (await hall.send("POST", APPLICATIONS, json.dumps(a_receipt()).encode(), twice)).status == 400
    assert await rows.count() == before


async def test_a_key_is_kept_for_seven_days(hall: Hall, hands: Hands, rows: Rows) -> None:
    """B234: after that it runs anew; a step is then guarded by the state."""
    number = (await hall.receives())["tracking_number"]
    target = f"{APPLICATIONS}/{number}/steps"
    assert (await hall.ask("POST", target, {"type": "accept"}, **KEY)).status == 201
    hands.advance(timedelta(days=7) - timedelta(seconds=1))
    assert (await hall.ask("POST", target, {"type": "accept"}, **KEY)).headers["idempotency-replayed"] == "true"
    hands.advance(timedelta(seconds=2))
    before = await rows.count()
    late = await hall.ask("POST", target, {"type": "accept"}, **KEY)
    assert (late.status, late.code) == (409, "step_not_allowed")
    assert await rows.count() == before


@pytest.mark.parametrize("id_", ["B229"])
async def test_fifty_at_once_with_one_key_are_one_application(hall: Hall, rows: Rows, id_: str) -> None:
    before = await rows.count()
    answers = await asyncio.gather(*(hall.ask("POST", APPLICATIONS, a_receipt(), **KEY) for _ in range(50)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    after = await rows.count()
    assert after["applications"] - before["applications"] == 1
    assert after["idempotency_keys"] - before["idempotency_keys"] == 1


async def test_eight_clerks_accept_at_once_and_one_wins(hall: Hall, rows: Rows) -> None:
    number = (await hall.receives())["tracking_number"]
    target = f"{APPLICATIONS}/{number}/steps"
    before = await rows.count()
    answers = await asyncio.gather(*(hall.ask("POST", target, {"type": "accept"}) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 7
    for answer in answers:
        if answer.status == 409:
            assert answer.code == "step_not_allowed"
            assert answer.json()["current"] == {"status": "accepted", "version": 2}
    assert (await rows.count())["events"] - before["events"] == 1


async def test_two_writers_upon_one_version(hall: Hall) -> None:
    number = (await hall.receives())["tracking_number"]
    target = f"{APPLICATIONS}/{number}/steps"
    body = {"type": "assign", "department": "D1"}
    answers = await asyncio.gather(*(hall.ask("POST", target, body, **{"If-Match": '"1"'}) for _ in range(6)))
    assert sorted(answer.status for answer in answers) == [201] + [412] * 5
    assert {answer.headers["etag"] for answer in answers} == {'"2"'}


async def test_if_match_by_every_spelling(hall: Hall) -> None:
    number = (await hall.receives())["tracking_number"]
    target = f"{APPLICATIONS}/{number}/steps"
    version = itertools.count(1)
    spelled: Mapping[str, int] = {
        '"{v}"': 201,
        '"x", "{v}"': 201,
        "*": 201,
        'W/"{v}"': 412,
        '"0"': 412,
        '"{v}0"': 412,
        "{v}": 400,
        "": 400,
        '"{v}': 400,
    }
    present = next(version)
    for text, status in spelled.items():
        match = text.replace("{v}", str(present))
        answer = await hall.ask("POST", target, {"type": "assign", "department": "D1"}, **{"If-Match": match})
        assert answer.status == status, (match, answer.body)
        if status == 201:
            present = next(version)
            assert answer.headers["etag"] == f'"{present}"'


async def test_the_tag_of_an_application_never_answers_304(hall: Hall) -> None:
    """Its clocks move with time."""
    number = (await hall.receives())["tracking_number"]
    answer = await hall.ask("GET", f"{APPLICATIONS}/{number}", **{"If-None-Match": '"1"'})
    assert (answer.status, answer.headers["etag"]) == (200, '"1"')


async def test_without_a_key_each_post_counts(hall: Hall, service: Service) -> None:
    first, second = [(await hall.receives())["tracking_number"] for _ in range(2)]
    assert first != second
