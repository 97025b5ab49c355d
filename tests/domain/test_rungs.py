"""Warning rungs: where they lie, which are crossed, when to look again."""

from datetime import datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.forecast import forecast
from app.domain.items import DEFAULT_WARN, ClockRule, Party, Warn, WarnKind
from app.domain.replay import replay
from app.domain.rungs import Crossing, crossings, next_look
from app.domain.spans import ClockState
from app.domain.steps import Dossier
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
    a_stage,
    an_item,
    instant,
    wall,
)
from tests.builders.histories import a_random_history, the_calendar

CALENDAR = the_calendar()
HEARING = frozenset({"hearing"})
MOMENT = timedelta(microseconds=1)


def accepted(rule: ClockRule, at: str = "2025-03-10") -> History:
    return a_history(an_item(rule)).received(at).accepted(at)


def before(amount: int, unit: str = "working_day") -> Warn:
    return Warn(WarnKind.BEFORE, Limit(amount, {"working_day": WD, "calendar_day": CD, "month": MONTH}[unit]))


def after(amount: int) -> Warn:
    return Warn(WarnKind.AFTER, Limit(amount, WD))


def at_share(thousandths: int) -> Warn:
    return Warn(WarnKind.AT_SHARE, share_thousandths=thousandths)


def placed(*warn: Warn, amount: int = 4, due: str = "end_of_day") -> list[str | None]:
    rule = a_clock("promise", amount, warn=warn, count=a_count(WD, due=due))
    return [wall(warning.at) for warning in accepted(rule).clock("promise", "2025-03-11").warnings]


def crossed(history: History, until: str | None = None) -> list[tuple[str, int, int, str | None]]:
    found = crossings(forecast(history.dossier), None if until is None else instant(until))
    return [(one.kind, one.rung, one.revision, wall(one.crossed_at)) for one in found]


# Where they lie


def test_one_working_day_before_a_friday_is_thursday_from_its_first_moment() -> None:
    assert placed(before(1)) == ["2025-03-13 00:00"]


def test_a_clock_without_rungs_of_its_own_warns_one_working_day_before() -> None:
    rule = a_clock("promise", 4)
    assert rule.warn is DEFAULT_WARN
    history = accepted(rule)
    assert history.clock("promise", "2025-03-12 23:59").light == "green"
    assert history.clock("promise", "2025-03-13 00:00").light == "yellow"
    assert history.clock("promise", "2025-03-15 00:00").light == "red"


def test_rungs_keep_their_places_and_yellow_begins_with_the_first() -> None:
    assert placed(before(1), at_share(800), before(3)) == ["2025-03-13 00:00", "2025-03-14 00:00", "2025-03-11 00:00"]
    rule = a_clock("promise", 4, warn=(before(1), before(3)))
    assert accepted(rule).clock("promise", "2025-03-11").light == "yellow"


def test_a_share_is_reached_on_the_first_day_with_so_much_used() -> None:
    """0.8 of 4 days are 3.2: reached on the fourth day; 0.75 on the third."""
    assert placed(at_share(800), at_share(750)) == ["2025-03-14 00:00", "2025-03-13 00:00"]


def test_an_escalation_is_reached_at_the_end_of_its_day_and_makes_nothing_yellow() -> None:
    rule = a_clock("promise", 4, warn=(after(1),))
    clock = accepted(rule).clock("promise", "2025-03-14")
    assert ([wall(warning.at) for warning in clock.warnings], clock.light) == (["2025-03-18 00:00"], "green")


def test_where_the_due_instant_lies_inside_a_day_its_rungs_have_its_time_of_day() -> None:
    assert placed(before(1), after(1), due="same_time") == ["2025-03-13 09:00", "2025-03-17 09:00"]


def test_no_rung_lies_before_the_start() -> None:
    assert placed(before(9)) == ["2025-03-10 00:00"]
    assert accepted(a_clock("promise", 1)).clock("promise", "2025-03-10").light == "yellow"


def test_rungs_in_calendar_days_and_months_go_by_the_calendar() -> None:
    rule = a_clock("promise", 60, warn=(before(7, "calendar_day"), before(1, "month")))
    clock = accepted(rule, "2025-05-06").clock("promise", "2025-05-07")
    assert [wall(w.at) for w in clock.warnings] == ["2025-07-23 00:00", "2025-06-30 00:00"]


def test_the_day_before_an_end_that_rolled_is_a_working_day() -> None:
    rule = a_clock("promise", 5, CD)
    history = a_history(an_item(rule), a_calendar()).received("2025-03-10").accepted("2025-03-10")
    assert [wall(w.at) for w in history.clock("promise", "2025-03-11").warnings] == ["2025-03-14 00:00"]


# What is crossed


def test_every_rung_is_crossed_once_in_order_of_time() -> None:
    history = accepted(a_clock("promise", 4, warn=(before(1), after(1))))
    assert crossed(history) == [
        ("warning", 1, 1, "2025-03-13 00:00"),
        ("overdue", 0, 1, "2025-03-15 00:00"),
        ("escalation", 2, 1, "2025-03-18 00:00"),
    ]
    assert crossed(history, "2025-03-15 00:00") == crossed(history)[:2]


