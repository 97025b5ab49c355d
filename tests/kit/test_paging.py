"""Cursors and links."""

import base64
import json
from datetime import UTC, datetime

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from app.kit.paging import Cursor, decode_cursor, encode_cursor, next_link, scope_of
from app.kit.problems import Problem

PINNED = Cursor(("2026-11-02", "Q0QJ-WRBA-61TW-PZ", 3, None), datetime(2026, 11, 2, tzinfo=UTC), None)


def test_a_cursor_carries_where_a_page_ended_and_its_instants() -> None:
    text = encode_cursor(PINNED, scope="x")
    assert decode_cursor(text, str, str, int, str, scope="x") == PINNED


def test_a_cursor_continues_its_own_list_only() -> None:
    text = encode_cursor(PINNED, scope=scope_of({"department": "D1"}))
    with pytest.raises(Problem, match="cursor"):
        decode_cursor(text, str, str, int, str, scope=scope_of({"department": "D2"}))


def forged(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!",
        "a",
        "%00",
        "张",
        "A" * 3000,
        forged([1, "", ["a"]]),
        forged([1, "", ["a"], None, None, None]),
        forged({}),
        forged(None),
        forged([2, "", ["a"], None, None]),
        forged([True, "", ["a"], None, None]),
        forged([1, "", [1], None, None]),
        forged([1, "", ["a", "b"], None, None]),
        forged([1, "", "a", None, None]),
        forged([1, "", ["a"], "yesterday", None]),
        forged([1, "", ["a\x00"], None, None]),
        forged([1, "", ["\ud800"], None, None]),
        forged([1, "", [["a"]], None, None]),
        base64.urlsafe_b64encode(b"[" * 1400).decode(),
        base64.urlsafe_b64encode(b'[1,"",[' + b"9" * 900 + b"],null,null]").decode(),
    ],
)
def test_a_forged_cursor_is_malformed(text: str) -> None:
    with pytest.raises(Problem) as refusal:
        decode_cursor(text, str)
    assert (refusal.value.status, refusal.value.code) == (422, "cursor_malformed")


def test_a_number_beyond_the_database_s_is_malformed() -> None:
    with pytest.raises(Problem):
        decode_cursor(forged([1, "", [2**63], None, None]), int)


@given(st.text(max_size=300))
def test_no_text_breaks_the_reading_of_cursors(text: str) -> None:
    with pytest.raises(Problem):
        decode_cursor(text, str)


def test_the_link_is_relative_and_keeps_the_filters() -> None:
    scope = {
        "type": "http",
        "path": "/api/v1/overdue",
        "query_string": b"department=D%201&cursor=old&limit=2",
        "headers": [(b"host", b"evil.example")],
        "server": ("h", 80),
        "scheme": "http",
        "root_path": "",
    }
    assert next_link(Request(scope), "new") == '</api/v1/overdue?department=D+1&limit=2&cursor=new>; rel="next"'
