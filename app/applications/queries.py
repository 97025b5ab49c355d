"""All that is asked of the record: heads and events to open a dossier, spans at an instant, one application, lists."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.access.actor import Actor
from app.access.scope import within
from app.applications import events
from app.applications.events import NOTHING, Fact, Stored
from app.applications.history import Opened, changed, dossier_of
from app.applications.models import Application, Event, EventPrivate, ExternalRef, SpanRow, StretchRow
from app.applications.projection import PARTIES, STATES, UNITS, Head, Holder, read_instant
from app.applications.public_view import SEEN_TYPES
from app.applications.shown import Shown, clock_json, clocks_at
from app.applications.silence import Withdrawal, withdrawals
from app.calendars import catalogue
from app.domain.spans import Span, Warning_
from app.domain.steps import Status, StepType
from app.domain.units import Limit
from app.items.queries import pinned
from app.kit.db import execute
from app.kit.sealing import Sealer
from app.kit.statements import Hot

__all__ = [
    "HEAD_COLUMNS",
    "LATE_AFTER",
    "SPAN_COLUMNS",
    "Found",
    "amendments_of",
    "clock_json",
    "covered",
    "covering",
    "events_of",
    "fact",
    "fact_of",
    "find",
    "find_at",
    "heads",
    "is_seen",
    "is_taken",
    "keep_ref",
    "known_ref",
    "load",
    "newest_record",
    "query_code_hash",
    "receipts_of",
    "seen_by",
    "show",
    "span_of",
    "spans_at",
    "steps_of",
    "undone",
    "view_name",
]

LATE_AFTER = timedelta(minutes=5)
"""Up to this far back a step is no late entry."""

REF: dict[str, Any] = {name: bindparam(name) for name in ("source", "ref", "number", "fingerprint")}
KEEP_REF = {
    "postgresql": postgresql.insert(ExternalRef).values(REF).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(ExternalRef).values(REF).on_conflict_do_nothing(),
}
TAKEN = Hot(select(Application.number).where(Application.number == bindparam("number")))

HEAD_COLUMNS = tuple(getattr(Application, name) for name in Head._fields)

HEADS = (
    select(*HEAD_COLUMNS)
    .where(Application.number.in_(bindparam("numbers", expanding=True)))
    .order_by(Application.number)
)
LOCKED_HEADS = HEADS.with_for_update(key_share=True)
HEAD = select(*HEAD_COLUMNS).where(Application.number == bindparam("number"))
ONE_HEAD = Hot(HEAD)
ONE_LOCKED_HEAD = Hot(HEAD.with_for_update(key_share=True))

SEALED_TYPES = sorted(str(member) for member in SEEN_TYPES)
OPENED = (
    select(Event.number, Event.seq, Event.body, EventPrivate.sealed)
    .outerjoin(
        EventPrivate,
        and_(
            EventPrivate.number == Event.number,
            EventPrivate.seq == Event.seq,
            or_(*(Event.type == literal(type_) for type_ in SEALED_TYPES)),
        ),
    )
    .order_by(Event.number, Event.seq)
)
EVENTS = OPENED.where(Event.number.in_(bindparam("numbers", expanding=True)))
ONE_EVENTS = Hot(OPENED.where(Event.number == bindparam("number")))


async def heads(tx: AsyncConnection, numbers: Sequence[str], *, lock: bool) -> list[Head]:
    """The heads of these applications, in order; with `lock` nobody else appends to them meanwhile."""
    rows: Iterable[Sequence[Any]]
    if len(numbers) == 1:
        rows = await execute(tx, ONE_LOCKED_HEAD if lock else ONE_HEAD, {"number": numbers[0]})
    else:
        rows = (await tx.execute(LOCKED_HEADS if lock else HEADS, {"numbers": list(numbers)})).all()
    return [Head(*row) for row in rows]


async def events_of(tx: AsyncConnection, numbers: Sequence[str]) -> Sequence[Sequence[Any]]:
    """Number, seq and body of each event, and what is sealed beside those that the public view shows."""
    if len(numbers) == 1:
        return await execute(tx, ONE_EVENTS, {"number": numbers[0]})
    return (await tx.execute(EVENTS, {"numbers": list(numbers)})).all() if numbers else []


async def load(tx: AsyncConnection, numbers: Sequence[str], *, sealer: Sealer | None, lock: bool) -> list[Opened]:
    """The applications of `numbers` with all that is on record of them: two statements, however many."""
    rows = await heads(tx, numbers, lock=lock)
    facts: dict[str, list[Fact]] = {head.number: [] for head in rows}
    for number, seq, body, sealed in await events_of(tx, list(facts)):
        facts[number].append(fact_of(number, seq, body, sealed, sealer))
    opened = []
    for head in rows:
        mine = tuple(facts[head.number])
        item = await pinned(tx, head.item, head.item_version)
        opened.append(Opened(head.number, head, dossier_of(item.item, head.number, mine), item, mine))
    return opened


def fact_of(number: str, seq: int, body: bytes, sealed: bytes | None, sealer: Sealer | None) -> Fact:
    """An event read back; what is sealed is opened only with a sealer."""
    stated = json.loads(body)
    private: Stored = NOTHING
    if sealed is not None and sealer is not None:
        private = events.values_of(sealer.open(sealed, events.sealed_name(number, seq)))
    return Fact(events.step_of(number, seq, stated), stated, private)


def view_name(number: str) -> bytes:
    """What the public view of an application is bound to."""
    return f"public_view {number}".encode()


def query_code_hash(sealer: Sealer, number: str, code: str) -> bytes:
    """The keyed digest by which a query code is known again; `code` is folded (`tracking_number.fold_query_code`)."""
    return sealer.mac("query_code", f"{number} {code}".encode())


# Spans

SPAN_COLUMNS = (
    SpanRow.clock,
    SpanRow.stage,
    SpanRow.round,
    SpanRow.from_at,
    SpanRow.to_at,
    SpanRow.state,
    SpanRow.party,
    SpanRow.limit_amount,
    SpanRow.limit_unit,
    SpanRow.extended,
    SpanRow.total,
    SpanRow.started_on,
    SpanRow.started_at,
    SpanRow.counts_from,
    SpanRow.used_before,
    SpanRow.due_on,
    SpanRow.due_at,
    SpanRow.latest_due_on,
    SpanRow.yellow_at,
    SpanRow.warnings,
    SpanRow.after,
    SpanRow.stopped_at,
    SpanRow.provisional,
    SpanRow.fixed,
    SpanRow.calendar,
    SpanRow.revision,
    SpanRow.legal_basis,
)
"""What `span_of` reads, to be selected first and in this order."""


def span_of(row: Sequence[Any]) -> Span:
    """The span of a row that begins with `SPAN_COLUMNS`."""
    amount = row[7]
    return Span(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        STATES[row[5]],
        PARTIES[row[6]],
        None if amount is None else Limit(amount, UNITS[row[8]]),
        row[9],
        row[10],
        row[11],
        row[12],
        row[13],
        row[14],
        row[15],
        row[16],
        row[17],
        row[18],
        tuple([Warning_(rung, read_instant(at)) for rung, at in row[19]]),
        tuple(row[20]),
        row[21],
        row[22],
        row[23],
        row[24],
        row[25],
        row[26],
    )


def covering(at: datetime) -> ColumnElement[bool]:
    """The spans that cover an instant."""
    return and_(SpanRow.from_at <= at, or_(SpanRow.to_at.is_(None), SpanRow.to_at > at))


async def spans_at(tx: AsyncConnection, numbers: Sequence[str], at: datetime) -> dict[str, list[Span]]:
    """The spans of these applications that cover an instant."""
    found: dict[str, list[Span]] = {number: [] for number in numbers}
    rows = await tx.execute(select(*SPAN_COLUMNS, SpanRow.number).where(SpanRow.number.in_(numbers), covering(at)))
    for row in rows:
        found[row[-1]].append(span_of(row))
    return found


# One application


class Found(NamedTuple):
    """One row of the list."""

    head: Head
    status: str
    holder: Holder


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """The applications that an actor may read: what his department, or one below it, holds or held."""
    if not actor.is_scoped:
        return within(actor, Application.department)
    held_once = aliased(StretchRow)
    once = exists().where(held_once.number == Application.number, within(actor, held_once.department))
    return or_(within(actor, Application.department), once)


async def find(tx: AsyncConnection, actor: Actor, number: str) -> Head | None:
    """The application, if it exists and the actor may read it."""
    row = (await tx.execute(select(*HEAD_COLUMNS).where(Application.number == number, seen_by(actor)))).first()
    return None if row is None else Head(*row)


async def find_at(tx: AsyncConnection, actor: Actor, number: str, at: datetime) -> Found | None:
    """The same with status and holder at an instant; before the receipt `not_received`, by the holder of now."""
    head = await find(tx, actor, number)
    if head is None:
        return None
    stood = select(StretchRow.status, StretchRow.department, StretchRow.section, StretchRow.officer)
    row = (await tx.execute(stood.where(StretchRow.number == number, *covered(at)))).first()
    if row is None:
        return Found(head, str(Status.NOT_RECEIVED), Holder(head.department, head.section, head.officer))
    return Found(head, row[0], Holder(*row[1:]))


async def show(tx: AsyncConnection, found: Sequence[Found], at: datetime, *, sealer: Sealer | None) -> list[Shown]:
    """These applications with their clocks at an instant; with a `sealer` applicant and subject, too."""
    numbers = [one.head.number for one in found]
    spans = await spans_at(tx, numbers, at)
    receipts = {} if sealer is None else await receipts_of(tx, numbers, sealer)
    shown = []
    for head, status, holder in found:
        item = await pinned(tx, head.item, head.item_version)
        clocks = clocks_at(item.item, spans[head.number], catalogue.named(head.calendar), at)
        shown.append(Shown(head, item, status, holder, clocks, receipts.get(head.number, NOTHING), at))
    return shown


async def is_seen(tx: AsyncConnection, actor: Actor, number: str) -> bool:
    """Whether the actor may read an application."""
    return (
        await tx.execute(select(literal(1)).where(Application.number == number, seen_by(actor)))
    ).first() is not None


def covered(at: datetime) -> tuple[ColumnElement[bool], ...]:
    """The stretches that cover an instant."""
    return StretchRow.from_at <= at, or_(StretchRow.to_at.is_(None), StretchRow.to_at > at)


async def receipts_of(tx: AsyncConnection, numbers: Sequence[str], sealer: Sealer) -> dict[str, Stored]:
    """What is sealed of the receipt of these applications as it stands: applicant, subject."""
    rows = await tx.execute(
        select(EventPrivate.number, EventPrivate.sealed).where(EventPrivate.number.in_(numbers), EventPrivate.seq == 1)
    )
    found: dict[str, Stored] = {
        number: events.values_of(sealer.open(sealed, events.sealed_name(number, 1))) for number, sealed in rows
    }
    for number, amendments in (await amendments_of(tx, numbers, sealer)).items():
        for _, body, private in amendments:
            if body["step"] == events.step_id(number, 1):
                found[number] = changed(found.get(number, NOTHING), private.get("replaces") or NOTHING)
    return found


async def steps_of(
    tx: AsyncConnection,
    number: str,
    sealer: Sealer,
    *,
    after: int,
    until: datetime | None,
    limit: int,
    known_at: datetime | None = None,
) -> list[tuple[Fact, bytes]]:
    """The steps that happened by `until` and were recorded by `known_at`, with their hashes, in that order.

    An amendment and an edition applied count from when on they change history.
    """
    wanted = [Event.number == number, Event.seq > after]
    if until is not None:
        wanted.append(func.coalesce(Event.rewrites_from, Event.occurred_at) <= until)
    if known_at is not None:
        wanted.append(Event.recorded_at <= known_at)
    rows = await tx.execute(
        select(Event.seq, Event.body, EventPrivate.sealed, Event.hash)
        .outerjoin(EventPrivate, and_(EventPrivate.number == Event.number, EventPrivate.seq == Event.seq))
        .where(*wanted)
        .order_by(Event.seq)
        .limit(limit)
    )
    return [(fact_of(number, seq, body, sealed, sealer), digest) for seq, body, sealed, digest in rows]


async def undone(tx: AsyncConnection, number: str, facts: Sequence[Fact], known_at: datetime) -> dict[str, Withdrawal]:
    """Of the effects of silence among these facts those that no longer stand, and why."""
    if all(fact.step.type is not StepType.DEEMED for fact in facts):
        return {}
    rows = await events_of(tx, [number])
    read = (fact_of(number, seq, body, None, None) for number, seq, body, _ in rows)
    return withdrawals(fact for fact in read if fact.step.recorded_at is None or fact.step.recorded_at <= known_at)


async def fact(tx: AsyncConnection, number: str, seq: int, sealer: Sealer) -> Fact:
    """One recorded step with all that is sealed of it."""
    [(found, _)] = await steps_of(tx, number, sealer, after=seq - 1, until=None, limit=1)
    return found


async def amendments_of(tx: AsyncConnection, numbers: Sequence[str], sealer: Sealer | None) -> dict[str, list[Fact]]:
    """The amendments of these applications, in the order of recording."""
    found: dict[str, list[Fact]] = {number: [] for number in numbers}
    rows = await tx.execute(
        select(Event.number, Event.seq, Event.body, EventPrivate.sealed)
        .outerjoin(EventPrivate, and_(EventPrivate.number == Event.number, EventPrivate.seq == Event.seq))
        .where(Event.number.in_(numbers), Event.type == "amend")
        .order_by(Event.number, Event.seq)
    )
    for number, seq, body, sealed in rows:
        found[number].append(fact_of(number, seq, body, sealed, sealer))
    return found


async def newest_record(tx: AsyncConnection) -> datetime | None:
    """When the last event of all was recorded; a clock that is set may not start before it."""
    return (await tx.execute(select(func.max(Application.recorded_at)))).scalar()


async def known_ref(tx: AsyncConnection, source: str, ref: str) -> str | None:
    """The application that a neighbouring system's reference names."""
    return (
        await tx.execute(select(ExternalRef.number).where(ExternalRef.source == source, ExternalRef.ref == ref))
    ).scalar()


async def keep_ref(tx: AsyncConnection, source: str, ref: str, number: str, fingerprint: bytes) -> bool:
    """Let a reference name an application; False when it names one already, whoever came first meanwhile."""
    row = {"source": source, "ref": ref, "number": number, "fingerprint": fingerprint}
    return (await tx.execute(KEEP_REF[tx.dialect.name], row)).rowcount == 1


async def is_taken(tx: AsyncConnection, number: str) -> bool:
    """Whether an application has this number."""
    return bool(await execute(tx, TAKEN, {"number": number}))
