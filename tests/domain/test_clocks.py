"""A clock at an instant: used, remaining, overdue and the light."""

from app.domain.clocks import months_in_days, read
from app.domain.forecast import forecast
from app.domain.units import Limit
from tests.builders.domain import (
    CD,
    MONTH,
    WD,
    History,
    a_calendar,
    a_clock,
    a_count,
    a_history,
    an_item,
    china,
    day,
    instant,
    text_of,
    wall,
)


def accepted(amount: int, at: str, unit: str = "working_day", **rules: object) -> History:
    units = {"working_day": WD, "calendar_day": CD, "month": MONTH}
    rule = a_clock("statutory", amount, units[unit], **rules)  # type: ignore[arg-type]
    return a_history(an_item(rule)).received(at).accepted(at)


def test_the_day_of_acceptance_is_not_counted_and_the_day_after_is_the_first() -> None:
    history = accepted(20, "2026-09-17")
    assert history.clock("statutory", "2026-09-17 23:59").used == 0
    clock = history.clock("statutory", "2026-09-18 00:00")
    assert (clock.used, clock.remaining) == (1, 19)
    assert (text_of(clock.started_on), wall(clock.started_at)) == ("2026-09-17", "2026-09-17 00:00")


def test_due_today_is_not_overdue_and_nothing_remains() -> None:
    """G04: 20 working days from 2026-09-17 end on 2026-10-21."""
    history = accepted(20, "2026-09-17")
    assert history.clock("statutory", "2026-09-30").remaining == 11
    clock = history.clock("statutory", "2026-10-21 23:59")
    assert (text_of(clock.due_on), clock.remaining, clock.overdue, clock.light) == ("2026-10-21", 0, 0, "yellow")
    assert clock.overdue_since is None


def test_overdue_begins_with_the_due_instant_and_counts_in_the_limits_own_unit() -> None:
    """G04: on 2026-10-26 three working days over the twenty; in calendar days it would be five."""
    clock = accepted(20, "2026-09-17").clock("statutory", "2026-10-26")
    assert (clock.overdue, clock.light, clock.state) == (3, "red", "running")
    assert wall(clock.overdue_since) == "2026-10-22 00:00"
    clock = accepted(34, "2026-09-17", "calendar_day").clock("statutory", "2026-10-26")
    assert (text_of(clock.due_on), clock.overdue) == ("2026-10-21", 5)


def test_due_friday_is_red_on_saturday_with_nothing_overdue_and_one_on_monday() -> None:
    history = accepted(4, "2025-03-10")
    saturday = history.clock("statutory", "2025-03-15")
    assert (text_of(saturday.due_on), saturday.light, saturday.overdue) == ("2025-03-14", "red", 0)
    assert history.clock("statutory", "2025-03-17 00:00").overdue == 1


def test_before_its_start_a_clock_is_not_started_and_that_is_no_error() -> None:
    clock = accepted(20, "2026-09-17").clock("statutory", "2026-09-01")
    assert (clock.state, clock.used, clock.remaining, clock.due_on, clock.light) == ("not_started", 0, 20, None, None)


def test_a_stopped_clock_speaks_of_the_moment_of_its_stop() -> None:
    history = accepted(4, "2025-03-10").step("decide", "2025-03-12")
    clock = history.clock("statutory", "2025-06-01")
    assert (clock.state, clock.used, clock.remaining, clock.overdue) == ("met", 2, 2, 0)
    assert (wall(clock.stopped_at), clock.light) == ("2025-03-12 09:00", None)


def test_a_clock_that_stops_late_is_missed_and_keeps_how_late_it_was() -> None:
    history = accepted(4, "2025-03-10").step("decide", "2025-03-19")
    clock = history.clock("statutory", "2025-06-01")
    assert (clock.state, clock.used, clock.remaining, clock.overdue) == ("missed", 7, 0, 3)
    assert wall(clock.overdue_since) == "2025-03-15 00:00"


def test_a_stop_at_the_due_instant_itself_comes_too_late() -> None:
    history = accepted(4, "2025-03-10")
    assert history.step("decide", "2025-03-15 00:00").clock("statutory", "2025-04-01").state == "missed"
    assert history.step("decide", "2025-03-14 23:59").clock("statutory", "2025-04-01").state == "met"


def test_a_limit_in_months_shows_calendar_days() -> None:
    """31 January + 1 month ends on the last of February, a Friday in 2025."""
    history = accepted(1, "2025-01-31", "month")
    clock = history.clock("statutory", "2025-02-10")
    assert (text_of(clock.due_on), clock.used, clock.remaining) == ("2025-02-28", 10, 18)
    assert history.clock("statutory", "2025-03-03").overdue == 3
    assert months_in_days(day("2025-01-31"), 1, china()) == 28


def test_an_end_that_rolls_leaves_nothing_on_its_rest_days() -> None:
    """10 days from Saturday 2024-06-01 would end on Tuesday 11th; from the 5th on Saturday the 15th, so on Monday."""
    history = a_history(an_item(a_clock("statutory", 10, CD)), a_calendar()).received("2024-06-05")
    history = history.accepted("2024-06-05")
    on_friday = history.clock("statutory", "2024-06-14")
    on_sunday = history.clock("statutory", "2024-06-16")
    assert (text_of(on_friday.due_on), on_friday.remaining) == ("2024-06-17", 1)
    assert (on_sunday.remaining, on_sunday.light, on_sunday.overdue) == (0, "yellow", 0)


