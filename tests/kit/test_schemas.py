"""Text, numbers, dates and instants of the wire."""

from datetime import UTC, date, datetime
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.domain.units import Limit, Unit
from app.kit.schemas import (
    Code,
    DateIn,
    InstantIn,
    LimitIn,
    Line,
    LongText,
    QueryBool,
    QueryInt,
    Text,
    Wire,
    not_supported,
    unsafe_character,
)

LINE, LONG, CODE = TypeAdapter(Line), TypeAdapter(LongText), TypeAdapter(Code)
INSTANT, DATE = TypeAdapter(InstantIn), TypeAdapter(DateIn)

UNSAFE = [
    "a\x00b",
    "a\rb",
    "a\x85b",
    "a\u2028b",
    "\u202eabc",
    "\u2066abc",
    "a\x1bb",
    "a\x7fb",
    "\ufdd0",
    "\ufffe",
    "\U0010ffff",
]
STORED_AS_TYPED = [
    "e\u0301",
    "豈\uf900",
    "ﬁ",
    "İiıI",
    "ßẞ",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U00020bb7野家",
    "O'Neil-欧阳",
    "'; DROP TABLE event;--",
    "\\",
    "%%%s%n%x",
    "{0.__class__}",
    "$(id)",
    '"><img src=x>',
    "&lt;b&gt;",
    "=1+1",
    "\ufffd",
]


@pytest.mark.parametrize("text", UNSAFE)
def test_no_text_holds_control_characters_direction_overrides_or_noncharacters(text: str) -> None:
    for adapter in (LINE, LONG, CODE):
        with pytest.raises(ValidationError):
            adapter.validate_python(text)


@pytest.mark.parametrize("text", STORED_AS_TYPED)
def test_text_is_kept_as_it_was_typed(text: str) -> None:
    assert LINE.validate_python(text) == text


@pytest.mark.parametrize("text", ["", " ", "\u3000\u3000", "\u200d", "\ufeff", "\u00a0\u2003"])
def test_blanks_alone_fill_no_field(text: str) -> None:
    with pytest.raises(ValidationError):
        LINE.validate_python(text)


def test_lines_may_break_only_where_text_may_run_over_lines() -> None:
    assert LONG.validate_python("a\n\tb") == "a\n\tb"
    with pytest.raises(ValidationError):
        LINE.validate_python("a\nb")


def test_the_length_of_a_text_is_counted_in_code_points() -> None:
    adapter = TypeAdapter(Annotated[str, Text(max=3)])
    assert adapter.validate_python("\U00020bb7野家") == "\U00020bb7野家"
    with pytest.raises(ValidationError):
        adapter.validate_python("张张张张")


def test_an_unpaired_surrogate_is_no_text() -> None:
    with pytest.raises(ValidationError):
        LINE.validate_python("x\udc80y")


@pytest.mark.parametrize("code", ["Group 1", "环评科", "410105-hbj", "a\\b", "%2F", "A" * 64])
def test_codes_may_be_any_short_text(code: str) -> None:
    assert CODE.validate_python(code) == code


@pytest.mark.parametrize("code", ["a/b", ".", "..", "A" * 65, ""])
def test_codes_hold_no_slash_and_no_more_than_64_characters(code: str) -> None:
    with pytest.raises(ValidationError):
        CODE.validate_python(code)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-02T09:10:00+08:00", datetime(2026, 11, 2, 1, 10, tzinfo=UTC)),
        ("2026-11-02t09:10:00z", datetime(2026, 11, 2, 9, 10, tzinfo=UTC)),
        ("2024-01-01T00:00:00-00:00", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2024-01-01T00:00:00-12:00", datetime(2024, 1, 1, 12, tzinfo=UTC)),
        ("2024-01-01T00:00:00.5Z", datetime(2024, 1, 1, 0, 0, 0, 500000, tzinfo=UTC)),
        ("2024-01-01T00:00:00.123456789Z", datetime(2024, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)),
        ("1949-01-01T00:00:00+14:00", datetime(1948, 12, 31, 10, tzinfo=UTC)),
    ],
)
def test_an_instant_is_rfc_3339_with_an_offset(text: str, utc: datetime) -> None:
    assert INSTANT.validate_python(text) == utc


