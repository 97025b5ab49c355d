"""Every error is a problem: documented, with a code, in two languages, and nothing of what was sent in it."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy.exc import OperationalError

from app.kit.problems import Problem
from app.operations import routes as operations
from tests.contract.conftest import Hall, Json
from tests.contract.wire import Answer, Sender

CANARY = "canary-3141592653589793"
NUMBER = "Q0QJ-WRBA-61TW-PZ"


def assert_problem(answer: Answer, status: int) -> Json:
    """A whole problem with this status."""
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    problem: Json = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= problem.keys()
    assert problem["status"] == status
    assert problem["type"] == f"/problems/{problem['code']}"
    assert re.fullmatch(r"[a-z][a-z_]+", problem["code"])
    assert problem["title"]
    assert problem["detail"]
    assert answer.body.isascii()
    assert b"Traceback" not in answer.body
    assert CANARY.encode() not in answer.body
    assert "sqlalchemy" not in answer.body.decode().lower()
    return problem


def test_every_error_of_every_route_is_documented(document: Json) -> None:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            said = operation["responses"]
            assert {"4XX", "5XX"} <= said.keys(), (method, path)
            for status, response in said.items():
                if status[0] in "45":
                    schema = response["content"]["application/problem+json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}, (method, path, status)
    assert "HTTPValidationError" not in document["components"]["schemas"]


@pytest.mark.parametrize(
    "target", [f"/{CANARY}", f"/api/v1/{CANARY}", f"/api/v1/items/{CANARY}", "//", "/..", f"/static/{CANARY}"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_address_where_nothing_is(hall: Hall, target: str, method: str) -> None:
    answer = await hall.ask(method, target, None, "admin")
    if answer.status != 405:
        assert_problem(answer, 404)


async def test_a_method_that_is_not_taken(hall: Hall) -> None:
    for target in ("/api/v1/items", "/api/v1/overdue", "/healthz", "/openapi.json", "/docs"):
        problem = assert_problem(await hall.ask("DELETE", target, role="admin"), 405)
        assert problem["code"] == "method_not_allowed"


async def test_a_body_too_large_or_of_another_kind(hall: Hall) -> None:
    key = [("X-API-Key", hall.keys["head"])]
    large = b'{"subject":"' + CANARY.encode() * 60_000 + b'"}'
    assert_problem(await hall.send("POST", "/api/v1/applications", large, key), 413)
    text = CANARY.encode()
    assert_problem(await hall.send("POST", "/api/v1/applications", text, key, media_type="text/plain"), 415)
    assert_problem(await hall.send("POST", "/api/v1/applications", text, key), 400)
    assert_problem(await hall.send("POST", "/api/v1/applications", b"", key), 422)


async def test_nothing_that_was_sent_comes_back(hall: Hall) -> None:
    number = (await hall.receives())["tracking_number"]
    tries: list[tuple[str, str, Json | None, str]] = [
        ("POST", "/api/v1/applications", {"unknown": CANARY, f"{CANARY} ": CANARY}, "head"),
        ("POST", "/api/v1/applications", {"item": CANARY, "applicant": {"name": CANARY}, "subject": CANARY,
                                          "channel": "window"}, "head"),
        ("POST", "/api/v1/applications", {"item": "eia-report", "applicant": {"name": CANARY, "id_type": "uscc",
                                          "id_number": CANARY}, "subject": CANARY, "channel": CANARY}, "head"),
        ("POST", f"/api/v1/applications/{number}/steps", {"type": CANARY}, "head"),
        ("POST", f"/api/v1/applications/{number}/steps", {"type": "accept", "occurred_at": CANARY}, "head"),
        ("POST", f"/api/v1/applications/{number}/steps", {"type": "assign", "department": CANARY}, "head"),
        ("POST", f"/api/v1/applications/{number}/steps", {"type": "close", "result_code": CANARY}, "head"),
        ("POST", f"/api/v1/applications/{number}/steps", {"type": "explain_delay", "clock": CANARY, "reason": CANARY},
         "head"),
        ("POST", f"/api/v1/applications/{number}/steps", {"type": "extend", "clock": CANARY, "amount": 1,
                                                          "approver": CANARY, "reason": CANARY}, "head"),
        ("PUT", "/api/v1/items/x", {"name": CANARY, "department": CANARY, "jurisdiction": CANARY, "calendar": CANARY},
         "admin"),
        ("PUT", "/api/v1/items/x", {"name": CANARY, "department": "D1", "clocks": [
            {"kind": CANARY, "starts": CANARY, "stops": [CANARY], "limit": {"amount": 1, "unit": CANARY}}]}, "admin"),
        ("PUT", "/api/v1/departments/x", {"name": CANARY, "parent": CANARY, "successor": CANARY}, "admin"),
        ("POST", "/api/v1/keys", {"role": CANARY, "name": CANARY}, "security"),
        ("POST", "/api/v1/keys", {"role": "clerk", "name": CANARY, "department": CANARY}, "security"),
        ("POST", "/api/v1/simulations", {"cases": CANARY}, "head"),
        ("GET", f"/api/v1/overdue?unknown={CANARY}", None, "head"),
        ("GET", f"/api/v1/overdue?as_of={CANARY}", None, "head"),
        ("GET", f"/api/v1/overdue?cursor={CANARY}", None, "head"),
        ("GET", f"/api/v1/applications?light={CANARY}", None, "head"),
        ("GET", f"/api/v1/applications/{CANARY}", None, "head"),
        ("GET", f"/api/v1/calendars/{CANARY}", None, "head"),
        ("GET", f"/api/v1/calendars/CN@{CANARY}", None, "head"),
        ("DELETE", f"/api/v1/keys/{CANARY}", None, "security"),
    ]  # fmt: skip
    for method, target, body, role in tries:
        answer = await hall.ask(method, target, body, role)
        assert 400 <= answer.status < 500, (method, target, body, answer.body)
        assert_problem(answer, answer.status)


async def test_the_problem_of_a_case_says_nothing_back_either(hall: Hall) -> None:
    calendars: list[Json | str] = [CANARY, {"zone": CANARY}, {"layer_of": CANARY}, {"hours": [[CANARY, "12:00"]]}]
    for calendar in calendars:
        case = {"id": "a", "calendar": calendar, "start": "2026-11-02", "limit": {"amount": 1, "unit": "working_day"}}
        answer = await hall.ask("POST", "/api/v1/simulations", {"cases": [case]})
        assert answer.status == 200
        [result] = answer.json()["results"]
        assert result["error"]["status"] in (404, 422)
        assert CANARY.encode() not in answer.body


async def test_nor_does_that_of_an_amendment_in_a_case(hall: Hall) -> None:
    received = {"type": "receive", "at": "2026-11-02T09:00:00+08:00", "id": "r"}
    accepted = {"type": "accept", "at": "2026-11-03T09:00:00+08:00", "id": "a"}
    wrong: list[Json] = [
        {"at": CANARY},
        {"announced": CANARY},
        {"clock": [CANARY]},
        {f"{CANARY} ": CANARY},
    ]
    for of in ("a", "r", CANARY):
        for replaces in wrong:
            amended = {"type": "amend", "at": "2026-11-04T09:00:00+08:00", "step": of, "replaces": replaces}
            case = {"id": "a", "item": "eia-report", "steps": [received, accepted, amended]}
            answer = await hall.ask("POST", "/api/v1/simulations", {"cases": [case]})
            assert answer.status == 200
            [result] = answer.json()["results"]
            if of == CANARY:
                assert [one["code"] for one in result["violations"]] == ["step_unknown"]
            else:
                assert (result["error"]["status"], result["error"]["code"]) == (422, "input_invalid")
            assert CANARY.encode() not in answer.body


async def test_an_error_of_the_program_says_nothing_of_itself(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(raised: Exception) -> Callable[..., object]:
        async def examine(service: object) -> object:
            raise raised

        return examine

    for raised in (ValueError(CANARY), KeyError(CANARY), OperationalError("SELECT secret", {}, Exception(CANARY))):
        monkeypatch.setattr(operations, "examine", fails(raised))
        problem = assert_problem(await hall.ask("GET", "/readyz"), 500)
        assert problem["code"] == "internal_error"
        assert problem.keys() == {"type", "title", "status", "detail", "code"}
    monkeypatch.setattr(operations, "examine", fails(Problem(503, "busy", "wait", headers={"Retry-After": "1"})))
    assert_problem(await hall.ask("GET", "/readyz"), 503)


async def test_titles_in_two_languages(send: Sender) -> None:
    for language, title in (("en", "Not found"), ("zh-CN", "未找到"), ("fr", "未找到"), ("\udc80", "未找到")):
        answer = await send("GET", "/nowhere", None, [("Accept-Language", language)])
        assert assert_problem(answer, 404)["title"] == title


async def test_a_stale_version_and_a_limit_say_what_to_do(hall: Hall) -> None:
    number = (await hall.receives())["tracking_number"]
    target = f"/api/v1/applications/{number}/steps"
    stale = await hall.ask("POST", target, {"type": "accept"}, **{"If-Match": '"9"'})
    assert assert_problem(stale, 412)["code"] == "version_stale"
    assert stale.headers["etag"] == '"1"'
    conflict = assert_problem(await hall.ask("POST", target, {"type": "close", "result_code": "x"}), 409)
    assert conflict["code"] == "step_not_allowed"
    assert conflict["current"] == {"status": "received", "version": 1}
