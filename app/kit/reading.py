"""A request's body, query and headers as values that were checked, or the problem that says what is wrong with them."""

import asyncio
import functools
import json
import re
from collections.abc import Container, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeVar, cast
from urllib.parse import unquote_to_bytes

from fastapi import Request
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from app.domain.tracking_number import Malformed, parse
from app.kit.problems import Fault, Problem, faults_of, invalid, pointer_of
from app.kit.schemas import Wire, unsafe_character

__all__ = [
    "MAX_BODY",
    "Body",
    "check",
    "header",
    "number_of",
    "path_fault",
    "query_values",
    "read_body",
    "read_json",
    "read_query",
    "refuse_query",
]

MAX_BODY: Final = 1 << 20
BODY_SECONDS: Final = 30
W = TypeVar("W", bound=Wire)
_JSON_TYPE = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json", re.ASCII | re.IGNORECASE)
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


class Body(NamedTuple):
    """A body as it came and as the JSON that it is; `raw` is what a fingerprint is taken of."""

    raw: bytes
    value: Any  # any JSON


class _Duplicate(ValueError):
    pass


class _NotANumber(ValueError):
    pass


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        raise _Duplicate(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return members


def _constant(name: str) -> float:
    raise _NotANumber(name)


def _float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise _NotANumber(text)
    return number


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant, parse_float=_float)


async def read_body(request: Request, *, limit: int = MAX_BODY) -> bytes:
    """The body's bytes; 413 beyond `limit`, whether the length was announced or not."""
    announced = request.headers.get("content-length", "0")
    too_large = Problem(
        413, "body_too_large", f"the body is larger than {limit} bytes", headers={"Connection": "close"}
    )
    if not announced.isdecimal() or not announced.isascii():
        raise Problem(400, "request_malformed", "Content-Length is not a number")
    if len(announced) > 15 or int(announced) > limit:
        raise too_large
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise too_large
                parts.append(part)
    except TimeoutError:
        raise Problem(
            408, "body_too_slow", "the body did not arrive in time", headers={"Connection": "close"}
        ) from None
    except ClientDisconnect:
        raise Problem(400, "request_malformed", "the body broke off") from None
    return b"".join(parts)


async def read_json(request: Request, *, limit: int = MAX_BODY, query: Container[str] = ()) -> Body:
    """The JSON body, read strictly: UTF-8, no duplicate keys, no NaN, no unpaired surrogates, not too deep.

    Query parameters other than those named are refused, too: a body's route has few.
    """
    refuse_query(request, query)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip()
    raw = await read_body(request, limit=limit)
    if not raw:
        raise invalid("body", "", "body_missing", "a JSON body is required")
    if _JSON_TYPE.fullmatch(content_type) is None:
        raise Problem(
            415,
            "media_type_unsupported",
            "the body must be sent as application/json",
            headers={"Accept": "application/json"},
        )
    return Body(raw, parse_json(raw))


def parse_json(raw: bytes) -> Any:  # any JSON
    """The JSON that the bytes are; 400 where they are not JSON, 422 where it is JSON that nobody should send."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Problem(400, "body_malformed", "the body is not UTF-8") from None
    try:
        value = _DECODER.decode(text)
    except _Duplicate as error:
        raise invalid("body", pointer_of([str(error)]), "duplicate_key", "a key stands twice in one object") from None
    except _NotANumber:
        raise invalid(
            "body", "", "number_malformed", "NaN, Infinity and numbers beyond all bounds are no JSON"
        ) from None
    except json.JSONDecodeError as error:
        raise Problem(
            400, "body_malformed", f"the body is not JSON (line {error.lineno}, column {error.colno})"
        ) from None
    except RecursionError:
        raise Problem(400, "body_too_deep", "the body is nested too deeply") from None
    except ValueError:
        raise invalid("body", "", "number_malformed", "a number has too many digits") from None
    if _SURROGATE_ESCAPE.search(raw):
        for pointer in _unpaired(value):
            raise invalid("body", pointer, "text_malformed", "must not hold unpaired surrogates")
    return value


def _unpaired(value: Any) -> Iterator[str]:  # any JSON
    """The pointers of texts and keys that hold half of a surrogate pair."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        pointer, each = waiting.pop()
        if isinstance(each, str):
            if not each.isascii() and any("\ud800" <= character <= "\udfff" for character in each):
                yield pointer
        elif isinstance(each, list):
            waiting.extend((f"{pointer}/{place}", inner) for place, inner in enumerate(each))
        elif isinstance(each, dict):
            for key, inner in each.items():
                inside = pointer + pointer_of([key])
                waiting += [(inside, key), (inside, inner)]


