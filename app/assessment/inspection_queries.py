"""All that is read of inspections, and of what they name."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, exists, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.scope import below
from app.applications.models import Application
from app.assessment.models import InspectionEntry, InspectionPrivate
from app.supervision.models import Card, Order

__all__ = [
    "EntryRow",
    "Filters",
    "applications_there",
    "entries_of",
    "inspections_page",
    "is_card_of",
    "is_order_of",
    "sealed_name",
    "with_sealed",
]


class EntryRow(NamedTuple):
    """An entry as it is stored."""

    inspection: str
    seq: int
    quarter: str
    department: str
    section: str | None
    officer: str | None
    body: bytes
    recorded_at: datetime


COLUMNS = tuple(getattr(InspectionEntry, name) for name in EntryRow._fields)


class Filters(NamedTuple):
    """What the list is narrowed by."""

    department: str | None = None
    quarter: str | None = None


def sealed_name(inspection: str, seq: int) -> bytes:
    """The place for which the private part of an entry is sealed."""
    return f"inspection/{inspection}/{seq}".encode()


def with_sealed() -> Select[Any]:  # the columns of an entry and one more
    """Entries, each with what is sealed beside it."""
    same = and_(
        InspectionPrivate.inspection == InspectionEntry.inspection, InspectionPrivate.seq == InspectionEntry.seq
    )
    return select(*COLUMNS, InspectionPrivate.sealed).outerjoin(InspectionPrivate, same)


async def entries_of(tx: AsyncConnection, ids: Sequence[str]) -> list[tuple[EntryRow, bytes | None]]:
    """The entries of these inspections, in their order."""
    wanted = with_sealed().where(InspectionEntry.inspection.in_(ids))
    rows = await tx.execute(wanted.order_by(InspectionEntry.inspection, InspectionEntry.seq))
    return [(EntryRow(*row[:-1]), row[-1]) for row in rows]


async def inspections_page(
    tx: AsyncConnection,
    filters: Filters,
    after: tuple[datetime, str] | None,
    limit: int,
    *,
    seen: ColumnElement[bool],
) -> list[tuple[datetime, str]]:
    """When each of a page was recorded, and its id; the newest first."""
    wanted: list[ColumnElement[bool]] = [InspectionEntry.seq == 1, seen]
    if filters.department is not None:
        wanted.append(InspectionEntry.department.in_(below(filters.department)))
    if filters.quarter is not None:
        wanted.append(InspectionEntry.quarter == filters.quarter)
    place = (InspectionEntry.recorded_at, InspectionEntry.inspection)
    if after is not None:
        at, id_ = (literal(value, column.type) for value, column in zip(after, place, strict=True))
        wanted.append(tuple_(*place) < tuple_(at, id_))
    page = select(*place).where(*wanted).order_by(*(column.desc() for column in place)).limit(limit)
    return [(at, id_) for at, id_ in await tx.execute(page)]


async def applications_there(tx: AsyncConnection, numbers: Sequence[str]) -> frozenset[str]:
    """Those of these applications that there are."""
    return frozenset((await tx.execute(select(Application.number).where(Application.number.in_(numbers)))).scalars())


async def is_order_of(tx: AsyncConnection, order: str, department: str) -> bool:
    """Whether there is such an order to a department or one below it."""
    wanted = exists().where(Order.id == order, Order.department.in_(below(department)))
    return bool((await tx.execute(select(wanted))).scalar())


async def is_card_of(tx: AsyncConnection, card: str, department: str) -> bool:
    """Whether there is such a card of a department or one below it."""
    wanted = exists().where(Card.id == card, Card.department.in_(below(department)))
    return bool((await tx.execute(select(wanted))).scalar())
