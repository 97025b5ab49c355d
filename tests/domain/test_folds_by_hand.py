"""Folds, days suspended ahead, and the record of one application under two editions, value by value."""

from dataclasses import replace

from app.domain.corrections import recomputed
from app.domain.folds import BEGINNING, Fold, Recomputation, Suspension, days_ahead, fold_at, folded
from app.domain.forecast import forecast
from app.domain.items import Item, ReceiptRule
from app.domain.replay import replay
from app.domain.spans import Stretch
from app.domain.steps import Amendment, Dossier, Status, Step, StepType
from app.domain.units import Limit
from tests.builders.domain import WD, History, a_clock, a_history, a_stage, an_item, day, instant, text_of, wall
from tests.builders.folds import an_edition

FIRST, SECOND, THIRD = an_edition(1), an_edition(2, off=("2025-03-10",)), an_edition(3, off=("2025-03-11",))
FOURTH = instant("2025-03-04 12:00")
FIFTH = instant("2025-03-05 12:00")


def a_suspension(id_: str, first: str, last: str | None, *kinds: str) -> Suspension:
    return Suspension(id_, frozenset(kinds), day(first), None if last is None else day(last))


# Folds


def test_without_anything_applied_only_a_first_fold_with_suspensions_is_kept() -> None:
    bare = Fold(BEGINNING, FIRST)
    held = Fold(BEGINNING, FIRST, (a_suspension("S1", "2025-03-06", None, "promise"),))
    assert (folded(bare, ()), folded(held, ())) == ((), (held,))


def test_each_publication_makes_a_fold_in_which_all_published_by_then_holds() -> None:
    """Applied in another order than published: the edition of the 5th first, that of the 4th afterwards."""
    flood, ended = (a_suspension("S1", "2025-03-06", last, "promise") for last in (None, "2025-03-07"))
    applied = (
        Recomputation(at=FIFTH, seq=3, calendar=THIRD),
        Recomputation(at=FOURTH, seq=4, calendar=SECOND),
        Recomputation(at=FOURTH, seq=5, suspension=flood),
        Recomputation(at=FIFTH, seq=6, suspension=ended),
    )
    found = folded(Fold(BEGINNING, FIRST), reversed(applied))
    assert found == (
        Fold(BEGINNING, FIRST),
        Fold(FOURTH, SECOND, (flood,)),
        Fold(FIFTH, SECOND, (ended,)),  # of several editions published by then the one applied last speaks
    )
    assert [fold_at(found, at) for at in (instant("2025-03-04 11:59"), FOURTH, FIFTH)] == list(found)
    assert [one.cause for one in applied] == ["edition", "edition", "suspension", "suspension"]


def test_days_suspended_ahead_are_joined_where_they_meet_and_kept_apart_where_a_day_lies_between() -> None:
    ahead = days_ahead(
        [
            a_suspension("S4", "2025-03-20", "2025-03-21", "promise"),
            a_suspension("S0", "2025-03-01", None, "promise"),
            a_suspension("S1", "2025-03-03", "2025-03-05", "promise", "statutory"),
            a_suspension("S2", "2025-03-06", "2025-03-07", "promise"),
            a_suspension("S3", "2025-03-09", "2025-03-10", "promise"),
            a_suspension("S5", "2025-03-20", "2025-03-20", "promise"),
        ]
    )
    assert {kind: [(text_of(begin), text_of(end)) for begin, end in found] for kind, found in ahead.items()} == {
        "promise": [
            ("2025-03-02", "2025-03-07"),
            ("2025-03-08", "2025-03-10"),
            ("2025-03-19", "2025-03-21"),
        ],
        "statutory": [("2025-03-02", "2025-03-05")],
    }


# One application under two editions


def an_application() -> History:
    item = an_item(a_clock("promise", 5), stages=(a_stage("review", 3),))
    history = a_history(item, FIRST).received("2025-03-03").accepted("2025-03-03")
    history = history.step("assign", "2025-03-04 10:00", section="S1", officer="O1")
    history = history.step("start_stage", "2025-03-05 10:00", stage="review")
    applied = Recomputation(at=FIFTH, seq=5, recorded_at=FIFTH, calendar=SECOND)
    return History(recomputed(history.dossier, applied))


def test_the_spans_change_their_edition_and_the_stretches_go_on() -> None:
    drawn = forecast(an_application().dossier)
    assert [
        (one.clock, one.calendar, wall(one.from_at), wall(one.to_at), text_of(one.due_on), one.revision)
        for one in drawn.spans
    ] == [
        ("promise", "X@1", "2025-03-03 09:00", "2025-03-05 12:00", "2025-03-10", 1),
        ("promise", "X@2", "2025-03-05 12:00", None, "2025-03-11", 2),
        ("stage", "X@1", "2025-03-05 10:00", "2025-03-05 12:00", "2025-03-10", 1),
        ("stage", "X@2", "2025-03-05 12:00", None, "2025-03-11", 2),
    ]
    start, assigned = instant("2025-03-03"), instant("2025-03-04 10:00")
    assert drawn.stretches == (
        Stretch(start, assigned, Status.ACCEPTED, "D1", None, None),
        Stretch(assigned, None, Status.ACCEPTED, "D1", "S1", "O1"),
    )
    assert (drawn.odd, drawn.deemed, text_of(drawn.received_on)) == ((), (), "2025-03-03")


