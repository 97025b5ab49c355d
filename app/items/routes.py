"""Service items over HTTP. They are published in `calendar_changes`, which says what that would be to open clocks."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from app.access.actor import identify
from app.access.policy import needs
from app.access.roles import Action
from app.items import queries
from app.items.schemas import ItemPage, ItemShown
from app.items.shown import shown_of
from app.kit.etags import not_modified, opaque_tag, wants
from app.kit.openapi import NOT_MODIFIED, entry
from app.kit.paging import Cursor, PageQuery, decode_cursor, encode_cursor, next_link, scope_of
from app.kit.problems import Problem
from app.kit.reading import read_query, refuse_query
from app.kit.schemas import Code, Wire
from app.kit.service import service_of
from app.kit.texts import Language, negotiate

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/items", tags=["items"])

CodePath = Annotated[Code, Path(description="The code of an item.")]


@router.get(
    "", summary="The items", response_model=ItemPage, responses=NOT_MODIFIED, openapi_extra=entry(query=PageQuery)
)
@needs(Action.READ_CATALOGUE)
async def list_items(request: Request) -> Response:
    """All items by code, each in its newest version."""
    await identify(request)
    query = read_query(request, PageQuery)
    language = language_of(request)
    after = None if query.cursor is None else str(decode_cursor(query.cursor, str).after[0])
    async with service_of(request).db.snapshot() as tx:
        rows = await queries.items_after(tx, after, query.limit)
        schedules = await queries.schedules(tx, [row.code for row in rows])
    shown = [shown_of(row, schedules[row.code], language) for row in rows[: query.limit]]
    cursor = encode_cursor(Cursor((shown[-1].code,))) if len(rows) > query.limit else None
    return page_answered(request, ItemPage(items=shown, next_cursor=cursor), cursor)


@router.get(
    "/{code}",
    summary="One item in its newest version",
    response_model=ItemShown,
    responses=NOT_MODIFIED,
)
@needs(Action.READ_CATALOGUE)
async def show_item(request: Request, code: CodePath) -> Response:
    """The newest version; which one an application pins, say the `valid_from` and `valid_to` of all versions."""
    await identify(request)
    refuse_query(request)
    async with service_of(request).db.snapshot() as tx:
        row = await queries.newest(tx, code)
        if row is None:
            raise unknown()
        shown = shown_of(row, await queries.schedule(tx, code), language_of(request))
    return answered(request, shown, {})


@router.get(
    "/{code}/versions",
    summary="The versions of an item",
    response_model=ItemPage,
    responses=NOT_MODIFIED,
    openapi_extra=entry(query=PageQuery),
)
@needs(Action.READ_CATALOGUE)
async def list_versions(request: Request, code: CodePath) -> Response:
    """All versions of one item, oldest first."""
    await identify(request)
    query = read_query(request, PageQuery)
    language, scope = language_of(request), scope_of({"item": code})
    after = 0
    if query.cursor is not None:
        after = int(decode_cursor(query.cursor, int, scope=scope).after[0] or 0)
    async with service_of(request).db.snapshot() as tx:
        schedule = await queries.schedule(tx, code)
        if not schedule:
            raise unknown()
        rows = await queries.versions(tx, code, after, query.limit)
    shown = [shown_of(row, schedule, language) for row in rows[: query.limit]]
    cursor = encode_cursor(Cursor((shown[-1].version,)), scope=scope) if len(rows) > query.limit else None
    return page_answered(request, ItemPage(items=shown, next_cursor=cursor), cursor)


def unknown() -> Problem:
    """404: no such item."""
    return Problem(404, "item_not_found", "There is no item with this code.")


def language_of(request: Request) -> Language:
    """The language of the labels."""
    return negotiate(request.headers.get("accept-language"))


def page_answered(request: Request, page: ItemPage, cursor: str | None) -> Response:
    """A page with the link to the next."""
    return answered(request, page, {"Link": next_link(request, cursor)} if cursor is not None else {})


def answered(request: Request, shown: Wire, headers: dict[str, str]) -> Response:
    """The document with its tag, or 304 when the client has it already in this language."""
    content = shown.model_dump_json().encode()
    language = language_of(request)
    tag = opaque_tag(content, language.encode())
    headers |= {"Cache-Control": "private, no-cache", "Content-Language": language, "Vary": "Accept-Language"}
    if wants(request, tag):
        return not_modified(tag, headers)
    return Response(content, headers={"ETag": tag, **headers}, media_type="application/json")
