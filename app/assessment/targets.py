"""Yearly targets: set in versions, and the gaps to them at the end of each month, measured from the record."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, time
from fractions import Fraction
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit, rulebook
from app.access.actor import Actor
from app.assessment import queries
from app.assessment.evidence import fall_of, fall_of_order
from app.assessment.goals import AT_MOST, Counts, Gap, gap_of, read_goal
from app.assessment.models import Target
from app.assessment.points import HUNDRED, spelled_points
from app.assessment.queries import TargetRow
from app.assessment.sheets import Json, local
from app.assessment.target_schemas import TargetsIn
from app.calendars.publish import refuse_own_approval
from app.departments.queries import Names, known
from app.domain.refusal import Refusal
from app.kit.problems import Problem, invalid, refused
from app.kit.service import Service
from app.kit.texts import Language, label
from app.kit.turns import take_turn
from app.statistics.answers import Period, tell
from app.statistics.monthly import month_of
from app.statistics.tallies import By, Tally

__all__ = ["gaps_at", "gaps_json", "months_begun", "set_targets", "target_json"]

TARGET_LOCK = 7_238_411_921


async def set_targets(
    tx: AsyncConnection,
    actor: Actor,
    year: int,
    department: str,
    asked: TargetsIn,
    *,
    zone: ZoneInfo,
    now: datetime,
) -> tuple[TargetRow, bool]:
    """Make a new version of what a department is to reach in a year, and say that this call made it.

    The first covers the whole year; a later one begins with a month that is not over, so that no gap that was
    seen at a month's end changes. One equal to the newest makes none.
    """
    try:
        refuse_own_approval(actor, asked.approver)
    except Refusal as refusal:
        raise refused(refusal) from refusal
    if not await known(tx, [department]):
        raise Problem(404, "not_found", "there is no such department")
    await take_turn(tx, TARGET_LOCK)
    newest = next(iter(await queries.targets_of(tx, year, department)), None)
    said = asked.model_dump(mode="json", exclude_none=True, exclude={"valid_from", "approver"})
    if newest is not None and newest.body == said and asked.valid_from in (None, newest.valid_from):
        return newest, False
    begins = beginning_of(year, asked, now.astimezone(zone).date(), is_first=newest is None)
    row = TargetRow(
        year,
        department,
        1 if newest is None else newest.version + 1,
        begins,
        said,
        asked.approver,
        now,
        actor.credential,
    )
    await tx.execute(insert(Target), row._asdict())
    where = (Target.year == year, Target.department == department, Target.version == row.version)
    await rulebook.link_row(tx, Target, *where, now=now)
    stated = {"version": row.version, "valid_from": begins.isoformat()}
    await audit.record(tx, actor, "set_targets", f"{year}/{department}", at=now, detail=stated)
    return row, True


def beginning_of(year: int, asked: TargetsIn, today: date, *, is_first: bool) -> date:
    """The day from which a version stands."""
    this_month = today.replace(day=1)
    first = date(year, 1, 1)
    if year < today.year:
        raise invalid("path", "/year", "year_over", "The year is over: what was to be reached in it stays.")
    begins = asked.valid_from or (first if is_first else max(first, this_month))
    if begins.year != year or begins.day != 1:
        detail = "A version begins on the first day of a month of its year."
        raise invalid("body", "/valid_from", "valid_from_not_a_month", detail)
    if begins < this_month and not (is_first and begins == first):
        detail = f"A version begins with the month that goes on, {this_month:%Y-%m}, at the earliest."
        raise invalid("body", "/valid_from", "valid_from_past", detail)
    return begins


def target_json(row: TargetRow, names: Names) -> Json:
    """One version as it is answered."""
    return {
        "year": row.year,
        "department": row.department,
        "name": names.department(row.department),
        "version": row.version,
        "valid_from": row.valid_from.isoformat(),
        "goals": row.body["goals"],
        "document": row.body.get("document"),
        "approver": row.approver,
        "published_at": local(row.published_at),
        "published_by": row.published_by,
    }


# The gaps


class MonthGaps(NamedTuple):
    """The gaps at the end of a month: each department's version with what was measured."""

    period: Period
    found: dict[str, tuple[TargetRow, list[Gap]]]


