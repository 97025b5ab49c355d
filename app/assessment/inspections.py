"""Inspections: recorded with finding and consequence, corrected by a further entry, never erased."""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit, rulebook, scope
from app.access.actor import Actor
from app.applications.chains import raw
from app.applications.events import private_of, values_of
from app.applications.holders import refuse_unknown_holder
from app.applications.record import told_apart
from app.applications.step_schemas import DocumentIn
from app.assessment import inspection_queries as queries
from app.assessment.inspection_queries import EntryRow, sealed_name
from app.assessment.inspection_schemas import ConsequenceIn, EntryIn, InspectionIn, InsteadIn
from app.assessment.models import InspectionEntry, InspectionPrivate
from app.departments.queries import known
from app.domain import chain, tracking_number
from app.domain.chain import Json
from app.domain.tracking_number import Malformed
from app.kit.etags import require_match, version_tag
from app.kit.problems import Problem, invalid
from app.kit.sealing import Sealer
from app.kit.turns import take_turn
from app.supervision.orders import Addressee

__all__ = ["Entry", "Inspection", "add_entry", "open_inspection", "parse_id", "read", "record_inspection"]

PREFIX = "J-"
LOCK = 7_238_411_922
STATED = ("inspected_on", "result", "applications")
"""What stands in the body of an entry: dates, codes and numbers. What people wrote lies sealed beside it."""
WRITTEN = ("scope", "finding", "inspectors", "reason", "actor")


class Entry(NamedTuple):
    """One entry, read back."""

    seq: int
    body: Mapping[str, Any]
    private: Mapping[str, Any]

    @property
    def said(self) -> dict[str, Any]:
        """What it says of the inspection itself: stated and written together."""
        found = {name: self.body[name] for name in STATED if name in self.body}
        found |= {name: self.private[name] for name in WRITTEN[:3] if name in self.private}
        if "consequences" in self.body:
            notes = self.private.get("notes") or [None] * len(self.body["consequences"])
            found["consequences"] = [
                {**one, "note": note} for one, note in zip(self.body["consequences"], notes, strict=True)
            ]
        return found


class Inspection(NamedTuple):
    """An inspection with all its entries."""

    id: str
    quarter: str
    department: str
    section: str | None
    officer: str | None
    entries: tuple[Entry, ...]

    @property
    def is_withdrawn(self) -> bool:
        """Whether it was taken back as a whole."""
        return bool(self.entries[-1].body["type"] == "withdraw")

    @property
    def holds(self) -> dict[str, Any]:
        """What it says after all corrections; consequences that came later stand behind the first."""
        found = dict(self.entries[0].said)
        for entry in self.entries[1:]:
            if entry.body["type"] == "follow":
                found["consequences"] = [*found["consequences"], *entry.said["consequences"]]
            else:
                found |= entry.said
        return found


def not_found() -> Problem:
    """One answer for what does not exist and for what the actor may not see."""
    return Problem(404, "not_found", "there is no such inspection")


def draw_id() -> str:
    """A number that no inspection has: 60 random bits."""
    while True:
        number = tracking_number.make(secrets.token_bytes(tracking_number.RANDOM_BYTES))
        if number is not None:
            return PREFIX + number


def parse_id(written: str) -> str:
    """An inspection's number in its printed form, or 422."""
    stripped = written.strip()
    try:
        if stripped[:1].upper() != PREFIX[0]:
            raise Malformed
        return PREFIX + tracking_number.parse(stripped[1:].lstrip("-"))
    except Malformed:
        detail = "is no number of an inspection: its check fails"
        raise invalid("path", "/inspection", "inspection_number_malformed", detail) from None


