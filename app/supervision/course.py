"""The course of an order: which step may follow which, where it stands, and its own limit by the law of time. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from app.domain.calendar import Calendar
from app.domain.clocks import Clock
from app.domain.forecast import forecast
from app.domain.items import ClockRule, Count, Extension, Item, Stage, Warn, WarnKind
from app.domain.refusal import Refusal
from app.domain.replay import replay
from app.domain.rungs import Crossing, crossings
from app.domain.spans import Forecast
from app.domain.steps import Dossier, Step, StepType
from app.domain.units import Limit

__all__ = [
    "ENDED",
    "OPEN",
    "CardRule",
    "Fact",
    "GivenCard",
    "OrderStatus",
    "OrderStep",
    "Standing",
    "Terms",
    "allowed",
    "card_id",
    "check",
    "clock_at",
    "dossier_of",
    "outlook",
    "standing_of",
    "wanted_cards",
]


class OrderStep(StrEnum):
    """What may happen to an order."""

    ISSUE = "issue"
    ACKNOWLEDGE = "acknowledge"
    """签收."""
    RECTIFY = "rectify"
    """整改: the department has begun."""
    ASK_EXTENSION = "ask_extension"
    GRANT_EXTENSION = "grant_extension"
    REFUSE_EXTENSION = "refuse_extension"
    ANSWER = "answer"
    """反馈, with proof."""
    ACCEPT = "accept"
    RETURN = "return"
    """退办."""
    CLOSE = "close"
    """办结."""
    APPEAL = "appeal"
    """申诉."""
    UPHOLD_APPEAL = "uphold_appeal"
    REJECT_APPEAL = "reject_appeal"
    REVOKE = "revoke"
    """撤销."""
    GIVE_CARD = "give_card"
    REVOKE_CARD = "revoke_card"


class OrderStatus(StrEnum):
    """Where an order stands."""

    ISSUED = "issued"
    ACKNOWLEDGED = "acknowledged"
    RECTIFYING = "rectifying"
    ANSWERED = "answered"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    CLOSED = "closed"
    REVOKED = "revoked"


ENDED: Final = frozenset({OrderStatus.CLOSED, OrderStatus.REVOKED})
OPEN: Final = frozenset(OrderStatus) - ENDED
_SIGNED: Final = frozenset({OrderStatus.ACKNOWLEDGED, OrderStatus.RECTIFYING, OrderStatus.RETURNED})
"""The department has signed and its answer is awaited."""

MOVES: Final[dict[OrderStep, tuple[frozenset[OrderStatus], OrderStatus | None]]] = {
    OrderStep.ACKNOWLEDGE: (frozenset({OrderStatus.ISSUED}), OrderStatus.ACKNOWLEDGED),
    OrderStep.RECTIFY: (frozenset({OrderStatus.ACKNOWLEDGED, OrderStatus.RETURNED}), OrderStatus.RECTIFYING),
    OrderStep.ASK_EXTENSION: (_SIGNED, None),
    OrderStep.GRANT_EXTENSION: (_SIGNED, None),
    OrderStep.REFUSE_EXTENSION: (_SIGNED, None),
    OrderStep.ANSWER: (_SIGNED, OrderStatus.ANSWERED),
    OrderStep.ACCEPT: (frozenset({OrderStatus.ANSWERED}), OrderStatus.ACCEPTED),
    OrderStep.RETURN: (frozenset({OrderStatus.ANSWERED}), OrderStatus.RETURNED),
    OrderStep.CLOSE: (frozenset({OrderStatus.ACCEPTED}), OrderStatus.CLOSED),
    OrderStep.APPEAL: (OPEN, None),
    OrderStep.UPHOLD_APPEAL: (OPEN, None),
    OrderStep.REJECT_APPEAL: (OPEN, None),
    OrderStep.REVOKE: (OPEN, OrderStatus.REVOKED),
    OrderStep.GIVE_CARD: (OPEN, None),
    OrderStep.REVOKE_CARD: (frozenset(OrderStatus), None),
}
"""From which states a step leads, and to which; None: it stays where it is."""
JUDGED: Final = frozenset({OrderStep.ACCEPT, OrderStep.RETURN, OrderStep.CLOSE, OrderStep.REVOKE})
"""Steps of the supervisor that must wait until an appeal is decided."""

CLOCK: Final = "order"
ANSWER, REWORK = "answer", "rework"
APPEAL: Final = "appeal"
"""The ground on which the clock stops."""


class CardRule(NamedTuple):
    """What lateness brings: a card at the order's end, or so long after it."""

    colour: str
    after: Limit | None
    points: int
    recommends: bool
    """With a recommendation (监察建议书)."""