def months_begun(service: Service, year: int, month: str | None, known_at: datetime | None) -> list[Period]:
    """From the year's first day to the end of each month of it that has begun, or of the one that is asked for."""
    if month is not None and month[:4] != f"{year}":
        raise invalid("query", "/month", "month_elsewhere", "The month is none of the year.")
    today = service.now.now().astimezone(ZoneInfo(service.settings.time_zone)).date()
    last = 12 if year < today.year else today.month if year == today.year else 0
    asked = [month] if month is not None else [f"{year}-{number:02d}" for number in range(1, last + 1)]
    periods = [month_of(service, one, known_at) for one in asked]
    return [period._replace(first=date(year, 1, 1)) for period in periods]


async def gaps_at(
    tx: AsyncConnection, actor: Actor, period: Period, seen: frozenset[str] | None, offices: frozenset[str] | None
) -> MonthGaps:
    """What was measured beside each goal from the year's first day to the end of a month."""
    month = period.last.replace(day=1)
    rows = await queries.targets_in_force(tx, period.first.year, month, period.known_at)
    wanted = [
        row
        for row in rows
        if (seen is None or row.department in seen) and (offices is None or row.department in offices)
    ]
    if not wanted:
        return MonthGaps(period, {})
    lines = (await tell(tx, actor, period, By.DEPARTMENT)).lines
    counts = await counts_of(tx, period)
    return MonthGaps(
        period,
        {
            row.department: (
                row,
                [
                    gap_of(read_goal(goal), lines.get(row.department) or Tally(), counts[row.department])
                    for goal in row.body["goals"]
                ],
            )
            for row in wanted
        },
    )


async def counts_of(tx: AsyncConnection, period: Period) -> Mapping[str, Counts]:
    """The orders issued and the cards whose time came since the year's first day, those that stand, by department."""
    begin = datetime.combine(period.first, time.min, period.zone)
    found: dict[str, Counts] = defaultdict(Counts)
    standing, unsure = await queries.orders_issued_in(tx, begin, period.at, period.known_at)
    for order in await queries.orders_known(tx, unsure, period.known_at):
        if fall_of_order(order) is None:
            standing.append(order.head.department)
    for department in standing:
        found[department] = found[department]._replace(orders=found[department].orders + 1)
    for card in await queries.cards_in(tx, begin, period.at, period.known_at):
        if card.revoked is None or fall_of(card.revoked, "card", period.known_at) is None:
            mine = found[card.department]
            name = f"{card.colour}_cards"
            found[card.department] = mine._replace(**{name: getattr(mine, name) + 1})
    return found


def gaps_json(months: list[MonthGaps], year: int, known_at: datetime, names: Names, language: Language) -> Json:
    """The gaps as they are answered."""
    return {
        "year": year,
        "known_at": local(known_at),
        "months": [
            {
                "month": f"{month.period.last:%Y-%m}",
                "is_over": month.period.at < month.period.now,
                "as_of": local(month.period.at),
                "items": [
                    {
                        "department": department,
                        "name": names.department(department),
                        "version": row.version,
                        "goals": [gap_json(gap, language) for gap in gaps],
                    }
                    for department, (row, gaps) in sorted(month.found.items())
                ],
            }
            for month in months
        ],
    }


def gap_json(gap: Gap, language: Language) -> Json:
    """A goal and what was measured."""
    goal = gap.goal
    shown: dict[str, Any] = {
        "indicator": str(goal.indicator),
        "label": label("indicator", str(goal.indicator), language),
        "clock": goal.clock,
        "clock_label": None if goal.clock is None else label("clock", goal.clock, language),
        "unit": goal.unit,
        "unit_label": None if goal.unit is None else label("unit", goal.unit, language),
        "direction": "at_most" if goal.indicator in AT_MOST else "at_least",
        "goal": spelled_points(goal.hundredths),
        "measured": hundredths(gap.measured),
        "part": gap.part,
        "whole": gap.whole,
        "gap": hundredths(gap.spare),
        "is_met": gap.is_met,
    }
    return shown


def hundredths(value: Fraction | None) -> str | None:
    """A number rounded half away from zero to the hundredth, as text."""
    if value is None:
        return None
    rounded = (abs(value) * HUNDRED * 2 + 1) // 2
    return spelled_points(int(rounded) if value >= 0 else -int(rounded))
