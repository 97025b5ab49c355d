"""When people may be told: within the working hours of their department's calendar."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendars import catalogue
from app.departments.queries import names
from app.domain.calendar import Calendar

__all__ = ["calendar_of", "opens_at"]

HOURS: Final = ((510, 1050),)
"""08:30 to 17:30, in minutes of the day: where a calendar knows working days and no hours."""
FARTHEST: Final = 30


async def calendar_of(tx: AsyncConnection, department: str | None) -> Calendar:
    """The calendar of a department's hall; the nation's where it names none, and for who belongs to no department."""
    hall = None if department is None else (await names(tx)).calendar(department)
    return catalogue.for_item(None, None, hall)


def opens_at(calendar: Calendar, at: datetime) -> datetime:
    """The instant itself within working hours, else the next opening; a month ahead at most."""
    today = calendar.day_of(at)
    for day in range(today, today + FARTHEST):
        if not calendar.is_working(day):
            continue
        for begin, end in calendar.hours(day) if calendar.has_hours else HOURS:
            if at < calendar.at_minute(day, end):
                return max(at, calendar.at_minute(day, begin))
    return at + timedelta(days=FARTHEST)
