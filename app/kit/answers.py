"""How the record answers: as JSON in the language that was asked for, kept by nobody but who asked."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response
from pydantic_core import to_json

from app.kit.texts import Language, negotiate

__all__ = ["answered", "headers_of", "language_of"]


def language_of(request: Request) -> Language:
    """The language of labels and names."""
    return negotiate(request.headers.get("accept-language"))


def headers_of(language: Language, **more: str) -> dict[str, str]:
    """Headers of an answer that speaks of one caller's cases in one language."""
    return {"Content-Language": language, "Vary": "Accept-Language", "Cache-Control": "private, no-cache", **more}


def answered(content: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    """A document as JSON."""
    return Response(to_json(content), headers=dict(headers), media_type="application/json")
