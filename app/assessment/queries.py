"""All that is read for sheets: versions of the rules, alarms, cards and orders of a month, and who held what when."""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.models import AuditEntry
from app.alarms.models import Alarm
from app.alarms.queries import RAISED_AGAIN, AlarmKey
from app.applications import travel
from app.applications.chains import raw
from app.applications.models import Application, Event, StretchRow
from app.assessment.models import ScoringRules, Target
from app.supervision.course import ENDED, OrderStatus
from app.supervision.models import Card, Order
from app.supervision.queries import Opened, load

__all__ = [
    "Crossed",
    "Desk",
    "GivenCard",
    "LateEntry",
    "TargetRow",
    "alarms_in",
    "cards_in",
    "desks_at",
    "late_entries_in",
    "newest_scoring",
    "newest_targets",
    "orders_in",
    "orders_issued_in",
    "orders_known",
    "scoring_in_force",
    "scoring_of",
    "scoring_versions",
    "targets_in_force",
    "targets_of",
]

BATCH: Final = 1_000
REGISTER: Final = "permit"
NO_ENTRY: Final = ("amend", "recomputed", "deemed")
"""Steps that reach back and are no late entries."""


class ScoringRow(NamedTuple):
    """One version of the rules as it is stored."""

    version: int
    body: dict[str, Any]
    valid_from: date
    approver: str
    published_at: datetime
    published_by: str


SCORING: Final = select(*(getattr(ScoringRules, name) for name in ScoringRow._fields))


async def newest_scoring(tx: AsyncConnection) -> ScoringRow | None:
    """The version that was published last."""
    row = (await tx.execute(SCORING.order_by(ScoringRules.version.desc()).limit(1))).first()
    return None if row is None else ScoringRow(*row)


async def scoring_in_force(tx: AsyncConnection, first: date, known_at: datetime) -> ScoringRow | None:
    """The version that scores the month of a first day, of those published by an instant: the one that began last."""
    wanted = (
        SCORING.where(ScoringRules.valid_from <= first, ScoringRules.published_at <= known_at)
        .order_by(ScoringRules.valid_from.desc(), ScoringRules.version.desc())
        .limit(1)
    )
    row = (await tx.execute(wanted)).first()
    return None if row is None else ScoringRow(*row)


async def scoring_of(tx: AsyncConnection, version: int) -> ScoringRow | None:
    """One version."""
    row = (await tx.execute(SCORING.where(ScoringRules.version == version))).first()
    return None if row is None else ScoringRow(*row)


async def scoring_versions(tx: AsyncConnection) -> list[ScoringRow]:
    """All versions, the newest first."""
    return [ScoringRow(*row) for row in await tx.execute(SCORING.order_by(ScoringRules.version.desc()))]


class TargetRow(NamedTuple):
    """One version of what a department is to reach in a year, as it is stored."""

    year: int
    department: str
    version: int
    valid_from: date
    body: dict[str, Any]
    approver: str
    published_at: datetime
    published_by: str


TARGETS: Final = select(*(getattr(Target, name) for name in TargetRow._fields))


async def targets_of(tx: AsyncConnection, year: int, department: str) -> list[TargetRow]:
    """All versions of one department, the newest first."""
    wanted = TARGETS.where(Target.year == year, Target.department == department)
    return [TargetRow(*row) for row in await tx.execute(wanted.order_by(Target.version.desc()))]


async def newest_targets(tx: AsyncConnection, year: int) -> list[TargetRow]:
    """The newest version of each department, by its code."""
    rows = await tx.execute(TARGETS.where(Target.year == year).order_by(Target.department, Target.version))
    return list({row.department: TargetRow(*row) for row in rows}.values())


async def targets_in_force(tx: AsyncConnection, year: int, month: date, known_at: datetime) -> list[TargetRow]:
    """The version of each department that stands in a month, of those published by an instant."""
    wanted = TARGETS.where(Target.year == year, Target.valid_from <= month, Target.published_at <= known_at)
    rows = await tx.execute(wanted.order_by(Target.department, Target.valid_from, Target.version))
    return list({row.department: TargetRow(*row) for row in rows}.values())


class Desk(NamedTuple):
    """Whose something is."""

    department: str
    section: str | None
    officer: str | None


