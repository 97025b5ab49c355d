"""Findings over HTTP: the list, one of them, its review, and the rules by which they are found."""

from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic_core import PydanticCustomError, to_json
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import Actor, identify
from app.access.policy import needs
from app.access.roles import Action
from app.access.scope import within
from app.calendars import catalogue
from app.departments.queries import names as office_names
from app.domain.tracking_number import Malformed, parse
from app.findings import queries
from app.findings.models import Finding
from app.findings.queries import Filters, Row
from app.findings.review import not_found, review_finding
from app.findings.rule_schemas import FindingRulesIn, FindingRulesOut, FindingRulesPath
from app.findings.rules import in_force, publish_finding_rules, version_of
from app.findings.schemas import FindingPage, FindingPath, FindingQuery, ReviewedOut, ReviewIn
from app.findings.shown import finding_json, review_json, rules_json
from app.kit.answers import answered, headers_of, language_of
from app.kit.lean import LeanRoute
from app.kit.once import Answer, once
from app.kit.openapi import entry
from app.kit.paging import Cursor, decode_cursor, encode_cursor, next_link, scope_of
from app.kit.problems import Problem, invalid
from app.kit.reading import check, read_json, read_query, refuse_query
from app.kit.schemas import parse_instant
from app.kit.sealing import Sealer
from app.kit.service import service_of
from app.kit.texts import Language

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/findings", tags=["findings"], route_class=LeanRoute)

RULES = "/rules"
ONE = "/{finding}"
LONGEST_VERSION = 10
ONE_DAY = timedelta(days=1)


@router.get(
    "", summary="Findings, the newest first", response_model=FindingPage, openapi_extra=entry(query=FindingQuery)
)
@needs(Action.READ_FINDINGS)
async def list_findings(request: Request) -> Response:
    """Patterns that deserve a look, each with its evidence and what would explain it. A head sees the own office's."""
    actor = await identify(request)
    query = read_query(request, FindingQuery)
    service, language = service_of(request), language_of(request)
    filters = filters_of(query)
    walk = scope_of({"list": "findings", **filters._asdict()})
    after, at = None, query.as_of or service.now.now()
    if query.cursor is not None:
        after, at = place_of(query.cursor, walk, at)
    async with service.db.snapshot() as tx:
        scope = within(actor, Finding.department)
        rows = await queries.page(tx, filters, after, query.limit + 1, at=at, scope=scope)
        page = rows[: query.limit]
        items = await shown(tx, page, at, language, service.sealer)
        progress = await queries.progress(tx)
    cursor = None
    if len(rows) > query.limit:
        cursor = encode_cursor(Cursor((page[-1].at.isoformat(), page[-1].id), at), scope=walk)
    headers = headers_of(language)
    if cursor is not None:
        headers["Link"] = next_link(request, cursor)
    local = catalogue.for_item(None, None).local
    examined_at = None if progress is None or progress.examined_at is None else local(progress.examined_at).isoformat()
    document = {
        "items": items,
        "next_cursor": cursor,
        "as_of": local(at).isoformat(),
        "examined_at": examined_at,
    }
    return answered(document, headers)


def filters_of(query: FindingQuery) -> Filters:
    """What the list is narrowed by; 422 where it ends before it begins."""
    nation = catalogue.for_item(None, None)
    if query.from_ is not None and query.to is not None and query.from_ > query.to:
        raise invalid("query", "/from", "period_malformed", "The period ends before it begins.")
    return Filters(
        query.rule,
        query.department,
        query.officer,
        query.item,
        number_asked(query.tracking_number),
        None if query.from_ is None else nation.midnight(query.from_.toordinal()),
        None if query.to is None else nation.midnight((query.to + ONE_DAY).toordinal()),
        query.state,
    )


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


def place_of(cursor: str, walk: str, asked: datetime) -> tuple[tuple[datetime, str], datetime]:
    """The row after which a page begins, and the instant that all pages speak of."""
    read = decode_cursor(cursor, str, str, scope=walk)
    at, id_ = read.after
    try:
        return (parse_instant(at), str(id_)), read.as_of or asked
    except PydanticCustomError:
        raise invalid("query", "/cursor", "cursor_malformed", "is not a cursor of this list") from None


