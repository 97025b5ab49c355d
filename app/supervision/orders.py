"""An order is issued, by a supervisor or by rule, and goes its way step by step until it is closed or revoked."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit, scope
from app.access.actor import Actor
from app.access.roles import Action
from app.applications.events import Source
from app.applications.holders import refuse_unknown_holder
from app.applications.record import told_apart
from app.applications.step_schemas import DocumentIn
from app.calendars import catalogue
from app.departments.queries import names
from app.domain import tracking_number
from app.domain.chain import Json
from app.domain.refusal import Refusal
from app.domain.tracking_number import Malformed
from app.kit.etags import require_match, version_tag
from app.kit.problems import Problem, invalid, refused
from app.kit.sealing import Sealer
from app.outbox.write import is_heard, publish
from app.supervision import queries
from app.supervision.course import OrderStep, Terms, check, clock_at
from app.supervision.queries import Opened, OrderHead
from app.supervision.rules import Rules, in_force
from app.supervision.schemas import OrderIn
from app.supervision.step_schemas import OrderStepIn, UpholdAppeal
from app.supervision.telling import events_of
from app.supervision.terms import spelled_terms
from app.supervision.write import Draft, Entry, append, cards_due, drafted

__all__ = [
    "SYSTEM",
    "Addressee",
    "Raising",
    "beginning",
    "commit",
    "issue_order",
    "not_found",
    "open_order",
    "parse_id",
    "record_order_step",
]

SYSTEM = Source("system", "system")
PREFIX = "D-"
DEPARTMENT_S = frozenset(
    {OrderStep.ACKNOWLEDGE, OrderStep.RECTIFY, OrderStep.ASK_EXTENSION, OrderStep.ANSWER, OrderStep.APPEAL}
)
"""The steps of the department; all others are the supervisor's."""
SEALED = ("note", "reason", "measures", "answer", "conclusion", "content")


class Addressee(NamedTuple):
    """Whom an order is for."""

    department: str
    section: str | None
    officer: str | None


class Raising(NamedTuple):
    """Why there is an order: who issued it, about which application, after which alarm."""

    origin: str | None
    """The alarm's id; None where a person issued it."""
    application: str | None
    holder: Addressee
    cause: Mapping[str, Json] | None
    terms: Terms


def not_found() -> Problem:
    """One answer for an order that does not exist and for one that the actor may not see."""
    return Problem(404, "not_found", "there is no such order")


def draw_id() -> str:
    """A number that no order has: 60 random bits; the key of the table would refuse one drawn twice."""
    while True:
        number = tracking_number.make(secrets.token_bytes(tracking_number.RANDOM_BYTES))
        if number is not None:
            return PREFIX + number


def parse_id(text: str, *, place: str = "path") -> str:
    """An order's number in its printed form, or 422."""
    stripped = text.strip()
    try:
        if stripped[:1].upper() != PREFIX[0]:
            raise Malformed
        return PREFIX + tracking_number.parse(stripped[1:].lstrip("-"))
    except Malformed:
        raise invalid(place, "/order", "order_number_malformed", "is no number of an order: its check fails") from None


def beginning(
    raising: Raising, rules: Rules, calendar: str, private: Mapping[str, Json], more: Mapping[str, Json], by: Source
) -> Entry:
    """The entry that begins an order: its first event says all that it will ever demand."""
    id_ = draw_id()
    holder = raising.holder
    body: dict[str, Json] = {
        **more,
        "origin": raising.origin or id_,
        "department": holder.department,
        "by_rule": raising.origin is not None,
        "rules": rules.version,
        "calendar": calendar,
        "terms": spelled_terms(raising.terms),
    }
    named = {
        "application": raising.application,
        "alarm": raising.origin,
        "section": holder.section,
        "officer": holder.officer,
    }
    body.update({name: value for name, value in named.items() if value is not None})
    if raising.cause is not None:
        body["cause"] = dict(raising.cause)
    return Entry(Opened(blank(id_, raising, rules, calendar), ()), (Draft(OrderStep.ISSUE, body, private, by),))


