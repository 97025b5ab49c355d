"""The count of working days where it begins, where it ends, and around the days that a calendar names."""

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.calendar import FIRST_DAY, LAST_DAY, Bands, Calendar, CalendarUnknown, DayRule, WeeklyHours
from app.domain.counting import due_in_time, last_day, used_days
from app.domain.items import Count, DueTime, EndRule, StartRule
from app.domain.refusal import Refusal
from app.domain.units import Unit
from tests.builders.domain import CD, HOUR, SHANGHAI, WD, a_calendar, day, instant, text_of, wall

OFFICE: Bands = ((540, 1020),)
HOURS: WeeklyHours = (OFFICE, OFFICE, OFFICE, OFFICE, OFFICE, (), ())
EVERY_DAY: frozenset[int] = frozenset()
KEEP = Count(StartRule.NEXT_DAY, EndRule.KEEP, DueTime.END_OF_DAY)
SAME_DAY = Count(StartRule.SAME_DAY, EndRule.KEEP, DueTime.END_OF_DAY)
ONE_OFF = a_calendar(off=("2025-03-05",))
"""Only Wednesday 2025-03-05 is named, as off."""
BARE = Calendar("B", 1, SHANGHAI, days={}, first=day("2025-03-03"))
"""Nothing is named; Monday 2025-03-03 is the first known day."""


def the(text: str) -> int:
    return day(f"2025-{text}")


def words_of(refused: pytest.ExceptionInfo[Refusal]) -> str:
    return refused.value.detail.rpartition("; ")[2]


# Around the named days


def test_zero_working_days_from_a_rest_day_are_the_next_working_day_inside_and_outside_the_named_days() -> None:
    named = a_calendar(off=("2025-03-05", "2025-03-20"))
    assert [text_of(named.nth(the(one), 0)) for one in ("03-05", "03-08", "03-10", "03-22", "03-01")] == [
        "2025-03-06",
        "2025-03-10",
        "2025-03-10",
        "2025-03-24",
        "2025-03-03",
    ]


def test_counting_back_over_a_named_day_off_passes_it() -> None:
    assert text_of(ONE_OFF.nth(the("03-06"), -1)) == "2025-03-04"
    assert text_of(ONE_OFF.nth(the("03-07"), -2)) == "2025-03-04"


def test_counting_on_far_past_the_named_days_goes_by_the_week() -> None:
    assert text_of(ONE_OFF.nth(the("03-28"), 10)) == "2025-04-11"
    assert text_of(ONE_OFF.nth(the("03-04"), 10)) == "2025-03-19"
    assert ONE_OFF.working_between(the("03-04"), the("03-19")) == 10
    assert ONE_OFF.working_between(the("03-05"), the("03-05")) == 0
    assert ONE_OFF.working_between(the("03-04"), the("03-05")) == 0


def test_without_any_named_day_the_week_alone_decides_from_the_first_day_of_all() -> None:
    plain = Calendar("X", 1, SHANGHAI, days={})
    assert (plain.is_working(1), plain.working_between(1, 8), plain.nth(1, 1)) == (True, 5, 2)


def test_a_calendar_keeps_its_code_and_is_certain_as_far_as_it_is_published() -> None:
    calendar = Calendar("X", 1, SHANGHAI, days={}, published_to=the("12-31"))
    assert (calendar.code, calendar.certain_to) == ("X", the("12-31"))
    assert [calendar.is_provisional(the("12-31") + one) for one in (0, 1)] == [False, True]


# The first known day


def test_the_first_known_day_is_counted_and_the_day_before_it_is_refused() -> None:
    first = the("03-03")
    assert BARE.is_working(first)
    assert (BARE.next_working(first), BARE.nth(first, 0), BARE.nth(first + 1, -1)) == (first, first, first)
    assert BARE.working_between(first - 1, first + 1) == 2
    assert BARE.nth(first - 1, 1) == first


