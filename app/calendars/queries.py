"""All that is read of calendars: which there are, what was published of each, its days.

Every answer is made from one picture of the calendars, taken at its beginning.
"""

from datetime import date, datetime
from typing import Any

from app.calendars import catalogue
from app.calendars.known import CalendarNotFound, Known, Layer, Recorded
from app.calendars.schemas import (
    CalendarLine,
    CalendarPage,
    CalendarShown,
    DayNamed,
    DayShown,
    DaysShown,
    EditionPage,
    EditionShown,
    EditionWhole,
    LayerShown,
)
from app.domain.calendar import Bands, Calendar, CalendarDay
from app.kit.texts import Language, label

__all__ = ["calendar_shown", "calendars", "days_shown", "edition_shown", "editions_after", "found"]


def found(name: str) -> Calendar:
    """The newest state of a calendar by its code, or one state by its printed name `CN@21`."""
    known = catalogue.known()
    return known.named(name) if "@" in name else known.newest(name)


def calendars(language: Language) -> CalendarPage:
    """Every calendar in its newest state, by code."""
    known = catalogue.known()
    return CalendarPage(items=[_line(known, known.newest(code), language) for code in known.codes])


def calendar_shown(name: str, language: Language) -> CalendarShown:
    """One state of a calendar: its layers, the lowest first, and the editions of its own that make it."""
    known = catalogue.known()
    calendar = known.named(name) if "@" in name else known.newest(name)
    parts = known.parts(calendar)
    counted = any(editions for _, editions in parts)
    line = _line(known, calendar, language)
    return CalendarShown(
        code=line.code,
        name=line.name,
        calendar=line.calendar,
        zone=line.zone,
        published_to=line.published_to,
        first_day=_date(calendar.first) if counted else None,
        weekend=sorted(calendar.weekend),
        layers=[
            LayerShown(code=layer.code, name=layer.names[language], editions=len(editions)) for layer, editions in parts
        ],
        editions=[EditionShown(**_edition(one, parts[-1][1])) for one in parts[-1][1]],
    )


def days_shown(calendar: Calendar, first: int, last: int, language: Language) -> DaysShown:
    """Each day of a stretch, both ends included."""
    days = (calendar.day(day) for day in range(first, last + 1))
    return DaysShown(calendar=calendar.name, items=[_day(day, language) for day in days])


def editions_after(code: str, after: int, limit: int) -> EditionPage:
    """A page of a calendar's own editions by number, one more than `limit` when there are more."""
    own = _own(catalogue.known(), code).editions
    shown = [EditionShown(**_edition(one, own)) for one in own if one.edition.number > after]
    return EditionPage(items=shown[: limit + 1], next_cursor=None)


def edition_shown(code: str, number: int) -> EditionWhole:
    """One edition with all that it states; `CalendarNotFound` where there is none of that number."""
    own = _own(catalogue.known(), code).editions
    recorded = next((one for one in own if one.edition.number == number), None)
    if recorded is None:
        raise CalendarNotFound("edition_not_found", f"The calendar {code} has no edition {number}.")
    edition = recorded.edition
    hours = edition.weekly_hours
    return EditionWhole(
        **_edition(recorded, own),
        calendar=code,
        weekend=None if edition.weekend is None else sorted(edition.weekend),
        hours=None if hours is None else [_hours(bands) for bands in hours],
        zone=None if edition.zone is None else str(edition.zone),
        named=[
            DayNamed(
                date=date.fromordinal(day.day),
                working=day.working,
                name=day.name,
                hours=None if day.hours is None else _hours(day.hours),
            )
            for day in edition.days
        ],
    )


def _own(known: Known, code: str) -> Layer:
    return known.layer(code)


def _line(known: Known, calendar: Calendar, language: Language) -> CalendarLine:
    return CalendarLine(
        code=calendar.code,
        name=known.layer(calendar.code).names[language],
        calendar=calendar.name,
        zone=str(calendar.zone),
        published_to=_date(calendar.published_to),
    )


def _edition(recorded: Recorded, own: tuple[Recorded, ...]) -> dict[str, Any]:  # the fields of EditionShown
    edition = recorded.edition
    return {
        "number": edition.number,
        "document": edition.document,
        "title": edition.title,
        "issued_on": _date(edition.issued_on),
        "published_at": _published(recorded),
        "published_to": _date(edition.published_to),
        "url": edition.url,
        "note": edition.note,
        "days": len(edition.days),
        "supersedes": edition.supersedes,
        "superseded_by": next((o.edition.number for o in own if o.edition.supersedes == edition.number), None),
        "built_in": recorded.serial == 0,
        "approver": recorded.approver,
        "recorded_at": recorded.recorded_at,
    }


def _published(recorded: Recorded) -> date | datetime:
    """The day of a publication, or its instant where one was stated."""
    return recorded.edition.published_at or date.fromordinal(recorded.edition.published_on)


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
