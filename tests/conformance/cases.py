"""Reads the published files, and the requests of the city."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any, NamedTuple

from app.conformance.case_files import CaseFile, published, read_file

__all__ = ["CITY", "FILES", "CityRequest", "city_calendar", "city_requests", "read_cases"]

CITY = Path(__file__).parents[1] / "data" / "service_requests"
FILES = {"cn-deadlines": 300, "cn-hard-cases": 516}
"""The files of bare date arithmetic on the nation's calendar, and how many cases they hold."""


class CityRequest(NamedTuple):
    """One service request: when it was made, its limit, and the due date that the city's own system gave it."""

    ref: str
    submitted_at: str
    limit: dict[str, Any]
    due_at: str


def read_cases(name: str) -> CaseFile:
    """A published file."""
    return read_file(published()[name])


def _city_items() -> dict[str, Any]:
    body: dict[str, Any] = json.loads(gzip.decompress((CITY / "items.json.gz").read_bytes()))
    return body


def city_calendar() -> dict[str, Any]:
    """The city's calendar in the inline form of a simulation."""
    fields = ("zone", "weekend", "holidays", "workdays", "hours", "published_to")
    calendar = _city_items()["calendar"]
    return {field: calendar[field] for field in fields}


def city_requests() -> list[CityRequest]:
    """All 11,333 requests of 2015."""
    limits = {code: item["limit"] for code, item in _city_items()["items"].items()}
    with gzip.open(CITY / "applications.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return [
            CityRequest(row["external_ref"], row["submitted_at"], limits[row["item"]], row["promised_due_at"])
            for row in csv.DictReader(file)
        ]