def test_a_standing_under_an_edition_has_its_status_its_holder_and_its_clocks() -> None:
    standing = replay(an_application().dossier, instant("2025-03-05 12:00"))
    assert (standing.status, *standing.holder, standing.light, standing.odd, standing.deemed) == (
        "accepted",
        "D1",
        "S1",
        "O1",
        "green",
        (),
        (),
    )
    assert [(one.kind, one.calendar, one.used, text_of(one.due_on)) for one in standing.clocks] == [
        ("promise", "X@2", 2, "2025-03-11"),
        ("stage", "X@2", 0, "2025-03-11"),
    ]
    before = replay(an_application().dossier, instant("2025-03-04 10:00"))
    assert (before.holder, [(one.kind, str(one.state)) for one in before.clocks]) == (
        ("D1", "S1", "O1"),
        [("promise", "running"), ("stage", "not_started")],
    )
    nothing = replay(an_application().dossier, instant("2025-03-03 08:59"))
    assert (nothing.status, nothing.holder, nothing.light) == ("not_received", ("D1", None, None), None)


def test_a_clock_that_never_started_is_void_under_editions_too() -> None:
    history = a_history(an_item(a_clock("promise", 5)), FIRST).received("2025-03-03").step("withdraw", "2025-03-04")
    moved = History(recomputed(history.dossier, Recomputation(at=FIFTH, seq=3, recorded_at=FIFTH, calendar=SECOND)))
    for at in ("2025-03-04 09:00", "2025-03-05 13:00"):
        clock = moved.clock("promise", at)
        assert (str(clock.state), wall(clock.stopped_at)) == ("void", "2025-03-04 09:00")
    assert moved.clock("promise", "2025-03-03 10:00").state == "not_started"


def test_odd_imports_stay_odd_under_editions() -> None:
    history = a_history(an_item(a_clock("promise", 5)), FIRST).received("2025-03-03", imported=True)
    history = history.step("decide", "2025-03-04", imported=True)
    moved = recomputed(history.dossier, Recomputation(at=FIFTH, seq=3, recorded_at=FIFTH, calendar=SECOND))
    assert forecast(moved).odd == ("step_not_allowed",)
    assert replay(moved, instant("2025-03-06")).odd == ("step_not_allowed",)


# A dossier and an item, value by value


def test_one_more_step_keeps_all_that_is_on_record() -> None:
    receipt = Step(type=StepType.RECEIVE, at=instant("2025-03-03"), seq=1)
    accept = Step(type=StepType.ACCEPT, at=instant("2025-03-04"), seq=2)
    withdraw = Step(type=StepType.WITHDRAW, at=instant("2025-03-06"), seq=3)
    between = Step(type=StepType.PAUSE, at=instant("2025-03-04"), seq=4)
    amendment = Amendment(of=2, step=replace(accept, amount=1), seq=5)
    edition = Recomputation(at=FIFTH, seq=6, calendar=SECOND)
    folds = (Fold(BEGINNING, FIRST), Fold(FIFTH, SECOND))
    item = an_item(a_clock("promise", 5))
    plain = Dossier(item, SECOND, (receipt, accept, withdraw), folds, (edition,), (amendment,))
    assert plain.with_step(between) == Dossier(
        item, SECOND, (receipt, accept, between, withdraw), folds, (edition,), (amendment,)
    )
    recorded = replace(plain, recorded=(receipt, accept, withdraw))
    assert recorded.with_step(between).recorded == (receipt, accept, withdraw, between)
    assert [plain.calendar_named(name) for name in ("X@1", "X@2", "X@9")] == [FIRST, SECOND, SECOND]
    assert (plain.fold_at(FOURTH), plain.fold_at(FIFTH)) == folds


def test_an_item_is_built_of_what_is_named() -> None:
    clock, stage = a_clock("promise", 5), a_stage("review", 3)
    built = Item.build(
        "code",
        7,
        "D9",
        clocks=(clock,),
        stages=(stage,),
        late_entry_limit=Limit(3, WD),
        receipt_rule=ReceiptRule.NEXT_WORKING_DAY,
    )
    assert built == Item("code", 7, "D9", (clock,), (stage,), Limit(3, WD), ReceiptRule.NEXT_WORKING_DAY)
    assert (built.by_stage, built.silent, built.has_inspection) == ({"review": stage}, (), False)
