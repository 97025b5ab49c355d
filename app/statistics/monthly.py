"""The report of a month: its figures by department and item, and the departments in order by each kind of clock."""

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from app.access.actor import Actor
from app.kit.problems import invalid
from app.kit.service import Service
from app.kit.texts import Language, label
from app.statistics.answers import Period, called_by, days_json, known_from, tell, times_json
from app.statistics.definitions import definitions
from app.statistics.shown import Json, figures_json, lines_json, ranking_json
from app.statistics.tallies import By

__all__ = ["month_of", "monthly"]

INSTANT: Final = timedelta(microseconds=1)


def month_of(service: Service, month: str, known_at: datetime | None) -> Period:
    """The days of a month, as of its last instant or, while it goes on, of now; 422 where it has not begun."""
    now, zone = service.now.now(), ZoneInfo(service.settings.time_zone)
    first = date.fromisoformat(f"{month}-01")
    after = (first + timedelta(days=31)).replace(day=1)
    if datetime(first.year, first.month, 1, tzinfo=zone) > now:
        raise invalid("query", "/month", "month_not_begun", "The month has not begun.")
    end = datetime(after.year, after.month, 1, tzinfo=zone) - INSTANT
    return Period(first, after - timedelta(days=1), min(end, now), known_from(known_at, now), zone, now)


async def monthly(service: Service, actor: Actor, period: Period, language: Language) -> Json:
    """The report: the same for one month and one `known_at`, once the month is over."""
    async with service.db.snapshot() as tx:
        offices = await tell(tx, actor, period, By.DEPARTMENT)
        items = await tell(tx, actor, period, By.ITEM)
        office_called, item_called = await called_by(tx, By.DEPARTMENT), await called_by(tx, By.ITEM)
    total = figures_json(offices.total, language)
    return {
        "month": f"{period.first:%Y-%m}",
        **days_json(period),
        "is_over": period.at < period.now,
        **times_json(period),
        "total": total,
        "departments": lines_json(offices, str(By.DEPARTMENT), office_called, language),
        "items": lines_json(items, str(By.ITEM), item_called, language),
        "rankings": [
            {
                "clock": kind,
                "clock_label": label("clock", kind, language),
                "items": ranking_json(offices, kind, office_called),
            }
            for kind in (clock["clock"] for clock in total["clocks"])
        ],
        "definitions": definitions(language),
    }
