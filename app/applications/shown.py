"""What is shown of an application: clocks at an instant, and the documents of the interface made of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from app.applications.events import NOTHING, Fact, Stored
from app.applications.history import REWRITING
from app.applications.projection import Head, Holder
from app.applications.silence import Withdrawal
from app.calendars import catalogue
from app.domain import clocks
from app.domain.calendar import Calendar
from app.domain.clocks import Clock
from app.domain.items import Item, Party
from app.domain.lights import worst
from app.domain.silence import Deemed
from app.domain.spans import Span
from app.domain.steps import Status, StepType
from app.domain.units import Limit
from app.items.queries import PinnedItem
from app.kit.texts import Language, label

__all__ = [
    "SEALED_FIELDS",
    "Shown",
    "amended_by",
    "application_json",
    "clock_json",
    "clocks_at",
    "deemed_json",
    "step_json",
]

AGENCY = Party.AGENCY


NONE_UNDONE: Mapping[str, Withdrawal] = {}


class Shown(NamedTuple):
    """An application at an instant, ready to be shown."""

    head: Head
    pinned: PinnedItem
    status: str
    holder: Holder
    clocks: Sequence[Clock]
    receipt: Stored
    """What is sealed of the receipt: applicant and subject."""
    as_of: datetime
    known_at: datetime | None = None
    """By what was recorded by then; None: by all that is."""


def clocks_at(item: Item, spans: Iterable[Span], calendar: Calendar, at: datetime) -> list[Clock]:
    """The clocks of an item at an instant: those that have begun, of each stage every round, and those that have not.

    `spans` are those that cover the instant. They stand in the order in which the item names them; a clock that exists
    by a fixed end alone comes last.
    """
    begun: dict[tuple[str, str], list[Clock]] = {}
    for span in spans:
        own = calendar if span.calendar == calendar.name else catalogue.named(span.calendar)
        begun.setdefault((span.clock, span.stage), []).append(clocks.read(span, own, at))
    found: list[Clock] = []
    for rule in (*item.clocks, *(stage.clock for stage in item.stages if stage.clock is not None)):
        known = begun.pop((rule.kind, rule.stage), None)
        if known is None:
            found.append(clocks.not_started(rule, calendar, round_=1 if rule.stage else 0))
        else:
            found.extend(sorted(known, key=round_of))
    for rest in begun.values():
        found.extend(sorted(rest, key=round_of))
    return found


def round_of(clock: Clock) -> int:
    """Which time of its stage a clock is."""
    return clock.round


def day(ordinal: int | None) -> str | None:
    """A day of the domain as a date of the interface."""
    return None if ordinal is None else date.fromordinal(ordinal).isoformat()


def limit_json(limit: Limit | None, language: Language) -> dict[str, Any] | None:
    """A limit with the label of its unit."""
    if limit is None:
        return None
    unit = str(limit.unit)
    return {"amount": limit.amount, "unit": unit, "unit_label": label("unit", unit, language)}


def clock_json(clock: Clock, calendar: Calendar, language: Language) -> dict[str, Any]:
    """A clock as the interface shows it, its instants in the calendar's zone; one function for all readers."""
    zone = calendar.zone
    state, light = str(clock.state), None if clock.light is None else str(clock.light)
    return {
        "kind": clock.kind,
        "kind_label": label("clock", clock.kind, language),
        "stage": clock.stage or None,
        "round": clock.round or None,
        "limit": limit_json(clock.limit, language),
        "legal_basis": clock.legal_basis,
        "started_on": day(clock.started_on),
        "started_at": None if clock.started_at is None else clock.started_at.astimezone(zone).isoformat(),
        "due_on": day(clock.due_on),
        "due_at": None if clock.due_at is None else clock.due_at.astimezone(zone).isoformat(),
        "latest_due_on": day(clock.latest_due_on),
        "state": state,
        "state_label": label("state", state, language),
        "stopped_at": None if clock.stopped_at is None else clock.stopped_at.astimezone(zone).isoformat(),
        "light": light,
        "light_label": None if light is None else label("light", light, language),
        "used": clock.used,
        "remaining": clock.remaining,
        "overdue": clock.overdue,
        "overdue_since": None if clock.overdue_since is None else clock.overdue_since.astimezone(zone).isoformat(),
        "warnings": [
            {"rung": rung, "at": None if at is None else at.astimezone(zone).isoformat()} for rung, at in clock.warnings
        ],
        "provisional": clock.provisional,
        "calendar": clock.calendar,
        "revision": clock.revision,
    }


