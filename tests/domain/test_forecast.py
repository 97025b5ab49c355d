"""Forecast: several clocks and stages side by side, holder, revisions, and the shape of spans."""

from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.corrections import recomputed
from app.domain.folds import Recomputation
from app.domain.forecast import forecast, in_order_of_recording
from app.domain.spans import ClockState, Span
from app.domain.units import Limit
from tests.builders.domain import (
    CD,
    WD,
    History,
    a_clock,
    a_history,
    a_stage,
    an_item,
    instant,
    text_of,
    wall,
)
from tests.builders.folds import a_suspension
from tests.builders.histories import a_random_history, the_calendar

CALENDAR = the_calendar()
HEARING = frozenset({"hearing"})
RUNNING = ClockState.RUNNING


def spans(history: History, kind: str, stage: str = "") -> list[Span]:
    return [one for one in forecast(history.dossier).spans if (one.clock, one.stage) == (kind, stage)]


def states(history: History, kind: str, stage: str = "") -> list[str]:
    return [str(span.state) for span in spans(history, kind, stage)]


def revisions(history: History, kind: str = "statutory", stage: str = "") -> list[tuple[str | None, int]]:
    return [(text_of(span.due_on or span.latest_due_on), span.revision) for span in spans(history, kind, stage)]


def statutory(*, amount: int = 20) -> History:
    rule = a_clock("statutory", amount, pauses_for=HEARING, extension=(10, 2))
    return a_history(an_item(rule)).received("2025-03-03").accepted("2025-03-03")


# The shape


def test_a_pause_announced_runs_out_in_the_spans_before_it_does_in_time() -> None:
    history = statutory().paused("2025-03-10", announced=Limit(5, WD))
    assert [(str(s.state), wall(s.from_at), wall(s.to_at)) for s in spans(history, "statutory")] == [
        ("running", "2025-03-03 09:00", "2025-03-10 09:00"),
        ("paused", "2025-03-10 09:00", "2025-03-18 00:00"),
        ("running", "2025-03-18 00:00", None),
    ]


def test_a_resumption_after_the_pause_ran_out_splits_nothing() -> None:
    history = statutory().paused("2025-03-10", announced=Limit(5, WD))
    assert spans(history.resumed("2025-03-25"), "statutory") == spans(history, "statutory")


def test_what_happens_at_one_instant_leaves_one_span() -> None:
    history = statutory().step("decide", "2025-03-03")
    assert states(history, "statutory") == ["met"]


def test_clocks_that_have_not_started_have_no_span() -> None:
    history = a_history(an_item(a_clock("promise", 5))).received("2025-03-03")
    assert spans(history, "promise") == []
    assert states(history.step("refuse", "2025-03-04"), "promise") == ["void"]


@settings(max_examples=40, deadline=None)
@given(random=st.randoms(use_true_random=False), imported=st.booleans())
def test_the_spans_of_a_clock_follow_each_other_without_gap_or_overlap(random: Random, imported: bool) -> None:
    drawn = forecast(a_random_history(random, CALENDAR, imported=imported).dossier)
    keys = {(span.clock, span.stage, span.round) for span in drawn.spans}
    for key in keys:
        own = [span for span in drawn.spans if (span.clock, span.stage, span.round) == key]
        assert all(earlier.to_at == later.from_at for earlier, later in pairwise(own))
        assert own[-1].to_at is None
        assert all(span.to_at is None or span.from_at < span.to_at for span in own)


@settings(max_examples=40, deadline=None)
@given(random=st.randoms(use_true_random=False), imported=st.booleans())
def test_a_revision_names_one_due_instant(random: Random, imported: bool) -> None:
    """So that a rung of a revision is crossed once, and no alarm hides another."""
    ends: dict[tuple[str, str, int], set[object]] = {}
    for span in forecast(a_random_history(random, CALENDAR, imported=imported).dossier).spans:
        if span.state is RUNNING:
            ends.setdefault((span.clock, span.stage, span.revision), set()).add(span.due_at)
    assert all(len(due) == 1 for due in ends.values())


# Revisions


def test_a_revision_grows_with_each_record_that_moves_the_end() -> None:
    history = statutory()
    assert revisions(history) == [("2025-03-31", 1)]
    history = history.extended("2025-03-05", 10)
    assert revisions(history) == [("2025-03-31", 1), ("2025-04-15", 2)]
    history = history.step("assign", "2025-03-06", officer="x")
    assert revisions(history)[-1] == ("2025-04-15", 2)


