"""All that is asked of the record and of kept backtests: which applications ended when, and how far a backtest is."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.access.actor import Actor
from app.access.scope import below, within
from app.applications.models import Application, StretchRow
from app.backtests.models import Backtest
from app.domain.steps import OPEN, Status

__all__ = ["EndedRow", "Period", "count_ended", "ended_after", "find", "forget_before", "keep", "move_on"]

ENDED = sorted(str(status) for status in Status if status not in OPEN and status is not Status.NOT_RECEIVED)
"""Decided, delivered, and the final ones."""


class Period(NamedTuple):
    """Which ended applications: of which item, within which half-open time, held by whom."""

    item: str | None
    from_at: datetime
    to_at: datetime
    department: str | None
    section: str | None


class EndedRow(NamedTuple):
    """An application that ended, and who held it then."""

    number: str
    department: str
    section: str | None


def select_ended(actor: Actor, period: Period) -> Select[str, str, str | None]:
    """The first stretch of each application in which it is decided or ended, where that begins in the period."""
    earlier = aliased(StretchRow)
    before = exists().where(
        earlier.number == StretchRow.number, earlier.from_at < StretchRow.from_at, earlier.status.in_(ENDED)
    )
    wanted: list[ColumnElement[bool]] = [
        StretchRow.status.in_(ENDED),
        StretchRow.from_at >= period.from_at,
        StretchRow.from_at < period.to_at,
        within(actor, StretchRow.department),
        ~before,
    ]
    if period.department is not None:
        wanted.append(StretchRow.department.in_(below(period.department)))
    if period.section is not None:
        wanted.append(StretchRow.section == period.section)
    found = select(StretchRow.number, StretchRow.department, StretchRow.section).where(*wanted)
    if period.item is not None:
        found = found.join(Application, Application.number == StretchRow.number).where(Application.item == period.item)
    return found


async def count_ended(tx: AsyncConnection, actor: Actor, period: Period) -> int:
    """How many applications ended in the period."""
    counted = select(func.count()).select_from(select_ended(actor, period).subquery())
    return (await tx.execute(counted)).scalar_one()


async def ended_after(
    tx: AsyncConnection, actor: Actor, period: Period, *, after: str, limit: int
) -> Sequence[EndedRow]:
    """The next of them in the order of their numbers."""
    page = select_ended(actor, period).where(StretchRow.number > after).order_by(StretchRow.number).limit(limit)
    return [EndedRow(number, held_by, section) for number, held_by, section in await tx.execute(page)]


# Kept backtests


async def keep(tx: AsyncConnection, id_: str, credential: str, total: int, now: datetime) -> None:
    """A backtest that waits for its turn."""
    row = {"id": id_, "credential": credential, "state": "waiting", "done": 0, "total": total}
    await tx.execute(insert(Backtest).values(**row, result=None, problem=None, asked_at=now, beat_at=now))


async def move_on(tx: AsyncConnection, id_: str, now: datetime, **changes: object) -> None:
    """How far it is, or what came of it."""
    await tx.execute(update(Backtest).where(Backtest.id == id_).values(beat_at=now, **changes))


class Kept(NamedTuple):
    """How far a backtest is."""

    state: str
    done: int
    total: int
    result: dict[str, object] | None
    problem: dict[str, object] | None
    beat_at: datetime


async def find(tx: AsyncConnection, id_: str, credential: str) -> Kept | None:
    """A backtest that this credential asked for."""
    found = select(
        Backtest.state, Backtest.done, Backtest.total, Backtest.result, Backtest.problem, Backtest.beat_at
    ).where(Backtest.id == id_, Backtest.credential == credential)
    row = (await tx.execute(found)).one_or_none()
    return None if row is None else Kept(*row)


async def forget_before(tx: AsyncConnection, instant: datetime) -> None:
    """Backtests that were asked for before an instant are kept no longer."""
    await tx.execute(delete(Backtest).where(Backtest.asked_at < instant))
