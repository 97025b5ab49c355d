"""Folds: editions and suspensions applied to an application that is under way."""

from dataclasses import replace
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import procedure
from app.domain.clocks import Clock
from app.domain.corrections import recomputed
from app.domain.folds import Fold, Recomputation, Suspension, days_ahead
from app.domain.forecast import forecast
from app.domain.replay import replay, standing_in
from app.domain.spans import ClockState, Span
from app.domain.steps import Dossier
from app.domain.units import Limit
from tests.builders.domain import (
    CD,
    WD,
    History,
    a_clock,
    a_history,
    an_item,
    day,
    instant,
    text_of,
    wall,
)
from tests.builders.folds import a_changed_history, a_suspension, an_edition
from tests.builders.histories import a_random_history, the_calendar

CALENDAR = the_calendar()
HEARING = frozenset({"hearing"})
STOPPED = frozenset({ClockState.MET, ClockState.MISSED, ClockState.VOID})


def an_open_one(amount: int = 10, *, unit: object = WD) -> History:
    rule = a_clock("statutory", amount, CD if unit is CD else WD, pauses_for=HEARING, extension=(10, 2))
    delivery = a_clock("delivery", 10, starts="decided", stops=frozenset({"delivered"}))
    return a_history(an_item(rule, delivery), an_edition(1)).received("2025-03-03").accepted("2025-03-03")


def applied(
    history: History, published: str, *, recorded: str | None = None, edition: object = None, stop: object = None
) -> History:
    """The same with an edition or a suspension, published at one instant and applied at another."""
    seq = len(history.dossier.steps) + len(history.dossier.recomputations) + 1
    one = Recomputation(
        at=instant(published),
        seq=seq,
        recorded_at=instant(recorded or published),
        calendar=edition,  # type: ignore[arg-type]
        suspension=stop,  # type: ignore[arg-type]
    )
    return History(recomputed(history.dossier, one))


def due(history: History, at: str, kind: str = "statutory") -> tuple[str | None, str, int]:
    clock = history.clock(kind, at)
    return text_of(clock.due_on or clock.latest_due_on), clock.calendar, clock.revision


def states(history: History, kind: str = "statutory") -> list[tuple[str, str | None, str | None]]:
    drawn = forecast(history.dossier).spans
    return [(str(s.state), wall(s.from_at), wall(s.to_at)) for s in drawn if s.clock == kind]


# Editions


def test_before_the_publication_of_an_edition_the_older_one_shows_the_due_date() -> None:
    history = applied(an_open_one(), "2025-03-10", edition=an_edition(2, off=("2025-03-12", "2025-03-13")))
    assert due(history, "2025-03-09") == ("2025-03-17", "X@1", 1)
    assert due(history, "2025-03-10") == ("2025-03-19", "X@2", 2)


def test_an_edition_applied_late_holds_from_its_publication_on() -> None:
    edition = an_edition(2, off=("2025-03-12", "2025-03-13"))
    history = applied(an_open_one(), "2025-03-10", recorded="2025-03-20", edition=edition)
    assert due(history, "2025-03-11") == ("2025-03-19", "X@2", 2)


def test_an_edition_that_moves_nothing_is_named_and_makes_no_revision() -> None:
    history = applied(an_open_one(), "2025-03-10", edition=an_edition(2, off=("2025-05-01",)))
    assert due(history, "2025-03-11") == ("2025-03-17", "X@2", 1)


def test_a_stopped_clock_keeps_the_edition_under_which_it_stopped() -> None:
    history = an_open_one().step("decide", "2025-03-14", result="granted")
    history = applied(history, "2025-03-17", edition=an_edition(2, off=("2025-03-05", "2025-03-06", "2025-03-19")))
    clock = history.clock("statutory", "2025-03-20")
    assert (str(clock.state), clock.calendar, text_of(clock.due_on)) == ("met", "X@1", "2025-03-17")
    assert due(history, "2025-03-20", "delivery") == ("2025-03-31", "X@2", 2)


