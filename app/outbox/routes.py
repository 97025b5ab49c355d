"""Webhooks over HTTP: made and cared for by admins; what became of each message is shown beside them."""

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import identify
from app.access.policy import needs
from app.access.roles import Action
from app.kit.once import Answer, once
from app.kit.openapi import entry
from app.kit.paging import Cursor, PageQuery, decode_cursor, encode_cursor, last_seen, next_link, scope_of
from app.kit.reading import check, read_json, read_query, refuse_query
from app.kit.schemas import Code
from app.kit.service import Service, service_of
from app.kit.texts import Language, label, negotiate
from app.outbox import queries, webhooks
from app.outbox.queries import SubscriberRow
from app.outbox.schemas import (
    DeliveryPage,
    DeliveryQuery,
    DeliveryShown,
    PingOut,
    ReplayIn,
    ReplayOut,
    SecretOut,
    WebhookChange,
    WebhookCreated,
    WebhookIn,
    WebhookPage,
    WebhookShown,
)
from app.outbox.targets import targets_of
from app.outbox.webhooks import Change, Order

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"])

WebhookPath = Annotated[Code, Path(description="The id of a webhook, as the list shows it.")]


@router.post(
    "",
    status_code=201,
    summary="Make a webhook",
    response_model=WebhookCreated,
    openapi_extra=entry(body=WebhookIn, idempotent=True),
)
@needs(Action.MANAGE_WEBHOOKS)
async def make(request: Request) -> Response:
    """Make a webhook. Its secret stands in this answer, in its replay under the same Idempotency-Key, nowhere else."""
    actor = await identify(request)
    service = service_of(request)
    body = await read_json(request)
    asked = check(WebhookIn, body)
    await webhooks.require_allowed(asked.url, targets_of(service.settings))
    order = Order(asked.url, asked.name, None if asked.events is None else sorted(set(asked.events)), asked.department)

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        row, secret = await webhooks.create(tx, order, sealer=service.sealer, by=actor, now=now)
        shown = WebhookCreated(**shown_of(row, service, now).model_dump(), secret=secret)
        return Answer(201, shown.model_dump_json().encode(), [("Location", f"/api/v1/webhooks/{row.id}")])

    return await once(request, credential=actor.credential, act=act, body=body.raw)


@router.get("", summary="The webhooks", response_model=WebhookPage, openapi_extra=entry(query=PageQuery))
@needs(Action.READ_WEBHOOKS)
async def list_webhooks(request: Request) -> Response:
    """All webhooks by id, without their secrets."""
    await identify(request)
    service = service_of(request)
    query = read_query(request, PageQuery)
    after = None if query.cursor is None else str(decode_cursor(query.cursor, str).after[0])
    async with service.db.read() as tx:
        rows = await queries.subscribers_after(tx, "webhook", after, query.limit)
    now = service.now.now()
    shown = [shown_of(row, service, now) for row in rows[: query.limit]]
    cursor = encode_cursor(Cursor((shown[-1].id,))) if len(rows) > query.limit else None
    page = WebhookPage(items=shown, next_cursor=cursor)
    return answered(page, {} if cursor is None else {"Link": next_link(request, cursor)})


@router.get("/{webhook}", summary="One webhook", response_model=WebhookShown)
@needs(Action.READ_WEBHOOKS)
async def show(request: Request, webhook: WebhookPath) -> Response:
    """A webhook as it stands."""
    await identify(request)
    refuse_query(request)
    service = service_of(request)
    async with service.db.read() as tx:
        row = await webhooks.require(tx, webhook)
    return answered(shown_of(row, service, service.now.now()))


@router.patch(
    "/{webhook}", summary="Change a webhook", response_model=WebhookShown, openapi_extra=entry(body=WebhookChange)
)
@needs(Action.MANAGE_WEBHOOKS)
async def change(request: Request, webhook: WebhookPath) -> Response:
    """Change what the body names, and nothing else."""
    actor = await identify(request)
    service = service_of(request)
    body = await read_json(request)
    asked = check(WebhookChange, body)
    named = asked.model_fields_set
    if "url" in named:
        await webhooks.require_allowed(asked.url, targets_of(service.settings))
    values: dict[str, Any] = {name: getattr(asked, name) for name in sorted(named - {"url"})}
    if values.get("events") is not None:
        values["events"] = sorted(set(values["events"]))
    wanted = Change(asked.url if "url" in named else None, values)

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        row = await webhooks.change(tx, webhook, wanted, sealer=service.sealer, by=actor, now=now)
        return Answer(200, shown_of(row, service, now).model_dump_json().encode())

    return await once(request, credential=actor.credential, act=act, body=None)


@router.delete("/{webhook}", status_code=204, summary="End a webhook")
@needs(Action.MANAGE_WEBHOOKS)
async def remove(request: Request, webhook: WebhookPath) -> Response:
    """Nothing more is sent; address and secrets are wiped at once."""
    actor = await identify(request)
    refuse_query(request)

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        await webhooks.remove(tx, webhook, by=actor, now=now)
        return Answer(204, b"")

    return await once(request, credential=actor.credential, act=act, body=None)


