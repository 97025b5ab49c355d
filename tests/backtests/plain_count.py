"""How many would have been late under a limit, counted from the files alone: csv, dates, the notices' lists of days.

Nothing of the service is used here. A request begins with `submitted_at` and ends with its first closing; it is late
when the closing comes after the last day of the limit. Days are those of Shanghai, where the service has these offices'
items count, since nobody told it otherwise.
"""

import csv
import gzip
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

__all__ = ["Count", "Ended", "count", "permits", "requests"]

ROOT = Path(__file__).parents[2]
SHANGHAI = timezone(timedelta(hours=8))


class Ended(NamedTuple):
    """One that ended: on which day of Shanghai it began and ended, and in whose section."""

    section: str
    begun: date
    ended: date
    before_it_began: bool
    """Closed before it came in, as the files have it: its limit never ran."""


class Count(NamedTuple):
    """What a limit would have come to."""

    ended: int
    kept: int
    late: int
    late_by_section: dict[str, int]
    kept_by: dict[int, int]
    """In how many of a hundred, to the smallest limit that so many would have kept."""


def permits() -> list[Ended]:
    """The permits that ended."""
    folder = ROOT / "app" / "imports" / "data" / "permits"
    with (
        (folder / "applications.csv").open(encoding="utf-8", newline="") as applications,
        (folder / "steps.csv").open(encoding="utf-8", newline="") as steps,
    ):
        return list(_ended(csv.DictReader(applications), csv.DictReader(steps)))


def requests() -> list[Ended]:
    """The requests that ended."""
    folder = ROOT / "tests" / "data" / "service_requests"
    with (
        gzip.open(folder / "applications.csv.gz", "rt", encoding="utf-8", newline="") as applications,
        gzip.open(folder / "steps.csv.gz", "rt", encoding="utf-8", newline="") as steps,
    ):
        return list(_ended(csv.DictReader(applications), csv.DictReader(steps)))


def _ended(applications: Iterable[dict[str, str]], steps: Iterable[dict[str, str]]) -> Iterator[Ended]:
    closed: dict[str, datetime] = {}
    for step in steps:
        if step["activity"] == "Case closed":
            at, ref = datetime.fromisoformat(step["occurred_at"]), step["external_ref"]
            closed[ref] = min(closed.get(ref, at), at)
    for application in applications:
        ended = closed.get(application["external_ref"])
        if ended is not None:
            begun = datetime.fromisoformat(application["submitted_at"])
            section = application["section"].replace("/", "／")  # a code of a section holds no slash
            yield Ended(section, _day(begun), _day(max(begun, ended)), ended < begun)


def _day(instant: datetime) -> date:
    return instant.astimezone(SHANGHAI).date()


def days_of_the_notices() -> dict[date, bool]:
    """Every day that a notice names, and whether it is worked; a later notice says it last."""
    said: dict[date, bool] = {}
    editions = []
    for file in sorted((ROOT / "app" / "calendars" / "data" / "cn").glob("20*.json")):
        document = json.loads(file.read_text(encoding="utf-8"))
        editions += document["editions"]
    for edition in sorted(editions, key=lambda edition: edition["published_at"]):
        for named in edition["days"]:
            said[date.fromisoformat(named["date"])] = named["working"]
    return said


def count(ended: list[Ended], amount: int, unit: str, *, begin: date, end: date) -> Count:
    """Those that ended in the period under a limit of working days, or of calendar days whose end may roll."""
    said = days_of_the_notices()

    def works(day: date) -> bool:
        return said.get(day, day.isoweekday() < 6)

    counted: dict[date, list[date]] = {}

    def last_day(begun: date, limit: int) -> date:
        """The limit-th day after the start that counts; then to a working day, where the end rolls."""
        days = counted.setdefault(begun, [begun])
        while len(days) <= limit:
            day = days[-1] + timedelta(1)
            while unit == "working_day" and not works(day):
                day += timedelta(1)
            days.append(day)
        day = days[limit]
        while not works(day):
            day += timedelta(1)
        return day

    def smallest(one: Ended) -> int:
        limit = 0
        while last_day(one.begun, limit) < one.ended:
            limit += 1
        return limit

    chosen = [one for one in ended if begin <= one.ended <= end]
    ran = [one for one in chosen if not one.before_it_began]
    late = [one for one in ran if one.ended > last_day(one.begun, amount)]
    by_section: dict[str, int] = {}
    for one in late:
        by_section[one.section] = by_section.get(one.section, 0) + 1
    needed = sorted(smallest(one) for one in ran)
    kept_by = {
        share: next(limit for place, limit in enumerate(needed, 1) if place * 100 >= share * len(needed))
        for share in (50, 80, 90, 95, 99, 100)
    }
    return Count(len(chosen), len(ran) - len(late), len(late), by_section, kept_by)
