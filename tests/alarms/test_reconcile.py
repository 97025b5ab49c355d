"""Which alarms are missing, and which are no longer true: decided without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.alarms.queries import AlarmKey, Recorded
from app.alarms.reconcile import difference, reason_of
from app.domain.folds import Recomputation
from app.domain.rungs import Crossing
from app.domain.steps import Amendment, Dossier, Step, StepType
from tests.builders.domain import an_item, china

NUMBER = "Q0QJ-WRBA-61TW-PZ"
DAY = datetime(2026, 11, 9, tzinfo=UTC)


def crossed(at: datetime = DAY, *, rung: int = 0, revision: int = 1, stage: str = "") -> Crossing:
    return Crossing("promise", stage, rung, revision, "overdue" if rung == 0 else "warning", at, at)


def raised(at: datetime = DAY, *, rung: int = 0, revision: int = 1, withdrawn: bool = False) -> Recorded:
    key = AlarmKey(NUMBER, "promise", "", rung, revision)
    return Recorded(key, at, at + timedelta(seconds=20), withdrawn)


def test_what_was_crossed_and_is_not_on_record_is_missing_in_the_order_of_crossing() -> None:
    wanted = [crossed(), crossed(DAY - timedelta(days=1), rung=1)]
    found = difference(NUMBER, wanted, [])
    assert [crossing.rung for crossing in found.missing] == [1, 0]
    assert found.untrue == ()


def test_what_is_on_record_already_is_not_raised_again() -> None:
    found = difference(NUMBER, [crossed()], [raised()])
    assert found.missing == ()
    assert found.untrue == ()


def test_a_crossing_that_is_no_more_is_withdrawn_and_names_what_stands_in_its_place() -> None:
    later = crossed(DAY + timedelta(days=3), revision=2)
    found = difference(NUMBER, [later], [raised()])
    assert found.missing == (later,)
    [(alarm, instead)] = found.untrue
    assert alarm.key.revision == 1
    assert instead is not None
    assert instead.id == f"{NUMBER}.promise..0.2"


def test_without_a_later_crossing_nothing_stands_in_its_place() -> None:
    [(_, instead)] = difference(NUMBER, [], [raised()]).untrue
    assert instead is None


def test_the_same_instant_under_another_revision_is_the_same_fact() -> None:
    found = difference(NUMBER, [crossed(revision=2)], [raised()])
    assert found.missing == ()
    assert found.untrue == ()


def test_a_withdrawn_alarm_is_not_withdrawn_again_and_its_key_is_not_used_again() -> None:
    found = difference(NUMBER, [], [raised(withdrawn=True)])
    assert found.untrue == ()
    assert difference(NUMBER, [], [raised(withdrawn=True)]).again == ()


def test_a_crossing_that_comes_back_lets_its_alarm_stand_again() -> None:
    found = difference(NUMBER, [crossed()], [raised(withdrawn=True)])

    assert found == ((), ((raised(withdrawn=True), crossed()),), ())


def test_a_crossing_that_moves_under_its_revision_moves_its_alarm() -> None:
    moved = crossed()._replace(crossed_at=crossed().crossed_at + timedelta(hours=5))

    assert difference(NUMBER, [moved], [raised()]) == ((), ((raised(), moved),), ())


def test_a_crossing_withdrawn_once_is_raised_under_its_new_revision() -> None:
    again = crossed(revision=3)
    assert difference(NUMBER, [again], [raised(withdrawn=True)]).missing == (again,)


def test_the_reason_names_the_step_that_came_late() -> None:
    alarm = raised()
    on_time = Step(type=StepType.ACCEPT, at=DAY - timedelta(days=4), seq=2, recorded_at=DAY - timedelta(days=4))
    late = Step(type=StepType.DECIDE, at=DAY - timedelta(hours=3), seq=3, recorded_at=DAY + timedelta(days=1))
    dossier = Dossier(an_item(), china(), (on_time, late))
    reason = reason_of(alarm, dossier, {})
    assert reason["cause"] == "late_entry"
    assert "decide of 2026-11-08T21:00:00+00:00" in reason["reason"]
    assert reason_of(alarm, replace(dossier, steps=(on_time,)), {})["cause"] == "recomputed"
    amendment = Amendment(of=2, step=None, seq=4, recorded_at=DAY + timedelta(days=2))
    applied = Recomputation(at=DAY, seq=5, recorded_at=DAY + timedelta(days=3), calendar=china())
    assert reason_of(alarm, replace(dossier, amendments=(amendment,)), {})["cause"] == "amend"
    told = reason_of(alarm, replace(dossier, amendments=(amendment,), recomputations=(applied,)), {})
    assert told["cause"] == "edition"