def test_a_pause_without_a_known_end_keeps_the_revision_until_the_end_is_known() -> None:
    history = statutory().paused("2025-03-10")
    assert revisions(history)[-1] == (None, 1)
    assert revisions(history.resumed("2025-03-12"))[-1] == ("2025-04-02", 2)
    assert revisions(history.resumed("2025-03-10 17:00"))[-1] == ("2025-03-31", 1)


def test_an_announced_pause_is_a_revision_and_its_running_out_is_none() -> None:
    history = statutory().paused("2025-03-10", announced=Limit(5, WD))
    assert [number for _, number in revisions(history)] == [1, 2, 2]


def test_a_late_entry_numbers_what_it_brings_after_what_was_recorded() -> None:
    """Accepted, extended on the 20th; then a hearing from the 10th to the 12th is entered late."""
    history = statutory().extended("2025-03-20", 10).paused("2025-03-10").resumed("2025-03-12")
    assert not in_order_of_recording(history.dossier.steps)
    assert revisions(history) == [
        ("2025-03-31", 1),
        (None, 1),
        ("2025-04-02", 4),  # put into the past by the record that made the present end, whose number goes first
        ("2025-04-17", 3),
    ]


def test_a_late_entry_that_moves_no_end_numbers_nothing_anew() -> None:
    history = statutory().extended("2025-03-20", 10)
    assert revisions(history.step("assign", "2025-03-10", officer="x")) == revisions(history)


# Clocks side by side


def test_statutory_and_promise_run_and_stop_side_by_side() -> None:
    """G01, G04: 20 and 5 working days from 2026-09-17."""
    history = a_history(an_item(a_clock("statutory", 20), a_clock("promise", 5)))
    history = history.received("2026-09-17").accepted("2026-09-17")
    assert text_of(history.clock("promise", "2026-09-20").due_on) == "2026-09-23"
    assert text_of(history.clock("statutory", "2026-09-20").due_on) == "2026-10-21"
    assert history.at("2026-09-24").light == "red"
    decided = history.step("decide", "2026-09-28")
    assert [str(clock.state) for clock in decided.at("2026-10-01").clocks] == ["missed", "met"][::-1]


def test_a_clock_starts_once_however_often_its_moment_comes() -> None:
    item = an_item(a_clock("own", 5, starts="published", stops=frozenset({"delivered"})))
    history = a_history(item).received("2025-03-03").accepted("2025-03-04").step("decide", "2025-03-05")
    history = history.step("publish", "2025-03-06").step("publish", "2025-03-10")
    assert wall(history.clock("own", "2025-03-11").started_at) == "2025-03-06 00:00"


def test_delivery_runs_from_the_decision() -> None:
    """行政许可法 第四十四条."""
    item = an_item(a_clock("delivery", 10, starts="decided", stops=frozenset({"delivered"})))
    history = a_history(item).received("2025-03-03").accepted("2025-03-04").step("decide", "2025-03-05")
    assert text_of(history.clock("delivery", "2025-03-06").due_on) == "2025-03-19"
    assert history.step("deliver", "2025-03-19").clock("delivery", "2025-04-01").state == "met"


def test_a_clock_may_start_and_stop_with_stages() -> None:
    rule = a_clock("own", 5, starts="completed:review", stops=frozenset({"started:approval"}))
    item = an_item(rule, stages=(a_stage("review"), a_stage("approval")))
    history = (
        a_history(item).received("2025-03-03").accepted("2025-03-03").step("start_stage", "2025-03-04", stage="review")
    )
    history = history.step("complete_stage", "2025-03-05", stage="review")
    assert text_of(history.clock("own", "2025-03-06").due_on) == "2025-03-12"
    history = history.step("start_stage", "2025-03-07", stage="approval")
    assert history.clock("own", "2025-03-20").state == "met"


# Stages


def staged(*, promise: int = 10, review: int = 2) -> History:
    item = an_item(
        a_clock("promise", promise, pauses_for=HEARING, extension=(5, 1)),
        stages=(a_stage("review", review, pauses_for=HEARING), a_stage("approval", 1), a_stage("filing")),
    )
    return a_history(item).received("2025-03-03").accepted("2025-03-03")


def started(history: History, at: str, stage: str = "review", **said: Any) -> History:
    return history.step("start_stage", at, stage=stage, **said)


