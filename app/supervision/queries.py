"""All that is read of supervision: orders with their steps, cards, the versions of the rules."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, literal, literal_column, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.models import DepartmentTree
from app.applications.chains import raw
from app.applications.events import instant, values_of
from app.applications.models import Application
from app.calendars import catalogue
from app.domain.chain import Link
from app.domain.steps import Dossier
from app.kit.columns import Instant
from app.kit.db import Database
from app.kit.sealing import Sealer
from app.kit.statements import Hot
from app.supervision.course import ENDED, Fact, OrderStep, Standing, Terms, dossier_of, standing_of
from app.supervision.models import Card, Order, OrderEvent, OrderPrivate, RuleSet
from app.supervision.terms import read_terms

__all__ = [
    "CardFilters",
    "Filters",
    "Opened",
    "OrderHead",
    "application_of",
    "cards_page",
    "chains_of",
    "due",
    "false_alarms",
    "is_any_due",
    "known_origins",
    "load",
    "look_again",
    "newest_rules",
    "open_orders_of",
    "orders_after",
    "orders_page",
    "rest",
    "rules_of",
    "sealed_name",
    "stored_cards",
]


class OrderHead(NamedTuple):
    """The row of an order."""

    id: str
    origin: str
    application: str | None
    alarm: str | None
    department: str
    section: str | None
    officer: str | None
    by_rule: bool
    rules: int
    calendar: str
    issued_at: datetime
    status: str
    false_alarm: bool
    next_look_at: datetime | None
    version: int
    head_hash: bytes
    recorded_at: datetime


COLUMNS = tuple(getattr(Order, name) for name in OrderHead._fields)


class Opened(NamedTuple):
    """An order with all that is recorded of it."""

    head: OrderHead
    facts: tuple[Fact, ...]
    hashes: tuple[bytes, ...] = ()

    @property
    def terms(self) -> Terms:
        """What it demands: its first event says so."""
        return read_terms(self.facts[0].body["terms"])

    @property
    def standing(self) -> Standing:
        """Where it stands."""
        return standing_of(self.facts)

    @property
    def is_open(self) -> bool:
        """Whether something more is expected of it."""
        return self.standing.status not in ENDED

    @property
    def standing_cards(self) -> list[str]:
        """The cards that were given and not taken back."""
        return [card.id for card in self.standing.cards.values() if card.revoked is None]

    @property
    def dossier(self) -> Dossier:
        """The order as the law of time reads it."""
        return dossier_of(self.facts, self.terms, catalogue.named(self.head.calendar), self.head.department)


def sealed_name(order: str, seq: int) -> bytes:
    """The place for which the private part of a step is sealed."""
    return f"order/{order}/{seq}".encode()


def head_of(row: Sequence[Any]) -> OrderHead:
    """The head of a row of `COLUMNS`."""
    head = OrderHead(*row)
    return head._replace(head_hash=raw(head.head_hash))


async def load(
    tx: AsyncConnection, ids: Sequence[str], *, sealer: Sealer | None = None, lock: bool = False
) -> list[Opened]:
    """Orders by id, with their steps; with a `sealer` also what people wrote. Locked ones in the order of their ids."""
    wanted = select(*COLUMNS).where(Order.id.in_(ids)).order_by(Order.id)
    rows = await tx.execute(wanted.with_for_update(key_share=True) if lock else wanted)
    heads = [head_of(row) for row in rows]
    facts = await facts_of(tx, [head.id for head in heads], sealer)
    return [
        Opened(head, tuple(f for f, _ in facts[head.id]), tuple(hashed for _, hashed in facts[head.id]))
        for head in heads
    ]


async def facts_of(
    tx: AsyncConnection, ids: Sequence[str], sealer: Sealer | None
) -> defaultdict[str, list[tuple[Fact, bytes]]]:
    """The recorded steps of these orders with their hashes."""
    found: defaultdict[str, list[tuple[Fact, bytes]]] = defaultdict(list)
    rows = await tx.execute(
        select(OrderEvent.order_id, OrderEvent.seq, OrderEvent.body, OrderEvent.hash, OrderPrivate.sealed)
        .outerjoin(OrderPrivate, and_(OrderPrivate.order_id == OrderEvent.order_id, OrderPrivate.seq == OrderEvent.seq))
        .where(OrderEvent.order_id.in_(ids))
        .order_by(OrderEvent.order_id, OrderEvent.seq)
    )
    for order, seq, body, hashed, sealed in rows:
        private = {} if sealer is None or sealed is None else values_of(sealer.open(sealed, sealed_name(order, seq)))
        found[order].append((fact_of(seq, json.loads(raw(body)), private), raw(hashed)))
    return found


def fact_of(seq: int, body: dict[str, Any], private: dict[str, Any]) -> Fact:
    """The step that an event states."""
    return Fact(seq, OrderStep(body["type"]), instant(body["recorded_at"]), body, private)


class Filters(NamedTuple):
    """What the list of orders is narrowed by."""

    status: str | None = None
    department: str | None = None
    number: str | None = None


def below(department: str) -> Select[str]:
    """A department with those below it."""
    return select(DepartmentTree.descendant).where(DepartmentTree.ancestor == department)


async def orders_page(
    tx: AsyncConnection,
    filters: Filters,
    after: tuple[datetime, str] | None,
    limit: int,
    *,
    scope: ColumnElement[bool],
) -> list[str]:
    """The ids of a page of orders, the newest first."""
    wanted: list[ColumnElement[bool]] = [scope]
    if filters.status is not None:
        wanted.append(Order.status == filters.status)
    if filters.department is not None:
        wanted.append(Order.department.in_(below(filters.department)))
    if filters.number is not None:
        wanted.append(Order.application == filters.number)
    if after is not None:
        wanted.append(
            tuple_(Order.issued_at, Order.id)
            < tuple_(literal(after[0], Order.issued_at.type), literal(after[1], Order.id.type))
        )
    page = select(Order.id).where(*wanted).order_by(Order.issued_at.desc(), Order.id.desc()).limit(limit)
    return list((await tx.execute(page)).scalars())


class CardFilters(NamedTuple):
    """What the list of cards is narrowed by."""

    colour: str | None = None
    department: str | None = None
    order: str | None = None


CARD = tuple(Card.__table__.columns)


async def cards_page(
    tx: AsyncConnection,
    filters: CardFilters,
    after: tuple[datetime, str] | None,
    limit: int,
    *,
    scope: Callable[[Any], ColumnElement[bool]],
) -> list[dict[str, Any]]:
    """A page of cards, the newest first, each with the calendar and the rules of its order."""
    wanted: list[ColumnElement[bool]] = [scope(Card.department)]
    if filters.colour is not None:
        wanted.append(Card.colour == filters.colour)
    if filters.department is not None:
        wanted.append(Card.department.in_(below(filters.department)))
    if filters.order is not None:
        wanted.append(Card.order_id == filters.order)
    if after is not None:
        wanted.append(
            tuple_(Card.given_at, Card.id)
            < tuple_(literal(after[0], Card.given_at.type), literal(after[1], Card.id.type))
        )
    page = (
        select(*CARD, Order.calendar, Order.rules)
        .join(Order, Order.id == Card.order_id)
        .where(*wanted)
        .order_by(Card.given_at.desc(), Card.id.desc())
        .limit(limit)
    )
    return [dict(row) for row in (await tx.execute(page)).mappings()]


ANY_DUE = Hot(
    select(Order.id)
    .where(Order.next_look_at.is_not(None), Order.next_look_at <= bindparam("now", type_=Instant))
    .limit(literal_column("1"))
)


async def is_any_due(db: Database, now: datetime) -> bool:
    """Whether the limit of any order calls for a card by now: nearly always none, so that no transaction is begun."""
    return bool(await db.rows(ANY_DUE, {"now": now}))


async def due(tx: AsyncConnection, now: datetime, most: int) -> list[str]:
    """Orders whose limit calls for a card by now, locked; none that another holds."""
    wanted = (
        select(Order.id)
        .where(Order.next_look_at.is_not(None), Order.next_look_at <= now)
        .order_by(Order.next_look_at, Order.id)
        .limit(literal_column(str(most)))
        .with_for_update(key_share=True, skip_locked=True)
    )
    return list((await tx.execute(wanted)).scalars())


async def rest(tx: AsyncConnection, order: str, until: datetime) -> None:
    """Let the sweep look at an order no earlier than at an instant."""
    await tx.execute(update(Order).where(Order.id == order).values(next_look_at=until))


async def known_origins(tx: AsyncConnection, origins: Sequence[str]) -> frozenset[str]:
    """Those of these origins that have an order already."""
    return frozenset((await tx.execute(select(Order.origin).where(Order.origin.in_(origins)))).scalars())


async def open_orders_of(tx: AsyncConnection, alarms: Sequence[str]) -> list[str]:
    """The orders raised by these alarms that are neither closed nor revoked."""
    wanted = select(Order.id).where(Order.alarm.in_(alarms), Order.status.not_in(("closed", "revoked")))
    return list((await tx.execute(wanted.order_by(Order.id))).scalars())


async def false_alarms(tx: AsyncConnection, numbers: Sequence[str]) -> dict[str, tuple[str, datetime]]:
    """The alarms of these applications that an upheld appeal called false, each with its order and the instant."""
    rows = await tx.execute(
        select(Order.alarm, Order.id, Order.recorded_at).where(Order.application.in_(numbers), Order.false_alarm)
    )
    return {alarm: (order, at) for alarm, order, at in rows if alarm is not None}


async def application_of(tx: AsyncConnection, number: str, *, lock: bool) -> tuple[str, str | None, str | None] | None:
    """Who holds an application now: department, section, officer; None where there is none."""
    wanted = select(Application.department, Application.section, Application.officer).where(
        Application.number == number
    )
    row = (await tx.execute(wanted.with_for_update(key_share=True) if lock else wanted)).first()
    return None if row is None else (row[0], row[1], row[2])


async def look_again(tx: AsyncConnection, number: str, now: datetime) -> None:
    """Let the sweep look at an application at once: its alarms may have become untrue. Never later than it would."""
    await tx.execute(
        update(Application)
        .where(
            Application.number == number,
            or_(Application.next_look_at.is_(None), Application.next_look_at > now),
        )
        .values(next_look_at=now)
    )


RuleRow = tuple[int, dict[str, Any], datetime, str]
RULES = select(RuleSet.version, RuleSet.body, RuleSet.published_at, RuleSet.published_by)


async def newest_rules(tx: AsyncConnection) -> RuleRow | None:
    """The newest published version of the rules."""
    row = (await tx.execute(RULES.order_by(RuleSet.version.desc()).limit(1))).first()
    return None if row is None else (row[0], row[1], row[2], row[3])


async def rules_of(tx: AsyncConnection, version: int) -> RuleRow | None:
    """One published version of the rules."""
    row = (await tx.execute(RULES.where(RuleSet.version == version))).first()
    return None if row is None else (row[0], row[1], row[2], row[3])


async def orders_after(
    tx: AsyncConnection, after: str | None, limit: int, *, only: str | None = None
) -> list[OrderHead]:
    """The next orders by id, for who walks them all; or one."""
    wanted = select(*COLUMNS).order_by(Order.id).limit(limit)
    if after is not None:
        wanted = wanted.where(Order.id > after)
    if only is not None:
        wanted = wanted.where(Order.id == only)
    return [head_of(row) for row in await tx.execute(wanted)]


async def chains_of(tx: AsyncConnection, ids: Sequence[str]) -> defaultdict[str, list[tuple[Link, bytes | None]]]:
    """The links of these orders, each with what is sealed beside it."""
    found: defaultdict[str, list[tuple[Link, bytes | None]]] = defaultdict(list)
    rows = await tx.execute(
        select(
            OrderEvent.order_id,
            OrderEvent.seq,
            OrderEvent.algorithm,
            OrderEvent.body,
            OrderEvent.hash,
            OrderPrivate.sealed,
        )
        .outerjoin(OrderPrivate, and_(OrderPrivate.order_id == OrderEvent.order_id, OrderPrivate.seq == OrderEvent.seq))
        .where(OrderEvent.order_id.in_(ids))
        .order_by(OrderEvent.order_id, OrderEvent.seq)
    )
    for order, seq, algorithm, body, hashed, sealed in rows:
        found[order].append((Link(seq, algorithm, raw(body), raw(hashed)), raw(sealed) or None))
    return found


async def stored_cards(tx: AsyncConnection, ids: Sequence[str]) -> defaultdict[str, dict[str, dict[str, Any]]]:
    """The cards of these orders as they are stored, by order and id."""
    found: defaultdict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in (await tx.execute(select(*CARD).where(Card.order_id.in_(ids)))).mappings():
        found[row["order_id"]][row["id"]] = dict(row)
    return found
