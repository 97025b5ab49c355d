"""What silence did, written into the record before the next step; and which of it a later record has undone."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from app.applications.events import Draft, Fact, Source
from app.domain.chain import Json
from app.domain.silence import Deemed
from app.domain.steps import Dossier, Step, StepType

__all__ = ["ARTICLES", "SYSTEM", "Withdrawal", "is_due", "standing_effects", "with_silence", "withdrawals"]

SYSTEM = Source("system", "system")
"""By whom the system's own steps are recorded."""
ARTICLES: Mapping[str, str] = {
    "deemed_accepted_from_receipt": "行政许可法 第三十二条",
    "deemed_accepted_at_expiry": "行政复议法 第三十条",
    "deemed_approved": "行政许可法 第五十条",
    "deemed_consented": "建设项目环境保护管理条例 第十二条",
}
"""The article of each effect where the clock names none."""

_RECEIVE = StepType.RECEIVE
_DEEMED = StepType.DEEMED


class Withdrawal(NamedTuple):
    """Why a recorded effect no longer stands: the step with whose record it fell, when, and what that step was."""

    at: datetime
    by: str
    reason: str


def standing_effects(steps: Iterable[Step]) -> dict[tuple[str, str, datetime, int | None], Step]:
    """The recorded effects that no later record has withdrawn."""
    recorded: dict[str, Step] = {}
    undone: set[str] = set()
    for step in steps:
        if step.type is _DEEMED:
            recorded[step.id] = step
        undone.update(step.withdraws)
    return {
        (step.clock, step.effect, step.at, step.effective_on): step
        for step in recorded.values()
        if step.id not in undone
    }


def is_due(dossier: Dossier, deemed: Sequence[Deemed], now: datetime) -> bool:
    """Whether silence has done by now what the record does not say."""
    if not deemed or deemed[0].at > now:
        return False
    standing = standing_effects(dossier.steps)
    return any(one.at <= now and _key(one) not in standing for one in deemed)


def with_silence(
    before: Dossier, drafts: Sequence[Draft], deemed: Iterable[Deemed], now: datetime
) -> tuple[Draft, ...]:
    """The drafts with what silence has done by `now` recorded among them, each effect before the first later step.

    `deemed` are the effects that the law gives with the drafts on record. One on record that it no longer gives is
    named by the last draft: a late entry that shows the act in time withdraws it.
    """
    effects = {_key(one): one for one in deemed if one.at <= now}
    standing = standing_effects(before.steps)
    undone = tuple(step.id for key, step in standing.items() if key not in effects)
    missing = [_draft(one) for key, one in effects.items() if key not in standing]
    merged: list[Draft] = []
    for draft in drafts:
        if draft.step.type is not _RECEIVE:
            merged += [one for one in missing if one.step.at <= draft.step.at]
            missing = [one for one in missing if one.step.at > draft.step.at]
        merged.append(draft)
    merged += missing
    if undone and merged:
        place = max(place for place, draft in enumerate(merged) if draft.step.type is not _DEEMED or not drafts)
        merged[place] = merged[place].withdrawing(undone)
    return tuple(merged)


def _key(deemed: Deemed) -> tuple[str, str, datetime, int | None]:
    return deemed.clock, str(deemed.effect), deemed.at, deemed.effective_on


def _draft(deemed: Deemed) -> Draft:
    """The step that states an effect."""
    effect = str(deemed.effect)
    step = Step(type=_DEEMED, at=deemed.at, clock=deemed.clock, effect=effect, effective_on=deemed.effective_on)
    basis = deemed.legal_basis or ARTICLES.get(effect)
    extra: dict[str, Json] = {} if basis is None else {"legal_basis": basis}
    return Draft(step, extra, by=SYSTEM)


def withdrawals(facts: Iterable[Fact]) -> dict[str, Withdrawal]:
    """The recorded effects that no longer stand, by their id."""
    found: dict[str, Withdrawal] = {}
    for fact in facts:
        step = fact.step
        for undone in step.withdraws:
            told = step.recorded_at or step.at
            reason = (
                f"{step.type} of {_told(step.at)}, recorded at {_told(told)}, shows that silence had no such effect."
            )
            found[undone] = Withdrawal(told, step.id, reason)
    return found


def _told(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds")