def test_a_clock_that_stops_after_the_publication_stops_under_the_new_edition() -> None:
    history = applied(an_open_one(), "2025-03-10", edition=an_edition(2, off=("2025-03-12", "2025-03-13")))
    clock = history.step("decide", "2025-03-19", result="granted").clock("statutory", "2025-04-01")
    assert (str(clock.state), clock.calendar) == ("met", "X@2")


def test_a_paused_clock_moves_by_its_latest_day() -> None:
    history = an_open_one().paused("2025-03-05", announced=Limit(5, WD))
    history = applied(history, "2025-03-07", edition=an_edition(2, off=("2025-03-18",)))
    before, after = history.clock("statutory", "2025-03-06"), history.clock("statutory", "2025-03-08")
    assert (text_of(before.latest_due_on), text_of(after.latest_due_on)) == ("2025-03-24", "2025-03-25")
    assert (before.due_on, after.due_on, after.revision) == (None, None, before.revision + 1)


def test_editions_follow_each_other() -> None:
    history = applied(an_open_one(), "2025-03-10", edition=an_edition(2, off=("2025-03-12",)))
    history = applied(history, "2025-03-11", edition=an_edition(3, off=("2025-03-12", "2025-03-13")))
    assert [due(history, at)[0] for at in ("2025-03-09", "2025-03-10", "2025-03-11")] == [
        "2025-03-17",
        "2025-03-18",
        "2025-03-19",
    ]


def test_revisions_count_over_the_folds_in_the_order_of_recording() -> None:
    history = an_open_one().extended("2025-03-12", 1)
    edition = an_edition(2, off=("2025-03-13",))
    late = applied(history, "2025-03-10", recorded="2025-03-14", edition=edition)
    assert [due(late, at) for at in ("2025-03-09", "2025-03-11", "2025-03-13")] == [
        ("2025-03-17", "X@1", 1),
        ("2025-03-18", "X@2", 4),
        ("2025-03-19", "X@2", 3),
    ]


def test_an_extension_is_judged_by_the_edition_published_when_it_happens() -> None:
    history = applied(an_open_one(), "2025-03-17", edition=an_edition(2, off=("2025-03-14", "2025-03-17")))
    assert due(history, "2025-03-17 12:00")[0] == "2025-03-19"
    assert history.refusal("extend", "2025-03-18", clock="statutory", amount=5) is None
    refusal = an_open_one().refusal("extend", "2025-03-18", clock="statutory", amount=5)
    assert refusal is not None
    assert refusal.code == "extension_after_expiry"


def test_a_fixed_end_is_moved_by_no_edition() -> None:
    item = an_item(a_clock("statutory", 10))
    history = a_history(item, an_edition(1)).received("2025-03-03", fixed={"statutory": "2025-03-20 00:00"})
    history = applied(history.accepted("2025-03-03"), "2025-03-10", edition=an_edition(2, off=("2025-03-12",)))
    history = applied(history, "2025-03-11", stop=a_suspension("2025-03-12", "2025-03-13", "statutory"))
    assert [due(history, at)[0] for at in ("2025-03-04", "2025-03-12")] == ["2025-03-19", "2025-03-19"]
    assert history.clock("statutory", "2025-03-12").state == "running"


# Suspensions


def test_both_days_of_a_suspension_are_taken_out_whatever_the_clock_pauses_for() -> None:
    stop = a_suspension("2025-03-06", "2025-03-11", "statutory")
    history = applied(an_open_one(), "2025-03-05", stop=stop)
    assert due(history, "2025-03-04") == ("2025-03-17", "X@1", 1)
    assert due(history, "2025-03-05") == ("2025-03-21", "X@1", 2)
    assert due(history, "2025-03-07") == ("2025-03-21", "X@1", 2)
    assert due(history, "2025-03-12") == ("2025-03-21", "X@1", 2)
    assert states(history) == [
        ("running", "2025-03-03 09:00", "2025-03-05 09:00"),
        ("running", "2025-03-05 09:00", "2025-03-06 00:00"),
        ("paused", "2025-03-06 00:00", "2025-03-12 00:00"),
        ("running", "2025-03-12 00:00", None),
    ]


