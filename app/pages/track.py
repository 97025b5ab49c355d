"""`/track/{no}`: where an application is; calls the look-up and puts its answer into words."""

from fastapi import APIRouter, Request, Response

from app.access.policy import public
from app.domain import tracking_number
from app.domain.tracking_number import Malformed
from app.kit.problems import Problem
from app.kit.service import Service, service_of
from app.kit.throttle import client_address
from app.lookup.explanations import explained
from app.lookup.look_up import look_up
from app.pages.case import Pair, case_of, ordered_clocks
from app.pages.context import PageRoute, read_form, reader_of, redirect, render
from app.pages.reasons import reasons_for
from app.pages.words import Reader
from app.proof.queries import witness_of

__all__ = ["router"]

router = APIRouter(include_in_schema=False, route_class=PageRoute)

PRIVATE = {"Referrer-Policy": "no-referrer"}
"""The number stands in the address: it must not travel on in a Referer."""


@router.get("/track/{typed}")
@public
async def show_application(request: Request, typed: str) -> Response:
    """What anybody with the tracking number may see. A number typed otherwise leads to its printed form."""
    try:
        number = tracking_number.parse(typed)
    except Malformed:
        return malformed(request, typed)
    if number != typed:
        return redirect(f"/track/{number}")
    return await track(request, number, None)


@router.post("/track/{typed}")
@public
async def show_application_with_code(request: Request, typed: str) -> Response:
    """The same with the query code, which is sent in the body so that it stays out of every log."""
    try:
        number = tracking_number.parse(typed)
    except Malformed:
        return malformed(request, typed)
    code = (await read_form(request)).get("query_code", "")
    return await track(request, number, code or None, code_missing=not code)


async def track(request: Request, number: str, code: str | None, *, code_missing: bool = False) -> Response:
    """The page of one number."""
    service, reader = service_of(request), reader_of(request)
    text = reader.text
    try:
        service.throttle.admit(client_address(request), number)
        answer = await look_up(service, number, language=reader.language, query_code=code)
    except Problem as problem:
        if problem.status != 429:
            raise
        return limited(request, problem, number)
    if answer is None:
        missing = {
            "title": text("missing.title"),
            "heading": text("missing.title"),
            "explanation": text("missing.lead"),
            "message": text("missing.message"),
            "field": "number",
            "typed": number,
            "number": number,
            "code_error": None,
        }
        return render(request, "missing.html", missing, status=404, headers=PRIVATE)
    values = {
        "title": text("track.title", number=number),
        "case": case_of(answer, reader),
        "reasons": reasons_for(ordered_clocks(answer), await explained(service, number), reader),
        "number": number,
        "witness": await witness(service, number, reader),
        "telephone": answer["supervision_telephone"],
        "as_of": text("track.as_of", now=reader.moment(reader.now)),
        "code_error": text("code.empty") if code_missing else None,
    }
    return render(request, "track.html", values, status=422 if code_missing else 200, headers=PRIVATE)


async def witness(service: Service, number: str, reader: Reader) -> list[Pair]:
    """What a printed receipt carries of the history: digits that nobody can bring back once they are changed."""
    async with service.replica.read() as tx:
        found = await witness_of(tx, number)
    if found is None:
        return []
    text, covered = reader.text, found["covered"]
    last = Pair(text("track.witness"), text("track.witness_is", seq=found["seq"], hash=found["hash"]))
    if covered is None:
        return [last, Pair(text("track.checkpoint"), text("track.no_checkpoint"))]
    said = text("track.checkpoint_is", n=covered["checkpoint"], seq=covered["seq"], hash=covered["hash"])
    return [last, Pair(text("track.checkpoint"), said)]


def malformed(request: Request, typed: str) -> Response:
    """The field again, with what was typed."""
    text = reader_of(request).text
    values = {
        "title": text("malformed.title"),
        "heading": text("malformed.title"),
        "explanation": text("number.malformed"),
        "message": text("missing.message"),
        "field": "number",
        "typed": typed[:64],
        "number": None,
    }
    return render(request, "missing.html", values, status=422, headers=PRIVATE)


def limited(request: Request, problem: Problem, number: str) -> Response:
    """Too many look-ups, or too many wrong query codes: what to do now."""
    text = reader_of(request).text
    headers = dict(problem.headers or {})
    if problem.code == "query_code_locked":
        heading, lead = text("locked.title"), text("locked.lead")
    else:
        heading, lead = text("limited.title"), text("limited.lead", n=int(headers.get("Retry-After", "60")))
    values = {
        "title": heading,
        "heading": heading,
        "explanation": lead,
        "field": None,
        "back": f"/track/{number}",
        "back_text": text("locked.back", number=number),
    }
    return render(request, "missing.html", values, status=429, headers={**headers, **PRIVATE})
