"""How late an entry is, by the limit that the item sets to late entries."""

from datetime import datetime

from app.domain.calendar import Calendar
from app.domain.counting import limit_end
from app.domain.units import Limit

__all__ = ["is_very_late"]


def is_very_late(limit: Limit | None, calendar: Calendar, *, at: datetime, now: datetime) -> bool:
    """Whether what happened at `at` is entered after the limit for late entries has run out; never without a limit.

    One working day for what happened on Friday ends with Monday.
    """
    return limit is not None and now >= limit_end(at, limit, calendar)
