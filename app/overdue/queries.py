"""Which clocks are overdue or about to be at an instant, by keyset; how many; and what left the list since.

Two ways lead to a list. Near the present the open ends of the record are read from the index of open due instants,
and beside them the few applications that were written to after the instant asked, since only there an end may lie
between. Where silence will end a clock its end is open, too, until somebody writes that down. Any other instant is read
from the spans that hold at it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    SQLColumnExpression,
    and_,
    case,
    func,
    literal_column,
    null,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications.models import Application, SpanRow
from app.domain.items import Party
from app.domain.units import MICROSECONDS
from app.kit.db import Database
from app.kit.sealing import Sealer
from app.overdue import replayed
from app.overdue.near import near_crossing, near_entries, shape_of, values_of
from app.overdue.selection import (
    CODES,
    IN_TIME,
    NOT_OPEN,
    OPEN_END,
    RUNNING,
    STOPPED,
    By,
    Count,
    Entry,
    Key,
    ListKind,
    Moment,
    Place,
    Selection,
    as_known,
    branches,
    changed_branches,
    chosen,
    entry_of,
    holds_at,
    instant,
    is_lit,
    merged,
    static,
    with_view,
    written_after,
)

__all__ = ["counts", "entries", "left_since", "next_crossing"]


async def entries(
    db: Database,
    selection: Selection,
    moment: Moment,
    *,
    after: Place | None = None,
    limit: int,
    due_by: int | None = None,
    since: datetime | None = None,
    numbers: Sequence[str] | None = None,
    sealer: Sealer | None = None,
) -> list[Entry]:
    """The clocks of a list from `after` on, at most `limit`, in its order.

    `due_by`: only those whose due day is at or before this day, or that count in working time. `since`: only those that
    may have changed since, when no day has begun between. `numbers`: only those of these applications.
    """
    if (
        moment.is_near
        and selection.party is Party.AGENCY
        and not selection.include_stopped
        and not since
        and not numbers
    ):
        found = await near_entries(db, selection, moment, after=after, limit=limit, due_by=due_by)
        if found is not None:
            return found
    parts = branches(selection, moment) if since is None else changed_branches(selection, moment, since)
    if due_by is not None:
        parts = [and_(part, or_(SpanRow.due_on <= due_by, IN_TIME)) for part in parts]
    if numbers is not None:
        parts = [and_(part, SpanRow.number.in_(numbers)) for part in parts]
    statement = with_view(merged(parts, selection, after, limit))

    async def read(tx: AsyncConnection) -> list[Entry]:
        return [entry_of(row) for row in await tx.execute(statement)]

    if moment.known_at is None:
        return await db.reading(read)

    async def read_then(tx: AsyncConnection) -> list[Entry]:
        then = await replayed.entries(tx, selection, moment, sealer=sealer)
        admitted = [one for one in then if (after is None or one.place > after) and is_due_by(one, due_by)]
        return sorted([*await read(tx), *admitted], key=place_of)[:limit]

    async with db.snapshot() as tx:
        return await read_then(tx)


def place_of(entry: Entry) -> Place:
    """Where an entry stands."""
    return entry.place


def is_due_by(entry: Entry, due_by: int | None) -> bool:
    """Whether a clock may be overdue by enough: its due day is at or before this day, or it counts in working time."""
    span = entry.span
    if due_by is None or (span.limit is not None and span.limit.unit in MICROSECONDS):
        return True
    return span.due_on is not None and span.due_on <= due_by


async def next_crossing(db: Database, selection: Selection, at: datetime, until: datetime) -> datetime | None:
    """The first instant in `(at, until]` at which one of the clocks turns yellow or red by time alone."""
    if selection.party is Party.AGENCY:
        rows = await db.rows(near_crossing(shape_of(selection)), values_of(selection) | {"at": at, "until": until})
        return min((row[0] for row in rows), default=None)
    ahead = [
        select(func.min(crossing)).where(RUNNING, *chosen(selection), crossing > at, crossing <= until)
        for crossing in (SpanRow.due_at, SpanRow.yellow_at)
    ]
    ahead.append(select(func.min(SpanRow.to_at)).where(OPEN_END, SpanRow.to_at > at, SpanRow.to_at <= until))

    async def read(tx: AsyncConnection) -> list[datetime | None]:
        return list((await tx.execute(union_all(*ahead))).scalars())

    return min((value for value in await db.reading(read) if value is not None), default=None)


async def left_since(db: Database, selection: Selection, moment: Moment, since: datetime, *, most: int) -> list[Key]:
    """The rows that were in the list at `since`, or that a reader may have been told were, and may be no more.

    Those of applications whose past was rewritten since are named whole: what they showed then is no longer on record.
    A yellow clock leaves its list by time alone, when it turns red.
    """
    common = chosen(selection)
    lit = is_lit(selection.kind, since)
    was_in = and_(RUNNING, lit, holds_at(since))
    if selection.include_stopped:
        was_in = or_(was_in, and_(STOPPED, SpanRow.stopped_at > SpanRow.due_at, holds_at(since)))
    touched = select(Application.number).where(Application.recorded_at > instant(since))
    rewritten = touched.where(Application.rewritten_at > instant(since))
    key = (SpanRow.number, SpanRow.clock, SpanRow.stage)
    parts = [
        select(*key).where(*common, was_in, SpanRow.number.in_(touched)),
        select(*key).where(*static(selection), SpanRow.from_at <= instant(moment.at), SpanRow.number.in_(rewritten)),
    ]
    ended = and_(OPEN_END, SpanRow.to_at > instant(since), SpanRow.to_at <= instant(moment.at))
    parts.append(select(*key).where(*common, was_in, ended))
    if selection.kind is ListKind.DUE_SOON:
        turned = and_(OPEN_END, SpanRow.due_at > instant(since), SpanRow.due_at <= instant(moment.at))
        parts.append(select(*key).where(*common, was_in, turned))
    keys = union(*parts).subquery()
    ordered = select(keys).order_by(keys.c.number, keys.c.clock, keys.c.stage).limit(most)

    async def read(tx: AsyncConnection) -> list[Key]:
        return [Key(*row) for row in await tx.execute(ordered)]

    return await db.reading(read)


async def counts(
    db: Database, selection: Selection, moment: Moment, by: By, *, overdue_by: int | None = None
) -> list[Count]:
    """How many running clocks are red, yellow and green under each code.

    With `overdue_by` only red ones whose due day is at or before this day, counted for each calendar, unit and due day
    (in working time: due instant), so that the reader can tell which of them are overdue by enough.
    """
    at = moment.at
    if moment.is_near and selection.party is Party.AGENCY:
        parts = [
            and_(OPEN_END, RUNNING, holds_at(at)),
            and_(NOT_OPEN, RUNNING, SpanRow.from_at <= instant(at), SpanRow.to_at > instant(at), written_after(at)),
        ]
    else:
        parts = [and_(RUNNING, holds_at(at))]
    common = [*chosen(selection), *as_known(moment)]
    days: tuple[SQLColumnExpression[Any], ...] = (literal_column("''"), null(), null(), null())
    grouped: tuple[SQLColumnExpression[Any], ...] = (CODES[by],)
    if overdue_by is not None:
        common += [SpanRow.due_at <= instant(at), or_(SpanRow.due_on <= overdue_by, IN_TIME)]
        days = (SpanRow.calendar, SpanRow.limit_unit, SpanRow.due_on, case((IN_TIME, SpanRow.due_at)))
        grouped += days
    red = SpanRow.due_at <= instant(at)
    yellow = and_(SpanRow.due_at > instant(at), SpanRow.yellow_at <= instant(at))
    counted = [
        select(CODES[by], *days, func.count().filter(red), func.count().filter(yellow), func.count())
        .where(part, *common)
        .group_by(*grouped)
        for part in parts
    ]

    async def read(tx: AsyncConnection) -> list[Count]:
        return [
            Count(code, calendar, unit, due_on, due_at, reds, yellows, all_ - reds - yellows)
            for code, calendar, unit, due_on, due_at, reds, yellows, all_ in await tx.execute(
                counted[0] if len(counted) == 1 else union_all(*counted)
            )
        ]

    if moment.known_at is None:
        return await db.reading(read)
    async with db.snapshot() as tx:
        return [*await read(tx), *await replayed.counts(tx, selection, moment, by, overdue_by=overdue_by)]
