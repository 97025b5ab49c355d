"""Entity tags: what `ETag`, `If-Match` and `If-None-Match` say."""

import hashlib
import re
from collections.abc import Mapping

from fastapi import Request, Response

from app.kit.problems import Fault, Problem

__all__ = ["if_match", "not_modified", "opaque_tag", "require_match", "version_tag", "wants"]

_TAG = re.compile(r'\s*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)')


def version_tag(version: int) -> str:
    """The tag of an application: its version."""
    return f'"{version}"'


def opaque_tag(*parts: bytes) -> str:
    """A tag of a list: a digest of its rows and figures, and of what was asked by whom."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return f'"{digest.hexdigest()}"'


def _tags(text: str) -> list[tuple[bool, str]] | None:
    """The tags of a list, each with whether it is weak; none where it is malformed."""
    tags, place = [], 0
    while place < len(text):
        match = _TAG.match(text, place)
        if match is None or match.end() == place:
            return None
        tags.append((match[1] is not None, match[2]))
        place = match.end()
    return tags


def wants(request: Request, tag: str) -> bool:
    """Does the client already hold this tag (`If-None-Match`, weakly compared)? A malformed header counts as none."""
    for name, value in request.scope["headers"]:
        if name == b"if-none-match":
            text = value.decode("latin-1")
            if text == tag or text.strip() == "*":
                return True
            return any(each == tag[1:-1] for _, each in _tags(text) or ())
    return False


def not_modified(tag: str, headers: Mapping[str, str]) -> Response:
    """304: the client's copy is still right."""
    return Response(status_code=304, headers={"ETag": tag, **headers})


def if_match(request: Request) -> list[str] | None:
    """The tags of `If-Match` that may match strongly; none where the header is absent or `*`."""
    values = [value for name, value in request.scope["headers"] if name == b"if-match"]
    if not values:
        return None
    text = b", ".join(values).decode("latin-1")
    if text.strip() == "*":
        return None
    tags = _tags(text)
    if not tags:
        detail = 'must be an entity tag like "3"'
        raise Problem(400, "header_malformed", detail, errors=[Fault("header", "/If-Match", detail)])
    return [f'"{tag}"' for weak, tag in tags if not weak]


def require_match(tags: list[str] | None, tag: str) -> None:
    """412 when the client acts on another version than the present one."""
    if tags is not None and tag not in tags:
        raise Problem(412, "version_stale", f"the present version is {tag}", headers={"ETag": tag})