@pytest.mark.parametrize(
    "value",
    [
        "2024-01-01T00:00:00",
        "2024-06-30T23:59:60+00:00",
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:00:00+24:00",
        "2024-01-01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "1948-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "1900-12-31T23:59:59+08:05:43",
        "2024-01-01T00:00:00+08:00[Asia/Shanghai]",
        "2024-01-01 00:00:00Z",
        "2024-02-30T00:00:00Z",
        "２０24-01-01T00:00:00Z",
        "NaN",
        -62135596800,
        253402300800,
        1.5,
        True,
        None,
        "2024-01-01T00:00:00Z\n",
    ],
)
def test_what_names_no_moment_between_1949_and_2199_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        INSTANT.validate_python(value)


@pytest.mark.parametrize(
    "value",
    [
        "0000-01-01",
        "10000-01-01",
        "-0001-01-01",
        "2024-13-01",
        "2024-04-31",
        "2024-1-1",
        "20240101",
        "2024/01/01",
        "２０24-01-01",
        "2024-01-01T00:00:00",
        "2024-01-01\x00",
        "2024-01-01\n",
        "1948-12-31",
        "2200-01-01",
        None,
        20240101,
        True,
    ],
)
def test_what_is_no_date_between_1949_and_2199_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        DATE.validate_python(value)


def test_dates_are_read_to_the_edges_of_the_range() -> None:
    assert [DATE.validate_python(text) for text in ("2000-02-29", "1949-01-01", "2199-12-31")] == [
        date(2000, 2, 29),
        date(1949, 1, 1),
        date(2199, 12, 31),
    ]


@pytest.mark.parametrize("text", ["1.0", "+1", " 1", "1 ", "0x10", "1e2", "٠١", "-0", "01", "", "9" * 30, "９"])
def test_a_whole_number_of_a_query_is_written_as_one(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(QueryInt).validate_python(text)


@pytest.mark.parametrize("text", ["1", "yes", "True", "on", "", "TRUE"])
def test_a_truth_of_a_query_is_true_or_false(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(QueryBool).validate_python(text)


@pytest.mark.parametrize(
    ("limit", "kind"),
    [
        ('{"amount":0,"unit":"working_hour"}', "limit_too_short"),
        ('{"amount":10001,"unit":"working_day"}', "limit_too_long"),
        ('{"amount":10000001,"unit":"working_second"}', "less_than_equal"),
    ],
)
def test_a_limit_has_a_length_of_its_unit(limit: str, kind: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        LimitIn.model_validate_json(limit)
    assert [error["type"] for error in refusal.value.errors()] == [kind]


def test_zero_days_are_a_limit() -> None:
    assert LimitIn.model_validate_json('{"amount":0,"unit":"calendar_day"}').limit() == Limit(0, Unit.CALENDAR_DAY)


def test_not_supported_lets_other_values_pass() -> None:
    adapter = TypeAdapter(Annotated[str, not_supported("inspect")])
    assert adapter.validate_python("accept") == "accept"


@pytest.mark.parametrize(
    "body",
    [
        '{"amount":true,"unit":"month"}',
        '{"amount":1.0,"unit":"month"}',
        '{"amount":"1","unit":"month"}',
        '{"amount":1,"unit":"month","x":1}',
        '{"amount":-1,"unit":"month"}',
        '{"amount":9223372036854775808,"unit":"month"}',
    ],
)
def test_nothing_on_the_wire_is_coerced(body: str) -> None:
    with pytest.raises(ValidationError):
        LimitIn.model_validate_json(body)


def test_the_json_schema_of_every_kind_of_field_can_be_made() -> None:
    class Everything(Wire):
        line: Line
        at: InstantIn
        on: DateIn
        limit: LimitIn
        number: QueryInt

    schema = Everything.model_json_schema()
    assert schema["properties"]["at"] == {"format": "date-time", "maxLength": 40, "title": "At", "type": "string"}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_is_safe_or_refused_and_never_changed(text: str) -> None:
    try:
        kept = LONG.validate_python(text)
    except ValidationError:
        return
    assert kept == text
    assert not unsafe_character(kept, lines=True)