def completed(history: History, at: str, stage: str = "review") -> History:
    return history.step("complete_stage", at, stage=stage)


def test_a_stage_has_a_clock_of_its_own_from_start_to_completion() -> None:
    history = started(staged(), "2025-03-04")
    clock = history.clock("stage", "2025-03-05", stage="review")
    assert (clock.round, text_of(clock.due_on), clock.light) == (1, "2025-03-06", "yellow")
    assert completed(history, "2025-03-07").clock("stage", "2025-03-10", stage="review").state == "missed"
    assert history.clock("stage", "2025-03-05", stage="approval").state == "not_started"


def test_a_stage_started_again_is_a_new_clock_whose_revisions_count_on() -> None:
    history = completed(started(staged(), "2025-03-04"), "2025-03-05")
    history = started(history, "2025-03-06")
    first, second = (c for c in history.at("2025-03-07").clocks if c.stage == "review")
    assert (first.round, first.state, first.revision) == (1, "met", 1)
    assert (second.round, second.state, second.revision, text_of(second.due_on)) == (2, "running", 2, "2025-03-10")


def test_two_stages_run_side_by_side() -> None:
    history = started(started(staged(), "2025-03-04"), "2025-03-04", "approval")
    found = {clock.stage: text_of(clock.due_on) for clock in history.at("2025-03-05").clocks if clock.stage}
    assert found == {"review": "2025-03-06", "approval": "2025-03-05"}


def test_a_stage_stops_at_the_latest_with_the_decision() -> None:
    history = started(staged(), "2025-03-04").step("decide", "2025-03-05")
    assert history.clock("stage", "2025-03-10", stage="review").state == "met"
    assert (
        started(staged(), "2025-03-04").step("decide", "2025-03-10").clock("stage", "2025-03-11", stage="review").state
        == "missed"
    )


def test_a_stage_cut_short_by_a_final_step_is_void() -> None:
    history = started(staged(), "2025-03-04").step("withdraw", "2025-03-05")
    assert history.clock("stage", "2025-03-10", stage="review").state == "void"
    assert history.clock("stage", "2025-03-10", stage="approval").state == "void"


def test_a_stage_is_never_due_later_than_the_promise_while_that_runs() -> None:
    history = started(staged(promise=4, review=10), "2025-03-06")
    clock = history.clock("stage", "2025-03-06 12:00", stage="review")
    assert (text_of(clock.due_on), clock.remaining) == ("2025-03-07", 1)
    assert history.clock("stage", "2025-03-07", stage="review").remaining == 0


def test_an_extension_of_the_promise_moves_the_stage_that_it_caps() -> None:
    history = started(staged(promise=4, review=10), "2025-03-06").extended("2025-03-07", 5, clock="promise")
    clock = history.clock("stage", "2025-03-07 12:00", stage="review")
    assert (text_of(clock.due_on), clock.revision) == ("2025-03-14", 2)


def test_a_stage_is_capped_by_the_earlier_of_promise_and_statute() -> None:
    item = an_item(a_clock("statutory", 3, CD), a_clock("promise", 4), stages=(a_stage("review", 10),))
    history = a_history(item).received("2025-03-03").accepted("2025-03-03")
    assert text_of(started(history, "2025-03-04").clock("stage", "2025-03-05", stage="review").due_on) == "2025-03-06"


def test_once_the_promise_has_stopped_the_stage_has_its_own_limit_again() -> None:
    item = an_item(
        a_clock("promise", 4, stops=frozenset({"completed:filing"})), stages=(a_stage("review", 10), a_stage("filing"))
    )
    history = started(a_history(item).received("2025-03-03").accepted("2025-03-03"), "2025-03-04")
    history = started(history, "2025-03-05", "filing")
    assert text_of(history.clock("stage", "2025-03-06", stage="review").due_on) == "2025-03-07"
    history = completed(history, "2025-03-06", "filing")
    assert text_of(history.clock("stage", "2025-03-06 12:00", stage="review").due_on) == "2025-03-18"


