"""Changes of calendars over HTTP: a new edition, and what it would move."""

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import identify
from app.access.policy import needs
from app.access.roles import Action
from app.calendar_changes import queries
from app.calendar_changes.carry import wake
from app.calendar_changes.dry_runs import try_edition
from app.calendar_changes.queries import Run
from app.calendar_changes.schemas import (
    ChangeQuery,
    Counts,
    EditionAdded,
    MoveShown,
    MovesPage,
    MovesQuery,
    RunShown,
    Started,
)
from app.calendars.editions import read_edition
from app.calendars.known import ZONE
from app.calendars.publish import publish_edition
from app.calendars.schemas import EditionIn
from app.kit.db import after_commit
from app.kit.once import Answer, fingerprint_of, idempotency_key, once
from app.kit.openapi import entry
from app.kit.paging import Cursor, decode_cursor, encode_cursor, next_link, scope_of
from app.kit.problems import Problem
from app.kit.reading import read_json, read_query, refuse_query
from app.kit.schemas import Code
from app.kit.service import service_of

router = APIRouter(prefix="/api/v1", tags=["calendars"])

IdPath = Annotated[str, Path(description="The id of a dry run.", max_length=64)]
CodePath = Annotated[Code, Path(description="The code of a calendar: a new one, or one that is known.")]


@router.post(
    "/calendars/{code}/editions",
    summary="Add an edition of a calendar",
    status_code=201,
    response_model=EditionAdded,
    responses={202: {"description": "A dry run has begun; nothing is stored of the edition.", "model": Started}},
    openapi_extra=entry(body=EditionIn, query=ChangeQuery, idempotent=True),
)
@needs(Action.WRITE_CALENDARS)
async def add_edition(request: Request, code: CodePath) -> Response:
    """Add what a notice states, approved by another person than the caller; a new code makes a new calendar.

    Days that it does not name keep what earlier editions say. Refused, and nothing changed: an empty year, a day named
    twice, a notice older than the one it supersedes, a layer over itself, hours that cross, a zone that does not exist.
    With `dry_run=true` no edition is stored: 202, and what would move under `/api/v1/dry-runs/{id}`.
    """
    actor = await identify(request)
    body = await read_json(request, query=ChangeQuery.model_fields)
    dry_run = read_query(request, ChangeQuery).dry_run
    asked = read_edition(body)
    db = service_of(request).db

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        if dry_run:
            id_ = await try_edition(tx, actor, code, asked, now=now)
            after_commit(tx, lambda: wake(db))
            where = f"/api/v1/dry-runs/{id_}"
            return Answer(202, Started(id=id_).model_dump_json().encode(), [("Location", where)])
        published = await publish_edition(tx, actor, code, asked, now=now)
        added = EditionAdded(number=published.number, calendar=published.known.newest(code).name)
        where = f"/api/v1/calendars/{quote(code, safe='')}/editions/{published.number}"
        return Answer(201, added.model_dump_json().encode(), [("Location", where)])

    return await once(
        request,
        credential=actor.credential,
        act=act,
        key=idempotency_key(request),
        fingerprint=fingerprint_of(request, body.raw),
    )


@router.get("/dry-runs/{id}", summary="How far a dry run is")
@needs(Action.WRITE_CALENDARS)
async def show_dry_run(request: Request, id: IdPath) -> RunShown:  # noqa: A002  the name in the path
    """Its state and counts; the clocks that would move are listed under `/moves`."""
    await identify(request)
    refuse_query(request)
    return shown_of(await dry_run_of(request, id))


@router.get(
    "/dry-runs/{id}/moves",
    summary="Which clocks a dry run moves",
    response_model=MovesPage,
    openapi_extra=entry(query=MovesQuery),
)
@needs(Action.WRITE_CALENDARS)
async def list_moves(request: Request, id: IdPath) -> Response:  # noqa: A002  the name in the path
    """Page by page by number of the application; complete when the run is `done`."""
    await identify(request)
    query = read_query(request, MovesQuery)
    run = await dry_run_of(request, id)
    return await moves_answered(request, run, query)


async def dry_run_of(request: Request, id_: str) -> Run:
    """The dry run, or 404: there was none, or its day is over."""
    service = service_of(request)
    async with service.db.read() as tx:
        run = await queries.run_of(tx, id_)
    if run is None or not run.dry or run.created_at < service.now.now() - queries.KEPT:
        raise Problem(404, "dry_run_not_found", "there is no such dry run; its list is kept a day")
    return run


def shown_of(run: Run) -> RunShown:
    """A run as it is shown."""
    state: Literal["waiting", "running", "done", "failed"] = "running" if run.after or run.round > 1 else "waiting"
    if run.finished_at is not None:
        state = "done" if run.failed is None else "failed"
    kind: Literal["edition", "suspension", "item"] = "edition"
    if run.kind != "edition":
        kind = "suspension" if run.kind == "suspension" else "item"
    return RunShown(
        id=run.id,
        kind=kind,
        state=state,
        done=run.done,
        total=max(run.total, run.done),
        counts=Counts(**run.counts),
        created_at=run.created_at,
        finished_at=run.finished_at,
        kept_until=run.created_at + queries.KEPT if run.dry else None,
    )


async def moves_answered(request: Request, run: Run, query: MovesQuery) -> Response:
    """A page of the list of a run."""
    scope = scope_of({"run": run.id})
    after = -1
    if query.cursor is not None:
        place = decode_cursor(query.cursor, int, scope=scope).after[0]
        after = -1 if place is None else int(place)
    async with service_of(request).db.read() as tx:
        rows = await queries.moves_after(tx, run.id, after, query.limit)
    cursor = None
    if len(rows) > query.limit:
        rows = rows[: query.limit]
        cursor = encode_cursor(Cursor((rows[-1].place,)), scope=scope)
    page = MovesPage(items=[move_shown(row) for row in rows], next_cursor=cursor)
    headers = {"Link": next_link(request, cursor)} if cursor is not None else {}
    return Response(page.model_dump_json(by_alias=True), media_type="application/json", headers=headers)


def move_shown(row: Any) -> MoveShown:  # a row of the list
    """One move as it is shown; instants in the zone of the nation."""
    zone = ZONE
    return MoveShown(
        tracking_number=row.tracking_number,
        clock=row.clock,
        stage=row.stage or None,
        round=row.round or None,
        state=row.state,
        from_=row.from_on,
        to=row.to_on,
        from_at=None if row.from_at is None else row.from_at.astimezone(zone),
        to_at=None if row.to_at is None else row.to_at.astimezone(zone),
        overdue=row.overdue,
    )
