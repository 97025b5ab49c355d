"""All that is asked of findings: rules, progress, facts, what stands, pages and reviews."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, delete, exists, func, insert, literal, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.scope import below
from app.applications.models import Application
from app.departments.models import Officer
from app.findings.cases import Fact
from app.findings.library import Listed
from app.findings.models import (
    Finding,
    FindingFact,
    FindingPeriod,
    FindingProgress,
    FindingReview,
    FindingReviewPrivate,
    FindingRuleSet,
    FindingStand,
)
from app.items import queries as items
from app.items.models import ItemVersion

__all__ = [
    "Filters",
    "Period",
    "Progress",
    "Review",
    "Row",
    "dirty",
    "earlier_of",
    "facts_of",
    "following",
    "item_versions",
    "items_listed",
    "known_ids",
    "newest_rules",
    "next_numbers",
    "officers_of",
    "one",
    "page",
    "periods",
    "progress",
    "reviews_of",
    "rules_of",
    "standing",
    "stands_of",
    "stored_facts",
]

EARLIER: Final = 200
"""Completions of an item with which one is compared: those before its day."""
DAY, MONTH = "day", "month"
ONLY = 1

# Rules

RuleRow = tuple[int, dict[str, Any], datetime, str]
RULES = select(FindingRuleSet.version, FindingRuleSet.body, FindingRuleSet.published_at, FindingRuleSet.published_by)


async def newest_rules(tx: AsyncConnection) -> RuleRow | None:
    """The newest published version of the rules."""
    row = (await tx.execute(RULES.order_by(FindingRuleSet.version.desc()).limit(1))).first()
    return None if row is None else (row[0], row[1], row[2], row[3])


async def rules_of(tx: AsyncConnection, version: int) -> RuleRow | None:
    """One published version of the rules."""
    row = (await tx.execute(RULES.where(FindingRuleSet.version == version))).first()
    return None if row is None else (row[0], row[1], row[2], row[3])


# The examination


class Progress(NamedTuple):
    """How far the examination has come."""

    rules: str
    recorded_at: datetime | None
    reached: str
    items: int
    examined_at: datetime | None


START: Final = Progress("", None, "", 0, None)
PROGRESS = select(*(getattr(FindingProgress, name) for name in Progress._fields)).where(FindingProgress.id == ONLY)


async def progress(tx: AsyncConnection, *, lock: bool = False) -> Progress | None:
    """How far it has come; with `lock` nobody else goes on meanwhile. None where nobody has begun."""
    row = (await tx.execute(PROGRESS.with_for_update() if lock else PROGRESS)).first()
    return None if row is None else Progress(*row)


async def keep_progress(tx: AsyncConnection, now: Progress, *, is_new: bool) -> None:
    """Say how far it has come."""
    values = {"id": ONLY, **now._asdict()}
    await tx.execute(
        insert(FindingProgress).values(values)
        if is_new
        else update(FindingProgress).where(FindingProgress.id == ONLY).values(values)
    )


async def next_numbers(tx: AsyncConnection, after: Progress, until: datetime, most: int) -> list[tuple[datetime, str]]:
    """The next applications in the order of their newest record."""
    wanted = [Application.recorded_at <= until]
    if after.recorded_at is not None:
        place = (
            literal(after.recorded_at, Application.recorded_at.type),
            literal(after.reached, Application.number.type),
        )
        wanted.append(tuple_(Application.recorded_at, Application.number) > tuple_(*place))
    rows = await tx.execute(
        select(Application.recorded_at, Application.number)
        .where(*wanted)
        .order_by(Application.recorded_at, Application.number)
        .limit(most)
    )
    return [(at, number) for at, number in rows]


FACT = tuple(getattr(FindingFact, name) for name in Fact._fields)


async def stored_facts(tx: AsyncConnection, numbers: Sequence[str]) -> dict[str, Fact]:
    """What is kept of these applications."""
    rows = await tx.execute(select(*FACT).where(FindingFact.number.in_(numbers)))
    return {row[0]: Fact(*row) for row in rows}


async def keep_facts(tx: AsyncConnection, gone: Collection[str], facts: Sequence[Fact]) -> None:
    """Put these in place of what was kept of these applications."""
    if gone:
        await tx.execute(delete(FindingFact).where(FindingFact.number.in_(gone)))
    if facts:
        await tx.execute(insert(FindingFact), [fact._asdict() for fact in facts])


async def facts_of(tx: AsyncConnection, first: int, last: int) -> list[Fact]:
    """The completions of these days."""
    rows = await tx.execute(
        select(*FACT).where(FindingFact.day >= first, FindingFact.day <= last).order_by(FindingFact.number)
    )
    return [Fact(*row) for row in rows]


async def earlier_of(tx: AsyncConnection, wanted: Collection[str], day: int) -> dict[str, list[int]]:
    """How long the last completions of these items before a day took, in seconds."""
    found: dict[str, list[int]] = {}
    for item in wanted:
        rows = await tx.execute(
            select(FindingFact.seconds)
            .where(FindingFact.item == item, FindingFact.day < day, FindingFact.how.in_(["decided", "closed"]))
            .order_by(FindingFact.day.desc(), FindingFact.number.desc())
            .limit(EARLIER)
        )
        found[item] = list(rows.scalars())
    return found


class Period(NamedTuple):
    """A day or a month."""

    kind: str
    first: int


async def periods(tx: AsyncConnection, before: int, most: int) -> list[Period]:
    """Periods of which something changed, that begin before a day; days before months, since months take longer."""
    rows = await tx.execute(
        select(FindingPeriod.kind, FindingPeriod.first)
        .where(FindingPeriod.first < before)
        .order_by(FindingPeriod.kind, FindingPeriod.first)
        .limit(most)
    )
    return [Period(*row) for row in rows]


async def dirty(tx: AsyncConnection, changed: Collection[Period]) -> None:
    """Let these be examined again."""
    if not changed:
        return
    known = {Period(*row) for row in await tx.execute(select(FindingPeriod.kind, FindingPeriod.first))}
    fresh = [one._asdict() for one in sorted(changed) if one not in known]
    if fresh:
        await tx.execute(insert(FindingPeriod), fresh)


async def rest(tx: AsyncConnection, period: Period) -> None:
    """A period that was examined."""
    await tx.execute(
        delete(FindingPeriod).where(FindingPeriod.kind == period.kind, FindingPeriod.first == period.first)
    )


async def fact_days(tx: AsyncConnection) -> list[int]:
    """Each day on which something was completed."""
    return list((await tx.execute(select(FindingFact.day).distinct().order_by(FindingFact.day))).scalars())


async def item_versions(tx: AsyncConnection) -> int:
    """How many versions of items there are: they are only added."""
    return (await tx.execute(select(func.count()).select_from(ItemVersion))).scalar_one()


async def items_listed(tx: AsyncConnection) -> list[Listed]:
    """The newest version of each item."""
    newest = select(ItemVersion.code, func.max(ItemVersion.version).label("version")).group_by(ItemVersion.code)
    last = newest.subquery()
    rows = await tx.execute(
        select(ItemVersion.code, ItemVersion.version, ItemVersion.department, ItemVersion.published_at)
        .join(last, (last.c.code == ItemVersion.code) & (last.c.version == ItemVersion.version))
        .order_by(ItemVersion.code)
    )
    return [
        Listed((await items.pinned(tx, code, version)).item, department, at) for code, version, department, at in rows
    ]


# What was found


class Standing(NamedTuple):
    """A finding that stands."""

    id: str
    scope: str
    rule: str
    anchor: str


async def standing(tx: AsyncConnection, scopes: Collection[str]) -> list[Standing]:
    """What stands of what is examined at once."""
    rows = await tx.execute(
        select(Finding.id, Finding.scope, Finding.rule, Finding.anchor)
        .join(FindingStand, FindingStand.finding == Finding.id)
        .where(Finding.scope.in_(scopes), FindingStand.to_at.is_(None))
    )
    return [Standing(*row) for row in rows]


async def known_ids(tx: AsyncConnection, ids: Collection[str]) -> frozenset[str]:
    """Those of these that were found before."""
    if not ids:
        return frozenset()
    return frozenset((await tx.execute(select(Finding.id).where(Finding.id.in_(ids)))).scalars())


async def keep_findings(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """What was never found before."""
    if rows:
        await tx.execute(insert(Finding), list(rows))


async def stand(tx: AsyncConnection, ids: Collection[str], now: datetime) -> None:
    """Let these stand from now on."""
    if ids:
        rows = [{"finding": id_, "from_at": now, "to_at": None, "cause": None} for id_ in sorted(ids)]
        await tx.execute(insert(FindingStand), rows)


async def fall(tx: AsyncConnection, causes: Mapping[str, str], now: datetime) -> None:
    """Let these stand no more, each for its cause."""
    by_cause: dict[str, list[str]] = defaultdict(list)
    for id_, cause in causes.items():
        by_cause[cause].append(id_)
    for cause, ids in by_cause.items():
        await tx.execute(
            update(FindingStand)
            .where(FindingStand.finding.in_(ids), FindingStand.to_at.is_(None))
            .values(to_at=now, cause=cause)
        )


# Reading


class Row(NamedTuple):
    """A finding as it is stored."""

    id: str
    rule: str
    rules: int
    application: str | None
    item: str | None
    department: str
    section: str | None
    officer: str | None
    at: datetime
    evidence: dict[str, Any]
    compared: dict[str, Any]
    follows: str | None
    found_at: datetime
    anchor: str
    scope: str
    reviews: int


ROW = tuple(getattr(Finding, name) for name in Row._fields)


class Filters(NamedTuple):
    """What the list is narrowed by."""

    rule: str | None = None
    department: str | None = None
    officer: str | None = None
    item: str | None = None
    number: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    state: str | None = None


def stood(at: datetime) -> ColumnElement[bool]:
    """The findings that stood at an instant."""
    return exists().where(
        FindingStand.finding == Finding.id,
        FindingStand.from_at <= at,
        or_(FindingStand.to_at.is_(None), FindingStand.to_at > at),
    )


def reviewed(at: datetime) -> ColumnElement[bool]:
    """The findings that somebody had reviewed by an instant."""
    return exists().where(FindingReview.finding == Finding.id, FindingReview.reviewed_at <= at)


async def page(
    tx: AsyncConnection,
    filters: Filters,
    after: tuple[datetime, str] | None,
    limit: int,
    *,
    at: datetime,
    scope: ColumnElement[bool],
) -> list[Row]:
    """A page of findings that stood at an instant, the newest first."""
    wanted: list[ColumnElement[bool]] = [scope, stood(at)]
    plain = {
        Finding.rule: filters.rule,
        Finding.officer: filters.officer,
        Finding.item: filters.item,
        Finding.application: filters.number,
    }
    wanted += [column == value for column, value in plain.items() if value is not None]
    if filters.department is not None:
        wanted.append(Finding.department.in_(below(filters.department)))
    if filters.from_at is not None:
        wanted.append(Finding.at >= filters.from_at)
    if filters.to_at is not None:
        wanted.append(Finding.at < filters.to_at)
    if filters.state is not None:
        wanted.append(reviewed(at) if filters.state == "reviewed" else ~reviewed(at))
    if after is not None:
        place = (literal(after[0], Finding.at.type), literal(after[1], Finding.id.type))
        wanted.append(tuple_(Finding.at, Finding.id) < tuple_(*place))
    rows = await tx.execute(select(*ROW).where(*wanted).order_by(Finding.at.desc(), Finding.id.desc()).limit(limit))
    return [Row(*row) for row in rows]


async def one(tx: AsyncConnection, id_: str, *, scope: ColumnElement[bool], lock: bool = False) -> Row | None:
    """A finding, if the reader may see it."""
    wanted = select(*ROW).where(Finding.id == id_, scope)
    row = (await tx.execute(wanted.with_for_update(key_share=True) if lock else wanted)).first()
    return None if row is None else Row(*row)


class Stand(NamedTuple):
    """From when to when a finding stood, and why no longer."""

    from_at: datetime
    to_at: datetime | None
    cause: str | None


async def stands_of(tx: AsyncConnection, ids: Collection[str]) -> dict[str, list[Stand]]:
    """When these stood."""
    found: dict[str, list[Stand]] = {id_: [] for id_ in ids}
    rows = await tx.execute(
        select(FindingStand.finding, FindingStand.from_at, FindingStand.to_at, FindingStand.cause)
        .where(FindingStand.finding.in_(ids))
        .order_by(FindingStand.finding, FindingStand.from_at)
    )
    for id_, from_at, to_at, cause in rows:
        found[id_].append(Stand(from_at, to_at, cause))
    return found


async def following(tx: AsyncConnection, id_: str) -> str | None:
    """The finding into which this one's evidence has grown."""
    wanted = select(Finding.id).where(Finding.follows == id_).order_by(Finding.found_at.desc(), Finding.id)
    return (await tx.execute(wanted.limit(1))).scalar()


