"""One day as a calendar tells it, a calendar in another process, and what an edition or a layer leaves unsaid."""

import pickle
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.calendar import LAST_DAY, Bands, Calendar, CalendarDay, CalendarUnknown, DayRule, WeeklyHours
from app.domain.layers import Edition, EditionDay, Frame, fold, lay_over
from app.domain.refusal import Refusal

SHANGHAI = ZoneInfo("Asia/Shanghai")
URUMQI = ZoneInfo("Asia/Urumqi")
MORNING: Bands = ((540, 720),)
OFFICE: Bands = ((540, 1020),)
HOURS: WeeklyHours = (OFFICE, OFFICE, OFFICE, OFFICE, OFFICE, (), ())
MORNINGS: WeeklyHours = (MORNING, MORNING, MORNING, MORNING, MORNING, MORNING, ())
SUNDAYS = frozenset({7})


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def a_calendar() -> Calendar:
    """Known from Monday 2025-03-03 on; Wednesday the 5th is off, Saturday the 8th worked."""
    days = {
        day("2025-03-05"): DayRule(False, "节日", "通知一", "CN"),
        day("2025-03-08"): DayRule(True, "调休", "通知二", "CN", MORNING),
    }
    return Calendar(
        "CN",
        2,
        SHANGHAI,
        days=days,
        weekly_hours=HOURS,
        published_to=day("2025-03-31"),
        certain_to=day("2025-03-28"),
        first=day("2025-03-03"),
    )


def test_a_day_before_the_first_known_one_is_told_as_unknown() -> None:
    assert a_calendar().day(day("2025-03-02")) == CalendarDay(date(2025, 3, 2), None, None, None, "unknown", (), "")


def test_the_first_known_day_is_told() -> None:
    assert a_calendar().day(day("2025-03-03")) == CalendarDay(date(2025, 3, 3), True, None, None, "certain", OFFICE, "")


def test_a_named_day_is_told_with_its_name_its_notice_its_layer_and_its_hours() -> None:
    calendar = a_calendar()
    assert calendar.day(day("2025-03-05")) == CalendarDay(
        date(2025, 3, 5), False, "节日", "通知一", "certain", (), "CN"
    )
    assert calendar.day(day("2025-03-08")) == CalendarDay(
        date(2025, 3, 8), True, "调休", "通知二", "certain", MORNING, "CN"
    )
    assert calendar.day(day("2025-03-31")) == CalendarDay(
        date(2025, 3, 31), True, None, None, "provisional", OFFICE, ""
    )


def test_a_calendar_arrives_whole_in_another_process() -> None:
    before = Calendar(
        "HALL",
        3,
        URUMQI,
        days={day("2025-03-05"): DayRule(False, "节日")},
        weekend=SUNDAYS,
        weekly_hours=MORNINGS,
        published_to=day("2025-12-31"),
        certain_to=day("2025-12-28"),
        first=day("2025-01-01"),
        name="HALL@3+",
    )
    after: Calendar = pickle.loads(pickle.dumps(before))  # noqa: S301  made on the line itself
    assert (after.code, after.number, after.name, after.zone) == ("HALL", 3, "HALL@3+", URUMQI)
    assert (after.weekend, after.weekly_hours) == (SUNDAYS, MORNINGS)
    assert (after.published_to, after.certain_to, after.first) == (
        day("2025-12-31"),
        day("2025-12-28"),
        day("2025-01-01"),
    )
    assert dict(after.days) == {day("2025-03-05"): DayRule(False, "节日")}


def test_a_midnight_is_that_of_the_zone_told_in_utc() -> None:
    kathmandu = Calendar("N", 1, ZoneInfo("Asia/Kathmandu"), days={})  # 5 hours and 45 minutes ahead
    midnight = kathmandu.midnight(day("2025-03-03"))
    assert midnight == datetime(2025, 3, 2, 18, 15, tzinfo=UTC)
    assert midnight.tzinfo is UTC


@pytest.mark.parametrize(
    ("start", "n", "words"),
    [
        (date.max.toordinal(), 1, "1 working days from 9999-12-31."),
        (date.max.toordinal() + 1, 1, "1 working days from a day past all calendars."),
        (1, -1, "-1 working days from 0001-01-01."),
        (0, -1, "-1 working days from a day past all calendars."),
    ],
)
def test_a_count_that_leaves_all_years_says_from_where(start: int, n: int, words: str) -> None:
    with pytest.raises(Refusal) as refused:
        Calendar("X", 1, SHANGHAI, days={}).nth(start, n)
    assert refused.value.code == "date_out_of_range"
    assert refused.value.detail == f"The count leaves the years 1949 to 2199: {words}"


