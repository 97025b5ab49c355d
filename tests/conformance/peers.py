"""The facts of other projects' tests (`peer-cases.json`), each as questions to this service."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.conformance.questions import Question, a_clock, an_application

__all__ = ["PEERS", "calendar_of", "questions"]

Json = Any

_FILE: Json = json.loads((Path(__file__).parent / "peer-cases.json").read_text(encoding="utf-8"))
PEERS: list[dict[str, Json]] = _FILE["cases"]
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALL_DAY = [["00:00", "24:00"]]


def calendar_of(name: str, zone: str | None = None) -> dict[str, Json]:
    """A calendar of the file in the inline form of a case. One that is always open has its hours written out."""
    given = _FILE["calendars"][name]
    calendar: dict[str, Json] = {
        "weekend": [place for place, weekday in enumerate(WEEKDAYS, 1) if weekday not in given["workweek"]],
        "holidays": given["holidays"],
        "workdays": given["extra_working_dates"],
        "zone": zone or given["time_zone"],
    }
    hours = given.get("hours")
    if hours is not None:
        calendar["hours"] = {str(WEEKDAYS.index(weekday) + 1): bands for weekday, bands in hours.items()}
    elif name == "always_open":
        calendar["hours"] = ALL_DAY
    return calendar


def moment(text: str) -> str:
    """An instant; one without a zone is UTC, a date its 00:00 there."""
    parsed = datetime.fromisoformat(text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).isoformat()


def calendar_for(case: dict[str, Json]) -> dict[str, Json]:
    return calendar_of(case["calendar"], case.get("time_zone"))


def limit_of(case: dict[str, Json]) -> tuple[int, str]:
    return case["limit"]["value"], case["limit"]["unit"]


def repo_of(case: dict[str, Json]) -> str:
    repo: str = case["source"]["repo"]
    return repo


def short(case: dict[str, Json], start: str, amount: int, unit: str, **rules: Json) -> dict[str, Json]:
    return {"calendar": calendar_for(case), "start": start, "limit": {"amount": amount, "unit": unit}, **rules}


def due_date(case: dict[str, Json]) -> list[Question]:
    expected = case["expected"]["due_date"]
    if case["limit"] is None:  # a type without a term has no clock
        stage = {"code": "handling", "name": "handling"}
        request = an_application(calendar_for(case), [], [received(case["start"])], stages=[stage])
        return [Question(request, {"clocks": [], "status": "received"})]
    if "steps" in case["limit"]:
        return one_after_the_other(case, expected)
    amount, unit = limit_of(case)
    if unit == "calendar_day_skip_holidays":
        return [Question(every_day_but_holidays(case, case["start"], amount), {"due_on": expected})]
    rules: dict[str, Json] = {}
    if unit == "calendar_day":
        rules["end_rule"] = "roll_forward" if repo_of(case) == "mysociety/alaveteli" else "keep"
    if repo_of(case) == "gocardless/business" and amount > 0:
        rules["start_rule"] = "roll_then_next"
    return [Question(short(case, case["start"], amount, unit, **rules), {"due_on": expected})]


def every_day_but_holidays(case: dict[str, Json], start: str, amount: int) -> dict[str, Json]:
    """Calendar days without bank holidays: the working days of a calendar that has no weekend."""
    calendar = {**calendar_for(case), "weekend": []}
    calendar.pop("hours", None)
    return {"calendar": calendar, "start": start, "limit": {"amount": amount, "unit": "working_day"}}


def one_after_the_other(case: dict[str, Json], expected: str) -> list[Question]:
    """One working day (a start on a rest day is day zero's next working day), then the rest from where it ends."""
    first, second = case["limit"]["steps"]
    begun = first_working_day_after(case)
    questions = [
        Question(
            short(case, case["start"], first["value"], first["unit"], start_rule="roll_then_next"), {"due_on": begun}
        )
    ]
    if second["unit"] == "calendar_day_skip_holidays":
        request = every_day_but_holidays(case, begun, second["value"])
    else:
        request = short(case, begun, second["value"], second["unit"], end_rule="keep")
    return [*questions, Question(request, {"due_on": expected})]


def first_working_day_after(case: dict[str, Json]) -> str:
    """By hand: the working day after the start, a start on a rest day being moved to a working day first."""
    calendar = _FILE["calendars"][case["calendar"]]

    def works(day: date) -> bool:
        return WEEKDAYS[day.weekday()] in calendar["workweek"] and day.isoformat() not in calendar["holidays"]

    day = date.fromisoformat(case["start"])
    while not works(day):
        day += timedelta(1)
    day += timedelta(1)
    while not works(day):
        day += timedelta(1)
    return day.isoformat()


def due_before(case: dict[str, Json]) -> list[Question]:
    """A month term whose end is stated as the day before which it must be kept."""
    amount, unit = limit_of(case)
    last = date.fromisoformat(case["expected"]["due_before"]) - timedelta(1)
    return [Question(short(case, case["start"], amount, unit), {"due_on": last.isoformat()})]


def received(at: str, **fields: Json) -> dict[str, Json]:
    return {"type": "receive", "at": moment(at), **fields}


def state_at(case: dict[str, Json]) -> list[Question]:
    if repo_of(case) == "frappe/helpdesk":
        return first_response_and_resolution(case)
    clocks = [a_clock(kind, case[limit]["value"], case[limit]["unit"]) for kind, limit in LIMITS.items()]
    late = {"waiting_response": (), "overdue": ("first",), "very_overdue": ("first", "second")}[
        case["expected"]["state"]
    ]
    request = an_application(calendar_for(case), clocks, [received(case["start"])], moment(case["at"]))
    expected = [
        {"kind": kind, "state": "running", **({"light": "red"} if kind in late else {"overdue_since": None})}
        for kind in LIMITS
    ]
    return [Question(request, {"clocks": expected})]


LIMITS = {"first": "limit", "second": "second_limit"}


def first_response_and_resolution(case: dict[str, Json]) -> list[Question]:
    """The first answer is the acceptance, being on hold is a pause."""
    response = a_clock("response", *limit_of(case), stops=["accepted"])
    second = case["second_limit"]
    resolution = a_clock("resolution", second["value"], second["unit"], pauses_for=["hold"])
    steps = [received(case["start"])]
    if case["first_response_at"] is not None:
        steps.append({"type": "accept", "at": moment(case["first_response_at"])})
    steps += on_hold(case)
    expected = {
        "failed": [{"kind": "response" if case["first_response_at"] is None else "resolution", "light": "red"}],
        "resolution_due": [
            {"kind": "response", "state": "met"},
            {"kind": "resolution", "state": "running", "overdue_since": None},
        ],
    }[case["expected"]["state"]]
    request = an_application(calendar_for(case), [response, resolution], steps, moment(case["at"]))
    return [Question(request, {"clocks": expected})]


def on_hold(case: dict[str, Json]) -> list[dict[str, Json]]:
    return [
        step
        for begin, end in case.get("pauses", ())
        for step in (
            {"type": "pause", "at": moment(begin), "ground": "hold"},
            {"type": "resume", "at": moment(end)},
        )
    ]


def overdue_event(case: dict[str, Json]) -> list[Question]:
    clock = a_clock("first", *limit_of(case))
    request = an_application(calendar_for(case), [clock], [received(case["start"])], moment(case["job_runs_at"]))
    since = moment(case["expected"]["overdue_since"])
    return [Question(request, {"clocks": [{"kind": "first", "light": "red", "overdue_since": since}]})]


def start_normalisation(case: dict[str, Json]) -> list[Question]:
    day = case["expected"].get("clock_start_date")
    if day is not None:  # a day that is a working day already is where a limit of no days ends
        return [Question(short(case, case["start"], 0, "working_day"), {"due_on": day})]
    clock = a_clock("first", 60, "working_minute")
    request = an_application(calendar_for(case), [clock], [received(case["start"])])
    return [Question(request, {"clocks": [{"kind": "first", "started_at": case["expected"]["clock_start"]}]})]


def extension(case: dict[str, Json]) -> list[Question]:
    amount, unit = limit_of(case)
    request = short(case, case["start"], amount, unit, end_rule="keep")
    return [Question(request, {"due_on": case["expected"]["due_date"]})]


def remaining(case: dict[str, Json]) -> list[Question]:
    clock = a_clock("first", 15, "working_day")
    begun = (datetime.fromisoformat(case["at"]) - timedelta(10)).date().isoformat()
    request = an_application(calendar_for(case), [clock], [received(begun)], moment(case["at"]))
    request["fixed_due"] = {"first": case["due_date"]}
    return [Question(request, {"clocks": [{"kind": "first", "remaining": case["expected"]["working_days_left"]}]})]


def explicit_due(case: dict[str, Json]) -> list[Question]:
    request = an_application(calendar_for(case), [a_clock("first", *limit_of(case))], [received(case["start"])])
    request["fixed_due"] = {"first": case["client_due"]}
    return [Question(request, {"clocks": [{"kind": "first", "due_on": case["expected"]["due_date"]}]})]


def list_filter(case: dict[str, Json]) -> list[Question]:
    """Due before a date is overdue at its beginning."""
    found = []
    for due in case["due_dates"]:
        clock = a_clock("first", 5, "calendar_day")
        request = an_application(calendar_for(case), [clock], [received("2023-01-01")], moment(case["value"]))
        request["fixed_due"] = {"first": due}
        late = due in case["expected"]["matches"]
        found.append(
            Question(
                request, {"clocks": [{"kind": "first", **({"light": "red"} if late else {"overdue_since": None})}]}
            )
        )
    return found


def due_moment(case: dict[str, Json]) -> list[Question]:
    amount, unit = limit_of(case)
    due_at = case["expected"]["due_at"]
    if case.get("pauses") and case.get("pauses_count") is False:
        return [pauses_of_another_clock(case)]
    rules: dict[str, Json] = {}
    if unit == "working_day":
        end = case["limit"].get("end_of_working_day")
        rules["due_time"] = "close_of_business" if end else "same_time"
        if repo_of(case) == "bokmann/business_time":
            rules |= {"start_rule": "roll_then_next", "end_rule": "roll_forward"}
    pauses = [[moment(begin), moment(end)] for begin, end in case.get("pauses", ())]
    if "paused_working_seconds" in case:  # stated as a length: a pause of that length from the start, inside the hours
        begun = datetime.fromisoformat(case["start"])
        pauses = [[case["start"], (begun + timedelta(seconds=case["paused_working_seconds"])).isoformat()]]
    if pauses:
        rules["pauses"] = pauses
    return [Question(short(case, case["start"], amount, unit, **rules), {"due_at": due_at})]


def pauses_of_another_clock(case: dict[str, Json]) -> Question:
    """Two clocks side by side; the pauses stop the other one only."""
    due_time = "close_of_business" if case["limit"]["end_of_working_day"] else "same_time"
    count: dict[str, Json] = {} if case["limit"]["unit"] == "working_minute" else {"count": {"due_time": due_time}}
    own = a_clock("own", *limit_of(case), **count)
    resolve = a_clock("resolve", 10_000, "working_minute", pauses_for=["hold"])
    steps = [received(case["start"]), {"type": "accept", "at": moment(case["start"])}, *on_hold(case)]
    request = an_application(calendar_for(case), [own, resolve], steps, moment(case["start"]))
    return Question(request, {"clocks": [{"kind": "own", "due_at": case["expected"]["due_at"]}]})


def elapsed(case: dict[str, Json]) -> list[Question]:
    """Working time used by the end; every length stated in seconds is a whole number of minutes."""
    amount, unit = limit_of(case) if "limit" in case else (10_000, "working_minute")
    clock = a_clock("first", amount, unit, pauses_for=["hold"])
    steps = [received(case["start"]), {"type": "accept", "at": moment(case["start"])}, *on_hold(case)]
    request = an_application(calendar_for(case), [clock], steps, moment(case["end"]))
    stated = case["expected"]
    if "used_seconds" in stated:
        figures = {"used": stated["used_seconds"] // 60}
    else:
        figures = {"used": stated["used_minutes"], "remaining": stated["margin_minutes"]}
    return [Question(request, {"clocks": [{"kind": "first", **figures}]})]


def warning_moment(case: dict[str, Json]) -> list[Question]:
    """The due moment is fixed, for only the way from it to the warning is stated."""
    amount, unit = case["offset"]["value"], case["offset"]["unit"]
    if unit == "working_second" and amount % 60 == 0:
        amount, unit = amount // 60, "working_minute"
    rung = {"before" if amount < 0 else "after": {"amount": abs(amount), "unit": unit}}
    begun = (datetime.fromisoformat(case["due_at"]) - timedelta(60)).isoformat()
    clock = a_clock("first", 20, "working_day", warn=[rung])
    request = an_application(calendar_for(case), [clock], [received(begun)])
    request["fixed_due"] = {"first": case["due_at"]}
    warnings = [{"rung": 1, "at": case["expected"]["fire_at"]}]
    return [Question(request, {"clocks": [{"kind": "first", "warnings": warnings}]})]


def policy_change(case: dict[str, Json]) -> list[Question]:
    return due_moment(case)


def config_error(case: dict[str, Json]) -> list[Question]:
    calendar: dict[str, Json] = {"zone": "UTC", "hours": ALL_DAY}
    amount, unit = limit_of(case) if "limit" in case else (60, "working_minute")
    hours = case.get("hours")
    if hours == {}:
        calendar = {"zone": "UTC", "weekend": [1, 2, 3, 4, 5, 6, 7], "hours": {}}
    elif hours is not None:
        calendar["hours"] = {str(WEEKDAYS.index(weekday) + 1): bands for weekday, bands in hours.items()}
    if amount < 0:  # bare arithmetic counts back, a limit of an item does not
        request = an_application(calendar, [a_clock("first", amount, unit)], [received("2023-10-10T09:00:00Z")])
        return [Question(request, {"error": True})]
    limit = {"amount": amount, "unit": unit}
    return [Question({"calendar": calendar, "start": "2023-10-10T09:00:00Z", "limit": limit}, {"error": True})]


def is_working_day(case: dict[str, Json]) -> list[Question]:
    """A limit of no working days ends on its start day exactly where that is a working day; else on the next one."""
    assert case["expected"]["working"] is False
    return [Question(short(case, case["date"], 0, "working_day"), {"due_on": "2013-01-06"})]


def elapsed_days(case: dict[str, Json]) -> list[Question]:
    """Working days in [start, end): the start day is day 1, and the day before the end is the last one used."""
    clock = a_clock("first", 100, "working_day", count={"start_rule": "same_day"})
    last = date.fromisoformat(case["end"]) - timedelta(1)
    request = an_application(calendar_for(case), [clock], [received(case["start"])], moment(last.isoformat()))
    return [Question(request, {"clocks": [{"kind": "first", "used": case["expected"]["working_days"]}]})]


def calendar_change(case: dict[str, Json]) -> list[Question]:
    """Counted on the new calendar, the start day being day 1."""
    clock = a_clock("first", *limit_of(case), count={"start_rule": "same_day"})
    request = an_application(calendar_for(case), [clock], [received(case["start"])])
    expected = {"started_on": case["expected"]["start_after"], "due_on": case["expected"]["due_date"]}
    return [Question(request, {"clocks": [{"kind": "first", **expected}]})]


KINDS: dict[str, Callable[[dict[str, Json]], list[Question]]] = {
    "calendar_change": calendar_change, "config_error": config_error, "due_date": due_date, "due_moment": due_moment,
    "elapsed": elapsed, "elapsed_days": elapsed_days, "explicit_due": explicit_due, "extension": extension,
    "is_working_day": is_working_day, "list_filter": list_filter, "overdue_event": overdue_event,
    "policy_change": policy_change, "remaining": remaining, "start_normalisation": start_normalisation,
    "state_at": state_at, "warning_moment": warning_moment,
}  # fmt: skip


def questions(case: dict[str, Json]) -> list[Question]:
    """What a case is asked as; none where this service has no rule that could be asked."""
    if "due_before" in case["expected"]:
        return due_before(case)
    ask = KINDS.get(case["kind"])
    return [] if ask is None else ask(case)