async def record_inspection(
    tx: AsyncConnection, actor: Actor, asked: InspectionIn, *, sealer: Sealer, zone: ZoneInfo, now: datetime
) -> Inspection:
    """Record a check of an office: who looked at what, what was found, what follows."""
    if not await known(tx, [asked.department]):
        raise invalid("body", "/department", "department_unknown", "There is no department with this code.")
    await refuse_unknown_holder(tx, Addressee(asked.department, asked.section, asked.officer), asked.department)
    refuse_ahead(asked.inspected_on, zone, now, "/inspected_on")
    body, private = await spelled(tx, asked, asked.department, "")
    head: dict[str, Json] = {"type": "inspect", "quarter": asked.quarter}
    state_documents(asked.documents, body, private)
    row = EntryRow(draw_id(), 1, asked.quarter, asked.department, asked.section, asked.officer, b"", now)
    await write(tx, actor, row, head | body, private | who(asked.actor, actor), sealer=sealer)
    await audit.record(tx, actor, "record_inspection", row.inspection, at=now)
    return await opened(tx, row.inspection, sealer)


async def add_entry(
    tx: AsyncConnection,
    actor: Actor,
    id_: str,
    asked: EntryIn,
    if_match: list[str] | None,
    *,
    sealer: Sealer,
    zone: ZoneInfo,
    now: datetime,
) -> Inspection:
    """Add to an inspection: what else follows, what it should have said, or that it is withdrawn."""
    await take_turn(tx, LOCK)
    before = await open_inspection(tx, actor, id_, sealer=sealer)
    require_match(if_match, version_tag(len(before.entries)))
    if before.is_withdrawn:
        detail = "The inspection is withdrawn: nothing is added to it."
        raise Problem(409, "step_not_allowed", detail, extra={"current": {"version": len(before.entries)}})
    body: dict[str, Json] = {"type": asked.type}
    private: dict[str, Json] = {} if asked.reason is None else {"reason": asked.reason}
    if asked.instead is not None:
        if asked.instead.inspected_on is not None:
            refuse_ahead(asked.instead.inspected_on, zone, now, "/instead/inspected_on")
        stated, written = await spelled(tx, asked.instead, before.department, "/instead")
        body, private = body | stated, private | written
    if asked.consequences is not None:
        await state_consequences(tx, asked.consequences, before.department, "", body, private)
    state_documents(asked.documents, body, private)
    row = EntryRow(
        id_, len(before.entries) + 1, before.quarter, before.department, before.section, before.officer, b"", now
    )
    await write(tx, actor, row, body, private | who(asked.actor, actor), sealer=sealer)
    await audit.record(tx, actor, "add_inspection_entry", id_, at=now, detail={"type": asked.type, "seq": row.seq})
    return await opened(tx, id_, sealer)


def who(said: str | None, actor: Actor) -> dict[str, Json]:
    """Who enters it, by name."""
    name = said or actor.name
    return {"actor": name} if name else {}


def refuse_ahead(day: date, zone: ZoneInfo, now: datetime, pointer: str) -> None:
    """Nothing is inspected ahead."""
    if day > now.astimezone(zone).date():
        raise invalid("body", pointer, "date_ahead", "The day has not come yet.")


async def spelled(
    tx: AsyncConnection, asked: InspectionIn | InsteadIn, department: str, at: str
) -> tuple[dict[str, Json], dict[str, Json]]:
    """What is said, for the body, and what is written, to be sealed."""
    body: dict[str, Json] = {}
    private: dict[str, Json] = {}
    if asked.inspected_on is not None:
        body["inspected_on"] = asked.inspected_on.isoformat()
    if asked.result is not None:
        body["result"] = asked.result
    if asked.applications is not None:
        body["applications"] = [*await numbers_of(tx, asked.applications, at)]
    if asked.scope is not None:
        private["scope"] = asked.scope
    if asked.finding is not None:
        private["finding"] = asked.finding
    if asked.inspectors is not None:
        private["inspectors"] = [*asked.inspectors]
    if asked.consequences is not None:
        await state_consequences(tx, asked.consequences, department, at, body, private)
    return body, private


async def numbers_of(tx: AsyncConnection, written: Sequence[str], at: str) -> list[str]:
    """The applications that were looked at, each of which there is."""
    found = []
    for place, one in enumerate(written):
        try:
            found.append(tracking_number.parse(one))
        except Malformed as refusal:
            raise invalid("body", f"{at}/applications/{place}", refusal.code, refusal.detail) from refusal
    there = await queries.applications_there(tx, found)
    for place, number in enumerate(found):
        if number not in there:
            raise invalid("body", f"{at}/applications/{place}", "application_unknown", "There is no such application.")
    return list(dict.fromkeys(found))