def test_a_limit_of_no_days_ends_on_the_day_of_its_start() -> None:
    """即办件; from a rest day on the next working day."""
    assert text_of(accepted(0, "2025-03-10").clock("statutory", "2025-03-10").due_on) == "2025-03-10"
    assert text_of(accepted(0, "2025-03-15").clock("statutory", "2025-03-15").due_on) == "2025-03-17"


def test_the_hour_at_which_business_stops_ends_the_last_day() -> None:
    """G12, 民法典 第二百零三条: accepted at 16:50, due at 17:00 of the same day."""
    calendar = a_calendar(hours=(*((((540, 1020),),) * 5), (), ()))
    rule = a_clock("promise", 0, count=a_count(WD, due="close_of_business"))
    at = "2025-06-06 16:50"
    history = a_history(an_item(rule), calendar).received(at).accepted(at)
    assert wall(history.clock("promise", at).due_at) == "2025-06-06 17:00"
    clock = history.clock("promise", "2025-06-06 17:00")
    assert (clock.light, clock.overdue, text_of(clock.due_on)) == ("red", 0, "2025-06-06")


def test_a_start_on_a_rest_day_that_moves_is_not_started_until_then_and_shows_its_end() -> None:
    rule = a_clock("promise", 2, count=a_count(WD, start="roll_then_next"))
    history = a_history(an_item(rule)).received("2025-03-15").accepted("2025-03-15")
    on_sunday = history.clock("promise", "2025-03-16")
    assert (on_sunday.state, on_sunday.light, on_sunday.remaining) == ("not_started", None, 2)
    assert (text_of(on_sunday.started_on), text_of(on_sunday.due_on)) == ("2025-03-17", "2025-03-19")
    assert history.clock("promise", "2025-03-17 00:00").state == "running"


def test_with_the_start_day_as_day_one_it_counts_from_its_own_beginning() -> None:
    rule = a_clock("promise", 5, count=a_count(WD, start="same_day"))
    history = a_history(an_item(rule)).received("2025-03-10").accepted("2025-03-10")
    clock = history.clock("promise", "2025-03-10")
    assert (clock.used, clock.remaining, text_of(clock.due_on)) == (1, 4, "2025-03-14")


def test_with_the_start_day_as_day_one_a_rest_day_is_not_day_one() -> None:
    """`same_day`: the start day, if it counts, is day 1; from a Saturday on it is Monday."""
    rule = a_clock("promise", 5, count=a_count(WD, start="same_day"))
    history = a_history(an_item(rule)).received("2025-03-15").accepted("2025-03-15")
    on_sunday = history.clock("promise", "2025-03-16")
    assert (on_sunday.state, text_of(on_sunday.started_on)) == ("not_started", "2025-03-17")
    on_monday = history.clock("promise", "2025-03-17")
    assert (on_monday.used, on_monday.remaining, text_of(on_monday.due_on)) == (1, 4, "2025-03-21")


def test_a_fixed_end_leaves_the_units_until_it() -> None:
    """G07, 许可法 第五十条: a licence that expires on Sunday 2026-03-15 does not wait for Monday."""
    rule = a_clock("statutory", 20, starts="received")
    history = a_history(an_item(rule)).received("2026-02-05", fixed={"statutory": "2026-03-16 00:00"})
    clock = history.clock("statutory", "2026-03-12")
    assert (text_of(clock.due_on), clock.remaining, clock.limit) == ("2026-03-15", 1, Limit(20, WD))
    assert history.clock("statutory", "2026-03-16 00:00").light == "red"


def test_past_the_published_calendar_a_date_is_provisional() -> None:
    assert not accepted(5, "2026-12-01").clock("statutory", "2026-12-02").provisional
    assert accepted(5, "2026-12-28").clock("statutory", "2026-12-29").provisional


def test_clocks_speak_utc_and_local_days() -> None:
    """D05: 2025-12-30T17:00Z is 31 December in Beijing; five working days end on 8 January, not on the 7th."""
    rule = a_clock("statutory", 5, starts="received")
    clock = a_history(an_item(rule)).received("2025-12-30 17:00+00:00").clock("statutory", "2026-01-01")
    assert text_of(clock.due_on) == "2026-01-08"
    assert clock.due_at == instant("2026-01-08 16:00+00:00")


def test_a_month_whose_first_day_counts_has_all_its_days_however_it_is_read() -> None:
    """1 March counted itself + 1 month ends on the 31st: 31 days, of which the first is used on its day."""
    rule = a_clock("statutory", 1, MONTH, starts="received", count=a_count(MONTH, start="same_day", end="keep"))
    history = a_history(an_item(rule)).received("2025-03-01")
    for at, used, remaining in (("2025-03-01", 1, 30), ("2025-03-30", 30, 1), ("2025-03-31", 31, 0)):
        clock = history.clock("statutory", at)
        assert (clock.used, clock.remaining, text_of(clock.due_on)) == (used, remaining, "2025-03-31")
        [span] = forecast(history.dossier).spans
        assert (span.total, read(span, china(), instant(at))) == (31, clock)