@pytest.mark.parametrize(
    ("count", "needed"),
    [
        (lambda: BARE.is_working(the("03-02")), "2025-03-02"),
        (lambda: BARE.nth(the("02-28"), 1), "2025-03-01"),
        (lambda: BARE.nth(the("03-03"), -1), "2025-03-02"),
        (lambda: BARE.nth(the("03-04"), -2), "2025-02-28"),
        (lambda: BARE.working_between(the("03-01"), the("03-10")), "2025-03-02"),
        (lambda: BARE.next_working(the("03-02")), "2025-03-02"),
    ],
)
def test_a_count_that_needs_an_unknown_day_names_the_first_that_it_needs(count: object, needed: str) -> None:
    with pytest.raises(CalendarUnknown) as refused:
        count()  # type: ignore[operator]
    assert words_of(refused) == f"this count needs {needed}."


def test_a_named_day_before_the_first_known_one_is_as_unknown_as_the_others() -> None:
    days = {the("02-28"): DayRule(False), the("03-05"): DayRule(False)}
    calendar = Calendar("B", 1, SHANGHAI, days=days, first=the("03-03"))
    with pytest.raises(CalendarUnknown):
        calendar.is_working(the("02-28"))
    assert calendar.is_working(the("03-04"))


# The years of the service


def test_the_last_day_of_2199_and_the_first_of_1949_can_still_be_reached() -> None:
    late = Calendar("X", 1, SHANGHAI, days={LAST_DAY: DayRule(True)}, weekend=EVERY_DAY)
    plain = Calendar("X", 1, SHANGHAI, days={}, weekend=EVERY_DAY)
    assert (late.nth(LAST_DAY - 1, 1), plain.nth(LAST_DAY - 1, 1)) == (LAST_DAY, LAST_DAY)
    assert plain.nth(FIRST_DAY + 1, -1) == FIRST_DAY
    assert last_day(LAST_DAY - 1, 1, CD, plain, KEEP) == LAST_DAY
    assert last_day(FIRST_DAY + 1, -1, CD, plain, KEEP) == FIRST_DAY
    for start, amount in ((LAST_DAY, 1), (FIRST_DAY, -1)):
        with pytest.raises(Refusal) as refused:
            last_day(start, amount, CD, plain, KEEP)
        assert (refused.value.code, refused.value.detail) == (
            "date_out_of_range",
            "The end of the limit lies outside the years 1949 to 2199.",
        )


def test_where_no_day_is_worked_the_refusal_names_the_calendar() -> None:
    with pytest.raises(Refusal) as refused:
        Calendar("X", 3, SHANGHAI, days={}, weekend=frozenset(range(1, 8))).nth(the("03-03"), 1)
    assert (refused.value.code, refused.value.detail) == (
        "calendar_without_working_days",
        "The calendar X@3 has no working day there.",
    )


# Hours


def test_a_make_up_day_of_a_calendar_without_hours_has_none() -> None:
    assert a_calendar(worked=("2025-03-08",)).hours(the("03-08")) == ()


def test_the_hours_of_a_first_known_day_that_is_named_count() -> None:
    days = {the("03-03"): DayRule(True, hours=((540, 600),))}
    calendar = Calendar("B", 1, SHANGHAI, days=days, weekly_hours=HOURS, first=the("03-03"))
    assert wall(calendar.working_time.later(instant("2025-03-03 09:00"), 2 * 3_600_000_000)) == "2025-03-04 10:00"


@pytest.mark.parametrize(
    ("calendar", "code", "words"),
    [
        (
            Calendar("X", 3, SHANGHAI, days={}),
            "calendar_without_hours",
            "The limit is in working time, but the calendar X@3 has no hours.",
        ),
        (
            Calendar("X", 3, SHANGHAI, days={}, weekly_hours=((), (), (), (), (), OFFICE, OFFICE)),
            "calendar_without_working_days",
            "The calendar X@3 has no working time at all.",
        ),
    ],
)
def test_a_calendar_without_working_time_says_so(calendar: Calendar, code: str, words: str) -> None:
    with pytest.raises(Refusal) as refused:
        _ = calendar.working_time
    assert (refused.value.code, refused.value.detail) == (code, words)


def test_working_time_that_ends_with_the_named_days_says_which_calendar_has_none() -> None:
    days = {the("03-03"): DayRule(True, hours=OFFICE)}
    calendar = Calendar("X", 3, SHANGHAI, days=days, weekend=frozenset(range(1, 8)))
    with pytest.raises(Refusal) as refused:
        calendar.working_time.later(instant("2025-03-03 09:00"), 9 * 3_600_000_000)
    assert refused.value.detail == "The calendar X@3 has no working time there."


