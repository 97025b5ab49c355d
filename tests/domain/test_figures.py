"""What a clock shows: used, left, overdue, its light, and when the next figure changes; in days and in working time."""

from datetime import timedelta

from app.domain.calendar import Bands, WeeklyHours
from app.domain.clocks import Clock, Figures, figures, months_in_days, next_turn, not_started, overdue_units, read
from app.domain.items import ClockRule, Count, Party
from app.domain.lights import Light
from app.domain.spans import ClockState, Span, Warning_
from app.domain.units import Limit, Unit
from tests.builders.domain import CD, HOUR, MONTH, WD, a_calendar, day, instant, wall

OFFICE: Bands = ((540, 1020),)
HOURS: WeeklyHours = (OFFICE, OFFICE, OFFICE, OFFICE, OFFICE, (), ())
CALENDAR = a_calendar(hours=HOURS)
RUNNING, PAUSED, MET, MISSED = ClockState.RUNNING, ClockState.PAUSED, ClockState.MET, ClockState.MISSED
START = day("2025-03-03")
DUE = "2025-03-14"
"""A Friday: nine working days after Monday 2025-03-03, eleven calendar days."""


def shown(
    at: str,
    state: ClockState = RUNNING,
    *,
    unit: Unit | None = WD,
    total: int | None = 9,
    used: int = 0,
    counts_from: int = START,
    due: str | None = DUE,
    yellow: str | None = "2025-03-13 00:00",
) -> Figures:
    moment = instant(at)
    due_at = None if due is None else CALENDAR.midnight(day(due) + 1)
    return figures(
        CALENDAR, state, unit, total, counts_from, used, None if due is None else day(due), due_at,
        None if yellow is None else instant(yellow), moment, CALENDAR.day_of(moment),
    )  # fmt: skip


# Limits in days


def test_a_running_clock_is_green_until_its_warning_yellow_until_its_end_and_then_red() -> None:
    end = instant("2025-03-15 00:00")
    assert shown("2025-03-03 09:00") == (Light.GREEN, 0, 9, 0, None)
    assert shown("2025-03-12 23:59") == (Light.GREEN, 7, 2, 0, None)
    assert shown("2025-03-13 00:00") == (Light.YELLOW, 8, 1, 0, None)
    assert shown("2025-03-14 23:59") == (Light.YELLOW, 9, 0, 0, None)
    assert shown("2025-03-15 00:00") == (Light.RED, 9, 0, 0, end)
    assert shown("2025-03-17 00:00") == (Light.RED, 10, 0, 1, end)
    assert shown("2025-03-13 12:00", yellow=None) == (Light.GREEN, 8, 1, 0, None)


def test_what_was_used_before_is_added_and_what_is_left_never_reaches_past_the_due_day() -> None:
    assert shown("2025-03-05", used=2, counts_from=day("2025-03-04"))[1:3] == (3, 6)
    assert shown("2025-03-05", total=20)[1:3] == (2, 7)  # capped: seven working days until the due day
    assert shown("2025-03-05", total=None)[1:3] == (2, 7)
    assert shown("2025-03-14", used=3)[1:3] == (12, 0)


def test_calendar_days_count_rest_days_too() -> None:
    assert shown("2025-03-10", unit=CD, total=11) == (Light.GREEN, 7, 4, 0, None)
    assert shown("2025-03-17", unit=CD, total=11)[1:4] == (14, 0, 3)


def test_a_paused_clock_shows_what_is_used_and_what_is_left_of_the_limit() -> None:
    assert shown("2025-03-10", PAUSED, used=4, due=None) == (None, 4, 5, 0, None)
    assert shown("2025-03-10", PAUSED, used=12, due=None) == (None, 12, 0, 0, None)
    assert shown("2025-03-10", PAUSED, used=4, due=None, total=None) == (None, 4, None, 0, None)
    at = instant("2025-03-10")
    assert figures(CALENDAR, PAUSED, WD, 9, START, 4, day(DUE), None, None, at, CALENDAR.day_of(at)) == (
        None, 4, 5, 0, None,
    )  # fmt: skip


def test_a_missed_clock_keeps_by_how_much_it_was_late_in_its_own_unit() -> None:
    end = instant("2025-03-15 00:00")
    assert shown("2025-03-15 00:00", MISSED, used=9) == (None, 9, 0, 0, end)
    assert shown("2025-03-18 09:00", MISSED, used=11) == (None, 11, 0, 2, end)
    assert shown("2025-03-18 09:00", MISSED, used=15, unit=CD) == (None, 15, 0, 4, end)


def test_a_clock_that_was_met_shows_no_light_and_what_was_left() -> None:
    assert shown("2025-03-12 09:00", MET, used=7) == (None, 7, 2, 0, None)
    assert shown("2025-03-12 09:00", MET, used=9) == (None, 9, 0, 0, None)


