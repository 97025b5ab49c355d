"""All that is asked of the record: heads and events to open a dossier, spans at an instant, one application, lists."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, false, func, literal, or_, select, true, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.access.actor import Actor
from app.access.scope import below, within
from app.applications import events
from app.applications.events import NOTHING, Fact, Stored
from app.applications.models import Application, Event, EventPrivate, ExternalRef, PublicView, SpanRow, StretchRow
from app.applications.projection import (
    PARTIES,
    SEEN_TYPES,
    SPAN_KEY,
    STATES,
    STRETCH_KEY,
    UNITS,
    Head,
    Holder,
    read_instant,
)
from app.applications.shown import Shown, clock_json, clocks_at
from app.applications.silence import Withdrawal, withdrawals
from app.calendars import catalogue
from app.domain.chain import Link
from app.domain.spans import Span, Warning_
from app.domain.steps import Dossier, Status, Step, StepType
from app.domain.tracking_number import Malformed, parse
from app.domain.units import Limit
from app.items.queries import PinnedItem, pinned
from app.kit.db import execute
from app.kit.sealing import Sealer
from app.kit.statements import Hot

__all__ = [
    "LATE_AFTER",
    "SPAN_COLUMNS",
    "ChainRow",
    "Derived",
    "Filters",
    "Found",
    "Opened",
    "SealedRow",
    "chain_rows",
    "clock_json",
    "covering",
    "derived_of",
    "events_of",
    "fact_of",
    "find",
    "find_at",
    "heads",
    "in_legal_order",
    "is_seen",
    "is_taken",
    "keep_ref",
    "known_ref",
    "load",
    "newest_record",
    "numbers_after",
    "orphans",
    "page",
    "query_code_hash",
    "receipts_of",
    "sealed_of",
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


class Opened(NamedTuple):
    """One application with all that is on record of it. A new one has `head.version` 0, no steps and no facts."""

    number: str
    head: Head
    dossier: Dossier
    pinned: PinnedItem
    facts: tuple[Fact, ...]


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
        steps = tuple(sorted((fact.step for fact in mine), key=in_legal_order))
        dossier = Dossier(item.item, catalogue.named(head.calendar), steps)
        opened.append(Opened(head.number, head, dossier, item, mine))
    return opened


def in_legal_order(step: Step) -> tuple[datetime, int]:
    """By the instant at which it happened; of one instant, by the order of recording."""
    return step.at, step.seq


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
    """What is sealed of the receipt of these applications: applicant, subject."""
    rows = await tx.execute(
        select(EventPrivate.number, EventPrivate.sealed).where(EventPrivate.number.in_(numbers), EventPrivate.seq == 1)
    )
    return {number: events.values_of(sealer.open(sealed, events.sealed_name(number, 1))) for number, sealed in rows}


async def steps_of(
    tx: AsyncConnection, number: str, sealer: Sealer, *, after: int, until: datetime, limit: int
) -> list[tuple[Fact, bytes]]:
    """The steps that happened by `until`, with their hashes, in the order of recording."""
    rows = await tx.execute(
        select(Event.seq, Event.body, EventPrivate.sealed, Event.hash)
        .outerjoin(EventPrivate, and_(EventPrivate.number == Event.number, EventPrivate.seq == Event.seq))
        .where(Event.number == number, Event.seq > after, Event.occurred_at <= until)
        .order_by(Event.seq)
        .limit(limit)
    )
    return [(fact_of(number, seq, body, sealed, sealer), digest) for seq, body, sealed, digest in rows]


async def undone(tx: AsyncConnection, number: str, facts: Sequence[Fact]) -> dict[str, Withdrawal]:
    """Of the effects of silence among these facts those that no longer stand, and why."""
    if all(fact.step.type is not StepType.DEEMED for fact in facts):
        return {}
    rows = await events_of(tx, [number])
    return withdrawals(fact_of(number, seq, body, None, None) for number, seq, body, _ in rows)


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


# Lists


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
    tx: AsyncConnection, actor: Actor, filters: Filters, *, after: tuple[datetime, str] | None, limit: int
) -> list[Found]:
    """A page of applications, the newest first: by `submitted_at`, then number, both descending."""
    rows = await tx.execute(select_page(actor, filters, after).limit(limit))
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


# Verification


class ChainRow(NamedTuple):
    """One event with the head of its application; `link` is None for an application without events."""

    number: str
    version: int
    head_hash: bytes
    link: Link | None


class SealedRow(NamedTuple):
    """The body of an event and what is sealed of it."""

    seq: int
    body: bytes
    sealed: bytes | None


class Derived(NamedTuple):
    """What is stored of an application beside its events; rows by their key."""

    spans: dict[tuple[Any, ...], dict[str, Any]]
    stretches: dict[tuple[Any, ...], dict[str, Any]]
    view: bytes | None


STREAMED = 2_000
CHAINS = (
    select(
        Application.number,
        Application.version,
        Application.head_hash,
        Event.seq,
        Event.algorithm,
        Event.body,
        Event.hash,
    )
    .outerjoin(Event, Event.number == Application.number)
    .order_by(Application.number, Event.seq)
)


async def chain_rows(tx: AsyncConnection, number: str | None) -> AsyncIterator[list[ChainRow]]:
    """Every event of every application, or of one, in the order of its chain, streamed in batches."""
    wanted = CHAINS if number is None else CHAINS.where(Application.number == number)
    async with tx.stream(wanted.execution_options(yield_per=STREAMED)) as rows:
        async for batch in rows.partitions():
            yield [chain_row(row) for row in batch]


def chain_row(row: Sequence[Any]) -> ChainRow:
    """A row of `CHAINS`."""
    number, version, head_hash, seq, algorithm, body, digest = row
    return ChainRow(number, version, head_hash, None if seq is None else Link(seq, algorithm, body, digest))


async def orphans(tx: AsyncConnection, number: str | None) -> list[tuple[str, int]]:
    """The first events whose application does not exist: no key of the database allows one."""
    lost = select(Event.number, func.min(Event.seq)).where(
        ~exists().where(Application.number == Event.number), true() if number is None else Event.number == number
    )
    rows = await tx.execute(lost.group_by(Event.number).order_by(Event.number).limit(10))
    return [(of, seq) for of, seq in rows]


async def numbers_after(tx: AsyncConnection, after: str, limit: int, *, only: str | None) -> list[str]:
    """The next applications by number."""
    wanted = select(Application.number).where(Application.number > after).order_by(Application.number).limit(limit)
    return list((await tx.execute(wanted if only is None else wanted.where(Application.number == only))).scalars())


async def sealed_of(tx: AsyncConnection, numbers: Sequence[str]) -> dict[str, list[SealedRow]]:
    """The bodies of these applications and what is sealed beside each."""
    found: dict[str, list[SealedRow]] = {number: [] for number in numbers}
    rows = await tx.execute(
        select(Event.number, Event.seq, Event.body, EventPrivate.sealed)
        .outerjoin(EventPrivate, and_(EventPrivate.number == Event.number, EventPrivate.seq == Event.seq))
        .where(Event.number.in_(numbers))
        .order_by(Event.number, Event.seq)
    )
    for number, seq, body, sealed in rows:
        found[number].append(SealedRow(seq, body, sealed))
    return found


async def derived_of(tx: AsyncConnection, numbers: Sequence[str]) -> dict[str, Derived]:
    """What is stored of these applications beside their events."""
    views = await tx.execute(select(PublicView.number, PublicView.sealed).where(PublicView.number.in_(numbers)))
    sealed: dict[str, bytes] = {row.number: row.sealed for row in views}
    found = {number: Derived({}, {}, sealed.get(number)) for number in numbers}
    for row in await tx.execute(select(*SpanRow.__table__.columns).where(SpanRow.number.in_(numbers))):
        stored = dict(row._mapping)
        found[row.number].spans[tuple(stored[name] for name in SPAN_KEY)] = stored
    for row in await tx.execute(select(*StretchRow.__table__.columns).where(StretchRow.number.in_(numbers))):
        stored = dict(row._mapping)
        found[row.number].stretches[tuple(stored[name] for name in STRETCH_KEY)] = stored
    return found
