"""The traps that were measured in the parts beneath: each is shut, by name."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime

import pytest
from sqlalchemy import select

from app.items.models import ItemVersion
from app.kit.service import Service
from tests.contract.conftest import Hall, Rows
from tests.contract.wire import Answer, Sender, quoted

RECEIPT = {"item": "eia-report", "applicant": {"name": "甲"}, "subject": "@", "channel": "window"}
SIMULATION = b'{"cases":[{"id":"a","start":"2026-11-02","limit":{"amount":@,"unit":"working_day"}}]}'


def receipt(subject: bytes) -> bytes:
    """A receipt whose subject is written as given."""
    return json.dumps(RECEIPT, ensure_ascii=False).encode().replace(b'"@"', subject)


async def received(hall: Hall, raw: bytes) -> Answer:
    """What is answered to these bytes as a receipt."""
    return await hall.send("POST", "/api/v1/applications", raw, [("X-API-Key", hall.keys["head"])])


def assert_refused(answer: Answer, status: int, code: str, pointer: str | None = None) -> None:
    """A problem with this status and code, pointing there."""
    assert (answer.status, answer.code) == (status, code), answer.body
    if pointer is not None:
        assert pointer in [error["pointer"] for error in answer.json()["errors"]], answer.body


@pytest.mark.parametrize("written", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999"])
async def test_no_number_beyond_all_bounds(hall: Hall, rows: Rows, written: bytes) -> None:
    before = await rows.count()
    assert_refused(await received(hall, receipt(written)), 422, "number_malformed")
    answer = await hall.send("POST", "/api/v1/simulations", SIMULATION.replace(b"@", written))
    assert_refused(answer, 422, "number_malformed")
    assert await rows.count() == before


@pytest.mark.parametrize("half", [b'"\\ud800"', b'"x\\udc80y"', b'"\\udc00\\ud800"', b'"a\\uD83Db"'])
async def test_half_a_surrogate_pair_in_a_value(hall: Hall, rows: Rows, half: bytes) -> None:
    before = await rows.count()
    assert_refused(await received(hall, receipt(half)), 422, "text_malformed", "/subject")
    assert await rows.count() == before


async def test_half_a_surrogate_pair_in_a_key(hall: Hall) -> None:
    answer = await received(hall, receipt(b'"x","\\ud800":1'))
    assert_refused(answer, 422, "text_malformed", "/?")


async def test_a_pair_written_as_escapes_is_one_code_point(hall: Hall) -> None:
    answer = await received(hall, receipt(b'"\\ud83d\\ude00"'))
    assert (answer.status, answer.json()["subject"]) == (201, "\U0001f600")


async def test_nul_in_a_body(hall: Hall, rows: Rows) -> None:
    before = await rows.count()
    for written in (b'"a\\u0000b"', b'"a\x00b"'):
        answer = await received(hall, receipt(written))
        assert answer.status in (400, 422), answer.body
    assert_refused(await received(hall, receipt(b'"x","a\\u0000":1')), 422, "input_invalid", "/?")
    assert await rows.count() == before


async def test_nul_in_what_is_looked_for(hall: Hall) -> None:
    """A simulation looks for its item before the whole case is checked: PostgreSQL takes no NUL in a text."""
    steps = [{"type": "receive", "at": "2026-11-02T09:00:00+08:00"}]
    for code in ("a\x00b", "\x00", "x" * 70_000):
        answer = await hall.ask("POST", "/api/v1/simulations", {"cases": [{"id": "a", "item": code, "steps": steps}]})
        assert answer.status == 200, answer.body
        [result] = answer.json()["results"]
        assert result["error"]["status"] == 422
        assert result["error"]["errors"][0]["pointer"] == "/item"


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/applications?q=a%00b",
        "/api/v1/applications?a%00b=1",
        "/api/v1/overdue?item=%00",
        "/api/v1/alarms?department=a%00",
        "/api/v1/items?cursor=%00",
    ],
)
async def test_nul_in_a_query(hall: Hall, target: str) -> None:
    answer = await hall.ask("GET", target, role="auditor")
    assert answer.status == 422
    assert answer.json()["errors"][0]["in"] == "query"


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/items/a%00b",
        "/api/v1/departments/%00",
        "/api/v1/calendars/CN%00",
        "/api/v1/applications/%00",
        "/api/v1/public/applications/a%00",
        "/track/%00",
        "/%00",
    ],
)
async def test_nul_in_a_path(hall: Hall, target: str) -> None:
    answer = await hall.ask("GET", target, role="auditor")
    assert_refused(answer, 404, "not_found")


@pytest.mark.parametrize("name", ["Idempotency-Key", "If-Match", "X-Query-Code", "X-API-Key", "X-Request-Id"])
async def test_nul_in_a_header(hall: Hall, name: str) -> None:
    number = (await hall.receives())["tracking_number"]
    key = [] if name == "X-API-Key" else [("X-API-Key", hall.keys["head"])]
    body = b'{"type":"assign","department":"D1"}'
    headers = [*key, (name, "a\x00b")]
    for method, target, sent in (
        ("POST", f"/api/v1/applications/{number}/steps", body),
        ("GET", f"/api/v1/public/applications/{number}", None),
    ):
        answer = await hall.send(method, target, sent, headers)
        assert answer.status in (200, 201, 400, 401), answer.body
        assert "\x00" not in "".join(answer.headers.values())


@pytest.mark.parametrize(
    "instant",
    [
        "9999-12-31T23:59:59-12:00",
        "9999-12-31T23:59:59.999999+00:00",
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "1948-12-31T23:59:59+08:00",
        "2200-01-01T00:00:00+08:00",
    ],
)
async def test_instants_at_the_ends_of_time(hall: Hall, rows: Rows, instant: str) -> None:
    number = (await hall.receives())["tracking_number"]
    before = await rows.count()
    quoted = instant.replace("+", "%2B")
    for target in (
        "/api/v1/overdue",
        "/api/v1/overdue/summary",
        "/api/v1/applications",
        f"/api/v1/applications/{number}",
    ):
        answer = await hall.ask("GET", f"{target}?as_of={quoted}", role="auditor")
        assert_refused(answer, 422, "input_invalid", "/as_of")
    sent = await hall.ask("POST", f"/api/v1/applications/{number}/steps", {"type": "accept", "occurred_at": instant})
    assert_refused(sent, 422, "input_invalid", "/occurred_at")
    sent = await hall.ask("POST", "/api/v1/applications", RECEIPT | {"submitted_at": instant})
    assert_refused(sent, 422, "input_invalid", "/submitted_at")
    assert await rows.count() == before


@pytest.mark.parametrize("edge", ["2199-12-31T23:59:59-23:59", "1949-01-01T00:00:00+23:59", "2199-12-31T00:00:00Z"])
async def test_instants_at_the_edge_of_what_is_taken(hall: Hall, edge: str) -> None:
    number = (await hall.receives())["tracking_number"]
    quoted = edge.replace("+", "%2B")
    for target in (
        "/api/v1/overdue",
        "/api/v1/overdue/summary",
        "/api/v1/applications",
        f"/api/v1/applications/{number}",
    ):
        answer = await hall.ask("GET", f"{target}?as_of={quoted}", role="auditor")
        assert answer.status in (200, 404, 422), answer.body
    sent = await hall.ask("POST", f"/api/v1/applications/{number}/steps", {"type": "accept", "occurred_at": edge})
    assert sent.status == 422, sent.body


@pytest.mark.parametrize("amount", [10_000, 1_000_000, -1_000_000])
async def test_a_limit_that_leads_out_of_time(hall: Hall, amount: int) -> None:
    for unit in (b"working_day", b"calendar_day", b"month"):
        raw = SIMULATION.replace(b"@", str(amount).encode()).replace(b"working_day", unit)
        answer = await hall.send("POST", "/api/v1/simulations", raw)
        assert answer.status == 200, answer.body
        [result] = answer.json()["results"]
        assert "error" in result or result["due_on"], result


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        receipt(b"[" * 100_000 + b"]" * 100_000),
        b'{"cases":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
async def test_nested_a_hundred_thousand_deep(hall: Hall, rows: Rows, raw: bytes) -> None:
    before = await rows.count()
    for target in ("/api/v1/applications", "/api/v1/simulations", "/api/v1/keys"):
        key = hall.keys["security" if target.endswith("keys") else "head"]
        answer = await hall.send("POST", target, raw, [("X-API-Key", key)])
        assert answer.status == 400, answer.body[:200]
        assert answer.code in ("body_too_deep", "body_malformed")
    assert await rows.count() == before


@pytest.mark.parametrize("raw", [receipt(b'"x","subject":"y"'), receipt(b'"x","\\u0073ubject":"y"')])
async def test_a_key_stands_once(hall: Hall, rows: Rows, raw: bytes) -> None:
    before = await rows.count()
    assert_refused(await received(hall, raw), 422, "duplicate_key", "/subject")
    assert await rows.count() == before


async def test_a_key_stands_once_in_simulations_too(hall: Hall) -> None:
    answer = await hall.send("POST", "/api/v1/simulations", SIMULATION.replace(b"@", b'1,"amount":2'))
    assert_refused(answer, 422, "duplicate_key")


@pytest.mark.parametrize("digits", [19, 400, 4_300, 5_000, 500_000])
async def test_integers_of_thousands_of_digits(hall: Hall, digits: int) -> None:
    for raw in (b"9" * digits, b"-" + b"9" * digits):
        answer = await received(hall, receipt(raw))
        assert answer.status == 422, answer.body[:200]
        answer = await hall.send("POST", "/api/v1/simulations", SIMULATION.replace(b"@", raw))
        assert answer.status in (200, 422), answer.body[:200]
        if answer.status == 200:
            assert answer.json()["results"][0]["error"]["status"] == 422
    answer = await hall.ask("GET", f"/api/v1/overdue?min_overdue={'9' * min(digits, 8_000)}", role="auditor")
    assert answer.status == 422


@pytest.mark.parametrize("bad", [b'"\xff\xfe"', b'"\xed\xa0\x80"', b'"\xc0\xaf"', b'"\xf5\x80\x80\x80"', b'"\xe4\xb8"'])
async def test_bytes_that_are_not_utf_8(hall: Hall, rows: Rows, bad: bytes) -> None:
    before = await rows.count()
    assert_refused(await received(hall, receipt(bad)), 400, "body_malformed")
    assert_refused(await hall.send("POST", "/api/v1/simulations", SIMULATION.replace(b"@", bad)), 400, "body_malformed")
    assert await rows.count() == before


async def test_bytes_that_are_not_utf_8_in_an_address(hall: Hall) -> None:
    for target in ("/api/v1/items/%ff%fe", "/api/v1/calendars/%ED%A0%80", "/api/v1/public/applications/%ff"):
        assert_refused(await hall.ask("GET", target, role="auditor"), 404, "not_found")
    for target in ("/api/v1/applications?q=%ff", "/api/v1/overdue?item=%ED%A0%80", "/api/v1/items?%ff=1"):
        assert_refused(await hall.ask("GET", target, role="auditor"), 422, "parameter_malformed")


async def test_a_byte_order_mark(hall: Hall, rows: Rows) -> None:
    before = await rows.count()
    assert_refused(await received(hall, b"\xef\xbb\xbf" + receipt(b'"x"')), 400, "body_malformed")
    assert_refused(await received(hall, receipt(b'"x"').decode().encode("utf-16")), 400, "body_malformed")
    assert await rows.count() == before


async def test_a_body_that_is_too_large(hall: Hall, rows: Rows) -> None:
    before = await rows.count()
    large = receipt(b'"' + b"x" * (1 << 20) + b'"')
    chunked = [large[start : start + 65_536] for start in range(0, len(large), 65_536)]
    for body in (large, chunked):
        for target in ("/api/v1/applications", "/api/v1/simulations"):
            answer = await hall.send("POST", target, body, [("X-API-Key", hall.keys["head"])])
            assert_refused(answer, 413, "body_too_large")
            assert answer.headers["connection"] == "close"
    assert await rows.count() == before


@pytest.mark.parametrize("length", ["-1", "1e3", "\u0661", "99999999999999999999", "0x10", ""])
async def test_a_length_that_is_none(hall: Hall, length: str) -> None:
    headers = [("X-API-Key", hall.keys["head"]), ("Content-Length", length), ("Content-Type", "application/json")]
    answer = await hall.send("POST", "/api/v1/applications", None, headers)
    assert answer.status in (400, 413), answer.body


async def test_a_body_in_parts_is_a_body(hall: Hall) -> None:
    raw = receipt(b'"x"')
    answer = await hall.send(
        "POST", "/api/v1/applications", [raw[:10], b"", raw[10:]], [("X-API-Key", hall.keys["head"])]
    )
    assert answer.status == 201, answer.body


async def test_no_update_is_lost(hall: Hall) -> None:
    number = (await hall.receives())["tracking_number"]

    async def assign(place: int) -> Answer:
        return await hall.ask(
            "POST",
            f"/api/v1/applications/{number}/steps",
            {"type": "assign", "department": "D1", "note": f"note {place}"},
        )

    answers = await asyncio.gather(*(assign(place) for place in range(20)))
    assert [answer.status for answer in answers] == [201] * 20, [answer.body for answer in answers]
    assert sorted(answer.json()["application"]["version"] for answer in answers) == list(range(2, 22))
    steps = (await hall.ask("GET", f"/api/v1/applications/{number}/steps", role="auditor")).json()["items"]
    assert {step.get("note") for step in steps} >= {f"note {place}" for place in range(20)}


async def test_the_zone_of_an_instant_is_kept(hall: Hall, service: Service) -> None:
    shown = await hall.receives(submitted_at="2026-11-02T00:59:00.123456Z")
    assert shown["submitted_at"] == "2026-11-02T08:59:00.123456+08:00"
    read = (await hall.ask("GET", f"/api/v1/applications/{shown['tracking_number']}")).json()
    assert read["submitted_at"] == shown["submitted_at"]
    async with service.db.read() as tx:
        stored: datetime = (await tx.execute(select(ItemVersion.published_at))).scalars().one()
    assert stored.utcoffset() is not None


READS = (
    "/api/v1/alarms",
    "/api/v1/applications",
    "/api/v1/calendars",
    "/api/v1/calendars/CN",
    "/api/v1/departments",
    "/api/v1/departments/D1",
    "/api/v1/due-soon",
    "/api/v1/items",
    "/api/v1/items/eia-report",
    "/api/v1/items/eia-report/versions",
    "/api/v1/overdue",
    "/api/v1/overdue/summary?by=item",
    "/healthz",
    "/readyz",
    "/metrics",
)


def more(target: str, query: str) -> str:
    """The address with more in its query."""
    return f"{target}{'&' if '?' in target else '?'}{query}"


@pytest.mark.parametrize("target", READS)
async def test_a_parameter_that_nobody_knows(hall: Hall, target: str) -> None:
    for name in ("unknown", "Limit", "limit[]", "as-of", "_"):
        answer = await hall.ask("GET", more(target, f"{name}=1"), role="auditor")
        assert_refused(answer, 422, "parameter_unknown")


@pytest.mark.parametrize("target", READS)
async def test_a_parameter_that_stands_twice(hall: Hall, target: str) -> None:
    answer = await hall.ask("GET", more(target, "limit=1&limit=2"), role="auditor")
    assert answer.status == 422
    assert answer.code in ("parameter_repeated", "parameter_unknown")


@pytest.mark.parametrize(
    ("method", "target"),
    [("POST", "/api/v1/applications"), ("POST", "/api/v1/keys"), ("PUT", "/api/v1/departments/D1")],
)
async def test_a_parameter_where_a_body_is_wanted(hall: Hall, method: str, target: str) -> None:
    answer = await hall.ask(method, f"{target}?x=1", {}, role="admin_key")
    assert_refused(answer, 422, "parameter_unknown")


@pytest.mark.parametrize("target", READS)
async def test_head_is_get_without_its_body(hall: Hall, target: str) -> None:
    got = await hall.ask("GET", target, role="auditor")
    head = await hall.ask("HEAD", target, role="auditor")
    assert (head.status, head.body) == (got.status, b"")
    moving = {"x-request-id", "x-as-of", "content-length", "etag"}
    assert {name: value for name, value in head.headers.items() if name not in moving} == {
        name: value for name, value in got.headers.items() if name not in moving
    }


async def test_a_wrong_method_is_told_the_right_ones(hall: Hall, document: Mapping[str, dict[str, object]]) -> None:
    for path, operations in document["paths"].items():
        assert isinstance(operations, dict)
        takes = {method.upper() for method in operations}
        takes |= {"HEAD"} if "GET" in takes else set()
        target = (
            path.replace("{tracking_number}", "Q0QJ-WRBA-61TW-PZ")
            .replace("{code}", "D1")
            .replace("{key}", "K")
            .replace("{kind}", "notice")
        )
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - takes:
            answer = await hall.ask(method, target, role="admin_key")
            assert_refused(answer, 405, "method_not_allowed")
            assert set(answer.headers["allow"].split(", ")) == takes, (method, target)


@pytest.mark.parametrize("target", [*READS, "/docs", "/openapi.json", "/supervision"])
async def test_a_slash_too_many_is_another_address(hall: Hall, target: str) -> None:
    answer = await hall.ask("GET", target.replace("?", "/?") if "?" in target else f"{target}/", role="auditor")
    assert answer.status in (404, 422), answer.status
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", None]
)
async def test_a_body_that_does_not_say_it_is_json(hall: Hall, rows: Rows, media_type: str | None) -> None:
    before = await rows.count()
    for target in ("/api/v1/applications", "/api/v1/simulations", "/api/v1/keys"):
        key = hall.keys["security" if target.endswith("keys") else "head"]
        answer = await hall.send("POST", target, receipt(b'"x"'), [("X-API-Key", key)], media_type=media_type)
        assert_refused(answer, 415, "media_type_unsupported")
    assert await rows.count() == before


async def test_the_docs_ask_no_other_host(send: Sender) -> None:
    page = await send("GET", "/docs")
    policy = page.headers["content-security-policy"]
    assert "http:" not in policy
    assert "https:" not in policy
    text = page.body.decode()
    assert "//" not in text.replace("'/openapi.json'", "").replace("\\/", "").split("<script>")[0]
    assert (await send("GET", "/docs/swagger/swagger-ui-bundle.js")).status == 200
    assert (await send("GET", "/docs/swagger/../../../pyproject.toml")).status == 404
    assert (await send("GET", "/docs/swagger/%2e%2e/%2e%2e/pyproject.toml")).status == 404


@pytest.mark.parametrize("code", ["环评", "Group 1", "a%b", "a?b#c", "\U00020bb7", "é"])
async def test_a_code_in_any_script_leads_to_its_item(hall: Hall, code: str) -> None:
    """What is answered in a header is ASCII; the code itself stays what it is."""
    target = f"/api/v1/items/{quoted(code)}"
    answer = await hall.ask("PUT", target, {"name": "x", "department": "D1"}, "admin")
    assert answer.status == 201, answer.body
    assert answer.headers["location"] == target
    assert (await hall.ask("GET", answer.headers["location"], role="admin")).json()["code"] == code
    assert (await hall.ask("PUT", f"/api/v1/departments/{quoted(code)}", {"name": "x"}, "admin")).status == 201