# Limits in working time: eight hours a day from 09:00 to 17:00


def hour(amount: int) -> int:
    """The place so many working hours after Monday 2025-03-03, 09:00."""
    return CALENDAR.working_time.elapsed(instant("2025-03-03 09:00")) + amount * 3_600_000_000


def shown_in_hours(
    at: str,
    state: ClockState = RUNNING,
    *,
    total: int | None = 10,
    used: int = 0,
    due: str | None = "2025-03-04 11:00",
    counts_from: int = 0,
    yellow: str | None = "2025-03-04 09:00",
) -> Figures:
    moment = instant(at)
    due_at = None if due is None else instant(due)
    return figures(
        CALENDAR, state, HOUR, total, hour(counts_from), used * 60_000_000, None, due_at,
        None if yellow is None else instant(yellow), moment, CALENDAR.day_of(moment),
    )  # fmt: skip


def test_of_a_limit_in_hours_whole_hours_are_used_and_what_is_left_is_rounded_up() -> None:
    assert shown_in_hours("2025-03-03 09:00") == (Light.GREEN, 0, 10, 0, None)
    assert shown_in_hours("2025-03-03 11:30") == (Light.GREEN, 2, 8, 0, None)
    assert shown_in_hours("2025-03-04 09:00") == (Light.YELLOW, 8, 2, 0, None)
    assert shown_in_hours("2025-03-04 09:00", yellow=None) == (Light.GREEN, 8, 2, 0, None)
    assert shown_in_hours("2025-03-04 11:00") == (Light.RED, 10, 0, 0, instant("2025-03-04 11:00"))
    assert shown_in_hours("2025-03-04 13:30") == (Light.RED, 12, 0, 2, instant("2025-03-04 11:00"))


def test_before_its_opening_a_clock_in_hours_has_used_nothing() -> None:
    assert shown_in_hours("2025-03-03 09:00", counts_from=1, used=0)[1] == 0
    assert shown_in_hours("2025-03-03 09:00", counts_from=1, used=59)[1] == 0


def test_a_capped_limit_in_hours_leaves_no_more_than_lies_before_its_end() -> None:
    assert shown_in_hours("2025-03-04 09:00", total=20)[2] == 2
    assert shown_in_hours("2025-03-04 09:30", total=20)[2] == 2
    assert shown_in_hours("2025-03-04 09:30", total=None)[2] == 1  # of an end fixed by hand the whole hours until it
    assert shown_in_hours("2025-03-03 09:00", total=10, used=60)[1:3] == (1, 9)


def test_a_paused_or_stopped_limit_in_hours() -> None:
    assert shown_in_hours("2025-03-04 09:00", PAUSED, used=150, due=None) == (None, 2, 8, 0, None)
    assert shown_in_hours("2025-03-04 09:00", PAUSED, used=660, due=None) == (None, 11, 0, 0, None)
    assert shown_in_hours("2025-03-04 09:00", PAUSED, used=150, due=None, total=None) == (None, 2, None, 0, None)
    assert shown_in_hours("2025-03-04 13:30", MISSED, used=750) == (None, 12, 0, 2, instant("2025-03-04 11:00"))
    assert shown_in_hours("2025-03-04 09:00", MET, used=480) == (None, 8, 2, 0, None)


# A span read at an instant


def a_span(**said: object) -> Span:
    span = Span(
        clock="promise",
        stage="review",
        round=2,
        from_at=instant("2025-03-03"),
        to_at=None,
        state=RUNNING,
        party=Party.AGENCY,
        limit=Limit(10, HOUR),
        extended=3,
        total=10,
        started_on=START,
        started_at=instant("2025-03-03"),
        counts_from=hour(2),
        used_before=20 * 60_000_000,
        due_on=day("2025-03-04"),
        due_at=instant("2025-03-04 11:15"),
        latest_due_on=None,
        yellow_at=None,
        warnings=(Warning_(1, instant("2025-03-04 09:00")),),
        after=(),
        stopped_at=None,
        provisional=True,
        fixed=False,
        calendar="X@1",
        revision=4,
        legal_basis="行政许可法 第四十二条",
    )
    return span._replace(**said)  # type: ignore[arg-type]


