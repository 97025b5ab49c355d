"""One clock's account: pauses, extensions, stops."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.calendar import Calendar
from app.domain.items import Item, Warn, WarnKind
from app.domain.pauses import announced_end
from app.domain.units import Limit, Unit
from tests.builders.domain import (
    CD,
    MONTH,
    WD,
    History,
    a_calendar,
    a_clock,
    a_history,
    an_item,
    china,
    instant,
    text_of,
    wall,
)

HEARING = frozenset({"hearing"})
GROUNDS = frozenset({"hearing", "correction"})


def accepted(at: str, amount: int = 20, unit: Unit = WD, extension: tuple[int, int] | None = (10, 1)) -> History:
    rule = a_clock("statutory", amount, unit, pauses_for=HEARING, extension=extension)
    return a_history(an_item(rule)).received(at).accepted(at)


def due(history: History, at: str = "2026-11-01") -> str | None:
    return text_of(history.clock("statutory", at).due_on)


# Pauses: (begin, end]


def test_expert_review_across_national_day_takes_out_the_days_after_its_beginning_up_to_its_end() -> None:
    """F01: 20 working days from 2025-09-08, paused 09-15 to 10-15: five used before, 18 taken out."""
    history = accepted("2025-09-08").paused("2025-09-15").resumed("2025-10-15")
    assert history.clock("statutory", "2025-09-20").used == 5
    assert due(history) == "2025-11-05"


def test_a_pause_begun_and_ended_on_one_day_takes_out_none() -> None:
    """F03."""
    assert due(accepted("2025-03-03").paused("2025-03-10").resumed("2025-03-10 17:00")) == "2025-03-31"


def test_while_paused_there_is_no_due_day_no_warning_and_no_light() -> None:
    clock = accepted("2025-03-03").paused("2025-03-10").clock("statutory", "2025-03-20")
    assert (clock.state, clock.due_on, clock.due_at, clock.light) == ("paused", None, None, None)
    assert [warning.at for warning in clock.warnings] == [None]
    assert (clock.used, clock.remaining, clock.latest_due_on) == (5, 15, None)


def test_beyond_the_announced_time_the_clock_runs_again_though_the_pause_is_open() -> None:
    """F02, 行政许可法 第四十五条: ten working days announced on 2025-09-15 end on Sunday 09-28, a make-up day."""
    history = accepted("2025-09-08").paused("2025-09-15", announced=Limit(10, WD))
    inside = history.clock("statutory", "2025-09-28 23:59")
    assert (inside.state, text_of(inside.latest_due_on), inside.due_on) == ("paused", "2025-10-24", None)
    after = history.clock("statutory", "2025-09-29 00:00")
    assert (after.state, text_of(after.due_on), after.used) == ("running", "2025-10-24", 6)


def test_a_resumption_after_the_announced_time_moves_nothing() -> None:
    """F02: resumed only on 10-15, due on 10-24 all the same."""
    history = accepted("2025-09-08").paused("2025-09-15", announced=Limit(10, WD)).resumed("2025-10-15")
    assert due(history) == "2025-10-24"


def test_the_announced_time_never_rolls() -> None:
    assert text_of(announced_end(instant("2025-03-05"), Limit(10, CD), china())[0]) == "2025-03-15"
    assert text_of(announced_end(instant("2025-01-31"), Limit(1, MONTH), china())[0]) == "2025-02-28"


def test_overlapping_pauses_count_once() -> None:
    rule = a_clock("statutory", 20, pauses_for=frozenset({"hearing", "expert_review"}))
    history = a_history(an_item(rule)).received("2025-03-03").accepted("2025-03-03")
    apart = history.paused("2025-03-10").resumed("2025-03-20")
    history = history.paused("2025-03-10").paused("2025-03-12", "expert_review")
    history = history.resumed("2025-03-14", pause_id="3").resumed("2025-03-20")
    assert due(history) == due(apart)


def test_a_pause_inside_a_longer_announced_one_leaves_the_longer_in_force() -> None:
    rule = a_clock("statutory", 20, pauses_for=frozenset({"hearing", "expert_review"}))
    history = a_history(an_item(rule)).received("2025-03-03").accepted("2025-03-03")
    history = history.paused("2025-03-10", announced=Limit(10, CD)).paused("2025-03-12", "expert_review")
    assert history.clock("statutory", "2025-03-13").latest_due_on is None
    history = history.resumed("2025-03-14")
    assert text_of(history.clock("statutory", "2025-03-15").latest_due_on) == "2025-04-11"
    assert history.clock("statutory", "2025-03-21 00:00").state == "running"


def test_a_pause_on_the_last_counted_day_stops_nothing() -> None:
    history = accepted("2025-03-03").paused("2025-03-31")
    clock = history.clock("statutory", "2025-03-31 12:00")
    assert (clock.state, text_of(clock.due_on)) == ("running", "2025-03-31")
    assert history.clock("statutory", "2025-04-02").overdue == 2


def test_a_pause_on_the_eve_of_the_last_day_leaves_one_day() -> None:
    assert due(accepted("2025-03-03").paused("2025-03-28").resumed("2025-04-10")) == "2025-04-11"


def test_a_pause_over_the_days_that_a_rolled_end_crosses_stops_nothing() -> None:
    """Ten days from 2024-06-05 end on Saturday the 15th: a pause on that Saturday finds the limit used up."""
    rule = a_clock("statutory", 10, CD, pauses_for=HEARING)
    history = a_history(an_item(rule), a_calendar()).received("2024-06-05").accepted("2024-06-05")
    assert text_of(history.paused("2024-06-15").clock("statutory", "2024-06-16").due_on) == "2024-06-17"
    assert history.paused("2024-06-14").clock("statutory", "2024-06-16").state == "paused"


def test_a_ground_that_the_clock_does_not_list_does_not_stop_it() -> None:
    """F06, 行政许可法 第四十五条: a closed list; the promise may have a longer one."""
    statutory = a_clock("statutory", 20, pauses_for=HEARING)
    promise = a_clock("promise", 10, pauses_for=frozenset({"hearing", "publicity"}))
    history = a_history(an_item(statutory, promise)).received("2025-03-03").accepted("2025-03-03")
    history = history.paused("2025-03-10", "publicity").resumed("2025-03-24")
    assert due(history) == "2025-03-31"
    assert text_of(history.clock("promise", "2025-04-01").due_on) == "2025-03-31"


def test_a_limit_in_months_gets_the_paused_calendar_days_added_and_rolls_once() -> None:
    rule = a_clock("statutory", 2, MONTH, pauses_for=HEARING)
    history = a_history(an_item(rule)).received("2025-03-10").accepted("2025-03-10")
    assert due(history) == "2025-05-12"  # the 10th is a Saturday
    assert due(history.paused("2025-03-20").resumed("2025-03-27")) == "2025-05-19"  # the 17th is a Saturday


def test_the_time_of_a_correction_stops_a_clock_that_lists_it() -> None:
    rule = a_clock("statutory", 60, CD, starts="received", pauses_for=GROUNDS)
    history = a_history(an_item(rule)).received("2025-03-03").step("request_correction", "2025-03-06")
    assert history.clock("statutory", "2025-03-08").state == "paused"
    history = history.step("submit_correction", "2025-03-16")
    assert due(history) == "2025-05-12"


def test_a_clock_that_starts_in_a_pause_is_paused_from_its_first_moment() -> None:
    rule = a_clock("own", 5, starts="started:review", stops=frozenset({"decided"}), pauses_for=HEARING)
    history = a_history(an_item(rule)).received("2025-03-03").accepted("2025-03-03").paused("2025-03-04")
    history = history.step("start_stage", "2025-03-06", stage="review", imported=True)
    assert history.clock("own", "2025-03-07").state == "paused"
    clock = history.resumed("2025-03-10").clock("own", "2025-03-11")
    assert (clock.used, text_of(clock.due_on)) == (1, "2025-03-17")


# Stops


@pytest.mark.parametrize(
    ("last", "at", "state"),
    [
        ("withdraw", "2025-03-12", "met"),  # the item names it
        ("withdraw", "2025-04-03", "missed"),
        ("terminate", "2025-03-12", "void"),  # it does not
        ("terminate", "2025-04-03", "missed"),
    ],
)
def test_a_final_step_stops_every_clock(last: str, at: str, state: str) -> None:
    rule = a_clock("statutory", 20, stops=frozenset({"decided", "withdrawn"}))
    history = a_history(an_item(rule)).received("2025-03-03").accepted("2025-03-03").step(last, at)
    clock = history.clock("statutory", "2025-05-01")
    assert (clock.state, wall(clock.stopped_at)) == (state, f"{at} 09:00")


def test_a_clock_that_never_started_is_void_after_a_final_step() -> None:
    item = an_item(a_clock("promise", 5), a_clock("delivery", 10, starts="decided", stops=frozenset({"delivered"})))
    history = a_history(item).received("2025-03-03").step("refuse", "2025-03-05")
    assert [clock.state for clock in history.at("2025-03-04").clocks] == ["not_started", "not_started"]
    assert [clock.state for clock in history.at("2025-03-06").clocks] == ["void", "void"]


def test_a_decision_ends_an_open_pause_and_leaves_the_figures_of_its_beginning() -> None:
    history = accepted("2025-03-03").paused("2025-03-10").step("decide", "2025-04-20")
    clock = history.clock("statutory", "2025-05-01")
    assert (clock.state, clock.used, clock.remaining, text_of(clock.due_on)) == ("met", 5, 15, "2025-05-13")


# Extensions


def test_an_extension_counts_the_end_anew_with_limit_and_extension() -> None:
    """H06: 30 working days from 2025-12-15, extended to 45."""
    history = accepted("2025-12-15", 30, extension=(15, 1))
    assert due(history) == "2026-01-27"
    history = history.extended("2026-01-20", 15)
    assert due(history) == "2026-02-24"
    clock = history.clock("statutory", "2026-01-27")
    assert (clock.limit, clock.extended, clock.remaining) == (Limit(30, WD), 15, 15)


def test_the_local_limit_and_its_extension() -> None:
    """H07: 25 working days, extended to 40."""
    history = accepted("2025-12-15", 25, extension=(15, 1))
    assert (due(history), due(history.extended("2026-01-19", 15))) == ("2026-01-20", "2026-02-10")


def test_an_extension_of_a_rolled_end_is_counted_from_where_it_would_have_been() -> None:
    rule = a_clock("statutory", 10, CD, extension=(5, 1))
    history = a_history(an_item(rule), a_calendar()).received("2024-06-05").accepted("2024-06-05")
    assert text_of(history.extended("2024-06-14", 5).clock("statutory", "2024-06-16").due_on) == "2024-06-20"


def test_a_paused_clock_may_be_extended() -> None:
    history = accepted("2025-03-03").paused("2025-03-10", announced=Limit(10, CD)).extended("2025-03-12", 10)
    clock = history.clock("statutory", "2025-03-13")
    assert (clock.state, clock.remaining, text_of(clock.latest_due_on)) == ("paused", 25, "2025-04-25")
    assert due(history.resumed("2025-03-20")) == "2025-04-25"


# Fixed ends


def test_nothing_moves_a_fixed_end() -> None:
    rule = a_clock("statutory", 20, pauses_for=HEARING, extension=(10, 1))
    history = a_history(an_item(rule)).received("2025-03-03", fixed={"statutory": "2025-03-20 00:00"})
    history = history.accepted("2025-03-03").paused("2025-03-05").extended("2025-03-06", 10)
    clock = history.clock("statutory", "2025-03-10")
    assert (clock.state, wall(clock.due_at), clock.extended, clock.revision) == ("running", "2025-03-20 00:00", 0, 1)


def test_an_end_fixed_where_the_item_lacks_the_clock_makes_one_without_a_limit() -> None:
    history = a_history(an_item()).received("2025-03-03", fixed={"statutory": "2025-03-20 12:00"})
    clock = history.clock("statutory", "2025-03-10")
    assert (clock.limit, clock.used, clock.remaining, text_of(clock.due_on)) == (None, 7, 10, "2025-03-20")
    assert history.clock("statutory", "2025-03-22").overdue == 2
    assert history.step("withdraw", "2025-03-20 12:00").clock("statutory", "2025-04-01").state == "missed"
    assert history.step("withdraw", "2025-03-20 11:59").clock("statutory", "2025-04-01").state == "met"


# Shares


def test_a_share_is_reached_on_the_first_day_with_so_much_used_paused_or_not() -> None:
    rule = a_clock("promise", 10, pauses_for=HEARING, warn=(Warn(WarnKind.AT_SHARE, share_thousandths=300),))
    history = a_history(an_item(rule)).received("2025-03-03").accepted("2025-03-03")
    assert wall(history.clock("promise", "2025-03-04").warnings[0].at) == "2025-03-06 00:00"
    late = history.paused("2025-03-04").resumed("2025-03-11")
    assert wall(late.clock("promise", "2025-03-12").warnings[0].at) == "2025-03-13 00:00"
    kept = history.paused("2025-03-07").resumed("2025-03-11")
    assert wall(kept.clock("promise", "2025-03-12").warnings[0].at) == "2025-03-06 00:00"
    assert wall(late.step("decide", "2025-03-12").clock("promise", "2025-04-01").warnings[0].at) == "2025-03-13 00:00"


# A second reckoning, day by day

CALENDAR = a_calendar(off=("2025-04-04", "2025-05-01", "2025-05-02", "2025-05-05"), worked=("2025-04-27",))
FIRST = date(2025, 3, 3)
pauses = st.lists(st.tuples(st.integers(1, 70), st.integers(0, 15)), max_size=5)


def walked(amount: int, unit: Unit, spans: list[tuple[int, int]], calendar: Calendar) -> int:
    """The last day, found by walking: each day counts unless it is a rest day or lies in a pause."""
    begun = FIRST.toordinal()
    taken: set[int] = set()
    left, at = amount, begun
    while left:
        for begin, length in spans:
            if begun + begin == at:
                taken.update(range(at + 1, at + length + 1))
        at += 1
        counts = unit is CD or calendar.is_working(at)
        if counts and at not in taken:
            left -= 1
    while unit is CD and not calendar.is_working(at):
        at += 1
    return at


def told(item: Item, spans: list[tuple[int, int]]) -> History:
    """The pauses as steps, each with the announced length of its own, ended or not."""
    at = FIRST.isoformat()
    history = a_history(item, CALENDAR).received(at).accepted(at)
    for begin, length in sorted(spans):
        start = (FIRST + timedelta(days=begin)).isoformat()
        announced = Limit(length, CD) if length else None
        history = history.paused(f"{start} 10:00", announced=announced)
        if not length:
            history = history.resumed(f"{start} 11:00", pause_id=str(len(history.dossier.steps)))
    return history


@settings(deadline=None)
@given(amount=st.integers(1, 40), unit=st.sampled_from([WD, CD]), spans=pauses)
def test_the_account_agrees_with_a_walk_over_the_days(amount: int, unit: Unit, spans: list[tuple[int, int]]) -> None:
    item = an_item(a_clock("statutory", amount, unit, pauses_for=HEARING))
    clock = told(item, spans).clock("statutory", "2026-03-01")
    assert clock.due_on == walked(amount, unit, spans, CALENDAR)


@settings(deadline=None)
@given(amount=st.integers(1, 40), unit=st.sampled_from([WD, CD]), spans=pauses, more=st.integers(1, 70))
def test_another_pause_never_makes_a_limit_shorter(
    amount: int, unit: Unit, spans: list[tuple[int, int]], more: int
) -> None:
    item = an_item(a_clock("statutory", amount, unit, pauses_for=HEARING))
    before = told(item, spans).clock("statutory", "2026-03-01").due_on
    after = told(item, [*spans, (more, 3)]).clock("statutory", "2026-03-01").due_on
    assert before is not None
    assert after is not None
    assert before <= after


@settings(deadline=None)
@given(amount=st.integers(2, 40), begin=st.integers(1, 30), first=st.integers(1, 9), second=st.integers(1, 9))
def test_splitting_a_pause_changes_nothing(amount: int, begin: int, first: int, second: int) -> None:
    item = an_item(a_clock("statutory", amount, CD, pauses_for=HEARING))
    whole = told(item, [(begin, first + second)]).clock("statutory", "2026-03-01").due_on
    split = told(item, [(begin, first), (begin + first, second)]).clock("statutory", "2026-03-01").due_on
    assert whole == split


@settings(deadline=None)
@given(amount=st.integers(0, 40), unit=st.sampled_from([WD, CD, MONTH]), start=st.integers(0, 60))
def test_a_later_start_is_never_due_earlier(amount: int, unit: Unit, start: int) -> None:
    item = an_item(a_clock("statutory", max(amount, 1) if unit is MONTH else amount, unit))
    ends = []
    for late in (0, 1):
        at = (FIRST + timedelta(days=start + late)).isoformat()
        ends.append(a_history(item, CALENDAR).received(at).accepted(at).clock("statutory", "2030-01-01").due_on or 0)
    assert ends[0] <= ends[1]