def test_a_suspension_of_calendar_days_takes_out_rest_days_too() -> None:
    stop = a_suspension("2025-03-06", "2025-03-11", "statutory")
    history = applied(an_open_one(20, unit=CD), "2025-03-05", stop=stop)
    assert [due(history, at)[0] for at in ("2025-03-04", "2025-03-05", "2025-03-13")] == [
        "2025-03-24",
        "2025-03-31",
        "2025-03-31",
    ]


def test_a_suspension_published_afterwards_holds_from_its_publication_on() -> None:
    stop = a_suspension("2025-03-06", "2025-03-11", "statutory")
    history = applied(an_open_one(), "2025-03-12", stop=stop)
    assert due(history, "2025-03-11") == ("2025-03-17", "X@1", 1)
    assert due(history, "2025-03-12") == ("2025-03-21", "X@1", 2)
    assert history.clock("statutory", "2025-03-11").state == "running"


def test_a_suspension_is_merged_with_the_pauses_of_the_application() -> None:
    stop = a_suspension("2025-03-06", "2025-03-11", "statutory")
    history = applied(an_open_one().paused("2025-03-05").resumed("2025-03-10"), "2025-03-12", stop=stop)
    assert due(history, "2025-03-12")[0] == "2025-03-21"
    plain = an_open_one().paused("2025-03-05").resumed("2025-03-11")
    assert due(plain, "2025-03-12")[0] == "2025-03-21"


def test_a_suspension_without_an_end_is_an_open_pause_until_a_document_names_it() -> None:
    history = applied(an_open_one(), "2025-03-05", stop=a_suspension("2025-03-06", None, "statutory"))
    clock = history.clock("statutory", "2025-03-20")
    assert (str(clock.state), clock.due_on, clock.latest_due_on) == ("paused", None, None)
    ended = applied(history, "2025-03-21", stop=a_suspension("2025-03-06", "2025-03-20", "statutory"))
    assert ended.clock("statutory", "2025-03-20").due_on is None
    assert due(ended, "2025-03-21 12:00") == ("2025-04-01", "X@1", 2)


def test_a_clock_that_starts_in_a_suspension_counts_from_its_end() -> None:
    item = an_item(a_clock("statutory", 10))
    history = a_history(item, an_edition(1)).received("2025-03-03")
    history = applied(history, "2025-03-04", stop=a_suspension("2025-03-05", "2025-03-11", "statutory"))
    history = history.accepted("2025-03-06")
    clock = history.clock("statutory", "2025-03-07")
    assert (str(clock.state), text_of(clock.latest_due_on), clock.used) == ("paused", "2025-03-25", 0)
    assert due(history, "2025-03-12")[0] == "2025-03-25"


def test_a_suspension_stops_only_the_kinds_that_it_names_and_goes_on_over_a_decision() -> None:
    history = applied(an_open_one(), "2025-03-05", stop=a_suspension("2025-03-06", "2025-03-14", "delivery"))
    history = history.step("decide", "2025-03-07", result="granted")
    assert history.clock("statutory", "2025-03-10").state == "met"
    delivery = history.clock("delivery", "2025-03-10")
    assert (str(delivery.state), text_of(delivery.latest_due_on)) == ("paused", "2025-03-28")


def test_a_suspension_that_begins_when_the_limit_is_used_up_stops_nothing() -> None:
    stop = a_suspension("2025-03-18", "2025-03-21", "statutory")
    history = applied(an_open_one(), "2025-03-05", stop=stop)
    assert due(history, "2025-03-06") == ("2025-03-17", "X@1", 1)
    assert history.clock("statutory", "2025-03-19").light == "red"
    last_day = applied(an_open_one(), "2025-03-05", stop=a_suspension("2025-03-17", "2025-03-21", "statutory"))
    assert due(last_day, "2025-03-06")[0] == "2025-03-24"


