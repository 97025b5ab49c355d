"""The lists near the present, read from the open ends of the record alone: statements kept by their shape."""

from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)

from app.access.models import DepartmentTree
from app.applications.models import Application, SpanRow
from app.kit.columns import Instant
from app.kit.db import Database
from app.kit.statements import Hot
from app.overdue.selection import (
    AT,
    COLUMNS,
    FILTERED,
    IDENTITY,
    IN_TIME,
    OF_AGENCY,
    OPEN_END,
    ORDER,
    RUNNING,
    Entry,
    ListKind,
    Moment,
    Place,
    Selection,
    entry_of,
    is_held,
    is_lit,
    with_view,
)

__all__ = ["near_crossing", "near_entries", "shape_of", "values_of"]


class Shape(NamedTuple):
    """What of a question decides the text of its statement; the values come beside it."""

    kind: ListKind
    equal: tuple[str, ...]
    unnamed: tuple[str, ...]
    has_department: bool
    is_scoped: bool
    goes_on: bool = False
    has_last_day: bool = False
    limit: int = 0


def shape_of(selection: Selection) -> Shape:
    """The shape of a selection of the agency's clocks."""
    given = {name: getattr(selection, name) for name in FILTERED}
    return Shape(
        selection.kind,
        tuple(name for name, value in given.items() if value or (value is not None and name == "stage")),
        tuple(name for name in ("section", "officer") if given[name] == ""),
        selection.department is not None,
        selection.reader.is_scoped,
    )


def values_of(selection: Selection) -> dict[str, Any]:
    """The values of a selection, by the names under which its statements want them."""
    given: dict[str, Any] = {name: getattr(selection, name) for name in FILTERED}
    return given | {"of_department": selection.department, "of_reader": selection.reader.department}


def bound(shape: Shape) -> list[ColumnElement[bool]]:
    """The open ends of the agency's clocks, narrowed by what the shape says, the values left open."""
    wanted: list[ColumnElement[bool]] = [OPEN_END, RUNNING, OF_AGENCY]
    wanted += [FILTERED[name] == bindparam(name) for name in shape.equal]
    wanted += [FILTERED[name].is_(None) for name in shape.unnamed]
    for name in ["of_department"] * shape.has_department + ["of_reader"] * shape.is_scoped:
        inside = select(DepartmentTree.descendant).where(DepartmentTree.ancestor == bindparam(name))
        wanted.append(SpanRow.department.in_(inside))
    return wanted


@lru_cache(maxsize=512)
def near_page(shape: Shape) -> Hot:
    """A page of the open ends, in the order of their index."""
    wanted = [*bound(shape), SpanRow.from_at <= AT, is_held(AT)]
    if shape.kind is ListKind.OVERDUE:
        wanted.append(is_lit(shape.kind, AT))
    else:  # `= false` hides the due instant from SQLite, which would else walk along it; PostgreSQL sees through it
        wanted += [SpanRow.yellow_at <= AT, (SpanRow.due_at <= AT) == false()]
    if shape.goes_on:
        wanted.append(
            tuple_(*ORDER) > tuple_(*(bindparam(f"after_{column.key}", type_=column.type) for column in ORDER))
        )
    if shape.has_last_day:
        wanted.append(or_(SpanRow.due_on <= bindparam("last_day"), IN_TIME))
    if shape.kind is ListKind.DUE_SOON:
        wanted = [tuple_(*IDENTITY).in_(yellow_ones(wanted, shape.limit))]
    page = select(*COLUMNS).where(*wanted).order_by(*ORDER).limit(literal_column(str(shape.limit)))
    return Hot(with_view(page.subquery()))


def yellow_ones(wanted: list[ColumnElement[bool]], limit: int) -> Select[*tuple[Any, ...]]:
    """The keys of the first yellow clocks, found among those that have turned yellow.

    Walking the due instants would end soon only where many are yellow: without one it would pass by all that is open.
    """
    turned = (
        select(*ORDER, SpanRow.from_at).where(*wanted).cte("turned").prefix_with("MATERIALIZED", dialect="postgresql")
    )
    due_at, *rest = (turned.c[column.key] for column in ORDER)
    in_order = (
        func.coalesce(due_at, due_at),
        *rest,
    )  # an expression, so that SQLite does not walk an index for its order
    first = select(*(turned.c[column.key] for column in IDENTITY)).order_by(*in_order)
    return first.limit(literal_column(str(limit)))


@lru_cache(maxsize=512)
def near_crossing(shape: Shape) -> Hot:
    """The next instant at which time alone turns one of the open ends red; where yellow counts, or yellow.

    Or at which silence ends or begins a clock, of whichever application.
    """
    crossings = [SpanRow.due_at] if shape.kind is ListKind.OVERDUE else [SpanRow.due_at, SpanRow.yellow_at]
    until = bindparam("until", type_=Instant)
    first = [
        select(column.label("at"))
        .where(*bound(shape), column > AT, column <= until)
        .order_by(column)
        .limit(literal_column("1"))
        for column in crossings
    ]
    silence = select(SpanRow.to_at.label("at")).where(OPEN_END, SpanRow.to_at > AT, SpanRow.to_at <= until)
    first.append(silence.order_by(SpanRow.to_at).limit(literal_column("1")))
    return Hot(union_all(*(select(each.subquery()) for each in first)))


LAST_WRITTEN = Hot(
    select(Application.recorded_at)
    .order_by(Application.recorded_at.desc(), Application.number.desc())
    .limit(literal_column("1"))
)


async def near_entries(
    db: Database, selection: Selection, moment: Moment, *, after: Place | None, limit: int, due_by: int | None
) -> list[Entry] | None:
    """The page as the open ends alone tell it; None when something was written since, and they do not tell all."""
    at = moment.at
    shape = shape_of(selection)._replace(goes_on=after is not None, has_last_day=due_by is not None, limit=limit)
    values = values_of(selection) | {"at": at, "last_day": due_by}
    if after is not None:
        values |= {f"after_{name}": value for name, value in after._asdict().items()}
    rows = await db.rows(near_page(shape), values)
    written = await db.rows(LAST_WRITTEN, {})  # asked after the page was read, so that it holds for the page
    if written and written[0][0] > min(at, moment.known_at or at):
        return None
    return [entry_of(row) for row in rows]
