"""Applications over HTTP: receive, record, read."""

from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic_core import PydanticCustomError, to_json
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import identify
from app.access.policy import needs
from app.access.roles import Action
from app.applications import history, lists, queries, travel
from app.applications.amend import amend_step
from app.applications.explanation import Asked as AskedDays
from app.applications.explanation import background_of, bases_of, chosen, explanation_json
from app.applications.explanation_schemas import ApplicationExplanationOut, ClockPath, ExplanationQuery
from app.applications.lists import Filters
from app.applications.receive import receive_application
from app.applications.record import Asked, not_found, record_step, shown_of
from app.applications.schemas import (
    ApplicationOut,
    ApplicationPage,
    ApplicationQuery,
    ClocksOut,
    NumberPath,
    ReadQuery,
    ReceiptIn,
    ReceiptOut,
    StepHeaders,
    StepPage,
    StepQuery,
    StepRecordedOut,
)
from app.applications.shown import amended_by, application_json, clock_json, step_json
from app.applications.step_schemas import BY_TYPE, Amend, AnyStep, StepIn
from app.calendars import catalogue
from app.domain.calendar import Calendar
from app.domain.explanation import explain
from app.kit.answers import answered, headers_of, language_of
from app.kit.etags import if_match, version_tag
from app.kit.lean import LeanRoute
from app.kit.once import Answer, once
from app.kit.openapi import entry
from app.kit.paging import Cursor, decode_cursor, encode_cursor, next_link, scope_of
from app.kit.problems import invalid
from app.kit.reading import Body, check, number_of, read_json, read_query
from app.kit.schemas import parse_instant
from app.kit.service import service_of

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["applications"], route_class=LeanRoute)

ONE = "/applications/{tracking_number}"
CLOCKS = f"{ONE}/clocks"
EXPLANATION = f"{CLOCKS}/{{kind}}/explanation"
STEPS = f"{ONE}/steps"


@router.post(
    "/applications",
    status_code=201,
    summary="Receive an application",
    response_model=ReceiptOut,
    openapi_extra=entry(body=ReceiptIn, idempotent=True),
)
@needs(Action.RECORD_STEPS)
async def receive(request: Request) -> Response:
    """Record the receipt of an application (收件): it gets its tracking number and, shown this once, its query code."""
    actor = await identify(request)
    body = await read_json(request)
    asked = check(ReceiptIn, body)
    language, sealer = language_of(request), service_of(request).sealer

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        recorded, query_code = await receive_application(tx, actor, asked, sealer=sealer, now=now)
        document = application_json(shown_of(recorded, now), language) | {
            "query_code": query_code,
            "witness": {"seq": 1, "hash": recorded.hashes[0].hex()[:16]},
        }
        location = f"/api/v1/applications/{recorded.number}"
        headers = headers_of(language, Location=location, ETag=version_tag(recorded.head.version))
        return Answer(201, to_json(document), tuple(headers.items()))

    return await once(request, credential=actor.credential, act=act, body=body.raw)


def step_in(body: Body) -> StepIn:
    """The step that a body states, by its type."""
    type_ = body.value.get("type") if isinstance(body.value, dict) else None
    if isinstance(body.value, dict) and not (isinstance(type_, str) and type_ in BY_TYPE):
        raise invalid("body", "/type", "input_invalid", f"must be one of {', '.join(BY_TYPE)}")
    return check(BY_TYPE[type_] if isinstance(type_, str) else StepIn, body)


@router.post(
    STEPS,
    status_code=201,
    summary="Record a step",
    response_model=StepRecordedOut,
    openapi_extra=entry(path=NumberPath, body=AnyStep, header=StepHeaders, idempotent=True),
)
@needs(Action.RECORD_STEPS)
async def record(request: Request) -> Response:
    """Record one step: the step and the application after it, or the article that forbids it."""
    actor = await identify(request)
    number = number_of(request)
    body = await read_json(request)
    asked = Asked(step_in(body), if_match(request))
    language, sealer = language_of(request), service_of(request).sealer

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        act_on = amend_step if isinstance(asked.step, Amend) else record_step
        recorded = await act_on(tx, actor, number, asked, sealer=sealer, now=now)
        fact, digest = recorded.stated
        step = step_json(fact, digest, recorded.dossier.calendar, language)
        application = application_json(shown_of(recorded, now), language)
        headers = headers_of(language, ETag=version_tag(recorded.head.version))
        return Answer(201, to_json({"step": step, "application": application}), tuple(headers.items()))

    return await once(request, credential=actor.credential, act=act, body=body.raw)


