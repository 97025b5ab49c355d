"""The list of alarms: what was crossed, when, and what was withdrawn since."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from pydantic_core import PydanticCustomError, to_json
from sqlalchemy import ColumnElement, Row

from app.access.actor import identify
from app.access.policy import needs
from app.access.roles import Action
from app.access.scope import within
from app.alarms import queries
from app.alarms.queries import Filters, Place
from app.alarms.schemas import AlarmPage, AlarmQuery
from app.calendars import catalogue
from app.domain.tracking_number import Malformed, parse
from app.kit.etags import not_modified, opaque_tag, wants
from app.kit.lean import LeanRoute, documented
from app.kit.paging import Cursor, decode_cursor, encode_cursor, next_link, scope_of
from app.kit.problems import invalid
from app.kit.reading import read_query
from app.kit.schemas import parse_instant
from app.kit.service import Service
from app.kit.texts import Language, label, negotiate

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["supervision"], route_class=LeanRoute)


@router.get(
    "/alarms",
    response_model=AlarmPage,
    responses={304: {"description": "Nothing changed since the answer of `If-None-Match`."}},
    summary="Crossed deadlines",
    openapi_extra=documented(AlarmQuery, "Accept-Language", "If-None-Match"),
)
@needs(Action.READ_ALARMS)
async def list_alarms(request: Request) -> Response:
    """One row for each rung of each clock that was crossed, the newest crossing first."""
    actor = await identify(request)
    service: Service = request.app.state.service
    query = read_query(request, AlarmQuery)
    language = negotiate(request.headers.get("accept-language"))
    filters = filters_of(query)
    walk = scope_of({"list": "alarms", **filters._asdict()})
    after = None if query.cursor is None else place_of(query.cursor, walk)

    def seen(column: Any) -> ColumnElement[bool]:  # a column of departments, of either table
        return within(actor, column)

    now = service.now.now()
    async with service.db.read() as tx:
        rows = (await tx.execute(queries.select_alarms(filters, after, query.limit + 1, scope=seen))).all()
        swept = await queries.swept_at(tx)
    zone = ZoneInfo(service.settings.time_zone)
    items = to_json([alarm_json(row, language) for row in rows[: query.limit]])
    cursor = encode_cursor(cursor_after(rows[query.limit - 1]), scope=walk) if len(rows) > query.limit else None

    scope = actor.department or "" if actor.is_scoped else "*"
    tag = opaque_tag(
        request.scope["query_string"], language.encode(), scope.encode(), items, b"more" if cursor else b""
    )
    headers = {"X-As-Of": now.astimezone(zone).isoformat(), "Vary": "Accept-Language"}
    if swept is not None:
        headers["X-Swept-At"] = swept.astimezone(zone).isoformat()
    if wants(request, tag):
        return not_modified(f"W/{tag}", headers)
    if cursor is not None:
        headers["Link"] = next_link(request, cursor)
    tail = {"next_cursor": cursor, "as_of": headers["X-As-Of"], "swept_at": headers.get("X-Swept-At")}
    body = b'{"items":' + items + b"," + to_json(tail)[1:]
    return Response(body, headers={**headers, "ETag": f"W/{tag}"}, media_type="application/json")


def filters_of(query: AlarmQuery) -> Filters:
    """The filters, the tracking number in its printed form."""
    number = None
    if query.tracking_number is not None:
        try:
            number = parse(query.tracking_number)
        except Malformed:
            raise invalid(
                "query", "/tracking_number", "tracking_number_malformed", "is no tracking number: its check fails"
            ) from None
    return Filters(number, query.department, query.kind, query.since)


def place_of(cursor: str, walk: str) -> Place:
    """The row after which a page begins."""
    crossed_at, *key = decode_cursor(cursor, str, str, str, str, int, int, scope=walk).after
    number, clock, stage, rung, revision = key
    try:
        return Place(
            parse_instant(crossed_at), str(number), str(clock), str(stage or ""), int(rung or 0), int(revision or 0)
        )
    except PydanticCustomError:
        raise invalid("query", "/cursor", "cursor_malformed", "is not a cursor of this list") from None


def cursor_after(row: Row[Any]) -> Cursor:
    """The cursor that goes on after a row."""
    return Cursor((row.crossed_at.isoformat(), row.number, row.clock, row.stage, row.rung, row.revision))


def alarm_json(row: Row[Any], language: Language) -> dict[str, Any]:
    """An alarm as the interface shows it, its instants in the zone of the application's calendar."""
    zone = catalogue.named(row.calendar).zone

    def local(instant: datetime) -> str:
        return instant.astimezone(zone).isoformat()

    withdrawn = row.withdrawn
    if withdrawn is not None:
        withdrawn = {**withdrawn, "at": local(datetime.fromisoformat(withdrawn["at"]))}
    return {
        "id": row.id,
        "tracking_number": row.number,
        "external_ref": row.external_ref,
        "department": row.department,
        "clock": row.clock,
        "clock_label": label("clock", row.clock, language),
        "stage": row.stage or None,
        "kind": row.kind,
        "kind_label": label("alarm", row.kind, language),
        "rung": row.rung,
        "due_at": local(row.due_at),
        "crossed_at": local(row.crossed_at),
        "detected_at": local(row.detected_at),
        "late": row.late,
        "clock_revision": row.revision,
        "withdrawn": withdrawn,
    }
