"""The numbers of ends where the record goes back, told span by span: a number, once given, names one end."""

from dataclasses import replace
from typing import Any

from app.domain.corrections import amended, recomputed, records_of
from app.domain.folds import Recomputation, Suspension
from app.domain.forecast import forecast
from app.domain.steps import Amendment
from tests.builders.domain import (
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

HEARING = frozenset({"hearing"})
Row = tuple[str | None, str | None, str | None, int]


def rows(history: History, kind: str = "statutory") -> list[Row]:
    """Beginning, end of its time, due day and number of each span of one clock."""
    return [
        (wall(one.from_at), wall(one.to_at), text_of(one.due_on), one.revision)
        for one in forecast(history.dossier).spans
        if one.clock == kind
    ]


def numbered(history: History, kind: str = "statutory") -> list[tuple[str | None, int]]:
    return [(due_on, number) for _, _, due_on, number in rows(history, kind)]


def entered_anew(history: History, of: int, recorded: str, **changes: object) -> History:
    step = next(step for step in history.dossier.steps if step.seq == of)
    changed = replace(step, **changes)  # type: ignore[arg-type]
    seq = len(records_of(history.dossier)) + 1
    amendment = Amendment(of=of, step=changed, seq=seq, recorded_at=instant(recorded))
    return History(amended(history.dossier, amendment))


def added(history: History, kind: str, at: str, **said: Any) -> History:
    """One more step, numbered after all that is on record, amendments too."""
    step = replace(history.next_step(kind, at, **said), seq=len(records_of(history.dossier)) + 1)
    dossier = history.dossier
    recorded = (*dossier.recorded, step) if dossier.recorded else ()
    return History(replace(dossier, steps=(*dossier.steps, step), recorded=recorded))


def accepted() -> History:
    """Accepted on Monday 3 March 2025: ten working days, to the seventeenth."""
    item = an_item(a_clock("statutory", 10, pauses_for=HEARING))
    return a_history(item, a_calendar()).received("2025-03-03").accepted("2025-03-03")


def extended() -> History:
    """Extended on the tenth, to the 24th."""
    return accepted().extended("2025-03-10", 5)


def suspended_elsewhere(history: History, at: str) -> History:
    """A suspension published that stops another kind of clock."""
    flood = Suspension("S1", frozenset({"promise"}), day("2025-03-27"), None)
    seq = len(records_of(history.dossier)) + 1
    one = Recomputation(at=instant(at), seq=seq, recorded_at=instant(at), suspension=flood)
    return History(recomputed(history.dossier, one))


def test_an_extension_moved_to_an_earlier_instant_gives_a_new_number_there_and_leaves_its_own() -> None:
    history = entered_anew(extended(), 3, "2025-03-12", at=instant("2025-03-06"))
    assert rows(history) == [
        ("2025-03-03 09:00", "2025-03-06 09:00", "2025-03-17", 1),
        ("2025-03-06 09:00", "2025-03-10 09:00", "2025-03-24", 3),
        ("2025-03-10 09:00", None, "2025-03-24", 2),
    ]

    again = entered_anew(history, 3, "2025-03-13", at=instant("2025-03-05"))
    assert rows(again) == [
        ("2025-03-03 09:00", "2025-03-05 09:00", "2025-03-17", 1),
        ("2025-03-05 09:00", "2025-03-06 09:00", "2025-03-24", 4),
        ("2025-03-06 09:00", "2025-03-10 09:00", "2025-03-24", 3),
        ("2025-03-10 09:00", None, "2025-03-24", 2),
    ]


def test_what_is_published_and_changes_nothing_of_a_clock_cuts_none_of_its_spans() -> None:
    history = suspended_elsewhere(extended(), "2025-03-12")
    assert rows(history) == [
        ("2025-03-03 09:00", "2025-03-10 09:00", "2025-03-17", 1),
        ("2025-03-10 09:00", None, "2025-03-24", 2),
    ]
    early = suspended_elsewhere(accepted(), "2025-03-05")
    assert rows(added(early, "extend", "2025-03-10", clock="statutory", amount=5)) == rows(history)


def test_nor_does_it_hide_where_a_number_changes_later() -> None:
    history = suspended_elsewhere(accepted(), "2025-03-08")
    history = added(history, "extend", "2025-03-10", clock="statutory", amount=5)
    history = entered_anew(history, 4, "2025-03-12", at=instant("2025-03-06"))
    assert rows(history) == [
        ("2025-03-03 09:00", "2025-03-06 09:00", "2025-03-17", 1),
        ("2025-03-06 09:00", "2025-03-10 09:00", "2025-03-24", 3),
        ("2025-03-10 09:00", None, "2025-03-24", 2),
    ]


def test_an_end_that_was_only_expected_has_no_number_when_another_comes_in_its_place() -> None:
    """Silence was to accept at the end of the tenth; the office does on the seventh."""
    notice = a_clock("notice", 5, starts="received", on_expiry="deemed_accepted_at_expiry")
    history = a_history(an_item(notice, a_clock("statutory", 10)), a_calendar()).received("2025-03-03")
    history = entered_anew(history, 1, "2025-03-04", section="S")
    assert numbered(added(history, "accept", "2025-03-07")) == [("2025-03-21", 1)]


def test_past_ends_are_numbered_in_legal_order_where_the_present_one_is_left_as_it_was() -> None:
    rule = a_clock("statutory", 10, starts="received", restarts_on="corrected")
    history = a_history(an_item(rule), a_calendar()).received("2025-03-03").extended("2025-03-10", 5)
    history = history.step("request_correction", "2025-03-18").step("submit_correction", "2025-03-20")
    assert numbered(history) == [("2025-03-17", 1), ("2025-03-24", 2), ("2025-04-03", 3)]
    moved = entered_anew(history, 1, "2025-03-21", at=instant("2025-02-28"))
    assert numbered(moved) == [("2025-03-14", 4), ("2025-03-21", 5), ("2025-04-03", 3)]


def test_a_pause_of_less_than_a_day_leaves_the_number_that_an_amendment_gave() -> None:
    history = entered_anew(extended(), 3, "2025-03-11", amount=4)
    history = added(history, "pause", "2025-03-12 10:00", ground="hearing")
    assert numbered(history) == [("2025-03-17", 1), ("2025-03-21", 3), (None, 3)]
    history = added(history, "resume", "2025-03-12 11:00")
    assert numbered(history)[-1] == ("2025-03-21", 3)


def test_a_round_that_begins_in_an_open_pause_has_the_number_that_an_amendment_of_the_round_before_gave() -> None:
    item = an_item(stages=(a_stage("review", 3, pauses_for=HEARING),))
    history = a_history(item, a_calendar()).received("2025-03-03").accepted("2025-03-03")
    history = history.step("start_stage", "2025-03-04", stage="review")
    history = entered_anew(history, 3, "2025-03-05", at=instant("2025-03-05"))
    assert numbered(history, "stage") == [("2025-03-10", 2)]
    history = added(history, "complete_stage", "2025-03-06", stage="review")
    history = added(history, "pause", "2025-03-06 10:00", ground="hearing")
    history = added(history, "start_stage", "2025-03-07", stage="review")
    assert numbered(history, "stage") == [("2025-03-10", 2), ("2025-03-10", 2), (None, 2)]


def test_after_an_amendment_what_goes_on_is_numbered_in_legal_order_also_from_the_latest_instant_on() -> None:
    for at in ("2025-03-10", "2025-03-11"):
        history = entered_anew(extended(), 3, "2025-03-10 10:00", amount=4)
        history = added(history, "extend", at, clock="statutory", amount=1)
        history = added(history, "extend", "2025-03-12", clock="statutory", amount=1)
        assert [number for _, number in numbered(history)][-2:] == [4, 5]


def test_a_round_that_goes_on_beside_one_that_is_over_is_numbered_in_legal_order() -> None:
    item = an_item(stages=(a_stage("review", 3),))
    history = a_history(item, a_calendar()).received("2025-03-03").accepted("2025-03-03")
    history = history.step("start_stage", "2025-03-04", stage="review")
    history = history.step("complete_stage", "2025-03-05", stage="review")
    history = entered_anew(history, 2, "2025-03-05", at=instant("2025-03-03 10:00"))
    history = added(history, "start_stage", "2025-03-06", stage="review")
    history = added(history, "extend", "2025-03-07", clock="stage", stage="review", amount=2)
    assert numbered(history, "stage") == [
        ("2025-03-07", 1),
        ("2025-03-07", 1),
        ("2025-03-11", 2),
        ("2025-03-13", 3),
    ]
