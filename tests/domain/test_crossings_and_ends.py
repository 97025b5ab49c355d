"""What time crosses exactly at an instant, extensions that add up, odd imports, and the record with its editions."""

from dataclasses import replace

from app.domain.calendar import Calendar
from app.domain.corrections import dossier_of, first_fold, recomputed, records_of, steps_that_hold
from app.domain.folds import Recomputation
from app.domain.forecast import forecast
from app.domain.rungs import Crossing, crossings, next_look
from app.domain.steps import Amendment, Step, StepType
from tests.builders.domain import MONTH, History, a_clock, a_history, a_stage, an_item, instant, text_of, wall
from tests.builders.folds import an_edition

NOTICE_STOPS = frozenset({"accepted", "refused", "correction_requested"})


def a_silent_permit(party: str = "agency") -> History:
    """Five working days to say what is missing; received on Monday 2025-03-03, so that the 10th is the fifth."""
    notice = a_clock(
        "notice", 5, starts="received", stops=NOTICE_STOPS, on_expiry="deemed_accepted_from_receipt", party=party
    )
    return a_history(an_item(notice)).received("2025-03-03")


def test_an_effect_of_silence_is_crossed_once_at_its_instant_in_place_of_overdue() -> None:
    drawn = forecast(a_silent_permit().dossier)
    at = instant("2025-03-11 00:00")
    deemed = Crossing("notice", "", 0, 1, "deemed", at, at)
    warning = Crossing("notice", "", 1, 1, "warning", at, instant("2025-03-07 00:00"))
    assert crossings(drawn, None) == [warning, deemed]
    assert crossings(drawn, at) == [warning, deemed]
    assert crossings(drawn, instant("2025-03-10 23:59")) == [warning]
    assert crossings(drawn, instant("2025-03-06 23:59")) == []


def test_the_instant_of_an_effect_is_itself_looked_at() -> None:
    drawn = forecast(a_silent_permit("applicant").dossier)
    at = instant("2025-03-11 00:00")
    assert (crossings(drawn, None), next_look(drawn, at)) == ([], at)
    assert next_look(drawn, instant("2025-03-11 00:01")) is None


def test_a_rung_before_an_end_that_lies_ahead_is_crossed() -> None:
    history = a_history(an_item(a_clock("promise", 10))).received("2025-03-03").accepted("2025-03-03")
    found = crossings(forecast(history.dossier), instant("2025-03-14 00:00"))
    assert [(one.kind, one.rung, wall(one.due_at), wall(one.crossed_at)) for one in found] == [
        ("warning", 1, "2025-03-18 00:00", "2025-03-14 00:00")
    ]


def test_an_end_that_a_pause_moved_in_time_is_not_crossed_but_the_warning_before_it_is() -> None:
    clock = a_clock("promise", 10, pauses_for=frozenset({"hearing"}))
    history = a_history(an_item(clock)).received("2025-03-03").accepted("2025-03-03").paused("2025-03-14")
    found = crossings(forecast(history.dossier), instant("2025-03-31"))
    assert [(one.kind, wall(one.crossed_at)) for one in found] == [("warning", "2025-03-14 00:00")]


def test_a_stage_begun_after_the_promise_ended_is_crossed_with_its_first_moment() -> None:
    item = an_item(a_clock("promise", 2), stages=(a_stage("review", 5),))
    history = a_history(item).received("2025-03-03").accepted("2025-03-03")
    history = history.step("start_stage", "2025-03-10 10:00", stage="review")
    found = crossings(forecast(history.dossier), instant("2025-03-10 10:00"))
    assert [(one.kind, wall(one.crossed_at)) for one in found if one.stage == "review"] == [
        ("overdue", "2025-03-10 10:00"),
        ("warning", "2025-03-10 10:00"),
    ]


# Extensions


def test_extensions_add_up_and_the_end_is_counted_anew_with_all_of_them() -> None:
    history = a_history(an_item(a_clock("statutory", 10, extension=(5, 2)))).received("2025-03-03")
    once = history.accepted("2025-03-03").extended("2025-03-04", 3)
    clock = once.clock("statutory", "2025-03-05")
    assert (clock.extended, clock.remaining, text_of(clock.due_on), clock.revision) == (3, 11, "2025-03-20", 2)
    twice = once.extended("2025-03-05", 4)
    clock = twice.clock("statutory", "2025-03-05")
    assert (clock.extended, clock.remaining, text_of(clock.due_on), clock.revision) == (7, 15, "2025-03-26", 3)
    refusal = twice.refusal("extend", "2025-03-06", clock="statutory", amount=1)
    assert refusal is not None
    assert (refusal.code, refusal.detail) == (
        "extension_not_allowed",
        "The clock statutory has been extended 2 times, as often as allowed.",
    )
    assert once.refusal("extend", "2025-03-06", clock="statutory", amount=1) is None


