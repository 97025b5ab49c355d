"""The calendars that the service knows: those that come with it and what its database adds, one picture at a time.

The picture is kept in the process and changed as a whole. A process that records an edition sees it with its commit;
every other one asks each second (`watch`), and at once when a stored row names a state that it does not know yet.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from app.calendars.known import BUILT_IN, ZONE, CalendarNotFound, Known, Layer, Recorded, Stopped, built_in
from app.calendars.schemas import CalendarIn
from app.domain.calendar import NO_HOURS, Calendar, DayRule, WeeklyHours
from app.domain.folds import Suspension
from app.domain.layers import Frame, lay_over
from app.domain.refusal import Refusal

__all__ = [
    "INLINE",
    "RELEASE",
    "CalendarNotFound",
    "Stored",
    "adopt",
    "after",
    "codes",
    "for_item",
    "forget",
    "inline",
    "known",
    "known_with",
    "look_again_by",
    "named",
    "newest",
    "published_by",
    "stops",
    "weekly_hours",
    "zone_named",
]

INLINE: Final = "inline"
"""The code of a calendar that is given with a case."""
RELEASE: Final = "release"
"""By whom an edition is recorded that a later release of the program brought into the database."""

Stored = tuple[str, str | None, str | None, Recorded]
"""An edition of the database: the calendar's code, what it lies over, its name, the edition itself."""


class _Mine:
    """What this process goes by."""

    __slots__ = ("look_again", "picture", "turn")

    def __init__(self) -> None:
        self.picture: Known = BUILT_IN
        self.look_again: Callable[[], Known] | None = None
        self.turn = threading.Lock()


_mine: Final = _Mine()


def known() -> Known:
    """The picture as this process has it now. Who needs several calendars of one picture keeps it."""
    return _mine.picture


def known_with(stored: Sequence[Stored], stopped: Sequence[Stopped] = ()) -> Known:
    """The calendars of the first release with these editions, in the order of their record, beside or over them."""
    later = any(one.release > 1 for layer in built_in().values() for one in layer.editions)
    if not stored and not stopped and not later:
        return BUILT_IN
    added: dict[str, list[Recorded]] = {}
    layers: dict[str, Layer] = {}
    for code, layer in built_in().items():
        first = layer.with_editions(())
        if first.editions:
            layers[code] = first
    for code, over, name, recorded in stored:
        added.setdefault(code, []).append(recorded)
        if code not in layers:
            layers[code] = _new_layer(code, over, name, recorded)
    for code, editions in added.items():
        layers[code] = layers[code].with_editions(editions)
    serial = stored[-1][3].serial if stored else 0
    return Known(layers, serial + (stopped[-1].serial if stopped else 0), stopped)


def _new_layer(code: str, over: str | None, name: str | None, first: Recorded) -> Layer:
    """A calendar that begins with an edition of the database: as the program has it where a release brought it."""
    if first.recorded_by == RELEASE and code in built_in():
        return built_in()[code].with_editions(())
    begins = None
    if over is None:  # before the first year that a notice names no day is known
        days = [day.day for day in first.edition.days]
        begins = datetime.fromordinal(min(days)).replace(month=1, day=1).toordinal() if days else None
    zone = first.edition.zone
    frame = Frame(code, zone if isinstance(zone, ZoneInfo) else ZONE, first=begins)
    return Layer(frame, {"zh-CN": name or code, "en": name or code}, over, ())


def adopt(picture: Known) -> None:
    """From now on this process goes by this picture; an older one than its own is left aside."""
    with _mine.turn:
        if picture.serial > _mine.picture.serial:
            _mine.picture = picture


def forget() -> None:
    """Back to what comes with the program: for a process that turns to another database."""
    _mine.picture, _mine.look_again = BUILT_IN, None


def look_again_by(read: Callable[[], Known] | None) -> None:
    """How to read the database at once when a row names a state that this process does not know yet."""
    _mine.look_again = read


def codes() -> tuple[str, ...]:
    """The codes of all calendars, in order."""
    return _mine.picture.codes


def newest(code: str) -> Calendar:
    """The calendar with all its editions."""
    return _mine.picture.newest(code)


def published_by(code: str, at: datetime, known_at: datetime | None = None) -> Calendar:
    """The calendar as it was published at an instant: an edition counts from 00:00 of the day of its publication.

    On 2020-01-26 the make-up Saturday 2020-02-01 is still a working day; on 2020-01-27 it is off. With `known_at` only
    what was recorded by then.
    """
    return _mine.picture.published_by(code, at, known_at)


