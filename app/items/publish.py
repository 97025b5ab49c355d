"""A new version of an item is published; or it is said what would be, and nothing is stored."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit, rulebook
from app.calendars import catalogue
from app.departments.queries import known
from app.domain.calendar import Calendar
from app.domain.refusal import Refusal
from app.domain.units import MICROSECONDS
from app.items.difference import differences
from app.items.models import ItemVersion
from app.items.queries import Document, VersionRow, newest, open_under, versions_changed
from app.items.rules import Fault, faults
from app.items.schemas import Change, ClockDocument, ItemDocument, ItemIn, ItemPreview, StageDocument
from app.kit import problems
from app.kit.problems import Problem
from app.kit.schemas import LimitIn

__all__ = ["Plan", "Published", "planned", "preview", "publish"]

ITEM_LOCK = 7_238_411
"""First half of the lock that lets one version of one item be made at a time (the second half is of its code)."""


class Published(NamedTuple):
    """The newest version as it is now, and whether this call made it."""

    version: VersionRow
    created: bool


class Plan(NamedTuple):
    """What a document would do."""

    body: Document
    valid_from: date
    before: VersionRow | None
    differs: bool

    @property
    def version(self) -> int:
        """The number that the version would have; that of the newest where nothing differs."""
        return (0 if self.before is None else self.before.version) + self.differs


async def publish(tx: AsyncConnection, actor: audit.Doer, code: str, body: ItemIn, now: datetime) -> Published:
    """Make a new version of the item `code`; a document equal to the newest version makes none.

    Refused with 422, every fault with its place: see `rules`, and a department, a calendar or a day that cannot be.
    Applications keep the version that they pinned.
    """
    if tx.dialect.name == "postgresql":
        await tx.execute(
            text("SELECT pg_advisory_xact_lock(:lock, hashtext(:code))"), {"lock": ITEM_LOCK, "code": code}
        )
    plan = await planned(tx, code, body, now)
    if plan.before is not None and not plan.differs:
        return Published(plan.before, created=False)

    version = plan.version
    versions_changed(tx)
    values = {
        "code": code,
        "version": version,
        "name": body.name,
        "department": body.department,
        "valid_from": plan.valid_from,
        "published_at": now,
        "published_by": actor.credential,
        "body": plan.body,
    }
    await tx.execute(insert(ItemVersion), values)
    await rulebook.link_row(tx, ItemVersion, ItemVersion.code == code, ItemVersion.version == version, now=now)
    detail = {"version": version, "valid_from": plan.valid_from.isoformat(), "department": body.department}
    await audit.record(tx, actor, "publish_item", code, at=now, detail=detail)
    return Published(VersionRow(code, version, plan.valid_from, now, plan.body), created=True)


async def preview(tx: AsyncConnection, code: str, plan: Plan) -> ItemPreview:
    """What `publish` would do with the document of a plan: the differences, and what is open now."""
    before = None if plan.before is None else plan.before.body
    return ItemPreview(
        version=plan.version,
        valid_from=plan.valid_from,
        would_publish=plan.differs,
        changes=[Change(pointer=d.pointer, before=d.before, after=d.after) for d in differences(before, plan.body)]
        if plan.differs
        else [],
        open_applications=await open_under(tx, code),
    )


async def planned(tx: AsyncConnection, code: str, body: ItemIn, now: datetime) -> Plan:
    """The document made whole, beside the newest version; raises when anything is wrong with it."""
    calendar, wrong = calendar_of(body)
    wrong += [*faults(body), *await office_faults(tx, code, body)]
    if calendar is None:
        raise refusal(wrong)
    wrong += hourless(body, calendar)
    today = date.fromordinal(calendar.day_of(now))

    before = await newest(tx, code)
    begins = body.valid_from or (today if before is None else before.valid_from)
    wanted = body.model_copy(update={"code": code, "valid_from": begins})
    differs = before is None or wanted != ItemIn.model_validate(before.body)
    if before is not None and differs:
        if body.valid_from is None:
            wanted = wanted.model_copy(update={"valid_from": today})
        elif body.valid_from < today:
            detail = f"A second version begins today, {today}, at the earliest."
            wrong.append(Fault("/valid_from", "valid_from_past", detail))
    if wrong:
        raise refusal(wrong)
    return Plan(wanted.model_dump(mode="json", exclude_none=True), wanted.valid_from or today, before, differs)


def calendar_of(body: ItemDocument) -> tuple[Calendar | None, list[Fault]]:
    """The calendar that the item counts by, or what is wrong with its name."""
    try:
        return catalogue.for_item(body.calendar, body.jurisdiction), []
    except Refusal as refused:
        pointer = "/jurisdiction" if body.calendar is None else "/calendar"
        return None, [Fault(pointer, refused.code, refused.detail)]


async def office_faults(tx: AsyncConnection, code: str, body: ItemDocument) -> list[Fault]:
    """The departments that the document names and that are not there, and a code other than the one in the path."""
    named = [("/department", body.department)]
    named += [(f"/stages/{place}/department", stage.department) for place, stage in enumerate(body.stages)]
    found = await known(tx, sorted({department for _, department in named if department is not None}))
    wrong = [
        Fault(pointer, "department_unknown", "There is no department with this code.")
        for pointer, department in named
        if department is not None and department not in found
    ]
    if body.code is not None and body.code != code:
        wrong.append(Fault("/code", "code_differs", "The code in the body is not the one in the path."))
    return wrong


def hourless(body: ItemDocument, calendar: Calendar) -> Iterator[Fault]:
    """What needs the hours of the calendar that it counts by, where that knows none."""
    if calendar.has_hours:
        return
    for at, limit in limits_of(body):
        if limit is not None and limit.unit in MICROSECONDS:
            detail = f"The calendar {calendar.code} has no hours through which working time could run."
            yield Fault(f"{at}/unit", "calendar_without_hours", detail)
    for at, part in clocks_of(body):
        if part.count is not None and part.count.due_time == "close_of_business":
            detail = f"The calendar {calendar.code} has no hours, so that no business closes."
            yield Fault(f"{at}/count/due_time", "calendar_without_hours", detail)


def limits_of(body: ItemDocument) -> Iterator[tuple[str, LimitIn | None]]:
    """Every limit of a document, with its place."""
    yield "/late_entry_limit", body.late_entry_limit
    for at, part in clocks_of(body):
        yield f"{at}/limit", part.limit
        for place, rung in enumerate(part.warn or ()):
            yield f"{at}/warn/{place}/before", rung.before
            yield f"{at}/warn/{place}/after", rung.after


def clocks_of(body: ItemDocument) -> Iterator[tuple[str, ClockDocument | StageDocument]]:
    """The clocks of a document and its stages, with their places."""
    yield from ((f"/clocks/{place}", clock) for place, clock in enumerate(body.clocks))
    yield from ((f"/stages/{place}", stage) for place, stage in enumerate(body.stages))


def refusal(wrong: list[Fault]) -> Problem:
    """One 422 for all faults, with the code of the first."""
    errors = [problems.Fault("body", fault.pointer, fault.detail) for fault in wrong]
    return Problem(422, wrong[0].code, wrong[0].detail, errors=errors)
