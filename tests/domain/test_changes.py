"""What moved the end of a clock, told from its stretches and the steps on record."""

from app.domain.changes import Cause, Change, changes_of
from app.domain.folds import BEGINNING, Fold, Suspension
from app.domain.items import ClockRule, Party
from app.domain.spans import ClockState, Span
from app.domain.steps import Step, StepType
from app.domain.units import Limit
from tests.builders.domain import WD, a_calendar, a_clock, day, instant

RULE = a_clock("promise", 10, pauses_for=frozenset({"hearing", "correction"}))
STAGE = a_clock("stage", 5, starts="started:review", stage="review", pauses_for=frozenset({"hearing"}))
PLAIN = Fold(BEGINNING, a_calendar())
RUNNING, PAUSED, MET = ClockState.RUNNING, ClockState.PAUSED, ClockState.MET


def a_span(
    at: str,
    due: str | None,
    *,
    state: ClockState = RUNNING,
    latest: str | None = None,
    started: str = "2025-03-03",
    extended: int = 0,
    calendar: str = "X@1",
    revision: int = 1,
    stage: str = "",
    stopped: str | None = None,
) -> Span:
    """From `at` on due at the end of the day `due`."""
    return Span(
        clock="stage" if stage else "promise",
        stage=stage,
        round=1 if stage else 0,
        from_at=instant(at),
        to_at=None,
        state=state,
        party=Party.AGENCY,
        limit=Limit(10, WD),
        extended=extended,
        total=10,
        started_on=day(started[:10]),
        started_at=instant(started),
        counts_from=day(started[:10]),
        used_before=0,
        due_on=None if due is None else day(due),
        due_at=None if due is None else PLAIN.calendar.midnight(day(due) + 1),
        latest_due_on=None if latest is None else day(latest),
        yellow_at=None,
        warnings=(),
        after=(),
        stopped_at=None if stopped is None else instant(stopped),
        provisional=False,
        fixed=False,
        calendar=calendar,
        revision=revision,
        legal_basis=None,
    )


def a_step(kind: str, at: str, number: int, *, clock: str = "", stage: str = "", ground: str = "") -> Step:
    return Step(
        type=StepType(kind), at=instant(at), seq=number, id=str(number), clock=clock, stage=stage, ground=ground
    )


ACCEPT = a_step("accept", "2025-03-03", 2)
FIRST = a_span("2025-03-03", "2025-03-17")


def told(
    *spans: Span, steps: tuple[Step, ...] = (), rule: ClockRule | None = RULE, folds: tuple[Fold, ...] = (PLAIN,)
) -> list[tuple[str, int | None]]:
    """The causes after the first, each with the number of its step."""
    found = changes_of(rule, (FIRST, *spans), (ACCEPT, *steps), folds)
    assert found[0].step == (ACCEPT if rule is RULE else None)
    return [(str(one.cause), None if one.step is None else one.step.seq) for one in found[1:]]


# The beginning


def test_the_first_change_is_the_start_with_its_step_and_the_whole_end() -> None:
    assert changes_of(RULE, [FIRST], [a_step("assign", "2025-03-03", 1), ACCEPT], [PLAIN]) == (
        Change(
            at=instant("2025-03-03"),
            cause=Cause.STARTED,
            step=ACCEPT,
            before=None,
            due_on=day("2025-03-17"),
            due_at=instant("2025-03-18 00:00"),
            latest_due_on=None,
            calendar="X@1",
            revision=1,
            document=None,
        ),
    )


def test_a_clock_that_no_step_started_was_started_by_silence() -> None:
    decided = a_step("decide", "2025-03-03", 2)
    [change] = changes_of(RULE, [FIRST], [decided], [PLAIN])
    assert (change.cause, change.step) == (Cause.DEEMED, None)


def test_a_clock_that_no_rule_of_the_item_orders_starts_with_the_receipt() -> None:
    receipt = a_step("receive", "2025-03-03", 1)
    [change] = changes_of(None, [FIRST], [receipt, ACCEPT], [PLAIN])
    assert (change.cause, change.step) == (Cause.STARTED, receipt)


