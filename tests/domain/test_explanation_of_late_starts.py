"""Explanations of clocks that count from before the record that gave them their start, or have yet to begin."""

from app.domain.replay import replay
from app.domain.units import Limit, Unit
from tests.builders.domain import History, a_clock, a_history, an_item, instant, text_of, wall
from tests.builders.folds import a_suspension
from tests.builders.histories import the_calendar
from tests.domain.test_explanation import accepted, lines, moves, told
from tests.domain.test_folds import applied
from tests.domain.test_silence import a_notice

HEARING = frozenset({"hearing"})


def a_silent_office(**of_the_decision: object) -> History:
    """Received on 30 April 2025, never answered: accepted by silence on 13 May, from the receipt on."""
    decision = a_clock("statutory", 20, **of_the_decision)  # type: ignore[arg-type]  # as the test says
    return a_history(an_item(a_notice(), decision)).received("2025-04-30")


def test_days_suspended_before_silence_accepted_are_told_as_suspended() -> None:
    stop = a_suspension("2025-05-06", "2025-05-08", "statutory")
    history = applied(a_silent_office(), "2025-05-01", stop=stop)
    explanation = told(history, "2025-05-13 10:00", "statutory")
    assert lines(explanation)[6:14] == [
        "2025-05-06 - suspended",
        "2025-05-07 - suspended",
        "2025-05-08 - suspended",
        "2025-05-09 1 working_day",
        "2025-05-10 - weekend",
        "2025-05-11 - weekend",
        "2025-05-12 2 working_day",
        "2025-05-13 3 working_day",
    ]
    assert explanation.clock.used == 3
    assert [str(one.rule) for one in explanation.articles].count("suspension") == 1


def test_days_of_a_hearing_before_silence_accepted_are_told_with_the_step_that_took_them_out() -> None:
    history = a_silent_office(pauses_for=HEARING).paused("2025-05-06 09:00").resumed("2025-05-08 09:00")
    explanation = told(history, "2025-05-13 10:00", "statutory")
    assert lines(explanation)[6:10] == [
        "2025-05-06 1 working_day",
        "2025-05-07 - paused",
        "2025-05-08 - paused",
        "2025-05-09 2 working_day",
    ]
    assert explanation.clock.used == 4


def test_a_pause_before_the_office_opens_is_the_cause_of_the_end_that_it_moves() -> None:
    clock = a_clock("promise", 12, Unit.WORKING_HOUR, pauses_for=HEARING)
    history = accepted(clock, on="2025-01-20 22:00", calendar=the_calendar())
    history = history.paused("2025-01-20 23:00", announced=Limit(2, Unit.WORKING_DAY))
    explanation = told(history, "2025-01-20 23:30")
    assert (explanation.clock.state, wall(explanation.clock.due_at)) == ("not_started", "2025-01-24 15:00")
    assert moves(explanation) == [("started", None, "2025-01-22"), ("paused", "2025-01-22", "2025-01-24")]
    assert lines(explanation) == [
        "2025-01-20 - before_start",
        "2025-01-21 - paused",
        "2025-01-22 - paused",
        "2025-01-23 7 working_day",
        "2025-01-24 12 working_day",
    ]


def test_a_pause_that_ends_before_the_office_opens_gives_the_end_back() -> None:
    clock = a_clock("promise", 12, Unit.WORKING_HOUR, pauses_for=HEARING)
    history = accepted(clock, on="2025-01-20 20:00", calendar=the_calendar())
    history = history.paused("2025-01-20 21:00", announced=Limit(2, Unit.WORKING_DAY)).resumed("2025-01-20 22:00")
    explanation = told(history, "2025-01-20 23:00")
    assert moves(explanation)[1:] == [("paused", "2025-01-22", "2025-01-24"), ("resumed", "2025-01-24", "2025-01-22")]
    standing = replay(history.dossier, instant("2025-01-20 23:00"))
    assert text_of(standing.clocks[0].due_on) == "2025-01-22"