@router.get(
    ONE,
    summary="An application",
    response_model=ApplicationOut,
    openapi_extra=entry(path=NumberPath, query=ReadQuery),
)
@needs(Action.READ_APPLICATIONS)
async def read_application(request: Request) -> Response:
    """One application at `as_of`. Its `ETag` is its version; its clocks move with time, so it is always sent."""
    actor = await identify(request)
    number = number_of(request)
    query = read_query(request, ReadQuery)
    service, language = service_of(request), language_of(request)
    at, known_at = instants_of(query, service.now.now())
    async with service.db.snapshot() as tx:
        one = await travel.shown_at(tx, actor, number, at, known_at, sealer=service.sealer)
    if one is None:
        raise not_found()
    return answered(application_json(one, language), headers_of(language, ETag=version_tag(one.head.version)))


@router.get(
    CLOCKS,
    summary="The clocks of an application",
    response_model=ClocksOut,
    openapi_extra=entry(path=NumberPath, query=ReadQuery),
)
@needs(Action.READ_APPLICATIONS)
async def read_clocks(request: Request) -> Response:
    """The clocks of one application at `as_of`."""
    actor = await identify(request)
    number = number_of(request)
    query = read_query(request, ReadQuery)
    service, language = service_of(request), language_of(request)
    at, known_at = instants_of(query, service.now.now())
    async with service.db.snapshot() as tx:
        one = await travel.shown_at(tx, actor, number, at, known_at, sealer=None)
    if one is None:
        raise not_found()
    calendar = catalogue.named(one.head.calendar)
    items = [clock_json(clock, calendar, language) for clock in one.clocks]
    document = {"items": items, "next_cursor": None} | stated(calendar, at, known_at)
    return answered(document, headers_of(language, ETag=version_tag(one.head.version)))


@router.get(
    EXPLANATION,
    summary="Why a clock ends when it does",
    response_model=ApplicationExplanationOut,
    openapi_extra=entry(path=ClockPath, query=ExplanationQuery),
)
@needs(Action.READ_APPLICATIONS)
async def read_explanation(request: Request) -> Response:
    """Every day of one clock from start to end, counted or not and why, the articles applied, each change of the end.

    What happened after `as_of` is not known yet; from there on time alone carries the clock on.
    """
    actor = await identify(request)
    number = number_of(request)
    query = read_query(request, ExplanationQuery)
    service, language = service_of(request), language_of(request)
    at, known_at = instants_of(query, service.now.now())
    async with service.db.snapshot() as tx:
        head = await queries.find(tx, actor, number)
        if head is None or head.known_from > known_at:
            raise not_found()
        [opened] = await queries.load(tx, [number], sealer=None, lock=False)
    then = history.known(opened, known_at)
    if then is None:
        raise not_found()
    told = chosen(explain(then.dossier, at), request.path_params["kind"], query)
    known = background_of(then.dossier.item, then.pinned.body.get("kind"), bases_of(then.facts))
    asked = AskedDays(language, 1 if query.from_ is None else query.from_.toordinal(), query.limit)
    document = explanation_json(told, known, asked)
    document |= {"tracking_number": number} | stated(told.calendar, at, known_at)
    return answered(document, headers_of(language, ETag=version_tag(len(then.facts))))