@router.post(
    "/{webhook}/secret",
    status_code=201,
    summary="Give a webhook a new secret",
    response_model=SecretOut,
    openapi_extra=entry(idempotent=True),
)
@needs(Action.MANAGE_WEBHOOKS)
async def rotate(request: Request, webhook: WebhookPath) -> Response:
    """A new secret, shown this once. For a day messages carry the signatures of both."""
    actor = await identify(request)
    refuse_query(request)
    service = service_of(request)

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        secret, until = await webhooks.new_secret(tx, webhook, sealer=service.sealer, by=actor, now=now)
        shown = SecretOut(secret=secret, previous_secret_until=until.astimezone(zone_of(service)))
        return Answer(201, shown.model_dump_json().encode())

    return await once(request, credential=actor.credential, act=act, body=b"")


@router.post(
    "/{webhook}/ping",
    status_code=202,
    summary="Send a test message",
    response_model=PingOut,
    openapi_extra=entry(idempotent=True),
)
@needs(Action.MANAGE_WEBHOOKS)
async def ping(request: Request, webhook: WebhookPath) -> Response:
    """Queue a message of type `webhook.test`; the list of deliveries says what became of it."""
    actor = await identify(request)
    refuse_query(request)

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        message = await webhooks.ping(tx, webhook, by=actor, now=now)
        return Answer(202, PingOut(message=message).model_dump_json().encode())

    return await once(request, credential=actor.credential, act=act, body=b"")


@router.post(
    "/{webhook}/replay",
    status_code=202,
    summary="Send messages again",
    response_model=ReplayOut,
    openapi_extra=entry(body=ReplayIn, idempotent=True),
)
@needs(Action.MANAGE_WEBHOOKS)
async def replay(request: Request, webhook: WebhookPath) -> Response:
    """Send what was given up, or what the body names, again: the same bytes under the same identity."""
    actor = await identify(request)
    body = await read_json(request)
    asked = check(ReplayIn, body)

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        again = await webhooks.replay(tx, webhook, since=asked.since, messages=asked.messages or (), by=actor, now=now)
        return Answer(202, ReplayOut(again=again).model_dump_json().encode())

    return await once(request, credential=actor.credential, act=act, body=body.raw)


@router.get(
    "/{webhook}/deliveries",
    summary="What a webhook was told",
    response_model=DeliveryPage,
    openapi_extra=entry(query=DeliveryQuery),
)
@needs(Action.READ_WEBHOOKS)
async def list_deliveries(request: Request, webhook: WebhookPath) -> Response:
    """The messages for a webhook, the newest first: waiting, delivered, or dead, given up after the last try."""
    await identify(request)
    service = service_of(request)
    query = read_query(request, DeliveryQuery)
    scope = scope_of({"webhook": webhook, "state": query.state})
    after = None if query.cursor is None else last_seen(query.cursor, scope=scope)
    async with service.db.read() as tx:
        await webhooks.require(tx, webhook)
        statement = queries.deliveries_after(webhook, {"state": query.state}, after, query.limit)
        rows = (await tx.execute(statement)).all()
    language = negotiate(request.headers.get("accept-language"))
    shown = [delivery_of(row, zone_of(service), language) for row in rows[: query.limit]]
    cursor = None
    if len(rows) > query.limit:
        last = rows[query.limit - 1]
        cursor = encode_cursor(Cursor((last.queued_at.isoformat(), last.message)), scope=scope)
    page = DeliveryPage(items=shown, next_cursor=cursor)
    return answered(page, {} if cursor is None else {"Link": next_link(request, cursor)})


def zone_of(service: Service) -> ZoneInfo:
    """The zone of instants."""
    return ZoneInfo(service.settings.time_zone)


def answered(shown: WebhookPage | WebhookShown | DeliveryPage, headers: dict[str, str] | None = None) -> Response:
    """What is shown, as it is sent."""
    return Response(shown.model_dump_json(), headers=headers, media_type="application/json")


def shown_of(row: SubscriberRow, service: Service, now: datetime) -> WebhookShown:
    """A webhook as it is shown."""
    zone, address = zone_of(service), webhooks.opened(service.sealer, row)
    until = address.previous_until
    return WebhookShown(
        id=row.id,
        url=address.url,
        name=row.name,
        events=row.events,
        department=row.department,
        enabled=row.enabled,
        disabled_reason=row.disabled_reason,
        previous_secret_until=until.astimezone(zone) if until is not None and now < until else None,
        created_at=row.created_at.astimezone(zone),
        created_by=row.created_by,
        changed_at=row.changed_at.astimezone(zone),
    )


def delivery_of(row: Row[Any], zone: ZoneInfo, language: Language) -> DeliveryShown:
    """A delivery as it is shown."""

    def local(instant: datetime | None) -> datetime | None:
        return None if instant is None else instant.astimezone(zone)

    return DeliveryShown(
        message=row.message,
        type=row.type,
        subject=row.subject,
        state=row.state,
        state_label=label("delivery", row.state, language),
        queued_at=row.queued_at.astimezone(zone),
        next_try_at=local(row.next_at) if row.state == "waiting" else None,
        attempts=row.attempts,
        tried_at=local(row.tried_at),
        status=row.status,
        answer=row.answer,
        delivered_at=local(row.delivered_at),
    )
