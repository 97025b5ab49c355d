"""A recorded step is corrected: what it says from now on, by whom, approved by whom; nothing is erased."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit
from app.access.actor import Actor
from app.applications import events, history, journal, queries
from app.applications.events import Draft, Fact
from app.applications.history import Opened
from app.applications.holders import refuse_unknown_holder
from app.applications.journal import LATE_AFTER, Entry, Recorded
from app.applications.receive import check_fixed_due, check_identity, fixed_ends
from app.applications.record import (
    Asked,
    by,
    check_late_entry,
    current,
    draft_of,
    instant_of,
    not_found,
    refuse_outsider,
    same_person,
)
from app.applications.schemas import ReceiptAmendment
from app.applications.step_schemas import BY_TYPE, Amend, Assign, StepIn
from app.domain import chain, procedure
from app.domain.chain import Json
from app.domain.receipt import day_of_receipt
from app.domain.refusal import Refusal
from app.domain.steps import Amendment, Step, StepType
from app.kit.etags import require_match, version_tag
from app.kit.problems import Problem, faults_of, invalid, pointer_of, refused
from app.kit.schemas import Wire
from app.kit.sealing import Sealer

__all__ = ["amend_step"]

W = TypeVar("W", bound=Wire)

FIXED = frozenset({"type"})
"""Fields of a step that no amendment changes: another act is another step."""
SEALED = ("reason", "approver", "note", "late_reason")


class Corrected(NamedTuple):
    """What an amendment changes: of the body, null taking a field away, and of what is sealed."""

    body: dict[str, Json]
    private: dict[str, Json]


async def amend_step(
    tx: AsyncConnection, actor: Actor, number: str, asked: Asked, *, sealer: Sealer, now: datetime
) -> Recorded:
    """Correct a recorded step, or refuse it; the history that results must be allowed, as under late entry."""
    amend = asked.step
    assert isinstance(amend, Amend), "only an amendment is an amendment"  # noqa: S101
    if not actor.may_record(StepType.AMEND):
        raise Problem(403, "role_not_allowed", f"Role `{actor.role}` may not record `amend`.")
    found = await journal.open_dossiers(tx, [number], sealer=sealer)
    if not found:
        raise not_found()
    [opened] = found
    await refuse_outsider(tx, actor, opened)
    require_match(asked.if_match, version_tag(opened.head.version))
    if same_person(amend.approver or "", amend.actor or actor.name):
        raise Refusal("approver_is_actor", "The approver is another person than the actor.", pointer="/approver")

    opened = await journal.bring_up(tx, opened, sealer=sealer, now=now)
    at = instant_of(amend.occurred_at, now=now, latest=opened.head.recorded_at)
    late = at < now - LATE_AFTER
    if late:
        check_late_entry(actor, amend, opened, at=at, now=now)
    before = await standing(tx, opened, amend.step, sealer)
    changes = None if amend.replaces is None else await correct(tx, actor, opened, before, amend.replaces, now)
    amendment = amended(opened, before, changes, now)
    try:
        procedure.check_amendment(opened.dossier, amendment)
    except Refusal as refusal:
        raise refused(refusal, current=current(opened, now)) from refusal

    draft = drafted(amend, actor, at, late=late, before=before, after=amendment.step, changes=changes)
    [recorded] = await journal.append_all(tx, [Entry(opened, (draft,), by(actor))], sealer=sealer, now=now)
    detail = {"type": "amend", "seq": recorded.head.version, "of": before.step.seq}
    await audit.record(tx, actor, "record_step", number, at=now, detail=detail)
    return recorded


async def standing(tx: AsyncConnection, opened: Opened, id_: str, sealer: Sealer) -> Fact:
    """The step that an id names as it stands, with all that is sealed of it; refused where it cannot be amended."""
    number = opened.number
    seq = events.seq_of(number, id_)
    if seq is None or not 1 <= seq <= len(opened.facts):
        raise Refusal("step_unknown", "The application has no such step.", pointer="/step")
    type_ = opened.facts[seq - 1].step.type
    if (str(type_) not in BY_TYPE and type_ is not StepType.RECEIVE) or type_ is StepType.AMEND:
        raise Refusal("step_not_amendable", f"A step of type {type_} cannot be amended.", pointer="/step")
    whole = await queries.fact(tx, number, seq, sealer)
    facts = (*opened.facts[: seq - 1], whole, *opened.facts[seq:])
    found = next((fact for fact in history.facts_that_hold(number, facts) if fact.step.seq == seq), None)
    if found is None:
        raise Refusal("step_struck_out", "The step has been struck out; record it anew.", pointer="/step")
    return found


async def correct(
    tx: AsyncConnection, actor: Actor, opened: Opened, before: Fact, replaces: Mapping[str, Any], now: datetime
) -> Corrected:
    """What the replaced fields change of a step, each checked as when the step was recorded."""
    if before.step.type is StepType.RECEIVE:
        changes = receipt_changes(actor, opened, before, replaces, now)
    else:
        asked = validated(BY_TYPE[str(before.step.type)], wire_of(before), replaces)
        if isinstance(asked, Assign):
            await refuse_unknown_holder(tx, asked, opened.head.department)
        changes = step_changes(actor, opened, before, asked, now)
    if not changes.body and not changes.private:
        raise Refusal("nothing_replaced", "The step says all that already.", pointer="/replaces")
    return changes


def wire_of(fact: Fact) -> dict[str, Any]:
    """A recorded step as it would be sent again."""
    step, body, private = fact
    fields = BY_TYPE[str(step.type)].model_fields
    stated = {name: value for name, value in {**body, **private}.items() if name in fields}
    if "announced" in fields:
        stated.setdefault("announced", None)
    if "resume_result" in private:
        stated["result"] = private["resume_result"]
    return stated


def validated(model: type[W], stated: Mapping[str, Any], replaces: Mapping[str, Any]) -> W:
    """The message with its fields replaced; every fault with a pointer into `replaces`."""
    for name in replaces:
        if name in FIXED or name not in model.model_fields:
            pointer = pointer_of(("replaces", name))
            raise invalid("body", pointer, "input_invalid", "is no field of this step that can be amended")
    try:
        return model.model_validate_json(to_json({**stated, **replaces}))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        code, faults = faults_of([{**one, "loc": ("replaces", *one["loc"])} for one in found], "body")
        raise Problem(422, code, "the input is not valid", errors=faults) from None


def step_changes(actor: Actor, opened: Opened, before: Fact, asked: StepIn, now: datetime) -> Corrected:
    """What differs between a step as it stands and as it would stand."""
    at = before.step.at
    if asked.occurred_at != at:
        at = instant_of(asked.occurred_at, now=now, latest=opened.head.recorded_at, pointer="/replaces/occurred_at")
    draft = draft_of(asked, at, actor, late=False)
    body = events.body_of(draft, now, {}, None)
    private = dict(draft.private)
    if asked.actor is None:
        private.pop("actor", None)
    fields = type(asked).model_fields
    return Corrected(
        {name: body.get(name) for name in fields if name not in FIXED and body.get(name) != before.body.get(name)},
        {
            name: private.get(name)
            for name in (*fields, "resume_result")
            if private.get(name) != before.private.get(name)
        },
    )


def receipt_changes(
    actor: Actor, opened: Opened, before: Fact, replaces: Mapping[str, Any], now: datetime
) -> Corrected:
    """What changes of a receipt: its instant and with it the day, the applicant, the subject, ends fixed for it."""
    asked = validated(ReceiptAmendment, {}, replaces)
    calendar = opened.dossier.calendar
    body: dict[str, Json] = {}
    private: dict[str, Json] = {}
    if asked.submitted_at is not None:
        at = instant_of(asked.submitted_at, now=now, latest=now, pointer="/replaces/submitted_at")
        body["occurred_at"] = chain.stamp(at)
        if "received_on" in before.body:
            day = day_of_receipt(opened.dossier.item.receipt_rule, at, calendar)
            body["received_on"] = date.fromordinal(day).isoformat()
    if asked.applicant is not None:
        check_identity(asked.applicant, pointer="/replaces/applicant/id_number")
        private["applicant"] = asked.applicant.model_dump(exclude_none=True)
    if asked.subject is not None:
        private["subject"] = asked.subject
    if asked.fixed_due is not None:
        if asked.fixed_due:
            check_fixed_due(actor, asked.fixed_due_basis, pointer="/replaces/fixed_due_basis")
        ends = fixed_ends(asked.fixed_due, calendar)
        body["fixed_due"] = {end.clock: chain.stamp(end.due_at) for end in ends} or None
        private["fixed_due_basis"] = asked.fixed_due_basis
    return Corrected(
        {name: value for name, value in body.items() if value != before.body.get(name)},
        {name: value for name, value in private.items() if value != before.private.get(name)},
    )


def amended(opened: Opened, before: Fact, changes: Corrected | None, now: datetime) -> Amendment:
    """The amendment as the law sees it."""
    seq = before.step.seq
    after: Step | None = None
    if changes is not None:
        after = events.step_of(opened.number, seq, history.changed(before.body, changes.body))
    elif before.step.type is StepType.RECEIVE:
        raise Refusal(
            "step_not_amendable", "A receipt cannot be struck out; withdraw or close it.", pointer="/replaces"
        )
    return Amendment(of=seq, step=after, seq=opened.head.version + 1, recorded_at=now)


def drafted(
    amend: Amend,
    actor: Actor,
    at: datetime,
    *,
    late: bool,
    before: Fact,
    after: Step | None,
    changes: Corrected | None,
) -> Draft:
    """The `amend` step to be recorded."""
    said = amend.__dict__.get
    private: dict[str, Json] = {name: value for name in SEALED if (value := said(name)) is not None}
    if who := amend.actor or actor.name:
        private["actor"] = who
    if changes is not None and changes.private:
        private["replaces"] = changes.private
    extra: dict[str, Json] = {"step": before.step.id, "replaces": None if changes is None else changes.body}
    if amend.documents:
        extra["documents"] = [
            document.model_dump(mode="json", exclude_none=True, exclude={"title"}) for document in amend.documents
        ]
        private["documents"] = [document.model_dump(mode="json", exclude_none=True) for document in amend.documents]
    since = before.step.at if after is None else min(before.step.at, after.at)
    return Draft(Step(type=StepType.AMEND, at=at), extra, private, late, since=since)
