"""Reads edition files, and refuses those that would make a calendar say what no notice says."""

import json
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from app.domain.layers import Edition, EditionDay

__all__ = ["NoticeRefused", "read_editions", "read_folder"]

_EDITION_FIELDS = {"document", "title", "issued_on", "published_at", "url", "note", "published_to", "days"}
_DAY_FIELDS = {"date", "working", "name"}


class NoticeRefused(Exception):
    """An edition file that cannot be believed: which file, which edition, and why."""


def read_folder(folder: Path) -> tuple[Edition, ...]:
    """All editions of the year files of a folder, in the order of their publication."""
    editions: list[Edition] = []
    for file in sorted(folder.glob("[0-9][0-9][0-9][0-9].json")):
        try:
            body = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise NoticeRefused(f"{file.name}: not JSON ({error})") from error
        if body.get("year") != int(file.stem):
            raise NoticeRefused(f"{file.name}: speaks of the year {body.get('year')}")
        editions.extend(read_editions(body, file.name))
    editions.sort(key=lambda edition: edition.published_on)
    documents = [edition.document for edition in editions]
    for document in documents:
        if documents.count(document) > 1:
            raise NoticeRefused(f"{document} stands in two editions")
    return tuple(editions)


def read_editions(body: dict[str, Any], source: str) -> tuple[Edition, ...]:  # Any: JSON as it stands in a file
    """The editions of one year file.

    Refused: a year without an edition or an edition without days (a file that exists does not mean that a year is
    known), an edition without document, a day named twice, a day before the notice's own year less one, a field that
    is not known.
    """
    year = body.get("year")
    if not isinstance(year, int) or not isinstance(body.get("editions"), list) or not body["editions"]:
        raise NoticeRefused(f"{source}: a year without an edition says nothing; leave the file out")
    return tuple(
        _edition(edition, year, f"{source}, edition {place}") for place, edition in enumerate(body["editions"], 1)
    )


def _edition(body: dict[str, Any], year: int, source: str) -> Edition:
    unknown = set(body) - _EDITION_FIELDS
    if unknown:
        raise NoticeRefused(f"{source}: unknown field {min(unknown)!r}")
    document = body.get("document")
    if not isinstance(document, str) or not document.strip():
        raise NoticeRefused(f"{source}: no document; a day off that no notice orders is not believed")
    if not body.get("days"):
        raise NoticeRefused(f"{source}: an edition without days")
    days = tuple(_day(day, year, source) for day in body["days"])
    for earlier, later in pairwise(days):
        if later.day <= earlier.day:
            raise NoticeRefused(f"{source}: {date.fromordinal(later.day)} is named twice or out of order")
    return Edition(
        document=document,
        published_on=_ordinal(body.get("published_at"), source),
        days=days,
        published_to=_ordinal(body["published_to"], source) if "published_to" in body else None,
        title=body.get("title"),
        issued_on=_ordinal(body["issued_on"], source) if body.get("issued_on") else None,
        url=body.get("url"),
        note=body.get("note"),
    )


def _day(body: dict[str, Any], year: int, source: str) -> EditionDay:
    if set(body) != _DAY_FIELDS or not isinstance(body["working"], bool) or not isinstance(body["name"], str):
        raise NoticeRefused(f"{source}: a day is a date, working and a name, not {body!r}")
    day = _ordinal(body["date"], source)
    if not date(year - 1, 12, 1).toordinal() <= day <= date(year, 12, 31).toordinal():
        raise NoticeRefused(f"{source}: {body['date']} does not belong to {year} or the December before")
    return EditionDay(day, body["working"], body["name"])


def _ordinal(text: object, source: str) -> int:
    if not isinstance(text, str) or len(text) != 10:
        raise NoticeRefused(f"{source}: {text!r} is not a date")
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError as error:
        raise NoticeRefused(f"{source}: {text!r} is not a date") from error
