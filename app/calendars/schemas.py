"""Calendars as they travel: an inline one that comes in, and what is shown of a known one."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.kit.paging import MAX_LIMIT, PageQuery
from app.kit.schemas import Code, DateIn, Line, QueryInt, Text, Wire, parse_date, parse_instant

__all__ = [
    "CalendarIn",
    "CalendarPage",
    "CalendarShown",
    "DayIn",
    "DayNamed",
    "DayShown",
    "DaysQuery",
    "DaysShown",
    "EditionIn",
    "EditionPage",
    "EditionShown",
    "EditionWhole",
    "EditionsQuery",
    "LayerShown",
    "SuspensionIn",
    "bands_in_minutes",
]


def _minute(text: str) -> int:
    hours, _, minutes = text.partition(":")
    if len(text) == 5 and text.isascii() and hours.isdigit() and minutes.isdigit():
        minute = int(hours) * 60 + int(minutes)
        if minute <= 1440 and int(minutes) < 60:
            return minute
    raise PydanticCustomError("time_malformed", "must be a time of day like 08:30, at most 24:00")


def _time_of_day(text: str) -> str:
    _minute(text)
    return text


TimeOfDay = Annotated[str, Text(max=5), AfterValidator(_time_of_day)]
Band = Annotated[list[TimeOfDay], Field(min_length=2, max_length=2, description="From and to, half-open.")]


def _in_order(bands: list[Band]) -> list[Band]:
    before = -1
    for begin, end in bands:
        if not before <= _minute(begin) < _minute(end):
            raise PydanticCustomError("hours_cross", "the hours of a day must follow each other without crossing")
        before = _minute(end)
    return bands


DayHours = Annotated[list[Band], Field(max_length=24), AfterValidator(_in_order)]
Weekday = Literal["1", "2", "3", "4", "5", "6", "7"]
Hours = Annotated[
    Annotated[DayHours, Tag("daily")] | Annotated[dict[Weekday, DayHours], Tag("weekly")],
    Discriminator(lambda given: "weekly" if isinstance(given, dict) else "daily"),
]
IsoWeekday = Annotated[int, Field(ge=1, le=7)]


class CalendarIn(Wire):
    """A calendar given inline with a case."""

    weekend: Annotated[list[IsoWeekday], Field(max_length=7)] | None = Field(
        None, description="ISO weekdays of rest; default `[6, 7]`, or that of `layer_of`."
    )
    holidays: Annotated[list[DateIn], Field(max_length=10_000)] = Field([], description="Days off, whatever weekday.")
    workdays: Annotated[list[DateIn], Field(max_length=10_000)] = Field(
        [], description="Working days, whatever weekday: make-up days."
    )
    hours: Hours | None = Field(
        None,
        description="Hours of every working day, or by ISO weekday; without them a working day has no hours. They may "
        "end at `24:00`. A make-up day whose weekday has none has those of the first weekday that has.",
    )
    zone: Annotated[str, Text(max=64)] | None = Field(
        None, description="Name of the time zone; default `Asia/Shanghai`, or that of `layer_of`."
    )
    published_to: DateIn | None = Field(
        None, description="The last day that is known; past it only the weekly pattern holds. Default: no horizon."
    )
    layer_of: Code | None = Field(
        None, description="The calendar that this one lies over: its days override that one's both ways."
    )

    def minutes(self) -> tuple[tuple[tuple[int, int], ...], ...] | None:
        """The hours from Monday to Sunday in minutes of the day."""
        if self.hours is None:
            return None
        if isinstance(self.hours, dict):
            days = [self.hours.get(weekday, []) for weekday in ("1", "2", "3", "4", "5", "6", "7")]
        else:
            days = [self.hours] * 7
        return tuple(tuple((_minute(begin), _minute(end)) for begin, end in bands) for bands in days)


def bands_in_minutes(bands: Iterable[Iterable[str]]) -> tuple[tuple[int, int], ...]:
    """Hours as half-open stretches of minutes of the day."""
    return tuple((_minute(begin), _minute(end)) for begin, end in bands)


def _published(value: object) -> date | datetime:
    """A date, or an instant where the hour matters."""
    if isinstance(value, str) and len(value) > 10:
        return parse_instant(value)
    return parse_instant(value) if isinstance(value, datetime) else parse_date(value)


PublishedAt = Annotated[
    date | datetime,
    BeforeValidator(_published),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}),
]


class DayIn(Wire):
    """One day that a notice names."""

    date: DateIn
    working: bool = Field(description="Worked, or a day off.")
    name: Annotated[str, Text(max=100)] | None = None
    hours: DayHours | None = Field(None, description='Its own hours: a half day, `[["09:00", "12:00"]]`.')


class EditionIn(CalendarIn):
    """What one notice states. Days that it does not name keep what earlier editions say."""

    days: Annotated[list[DayIn], Field(max_length=10_000)] = Field(
        [], description="Days with their names or hours, instead of or beside `holidays` and `workdays`."
    )
    document: Line = Field(description="The number of the notice.")
    title: Line | None = None
    issued_on: DateIn | None = Field(None, description="The date that the notice bears.")
    published_at: PublishedAt = Field(
        description="When it was made public: a date (from 00:00 of that day on) or an instant. Never ahead of now."
    )
    url: Annotated[str, Text(max=2_000)] | None = None
    note: Line | None = None
    supersedes: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="The number of an edition of this calendar whose days it drops."
    )
    name: Line | None = Field(None, description="What a new calendar is called; default its code.")
    approver: Line = Field(description="Who approved it: another person than the caller.")


class SuspensionIn(Wire):
    """What a published document stops."""

    jurisdiction: Code = Field(description="The place; what lies below it is stopped with it.")
    clocks: Annotated[list[Code], Field(min_length=1, max_length=20, description="Kinds of clock.")]
    from_: DateIn = Field(alias="from", description="The first day that is taken out.")
    to: DateIn | None = Field(description="The last day that is taken out; null: as long as it lasts.")
    document: Line
    published_at: PublishedAt
    approver: Line = Field(description="Who approved it: another person than the caller.")
    ends: Code | None = Field(
        None, description="The id of a suspension with the same place, clocks and beginning, whose end this one names."
    )

    def instant(self, zone: ZoneInfo) -> datetime:
        """When it was published."""
        at = self.published_at
        return at if isinstance(at, datetime) else datetime.combine(at, time(), zone)


class LayerShown(Wire):
    """One layer of a calendar, the lowest first."""

    code: str
    name: str
    editions: int = Field(description="How many editions this layer has.")


class EditionShown(Wire):
    """What one notice states, from the day of its publication on."""

    number: int = Field(description="Its place among the editions, from 1; `CN@21` is what the first 21 say together.")
    document: str
    title: str | None
    issued_on: date | None = Field(description="The date that the notice bears; null where it was not confirmed.")
    published_at: date | datetime = Field(
        description="When it was made public, and from when on it is known: a day, or an instant where one was stated."
    )
    published_to: date | None = Field(
        description="The last day that it covers; null for a change within a covered year."
    )
    url: str | None
    note: str | None
    days: int = Field(description="How many days it names.")
    supersedes: int | None = Field(None, description="The edition whose days it drops.")
    superseded_by: int | None = None
    built_in: bool = Field(description="It came with the program; no approver and no record then.")
    approver: str | None = None
    recorded_at: datetime | None = None


class DayNamed(Wire):
    """One day that an edition names."""

    date: date
    working: bool
    name: str | None
    hours: list[list[str]] | None = Field(description="Its own hours; null: those of its weekday.")


class EditionWhole(EditionShown):
    """One edition with all that it states."""

    calendar: str = Field(description="The code of its calendar.")
    weekend: list[int] | None = Field(description="Null where it says nothing of it.")
    hours: list[list[list[str]]] | None = Field(description="From Monday to Sunday; null where it says nothing.")
    zone: str | None
    named: list[DayNamed]


class EditionPage(Wire):
    """A page of editions, by number."""

    items: list[EditionShown]
    next_cursor: str | None


class EditionsQuery(PageQuery):
    """Which page of editions."""


class CalendarLine(Wire):
    """One calendar in the list."""

    code: str
    name: str
    calendar: str = Field(description="Its newest state, `CN@23`.")
    zone: str
    published_to: date | None


class CalendarPage(Wire):
    """The calendars that the service knows."""

    items: list[CalendarLine]
    next_cursor: str | None = None


class CalendarShown(CalendarLine):
    """One calendar: its layers, its editions, how far it reaches."""

    first_day: date | None = Field(description="The first day that is known.")
    weekend: list[int]
    layers: list[LayerShown]
    editions: list[EditionShown]


class DayShown(Wire):
    """One day: worked or not, since which notice, and how sure that is."""

    date: date
    working: bool | None = Field(description="Null where no notice says it.")
    name: str | None
    layer: str | None = Field(description="The layer that names the day; null where the weekly pattern holds.")
    source: str | None = Field(description="The number of the notice.")
    certainty: Literal["certain", "provisional", "unknown"]
    certainty_label: str
    hours: list[list[str]]


class DaysShown(Wire):
    """The days of a stretch."""

    calendar: str
    items: list[DayShown]
    next_cursor: str | None = None


class DaysQuery(Wire):
    """Which days; both ends are included. Without `limit` all of them stand on one page."""

    from_: DateIn = Field(alias="from")
    to: DateIn
    limit: Annotated[QueryInt, Field(ge=1, le=MAX_LIMIT, description="days a page")] | None = None
    cursor: Annotated[str | None, Field(max_length=2_000, description="`next_cursor` of the page before")] = None