def blank(id_: str, raising: Raising, rules: Rules, calendar: str) -> OrderHead:
    """The row of an order before its first event is written: what the writing needs is its id."""
    epoch = datetime.min.replace(tzinfo=UTC)
    holder = raising.holder
    return OrderHead(
        id_, raising.origin or id_, raising.application, raising.origin, *holder, raising.origin is not None,
        rules.version, calendar, epoch, "issued", False, None, 0, b"", epoch,
    )  # fmt: skip


async def commit(tx: AsyncConnection, entries: Sequence[Entry], *, sealer: Sealer, now: datetime) -> list[Opened]:
    """Record these steps, and tell those who want to know, in the transaction that makes it true."""
    if not entries:
        return []
    written = await append(tx, entries, sealer=sealer, now=now)
    if await is_heard(tx):
        told = []
        for entry, after in zip(entries, written, strict=True):
            told += events_of(after, after.facts[len(entry.opened.facts) :])
        await publish(tx, told, now=now)
    return written


async def issue_order(tx: AsyncConnection, actor: Actor, asked: OrderIn, *, sealer: Sealer, now: datetime) -> Opened:
    """督办: a supervisor issues an order, about an application or not."""
    number, holder = await addressee(tx, asked)
    await refuse_unknown_holder(tx, holder, holder.department)
    rules = await in_force(tx)
    terms = rules.terms if asked.limit is None else rules.terms._replace(limit=asked.limit.limit())
    calendar = catalogue.for_item(None, None, (await names(tx)).calendar(holder.department))
    private: dict[str, Json] = {"content": asked.content}
    if who := asked.actor or actor.name:
        private["actor"] = who
    more: dict[str, Json] = {} if asked.legal_basis is None else {"legal_basis": asked.legal_basis}
    state_documents(asked.documents, more, private)
    entry = beginning(Raising(None, number, holder, None, terms), rules, calendar.name, private, more, source_of(actor))
    try:
        [opened] = await commit(tx, [entry], sealer=sealer, now=now)
    except Refusal as refusal:  # the limit ends beyond what the calendar can count
        raise refused(refusal) from refusal
    await audit.record(tx, actor, "issue_order", opened.head.id, at=now)
    return opened


async def addressee(tx: AsyncConnection, asked: OrderIn) -> tuple[str | None, Addressee]:
    """The application that an order is about, and whom it is for."""
    number = None
    found = None
    if asked.tracking_number is not None:
        try:
            number = tracking_number.parse(asked.tracking_number)
        except Malformed as refusal:
            raise invalid("body", "/tracking_number", refusal.code, refusal.detail) from refusal
        found = await queries.application_of(tx, number, lock=False)
        if found is None:
            raise invalid("body", "/tracking_number", "application_unknown", "There is no such application.")
    if asked.department is not None:
        return number, Addressee(asked.department, asked.section, asked.officer)
    if found is None:
        raise invalid("body", "/department", "holder_unnamed", "An order is for somebody.")
    return number, Addressee(*found)


def source_of(actor: Actor) -> Source:
    """Under which credential a step is recorded."""
    return Source(actor.credential, str(actor.role))


def state_documents(documents: Sequence[DocumentIn], body: dict[str, Json], private: dict[str, Json]) -> None:
    """Documents without their titles for the body, and whole, to be sealed."""
    if documents:
        pairs = [told_apart(document) for document in documents]
        body["documents"] = [stated for stated, _ in pairs]
        private["documents"] = [whole for _, whole in pairs]


async def open_order(tx: AsyncConnection, actor: Actor, id_: str, *, sealer: Sealer, lock: bool = False) -> Opened:
    """An order that the actor may see, or 404."""
    found = await queries.load(tx, [id_], sealer=sealer, lock=lock)
    if not found or not await scope.covers(tx, actor, found[0].head.department):
        raise not_found()
    return found[0]


class Asked(NamedTuple):
    """A step that somebody wants recorded, and on which version of the order he acts."""

    step: OrderStepIn
    if_match: list[str] | None = None


