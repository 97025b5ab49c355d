"""What is drawn of clocks on the way: their states, ends and numbers, span by span."""

from app.domain.folds import BEGINNING, Fold, Suspension
from app.domain.forecast import forecast
from app.domain.items import ClockRule
from app.domain.steps import Dossier
from app.domain.units import Limit
from tests.builders.domain import (
    CD,
    HOUR,
    History,
    a_calendar,
    a_clock,
    a_history,
    a_stage,
    an_item,
    day,
    instant,
    text_of,
    wall,
)
from tests.builders.folds import HOURS

HEARING = frozenset({"hearing"})
BOTH = frozenset({"hearing", "survey"})
Row = tuple[str | None, str, str | None, int]


def drawn(history: History, kind: str = "statutory") -> list[Row]:
    """Beginning, state, end as it is shown or would be at the latest, and number of each span of one clock."""
    return [
        (wall(one.from_at), str(one.state), text_of(one.due_on or one.latest_due_on), one.revision)
        for one in forecast(history.dossier).spans
        if one.clock == kind
    ]


def received(*clocks: ClockRule) -> History:
    """Received on Monday 3 March 2025 at nine."""
    return a_history(an_item(*clocks), a_calendar()).received("2025-03-03")


def a_notice() -> ClockRule:
    """Silence accepts at the end of Monday the tenth, back to the receipt."""
    stops = frozenset({"correction_requested", "refused"})
    return a_clock("notice", 5, starts="received", stops=stops, on_expiry="deemed_accepted_from_receipt")


def test_silence_stops_the_clock_that_ran_out_and_draws_the_others_on() -> None:
    history = received(a_notice(), a_clock("promise", 15, starts="received"))
    assert drawn(history, "notice") == [
        ("2025-03-03 09:00", "running", "2025-03-10", 1),
        ("2025-03-11 00:00", "missed", "2025-03-10", 1),
    ]
    assert drawn(history, "promise") == [("2025-03-03 09:00", "running", "2025-03-24", 1)]


def test_a_pause_that_ends_before_the_count_begins_again_gives_the_clock_its_days_until_then() -> None:
    rule = a_clock("statutory", 10, starts="received", pauses_for=HEARING, restarts_on="accepted")
    history = received(rule).paused("2025-03-04").resumed("2025-03-06").accepted("2025-03-10")
    assert drawn(history) == [
        ("2025-03-03 09:00", "running", "2025-03-17", 1),
        ("2025-03-04 09:00", "paused", None, 1),
        ("2025-03-06 09:00", "running", "2025-03-19", 2),
        ("2025-03-10 09:00", "running", "2025-03-24", 3),
    ]


def test_an_acceptance_ends_the_time_for_a_correction_that_never_came() -> None:
    grounds = frozenset({"correction"})
    rule = a_clock("statutory", 10, starts="received", pauses_for=grounds, restarts_on="corrected")
    history = received(rule).step("request_correction", "2025-03-04").step("accept", "2025-03-06", imported=True)
    assert drawn(history) == [
        ("2025-03-03 09:00", "running", "2025-03-17", 1),
        ("2025-03-04 09:00", "paused", None, 1),
        ("2025-03-06 09:00", "running", "2025-03-19", 2),
    ]


def test_a_stage_that_stops_with_the_decision_is_capped_by_the_end_that_the_decision_gives_back() -> None:
    statutory = a_clock("statutory", 3, pauses_for=HEARING)
    item = an_item(statutory, stages=(a_stage("review", 10),))
    history = a_history(item, a_calendar()).received("2025-03-03").accepted("2025-03-03")
    history = history.step("start_stage", "2025-03-03 10:00", stage="review")
    history = history.paused("2025-03-04").step("decide", "2025-03-05", result="granted")
    assert drawn(history, "stage") == [
        ("2025-03-03 10:00", "running", "2025-03-06", 1),
        ("2025-03-04 09:00", "running", "2025-03-17", 2),
        ("2025-03-05 09:00", "met", "2025-03-07", 3),
    ]


