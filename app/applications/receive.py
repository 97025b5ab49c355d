"""An application is received: it gets its number, its query code, its first holder and its first clocks."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection
from stdnum.cn import ric, uscc

from app.access import audit, scope
from app.access.actor import Actor
from app.access.roles import Action, Role
from app.applications import events, journal, queries
from app.applications.events import Draft
from app.applications.holders import refuse_unknown_holder
from app.applications.journal import By, Entry, Opened, Recorded
from app.applications.lateness import is_very_late
from app.applications.projection import Head, Holder
from app.applications.published import standing
from app.applications.record import instant_of
from app.applications.schemas import ApplicantIn, ReceiptIn
from app.calendars import catalogue
from app.departments.queries import names
from app.domain import chain, tracking_number
from app.domain.calendar import Calendar
from app.domain.chain import Json
from app.domain.folds import BEGINNING, Fold
from app.domain.items import ReceiptRule
from app.domain.receipt import day_of_receipt
from app.domain.refusal import Refusal
from app.domain.steps import Dossier, FixedDue, Step, StepType
from app.items.queries import PinnedItem, valid_on
from app.kit.problems import Problem
from app.kit.sealing import Sealer

__all__ = ["Numbered", "Receipt", "Received", "calendar_of", "draw_number", "receive_application", "received_entry"]

NONCE_BYTES = 16
EIGHTEEN = re.compile(r"[0-9A-Z]{17}[0-9A-Z]", re.ASCII)
SEVENTEEN_DIGITS = re.compile(r"[0-9]{17}[0-9X]", re.ASCII)


class Numbered(NamedTuple):
    """The number of a new application and the code that is shown this once."""

    number: str
    query_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a receipt states, whoever brings it: the counter, another system, an import."""

    pinned: PinnedItem
    calendar: Calendar
    source: str
    channel: str
    submitted_at: datetime
    holder: Holder
    late: bool = False
    """Recorded later than the item's limit for late entries allows."""
    project_code: str | None = None
    external_ref: str | None = None
    fixed_due: tuple[FixedDue, ...] = ()
    private: Mapping[str, Json] = field(default_factory=dict)
    """Applicant, subject, actor, the basis of a fixed end."""

    @property
    def received_on(self) -> date | None:
        """The legal day of the receipt under the item's rule; None where it is to be confirmed."""
        rule = self.pinned.item.receipt_rule
        if rule is ReceiptRule.ON_CONFIRMATION and self.source != "import":
            return None
        return date.fromordinal(day_of_receipt(rule, self.submitted_at, self.calendar))


class Received(NamedTuple):
    """The application that was received, and its query code."""

    recorded: Recorded
    query_code: str


async def receive_application(
    tx: AsyncConnection, actor: Actor, asked: ReceiptIn, *, sealer: Sealer, now: datetime
) -> Received:
    """Record the receipt of an application, or refuse it with what is wrong."""
    if not actor.may_record(StepType.RECEIVE):
        raise Problem(403, "role_not_allowed", f"Role `{actor.role}` may not record `receive`.")
    check_identity(asked.applicant)
    submitted_at = instant_of(asked.submitted_at, now=now, latest=now, pointer="/submitted_at")
    pinned, calendar = await item_on(tx, asked.item, submitted_at, asked.department)
    department = asked.department or pinned.item.department
    if not await scope.covers(tx, actor, department):
        raise Problem(404, "department_not_found", "there is no such department within yours")
    await refuse_unknown_holder(tx, asked, department)
    if asked.fixed_due:
        check_fixed_due(actor, asked.fixed_due_basis)
    source = source_of(actor)
    if asked.external_ref is not None:
        await refuse_known_ref(tx, source, asked.external_ref)

    receipt = Receipt(
        pinned=pinned,
        calendar=calendar,
        source="api",
        channel=asked.channel,
        submitted_at=submitted_at,
        holder=Holder(department, asked.section, asked.officer),
        late=is_very_late(pinned.item.late_entry_limit, calendar, at=submitted_at, now=now),
        project_code=asked.project_code,
        external_ref=asked.external_ref,
        fixed_due=fixed_ends(asked.fixed_due, calendar),
        private=private_values(asked, actor),
    )
    numbered = await draw_number(tx)
    entry = received_entry(receipt, numbered, By(actor.credential, str(actor.role)), sealer=sealer)
    if asked.external_ref is not None:
        fingerprint = hashlib.sha256(chain.canonical(asked.model_dump(mode="json"))).digest()
        if not await queries.keep_ref(tx, source, asked.external_ref, numbered.number, fingerprint):
            await refuse_known_ref(tx, source, asked.external_ref)

    [recorded] = await journal.append_all(tx, [entry], sealer=sealer, now=now)
    await audit.record(tx, actor, "receive", numbered.number, at=now)
    return Received(recorded, numbered.query_code)