def check(model: type[W], body: Body) -> W:
    """The body as the model says it must be; else 422 with a pointer to each fault."""
    try:
        return model.model_validate_json(body.raw)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        if errors and errors[0]["type"] == "json_invalid":
            raise Problem(400, "body_too_deep", "the body is nested too deeply") from None
        code, faults = faults_of(errors, "body")
        raise Problem(422, code, "the input is not valid", errors=faults) from None


# --- query


def query_values(raw: bytes) -> dict[str, str]:
    """The parameters of a query, decoded strictly: each once, UTF-8, no control characters."""
    values: dict[str, str] = {}
    if not raw:
        return values
    for part in raw.split(b"&"):
        if not part:
            continue
        name_bytes, _, value_bytes = part.replace(b"+", b" ").partition(b"=")
        try:
            name, value = (unquote_to_bytes(each).decode("utf-8") for each in (name_bytes, value_bytes))
        except UnicodeDecodeError:
            raise invalid("query", "", "parameter_malformed", "the query is not UTF-8") from None
        pointer = pointer_of([name])
        if unsafe_character(value) or unsafe_character(name):
            raise invalid("query", pointer, "parameter_malformed", "must not hold control characters")
        if name in values:
            raise invalid("query", pointer, "parameter_repeated", "may be given once only")
        values[name] = value
    return values


def number_of(request: Request) -> str:
    """The tracking number of the path in its printed form; 422 before any database is asked."""
    try:
        return parse(request.path_params["tracking_number"])
    except Malformed as malformed:
        raise invalid("path", "/tracking_number", malformed.code, malformed.detail) from None


def refuse_query(request: Request, allowed: Container[str] = ()) -> None:
    """Refuses every query parameter that is not among those allowed."""
    raw = request.scope["query_string"]
    if not raw:
        return
    for name in query_values(raw):
        if name not in allowed:
            raise invalid("query", pointer_of([name]), "parameter_unknown", "is not known here")


def _parse(model: type[Wire], raw: bytes) -> Wire:
    try:
        return model.model_validate_strings(query_values(raw))
    except ValidationError as error:
        code, faults = faults_of(error.errors(include_url=False, include_input=False), "query")
        unknown = all(fault.detail == "is not known here" for fault in faults)
        raise Problem(422, "parameter_unknown" if unknown else code, "the query is not valid", errors=faults) from None


_parsed = functools.lru_cache(maxsize=4096)(_parse)
LONGEST_KEPT: Final = 512


def read_query(request: Request, model: type[W]) -> W:
    """The query as the model says it must be. Pollers ask the same again and again: it is kept by raw query."""
    raw = request.scope["query_string"]
    return cast(W, _parsed(model, raw) if len(raw) <= LONGEST_KEPT else _parse(model, raw))


# --- headers, path


def header(request: Request, name: str, *, longest: int = 255) -> str | None:
    """A header as plain text, or none; 400 with a pointer where it is repeated, too long or no plain text."""
    wanted = name.lower().encode("latin-1")
    found = [value for key, value in request.scope["headers"] if key == wanted]
    if not found:
        return None
    try:
        text = str(found[0].decode("utf-8")).strip(" ")
    except UnicodeDecodeError:
        text = "\x00"
    if len(found) > 1 or len(text) > longest or unsafe_character(text):
        detail = (
            "must be given once, in plain text"
            if len(found) > 1
            else f"must be plain text of at most {longest} characters"
        )
        raise Problem(400, "header_malformed", detail, errors=[Fault("header", f"/{name}", detail)])
    return text


def path_fault(scope: Mapping[str, Any]) -> Problem | None:
    """No address holds NUL or bytes that are not UTF-8: there is nothing there, whatever a route would make of it."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogatepass")
    if b"%" not in raw and raw.isascii():
        return None
    try:
        path = unquote_to_bytes(raw.partition(b"?")[0]).decode("utf-8")
    except UnicodeDecodeError:
        path = "\x00"
    if "\x00" not in path:
        return None
    detail = "an address holds neither NUL nor bytes that are not UTF-8"
    return Problem(404, "not_found", detail, errors=[Fault("path", "", detail)])