async def shown(
    tx: AsyncConnection, rows: list[Row], at: datetime, language: Language, sealer: Sealer
) -> list[dict[str, Any]]:
    """These findings as they stood at an instant."""
    ids = [row.id for row in rows]
    followed = {row.follows for row in rows if row.follows is not None}
    stands = await queries.stands_of(tx, ids)
    reviews = await queries.reviews_of(tx, {*ids, *followed}, at)
    names = await office_names(tx)
    items = []
    for row in rows:
        stood = [
            one._replace(to_at=None, cause=None) if one.to_at is not None and one.to_at > at else one
            for one in stands[row.id]
            if one.from_at <= at
        ]
        item = finding_json(row, stood, reviews[row.id], names, language, sealer)
        item["follows_reviewed"] = row.follows is not None and bool(reviews[row.follows])
        items.append(item)
    return items


# The rules


@router.get(RULES, summary="The rules of findings in force", response_model=FindingRulesOut)
@needs(Action.READ_FINDINGS)
async def read_rules(request: Request) -> Response:
    """Which patterns are looked for, from which threshold on, and why."""
    await identify(request)
    refuse_query(request)
    service, language = service_of(request), language_of(request)
    async with service.db.read() as tx:
        rules = await in_force(tx)
    return Response(rules_json(rules, language), headers=headers_of(language), media_type="application/json")


@router.get(
    f"{RULES}/{{version}}",
    summary="One version of the rules of findings",
    response_model=FindingRulesOut,
    openapi_extra=entry(path=FindingRulesPath),
)
@needs(Action.READ_FINDINGS)
async def read_version(request: Request) -> Response:
    """The rules under which a finding was found, as its `rules` names them."""
    await identify(request)
    refuse_query(request)
    version = request.path_params["version"]
    service, language = service_of(request), language_of(request)
    rules = None
    if version.isascii() and version.isdigit() and len(version) < LONGEST_VERSION:
        async with service.db.read() as tx:
            rules = await version_of(tx, int(version))
    if rules is None:
        raise Problem(404, "not_found", "there is no such version")
    return Response(rules_json(rules, language), headers=headers_of(language), media_type="application/json")


@router.post(
    RULES,
    summary="Publish rules of findings",
    response_model=FindingRulesOut,
    responses={201: {"model": FindingRulesOut, "description": "A new version."}},
    openapi_extra=entry(body=FindingRulesIn, idempotent=True),
)
@needs(Action.WRITE_RULES)
async def post_rules(request: Request) -> Response:
    """Make a new version, by which everything is examined anew. Rules equal to the newest make none."""
    actor = await identify(request)
    body = await read_json(request)
    asked = check(FindingRulesIn, body)
    language = language_of(request)

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        rules, is_new = await publish_finding_rules(tx, actor, asked, now=now)
        return Answer(201 if is_new else 200, rules_json(rules, language), tuple(headers_of(language).items()))

    return await once(request, credential=actor.credential, act=act, body=body.raw)


# One finding


@router.get(ONE, summary="A finding", response_model=ReviewedOut, openapi_extra=entry(path=FindingPath))
@needs(Action.READ_FINDINGS)
async def read_finding(request: Request) -> Response:
    """One finding with its reviews, also one that stands no more."""
    actor = await identify(request)
    refuse_query(request)
    service, language = service_of(request), language_of(request)
    async with service.db.snapshot() as tx:
        document = await whole(tx, actor, request.path_params["finding"], service.now.now(), (language, service.sealer))
    return answered(document, headers_of(language))


async def whole(
    tx: AsyncConnection, actor: Actor, id_: str, at: datetime, by: tuple[Language, Sealer]
) -> dict[str, Any]:
    """A finding with all its reviews; 404 where the reader may not see it."""
    row = await queries.one(tx, id_, scope=within(actor, Finding.department))
    if row is None:
        raise not_found()
    [item] = await shown(tx, [row], at, *by)
    reviews = (await queries.reviews_of(tx, [id_], at))[id_]
    return {
        "finding": item,
        "reviews": [review_json(id_, review, *by) for review in reviews],
        "followed_by": await queries.following(tx, id_),
    }


@router.post(
    f"{ONE}/review",
    status_code=201,
    summary="Review a finding",
    response_model=ReviewedOut,
    openapi_extra=entry(path=FindingPath, body=ReviewIn, idempotent=True),
)
@needs(Action.REVIEW_FINDINGS)
async def post_review(request: Request) -> Response:
    """Say what a finding came to. A further review corrects the last one; nothing is changed or taken back."""
    actor = await identify(request)
    body = await read_json(request)
    asked = check(ReviewIn, body)
    id_ = request.path_params["finding"]
    service, language = service_of(request), language_of(request)

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        await review_finding(tx, actor, id_, asked, sealer=service.sealer, now=now)
        document = await whole(tx, actor, id_, now, (language, service.sealer))
        return Answer(201, to_json(document), tuple(headers_of(language).items()))

    return await once(request, credential=actor.credential, act=act, body=body.raw)