def test_a_stretch_before_the_start_tells_nothing_and_hides_nothing() -> None:
    before = FIRST._replace(started_on=None, started_at=None, from_at=instant("2025-03-01"))
    found = changes_of(RULE, [before, FIRST], [ACCEPT], [PLAIN])
    assert [one.cause for one in found] == [Cause.STARTED]


def test_a_stretch_in_which_the_end_does_not_move_is_no_change() -> None:
    assert told(a_span("2025-03-05", "2025-03-17"), a_span("2025-03-06", "2025-03-17", revision=2)) == []


# Pauses


PAUSE = a_step("pause", "2025-03-05", 3, ground="hearing")
HELD = a_span("2025-03-05", None, state=PAUSED)
ON = a_span("2025-03-10", "2025-03-20", revision=2)


def test_a_pause_and_its_end_are_told_with_their_steps_and_the_last_end_that_was_known() -> None:
    resume = a_step("resume", "2025-03-10", 4)
    found = changes_of(RULE, [FIRST, HELD, ON], [ACCEPT, PAUSE, resume], [PLAIN])
    assert [(one.cause, one.step, one.before, one.due_on, one.due_at, one.revision) for one in found[1:]] == [
        (Cause.PAUSED, PAUSE, day("2025-03-17"), None, None, 1),
        (Cause.RESUMED, resume, day("2025-03-17"), day("2025-03-20"), instant("2025-03-21 00:00"), 2),
    ]


def test_the_end_that_was_announced_is_the_last_one_known() -> None:
    held = a_span("2025-03-05", None, state=PAUSED, latest="2025-03-24")
    found = changes_of(RULE, [FIRST, held, ON], [ACCEPT, PAUSE, a_step("resume", "2025-03-10", 4)], [PLAIN])
    assert [(one.before, one.latest_due_on) for one in found[1:]] == [
        (day("2025-03-17"), day("2025-03-24")),
        (day("2025-03-24"), None),
    ]


def test_the_time_for_a_correction_is_a_pause_that_its_answer_ends() -> None:
    request = a_step("request_correction", "2025-03-05", 3)
    answer = a_step("submit_correction", "2025-03-10", 4)
    assert told(HELD, ON, steps=(request, answer)) == [("paused", 3), ("resumed", 4)]


def test_only_the_ground_that_stops_the_clock_is_its_pause() -> None:
    other = a_step("pause", "2025-03-05", 4, ground="publicity")
    assert told(HELD, steps=(PAUSE, other)) == [("paused", 3)]
    assert told(HELD, steps=(a_step("assign", "2025-03-05", 4), PAUSE)) == [("paused", 3)]


def test_a_pause_is_a_change_even_where_the_end_that_is_shown_stays() -> None:
    held = a_span("2025-03-05", "2025-03-17", state=PAUSED)
    on = a_span("2025-03-10", "2025-03-17")
    assert told(held, on, steps=(PAUSE, a_step("resume", "2025-03-10", 4))) == [("paused", 3), ("resumed", 4)]


def test_of_two_pauses_the_end_of_one_leaves_the_clock_paused() -> None:
    still = a_span("2025-03-07", None, state=PAUSED, latest="2025-03-28")
    assert told(HELD, still, steps=(PAUSE, a_step("resume", "2025-03-07", 4))) == [("paused", 3), ("resumed", 4)]


def test_a_paused_clock_whose_end_no_step_of_it_moved_was_moved_for_the_place() -> None:
    still = a_span("2025-03-07", None, state=PAUSED, latest="2025-03-28")
    assert told(HELD, still, steps=(PAUSE,)) == [("paused", 3), ("suspension", None)]
    assert told(HELD, steps=()) == [("suspension", None)]
    # A resumption ends no pause where none was open.
    assert told(HELD, steps=(a_step("resume", "2025-03-05", 3),)) == [("suspension", None)]


def test_a_pause_that_no_step_ended_ran_out() -> None:
    assert told(HELD, ON, steps=(PAUSE,)) == [("paused", 3), ("pause_ran_out", None)]
    assert told(HELD, ON, steps=(PAUSE, a_step("assign", "2025-03-10", 4))) == [
        ("paused", 3),
        ("pause_ran_out", None),
    ]


