"""The usual clock read straight from the events, with its dates worked out by hand."""

import pytest

from app.domain.clocks import Clock
from app.domain.items import Warn, WarnKind
from app.domain.log import Log
from app.domain.quick import quick_clock
from app.domain.units import Limit
from tests.builders.domain import (
    CD,
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

HEARING = frozenset({"hearing"})
CALENDAR = a_calendar()
RULE = a_clock("statutory", 10, pauses_for=HEARING)


def accepted(rule: object = RULE, on: str = "2025-03-03") -> History:
    """Accepted on a Monday; beside the clock that is read another one and two stages."""
    other = a_clock("promise", 5, extension=(5, 1))
    item = an_item(rule, other, stages=(a_stage("review", 5, extension=(2, 1)),))  # type: ignore[arg-type]
    return a_history(item, CALENDAR).received(on).accepted(on)


def quick(history: History, at: str) -> Clock | None:
    log = Log(history.dossier.item, CALENDAR)
    for step in history.dossier.steps:
        if step.at <= instant(at):
            log.take(step)
    [rule] = [rule for rule in log.rules if rule.kind == "statutory"]
    moment = instant(at)
    place = log.firsts[rule.starts]
    return quick_clock(rule, CALENDAR, log.events, place, at=moment, day=CALENDAR.day_of(moment))


def figures(history: History, at: str) -> tuple[object, ...]:
    clock = quick(history, at)
    assert clock is not None
    return str(clock.state), clock.used, clock.remaining, text_of(clock.due_on), wall(clock.due_at), clock.revision


def test_ten_working_days_from_a_monday() -> None:
    assert figures(accepted(), "2025-03-05") == ("running", 2, 8, "2025-03-17", "2025-03-18 00:00", 1)


@pytest.mark.parametrize(
    ("end_rule", "due", "at_midnight"),
    [("keep", "2025-03-15", "2025-03-16 00:00"), ("roll_forward", "2025-03-17", "2025-03-18 00:00")],
)
def test_ten_calendar_days_end_on_a_saturday_that_moves_only_where_the_end_rolls(
    end_rule: str, due: str, at_midnight: str
) -> None:
    rule = a_clock("statutory", 10, CD, count=a_count(CD, end=end_rule))
    assert figures(accepted(rule, "2025-03-05"), "2025-03-06") == ("running", 1, 9, due, at_midnight, 1)


def test_working_days_never_roll() -> None:
    rule = a_clock("statutory", 10, count=a_count(WD, end="roll_forward"))
    assert figures(accepted(rule), "2025-03-05") == ("running", 2, 8, "2025-03-17", "2025-03-18 00:00", 1)


def test_each_pause_moves_the_end_and_makes_a_revision_and_the_days_before_it_stay_used() -> None:
    once = accepted().paused("2025-03-05").resumed("2025-03-07")
    assert figures(once, "2025-03-10") == ("running", 3, 7, "2025-03-19", "2025-03-20 00:00", 2)
    twice = once.paused("2025-03-10").resumed("2025-03-12")
    assert figures(twice, "2025-03-13") == ("running", 4, 6, "2025-03-21", "2025-03-22 00:00", 3)
    ended = twice.step("decide", "2025-03-14")
    assert figures(ended, "2025-04-30") == ("met", 5, 5, "2025-03-21", "2025-03-22 00:00", 3)


def test_a_pause_begun_and_ended_on_one_day_moves_nothing_and_makes_no_revision() -> None:
    same_day = accepted().paused("2025-03-05 10:00").resumed("2025-03-05 11:00")
    assert figures(same_day, "2025-03-06") == ("running", 3, 7, "2025-03-17", "2025-03-18 00:00", 1)
    moved = same_day.paused("2025-03-06").resumed("2025-03-07")
    assert figures(moved, "2025-03-10") == ("running", 4, 6, "2025-03-18", "2025-03-19 00:00", 2)
    again = moved.paused("2025-03-10 10:00").resumed("2025-03-10 11:00")
    assert figures(again, "2025-03-10") == ("running", 4, 6, "2025-03-18", "2025-03-19 00:00", 2)


def test_in_an_open_pause_there_is_no_end_and_what_is_used_stands_still() -> None:
    held = accepted().paused("2025-03-05")
    assert figures(held, "2025-04-30") == ("paused", 2, 8, None, None, 1)


def test_an_announced_pause_shows_its_latest_end_and_runs_out_on_the_day_after_it() -> None:
    held = accepted().paused("2025-03-03", announced=Limit(2, CD))  # until Wednesday the 5th
    clock = quick(held, "2025-03-05 23:59")
    assert clock is not None
    assert (str(clock.state), text_of(clock.latest_due_on)) == ("paused", "2025-03-19")
    assert figures(held, "2025-03-06 00:00") == ("running", 1, 9, "2025-03-19", "2025-03-20 00:00", 2)


@pytest.mark.parametrize(
    ("resumed", "due"),
    [
        ("2025-03-04 09:00", "2025-03-18"),  # before it ran out: as it lasted
        ("2025-03-05 09:00", "2025-03-19"),
        ("2025-03-06 00:00", "2025-03-19"),  # from then on as it was announced
        ("2025-03-06 12:00", "2025-03-19"),
        ("2025-03-11 12:00", "2025-03-19"),
    ],
)
def test_a_pause_takes_out_as_many_days_as_it_lasted_or_as_were_announced_if_these_are_fewer(
    resumed: str, due: str
) -> None:
    history = accepted().paused("2025-03-03", announced=Limit(2, CD)).resumed(resumed)
    assert figures(history, "2025-03-12")[3] == due


def test_a_pause_after_the_limit_is_used_up_stops_nothing_and_the_stop_comes_too_late() -> None:
    late = accepted().paused("2025-03-18").resumed("2025-03-20").step("decide", "2025-03-21")
    assert figures(late, "2025-04-30") == ("missed", 14, 0, "2025-03-17", "2025-03-18 00:00", 1)


def test_a_pause_for_a_ground_that_does_not_stop_the_clock_and_its_end_change_nothing() -> None:
    history = accepted().paused("2025-03-05", "publicity").resumed("2025-03-07").step("decide", "2025-03-10")
    assert figures(history, "2025-04-30") == ("met", 5, 5, "2025-03-17", "2025-03-18 00:00", 1)
    within = accepted().paused("2025-03-05").paused("2025-03-06", "publicity").resumed("2025-03-07")
    assert figures(within, "2025-03-07") == ("paused", 2, 8, None, None, 1)


def test_the_extension_of_another_clock_or_of_a_stage_is_none_of_this_one() -> None:
    history = accepted().extended("2025-03-05", 5, clock="promise").step("start_stage", "2025-03-05", stage="review")
    history = history.extended("2025-03-06", 2, clock="", stage="review").step("decide", "2025-03-10")
    assert figures(history, "2025-04-30") == ("met", 5, 5, "2025-03-17", "2025-03-18 00:00", 1)


def test_what_stops_or_may_stop_the_clock_in_a_pause_is_left_to_the_account() -> None:
    for stops in ("decided", "delivered"):
        held = accepted(a_clock("statutory", 10, pauses_for=HEARING, stops=frozenset({stops}))).paused("2025-03-05")
        assert quick(held.step("decide", "2025-03-06"), "2025-03-07") is None
        assert quick(held.step("withdraw", "2025-03-06"), "2025-03-07") is None
        assert quick(held.step("start_stage", "2025-03-06", stage="review"), "2025-03-07") is not None


def test_an_end_of_the_application_that_the_clock_does_not_wait_for_makes_it_void() -> None:
    history = accepted(a_clock("statutory", 10, stops=frozenset({"decided"}))).step("withdraw", "2025-03-05")
    assert figures(history, "2025-04-30") == ("void", 2, 8, "2025-03-17", "2025-03-18 00:00", 1)


# Warnings


def warned(rule: object, *, on: str = "2025-03-03", at: str | None = None) -> tuple[list[str | None], str | None]:
    clock = quick(accepted(rule, on), at or on)
    assert clock is not None
    return [wall(one.at) for one in clock.warnings], None if clock.light is None else str(clock.light)


def test_one_working_day_before_the_end_but_never_before_the_start() -> None:
    assert warned(RULE) == (["2025-03-14 00:00"], "green")
    assert warned(a_clock("statutory", 1)) == (["2025-03-03 00:00"], "yellow")
    # A Saturday: one working day before the Monday is the Friday before the start.
    assert warned(a_clock("statutory", 1), on="2025-03-08") == (["2025-03-08 00:00"], "yellow")
    assert warned(RULE, at="2025-03-13 23:59") == (["2025-03-14 00:00"], "green")
    assert warned(RULE, at="2025-03-14 00:00") == (["2025-03-14 00:00"], "yellow")


def test_a_share_of_the_limit_is_reached_on_the_first_day_on_which_so_much_is_used() -> None:
    def at_share(thousandths: int, amount: int = 10) -> object:
        warn = (Warn(WarnKind.AT_SHARE, share_thousandths=thousandths),)
        return a_clock("statutory", amount, warn=warn)

    assert warned(at_share(800)) == (["2025-03-13 00:00"], "green")  # the eighth day
    assert warned(at_share(801)) == (["2025-03-14 00:00"], "green")
    assert warned(at_share(1000)) == (["2025-03-17 00:00"], "green")
    assert warned(at_share(667, 3)) == (["2025-03-06 00:00"], "green")  # two days are not yet 66.7 of 100
