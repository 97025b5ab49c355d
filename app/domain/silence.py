"""What silence does: the effect that the law gives to a limit which runs out, and from which day it counts."""

from datetime import datetime
from typing import NamedTuple

from app.domain.items import ClockRule, OnExpiry, Party
from app.domain.steps import OPEN, Status, StepType

__all__ = ["FROM_RECEIPT", "Deemed", "Outcome", "can_befall", "outcome_of"]

FROM_RECEIPT = OnExpiry.DEEMED_ACCEPTED_FROM_RECEIPT


class Deemed(NamedTuple):
    """One effect of silence: of which clock, at which due instant, and the day from which it counts in law.

    行政许可法 第三十二条: who is not told within five days what is missing has been accepted since the receipt. So
    `effective_on` is then the day on which the clock began or last began again; else the last day of the limit.
    """

    clock: str
    effect: OnExpiry
    at: datetime
    effective_on: int
    legal_basis: str | None
    party: Party
    revision: int


class Outcome(NamedTuple):
    """The step in whose place silence stands, the moment that comes about, the status after it."""

    step: StepType
    moment: str
    status: Status


_ACCEPTED = Outcome(StepType.ACCEPT, "accepted", Status.ACCEPTED)
_GRANTED = Outcome(StepType.DECIDE, "decided", Status.DECIDED)
_WITHDRAWN = Outcome(StepType.WITHDRAW, "withdrawn", Status.WITHDRAWN)

_OUTCOMES: dict[OnExpiry, Outcome] = {
    OnExpiry.DEEMED_ACCEPTED_FROM_RECEIPT: _ACCEPTED,
    OnExpiry.DEEMED_ACCEPTED_AT_EXPIRY: _ACCEPTED,
    OnExpiry.DEEMED_APPROVED: _GRANTED,
    OnExpiry.DEEMED_CONSENTED: _GRANTED,
    OnExpiry.DEEMED_WITHDRAWN: _WITHDRAWN,
}
_BEFORE_ACCEPTANCE = frozenset({Status.RECEIVED, Status.CORRECTING})
_OPEN = OPEN - {Status.SUBMITTED}
_BEFALLS: dict[Outcome, frozenset[Status]] = {_ACCEPTED: _BEFORE_ACCEPTANCE, _GRANTED: _OPEN, _WITHDRAWN: _OPEN}


def outcome_of(effect: OnExpiry) -> Outcome:
    """What an effect brings about."""
    return _OUTCOMES[effect]


def can_befall(rule: ClockRule, status: Status) -> bool:
    """Whether the effect of a clock can take place where the application stands.

    What is accepted cannot be deemed accepted, what is decided cannot be deemed approved: there the clock, if nothing
    has stopped it, is merely overdue.
    """
    return status in _BEFALLS[_OUTCOMES[rule.on_expiry]]
