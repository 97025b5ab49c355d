"""Editions applied on the way: where the drawing of one ends and that of the next begins, to the instant."""

from dataclasses import replace
from typing import Any

from app.domain.corrections import recomputed, records_of
from app.domain.folds import Recomputation
from app.domain.forecast import forecast
from tests.builders.domain import History, a_clock, a_history, an_item, instant, text_of, wall
from tests.builders.folds import an_edition

FIRST = an_edition(1)


def published(history: History, at: str, number: int, *off: str) -> History:
    """An edition of the calendar, applied as the next record."""
    seq = len(records_of(history.dossier)) + 1
    one = Recomputation(at=instant(at), seq=seq, recorded_at=instant(at), calendar=an_edition(number, off=off))
    return History(recomputed(history.dossier, one))


def added(history: History, kind: str, at: str, **said: Any) -> History:
    step = replace(history.next_step(kind, at, **said), seq=len(records_of(history.dossier)) + 1)
    return History(replace(history.dossier, steps=(*history.dossier.steps, step)))


def accepted() -> History:
    """Accepted on Monday 3 March 2025: ten working days, to the seventeenth."""
    return a_history(an_item(a_clock("statutory", 10)), FIRST).received("2025-03-03").accepted("2025-03-03")


def rows(history: History) -> list[tuple[str | None, str | None, str, str | None, int, str]]:
    return [
        (wall(one.from_at), wall(one.to_at), str(one.state), text_of(one.due_on), one.revision, one.calendar)
        for one in forecast(history.dossier).spans
    ]


def test_what_happens_as_an_edition_is_published_goes_by_that_edition_alone() -> None:
    history = published(accepted(), "2025-03-10", 2, "2025-03-12")
    history = added(history, "extend", "2025-03-10", clock="statutory", amount=5)
    assert rows(history) == [
        ("2025-03-03 09:00", "2025-03-10 09:00", "running", "2025-03-17", 1, "X@1"),
        ("2025-03-10 09:00", None, "running", "2025-03-25", 2, "X@2"),
    ]


def test_a_clock_that_stops_as_an_edition_is_published_stops_under_it() -> None:
    history = added(published(accepted(), "2025-03-10", 2, "2025-03-12"), "decide", "2025-03-10", result="granted")
    assert [row[2:4] + row[5:] for row in rows(history)] == [
        ("running", "2025-03-17", "X@1"),
        ("met", "2025-03-18", "X@2"),
    ]


def test_a_clock_that_begins_again_goes_by_the_edition_of_that_time_and_skips_one_that_came_between() -> None:
    stops = frozenset({"correction_requested", "decided"})
    rule = a_clock("notice", 10, starts="received", stops=stops, restarts_on="corrected")
    history = a_history(an_item(rule), FIRST).received("2025-03-03").step("request_correction", "2025-03-05")
    history = published(history, "2025-03-07", 2, "2025-03-11")
    history = published(history, "2025-03-12", 3, "2025-03-11", "2025-03-25")
    assert rows(added(history, "submit_correction", "2025-03-20")) == [
        ("2025-03-03 09:00", "2025-03-05 09:00", "running", "2025-03-17", 1, "X@1"),
        ("2025-03-05 09:00", "2025-03-20 09:00", "met", "2025-03-17", 1, "X@1"),
        ("2025-03-20 09:00", None, "running", "2025-04-04", 2, "X@3"),
    ]


def test_a_clock_that_begins_again_as_an_edition_is_published_never_had_the_end_of_the_one_between() -> None:
    stops = frozenset({"correction_requested", "decided"})
    rule = a_clock("notice", 10, starts="received", stops=stops, restarts_on="corrected")
    history = a_history(an_item(rule), FIRST).received("2025-03-03").step("request_correction", "2025-03-05")
    history = published(history, "2025-03-07", 2, "2025-03-11")
    history = published(history, "2025-03-20", 3, "2025-03-11", "2025-03-25")
    assert rows(added(history, "submit_correction", "2025-03-20")) == [
        ("2025-03-03 09:00", "2025-03-05 09:00", "running", "2025-03-17", 1, "X@1"),
        ("2025-03-05 09:00", "2025-03-20 09:00", "met", "2025-03-17", 1, "X@1"),
        ("2025-03-20 09:00", None, "running", "2025-04-04", 2, "X@3"),
    ]


def test_an_edition_cuts_no_stretch_of_status_and_holder_and_adds_none() -> None:
    history = published(accepted(), "2025-03-10", 2, "2025-03-12")
    history = added(history, "decide", "2025-03-13", result="granted")
    told = [(wall(one.from_at), wall(one.to_at), str(one.status)) for one in forecast(history.dossier).stretches]
    assert told == [("2025-03-03 09:00", "2025-03-13 09:00", "accepted"), ("2025-03-13 09:00", None, "decided")]
    at_once = added(published(accepted(), "2025-03-10", 2), "decide", "2025-03-10", result="granted")
    told = [(wall(one.from_at), wall(one.to_at), str(one.status)) for one in forecast(at_once.dossier).stretches]
    assert told == [("2025-03-03 09:00", "2025-03-10 09:00", "accepted"), ("2025-03-10 09:00", None, "decided")]
