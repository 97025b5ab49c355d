"""What the sweep and the readers ask of alarms: whom to look at now, what is recorded, when the last sweep ended."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    bindparam,
    delete,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.models import DepartmentTree
from app.alarms.models import Alarm, Sweep
from app.applications.models import Application
from app.kit.columns import Instant
from app.kit.db import Database, execute
from app.kit.statements import Hot

__all__ = [
    "RAISED_AGAIN",
    "AlarmKey",
    "Due",
    "Filters",
    "FinishedSweep",
    "Place",
    "Recorded",
    "finish_sweep",
    "forget_sweepers",
    "last_sweep",
    "mark_quarantined",
    "quarantined",
    "raise_again",
    "raise_missing",
    "recorded",
    "select_alarms",
    "swept_at",
    "take_due",
    "whole",
    "withdraw",
]


RAISED_AGAIN: Final = "raise_alarm_again"
"""In the audit trail: the row of an alarm that was withdrawn stands again; the entry says what it was before."""


class AlarmKey(NamedTuple):
    """What makes an alarm one: no two rows share it, whoever sweeps."""

    number: str
    clock: str
    stage: str
    rung: int
    revision: int

    @property
    def id(self) -> str:
        """The identity that the wire shows."""
        return f"{self.number}.{self.clock}.{self.stage}.{self.rung}.{self.revision}"


class Due(NamedTuple):
    """An application that the sweep must look at."""

    number: str
    next_look_at: datetime
    quarantined_at: datetime | None


class Recorded(NamedTuple):
    """An alarm on record, as far as the reconciliation needs it."""

    key: AlarmKey
    crossed_at: datetime
    detected_at: datetime
    is_withdrawn: bool
    withdrawn: Mapping[str, Any] | None = None
    """When and why, where it is."""


class FinishedSweep(NamedTuple):
    """What a sweep did, and from when to when."""

    sweeper: str
    started_at: datetime
    finished_at: datetime
    raised: int
    withdrawn: int
    quarantined: int


class Filters(NamedTuple):
    """What `GET /alarms` narrows by."""

    number: str | None = None
    department: str | None = None
    kind: str | None = None
    since: datetime | None = None


class Place(NamedTuple):
    """Where in the list a page begins: the key of the last row of the page before."""

    crossed_at: datetime
    number: str
    clock: str
    stage: str
    rung: int
    revision: int


KEY = (Alarm.number, Alarm.clock, Alarm.stage, Alarm.rung, Alarm.revision)
ORDER = (Alarm.crossed_at, Alarm.number, Alarm.clock, Alarm.stage, Alarm.rung, Alarm.revision)


@lru_cache(maxsize=64)
def due_statement(most: int, *, is_one: bool) -> Hot:
    """The statement of `take_due`, kept by what changes its text."""
    due = (
        select(Application.number, Application.next_look_at, Application.quarantined_at)
        .where(
            Application.next_look_at.is_not(None),
            Application.next_look_at <= NOW,
            or_(
                Application.quarantined_at.is_(None),
                Application.quarantined_at <= bindparam("retry_before", type_=Instant),
            ),
        )
        .order_by(Application.next_look_at, Application.number)
        .limit(literal_column(str(most)))
        .with_for_update(key_share=True, skip_locked=True)
    )
    return Hot(due.where(Application.number == bindparam("only")) if is_one else due)


async def take_due(
    tx: AsyncConnection, now: datetime, most: int, *, retry_before: datetime, only: str | None = None
) -> list[Due]:
    """Lock the applications that must be looked at by `now`, those that waited longest first; none that another holds.

    `retry_before`: one set aside at or before it is tried again. `only`: this one or none.
    """
    statement = due_statement(most, is_one=only is not None)
    return [Due(*row) for row in await execute(tx, statement, {"now": now, "retry_before": retry_before, "only": only})]


async def quarantined(tx: AsyncConnection, now: datetime) -> list[str]:
    """Applications that the sweep has set aside, a hundred at most: they stay due, so the index of dues holds them."""
    return [number for (number,) in await execute(tx, ASIDE, {"now": now})]


NOW: BindParameter[datetime] = bindparam("now", type_=Instant)
ASIDE = Hot(
    select(Application.number)
    .where(
        Application.next_look_at.is_not(None),
        Application.next_look_at <= NOW,
        Application.quarantined_at.is_not(None),
    )
    .order_by(Application.next_look_at, Application.number)
    .limit(literal_column("100"))
)


async def mark_quarantined(tx: AsyncConnection, numbers: Sequence[str], at: datetime | None) -> None:
    """Set applications aside at `at`, or take them back (None)."""
    await tx.execute(update(Application).where(Application.number.in_(numbers)).values(quarantined_at=at))


async def recorded(tx: AsyncConnection, numbers: Sequence[str]) -> dict[str, list[Recorded]]:
    """The alarms on record of each application, withdrawn ones too."""
    rows = await tx.execute(
        select(*KEY, Alarm.crossed_at, Alarm.detected_at, Alarm.withdrawn)
        .where(Alarm.number.in_(numbers))
        .order_by(*KEY)
    )
    found: dict[str, list[Recorded]] = {number: [] for number in numbers}
    for number, clock, stage, rung, revision, crossed_at, detected_at, withdrawn in rows:
        key = AlarmKey(number, clock, stage, rung, revision)
        found[number].append(Recorded(key, crossed_at, detected_at, withdrawn is not None, withdrawn))
    return found


async def rows_of(tx: AsyncConnection, numbers: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """All that is stored of the alarms of each application."""
    rows = await tx.execute(select(*Alarm.__table__.columns).where(Alarm.number.in_(numbers)).order_by(*KEY))
    found: dict[str, list[dict[str, Any]]] = {number: [] for number in numbers}
    for row in rows.mappings():
        found[row["number"]].append(dict(row))
    return found


async def last_sweep_began(tx: AsyncConnection) -> datetime | None:
    """When the newest sweep began that has ended; None before the first."""
    return (await tx.execute(select(func.max(Sweep.started_at)))).scalar()


_NAMES = [column.key for column in KEY]
_RAISE_POSTGRESQL = postgresql.insert(Alarm).on_conflict_do_nothing(index_elements=_NAMES).returning(*KEY)
_RAISE_SQLITE = sqlite.insert(Alarm).on_conflict_do_nothing(index_elements=_NAMES).returning(*KEY)


async def raise_missing(tx: AsyncConnection, rows: Sequence[dict[str, Any]]) -> set[AlarmKey]:
    """Insert alarms; gives the keys of those that were not there before, whoever else inserted meanwhile."""
    if not rows:
        return set()
    statement = _RAISE_POSTGRESQL if tx.dialect.name == "postgresql" else _RAISE_SQLITE
    return {AlarmKey(*row) for row in await tx.execute(statement, rows)}


async def raise_again(tx: AsyncConnection, key: AlarmKey, row: Mapping[str, Any]) -> None:
    """Let an alarm stand again whose crossing came back: the same row and id, its moments those of the return."""
    fresh = {name: value for name, value in row.items() if name not in AlarmKey._fields and name != "id"}
    await tx.execute(
        update(Alarm)
        .where(*(column == value for column, value in zip(KEY, key, strict=True)))
        .values({**fresh, "withdrawn": null()})
    )


async def withdraw(tx: AsyncConnection, key: AlarmKey, record: dict[str, Any], at: datetime) -> None:
    """Write into an alarm why it no longer stands; a withdrawn one is left as it is."""
    await tx.execute(
        update(Alarm)
        .where(*(column == value for column, value in zip(KEY, key, strict=True)), Alarm.withdrawn.is_(None))
        .values(withdrawn=record, changed_at=at)
    )


async def whole(tx: AsyncConnection, keys: Sequence[AlarmKey]) -> list[dict[str, Any]]:
    """Alarms with all that is stored of them."""
    if not keys:
        return []
    rows = await tx.execute(
        select(*Alarm.__table__.columns)
        .where(Alarm.id.in_([key.id for key in keys]), Alarm.number.in_([key.number for key in keys]))
        .order_by(*KEY)
    )
    return [dict(row) for row in rows.mappings()]


def finishing(statement: postgresql.Insert | sqlite.Insert) -> Hot:
    """The statement of `finish_sweep` in one dialect."""
    new = statement.excluded
    return Hot(
        statement.on_conflict_do_update(
            index_elements=["sweeper"],
            set_={name: new[name] for name in FinishedSweep._fields if name != "sweeper"},
            where=new.finished_at >= Sweep.finished_at,
        )
    )


_FINISH = {"postgresql": finishing(postgresql.insert(Sweep)), "sqlite": finishing(sqlite.insert(Sweep))}


async def finish_sweep(tx: AsyncConnection, finished: FinishedSweep) -> None:
    """Say that a sweep has ended; an older end never overwrites a newer one."""
    await execute(tx, _FINISH[tx.dialect.name], finished._asdict())


async def forget_sweepers(tx: AsyncConnection, before: datetime) -> None:
    """Drop the rows of processes that have not swept since `before`: hosts come and go."""
    await tx.execute(delete(Sweep).where(Sweep.finished_at < before))


NEWEST_SWEEP = select(Sweep.finished_at).order_by(Sweep.finished_at.desc()).limit(literal_column("1"))
LAST_SWEEP = Hot(NEWEST_SWEEP)


async def swept_at(tx: AsyncConnection) -> datetime | None:
    """When the last sweep ended, whichever process made it; none before the first."""
    return (await tx.execute(NEWEST_SWEEP)).scalar()


async def last_sweep(db: Database) -> datetime | None:
    """The same for who has no connection in hand: every polled answer says it."""
    rows = await db.rows(LAST_SWEEP, {})
    return rows[0][0] if rows else None


def select_alarms(
    filters: Filters, after: Place | None, limit: int, *, scope: Callable[[Any], ColumnElement[bool]]
) -> Select[*tuple[Any, ...]]:
    """A page of alarms, the newest crossing first.

    A reader who is bound to a department sees what it held at the crossing and what it holds now.
    """
    wanted: list[ColumnElement[bool]] = [or_(scope(Alarm.department), scope(Application.department))]
    if filters.number is not None:
        wanted.append(Alarm.number == filters.number)
    if filters.department is not None:
        below = select(DepartmentTree.descendant).where(DepartmentTree.ancestor == filters.department)
        wanted.append(Alarm.department.in_(below))
    if filters.kind is not None:
        wanted.append(Alarm.kind == filters.kind)
    if filters.since is not None:
        wanted.append(Alarm.changed_at >= filters.since)
    if after is not None:
        wanted.append(
            tuple_(*ORDER) < tuple_(*(literal(value, column.type) for value, column in zip(after, ORDER, strict=True)))
        )
    return (
        select(
            *ORDER,
            Alarm.id,
            Alarm.department,
            Alarm.external_ref,
            Alarm.kind,
            Alarm.due_at,
            Alarm.detected_at,
            Alarm.late,
            Alarm.withdrawn,
            Application.calendar,
        )
        .join(Application, Application.number == Alarm.number)
        .where(*wanted)
        .order_by(*(column.desc() for column in ORDER))
        .limit(limit)
    )