class Terms(NamedTuple):
    """What an order demands, fixed when it is issued."""

    limit: Limit
    rework_limit: Limit
    extension: Extension
    warn_before: Limit | None
    cards: tuple[CardRule, ...]

    @property
    def rungs(self) -> tuple[Warn, ...]:
        """The rungs of its clock: the warning first, then each card that comes after the end."""
        before = () if self.warn_before is None else (Warn(WarnKind.BEFORE, self.warn_before),)
        after = tuple(Warn(WarnKind.AFTER, card.after) for card in self.cards if card.after is not None)
        return before + after

    def card_at(self, rung: int) -> CardRule | None:
        """The card that a rung brings; rung 0 is the end itself."""
        if rung == 0:
            return next((card for card in self.cards if card.after is None), None)
        place = rung - 1 - (self.warn_before is not None)
        late = [card for card in self.cards if card.after is not None]
        return late[place] if 0 <= place < len(late) else None


class Fact(NamedTuple):
    """One recorded step of an order."""

    seq: int
    type: OrderStep
    at: datetime
    body: Mapping[str, Any]
    """What its event says, beside the type and the instant."""
    private: Mapping[str, Any]
    """What people wrote; empty where nobody asked for it."""


class GivenCard(NamedTuple):
    """A card that was given, and the step that took it back."""

    id: str
    body: Mapping[str, Any]
    given_at: datetime
    revoked: Fact | None = None


@dataclass(slots=True)
class Standing:
    """Where an order stands after all that is recorded of it."""

    status: OrderStatus = OrderStatus.ISSUED
    asked: Fact | None = None
    """The extension that is asked for and not decided."""
    extensions: int = 0
    appeal: Fact | None = None
    """The appeal that is not decided."""
    false_alarm: bool = False
    cards: dict[str, GivenCard] = field(default_factory=dict)


def standing_of(facts: Iterable[Fact]) -> Standing:
    """Where an order stands: its steps one after the other, which were judged when they were recorded."""
    standing = Standing()
    for fact in facts:
        _take(standing, fact)
    return standing


def _take(standing: Standing, fact: Fact) -> None:
    """Let one step have its effects."""
    if fact.type is not OrderStep.ISSUE:
        standing.status = MOVES[fact.type][1] or standing.status
    match fact.type:
        case OrderStep.ASK_EXTENSION:
            standing.asked = fact
        case OrderStep.GRANT_EXTENSION | OrderStep.REFUSE_EXTENSION:
            standing.asked = None
            standing.extensions += fact.type is OrderStep.GRANT_EXTENSION
        case OrderStep.ANSWER:
            standing.asked = None
        case OrderStep.APPEAL:
            standing.appeal = fact
        case OrderStep.REJECT_APPEAL:
            standing.appeal = None
        case OrderStep.UPHOLD_APPEAL:
            standing.appeal = None
            standing.false_alarm = bool(fact.body.get("false_alarm", False))
            for card in fact.body["cards"]:
                standing.cards[card] = standing.cards[card]._replace(revoked=fact)
            if fact.body["order"]:
                standing.status = OrderStatus.REVOKED
        case OrderStep.REVOKE:
            standing.appeal = standing.asked = None
            for card in fact.body["cards"]:
                standing.cards[card] = standing.cards[card]._replace(revoked=fact)
        case OrderStep.GIVE_CARD:
            id_ = fact.body["card"]
            standing.cards[id_] = GivenCard(id_, fact.body, fact.at)
        case OrderStep.REVOKE_CARD:
            id_ = fact.body["card"]
            standing.cards[id_] = standing.cards[id_]._replace(revoked=fact)


def allowed(standing: Standing) -> tuple[OrderStep, ...]:
    """The steps that people may take now, by the state alone."""
    of_people = [step for step in MOVES if step not in (OrderStep.GIVE_CARD, OrderStep.REVOKE_CARD)]
    return tuple(step for step in of_people if _hindrance(standing, step) is None)


def _hindrance(standing: Standing, step: OrderStep) -> str | None:
    """Why a step may not follow, in words; None where it may."""
    if standing.status not in MOVES[step][0]:
        return f"The order is {standing.status}: `{step}` does not follow."
    if step in JUDGED and standing.appeal is not None:
        return f"An appeal is open: it is decided before `{step}`."
    match step:
        case OrderStep.ASK_EXTENSION if standing.asked is not None:
            return "An extension is asked for already."
        case OrderStep.GRANT_EXTENSION | OrderStep.REFUSE_EXTENSION if standing.asked is None:
            return "No extension is asked for."
        case OrderStep.APPEAL if standing.appeal is not None:
            return "An appeal is open already."
        case OrderStep.UPHOLD_APPEAL | OrderStep.REJECT_APPEAL if standing.appeal is None:
            return "There is no appeal to decide."
    return None


