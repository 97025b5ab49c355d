"""What others are told of orders: that one was issued, brought a card, ended."""

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Any

from app.calendars import catalogue
from app.outbox.events import Event
from app.supervision.course import Fact, OrderStatus, OrderStep, clock_at
from app.supervision.queries import Opened

__all__ = ["events_of"]

ISSUED, ESCALATED, CLOSED = "order.issued", "order.escalated", "order.closed"
ENDING = frozenset({OrderStep.CLOSE, OrderStep.REVOKE})


def events_of(opened: Opened, facts: Iterable[Fact]) -> list[Event]:
    """The events of the steps just recorded; each step is an event once, by its place in the order's chain."""
    found = []
    for fact in facts:
        if fact.type is OrderStep.ISSUE:
            found.append(_event(ISSUED, opened, fact, {}))
        elif fact.type is OrderStep.GIVE_CARD:
            found.append(_event(ESCALATED, opened, fact, _card(opened, fact)))
        elif fact.type in ENDING or (fact.type is OrderStep.UPHOLD_APPEAL and fact.body["order"]):
            found.append(_event(CLOSED, opened, fact, {"revoked": fact.type is not OrderStep.CLOSE}))
    return found


def _card(opened: Opened, fact: Fact) -> dict[str, Any]:
    body = fact.body
    zone = _zone(opened)
    return {
        "card": {
            "id": body["card"],
            "colour": body["colour"],
            "points": body["points"],
            "recommends": body["recommends"],
            "due_at": _local(datetime.fromisoformat(body["due_at"]), zone),
            "crossed_at": _local(datetime.fromisoformat(body["crossed_at"]), zone),
        }
    }


def _zone(opened: Opened) -> tzinfo:
    return catalogue.named(opened.head.calendar).zone


def _local(instant: datetime, zone: tzinfo) -> str:
    return instant.astimezone(zone).isoformat()


def _event(type_: str, opened: Opened, fact: Fact, more: dict[str, Any]) -> Event:
    """An event about an order: codes, numbers and instants; whoever may see the texts asks the interface."""
    head, zone = opened.head, _zone(opened)
    due_at = clock_at(opened.dossier, fact.at).due_at
    status = OrderStatus(head.status)
    data = {
        "id": head.id,
        "tracking_number": head.application,
        "alarm": head.alarm,
        "department": head.department,
        "by_rule": head.by_rule,
        "status": str(status),
        "issued_at": _local(head.issued_at, zone),
        "due_at": None if due_at is None else _local(due_at, zone),
        "at": _local(fact.at, zone),
        "order_version": fact.seq,
        **more,
    }
    return Event(type_, f"{head.id} {fact.seq}", head.id, fact.at, data, head.department)
