"""Calendars: working days by index, the weekly pattern around them, hours, and days by the clock on the wall."""

import pickle
import timeit
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import NO_HOURS, Calendar, CalendarUnknown, DayRule, WeeklyHours
from app.domain.refusal import Refusal

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
BASE = date(2020, 1, 1).toordinal()


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def a_calendar(
    days: dict[int, bool] | None = None,
    weekend: frozenset[int] = frozenset({6, 7}),
    weekly_hours: WeeklyHours = NO_HOURS,
    zone: ZoneInfo = SHANGHAI,
    first: int | None = None,
) -> Calendar:
    rules = {named: DayRule(works) for named, works in (days or {}).items()}
    return Calendar("X", 1, zone, days=rules, weekend=weekend, weekly_hours=weekly_hours, first=first)


@given(
    days=st.dictionaries(st.integers(BASE, BASE + 300), st.booleans(), max_size=30),
    weekend=st.frozensets(st.integers(1, 7), max_size=6),
    start=st.integers(BASE - 200, BASE + 500),
    n=st.integers(-60, 60),
    span=st.integers(0, 120),
)
def test_the_index_agrees_with_a_walk(
    days: dict[int, bool], weekend: frozenset[int], start: int, n: int, span: int
) -> None:
    calendar = a_calendar(days, weekend)

    def works(one: int) -> bool:
        return days.get(one, date.fromordinal(one).isoweekday() not in weekend)

    walked, left = start, abs(n)
    while left:
        walked += 1 if n > 0 else -1
        left -= works(walked)
    if n == 0:
        while not works(walked):
            walked += 1

    assert calendar.nth(start, n) == walked
    assert calendar.is_working(start) is works(start)
    assert calendar.working_between(start, start + span) == sum(map(works, range(start + 1, start + span + 1)))
    assert pickle.loads(pickle.dumps(calendar)).nth(start, n) == walked  # noqa: S301  our own bytes


def test_a_count_that_needs_a_day_before_the_first_edition_is_refused() -> None:
    calendar = a_calendar({BASE: False}, first=BASE)

    assert calendar.nth(BASE - 1, 1) == BASE + 1
    with pytest.raises(CalendarUnknown):
        calendar.nth(BASE - 2, 1)
    with pytest.raises(CalendarUnknown):
        calendar.nth(BASE + 3, -5)
    with pytest.raises(CalendarUnknown):
        calendar.is_working(BASE - 1)
    assert calendar.day(BASE - 1).certainty == "unknown"
    assert calendar.day(BASE - 1).working is None


def test_a_count_that_leaves_the_years_of_the_service_is_refused() -> None:
    with pytest.raises(Refusal, match="1949 to 2199"):
        a_calendar().nth(day("2199-12-01"), 100)


def test_a_calendar_without_working_days_is_refused_where_it_is_asked_for_one() -> None:
    calendar = a_calendar({BASE: True}, weekend=frozenset(range(1, 8)))

    assert calendar.nth(BASE - 1, 1) == BASE
    with pytest.raises(Refusal) as refused:
        calendar.nth(BASE - 1, 2)
    assert refused.value.code == "calendar_without_working_days"


def test_a_make_up_day_without_hours_of_its_own_has_those_of_the_first_weekday_that_has() -> None:
    morning, long = ((480, 720),), ((480, 1200),)
    hours: WeeklyHours = ((), long, morning, morning, (), (), ())
    calendar = a_calendar({day("2020-01-04"): True, day("2020-01-02"): False}, weekly_hours=hours)

    assert calendar.hours(day("2020-01-04")) == long
    assert calendar.hours(day("2020-01-03")) == ()
    assert calendar.hours(day("2020-01-02")) == ()
    assert calendar.hours(day("2020-01-08")) == morning


@pytest.mark.parametrize("zone", [SHANGHAI, NEW_YORK, AMSTERDAM, ZoneInfo("Pacific/Apia"), ZoneInfo("Asia/Beirut")])
def test_the_day_of_an_instant_is_its_date_in_the_zone(zone: ZoneInfo) -> None:
    calendar = a_calendar(zone=zone)
    for year in (1950, 1988, 2011, 2024, 2199):
        instant = datetime(year, 1, 1, tzinfo=UTC)
        for _ in range(1100):
            instant += timedelta(hours=7, minutes=59, microseconds=999_999)
            assert calendar.day_of(instant) == instant.astimezone(zone).toordinal()
            assert calendar.day_of(instant.astimezone(NEW_YORK)) == instant.astimezone(zone).toordinal()


def test_a_day_of_the_change_to_summer_time_has_23_hours() -> None:
    calendar = a_calendar(zone=AMSTERDAM)
    spring, autumn = day("2024-03-31"), day("2024-10-27")

    assert calendar.midnight(spring + 1) - calendar.midnight(spring) == timedelta(hours=23)
    assert calendar.midnight(autumn + 1) - calendar.midnight(autumn) == timedelta(hours=25)


def test_a_midnight_that_the_clock_leaves_out_is_the_instant_of_the_change() -> None:
    calendar = a_calendar(zone=ZoneInfo("Asia/Beirut"))

    assert calendar.local(calendar.midnight(day("2022-03-27"))).isoformat() == "2022-03-27T01:00:00+03:00"


def test_the_nth_working_day_costs_the_same_for_20_and_for_2000() -> None:
    calendar = a_calendar({BASE + 30 * place: False for place in range(200)})

    def cost(n: int) -> float:
        return min(timeit.repeat(lambda: calendar.nth(BASE, n), number=2_000, repeat=20))

    assert cost(2_000) < 10 * cost(20)  # a walk would cost a hundred times as much
