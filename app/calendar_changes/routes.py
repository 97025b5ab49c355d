"""Changes of calendars over HTTP: new editions, suspensions, what they move, and what they would move."""

from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import identify
from app.access.policy import needs
from app.access.roles import Action
from app.calendar_changes import queries
from app.calendar_changes.carry import wake
from app.calendar_changes.change import (
    add_edition,
    edition_run,
    suspend,
    suspension_run,
    try_edition,
    try_suspension,
)
from app.calendar_changes.queries import Run
from app.calendar_changes.schemas import (
    ChangeQuery,
    EditionAdded,
    EditionState,
    MovesPage,
    MovesQuery,
    RunShown,
    Started,
    SuspensionAdded,
    SuspensionPage,
    SuspensionState,
)
from app.calendar_changes.shown import move_shown, progress_of, run_shown, stopped_shown
from app.calendars import catalogue
from app.calendars.editions import read_edition
from app.calendars.known import CalendarNotFound, Stopped
from app.calendars.queries import edition_shown
from app.calendars.schemas import EditionIn, EditionWhole, SuspensionIn
from app.kit.db import after_commit
from app.kit.once import Answer, once
from app.kit.openapi import entry
from app.kit.paging import Cursor, decode_cursor, encode_cursor, next_link, scope_of
from app.kit.problems import Problem
from app.kit.reading import check, read_json, read_query, refuse_query
from app.kit.schemas import Code
from app.kit.service import service_of

router = APIRouter(prefix="/api/v1", tags=["calendars"])

NumberPath = Annotated[str, Path(description="A number, from 1.", max_length=20)]
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
async def post_edition(request: Request, code: CodePath) -> Response:
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
        published = await add_edition(tx, actor, code, asked, now=now)
        after_commit(tx, lambda: wake(db))
        added = EditionAdded(number=published.number, calendar=published.known.newest(code).name)
        where = f"/api/v1/calendars/{quote(code, safe='')}/editions/{published.number}"
        return Answer(201, added.model_dump_json().encode(), [("Location", where)])

    return await once(request, credential=actor.credential, act=act, body=body.raw)


@router.get("/calendars/{code}/editions/{number}", summary="One edition, and how far it has been applied")
@needs(Action.READ_CATALOGUE)
async def show_edition(request: Request, code: CodePath, number: NumberPath) -> EditionState:
    """What one notice states, who approved it, and how far it has been applied to the applications under way."""
    await identify(request)
    refuse_query(request)
    shown, run = await edition_and_run(request, code, number)
    if run is None:
        return EditionState(**shown.model_dump(), state="done", done=0, total=0, counts=None)
    return EditionState(**shown.model_dump(), **dict(progress_of(run)))


@router.get(
    "/calendars/{code}/editions/{number}/moves",
    summary="Which clocks an edition has moved",
    response_model=MovesPage,
    openapi_extra=entry(query=MovesQuery),
)
@needs(Action.WRITE_CALENDARS)
async def list_edition_moves(request: Request, code: CodePath, number: NumberPath) -> Response:
    """Page by page in the order in which they were moved; an edition that came with the program has moved none."""
    await identify(request)
    query = read_query(request, MovesQuery)
    _, run = await edition_and_run(request, code, number)
    return await moves_answered(request, edition_run(code, 0) if run is None else run.id, query)


async def edition_and_run(request: Request, code: str, number: str) -> tuple[EditionWhole, Run | None]:
    """An edition with the run that applies it, or 404."""
    wanted = int(number) if number.isascii() and number.isdigit() and len(number) <= 6 else 0
    try:
        shown = edition_shown(code, wanted)
    except CalendarNotFound as missing:
        raise Problem(404, missing.code, "there is no such calendar or edition") from None
    async with service_of(request).db.read() as tx:
        return shown, await queries.run_of(tx, edition_run(code, wanted))


@router.post(
    "/suspensions",
    summary="Stop clocks of a whole place",
    status_code=201,
    response_model=SuspensionAdded,
    responses={202: {"description": "A dry run has begun; nothing is stored of the suspension.", "model": Started}},
    openapi_extra=entry(body=SuspensionIn, query=ChangeQuery, idempotent=True),
)
@needs(Action.WRITE_CALENDARS)
async def post_suspension(request: Request) -> Response:
    """Take days out of the named clocks of a place by a published document (disaster, epidemic), both ends included.

    Merged with pauses, whatever `pauses_for` says. `to: null` is an open pause, until a later document with `ends`
    names its last day. With `dry_run=true`: 202, and what would move under `/api/v1/dry-runs/{id}`.
    """
    actor = await identify(request)
    body = await read_json(request, query=ChangeQuery.model_fields)
    dry_run = read_query(request, ChangeQuery).dry_run
    asked = check(SuspensionIn, body)
    db = service_of(request).db

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        after_commit(tx, lambda: wake(db))
        if dry_run:
            id_ = await try_suspension(tx, actor, asked, now=now)
            return Answer(202, Started(id=id_).model_dump_json().encode(), [("Location", f"/api/v1/dry-runs/{id_}")])
        stopped = (await suspend(tx, actor, asked, now=now)).stopped
        added = SuspensionAdded(id=stopped.suspension.id, number=stopped.serial)
        where = f"/api/v1/suspensions/{stopped.serial}"
        return Answer(201, added.model_dump_json().encode(), [("Location", where)])

    return await once(request, credential=actor.credential, act=act, body=body.raw)


