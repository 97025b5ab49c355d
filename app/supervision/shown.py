"""Orders, their steps and cards as the interface shows them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.applications.shown import clock_json
from app.calendars import catalogue
from app.domain.calendar import Calendar
from app.kit.texts import Language, label
from app.supervision.course import Fact, allowed, clock_at
from app.supervision.queries import Opened
from app.supervision.rules import Rules
from app.supervision.write import card_rows

__all__ = ["card_json", "order_json", "order_step_json"]

FROM_BODY = ("amount", "order", "false_alarm", "cards", "card", "colour", "alarm")
FROM_PRIVATE = ("actor", "note", "documents", "content", "measures", "answer", "reason", "conclusion")


def order_json(opened: Opened, rules: Rules, at: datetime, language: Language) -> dict[str, Any]:
    """An order as it stands at an instant not before its last step."""
    head, first = opened.head, opened.facts[0]
    calendar = catalogue.named(head.calendar)
    standing = opened.standing
    asked, appeal = standing.asked, standing.appeal
    return {
        "id": head.id,
        "label": rules.label("order", language),
        "supervision_label": rules.label("supervision", language),
        "status": head.status,
        "status_label": label("order_status", head.status, language),
        "version": head.version,
        "by_rule": head.by_rule,
        "rules": head.rules,
        "tracking_number": head.application,
        "cause": None if "cause" not in first.body else cause_json(first.body["cause"], calendar, language),
        "holder": {"department": head.department, "section": head.section, "officer": head.officer},
        "content": first.private.get("content"),
        "legal_basis": first.body.get("legal_basis"),
        "documents": first.private.get("documents", []),
        "issued_at": calendar.local(head.issued_at).isoformat(),
        "clock": clock_json(clock_at(opened.dossier, max(at, head.recorded_at)), calendar, language),
        "extension_asked": None
        if asked is None
        else {
            "at": calendar.local(asked.at).isoformat(),
            "amount": asked.body["amount"],
            "reason": asked.private.get("reason"),
        },
        "appeal": None
        if appeal is None
        else {"at": calendar.local(appeal.at).isoformat(), "reason": appeal.private.get("reason")},
        "false_alarm": standing.false_alarm,
        "cards": [card_json(row, calendar, rules, language) for row in card_rows(opened).values()],
        "allowed": [str(step) for step in allowed(standing)],
        "as_of": calendar.local(at).isoformat(),
    }


def cause_json(cause: Mapping[str, Any], calendar: Calendar, language: Language) -> dict[str, Any]:
    """The alarm that raised an order."""
    return {
        "alarm": cause["alarm"],
        "kind": cause["kind"],
        "kind_label": label("alarm", cause["kind"], language),
        "clock": cause["clock"],
        "clock_label": label("clock", cause["clock"], language),
        "stage": cause["stage"] or None,
        "rung": cause["rung"],
        "due_at": calendar.local(datetime.fromisoformat(cause["due_at"])).isoformat(),
        "crossed_at": calendar.local(datetime.fromisoformat(cause["crossed_at"])).isoformat(),
    }


def card_json(row: Mapping[str, Any], calendar: Calendar, rules: Rules, language: Language) -> dict[str, Any]:
    """A card as it is stored, its instants in the calendar's zone."""

    def local(instant: datetime) -> str:
        return calendar.local(instant).isoformat()

    revoked = row["revoked"]
    if revoked is not None:
        at = local(datetime.fromisoformat(revoked["at"]))
        revoked = {**revoked, "at": at, "cause_label": label("card_revoked", revoked["cause"], language)}
    return {
        "id": row["id"],
        "order": row["order_id"],
        "tracking_number": row["application"],
        "department": row["department"],
        "section": row["section"],
        "officer": row["officer"],
        "colour": row["colour"],
        "colour_label": rules.label(row["colour"], language),
        "points": row["points"],
        "recommendation": rules.label("recommendation", language) if row["recommends"] else None,
        "due_at": local(row["due_at"]),
        "crossed_at": local(row["crossed_at"]),
        "given_at": local(row["given_at"]),
        "revoked": revoked,
    }


def order_step_json(fact: Fact, digest: bytes, calendar: Calendar, language: Language) -> dict[str, Any]:
    """A recorded step with what was sealed of it."""
    by = fact.body["by"]
    shown: dict[str, Any] = {
        "seq": fact.seq,
        "type": str(fact.type),
        "type_label": label("order_step", str(fact.type), language),
        "recorded_at": calendar.local(fact.at).isoformat(),
        "recorded_by": by["credential"],
        "role": by["role"],
        "role_label": label("role", by["role"], language),
    }
    shown |= {name: fact.body[name] for name in FROM_BODY if name in fact.body}
    if isinstance(fact.body.get("cause"), str):
        shown["cause"] = fact.body["cause"]
    shown |= {name: fact.private[name] for name in FROM_PRIVATE if name in fact.private}
    return shown | {"hash": digest.hex()}
