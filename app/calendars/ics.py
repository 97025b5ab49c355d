"""A strict reader of iCalendar (RFC 5545): all-day events that say whether a day is off or worked, nothing else."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

__all__ = ["IcsRefused", "read_ics"]

LONGEST: Final = 62
"""Days of one event."""
MOST: Final = 10_000
"""Events of one file."""
_LINE = re.compile(
    r"(?P<name>[A-Za-z0-9-]+)(?P<parameters>(?:;[A-Za-z0-9-]+=(?:\"[^\"]*\"|[^\":;,]*)(?:,(?:\"[^\"]*\"|[^\":;,]*))*)*):(?P<value>.*)"
)
_DATE = re.compile(r"\d{8}", re.ASCII)
_WORKED = re.compile(r"班|补班|上班|补课|workday|working day", re.IGNORECASE)
_OFF = re.compile(r"休|放假|假期|假日|holiday|day off", re.IGNORECASE)
REFUSED: Final = frozenset({"RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID"})


class IcsRefused(Exception):
    """A calendar file that says something else than days off and days worked."""


def read_ics(text: str) -> list[dict[str, Any]]:  # days as JSON objects
    """The days of a file, in order: `{"date", "working", "name"}`.

    Whether an event is a day off or a worked one says `X-APPLE-SPECIAL-DAY` where it stands, else its summary or
    categories (休, 班); an event of which neither says it is refused: a guess would be a date that no notice orders.
    """
    days: list[dict[str, Any]] = []
    for number, event in enumerate(_events(text), 1):
        if number > MOST:
            raise IcsRefused(f"more than {MOST} events")
        what = event.get("SUMMARY", ("", ""))[1] or f"event {number}"
        for name in REFUSED & event.keys():
            raise IcsRefused(f"{what}: {name} is not taken: a notice names its days one by one")
        first = _day(event.get("DTSTART"), what)
        length = _length(event, first, what)
        working = _is_worked(event, what)
        title = re.sub(r"[\s（(\[【]*(?:补班|上班|放假|休|班)[）)\]】\s]*$", "", what).strip() or what
        days += [
            {"date": (first + timedelta(days=n)).isoformat(), "working": working, "name": title[:100]}
            for n in range(length)
        ]
    return sorted(days, key=lambda day: str(day["date"]))


def _events(text: str) -> Iterator[dict[str, tuple[str, str]]]:
    """Each event's properties: parameters and value by name."""
    unfolded = re.sub(r"\r?\n[ \t]", "", text)
    lines = [line for line in re.split(r"\r?\n", unfolded) if line]
    if not lines or lines[0].upper() != "BEGIN:VCALENDAR" or lines[-1].upper() != "END:VCALENDAR":
        raise IcsRefused("it does not begin and end as iCalendar does")
    inside: list[str] = []
    event: dict[str, tuple[str, str]] = {}
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise IcsRefused(f"line {number} is no property")
        name, value = match["name"].upper(), match["value"]
        if name == "BEGIN":
            inside.append(value.upper())
            if inside == ["VCALENDAR", "VEVENT"]:
                event = {}
        elif name == "END":
            if not inside or inside.pop() != value.upper():
                raise IcsRefused(f"line {number} ends what was not begun")
            if value.upper() == "VEVENT" and inside == ["VCALENDAR"]:
                yield event
        elif inside == ["VCALENDAR", "VEVENT"]:
            if name in event and name in {"DTSTART", "DTEND", "DURATION", "SUMMARY", "X-APPLE-SPECIAL-DAY"}:
                raise IcsRefused(f"line {number}: {name} stands twice in one event")
            event[name] = (match["parameters"].upper(), re.sub(r"\\([\\;,nN])", _unescaped, value))
    if inside:
        raise IcsRefused(f"{inside[-1]} is not ended")


def _unescaped(match: re.Match[str]) -> str:
    return " " if match[1] in "nN" else match[1]


def _day(said: tuple[str, str] | None, what: str) -> date:
    if said is None:
        raise IcsRefused(f"{what}: no DTSTART")
    parameters, value = said
    if "VALUE=DATE" not in parameters.split(";") or _DATE.fullmatch(value) is None:
        raise IcsRefused(f"{what}: a day off is a whole day (VALUE=DATE), not {value!r}")
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        raise IcsRefused(f"{what}: {value} is no day") from None


def _length(event: dict[str, tuple[str, str]], first: date, what: str) -> int:
    """How many days an event has: up to DTEND, which is not part of it; one where nothing is said."""
    if "DTEND" in event:
        length = (_day(event["DTEND"], what) - first).days or 1
    elif "DURATION" in event:
        match = re.fullmatch(r"P(\d{1,3})D", event["DURATION"][1], re.ASCII)
        if match is None:
            raise IcsRefused(f"{what}: its duration is not in days")
        length = int(match[1])
    else:
        length = 1
    if not 1 <= length <= LONGEST:
        raise IcsRefused(f"{what}: it lasts {length} days")
    return length


def _is_worked(event: dict[str, tuple[str, str]], what: str) -> bool:
    special = event.get("X-APPLE-SPECIAL-DAY", ("", ""))[1].upper()
    if special in {"WORK-HOLIDAY", "ALTERNATE-WORKDAY"}:
        return special == "ALTERNATE-WORKDAY"
    for said in (what, event.get("CATEGORIES", ("", ""))[1]):
        worked, off = _WORKED.search(said) is not None, _OFF.search(said) is not None
        if worked is not off:
            return worked
    raise IcsRefused(f"{what}: neither its summary nor its categories say whether it is off (休) or worked (班)")
