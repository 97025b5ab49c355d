"""Orders and cards over HTTP: issued, moved on, read."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import identify
from app.access.policy import needs
from app.access.roles import Action
from app.access.scope import within
from app.calendars import catalogue
from app.domain.tracking_number import Malformed, parse
from app.kit.answers import answered, headers_of, language_of
from app.kit.etags import if_match, version_tag
from app.kit.lean import LeanRoute
from app.kit.once import Answer, once
from app.kit.openapi import entry
from app.kit.paging import Cursor, encode_cursor, last_seen, next_link, scope_of
from app.kit.problems import Problem, invalid
from app.kit.reading import Body, check, read_json, read_query, refuse_query
from app.kit.service import service_of
from app.kit.texts import Language
from app.supervision import queries
from app.supervision.models import Order
from app.supervision.orders import Asked, issue_order, open_order, parse_id, record_order_step
from app.supervision.queries import CardFilters, Filters, Opened
from app.supervision.rule_schemas import RulesIn, RulesOut, RulesPath
from app.supervision.rules import Rules, in_force, publish_rules, version_of
from app.supervision.schemas import (
    CardPage,
    CardQuery,
    OrderIn,
    OrderOut,
    OrderPage,
    OrderPath,
    OrderQuery,
    OrderStepHeaders,
    OrderStepPage,
    OrderStepRecordedOut,
)
from app.supervision.shown import card_json, order_json, order_step_json
from app.supervision.step_schemas import BY_TYPE, AnyOrderStep, OrderStepIn

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["supervision"], route_class=LeanRoute)

ONE = "/orders/{order}"
STEPS = f"{ONE}/steps"
RULES = "/supervision-rules"
VERSION = f"{RULES}/{{version}}"
LONGEST_VERSION = 10
Known = dict[int, Rules]


async def rules_of(tx: AsyncConnection, version: int) -> Rules:
    """The rules of an order, which are there as long as it is."""
    rules = await version_of(tx, version)
    if rules is None:
        raise LookupError(f"version {version} of the rules of supervision is gone")
    return rules


async def whole(tx: AsyncConnection, opened: Opened, at: datetime, language: Language) -> dict[str, Any]:
    """An order under the labels of its rules."""
    return order_json(opened, await rules_of(tx, opened.head.rules), at, language)


@router.post(
    "/orders",
    status_code=201,
    summary="Issue an order",
    response_model=OrderOut,
    openapi_extra=entry(body=OrderIn, idempotent=True),
)
@needs(Action.SUPERVISE)
async def issue(request: Request) -> Response:
    """Issue an order (督办单) to a department, about an application or not."""
    actor = await identify(request)
    body = await read_json(request)
    asked = check(OrderIn, body)
    language, sealer = language_of(request), service_of(request).sealer

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        opened = await issue_order(tx, actor, asked, sealer=sealer, now=now)
        head = opened.head
        headers = headers_of(language, Location=f"/api/v1/orders/{head.id}", ETag=version_tag(head.version))
        return Answer(201, to_json(await whole(tx, opened, now, language)), tuple(headers.items()))

    return await once(request, credential=actor.credential, act=act, body=body.raw)


def step_in(body: Body) -> OrderStepIn:
    """The step that a body states, by its type."""
    type_ = body.value.get("type") if isinstance(body.value, dict) else None
    if isinstance(body.value, dict) and not (isinstance(type_, str) and type_ in BY_TYPE):
        raise invalid("body", "/type", "input_invalid", f"must be one of {', '.join(BY_TYPE)}")
    return check(BY_TYPE[type_] if isinstance(type_, str) else OrderStepIn, body)


@router.post(
    STEPS,
    status_code=201,
    summary="Record a step of an order",
    response_model=OrderStepRecordedOut,
    openapi_extra=entry(path=OrderPath, body=AnyOrderStep, header=OrderStepHeaders, idempotent=True),
)
@needs(Action.MOVE_ORDERS)
async def record(request: Request) -> Response:
    """Record one step: signed, answered, accepted, contested. 409 with the state where it does not follow."""
    actor = await identify(request)
    id_ = parse_id(request.path_params["order"])
    body = await read_json(request)
    asked = Asked(step_in(body), if_match(request))
    language, sealer = language_of(request), service_of(request).sealer

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        opened = await record_order_step(tx, actor, id_, asked, sealer=sealer, now=now)
        place = max(place for place, fact in enumerate(opened.facts) if fact.type == asked.step.type)
        calendar = catalogue.named(opened.head.calendar)
        step = order_step_json(opened.facts[place], opened.hashes[place], calendar, language)
        document = {"step": step, "order": await whole(tx, opened, now, language)}
        headers = headers_of(language, ETag=version_tag(opened.head.version))
        return Answer(201, to_json(document), tuple(headers.items()))

    return await once(request, credential=actor.credential, act=act, body=body.raw)


@router.get(ONE, summary="An order", response_model=OrderOut, openapi_extra=entry(path=OrderPath))
@needs(Action.READ_ORDERS)
async def read_order(request: Request) -> Response:
    """One order as it stands, with its clock and its cards. Its `ETag` is its version."""
    actor = await identify(request)
    refuse_query(request)
    id_ = parse_id(request.path_params["order"])
    service, language = service_of(request), language_of(request)
    async with service.db.snapshot() as tx:
        opened = await open_order(tx, actor, id_, sealer=service.sealer)
        document = await whole(tx, opened, service.now.now(), language)
    return answered(document, headers_of(language, ETag=version_tag(opened.head.version)))


@router.get(STEPS, summary="The steps of an order", response_model=OrderStepPage, openapi_extra=entry(path=OrderPath))
@needs(Action.READ_ORDERS)
async def list_steps(request: Request) -> Response:
    """Each recorded step with the hash that chains it to the one before."""
    actor = await identify(request)
    refuse_query(request)
    id_ = parse_id(request.path_params["order"])
    service, language = service_of(request), language_of(request)
    async with service.db.snapshot() as tx:
        opened = await open_order(tx, actor, id_, sealer=service.sealer)
    calendar = catalogue.named(opened.head.calendar)
    items = [
        order_step_json(fact, digest, calendar, language)
        for fact, digest in zip(opened.facts, opened.hashes, strict=True)
    ]
    headers = headers_of(language, ETag=version_tag(opened.head.version))
    return answered({"items": items, "next_cursor": None}, headers)


@router.get(
    "/orders", summary="Orders, the newest first", response_model=OrderPage, openapi_extra=entry(query=OrderQuery)
)
@needs(Action.READ_ORDERS)
async def list_orders(request: Request) -> Response:
    """The orders that the caller may see: a department those that it or one below it got."""
    actor = await identify(request)
    query = read_query(request, OrderQuery)
    service, language = service_of(request), language_of(request)
    filters = Filters(query.status, query.department, number_asked(query.tracking_number))
    walk = scope_of({"list": "orders", **filters._asdict()})
    after = None if query.cursor is None else last_seen(query.cursor, scope=walk)
    now = service.now.now()
    async with service.db.snapshot() as tx:
        ids = await queries.orders_page(tx, filters, after, query.limit + 1, scope=within(actor, Order.department))
        found = {one.head.id: one for one in await queries.load(tx, ids[: query.limit], sealer=service.sealer)}
        known: Known = {version: await rules_of(tx, version) for version in {o.head.rules for o in found.values()}}
    page = [found[id_] for id_ in ids[: query.limit]]
    items = [order_json(one, known[one.head.rules], now, language) for one in page]
    cursor = None
    if len(ids) > query.limit:
        cursor = encode_cursor(Cursor((page[-1].head.issued_at.isoformat(), page[-1].head.id)), scope=walk)
    headers = headers_of(language)
    if cursor is not None:
        headers["Link"] = next_link(request, cursor)
    as_of = catalogue.for_item(None, None).local(now).isoformat()
    return answered({"items": items, "next_cursor": cursor, "as_of": as_of}, headers)


@router.get("/cards", summary="Cards, the newest first", response_model=CardPage, openapi_extra=entry(query=CardQuery))
@needs(Action.READ_ORDERS)
async def list_cards(request: Request) -> Response:
    """Cards (黄牌, 红牌), revoked ones too."""
    actor = await identify(request)
    query = read_query(request, CardQuery)
    service, language = service_of(request), language_of(request)
    order = None if query.order is None else parse_id(query.order, place="query")
    filters = CardFilters(query.colour, query.department, order)
    walk = scope_of({"list": "cards", **filters._asdict()})
    after = None if query.cursor is None else last_seen(query.cursor, scope=walk)
    async with service.db.snapshot() as tx:
        rows = await queries.cards_page(tx, filters, after, query.limit + 1, scope=lambda column: within(actor, column))
        page = rows[: query.limit]
        known: Known = {version: await rules_of(tx, version) for version in {row["rules"] for row in page}}
    items = [card_json(row, catalogue.named(row["calendar"]), known[row["rules"]], language) for row in page]
    cursor = None
    if len(rows) > query.limit:
        cursor = encode_cursor(Cursor((page[-1]["given_at"].isoformat(), page[-1]["id"])), scope=walk)
    headers = headers_of(language)
    if cursor is not None:
        headers["Link"] = next_link(request, cursor)
    return answered({"items": items, "next_cursor": cursor}, headers)


def number_asked(text: str | None) -> str | None:
    """A tracking number of the query in its printed form."""
    if text is None:
        return None
    try:
        return parse(text)
    except Malformed:
        raise invalid(
            "query", "/tracking_number", "tracking_number_malformed", "is no tracking number: its check fails"
        ) from None


@router.get(RULES, summary="The rules of supervision in force", response_model=RulesOut)
@needs(Action.READ_ORDERS)
async def read_rules(request: Request) -> Response:
    """What an order issued now would demand, and which alarms raise one."""
    await identify(request)
    refuse_query(request)
    service = service_of(request)
    async with service.db.read() as tx:
        rules = await in_force(tx)
    return Response(shown_rules(rules), media_type="application/json")


@router.get(
    VERSION,
    summary="One version of the rules of supervision",
    response_model=RulesOut,
    openapi_extra=entry(path=RulesPath),
)
@needs(Action.READ_ORDERS)
async def read_version(request: Request) -> Response:
    """The rules under which an order was issued, as its `rules` names them."""
    await identify(request)
    refuse_query(request)
    version = request.path_params["version"]
    service = service_of(request)
    rules = None
    if version.isascii() and version.isdigit() and len(version) < LONGEST_VERSION:
        async with service.db.read() as tx:
            rules = await version_of(tx, int(version))
    if rules is None:
        raise Problem(404, "not_found", "there is no such version")
    return Response(shown_rules(rules), media_type="application/json")


@router.put(
    RULES,
    summary="Publish rules of supervision",
    response_model=RulesOut,
    responses={201: {"model": RulesOut, "description": "A new version."}},
    openapi_extra=entry(body=RulesIn),
)
@needs(Action.WRITE_RULES)
async def put_rules(request: Request) -> Response:
    """Make a new version: it stands for orders issued from now on. Rules equal to the newest make none."""
    actor = await identify(request)
    body = await read_json(request)
    asked = check(RulesIn, body)

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        rules, is_new = await publish_rules(tx, actor, asked, now=now)
        return Answer(201 if is_new else 200, shown_rules(rules))

    return await once(request, credential=actor.credential, act=act, body=None)


def shown_rules(rules: Rules) -> bytes:
    """One version as it is sent."""
    at = rules.published_at
    document = RulesOut(
        version=rules.version,
        rules=RulesIn.model_validate_json(to_json(rules.body)),
        published_at=None if at is None else catalogue.for_item(None, None).local(at),
        published_by=rules.published_by,
    )
    return document.model_dump_json().encode()