class Crossed(NamedTuple):
    """An alarm as it was known: standing, or withdrawn."""

    id: str
    number: str
    kind: str
    clock: str
    stage: str
    due_at: datetime
    crossed_at: datetime
    withdrawn_at: datetime | None
    withdrawn_cause: str | None


ALARM: Final = (
    *(Alarm.number, Alarm.clock, Alarm.stage, Alarm.rung, Alarm.revision),
    *(Alarm.kind, Alarm.due_at, Alarm.crossed_at, Alarm.detected_at, Alarm.withdrawn),
)


async def alarms_in(
    tx: AsyncConnection, kinds: Sequence[str], begin: datetime, at: datetime, known_at: datetime
) -> list[Crossed]:
    """The alarms of a month as they were known, in the order of their crossings; withdrawn ones too.

    A row tells its last life. One that stood again later is told by what the trail says that it was before.
    """
    before = await lives_before(tx, known_at)
    again = sorted({key.rsplit(".", 4)[0] for key in before})
    in_month = and_(Alarm.crossed_at >= begin, Alarm.crossed_at <= at)
    wanted = or_(in_month, Alarm.number.in_(again)) if again else in_month
    rows = await tx.execute(
        select(*ALARM)
        .join(Application, Application.number == Alarm.number)
        .where(Alarm.kind.in_(kinds), wanted, Application.register == REGISTER)
    )
    found = []
    for *key, kind, due_at, crossed, detected, withdrawn in rows:
        id_ = AlarmKey(*key).id
        gone = None if withdrawn is None else (datetime.fromisoformat(withdrawn["at"]), str(withdrawn["cause"]))
        crossed_at, detected_at, gone = before.get(id_, (crossed, detected, gone))
        if detected_at > known_at or not begin <= crossed_at <= at:
            continue
        if gone is not None and gone[0] > known_at:
            gone = None
        number, clock, stage, *_ = key
        found.append(Crossed(id_, number, kind, clock, stage, due_at, crossed_at, *(gone or (None, None))))
    return sorted(found, key=lambda one: (one.crossed_at, one.id))


Life = tuple[datetime, datetime, tuple[datetime, str] | None]


async def lives_before(tx: AsyncConnection, known_at: datetime) -> dict[str, Life]:
    """What the alarms that stood again after an instant were before: crossing, detection, withdrawal."""
    rows = await tx.execute(
        select(AuditEntry.object, AuditEntry.detail)
        .where(AuditEntry.at > known_at, AuditEntry.action == RAISED_AGAIN)
        .order_by(AuditEntry.at, AuditEntry.id)
    )
    found: dict[str, Life] = {}
    for id_, said in rows:
        if id_ in found or said is None:
            continue
        gone = None
        if said["withdrawn_at"] is not None:
            gone = (datetime.fromisoformat(said["withdrawn_at"]), str(said["withdrawn_cause"]))
        found[id_] = (datetime.fromisoformat(said["crossed_at"]), datetime.fromisoformat(said["detected_at"]), gone)
    return found


class LateEntry(NamedTuple):
    """A step that was entered later than it happened."""

    number: str
    at: datetime
    recorded_at: datetime


async def late_entries_in(tx: AsyncConnection, begin: datetime, until: datetime) -> list[LateEntry]:
    """The steps entered late in a month; what an import brought with the receipt is none."""
    rows = await tx.execute(
        select(Event.number, Event.occurred_at, Event.recorded_at, Event.body)
        .join(Application, Application.number == Event.number)
        .where(
            Event.rewrites_from.is_not(None),
            Event.recorded_at >= begin,
            Event.recorded_at <= until,
            Event.type.not_in(NO_ENTRY),
            Application.register == REGISTER,
            or_(Application.source != "import", Event.recorded_at > Application.known_from),
        )
        .order_by(Event.recorded_at, Event.number, Event.seq)
    )
    return [LateEntry(number, at, recorded_at) for number, at, recorded_at, body in rows if is_late_entry(raw(body))]


def is_late_entry(body: bytes) -> bool:
    """Whether a step says of itself that it was entered late."""
    return bool(json.loads(body).get("late_entry", False))


class GivenCard(NamedTuple):
    """A card of the month."""

    id: str
    order_id: str
    application: str | None
    department: str
    section: str | None
    officer: str | None
    colour: str
    points: int
    due_at: datetime
    crossed_at: datetime
    revoked: dict[str, Any] | None


