"""All that is read of calendars: which there are, what was published of each, its days."""

from datetime import date

from app.calendars import catalogue
from app.calendars.schemas import (
    CalendarLine,
    CalendarPage,
    CalendarShown,
    DayShown,
    DaysShown,
    EditionShown,
    LayerShown,
)
from app.domain.calendar import Bands, Calendar, CalendarDay
from app.domain.layers import Edition
from app.kit.texts import Language, label

__all__ = ["calendar_shown", "calendars", "days_shown", "found"]


def found(name: str) -> Calendar:
    """The newest state of a calendar by its code, or one state by its printed name `CN@21`."""
    return catalogue.named(name) if "@" in name else catalogue.newest(name)


def calendars(language: Language) -> CalendarPage:
    """Every calendar in its newest state, by code."""
    return CalendarPage(items=[_line(catalogue.newest(code), language) for code in catalogue.codes()])


def calendar_shown(calendar: Calendar, language: Language) -> CalendarShown:
    """One state of a calendar: its layers, and the editions that make it."""
    known = catalogue.publication(calendar.code)
    editions = [_edition(number, edition) for number, edition in enumerate(known.editions[: calendar.number], 1)]
    line = _line(calendar, language)
    return CalendarShown(
        code=line.code,
        name=line.name,
        calendar=line.calendar,
        zone=line.zone,
        published_to=line.published_to,
        first_day=_date(calendar.first) if editions else None,
        weekend=sorted(calendar.weekend),
        layers=[LayerShown(code=line.code, name=line.name, editions=len(editions))],
        editions=editions,
    )


def days_shown(calendar: Calendar, first: date, last: date, language: Language) -> DaysShown:
    """Each day of a stretch, both ends included."""
    days = (calendar.day(day) for day in range(first.toordinal(), last.toordinal() + 1))
    return DaysShown(calendar=calendar.name, items=[_day(day, language) for day in days])


def _line(calendar: Calendar, language: Language) -> CalendarLine:
    return CalendarLine(
        code=calendar.code,
        name=catalogue.publication(calendar.code).names[language],
        calendar=calendar.name,
        zone=str(calendar.zone),
        published_to=_date(calendar.published_to),
    )


def _edition(number: int, edition: Edition) -> EditionShown:
    return EditionShown(
        number=number,
        document=edition.document,
        title=edition.title,
        issued_on=_date(edition.issued_on),
        published_at=date.fromordinal(edition.published_on),
        published_to=_date(edition.published_to),
        url=edition.url,
        note=edition.note,
        days=len(edition.days),
    )


def _day(day: CalendarDay, language: Language) -> DayShown:
    return DayShown(
        date=day.date,
        working=day.working,
        name=day.name,
        layer=day.layer or None,
        source=day.source,
        certainty=day.certainty,
        certainty_label=label("certainty", day.certainty, language),
        hours=_hours(day.hours),
    )


def _hours(bands: Bands) -> list[list[str]]:
    return [[_clock(begin), _clock(end)] for begin, end in bands]


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _date(day: int | None) -> date | None:
    return None if day is None else date.fromordinal(day)
