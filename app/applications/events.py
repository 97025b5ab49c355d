"""One event three ways: the step that the law reads, the body that is hashed, and what is sealed beside it."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from app.domain import chain
from app.domain.chain import Json
from app.domain.folds import Suspension
from app.domain.steps import SYSTEM, FixedDue, Step, StepType
from app.domain.units import Limit, Unit

__all__ = [
    "NOTHING",
    "Draft",
    "Fact",
    "Source",
    "Stored",
    "body_of",
    "private_of",
    "sealed_name",
    "seq_of",
    "spelled_suspension",
    "step_id",
    "step_of",
    "suspension_of",
    "values_of",
]

SALT_BYTES = 16
NOTHING: Mapping[str, Json] = {}

Stored = Mapping[str, Any]
"""JSON read back: `body_of` and `private_of` wrote it, and nobody else; its shape is theirs."""

TEXTS = ("stage", "clock", "ground", "pause_id", "effect")
NULLABLE = ("outcome", "result", "result_code", "department", "section", "officer")
STEP_TYPES = {str(member): member for member in StepType}
UNITS = {str(member): member for member in Unit}


class Source(NamedTuple):
    """Under which credential and role a step is recorded."""

    credential: str
    role: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A step that is to be recorded.

    `extra` goes into the body as it is: codes, dates and numbers that the law of time does not read.
    `private` holds what may have to be forgotten: names, identifiers, subject, notes, reasons, titles.
    """

    step: Step
    extra: Mapping[str, Json] = field(default_factory=dict)
    private: Mapping[str, Json] = field(default_factory=dict)
    late: bool = False
    by: Source | None = None
    """Who records it, if not who records the others with it."""

    def withdrawing(self, undone: tuple[str, ...]) -> "Draft":
        """The same, with the effects of silence that no longer stand once it is on record."""
        return replace(self, step=replace(self.step, withdraws=undone))

    since: datetime | None = None
    """From when on it changes history, where that is not the instant at which it happened: of an amendment."""

    @property
    def affects_from(self) -> datetime:
        """From when on it changes history."""
        return self.since or self.step.at


class Fact(NamedTuple):
    """One recorded event, read back."""

    step: Step
    body: Stored
    private: Stored


def step_id(number: str, seq: int) -> str:
    """The name by which other steps and clients refer to a step."""
    return f"{number}.{seq}"


def seq_of(number: str, id_: str) -> int | None:
    """The place of the step of this application that an id names; None where it names none."""
    of, _, seq = id_.rpartition(".")
    return int(seq) if of == number and seq.isascii() and seq.isdigit() and len(seq) < 10 else None


def sealed_name(number: str, seq: int) -> bytes:
    """What a sealed value is bound to, so that it cannot be moved to another event."""
    return f"event {number} {seq}".encode()


def body_of(
    draft: Draft, recorded_at: datetime, by: Mapping[str, Json], commitments: Mapping[str, Json] | None
) -> dict[str, Json]:
    """The body of an event: what is said, when, by which credential, and commitments in place of personal values."""
    step = draft.step
    body: dict[str, Json] = {
        **draft.extra,
        "type": str(step.type),
        "occurred_at": chain.stamp(step.at),
        "recorded_at": chain.stamp(recorded_at),
        "by": dict(by),
        "source": "import" if step.imported else "system" if step.type in SYSTEM else "api",
    }
    for name in TEXTS:
        if text := getattr(step, name):
            body[name] = text
    for name in NULLABLE:
        if (value := getattr(step, name)) is not None:
            body[name] = value
    if step.amount:
        body["amount"] = step.amount
    if step.announced is not None:
        body["announced"] = {"amount": step.announced.amount, "unit": str(step.announced.unit)}
    if step.notified_at is not None:
        body["notified_at"] = chain.stamp(step.notified_at)
    if step.fixed_due:
        body["fixed_due"] = {fixed.clock: chain.stamp(fixed.due_at) for fixed in step.fixed_due}
    if step.effective_on is not None:
        body["effective_on"] = date.fromordinal(step.effective_on).isoformat()
    if step.withdraws:
        body["withdraws"] = list(step.withdraws)
    if draft.late:
        body["late_entry"] = True
    if commitments:
        body["private"] = dict(commitments)
    return body


def step_of(number: str, seq: int, body: Stored) -> Step:
    """The step that a body states."""
    get = body.get
    announced, notified, effective = get("announced"), get("notified_at"), get("effective_on")
    return Step(
        type=STEP_TYPES[body["type"]],
        at=instant(body["occurred_at"]),
        seq=seq,
        id=step_id(number, seq),
        recorded_at=instant(body["recorded_at"]),
        stage=get("stage", ""),
        outcome=get("outcome"),
        clock=get("clock", ""),
        amount=get("amount", 0),
        ground=get("ground", ""),
        announced=None if announced is None else limit_of(announced),
        pause_id=get("pause_id", ""),
        notified_at=None if notified is None else instant(notified),
        result=get("result"),
        result_code=get("result_code"),
        department=get("department"),
        section=get("section"),
        officer=get("officer"),
        fixed_due=tuple(FixedDue(clock, instant(due)) for clock, due in get("fixed_due", NOTHING).items()),
        effect=get("effect", ""),
        effective_on=None if effective is None else date.fromisoformat(effective).toordinal(),
        withdraws=tuple(get("withdraws", ())),
        imported=get("source") == "import",
    )


def instant(stamped: str) -> datetime:
    """The instant that `chain.stamp` spelled."""
    return datetime.fromisoformat(stamped)


def limit_of(spelled: Stored) -> Limit:
    """The limit that a body spells as amount and unit."""
    return Limit(spelled["amount"], UNITS[spelled["unit"]])


def spelled_suspension(suspension: Suspension) -> dict[str, Json]:
    """A suspension as a body states it."""
    last = suspension.last
    return {
        "id": suspension.id,
        "clocks": [*sorted(suspension.clocks)],
        "from": date.fromordinal(suspension.first).isoformat(),
        "to": None if last is None else date.fromordinal(last).isoformat(),
        "document": suspension.document,
    }


def suspension_of(spelled: Stored) -> Suspension:
    """The suspension that a body states."""
    last = spelled["to"]
    return Suspension(
        spelled["id"],
        frozenset(spelled["clocks"]),
        date.fromisoformat(spelled["from"]).toordinal(),
        None if last is None else date.fromisoformat(last).toordinal(),
        spelled["document"],
    )


def private_of(private: Mapping[str, Json]) -> tuple[dict[str, Json], bytes]:
    """Commitments for the body, and the values with a salt each, to be sealed.

    Every value has its own salt: to forget one, its salt goes with it and the commitment betrays nothing.
    """
    salts = {name: secrets.token_bytes(SALT_BYTES) for name in private}
    commitments: dict[str, Json] = {
        name: chain.commit(salts[name], name, chain.canonical({"value": value})) for name, value in private.items()
    }
    salted: dict[str, Json] = {name: [salts[name].hex(), value] for name, value in private.items()}
    return commitments, chain.canonical(salted)


def commitments_of(salted: Mapping[str, tuple[str, Json]]) -> dict[str, Json]:
    """The commitments to salted values, as `private_of` gave them."""
    return {
        name: chain.commit(bytes.fromhex(salt), name, chain.canonical({"value": value}))
        for name, (salt, value) in salted.items()
    }


def values_of(salted: bytes) -> dict[str, Any]:
    """The values that `private_of` gave to be sealed."""
    return {name: value for name, (_, value) in json.loads(salted).items()}