def test_a_count_that_needs_an_unknown_day_names_it_and_the_first_known_one() -> None:
    with pytest.raises(CalendarUnknown) as refused:
        a_calendar().is_working(day("2025-03-01"))
    assert refused.value.code == "calendar_unknown"
    assert refused.value.detail == ("The calendar CN@2 knows no day before 2025-03-03; this count needs 2025-03-01.")


# Editions and layers

FRAME = Frame("CN", SHANGHAI, weekly_hours=HOURS, first=day("2025-01-01"), unsettled=3)


def an_edition(document: str, number: int, *days: EditionDay, to: str | None = None) -> Edition:
    return Edition(document, day("2024-11-12"), days, published_to=day(to) if to else None, number=number)


def test_an_edition_that_another_supersedes_says_nothing_and_those_around_it_do() -> None:
    first = an_edition("一", 1, EditionDay(day("2025-03-03"), False, "甲"), to="2025-12-31")
    second = an_edition("二", 2, EditionDay(day("2025-03-04"), False, "乙"), to="2026-12-31")
    third = Edition("三", day("2025-01-01"), (EditionDay(day("2025-03-05"), False, "丙"),), number=3, supersedes=2)
    calendar = fold(FRAME, [first, second, third])

    assert [calendar.is_working(day(f"2025-03-0{one}")) for one in (3, 4, 5)] == [False, True, False]
    assert (calendar.name, calendar.published_to) == ("CN@3", day("2025-12-31"))
    assert calendar.certain_to == day("2025-12-28")


def test_a_day_of_an_edition_keeps_its_name_its_notice_its_layer_and_its_hours() -> None:
    calendar = fold(FRAME, [an_edition("一", 1, EditionDay(day("2025-03-08"), True, "调休", MORNING), to="2025-12-31")])
    assert calendar.day(day("2025-03-08")) == CalendarDay(
        date(2025, 3, 8), True, "调休", "一", "certain", MORNING, "CN"
    )


def test_week_hours_and_zone_stand_from_the_edition_that_states_them() -> None:
    plain = an_edition("一", 1, to="2025-12-31")
    stating = Edition("二", day("2025-01-01"), (), number=2, weekend=SUNDAYS, weekly_hours=MORNINGS, zone=URUMQI)
    silent = an_edition("三", 3)
    before, after = fold(FRAME, [plain]), fold(FRAME, [plain, stating, silent])

    assert (before.zone, before.weekend, before.weekly_hours) == (SHANGHAI, frozenset({6, 7}), HOURS)
    assert (after.zone, after.weekend, after.weekly_hours) == (URUMQI, SUNDAYS, MORNINGS)
    assert (after.first, after.number) == (day("2025-01-01"), 3)


def test_editions_over_a_base_override_its_days_and_leave_the_rest_as_it_is() -> None:
    base = a_calendar()
    frame = Frame("CN-45", URUMQI, weekend=SUNDAYS, weekly_hours=MORNINGS, first=day("2024-01-01"), unsettled=9)
    silent = fold(frame, [an_edition("区一", 1, EditionDay(day("2025-03-05"), True, "州"))], base=base, name="CN-45@x")

    assert (silent.code, silent.number, silent.name) == ("CN-45", 3, "CN-45@x")
    assert (silent.zone, silent.weekend, silent.weekly_hours) == (URUMQI, SUNDAYS, MORNINGS)
    assert (silent.first, silent.published_to, silent.certain_to) == (
        day("2025-03-03"),
        day("2025-03-31"),
        day("2025-03-28"),
    )
    assert (silent.day(day("2025-03-05")).source, silent.day(day("2025-03-05")).layer) == ("区一", "CN-45")
    assert (silent.day(day("2025-03-08")).source, silent.day(day("2025-03-08")).layer) == ("通知二", "CN")

    stating = fold(frame, [an_edition("区一", 1, to="2025-06-30")], base=base)
    assert (stating.published_to, stating.certain_to) == (day("2025-06-30"), day("2025-06-21"))


def test_without_an_edition_not_even_the_last_day_is_known() -> None:
    nothing = fold(FRAME, [])
    assert nothing.first == LAST_DAY + 1
    with pytest.raises(CalendarUnknown):
        nothing.is_working(LAST_DAY)


def test_a_layer_states_its_own_zone_and_week() -> None:
    hall = lay_over(a_calendar(), "HALL", {}, zone=URUMQI, weekend=SUNDAYS)
    assert (hall.zone, hall.weekend, hall.weekly_hours) == (URUMQI, SUNDAYS, HOURS)
