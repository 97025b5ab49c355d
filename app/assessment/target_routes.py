"""Yearly targets over HTTP: set, read, and the gaps to them at each month's end."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Request, Response
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import identify
from app.access.policy import needs
from app.access.roles import Action
from app.access.scope import covers
from app.applications import travel
from app.assessment import queries
from app.assessment.target_schemas import (
    GapsOut,
    GapsQuery,
    TargetOut,
    TargetsIn,
    TargetsOut,
    TargetVersions,
)
from app.assessment.targets import gaps_at, gaps_json, months_begun, set_targets, target_json
from app.departments.queries import names as office_names
from app.kit.answers import answered, headers_of, language_of
from app.kit.once import Answer, once
from app.kit.openapi import entry
from app.kit.problems import Problem
from app.kit.reading import check, read_json, read_query, refuse_query
from app.kit.schemas import Code
from app.kit.service import service_of
from app.statistics.answers import known_from
from app.statistics.queries import seen_from

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["assessment"])

YEAR = "/targets/{year}"
ONE = f"{YEAR}/{{department}}"
YearPath = Annotated[str, Path(pattern="^(19(49|[5-9][0-9])|2[01][0-9]{2})$", description="`YYYY`")]
DepartmentPath = Annotated[Code, Path(description="The code of a department.")]


@router.get(
    YEAR,
    summary="What each department is to reach in a year",
    response_model=TargetsOut,
)
@needs(Action.READ_SHEETS)
async def read_targets(request: Request, year: YearPath) -> Response:
    """The newest version of each department that the caller sees."""
    actor = await identify(request)
    refuse_query(request)
    language = language_of(request)
    async with service_of(request).db.snapshot() as tx:
        seen = await seen_from(tx, actor.department, scoped=actor.is_scoped)
        rows = await queries.newest_targets(tx, int(year))
        names = await office_names(tx)
    items = [target_json(row, names) for row in rows if seen is None or row.department in seen]
    return answered({"year": int(year), "items": items, "next_cursor": None}, headers_of(language))


@router.get(
    ONE,
    summary="What one department is to reach in a year, in all versions",
    response_model=TargetVersions,
)
@needs(Action.READ_SHEETS)
async def read_versions(request: Request, year: YearPath, department: DepartmentPath) -> Response:
    """The newest first; 404 where there is none, or none that the caller may see."""
    actor = await identify(request)
    refuse_query(request)
    async with service_of(request).db.snapshot() as tx:
        rows = await queries.targets_of(tx, int(year), department) if await covers(tx, actor, department) else []
        names = await office_names(tx)
    if not rows:
        raise Problem(404, "not_found", "there are no such targets")
    items = [target_json(row, names) for row in rows]
    return answered({"items": items, "next_cursor": None}, headers_of(language_of(request)))


@router.put(
    ONE,
    summary="Set what a department is to reach in a year",
    response_model=TargetOut,
    responses={201: {"model": TargetOut, "description": "A new version."}},
    openapi_extra=entry(body=TargetsIn),
)
@needs(Action.WRITE_RULES)
async def put_targets(request: Request, year: YearPath, department: DepartmentPath) -> Response:
    """Make a new version (目标管理责任书). One equal to the newest makes none."""
    actor = await identify(request)
    body = await read_json(request)
    asked = check(TargetsIn, body)
    zone = ZoneInfo(service_of(request).settings.time_zone)

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        row, is_new = await set_targets(tx, actor, int(year), department, asked, zone=zone, now=now)
        return Answer(201 if is_new else 200, to_json(target_json(row, await office_names(tx))))

    return await once(request, credential=actor.credential, act=act, body=None)


@router.get(
    "/target-gaps",
    summary="The gaps to the targets of a year at each month's end",
    response_model=GapsOut,
    openapi_extra=entry(query=GapsQuery),
)
@needs(Action.READ_SHEETS)
async def read_gaps(request: Request) -> Response:
    """What was measured from the year's first day to the end of each month: the figures of `/statistics`."""
    actor = await identify(request)
    query = read_query(request, GapsQuery)
    service, language = service_of(request), language_of(request)
    year = int(query.year)
    periods = months_begun(service, year, query.month, query.known_at)
    async with service.db.snapshot() as tx:
        seen = await seen_from(tx, actor.department, scoped=actor.is_scoped)
        offices = None if query.department is None else await travel.below(tx, query.department)
        found = [await gaps_at(tx, actor, period, seen, offices) for period in periods]
        names = await office_names(tx)
    known_at = known_from(query.known_at, service.now.now())
    document = gaps_json(found, year, known_at, names, language)
    return answered(document, headers_of(language))
