"""Inspections over HTTP: recorded, read, added to."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from pydantic_core import PydanticCustomError, to_json
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import identify
from app.access.policy import needs
from app.access.roles import Action
from app.access.scope import within
from app.assessment import inspection_queries as queries
from app.assessment.inspection_queries import Filters
from app.assessment.inspection_schemas import (
    EntryHeaders,
    EntryIn,
    InspectionIn,
    InspectionOut,
    InspectionPage,
    InspectionPath,
    InspectionQuery,
)
from app.assessment.inspections import (
    Entry,
    Inspection,
    add_entry,
    open_inspection,
    parse_id,
    read,
    record_inspection,
)
from app.assessment.models import InspectionEntry
from app.assessment.sheets import Json, local
from app.departments.queries import Names
from app.departments.queries import names as office_names
from app.kit.answers import answered, headers_of, language_of
from app.kit.etags import if_match, version_tag
from app.kit.once import Answer, once
from app.kit.openapi import entry
from app.kit.paging import Cursor, decode_cursor, encode_cursor, next_link, scope_of
from app.kit.problems import invalid
from app.kit.reading import check, read_json, read_query, refuse_query
from app.kit.schemas import parse_instant
from app.kit.service import service_of
from app.kit.texts import Language, label

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/inspections", tags=["assessment"])

ONE = "/{inspection}"


def zone_of(request: Request) -> ZoneInfo:
    """The zone in which days begin and end."""
    return ZoneInfo(service_of(request).settings.time_zone)


@router.post(
    "",
    status_code=201,
    summary="Record an inspection",
    response_model=InspectionOut,
    openapi_extra=entry(body=InspectionIn, idempotent=True),
)
@needs(Action.INSPECT_OFFICES)
async def record(request: Request) -> Response:
    """Record a check of an office, with what was found and what follows (效能督查检查)."""
    actor = await identify(request)
    body = await read_json(request)
    asked = check(InspectionIn, body)
    language, sealer, zone = language_of(request), service_of(request).sealer, zone_of(request)

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        found = await record_inspection(tx, actor, asked, sealer=sealer, zone=zone, now=now)
        headers = headers_of(language, Location=f"/api/v1/inspections/{found.id}", ETag=version_tag(1))
        return Answer(201, to_json(inspection_json(found, await office_names(tx), language)), tuple(headers.items()))

    return await once(request, credential=actor.credential, act=act, body=body.raw)


@router.post(
    f"{ONE}/entries",
    status_code=201,
    summary="Add to an inspection",
    response_model=InspectionOut,
    openapi_extra=entry(path=InspectionPath, body=EntryIn, header=EntryHeaders, idempotent=True),
)
@needs(Action.INSPECT_OFFICES)
async def add(request: Request) -> Response:
    """Add consequences, a correction, or the withdrawal: nothing that was recorded is erased."""
    actor = await identify(request)
    id_ = parse_id(request.path_params["inspection"])
    body = await read_json(request)
    asked, match = check(EntryIn, body), if_match(request)
    language, sealer, zone = language_of(request), service_of(request).sealer, zone_of(request)

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        found = await add_entry(tx, actor, id_, asked, match, sealer=sealer, zone=zone, now=now)
        headers = headers_of(language, ETag=version_tag(len(found.entries)))
        return Answer(201, to_json(inspection_json(found, await office_names(tx), language)), tuple(headers.items()))

    return await once(request, credential=actor.credential, act=act, body=body.raw)


@router.get(ONE, summary="An inspection", response_model=InspectionOut, openapi_extra=entry(path=InspectionPath))
@needs(Action.READ_SHEETS)
async def show(request: Request) -> Response:
    """What it says after all corrections, and each entry as it was recorded. Its `ETag` is its version."""
    actor = await identify(request)
    refuse_query(request)
    id_ = parse_id(request.path_params["inspection"])
    service, language = service_of(request), language_of(request)
    async with service.db.snapshot() as tx:
        found = await open_inspection(tx, actor, id_, sealer=service.sealer)
        document = inspection_json(found, await office_names(tx), language)
    return answered(document, headers_of(language, ETag=version_tag(len(found.entries))))


@router.get(
    "",
    summary="Inspections, the newest first",
    response_model=InspectionPage,
    openapi_extra=entry(query=InspectionQuery),
)
@needs(Action.READ_SHEETS)
async def list_inspections(request: Request) -> Response:
    """Those of the offices that the caller sees, withdrawn ones too."""
    actor = await identify(request)
    query = read_query(request, InspectionQuery)
    service, language = service_of(request), language_of(request)
    filters = Filters(query.department, query.quarter)
    walk = scope_of({"list": "inspections", **filters._asdict()})
    after = None if query.cursor is None else place_of(query.cursor, walk)
    seen = within(actor, InspectionEntry.department)
    async with service.db.snapshot() as tx:
        places = await queries.inspections_page(tx, filters, after, query.limit + 1, seen=seen)
        page = places[: query.limit]
        found = await read(tx, [id_ for _, id_ in page], service.sealer)
        names = await office_names(tx)
    cursor = None
    if len(places) > query.limit:
        at, id_ = page[-1]
        cursor = encode_cursor(Cursor((at.isoformat(), id_)), scope=walk)
    headers = headers_of(language)
    if cursor is not None:
        headers["Link"] = next_link(request, cursor)
    items = [inspection_json(one, names, language) for one in found]
    return answered({"items": items, "next_cursor": cursor}, headers)


def place_of(cursor: str, walk: str) -> tuple[datetime, str]:
    """The inspection after which a page begins."""
    at, id_ = decode_cursor(cursor, str, str, scope=walk).after
    try:
        return parse_instant(at), str(id_)
    except PydanticCustomError:
        raise invalid("query", "/cursor", "cursor_malformed", "is not a cursor of this list") from None


def inspection_json(found: Inspection, names: Names, language: Language) -> Json:
    """An inspection as it holds, and each of its entries."""
    holds = found.holds
    return {
        "id": found.id,
        "version": len(found.entries),
        "is_withdrawn": found.is_withdrawn,
        "quarter": found.quarter,
        "department": found.department,
        "section": found.section,
        "officer": found.officer,
        "name": names.department(found.department),
        **said_json(holds, language),
        "result_label": label("inspection_result", holds["result"], language),
        "entries": [entry_json(one, language) for one in found.entries],
    }


def said_json(said: dict[str, Any], language: Language) -> Json:
    """What is said of an inspection, its consequences with their names."""
    shown = dict(said)
    if "consequences" in said:
        shown["consequences"] = [
            {**one, "kind_label": label("consequence", one["kind"], language)} for one in said["consequences"]
        ]
    return shown


def entry_json(one: Entry, language: Language) -> Json:
    """An entry as it was recorded."""
    by, type_ = one.body["by"], one.body["type"]
    return {
        "seq": one.seq,
        "type": type_,
        "type_label": label("inspection_entry", type_, language),
        "recorded_at": local(datetime.fromisoformat(one.body["recorded_at"])),
        "recorded_by": by["credential"],
        "role": by["role"],
        "actor": one.private.get("actor"),
        "reason": one.private.get("reason"),
        "documents": one.private.get("documents", []),
        "said": said_json(one.said, language),
    }
