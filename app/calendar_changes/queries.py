"""All that is asked for a change: runs and their moves, and which applications may be reached at all."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Integer, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications.carried_statements import PAUSES, PAUSES_ON_SQLITE, all_of
from app.applications.events import step_of
from app.applications.models import Application, SpanRow
from app.calendar_changes.models import ChangeMove, ChangeRun
from app.calendar_changes.moves import Move
from app.calendar_changes.shapes import Paused, Shape, Standing, Stored
from app.domain.steps import OPEN, StepType
from app.kit.db import copy_many, execute
from app.kit.statements import Hot

__all__ = [
    "KEPT",
    "Kind",
    "Run",
    "add_moves",
    "advance",
    "begin",
    "claim",
    "forget_old",
    "moves_after",
    "only_pauses",
    "open_of",
    "open_window",
    "run_of",
    "standings",
    "stored",
    "total",
    "unfinished",
]

KEPT = timedelta(days=1)
"""How long the list of a dry run is kept."""
LEASE = timedelta(seconds=30)
"""How long a process that went silent keeps a run from the others."""


Json = dict[str, Any]  # a JSON object
Kind = Literal["edition", "suspension", "item"]
"""What is tried or applied."""


class Run(NamedTuple):
    """One run, as its row has it."""

    id: str
    kind: Kind
    dry: bool
    change: dict[str, Any]  # as it was asked for
    serial: int
    published_at: datetime
    after: str
    round: int
    done: int
    total: int
    counts: dict[str, int]
    created_at: datetime
    created_by: str
    finished_at: datetime | None
    failed: str | None


RUN = select(*(getattr(ChangeRun, name) for name in Run._fields))


async def begin(tx: AsyncConnection, run: Run) -> None:
    """Enter a run."""
    await tx.execute(insert(ChangeRun), {**run._asdict(), "held_until": None})


async def run_of(tx: AsyncConnection, id_: str) -> Run | None:
    """One run."""
    row = (await tx.execute(RUN.where(ChangeRun.id == id_))).first()
    return None if row is None else Run(*row)


async def unfinished(tx: AsyncConnection) -> list[str]:
    """The runs that are not at their end, the oldest first: what changes comes in the order of its record."""
    rows = await tx.execute(
        select(ChangeRun.id).where(ChangeRun.finished_at.is_(None)).order_by(ChangeRun.created_at, ChangeRun.id)
    )
    return list(rows.scalars())


async def claim(tx: AsyncConnection, id_: str, now: datetime) -> bool:
    """Take a run for this process alone, for a while; False while another one works on it."""
    taken = await tx.execute(
        update(ChangeRun)
        .where(
            ChangeRun.id == id_,
            ChangeRun.finished_at.is_(None),
            or_(ChangeRun.held_until.is_(None), ChangeRun.held_until <= now),
        )
        .values(held_until=now + LEASE)
    )
    return taken.rowcount == 1


STOOD = ("id", "after", "round", "done")
MOVING = ("after", "round", "done", "total", "counts", "finished_at", "failed")
ADVANCE = Hot(
    update(ChangeRun)
    .where(*(getattr(ChangeRun, name) == bindparam(f"was_{name}") for name in STOOD), ChangeRun.finished_at.is_(None))
    .values({name: bindparam(name) for name in (*MOVING, "held_until")})
    .returning(ChangeRun.id)
)


async def advance(tx: AsyncConnection, before: Run, after: Run, *, held_until: datetime | None) -> bool:
    """Write how far a run has come; False where another process was faster, and nothing of this is to stand."""
    values = {f"was_{name}": getattr(before, name) for name in STOOD} | {name: getattr(after, name) for name in MOVING}
    return bool(await execute(tx, ADVANCE, {**values, "held_until": held_until}))


INSERT_MOVE = Hot(insert(ChangeMove))


async def add_moves(tx: AsyncConnection, run: str, first: int, moves: Sequence[tuple[str, Move]]) -> None:
    """Append to the list of a run."""
    rows = [
        {
            "run": run,
            "place": first + n,
            "tracking_number": number,
            "clock": move.clock,
            "stage": move.stage,
            "round": move.round,
            "was": move.was,
            "state": move.state,
            "from_on": None if move.from_on is None else date.fromordinal(move.from_on),
            "to_on": None if move.to_on is None else date.fromordinal(move.to_on),
            "from_at": move.from_at,
            "to_at": move.to_at,
            "overdue": move.overdue,
        }
        for n, (number, move) in enumerate(moves)
    ]
    await copy_many(tx, INSERT_MOVE, ChangeMove, rows)


async def moves_after(tx: AsyncConnection, run: str, after: int, limit: int) -> Sequence[Any]:
    """A page of the list of a run, one more than `limit` when there are more."""
    columns = (
        ChangeMove.place, ChangeMove.tracking_number, ChangeMove.clock, ChangeMove.stage, ChangeMove.round,
        ChangeMove.was, ChangeMove.state, ChangeMove.from_on, ChangeMove.to_on, ChangeMove.from_at,
        ChangeMove.to_at, ChangeMove.overdue,
    )  # fmt: skip
    page = select(*columns).where(ChangeMove.run == run, ChangeMove.place > after).order_by(ChangeMove.place)
    return (await tx.execute(page.limit(limit + 1))).all()


async def forget_old(tx: AsyncConnection, now: datetime) -> None:
    """Drop dry runs that are older than a day, with their lists."""
    old = select(ChangeRun.id).where(ChangeRun.dry.is_(True), ChangeRun.created_at < now - KEPT)
    await tx.execute(delete(ChangeMove).where(ChangeMove.run.in_(old)))
    await tx.execute(delete(ChangeRun).where(ChangeRun.dry.is_(True), ChangeRun.created_at < now - KEPT))


async def total(tx: AsyncConnection) -> int:
    """How many applications a walk has before it."""
    return int((await tx.execute(select(func.count()).select_from(Application))).scalar() or 0)


async def open_of(tx: AsyncConnection, item: str) -> int:
    """How many applications of an item are open."""
    return int((await tx.execute(select(func.count()).select_from(Application).where(*_open(item)))).scalar() or 0)


async def open_window(tx: AsyncConnection, after: str, limit: int, item: str) -> list[str]:
    """The next open applications of an item by number."""
    wanted = select(Application.number).where(Application.number > after, *_open(item))
    return list((await tx.execute(wanted.order_by(Application.number).limit(limit))).scalars())


def _open(item: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Application.item == item, Application.status.in_(sorted(OPEN))


STANDINGS = Hot(
    select(*(getattr(Application, name) for name in Standing._fields))
    .where(Application.number > bindparam("after"))
    .order_by(Application.number)
    .limit(bindparam("limit", type_=Integer()))
)
STANDINGS_SINCE = Hot(
    select(*(getattr(Application, name) for name in Standing._fields))
    .where(Application.number > bindparam("after"), Application.recorded_at >= bindparam("since"))
    .order_by(Application.number)
    .limit(bindparam("limit", type_=Integer()))
)
STORED = Hot(
    select(
        SpanRow.number,
        SpanRow.from_at,
        SpanRow.to_at,
        SpanRow.stopped_at,
        *(getattr(SpanRow, name) for name in Shape._fields[:-1]),
        func.json_array_length(SpanRow.after) > 0,
    )
    .where(
        SpanRow.number > bindparam("after"),
        SpanRow.number <= bindparam("upto"),
        or_(SpanRow.to_at.is_(None), SpanRow.to_at > bindparam("now")),
    )
    .order_by(SpanRow.number)
)


async def standings(tx: AsyncConnection, after: str, limit: int, since: datetime | None) -> list[Standing]:
    """The next applications by number; with `since` only those on which something was recorded from then on."""
    values = {"after": after, "limit": limit}
    if since is None:
        rows = await execute(tx, STANDINGS, values)
    else:
        rows = await execute(tx, STANDINGS_SINCE, {**values, "since": since})
    return [Standing(*row) for row in rows]


async def stored(tx: AsyncConnection, after: str, upto: str, *, now: datetime) -> dict[str, list[Stored]]:
    """The spans that stand now or will, of a window of applications, by number."""
    found: dict[str, list[Stored]] = defaultdict(list)
    for row in await execute(tx, STORED, {"after": after, "upto": upto, "now": now}):
        number, from_at, to_at, stopped_at, *_ = row
        found[number].append(Stored(from_at, to_at, stopped_at, Shape._make(row[4:])))
    return found


async def only_pauses(tx: AsyncConnection, numbers: Sequence[str]) -> dict[str, Paused]:
    """Of each application that was paused once alone, for as long as was announced, that pause; nothing was amended."""
    bodies: dict[str, list[tuple[int, Json]]] = defaultdict(list)
    for number, seq, body in await all_of(tx, PAUSES, PAUSES_ON_SQLITE, numbers) if numbers else ():
        bodies[number].append((seq, json.loads(body)))
    found = {}
    for number, [(seq, body), *more] in bodies.items():
        step = step_of(number, seq, body)
        if not more and step.type is StepType.PAUSE and step.announced is not None:
            found[number] = Paused(step.at, step.announced)
    return found
