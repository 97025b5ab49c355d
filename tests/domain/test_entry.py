"""Records taken as live entry takes them, one after the other: what it refuses changes nothing."""

from dataclasses import replace

import pytest

from app.domain.calendar import CalendarUnknown
from app.domain.entry import enter, entered
from app.domain.folds import Recomputation
from app.domain.refusal import Refusal
from app.domain.steps import Amendment
from tests.builders.domain import History, a_clock, a_history, an_item, day, instant
from tests.builders.folds import an_edition

EDITION = Recomputation(at=instant("2025-03-05"), seq=4, recorded_at=instant("2025-03-05"), calendar=an_edition(2))


def accepted() -> History:
    item = an_item(a_clock("statutory", 10, extension=(5, 1)))
    return a_history(item, an_edition(1)).received("2025-03-03").accepted("2025-03-03")


def test_a_step_an_amendment_and_an_edition_are_entered() -> None:
    history = accepted()
    step = history.next_step("decide", "2025-03-05")
    assert enter(history.dossier, step) == history.dossier.with_step(step)
    assert enter(history.dossier, EDITION).calendar.name == "X@2"
    later = replace(history.dossier.steps[1], at=instant("2025-03-04"))
    amended = enter(history.dossier, Amendment(of=2, step=later, seq=3, recorded_at=instant("2025-03-05")))
    assert [step.at for step in amended.steps] == [instant("2025-03-03"), instant("2025-03-04")]


def test_what_the_law_forbids_is_refused() -> None:
    history = accepted()
    with pytest.raises(Refusal) as refused:
        enter(history.dossier, history.next_step("accept", "2025-03-05"))
    assert refused.value.code == "step_not_allowed"
    with pytest.raises(Refusal) as refused:
        enter(history.dossier, Amendment(of=9, step=None, seq=3, recorded_at=instant("2025-03-05")))
    assert (refused.value.code, refused.value.detail, refused.value.pointer) == (
        "step_unknown",
        "The application has no such step.",
        "/step",
    )
    decided = history.step("decide", "2025-03-05")
    with pytest.raises(Refusal) as refused:
        enter(decided.dossier, Amendment(of=2, step=None, seq=4, recorded_at=instant("2025-03-06")))
    assert refused.value.code == "later_step_conflicts"


def test_a_step_is_judged_by_the_time_at_which_it_was_recorded_else_by_its_own() -> None:
    """Ten working days end on the 17th; an extension of that day is recorded in time on that day alone."""
    history = accepted()
    extension = history.next_step("extend", "2025-03-17 10:00", clock="statutory", amount=5)
    assert len(enter(history.dossier, extension).steps) == 3
    assert len(enter(history.dossier, replace(extension, recorded_at=None)).steps) == 3
    with pytest.raises(Refusal) as refused:
        enter(history.dossier, replace(extension, recorded_at=instant("2025-03-18")))
    assert refused.value.code == "extension_after_expiry"


def test_what_is_refused_is_told_and_what_comes_after_it_is_entered() -> None:
    history = accepted()
    twice = history.next_step("accept", "2025-03-04")
    decide = replace(history.next_step("decide", "2025-03-06"), seq=5)
    unknown = Amendment(of=9, step=None, seq=6, recorded_at=instant("2025-03-06"))
    dossier, refused = entered(history.dossier, [twice, EDITION, decide, unknown])
    assert refused == [twice, unknown]
    assert (dossier.calendar.name, [str(step.type) for step in dossier.steps]) == (
        "X@2",
        ["receive", "accept", "decide"],
    )
    assert entered(history.dossier, []) == (history.dossier, [])


def test_where_nothing_can_be_counted_nothing_is_entered() -> None:
    calendar = an_edition(1)
    unknown = type(calendar)("X", 1, calendar.zone, days={}, first=day("2025-03-20"))
    history = a_history(an_item(a_clock("statutory", 10, extension=(5, 1))), unknown).received("2025-03-03")
    step = history.accepted("2025-03-03").next_step("extend", "2025-03-04", clock="statutory", amount=1)
    with pytest.raises(CalendarUnknown):
        entered(history.accepted("2025-03-03").dossier, [step])
