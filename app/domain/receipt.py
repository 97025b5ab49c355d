"""On which day an application counts as received."""

from datetime import datetime

from app.domain.calendar import Calendar
from app.domain.items import ReceiptRule

__all__ = ["day_of_receipt"]


def day_of_receipt(rule: ReceiptRule, at: datetime, calendar: Calendar) -> int:
    """The day on which what comes in at an instant is received; under `on_confirmation` that of the confirmation.

    `next_working_day`: what comes in on a rest day, or at or after closing time where the calendar has hours, is
    received at 00:00 of the next working day: an e-mail of Sunday on Monday. A working day on which the office does not
    open has no closing time.
    """
    day = calendar.day_of(at)
    if rule is not ReceiptRule.NEXT_WORKING_DAY:
        return day
    if not calendar.is_working(day):
        return calendar.next_working(day)
    bands = calendar.hours(day)
    if bands and at >= calendar.at_minute(day, bands[-1][1]):
        return calendar.nth(day, 1)
    return day