async def cards_in(tx: AsyncConnection, begin: datetime, at: datetime, known_at: datetime) -> list[GivenCard]:
    """The cards whose time came in a month and that had been given by an instant, in the order of their time."""
    rows = await tx.execute(
        select(*(getattr(Card, name) for name in GivenCard._fields))
        .where(Card.crossed_at >= begin, Card.crossed_at <= at, Card.given_at <= known_at)
        .order_by(Card.crossed_at, Card.id)
    )
    return [GivenCard(*row) for row in rows]


async def orders_issued_in(
    tx: AsyncConnection, begin: datetime, at: datetime, known_at: datetime
) -> tuple[list[str], list[str]]:
    """The departments of the orders issued in a period that stand; and the orders that were revoked since `known_at`.

    Whether one of the latter stood then, only its steps say: they are few.
    """
    rows = await tx.execute(
        select(Order.id, Order.department, Order.status, Order.recorded_at).where(
            Order.issued_at >= begin, Order.issued_at <= at, Order.issued_at <= known_at
        )
    )
    standing, unsure = [], []
    for id_, department, status, recorded_at in rows:
        if status != OrderStatus.REVOKED:
            standing.append(department)
        elif recorded_at > known_at:
            unsure.append(id_)
    return standing, unsure


async def orders_known(tx: AsyncConnection, ids: Sequence[str], known_at: datetime) -> list[Opened]:
    """Orders with what of them had been recorded by an instant."""
    found = []
    for some in batches(ids):
        for one in await load(tx, some):
            facts = tuple(fact for fact in one.facts if fact.at <= known_at)
            if facts:
                found.append(one._replace(facts=facts, hashes=one.hashes[: len(facts)]))
    return found


async def orders_in(tx: AsyncConnection, begin: datetime, at: datetime, known_at: datetime) -> list[Opened]:
    """The orders that lived in a month, with what of them had been recorded by an instant."""
    wanted = select(Order.id).where(
        Order.issued_at <= at, or_(Order.recorded_at >= begin, Order.status.not_in(sorted(map(str, ENDED))))
    )
    ids = list((await tx.execute(wanted.order_by(Order.id))).scalars())
    return await orders_known(tx, ids, known_at)


STRETCHES: Final = select(
    StretchRow.number, StretchRow.from_at, StretchRow.department, StretchRow.section, StretchRow.officer
).order_by(StretchRow.number, StretchRow.from_at)


async def desks_at(
    tx: AsyncConnection, wanted: Iterable[tuple[str, datetime]], known_at: datetime
) -> dict[tuple[str, datetime], Desk]:
    """Who held each application at an instant, by what was known; none where it was not known yet."""
    instants: dict[str, set[datetime]] = defaultdict(set)
    for number, at in wanted:
        instants[number].add(at)
    found: dict[tuple[str, datetime], Desk] = {}
    if not instants:
        return found
    latest = max(at for times in instants.values() for at in times)
    for some in batches(sorted(instants)):
        moved = await rewritten(tx, some, latest, known_at)
        holders: dict[str, list[tuple[datetime, Desk]]] = defaultdict(list)
        stored = [one for one in some if one not in moved]
        for number, from_at, department, section, officer in await tx.execute(
            STRETCHES.where(StretchRow.number.in_(stored))
        ):
            holders[number].append((from_at, Desk(department, section, officer)))
        async for then in travel.thens(tx, sorted(moved), known_at, sealer=None):
            holders[then.opened.number] = [
                (one.from_at, Desk(one.department, one.section, one.officer)) for one in then.outlook.stretches
            ]
        for number, mine in holders.items():
            begins = [from_at for from_at, _ in mine]
            for at in instants[number]:
                found[number, at] = mine[max(0, bisect_right(begins, at) - 1)][1]
    return found


async def rewritten(tx: AsyncConnection, numbers: Sequence[str], at: datetime, known_at: datetime) -> set[str]:
    """Those of these applications of whose holders something else was known then."""
    wanted = select(Application.number).where(
        Application.number.in_(numbers),
        Application.recorded_at > known_at,
        Application.number.in_(travel.rewritten(at, known_at)),
    )
    return set((await tx.execute(wanted)).scalars())


def batches(all_of: Sequence[str]) -> Iterator[list[str]]:
    """So many at a time as a statement takes."""
    for place in range(0, len(all_of), BATCH):
        yield list(all_of[place : place + BATCH])
