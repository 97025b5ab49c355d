"""Bodies, queries, headers and addresses that nobody should send: never a 5xx, never an echo."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from app.kit.problems import Problem
from app.kit.reading import MAX_BODY, parse_json, query_values

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)  # nothing here reaches a database

JSON = {"Content-Type": "application/json"}


async def post(client: httpx2.AsyncClient, body: bytes) -> httpx2.Response:
    return await client.post("/checked", content=body, headers=JSON)


def is_problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The answer is that problem, in plain ASCII."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.content.isascii()
    problem: dict[str, Any] = json.loads(answer.content)
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == f"/problems/{code}"
    return problem


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "body_missing"),
        (b"{", 400, "body_malformed"),
        (b"{'name':1}", 400, "body_malformed"),
        (b"\xff\xfe{\x00}\x00", 400, "body_malformed"),
        (b"\xef\xbb\xbf{}", 400, "body_malformed"),
        (b'{"name":"\xff\xfe"}', 400, "body_malformed"),
        (b'{"name":"\xed\xa0\x80"}', 400, "body_malformed"),
        (b"[" * 1000, 400, "body_too_deep"),
        (b"[" * 100_000, 400, "body_too_deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400, "body_too_deep"),
        (b'{"inner":' + b"[" * 300 + b"]" * 300 + b"}", 400, "body_too_deep"),
        (b'{"share":NaN}', 422, "number_malformed"),
        (b'{"share":Infinity}', 422, "number_malformed"),
        (b'{"share":-Infinity}', 422, "number_malformed"),
        (b'{"share":1e999}', 422, "number_malformed"),
        (b'{"number":' + b"9" * 5000 + b"}", 422, "number_malformed"),
        (b'{"name":"a","name":"b"}', 422, "duplicate_key"),
        (b'{"inner":[{"count":1,"count":2}]}', 422, "duplicate_key"),
        (b'{"name":"a\\ud800b"}', 422, "text_malformed"),
        (b'{"\\udc80":1}', 422, "text_malformed"),
        (b'{"name":"a\\u0000b"}', 422, "input_invalid"),
        (b'{"number":9223372036854775808}', 422, "input_invalid"),
        (b'{"number":true}', 422, "input_invalid"),
        (b'{"number":1.0}', 422, "input_invalid"),
        (b'{"number":"1"}', 422, "input_invalid"),
        (b"[]", 422, "input_invalid"),
        (b'"x"', 422, "input_invalid"),
        (b'{"__proto__":{"role":"admin"}}', 422, "input_invalid"),
        (b'{"name":{"$ne":null}}', 422, "input_invalid"),
        (b'{"kind":"inspect"}', 422, "not_supported"),
        (b'{"kind":"inspect","x":1}', 422, "input_invalid"),
        (b'{"limit":{"amount":0,"unit":"working_hour"}}', 422, "input_invalid"),
        (b'{"at":"0001-01-01T00:00:00+14:00"}', 422, "input_invalid"),
        (b'{"day":"9999-12-31"}', 422, "input_invalid"),
    ],
)
async def test_a_bad_body_is_refused(small: httpx2.AsyncClient, body: bytes, status: int, code: str) -> None:
    problem = is_problem(await post(small, body), status, code)
    assert status == 400 or problem["errors"][0]["in"] == "body"


async def test_a_fault_is_pointed_at_without_repeating_what_was_sent(small: httpx2.AsyncClient) -> None:
    body = {"inner": [{"count": 1}, {"count": "geheim"}], "张三geheim": 1, "unknown": "geheim"}
    answer = await post(small, json.dumps(body).encode())
    problem = is_problem(answer, 422, "input_invalid")
    assert sorted(error["pointer"] for error in problem["errors"]) == ["/?", "/inner/1/count", "/unknown"]
    assert b"geheim" not in answer.content


async def test_a_thousand_faults_are_not_all_told(small: httpx2.AsyncClient) -> None:
    answer = await post(small, json.dumps({f"x{number}": 1 for number in range(1000)}).encode())
    assert len(is_problem(answer, 422, "input_invalid")["errors"]) == 50


async def test_a_pair_of_surrogates_is_one_character(small: httpx2.AsyncClient) -> None:
    answer = await post(small, b'{"name":"\\ud83d\\ude00"}')
    assert (answer.status_code, answer.json()) == (200, {"name": "\U0001f600"})


async def test_a_body_over_the_limit_is_too_large_whether_announced_or_not(small: httpx2.AsyncClient) -> None:
    is_problem(await post(small, b" " * (MAX_BODY + 1)), 413, "body_too_large")

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY // 65536 + 1):
            yield b" " * 65536
            await asyncio.sleep(0)

    answer = await small.post("/checked", content=parts(), headers=JSON)
    is_problem(answer, 413, "body_too_large")


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "9" * 40])
async def test_a_false_length_is_refused(small: httpx2.AsyncClient, length: str) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", length.encode())]
    answer = await small.post("/checked", content=b"{}", headers=headers)
    assert answer.status_code in (400, 413)


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data"]
)
async def test_a_body_that_is_not_sent_as_json_is_refused(small: httpx2.AsyncClient, kind: str | None) -> None:
    answer = await small.post("/checked", content=b"{}", headers={} if kind is None else {"Content-Type": kind})
    is_problem(answer, 415, "media_type_unsupported")


@pytest.mark.parametrize(
    "kind", ["application/json", "application/JSON; charset=utf-8", "application/merge-patch+json"]
)
async def test_json_by_any_of_its_names_is_read(small: httpx2.AsyncClient, kind: str) -> None:
    assert (await small.post("/checked", content=b"{}", headers={"Content-Type": kind})).status_code == 200


async def test_a_query_beside_a_body_is_refused(small: httpx2.AsyncClient) -> None:
    answer = await small.post("/checked?dry_run=true", content=b"{}", headers=JSON)
    problem = is_problem(answer, 422, "parameter_unknown")
    assert problem["errors"] == [{"in": "query", "pointer": "/dry_run", "detail": "is not known here"}]


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        ("unknown=1", "parameter_unknown", "/unknown"),
        ("limit=1&limit=2", "parameter_repeated", "/limit"),
        ("limit=0", "input_invalid", "/limit"),
        ("limit=501", "input_invalid", "/limit"),
        ("limit=1.0", "input_invalid", "/limit"),
        ("limit=%2B1", "input_invalid", "/limit"),
        ("limit=true", "input_invalid", "/limit"),
        ("limit=" + "9" * 5000, "input_invalid", "/limit"),
        ("limit", "input_invalid", "/limit"),
        ("word=%00", "parameter_malformed", "/word"),
        ("word=a%0d%0ab", "parameter_malformed", "/word"),
        ("word=%ff", "parameter_malformed", ""),
        ("word=%ed%a0%80", "parameter_malformed", ""),
        ("%00=1", "parameter_malformed", "/?"),
        ("word=%E3%80%80", "input_invalid", "/word"),
        ("cursor=" + "a" * 2001, "input_invalid", "/cursor"),
    ],
)
async def test_a_bad_query_is_refused_with_a_pointer(
    small: httpx2.AsyncClient, query: str, code: str, pointer: str
) -> None:
    problem = is_problem(await small.get(f"/listed?{query}"), 422, code)
    assert (problem["errors"][0]["in"], problem["errors"][0]["pointer"]) == ("query", pointer)


async def test_a_query_is_read_as_it_was_meant(small: httpx2.AsyncClient) -> None:
    answer = await small.get("/listed?limit=7&word=%E5%BC%A0+%E4%B8%89%2B&")
    assert answer.json() == {"limit": 7, "cursor": None, "word": "张 三+"}


@pytest.mark.parametrize("path", ["/things/%00", "/things/%ff%fe", "/things/a%00b", "/%c0%80"])
async def test_an_address_with_nul_or_bad_utf_8_is_nowhere(small: httpx2.AsyncClient, path: str) -> None:
    problem = is_problem(await small.get(path), 404, "not_found")
    assert problem["errors"][0]["in"] == "path"


@pytest.mark.parametrize("value", [b"a\tb", b"\xff", b"a\x00b", b"x" * 256, b"", b"\xe5\xbc\xa0\xc2\x85"])
async def test_a_bad_idempotency_key_is_refused_with_a_pointer(small: httpx2.AsyncClient, value: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"idempotency-key", value)]
    problem = is_problem(await small.post("/things/a", content=b"{}", headers=headers), 400, "header_malformed")
    assert problem["errors"][0]["pointer"] == "/Idempotency-Key"


async def test_a_header_that_comes_twice_is_refused(small: httpx2.AsyncClient) -> None:
    headers = [(b"content-type", b"application/json"), (b"idempotency-key", b"a"), (b"idempotency-key", b"b")]
    is_problem(await small.post("/things/a", content=b"{}", headers=headers), 400, "header_malformed")


@pytest.mark.parametrize(
    "body", [b'{"share":NaN}', b'{"name":"\\ud800"}', b'{"\\ud800":1}', b'{"share":1e999}', b"[" * 100_000]
)
async def test_a_route_of_the_framework_s_own_kind_does_not_break_either(
    small: httpx2.AsyncClient, body: bytes
) -> None:
    answer = await small.post("/framework", content=body, headers=JSON)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.content.isascii()


@pytest.mark.parametrize(("path", "place"), [("/framework/x", "path"), ("/framework/1?word=toolong", "query")])
async def test_what_the_framework_refuses_is_pointed_at_too(small: httpx2.AsyncClient, path: str, place: str) -> None:
    assert is_problem(await small.get(path), 422, "input_invalid")["errors"][0]["in"] == place


def test_the_same_bytes_of_a_query_give_the_same_values(dialect: str) -> None:
    assert query_values(b"a=1&b=%20+x&c") == {"a": "1", "b": "  x", "c": ""}


def test_a_deep_but_lawful_body_is_read(dialect: str) -> None:
    assert parse_json(b"[" * 50 + b"]" * 50) is not None


def test_a_duplicate_deep_inside_is_found(dialect: str) -> None:
    with pytest.raises(Problem, match="twice"):
        parse_json(b'{"a":[{"b":{"c":1,"c":1}}]}')
