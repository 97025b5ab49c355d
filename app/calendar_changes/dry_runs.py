"""A dry run is asked for: what an edition or a suspension would move, without storing it."""

import secrets
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit
from app.calendar_changes import queries
from app.calendar_changes.queries import Run
from app.calendar_changes.walk import new_counts
from app.calendars.publish import Doer, plan_edition, refuse_own_approval
from app.calendars.schemas import EditionIn
from app.calendars.stored import picture

__all__ = ["try_edition"]


async def try_edition(tx: AsyncConnection, actor: Doer, code: str, asked: EditionIn, *, now: datetime) -> str:
    """Begin a dry run of an edition that would be taken; the id under which it is told of. Else the same refusal."""
    refuse_own_approval(actor, asked.approver)
    known = await picture(tx)
    plan = plan_edition(known, code, asked, now=now)
    run = Run(
        id=secrets.token_hex(16),
        kind="edition",
        dry=True,
        change={"calendar": code, "asked": asked.model_dump_json(exclude_unset=True)},
        serial=known.serial,
        published_at=plan.recorded.from_at,
        after="",
        round=1,
        done=0,
        total=await queries.total(tx),
        counts=new_counts(),
        created_at=now,
        created_by=actor.credential,
        finished_at=None,
        failed=None,
    )
    await queries.forget_old(tx, now)
    await queries.begin(tx, run)
    await audit.record(tx, actor, "try_edition", code, at=now, detail={"dry_run": run.id})
    return run.id