class Review(NamedTuple):
    """A review, with what is sealed of it."""

    seq: int
    verdict: str
    corrects: int | None
    reviewed_at: datetime
    reviewed_by: str
    role: str
    sealed: bytes | None


async def reviews_of(tx: AsyncConnection, ids: Collection[str], at: datetime) -> dict[str, list[Review]]:
    """The reviews of these by an instant, in order."""
    found: dict[str, list[Review]] = {id_: [] for id_ in ids}
    private = FindingReviewPrivate
    rows = await tx.execute(
        select(
            FindingReview.finding,
            FindingReview.seq,
            FindingReview.verdict,
            FindingReview.corrects,
            FindingReview.reviewed_at,
            FindingReview.reviewed_by,
            FindingReview.role,
            private.sealed,
        )
        .outerjoin(private, (private.finding == FindingReview.finding) & (private.seq == FindingReview.seq))
        .where(FindingReview.finding.in_(ids), FindingReview.reviewed_at <= at)
        .order_by(FindingReview.finding, FindingReview.seq)
    )
    for row in rows:
        found[row[0]].append(Review(*row[1:]))
    return found


async def officers_of(tx: AsyncConnection, department: str) -> list[tuple[str, str, str]]:
    """Section, code and name of the officers of a department."""
    rows = await tx.execute(select(Officer.section, Officer.code, Officer.name).where(Officer.department == department))
    return [(section, code, name) for section, code, name in rows]
