"""The statements by which applications are carried over: of a set at once on PostgreSQL, one by one on SQLite."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    DateTime,
    Executable,
    Insert,
    Integer,
    LargeBinary,
    Text,
    Update,
    bindparam,
    cast,
    column,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import NamedFromClause
from sqlalchemy.types import TypeEngine

from app.applications.models import Application, Event, PublicView, SpanRow
from app.kit.db import execute
from app.kit.statements import Hot

__all__ = [
    "ADD_EVENT",
    "ADD_SPAN",
    "AGAIN_ARRAYS",
    "CARRY",
    "CUT_SPAN",
    "HEAD_ARRAYS",
    "LOCKED",
    "LOCKED_ON_SQLITE",
    "MOVE_HEAD",
    "MOVE_SPAN",
    "MOVE_VIEW",
    "PAUSES",
    "PAUSES_ON_SQLITE",
    "RECORDED",
    "RECORDED_ON_SQLITE",
    "SPAN_ARRAYS",
    "VIEWS",
    "VIEWS_ON_SQLITE",
    "all_of",
    "columns",
]

_AT = DateTime(timezone=True)
HEAD_ARRAYS: dict[str, TypeEngine[Any]] = {
    "of_number": Text(),
    "of_version": Integer(),
    "of_hash": LargeBinary(),
    "of_look": _AT,
    "of_sealed": LargeBinary(),
}
SPAN_ARRAYS: dict[str, TypeEngine[Any]] = {
    "of_number": Text(),
    "of_clock": Text(),
    "of_stage": Text(),
    "of_round": Integer(),
    "of_from_at": _AT,
    "of_to_at": _AT,
    "of_due_on": Integer(),
    "of_due_at": _AT,
    "of_latest_due_on": Integer(),
    "of_yellow_at": _AT,
    "of_warnings": Text(),
    "of_after": Text(),
    "of_provisional": Boolean(),
    "of_moved": Integer(),
}
AGAIN_ARRAYS = SPAN_ARRAYS | {"of_again_at": _AT, "of_counts_from": BigInteger()}
FRESH = ("due_on", "due_at", "latest_due_on", "yellow_at", "warnings", "after", "provisional")
"""What of a span the edition may change, beside its number and the state of its calendar."""


def _set(part: str, arrays: Mapping[str, TypeEngine[Any]]) -> NamedFromClause:
    """Rows out of one array for each column, as `columns` gives them for a part."""
    named = [bindparam(f"{part}_{name}", type_=postgresql.ARRAY(type_)) for name, type_ in arrays.items()]
    rows = func.unnest(*named).table_valued(*(column(name, type_) for name, type_ in arrays.items()))
    return rows.render_derived(name=f"fresh_{part}")


def columns(part: str, rows: Sequence[Mapping[str, Any]], arrays: Mapping[str, object]) -> dict[str, list[Any]]:
    """One array for each column out of rows."""
    return {f"{part}_{name}": [row[name] for row in rows] for name in arrays}


def _cut_spans() -> Insert:
    """The spans end with the publication, and go on as they are shown from there on."""
    fresh = _set("cut", SPAN_ARRAYS)
    kept = [one for one in SpanRow.__table__.columns if one.name not in {*FRESH, "from_at", "to_at", "open"}]
    cut = (
        update(SpanRow)
        .where(
            SpanRow.number == fresh.c.of_number,
            SpanRow.clock == fresh.c.of_clock,
            SpanRow.stage == fresh.c.of_stage,
            SpanRow.round == fresh.c.of_round,
            SpanRow.from_at == fresh.c.of_from_at,
        )
        .values(to_at=bindparam("at", type_=_AT), open=False)
        .returning(*kept, *(fresh.c[f"of_{name}"] for name in ("to_at", *FRESH, "moved")))
        .cte("cut")
    )
    shown = {one.name: cut.c[one.name] for one in kept} | {name: cut.c[f"of_{name}"] for name in ("to_at", *FRESH)}
    shown |= {name: cast(shown[name], JSON()) for name in ("warnings", "after")}
    shown |= {
        "from_at": bindparam("at", type_=_AT),
        "open": cut.c.state == "running",
        "calendar": bindparam("calendar", type_=Text()),
        "revision": cut.c.revision + cut.c.of_moved,
    }
    return insert(SpanRow).from_select([*shown], select(*shown.values()))


def _move_spans() -> Update:
    """The spans in which clocks run again after a pause begin at another instant, and show something else."""
    fresh = _set("again", AGAIN_ARRAYS)
    shown: dict[str, Any] = {name: fresh.c[f"of_{name}"] for name in (*FRESH, "counts_from")}
    shown |= {name: cast(shown[name], JSON()) for name in ("warnings", "after")}
    return (
        update(SpanRow)
        .where(
            SpanRow.number == fresh.c.of_number,
            SpanRow.clock == fresh.c.of_clock,
            SpanRow.stage == fresh.c.of_stage,
            SpanRow.round == fresh.c.of_round,
            SpanRow.from_at == fresh.c.of_from_at,
        )
        .values(
            from_at=fresh.c.of_again_at,
            calendar=bindparam("calendar", type_=Text()),
            revision=SpanRow.revision + fresh.c.of_moved,
            **shown,
        )
    )


def _add_events(fresh: NamedFromClause) -> Insert:
    """The same record on each of a set of applications."""
    stated = {
        "number": fresh.c.of_number,
        "seq": fresh.c.of_version,
        "type": bindparam("type", type_=Text()),
        "occurred_at": bindparam("at", type_=_AT),
        "recorded_at": bindparam("now", type_=_AT),
        "rewrites_from": bindparam("rewrites_from", type_=_AT),
        "algorithm": bindparam("algorithm", type_=Integer()),
        "body": cast(bindparam("body", type_=LargeBinary()), LargeBinary()),
        "hash": fresh.c.of_hash,
    }
    return insert(Event).from_select([*stated], select(*stated.values()))


def _moving() -> dict[str, Any]:
    """What moves of every head alike."""
    return {
        "calendar": bindparam("calendar", type_=Text()),
        "recorded_at": bindparam("now", type_=Application.recorded_at.type),
        "rewritten_at": func.coalesce(
            bindparam("rewritten_at", type_=Application.recorded_at.type), Application.rewritten_at
        ),
    }


def _carry() -> Hot:
    """All of it in one statement: each saves a way there and back while the applications are locked."""
    fresh = _set("head", HEAD_ARRAYS)
    heads = update(Application).where(Application.number == fresh.c.of_number)
    heads = heads.values(
        version=fresh.c.of_version, head_hash=fresh.c.of_hash, next_look_at=fresh.c.of_look, **_moving()
    )
    views = update(PublicView).where(PublicView.number == fresh.c.of_number).values(sealed=fresh.c.of_sealed)
    beside = (heads.cte("heads"), views.cte("views"), _add_events(fresh).cte("added"), _move_spans().cte("again"))
    return Hot(_cut_spans().add_cte(*beside))


CARRY = _carry()

OF_NUMBER = bindparam("of_number", type_=Text())
MOVE_HEAD = Hot(
    update(Application)
    .where(Application.number == OF_NUMBER)
    .values(
        version=bindparam("of_version"), head_hash=bindparam("of_hash"), next_look_at=bindparam("of_look"), **_moving()
    )
)
MOVE_VIEW = Hot(update(PublicView).where(PublicView.number == OF_NUMBER).values(sealed=bindparam("of_sealed")))
ADD_EVENT = Hot(
    insert(Event).values(
        number=OF_NUMBER,
        seq=bindparam("of_version"),
        type=bindparam("type"),
        occurred_at=bindparam("at"),
        recorded_at=bindparam("now"),
        rewrites_from=bindparam("rewrites_from"),
        algorithm=bindparam("algorithm"),
        body=bindparam("body"),
        hash=bindparam("of_hash"),
    )
)
OF_SPAN = (
    SpanRow.number == OF_NUMBER,
    SpanRow.clock == bindparam("of_clock"),
    SpanRow.stage == bindparam("of_stage"),
    SpanRow.round == bindparam("of_round"),
    SpanRow.from_at == bindparam("of_from_at"),
)
MOVE_SPAN = Hot(
    update(SpanRow)
    .where(*OF_SPAN)
    .values(
        {
            **{name: bindparam(f"of_{name}") for name in (*FRESH, "counts_from") if name not in ("warnings", "after")},
            "warnings": bindparam("of_warnings", type_=Text()),
            "after": bindparam("of_after", type_=Text()),
            "from_at": bindparam("of_again_at"),
            "calendar": bindparam("calendar"),
            "revision": SpanRow.revision + bindparam("of_moved", type_=Integer()),
        }
    )
)
CUT_SPAN = Hot(update(SpanRow).where(*OF_SPAN).values(to_at=bindparam("at"), open=False))


def _add_span() -> Hot:
    shown: dict[str, Any] = {one.name: one for one in SpanRow.__table__.columns}
    shown |= {name: bindparam(f"of_{name}", type_=shown[name].type) for name in ("to_at", *FRESH)}
    shown |= {
        "from_at": bindparam("at", type_=SpanRow.from_at.type),
        "open": SpanRow.state == "running",
        "warnings": bindparam("of_warnings", type_=Text()),
        "after": bindparam("of_after", type_=Text()),
        "calendar": bindparam("calendar", type_=Text()),
        "revision": SpanRow.revision + bindparam("of_moved", type_=Integer()),
    }
    return Hot(insert(SpanRow).from_select([*shown], select(*shown.values()).where(*OF_SPAN)))


ADD_SPAN = _add_span()

NUMBERS: Any = func.any(bindparam("numbers", type_=postgresql.ARRAY(Text())))
AMONG: Any = bindparam("numbers", expanding=True)
HEADS = select(Application.number, Application.version, Application.head_hash, Application.next_look_at).order_by(
    Application.number
)
LOCKED = Hot(HEADS.where(Application.number == NUMBERS).with_for_update(key_share=True))
LOCKED_ON_SQLITE = HEADS.where(Application.number.in_(AMONG))
OF_EVENTS = select(Event.number, Event.type, Event.occurred_at).order_by(Event.number, Event.seq)
RECORDED = Hot(OF_EVENTS.where(Event.number == NUMBERS))
RECORDED_ON_SQLITE = OF_EVENTS.where(Event.number.in_(AMONG))
OF_PAUSES = select(Event.number, Event.seq, Event.body).where(
    or_(Event.type == literal("pause"), Event.type == literal("amend"))
)
PAUSES = Hot(OF_PAUSES.where(Event.number == NUMBERS))
PAUSES_ON_SQLITE = OF_PAUSES.where(Event.number.in_(AMONG))
OF_VIEWS = select(PublicView.number, PublicView.sealed)
VIEWS = Hot(OF_VIEWS.where(PublicView.number == NUMBERS))
VIEWS_ON_SQLITE = OF_VIEWS.where(PublicView.number.in_(AMONG))


async def all_of(
    tx: AsyncConnection, hot: Hot, on_sqlite: Executable, numbers: Sequence[str]
) -> Sequence[Sequence[Any]]:
    """What a statement says of these applications."""
    if tx.dialect.name == "postgresql":
        return await execute(tx, hot, {"numbers": list(numbers)})
    rows: Sequence[Sequence[Any]] = (await tx.execute(on_sqlite, {"numbers": list(numbers)})).all()
    return rows
