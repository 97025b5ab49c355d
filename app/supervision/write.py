"""Steps of orders are written: events with their hashes, what is sealed beside them, the row and the cards."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications.events import Source, private_of
from app.calendars import catalogue
from app.domain import chain
from app.domain.calendar import Calendar
from app.domain.chain import Json
from app.kit.db import hash_of_chains
from app.kit.sealing import Sealer
from app.supervision.course import ENDED, Fact, OrderStep, Terms, card_id, dossier_of, outlook, wanted_cards
from app.supervision.models import Card, Order, OrderEvent, OrderPrivate
from app.supervision.queries import Opened, OrderHead, fact_of, sealed_name

__all__ = ["Draft", "Entry", "append", "card_rows", "cards_due", "derived_head", "drafted"]

NONCE_BYTES = 16


class Draft(NamedTuple):
    """A step that is to be recorded: what its event says, and what is sealed."""

    type: OrderStep
    body: Mapping[str, Json]
    private: Mapping[str, Json]
    by: Source


class Entry(NamedTuple):
    """Steps for one order, in their order; without facts it is a new one."""

    opened: Opened
    drafts: tuple[Draft, ...]


def drafted(opened: Opened, draft: Draft, at: datetime) -> Opened:
    """The order as it would be after a step, for who judges what comes next; nothing of it is hashed."""
    fact = Fact(len(opened.facts) + 1, draft.type, at, draft.body, draft.private)
    return opened._replace(facts=(*opened.facts, fact))


def cards_due(opened: Opened, now: datetime, by: Source) -> list[Draft]:
    """The cards that the order's limit calls for by now, and those whose crossing an extension has taken back.

    While an appeal is open none is given: it is first decided whether the order stands.
    """
    standing = opened.standing
    wanted = wanted_cards(outlook(opened.dossier), opened.terms, now)
    drafts: list[Draft] = []
    if standing.appeal is None and standing.status not in ENDED:
        for crossing, rule in wanted:
            id_ = card_id(opened.head.id, crossing)
            if id_ not in standing.cards:
                body: dict[str, Json] = {
                    "card": id_,
                    "colour": rule.colour,
                    "points": rule.points,
                    "recommends": rule.recommends,
                    "due_at": chain.stamp(crossing.due_at),
                    "crossed_at": chain.stamp(crossing.crossed_at),
                }
                drafts.append(Draft(OrderStep.GIVE_CARD, body, {}, by))
    true = {card_id(opened.head.id, crossing) for crossing, _ in wanted}
    drafts += [
        Draft(OrderStep.REVOKE_CARD, {"card": card.id, "cause": "extension"}, {}, by)
        for card in standing.cards.values()
        if card.revoked is None and card.id not in true
    ]
    return drafts


def next_look(opened: Opened) -> datetime | None:
    """When the order's limit next calls for a card."""
    if len(opened.facts) == 1:
        return first_look(opened.terms, catalogue.named(opened.head.calendar), opened.facts[0].at)
    standing = opened.standing
    if standing.appeal is not None or standing.status in ENDED:
        return None
    ahead = [
        crossing.crossed_at
        for crossing, _ in wanted_cards(outlook(opened.dossier), opened.terms, None)
        if card_id(opened.head.id, crossing) not in standing.cards
    ]
    return min(ahead, default=None)


@lru_cache(maxsize=256)
def first_look(terms: Terms, calendar: Calendar, issued_at: datetime) -> datetime | None:
    """The same of an order just issued: those of one sweep are alike."""
    issue = Fact(1, OrderStep.ISSUE, issued_at, {}, {})
    ahead = wanted_cards(outlook(dossier_of((issue,), terms, calendar, "")), terms, None)
    return ahead[0][0].crossed_at if ahead else None


def derived_head(opened: Opened) -> OrderHead:
    """The row that the recorded steps give."""
    first, last = opened.facts[0], opened.facts[-1]
    said = first.body
    standing = opened.standing
    return OrderHead(
        id=opened.head.id,
        origin=said["origin"],
        application=said.get("application"),
        alarm=said.get("alarm"),
        department=said["department"],
        section=said.get("section"),
        officer=said.get("officer"),
        by_rule=said["by_rule"],
        rules=said["rules"],
        calendar=said["calendar"],
        issued_at=first.at,
        status=str(standing.status),
        false_alarm=standing.false_alarm,
        next_look_at=next_look(opened),
        version=last.seq,
        head_hash=opened.hashes[-1],
        recorded_at=last.at,
    )


