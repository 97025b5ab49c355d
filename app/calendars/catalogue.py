"""The calendars that the service knows, each state of each of them made once and kept."""

import json
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from app.calendars.notices import read_folder
from app.calendars.schemas import CalendarIn
from app.domain.calendar import NO_HOURS, Calendar, DayRule, WeeklyHours
from app.domain.layers import Edition, Frame, fold, lay_over
from app.domain.refusal import Refusal

__all__ = [
    "INLINE",
    "CalendarNotFound",
    "Publication",
    "codes",
    "for_item",
    "inline",
    "named",
    "newest",
    "publication",
    "published_by",
]

INLINE: Final = "inline"
"""The code of a calendar that is given with a case."""

_DATA = Path(__file__).parent / "data"


class CalendarNotFound(Refusal):
    """A calendar that the service does not know."""


class Publication(NamedTuple):
    """All that was ever published of one calendar: its frame and its editions, oldest first."""

    frame: Frame
    names: dict[str, str]
    editions: tuple[Edition, ...]


@lru_cache(maxsize=1)
def codes() -> tuple[str, ...]:
    """The codes of all calendars, in order."""
    return tuple(sorted(folder.name.upper() for folder in _DATA.iterdir() if (folder / "calendar.json").is_file()))


@lru_cache(maxsize=256)
def _publication(code: str) -> Publication:
    folder = _DATA / code.lower()
    body = json.loads((folder / "calendar.json").read_text(encoding="utf-8"))
    frame = Frame(
        code=code,
        zone=ZoneInfo(body["zone"]),
        weekend=frozenset(body["weekend"]),
        first=date.fromisoformat(body["first"]).toordinal(),
        unsettled=body["unsettled_days"],
    )
    return Publication(frame, body["name"], read_folder(folder))


def publication(code: str) -> Publication:
    """What was published of a calendar."""
    if code not in codes():
        raise CalendarNotFound("calendar_not_found", "There is no calendar with this code.", allowed=codes())
    return _publication(code)


@lru_cache(maxsize=1024)
def _at_number(code: str, number: int) -> Calendar:
    known = _publication(code)
    return fold(known.frame, known.editions[:number])


def newest(code: str) -> Calendar:
    """The calendar with all its editions."""
    return _at_number(code, len(publication(code).editions))


def published_by(code: str, at: datetime) -> Calendar:
    """The calendar as it was published at an instant: an edition counts from 00:00 of the day of its publication.

    On 2020-01-26 the make-up Saturday 2020-02-01 is still a working day; on 2020-01-27 it is off.
    """
    known = publication(code)
    day = at.astimezone(known.frame.zone).toordinal()
    return _at_number(code, sum(1 for edition in known.editions if edition.published_on <= day))


@lru_cache(maxsize=1024)
def named(name: str) -> Calendar:
    """The calendar of a printed name, `CN@21`."""
    code, _, number = name.partition("@")
    known = publication(code)
    if number not in {str(place) for place in range(len(known.editions) + 1)}:
        raise CalendarNotFound("calendar_not_found", f"The calendar {code} has {len(known.editions)} editions.")
    return _at_number(code, int(number))


def for_item(calendar: str | None, jurisdiction: str | None) -> Calendar:
    """The calendar of an item: the one that it names, else the one coded like its jurisdiction, else the nearest above.

    `CN-41-01` without a calendar of its own or of its province counts by `CN`, and so does an item without either.
    """
    if calendar is not None:
        return newest(calendar)
    place = jurisdiction or "CN"
    while place:
        if place in codes():
            return newest(place)
        place = place.rpartition("-")[0]
    raise CalendarNotFound("calendar_not_found", "No calendar is coded like the jurisdiction or a place above it.")


def inline(given: CalendarIn, *, as_of: datetime | None = None) -> Calendar:
    """The calendar that a case gives with itself; `layer_of` is taken as published by `as_of`.

    Refused: a zone that does not exist, a day that is both off and worked, and a calendar without any working time.
    """
    base = None
    if given.layer_of is not None:
        base = newest(given.layer_of) if as_of is None else published_by(given.layer_of, as_of)
    if given.zone is not None and given.zone not in _zones():
        raise Refusal("calendar_invalid", "There is no time zone of this name.", pointer="/calendar/zone")
    days = {day.toordinal(): DayRule(False, layer=INLINE) for day in given.holidays}
    for day in given.workdays:
        if day.toordinal() in days:
            raise Refusal(
                "calendar_invalid", f"{day} is both a holiday and a working day.", pointer="/calendar/workdays"
            )
        days[day.toordinal()] = DayRule(True, layer=INLINE)
    weekend = None if given.weekend is None else frozenset(given.weekend)
    minutes = given.minutes()
    if minutes is not None and not any(minutes):
        raise Refusal(
            "calendar_without_working_days", "The calendar has no working time at all.", pointer="/calendar/hours"
        )
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = minutes or NO_HOURS
    hours: WeeklyHours = (monday, tuesday, wednesday, thursday, friday, saturday, sunday)
    published_to = None if given.published_to is None else given.published_to.toordinal()
    zone = None if given.zone is None else ZoneInfo(given.zone)
    if base is not None:
        calendar = lay_over(
            base,
            INLINE,
            days,
            weekend=weekend,
            weekly_hours=None if minutes is None else hours,
            published_to=published_to,
            zone=zone,
        )
    else:
        calendar = Calendar(
            INLINE,
            1,
            zone or ZoneInfo("Asia/Shanghai"),
            days=days,
            weekend=frozenset({6, 7}) if weekend is None else weekend,
            weekly_hours=hours,
            published_to=published_to,
        )
    if len(calendar.weekend) == 7 and not any(rule.working for rule in calendar.days.values()):
        raise Refusal("calendar_without_working_days", "The calendar has no working day.", pointer="/calendar/weekend")
    return calendar


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
