"""Random calendars and random items."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.law.chance import Chance, at_local, write

Json = dict[str, Any]  # JSON

GROUNDS = ["hearing", "expert_review", "publicity", "inspection_test"]
HOURS: list[Any] = [
    [["09:00", "12:00"], ["13:30", "17:00"]],
    [["09:00", "17:00"]],
    [["08:30", "12:00"], ["14:00", "18:00"]],
    [["00:00", "24:00"]],
    {"1": [["08:00", "20:00"]], "2": [["09:00", "17:00"]], "3": [["09:00", "17:00"]], "4": [["09:00", "17:00"]],
     "5": [["09:00", "12:00"]]},
    {"1": [["10:00", "16:00"]], "2": [["10:00", "16:00"]], "3": [["10:00", "24:00"]], "4": [["10:00", "16:00"]],
     "5": [["09:00", "12:15"], ["12:45", "17:30"]], "6": [["09:00", "12:00"]]},
]  # fmt: skip


def zone_of(chance: Chance) -> str:
    """The zone of a case."""
    if chance.has("zones", 0.25):
        return chance.one(["Europe/Berlin", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "UTC"])
    return "Asia/Shanghai"


def _named_days(chance: Chance, first: date, last: date, weekend: list[int]) -> tuple[list[str], list[str]]:
    """Rest days in blocks and make-up days on weekends, in a stretch of time."""
    span = (last - first).days
    rest: set[date] = set()
    for _ in range(chance.between(0, 4)):
        begin = first + timedelta(days=chance.between(0, max(1, span - 10)))
        rest |= {begin + timedelta(days=each) for each in range(chance.between(1, 8))}
    made: set[date] = set()
    for _ in range(chance.between(0, 4)):
        on = first + timedelta(days=chance.between(0, span))
        while on.isoweekday() not in weekend and on < last:
            on += timedelta(days=1)
        if on.isoweekday() in weekend:
            made.add(on)
    rest = {each for each in rest if first <= each <= last} - made
    return sorted(each.isoformat() for each in rest), sorted(each.isoformat() for each in made)


def calendar(chance: Chance, begin: date, zone: str, *, hours: bool, plain: bool = False) -> Json:
    """What a case says of calendars: the inline one, or the name of one of several given with it."""
    weekend = [6, 7] if chance.often(0.85) else chance.one([[7], [5, 6], [5, 7]])
    ends = begin + timedelta(days=chance.between(20, 120)) if chance.has("provisional", 0.2) else None
    last = ends or begin + timedelta(days=200)
    rest, made = _named_days(chance, begin - timedelta(days=20), last, weekend)
    body: Json = {"weekend": weekend, "holidays": rest, "workdays": made, "zone": zone}
    if hours:
        lists = [each for each in HOURS if isinstance(each, list)]
        body["hours"] = chance.one(HOURS if weekend == [6, 7] else lists)
        if isinstance(body["hours"], dict) and chance.has("day_without_hours", 0.3):
            body["hours"] = {**body["hours"], "5": []}
    if ends is not None:
        body["published_to"] = ends.isoformat()
    if plain:
        return {"calendar": body}
    if chance.has("editions", 0.2):
        return _editions(chance, body, begin, last, weekend, zone)
    if chance.has("layers", 0.15):
        over, under = _named_days(chance, begin - timedelta(days=10), last, weekend)
        top: Json = {"layer_of": "CAL", "holidays": over, "workdays": under, "zone": zone}
        return {"calendar": "CAL-TOP", "calendars": {"CAL": body, "CAL-TOP": top}}
    return {"calendar": body}


def _editions(chance: Chance, body: Json, begin: date, last: date, weekend: list[int], zone: str) -> Json:
    """A calendar in editions: the first before everything, later ones within the history."""
    place = ZoneInfo(zone)
    first = {**body, "number": 1, "published_at": write(at_local(begin - timedelta(days=400), time(9), place), place)}
    editions = [first]
    for number in range(2, chance.between(2, 3) + 1):
        on = begin + timedelta(days=chance.between(1, 40))
        clock = chance.one([time(0), time(9), time(15, 30), time(23, 59, 59)])
        lowest = begin if chance.has("retroactive_edition", 0.5) else on + timedelta(days=2)
        if lowest + timedelta(days=12) > last:
            continue
        rest, made = _named_days(chance, lowest, min(last, lowest + timedelta(days=60)), weekend)
        edition: Json = {
            "number": number,
            "published_at": write(at_local(on, clock, place), place),
            "holidays": rest,
            "workdays": made,
        }
        editions.append(edition)
    editions.sort(key=lambda each: str(each["published_at"]))
    for number, edition in enumerate(editions, start=1):
        edition["number"] = number
    return {"calendar": "CAL", "calendars": {"CAL": {"zone": zone, "editions": editions}}}


def limit(chance: Chance, kind: str, *, hours: bool) -> Json:
    """A limit of a kind of clock."""
    if hours and chance.has("working_time", 0.35):
        return chance.one(
            [
                {"amount": chance.between(1, 60), "unit": "working_hour"},
                {"amount": chance.between(1, 3000), "unit": "working_minute"},
                {"amount": chance.between(1, 90000), "unit": "working_second"},
            ]
        )
    if kind in ("statutory", "own") and chance.has("month", 0.2):
        return {"amount": chance.between(1, 4), "unit": "month"}
    low, high = {"notice": (1, 7), "statutory": (5, 30), "promise": (1, 12), "delivery": (1, 10)}.get(kind, (1, 10))
    if chance.has("zero_limit", 0.03) and kind in ("promise", "delivery"):
        return {"amount": 0, "unit": chance.one(["working_day", "calendar_day"])}
    if chance.often(0.4):
        return {"amount": chance.between(low * 2, high * 3), "unit": "calendar_day"}
    return {"amount": chance.between(low, high), "unit": "working_day"}


def count(chance: Chance, unit: str, *, hours: bool, zero: bool) -> Json | None:
    """Rules of counting other than the defaults."""
    if not chance.has("count_rules", 0.35) or zero:
        return None
    rules: Json = {}
    starts = [each for each in ("same_day", "roll_then_next") if each not in chance.without] + ["next_day"]
    if chance.often(0.6):
        rules["start_rule"] = chance.one(starts)
    if chance.often(0.5):
        rules["end_rule"] = chance.one(["keep", "roll_forward"])
    ends = [each for each in ("same_time", "close_of_business") if each not in chance.without] + ["end_of_day"]
    if chance.often(0.5):
        rules["due_time"] = chance.one(ends)
    if rules.get("due_time") == "same_time" and not hours and "same_time_midnight" in chance.without:
        rules["end_rule"] = "keep"
    return rules


def _warn(chance: Chance, unit: str, *, hours: bool) -> list[Json] | None:
    """Rungs of a clock."""
    if not chance.has("warn", 0.5):
        return None
    rungs: list[Json] = []
    for _ in range(chance.between(1, 3)):
        what = chance.one(["before", "before", "share", "after"])
        if what == "share":
            if unit == "month" and "months_share" in chance.without:
                continue
            rungs.append({"at_share": chance.one([0.5, 0.8, 0.55, 0.1, 0.333, 0.9, 0.07, 1.0])})
            continue
        units = ["working_day", "calendar_day"]
        if hours and "working_time" not in chance.without:
            units += ["working_hour", "working_minute"]
        rungs.append({what: {"amount": chance.between(1, 6), "unit": chance.one(units)}})
    return rungs or None


def _dress(chance: Chance, clock: Json, *, hours: bool) -> Json:
    """Give a clock its counting rules, rungs, and an extension."""
    bound = clock["limit"]
    rules = count(chance, bound["unit"], hours=hours, zero=bound["amount"] == 0)
    if rules:
        clock["count"] = rules
    warn = _warn(chance, bound["unit"], hours=hours)
    if warn is not None:
        clock["warn"] = warn
    if chance.has("extensions", 0.6):
        clock["extension"] = {"amount": max(1, bound["amount"] // 2), "times": chance.one([1, 1, 1, 2])}
    return clock


def _deemed(chance: Chance, clock: Json, effects: list[str], share: float) -> str:
    """Perhaps a deemed effect for a clock."""
    if chance.has("deemed", share):
        clock["on_expiry"] = chance.one(effects)
        return str(clock["on_expiry"])
    return ""


def _main_clocks(chance: Chance, *, hours: bool) -> list[Json]:
    """Notice, statutory, promise and delivery clocks."""
    clocks: list[Json] = []
    grounds = chance.some(GROUNDS, 0.5) if "pauses" not in chance.without else []
    accepted_by_time = approved_by_time = False
    if chance.often(0.7):
        notice: Json = {
            "kind": "notice",
            "starts": "received",
            "stops": ["accepted", "refused", "correction_requested"],
            "limit": limit(chance, "notice", hours=hours),
        }
        if chance.has("restarts", 0.4) and "corrections" not in chance.without:
            notice["restarts_on"] = ["corrected"]
        effects = ["deemed_accepted_from_receipt", "deemed_accepted_from_receipt", "deemed_accepted_at_expiry"]
        accepted_by_time = bool(_deemed(chance, notice, effects, 0.45))
        clocks.append(_dress(chance, notice, hours=hours))
    clear = accepted_by_time and "deemed_working_time" in chance.without
    if chance.often(0.85):
        starts = chance.one(["received", "accepted", "accepted"])
        by_hours = hours and not (clear and starts == "accepted")
        statutory: Json = {
            "kind": "statutory",
            "starts": starts,
            "stops": ["decided", *chance.some(["refused", "withdrawn", "terminated"], 0.7)],
            "limit": limit(chance, "statutory", hours=by_hours),
            "pauses_for": grounds + chance.some(["correction"], 0.6),
        }
        if "deemed_chain" not in chance.without or not accepted_by_time:
            effects = ["deemed_approved", "deemed_consented"]
            approved_by_time = bool(_deemed(chance, statutory, effects, 0.2))
        if chance.has("restarts", 0.15) and "corrections" not in chance.without and starts == "received":
            statutory["restarts_on"] = ["corrected"]
        clocks.append(_dress(chance, statutory, hours=by_hours))
    if chance.often(0.7):
        by_hours = hours and not clear
        promise: Json = {
            "kind": "promise",
            "starts": "accepted",
            "stops": ["decided", *chance.some(["withdrawn", "terminated"], 0.7)],
            "limit": limit(chance, "promise", hours=by_hours),
            "pauses_for": chance.some(GROUNDS, 0.5) if "pauses" not in chance.without else [],
        }
        clocks.append(_dress(chance, promise, hours=by_hours))
    bounds = {clock["kind"]: clock["limit"] for clock in clocks}
    if "promise" in bounds and "statutory" in bounds and bounds["promise"]["unit"] == bounds["statutory"]["unit"]:
        bounds["promise"]["amount"] = min(bounds["promise"]["amount"], bounds["statutory"]["amount"])
    if chance.often(0.5) and not (approved_by_time and "deemed_delivery" in chance.without):
        delivery: Json = {
            "kind": "delivery",
            "starts": "decided",
            "stops": ["delivered"],
            "limit": limit(chance, "delivery", hours=hours),
        }
        clocks.append(_dress(chance, delivery, hours=hours))
    for clock in clocks:
        if clock["limit"]["amount"] == 0:
            clock.pop("pauses_for", None)
            clock.pop("count", None)
    return clocks


def _side_clocks(chance: Chance, *, hours: bool, stages: list[str]) -> list[Json]:
    """The applicant's clock and clocks with names of their own."""
    clocks: list[Json] = []
    if chance.has("applicant", 0.35):
        mine: Json = {
            "kind": "correction",
            "party": "applicant",
            "starts": "correction_requested",
            "stops": ["corrected", *chance.some(["withdrawn"], 0.5)],
            "limit": limit(chance, "own", hours=hours),
        }
        _deemed(chance, mine, ["deemed_withdrawn"], 0.4)
        clocks.append(_dress(chance, mine, hours=hours))
    if chance.has("own_clocks", 0.25):
        starts = chance.one(["accepted", "received", *[f"started:{code}" for code in stages]])
        own: Json = {
            "kind": "consultation",
            "starts": starts,
            "stops": chance.one([["published"], ["decided"], ["delivered", "withdrawn"], ["accepted", "decided"]]),
            "limit": limit(chance, "own", hours=hours and starts != "accepted"),
            "pauses_for": chance.some(GROUNDS, 0.4) if "pauses" not in chance.without else [],
        }
        if starts in own["stops"]:
            own["stops"] = ["decided"]
        if stages and chance.has("restarts", 0.4) and "restart_in_pause" not in chance.without:
            own["restarts_on"] = [f"{chance.one(['started', 'completed'])}:{chance.one(stages)}"]
        clocks.append(_dress(chance, own, hours=hours))
    return clocks