# Days and instants


def test_a_midnight_belongs_to_the_day_that_it_begins_also_west_of_greenwich() -> None:
    new_york = Calendar("N", 1, ZoneInfo("America/New_York"), days={})
    midnight = datetime(2025, 3, 3, 5, tzinfo=UTC)
    assert (new_york.midnight(the("03-03")), text_of(new_york.day_of(midnight))) == (midnight, "2025-03-03")


def test_the_day_of_an_instant_is_the_same_in_whatever_zone_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """03-03 00:30 on Kiritimati is 03-01 22:30 on Baker Island, 26 hours behind, wherever the server stands."""
    baker = Calendar("W", 1, ZoneInfo("Etc/GMT+12"), days={})
    said = datetime(2025, 3, 3, 0, 30, tzinfo=ZoneInfo("Pacific/Kiritimati"))
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        assert text_of(baker.day_of(said)) == text_of(baker.day_of(said.astimezone(UTC))) == "2025-03-01"
        opening = baker.at_minute(the("03-03"), 540)
        assert opening == datetime(2025, 3, 3, 21, tzinfo=UTC)
        assert opening.tzinfo is UTC
    finally:
        monkeypatch.undo()
        time.tzset()


# Used days and counting back


def test_with_the_start_day_as_day_one_it_is_used_on_that_day() -> None:
    plain = a_calendar()
    assert [used_days(the("03-03"), the(one), WD, plain, SAME_DAY) for one in ("03-02", "03-03", "03-05")] == [0, 1, 3]
    assert [used_days(the("03-05"), the(one), WD, plain, SAME_DAY) for one in ("03-04", "03-05", "03-06")] == [0, 1, 2]
    assert [used_days(the("03-03"), the(one), WD, plain, KEEP) for one in ("03-03", "03-04", "03-05")] == [0, 1, 2]


def test_counting_back_in_hours_only_pauses_between_the_end_and_the_start_take_time_out() -> None:
    calendar = a_calendar(hours=HOURS)

    def back(*taken_out: tuple[str, str]) -> str | None:
        out = tuple((instant(f"2025-03-03 {begin}"), instant(f"2025-03-03 {end}")) for begin, end in taken_out)
        return wall(due_in_time(instant("2025-03-03 12:00"), -2, HOUR, calendar, KEEP, out))

    assert back() == "2025-03-03 10:00"
    assert back(("09:00", "10:00")) == "2025-03-03 10:00"
    assert back(("13:00", "14:00")) == "2025-03-03 10:00"
    assert back(("10:30", "11:00")) == "2025-03-03 09:30"
    assert back(("11:30", "12:30")) == "2025-03-03 09:30"


def test_counting_back_in_days_what_was_taken_out_moves_the_first_day_further_back() -> None:
    """Ten working days before Monday the 31st: the 17th; two of them taken out: the 13th."""
    plain = a_calendar()

    def back(amount: int, *taken_out: tuple[str, str], unit: Unit = WD, count: Count = KEEP) -> str | None:
        out = tuple((the(begin), the(end)) for begin, end in taken_out)
        return text_of(last_day(the("03-31"), -amount, unit, plain, count, out))

    assert back(10) == "2025-03-17"
    assert back(10, ("03-18", "03-20")) == "2025-03-13"
    assert back(10, ("03-11", "03-13"), ("03-18", "03-20")) == "2025-03-11"
    assert back(10, ("03-10", "03-12"), ("03-18", "03-20")) == "2025-03-13"
    assert back(10, ("03-26", "04-02")) == "2025-03-13"
    assert back(10, ("03-31", "04-02")) == "2025-03-17"
    assert back(10, ("03-30", "04-02")) == "2025-03-17"
    assert back(10, unit=CD) == "2025-03-21"
    assert back(10, ("03-24", "03-26"), unit=CD) == "2025-03-19"
    assert back(10, ("03-27", "04-02"), unit=CD) == "2025-03-18"
    assert back(10, ("03-10", "03-20"), unit=CD) == "2025-03-21"
    assert back(10, count=SAME_DAY) == "2025-03-18"
    assert back(10, unit=CD, count=SAME_DAY) == "2025-03-22"