def check(standing: Standing, step: OrderStep, terms: Terms, clock: Clock, *, amount: int, now: datetime) -> None:
    """Raise `Refusal` where a step may not follow, or an extension is asked for too late, too long or too often."""
    reason = _hindrance(standing, step)
    if reason is not None:
        raise Refusal("step_not_allowed", reason, allowed=[str(one) for one in allowed(standing)])
    if step is not OrderStep.ASK_EXTENSION:
        return
    if clock.due_at is not None and now >= clock.due_at:
        raise Refusal("extension_after_expiry", "The order's limit has ended: an extension is asked for before.")
    if standing.extensions >= terms.extension.times:
        raise Refusal(
            "extension_not_allowed", f"An order is extended {terms.extension.times} times at most.", pointer="/amount"
        )
    if amount > terms.extension.amount:
        detail = f"An extension is {terms.extension.amount} at most, in the unit of the limit."
        raise Refusal("extension_not_allowed", detail, pointer="/amount")


def item_of(terms: Terms, department: str) -> Item:
    """The order as an item of two stages: the answer, and the answer anew after each return."""
    return Item.build(
        CLOCK, 1, department, stages=(_stage(ANSWER, terms.limit, terms), _stage(REWORK, terms.rework_limit, terms))
    )


def _stage(code: str, limit: Limit, terms: Terms) -> Stage:
    rule = ClockRule(
        kind=CLOCK,
        stage=code,
        starts=f"started:{code}",
        stops=frozenset({f"completed:{code}"}),
        limit=limit,
        count=Count.default(limit.unit),
        pauses_for=frozenset({APPEAL}),
        extension=terms.extension,
        warn=terms.rungs,
    )
    return Stage(code, code, clock=rule)


def dossier_of(facts: Iterable[Fact], terms: Terms, calendar: Calendar, department: str) -> Dossier:
    """An order as the law of time reads it: its limit is a stage, an appeal a pause, a return the next round.

    A granted extension holds from when it was asked for, which was in time: whoever decides it late harms nobody.
    """
    steps: list[Step] = []
    stage = ANSWER
    asked: Fact | None = None
    is_open = False
    for fact in facts:
        at = fact.at
        match fact.type:
            case OrderStep.ISSUE:
                steps += [Step(type=StepType.RECEIVE, at=at), Step(type=StepType.ACCEPT, at=at)]
                steps.append(Step(type=StepType.START_STAGE, at=at, stage=stage))
            case OrderStep.ASK_EXTENSION:
                asked = fact
            case OrderStep.GRANT_EXTENSION if asked is not None:
                amount = asked.body["amount"]
                steps.append(Step(type=StepType.EXTEND, at=asked.at, clock=CLOCK, stage=stage, amount=amount))
            case OrderStep.ANSWER:
                steps.append(Step(type=StepType.COMPLETE_STAGE, at=at, stage=stage))
            case OrderStep.RETURN:
                stage = REWORK
                steps.append(Step(type=StepType.START_STAGE, at=at, stage=stage))
            case OrderStep.APPEAL:
                is_open = True
                steps.append(Step(type=StepType.PAUSE, at=at, ground=APPEAL, id=f"pause-{fact.seq}"))
            case OrderStep.REJECT_APPEAL | OrderStep.UPHOLD_APPEAL | OrderStep.REVOKE:
                if is_open:
                    steps.append(Step(type=StepType.RESUME, at=at))
                is_open = False
                if fact.type is OrderStep.REVOKE or fact.body.get("order"):
                    steps.append(Step(type=StepType.TERMINATE, at=at))
    return Dossier(item_of(terms, department), calendar, tuple(sorted(steps, key=_at)))


def _at(step: Step) -> datetime:
    return step.at


def clock_at(dossier: Dossier, at: datetime) -> Clock:
    """The clock of an order at an instant: that of the stage and round it is in."""
    found = [clock for clock in replay(dossier, at).clocks if clock.started_at is not None]
    return max(found, key=_newest)


def _newest(clock: Clock) -> tuple[bool, int]:
    return clock.stage == REWORK, clock.round


def outlook(dossier: Dossier) -> Forecast:
    """What becomes of the order if nothing more is recorded."""
    return forecast(dossier)


def wanted_cards(ahead: Forecast, terms: Terms, until: datetime | None) -> list[tuple[Crossing, CardRule]]:
    """The rungs crossed by an instant (None: ever) that bring a card, in order of time."""
    found = ((crossing, terms.card_at(crossing.rung)) for crossing in crossings(ahead, until))
    return [(crossing, card) for crossing, card in found if card is not None and crossing.kind != "warning"]


def card_id(order: str, crossing: Crossing) -> str:
    """The identity of a card: one for each rung of each end of the order's limit."""
    return f"{order}.{crossing.stage}.{crossing.rung}.{crossing.revision}"
