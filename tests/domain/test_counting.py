"""Counting: from a start to the last day of a limit and the instant at which it ends."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import NO_HOURS, Calendar, DayRule, WeeklyHours
from app.domain.counting import (
    due_day,
    due_in_time,
    due_instant,
    last_day,
    limit_end,
    merge,
    start_day,
    used_days,
)
from app.domain.items import Count, DueTime, EndRule, StartRule
from app.domain.refusal import Refusal
from app.domain.units import Limit, Unit

WD, CD, MONTH = Unit.WORKING_DAY, Unit.CALENDAR_DAY, Unit.MONTH
OFFICE: WeeklyHours = (*((((510, 1020),),) * 5), (), ())  # 08:30 to 17:00
LUNCH: WeeklyHours = (*((((540, 720), (810, 1020)),) * 5), (), ())
BASE = date(2024, 1, 1).toordinal()


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def text(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def a_calendar(
    off: tuple[str, ...] = (),
    worked: tuple[str, ...] = (),
    hours: WeeklyHours = NO_HOURS,
    zone: str = "Asia/Shanghai",
    first: str | None = None,
) -> Calendar:
    days = {day(one): DayRule(False) for one in off} | {day(one): DayRule(True) for one in worked}
    return Calendar("X", 1, ZoneInfo(zone), days=days, weekly_hours=hours, first=day(first) if first else None)


def a_count(unit: Unit, start: str = "next_day", end: str | None = None, due: str = "end_of_day") -> Count:
    return Count(StartRule(start), EndRule(end) if end else Count.default(unit).end_rule, DueTime(due))


def ends(begin: str, amount: int, unit: Unit, calendar: Calendar | None = None, **count: str) -> str:
    return text(last_day(day(begin), amount, unit, calendar or a_calendar(), a_count(unit, **count)))


def test_friday_and_one_working_day_is_monday_or_the_make_up_saturday() -> None:
    assert ends("2024-05-10", 1, WD) == "2024-05-13"
    assert ends("2024-05-10", 1, WD, a_calendar(worked=("2024-05-11",))) == "2024-05-11"


def test_a_make_up_day_as_last_day_does_not_roll() -> None:
    assert ends("2024-05-01", 10, CD) == "2024-05-13"
    assert ends("2024-05-01", 10, CD, a_calendar(worked=("2024-05-11",))) == "2024-05-11"
    assert ends("2024-05-01", 10, CD, end="keep") == "2024-05-11"


@pytest.mark.parametrize(
    ("start", "amount", "end"),
    [
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-01-31", 1, "2023-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 1, "2024-03-29"),
        ("2024-11-30", 3, "2025-02-28"),
    ],
)
def test_a_month_ends_on_the_corresponding_day_or_at_the_month_end(start: str, amount: int, end: str) -> None:
    assert ends(start, amount, MONTH, end="keep") == end


def test_a_month_whose_first_day_counts_ends_the_day_before() -> None:
    assert ends("2024-03-01", 1, MONTH, start="same_day", end="keep") == "2024-03-31"
    assert ends("2024-01-31", 1, MONTH, start="same_day", end="keep") == "2024-02-29"


def test_a_month_rolls_once_after_its_pauses_are_added() -> None:
    # 15 January to 15 February, four paused days: Monday 19 February; without the roll in between.
    out = [(day("2024-01-20"), day("2024-01-24"))]
    assert text(last_day(day("2024-01-15"), 1, MONTH, a_calendar(), Count.default(MONTH), out)) == "2024-02-19"
    out = [(day("2024-01-20"), day("2024-01-22"))]
    assert text(last_day(day("2024-01-15"), 1, MONTH, a_calendar(), Count.default(MONTH), out)) == "2024-02-19"


def test_nothing_at_all_ends_on_the_start_day() -> None:
    assert ends("2024-05-10", 0, WD) == "2024-05-10"
    assert ends("2024-05-11", 0, WD) == "2024-05-13"
    assert ends("2024-05-10", 0, CD) == "2024-05-10"
    assert ends("2024-05-11", 0, CD, end="keep") == "2024-05-11"


def test_the_same_day_counts_if_it_counts_at_all() -> None:
    assert ends("2024-05-10", 1, WD, start="same_day") == "2024-05-10"
    assert ends("2024-05-11", 1, WD, start="same_day") == "2024-05-13"
    assert ends("2024-05-10", 3, CD, start="same_day", end="keep") == "2024-05-12"


def test_a_negative_amount_counts_back_and_nothing_rolls_the_end_unless_asked() -> None:
    assert ends("2024-05-31", -30, CD, end="keep") == "2024-05-01"
    assert ends("2024-05-13", -1, WD) == "2024-05-10"
    assert ends("2024-03-31", -1, MONTH, end="keep") == "2024-02-29"
    assert ends("2024-05-31", -13, CD, end="keep") == "2024-05-18"
    assert ends("2024-05-31", -13, CD, end="roll_forward") == "2024-05-20"


def test_counting_back_a_start_on_a_rest_day_moves_to_the_working_day_before() -> None:
    count = a_count(WD, start="roll_then_next")
    calendar = a_calendar(hours=OFFICE)
    saturday = datetime(2024, 5, 11, 3, tzinfo=UTC)

    assert start_day(saturday, calendar, count, WD, backward=True)[0] == day("2024-05-10")
    assert start_day(saturday, calendar, count, WD) == (day("2024-05-13"), datetime(2024, 5, 13, 0, 30, tzinfo=UTC))


def test_a_pause_takes_out_the_days_after_its_beginning_up_to_its_end() -> None:
    # Accepted Monday, 5 working days: the next Monday. Paused Wednesday to Friday: two days more.
    out = [(day("2024-05-15"), day("2024-05-17"))]
    assert text(last_day(day("2024-05-13"), 5, WD, a_calendar(), Count.default(WD), out)) == "2024-05-22"


def test_a_pause_that_begins_when_the_limit_is_used_up_stops_nothing() -> None:
    calendar, count = a_calendar(), Count.default(CD)
    # Ends on Saturday the 18th and rolls to Monday the 20th: a pause from the 18th, or from the Sunday, comes too late.
    for begin in ("2024-05-18", "2024-05-19"):
        out = [(day(begin), day("2024-06-18"))]
        assert text(last_day(day("2024-05-13"), 5, CD, calendar, count, out)) == "2024-05-20"
    out = [(day("2024-05-17"), day("2024-05-21"))]
    assert text(last_day(day("2024-05-13"), 5, CD, calendar, count, out)) == "2024-05-22"


def test_overlapping_pauses_count_once_and_an_empty_one_takes_out_nothing() -> None:
    assert merge([(5, 9), (1, 3), (2, 4), (9, 9), (4, 5), (20, 22)]) == ((1, 9), (20, 22))
    assert merge([(7, 7)]) == ()


@given(
    st.lists(st.tuples(st.integers(BASE, BASE + 90), st.integers(0, 25)), max_size=6),
    st.integers(0, 30),
    st.integers(-5, 40),
    st.sampled_from([WD, CD]),
)
def test_counting_agrees_with_a_walk_over_the_days(
    pauses: list[tuple[int, int]], amount: int, shift: int, unit: Unit
) -> None:
    calendar = a_calendar(off=("2024-01-01", "2024-02-12", "2024-02-13"), worked=("2024-02-04",))
    taken_out = merge([(begin, begin + length) for begin, length in pauses])
    start = BASE + shift
    count = a_count(unit, end="keep")
    walked, left = start, amount
    out: set[int] = set()
    pending = list(taken_out)
    while left:
        while pending and pending[0][0] <= walked:
            begin, end = pending.pop(0)
            out.update(range(begin + 1, end + 1))
        walked += 1
        if walked not in out and (unit is CD or calendar.is_working(walked)):
            left -= 1
    if amount == 0 and unit is WD:
        walked = calendar.next_working(start)

    found = last_day(start, amount, unit, calendar, count, taken_out)

    assert found == walked
    if amount:
        assert used_days(start, found, unit, calendar, count, taken_out) == amount
        assert used_days(start, found - 1, unit, calendar, count, taken_out) == amount - 1


def test_a_splitting_of_a_pause_changes_nothing() -> None:
    calendar, count = a_calendar(), Count.default(WD)
    whole = merge([(BASE + 10, BASE + 30)])
    split = merge([(BASE + 10, BASE + 17), (BASE + 17, BASE + 30)])

    assert last_day(BASE, 15, WD, calendar, count, whole) == last_day(BASE, 15, WD, calendar, count, split)


def test_the_limit_ends_when_its_last_day_is_over() -> None:
    calendar, count = a_calendar(), Count.default(WD)
    due = due_instant(day("2024-05-10"), datetime(2024, 5, 1, tzinfo=UTC), calendar, count)

    assert due == datetime(2024, 5, 10, 16, tzinfo=UTC)
    assert due_day(due, calendar) == day("2024-05-10")


def test_a_limit_may_end_when_business_stops() -> None:
    count = a_count(CD, due="close_of_business", end="keep")
    start = datetime(2024, 5, 1, tzinfo=UTC)
    calendar = a_calendar(hours=OFFICE)

    assert due_instant(day("2024-05-10"), start, calendar, count) == datetime(2024, 5, 10, 9, tzinfo=UTC)
    assert due_instant(day("2024-05-11"), start, calendar, count) == datetime(2024, 5, 11, 16, tzinfo=UTC)
    with pytest.raises(Refusal) as refused:
        due_instant(day("2024-05-10"), start, a_calendar(), count)
    assert refused.value.code == "calendar_without_hours"


def test_hours_that_end_at_24_00_close_at_the_next_midnight() -> None:
    round_the_clock: WeeklyHours = (((0, 1440),),) * 7
    count = a_count(CD, due="close_of_business", end="keep")
    due = due_instant(day("2024-05-10"), datetime(2024, 5, 1, tzinfo=UTC), a_calendar(hours=round_the_clock), count)

    assert due == datetime(2024, 5, 10, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("clock", "due"),
    [
        ("2024-05-10T08:29", "2024-05-10T09:00"),
        ("2024-05-10T11:59", "2024-05-10T11:59"),
        ("2024-05-10T12:00", "2024-05-10T13:30"),
        ("2024-05-10T17:00", "2024-05-13T09:00"),
        ("2024-05-11T10:00", "2024-05-13T09:00"),
    ],
)
def test_an_end_outside_the_hours_moves_to_the_next_opening(clock: str, due: str) -> None:
    calendar = a_calendar(hours=LUNCH)
    instant = datetime.fromisoformat(clock + "+08:00").astimezone(UTC)
    count = a_count(CD, due="same_time", end="roll_forward")
    last = last_day(calendar.day_of(instant) - 3, 3, CD, calendar, count)

    assert calendar.local(due_instant(last, instant, calendar, count)).isoformat()[:16] == due


def test_same_time_keeps_the_time_on_the_wall_across_the_change_to_summer_time() -> None:
    calendar = a_calendar(zone="America/New_York")
    count = a_count(CD, due="same_time", end="keep")
    start = datetime.fromisoformat("2015-03-07T12:30:00.25-05:00").astimezone(UTC)
    due = due_instant(last_day(calendar.day_of(start), 1, CD, calendar, count), start, calendar, count)

    assert calendar.local(due).isoformat() == "2015-03-08T12:30:00.250000-04:00"


def test_a_count_before_the_first_edition_is_refused_only_where_it_needs_the_calendar() -> None:
    calendar = a_calendar(off=("2024-05-01",), first="2024-01-01")

    assert ends("2023-12-20", 5, CD, calendar, end="keep") == "2023-12-25"
    for unit, end in ((WD, "keep"), (CD, "roll_forward")):
        with pytest.raises(Refusal) as refused:
            ends("2023-12-20", 5, unit, calendar, end=end)
        assert refused.value.code == "calendar_unknown"


def test_the_years_of_the_service_are_the_limits_of_every_count() -> None:
    assert ends("1949-01-03", 1, WD) == "1949-01-04"
    assert ends("2199-12-30", 1, WD) == "2199-12-31"
    for unit, amount in ((WD, 10**9), (CD, 10**9), (MONTH, 10**9), (MONTH, -(10**9)), (WD, -(10**9))):
        with pytest.raises(Refusal) as refused:
            ends("2024-05-10", amount, unit)
        assert refused.value.code == "date_out_of_range"


# Working time

HOUR, MINUTE = Unit.WORKING_HOUR, Unit.WORKING_MINUTE


def moment(text_: str) -> datetime:
    """A time on the wall in Shanghai; 2024-05-13 is a Monday."""
    return datetime.fromisoformat(text_).replace(tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


def on_the_wall(instant: datetime) -> str:
    return instant.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%m-%d %H:%M")


def ends_at(begin: str, amount: int, *pauses: tuple[str, str], unit: Unit = HOUR, end: str | None = None) -> str:
    """In office hours with lunch from 12:00 to 13:30."""
    calendar = a_calendar(hours=LUNCH)
    taken_out = merge([(moment(first), moment(last)) for first, last in pauses])
    return on_the_wall(due_in_time(moment(begin), amount, unit, calendar, a_count(unit, end=end), taken_out))


def test_working_time_runs_from_the_moment() -> None:
    assert ends_at("2024-05-13 10:00", 1) == "05-13 11:00"
    assert ends_at("2024-05-13 11:30", 90, unit=MINUTE) == "05-13 14:30"
    assert ends_at("2024-05-17 16:30", 1) == "05-20 09:30"
    assert ends_at("2024-05-18 16:30", 1) == "05-20 10:00"


def test_an_end_outside_the_half_open_hours_moves_only_when_it_is_to_roll() -> None:
    assert ends_at("2024-05-13 10:00", 2) == "05-13 12:00"
    assert ends_at("2024-05-13 10:00", 2, end="roll_forward") == "05-13 13:30"
    assert ends_at("2024-05-13 10:00", 1, end="roll_forward") == "05-13 11:00"


def test_working_time_counts_back_to_the_opening() -> None:
    assert ends_at("2024-05-14 10:00", -1) == "05-14 09:00"
    assert ends_at("2024-05-14 10:00", -2) == "05-13 16:00"
    assert ends_at("2024-05-14 10:00", -2, ("2024-05-13 16:00", "2024-05-14 09:30")) == "05-13 14:30"
    assert ends_at("2024-05-14 10:00", -2, ("2024-05-13 09:00", "2024-05-13 10:00")) == "05-13 16:00"
    assert ends_at("2024-05-14 10:00", -2, ("2024-05-14 09:30", "2024-05-15 09:30")) == "05-13 15:30"


def test_pauses_take_out_working_time_between_their_instants_once() -> None:
    assert ends_at("2024-05-13 10:00", 2, ("2024-05-13 10:30", "2024-05-13 11:00")) == "05-13 14:00"
    overlapping = (("2024-05-13 10:30", "2024-05-13 11:00"), ("2024-05-13 10:45", "2024-05-13 11:30"))
    assert ends_at("2024-05-13 10:00", 2, *overlapping) == "05-13 14:30"
    assert ends_at("2024-05-13 10:00", 2, ("2024-05-13 09:00", "2024-05-13 10:30")) == "05-13 14:00"
    assert ends_at("2024-05-13 10:00", 2, ("2024-05-13 08:00", "2024-05-13 09:30")) == "05-13 12:00"
    assert ends_at("2024-05-13 10:00", 2, ("2024-05-13 10:30", "2024-05-13 10:30")) == "05-13 12:00"


def test_a_pause_that_begins_when_the_time_is_used_up_takes_out_none() -> None:
    assert ends_at("2024-05-13 10:00", 2, ("2024-05-13 12:00", "2024-05-13 15:00")) == "05-13 12:00"
    assert ends_at("2024-05-13 10:00", 2, ("2024-05-13 12:30", "2024-05-13 15:00")) == "05-13 12:00"
    later = (("2024-05-13 11:00", "2024-05-13 11:30"), ("2024-05-13 14:00", "2024-05-13 15:00"))
    assert ends_at("2024-05-13 10:00", 2, *later) == "05-13 14:00"
    assert ends_at("2024-05-13 10:00", 3, *later) == "05-13 16:00"


def test_the_end_of_a_limit_by_the_defaults_of_its_unit() -> None:
    calendar = a_calendar(hours=LUNCH)
    start = moment("2024-05-17 16:00")  # a Friday
    assert on_the_wall(limit_end(start, Limit(1, HOUR), calendar)) == "05-17 17:00"
    assert on_the_wall(limit_end(start, Limit(1, WD), calendar)) == "05-21 00:00"
    assert on_the_wall(limit_end(start, Limit(1, CD), calendar)) == "05-21 00:00"
    assert on_the_wall(limit_end(start, Limit(1, MONTH), calendar)) == "06-18 00:00"
