"""The public look-up of one application, and why each of its clocks ends when it does.

`Request` only: it is asked most of all.
"""

from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from app.access.policy import public
from app.applications.explanation import Asked, chosen, explanation_json
from app.applications.explanation_schemas import ApplicationExplanationOut, ClockPath, PublicExplanationQuery
from app.domain import tracking_number
from app.kit.lean import LeanRoute, Ready
from app.kit.middleware import Whole, whole
from app.kit.openapi import entry
from app.kit.problems import Problem
from app.kit.reading import header, number_of, read_query, refuse_query
from app.kit.service import service_of
from app.kit.texts import LANGUAGES, Language, negotiate
from app.kit.throttle import client_address
from app.lookup.explanations import explained
from app.lookup.look_up import look_up_spelled
from app.lookup.schemas import PublicApplicationOut

__all__ = ["router"]

PATH = "/api/v1/public/applications/{tracking_number}"
EXPLANATION = f"{PATH}/clocks/{{kind}}/explanation"
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
    number = number_of(request)
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


@router.get(
    EXPLANATION,
    response_model=ApplicationExplanationOut,
    openapi_extra=entry(path=ClockPath, query=PublicExplanationQuery),
    summary="Why a clock ends when it does, for anybody",
)
@public
async def look_up_explanation(request: Request) -> Response:
    """Every day of one clock, counted or not and why, by which notice and article; for anybody who has the number.

    It holds no personal data and needs no query code; the limit of public requests holds.
    """
    query = read_query(request, PublicExplanationQuery)
    number = number_of(request)
    service = service_of(request)
    service.throttle.admit(client_address(request), number)
    language = negotiate(request.headers.get("accept-language"))
    found = await explained(service, number)
    if found is None:
        raise Problem(404, "not_found", "No application has this number.", headers=PRIVATE)
    told = chosen(found.clocks, request.path_params["kind"], query)
    asked = Asked(language, 1 if query.from_ is None else query.from_.toordinal(), query.limit)
    document = explanation_json(told, found.background, asked)
    document |= {"tracking_number": number, "as_of": told.calendar.local(found.at).isoformat()}
    body = to_json(document)
    headers = Whole(READY[language])
    headers.append((b"content-length", str(len(body)).encode()))
    return Ready(200, headers, body)