def item(chance: Chance, *, hours: bool) -> Json:
    """An item with clocks and stages."""
    codes = ["review", "approval", "survey"][: chance.between(1, 3)] if chance.has("stages", 0.5) else []
    clocks = _main_clocks(chance, hours=hours) + _side_clocks(chance, hours=hours, stages=codes)
    stages: list[Json] = []
    for code in codes:
        stage: Json = {"code": code, "name": code, "limit": limit(chance, "promise", hours=hours)}
        if stage["limit"]["amount"] == 0:
            stage["limit"]["amount"] = 1
        if chance.often(0.3) and "pauses" not in chance.without:
            stage["pauses_for"] = chance.some(GROUNDS, 0.5)
        if chance.often(0.25):
            stage["before_acceptance"] = True
        stages.append(_dress(chance, stage, hours=hours))
    if not clocks and not stages:
        clocks = [
            {
                "kind": "statutory",
                "starts": "received",
                "stops": ["decided"],
                "limit": {"amount": 20, "unit": "working_day"},
            }
        ]
    body: Json = {"code": "item", "name": "事项", "clocks": clocks}
    if stages:
        body["stages"] = stages
    if chance.has("receipt_rules", 0.3):
        body["receipt_rule"] = chance.one(["next_working_day", "on_confirmation"])
    return body
