"""`GET /api/v1/public/applications/{tracking_number}`: the public look-up. `Request` only: it is asked most of all."""

from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.policy import public
from app.domain import tracking_number
from app.domain.tracking_number import Malformed
from app.kit.lean import LeanRoute, Ready
from app.kit.middleware import Whole, whole
from app.kit.problems import Problem, invalid
from app.kit.reading import header, refuse_query
from app.kit.service import service_of
from app.kit.texts import LANGUAGES, Language, negotiate
from app.kit.throttle import client_address
from app.lookup.look_up import look_up_spelled
from app.lookup.schemas import PublicApplicationOut

__all__ = ["router"]

PATH = "/api/v1/public/applications/{tracking_number}"
PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Vary": "Accept-Language",
}
READY: dict[Language, Whole] = {
    language: whole(
        [
            *((name.lower().encode(), value.encode()) for name, value in PRIVATE.items()),
            (b"content-language", language.encode()),
            (b"content-type", b"application/json"),
        ]
    )
    for language in LANGUAGES
}
"""The headers of an answer, worked out once."""
ENTRY: dict[str, Any] = {
    "parameters": [
        {
            "name": "tracking_number",
            "in": "path",
            "required": True,
            "description": "As printed; spaces, dashes, lower case, O for 0 and I or L for 1 are forgiven.",
            "schema": {"type": "string", "maxLength": 64},
            "example": "Q0QJ-WRBA-61TW-PZ",
        },
        {
            "name": "X-Query-Code",
            "in": "header",
            "required": False,
            "description": "The query code of the receipt: shows subject, correction list and result, too.",
            "schema": {"type": "string", "maxLength": 64},
        },
    ],
    "responses": {
        "200": {"headers": {"Cache-Control": {"schema": {"type": "string", "const": "no-store"}}}},
        "404": {"description": "No such number, or the query code is wrong: one and the same answer."},
        "422": {"description": "`tracking_number_malformed`: the check characters do not fit."},
        "429": {"description": "Too many look-ups, or `query_code_locked` after five wrong codes within an hour."},
    },
}

printed = lru_cache(maxsize=16_384)(tracking_number.parse)
"""Most ask again and again for the same number; one that is malformed is not kept."""

router = APIRouter(tags=["public"], route_class=LeanRoute)


@router.get(PATH, response_model=PublicApplicationOut, openapi_extra=ENTRY, summary="Look up an application")
@public
async def look_up_application(request: Request) -> Response:
    """Where an application is, until when, why it stands still, why it is late; for anybody who has its number."""
    refuse_query(request)
    try:
        number = printed(request.path_params["tracking_number"])
    except Malformed as malformed:
        raise invalid("path", "/tracking_number", malformed.code, malformed.detail) from None
    service = service_of(request)
    service.throttle.admit(client_address(request), number)
    language = negotiate(request.headers.get("accept-language"))
    code = header(request, "x-query-code")
    body = await look_up_spelled(service, number, language=language, query_code=code)
    if body is None:
        raise Problem(404, "not_found", "No application has this number, or the query code is wrong.", headers=PRIVATE)
    headers = Whole(READY[language])
    headers.append((b"content-length", str(len(body)).encode()))
    return Ready(200, headers, body)
