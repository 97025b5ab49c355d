"""Errors as problems."""

import json

import httpx2
import pytest

from app.domain.refusal import Refusal
from app.kit.problems import Problem, refused

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


async def test_an_address_that_does_not_exist_is_a_problem(small: httpx2.AsyncClient) -> None:
    answer = await small.get("/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_wrong_method_is_told_every_right_one(small: httpx2.AsyncClient) -> None:
    answer = await small.delete("/things/a")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers.get_list("allow") == ["GET, HEAD, POST"]


async def test_the_title_speaks_the_client_s_language(small: httpx2.AsyncClient) -> None:
    assert (await small.get("/nowhere")).json()["title"] == "未找到"
    assert (await small.get("/nowhere", headers={"Accept-Language": "en-GB,en;q=0.9"})).json()["title"] == "Not found"


async def test_a_refusal_of_the_law_is_a_conflict_or_an_error_of_input(small: httpx2.AsyncClient) -> None:
    conflict = await small.get("/raise/refusal")
    assert conflict.status_code == 409
    assert conflict.json() | {"title": ""} == {
        "type": "/problems/step_not_allowed",
        "title": "",
        "status": 409,
        "detail": "no",
        "code": "step_not_allowed",
        "article": "行政许可法 第四十二条",
        "allowed": ["decide"],
    }
    assert (await small.get("/raise/pointed")).json()["errors"] == [
        {"in": "body", "pointer": "/stage", "detail": "no such stage"}
    ]


def test_a_conflict_carries_the_current_state(dialect: str) -> None:
    problem = refused(Refusal("later_step_conflicts", "no"), current={"status": "accepted", "version": 3})
    assert problem.members()["current"] == {"status": "accepted", "version": 3}


async def test_a_problem_keeps_its_headers(small: httpx2.AsyncClient) -> None:
    answer = await small.get("/raise/problem")
    assert (answer.status_code, answer.headers["etag"], answer.headers["cache-control"]) == (412, '"3"', "no-store")


@pytest.mark.parametrize(("kind", "code", "after"), [("busy", "busy", "7"), ("gone", "database_unavailable", "1")])
async def test_what_is_busy_or_gone_says_when_to_come_again(
    small: httpx2.AsyncClient, kind: str, code: str, after: str
) -> None:
    answer = await small.get(f"/raise/{kind}")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, code, after)


async def test_an_error_of_the_program_says_nothing_of_itself(small: httpx2.AsyncClient) -> None:
    answer = await small.get("/raise/bug")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert b"secret detail" not in answer.content


def test_whatever_a_detail_holds_the_answer_is_ascii(dialect: str) -> None:
    members = Problem(422, "x", "half a pair \ud800 and 张").members("en")
    assert json.dumps(members).isascii()