def test_a_stop_in_a_pause_is_told_with_the_step_that_stopped_the_clock() -> None:
    stopped = a_span("2025-03-10", "2025-03-20", state=MET, stopped="2025-03-10")
    assigned, withdrawn = a_step("assign", "2025-03-10", 4), a_step("withdraw", "2025-03-10", 5)
    assert told(HELD, stopped, steps=(PAUSE, assigned, withdrawn)) == [("paused", 3), ("stopped", 5)]
    assert told(HELD, stopped, steps=(PAUSE,)) == [("paused", 3), ("pause_ran_out", None)]


def test_a_decision_ends_every_pause_also_of_a_clock_that_goes_on() -> None:
    assigned, decided = a_step("assign", "2025-03-10", 4), a_step("decide", "2025-03-10", 5)
    assert told(HELD, ON, steps=(PAUSE, assigned, decided)) == [("paused", 3), ("stopped", 5)]


def test_a_clock_without_a_rule_is_stopped_by_no_ground() -> None:
    still = a_span("2025-03-05", None, state=PAUSED)
    assert told(still, steps=(PAUSE,), rule=None) == [("suspension", None)]


# Extensions, restarts, editions


def test_an_extension_is_told_with_its_step_also_where_a_step_of_the_same_instant_follows() -> None:
    extend = a_step("extend", "2025-03-10", 3, clock="promise")
    longer = a_span("2025-03-10", "2025-03-31", extended=10, revision=2)
    assert told(longer, steps=(extend, a_step("assign", "2025-03-10", 4))) == [("extended", 3)]


def test_the_extension_of_another_clock_extends_none_but_its_own() -> None:
    other = a_step("extend", "2025-03-10", 3, clock="statutory")
    longer = a_span("2025-03-10", "2025-03-31", extended=10, revision=2)
    assert told(longer, steps=(other,)) == [("suspension", None)]
    assert told(longer._replace(extended=0), steps=(a_step("extend", "2025-03-10", 3, clock="promise"),)) == [
        ("suspension", None)
    ]


def test_a_new_start_is_a_restart_with_the_step_that_brings_a_moment() -> None:
    assigned, corrected = a_step("assign", "2025-03-10", 3), a_step("submit_correction", "2025-03-10", 4)
    again = a_span("2025-03-10", "2025-03-17", started="2025-03-10", revision=2)
    assert told(again, steps=(assigned, corrected)) == [("restarted", 4)]
    assert told(again, steps=(assigned,)) == [("restarted", None)]


def test_an_end_that_moves_with_the_state_of_the_calendar_is_moved_by_an_edition() -> None:
    moved = a_span("2025-03-10", "2025-03-18", calendar="X@2", revision=2)
    found = changes_of(RULE, [FIRST, moved], [ACCEPT], [PLAIN])
    assert [(one.cause, one.step, one.calendar) for one in found] == [
        (Cause.STARTED, ACCEPT, "X@1"),
        (Cause.EDITION, None, "X@2"),
    ]


# Suspensions


def a_fold(*suspensions: Suspension, at: str = "2025-03-04 12:00") -> Fold:
    return Fold(instant(at), PLAIN.calendar, suspensions)


FLOOD = Suspension("S1", frozenset({"promise"}), day("2025-03-06"), day("2025-03-07"), "公告一号")
FIRE = Suspension("S2", frozenset({"statutory"}), day("2025-03-06"), day("2025-03-07"), "公告二号")
ENDLESS = Suspension("S3", frozenset({"promise"}), day("2025-03-06"), None, "公告三号")


def suspended(at: str, *suspensions: Suspension, ends: str = "2025-03-19") -> tuple[Cause, str | None]:
    """What a stretch that begins at an instant, with an open pause before it, was moved by."""
    spans = (FIRST, HELD, a_span(at, ends, revision=2))
    found = changes_of(RULE, spans, [ACCEPT, PAUSE], [PLAIN, a_fold(*suspensions)])
    return found[-1].cause, found[-1].document


