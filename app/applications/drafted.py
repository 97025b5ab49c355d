"""What a history comes to with steps that are drawn up but not on record yet."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from app.applications import events, projection
from app.applications.events import NOTHING, Draft, Fact
from app.applications.history import REWRITING, Opened, dossier_of, in_legal_order
from app.domain.forecast import forecast
from app.domain.steps import Dossier, Step

__all__ = ["provisional", "status_then", "with_facts"]


def status_then(opened: Opened, drafts: Sequence[Draft], at: datetime, now: datetime) -> str | None:
    """The status at an instant of an application with drafts that are not on record yet; None before its receipt."""
    dossier = with_facts(opened, provisional(opened, drafts, now))
    standing = projection.standing_at(forecast(dossier).stretches, at)
    return None if standing is None else standing.status


def provisional(opened: Opened, drafts: Sequence[Draft], recorded_at: datetime) -> list[Fact]:
    """The facts that the drafts would be if nothing else were recorded with them."""
    facts = []
    for seq, draft in enumerate(drafts, opened.head.version + 1):
        if any(one.step.type in REWRITING for one in drafts):
            said = events.body_of(draft, recorded_at, {}, None)
            facts.append(Fact(events.step_of(opened.number, seq, said), said, draft.private))
        else:
            facts.append(Fact(replace(draft.step, seq=seq), NOTHING, draft.private))
    return facts


def with_facts(opened: Opened, added: Sequence[Fact]) -> Dossier:
    """The dossier with more facts on record."""
    if any(fact.step.type in REWRITING for fact in added):
        return dossier_of(opened.pinned.item, opened.number, (*opened.facts, *added))
    return with_steps(opened.dossier, [fact.step for fact in added])


def with_steps(dossier: Dossier, added: Sequence[Step]) -> Dossier:
    """The dossier with more steps, each in its legal place."""
    if len(added) > 2 and not dossier.folds and not dossier.amendments:
        return Dossier(dossier.item, dossier.calendar, tuple(sorted((*dossier.steps, *added), key=in_legal_order)))
    for step in added:
        dossier = dossier.with_step(step)
    return dossier
