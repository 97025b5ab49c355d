"""How ends are numbered where the record goes back: rounds of a stage, pauses without a known end, silence undone."""

from dataclasses import replace

from app.domain.corrections import amended, records_of
from app.domain.forecast import forecast
from app.domain.steps import Amendment
from tests.builders.domain import MINUTE, History, a_calendar, a_clock, a_history, a_stage, an_item, instant, text_of
from tests.builders.folds import HOURS
from tests.builders.histories import the_calendar

CALENDAR = the_calendar()
HEARING = frozenset({"hearing"})


def numbers(history: History, clock: str = "stage") -> list[tuple[int, str | None, int]]:
    """Round, end and number of each span of one clock."""
    shown = [span for span in forecast(history.dossier).spans if span.clock == clock]
    return [(span.round, text_of(span.due_on), span.revision) for span in shown]


def under_review(*, pauses_for: frozenset[str] = HEARING) -> History:
    """An item with one stage of three working days, accepted on Monday 3 March 2025."""
    item = an_item(stages=(a_stage("review", 3, pauses_for=pauses_for),))
    return a_history(item, CALENDAR).received("2025-03-03").accepted("2025-03-03")


def begun(history: History, at: str, **said: str) -> History:
    return history.step("start_stage", at, stage="review", **said)


def completed(history: History, at: str) -> History:
    return history.step("complete_stage", at, stage="review")


def corrected_acceptance(history: History, at: str) -> History:
    """The acceptance entered anew, an hour earlier: a record that goes back and moves no end of a stage."""
    accept = history.dossier.steps[1]
    seq = len(records_of(history.dossier)) + 1
    changed = replace(accept, at=instant("2025-03-03 09:30"))
    amendment = Amendment(of=accept.seq, step=changed, seq=seq, recorded_at=instant(at))
    return History(amended(history.dossier, amendment))


def test_a_round_that_begins_in_a_pause_without_a_known_end_has_the_number_that_the_rounds_before_it_reached() -> None:
    history = completed(begun(under_review(), "2025-03-04"), "2025-03-05").paused("2025-03-06")
    history = begun(history, "2025-03-07")
    told = [(1, "2025-03-07", 1), (1, "2025-03-07", 1), (2, None, 1)]
    assert numbers(history) == told
    assert numbers(corrected_acceptance(history, "2025-03-10")) == told
    resumed = corrected_acceptance(history, "2025-03-10").resumed("2025-03-11")
    assert numbers(resumed)[-1] == (2, "2025-03-14", 2)


def test_a_stage_entered_late_is_not_numbered_in_a_pause_without_a_known_end_that_was_on_record() -> None:
    """The pause takes the end away before anybody could know it: only the past is given a number."""
    history = under_review().paused("2025-03-05")
    late = begun(history, "2025-03-04", recorded="2025-03-07")
    assert numbers(late) == [(1, "2025-03-07", 1), (1, None, 0)]
    assert numbers(late.resumed("2025-03-10")) == [(1, "2025-03-07", 1), (1, None, 0), (1, "2025-03-12", 2)]


def test_after_an_end_that_a_late_entry_took_away_the_next_ends_are_numbered_in_the_order_of_the_record() -> None:
    """Silence had accepted the application; the notice that was sent in time makes it never have happened."""
    item = an_item(
        a_clock(
            "notice",
            5,
            starts="received",
            stops=frozenset({"accepted", "correction_requested"}),
            on_expiry="deemed_accepted_from_receipt",
            restarts_on="corrected",
        ),
        a_clock("statutory", 10, extension=(5, 1)),
    )
    silent = a_history(item, CALENDAR).received("2025-03-03")
    assert numbers(silent, "statutory") == [(0, "2025-03-17", 1)]
    told = silent.step("deemed", "2025-03-11 00:00", clock="notice")
    late = told.step("request_correction", "2025-03-10", recorded="2025-03-11 08:00")
    assert numbers(late, "statutory") == []
    again = late.step("submit_correction", "2025-03-12")
    assert numbers(again, "statutory") == [(0, "2025-03-26", 2)]
    told = again.step("deemed", "2025-03-20 00:00", clock="notice")
    assert numbers(told.extended("2025-03-21", 5), "statutory") == [(0, "2025-03-26", 2), (0, "2025-04-02", 3)]


def test_a_correction_with_which_the_statutory_clock_begins_again_moves_the_end_of_a_stage_once() -> None:
    """One record: the pause of the stage ends with it, and what caps the stage is known from then on."""
    item = an_item(
        a_clock(
            "statutory",
            600,
            MINUTE,
            starts="received",
            pauses_for=frozenset({"correction"}),
            restarts_on="corrected",
        ),
        stages=(a_stage("review", 8, pauses_for=frozenset({"correction"}), before_acceptance=True),),
    )
    history = begun(a_history(item, a_calendar(hours=HOURS)).received("2025-03-03"), "2025-03-03 10:00")
    history = history.lawfully("request_correction", "2025-03-03 15:00").lawfully("submit_correction", "2025-03-10")
    assert numbers(history) == [(1, "2025-03-04", 1), (1, None, 1), (1, "2025-03-11", 2)]