def test_a_clock_that_stops_exactly_at_its_due_instant_was_never_overdue() -> None:
    history = accepted(a_clock("promise", 4))
    assert crossed(history.step("decide", "2025-03-15 00:00")) == [("warning", 1, 1, "2025-03-13 00:00")]
    assert len(crossed(history.step("decide", "2025-03-15 00:01"))) == 2


def test_a_pause_before_a_rung_moves_it_and_one_after_it_leaves_it() -> None:
    history = accepted(a_clock("promise", 4, pauses_for=HEARING))
    assert crossed(history.paused("2025-03-12").resumed("2025-03-20")) == [
        ("warning", 1, 2, "2025-03-21 00:00"),
        ("overdue", 0, 2, "2025-03-25 00:00"),
    ]
    assert crossed(history.paused("2025-03-13").resumed("2025-03-20 15:00")) == [
        ("warning", 1, 1, "2025-03-13 00:00"),
        ("warning", 1, 2, "2025-03-20 15:00"),  # due on the 21st, its rung at 00:00 of the 20th: in the pause
        ("overdue", 0, 2, "2025-03-22 00:00"),
    ]


def test_while_paused_without_an_end_nothing_is_crossed() -> None:
    history = accepted(a_clock("promise", 4, pauses_for=HEARING)).paused("2025-03-11")
    assert crossed(history) == []
    assert next_look(forecast(history.dossier), instant("2025-03-11")) is None


def test_a_pause_that_runs_out_is_crossed_by_time_alone() -> None:
    history = accepted(a_clock("promise", 4, pauses_for=HEARING)).paused("2025-03-11", announced=Limit(5, WD))
    assert [one[3] for one in crossed(history)] == ["2025-03-20 00:00", "2025-03-22 00:00"]


def test_an_extension_before_the_crossing_leaves_none_at_the_old_instant() -> None:
    history = accepted(a_clock("statutory", 4, extension=(5, 1))).extended("2025-03-12", 5)
    assert [(kind, revision) for kind, _, revision, _ in crossed(history)] == [("warning", 2), ("overdue", 2)]


def test_a_stage_begun_after_the_promise_ended_is_overdue_from_its_first_moment() -> None:
    item = an_item(a_clock("promise", 4), stages=(a_stage("review", 2),))
    history = a_history(item).received("2025-03-10").accepted("2025-03-10")
    history = history.step("start_stage", "2025-03-17", stage="review")
    found = [one for one in crossings(forecast(history.dossier), None) if one.stage]
    assert [(one.kind, wall(one.crossed_at), wall(one.due_at)) for one in found] == [
        ("overdue", "2025-03-17 09:00", "2025-03-15 00:00"),
        ("warning", "2025-03-17 09:00", "2025-03-15 00:00"),
    ]


def test_an_applicants_clock_is_never_the_offices_delay() -> None:
    rule = a_clock("correction", 5, starts="correction_requested", stops=frozenset({"corrected"}))
    theirs = ClockRule(rule.kind, rule.starts, rule.stops, rule.limit, rule.count, party=Party.APPLICANT)
    history = a_history(an_item(theirs)).received("2025-03-03").step("request_correction", "2025-03-04")
    assert history.clock("correction", "2025-03-20").light == "red"
    assert (crossed(history), history.at("2025-03-20").light) == ([], None)


def test_the_next_look_is_the_next_crossing() -> None:
    drawn = forecast(accepted(a_clock("promise", 4)).dossier)
    assert wall(next_look(drawn, instant("2025-03-10"))) == "2025-03-13 00:00"
    assert wall(next_look(drawn, instant("2025-03-13 00:00"))) == "2025-03-13 00:00"
    assert wall(next_look(drawn, instant("2025-03-13 00:01"))) == "2025-03-15 00:00"
    assert next_look(drawn, instant("2025-03-16")) is None


# Against the readings themselves


def sees(dossier: Dossier, crossing: Crossing, at: datetime) -> bool:
    """Whether a reader at that instant sees the rung of that revision crossed, or that silence has had its effect."""
    if crossing.kind == "deemed":
        return any(one.clock == crossing.clock and one.at <= at for one in replay(dossier, at).deemed)
    for clock in replay(dossier, at).clocks:
        named = (clock.kind, clock.stage, clock.revision) == (crossing.clock, crossing.stage, crossing.revision)
        if named and clock.state is ClockState.RUNNING:
            rungs = {0: clock.due_at, **dict(clock.warnings)}
            reached = rungs[crossing.rung]
            return reached is not None and reached <= at
    return False


@settings(max_examples=40, deadline=None)
@given(random=st.randoms(use_true_random=False), imported=st.booleans())
def test_crossed_at_is_the_first_instant_at_which_a_reader_sees_it(random: Random, imported: bool) -> None:
    dossier = a_random_history(random, CALENDAR, imported=imported).dossier
    for crossing in crossings(forecast(dossier), None):
        assert sees(dossier, crossing, crossing.crossed_at)
        assert not sees(dossier, crossing, crossing.crossed_at - MOMENT)
