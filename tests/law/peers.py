"""Cases from the tests of other systems, written as cases of a What-if."""

from __future__ import annotations

from typing import Any

from tests.law.shorthand import clock

Json = dict[str, Any]  # JSON

WEEK = {"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 7}

# Rules that a What-if does not offer, each with the reason. Nothing else may be left out.
NOT_OFFERED = {
    "bops-consult-2": "two limits one after the other",
    "bops-consult-5": "two limits one after the other",
    "bops-letter-1": "two limits one after the other",
    "bops-skiphol-2": "a unit that counts weekends and skips holidays",
    "bops-press-2": "the later of two ends",
    "bops-site-1": "the later of two ends",
    "bops-site-2": "the later of two ends",
    "bops-site-3": "the later of two ends",
    "openzaak-5": "no limit",
    "openzaak-filter-1": "a filter on a list of dates",
    "froide-month-4": "a receipt by 22:00",
    "froide-month-1": "midnight after the day as the end, from the day after the receipt",
    "froide-month-2": "midnight after the day as the end, from the day after the receipt",
    "froide-month-3": "midnight after the day as the end, from the day after the receipt",
    "zammad-hol-3": "an engine of whole minutes",
    "glpi-la-8-resolve": "paused working time appended to an end in days",
    "glpi-la-9-resolve": "paused working time appended to an end in days",
    "frappe-hold-1": "a sum of paused time without its instants",
    "frappe-hold-2": "a sum of paused time without its instants",
    "biz-within-1": "an end before the start",
    "business-between-35": "known to be wrong at the source",
    "business-between-45": "known to be wrong at the source",
    "business-between-21": "known to be wrong at the source",
    "business-between-23": "known to be wrong at the source",
    "business-between-25": "known to be wrong at the source",
    "libredesk-error-2": "no calendar",
    "libredesk-error-3": "no calendar",
    "libredesk-error-4": "no calendar",
    "chatwoot-2": "a calendar without any working time that falls back to the wall clock",
}


def calendar(given: Json) -> Json:
    """A peer's calendar in the inline form."""
    body: Json = {
        "weekend": [number for name, number in WEEK.items() if name not in given["workweek"]],
        "holidays": given["holidays"],
        "workdays": given["extra_working_dates"],
        "zone": given["time_zone"],
    }
    if given.get("hours"):
        body["hours"] = {str(WEEK[name]): bands for name, bands in given["hours"].items()}
    else:
        body["hours"] = [["00:00", "24:00"]]
    return body


def instant(text: str) -> str:
    """A moment of a peer; one without a zone is in UTC."""
    if "T" not in text:
        return f"{text}T00:00:00Z"
    zoned = text.endswith("Z") or "+" in text[10:] or "-" in text[10:]
    return text if zoned else f"{text}Z"


def limit(given: Json) -> Json:
    """A peer's limit."""
    unit = "calendar_day" if given["unit"] == "calendar_day_skip_holidays" else given["unit"]
    return {"amount": given["value"], "unit": unit}


def short(told: Json, cal: Json) -> Json:
    """A peer's case in the short form."""
    given: Json = {"id": told["id"], "calendar": cal, "start": told["start"], "limit": limit(told["limit"])}
    rule = (told.get("semantics") or {}).get("rule", "")
    if told["kind"] == "due_moment" and given["limit"]["unit"] == "working_day":
        ends_at_close = told["limit"].get("end_of_working_day")
        given["due_time"] = "close_of_business" if ends_at_close else "same_time"
        if rule:
            given |= {"start_rule": "roll_then_next", "end_rule": "roll_forward"}
    elif given["limit"]["unit"] == "calendar_day":
        given["end_rule"] = "roll_forward" if "rolled forward" in rule else "keep"
    elif "day zero" in rule:
        given["start_rule"] = "roll_then_next"
    if told["limit"].get("start_day_counts"):
        given["start_rule"] = "same_day"
    if told.get("pauses") and told.get("pauses_count", True):
        given["pauses"] = [[instant(a), instant(b)] for a, b in told["pauses"]]
    return given


def running(told: Json, cal: Json, at: str, bound: Json, **more: object) -> Json:
    """A peer's case as an application with one clock, its pauses as pauses of a procedure."""
    one = clock("case", "received", "closed", bound["amount"], bound["unit"], pauses_for=["hearing"], **more)
    steps = [{"type": "receive", "at": instant(told["start"])}, {"type": "accept", "at": instant(told["start"])}]
    for begin, end in told.get("pauses") or []:
        steps.append({"type": "pause", "at": instant(begin), "ground": "hearing"})
        steps.append({"type": "resume", "at": instant(end)})
    return {"id": told["id"], "calendar": cal, "item": {"clocks": [one]}, "steps": steps, "as_of": instant(at)}