def test_a_stopped_clock_is_read_whole_as_it_stood_at_its_stop() -> None:
    span = a_span(
        state=MISSED, limit=Limit(9, WD), total=9, counts_from=START, used_before=11, due_on=day(DUE),
        due_at=instant("2025-03-15 00:00"), stopped_at=instant("2025-03-18 09:00"),
    )  # fmt: skip
    assert read(span, CALENDAR, instant("2025-06-01")) == Clock(
        kind="promise",
        stage="review",
        round=2,
        party=Party.AGENCY,
        limit=Limit(9, WD),
        extended=3,
        legal_basis="行政许可法 第四十二条",
        started_on=START,
        started_at=instant("2025-03-03"),
        due_on=day(DUE),
        due_at=instant("2025-03-15 00:00"),
        latest_due_on=None,
        state=MISSED,
        stopped_at=instant("2025-03-18 09:00"),
        light=None,
        used=11,
        remaining=0,
        overdue=2,
        overdue_since=instant("2025-03-15 00:00"),
        warnings=(Warning_(1, instant("2025-03-04 09:00")),),
        provisional=True,
        calendar="X@1",
        revision=4,
    )


def test_a_clock_that_nothing_has_started_shows_its_limit_and_nothing_else() -> None:
    rule = ClockRule(
        "stage", "started:review", frozenset({"completed:review"}), Limit(5, WD), Count.default(WD), stage="review",
        legal_basis="办法 第三条", party=Party.APPLICANT,
    )  # fmt: skip
    assert not_started(rule, CALENDAR, round_=1) == Clock(
        "stage", "review", 1, Party.APPLICANT, Limit(5, WD), 0, "办法 第三条", None, None, None, None, None,
        ClockState.NOT_STARTED, None, None, 0, 5, 0, None, (), False, "X@1", 0,
    )  # fmt: skip
    assert not_started(rule, CALENDAR).round == 0


def test_what_is_left_of_months_or_of_no_limit_at_all_is_not_known_before_the_start() -> None:
    months = ClockRule("statutory", "received", frozenset(), Limit(2, MONTH), Count.default(MONTH))
    fixed = ClockRule("statutory", "received", frozenset(), None, Count.default(WD))
    assert not_started(months, CALENDAR).remaining is None
    assert not_started(fixed, CALENDAR).remaining is None


def test_a_month_from_the_last_of_january_has_28_days() -> None:
    assert months_in_days(day("2025-01-31"), 1, CALENDAR) == 28


# By how much it is overdue


def test_overdue_are_the_units_after_the_due_day_in_the_limits_own_unit() -> None:
    end = instant("2025-03-15 00:00")

    def overdue(unit: Unit | None, at: str) -> int:
        return overdue_units(CALENDAR, unit, day(DUE), end, instant(at))

    assert [overdue(WD, f"2025-03-{one}") for one in ("14", "15", "17", "18")] == [0, 0, 1, 2]
    assert [overdue(CD, f"2025-03-{one}") for one in ("13", "14", "15", "18")] == [0, 0, 1, 4]
    assert [overdue(None, f"2025-03-{one}") for one in ("14", "18")] == [0, 4]


def test_overdue_in_working_time_are_whole_hours_after_the_due_instant() -> None:
    end = instant("2025-03-04 11:00")
    found = [
        overdue_units(CALENDAR, HOUR, day("2025-03-04"), end, instant(f"2025-03-{at}"))
        for at in ("03 09:00", "04 11:00", "04 11:59", "04 12:00", "05 09:30")
    ]
    assert found == [0, 0, 0, 1, 6]


# When a figure of working time changes next: used at forty past the hour, what is left at a quarter past


def turn(at: str, **said: object) -> str | None:
    return wall(next_turn(a_span(**said), CALENDAR, instant(at)))


def test_the_next_figure_of_a_limit_in_hours_changes_with_the_next_whole_unit_used_or_left() -> None:
    assert turn("2025-03-03 11:00") == "2025-03-03 11:15"
    assert turn("2025-03-03 11:15") == "2025-03-03 11:40"
    assert turn("2025-03-03 11:40") == "2025-03-03 12:15"
    assert turn("2025-03-03 16:40") == "2025-03-04 09:15"
    assert turn("2025-03-03 11:00", due_at=None) == "2025-03-03 11:40"


def test_of_an_end_fixed_by_hand_the_whole_units_left_change_just_after_the_hour() -> None:
    after = instant("2025-03-03 11:15") + timedelta(microseconds=1)
    span = a_span(total=None)
    assert next_turn(span, CALENDAR, instant("2025-03-03 11:00")) == instant("2025-03-03 11:15")
    assert next_turn(span, CALENDAR, instant("2025-03-03 11:15")) == after
    assert next_turn(span, CALENDAR, after) == instant("2025-03-03 11:40")
    assert next_turn(a_span(), CALENDAR, instant("2025-03-03 11:15")) == instant("2025-03-03 11:40")


def test_no_turn_is_told_of_a_clock_in_days_of_one_without_a_limit_and_of_one_that_stands_still() -> None:
    assert turn("2025-03-03 11:00", limit=Limit(10, WD)) is None
    assert turn("2025-03-03 11:00", limit=None) is None
    assert turn("2025-03-03 11:00", state=PAUSED) is None
