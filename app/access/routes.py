"""API keys over HTTP: made, listed, revoked, by the security officer alone."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import identify
from app.access.keys import KeyOrder, NewKey, create_key, revoke_key
from app.access.policy import needs
from app.access.queries import KeyRow, key_by_id, keys_after
from app.access.roles import Action
from app.access.schemas import KeyCreated, KeyIn, KeyPage, KeyShown
from app.kit.once import Answer, once
from app.kit.openapi import entry
from app.kit.paging import Cursor, PageQuery, decode_cursor, encode_cursor, next_link
from app.kit.reading import check, read_json, read_query, refuse_query
from app.kit.schemas import Code
from app.kit.service import service_of
from app.kit.texts import Language, label, negotiate

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/keys", tags=["keys"])

KeyPath = Annotated[Code, Path(description="The id of a key, as the list shows it.")]


@router.post(
    "",
    status_code=201,
    summary="Make a key",
    response_model=KeyCreated,
    openapi_extra=entry(body=KeyIn, idempotent=True),
)
@needs(Action.MANAGE_KEYS)
async def make(request: Request) -> Response:
    """Make a key. Its text stands in this answer, in a replay under the same Idempotency-Key, and nowhere else."""
    actor = await identify(request)
    body = await read_json(request)
    asked = check(KeyIn, body)
    order = KeyOrder(
        role=asked.role,
        name=asked.name,
        department=asked.department,
        steps=None if asked.steps is None else tuple(asked.steps),
        expires_at=asked.expires_at,
    )
    language, zone = words_of(request)

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        new: NewKey = await create_key(tx, order, by=actor, now=now)
        row = await key_by_id(tx, new.id)
        if row is None:
            raise LookupError("a key that was just made is not there")
        shown = KeyCreated(**shown_of(row, language, zone).model_dump(), key=new.text)
        return Answer(201, shown.model_dump_json().encode(), [("Location", f"/api/v1/keys/{new.id}")])

    return await once(request, credential=actor.credential, act=act, body=body.raw)


@router.get("", summary="The keys", response_model=KeyPage, openapi_extra=entry(query=PageQuery))
@needs(Action.READ_KEYS)
async def list_keys(request: Request) -> Response:
    """All keys, the revoked and expired ones included, without their text."""
    await identify(request)
    query = read_query(request, PageQuery)
    after = None if query.cursor is None else str(decode_cursor(query.cursor, str).after[0])
    language, zone = words_of(request)
    async with service_of(request).db.read() as tx:
        rows = await keys_after(tx, after, query.limit)
    shown = [shown_of(row, language, zone) for row in rows[: query.limit]]
    cursor = encode_cursor(Cursor((shown[-1].id,))) if len(rows) > query.limit else None
    headers = {"Link": next_link(request, cursor)} if cursor is not None else {}
    page = KeyPage(items=shown, next_cursor=cursor)
    return Response(page.model_dump_json(), headers=headers, media_type="application/json")


@router.delete("/{key}", status_code=204, summary="Revoke a key")
@needs(Action.MANAGE_KEYS)
async def revoke(request: Request, key: KeyPath) -> Response:
    """End a key at once: this process refuses it from now on, others within 30 seconds. Again: 204 as well."""
    actor = await identify(request)
    refuse_query(request)

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        await revoke_key(tx, key, by=actor, now=now)
        return Answer(204, b"")

    return await once(request, credential=actor.credential, act=act, body=None)


def words_of(request: Request) -> tuple[Language, ZoneInfo]:
    """The language of labels and the zone of instants."""
    language = negotiate(request.headers.get("accept-language"))
    return language, ZoneInfo(service_of(request).settings.time_zone)


def shown_of(row: KeyRow, language: Language, zone: ZoneInfo) -> KeyShown:
    """A stored key as it is shown."""
    return KeyShown(
        id=row.id,
        role=row.role,
        role_label=label("role", row.role, language),
        name=row.name,
        department=row.department,
        steps=row.steps,
        created_at=row.created_at.astimezone(zone),
        created_by=row.created_by,
        expires_at=None if row.expires_at is None else row.expires_at.astimezone(zone),
        revoked_at=None if row.revoked_at is None else row.revoked_at.astimezone(zone),
    )
