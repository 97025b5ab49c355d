"""Clocks in working time: from the moment, through the hours."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.calendar import Calendar, WeeklyHours
from app.domain.clocks import Clock, next_turn, overdue_units, read
from app.domain.forecast import forecast
from app.domain.items import Warn, WarnKind
from app.domain.pauses import announced_end, outlasts
from app.domain.rungs import crossings, next_look
from app.domain.spans import Span
from app.domain.units import Limit, Unit
from tests.builders.domain import (
    CD,
    HOUR,
    MINUTE,
    WD,
    History,
    a_calendar,
    a_clock,
    a_count,
    a_history,
    a_stage,
    an_item,
    instant,
    text_of,
    wall,
)

OFFICE: WeeklyHours = (*((((540, 720), (810, 1020)),) * 5), (), ())  # 09:00 to 12:00, 13:30 to 17:00
HEARING = frozenset({"hearing"})
SECOND = Unit.WORKING_SECOND


def office() -> Calendar:
    return a_calendar(hours=OFFICE)


def accepted(amount: int, at: str, unit: Unit = HOUR, **rules: object) -> History:
    """A clock from acceptance to decision; Monday is 2025-03-10."""
    rule = a_clock("statutory", amount, unit, pauses_for=HEARING, extension=(8, 2), **rules)  # type: ignore[arg-type]
    return a_history(an_item(rule), office()).received(at).accepted(at)


def shown(history: History, at: str) -> Clock:
    return history.clock("statutory", at)


def due(history: History, at: str = "2025-03-10 09:01") -> str | None:
    return wall(shown(history, at).due_at)


def warned(history: History, at: str) -> list[str | None]:
    return [wall(warning.at) for warning in shown(history, at).warnings]


def span_at(history: History, at: str) -> Span:
    moment = instant(at)
    return next(
        span
        for span in forecast(history.dossier).spans
        if span.from_at <= moment and (span.to_at is None or span.to_at > moment)
    )


def test_eight_hours_run_from_the_moment_through_lunch_and_the_night() -> None:
    clock = shown(accepted(8, "2025-03-10 10:00"), "2025-03-10 10:00")
    assert (wall(clock.started_at), text_of(clock.started_on)) == ("2025-03-10 10:00", "2025-03-10")
    assert (wall(clock.due_at), text_of(clock.due_on)) == ("2025-03-11 11:30", "2025-03-11")


def test_a_start_outside_the_hours_is_the_next_opening_and_until_then_the_clock_is_not_started() -> None:
    history = accepted(2, "2025-03-08 10:00")  # a Saturday
    before = shown(history, "2025-03-09 12:00")
    assert (before.state, before.light, before.used, before.remaining) == ("not_started", None, 0, 2)
    clock = shown(history, "2025-03-10 09:00")
    assert (clock.state, wall(clock.started_at), wall(clock.due_at)) == (
        "running",
        "2025-03-10 09:00",
        "2025-03-10 11:00",
    )


def test_what_is_used_is_rounded_down_and_what_remains_is_the_rest() -> None:
    history = accepted(8, "2025-03-10 10:00")
    for at, used, remaining in (
        ("2025-03-10 10:59", 0, 8),
        ("2025-03-10 11:00", 1, 7),
        ("2025-03-10 13:00", 2, 6),
        ("2025-03-10 23:00", 5, 3),
        ("2025-03-11 11:29", 7, 1),
        ("2025-03-11 11:30", 8, 0),
    ):
        clock = shown(history, at)
        assert (clock.used, clock.remaining) == (used, remaining)


def test_overdue_are_whole_units_of_working_time_since_the_end() -> None:
    history = accepted(8, "2025-03-13 10:00")  # due on Friday at 11:30
    for at, light, overdue in (
        ("2025-03-14 11:29", "yellow", 0),
        ("2025-03-14 11:30", "red", 0),
        ("2025-03-14 13:59", "red", 0),
        ("2025-03-14 14:00", "red", 1),
        ("2025-03-16 09:00", "red", 4),
        ("2025-03-17 10:00", "red", 5),
    ):
        clock = shown(history, at)
        assert (clock.light, clock.overdue) == (light, overdue)
        assert (clock.overdue_since is not None) == (light == "red")


def test_minutes_and_seconds_count_alike() -> None:
    assert due(accepted(90, "2025-03-10 11:00", MINUTE), "2025-03-10 11:00") == "2025-03-10 14:00"
    assert due(accepted(5400, "2025-03-10 11:00", SECOND), "2025-03-10 11:00") == "2025-03-10 14:00"


def test_an_end_on_closing_time_stays_unless_it_is_to_roll_to_the_next_opening() -> None:
    assert due(accepted(3, "2025-03-10 09:00"), "2025-03-10 09:00") == "2025-03-10 12:00"
    rolls = a_count(HOUR, end="roll_forward")
    assert due(accepted(3, "2025-03-10 09:00", count=rolls), "2025-03-10 09:00") == "2025-03-10 13:30"
    assert due(accepted(2, "2025-03-10 09:00", count=rolls), "2025-03-10 09:00") == "2025-03-10 11:00"


def test_start_rule_and_due_time_do_not_touch_a_limit_in_working_time() -> None:
    count = a_count(HOUR, start="roll_then_next", due="close_of_business")
    assert due(accepted(2, "2025-03-10 10:00", count=count), "2025-03-10 10:00") == "2025-03-10 12:00"
    assert (
        due(accepted(2, "2025-03-10 10:00", count=a_count(HOUR, start="same_day")), "2025-03-10 10:00")
        == "2025-03-10 12:00"
    )


def test_a_pause_takes_out_the_half_open_stretch_between_its_instants() -> None:
    history = accepted(4, "2025-03-10 10:00").paused("2025-03-10 11:00")
    clock = shown(history, "2025-03-10 16:00")
    assert (clock.state, clock.used, clock.remaining, clock.due_at, clock.latest_due_on) == ("paused", 1, 3, None, None)
    history = history.resumed("2025-03-11 09:30")
    clock = shown(history, "2025-03-11 10:00")
    assert (clock.state, clock.used, wall(clock.due_at)) == ("running", 1, "2025-03-11 14:00")


def test_a_pause_inside_one_night_takes_out_nothing() -> None:
    history = accepted(4, "2025-03-10 15:00").paused("2025-03-10 18:00").resumed("2025-03-11 07:00")
    assert (
        due(history, "2025-03-11 08:00")
        == due(accepted(4, "2025-03-10 15:00"), "2025-03-11 08:00")
        == "2025-03-11 11:00"
    )


def test_a_pause_at_the_end_of_the_limit_stops_nothing() -> None:
    history = accepted(3, "2025-03-10 09:00")
    for begin in ("2025-03-10 12:00", "2025-03-10 12:30"):
        clock = shown(history.paused(begin), "2025-03-10 13:00")
        assert (clock.state, wall(clock.due_at), clock.light) == ("running", "2025-03-10 12:00", "red")
    assert shown(history.paused("2025-03-10 11:59"), "2025-03-10 13:00").state == "paused"


def test_a_pause_announced_in_hours_ends_at_its_moment_for_a_clock_in_hours() -> None:
    history = accepted(4, "2025-03-10 10:00").paused("2025-03-10 11:00", announced=Limit(2, HOUR))
    paused = shown(history, "2025-03-10 14:29")
    assert (paused.state, text_of(paused.latest_due_on)) == ("paused", "2025-03-11")
    clock = shown(history, "2025-03-10 14:30")
    assert (clock.state, clock.used, wall(clock.due_at)) == ("running", 1, "2025-03-11 09:30")
    assert due(history.resumed("2025-03-12 09:00"), "2025-03-12 10:00") == "2025-03-11 09:30"


def test_a_pause_announced_in_days_ends_with_its_last_day_for_a_clock_in_hours() -> None:
    history = accepted(4, "2025-03-10 10:00").paused("2025-03-10 11:00", announced=Limit(1, WD))
    assert shown(history, "2025-03-11 23:59").state == "paused"
    clock = shown(history, "2025-03-12 00:00")
    assert (clock.state, wall(clock.due_at)) == ("running", "2025-03-12 12:00")


def test_a_pause_announced_in_hours_takes_out_whole_days_of_a_clock_in_days() -> None:
    """From the 10th at 16:00 two hours end on the 11th at 10:00: the 11th is taken out."""
    history = accepted(4, "2025-03-10 10:00", WD).paused("2025-03-10 16:00", announced=Limit(2, HOUR))
    assert shown(history, "2025-03-11 23:59").state == "paused"
    clock = shown(history, "2025-03-12 00:00")
    assert (clock.state, text_of(clock.due_on)) == ("running", "2025-03-17")


def test_the_end_of_an_announced_length_and_what_outlasts_it() -> None:
    begin = instant("2025-03-10 16:00")
    assert wall(announced_end(begin, Limit(2, HOUR), office())[1]) == "2025-03-11 10:00"
    assert outlasts(begin, Limit(2, HOUR), instant("2025-03-11 10:01"), office())
    assert not outlasts(begin, Limit(2, HOUR), instant("2025-03-11 10:00"), office())
    assert not outlasts(begin, Limit(1, CD), instant("2025-03-11 23:59"), office())
    assert outlasts(begin, Limit(1, CD), instant("2025-03-12 00:00"), office())


def test_overlapping_pauses_take_out_the_time_of_both_once() -> None:
    history = accepted(4, "2025-03-10 10:00").paused("2025-03-10 11:00").paused("2025-03-10 14:00")
    history = history.resumed("2025-03-10 15:00", pause_id="3").resumed("2025-03-11 10:00", pause_id="4")
    assert due(history, "2025-03-11 11:00") == "2025-03-11 14:30"


def test_a_clock_that_starts_in_an_open_pause_is_paused_from_its_first_moment() -> None:
    rule = a_clock("statutory", 2, HOUR, starts="started:review", pauses_for=HEARING)
    item = an_item(rule, stages=(a_stage("review"),))
    history = a_history(item, office()).received("2025-03-10").accepted("2025-03-10").paused("2025-03-10 10:00")
    history = history.step("start_stage", "2025-03-10 11:00", stage="review")
    assert shown(history, "2025-03-10 14:00").state == "paused"
    assert due(history.resumed("2025-03-10 14:00"), "2025-03-10 14:30") == "2025-03-10 16:00"


def test_an_extension_is_in_the_unit_of_the_clock() -> None:
    history = accepted(2, "2025-03-10 09:00").extended("2025-03-10 10:00", 3)
    clock = shown(history, "2025-03-10 10:00")
    assert (wall(clock.due_at), clock.used, clock.remaining) == ("2025-03-10 15:30", 1, 4)
    refusal = accepted(2, "2025-03-10 09:00").refusal("extend", "2025-03-10 11:00", clock="statutory", amount=3)
    assert refusal is not None
    assert refusal.code == "extension_after_expiry"


def test_a_stop_is_met_before_the_due_instant_and_missed_at_it() -> None:
    history = accepted(2, "2025-03-10 09:00")
    met = shown(history.step("decide", "2025-03-10 10:59"), "2025-06-01")
    assert (met.state, met.used, met.remaining, met.overdue) == ("met", 1, 1, 0)
    missed = shown(history.step("decide", "2025-03-11 10:30"), "2025-06-01")
    assert (missed.state, missed.used, missed.remaining, missed.overdue) == ("missed", 8, 0, 6)


def test_rungs_in_working_time_are_walked_through_the_hours_and_those_in_days_keep_the_time_of_day() -> None:
    warn = (
        Warn(WarnKind.BEFORE, Limit(3, HOUR)),
        Warn(WarnKind.BEFORE, Limit(1, WD)),
        Warn(WarnKind.AT_SHARE, share_thousandths=500),
        Warn(WarnKind.AFTER, Limit(90, MINUTE)),
        Warn(WarnKind.BEFORE, Limit(30, HOUR)),
    )
    history = accepted(13, "2025-03-10 09:00", warn=warn)  # due on Tuesday at 17:00
    assert warned(history, "2025-03-10 09:00") == [
        "2025-03-11 14:00",
        "2025-03-10 17:00",
        "2025-03-10 17:00",
        "2025-03-12 10:30",
        "2025-03-10 09:00",
    ]
    assert shown(history, "2025-03-10 09:00").light == "yellow"


def test_a_share_is_reached_at_its_moment_and_waits_while_the_clock_is_paused() -> None:
    half = (Warn(WarnKind.AT_SHARE, share_thousandths=500),)
    history = accepted(4, "2025-03-10 10:00", warn=half).paused("2025-03-10 11:00").resumed("2025-03-11 09:30")
    assert warned(history, "2025-03-11 10:00") == ["2025-03-11 10:30"]
    kept = accepted(4, "2025-03-10 10:00", warn=half).paused("2025-03-10 12:00").resumed("2025-03-11 09:30")
    assert warned(kept, "2025-03-11 10:00") == ["2025-03-10 12:00"]


def test_a_clock_in_days_may_warn_in_hours() -> None:
    warn = (Warn(WarnKind.BEFORE, Limit(4, HOUR)), Warn(WarnKind.AFTER, Limit(4, HOUR)))
    history = accepted(2, "2025-03-12", WD, warn=warn)  # the last day is Friday the 14th
    assert warned(history, "2025-03-12") == ["2025-03-14 11:30", "2025-03-17 14:30"]


def test_rungs_inside_a_day_are_crossed_at_their_moment() -> None:
    history = accepted(4, "2025-03-10 09:00", warn=(Warn(WarnKind.BEFORE, Limit(1, HOUR)),))
    told = forecast(history.dossier)
    assert [(c.kind, wall(c.crossed_at)) for c in crossings(told, None)] == [
        ("warning", "2025-03-10 13:30"),
        ("overdue", "2025-03-10 14:30"),
    ]
    assert wall(next_look(told, instant("2025-03-10 13:31"))) == "2025-03-10 14:30"


def test_a_stage_in_hours_is_never_due_later_than_the_promise_in_days() -> None:
    item = an_item(a_clock("promise", 1, WD), stages=(a_stage("review", 20, HOUR),))
    history = a_history(item, office()).received("2025-03-10").accepted("2025-03-10")
    history = history.step("start_stage", "2025-03-11 09:00", stage="review")
    clock = history.clock("stage", "2025-03-11 15:00", stage="review")
    assert (wall(clock.due_at), clock.used, clock.remaining) == ("2025-03-12 00:00", 4, 2)


def test_of_an_end_fixed_by_hand_whole_hours_remain() -> None:
    rule = a_clock("statutory", 8, HOUR, starts="received")
    history = a_history(an_item(rule), office()).received("2025-03-10 09:00", fixed={"statutory": "2025-03-10 15:00"})
    for at, used, remaining, overdue in (("2025-03-10 10:00", 1, 3, 0), ("2025-03-10 10:30", 1, 3, 0),
                                         ("2025-03-10 14:30", 4, 0, 0), ("2025-03-11 09:00", 6, 0, 2)):  # fmt: skip
        clock = shown(history, at)
        assert (clock.used, clock.remaining, clock.overdue) == (used, remaining, overdue)


def test_the_next_turn_is_the_next_instant_at_which_a_figure_changes() -> None:
    history = accepted(2, "2025-03-10 11:15")
    for at, turn in (
        ("2025-03-10 11:20", "2025-03-10 13:45"),
        ("2025-03-10 16:50", "2025-03-11 09:45"),
    ):
        assert wall(next_turn(span_at(history, at), office(), instant(at))) == turn
    days = accepted(2, "2025-03-10 11:15", WD)
    assert next_turn(span_at(days, "2025-03-11"), office(), instant("2025-03-11")) is None


@settings(max_examples=60, deadline=None)
@given(minutes=st.integers(0, 60 * 24 * 12), fixed=st.booleans())
def test_no_figure_changes_before_the_next_turn(minutes: int, fixed: bool) -> None:
    rule = a_clock("statutory", 300, MINUTE, starts="received", warn=())
    ends = {"statutory": "2025-03-13 10:00:30"} if fixed else None
    history = a_history(an_item(rule), office()).received("2025-03-10 11:15", fixed=ends)
    at = instant("2025-03-10 11:15") + timedelta(minutes=minutes, seconds=17)
    [span] = [s for s in forecast(history.dossier).spans if s.to_at is None]
    turn = next_turn(span, office(), at)
    assert turn is not None
    just_before = turn - timedelta(microseconds=1)
    now, then = read(span, office(), at), read(span, office(), just_before)
    if (now.light == "red") == (then.light == "red"):
        assert now == then
    assert turn > at


@pytest.mark.parametrize(("unit", "units"), [(HOUR, 7), (WD, 1), (CD, 1), (None, 1)])
def test_by_how_much_it_is_overdue_in_its_own_unit(unit: Unit | None, units: int) -> None:
    end = instant("2025-03-10 16:00")
    late = instant("2025-03-11 16:30")
    assert overdue_units(office(), unit, end.toordinal(), end, late) == units


# Properties


def a_moment(minutes: int) -> datetime:
    return datetime(2025, 3, 7, tzinfo=UTC) + timedelta(minutes=minutes)


MINUTES = st.integers(0, 60 * 24 * 6)


def paused_between(start: datetime, stretches: list[tuple[datetime, datetime]], hours: int) -> datetime | None:
    """The due instant of a clock that starts at an instant, with pauses one after the other."""
    history = accepted(hours, start.isoformat())
    for begin, end in stretches:
        history = history.paused(begin.isoformat()).resumed(end.isoformat())
    return shown(history, (a_moment(60 * 24 * 60)).isoformat()).due_at


@settings(max_examples=80, deadline=None)
@given(start=MINUTES, gaps=st.lists(st.integers(0, 2000), min_size=3, max_size=3), hours=st.integers(1, 40))
def test_splitting_a_pause_changes_nothing(start: int, gaps: list[int], hours: int) -> None:
    begin = a_moment(start + gaps[0])
    middle, end = begin + timedelta(minutes=gaps[1]), begin + timedelta(minutes=gaps[1] + gaps[2])
    whole = paused_between(a_moment(start), [(begin, end)], hours)
    assert paused_between(a_moment(start), [(begin, middle), (middle, end)], hours) == whole


@settings(max_examples=80, deadline=None)
@given(start=MINUTES, later=st.integers(0, 3000), hours=st.integers(1, 40))
def test_a_later_start_is_never_due_earlier_and_a_pause_never_shortens(start: int, later: int, hours: int) -> None:
    first = paused_between(a_moment(start), [], hours)
    second = paused_between(a_moment(start + later), [], hours)
    assert first is not None
    assert second is not None
    assert first <= second
    begin = a_moment(start + later)
    paused = paused_between(a_moment(start), [(begin, begin + timedelta(minutes=later))], hours)
    assert paused is not None
    assert paused >= first


@settings(max_examples=40, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_a_limit_costs_the_same_clock_whether_it_is_said_in_hours_or_in_minutes(random: Random) -> None:
    start, hours = a_moment(random.randint(0, 6000)), random.randint(1, 200)
    in_hours = shown(accepted(hours, start.isoformat()), "2025-06-01")
    in_minutes = shown(accepted(hours * 60, start.isoformat(), MINUTE), "2025-06-01")
    assert in_hours.due_at == in_minutes.due_at