@router.get(
    STEPS,
    summary="The steps of an application",
    response_model=StepPage,
    openapi_extra=entry(path=NumberPath, query=StepQuery),
)
@needs(Action.READ_APPLICATIONS)
async def read_steps(request: Request) -> Response:
    """The steps of one application that happened by `as_of`, in the order of recording."""
    actor = await identify(request)
    number = number_of(request)
    query = read_query(request, StepQuery)
    service, language = service_of(request), language_of(request)
    scope = scope_of({"steps_of": number, "as_of": query.as_of, "known_at": query.known_at})
    cursor = None if query.cursor is None else decode_cursor(query.cursor, int, scope=scope)
    at, known_at = instants_of(query, service.now.now(), cursor)
    after = 0 if cursor is None else int(cursor.after[0] or 0)
    async with service.db.snapshot() as tx:
        head = await queries.find(tx, actor, number)
        if head is None or head.known_from > known_at:
            raise not_found()
        rows = await queries.steps_of(
            tx, number, service.sealer, after=after, until=at, limit=query.limit + 1, known_at=known_at
        )
        undone = await queries.undone(tx, number, [fact for fact, _ in rows], known_at)
        amendments = (await queries.amendments_of(tx, [number], None))[number]
    calendar = catalogue.named(head.calendar)
    amended = amended_by(amendments, known_at)
    items = [
        step_json(fact, digest, calendar, language, undone=undone) | amended.get(fact.step.id, {})
        for fact, digest in rows
    ]
    more = len(rows) > query.limit
    next_cursor = None
    if more:
        next_cursor = encode_cursor(Cursor((rows[query.limit - 1][0].step.seq,), at, known_at), scope=scope)
    document = {"items": items[: query.limit], "next_cursor": next_cursor} | stated(calendar, at, known_at)
    return answered(document, linked(request, headers_of(language, ETag=version_tag(head.version)), next_cursor))


def instants_of(
    query: ReadQuery | StepQuery | ApplicationQuery, now: datetime, cursor: Cursor | None = None
) -> tuple[datetime, datetime]:
    """The instant that is spoken of, and by what knowledge; a cursor pins both, and nobody knows what is to come."""
    if cursor is not None and cursor.as_of is not None:
        return cursor.as_of, cursor.known_at or now
    return query.as_of or now, min(query.known_at or now, now)


def stated(calendar: Calendar, at: datetime, known_at: datetime) -> dict[str, str]:
    """Of which instant an answer speaks, and by what knowledge."""
    return {"as_of": calendar.local(at).isoformat(), "known_at": calendar.local(known_at).isoformat()}


def linked(request: Request, headers: dict[str, str], next_cursor: str | None) -> dict[str, str]:
    """The headers with the link to the next page, if there is one."""
    return headers if next_cursor is None else headers | {"Link": next_link(request, next_cursor)}


@router.get(
    "/applications",
    summary="Applications, the newest first",
    response_model=ApplicationPage,
    openapi_extra=entry(query=ApplicationQuery),
)
@needs(Action.READ_APPLICATIONS)
async def list_applications(request: Request) -> Response:
    """Applications at `as_of`, the newest first; status, holder and light are those of that instant."""
    actor = await identify(request)
    query = read_query(request, ApplicationQuery)
    service, language = service_of(request), language_of(request)
    narrowed = query.model_dump(exclude={"limit", "cursor", "as_of", "known_at"})
    scope = scope_of(narrowed | {"as_of": query.as_of, "known_at": query.known_at})
    cursor = None if query.cursor is None else decode_cursor(query.cursor, str, str, scope=scope)
    now = service.now.now()
    at, known_at = instants_of(query, now, cursor)
    filters, after, sealer = Filters(at, **narrowed), place_of(cursor), service.sealer
    async with service.db.snapshot() as tx:
        if known_at == now:
            rows = await lists.page(tx, actor, filters, after=after, limit=query.limit + 1)
            page = await queries.show(tx, rows, at, sealer=sealer)
        else:
            page = await travel.page(tx, actor, filters, known_at, after=after, limit=query.limit + 1, sealer=sealer)
    next_cursor = None
    if len(page) > query.limit:
        last = page[query.limit - 1].head
        next_cursor = encode_cursor(Cursor((last.submitted_at.isoformat(), last.number), at, known_at), scope=scope)
    items = [application_json(one._replace(known_at=known_at), language) for one in page[: query.limit]]
    zone = catalogue.for_item(None, None)
    document = {"items": items, "next_cursor": next_cursor} | stated(zone, at, known_at)
    return answered(document, linked(request, headers_of(language), next_cursor))


def place_of(cursor: Cursor | None) -> tuple[datetime, str] | None:
    """Where a page of the list begins."""
    if cursor is None:
        return None
    instant, number = cursor.after
    try:
        return parse_instant(instant), str(number)
    except PydanticCustomError:
        raise invalid("query", "/cursor", "cursor_malformed", "is not a cursor of this list") from None
