"""Editions folded into numbered calendars, and layers laid one over another."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from app.domain.calendar import CalendarUnknown, DayRule, WeeklyHours
from app.domain.layers import Edition, EditionDay, Frame, fold, known_by, lay_over

OFFICE: WeeklyHours = (*((((540, 1020),),) * 5), (), ())


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def an_edition(document: str, published: str, to: str | None = None, **days: bool) -> Edition:
    """`d20200131=False`: 31 January 2020 is off."""
    named = [EditionDay(day(f"{name[1:5]}-{name[5:7]}-{name[7:]}"), works, "春节") for name, works in days.items()]
    return Edition(document, day(published), tuple(named), published_to=day(to) if to else None)


FRAME = Frame("CN", ZoneInfo("Asia/Shanghai"), first=day("2020-01-01"), unsettled=3)
YEAR = an_edition("〔2019〕16号", "2019-11-21", "2020-12-31", d20200130=False, d20200201=True)
CHANGE = an_edition("〔2020〕1号", "2020-01-27", d20200131=False, d20200201=False)


def test_of_a_day_that_two_editions_name_the_later_one_speaks() -> None:
    before, after = fold(FRAME, [YEAR]), fold(FRAME, [YEAR, CHANGE])

    assert (before.name, after.name) == ("CN@1", "CN@2")
    assert [before.is_working(day(f"2020-{one}")) for one in ("01-30", "01-31", "02-01")] == [False, True, True]
    assert [after.is_working(day(f"2020-{one}")) for one in ("01-30", "01-31", "02-01")] == [False, False, False]
    assert (after.day(day("2020-01-30")).source, after.day(day("2020-02-01")).source) == ("〔2019〕16号", "〔2020〕1号")


def test_a_change_within_a_year_moves_no_horizon() -> None:
    calendar = fold(FRAME, [YEAR, CHANGE])

    assert calendar.published_to == day("2020-12-31")
    assert [calendar.is_provisional(day(f"2020-12-{one}")) for one in (28, 29)] == [False, True]


def test_editions_are_known_from_the_day_of_their_publication_in_its_order() -> None:
    assert known_by([CHANGE, YEAR], day("2020-01-27")) == (YEAR, CHANGE)
    assert known_by([CHANGE, YEAR], day("2020-01-26")) == (YEAR,)
    assert known_by([CHANGE, YEAR], day("2019-11-20")) == ()


def test_without_an_edition_no_day_is_known() -> None:
    nothing = fold(FRAME, [])

    assert nothing.name == "CN@0"
    with pytest.raises(CalendarUnknown):
        nothing.is_working(day("2024-01-01"))


def test_a_layer_overrides_both_ways_and_its_hours_and_horizon_stand_for_those_below() -> None:
    base = fold(FRAME, [YEAR, CHANGE])
    hall = lay_over(
        base,
        "HALL",
        {day("2020-02-01"): DayRule(True, layer="HALL"), day("2020-02-03"): DayRule(False, layer="HALL")},
        weekly_hours=OFFICE,
        published_to=day("2020-06-30"),
    )

    assert hall.name == "HALL@3"
    assert [hall.is_working(day(f"2020-{one}")) for one in ("01-31", "02-01", "02-03")] == [False, True, False]
    assert hall.hours(day("2020-02-01")) == ((540, 1020),)
    assert (hall.published_to, hall.is_provisional(day("2020-07-01"))) == (day("2020-06-30"), True)
    assert (hall.day(day("2020-02-01")).layer, hall.day(day("2020-01-31")).layer) == ("HALL", "CN")


def test_what_a_layer_leaves_unsaid_stays_as_below() -> None:
    base = fold(FRAME, [YEAR, CHANGE])
    hall = lay_over(base, "HALL", {})

    assert (hall.zone, hall.weekend, hall.weekly_hours) == (base.zone, base.weekend, base.weekly_hours)
    assert (hall.published_to, hall.certain_to, hall.first) == (base.published_to, base.certain_to, base.first)
