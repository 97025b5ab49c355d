"""The overdue and due-soon lists, the summary and the stream: polled all day by every dashboard, so kept lean.

These routes take the request and nothing else: what FastAPI would do for parameters and dependencies is done by hand,
and the OpenAPI document is told from the same models.
"""

import time
from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic_core import PydanticCustomError

from app.access.actor import Actor, identify
from app.access.policy import needs
from app.access.roles import Action
from app.domain.items import Party
from app.kit.etags import wants
from app.kit.lean import LeanRoute, Ready, documented
from app.kit.paging import decode_cursor, next_link, scope_of
from app.kit.problems import Problem, invalid
from app.kit.reading import header, query_values, read_query
from app.kit.schemas import parse_instant
from app.kit.service import Service
from app.kit.texts import Language, negotiate
from app.overdue import stream as events
from app.overdue.answers import Answer, Asked, list_answer, summary_answer
from app.overdue.polls import Asker, Poll, polls_of
from app.overdue.schemas import (
    DueSoonPage,
    DueSoonQuery,
    OverduePage,
    OverdueQuery,
    StreamQuery,
    SummaryOut,
    SummaryQuery,
)
from app.overdue.selection import By, ListKind, Place, Selection

__all__ = ["router"]

CHECK_AGAIN: Final = 30.0
"""Seconds after which a listener's key is looked at again."""


router = APIRouter(prefix="/api/v1", tags=["overdue"], route_class=LeanRoute)


POLL_HEADERS = ("Accept-Language", "If-None-Match", "Cache-Control")
POLLED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "headers": {
            "ETag": {
                "description": "Of query, language, scope and every value of every row.",
                "schema": {"type": "string"},
            },
            "Link": {"description": 'The next page, `rel="next"`.', "schema": {"type": "string"}},
            "X-As-Of": {"description": "The instant that the answer speaks of.", "schema": {"type": "string"}},
            "X-Swept-At": {"description": "When the last sweep ended.", "schema": {"type": "string"}},
        }
    },
    304: {"description": "Nothing changed since the answer of `If-None-Match`."},
}


@router.get(
    "/overdue",
    response_model=OverduePage,
    responses=POLLED,
    summary="Overdue clocks",
    openapi_extra=documented(OverdueQuery, *POLL_HEADERS),
)
@needs(Action.READ_APPLICATIONS)
async def list_overdue(request: Request) -> Response:
    """One row for each overdue clock of the agency's, the longest overdue first; right at the instant asked."""
    return await polled(request, ListKind.OVERDUE, OverdueQuery)


@router.get(
    "/due-soon",
    response_model=DueSoonPage,
    responses=POLLED,
    summary="Clocks that are due soon",
    openapi_extra=documented(DueSoonQuery, *POLL_HEADERS),
)
@needs(Action.READ_APPLICATIONS)
async def list_due_soon(request: Request) -> Response:
    """One row for each clock of the agency's with a yellow light, what ends first before the others."""
    return await polled(request, ListKind.DUE_SOON, DueSoonQuery)


@router.get(
    "/overdue/summary",
    response_model=SummaryOut,
    responses=POLLED,
    summary="Running clocks by light",
    openapi_extra=documented(SummaryQuery, *POLL_HEADERS),
)
@needs(Action.READ_APPLICATIONS)
async def summarise(request: Request) -> Response:
    """How many running clocks are red, yellow and green, by department, item, section, officer or kind of clock."""
    actor = await identify(request)
    service: Service = request.app.state.service
    query = read_query(request, SummaryQuery)
    language = language_of(request)

    async def read() -> Answer:
        return await summary_answer(
            service,
            selection_of(query, actor, ListKind.OVERDUE),
            By(query.by),
            language,
            as_of=query.as_of,
            min_overdue=query.min_overdue,
            known_at=query.known_at,
        )

    asker = Asker("summary", request.scope["query_string"], language, seen_by(actor))
    polls = polls_of(service.db, service.now)
    poll = (None if wants_fresh(request) else polls.kept(asker)) or await polls.answer(asker, read)
    return answered(request, poll)


