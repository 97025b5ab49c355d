"""Calendar feeds over HTTP: an officer's due dates under an address of their own, which can be revoked."""

import secrets
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit, scope
from app.access.actor import identify
from app.access.policy import needs, public
from app.access.roles import Action
from app.feeds import queries
from app.feeds.icalendar import calendar_of
from app.feeds.models import Feed
from app.feeds.queries import FeedRow
from app.feeds.schemas import FeedCreated, FeedIn, FeedPage, FeedShown
from app.items.queries import names
from app.kit.answers import language_of
from app.kit.etags import not_modified, opaque_tag, wants
from app.kit.once import Answer, once
from app.kit.openapi import NOT_MODIFIED, entry
from app.kit.paging import Cursor, PageQuery, decode_cursor, encode_cursor, next_link
from app.kit.problems import Problem, invalid
from app.kit.reading import check, read_json, read_query, refuse_query
from app.kit.schemas import Code
from app.kit.service import Service, service_of
from app.kit.throttle import client_address

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["feeds"])

FeedPath = Annotated[Code, Path(description="The id of a feed, as the list shows it.")]
AddressPath = Annotated[Code, Path(description="What the address ends with, `.ics` included.")]
ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
PUBLIC: Final = "/api/v1/public/feeds/"
ICS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The calendar", "content": {"text/calendar": {"schema": {"type": "string"}}}},
    **NOT_MODIFIED,
}


@router.post(
    "/feeds",
    status_code=201,
    summary="Make a calendar feed",
    response_model=FeedCreated,
    openapi_extra=entry(body=FeedIn, idempotent=True),
)
@needs(Action.MANAGE_FEEDS)
async def make(request: Request) -> Response:
    """An address under which a calendar program finds the due dates of one officer. It is shown this once."""
    actor = await identify(request)
    service = service_of(request)
    body = await read_json(request)
    asked = check(FeedIn, body)
    id_ = "fd_" + "".join(secrets.choice(ALPHABET) for _ in range(12))
    secret = secrets.token_urlsafe(24)

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        if not await scope.covers(tx, actor, asked.department) or not await queries.officer_is_known(
            tx, asked.department, asked.officer
        ):
            raise invalid("body", "/officer", "officer_unknown", "There is no such officer in your departments.")
        values = {"id": id_, "secret_hash": sha256(secret.encode()).digest(), **asked.model_dump()}
        await tx.execute(insert(Feed), values | {"created_at": now, "created_by": actor.credential})
        await audit.record(tx, actor, "create_feed", id_, at=now, detail=asked.model_dump())
        row = await require(tx, id_)
        shown = FeedCreated(**shown_of(row, service).model_dump(), path=f"{PUBLIC}{id_}.{secret}.ics")
        return Answer(201, shown.model_dump_json().encode(), [("Location", f"/api/v1/feeds/{id_}")])

    return await once(request, credential=actor.credential, act=act, body=body.raw)


@router.get("/feeds", summary="The calendar feeds", response_model=FeedPage, openapi_extra=entry(query=PageQuery))
@needs(Action.MANAGE_FEEDS)
async def list_feeds(request: Request) -> Response:
    """The feeds of one's own departments by id, the revoked ones included, without their addresses."""
    actor = await identify(request)
    service = service_of(request)
    query = read_query(request, PageQuery)
    after = None if query.cursor is None else str(decode_cursor(query.cursor, str).after[0])
    async with service.db.read() as tx:
        rows = await queries.feeds_after(tx, scope.within(actor, Feed.department), after, query.limit)
    shown = [shown_of(row, service) for row in rows[: query.limit]]
    cursor = encode_cursor(Cursor((shown[-1].id,))) if len(rows) > query.limit else None
    headers = {} if cursor is None else {"Link": next_link(request, cursor)}
    page = FeedPage(items=shown, next_cursor=cursor)
    return Response(page.model_dump_json(), headers=headers, media_type="application/json")


@router.delete("/feeds/{feed}", status_code=204, summary="Revoke a calendar feed")
@needs(Action.MANAGE_FEEDS)
async def revoke(request: Request, feed: FeedPath) -> Response:
    """End an address at once. Again: 204 as well."""
    actor = await identify(request)
    refuse_query(request)

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        row = await require(tx, feed)
        if not await scope.covers(tx, actor, row.department):
            raise unknown()
        if row.revoked_at is None:
            await tx.execute(update(Feed).where(Feed.id == feed).values(revoked_at=now))
            await audit.record(tx, actor, "revoke_feed", feed, at=now)
        return Answer(204, b"")

    return await once(request, credential=actor.credential, act=act, body=None)


@router.get(
    "/public/feeds/{address}",
    response_class=Response,
    responses=ICS,
    summary="An officer's due dates as iCalendar",
)
@public
async def show(request: Request, address: AddressPath) -> Response:
    """The running clocks that an officer holds, each on the day on which it ends; for who knows the address."""
    refuse_query(request)
    service = service_of(request)
    service.throttle.admit(client_address(request))
    id_, _, rest = address.removesuffix(".ics").partition(".")
    digest = sha256(rest.encode("utf-8", "replace")).digest()
    async with service.db.read() as tx:
        row = await queries.feed(tx, id_)
        if row is None or row.revoked_at is not None or not compare_digest(row.secret_hash, digest):
            raise unknown()
        due = await queries.due_dates(tx, row.department, row.officer, service.now.now())
        items = await names(tx)
    body = calendar_of(due, items, language_of(request))
    tag = opaque_tag(body)
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept-Language", "X-Robots-Tag": "noindex, nofollow"}
    if wants(request, tag):
        return not_modified(tag, headers)
    return Response(body, headers={**headers, "ETag": tag}, media_type="text/calendar; charset=utf-8")


def unknown() -> Problem:
    """404 in one wording, whatever was wrong."""
    return Problem(404, "feed_unknown", "There is no such feed.")


async def require(tx: AsyncConnection, id: str) -> FeedRow:  # noqa: A002
    """A feed, or 404."""
    row = await queries.feed(tx, id)
    if row is None:
        raise unknown()
    return row


def shown_of(row: FeedRow, service: Service) -> FeedShown:
    """A feed as it is shown."""
    zone = ZoneInfo(service.settings.time_zone)
    return FeedShown(
        id=row.id,
        department=row.department,
        officer=row.officer,
        created_at=row.created_at.astimezone(zone),
        created_by=row.created_by,
        revoked_at=None if row.revoked_at is None else row.revoked_at.astimezone(zone),
    )
