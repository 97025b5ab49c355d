"""Editions of a calendar, folded into one immutable numbered Calendar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import NamedTuple

from app.domain.calendar import LAST_DAY, NO_HOURS, Bands, Calendar, DayRule, WeeklyHours

__all__ = ["Edition", "EditionDay", "Frame", "fold", "known_by", "lay_over"]


class EditionDay(NamedTuple):
    """One day that an edition names: worked or not, its name, and its own hours where the notice states them."""

    day: int
    working: bool
    name: str | None = None
    hours: Bands | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """What one notice states: it is in force from the day of its publication on, and knows the days that it names.

    国办发明电〔2020〕1号, made public on 2020-01-27, names four days of 2020; all others keep what
    国办发明电〔2019〕16号 says. `published_to` is None for a notice that changes days within a year already covered.
    Week, hours and zone stand from this edition on where it states them.
    """

    document: str
    published_on: int
    days: tuple[EditionDay, ...]
    published_to: int | None = None
    title: str | None = None
    issued_on: int | None = None
    url: str | None = None
    note: str | None = None
    number: int = 0
    """Its place among the editions of its own calendar, from 1."""
    published_at: datetime | None = None
    """Where the hour of its publication is known; else it counts from 00:00 of the day."""
    supersedes: int | None = None
    """The number of an edition of the same calendar whose days it drops."""
    weekend: frozenset[int] | None = None
    weekly_hours: WeeklyHours | None = None
    zone: tzinfo | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """What a calendar is before its first edition: its code, its zone, its week.

    `unsettled` is how many days before the horizon the next notice may still change.
    """

    code: str
    zone: tzinfo
    weekend: frozenset[int] = frozenset({6, 7})
    weekly_hours: WeeklyHours = NO_HOURS
    first: int | None = None
    unsettled: int = 0


def known_by(editions: Sequence[Edition], day: int) -> tuple[Edition, ...]:
    """The editions published on a day or before it, in the order of their publication."""
    known = [edition for edition in editions if edition.published_on <= day]
    return tuple(sorted(known, key=lambda edition: edition.published_on))


def fold(
    frame: Frame, editions: Sequence[Edition], *, base: Calendar | None = None, name: str | None = None
) -> Calendar:
    """The calendar that the editions make together, in the order given: of a day that two name, the later one speaks.

    Over a `base` they override its days both ways: 广西 2017-04-01, a make-up day of the nation, is off, and 04-08 is
    worked. What they leave unsaid stays as below; hours and horizon stand for those below. An edition that another
    supersedes says nothing any more. The number counts the editions, those of the base with them. Without any edition
    no day is known.
    """
    dropped = {edition.supersedes for edition in editions if edition.supersedes is not None}
    days: dict[int, DayRule] = dict(base.days) if base is not None else {}
    published_to: int | None = None
    zone, weekend, weekly_hours = frame.zone, frame.weekend, frame.weekly_hours
    for edition in editions:
        if edition.number in dropped:
            continue
        for day in edition.days:
            days[day.day] = DayRule(day.working, day.name, edition.document, frame.code, day.hours)
        if edition.published_to is not None and (published_to is None or edition.published_to > published_to):
            published_to = edition.published_to
        zone = edition.zone or zone
        weekend = weekend if edition.weekend is None else edition.weekend
        weekly_hours = weekly_hours if edition.weekly_hours is None else edition.weekly_hours
    certain_to = None if published_to is None else published_to - frame.unsettled
    first = frame.first
    if base is not None:
        first = base.first
        if published_to is None:
            published_to, certain_to = base.published_to, base.certain_to
    elif not editions:
        first = LAST_DAY + 1
    return Calendar(
        frame.code,
        len(editions) + (0 if base is None else base.number),
        zone,
        days=days,
        weekend=weekend,
        weekly_hours=weekly_hours,
        published_to=published_to,
        certain_to=certain_to,
        first=first,
        name=name,
    )


def lay_over(
    base: Calendar,
    code: str,
    days: Mapping[int, DayRule],
    *,
    weekend: frozenset[int] | None = None,
    weekly_hours: WeeklyHours | None = None,
    published_to: int | None = None,
    zone: tzinfo | None = None,
) -> Calendar:
    """A calendar of one edition laid over another: its days override that one's both ways.

    广西 2017: 04-01, a make-up day of the nation, is off; 04-08 is worked. What the layer leaves unsaid (week, hours,
    horizon, zone) stays as below; its hours and its horizon stand for those below. Its number counts the editions of
    both.
    """
    return Calendar(
        code,
        base.number + 1,
        base.zone if zone is None else zone,
        days={**base.days, **days},
        weekend=base.weekend if weekend is None else weekend,
        weekly_hours=base.weekly_hours if weekly_hours is None else weekly_hours,
        published_to=base.published_to if published_to is None else published_to,
        certain_to=base.certain_to if published_to is None else published_to,
        first=base.first,
    )
