"""The base of all wire models, and the types of text, numbers, dates and instants that they are made of."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from app.domain.units import MICROSECONDS, Limit, Unit

__all__ = [
    "Code",
    "DateIn",
    "InstantIn",
    "Int64",
    "LimitIn",
    "LimitOut",
    "Line",
    "LongText",
    "QueryBool",
    "QueryInt",
    "QueryWord",
    "Text",
    "Wire",
    "not_supported",
    "parse_date",
    "parse_instant",
    "unsafe_character",
]

FIRST_YEAR, LAST_YEAR = 1949, 2199
MOST_DAYS = 10_000

# C0 without tab and line feed, DEL, C1, line and paragraph separators, bidirectional overrides and isolates,
# unpaired surrogates, non-characters.
_NEVER = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef" + "".join(
    chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF)
)
_UNSAFE_IN_TEXT = re.compile(f"[{_NEVER}]")
_UNSAFE_IN_LINE = re.compile(f"[{_NEVER}\t\n]")
_BLANK = " \t\n\u00a0\u1680\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff"
_SEEN = re.compile(f"[^{_BLANK}]")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_UNITS = frozenset(unit.value for unit in Unit)
_WHOLE = re.compile(r"0|-?[1-9]\d{0,18}", re.ASCII)


class Wire(BaseModel):
    """A message as the client sends or reads it: unknown fields refused, nothing coerced, never changed after."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        ser_json_inf_nan="null",
        hide_input_in_errors=True,
    )


def unsafe_character(text: str, *, lines: bool = False) -> bool:
    """Does it hold a character that no text may hold: control, bidirectional override, surrogate, non-character?"""
    return (_UNSAFE_IN_TEXT if lines else _UNSAFE_IN_LINE).search(text) is not None


class Text:
    """Marks a string as safe text of `min` to `max` code points; stored as typed, blank ones count as empty.

    `Annotated[str, Text(max=200)]`. Ideographic and zero-width spaces alone do not fill a required field.
    """

    def __init__(self, *, min: int = 1, max: int = 500, lines: bool = False, slashes: bool = True) -> None:  # noqa: A002
        self.min = min
        self.max = max
        self.lines = lines
        self.slashes = slashes

    def check(self, text: str) -> str:
        """The text itself, or the error that says what is wrong with it."""
        if unsafe_character(text, lines=self.lines):
            raise PydanticCustomError(
                "text_unsafe", "must not hold control characters, direction marks or unpaired surrogates"
            )
        if not self.slashes and ("/" in text or text in {".", ".."}):
            raise PydanticCustomError("code_malformed", "must not hold a slash")
        if self.min and _SEEN.search(text) is None:
            raise PydanticCustomError("text_blank", "must not be blank")
        return text

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(min_length=self.min, max_length=self.max, strict=True)
        return core_schema.no_info_after_validator_function(self.check, text)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "minLength": self.min, "maxLength": self.max}


Line = Annotated[str, Text(max=500)]
"""One line of text."""
LongText = Annotated[str, Text(max=10_000, lines=True)]
"""Text that may run over several lines."""
Code = Annotated[str, Text(max=64, slashes=False)]
"""A code of a department, section, officer or item: 1 to 64 characters, no control character, no slash; exact."""
Int64 = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]


def parse_instant(value: object) -> datetime:
    """The instant that an RFC 3339 text names, in UTC; finer than a microsecond is cut off.

    A naive one is refused: it names no moment. So is one outside the years 1949 to 2199, before any reckoning with it.
    """
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    match = _INSTANT.fullmatch(value) if isinstance(value, str) and len(value) <= 40 else None
    if match is None:
        raise PydanticCustomError(
            "instant_malformed", "must be an RFC 3339 instant with an offset, like 2026-11-02T09:10:00+08:00"
        )
    day, time, fraction, offset = match.groups()
    if not FIRST_YEAR <= int(day[:4]) <= LAST_YEAR:
        raise PydanticCustomError("instant_out_of_range", "must lie in the years 1949 to 2199")
    micros = f".{fraction[:6]:0<6}" if fraction else ""
    try:
        return datetime.fromisoformat(f"{day}T{time}{micros}{'+00:00' if offset in 'Zz' else offset}").astimezone(UTC)
    except ValueError:
        raise PydanticCustomError(
            "instant_malformed", "names no moment: such a day, time or offset does not exist"
        ) from None


