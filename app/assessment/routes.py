"""Scoring over HTTP: rules in versions, the sheets of a month, means."""

from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import Actor, identify, require
from app.access.policy import needs
from app.access.roles import Action
from app.assessment import queries
from app.assessment.means import means_json, months_of
from app.assessment.rule_schemas import ScoringIn, ScoringOut, ScoringPath, ScoringVersions
from app.assessment.rules import Scoring, publish_scoring, scoring_for, version_of
from app.assessment.schemas import MeansOut, MeansQuery, SheetsOut, SheetsQuery
from app.assessment.sheets import Level, Narrow, sheets_json, sheets_of
from app.assessment.tables import tables_of, title_of
from app.calendars import catalogue
from app.kit.answers import answered, headers_of, language_of
from app.kit.once import Answer, once
from app.kit.openapi import entry
from app.kit.problems import Problem
from app.kit.reading import check, read_json, read_query, refuse_query
from app.kit.service import service_of
from app.statistics.monthly import month_of
from app.statistics.printed import POLICY, paged
from app.statistics.routes import FORMS
from app.statistics.workbook import MEDIA_TYPE, workbook

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/scoring", tags=["assessment"])

VERSION = "/versions/{version}"
LONGEST_VERSION = 10


def zone_of(request: Request) -> ZoneInfo:
    """The zone in which months begin and end."""
    return ZoneInfo(service_of(request).settings.time_zone)


def may_ask_for(actor: Actor, level: Level) -> None:
    """403 where the sheets of people are not for the caller's role."""
    if level is Level.OFFICER:
        require(actor, Action.READ_OFFICER_SHEETS)


@router.get(
    "/sheets",
    summary="The sheets of a month",
    response_model=SheetsOut,
    responses=FORMS,
    openapi_extra=entry(query=SheetsQuery),
)
@needs(Action.READ_SHEETS)
async def read_sheets(request: Request) -> Response:
    """The score of each department, section or officer that had something to do: every point with its cause.

    As of the last instant of the month; what fell since counts no more and says why, by what was known at `known_at`.
    """
    actor = await identify(request)
    query = read_query(request, SheetsQuery)
    level = Level(query.by)
    may_ask_for(actor, level)
    service, language = service_of(request), language_of(request)
    period = month_of(service, query.month, query.known_at)
    narrow = Narrow(query.department, query.section, query.officer)
    async with service.db.snapshot() as tx:
        found = await sheets_of(tx, actor, period, level, narrow)
        document = await sheets_json(tx, found, level, language)
    if query.format == "json":
        return answered(document, headers_of(language))
    tables = tables_of(document, language)
    if query.format == "html":
        headers = headers_of(language, **{"Content-Security-Policy": POLICY})
        page = paged(title_of(document), document, tables, language)
        return Response(page, headers=headers, media_type="text/html; charset=utf-8")
    name = f'attachment; filename="shixian-scores-{query.month}.xlsx"'
    headers = headers_of(language, **{"Content-Disposition": name})
    return Response(workbook(tables), headers=headers, media_type=MEDIA_TYPE)


@router.get(
    "/means",
    summary="The means of a half, quarter or year",
    response_model=MeansOut,
    openapi_extra=entry(query=MeansQuery),
)
@needs(Action.READ_SHEETS)
async def read_means(request: Request) -> Response:
    """The mean of the months that are over, for each that had a sheet in any of them, with its grade."""
    actor = await identify(request)
    query = read_query(request, MeansQuery)
    level = Level(query.by)
    may_ask_for(actor, level)
    service, language = service_of(request), language_of(request)
    months = months_of(service, query.period, query.known_at)
    narrow = Narrow(query.department, query.section, query.officer)
    async with service.db.snapshot() as tx:
        document = await means_json(tx, service, actor, months, level, narrow, language)
    return answered(document, headers_of(language))


@router.get("", summary="The rules of scoring in force", response_model=ScoringOut)
@needs(Action.READ_SHEETS)
async def read_scoring(request: Request) -> Response:
    """The rules that score the month that goes on."""
    await identify(request)
    refuse_query(request)
    service = service_of(request)
    now = service.now.now()
    period = month_of(service, f"{now.astimezone(zone_of(request)):%Y-%m}", None)
    async with service.db.read() as tx:
        scoring = await scoring_for(tx, period.first, now)
    return Response(shown_scoring(scoring), media_type="application/json")


@router.get("/versions", summary="All versions of the rules of scoring", response_model=ScoringVersions)
@needs(Action.READ_SHEETS)
async def list_versions(request: Request) -> Response:
    """The newest first; the sample that comes with the service is not among them."""
    await identify(request)
    refuse_query(request)
    async with service_of(request).db.read() as tx:
        rows = await queries.scoring_versions(tx)
    shown = ScoringVersions(items=[scoring_out(Scoring(*row)) for row in rows])
    return Response(shown.model_dump_json(by_alias=True), media_type="application/json")


@router.get(
    VERSION,
    summary="One version of the rules of scoring",
    response_model=ScoringOut,
    openapi_extra=entry(path=ScoringPath),
)
@needs(Action.READ_SHEETS)
async def read_version(request: Request) -> Response:
    """The rules by which a sheet was scored, as its `rules` names them."""
    await identify(request)
    refuse_query(request)
    version = request.path_params["version"]
    scoring = None
    if version.isascii() and version.isdigit() and len(version) < LONGEST_VERSION:
        async with service_of(request).db.read() as tx:
            scoring = await version_of(tx, int(version))
    if scoring is None:
        raise Problem(404, "not_found", "there is no such version")
    return Response(shown_scoring(scoring), media_type="application/json")


@router.put(
    "",
    summary="Publish rules of scoring",
    response_model=ScoringOut,
    responses={201: {"model": ScoringOut, "description": "A new version."}},
    openapi_extra=entry(body=ScoringIn),
)
@needs(Action.WRITE_RULES)
async def put_scoring(request: Request) -> Response:
    """Make a new version: it scores from a month on that is not over. Rules equal to the newest make none."""
    actor = await identify(request)
    body = await read_json(request)
    asked = check(ScoringIn, body)
    zone = zone_of(request)

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        scoring, is_new = await publish_scoring(tx, actor, asked, zone=zone, now=now)
        return Answer(201 if is_new else 200, shown_scoring(scoring))

    return await once(request, credential=actor.credential, act=act, body=None)


def scoring_out(scoring: Scoring) -> ScoringOut:
    """One version as it travels."""
    body, at = scoring.body, scoring.published_at
    return ScoringOut.model_validate_json(
        to_json(
            {
                "version": scoring.version,
                "valid_from": scoring.valid_from,
                "parts": body["parts"],
                "rules": body["rules"],
                "grades": body["grades"],
                "most": body.get("most"),
                "labels": body["labels"],
                "source": body.get("source"),
                "approver": scoring.approver,
                "published_at": None if at is None else catalogue.for_item(None, None).local(at),
                "published_by": scoring.published_by,
            }
        )
    )


def shown_scoring(scoring: Scoring) -> bytes:
    """One version as it is sent."""
    return scoring_out(scoring).model_dump_json(by_alias=True).encode()
