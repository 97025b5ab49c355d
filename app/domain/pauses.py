"""Pauses on record, and how long one lasts that was announced."""

from datetime import datetime
from typing import NamedTuple

from app.domain.calendar import Calendar
from app.domain.counting import due_day, last_day
from app.domain.items import Count, DueTime, EndRule, StartRule
from app.domain.units import MICROSECONDS, Limit

__all__ = ["Pause", "announced_end", "outlasts"]

_PLAIN = Count(StartRule.NEXT_DAY, EndRule.KEEP, DueTime.END_OF_DAY)


class Pause(NamedTuple):
    """A pause on record: its ground, the day of its beginning, the last day it can take out (None: as it lasts)."""

    id: str
    ground: str
    begin: int
    until: int | None
    until_at: datetime | None
    """The instant from which it can take out nothing more, for clocks that run by the moment."""
    place: int
    """Its place among the pauses of the application, so that two of them never look the same."""
    clocks: frozenset[str] = frozenset()
    """The kinds of clock that a suspension of the whole place stops, whatever their `pauses_for` says."""


def announced_end(at: datetime, announced: Limit, calendar: Calendar) -> tuple[int, datetime]:
    """The last day that a pause takes out when it lasts as announced, and the instant at which that time is over.

    行政许可法 第四十五条: the time needed is told in writing; what goes beyond it counts again. It counts from the day
    after the beginning and never rolls: ten calendar days from the 5th end on the 15th, a rest day or not. Working
    hours run from the moment; a clock in days runs again from the day after the one on which they end.
    """
    length = MICROSECONDS.get(announced.unit)
    if length is not None:
        over = calendar.working_time.later(at, announced.amount * length)
        return due_day(over, calendar), over
    last = last_day(calendar.day_of(at), announced.amount, announced.unit, calendar, _PLAIN)
    return last, calendar.midnight(last + 1)


def outlasts(begin: datetime, announced: Limit, end: datetime, calendar: Calendar) -> bool:
    """Whether a pause took longer than was announced; the day on which that time ends still belongs to it."""
    _, over = announced_end(begin, announced, calendar)
    return end > over if announced.unit in MICROSECONDS else end >= over
