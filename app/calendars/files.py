"""Files of others as editions: our own JSON, iCalendar, CSV, and the JSON of holiday-cn and of chinese-days.

Whatever the file, what comes out is the document that the route takes, and is judged by the same rules.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from app.calendars.ics import IcsRefused, read_ics

__all__ = ["LARGEST", "FileRefused", "read_edition_file"]

Json = dict[str, Any]  # a JSON object
LARGEST: Final = 1 << 20
"""Bytes. A year's notice has a few dozen days; who needs more has the wrong file."""


class FileRefused(Exception):
    """A file that cannot be taken for editions, and why."""


def read_edition_file(path: Path, *, year: int | None = None) -> list[Json]:
    """The editions of a file, as the route takes them, without what no file states: the approver.

    `year` chooses from a file of several years the days of one year's notice: that year's and of the December before.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise FileRefused(f"{path.name} cannot be read: {error.strerror}") from None
    if len(raw) > LARGEST:
        raise FileRefused(f"{path.name} is larger than {LARGEST} bytes: that is no calendar of a year")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileRefused(f"{path.name} is not UTF-8") from None
    suffix = path.suffix.lower()
    if suffix == ".ics":
        try:
            return [_of_days(read_ics(text), path.name, year)]
        except IcsRefused as refused:
            raise FileRefused(f"{path.name}: {refused}") from None
    if suffix == ".csv":
        return [_of_days(_csv_days(text, path.name), path.name, year)]
    return _json_editions(text, path.name, year)


def _json_editions(text: str, name: str, year: int | None) -> list[Json]:
    try:
        body = json.loads(text, object_pairs_hook=_no_key_twice)
    except (ValueError, RecursionError) as error:
        raise FileRefused(f"{name} is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise FileRefused(f"{name}: an edition is a JSON object")
    if isinstance(body.get("editions"), list):
        if not body["editions"] or not all(isinstance(one, dict) for one in body["editions"]):
            raise FileRefused(f"{name}: a year without an edition says nothing; an empty year is not a known one")
        return [dict(one) for one in body["editions"]]
    if "papers" in body or _has_key(body.get("days"), "isOffDay"):
        return [_holiday_cn(body, name)]
    if isinstance(body.get("holidays"), dict) or "inLieuDays" in body:
        return [_chinese_days(body, name, year)]
    return [body]


def _no_key_twice(pairs: list[tuple[str, Any]]) -> Json:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return members


def _has_key(days: object, key: str) -> bool:
    return isinstance(days, list) and any(isinstance(day, dict) and key in day for day in days)


def _holiday_cn(body: Json, name: str) -> Json:
    """`{"year", "papers": [address], "days": [{"name", "date", "isOffDay"}]}`; it exists before the year is known."""
    year, papers, days = body.get("year"), body.get("papers", []), body.get("days")
    if not isinstance(year, int) or not isinstance(days, list) or not isinstance(papers, list):
        raise FileRefused(f"{name}: year, papers and days are what holiday-cn states")
    if not days or not papers:
        raise FileRefused(f"{name}: {year} has no notice and no days yet: an empty year is not a known one")
    named = []
    for day in days:
        if not isinstance(day, dict) or not isinstance(day.get("isOffDay"), bool):
            raise FileRefused(f"{name}: a day has name, date and isOffDay")
        named.append({"date": day.get("date"), "working": not day["isOffDay"], "name": day.get("name")})
    edition = _of_days(_in_order(named), name, None)
    return {**edition, "url": papers[-1], "published_to": f"{year}-12-31"}


def _chinese_days(body: Json, name: str, year: int | None) -> Json:
    """`{"holidays": {date: "English,中文,n"}, "workdays": {…}, "inLieuDays": {…}}`, one year or all of them."""
    named: dict[str, Json] = {}
    for key, working in (("holidays", False), ("workdays", True), ("inLieuDays", False)):
        part = body.get(key, {})
        if not isinstance(part, dict):
            raise FileRefused(f"{name}: {key} says of each date what it is called")
        for day, called in part.items():
            known = named.get(day)
            if known is not None and (known["working"] is not working or key != "inLieuDays"):
                raise FileRefused(f"{name}: {day} is both off and worked")
            parts = str(called).split(",")
            named[day] = {"date": day, "working": working, "name": parts[1] if len(parts) > 1 else parts[0]}
    return _of_days(_in_order(named.values()), name, year)


def _in_order(days: Iterable[Json]) -> list[Json]:
    return sorted(days, key=lambda day: str(day["date"]))


def _csv_days(text: str, name: str) -> list[Json]:
    """`date,working,name`: working is true or false; the name may be left out."""
    rows = csv.DictReader(io.StringIO(text), strict=True)
    columns = set(rows.fieldnames or ())
    if not {"date", "working"} <= columns <= {"date", "working", "name"}:
        raise FileRefused(f"{name}: the first line names the columns: date,working,name")
    days = []
    try:
        for row in rows:
            if row["working"] not in {"true", "false"} or None in row:
                raise FileRefused(f"{name}, line {rows.line_num}: working is true or false")
            days.append({"date": row["date"], "working": row["working"] == "true", "name": row.get("name") or None})
    except csv.Error as error:
        raise FileRefused(f"{name}, line {rows.line_num}: {error}") from None
    return days


def _of_days(days: Sequence[Mapping[str, Any]], name: str, year: int | None) -> Json:
    """An edition of days alone; its horizon is the end of the one year that they are of."""
    if year is not None:
        days = [day for day in days if str(day["date"])[:4] == str(year) or str(day["date"])[:7] == f"{year - 1}-12"]
    if not days:
        raise FileRefused(f"{name}: no day at all: an empty year is not a known one")
    years = sorted({str(day["date"])[:4] for day in days if str(day["date"])[4:7] != "-12"})
    if year is None and len(years) > 1:
        raise FileRefused(f"{name} holds the years {years[0]} to {years[-1]}: say with --year which notice is imported")
    edition: Json = {"days": [dict(day) for day in days]}
    if year is not None or years:
        edition["published_to"] = date(year or _year(years[0], name), 12, 31).isoformat()
    return edition


def _year(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and text != "0000"):
        raise FileRefused(f"{name}: {text!r} begins no date")
    return int(text)
