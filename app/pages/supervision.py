"""`/supervision`: lights by department, what is overdue, what falls due soon, and how old the last sweep is."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic_core import from_json

from app.access.actor import Actor
from app.access.policy import needs
from app.access.roles import EVERY, Action
from app.departments.queries import Names, names
from app.items.queries import names as item_names
from app.items.queries import newest
from app.kit.paging import decode_cursor, scope_of
from app.kit.problems import Problem
from app.kit.service import Service, service_of
from app.kit.texts import Language
from app.overdue.answers import Answer, Asked, list_answer, summary_answer
from app.overdue.polls import Asker, Poll, polls_of
from app.overdue.routes import place_of, seen_by
from app.overdue.selection import By, ListKind, Selection
from app.overdue.stream import MOST_STREAMS, listen
from app.pages.context import PageRoute, reader_of, redirect, render
from app.pages.session import actor_of
from app.pages.words import Reader, Wired, unit_of

__all__ = ["router"]

router = APIRouter(include_in_schema=False, route_class=PageRoute)

ADDRESS = "/supervision"
STREAM = "/supervision/stream"
KINDS = ("notice", "statutory", "promise", "stage", "delivery")
OVERDUE_ROWS = 50
SOON_ROWS = 20
SWEEPS_MISSED = 4
"""So many intervals without a sweep, and the page says that it is stale."""
FULL = 100
CHECK_AGAIN = 30.0
"""Seconds after which a listener's session is looked at again."""


class Lights(NamedTuple):
    """The lights of one department, and their shares in hundredths."""

    name: str
    address: str
    is_chosen: bool
    red: int
    yellow: int
    green: int
    shares: tuple[int, int, int]
    alt: str


class Row(NamedTuple):
    """One clock of a list in words."""

    number: str
    item: str
    subject: str | None
    department: str
    person: str
    clock: str
    limit: str
    due_on: str
    due: str
    figure: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Filter:
    """What the reader chose; a value that names nothing chooses nothing."""

    department: str | None
    clock: str | None
    cursor: str | None
    soon_cursor: str | None

    def address(self, path: str = ADDRESS, **changes: str | None) -> str:
        """An address with this choice, changed."""
        chosen = {
            "department": self.department,
            "clock": self.clock,
            "cursor": self.cursor,
            "soon": self.soon_cursor,
            **changes,
        }
        query = urlencode({name: value for name, value in chosen.items() if value})
        return f"{path}?{query}" if query else path


@dataclass(frozen=True, slots=True)
class Board:
    """Everything on the board."""

    as_of: str
    swept: str
    stale: str | None
    red: int
    yellow: int
    green: int
    lights: tuple[Lights, ...]
    departments: list[tuple[str, str]]
    """Code and name of each, for the choice."""
    overdue: tuple[Row, ...]
    soon: tuple[Row, ...]
    next: str | None
    """The address of the next page of a list; None on the last."""
    first: str | None
    """The address of the first page; None on the first."""
    soon_next: str | None
    soon_first: str | None


class Known(NamedTuple):
    """What codes are called."""

    names: Names
    items: Mapping[str, str]


@router.get(ADDRESS)
@needs(Action.READ_APPLICATIONS)
async def show_board(request: Request) -> Response:
    """The board of what the reader's credential may see; without one, to the sign-in."""
    actor = await reading_actor(request)
    if actor is None:
        return redirect("/sign-in")
    service, reader = service_of(request), reader_of(request)
    async with service.db.read() as tx:
        known = Known(await names(tx), await item_names(tx))
    chosen = chosen_by(request, known.names)
    try:
        poll = await poll_board(service, actor, reader.language, chosen)
    except Problem as problem:
        if problem.code != "cursor_malformed":
            raise
        return redirect(chosen.address(cursor=None, soon=None))
    board = await board_of(service, from_json(poll.answer.body), reader, chosen, known)
    values = {
        "title": reader.text("board.title"),
        "here": "supervision",
        "who": who(actor, known.names, reader),
        "board": board,
        "address": chosen.address(),
        "stream": chosen.address(path=STREAM, known=poll.tag),
        "kinds": [(kind, reader.label("clock", kind)) for kind in KINDS],
        "department": chosen.department or "",
        "clock": chosen.clock or "",
        "filtered": chosen.department is not None or chosen.clock is not None,
    }
    return render(request, "supervision.html", values)


