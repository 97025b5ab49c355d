"""Corrections: what was recorded stays, what holds changes, and both are known at their time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import procedure
from app.domain.corrections import Record, amended, dossier_of, first_fold, known, records_of, steps_that_hold
from app.domain.folds import BEGINNING
from app.domain.forecast import forecast
from app.domain.items import OnExpiry
from app.domain.refusal import Refusal
from app.domain.replay import replay
from app.domain.spans import Span
from app.domain.steps import Amendment, Dossier, Step, StepType
from app.domain.units import Limit, Unit
from tests.builders.domain import History, a_clock, a_history, an_item, instant, text_of
from tests.builders.folds import a_changed_history
from tests.builders.histories import a_random_history, the_calendar

CALENDAR = the_calendar()
HEARING = frozenset({"hearing"})


def a_decided_one() -> History:
    item = an_item(a_clock("statutory", 10, pauses_for=HEARING, extension=(10, 2)))
    history = a_history(item, CALENDAR).received("2025-03-03").accepted("2025-03-03")
    return history.extended("2025-03-10", 5).step("decide", "2025-03-20", result="granted")


def amend(history: History, of: int, recorded: str, **changes: object) -> History:
    """The step with this number amended; without changes struck out."""
    return History(amended(history.dossier, an_amendment(history, of, recorded, **changes)))


def an_amendment(history: History, of: int, recorded: str, **changes: object) -> Amendment:
    step = next(step for step in history.dossier.steps if step.seq == of)
    changed = replace(step, **changes) if changes else None  # type: ignore[arg-type]
    seq = len(records_of(history.dossier)) + 1
    return Amendment(of=of, step=changed, seq=seq, recorded_at=instant(recorded))


def due(history: History, at: str, known_at: str | None = None) -> str | None:
    dossier = history.dossier if known_at is None else known(history.dossier, instant(known_at))
    assert dossier is not None
    return text_of(History(dossier).clock("statutory", at).due_on)


def test_an_amended_step_holds_from_the_instant_that_it_corrects() -> None:
    history = amend(a_decided_one(), 3, "2025-03-24", amount=2)
    assert due(history, "2025-03-09") == "2025-03-17"
    assert due(history, "2025-03-11") == "2025-03-19"
    assert history.clock("statutory", "2025-03-25").state == "missed"


def test_what_was_known_before_the_amendment_is_what_was_recorded_by_then() -> None:
    history = amend(a_decided_one(), 3, "2025-03-24", amount=2)
    assert due(history, "2025-03-11", known_at="2025-03-23") == "2025-03-24"
    assert due(history, "2025-03-11", known_at="2025-03-24") == "2025-03-19"
    assert known(history.dossier, instant("2025-03-02")) is None


def test_an_amendment_may_move_a_step_in_time() -> None:
    history = amend(a_decided_one(), 2, "2025-03-24", at=instant("2025-03-05"))
    assert (due(history, "2025-03-04"), due(history, "2025-03-06")) == (None, "2025-03-19")
    assert [step.seq for step in history.dossier.steps] == [1, 2, 3, 4]


def test_a_step_struck_out_does_not_stand_and_stays_on_record() -> None:
    history = amend(a_decided_one(), 4, "2025-03-24")
    assert history.clock("statutory", "2025-03-22").state == "running"
    assert [step.seq for step in history.dossier.steps] == [1, 2, 3]
    assert [step.seq for step in history.dossier.recorded] == [1, 2, 3, 4]


def test_an_amendment_may_be_amended_again() -> None:
    history = amend(amend(a_decided_one(), 3, "2025-03-24", amount=2), 3, "2025-03-25", amount=4)
    assert [due(history, "2025-03-11", known_at=at) for at in ("2025-03-23", "2025-03-24 12:00", "2025-03-26")] == [
        "2025-03-24",
        "2025-03-19",
        "2025-03-21",
    ]


def test_an_amendment_numbers_the_ends_that_it_brings_after_those_on_record() -> None:
    history = amend(a_decided_one(), 3, "2025-03-24", amount=2)
    assert [s.revision for s in forecast(history.dossier).spans] == [1, 3, 3]
    again = amend(history, 3, "2025-03-25", amount=5)
    assert [s.revision for s in forecast(again.dossier).spans] == [1, 4, 4]


def revisions(history: History) -> list[tuple[str, int]]:
    return [(str(text_of(span.due_on)), span.revision) for span in forecast(history.dossier).spans]


def a_paused_one_decided_at_once() -> History:
    """A pause of ten days and the decision at one and the same instant: the end moves there and back."""
    item = an_item(a_clock("statutory", 10, pauses_for=HEARING))
    history = a_history(item, CALENDAR).received("2025-03-03").accepted("2025-03-03")
    paused = history.paused("2025-03-10", announced=Limit(10, Unit.CALENDAR_DAY))
    return paused.step("decide", "2025-03-10", result="granted")


def test_an_end_keeps_its_number_through_a_record_that_does_not_touch_it() -> None:
    history = a_paused_one_decided_at_once()
    assert revisions(history) == [("2025-03-17", 1), ("2025-03-17", 3)]
    assert revisions(amend(history, 1, "2025-03-24", section="other")) == revisions(history)


def test_an_end_that_a_correction_puts_in_the_place_of_another_is_numbered_anew() -> None:
    """It stood there before the pause and after it, under numbers of its own: those stay what they were."""
    item = an_item(a_clock("statutory", 10, pauses_for=HEARING))
    history = a_history(item, CALENDAR).received("2025-03-03").accepted("2025-03-03")
    history = history.paused("2025-03-10", announced=Limit(10, Unit.CALENDAR_DAY)).resumed("2025-03-10 17:00")
    assert [number for _, number in revisions(history)] == [1, 2, 3]
    corrected = amend(history, 3, "2025-03-24", ground="publicity")
    assert revisions(corrected) == [("2025-03-17", 1), ("2025-03-17", 4), ("2025-03-17", 3)]


def test_the_number_of_the_present_grows_also_when_a_correction_brings_back_an_earlier_end() -> None:
    history = a_decided_one()
    assert revisions(history) == [("2025-03-17", 1), ("2025-03-24", 2), ("2025-03-24", 2)]
    assert revisions(amend(history, 3, "2025-03-24")) == [("2025-03-17", 1), ("2025-03-17", 3), ("2025-03-17", 3)]


def test_what_is_put_into_the_past_during_a_pause_without_a_known_end_leaves_the_number_of_the_pause() -> None:
    item = an_item(a_clock("statutory", 10, pauses_for=HEARING, extension=(10, 2)))
    history = a_history(item, CALENDAR).received("2025-03-03").accepted("2025-03-03").paused("2025-03-12")
    assert revisions(history) == [("2025-03-17", 1), ("None", 1)]
    late = history.extended("2025-03-11", 5)
    assert revisions(late) == [("2025-03-17", 1), ("2025-03-24", 2), ("None", 1)]
    assert revisions(late.resumed("2025-03-13"))[-1] == ("2025-03-25", 3)


def test_an_end_that_was_only_expected_of_silence_has_no_number_that_another_must_leave() -> None:
    item = an_item(
        a_clock(
            "notice", 5, starts="received", stops=frozenset({"accepted"}), on_expiry=OnExpiry.DEEMED_ACCEPTED_AT_EXPIRY
        ),
        a_clock("statutory", 10),
    )
    history = a_history(item, CALENDAR).received("2025-03-03").step("assign", "2025-03-05", section="A")
    history = amend(history, 2, "2025-03-05", section="B").accepted("2025-03-06")
    assert [span.revision for span in forecast(history.dossier).spans if span.clock == "statutory"] == [1]


def test_an_amendment_after_which_a_later_step_is_not_allowed_is_refused() -> None:
    history = a_decided_one()
    with pytest.raises(Refusal) as refused:
        procedure.check_amendment(history.dossier, an_amendment(history, 2, "2025-03-24"))
    assert refused.value.code == "later_step_conflicts"
    with pytest.raises(Refusal) as refused:
        procedure.check_amendment(history.dossier, an_amendment(history, 2, "2025-03-24", at=instant("2025-03-21")))
    assert refused.value.code in {"later_step_conflicts", "step_not_allowed"}


def test_an_amended_step_is_judged_as_it_would_stand() -> None:
    history = a_decided_one()
    with pytest.raises(Refusal) as refused:
        procedure.check_amendment(history.dossier, an_amendment(history, 3, "2025-03-24", amount=11))
    assert refused.value.code == "extension_not_allowed"
    with pytest.raises(Refusal) as refused:
        procedure.check_amendment(history.dossier, an_amendment(history, 3, "2025-03-24", at=instant("2025-03-18")))
    assert refused.value.code == "extension_after_expiry"


def test_an_amendment_that_the_law_does_not_read_is_judged_by_nobody() -> None:
    history = a_decided_one()
    procedure.check_amendment(history.dossier, an_amendment(history, 3, "2025-03-24", outcome=None))
    procedure.check_amendment(history.dossier, an_amendment(history, 4, "2025-03-24"))


# Whatever happens


def bare(dossier: Dossier, at_most: object) -> Dossier:
    """The history rebuilt from nothing but the steps that hold and the editions, of those by an instant."""
    return replace(
        dossier,
        steps=tuple(step for step in dossier.steps if step.at <= at_most),  # type: ignore[operator]
        amendments=(),
        recorded=(),
    )


@settings(max_examples=80, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_what_is_known_now_is_the_present(random: Random) -> None:
    told = a_changed_history(random, a_random_history(random, CALENDAR))
    assert known(told.dossier, told.end) is told.dossier
    rebuilt = dossier_of(told.dossier.item, first_fold(told.dossier), records_of(told.dossier))
    assert rebuilt == told.dossier
    assert forecast(rebuilt) == forecast(told.dossier)


@settings(max_examples=80, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_a_standing_depends_only_on_what_happened_by_then_and_was_recorded_by_then(random: Random) -> None:
    told = a_changed_history(random, a_random_history(random, CALENDAR))
    records = records_of(told.dossier)
    for known_at in sorted({record.recorded_at for record in records if record.recorded_at is not None}):
        then = known(told.dossier, known_at)
        assert then is not None
        by_hand = [record for record in records if record.recorded_at is not None and record.recorded_at <= known_at]
        assert then.steps == steps_that_hold(by_hand)
        for at in told.instants(random, count=2):
            standing, rebuilt = replay(then, at), replay(bare(then, at), at)
            assert (standing.status, standing.holder) == (rebuilt.status, rebuilt.holder)
            assert [clock._replace(revision=0) for clock in standing.clocks] == [
                clock._replace(revision=0) for clock in rebuilt.clocks
            ]


@settings(max_examples=100, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_more_knowledge_never_renumbers_what_was_numbered(random: Random) -> None:
    """After any record: an end that stands where it stood keeps its number, no number falls, none names two ends.

    Of what had happened by the latest instant on record; what silence has yet to do may never come.
    """
    told = a_changed_history(random, a_random_history(random, CALENDAR))
    named: dict[tuple[str, str, int, int], object] = {}
    before: tuple[Span, ...] = ()
    latest = told.begin
    for then in states(told.dossier):
        now = forecast(then).spans
        for one in before:
            for other in now:
                if of_one_clock(one, other) and stood_together(one, other, latest) and one.due_at and other.due_at:
                    assert (
                        other.revision == one.revision if other.due_at == one.due_at else other.revision > one.revision
                    )
        latest = max(latest, *(instant_of(record) for record in records_of(then)))
        for span in now:
            if span.due_at is not None and span.from_at <= latest:
                key = (span.clock, span.stage, span.round, span.revision)
                assert named.setdefault(key, span.due_at) == span.due_at
        before = now


@settings(max_examples=100, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_a_record_that_touches_no_end_leaves_all_numbers(random: Random) -> None:
    told = a_changed_history(random, a_random_history(random, CALENDAR))
    receipt = told.dossier.steps[0]
    if receipt.type is StepType.RECEIVE:
        seq = len(records_of(told.dossier)) + 1
        again = amended(told.dossier, Amendment(of=receipt.seq, step=receipt, seq=seq, recorded_at=told.end))
        assert forecast(again).spans == forecast(told.dossier).spans


def states(dossier: Dossier) -> Iterator[Dossier]:
    """The dossier after each of its records."""
    records = records_of(dossier)
    for count in range(1, len(records) + 1):
        yield dossier_of(dossier.item, first_fold(dossier), records[:count])


def instant_of(record: Record) -> datetime:
    if isinstance(record, Amendment):
        return BEGINNING if record.step is None else record.step.at
    return record.at


def of_one_clock(one: Span, other: Span) -> bool:
    ours, theirs = ((span.clock, span.stage, span.round) for span in (one, other))
    return ours == theirs


def stood_together(one: Span, other: Span, until: datetime) -> bool:
    """Whether both are in force at some instant up to this one."""
    begin = max(one.from_at, other.from_at)
    ends = [span.to_at for span in (one, other) if span.to_at is not None]
    return begin <= until and all(begin < end for end in ends)


def test_steps_that_hold_leaves_the_order_of_the_law() -> None:
    first = Step(type=a_decided_one().dossier.steps[0].type, at=instant("2025-03-05"), seq=1)
    second = replace(first, at=instant("2025-03-03"), seq=2)
    assert steps_that_hold([first, second]) == (second, first)