def deemed_json(deemed: Deemed, calendar: Calendar, language: Language) -> dict[str, Any]:
    """An effect of silence as the interface shows it."""
    effect = str(deemed.effect)
    return {
        "clock": deemed.clock,
        "clock_label": label("clock", deemed.clock, language),
        "effect": effect,
        "effect_label": label("on_expiry", effect, language),
        "effective_on": day(deemed.effective_on),
        "at": calendar.local(deemed.at).isoformat(),
        "legal_basis": deemed.legal_basis,
    }


def application_json(shown: Shown, language: Language) -> dict[str, Any]:
    """An application as the interface shows it."""
    head = shown.head
    calendar = catalogue.named(head.calendar)
    light = worst(clock.light for clock in shown.clocks if clock.party is AGENCY)
    received_on = None if shown.status == Status.SUBMITTED else head.received_on
    return {
        "tracking_number": head.number,
        "external_ref": head.external_ref,
        "project_code": head.project_code,
        "item": head.item,
        "item_version": head.item_version,
        "item_name": shown.pinned.name,
        "status": shown.status,
        "status_label": label("status", shown.status, language),
        "version": head.version,
        "submitted_at": calendar.local(head.submitted_at).isoformat(),
        "received_on": None if received_on is None else received_on.isoformat(),
        "late_entry": head.late_receipt,
        "receipt_rule": head.receipt_rule,
        "receipt_rule_label": label("receipt_rule", head.receipt_rule, language),
        "channel": head.channel,
        "channel_label": label("channel", head.channel, language),
        "source": head.source,
        "source_label": label("source", head.source, language),
        "applicant": applicant_json(shown.receipt.get("applicant"), language),
        "subject": shown.receipt.get("subject"),
        "holder": shown.holder._asdict(),
        "light": None if light is None else str(light),
        "light_label": None if light is None else label("light", str(light), language),
        "clocks": [clock_json(clock, calendar, language) for clock in shown.clocks],
        "odd": head.odd,
        "odd_labels": [label("odd", code, language) for code in head.odd],
        "as_of": calendar.local(shown.as_of).isoformat(),
        "known_at": calendar.local(shown.known_at or shown.as_of).isoformat(),
    }


def applicant_json(applicant: Stored | None, language: Language) -> dict[str, Any] | None:
    """The applicant by name; identity and telephone numbers are masked for everybody."""
    if applicant is None:
        return None
    id_type = applicant.get("id_type")
    return {
        "name": applicant.get("name"),
        "id_type": id_type,
        "id_type_label": None if id_type is None else label("id_type", id_type, language),
        "id_number": masked(applicant.get("id_number"), 4),
        "phone": masked(applicant.get("phone"), 3),
    }


def masked(number: str | None, shown: int) -> str | None:
    """A number of which only the first few and the last four characters are seen: `138****5678`."""
    if number is None:
        return None
    hidden = len(number) - shown - 4
    return number[:shown] + "*" * hidden + number[-4:] if hidden > 0 else "*" * len(number)


FIELDS = (
    "stage",
    "outcome",
    "department",
    "section",
    "officer",
    "clock",
    "amount",
    "ground",
    "legal_basis",
    "pause_id",
    "result",
    "result_code",
    "channel",
    "effect",
    "effective_on",
)
"""What a body says of a step beside the common fields, shown as it is."""
LABELLED = {"clock": "clock", "ground": "ground", "result": "result", "channel": "channel", "effect": "on_expiry"}
"""Those of them that are codes, and what kind of label they have."""
SEALED_FIELDS = (
    "actor",
    "approver",
    "note",
    "reason",
    "late_reason",
    "missing",
    "documents",
    "document",
    "notice",
    "fixed_due_basis",
)
RECEIPT_FIELDS = ("item", "item_version", "project_code", "external_ref")


def labelled(kind: str, code: Any, language: Language) -> str | None:  # any JSON
    """The label of a code that may be missing."""
    return label(kind, code, language) if isinstance(code, str) else None


