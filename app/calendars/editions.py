"""An edition as a document, as a value and as a row, and what makes a document one that cannot be believed."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from app.calendars import catalogue
from app.calendars.known import Known
from app.calendars.schemas import EditionIn, bands_in_minutes
from app.domain.calendar import Bands, Calendar, WeeklyHours
from app.domain.layers import Edition, EditionDay
from app.domain.refusal import Refusal
from app.kit.problems import Problem
from app.kit.reading import Body, check

__all__ = ["check_calendar", "check_edition", "edition_of", "read_edition", "stated_of", "value_of"]

Stated = dict[str, Any]  # a JSON object
_FORM = re.compile("^/hours/(?:daily|weekly)")


def read_edition(body: Body) -> EditionIn:
    """The document that a body is; else the problem, whose pointers name places of the body and no form of hours."""
    try:
        return check(EditionIn, body)
    except Problem as problem:
        problem.errors = tuple(fault._replace(pointer=_FORM.sub("/hours", fault.pointer)) for fault in problem.errors)
        raise


def value_of(asked: EditionIn, zone: ZoneInfo) -> tuple[Edition, datetime]:
    """What a document says, and from when on it is known. Refused: a day that is named twice, a zone that is none."""
    days: dict[int, EditionDay] = {}
    for day, pointer in _named_days(asked):
        if day.day in days:
            raise Refusal(
                "days_overlap",
                f"{date.fromordinal(day.day)} is named twice: an edition says one thing of a day.",
                pointer=pointer,
            )
        days[day.day] = day
    at = asked.published_at
    instant = at if isinstance(at, datetime) else datetime.combine(at, time(), zone)
    return (
        Edition(
            document=asked.document,
            published_on=instant.astimezone(zone).toordinal(),
            published_at=at if isinstance(at, datetime) else None,
            days=tuple(days[one] for one in sorted(days)),
            published_to=None if asked.published_to is None else asked.published_to.toordinal(),
            title=asked.title,
            issued_on=None if asked.issued_on is None else asked.issued_on.toordinal(),
            url=asked.url,
            note=asked.note,
            supersedes=asked.supersedes,
            weekend=None if asked.weekend is None else frozenset(asked.weekend),
            weekly_hours=_pointed(catalogue.weekly_hours, asked),
            zone=None if asked.zone is None else _zone(asked.zone),
        ),
        instant,
    )


def _named_days(asked: EditionIn) -> list[tuple[EditionDay, str]]:
    named = [(EditionDay(day.toordinal(), False), f"/holidays/{n}") for n, day in enumerate(asked.holidays)]
    named += [(EditionDay(day.toordinal(), True), f"/workdays/{n}") for n, day in enumerate(asked.workdays)]
    for n, day in enumerate(asked.days):
        hours = None if day.hours is None else bands_in_minutes(day.hours)
        if hours and not day.working:
            raise Refusal("hours_of_a_day_off", f"{day.date} is off, and yet has hours.", pointer=f"/days/{n}/hours")
        named.append((EditionDay(day.date.toordinal(), day.working, day.name, hours), f"/days/{n}/date"))
    return named


def _zone(name: str) -> ZoneInfo:
    try:
        return catalogue.zone_named(name)
    except Refusal as refusal:
        raise Refusal("zone_unknown", refusal.detail, pointer="/zone") from None


def _pointed(read: Any, asked: EditionIn) -> WeeklyHours | None:  # a function of a document
    try:
        hours: WeeklyHours | None = read(asked)
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.detail, pointer="/hours") from None
    return hours


def check_edition(known: Known, code: str, edition: Edition, instant: datetime, *, now: datetime) -> None:
    """Refuse what must not be recorded: a notice from the future, one that supersedes a newer one."""
    if instant > now:
        raise Refusal(
            "published_in_future", "A notice that is not published yet says nothing.", pointer="/published_at"
        )
    if edition.supersedes is not None:
        _check_superseded(known, code, edition.supersedes, instant)


def _check_superseded(known: Known, code: str, number: int, instant: datetime) -> None:
    own = known.layers[code].editions if code in known.layers else ()
    found = next((one for one in own if one.edition.number == number), None)
    if found is None:
        raise Refusal("edition_unknown", f"The calendar {code} has no edition {number}.", pointer="/supersedes")
    if any(one.edition.supersedes == number for one in own):
        raise Refusal("edition_superseded", f"Edition {number} is superseded already.", pointer="/supersedes")
    if instant < found.from_at:
        raise Refusal(
            "older_than_superseded",
            f"Edition {number} was published later: a notice does not supersede one that came after it.",
            pointer="/supersedes",
        )


def check_calendar(before: Calendar | None, after: Calendar, edition: Edition) -> None:
    """Refuse an edition that says nothing, leaves no working time, or claims to know a year without a day.

    `before` is what stood until now: the calendar, or what a new one lies over.
    """
    if not edition.days and edition.supersedes is None and edition.weekly_hours is None:
        same = before is not None and (before.weekend, str(before.zone)) == (after.weekend, str(after.zone))
        if before is None or same:
            raise Refusal("empty_year", "An edition without a day says nothing: an empty year is not a known one.")
    if len(after.weekend) == 7 and not any(rule.working for rule in after.days.values()):
        raise Refusal("calendar_without_working_days", "The calendar would have no working day.", pointer="/weekend")
    if edition.published_to is None:
        return
    to = date.fromordinal(edition.published_to).year
    known_to = None if before is None or before.published_to is None else before.published_to
    if known_to is not None:
        since = date.fromordinal(known_to + 1).year
    else:
        since = min((date.fromordinal(day.day + 31).year for day in edition.days), default=to)
    named = {date.fromordinal(day).year for day in after.days}
    empty = next((year for year in range(since, to + 1) if year not in named), None)
    if empty is not None:
        raise Refusal(
            "empty_year",
            f"It claims to know {empty}, but no notice names a day of it: an empty year is not a known one.",
            pointer="/published_to",
        )


def stated_of(edition: Edition) -> Stated:
    """What of an edition is kept as JSON."""
    return {
        "title": edition.title,
        "issued_on": edition.issued_on,
        "published_on": edition.published_on,
        "url": edition.url,
        "note": edition.note,
        "published_to": edition.published_to,
        "hour_stated": edition.published_at is not None,
        "weekend": None if edition.weekend is None else sorted(edition.weekend),
        "hours": edition.weekly_hours,
        "zone": None if edition.zone is None else str(edition.zone),
        "days": [list(day) for day in edition.days],
    }


def edition_of(number: int, document: str, instant: datetime, supersedes: int | None, stated: Stated) -> Edition:
    """The edition that a row holds; days are ordinals there as here."""
    hours = stated["hours"]
    return Edition(
        document=document,
        published_on=stated["published_on"],
        published_at=instant if stated["hour_stated"] else None,
        days=tuple(EditionDay(day, working, name, _bands(own)) for day, working, name, own in stated["days"]),
        published_to=stated["published_to"],
        title=stated["title"],
        issued_on=stated["issued_on"],
        url=stated["url"],
        note=stated["note"],
        number=number,
        supersedes=supersedes,
        weekend=None if stated["weekend"] is None else frozenset(stated["weekend"]),
        weekly_hours=None if hours is None else _week(hours),
        zone=None if stated["zone"] is None else ZoneInfo(stated["zone"]),
    )


def _bands(stored: Sequence[Sequence[int]] | None) -> Bands | None:
    return None if stored is None else tuple((begin, end) for begin, end in stored)


def _week(stored: Sequence[Sequence[Sequence[int]]]) -> WeeklyHours:
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = (_bands(day) or () for day in stored)
    return monday, tuesday, wednesday, thursday, friday, saturday, sunday