async def item_on(
    tx: AsyncConnection, code: str, submitted_at: datetime, department: str | None = None
) -> tuple[PinnedItem, Calendar]:
    """The version of an item that holds on the day of the receipt, and the calendar that it counts by.

    `department` is the first holder where it is another than the item's. What comes in on a Saturday and is received on
    Monday pins Monday's version, if that one, too, has it received then.
    """
    day = catalogue.for_item(None, None).local(submitted_at).date()
    pinned = await valid_on(tx, code, day)
    if pinned is None:
        raise Refusal("item_unknown", "There is no such item.", pointer="/item")
    hall = (await names(tx)).calendar(department or pinned.item.department)
    calendar = calendar_of(pinned, hall)
    local = calendar.local(submitted_at).date()
    if local != day:
        pinned = await valid_on(tx, code, local) or pinned
        calendar = calendar_of(pinned, hall)
    received = day_of_receipt(pinned.item.receipt_rule, submitted_at, calendar)
    if received != local.toordinal():
        later = await valid_on(tx, code, date.fromordinal(received)) or pinned
        if day_of_receipt(later.item.receipt_rule, submitted_at, calendar_of(later, hall)) == received:
            pinned, calendar = later, calendar_of(later, hall)
    return pinned, calendar


def calendar_of(pinned: PinnedItem, hall: str | None = None) -> Calendar:
    """The calendar of an item as it stands now; that of the department's hall goes before the place's."""
    return catalogue.for_item(pinned.body.get("calendar"), pinned.body.get("jurisdiction"), hall)


def check_identity(applicant: ApplicantIn, *, pointer: str = "/applicant/id_number") -> None:
    """422 for a 统一社会信用代码 (GB 32100) or 居民身份证号 (GB 11643) whose check character is wrong."""
    if applicant.id_number is None:
        return
    number = applicant.id_number.strip().upper()
    if applicant.id_type == "uscc":
        right = (
            EIGHTEEN.fullmatch(number) is not None
            and set(number) <= set(USCC_ALPHABET)
            and (uscc.calc_check_digit(number[:17]) == number[17])
        )
    elif applicant.id_type == "resident_id":
        right = SEVENTEEN_DIGITS.fullmatch(number) is not None and ric.calc_check_digit(number) == number[17]
    else:
        return
    if not right:
        raise Refusal("id_number_malformed", "The number's check character does not fit.", pointer=pointer)


USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def check_fixed_due(actor: Actor, basis: str | None, *, pointer: str = "/fixed_due_basis") -> None:
    """An end fixed for one application needs its basis, and a head or an integration."""
    if not actor.may(Action.FIX_DUE):
        raise Problem(403, "role_not_allowed", "To fix an end needs the role `head` or `integration`.")
    if basis is None:
        raise Refusal("fixed_due_basis_missing", "An end that is fixed needs its basis.", pointer=pointer)


def fixed_ends(fixed: Mapping[str, date | datetime], calendar: Calendar) -> tuple[FixedDue, ...]:
    """The exclusive due instants: a date is the last day, an instant the end itself."""
    return tuple(
        FixedDue(clock, end if isinstance(end, datetime) else calendar.midnight(end.toordinal() + 1))
        for clock, end in sorted(fixed.items())
    )


