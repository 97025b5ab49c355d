"""The corpus of bad inputs: its values as they are written into a body, a query, a path or a header."""

import base64
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["MORE", "Value", "corpus", "of_kind"]

FILE = Path(__file__).parents[1] / "data" / "bad_inputs" / "bad-inputs.json"

MORE: list[dict[str, Any]] = [
    {"id": "M001", "field_kind": "text", "value": "", "why": "empty", "expect": "422"},
    {"id": "M002", "field_kind": "text", "value": 5, "why": "a number for a text", "expect": "422"},
    {"id": "M003", "field_kind": "text", "value": ["a"], "why": "a list for a text", "expect": "422"},
    {"id": "M004", "field_kind": "text", "value": {"$ne": None}, "why": "an object for a text", "expect": "422"},
    {"id": "M005", "field_kind": "text", "value": "\ufdd0", "why": "non-character", "expect": "422"},
    {"id": "M010", "field_kind": "date", "value": "9999-12-31", "why": "last year of all", "expect": "422"},
    {"id": "M011", "field_kind": "date", "value": "0001-01-01", "why": "first year of all", "expect": "422"},
    {"id": "M012", "field_kind": "date", "value": 20240101, "why": "a number", "expect": "422"},
    {
        "id": "M020",
        "field_kind": "datetime",
        "value": "9999-12-31T23:59:59-12:00",
        "why": "UTC overflow",
        "expect": "422",
    },
    {"id": "M021", "field_kind": "datetime", "value": "2199-12-31T23:59:59-23:59", "why": "edge", "expect": "any"},
    {"id": "M022", "field_kind": "datetime", "value": "1949-01-01T00:00:00+23:59", "why": "edge", "expect": "any"},
    {"id": "M030", "field_kind": "integer", "value": "9" * 5000, "encoding": "raw-json", "why": "5,000 digits",
     "expect": "422; never 500"},
    {"id": "M031", "field_kind": "integer", "value": "1e999", "encoding": "raw-json", "why": "infinite",
     "expect": "422; never 500"},
    {"id": "M032", "field_kind": "integer", "value": "NaN", "encoding": "raw-json", "why": "not a number",
     "expect": "422; never 500"},
    {"id": "M033", "field_kind": "integer", "value": -9223372036854775809, "why": "below int64",
     "expect": "422; never 500"},
    {"id": "M040", "field_kind": "raw_body", "value": {"chunked": 65536, "count": 40}, "why": "2.5 MiB without length",
     "expect": "413"},
    {"id": "M041", "field_kind": "raw_body", "value": {"keys": 50_000}, "why": "50,000 unknown members",
     "expect": "422"},
    {"id": "M042", "field_kind": "raw_body", "value": {"array_of": "{}", "count": 100_000}, "why": "100,000 objects",
     "expect": "422"},
]  # fmt: skip
"""What was met beside the corpus; any JSON."""


class Value(NamedTuple):
    """One bad input. `json` is how it stands in a JSON body, `plain` how it stands anywhere else."""

    id: str
    kind: str
    json: bytes
    plain: bytes | None
    expect: str
    phrase: str
    parts: tuple[bytes, ...] = ()
    """A raw body that is sent in parts, without its length."""

    @property
    def must_be_refused(self) -> bool:
        """Whether the corpus leaves no choice."""
        return self.expect.split(",")[0].split("(")[0].split(";")[0].strip() == "422"

    @property
    def must_round_trip(self) -> bool:
        """Whether the corpus says that a free text takes it as it is."""
        return self.expect.startswith(("accepted, round-trips", "accepted as one", "stored verbatim"))


def written(item: dict[str, Any]) -> Value:  # any JSON
    """An entry of the file as it is sent."""
    value, encoding = item["value"], item.get("encoding")
    common = {"id": item["id"], "kind": item["field_kind"], "expect": item["expect"], "phrase": str(value)}
    if item["field_kind"] == "raw_body":
        return Value(**common, **raw(value, encoding))
    if isinstance(value, dict) and "repeat" in value:
        value = value["repeat"] * value["count"]
    if encoding == "json-escape":
        quoted = b'"' + value.encode() + b'"'
        return Value(**common, json=quoted, plain=json.loads(quoted).encode("utf-8", "surrogatepass"))
    if encoding == "raw-json":
        return Value(**common, json=value.encode(), plain=value.encode())
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    plain = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else text
    return Value(**common, json=text, plain=None if value is None or isinstance(value, dict | list) else plain)


def raw(value: Any, encoding: str | None) -> dict[str, Any]:  # any JSON
    """A whole body."""
    parts: tuple[bytes, ...] = ()
    match value:
        case str() if encoding == "base64":
            body = base64.b64decode(value)
        case {"repeat": text, "count": count}:
            body = text.encode() * count
        case {"nest": opening, "inner": inner, "close": closing, "count": count}:
            body = opening.encode() * count + inner.encode() + closing.encode() * count
        case {"array_of": text, "count": count}:
            body = b"[" + b",".join([text.encode()] * count) + b"]"
        case {"keys": count}:
            body = json.dumps({f"key_{number}": number for number in range(count)}).encode()
        case {"chunked": size, "count": count}:
            parts = (b"[" * size,) * count
            body = b"".join(parts)
        case _:
            raise ValueError(f"no way to write {value!r}")
    return {"json": body, "plain": None, "parts": parts}


@cache
def corpus() -> tuple[Value, ...]:
    """Every value of the file, and what was met since."""
    items = json.loads(FILE.read_text(encoding="utf-8"))["items"]
    return tuple(written(item) for item in [*items, *MORE])


def of_kind(*kinds: str) -> Iterator[Value]:
    """The values of these kinds of field."""
    return (value for value in corpus() if value.kind in kinds)
