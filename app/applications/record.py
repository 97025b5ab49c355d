"""A step is recorded: is it allowed, by whom, how late, and then appended."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit, scope
from app.access.actor import Actor
from app.access.roles import Action
from app.applications import journal, queries
from app.applications.events import Draft
from app.applications.history import receipt_of
from app.applications.holders import refuse_unknown_holder
from app.applications.journal import LATE_AFTER, By, Entry, Opened, Recorded
from app.applications.lateness import is_very_late
from app.applications.projection import Holder, standing_at
from app.applications.shown import Shown, clocks_at
from app.applications.step_schemas import Assign, DocumentIn, StepIn
from app.domain import procedure
from app.domain.chain import Json
from app.domain.forecast import forecast
from app.domain.refusal import Refusal
from app.domain.steps import Step, StepType
from app.kit.etags import require_match, version_tag
from app.kit.problems import Problem, refused
from app.kit.sealing import Sealer

__all__ = ["AHEAD", "Asked", "instant_of", "not_found", "record_step", "shown_of"]

AHEAD = timedelta(seconds=5)
"""Up to this far ahead of the server is taken as now."""

EXTRA = ("legal_basis", "channel")
SEALED = ("note", "reason", "late_reason", "approver")
DOCUMENTS = ("document", "notice")


class Asked(NamedTuple):
    """A step that somebody wants recorded, and on which version of the application he acts."""

    step: StepIn
    if_match: list[str] | None = None


def shown_of(recorded: Recorded, at: datetime) -> Shown:
    """The application after an append, at an instant not before it."""
    head = recorded.head
    covering = [s for s in recorded.forecast.spans if s.from_at <= at and (s.to_at is None or s.to_at > at)]
    clocks = clocks_at(recorded.dossier.item, covering, recorded.dossier.calendar, at)
    holder = Holder(head.department, head.section, head.officer)
    receipt = receipt_of(recorded.number, recorded.facts).private
    return Shown(head, recorded.pinned, head.status, holder, clocks, receipt, at)


def not_found() -> Problem:
    """One answer for an application that does not exist and for one that the actor may not see."""
    return Problem(404, "not_found", "there is no such application")


async def record_step(
    tx: AsyncConnection, actor: Actor, number: str, asked: Asked, *, sealer: Sealer, now: datetime
) -> Recorded:
    """Record one step of an application, or refuse it with the article that forbids it."""
    type_ = StepType(asked.step.type)
    if not actor.may_record(type_):
        raise Problem(403, "role_not_allowed", f"Role `{actor.role}` may not record `{type_}`.")
    found = await journal.open_dossiers(tx, [number], sealer=sealer)
    if not found:
        raise not_found()
    [opened] = found
    await refuse_outsider(tx, actor, opened)
    require_match(asked.if_match, version_tag(opened.head.version))

    opened = await journal.bring_up(tx, opened, sealer=sealer, now=now)
    at = instant_of(asked.step.occurred_at, now=now, latest=opened.head.recorded_at)
    late = at < now - LATE_AFTER
    if late:
        check_late_entry(actor, asked.step, opened, at=at, now=now)
    if isinstance(asked.step, Assign):
        await refuse_unknown_holder(tx, asked.step, opened.head.department)
    draft = draft_of(asked.step, at, actor, late=late)
    try:
        procedure.check(opened.dossier, draft.step, now=now)
    except Refusal as refusal:
        raise refused(refusal, current=current(opened, now)) from refusal

    [recorded] = await journal.append_all(tx, [Entry(opened, (draft,), by(actor))], sealer=sealer, now=now)
    await audit.record(
        tx, actor, "record_step", number, at=now, detail={"type": str(type_), "seq": recorded.head.version}
    )
    return recorded


async def refuse_outsider(tx: AsyncConnection, actor: Actor, opened: Opened) -> None:
    """404 for what lies outside the actor's offices; 403 for what they held once and may still read."""
    if await scope.covers(tx, actor, opened.head.department):
        return
    if await queries.is_seen(tx, actor, opened.number):
        raise Problem(403, "held_elsewhere", "another department holds this application now")
    raise not_found()


