"""The list of applications: filters, a page by keyset, and what a typed text names."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import Actor
from app.access.scope import below
from app.applications.models import Application, SpanRow, StretchRow
from app.applications.projection import Head, Holder
from app.applications.queries import HEAD_COLUMNS, Found, covered, covering, seen_by
from app.domain.tracking_number import Malformed, parse

__all__ = ["Filters", "is_named", "named", "page"]


class Filters(NamedTuple):
    """What the list of applications narrows by; status, holder and light are those at `at`."""

    at: datetime
    status: str | None = None
    item: str | None = None
    department: str | None = None
    section: str | None = None
    officer: str | None = None
    light: str | None = None
    project_code: str | None = None
    received_from: date | None = None
    received_to: date | None = None
    q: str | None = None


async def page(
    tx: AsyncConnection,
    actor: Actor,
    filters: Filters,
    *,
    after: tuple[datetime, str] | None,
    limit: int,
    told: Sequence[ColumnElement[bool]] = (),
    known_at: datetime | None = None,
) -> list[Found]:
    """A page of applications, the newest first: by `submitted_at`, then number, both descending.

    `known_at`: only those that were known then, of which what is stored tells how they stood (`told`).
    """
    chosen = select_page(actor, filters, after)
    if known_at is not None:
        chosen = chosen.where(Application.known_from <= known_at, *told)
    rows = await tx.execute(chosen.limit(limit))
    width = len(Head._fields)
    return [Found(Head(*row[:width]), row[width], Holder(*row[width + 1 :])) for row in rows]


def select_page(actor: Actor, filters: Filters, after: tuple[datetime, str] | None) -> Select[Any]:
    """The statement of a page: a walk down ix_applications_submitted_at, the stretch at the instant joined."""
    at = filters.at
    wanted: list[ColumnElement[bool]] = [seen_by(actor), Application.submitted_at <= at]
    equal: Mapping[Any, str | None] = {
        StretchRow.status: filters.status,
        StretchRow.section: filters.section,
        StretchRow.officer: filters.officer,
        Application.item: filters.item,
        Application.project_code: filters.project_code,
    }
    wanted += [column == value for column, value in equal.items() if value is not None]
    if filters.department is not None:
        wanted.append(StretchRow.department.in_(below(filters.department)))
    if filters.received_from is not None:
        wanted.append(Application.received_on >= filters.received_from)
    if filters.received_to is not None:
        wanted.append(Application.received_on <= filters.received_to)
    if filters.light is not None:
        wanted.append(shows(filters.light, at))
    if filters.q is not None:
        wanted.append(named(filters.q))
    if after is not None:
        place = tuple_(literal(after[0], Application.submitted_at.type), literal(after[1]))
        wanted.append(tuple_(Application.submitted_at, Application.number) < place)
    return (
        select(*HEAD_COLUMNS, StretchRow.status, StretchRow.department, StretchRow.section, StretchRow.officer)
        .join(StretchRow, and_(StretchRow.number == Application.number, *covered(at)))
        .where(*wanted)
        .order_by(Application.submitted_at.desc(), Application.number.desc())
    )


def shows(light: str, at: datetime) -> ColumnElement[bool]:
    """The worst light of the agency's running clocks at an instant, as a condition."""
    running = and_(
        SpanRow.number == Application.number, SpanRow.state == "running", SpanRow.party == "agency", covering(at)
    )
    red = exists().where(running, SpanRow.due_at <= at)
    if light == "red":
        return red
    yellow = exists().where(running, SpanRow.yellow_at <= at)
    if light == "yellow":
        return and_(~red, yellow)
    if light == "green":
        return and_(exists().where(running), ~red, ~yellow)
    return false()


def named(text: str) -> ColumnElement[bool]:
    """A tracking number, or the beginning of one, of an external reference or of a project code."""
    typed = text.strip()
    begins = [
        func.substr(column, 1, len(typed)) == typed for column in (Application.external_ref, Application.project_code)
    ]
    try:
        return or_(Application.number == parse(typed), *begins)
    except Malformed:
        return or_(func.substr(Application.number, 1, len(typed)) == typed.upper(), *begins)


def is_named(text: str, head: Head) -> bool:
    """The same of an application at hand."""
    typed = text.strip()
    if any((value or "").startswith(typed) for value in (head.external_ref, head.project_code)):
        return True
    try:
        return head.number == parse(typed)
    except Malformed:
        return head.number.startswith(typed.upper())