def step_json(
    fact: Fact,
    digest: bytes,
    calendar: Calendar,
    language: Language,
    *,
    undone: Mapping[str, Withdrawal] = NONE_UNDONE,
) -> dict[str, Any]:
    """A recorded step as the interface shows it, with what was sealed of it, in so far as `fact` holds it.

    `undone` are the effects of silence that no longer stand.
    """
    step, body, private = fact
    type_ = str(step.type)
    by = body.get("by", NOTHING)
    shown: dict[str, Any] = {
        "id": step.id,
        "seq": step.seq,
        "type": type_,
        "type_label": label("step", type_, language),
        "occurred_at": calendar.local(step.at).isoformat(),
        "recorded_at": None if step.recorded_at is None else calendar.local(step.recorded_at).isoformat(),
        "recorded_by": by.get("credential"),
        "role": by.get("role"),
        "role_label": labelled("role", by.get("role"), language),
        "source": body.get("source"),
        "source_label": labelled("source", body.get("source"), language),
        "late_entry": bool(body.get("late_entry", False)),
    }
    for name in FIELDS:
        if name in body:
            shown[name] = body[name]
            if name in LABELLED:
                shown[f"{name}_label"] = labelled(LABELLED[name], body[name], language)
    if step.announced is not None:
        shown["announced"] = limit_json(step.announced, language)
    elif step.type is StepType.PAUSE:
        shown["announced"] = None
    if step.notified_at is not None:
        shown["notified_at"] = calendar.local(step.notified_at).isoformat()
    for name in SEALED_FIELDS:
        if name in private:
            shown[name] = private[name]
    if "resume_result" in private:
        shown["result"] = private["resume_result"]
    if step.type is StepType.DEEMED:
        why = undone.get(step.id)
        shown["withdrawn"] = why and {"at": calendar.local(why.at).isoformat(), "by": why.by, "reason": why.reason}
    if step.withdraws:
        shown["withdraws"] = list(step.withdraws)
    if step.type is StepType.RECEIVE:
        shown.update({name: body[name] for name in RECEIPT_FIELDS if name in body})
        shown["applicant"] = applicant_json(private.get("applicant"), language)
        shown["subject"] = private.get("subject")
        shown["fixed_due"] = {fixed.clock: calendar.local(fixed.due_at).isoformat() for fixed in step.fixed_due}
    if step.type in REWRITING:
        shown.update(beside_json(fact, calendar))
    shown["hash"] = digest.hex()
    return shown


def amended_by(amendments: Sequence[Fact], known_at: datetime) -> dict[str, dict[str, Any]]:
    """Which steps were amended, by which amendments known, and whether they still stand."""
    found: dict[str, dict[str, Any]] = {}
    for step, body, _ in amendments:
        if step.recorded_at is not None and step.recorded_at <= known_at:
            told = found.setdefault(body["step"], {"amended_by": [], "struck_out": False})
            told["amended_by"].append(step.id)
            told["struck_out"] = body["replaces"] is None
    return found


def beside_json(fact: Fact, calendar: Calendar) -> dict[str, Any]:
    """What an amendment replaces, or which edition or suspension was applied."""
    step, body, private = fact
    if step.type is StepType.RECOMPUTED:
        return {name: body[name] for name in ("cause", "calendar", "suspension") if name in body}
    if body["replaces"] is None:
        return {"step": body["step"], "replaces": None}
    replaces = {name: local(name, value, calendar) for name, value in body["replaces"].items()}
    sealed = dict(private.get("replaces") or NOTHING)
    if "applicant" in sealed:
        sealed["applicant"] = applicant_json(sealed["applicant"], "en")
    if "resume_result" in sealed:
        sealed["result"] = sealed.pop("resume_result")
    return {"step": body["step"], "replaces": replaces | sealed}


def local(name: str, value: Any, calendar: Calendar) -> Any:  # any JSON
    """A value of a body with its instants in the calendar's zone."""
    if name in ("occurred_at", "notified_at") and value is not None:
        return calendar.local(datetime.fromisoformat(value)).isoformat()
    if name == "fixed_due" and value is not None:
        return {clock: calendar.local(datetime.fromisoformat(end)).isoformat() for clock, end in value.items()}
    return value
