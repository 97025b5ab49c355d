"""The figures counted by hand from the CSV files alone: nothing of the service is used here.

Written from the definitions in words. Rest days and make-up days are those of `chinese_calendar`, another program's
data; days are those of Beijing, as the calendar of items without one of their own is the nation's.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import chinese_calendar

__all__ = ["Request", "by_hand", "read_requests"]

BEIJING = ZoneInfo("Asia/Shanghai")
KINDS = {"statutory": "statutory_due_at", "promise": "promised_due_at"}
BUCKETS = {"0-5": (0, 5), "6-15": (6, 15), "16-30": (16, 30), "31-90": (31, 90), "91+": (91, 10**9)}

Json = dict[str, Any]  # a JSON object


class Request(NamedTuple):
    """One row of applications.csv with the day on which steps.csv closes it."""

    ref: str
    item: str
    submitted: datetime
    due: dict[str, datetime]
    department: str
    section: str | None
    officer: str | None
    closed: datetime | None


def read_requests(applications: str, steps: str) -> list[Request]:
    """The rows of both files."""
    closings: dict[str, datetime] = {}
    for row in csv.DictReader(io.StringIO(steps)):
        if row["activity"] == "Case closed":
            closings[row["external_ref"]] = datetime.fromisoformat(row["occurred_at"])
    return [
        Request(
            row["external_ref"],
            row["item"],
            datetime.fromisoformat(row["submitted_at"]),
            {kind: datetime.fromisoformat(row[column]) for kind, column in KINDS.items() if row[column]},
            row["department"],
            row["section"].replace("/", "／") or None,  # a code holds no slash: the import writes a wide one
            row["officer"] or None,
            closings.get(row["external_ref"]),
        )
        for row in csv.DictReader(io.StringIO(applications))
    ]


def local_day(instant: datetime) -> date:
    return instant.astimezone(BEIJING).date()


def group_of(request: Request, by: str, day: date) -> str | None:
    if by == "month":
        return f"{day:%Y-%m}"
    group: str | None = getattr(request, by)
    return group


def by_hand(requests: list[Request], by: str, first: date, last: date, as_of: datetime) -> dict[str | None, Json]:
    """The figures under each code, and under `*` all together, in the shape of the interface."""
    groups: dict[str | None, list[tuple[str, Request]]] = defaultdict(list)
    for request in requests:
        for event, day in events(request, as_of):
            if day is None or first <= day <= last:
                groups["*"].append((event, request))
                if day is not None or by != "month":
                    groups[group_of(request, by, day or first)].append((event, request))
    return {code: figures(found, as_of, stands=code == "*" or by != "month") for code, found in groups.items()}


def events(request: Request, as_of: datetime) -> Iterator[tuple[str, date | None]]:
    """What happened by then, and on which day; `open` is no event but how it stands."""
    if request.submitted > as_of:
        return
    yield "received", local_day(request.submitted)
    end = ended(request)
    if end is not None and end <= as_of:
        yield "closed", local_day(end)
    else:
        yield "open", None


def ended(request: Request) -> datetime | None:
    """When it was closed: one that was closed before it came in ends with its receipt."""
    return None if request.closed is None else max(request.closed, request.submitted)


def figures(found: list[tuple[str, Request]], as_of: datetime, *, stands: bool) -> Json:
    closed = [request for event, request in found if event == "closed"]
    still = [request for event, request in found if event == "open"]
    taken = [days_of(request) for request in closed]
    owners = dict.fromkeys(("officer", "section", "department", "applicant", "pause", "rest"), 0)
    for request, (working, rest) in zip(closed, taken, strict=True):
        holder = "officer" if request.officer else "section" if request.section else "department"
        owners[holder] += working
        owners["rest"] += rest
    return {
        "received": sum(event == "received" for event, _ in found),
        "accepted": 0,
        "decided": 0,
        "closed": len(closed),
        "refused": 0,
        "withdrawn": 0,
        "terminated": 0,
        "correction_never_came": 0,
        "open": len(still) if stands else None,
        "clocks": [line for kind in KINDS if (line := clock(kind, closed, still, as_of, stands=stands)) is not None],
        "gross": spread([working + rest for working, rest in taken]),
        "net": spread([working for working, _ in taken]),
        "days_owned": {**owners, "total": sum(owners.values())},
        "compression": [],
        "speed_up": [],
    }


def days_of(request: Request) -> tuple[int, int]:
    """The working days and the rest days after the day of the receipt up to that of the closing."""
    end = ended(request)
    assert end is not None
    day, last = local_day(request.submitted), local_day(end)
    working = rest = 0
    while day < last:
        day += timedelta(days=1)
        if chinese_calendar.is_workday(day):
            working += 1
        else:
            rest += 1
    return working, rest


def clock(kind: str, closed: list[Request], still: list[Request], as_of: datetime, *, stands: bool) -> Json | None:
    judged = [
        (request.closed, request.due[kind], request)
        for request in closed
        if kind in request.due and request.closed is not None and request.closed >= request.submitted
    ]
    overdue = [request.due[kind] for request in still if kind in request.due and request.due[kind] <= as_of]
    if not judged and not overdue:
        return None
    late = sum(end > due for end, due, _ in judged)
    in_time = len(judged) - late
    early = sum(local_day(end) < due_day(due) for end, due, _ in judged)
    used = [(local_day(end) - local_day(request.submitted)).days for end, _, request in judged]
    ages = [(local_day(as_of) - due_day(due)).days for due in overdue]
    return {
        "clock": kind,
        "on_time": in_time,
        "early": early,
        "late": late,
        "on_time_rate": quotient(in_time, len(judged), 4),
        "early_rate": quotient(early, len(judged), 4),
        "late_rate": quotient(late, len(judged), 4),
        "used": [{"unit": "calendar_day", "spread": spread(used)}] if used else [],
        "open_overdue": len(overdue) if stands else None,
        "open_overdue_by_age": (
            [{"age": name, "count": sum(low <= age <= high for age in ages)} for name, (low, high) in BUCKETS.items()]
            if stands
            else None
        ),
    }


def due_day(due: datetime) -> date:
    """The day of the last instant before a due instant."""
    return local_day(due - timedelta(microseconds=1))


def quotient(part: int, whole: int, digits: int) -> float | None:
    if not whole:
        return None
    return float((Decimal(part) / Decimal(whole)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def spread(values: list[int]) -> Json:
    ordered = sorted(values)

    def rank(p: int) -> int | None:
        """The smallest value that at least p in a hundred do not exceed."""
        return next((v for place, v in enumerate(ordered, 1) if 100 * place >= p * len(ordered)), None)

    found: Mapping[str, Callable[[], Any]] = {
        "count": lambda: len(ordered),
        "sum": lambda: sum(ordered),
        "mean": lambda: quotient(sum(ordered), len(ordered), 2),
        "p50": lambda: rank(50),
        "p90": lambda: rank(90),
        "p95": lambda: rank(95),
        "max": lambda: max(ordered, default=None),
    }
    return {name: value() for name, value in found.items()}
