"""A change is applied to applications: a `recomputed` step with its cause on each that it touches, told as it was done.

An application that a step brought up to the change meanwhile has moved by it, too: it is told of, and left alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications import carried, events, history, journal
from app.applications.carried import Carried, Prepared
from app.applications.events import Fact
from app.applications.history import Opened
from app.applications.published import Stop
from app.calendar_changes.changes import Change
from app.calendar_changes.moves import Effect, effect_of
from app.calendars import catalogue
from app.domain.refusal import Refusal
from app.domain.steps import Dossier, StepType
from app.kit.sealing import Sealer

__all__ = ["Seen", "apply", "is_brought", "is_written", "made_ready", "seen"]


class Seen(NamedTuple):
    """What a change does to one application, and on which version of it that was worked out."""

    number: str
    version: int
    effect: Effect
    carried: Carried | None = None
    """How it is written without a replay, where that is sure."""


def seen(opened: Opened, change: Change, now: datetime) -> Seen:
    """What a change does to an application as it is on record, or did where it is on record already.

    Nothing is told where its history cannot be counted.
    """
    dossier = before_change(opened, opened.facts, change)
    try:
        effect = effect_of(dossier, change.applied_to(dossier, now), now)
    except Refusal:
        effect = Effect((), touches=False)
    return Seen(opened.number, opened.head.version, effect)


def is_written(one: Seen) -> bool:
    """Whether a change is put on record of an application."""
    return one.effect.touches or any(move.moves for move in one.effect.moves)


def before_change(opened: Opened, facts: Sequence[Fact], change: Change) -> Dossier:
    """The dossier as it was before the change came to it; as it is where it has not come yet."""
    for place, fact in enumerate(facts):
        if fact.step.type is StepType.RECOMPUTED and brings(fact, change):
            return history.dossier_of(opened.pinned.item, opened.number, facts[:place])
    return opened.dossier


def is_brought(opened: Opened, change: Change) -> bool:
    """Whether the change is on record of an application."""
    return any(fact.step.type is StepType.RECOMPUTED and brings(fact, change) for fact in opened.facts)


def brings(fact: Fact, change: Change) -> bool:
    """Whether a `recomputed` step is the one by which the change came."""
    if change.stopped is not None:
        suspension = fact.body.get("suspension")
        return suspension is not None and events.suspension_of(suspension) == change.stopped.suspension
    name = fact.body.get("calendar")
    if name is None:
        return False
    state = catalogue.named(name)
    return state.code in change.changed and state.number >= change.after.newest(state.code).number


async def made_ready(tx: AsyncConnection, found: Iterable[Seen], sealer: Sealer) -> dict[str, Prepared]:
    """What is to be written of those that are carried over, worked out outside any lock."""
    wanted = [one.carried for one in found if one.carried is not None and is_written(one)]
    if not wanted:
        return {}
    return {one.carried.number: one for one in await carried.prepared(tx, wanted, sealer)}


async def apply(
    tx: AsyncConnection,
    change: Change,
    found: Sequence[Seen],
    ready: Mapping[str, Prepared],
    *,
    now: datetime,
    sealer: Sealer,
) -> list[Seen]:
    """Record the change on each application that it touches; what it did to each, as it stood when it was written."""
    known = {one.number: one for one in found}
    wanted = [one.number for one in found if is_written(one)]
    carries = [ready[number] for number in wanted if number in ready]
    if carries:
        written = await carried.carry_over(tx, wanted, carries, now=now)
        wanted = [number for number in wanted if number not in written]
    stops = () if change.stopped is None else (Stop(change.stopped.published_at, change.stopped.suspension),)
    recorded = await journal.recompute(tx, wanted, stops, sealer=sealer, now=now) if wanted else ()
    for one in recorded:
        if one.head.version - one.added != known[one.number].version:
            opened = Opened(one.number, one.head, one.dossier, one.pinned, one.facts)
            known[one.number] = seen(opened, change, now)
    return list(known.values())
