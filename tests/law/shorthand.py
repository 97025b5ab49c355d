"""Writing cases shortly in the tests of the engine."""

from __future__ import annotations

from typing import Any

from chinese_calendar import constants

Json = dict[str, Any]  # JSON

CN: Json = {
    "weekend": [6, 7],
    "holidays": sorted(on.isoformat() for on in constants.holidays),
    "workdays": sorted(on.isoformat() for on in constants.workdays),
    "zone": "Asia/Shanghai",
    "published_to": "2026-12-31",
}


def clock(kind: str, starts: str, stops: str, amount: int, unit: str, **more: object) -> Json:
    """A clock of an item; `stops` separated by blanks."""
    return {"kind": kind, "starts": starts, "stops": stops.split(), "limit": {"amount": amount, "unit": unit}, **more}


def step(text: str, **more: object) -> Json:
    """A step written `type day` or `type day time`, in Shanghai."""
    name, on, *clock_time = text.split()
    return {"type": name, "at": f"{on}T{clock_time[0] if clock_time else '10:00:00'}+08:00", **more}


def case(clocks: list[Json], steps: list[Json], as_of: str, **more: object) -> Json:
    """A case on the national calendar; `as_of` is a day (its noon) or an instant."""
    at = as_of if "T" in as_of else f"{as_of}T12:00:00+08:00"
    return {"id": "case", "item": {"clocks": clocks}, "calendar": CN, "steps": steps, "as_of": at, **more}


def shown(answer: Json, kind: str, stage: str | None = None, number: int | None = None) -> Json:
    """One clock of an answer."""
    found: Json = next(
        each
        for each in answer["clocks"]
        if each["kind"] == kind and each["stage"] == stage and (number is None or each["round"] == number)
    )
    return found
