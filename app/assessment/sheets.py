"""The sheets of a month: for each department, section or officer that had something to do in it."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import Actor
from app.applications import travel
from app.assessment.evidence import Evidence, gather, in_time
from app.assessment.points import spelled_points
from app.assessment.queries import Desk
from app.assessment.rules import Scoring, scoring_for
from app.assessment.scoring import Grade, Happening, PartScore, Point, Sheet, Volume, sheet_of
from app.calendars import catalogue
from app.departments.queries import Names
from app.departments.queries import names as office_names
from app.kit.texts import Language, label
from app.statistics.answers import Period, days_json, times_json

__all__ = [
    "Json",
    "Level",
    "MonthSheets",
    "Narrow",
    "grade_json",
    "in_order",
    "local",
    "sheets_json",
    "sheets_of",
    "subject_json",
]

Json = dict[str, Any]  # a JSON object


class Level(StrEnum):
    """Whose sheets are asked for."""

    DEPARTMENT = "department"
    SECTION = "section"
    OFFICER = "officer"


class Narrow(NamedTuple):
    """Of which of them: those of a department with those below it, of one section or officer."""

    department: str | None = None
    section: str | None = None
    officer: str | None = None


class MonthSheets(NamedTuple):
    """The sheets of a month with the rules that scored them."""

    period: Period
    scoring: Scoring
    sheets: dict[Desk, Sheet]
    """By subject: of a department without section and officer, of an officer without section."""


async def sheets_of(tx: AsyncConnection, actor: Actor, period: Period, level: Level, narrow: Narrow) -> MonthSheets:
    """Reckon the sheets of a month that the reader may see."""
    scoring = await scoring_for(tx, period.first, period.known_at)
    rules = scoring.rules
    evidence = await gather(tx, actor, period, rules)
    offices = None if narrow.department is None else await travel.below(tx, narrow.department)
    grouped: dict[Desk, list[Desk]] = {}
    for desk in evidence.desks:
        subject = subject_of(desk, level)
        if subject is not None and (offices is None or desk.department in offices) and is_asked(desk, narrow):
            grouped.setdefault(subject, []).append(desk)
    sheets = {subject: sheet_of(rules, *together(evidence, desks)) for subject, desks in grouped.items()}
    return MonthSheets(period, scoring, dict(sorted(sheets.items(), key=lambda pair: in_order(pair[0]))))


def in_order(subject: Desk) -> tuple[str, str, str]:
    """The order in which subjects stand."""
    return subject.department, subject.section or "", subject.officer or ""


def is_asked(desk: Desk, narrow: Narrow) -> bool:
    """Whether a desk is of the section and officer that are asked for."""
    return narrow.section in (None, desk.section) and narrow.officer in (None, desk.officer)


def subject_of(desk: Desk, level: Level) -> Desk | None:
    """Into whose sheet a desk counts; where no section or officer is named there is none."""
    if level is Level.DEPARTMENT:
        return Desk(desk.department, None, None)
    if level is Level.SECTION:
        return None if desk.section is None else Desk(desk.department, desk.section, None)
    return None if desk.officer is None else Desk(desk.department, None, desk.officer)


def together(evidence: Evidence, desks: Iterable[Desk]) -> tuple[list[Happening], Volume]:
    """What happened at several desks, and how much there was to do, as one."""
    happenings: list[Happening] = []
    whole = Volume()
    for desk in desks:
        happenings += evidence.happenings.get(desk, ())
        volume = evidence.volumes.get(desk)
        if volume is not None:
            whole.closed += volume.closed
            whole.early.update(volume.early)
            whole.late_entries |= volume.late_entries
            for unit, limits in volume.limits.items():
                whole.add_limits(unit, *limits)
    happenings.sort(key=in_time)
    return happenings, whole


# How they are shown


async def sheets_json(tx: AsyncConnection, found: MonthSheets, level: Level, language: Language) -> Json:
    """The sheets of a month as they are answered."""
    names = await office_names(tx)
    period, scoring = found.period, found.scoring
    return {
        "month": f"{period.first:%Y-%m}",
        **days_json(period),
        "is_over": period.at < period.now,
        **times_json(period),
        "by": str(level),
        "label": scoring.label("sheet", language),
        "supervision_label": scoring.label("supervision", language),
        "rules": scoring.version,
        "items": [
            {**subject_json(subject, level, names), **sheet_json(sheet, scoring, language)}
            for subject, sheet in found.sheets.items()
        ],
    }


def subject_json(subject: Desk, level: Level, names: Names) -> Json:
    """Whose sheet it is, and what they are called."""
    department, section, officer = subject
    name = names.department(department)
    if level is Level.SECTION:
        name = names.section(department, section or "")
    elif level is Level.OFFICER:
        name = names.officer(department, officer or "")
    return {
        "department": department,
        "section": section,
        "officer": officer,
        "name": name,
        "department_name": names.department(department),
    }


def sheet_json(sheet: Sheet, scoring: Scoring, language: Language) -> Json:
    """One sheet: the score, the grade, and each part with its points."""
    return {
        "base": spelled_points(sheet.base),
        "score": spelled_points(sheet.score),
        "grade": grade_json(sheet.grade, scoring, language),
        "parts": [part_json(part, scoring, language) for part in sheet.parts],
        "bonus": [point_json(point, scoring, language) for point in sheet.bonus],
    }


def grade_json(grade: Grade, scoring: Scoring, language: Language) -> Json:
    """The grade of a score."""
    return {
        "code": grade.code,
        "name": scoring.name("grades", grade.code, language),
        "recommendation": scoring.label("recommendation", language) if grade.recommends else None,
    }


def part_json(part: PartScore, scoring: Scoring, language: Language) -> Json:
    """A part of a sheet."""
    return {
        "code": part.part.code,
        "name": scoring.name("parts", part.part.code, language),
        "weight": spelled_points(part.part.weight),
        "score": spelled_points(part.score),
        "is_measured": part.is_measured,
        "points": [point_json(point, scoring, language) for point in part.points],
    }


def local(instant: datetime) -> str:
    """An instant in the zone of the place."""
    return catalogue.for_item(None, None).local(instant).isoformat()


def point_json(point: Point, scoring: Scoring, language: Language) -> Json:
    """One point with its cause: what happened, or what share was reached, and why it counts no more."""
    ratio, fall = point.ratio, point.fall
    return {
        "rule": point.rule,
        "rule_name": scoring.name("rules", point.rule, language),
        "rules": scoring.version,
        "cause": str(point.cause),
        "cause_label": label("scoring_cause", str(point.cause), language),
        "points": spelled_points(point.points),
        "due": spelled_points(point.due),
        "happenings": [happening_json(one, language) for one in point.happenings],
        "share": None
        if ratio is None
        else {
            "part": ratio.part,
            "whole": ratio.whole,
            "unit": ratio.unit,
            "unit_label": None if ratio.unit is None else label("unit", ratio.unit, language),
        },
        "fell": None
        if fall is None
        else {
            "at": local(fall.at),
            "by": fall.kind,
            "cause": fall.cause,
            "cause_label": label("alarm_withdrawn" if fall.kind == "alarm" else "card_revoked", fall.cause, language),
        },
    }


def happening_json(one: Happening, language: Language) -> Json:
    """Where it is on record: the alarm, the card or the order, of which application and clock, at which instant."""
    return {
        "id": one.id,
        "at": local(one.at),
        "tracking_number": one.number,
        "order": one.order,
        "clock": one.clock,
        "clock_label": None if one.clock is None else label("clock", one.clock, language),
        "stage": one.stage,
        "due_at": None if one.due_at is None else local(one.due_at),
    }
