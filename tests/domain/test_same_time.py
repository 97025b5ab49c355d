"""Ends at the time of day of their start, which move with the opening hours; months at the edges; roots over leaves."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.calendar import Bands, Calendar, WeeklyHours
from app.domain.counting import due_instant, last_day
from app.domain.items import Count, DueTime, EndRule, StartRule
from app.domain.merkle import Leaf, leaf_hash, node, root_of
from app.domain.refusal import Refusal
from tests.builders.domain import CD, MONTH, WD, a_calendar, day, instant, text_of, wall

HALVES: Bands = ((540, 720), (810, 1020))
HOURS: WeeklyHours = (HALVES, HALVES, HALVES, HALVES, HALVES, (), ())
OPEN = a_calendar(hours=HOURS)
"""From 09:00 to 12:00 and from 13:30 to 17:00."""
ROLLS = Count(StartRule.NEXT_DAY, EndRule.ROLL_FORWARD, DueTime.SAME_TIME)
KEEPS = Count(StartRule.NEXT_DAY, EndRule.KEEP, DueTime.SAME_TIME)
PLAIN = Count(StartRule.NEXT_DAY, EndRule.KEEP, DueTime.END_OF_DAY)
COUNTED = Count(StartRule.SAME_DAY, EndRule.KEEP, DueTime.END_OF_DAY)


def ends(last: str, at: str, count: Count = ROLLS, calendar: Calendar = OPEN) -> str | None:
    return wall(due_instant(day(last), instant(f"2025-03-03 {at}"), calendar, count))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("08:00", "2025-03-14 09:00"),
        ("09:00", "2025-03-14 09:00"),
        ("11:59", "2025-03-14 11:59"),
        ("12:00", "2025-03-14 13:30"),
        ("13:00", "2025-03-14 13:30"),
        ("16:59", "2025-03-14 16:59"),
        ("17:00", "2025-03-17 09:00"),
        ("23:00", "2025-03-17 09:00"),
    ],
)
def test_an_end_outside_the_hours_moves_to_the_next_opening(at: str, expected: str) -> None:
    """The last day is Friday 2025-03-14."""
    assert ends("2025-03-14", at) == expected


def test_an_end_that_is_kept_or_has_no_hours_to_move_by_stays_where_it_is() -> None:
    assert ends("2025-03-15", "20:00", KEEPS) == "2025-03-15 20:00"
    assert ends("2025-03-15", "20:00", ROLLS, a_calendar()) == "2025-03-15 20:00"
    assert ends("2025-03-15", "10:00") == "2025-03-17 09:00"


def test_an_end_on_a_working_day_on_which_nothing_opens_moves_on_to_one_that_does() -> None:
    mondays: WeeklyHours = (HALVES, (), (), (), (), (), ())
    assert ends("2025-03-11", "10:00", ROLLS, a_calendar(hours=mondays)) == "2025-03-17 09:00"


def test_where_nothing_opens_within_a_year_the_end_is_refused() -> None:
    sundays: WeeklyHours = ((), (), (), (), (), (), HALVES)  # hours of a rest day alone
    with pytest.raises(Refusal) as refused:
        ends("2025-03-11", "10:00", ROLLS, a_calendar(hours=sundays))
    assert (refused.value.code, refused.value.detail) == (
        "calendar_without_hours",
        "The calendar X@1 does not open within a year of the end.",
    )


def test_an_end_is_told_in_utc_and_across_a_change_to_summer_time_keeps_the_time_on_the_wall() -> None:
    berlin = Calendar("B", 1, ZoneInfo("Europe/Berlin"), days={})
    start = datetime(2025, 3, 28, 9, tzinfo=UTC)  # 10:00 in winter time
    due = due_instant(day("2025-03-31"), start, berlin, KEEPS)
    assert due == datetime(2025, 3, 31, 8, tzinfo=UTC)
    assert due.tzinfo is UTC


# Days taken out around the base


def test_what_is_taken_out_before_the_base_counts_for_nothing_and_what_comes_after_it_does() -> None:
    dates = (("02-24", "02-26"), ("02-27", "03-03"), ("03-04", "03-06"))
    out = tuple((day(f"2025-{begin}"), day(f"2025-{end}")) for begin, end in dates)
    plain = a_calendar()
    assert text_of(last_day(day("2025-03-03"), 5, WD, plain, PLAIN, out)) == "2025-03-12"
    assert text_of(last_day(day("2025-03-03"), 5, CD, plain, PLAIN, out)) == "2025-03-10"
    over = ((day("2025-02-27"), day("2025-03-05")),)
    assert text_of(last_day(day("2025-03-03"), 5, WD, plain, PLAIN, over)) == "2025-03-12"
    assert text_of(last_day(day("2025-03-03"), 5, CD, plain, PLAIN, over)) == "2025-03-10"


def test_one_working_day_whose_first_day_counts_and_none_at_all() -> None:
    plain = a_calendar()
    assert text_of(last_day(day("2025-03-03"), 1, WD, plain, COUNTED)) == "2025-03-03"
    assert text_of(last_day(day("2025-03-03"), 2, WD, plain, COUNTED)) == "2025-03-04"
    assert text_of(last_day(day("2025-03-08"), 0, WD, plain, COUNTED)) == "2025-03-10"
    assert text_of(last_day(day("2025-03-08"), 0, CD, plain, PLAIN)) == "2025-03-08"
    pause = ((day("2025-03-04"), day("2025-03-05")),)
    assert text_of(last_day(day("2025-03-03"), 1, WD, plain, PLAIN, pause)) == "2025-03-04"


@pytest.mark.parametrize("months", [-12 * 3000, 12 * 8000, 12 * 200])
def test_months_that_leave_the_years_of_the_service_are_refused(months: int) -> None:
    with pytest.raises(Refusal) as refused:
        last_day(day("2025-03-03"), months, MONTH, a_calendar(), PLAIN)
    assert refused.value.code == "date_out_of_range"


# Roots


def test_the_root_over_leaves_is_that_of_their_hashes() -> None:
    leaves = [Leaf(f"N{place}", place, bytes([place]) * 32) for place in range(5)]
    one, two, three, four, five = (leaf_hash(leaf) for leaf in leaves)
    assert root_of(leaves[:1]) == one
    assert root_of(leaves) == node(node(node(one, two), node(three, four)), five)
