"""From the facts on record to the dossier that the law reads, and to the facts that hold."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from app.applications import events
from app.applications.events import NOTHING, Fact, Stored
from app.applications.projection import Head
from app.calendars import catalogue
from app.domain import corrections
from app.domain.corrections import Record
from app.domain.folds import BEGINNING, Fold, Recomputation
from app.domain.items import Item
from app.domain.steps import Amendment, Dossier, Step, StepType
from app.items.queries import PinnedItem

__all__ = [
    "REWRITING",
    "Opened",
    "amendment_of",
    "dossier_of",
    "facts_that_hold",
    "in_legal_order",
    "known",
    "receipt_of",
]

AMEND = StepType.AMEND
RECOMPUTED = StepType.RECOMPUTED
REWRITING = frozenset({AMEND, RECOMPUTED})
"""Records that are no steps of the history, but change it."""


class Opened(NamedTuple):
    """One application with all that is on record of it. A new one has `head.version` 0, no steps and no facts."""

    number: str
    head: Head
    dossier: Dossier
    pinned: PinnedItem
    facts: tuple[Fact, ...]


def in_legal_order(step: Step) -> tuple[datetime, int]:
    """By the instant at which it happened; of one instant, by the order of recording."""
    return step.at, step.seq


def dossier_of(item: Item, number: str, facts: Sequence[Fact]) -> Dossier:
    """The dossier of all facts, in the order of recording; the first of them is the receipt."""
    body = facts[0].body
    calendar = catalogue.named(body["calendar"])
    stopped = body.get("suspensions")
    if not stopped and not any(fact.step.type in REWRITING for fact in facts):
        return Dossier(item, calendar, tuple(sorted((fact.step for fact in facts), key=in_legal_order)))
    first = Fold(BEGINNING, calendar, tuple(events.suspension_of(one) for one in stopped or ()))
    return corrections.dossier_of(item, first, records_of(number, facts))


def records_of(number: str, facts: Iterable[Fact]) -> Iterator[Record]:
    """The facts as the law knows them: steps, editions applied, amendments with the step that each leaves."""
    bodies: dict[int, Stored] = {}
    for fact in facts:
        step, body, _ = fact
        if step.type is RECOMPUTED:
            yield Recomputation(
                at=step.at,
                seq=step.seq,
                recorded_at=step.recorded_at,
                calendar=catalogue.named(body["calendar"]) if "calendar" in body else None,
                suspension=events.suspension_of(body["suspension"]) if "suspension" in body else None,
            )
        elif step.type is AMEND:
            amendment = amendment_of(number, fact, bodies)
            if amendment.step is not None:
                bodies[amendment.of] = changed(bodies[amendment.of], body["replaces"])
            yield amendment
        else:
            bodies[step.seq] = body
            yield step


def amendment_of(number: str, fact: Fact, bodies: dict[int, Stored]) -> Amendment:
    """What an amendment leaves of the step that it corrects, whose body as it stands is among `bodies`."""
    step, body, _ = fact
    of = events.seq_of(number, body["step"]) or 0
    replaces = body["replaces"]
    left = None if replaces is None else events.step_of(number, of, changed(bodies[of], replaces))
    return Amendment(of=of, step=left, seq=step.seq, recorded_at=step.recorded_at)


def changed(stated: Stored, replaces: Stored) -> Stored:
    """What is stated after some of it was replaced; null takes a field away."""
    return {name: value for name, value in {**stated, **replaces}.items() if value is not None}


def facts_that_hold(number: str, facts: Sequence[Fact]) -> Sequence[Fact]:
    """The facts as they stand, in the order of recording: amended ones as they were amended, struck ones left out."""
    if not any(fact.step.type in REWRITING for fact in facts):
        return facts
    standing: dict[int, Fact] = {}
    for fact in facts:
        step, body, private = fact
        if step.type is AMEND:
            of = events.seq_of(number, body["step"]) or 0
            if body["replaces"] is None:
                standing.pop(of, None)
                continue
            before = standing[of]
            after = changed(before.body, body["replaces"])
            sealed = changed(before.private, private.get("replaces") or NOTHING)
            standing[of] = Fact(events.step_of(number, of, after), after, sealed)
        elif step.type is not RECOMPUTED:
            standing[step.seq] = fact
    return tuple(standing.values())


def receipt_of(number: str, facts: Sequence[Fact]) -> Fact:
    """The receipt as it stands."""
    return facts_that_hold(number, facts)[0]


def known(opened: Opened, known_at: datetime) -> Opened | None:
    """The same application as it was on record at an instant; None before its receipt was recorded."""
    facts = tuple(
        fact for fact in opened.facts if fact.step.recorded_at is not None and fact.step.recorded_at <= known_at
    )
    if len(facts) == len(opened.facts):
        return opened
    if not facts:
        return None
    dossier = dossier_of(opened.pinned.item, opened.number, facts)
    return opened._replace(dossier=dossier, facts=facts)
