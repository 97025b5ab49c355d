"""What happened in a month, for each desk: gathered from alarms, cards, orders and the figures, as it was known."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import Actor
from app.assessment import queries
from app.assessment.points import HUNDRED
from app.assessment.queries import Crossed, Desk, GivenCard
from app.assessment.scoring import CARDS, ORDERS, Cause, Fall, Happening, Rules, Volume
from app.domain.rungs import crossings
from app.statistics.answers import Period, tell
from app.statistics.queries import seen_from
from app.statistics.tallies import BETWEEN, By, Tally
from app.supervision.course import OrderStep, outlook
from app.supervision.queries import Opened
from app.supervision.write import revocation

__all__ = ["Evidence", "fall_of", "fall_of_order", "gather"]

COLOURS = {"yellow": Cause.YELLOW_CARD, "red": Cause.RED_CARD}
ALARMS = {"warning": Cause.WARNING, "overdue": Cause.OVERDUE}


@dataclass(slots=True)
class Evidence:
    """By desk: what happened, in order of time, and how much there was to do."""

    happenings: dict[Desk, list[Happening]] = field(default_factory=lambda: defaultdict(list))
    volumes: dict[Desk, Volume] = field(default_factory=lambda: defaultdict(Volume))

    @property
    def desks(self) -> frozenset[Desk]:
        """All that had something to do, or of which there is something to say."""
        return frozenset(self.happenings) | frozenset(self.volumes)


async def gather(tx: AsyncConnection, actor: Actor, period: Period, rules: Rules) -> Evidence:
    """All that the rules may count in a month, on the desks that the reader sees."""
    seen = await seen_from(tx, actor.department, scoped=actor.is_scoped)
    found = Evidence()
    for code, tally in (await tell(tx, actor, period, By.DESK)).lines.items():
        if code is not None:
            take_volume(found.volumes[desk_of(code)], tally)
    begin = datetime.combine(period.first, time.min, period.zone)
    async for desk, happening in happened(tx, period, begin, rules):
        if seen is None or desk.department in seen:
            found.happenings[desk].append(happening)
    if rules.wants({Cause.LATE_ENTRY_SHARE}):
        entries = await queries.late_entries_in(tx, begin, min(period.at, period.known_at))
        desks = await queries.desks_at(tx, ((one.number, one.at) for one in entries), period.known_at)
        for one in entries:
            holder = desks.get((one.number, one.at))
            if holder is not None and (seen is None or holder.department in seen):
                found.volumes[holder].late_entries.add(one.number)
    for mine in found.happenings.values():
        mine.sort(key=in_time)
    return found


def in_time(happening: Happening) -> tuple[datetime, str]:
    """The order of time."""
    return happening.at, happening.id


def desk_of(code: str) -> Desk:
    """The desk that a code of `By.DESK` names."""
    department, section, officer = code.split(BETWEEN)
    return Desk(department, section or None, officer or None)


def take_volume(volume: Volume, tally: Tally) -> None:
    """Take the figures of a desk in."""
    volume.closed += tally.counts["closed"]
    for kind, clock in tally.clocks.items():
        volume.early[kind] += clock.early
    for unit, ratio in tally.compression.items():
        volume.add_limits(str(unit), ratio.whole, ratio.part)


async def happened(
    tx: AsyncConnection, period: Period, begin: datetime, rules: Rules
) -> AsyncIterator[tuple[Desk, Happening]]:
    """What happened in the month, each with whose it is: who held the application then, or got the order."""
    kinds = [kind for kind, cause in ALARMS.items() if rules.wants({cause})]
    if kinds:
        alarms = await queries.alarms_in(tx, kinds, begin, period.at, period.known_at)
        desks = await queries.desks_at(tx, ((one.number, one.crossed_at) for one in alarms), period.known_at)
        for alarm in alarms:
            if (desk := desks.get((alarm.number, alarm.crossed_at))) is not None:
                yield desk, of_alarm(alarm)
    if rules.wants(CARDS):
        for card in await queries.cards_in(tx, begin, period.at, period.known_at):
            yield Desk(card.department, card.section, card.officer), of_card(card, period.known_at)
    if rules.wants(ORDERS):
        for order in await queries.orders_in(tx, begin, period.at, period.known_at):
            head = order.head
            for happening in of_order(order, begin, min(period.at, period.known_at)):
                yield Desk(head.department, head.section, head.officer), happening


def of_alarm(alarm: Crossed) -> Happening:
    """An alarm as the rules count it."""
    fall = None
    if alarm.withdrawn_at is not None:
        fall = Fall(alarm.withdrawn_at, "alarm", alarm.withdrawn_cause or "")
    return Happening(
        ALARMS[alarm.kind],
        alarm.id,
        alarm.crossed_at,
        number=alarm.number,
        clock=alarm.clock,
        stage=alarm.stage or None,
        due_at=alarm.due_at,
        fall=fall,
    )


def of_card(card: GivenCard, known_at: datetime) -> Happening:
    """A card as the rules count it: revoked since, it counts until that was known."""
    fall = None if card.revoked is None else fall_of(card.revoked, "card", known_at)
    return Happening(
        COLOURS[card.colour],
        card.id,
        card.crossed_at,
        number=card.application,
        order=card.order_id,
        due_at=card.due_at,
        stated=card.points * HUNDRED,
        fall=fall,
    )


def fall_of(revoked: Mapping[str, str], kind: str, known_at: datetime) -> Fall | None:
    """Why a card or an order no longer stands, once that is known."""
    at = datetime.fromisoformat(revoked["at"])
    return Fall(at, kind, revoked["cause"]) if at <= known_at else None


def of_order(order: Opened, begin: datetime, at: datetime) -> Iterator[Happening]:
    """The issue of an order, each end of its limit that passed without an answer, and each return, in a month."""
    head, fall = order.head, fall_of_order(order)

    def one(cause: Cause, suffix: str, when: datetime, due_at: datetime | None = None) -> Iterable[Happening]:
        if begin <= when <= at:
            yield Happening(
                cause, f"{head.id}.{suffix}", when, number=head.application, order=head.id, due_at=due_at, fall=fall
            )

    for fact in order.facts:
        if fact.type is OrderStep.ISSUE:
            yield from one(Cause.ORDER_ISSUED, str(fact.seq), fact.at)
        elif fact.type is OrderStep.RETURN:
            yield from one(Cause.ORDER_RETURNED, str(fact.seq), fact.at)
    for crossing in crossings(outlook(order.dossier), at):
        if crossing.kind == "overdue":
            suffix = f"{crossing.stage}.{crossing.rung}.{crossing.revision}"
            yield from one(Cause.ORDER_LATE, suffix, crossing.crossed_at, crossing.due_at)


def fall_of_order(order: Opened) -> Fall | None:
    """Why an order no longer stands."""
    for fact in order.facts:
        is_upheld = fact.type is OrderStep.UPHOLD_APPEAL and fact.body["order"]
        if fact.type is OrderStep.REVOKE or is_upheld:
            return fall_of(revocation(fact), "order", fact.at)
    return None
