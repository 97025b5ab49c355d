"""Procedure: which step may follow which state, and the article that forbids it."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import procedure
from app.domain.refusal import CONFLICTS, Refusal
from app.domain.steps import BESIDE, Dossier, Step, StepType
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
)
from tests.builders.histories import a_random_history, the_calendar

CALENDAR = the_calendar()
HEARING = frozenset({"hearing"})


def received(*, fixed: dict[str, str] | None = None) -> History:
    """An item with two clocks, of which one may be extended once by ten days, and two stages; received 2025-03-03."""
    item = an_item(
        a_clock("statutory", 20, pauses_for=HEARING, extension=(10, 1)),
        a_clock("promise", 10, pauses_for=frozenset({"publicity"})),
        stages=(a_stage("intake", 2, before_acceptance=True), a_stage("review", 5, extension=(2, 1))),
    )
    return a_history(item).received("2025-03-03", fixed=fixed)


def accepted() -> History:
    return received().accepted("2025-03-03")


def decided() -> History:
    return accepted().step("decide", "2025-03-04")


def code(refusal: Refusal | None) -> str | None:
    return None if refusal is None else refusal.code


# The table of steps

STATES: dict[str, History] = {
    "received": received(),
    "correcting": received().step("request_correction", "2025-03-03"),
    "accepted": accepted(),
    "decided": decided(),
    "delivered": decided().step("deliver", "2025-03-04"),
    "refused": received().step("refuse", "2025-03-03"),
    "withdrawn": received().step("withdraw", "2025-03-03"),
    "terminated": accepted().step("terminate", "2025-03-03"),
    "closed": decided().step("close", "2025-03-04"),
}
OPEN = {"received", "correcting", "accepted"}
ALLOWED: dict[str, set[str]] = {
    "submit_correction": {"correcting"},
    "accept": {"received"},
    "refuse": {"received"},
    "assign": OPEN,
    "decide": {"accepted"},
    "publish": {"decided"},
    "deliver": {"decided"},
    "withdraw": OPEN,
    "terminate": OPEN,
    "close": {"decided", "delivered", "refused", "withdrawn", "terminated"},
    "receive": set(),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", ALLOWED)
def test_a_step_is_allowed_from_the_states_of_the_table_and_no_other(kind: str, state: str) -> None:
    refusal = STATES[state].refusal(kind, "2025-03-05")
    assert code(refusal) == (None if state in ALLOWED[kind] else "step_not_allowed")


def test_nothing_but_the_receipt_may_come_first() -> None:
    fresh = a_history(an_item())
    assert fresh.refusal("receive", "2025-03-03") is None
    assert code(fresh.refusal("accept", "2025-03-03")) == "step_not_allowed"
    assert code(received().refusal("accept", "2025-03-02")) == "step_not_allowed"


def test_a_refusal_says_what_would_be_allowed_and_names_the_article() -> None:
    refusal = received().refusal("decide", "2025-03-04")
    assert refusal is not None
    assert "accept" in refusal.allowed
    assert "decide" not in refusal.allowed
    assert refusal.article == "行政许可法 第三十八条"
    assert "received" in refusal.detail


# Corrections: 一次告知


def test_a_correction_is_asked_for_once() -> None:
    """C04, 行政许可法 第七十二条第四项."""
    history = received().step("request_correction", "2025-03-04").step("submit_correction", "2025-03-06")
    refusal = history.refusal("request_correction", "2025-03-07")
    assert (code(refusal), refusal and refusal.article) == ("correction_repeated", "行政许可法 第七十二条第四项")
    assert code(STATES["correcting"].refusal("request_correction", "2025-03-04")) == "correction_repeated"


@pytest.mark.parametrize("state", ["accepted", "decided", "delivered"])
def test_after_acceptance_no_correction_can_be_asked_for(state: str) -> None:
    refusal = STATES[state].refusal("request_correction", "2025-03-05")
    assert code(refusal) == "correction_after_acceptance"
    assert refusal is not None
    assert refusal.article == "行政许可法 第三十二条、第四十五条"


@pytest.mark.parametrize("state", ["refused", "withdrawn", "terminated", "closed"])
def test_what_is_over_is_not_corrected(state: str) -> None:
    assert code(STATES[state].refusal("request_correction", "2025-03-05")) == "step_not_allowed"


# Stages


def test_a_stage_is_worked_on_after_acceptance_or_before_where_the_item_says_so() -> None:
    assert code(received().refusal("start_stage", "2025-03-04", stage="review")) == "step_not_allowed"
    assert received().refusal("start_stage", "2025-03-04", stage="intake") is None
    assert accepted().refusal("start_stage", "2025-03-04", stage="review") is None
    assert accepted().refusal("start_stage", "2025-03-04", stage="intake") is None
    assert code(decided().refusal("start_stage", "2025-03-05", stage="review")) == "step_not_allowed"
    assert code(STATES["correcting"].refusal("start_stage", "2025-03-05", stage="intake")) == "step_not_allowed"


def test_a_stage_that_the_item_does_not_have_is_unknown() -> None:
    refusal = accepted().refusal("start_stage", "2025-03-04", stage="审批")
    assert (code(refusal), refusal and refusal.pointer) == ("stage_unknown", "/stage")
    assert code(accepted().refusal("complete_stage", "2025-03-04", stage="审批")) == "stage_unknown"


def test_only_a_stage_under_way_is_completed_and_only_one_that_is_not_is_started() -> None:
    assert code(accepted().refusal("complete_stage", "2025-03-04", stage="review")) == "step_not_allowed"
    history = accepted().step("start_stage", "2025-03-04", stage="review")
    assert code(history.refusal("start_stage", "2025-03-05", stage="review")) == "step_not_allowed"
    history = history.lawfully("complete_stage", "2025-03-05", stage="review")
    assert history.refusal("start_stage", "2025-03-06", stage="review") is None


# Pauses


def test_a_ground_that_no_clock_of_the_item_lists_is_refused() -> None:
    """F06, 行政许可法 第四十五条: 领导出差 is no special procedure."""
    refusal = accepted().refusal("pause", "2025-03-10", ground="领导出差")
    assert (code(refusal), refusal and refusal.article) == ("pause_ground_not_allowed", "行政许可法 第四十五条")
    assert accepted().refusal("pause", "2025-03-10", ground="publicity") is None


def test_a_pause_needs_an_acceptance() -> None:
    assert code(received().refusal("pause", "2025-03-04", ground="hearing")) == "step_not_allowed"


def test_a_resumption_names_an_open_pause_or_ends_the_last() -> None:
    assert code(accepted().refusal("resume", "2025-03-04")) == "step_not_allowed"
    history = accepted().paused("2025-03-04")
    assert history.refusal("resume", "2025-03-05") is None
    assert history.refusal("resume", "2025-03-05", pause_id="3") is None
    assert code(history.refusal("resume", "2025-03-05", pause_id="2")) == "step_not_allowed"
    assert code(history.resumed("2025-03-05").refusal("resume", "2025-03-06")) == "step_not_allowed"


def test_a_pause_that_has_lasted_as_announced_is_still_open() -> None:
    history = accepted().paused("2025-03-04", announced=Limit(2, WD))
    assert history.refusal("resume", "2025-03-20") is None


# Extensions: 行政许可法 第四十二条


def extension(
    history: History, at: str, amount: int = 10, *, clock: str = "statutory", stage: str = "", now: str | None = None
) -> str | None:
    return code(history.refusal("extend", at, clock=clock, stage=stage, amount=amount, now=now))


def test_an_extension_before_the_limit_has_run_out_is_allowed() -> None:
    assert extension(accepted(), "2025-03-31 23:59") is None


def test_an_extension_from_the_due_instant_on_is_void() -> None:
    """B02: 超过办结时限才提出延期申请视为超时办结."""
    assert extension(accepted(), "2025-04-01 00:00") == "extension_after_expiry"


def test_an_extension_decided_in_time_but_recorded_after_the_limit_is_void() -> None:
    assert extension(accepted(), "2025-03-31", now="2025-04-01") == "extension_after_expiry"


def test_an_extension_decided_in_time_but_notified_after_the_limit_is_void() -> None:
    step = accepted().next_step("extend", "2025-03-31", clock="statutory", amount=5, notified_at=instant("2025-04-02"))
    with pytest.raises(Refusal, match="notified"):
        procedure.check(accepted().dossier, step, now=instant("2025-03-31"))


def test_a_pause_since_then_that_moved_the_end_lets_an_extension_be_recorded_later() -> None:
    history = accepted().paused("2025-03-20").resumed("2025-04-10")
    assert extension(history, "2025-03-19", now="2025-04-11") is None
    assert extension(history, "2025-03-19", now="2025-04-30") == "extension_after_expiry"


def test_an_extension_is_refused_beyond_what_the_item_allows() -> None:
    assert extension(accepted(), "2025-03-10", 11) == "extension_not_allowed"
    assert extension(accepted(), "2025-03-10", 1, clock="promise") == "extension_not_allowed"
    assert extension(accepted(), "2025-03-10", 1, clock="delivery") == "extension_not_allowed"
    assert extension(accepted().extended("2025-03-05", 5), "2025-03-10", 5) == "extension_not_allowed"


def test_a_fixed_end_is_not_extended() -> None:
    history = received(fixed={"statutory": "2025-03-20 00:00"}).accepted("2025-03-03")
    assert extension(history, "2025-03-10") == "extension_not_allowed"


def test_only_a_running_or_paused_clock_is_extended() -> None:
    assert extension(received(), "2025-03-04") == "step_not_allowed"
    assert extension(decided(), "2025-03-05") == "step_not_allowed"
    assert extension(accepted().paused("2025-03-05"), "2025-03-06") is None


def test_a_stage_is_extended_within_its_own_cap_in_each_round() -> None:
    named = {"clock": "stage", "stage": "review"}
    assert extension(accepted(), "2025-03-04", 1, clock="stage", stage="x") == "stage_unknown"
    assert extension(accepted(), "2025-03-04", 1, **named) == "step_not_allowed"
    history = accepted().step("start_stage", "2025-03-04", stage="review")
    assert extension(history, "2025-03-05", 3, **named) == "extension_not_allowed"
    history = history.lawfully("extend", "2025-03-05", amount=2, **named)
    assert extension(history, "2025-03-06", 1, **named) == "extension_not_allowed"
    history = history.step("complete_stage", "2025-03-06", stage="review")
    history = history.step("start_stage", "2025-03-07", stage="review")
    assert extension(history, "2025-03-10", 1, **named) is None


# Reasons for a delay


def test_only_a_clock_past_due_has_a_delay_to_explain() -> None:
    """优化营商环境条例 第三十六条."""
    assert code(accepted().refusal("explain_delay", "2025-03-10", clock="promise")) == "step_not_allowed"
    assert accepted().refusal("explain_delay", "2025-03-18 00:00", clock="promise") is None
    assert code(accepted().refusal("explain_delay", "2025-03-18", clock="statutory")) == "step_not_allowed"
    late = accepted().step("decide", "2025-03-20").step("close", "2025-03-21")
    assert late.refusal("explain_delay", "2025-04-01", clock="promise") is None


def test_a_stage_past_due_has_its_own_delay() -> None:
    history = accepted().step("start_stage", "2025-03-04", stage="review")
    assert code(history.refusal("explain_delay", "2025-03-05", clock="stage", stage="review")) == "step_not_allowed"
    assert history.refusal("explain_delay", "2025-03-12", clock="stage", stage="review") is None
    assert code(history.refusal("explain_delay", "2025-03-12", clock="stage", stage="x")) == "stage_unknown"


# Late entry


def test_a_late_entry_is_judged_by_the_state_at_its_own_instant() -> None:
    history = accepted().paused("2025-03-10").resumed("2025-03-20")
    assert history.refusal("assign", "2025-03-12", now="2025-03-25") is None
    assert code(history.refusal("accept", "2025-03-12", now="2025-03-25")) == "step_not_allowed"


def test_at_one_instant_a_late_entry_comes_after_what_is_recorded() -> None:
    assert accepted().refusal("decide", "2025-03-03") is None
    assert code(decided().refusal("decide", "2025-03-04")) == "step_not_allowed"


def test_every_later_step_must_still_be_allowed() -> None:
    history = received().accepted("2025-03-05")
    refusal = history.refusal("refuse", "2025-03-04", now="2025-03-06")
    assert code(refusal) == "later_step_conflicts"
    assert refusal is not None
    assert "accept of 2025-03-05" in refusal.detail
    assert code(decided().refusal("withdraw", "2025-03-03 12:00", now="2025-03-06")) == "later_step_conflicts"


def test_a_second_late_resumption_conflicts_with_the_recorded_one() -> None:
    history = accepted().paused("2025-03-10").resumed("2025-03-20")
    assert code(history.refusal("resume", "2025-03-15", now="2025-03-25")) == "later_step_conflicts"


def test_an_extension_entered_late_is_judged_by_the_round_that_was_under_way_when_it_was_given() -> None:
    """The first round of the stage ended on Monday the tenth; a second one, begun after it, gives it no more time."""
    history = accepted().step("start_stage", "2025-03-03", stage="review")
    history = history.step("complete_stage", "2025-03-11", stage="review")
    history = history.step("start_stage", "2025-03-12", stage="review")
    late = extension(history, "2025-03-06", clock="stage", stage="review", amount=2, now="2025-03-13")
    assert late == "extension_after_expiry"
    assert extension(history, "2025-03-13", clock="stage", stage="review", amount=2) is None


def test_an_extension_of_a_round_that_was_completed_in_time_may_be_entered_until_its_own_end() -> None:
    """The first round would have ended on the tenth; the second one, which runs still, on the thirteenth."""
    history = accepted().step("start_stage", "2025-03-03", stage="review")
    history = history.step("complete_stage", "2025-03-05", stage="review")
    history = history.step("start_stage", "2025-03-06", stage="review")

    def entered(now: str) -> str | None:
        return extension(history, "2025-03-04", 2, clock="stage", stage="review", now=now)

    assert entered("2025-03-10 23:59") is None
    assert entered("2025-03-11 00:00") == "extension_after_expiry"


def test_a_late_entry_that_makes_an_extension_come_too_late_conflicts() -> None:
    history = accepted().paused("2025-03-10", "hearing").extended("2025-04-10", 10)
    assert code(history.refusal("resume", "2025-03-11", now="2025-04-11")) == "later_step_conflicts"


def test_a_later_step_that_cannot_be_counted_is_no_conflict() -> None:
    """The calendar is at fault, not the entry: nobody can say whether the later step would be allowed."""
    at_closing = a_count(CD, due="close_of_business")
    correction = a_clock(
        "correction", 10, CD, starts="correction_requested", count=at_closing, on_expiry="deemed_withdrawn"
    )
    history = a_history(an_item(correction), a_calendar()).received("2025-03-03")
    history = history.step("terminate", "2025-03-05")
    refusal = history.refusal("request_correction", "2025-03-04", now="2025-03-06")
    assert code(refusal) == "calendar_without_hours"


def test_an_extension_entered_during_a_pause_is_void_when_the_limit_ended_before_it_was_recorded() -> None:
    """While it was paused nobody knew an end; the decision ended the pause, and the record came after the end."""
    history = accepted().paused("2025-03-10").step("decide", "2025-03-12", result="granted")
    assert extension(history, "2025-03-11", now="2025-04-03") == "extension_after_expiry"
    assert extension(history, "2025-03-11", now="2025-04-02 23:59") is None


# Imports


@pytest.mark.parametrize("kind", list(StepType))
def test_an_imported_step_is_never_refused(kind: StepType) -> None:
    step = Step(type=kind, at=instant("2025-03-01"), imported=True)
    procedure.check(STATES["closed"].dossier, step, now=instant("2025-03-01"))


def test_an_imported_step_later_on_refuses_no_late_entry() -> None:
    history = received().step("decide", "2025-03-10", imported=True)
    assert history.refusal("withdraw", "2025-03-05", now="2025-03-12") is None


# What is allowed


def test_allowed_lists_what_check_would_take() -> None:
    assert procedure.allowed(received().dossier, instant("2025-03-04")) == (
        StepType.REQUEST_CORRECTION,
        StepType.ACCEPT,
        StepType.REFUSE,
        StepType.START_STAGE,
        StepType.ASSIGN,
        StepType.WITHDRAW,
        StepType.TERMINATE,
    )
    assert procedure.allowed(received().dossier, instant("2025-03-02")) == (StepType.RECEIVE,)
    at = instant("2025-03-10")
    assert StepType.EXTEND in procedure.allowed(accepted().dossier, at)
    assert StepType.EXTEND not in procedure.allowed(accepted().extended("2025-03-05", 1).dossier, at)
    assert StepType.EXPLAIN_DELAY in procedure.allowed(accepted().dossier, instant("2025-04-10"))
    assert procedure.allowed(STATES["closed"].dossier, at) == ()


@settings(max_examples=30, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_a_history_that_live_entry_took_stays_lawful_as_a_whole(random: Random) -> None:
    dossier = a_random_history(random, CALENDAR).dossier
    kept = Dossier(dossier.item, dossier.calendar, ())
    for step in dossier.steps:
        procedure.check(kept, step, now=step.recorded_at or step.at)
        kept = kept.with_step(step)
    assert kept.steps == dossier.steps


@settings(max_examples=30, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_every_refusal_has_a_known_code(random: Random) -> None:
    told = a_random_history(random, CALENDAR)
    known = CONFLICTS | {"extension_not_allowed", "pause_ground_not_allowed", "stage_unknown"}
    for kind in [kind for kind in StepType if kind not in BESIDE]:
        step = Step(type=kind, at=told.end, stage=random.choice(["", "a", "zz"]), clock="promise", amount=9, ground="x")
        refusal = refused(told.dossier, step)
        assert refusal is None or refusal.code in known


def refused(dossier: Dossier, step: Step) -> Refusal | None:
    try:
        procedure.check(dossier, step, now=step.at)
    except Refusal as refusal:
        return refusal
    return None