def parse_date(value: object) -> date:
    """The date that `YYYY-MM-DD` names, within the years 1949 to 2199."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or _DATE.fullmatch(value) is None:
        raise PydanticCustomError("date_malformed", "must be a date like 2026-11-02")
    if not FIRST_YEAR <= int(value[:4]) <= LAST_YEAR:
        raise PydanticCustomError("date_out_of_range", "must lie in the years 1949 to 2199")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("date_malformed", "names no day: such a date does not exist") from None


InstantIn = Annotated[
    datetime, BeforeValidator(parse_instant), WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 40})
]
"""An instant: RFC 3339 with an offset; UTC once inside."""
DateIn = Annotated[date, BeforeValidator(parse_date), WithJsonSchema({"type": "string", "format": "date"})]
"""A date of the jurisdiction."""


def _whole(value: object) -> int:
    """A whole number of a query, written as one: no sign, no blank, no point, no leading zero."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or _WHOLE.fullmatch(value) is None:
        raise PydanticCustomError("whole_number_malformed", "must be a whole number")
    return int(value)


def _truth(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise PydanticCustomError("truth_malformed", "must be true or false")
    return value == "true"


QueryInt = Annotated[
    int, BeforeValidator(_whole), Field(ge=-(2**63), le=2**63 - 1), WithJsonSchema({"type": "integer"})
]
"""A whole number in a query; add `Field(ge=…, le=…)` for its bounds."""
QueryBool = Annotated[bool, BeforeValidator(_truth), WithJsonSchema({"type": "boolean"})]
"""`true` or `false` in a query."""
QueryWord = Annotated[str, Text(max=200)]
"""One value of a filter."""


def not_supported(*names: str) -> BeforeValidator:
    """Refuses values of the contract whose effect is not built yet: `Annotated[Unit, not_supported("working_hour")]`.

    The refusal has the code `not_supported`, so that a client can tell it from a value that is wrong.
    """

    def refuse(value: Any) -> Any:  # any JSON value may stand here; only the named ones are refused
        if isinstance(value, str) and value in names:
            raise PydanticCustomError("not_supported", "is not supported by this version")
        return value

    return BeforeValidator(refuse)


def _unit(value: object) -> object:
    """A unit by its name: a strict model takes a member of an enumeration only from JSON text."""
    return Unit(value) if isinstance(value, str) and value in _UNITS else value


class LimitIn(Wire):
    """A length of time in one unit, as in `{"amount": 5, "unit": "working_day"}`."""

    amount: Annotated[int, Field(ge=0, le=10_000_000, description="whole units")]
    unit: Annotated[
        Unit,
        BeforeValidator(_unit),
        WithJsonSchema({"type": "string", "enum": [unit.value for unit in Unit]}),
        Field(description="what is counted"),
    ]

    @model_validator(mode="after")
    def is_a_length_of_its_unit(self) -> Self:
        """Zero days end on the start day; zero hours would be over at once. Ten thousand days are 27 years."""
        if self.unit in MICROSECONDS:
            if self.amount < 1:
                raise PydanticCustomError("limit_too_short", "a limit in working time is at least 1")
        elif self.amount > MOST_DAYS:
            raise PydanticCustomError("limit_too_long", "is at most 10000 days or months")
        return self

    def limit(self) -> Limit:
        """The limit of the law that these words mean."""
        return Limit(self.amount, self.unit)


class LimitOut(Wire):
    """A length of time in one unit."""

    amount: int
    unit: str
    unit_label: str