def test_a_limit_in_months_is_extended_by_months() -> None:
    """Two months from 2025-01-31 end on 31 March, three on 30 April (民法典 第二百零二条)."""
    history = a_history(an_item(a_clock("statutory", 2, MONTH, extension=(1, 1)))).received("2025-01-31")
    extended = history.accepted("2025-01-31").extended("2025-02-05", 1)
    clock = extended.clock("statutory", "2025-02-05")
    assert (clock.extended, text_of(clock.due_on), clock.used, clock.remaining) == (1, "2025-04-30", 5, 84)


def test_an_extension_moves_no_end_that_was_fixed() -> None:
    history = a_history(an_item(a_clock("statutory", 10))).received(
        "2025-03-03", fixed={"statutory": "2025-03-15 00:00"}
    )
    extended = history.accepted("2025-03-03").extended("2025-03-05", 5)
    clock = extended.clock("statutory", "2025-03-05")
    assert (clock.extended, text_of(clock.due_on), clock.revision) == (0, "2025-03-14", 1)


# Odd imports


def imported(*steps: tuple[str, str]) -> tuple[str, ...]:
    history = a_history(an_item(a_clock("statutory", 10)))
    for kind, at in steps:
        history = history.step(kind, at, imported=True)
    return forecast(history.dossier).odd


def test_what_is_odd_about_imported_history_is_named_once_in_order() -> None:
    assert imported(("receive", "2025-03-03"), ("receive", "2025-03-04")) == ("step_not_allowed",)
    assert imported(("receive", "2025-03-03"), ("decide", "2025-03-04")) == ("step_not_allowed",)
    assert imported(
        ("receive", "2025-03-03"), ("deliver", "2025-03-04"), ("receive", "2025-03-05"), ("close", "2025-03-06"),
        ("decide", "2025-03-07"),
    ) == ("step_not_allowed", "step_after_close")  # fmt: skip
    assert imported(("close", "2025-03-03"), ("receive", "2025-03-04")) == (
        "close_before_receipt",
        "close_without_decision",
    )


# The record


def a_record() -> History:
    return a_history(an_item(a_clock("promise", 10)), an_edition(1)).received("2025-03-03").accepted("2025-03-03")


def an_application_of(calendar: Calendar, at: str, number: int) -> Recomputation:
    return Recomputation(at=instant(at), seq=number, recorded_at=instant(at), calendar=calendar)


def test_the_calendar_of_a_record_is_that_of_its_newest_edition() -> None:
    second = an_application_of(an_edition(2, off=("2025-03-10",)), "2025-03-04", 3)
    third = an_application_of(an_edition(3, off=("2025-03-10", "2025-03-11")), "2025-03-05", 4)
    history = a_record()
    assert recomputed(history.dossier, second).calendar.name == "X@2"
    both = recomputed(history.dossier, second, third)
    assert (both.calendar.name, [fold.calendar.name for fold in both.folds]) == ("X@3", ["X@1", "X@2", "X@3"])
    anew = dossier_of(both.item, first_fold(both), records_of(both))
    assert (anew.calendar.name, anew.folds, anew.recorded) == ("X@3", both.folds, ())
    assert dossier_of(both.item, first_fold(both), history.dossier.steps).calendar.name == "X@1"


def test_of_one_instant_what_is_not_recorded_yet_comes_last() -> None:
    recorded = Step(type=StepType.ACCEPT, at=instant("2025-03-03"), seq=5)
    coming = Step(type=StepType.PAUSE, at=instant("2025-03-03"))
    earlier = Step(type=StepType.RECEIVE, at=instant("2025-03-03"), seq=1)
    assert steps_that_hold([coming, recorded, earlier]) == (earlier, recorded, coming)


def test_a_step_that_is_struck_out_twice_is_struck_out() -> None:
    receipt = Step(type=StepType.RECEIVE, at=instant("2025-03-03"), seq=1)
    accept = replace(receipt, type=StepType.ACCEPT, seq=2)
    out = Amendment(of=2, step=None, seq=3)
    assert steps_that_hold([receipt, accept, out, replace(out, seq=4)]) == (receipt,)
