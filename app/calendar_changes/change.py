"""A change is made or tried: what it is, is recorded, and the walk over the applications begins with the commit."""

import secrets
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit
from app.calendar_changes import queries
from app.calendar_changes.changes import spelled_stop
from app.calendar_changes.queries import Kind, Run
from app.calendar_changes.version import spelled_version
from app.calendar_changes.walk import new_counts
from app.calendars import catalogue
from app.calendars.known import ZONE, Stopped
from app.calendars.publish import Doer, Published, plan_edition, publish_edition, refuse_own_approval
from app.calendars.schemas import EditionIn, SuspensionIn
from app.calendars.stored import hold_calendars, keep_suspension, picture
from app.domain.folds import Suspension
from app.domain.refusal import Refusal
from app.items.publish import planned, preview
from app.items.schemas import ItemIn, ItemPreview
from app.kit.db import after_commit

__all__ = [
    "Suspended",
    "add_edition",
    "edition_run",
    "suspend",
    "suspension_run",
    "try_edition",
    "try_item",
    "try_suspension",
]


class Suspended(NamedTuple):
    """A document on a suspension that was recorded."""

    stopped: Stopped
    run: str


def edition_run(code: str, number: int) -> str:
    """The name of the run that applies an edition."""
    return f"edition {code} {number}"


def suspension_run(serial: int) -> str:
    """The name of the run that applies a suspension."""
    return f"suspension {serial}"


async def add_edition(tx: AsyncConnection, actor: Doer, code: str, asked: EditionIn, *, now: datetime) -> Published:
    """Add an edition; from the commit on it holds for what is received, and is applied to what is under way."""
    published = await publish_edition(tx, actor, code, asked, now=now)
    [recorded] = [one for one in published.known.layer(code).editions if one.edition.number == published.number]
    run = await new_run(tx, actor, edition_run(code, published.number), "edition", now=now)
    await queries.begin(
        tx, run._replace(change={"calendar": code}, serial=recorded.serial, published_at=recorded.from_at)
    )
    return published


async def suspend(tx: AsyncConnection, actor: Doer, asked: SuspensionIn, *, now: datetime) -> Suspended:
    """Record a document that stops clocks of a place, or that names the end of one that is on record."""
    refuse_own_approval(actor, asked.approver)
    await hold_calendars(tx)
    stopped = planned_stop(asked, (await picture(tx)).stopped, now=now)
    stopped = stopped._replace(serial=await keep_suspension(tx, stopped, recorded_by=actor.credential))
    run = await new_run(tx, actor, suspension_run(stopped.serial), "suspension", now=now)
    await queries.begin(tx, run._replace(change=spelled_stop(stopped), published_at=stopped.published_at))
    detail = {"suspension": stopped.suspension.id, "clocks": sorted(asked.clocks), "jurisdiction": asked.jurisdiction}
    await audit.record(tx, actor, "suspend", stopped.suspension.id, at=now, detail=detail)
    known = await picture(tx)
    after_commit(tx, lambda: catalogue.adopt(known))
    return Suspended(stopped, run.id)


async def try_edition(tx: AsyncConnection, actor: Doer, code: str, asked: EditionIn, *, now: datetime) -> str:
    """Begin a dry run of an edition that would be taken; the id under which it is told of. Else the same refusal."""
    refuse_own_approval(actor, asked.approver)
    known = await picture(tx)
    plan = plan_edition(known, code, asked, now=now)
    run = await new_run(tx, actor, secrets.token_hex(16), "edition", now=now)
    change = {"calendar": code, "asked": asked.model_dump_json(exclude_unset=True)}
    await queries.forget_old(tx, now)
    await queries.begin(
        tx, run._replace(dry=True, change=change, serial=known.serial, published_at=plan.recorded.from_at)
    )
    await audit.record(tx, actor, "try_edition", code, at=now, detail={"dry_run": run.id})
    return run.id


async def try_suspension(tx: AsyncConnection, actor: Doer, asked: SuspensionIn, *, now: datetime) -> str:
    """Begin a dry run of a suspension; the id under which it is told of."""
    refuse_own_approval(actor, asked.approver)
    stopped = planned_stop(asked, (await picture(tx)).stopped, now=now)
    run = await new_run(tx, actor, secrets.token_hex(16), "suspension", now=now)
    await queries.forget_old(tx, now)
    await queries.begin(tx, run._replace(dry=True, change=spelled_stop(stopped), published_at=stopped.published_at))
    await audit.record(tx, actor, "try_suspension", asked.jurisdiction, at=now, detail={"dry_run": run.id})
    return run.id


async def try_item(
    tx: AsyncConnection, actor: Doer, code: str, asked: ItemIn, *, now: datetime
) -> tuple[ItemPreview, str]:
    """Begin a dry run of a version of an item that would be taken: what differs, and the id. Else the same refusal.

    Every open application of the item is drawn under it, also those of versions before the newest.
    """
    plan = await planned(tx, code, asked, now)
    change = spelled_version(code, plan.version, plan.body)
    run = await new_run(tx, actor, secrets.token_hex(16), "item", now=now)
    await queries.forget_old(tx, now)
    await queries.begin(tx, run._replace(dry=True, change=change, total=await queries.open_of(tx, code)))
    await audit.record(tx, actor, "try_item", code, at=now, detail={"dry_run": run.id})
    return await preview(tx, code, plan), run.id


def planned_stop(asked: SuspensionIn, known: tuple[Stopped, ...], *, now: datetime) -> Stopped:
    """The suspension that a document states; refused where it cannot be believed."""
    instant = asked.instant(ZONE)
    if instant > now:
        raise Refusal(
            "published_in_future", "A document that is not published yet stops nothing.", pointer="/published_at"
        )
    if asked.to is not None and asked.to < asked.from_:
        raise Refusal("range_reversed", "The suspension ends before it begins.", pointer="/to")
    id_ = secrets.token_hex(6)
    clocks = frozenset(asked.clocks)
    if asked.ends is not None:
        earlier = [one for one in known if one.suspension.id == asked.ends]
        if not earlier:
            raise Refusal("suspension_unknown", "There is no such suspension.", pointer="/ends")
        last = earlier[-1]
        if (last.jurisdiction, last.suspension.clocks, last.suspension.first) != (
            asked.jurisdiction, clocks, asked.from_.toordinal(),
        ):  # fmt: skip
            raise Refusal("suspension_differs", "Another place, other clocks or another beginning.", pointer="/ends")
        if instant < last.published_at:
            raise Refusal("older_than_superseded", "It was published before what it ends.", pointer="/published_at")
        id_ = asked.ends
    to = None if asked.to is None else asked.to.toordinal()
    suspension = Suspension(id_, clocks, asked.from_.toordinal(), to, asked.document)
    return Stopped(0, asked.jurisdiction, instant, suspension, asked.approver, now)


async def new_run(tx: AsyncConnection, actor: Doer, id_: str, kind: Kind, *, now: datetime) -> Run:
    """A run that has not begun."""
    return Run(
        id=id_, kind=kind, dry=False, change={}, serial=0, published_at=now, after="", round=1, done=0,
        total=await queries.total(tx), counts=new_counts(kind), created_at=now, created_by=actor.credential,
        finished_at=None, failed=None,
    )  # fmt: skip