def test_an_application_received_under_a_suspension_stands_on_it_from_the_first() -> None:
    stop = a_suspension("2025-03-06", "2025-03-11", "statutory")
    plain = an_open_one().dossier
    first = replace(plain, folds=(Fold(plain.fold_at(instant("2025-03-03")).from_at, plain.calendar, (stop,)),))
    assert due(History(first), "2025-03-04") == ("2025-03-21", "X@1", 1)


def test_overlapping_suspensions_take_out_each_day_once() -> None:
    one = Suspension("A", frozenset({"statutory"}), 10, 20)
    other = Suspension("B", frozenset({"statutory", "promise"}), 15, 25)
    open_ = Suspension("C", frozenset({"promise"}), 30, None)
    assert days_ahead([other, open_, one]) == {"statutory": [(9, 25)], "promise": [(14, 25)]}


# Whatever happens


def figures(clock: Clock) -> Clock:
    return clock._replace(revision=0)


@settings(max_examples=80, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_each_clock_is_that_of_the_fold_in_force_or_of_the_one_under_which_it_stopped(random: Random) -> None:
    told = a_changed_history(random, a_random_history(random, CALENDAR))
    dossier = told.dossier
    bare = Dossier(dossier.item, CALENDAR, dossier.steps)
    deemed = forecast(dossier).deemed
    for at in told.instants(random):
        for place, clock in enumerate(replay(dossier, at).clocks):
            fold = dossier.fold_at(at if clock.stopped_at is None else clock.stopped_at)
            if any(one.at < fold.from_at for one in deemed):
                continue  # what silence did before a fold was published stands; a fold alone knows nothing of it
            under = replace(bare, calendar=fold.calendar, folds=(replace(fold, from_at=fold.from_at),))
            assert figures(replay(under, at).clocks[place]) == figures(clock)


@settings(max_examples=80, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_the_spans_of_a_spliced_clock_follow_each_other_and_are_what_a_replay_shows(random: Random) -> None:
    told = a_changed_history(random, a_random_history(random, CALENDAR))
    drawn = forecast(told.dossier)
    by_clock: dict[tuple[str, str, int], list[Span]] = {}
    for span in drawn.spans:
        by_clock.setdefault((span.clock, span.stage, span.round), []).append(span)
    for spans in by_clock.values():
        assert all(one.to_at == other.from_at for one, other in pairwise(spans))
        assert spans[-1].to_at is None
    for at in told.instants(random):
        standing = replay(told.dossier, at)
        assert standing._replace(odd=()) == standing_in(drawn, told.dossier, at)._replace(odd=())


@settings(max_examples=60, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_a_revision_of_an_amended_history_under_several_folds_names_one_due_instant(random: Random) -> None:
    told = a_changed_history(random, a_random_history(random, CALENDAR))
    named: dict[tuple[str, str, int], object] = {}
    for span in forecast(told.dossier).spans:
        if span.due_at is not None:
            assert named.setdefault((span.clock, span.stage, span.revision), span.due_at) == span.due_at


def test_a_suspension_known_ahead_puts_the_warnings_where_the_days_are() -> None:
    history = applied(an_open_one(), "2025-03-05", stop=a_suspension("2025-03-06", "2025-03-11", "statutory"))
    clock = history.clock("statutory", "2025-03-05 12:00")
    assert [wall(warning.at) for warning in clock.warnings] == ["2025-03-20 00:00"]
    assert (clock.used, clock.remaining) == (2, 8)
    assert day("2025-03-21") == clock.due_on
    assert procedure.allowed(history.dossier, instant("2025-03-05 12:00"))