def named(name: str) -> Calendar:
    """The calendar of a printed name, `CN@21`, as a stored row holds it."""
    found = _mine.picture.by_name.get(name)
    if found is not None:
        return found
    try:
        return _mine.picture.named(name)
    except CalendarNotFound:
        if _mine.look_again is None:
            raise
    adopt(_mine.look_again())
    return _mine.picture.named(name)


def after(calendar: Calendar) -> tuple[tuple[datetime, Calendar], ...]:
    """What was published of a calendar beyond this state, in order: from when on which state holds."""
    return _mine.picture.after(calendar)


def stops(jurisdiction: str | None) -> tuple[tuple[datetime, Suspension], ...]:
    """The documents that stop clocks in a place, in the order of recording, each from its publication on."""
    return _mine.picture.stops(jurisdiction)


def for_item(calendar: str | None, jurisdiction: str | None, hall: str | None = None) -> Calendar:
    """The calendar of an item: the one that it names, else that of the department's hall, else its place's.

    The place's is the one coded like the jurisdiction, else the nearest above: `CN-41-01` without a calendar of its own
    or of its province counts by `CN`, and so does an item without either.
    """
    if calendar is not None or hall is not None:
        return _mine.picture.newest(calendar or hall or "")
    place = jurisdiction or "CN"
    while place:
        if place in _mine.picture.layers:
            return _mine.picture.newest(place)
        place = place.rpartition("-")[0]
    raise CalendarNotFound("calendar_not_found", "No calendar is coded like the jurisdiction or a place above it.")


def zone_named(name: str) -> ZoneInfo:
    """The time zone of a name; refused where there is none."""
    if name not in _zones():
        raise Refusal("calendar_invalid", "There is no time zone of this name.", pointer="/calendar/zone")
    return ZoneInfo(name)


def weekly_hours(given: CalendarIn) -> WeeklyHours | None:
    """The hours that a document gives, from Monday to Sunday; refused where they leave no working time at all."""
    minutes = given.minutes()
    if minutes is None:
        return None
    if not any(minutes):
        raise Refusal(
            "calendar_without_working_days", "The calendar has no working time at all.", pointer="/calendar/hours"
        )
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = minutes
    return monday, tuesday, wednesday, thursday, friday, saturday, sunday


def inline(given: CalendarIn, *, as_of: datetime | None = None, known_at: datetime | None = None) -> Calendar:
    """The calendar that a case gives with itself; `layer_of` as published by `as_of`, of what was known at `known_at`.

    Refused: a zone that does not exist, a day that is both off and worked, and a calendar without any working time.
    """
    base = None
    if given.layer_of is not None:
        base = newest(given.layer_of) if as_of is None else published_by(given.layer_of, as_of, known_at)
    zone = None if given.zone is None else zone_named(given.zone)
    days = {day.toordinal(): DayRule(False, layer=INLINE) for day in given.holidays}
    for day in given.workdays:
        if day.toordinal() in days:
            raise Refusal(
                "calendar_invalid", f"{day} is both a holiday and a working day.", pointer="/calendar/workdays"
            )
        days[day.toordinal()] = DayRule(True, layer=INLINE)
    weekend = None if given.weekend is None else frozenset(given.weekend)
    hours = weekly_hours(given)
    published_to = None if given.published_to is None else given.published_to.toordinal()
    if published_to is not None:  # past it only the weekly pattern holds
        days = {day: rule for day, rule in days.items() if day <= published_to}
    if base is not None:
        calendar = lay_over(
            base,
            INLINE,
            days,
            weekend=weekend,
            weekly_hours=hours,
            published_to=published_to,
            zone=zone,
        )
    else:
        calendar = Calendar(
            INLINE,
            1,
            zone or ZONE,
            days=days,
            weekend=frozenset({6, 7}) if weekend is None else weekend,
            weekly_hours=hours or NO_HOURS,
            published_to=published_to,
        )
    if len(calendar.weekend) == 7 and not any(rule.working for rule in calendar.days.values()):
        raise Refusal("calendar_without_working_days", "The calendar has no working day.", pointer="/calendar/weekend")
    if hours is not None and not has_working_time(calendar):
        raise Refusal(
            "calendar_without_working_days", "No working day of the calendar has hours.", pointer="/calendar/hours"
        )
    return calendar


def has_working_time(calendar: Calendar) -> bool:
    """Whether any working day has hours: one of the week, or one that is named."""
    weekly = (bands for weekday, bands in enumerate(calendar.weekly_hours, 1) if weekday not in calendar.weekend)
    return any(weekly) or any(rule.working and calendar.hours(day) for day, rule in calendar.days.items())


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