def card_rows(opened: Opened) -> dict[str, dict[str, Any]]:
    """The cards that the recorded steps give, by id, as they are stored."""
    head = opened.head
    return {
        card.id: {
            "id": card.id,
            "order_id": head.id,
            "application": head.application,
            "department": head.department,
            "section": head.section,
            "officer": head.officer,
            "colour": card.body["colour"],
            "points": card.body["points"],
            "recommends": card.body["recommends"],
            "due_at": datetime.fromisoformat(card.body["due_at"]),
            "crossed_at": datetime.fromisoformat(card.body["crossed_at"]),
            "given_at": card.given_at,
            "revoked": None if card.revoked is None else revocation(card.revoked),
        }
        for card in opened.standing.cards.values()
    }


CAUSES = {OrderStep.UPHOLD_APPEAL: "appeal", OrderStep.REVOKE: "order_revoked"}


def revocation(step: Fact) -> dict[str, Any]:
    """Why a card no longer stands: when, by which step of the order, for what cause."""
    return {"at": step.at.isoformat(), "seq": step.seq, "cause": CAUSES.get(step.type) or step.body["cause"]}


async def append(tx: AsyncConnection, entries: Sequence[Entry], *, sealer: Sealer, now: datetime) -> list[Opened]:
    """Record these steps, each linked to the one before; the orders after it. Whether they may be is judged before.

    Each order stands in one entry. Its row was locked when it was opened, so that no two writers link to one event.
    """
    algorithm = hash_of_chains(tx)
    orders: list[tuple[bool, Opened]] = []
    events: list[dict[str, Any]] = []
    private: list[dict[str, Any]] = []
    fresh_cards: list[dict[str, Any]] = []
    revoked: list[dict[str, Any]] = []
    for opened, drafts in entries:
        before = card_rows(opened) if opened.facts else {}
        after = linked(opened, drafts, sealer, now, algorithm, events, private)
        after = after._replace(head=derived_head(after))
        orders.append((not opened.facts, after))
        for id_, row in card_rows(after).items():
            if id_ not in before:
                fresh_cards.append(row)
            elif row["revoked"] != before[id_]["revoked"]:
                revoked.append({"of": id_, "revoked": row["revoked"]})
    new = [after.head._asdict() for is_new, after in orders if is_new]
    moved = [{"of": after.head.id, **moving(after.head)} for is_new, after in orders if not is_new]
    for statement, rows in (
        (insert(Order), new),
        (UPDATE_ORDER, moved),
        (insert(OrderEvent), events),
        (insert(OrderPrivate), private),
        (insert(Card), fresh_cards),
        (UPDATE_CARD, revoked),
    ):
        if rows:
            await tx.execute(statement, rows)
    return [after for _, after in orders]


MOVING = ("status", "false_alarm", "next_look_at", "version", "head_hash", "recorded_at")
UPDATE_ORDER = (
    update(Order)
    .where(Order.id == bindparam("of"))
    .values({name: bindparam(name, type_=getattr(Order, name).type) for name in MOVING})
)
UPDATE_CARD = (
    update(Card).where(Card.id == bindparam("of")).values(revoked=bindparam("revoked", type_=Card.revoked.type))
)


def moving(head: OrderHead) -> dict[str, Any]:
    """What of a row a step may change."""
    return {name: value for name, value in head._asdict().items() if name in MOVING}


def linked(
    opened: Opened,
    drafts: Sequence[Draft],
    sealer: Sealer,
    now: datetime,
    algorithm: int,
    events: list[dict[str, Any]],
    private: list[dict[str, Any]],
) -> Opened:
    """The order with these steps hashed; the rows of both tables are added to the lists."""
    order = opened.head.id
    at = now if not opened.facts else max(now, opened.head.recorded_at)
    for draft in drafts:
        seq = len(opened.facts) + 1
        body: dict[str, Json] = {
            **draft.body,
            "type": str(draft.type),
            "recorded_at": chain.stamp(at),
            "by": dict(draft.by._asdict()),
        }
        if seq == 1:
            nonce = secrets.token_bytes(NONCE_BYTES)
            body["nonce"] = nonce.hex()
            previous = chain.genesis(order, nonce, algorithm)
        else:
            previous = opened.hashes[-1]
        if draft.private:
            body["private"], salted = private_of(draft.private)
            private.append({"order_id": order, "seq": seq, "sealed": sealer.seal(salted, sealed_name(order, seq))})
        written = chain.canonical(body)
        hashed = chain.link(order, seq, previous, written, algorithm)
        events.append({"order_id": order, "seq": seq, "algorithm": algorithm, "body": written, "hash": hashed})
        fact = fact_of(seq, body, dict(draft.private))
        opened = opened._replace(facts=(*opened.facts, fact), hashes=(*opened.hashes, hashed))
    return opened