def current(opened: Opened, now: datetime) -> dict[str, Any]:
    """Where the application stands: what a client needs to know that lost a race, or that silence has decided.

    Who waited for another to end began before that one: what stands now is then what the other recorded.
    """
    standing = standing_at(forecast(opened.dossier).stretches, max(now, opened.head.recorded_at))
    return {"status": opened.head.status if standing is None else standing.status, "version": opened.head.version}


def by(actor: Actor) -> By:
    """Under which credential an event is recorded."""
    return By(actor.credential, str(actor.role))


def instant_of(stated: datetime | None, *, now: datetime, latest: datetime, pointer: str = "/occurred_at") -> datetime:
    """When it happened. Nothing said: now, after what was recorded last. Up to 5 s ahead of the server is now."""
    if stated is None:
        return latest if now < latest <= now + AHEAD else now
    if stated > now + AHEAD:
        raise Refusal(
            "occurred_in_future", "This lies ahead of the server's clock: it has not happened yet.", pointer=pointer
        )
    return min(stated, now)


def check_late_entry(actor: Actor, step: StepIn, opened: Opened, *, at: datetime, now: datetime) -> None:
    """A late entry needs its reason; a very late one also a head or an integration, and a second person."""
    if step.late_reason is None:
        raise Refusal(
            "late_reason_missing",
            "What happened more than 5 minutes ago is entered with its reason.",
            pointer="/late_reason",
        )
    limit = opened.dossier.item.late_entry_limit
    if not is_very_late(limit, opened.dossier.calendar, at=at, now=now):
        return
    if not actor.may(Action.ENTER_VERY_LATE):
        raise Problem(403, "role_not_allowed", "So late an entry needs the role `head` or `integration`.")
    if step.approver is None:
        raise Refusal("approver_missing", "So late an entry needs a second person's approval.", pointer="/approver")
    if same_person(step.approver, step.actor or actor.name):
        raise Refusal("approver_is_actor", "The approver is another person than the actor.", pointer="/approver")


def same_person(one: str, other: str) -> bool:
    """Whether two texts name the same person, as far as text can tell."""
    return "".join(one.split()).casefold() == "".join(other.split()).casefold()


def draft_of(asked: StepIn, at: datetime, actor: Actor, *, late: bool) -> Draft:
    """The step for the law, what else the body says, and what is sealed."""
    said = asked.__dict__.get
    announced = said("announced")
    type_ = StepType(asked.type)
    resume_result = said("result") if type_ is StepType.RESUME else None
    step = Step(
        type=type_,
        at=at,
        amount=said("amount") or 0,
        announced=None if announced is None else announced.limit(),
        result=None if type_ is StepType.RESUME else said("result"),
        stage=said("stage") or "",
        clock=said("clock") or "",
        ground=said("ground") or "",
        pause_id=said("pause_id") or "",
        outcome=said("outcome"),
        result_code=said("result_code"),
        department=said("department"),
        section=said("section"),
        officer=said("officer"),
        notified_at=said("notified_at"),
    )
    extra: dict[str, Json] = {name: value for name in EXTRA if (value := said(name)) is not None}
    private: dict[str, Json] = {name: value for name in SEALED if (value := said(name)) is not None}
    if who := asked.actor or actor.name:
        private["actor"] = who
    if resume_result is not None:
        private["resume_result"] = resume_result
    if missing := said("missing"):
        private["missing"] = missing
    for name in DOCUMENTS:
        if (document := said(name)) is not None:
            extra[name], private[name] = told_apart(document)
    if asked.documents:
        pairs = [told_apart(document) for document in asked.documents]
        extra["documents"] = [stated for stated, _ in pairs]
        private["documents"] = [whole for _, whole in pairs]
    return Draft(step, extra, private, late)


def told_apart(document: DocumentIn) -> tuple[dict[str, Json], dict[str, Json]]:
    """A document without its title, for the body, and whole, to be sealed."""
    whole: dict[str, Json] = document.model_dump(mode="json", exclude_none=True)
    return {name: value for name, value in whole.items() if name != "title"}, whole
