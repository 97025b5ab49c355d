"""Items are published over HTTP, or tried: what the clocks of open applications would be under the version."""

from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import identify
from app.access.policy import needs
from app.access.roles import Action
from app.calendar_changes.carry import wake
from app.calendar_changes.change import try_item
from app.calendar_changes.schemas import ItemTried
from app.items import queries as items
from app.items.publish import publish
from app.items.schemas import ItemIn, ItemPut, ItemShown
from app.items.shown import shown_of
from app.kit.answers import language_of
from app.kit.db import after_commit
from app.kit.etags import opaque_tag
from app.kit.once import Answer, once
from app.kit.openapi import entry
from app.kit.reading import check, read_json, read_query
from app.kit.schemas import Code
from app.kit.service import service_of

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/items", tags=["items"])


@router.put(
    "/{code}",
    summary="Publish a version of an item",
    response_model=ItemShown | ItemTried,
    responses={201: {"description": "A new version.", "model": ItemShown}},
    openapi_extra=entry(body=ItemIn, query=ItemPut, idempotent=True),
)
@needs(Action.WRITE_ITEMS)
async def put_item(request: Request, code: Annotated[Code, Path(description="The code of an item.")]) -> Response:
    """Publish a new version: 201. A document equal to the newest version makes none: 200, and that version.

    With `dry_run=true` no version is stored: 200 and what would differ, or the same 422 as without it; and under
    `/api/v1/dry-runs/{dry_run}` and `/moves`, for a day, what the clocks of each open application would be under the
    whole version by the steps on its record. None of them moves, then or when it is published: an application keeps the
    version that it pinned.
    """
    actor = await identify(request)
    body = await read_json(request, query=ItemPut.model_fields)
    query = read_query(request, ItemPut)
    asked = check(ItemIn, body)
    language, db = language_of(request), service_of(request).db

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        if query.dry_run:
            plan, id_ = await try_item(tx, actor, code, asked, now=now)
            after_commit(tx, lambda: wake(db))
            return Answer(200, ItemTried(**dict(plan), dry_run=id_).model_dump_json().encode())
        published = await publish(tx, actor, code, asked, now)
        shown = shown_of(published.version, await items.schedule(tx, code), language)
        content = shown.model_dump_json().encode()
        headers = [("ETag", opaque_tag(content)), ("Content-Language", language), ("Vary", "Accept-Language")]
        if published.created:
            headers.append(("Location", f"/api/v1/items/{quote(code, safe='')}"))
        return Answer(201 if published.created else 200, content, headers)

    return await once(request, credential=actor.credential, act=act, body=body.raw)
