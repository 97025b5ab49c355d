"""Means of a half, quarter or year: of the months that are over, for each that had a sheet in them."""

from calendar import monthrange
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import Actor
from app.assessment.points import mean_of, spelled_points
from app.assessment.queries import Desk
from app.assessment.rules import Scoring
from app.assessment.scoring import grade_of
from app.assessment.sheets import (
    Json,
    Level,
    MonthSheets,
    Narrow,
    grade_json,
    in_order,
    local,
    sheets_of,
    subject_json,
)
from app.departments.queries import names as office_names
from app.kit.problems import invalid
from app.kit.service import Service
from app.kit.texts import Language
from app.statistics.answers import known_from
from app.statistics.monthly import month_of

__all__ = ["Months", "means_json", "months_of"]


class Months(NamedTuple):
    """A half, quarter or year: its months, and those of them that are over."""

    name: str
    all: tuple[date, ...]
    over: tuple[date, ...]
    known_at: datetime

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is still to come."""
        return len(self.over) == len(self.all)


def months_of(service: Service, name: str, known_at: datetime | None) -> Months:
    """The months of `2026`, `2026-H1` or `2026-Q3`; 422 where none has begun."""
    year, part = int(name[:4]), name[5:]
    first, count = 1, 12
    if part:
        count = 6 if part.startswith("H") else 3
        first = (int(part[1]) - 1) * count + 1
    months = tuple(date(year, month, 1) for month in range(first, first + count))
    now = service.now.now()
    today = now.astimezone(ZoneInfo(service.settings.time_zone)).date()
    if months[0] > today:
        raise invalid("query", "/period", "month_not_begun", "The period has not begun.")
    over = tuple(month for month in months if month < today.replace(day=1))
    return Months(name, months, over, known_from(known_at, now))


async def means_json(
    tx: AsyncConnection,
    service: Service,
    actor: Actor,
    months: Months,
    level: Level,
    narrow: Narrow,
    language: Language,
) -> Json:
    """The means as they are answered: each month's score beside it, the grade by the rules of the last month."""
    found = [
        await sheets_of(tx, actor, month_of(service, f"{month:%Y-%m}", months.known_at), level, narrow)
        for month in months.over
    ]
    names = await office_names(tx)
    items = []
    for subject in sorted({subject for month in found for subject in month.sheets}, key=in_order):
        scored = [month for month in found if subject in month.sheets]
        items.append({**subject_json(subject, level, names), **mean_json(subject, scored, language)})
    last = found[-1].scoring if found else None
    end = months.all[-1]
    return {
        "period": months.name,
        "from": months.all[0].isoformat(),
        "to": end.replace(day=monthrange(end.year, end.month)[1]).isoformat(),
        "is_over": months.is_over,
        "known_at": local(months.known_at),
        "by": str(level),
        "label": None if last is None else last.label("sheet", language),
        "items": items,
    }


def mean_json(subject: Desk, scored: list[MonthSheets], language: Language) -> Json:
    """One mean with the months that it is of."""
    scores = [month.sheets[subject].score for month in scored]
    scoring: Scoring = scored[-1].scoring
    mean = mean_of(scores) or 0
    return {
        "mean": spelled_points(mean),
        "grade": grade_json(grade_of(mean, scoring.rules.grades), scoring, language),
        "months": [
            {"month": f"{month.period.first:%Y-%m}", "score": spelled_points(score), "rules": month.scoring.version}
            for month, score in zip(scored, scores, strict=True)
        ],
    }
