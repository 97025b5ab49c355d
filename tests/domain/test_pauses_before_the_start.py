"""What was stopped before a clock began, and what a decision and silence do to the clocks that go on."""

from app.domain.corrections import recomputed
from app.domain.folds import Recomputation, Suspension
from app.domain.spans import ClockState
from tests.builders.domain import CD, History, a_clock, a_history, a_stage, an_item, day, instant, text_of
from tests.builders.folds import an_edition

HEARING = frozenset({"hearing"})
CALENDAR = an_edition(1)


def told(history: History, kind: str, at: str, stage: str = "") -> tuple[str, int, str | None]:
    clock = history.clock(kind, at, stage=stage)
    return str(clock.state), clock.used, text_of(clock.due_on if clock.due_on is not None else clock.latest_due_on)


def accepted(*clocks: object, **said: object) -> History:
    item = an_item(*clocks, **said)  # type: ignore[arg-type]
    return a_history(item, CALENDAR).received("2025-03-03").accepted("2025-03-03")


def test_a_stage_that_begins_after_a_pause_has_ended_runs_and_one_that_begins_in_it_is_paused() -> None:
    stages = (a_stage("review", 3, pauses_for=HEARING),)
    paused = accepted(a_clock("promise", 20, pauses_for=HEARING), stages=stages).paused("2025-03-04")
    inside = paused.step("start_stage", "2025-03-05", stage="review")
    assert told(inside, "stage", "2025-03-06", "review") == ("paused", 0, None)
    after = paused.resumed("2025-03-05").step("start_stage", "2025-03-06", stage="review")
    assert told(after, "stage", "2025-03-07", "review") == ("running", 1, "2025-03-11")
    other = accepted(a_clock("promise", 20, pauses_for=HEARING), stages=(a_stage("review", 3),)).paused("2025-03-04")
    assert told(other.step("start_stage", "2025-03-05", stage="review"), "stage", "2025-03-06", "review") == (
        "running",
        1,
        "2025-03-10",
    )


def test_a_decision_ends_the_pauses_also_for_clocks_that_begin_or_go_on_after_it() -> None:
    publish = a_clock("publication", 7, starts="delivered", stops=frozenset({"published"}), pauses_for=HEARING)
    service = a_clock("service", 20, starts="accepted", stops=frozenset({"delivered"}), pauses_for=HEARING)
    history = accepted(publish, service).paused("2025-03-05").step("decide", "2025-03-07")
    assert told(history, "service", "2025-03-06") == ("paused", 2, None)
    assert told(history, "service", "2025-03-10") == ("running", 3, "2025-04-02")
    delivered = history.step("deliver", "2025-03-10")
    assert told(delivered, "publication", "2025-03-11") == ("running", 1, "2025-03-19")


def a_silent_permit(*more: object) -> History:
    """Silence accepts at the end of Monday the 10th, back to the receipt on Monday the 3rd."""
    notice = a_clock(
        "notice",
        5,
        starts="received",
        stops=frozenset({"accepted", "refused", "correction_requested"}),
        on_expiry="deemed_accepted_from_receipt",
    )
    statutory = a_clock("statutory", 20, pauses_for=HEARING)
    return a_history(an_item(notice, statutory, *more), CALENDAR).received("2025-03-03")  # type: ignore[arg-type]


def test_silence_stops_the_clock_that_ran_out_and_no_other() -> None:
    history = a_silent_permit(a_clock("promise", 15, starts="received"))
    assert told(history, "notice", "2025-03-12") == ("missed", 6, "2025-03-10")
    assert told(history, "promise", "2025-03-12") == ("running", 7, "2025-03-24")
    assert told(history, "statutory", "2025-03-12") == ("running", 7, "2025-03-31")


def suspended(history: History, first: str, last: str, *kinds: str) -> History:
    place = Suspension("S1", frozenset(kinds), day(first), day(last))
    at = instant("2025-03-03 12:00")
    return History(recomputed(history.dossier, Recomputation(at=at, seq=9, recorded_at=at, suspension=place)))


def test_days_suspended_before_silence_are_taken_out_of_the_clock_that_counts_from_the_receipt() -> None:
    history = suspended(a_silent_permit(), "2025-03-05", "2025-03-06", "statutory")
    assert told(history, "statutory", "2025-03-12") == ("running", 5, "2025-04-02")
    other = suspended(a_silent_permit(), "2025-03-05", "2025-03-06", "promise")
    assert told(other, "statutory", "2025-03-12") == ("running", 7, "2025-03-31")


def test_a_suspension_over_the_moment_of_silence_holds_the_clock_until_it_is_over() -> None:
    history = suspended(a_silent_permit(), "2025-03-07", "2025-03-12", "statutory")
    assert told(history, "statutory", "2025-03-11 00:00") == ("paused", 3, "2025-04-04")
    assert told(history, "statutory", "2025-03-13 00:00") == ("running", 4, "2025-04-04")


def test_a_suspension_that_was_over_before_the_clock_began_takes_nothing_out() -> None:
    history = accepted(a_clock("promise", 20), stages=(a_stage("review", 3),))
    moved = suspended(history, "2025-03-05", "2025-03-06", "stage")
    after = History(moved.dossier).step("start_stage", "2025-03-10", stage="review")
    assert told(after, "stage", "2025-03-11", "review") == ("running", 1, "2025-03-13")
    inside = History(moved.dossier).step("start_stage", "2025-03-05 10:00", stage="review")
    assert told(inside, "stage", "2025-03-05 11:00", "review") == ("paused", 0, "2025-03-11")


# Beginning again


def test_a_count_that_begins_again_leaves_earlier_pauses_behind_but_not_a_suspension() -> None:
    clock = a_clock("statutory", 20, starts="received", restarts_on="corrected", pauses_for=HEARING)
    history = a_history(an_item(clock), CALENDAR).received("2025-03-03")
    history = history.step("request_correction", "2025-03-05").step("submit_correction", "2025-03-10")
    assert told(history, "statutory", "2025-03-07") == ("running", 4, "2025-03-31")
    assert told(history, "statutory", "2025-03-11") == ("running", 1, "2025-04-07")
    held = suspended(history, "2025-03-10", "2025-03-11", "statutory")
    assert told(held, "statutory", "2025-03-12") == ("running", 1, "2025-04-08")


def test_a_correction_that_pauses_and_restarts_is_one_change_of_the_end() -> None:
    clock = a_clock(
        "statutory", 20, starts="received", restarts_on="corrected", pauses_for=frozenset({"correction", "hearing"})
    )
    history = a_history(an_item(clock), CALENDAR).received("2025-03-03").step("request_correction", "2025-03-05")
    assert told(history, "statutory", "2025-03-06") == ("paused", 2, None)
    again = history.step("submit_correction", "2025-03-10")
    assert told(again, "statutory", "2025-03-11") == ("running", 1, "2025-04-07")
    assert again.clock("statutory", "2025-03-11").revision == 2
    after = again.accepted("2025-03-12").paused("2025-03-13").resumed("2025-03-17")
    assert told(after, "statutory", "2025-03-18") == ("running", 4, "2025-04-09")
    assert after.clock("statutory", "2025-03-18").revision == 3


def test_a_final_step_stops_a_clock_for_good_also_where_it_might_begin_again() -> None:
    clock = a_clock("statutory", 20, CD, starts="received", restarts_on="corrected")
    history = a_history(an_item(clock), CALENDAR).received("2025-03-03").step("withdraw", "2025-03-05")
    imported = history.step("submit_correction", "2025-03-10", imported=True)
    assert told(imported, "statutory", "2025-03-12")[:2] == (str(ClockState.MET), 2)