async def record_order_step(
    tx: AsyncConnection, actor: Actor, id_: str, asked: Asked, *, sealer: Sealer, now: datetime
) -> Opened:
    """Record one step of an order, or refuse it; what its limit has brought by then is recorded before.

    An upheld appeal may make an alarm untrue. Its application is locked first, as the sweep locks.
    """
    step = OrderStep(asked.step.type)
    needed = Action.ANSWER_ORDERS if step in DEPARTMENT_S else Action.SUPERVISE
    if not actor.may(needed):
        raise Problem(403, "role_not_allowed", f"Role `{actor.role}` may not record `{step}`.")
    if step is OrderStep.UPHOLD_APPEAL:
        unlocked = await open_order(tx, actor, id_, sealer=sealer)
        if unlocked.head.application is not None:
            await queries.application_of(tx, unlocked.head.application, lock=True)
    opened = await open_order(tx, actor, id_, sealer=sealer, lock=True)
    require_match(asked.if_match, version_tag(opened.head.version))

    at = max(now, opened.head.recorded_at)
    drafts = cards_due(opened, at, SYSTEM)
    planned = opened
    for draft in drafts:
        planned = drafted(planned, draft, at)
    amount = getattr(asked.step, "amount", 0)
    try:
        check(planned.standing, step, opened.terms, clock_at(planned.dossier, at), amount=amount, now=at)
    except Refusal as refusal:
        raise refused(refusal, current={"status": opened.head.status, "version": opened.head.version}) from refusal
    draft = draft_of(planned, asked.step, step, actor)
    planned = drafted(planned, draft, at)
    drafts += [draft, *cards_due(planned, at, SYSTEM)]

    [after] = await commit(tx, [Entry(opened, tuple(drafts))], sealer=sealer, now=now)
    if after.head.false_alarm and after.head.application is not None and step is OrderStep.UPHOLD_APPEAL:
        await queries.look_again(tx, after.head.application, now)
    detail = {"type": str(step), "seq": after.head.version}
    await audit.record(tx, actor, "record_order_step", id_, at=now, detail=detail)
    return after


def draft_of(opened: Opened, asked: OrderStepIn, step: OrderStep, actor: Actor) -> Draft:
    """The step as it is recorded: codes and numbers in its event, what people wrote sealed beside it."""
    body: dict[str, Json] = {}
    private: dict[str, Json] = {}
    if who := asked.actor or actor.name:
        private["actor"] = who
    for name in SEALED:
        if (text := getattr(asked, name, None)) is not None:
            private[name] = text
    state_documents(asked.documents, body, private)
    if step is OrderStep.ASK_EXTENSION:
        body["amount"] = getattr(asked, "amount", 0)
    standing = opened.standing_cards
    if step is OrderStep.REVOKE:
        body["cards"] = [*standing]
    if isinstance(asked, UpholdAppeal):
        body.update(upheld(opened, asked, standing))
    return Draft(step, body, private, source_of(actor))


def upheld(opened: Opened, asked: UpholdAppeal, standing: Sequence[str]) -> dict[str, Json]:
    """What an upheld appeal takes back."""
    is_order = asked.revokes == "order"
    if asked.false_alarm and opened.head.alarm is None:
        raise invalid("body", "/false_alarm", "alarm_missing", "No alarm raised this order.")
    if asked.false_alarm and not is_order:
        raise invalid("body", "/revokes", "input_invalid", "An order whose alarm was false falls itself.")
    if asked.cards is not None and is_order:
        raise invalid("body", "/cards", "input_invalid", "An order falls with all its cards.")
    unknown = next((place for place, card in enumerate(asked.cards or ()) if card not in standing), None)
    if unknown is not None:
        raise invalid("body", f"/cards/{unknown}", "card_unknown", "No such card of this order stands.")
    cards = list(dict.fromkeys(standing if asked.cards is None else asked.cards))
    if not is_order and not cards:
        raise invalid("body", "/revokes", "card_unknown", "No card of this order stands.")
    body: dict[str, Json] = {"order": is_order, "cards": [*cards]}
    if asked.false_alarm:
        body["false_alarm"] = True
    return body
