"""Due dates as iCalendar (RFC 5545): escaped, folded, the same bytes for the same dates."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, timedelta
from typing import Final

from app.feeds.queries import Due
from app.kit.texts import Language, label

__all__ = ["calendar_of", "folded"]

OCTETS: Final = 75
END: Final = "\r\n"


def escaped(text: str) -> str:
    """A text as a property's value: nothing in it ends the line or the value."""
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return plain.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def folded(line: str) -> str:
    """A line in pieces of at most 75 octets, each further one after a space; no character is torn."""
    pieces: list[str] = []
    piece, size = "", 0
    for character in line:
        octets = len(character.encode())
        if size + octets > OCTETS:
            pieces.append(piece)
            piece, size = " ", 1
        piece += character
        size += octets
    return END.join([*pieces, piece])


def lines(due: Iterable[Due], items: Mapping[str, str], language: Language) -> Iterator[str]:
    """The lines of a calendar."""
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//shixian//due dates//ZH", "CALSCALE:GREGORIAN")
    yield from ("METHOD:PUBLISH", f"X-WR-CALNAME:{escaped('时限' if language == 'zh-CN' else 'Due dates')}")
    yield "REFRESH-INTERVAL;VALUE=DURATION:PT1H"
    for one in due:
        day = date.fromordinal(one.due_on)
        what = label("clock", one.clock, language) + (f" {one.stage}" if one.stage else "")
        yield "BEGIN:VEVENT"
        yield f"UID:{escaped(f'{one.number}.{one.clock}.{one.stage}.{one.round}@shixian')}"
        yield f"DTSTAMP:{one.from_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        yield f"SEQUENCE:{one.revision}"
        yield f"DTSTART;VALUE=DATE:{day:%Y%m%d}"
        yield f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}"
        yield f"SUMMARY:{escaped(f'{what} {items.get(one.item, one.item)} {one.number}')}"
        yield "TRANSP:TRANSPARENT"
        yield "END:VEVENT"
    yield "END:VCALENDAR"


def calendar_of(due: Iterable[Due], items: Mapping[str, str], language: Language) -> bytes:
    """The whole calendar; `items` are the names of the items by their codes."""
    return "".join(folded(line) + END for line in lines(due, items, language)).encode()