def test_a_suspension_moves_the_end_when_it_is_published_when_it_begins_and_when_it_is_over() -> None:
    for at in ("2025-03-04 12:00", "2025-03-06 00:00", "2025-03-08 00:00"):
        assert suspended(at, FIRE, FLOOD) == (Cause.SUSPENSION, "公告一号")


def test_on_any_other_instant_and_for_another_kind_of_clock_no_suspension_moves_the_end() -> None:
    for at in ("2025-03-06 12:00", "2025-03-07 00:00", "2025-03-09 00:00"):
        assert suspended(at, FLOOD) == (Cause.PAUSE_RAN_OUT, None)
    assert suspended("2025-03-06 00:00", FIRE) == (Cause.PAUSE_RAN_OUT, None)


def test_a_suspension_without_an_end_moves_the_end_only_when_it_is_published_and_when_it_begins() -> None:
    assert suspended("2025-03-06 00:00", ENDLESS) == (Cause.SUSPENSION, "公告三号")
    assert suspended("2025-03-08 00:00", ENDLESS) == (Cause.PAUSE_RAN_OUT, None)


def test_where_a_step_of_that_instant_ends_the_pause_it_is_the_cause() -> None:
    spans = (FIRST, HELD, a_span("2025-03-06 00:00", "2025-03-19", revision=2))
    resume = a_step("resume", "2025-03-06 00:00", 4)
    found = changes_of(RULE, spans, [ACCEPT, PAUSE, resume], [PLAIN, a_fold(FLOOD)])
    assert (found[-1].cause, found[-1].step, found[-1].document) == (Cause.RESUMED, resume, None)


def test_a_suspension_without_a_document_names_none() -> None:
    bare = Suspension("S1", frozenset({"promise"}), day("2025-03-06"), day("2025-03-07"))
    assert suspended("2025-03-06 00:00", bare) == (Cause.SUSPENSION, None)


# Stages


def test_the_end_of_a_stage_that_none_of_its_own_steps_moved_follows_the_clock_that_caps_it() -> None:
    first = a_span("2025-03-03", "2025-03-10", stage="review")
    cut = a_span("2025-03-05", "2025-03-07", stage="review", revision=2)
    start = a_step("start_stage", "2025-03-03", 3, stage="review")
    other = a_step("extend", "2025-03-05", 4, clock="promise")
    found = changes_of(STAGE, [first, cut], [start, other], [PLAIN])
    assert [(one.cause, one.step) for one in found] == [(Cause.STARTED, start), (Cause.CAPPED, other)]
    alone = changes_of(STAGE, [first, cut], [start], [PLAIN])
    assert [(one.cause, one.step) for one in alone] == [(Cause.STARTED, start), (Cause.CAPPED, None)]


def test_a_paused_stage_whose_end_moves_follows_the_clock_that_caps_it() -> None:
    first = a_span("2025-03-03", "2025-03-10", stage="review")
    held = a_span("2025-03-05", None, state=PAUSED, stage="review")
    still = a_span("2025-03-07", None, state=PAUSED, latest="2025-03-14", stage="review")
    start = a_step("start_stage", "2025-03-03", 3, stage="review")
    other = a_step("extend", "2025-03-07", 5, clock="promise")
    found = changes_of(STAGE, [first, held, still], [start, PAUSE, other], [PLAIN])
    assert [(one.cause, one.step) for one in found[1:]] == [(Cause.PAUSED, PAUSE), (Cause.CAPPED, other)]


def test_the_extension_of_a_stage_is_its_own_and_not_that_of_another_stage() -> None:
    first = a_span("2025-03-03", "2025-03-10", stage="review")
    longer = a_span("2025-03-05", "2025-03-12", extended=2, stage="review", revision=2)
    start = a_step("start_stage", "2025-03-03", 3, stage="review")
    own = a_step("extend", "2025-03-05", 4, stage="review")
    other = a_step("extend", "2025-03-05", 5, stage="survey", clock="stage")
    assert changes_of(STAGE, [first, longer], [start, own, other], [PLAIN])[1][1:3] == (Cause.EXTENDED, own)
    assert changes_of(STAGE, [first, longer], [start, other], [PLAIN])[1][1:3] == (Cause.CAPPED, other)
