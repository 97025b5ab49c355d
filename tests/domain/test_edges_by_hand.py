"""Edges of the law that nothing else meets: one instant more or less, worked out by hand."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.calendar import Calendar, DayRule, WeeklyHours
from app.domain.corrections import amended, history_of, recomputed, records_of
from app.domain.folds import Recomputation
from app.domain.forecast import forecast
from app.domain.items import DEFAULT_WARN, OnExpiry, Party, Warn, WarnKind
from app.domain.refusal import Refusal
from app.domain.rungs import Rungs, crossings, place_rungs
from app.domain.silence import Deemed
from app.domain.steps import Amendment, Dossier
from app.domain.units import Limit
from tests.builders.domain import CD, WD, History, a_calendar, a_clock, a_history, an_item, day, instant

ALWAYS: WeeklyHours = (((0, 1440),),) * 7
OFFICE: WeeklyHours = (*((((540, 720), (810, 1020)),) * 5), (), ())
BEIRUT, BERLIN = ZoneInfo("Asia/Beirut"), ZoneInfo("Europe/Berlin")
HOUR = 3_600_000_000
MOMENT = timedelta(microseconds=1)


# Working time


@pytest.fixture
def in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine stands in another zone than UTC."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_new_york")
def test_an_instant_is_the_same_in_whatever_zone_it_is_told() -> None:
    working_time = a_calendar(hours=OFFICE).working_time
    begin, end = instant("2025-03-10 09:00"), instant("2025-03-10 11:00")
    assert working_time.elapsed(end.astimezone(BERLIN)) - working_time.elapsed(begin) == 2 * HOUR
    assert working_time.elapsed(end) - working_time.elapsed(begin.astimezone(BERLIN)) == 2 * HOUR


def test_days_that_are_named_a_year_apart_are_counted_with_all_that_lies_between() -> None:
    calendar = a_calendar(off=("2025-01-01", "2026-01-01"), hours=OFFICE)
    elapsed = calendar.working_time.elapsed
    assert elapsed(instant("2026-01-03 00:00")) - elapsed(instant("2026-01-01 00:00")) == 6.5 * HOUR  # the 2nd alone
    assert elapsed(instant("2025-12-31 00:00")) - elapsed(instant("2025-12-24 00:00")) == 5 * 6.5 * HOUR


def test_the_last_microsecond_before_closing_ends_at_closing_time() -> None:
    closing = instant("2025-03-10 12:00")
    assert a_calendar(hours=OFFICE).working_time.later(closing - MOMENT, 1) == closing


def a_beirut_calendar(first: str) -> Calendar:
    """Worked day and night; days before the first are unknown."""
    begins = day(first)
    return Calendar(
        "B", 1, BEIRUT, days={begins: DayRule(True)}, weekly_hours=ALWAYS, weekend=frozenset(), first=begins
    )


def test_what_closes_when_summer_time_begins_at_midnight_lies_on_the_day_before() -> None:
    working_time = a_beirut_calendar("2024-03-31").working_time
    begin = datetime(2024, 3, 31, 1, tzinfo=BEIRUT)  # the first instant of that day: there is no 00:00
    assert working_time.goes_on_at(working_time.elapsed(begin)) == begin
    with pytest.raises(Refusal):
        working_time.instant_at(working_time.elapsed(begin))  # the midnight with which the unknown day ends


def test_walking_back_to_the_hour_that_comes_twice_is_walking_into_the_day_before() -> None:
    working_time = a_beirut_calendar("2024-10-27").working_time
    at = datetime(2024, 10, 27, 1, tzinfo=BEIRUT).astimezone(UTC)
    assert working_time.later(at, -HOUR) == at - timedelta(hours=1)
    with pytest.raises(Refusal):
        working_time.later(at, -2 * HOUR)  # 23:00 of the 26th, for the second time


# Rungs


def before(amount: int, unit: str = "working_day") -> Warn:
    return Warn(WarnKind.BEFORE, Limit(amount, CD if unit == "calendar_day" else WD))


def placed(calendar: Calendar, due_on: str, due_at: datetime, *warn: Warn) -> Rungs:
    """The rungs of a clock that has run for long."""
    return place_rungs(
        warn,
        calendar,
        day(due_on),
        due_at,
        started_at=due_at - timedelta(days=30),
        share_at=lambda _: None,
    )


def test_a_clock_without_rungs_of_its_own_that_is_due_inside_a_day_warns_at_that_time_of_day() -> None:
    due_at = instant("2025-03-14 15:00")
    placed_ = place_rungs(
        DEFAULT_WARN,
        a_calendar(),
        day("2025-03-14"),
        due_at,
        started_at=instant("2025-03-10"),
        share_at=lambda _: None,
    )
    assert placed_[2] == instant("2025-03-13 15:00")


def test_yellow_begins_with_the_earliest_rung_wherever_it_is_named() -> None:
    calendar = a_calendar()
    due_at = calendar.midnight(day("2025-03-15"))
    assert placed(calendar, "2025-03-14", due_at, before(3), before(1))[2] == instant("2025-03-11 00:00")


def test_a_rung_at_a_time_that_comes_twice_is_reached_at_the_first() -> None:
    calendar = Calendar("X", 1, BERLIN, days={})
    due_at = datetime(2025, 10, 27, 2, 30, tzinfo=BERLIN).astimezone(UTC)
    assert placed(calendar, "2025-10-27", due_at, before(1, "calendar_day"))[2] == datetime(
        2025, 10, 26, 0, 30, tzinfo=UTC
    )


def test_a_rung_of_whole_days_begins_at_midnight_though_the_due_day_ends_where_there_is_none() -> None:
    calendar = Calendar("X", 1, BEIRUT, days={})
    due_at = calendar.midnight(day("2024-03-31"))  # 01:00: the clocks go on from 24:00 of the 30th
    assert placed(calendar, "2024-03-30", due_at, before(1, "calendar_day"))[2] == datetime(
        2024, 3, 29, tzinfo=BEIRUT
    ).astimezone(UTC)


def test_the_effect_of_silence_is_crossed_in_place_of_the_due_instant() -> None:
    history = a_history(an_item(a_clock("promise", 4)), a_calendar()).received("2025-03-10").accepted("2025-03-10")
    looked = forecast(history.dossier)
    due_at = instant("2025-03-15 00:00")
    effect = OnExpiry.DEEMED_APPROVED
    deemed = Deemed("promise", effect, due_at, day("2025-03-14"), None, Party.AGENCY, 1)
    found = crossings(looked._replace(deemed=(deemed,)), None)
    assert [(one.kind, one.rung, one.crossed_at) for one in found] == [
        ("warning", 1, instant("2025-03-13 00:00")),
        ("deemed", 0, due_at),
    ]


# The record, time after time


def on_record(dossier: Dossier) -> list[tuple[int, datetime]]:
    """How many records each state has, and the latest instant on record by then."""
    return [(len(records_of(known)), latest) for known, latest in history_of(dossier)]


def a_received_one() -> History:
    history = a_history(an_item(a_clock("statutory", 10)), a_calendar())
    return history.received("2025-03-03").accepted("2025-03-04").extended("2025-03-04", 2)


def test_what_is_recorded_in_legal_order_is_one_run_with_all_of_one_instant() -> None:
    assert on_record(a_received_one().dossier) == [(3, instant("2025-03-04"))]


def test_what_goes_back_ends_the_run_before_it_and_what_goes_on_after_it_begins_another() -> None:
    history = a_received_one().step("pause", "2025-03-03 10:00", ground="hearing").extended("2025-03-05", 1)
    assert on_record(history.extended("2025-03-06", 1).dossier) == [
        (3, instant("2025-03-04")),
        (4, instant("2025-03-04")),
        (6, instant("2025-03-06")),
    ]


def an_edition(at: str, seq: int) -> Recomputation:
    calendar = Calendar("X", 2, a_calendar().zone, days={date(2025, 3, 7).toordinal(): DayRule(False)})
    return Recomputation(at=instant(at), seq=seq, recorded_at=instant(at), calendar=calendar)


def test_an_edition_published_at_the_latest_instant_on_record_goes_back() -> None:
    dossier = recomputed(a_received_one().dossier, an_edition("2025-03-04", 4))
    assert on_record(dossier) == [(3, instant("2025-03-04")), (4, instant("2025-03-04"))]


def test_an_edition_published_later_goes_on() -> None:
    dossier = recomputed(a_received_one().dossier, an_edition("2025-03-05", 4))
    assert on_record(dossier) == [(4, instant("2025-03-05"))]


def test_an_amendment_goes_back_and_moves_the_latest_instant_with_the_step_that_it_moves() -> None:
    history = a_received_one()
    moved = history.next_step("extend", "2025-03-06", clock="statutory", amount=2)
    amendment = Amendment(of=3, step=moved, seq=4, recorded_at=instant("2025-03-07"))
    assert on_record(amended(history.dossier, amendment)) == [(3, instant("2025-03-04")), (4, instant("2025-03-06"))]
