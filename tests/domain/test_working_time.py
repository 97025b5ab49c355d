"""Working time: how much of it lies before an instant, and when so much of it has passed."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.calendar import NO_HOURS, Calendar, CalendarUnknown, DayRule, WeeklyHours
from app.domain.refusal import Refusal

HOUR = 3_600_000_000
MINUTE = timedelta(minutes=1)
BERLIN, SHANGHAI, ST_JOHNS = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai"), ZoneInfo("America/St_Johns")
LUNCH: WeeklyHours = (*((((540, 720), (810, 1020)),) * 4), ((540, 720),), (), ())  # a half day on Friday
ALWAYS: WeeklyHours = (((0, 1440),),) * 7
NIGHT: WeeklyHours = (((60, 150), (150, 200)),) * 7


def a_calendar(
    hours: WeeklyHours = LUNCH,
    *,
    zone: ZoneInfo = SHANGHAI,
    off: tuple[str, ...] = (),
    worked: tuple[str, ...] = (),
    weekend: frozenset[int] = frozenset({6, 7}),
    first: str | None = None,
) -> Calendar:
    days = {date.fromisoformat(one).toordinal(): DayRule(False) for one in off}
    days |= {date.fromisoformat(one).toordinal(): DayRule(True) for one in worked}
    begins = None if first is None else date.fromisoformat(first).toordinal()
    return Calendar("X", 1, zone, days=days, weekly_hours=hours, weekend=weekend, first=begins)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def wall(moment: datetime, zone: ZoneInfo = SHANGHAI) -> str:
    return moment.astimezone(zone).isoformat(timespec="minutes")[:-6]


def is_worked(moment: datetime, calendar: Calendar) -> bool:
    """Whether the clock on the wall shows an opening hour."""
    local = moment.astimezone(calendar.zone)
    minute = local.hour * 60 + local.minute
    return any(begin <= minute < end for begin, end in calendar.hours(local.toordinal()))


def minutes_between(begin: datetime, end: datetime, calendar: Calendar) -> int:
    """Walked minute by minute."""
    count = 0
    while begin < end:
        count += is_worked(begin, calendar)
        begin += MINUTE
    return count


@settings(max_examples=40, deadline=None)
@given(
    start=st.integers(0, 60 * 24 * 30),
    length=st.integers(0, 60 * 24 * 5),
    calendar=st.sampled_from(
        [
            a_calendar(off=("2025-03-31",), worked=("2025-03-29", "2025-04-05")),
            a_calendar(ALWAYS, zone=BERLIN, weekend=frozenset()),
            a_calendar(NIGHT, zone=BERLIN, weekend=frozenset({2})),
            a_calendar(ALWAYS, zone=BERLIN, off=("2025-03-30",)),
            a_calendar(NIGHT, zone=ST_JOHNS, weekend=frozenset({4}), worked=("2025-03-13",)),
        ]
    ),
)
def test_what_is_summed_is_what_is_walked_minute_by_minute(start: int, length: int, calendar: Calendar) -> None:
    begin = datetime(2025, 3, 8, tzinfo=UTC) + start * MINUTE
    end = begin + length * MINUTE
    time = calendar.working_time
    assert time.elapsed(end) - time.elapsed(begin) == minutes_between(begin, end, calendar) * 60_000_000


DIFFERENT: WeeklyHours = tuple(((540, 540 + 60 * place),) for place in range(1, 8))  # type: ignore[assignment]
"""One hour on Mondays, two on Tuesdays, so that no weekday can be taken for another."""


@pytest.mark.parametrize("first", ["2025-03-12", "2025-03-15", "2025-03-16"])
@pytest.mark.parametrize("last", ["2025-03-17", "2025-03-29", "2025-04-20"])
def test_each_day_before_between_and_after_the_days_that_a_calendar_names_has_its_hours(first: str, last: str) -> None:
    calendar = a_calendar(DIFFERENT, off=(first,), worked=(last,))
    time = calendar.working_time
    for day in range(date(2025, 2, 20).toordinal(), date(2025, 5, 20).toordinal()):
        begin, end = time.elapsed(calendar.midnight(day)), time.elapsed(calendar.midnight(day + 1))
        bands = calendar.hours(day)
        assert end - begin == sum(closing - opening for opening, closing in bands) * 60_000_000
        for opening, closing in bands:
            assert time.goes_on_at(begin) == calendar.at_minute(day, opening)
            assert time.instant_at(end) == calendar.at_minute(day, closing)


@pytest.mark.parametrize(("begin", "hours"), [("2025-03-30", 23), ("2025-10-26", 25), ("2025-10-27", 24)])
def test_an_office_that_never_closes_works_23_hours_when_summer_time_begins_and_25_when_it_ends(
    begin: str, hours: int
) -> None:
    time = a_calendar(ALWAYS, zone=BERLIN, weekend=frozenset()).working_time
    next_day = (date.fromisoformat(begin) + timedelta(1)).isoformat()
    assert time.elapsed(at(next_day, BERLIN)) - time.elapsed(at(begin, BERLIN)) == hours * HOUR


def test_the_day_that_samoa_left_out_was_worked_by_nobody() -> None:
    """On 2011-12-29 at 24:00 it crossed the date line: 31 December came next."""
    apia = ZoneInfo("Pacific/Apia")
    time = a_calendar(ALWAYS, zone=apia, weekend=frozenset()).working_time
    thursday, saturday = at("2011-12-29T00:00", apia), at("2011-12-31T00:00", apia)
    assert time.elapsed(saturday) - time.elapsed(thursday) == 24 * HOUR
    assert time.later(thursday, 30 * HOUR) == at("2011-12-31T06:00", apia)
    assert time.later(at("2012-04-10T00:00", apia), -24 * 100 * HOUR) == at("2012-01-01T01:00", apia)


def test_the_hour_left_out_is_worked_by_nobody_and_the_hour_that_comes_twice_counts_twice() -> None:
    two_to_four: WeeklyHours = (((120, 240),),) * 7
    time = a_calendar(two_to_four, zone=BERLIN, weekend=frozenset()).working_time
    for day, worked in (("2025-03-30", 1), ("2025-03-31", 2), ("2025-10-26", 3)):
        assert time.elapsed(at(f"{day}T12:00", BERLIN)) - time.elapsed(at(f"{day}T00:00", BERLIN)) == worked * HOUR
    spring = time.later(at("2025-03-29T03:00", BERLIN), 2 * HOUR)
    assert wall(spring, BERLIN) == "2025-03-30T04:00"
    autumn = time.later(at("2025-10-26T00:00", BERLIN), HOUR)
    assert autumn == datetime(2025, 10, 26, 1, tzinfo=UTC)  # 02:00 for the second time


def test_days_before_the_change_of_china_s_summer_time_are_whole() -> None:
    """Summer time began on 1986-05-04 at 02:00 and ended on 1986-09-14."""
    time = a_calendar(ALWAYS, weekend=frozenset()).working_time
    assert time.elapsed(at("1986-05-05T00:00")) - time.elapsed(at("1986-05-04T00:00")) == 23 * HOUR
    assert time.elapsed(at("1986-09-15T00:00")) - time.elapsed(at("1986-09-14T00:00")) == 25 * HOUR


def test_what_ends_with_the_office_hours_ends_at_closing_and_work_goes_on_at_the_next_opening() -> None:
    time = a_calendar().working_time
    reached = time.elapsed(at("2025-03-10T09:00")) + 3 * HOUR  # Monday, lunch from 12:00 to 13:30
    assert wall(time.instant_at(reached)) == "2025-03-10T12:00"
    assert wall(time.goes_on_at(reached)) == "2025-03-10T13:30"
    friday = time.elapsed(at("2025-03-14T12:00"))
    assert wall(time.instant_at(friday)) == "2025-03-14T12:00"
    assert wall(time.goes_on_at(friday)) == "2025-03-17T09:00"


def test_walking_back_ends_at_an_opening_and_nothing_moves_nothing() -> None:
    time = a_calendar().working_time
    assert wall(time.later(at("2025-03-11T10:00"), -HOUR)) == "2025-03-11T09:00"
    assert wall(time.later(at("2025-03-11T10:00"), -2 * HOUR)) == "2025-03-10T16:00"
    assert wall(time.later(at("2025-03-15T10:00"), -HOUR)) == "2025-03-14T11:00"
    assert wall(time.later(at("2025-03-15T10:00"), 0)) == "2025-03-15T10:00"


def test_the_first_working_moment_is_the_instant_itself_or_the_next_opening() -> None:
    time = a_calendar(worked=("2025-03-15",)).working_time
    for given_, found in (
        ("2025-03-10T10:17", "2025-03-10T10:17"),
        ("2025-03-10T12:00", "2025-03-10T13:30"),
        ("2025-03-10T06:00", "2025-03-10T09:00"),
        ("2025-03-14T15:00", "2025-03-15T09:00"),
        ("2025-03-15T17:00", "2025-03-17T09:00"),
    ):
        assert wall(time.first_moment(at(given_))) == found


def test_a_make_up_saturday_has_the_hours_of_the_first_weekday_that_has_any() -> None:
    time = a_calendar(worked=("2025-03-15",)).working_time
    assert time.elapsed(at("2025-03-16T00:00")) - time.elapsed(at("2025-03-15T00:00")) == 6.5 * HOUR


def test_hours_to_midnight_go_on_without_a_gap() -> None:
    time = a_calendar(ALWAYS, weekend=frozenset()).working_time
    reached = time.elapsed(at("2025-03-10T00:00")) + 24 * HOUR
    assert time.instant_at(reached) == time.goes_on_at(reached) == at("2025-03-11T00:00")


@settings(deadline=None)
@given(
    minutes=st.integers(0, 60 * 24 * 365 * 90),
    amount=st.integers(1, 10**14),
    calendar=st.sampled_from([a_calendar(worked=("2025-03-29",)), a_calendar(NIGHT, zone=BERLIN)]),
)
def test_elapsed_and_instant_at_undo_each_other(minutes: int, amount: int, calendar: Calendar) -> None:
    moment = datetime(1950, 1, 1, tzinfo=UTC) + minutes * MINUTE
    time = calendar.working_time
    before = time.elapsed(moment)
    assert time.elapsed(time.instant_at(before)) == time.elapsed(time.goes_on_at(before)) == before
    assert time.instant_at(before) <= moment <= time.goes_on_at(before) or is_worked(moment, calendar)
    if is_worked(moment, calendar):
        assert time.goes_on_at(before) == moment
    end = time.later(moment, amount)
    assert time.elapsed(end) == before + amount
    assert time.goes_on_at(time.elapsed(time.later(end, -amount))) == time.first_moment(moment)


def test_a_count_that_needs_a_day_before_the_first_known_is_refused() -> None:
    time = a_calendar(first="2025-01-01").working_time
    with pytest.raises(CalendarUnknown):
        time.elapsed(at("2024-12-31T10:00"))
    with pytest.raises(CalendarUnknown):
        time.later(at("2025-01-01T10:00"), -2 * HOUR)


def test_a_calendar_without_hours_knows_no_working_time() -> None:
    with pytest.raises(Refusal) as refused:
        _ = a_calendar(NO_HOURS).working_time
    assert refused.value.code == "calendar_without_hours"


def test_hours_on_rest_days_alone_are_no_working_time_at_all() -> None:
    only_sunday: WeeklyHours = ((), (), (), (), (), (), ((540, 720),))
    with pytest.raises(Refusal) as refused:
        _ = a_calendar(only_sunday).working_time
    assert refused.value.code == "calendar_without_working_days"
    once = a_calendar(only_sunday, worked=("2025-03-16",)).working_time
    assert wall(once.later(at("2025-03-10T09:00"), 2 * HOUR)) == "2025-03-16T11:00"
    with pytest.raises(Refusal) as refused:
        once.later(at("2025-03-10T09:00"), 4 * HOUR)
    assert refused.value.code == "calendar_without_working_days"