@router.get(
    "/overdue/stream",
    response_class=StreamingResponse,
    responses={200: {"description": "Events", "content": {"text/event-stream": {"schema": {"type": "string"}}}}},
    summary="Overdue clocks as server-sent events",
    openapi_extra=documented(StreamQuery),
)
@needs(Action.READ_APPLICATIONS)
async def stream(request: Request) -> Response:
    """The first page of the overdue list, sent again whenever a value of it changes; `id` is its tag."""
    actor = await identify(request)
    service: Service = request.app.state.service
    query = read_query(request, StreamQuery)
    language = language_of(request)
    polls = polls_of(service.db, service.now)
    if polls.listeners >= events.MOST_STREAMS:
        raise Problem(503, "too_many_streams", "all places for listeners are taken", headers={"Retry-After": "30"})
    asked = asked_of(query, actor, ListKind.OVERDUE, request)
    asker = Asker("stream", request.scope["query_string"], language, seen_by(actor))
    checked = time.monotonic()

    async def look() -> Poll:
        nonlocal checked
        if time.monotonic() - checked > CHECK_AGAIN:
            await identify(request)
            checked = time.monotonic()
        return polls.kept(asker) or await polls.answer(asker, lambda: list_answer(service, asked, language, scope=""))

    async def listened() -> AsyncIterator[bytes]:
        polls.listeners += 1
        try:
            async for event in events.listen(look, known=header(request, "Last-Event-ID")):
                yield event
        except Problem:
            return  # the key was revoked or has expired meanwhile
        finally:
            polls.listeners -= 1

    return StreamingResponse(
        listened(), media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


async def polled(request: Request, kind: ListKind, model: type[OverdueQuery] | type[DueSoonQuery]) -> Response:
    """A page of a list: the kept one where it is still good, 304 where the client has it."""
    actor = await identify(request)
    service: Service = request.app.state.service
    language = language_of(request)
    asker = Asker(kind, request.scope["query_string"], language, seen_by(actor))
    polls = polls_of(service.db, service.now)
    poll = None if wants_fresh(request) else polls.kept(asker)
    if poll is None:
        asked = asked_of(read_query(request, model), actor, kind, request)
        scope = walk_of(request, kind)
        poll = await polls.answer(asker, lambda: list_answer(service, asked, language, scope=scope))
    return answered(request, poll)


def language_of(request: Request) -> Language:
    """The language of the answer."""
    for name, value in request.scope["headers"]:
        if name == b"accept-language":
            return negotiate(value.decode("latin-1"))
    return negotiate(None)


def wants_fresh(request: Request) -> bool:
    """Whether the client passes by what is kept: `Cache-Control: no-cache`."""
    return any(name == b"cache-control" and b"no-cache" in value.lower() for name, value in request.scope["headers"])


def seen_by(actor: Actor) -> str:
    """Whose cases a reader sees, as a part of the tag: all, or those of a department."""
    return f"in {actor.department}" if actor.is_scoped else "all"


def answered(request: Request, poll: Poll) -> Response:
    """304 where the client holds the answer, else the answer; both say of when they are."""
    if wants(request, poll.tag):
        return Ready(304, poll.headers, b"")
    headers = [
        *poll.headers,
        (b"content-type", b"application/json"),
        (b"content-length", str(len(poll.answer.body)).encode()),
    ]
    if poll.answer.next_cursor is not None:
        headers.append((b"link", next_link(request, poll.answer.next_cursor).encode("latin-1")))
    return Ready(200, headers, poll.answer.body)


Query = OverdueQuery | DueSoonQuery | StreamQuery


def selection_of(query: Query | SummaryQuery, actor: Actor, kind: ListKind) -> Selection:
    """The clocks that a query and its reader's scope choose."""
    return Selection(
        reader=actor,
        kind=kind,
        clock=query.clock,
        stage=query.stage,
        item=query.item,
        department=query.department,
        section=query.section,
        officer=query.officer,
        party=Party(query.party),
        include_stopped=isinstance(query, OverdueQuery | StreamQuery) and query.include_stopped,
    )


def asked_of(query: Query, actor: Actor, kind: ListKind, request: Request) -> Asked:
    """What a list is asked; a cursor pins the instant of its first page."""
    as_of, after = query.as_of, None
    known_at = None if isinstance(query, StreamQuery) else query.known_at
    changed_since = None if isinstance(query, StreamQuery) else query.changed_since
    if not isinstance(query, StreamQuery) and query.cursor is not None:
        cursor = decode_cursor(query.cursor, str, str, str, str, int, scope=walk_of(request, kind))
        as_of, known_at, after = cursor.as_of, cursor.known_at, place_of(cursor.after)
    if as_of is not None and changed_since is not None and changed_since > as_of:
        raise invalid("query", "/changed_since", "changed_since_after_as_of", "must not lie after `as_of`")
    if changed_since is not None and not isinstance(query, StreamQuery) and query.known_at is not None:
        raise invalid("query", "/changed_since", "changed_since_with_known_at", "must not stand beside `known_at`")
    return Asked(
        selection=selection_of(query, actor, kind),
        as_of=as_of,
        known_at=known_at,
        min_overdue=0 if isinstance(query, DueSoonQuery) and not isinstance(query, OverdueQuery) else query.min_overdue,
        changed_since=changed_since,
        limit=query.limit,
        after=after,
    )


def place_of(after: tuple[str | int | None, ...]) -> Place:
    """The row after which a page begins."""
    due_at, number, clock, stage, round_ = after
    try:
        return Place(parse_instant(due_at), str(number), str(clock), str(stage or ""), int(round_ or 0))
    except PydanticCustomError:
        raise invalid("query", "/cursor", "cursor_malformed", "is not a cursor of this list") from None


def walk_of(request: Request, kind: ListKind) -> str:
    """What ties the cursors of one walk together: the list and its filters, not the size of a page."""
    values = query_values(request.scope["query_string"])
    return scope_of(
        {"list": kind, **{name: value for name, value in values.items() if name not in ("cursor", "limit")}}
    )