def test_a_clock_that_starts_in_one_pause_is_not_held_by_another_that_has_ended() -> None:
    rule = a_clock("statutory", 10, pauses_for=BOTH)
    history = received(rule).paused("2025-03-03 10:00").paused("2025-03-03 11:00", "survey")
    history = history.resumed("2025-03-03 12:00", pause_id="2").accepted("2025-03-04").resumed("2025-03-05")
    assert drawn(history) == [
        ("2025-03-04 09:00", "paused", None, 0),
        ("2025-03-05 09:00", "running", "2025-03-19", 1),
    ]


def test_a_clock_that_starts_with_the_decision_is_not_held_by_a_pause_before_it() -> None:
    delivery = a_clock("delivery", 10, starts="decided", stops=frozenset({"delivered"}), pauses_for=HEARING)
    flood = Suspension("S1", frozenset({"promise"}), day("2025-03-03"), None)
    dossier = Dossier(an_item(delivery), a_calendar(), (), (Fold(BEGINNING, a_calendar(), (flood,)),))
    history = History(dossier).received("2025-03-03").accepted("2025-03-03").paused("2025-03-04")
    assert drawn(history.step("decide", "2025-03-05"), "delivery") == [("2025-03-05 09:00", "running", "2025-03-19", 1)]


def test_an_announced_pause_that_was_over_before_silence_is_taken_out_as_long_as_it_lasted() -> None:
    """From the third: the fourth and fifth are taken out, the sixth counts, the seventh on are taken out."""
    history = received(a_notice(), a_clock("statutory", 10, pauses_for=BOTH))
    history = history.paused("2025-03-03 10:00", announced=Limit(2, CD)).paused("2025-03-06 10:00", "survey")
    assert drawn(history) == [("2025-03-11 00:00", "paused", None, 0)]
    assert drawn(history.resumed("2025-03-12")) == [
        ("2025-03-11 00:00", "paused", None, 0),
        ("2025-03-12 09:00", "running", "2025-03-25", 1),  # one used on the sixth, nine from the thirteenth
    ]


def test_pauses_before_silence_are_taken_out_of_a_limit_in_hours_by_the_moment() -> None:
    rule = a_clock("statutory", 40, HOUR, pauses_for=HEARING)
    item = an_item(a_notice(), rule)
    history = a_history(item, a_calendar(hours=HOURS)).received("2025-03-03")
    without = [one for one in forecast(history.dossier).spans if one.clock == "statutory"]
    held = history.paused("2025-03-04 10:00").resumed("2025-03-04 11:00")
    found = [one for one in forecast(held.dossier).spans if one.clock == "statutory"]
    calendar = held.dossier.calendar.working_time
    assert without[-1].due_at is not None
    assert found[-1].due_at is not None
    assert calendar.elapsed(found[-1].due_at) - calendar.elapsed(without[-1].due_at) == calendar.elapsed(
        instant("2025-03-04 11:00")
    ) - calendar.elapsed(instant("2025-03-04 10:00"))
    assert calendar.elapsed(instant("2025-03-04 11:00")) > calendar.elapsed(instant("2025-03-04 10:00"))


def test_two_pauses_one_after_the_other_that_differ_in_nothing_are_one_span() -> None:
    """Both lie outside the hours: from Friday evening to Saturday, from Sunday to a Monday off."""
    rule = a_clock("statutory", 40, HOUR, starts="received", pauses_for=BOTH)
    history = a_history(an_item(rule), a_calendar(off=("2025-03-10",), hours=HOURS)).received("2025-03-03")
    history = history.paused("2025-03-07 20:00", announced=Limit(1, CD))
    history = history.paused("2025-03-09 00:00", "survey", announced=Limit(1, CD))
    assert [row[:2] for row in drawn(history)] == [
        ("2025-03-03 09:00", "running"),
        ("2025-03-07 20:00", "paused"),
        ("2025-03-11 00:00", "running"),
    ]


def test_a_clock_that_stops_and_begins_again_at_one_instant_of_its_first_day_has_one_span() -> None:
    stops = frozenset({"correction_requested"})
    history = received(a_clock("notice", 5, starts="received", stops=stops, restarts_on="corrected"))
    history = history.step("request_correction", "2025-03-03 10:00").step("submit_correction", "2025-03-03 10:00")
    assert drawn(history, "notice") == [("2025-03-03 09:00", "running", "2025-03-10", 1)]