@router.get(STREAM)
@needs(Action.READ_APPLICATIONS)
async def stream_board(request: Request) -> Response:
    """An event whenever a value on the board changes, so that a page that stays open stays right."""
    actor = await reading_actor(request)
    if actor is None:
        return Response(status_code=401, headers={"WWW-Authenticate": "Cookie"})
    service, language = service_of(request), reader_of(request).language
    polls = polls_of(service.db, service.now)
    if polls.listeners >= MOST_STREAMS:
        return Response(status_code=503, headers={"Retry-After": "30"})
    async with service.db.read() as tx:
        chosen = chosen_by(request, await names(tx))
    checked = time.monotonic()

    async def look() -> Poll:
        nonlocal checked
        if time.monotonic() - checked > CHECK_AGAIN:
            if await reading_actor(request) is None:
                raise SignedOut
            checked = time.monotonic()
        poll = await poll_board(service, actor, language, chosen)
        return Poll(
            asker_of(actor, language, chosen),
            poll.answer._replace(body=b"{}"),
            given_at=poll.given_at,
            kept_since=poll.kept_since,
            commits=poll.commits,
        )

    async def listened() -> AsyncIterator[bytes]:
        polls.listeners += 1
        try:
            async for event in listen(
                look, known=request.headers.get("last-event-id") or request.query_params.get("known")
            ):
                yield event
        except (SignedOut, Problem):
            return
        finally:
            polls.listeners -= 1

    return StreamingResponse(
        listened(), media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


class SignedOut(Exception):
    """The session of a listener is over."""


async def reading_actor(request: Request) -> Actor | None:
    """Who is signed in and may see the board."""
    actor = await actor_of(request)
    return actor if actor is not None and actor.may(Action.READ_APPLICATIONS) else None


def asker_of(actor: Actor, language: Language, chosen: Filter) -> Asker:
    """What makes two boards the same."""
    return Asker("board", chosen.address().encode(), language, seen_by(actor))


async def poll_board(service: Service, actor: Actor, language: Language, chosen: Filter) -> Poll:
    """The board's figures and rows, kept a second for all who look at the same; the tag changes with any of them."""
    asker = asker_of(actor, language, chosen)
    polls = polls_of(service.db, service.now)
    return polls.kept(asker) or await polls.answer(asker, lambda: answer_board(service, actor, language, chosen))


async def answer_board(service: Service, actor: Actor, language: Language, chosen: Filter) -> Answer:
    """The summary by department and the two lists, as the API answers them, in one."""
    selection = Selection(reader=actor, clock=chosen.clock)
    summary = await summary_answer(service, selection, By.DEPARTMENT, language, as_of=None, min_overdue=0)
    red = await answer_rows(service, actor, language, chosen, ListKind.OVERDUE)
    soon = await answer_rows(service, actor, language, chosen, ListKind.DUE_SOON)
    parts = (summary, red, soon)
    return summary._replace(
        body=b'{"summary":%b,"overdue":%b,"soon":%b}' % tuple(part.body for part in parts),
        digest=b"\n".join(part.digest for part in parts),
        good_until=min(part.good_until for part in parts),
    )


async def answer_rows(service: Service, actor: Actor, language: Language, chosen: Filter, kind: ListKind) -> Answer:
    """A page of one list."""
    scope = scope_of({"page": ADDRESS, "kind": kind, "department": chosen.department, "clock": chosen.clock})
    cursor = chosen.cursor if kind is ListKind.OVERDUE else chosen.soon_cursor
    asked = Asked(
        selection=Selection(reader=actor, kind=kind, clock=chosen.clock, department=chosen.department),
        limit=OVERDUE_ROWS if kind is ListKind.OVERDUE else SOON_ROWS,
        after=None if cursor is None else place_of(decode_cursor(cursor, str, str, str, str, int, scope=scope).after),
    )
    return await list_answer(service, asked, language, scope=scope)


def chosen_by(request: Request, known: Names) -> Filter:
    """The filter of a request."""
    asked = request.query_params
    department, clock = asked.get("department", ""), asked.get("clock", "")
    return Filter(
        department=department if department in known.departments else None,
        clock=clock if clock in KINDS else None,
        cursor=asked.get("cursor") or None,
        soon_cursor=asked.get("soon") or None,
    )


def who(actor: Actor, known: Names, reader: Reader) -> str:
    """The role and the name of who is signed in."""
    role = reader.text("board.every_role") if actor.role == EVERY else reader.label("role", actor.role)
    office = "" if actor.department is None else known.department(actor.department)
    return " · ".join(filter(None, (role, office, actor.name)))


async def board_of(service: Service, answer: Wired, reader: Reader, chosen: Filter, known: Known) -> Board:
    """The answer in words."""
    text = reader.text
    summary, red, soon = answer["summary"], answer["overdue"], answer["soon"]
    stages = await stage_names(service, [*red["items"], *soon["items"]])
    lights = tuple(lights_of(line, chosen, reader) for line in summary["items"])
    swept = None if summary["swept_at"] is None else datetime.fromisoformat(summary["swept_at"])
    return Board(
        as_of=text("board.as_of", now=reader.moment(summary["as_of"])),
        swept=text("board.never_swept") if swept is None else text("board.swept", age=reader.age(swept)),
        stale=staleness(swept, timedelta(seconds=service.settings.sweep_seconds), reader),
        red=sum(line.red for line in lights),
        yellow=sum(line.yellow for line in lights),
        green=sum(line.green for line in lights),
        lights=lights,
        departments=options(summary["items"], chosen, known),
        overdue=tuple(row_of(row, known, stages, reader) for row in red["items"]),
        soon=tuple(row_of(row, known, stages, reader) for row in soon["items"]),
        next=None if red["next_cursor"] is None else chosen.address(cursor=red["next_cursor"]),
        first=None if chosen.cursor is None else chosen.address(cursor=None),
        soon_next=None if soon["next_cursor"] is None else chosen.address(soon=soon["next_cursor"]),
        soon_first=None if chosen.soon_cursor is None else chosen.address(soon=None),
    )


async def stage_names(service: Service, rows: Sequence[Wired]) -> dict[tuple[str, str], str]:
    """The names of the stages in these rows, from the newest version of each item."""
    codes = sorted({row["item"] for row in rows if row["clock"]["stage"]})
    found: dict[tuple[str, str], str] = {}
    if codes:
        async with service.db.read() as tx:
            for code in codes:
                version = await newest(tx, code)
                for stage in () if version is None else version.body.get("stages", ()):
                    found[code, stage["code"]] = stage["name"]
    return found


def lights_of(line: Wired, chosen: Filter, reader: Reader) -> Lights:
    """One department's lights; each share that is not nothing can be seen."""
    red, yellow, green = line["red"], line["yellow"], line["green"]
    whole = max(1, red + yellow + green)
    wide = [max(2, round(FULL * part / whole)) if part else 0 for part in (red, yellow)]
    alt = reader.text("board.share_alt", name=line["name"], red=red, yellow=yellow, green=green)
    return Lights(
        name=line["name"],
        address=chosen.address(department=line["department"], cursor=None, soon=None),
        is_chosen=line["department"] == chosen.department,
        red=red,
        yellow=yellow,
        green=green,
        shares=(wide[0], wide[1], max(0, FULL - sum(wide)) if green else 0),
        alt=alt,
    )


def options(lines: Sequence[Wired], chosen: Filter, known: Known) -> list[tuple[str, str]]:
    """The departments to choose from: those with a running clock, and the one that is chosen."""
    codes = {line["department"] for line in lines} | ({chosen.department} if chosen.department else set())
    return sorted(((code, known.names.department(code)) for code in codes), key=lambda option: option[1])


def staleness(swept: datetime | None, interval: timedelta, reader: Reader) -> str | None:
    """That the sweep has stopped, where it has: the figures are right without it, but nobody is told."""
    if swept is None:
        return reader.text("board.stale_never")
    if reader.now - swept <= SWEEPS_MISSED * interval:
        return None
    return reader.text("board.stale", age=reader.age(swept))


def row_of(row: Wired, known: Known, stages: Mapping[tuple[str, str], str], reader: Reader) -> Row:
    """One clock of a list in words."""
    clock, holder = row["clock"], row["holder"]
    code, called = holder["department"], known.names
    person = [
        None if holder["section"] is None else called.section(code, holder["section"]),
        None if holder["officer"] is None else called.officer(code, holder["officer"]),
    ]
    named = {stage: name for (item, stage), name in stages.items() if item == row["item"]}
    return Row(
        number=row["tracking_number"],
        item=known.items.get(row["item"], row["item"]),
        subject=row["subject"],
        department=called.department(code),
        person=" ".join(filter(None, person)),
        clock=reader.clock_name(clock, named),
        limit=reader.limit(clock["limit"]),
        due_on=clock["due_on"],
        due=reader.short_end(clock),
        figure=figure_of(clock, reader),
        reason=row["reason"],
    )


def figure_of(clock: Wired, reader: Reader) -> str:
    """By how much a clock is overdue, or how much is left of it."""
    unit = unit_of(clock)
    if clock["light"] == "red":
        return reader.length(clock["overdue"], unit) if clock["overdue"] else reader.text("board.under_one")
    return reader.length(clock["remaining"], unit) if clock["remaining"] else reader.text("board.today")