@router.get(
    "/suspensions",
    summary="The documents on suspensions",
    response_model=SuspensionPage,
    openapi_extra=entry(query=MovesQuery),
)
@needs(Action.READ_CATALOGUE)
async def list_suspensions(request: Request) -> Response:
    """Every document on a suspension, by number."""
    await identify(request)
    query = read_query(request, MovesQuery)
    after = place_after(query, 0)
    found = [one for one in catalogue.known().stopped if one.serial > after]
    shown = [stopped_shown(one) for one in found[: query.limit]]
    cursor = encode_cursor(Cursor((shown[-1].number,))) if len(found) > query.limit else None
    return page_answered(request, SuspensionPage(items=shown, next_cursor=cursor))


@router.get("/suspensions/{number}", summary="One document on a suspension, and how far it has been applied")
@needs(Action.READ_CATALOGUE)
async def show_suspension(request: Request, number: NumberPath) -> SuspensionState:
    """What it stops, and how far it has been applied to the applications under way."""
    await identify(request)
    refuse_query(request)
    stopped, run = await suspension_and_run(request, number)
    return SuspensionState(**dict(stopped_shown(stopped)), **dict(progress_of(run)))


@router.get(
    "/suspensions/{number}/moves",
    summary="Which clocks a suspension has moved",
    response_model=MovesPage,
    openapi_extra=entry(query=MovesQuery),
)
@needs(Action.WRITE_CALENDARS)
async def list_suspension_moves(request: Request, number: NumberPath) -> Response:
    """Page by page in the order in which they were moved."""
    await identify(request)
    query = read_query(request, MovesQuery)
    _, run = await suspension_and_run(request, number)
    return await moves_answered(request, run.id, query)


async def suspension_and_run(request: Request, number: str) -> tuple[Stopped, Run]:
    """A document on a suspension with the run that applies it, or 404."""
    found = next((one for one in catalogue.known().stopped if str(one.serial) == number), None)
    run = None
    if found is not None:
        async with service_of(request).db.read() as tx:
            run = await queries.run_of(tx, suspension_run(found.serial))
    if found is None or run is None:
        raise Problem(404, "suspension_not_found", "there is no such suspension")
    return found, run


@router.get("/dry-runs/{id}", summary="How far a dry run is")
@needs(Action.WRITE_CALENDARS)
async def show_dry_run(request: Request, id: IdPath) -> RunShown:  # noqa: A002  the name in the path
    """Its state and counts; the clocks that would move are listed under `/moves`.

    Of a version of an item the list says what would be: `moves_in_truth` is false.
    """
    await identify(request)
    refuse_query(request)
    return run_shown(await dry_run_of(request, id))


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
    return await moves_answered(request, run.id, query)


async def dry_run_of(request: Request, id_: str) -> Run:
    """The dry run, or 404: there was none, or its day is over."""
    service = service_of(request)
    async with service.db.read() as tx:
        run = await queries.run_of(tx, id_)
    if run is None or not run.dry or run.created_at < service.now.now() - queries.KEPT:
        raise Problem(404, "dry_run_not_found", "there is no such dry run; its list is kept a day")
    return run


async def moves_answered(request: Request, run: str, query: MovesQuery) -> Response:
    """A page of the list of a run."""
    scope = scope_of({"run": run})
    async with service_of(request).db.read() as tx:
        rows = await queries.moves_after(tx, run, place_after(query, -1, scope), query.limit)
    shown = rows[: query.limit]
    cursor = encode_cursor(Cursor((shown[-1].place,)), scope=scope) if len(rows) > query.limit else None
    return page_answered(request, MovesPage(items=[move_shown(row) for row in shown], next_cursor=cursor))


def place_after(query: MovesQuery, first: int, scope: str = "") -> int:
    """The place in a list behind which a page begins; `first` without a cursor."""
    place = None if query.cursor is None else decode_cursor(query.cursor, int, scope=scope).after[0]
    return first if place is None else int(place)


def page_answered(request: Request, page: MovesPage | SuspensionPage) -> Response:
    """A page with the link to the next."""
    headers = {} if page.next_cursor is None else {"Link": next_link(request, page.next_cursor)}
    return Response(page.model_dump_json(by_alias=True), media_type="application/json", headers=headers)