def test_a_stage_that_the_decision_stops_is_capped_by_the_promise_that_it_stops_with_it() -> None:
    """A pause and an endless suspension end for the promise with its own stop, and its end is known."""
    stop = Recomputation(
        at=instant("2025-03-05"),
        seq=3,
        recorded_at=instant("2025-03-05"),
        suspension=a_suspension("2025-03-06", None, "promise", "stage"),
    )
    item = an_item(a_clock("promise", 5), stages=(a_stage("review", 10),))
    history = a_history(item, CALENDAR).received("2025-03-03").accepted("2025-03-03")
    history = started(History(recomputed(history.dossier, stop)), "2025-03-07", seq=4)
    history = history.step("decide", "2025-03-10", seq=5)
    assert text_of(history.clock("promise", "2025-03-20").due_on) == "2025-03-13"
    assert text_of(history.clock("stage", "2025-03-20", stage="review").due_on) == "2025-03-13"


def test_a_stage_stops_for_its_own_grounds() -> None:
    history = started(staged(review=4), "2025-03-04").paused("2025-03-05").resumed("2025-03-10")
    assert text_of(history.clock("stage", "2025-03-11", stage="review").due_on) == "2025-03-13"


def test_an_imported_completion_of_a_stage_that_the_item_does_not_have_is_kept_without_a_clock() -> None:
    history = staged().step("complete_stage", "2025-03-04", stage="T02", imported=True)
    assert all(clock.stage != "T02" for clock in history.at("2025-03-05").clocks)


# Status and holder


def held(history: History) -> list[tuple[str, str | None, str, str | None, str | None]]:
    return [
        (wall(s.from_at) or "", wall(s.to_at), str(s.status), s.department, s.section)
        for s in forecast(history.dossier).stretches
    ]


def test_the_first_holder_is_named_with_the_receipt_else_the_items_department() -> None:
    assert a_history(an_item()).received("2025-03-03").at("2025-03-04").holder == ("D1", None, None)
    named = a_history(an_item()).received("2025-03-03", department="D2", section="S", officer="O")
    assert named.at("2025-03-04").holder == ("D2", "S", "O")


def test_assign_moves_the_holder() -> None:
    history = a_history(an_item()).received("2025-03-03", section="S", officer="O")
    assert history.step("assign", "2025-03-04", officer="P").at("2025-03-05").holder == ("D1", "S", "P")
    assert history.step("assign", "2025-03-04", section="T").at("2025-03-05").holder == ("D1", "T", None)
    assert history.step("assign", "2025-03-04", department="D2").at("2025-03-05").holder == ("D2", None, None)
    assert history.step("assign", "2025-03-04", department="D2").at("2025-03-03 12:00").holder == ("D1", "S", "O")


def test_a_stage_moves_the_holder_to_its_department_and_section() -> None:
    stages = (a_stage("review", department="D2", section="环评科"), a_stage("approval", section="局领导"), a_stage("x"))
    history = a_history(an_item(stages=stages)).received("2025-03-03", officer="O").accepted("2025-03-03")
    history = started(history, "2025-03-04")
    assert history.at("2025-03-05").holder == ("D2", "环评科", None)
    history = started(history, "2025-03-06", "approval")
    assert history.at("2025-03-07").holder == ("D2", "局领导", None)
    assert started(history, "2025-03-08", "x").at("2025-03-09").holder == ("D2", "局领导", None)


def test_an_imported_step_does_not_move_the_holder() -> None:
    stages = (a_stage("review", department="D2", section="S"),)
    history = a_history(an_item(stages=stages)).received("2025-03-03", section="Group 1", imported=True)
    history = history.step("start_stage", "2025-03-04", stage="review", section="EMPTY", imported=True)
    assert history.at("2025-03-05").holder == ("D1", "Group 1", None)


def test_status_and_holder_come_in_stretches() -> None:
    history = a_history(an_item()).received("2025-03-03").accepted("2025-03-04")
    history = history.step("assign", "2025-03-05", department="D2").step("explain_delay", "2025-03-06", imported=True)
    assert held(history) == [
        ("2025-03-03 09:00", "2025-03-04 09:00", "received", "D1", None),
        ("2025-03-04 09:00", "2025-03-05 09:00", "accepted", "D1", None),
        ("2025-03-05 09:00", None, "accepted", "D2", None),
    ]


def test_a_closing_before_the_receipt_leaves_no_stretch_before_it_and_every_clock_void() -> None:
    history = a_history(an_item(a_clock("statutory", 5, starts="received")))
    history = history.received("2025-03-04", imported=True, fixed={"promise": "2025-03-10 00:00"})
    history = history.step("close", "2025-03-03", imported=True)
    assert held(history) == [("2025-03-04 09:00", None, "closed", "D1", None)]
    assert [str(clock.state) for clock in history.at("2025-03-05").clocks] == ["void", "void"]