async def state_consequences(
    tx: AsyncConnection,
    consequences: Sequence[ConsequenceIn],
    department: str,
    at: str,
    body: dict[str, Json],
    private: dict[str, Json],
) -> None:
    """What follows; an order or a card must be on record, and for the department that was inspected or one below."""
    stated: list[Json] = []
    for place, one in enumerate(consequences):
        if one.order is not None and not await queries.is_order_of(tx, one.order, department):
            pointer = f"{at}/consequences/{place}/order"
            raise invalid("body", pointer, "order_unknown", "There is no such order to this department.")
        if one.card is not None and not await queries.is_card_of(tx, one.card, department):
            pointer = f"{at}/consequences/{place}/card"
            raise invalid("body", pointer, "card_unknown", "There is no such card of this department.")
        stated.append({"kind": one.kind, "order": one.order, "card": one.card})
    body["consequences"] = stated
    if any(one.note is not None for one in consequences):
        private["notes"] = [one.note for one in consequences]


def state_documents(documents: Sequence[DocumentIn], body: dict[str, Json], private: dict[str, Json]) -> None:
    """Documents without their titles for the body, and whole, to be sealed."""
    if documents:
        pairs = [told_apart(document) for document in documents]
        body["documents"] = [stated for stated, _ in pairs]
        private["documents"] = [whole for _, whole in pairs]


async def write(
    tx: AsyncConnection, actor: Actor, row: EntryRow, body: dict[str, Json], private: dict[str, Json], *, sealer: Sealer
) -> None:
    """Write an entry and link it; its body commits to what is sealed beside it."""
    commitments, salted = private_of(private)
    whole: dict[str, Json] = {
        **body,
        "recorded_at": chain.stamp(row.recorded_at),
        "by": {"credential": actor.credential, "role": str(actor.role)},
        "private": commitments,
    }
    await tx.execute(insert(InspectionEntry), row._replace(body=chain.canonical(whole))._asdict())
    sealed = sealer.seal(salted, sealed_name(row.inspection, row.seq))
    await tx.execute(insert(InspectionPrivate), {"inspection": row.inspection, "seq": row.seq, "sealed": sealed})
    where = (InspectionEntry.inspection == row.inspection, InspectionEntry.seq == row.seq)
    await rulebook.link_row(tx, InspectionEntry, *where, now=row.recorded_at)


def read_entry(row: EntryRow, sealed: bytes | None, sealer: Sealer) -> Entry:
    """An entry with what was sealed of it."""
    name = sealed_name(row.inspection, row.seq)
    private = {} if sealed is None else values_of(sealer.open(raw(sealed), name))
    return Entry(row.seq, json.loads(raw(row.body)), private)


async def opened(tx: AsyncConnection, id_: str, sealer: Sealer) -> Inspection:
    """An inspection that is there."""
    [found] = await read(tx, [id_], sealer)
    return found


async def read(tx: AsyncConnection, ids: Sequence[str], sealer: Sealer) -> list[Inspection]:
    """These inspections, in the order of their ids given."""
    rows: dict[str, list[tuple[EntryRow, bytes | None]]] = {}
    for row, sealed in await queries.entries_of(tx, ids):
        rows.setdefault(row.inspection, []).append((row, sealed))
    found = []
    for id_ in ids:
        mine = rows.get(id_)
        if mine:
            first = mine[0][0]
            entries = tuple(read_entry(row, sealed, sealer) for row, sealed in mine)
            found.append(Inspection(id_, first.quarter, first.department, first.section, first.officer, entries))
    return found


async def open_inspection(tx: AsyncConnection, actor: Actor, id_: str, *, sealer: Sealer) -> Inspection:
    """An inspection that the actor may see, or 404."""
    found = await read(tx, [id_], sealer)
    if not found or not await scope.covers(tx, actor, found[0].department):
        raise not_found()
    return found[0]
