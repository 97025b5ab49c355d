"""The published cases through the domain alone."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.calendars import catalogue
from app.domain.calendar import Calendar, DayRule
from app.domain.counting import due_day, due_instant, last_day, merge, start_day
from app.domain.items import Count, DueTime, EndRule, StartRule
from app.domain.units import Unit
from tests.conformance.cases import FILES, city_calendar, city_requests, read_cases


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def due_on(case: dict[str, Any], calendar: Calendar) -> str:
    unit = Unit(case["limit"]["unit"])
    count = Count(StartRule.NEXT_DAY, EndRule(case["end_rule"]), DueTime.END_OF_DAY)
    start, _ = start_day(datetime.fromisoformat(case["start"]).astimezone(UTC), calendar, count, unit)
    taken_out = merge([(day(begin), day(end)) for begin, end in case.get("pauses", ())])
    amount = case["limit"]["amount"] + case.get("extension", 0)
    return date.fromordinal(last_day(start, amount, unit, calendar, count, taken_out)).isoformat()


@pytest.mark.parametrize("name", FILES)
def test_every_case_ends_on_the_expected_day(name: str) -> None:
    cases, calendar = read_cases(name).cases, catalogue.newest("CN")

    assert len(cases) == FILES[name]
    assert [case.id for case in cases if due_on(case.request, calendar) != case.expected["due_on"]] == []


def test_every_request_of_the_city_is_due_when_its_own_system_said() -> None:
    """Working days count from the next opening after a rest day, an end outside the hours moves to the next opening.

    That is what the city does with a request after closing time: Wednesday 20:05 and one day is Thursday 20:05, moved
    to Friday 08:30, as if it had been made on Thursday at 08:30.
    """
    body = city_calendar()
    band = tuple(int(clock[:2]) * 60 + int(clock[3:]) for clock in body["hours"][0])
    calendar = Calendar(
        "BOSTON",
        1,
        ZoneInfo(body["zone"]),
        days={day(one): DayRule(False) for one in body["holidays"]},
        weekly_hours=(*(((band[0], band[1]),),) * 5, (), ()),
    )
    working = Count(StartRule.ROLL_THEN_NEXT, EndRule.ROLL_FORWARD, DueTime.SAME_TIME)
    every = Count(StartRule.NEXT_DAY, EndRule.KEEP, DueTime.SAME_TIME)
    requests = city_requests()
    wrong, seconds = [], []
    for request in requests:
        unit = Unit(request.limit["unit"])
        count = working if unit is Unit.WORKING_DAY else every
        start, instant = start_day(datetime.fromisoformat(request.submitted_at).astimezone(UTC), calendar, count, unit)
        last = last_day(start, request.limit["amount"], unit, calendar, count)
        due = due_instant(last, instant, calendar, count)
        expected = datetime.fromisoformat(request.due_at)
        if date.fromordinal(due_day(due, calendar)) != expected.date():
            wrong.append(request.ref)
        seconds.append(abs((due - expected).total_seconds()))

    assert len(requests) == 11_333
    assert wrong == []
    assert sum(1 for apart in seconds if apart >= 60) <= 5