def source_of(actor: Actor) -> str:
    """Within what an external reference is unique: an integration by its name, all offices together."""
    return f"api:{actor.name}" if actor.role is Role.INTEGRATION else "api"


async def refuse_known_ref(tx: AsyncConnection, source: str, ref: str) -> None:
    """409 when the reference names an application already."""
    known = await queries.known_ref(tx, source, ref)
    if known is not None:
        raise Problem(
            409,
            "external_ref_taken",
            "this external_ref names an application already",
            extra={"tracking_number": known},
        )


def private_values(asked: ReceiptIn, actor: Actor) -> dict[str, Json]:
    """What of a receipt is sealed."""
    private: dict[str, Json] = {"applicant": asked.applicant.model_dump(exclude_none=True), "subject": asked.subject}
    if actor.name:
        private["actor"] = actor.name
    if asked.fixed_due_basis is not None:
        private["fixed_due_basis"] = asked.fixed_due_basis
    return private


async def draw_number(tx: AsyncConnection) -> Numbered:
    """A tracking number that no application has, and a query code."""
    while True:
        number = tracking_number.make(secrets.token_bytes(tracking_number.RANDOM_BYTES))
        if number is not None and not await queries.is_taken(tx, number):
            return Numbered(number, tracking_number.query_code(secrets.token_bytes(tracking_number.QUERY_CODE_BYTES)))


def received_entry(receipt: Receipt, numbered: Numbered, by: By, *, sealer: Sealer) -> Entry:
    """The entry that begins the history of an application; more drafts may follow the receipt."""
    number = numbered.number
    nonce = secrets.token_bytes(NONCE_BYTES)
    pinned, calendar, holder = receipt.pinned, receipt.calendar, receipt.holder
    rule = str(pinned.item.receipt_rule)
    received_on = receipt.received_on
    step = Step(
        type=StepType.RECEIVE,
        at=receipt.submitted_at,
        department=holder.department,
        section=holder.section,
        officer=holder.officer,
        fixed_due=receipt.fixed_due,
        imported=receipt.source == "import",
    )
    extra: dict[str, Json] = {
        "nonce": nonce.hex(),
        "item": pinned.item.code,
        "item_version": pinned.item.version,
        "calendar": calendar.name,
        "channel": receipt.channel,
        "receipt_rule": rule,
        "register": "permit",
    }
    if received_on is not None:
        extra["received_on"] = received_on.isoformat()
    if receipt.project_code is not None:
        extra["project_code"] = receipt.project_code
    if receipt.external_ref is not None:
        extra["external_ref"] = receipt.external_ref
    head = Head(
        number=number,
        register="permit",
        source=receipt.source,
        external_ref=receipt.external_ref,
        project_code=receipt.project_code,
        item=pinned.item.code,
        item_version=pinned.item.version,
        calendar=calendar.name,
        channel=receipt.channel,
        receipt_rule=rule,
        submitted_at=receipt.submitted_at,
        received_on=received_on,
        late_receipt=receipt.late,
        query_code_hash=queries.query_code_hash(sealer, number, numbered.query_code),
        status="submitted" if received_on is None else "received",
        department=holder.department,
        section=holder.section,
        officer=holder.officer,
        odd=[],
        version=0,
        head_hash=b"",
        recorded_at=receipt.submitted_at,
        known_from=receipt.submitted_at,
        rewritten_at=None,
        next_look_at=None,
        quarantined_at=None,
    )
    by_then = receipt.submitted_at if receipt.source == "import" else None
    place = pinned.body.get("jurisdiction")
    stopped = standing(place, calendar.day_of(receipt.submitted_at), by_then)
    if stopped:
        extra["suspensions"] = [events.spelled_suspension(one) for one in stopped]
    folds = (Fold(BEGINNING, calendar, stopped),) if stopped else ()
    opened = Opened(number, head, Dossier(pinned.item, calendar, (), folds), pinned, ())
    return Entry(opened, (Draft(step, extra, receipt.private, receipt.late),), by)
