"""Keyset paging: an opaque cursor that pins what the first page saw, and the `Link` header."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, NamedTuple
from urllib.parse import quote, urlencode

from fastapi import Request
from pydantic import Field
from pydantic_core import PydanticCustomError

from app.kit.problems import invalid
from app.kit.schemas import QueryInt, Wire, parse_instant, unsafe_character

__all__ = [
    "DEFAULT_LIMIT",
    "MAX_LIMIT",
    "Cursor",
    "PageQuery",
    "decode_cursor",
    "encode_cursor",
    "last_seen",
    "next_link",
    "scope_of",
]

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 500
LONGEST: Final = 2000
Part = str | int | None


class PageQuery(Wire):
    """The parameters that every list takes; a list's own filters are added in a subclass."""

    limit: Annotated[QueryInt, Field(ge=1, le=MAX_LIMIT, description="rows a page")] = DEFAULT_LIMIT
    cursor: Annotated[str | None, Field(max_length=LONGEST, description="`next_cursor` of the page before")] = None


class Cursor(NamedTuple):
    """Where a page ended, and the instants that all pages of one walk share."""

    after: tuple[Part, ...]
    as_of: datetime | None = None
    known_at: datetime | None = None


def scope_of(filters: Mapping[str, object]) -> str:
    """A short digest of what a list was asked for: a cursor continues that list and no other."""
    text = json.dumps(filters, sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def encode_cursor(cursor: Cursor, *, scope: str = "") -> str:
    """The cursor as text for a URL."""
    pins = [None if each is None else each.isoformat() for each in (cursor.as_of, cursor.known_at)]
    text = json.dumps([1, scope, list(cursor.after), *pins], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode("ascii")


def decode_cursor(text: str, *types: type, scope: str = "") -> Cursor:
    """The cursor that `encode_cursor` wrote, each part of its type or null; else 422 `cursor_malformed`.

    `decode_cursor(query.cursor, str, str, int, scope=scope_of(filters))`
    """
    malformed = invalid("query", "/cursor", "cursor_malformed", "is not a cursor of this list")
    if len(text) > LONGEST:
        raise malformed
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        value = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True).decode("utf-8"))
        version, wanted, after, as_of, known_at = value
        pins = [None if each is None else parse_instant(each) for each in (as_of, known_at)]
    except (ValueError, TypeError, RecursionError, binascii.Error, PydanticCustomError):
        raise malformed from None
    if (
        type(version) is not int
        or version != 1
        or wanted != scope
        or not isinstance(after, list)
        or len(after) != len(types)
    ):
        raise malformed
    for part, expected in zip(after, types, strict=True):
        if part is not None and type(part) is not expected:
            raise malformed
        if isinstance(part, str) and unsafe_character(part):
            raise malformed
        if isinstance(part, int) and not -(2**63) <= part < 2**63:
            raise malformed
    return Cursor(tuple(after), *pins)


def last_seen(cursor: str, *, scope: str) -> tuple[datetime, str]:
    """The instant and the id after which a page of a list in the order of both begins; else 422 `cursor_malformed`."""
    at, id_ = decode_cursor(cursor, str, str, scope=scope).after
    try:
        return parse_instant(at), str(id_)
    except PydanticCustomError:
        raise invalid("query", "/cursor", "cursor_malformed", "is not a cursor of this list") from None


def next_link(request: Request, cursor: str) -> str:
    """The `Link` header to the next page: relative, so that no `Host` header can poison it."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    path = quote(request.scope["path"], safe="/")
    return f'<{path}?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'
