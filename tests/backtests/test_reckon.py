"""An ended application under another limit, by the law of pauses, extensions and ends."""

from collections import Counter

import pytest

from app.backtests.reckon import Ended, Outcome, Question, smallest_kept, tally_of
from app.domain.items import ClockRule
from app.domain.units import Limit, Unit
from tests.builders.domain import CD, MONTH, WD, History, a_clock, a_history, a_stage, an_item, instant

NOW = instant("2026-11-02")
KEPT, LATE, VOID = Outcome.KEPT, Outcome.LATE, Outcome.VOID


def ask(
    history: History, amount: int, unit: Unit = WD, *, clock: str = "promise", stage: str = ""
) -> tuple[Outcome, Outcome, int | None]:
    """What it was, what it would have been, and the smallest limit kept."""
    question = Question(clock, stage, Limit(amount, unit))
    [figures] = tally_of([Ended(history.dossier, "D1", "")], question, NOW).sections.values()
    [(before, after)] = figures.moved
    needed = next(iter(figures.needed), None)
    return Outcome(before), Outcome(after), needed


def promise(amount: int = 20, **more: object) -> ClockRule:
    return a_clock("promise", amount, **more)  # type: ignore[arg-type]


def decided(history: History, accepted: str, at: str) -> History:
    return history.received(accepted).accepted(accepted).step("decide", at, result="granted")


def test_a_limit_is_kept_on_its_last_day_and_late_on_the_next() -> None:
    history = decided(a_history(an_item(promise())), "2025-03-03", "2025-03-10 17:00")

    assert ask(history, 5) == (KEPT, KEPT, 5)
    assert ask(history, 4) == (KEPT, LATE, 5)


def test_make_up_days_and_holidays_are_those_of_the_notices() -> None:
    history = decided(a_history(an_item(promise())), "2025-01-13", "2025-02-14")

    assert ask(history, 19) == (KEPT, LATE, 20)


def test_an_end_that_rolls_makes_a_shorter_limit_do() -> None:
    """Monday 3 March and five calendar days end on Saturday, rolled to Monday 10 March: so do six, and seven do too."""
    history = decided(a_history(an_item(promise())), "2025-03-03", "2025-03-10")

    assert ask(history, 7, CD) == (KEPT, KEPT, 5)


def test_a_decision_on_the_day_itself_keeps_a_limit_of_nothing() -> None:
    history = decided(a_history(an_item(promise())), "2025-03-03 09:00", "2025-03-03 11:00")

    assert ask(history, 1) == (KEPT, KEPT, 0)


def test_months_are_tried_as_months() -> None:
    history = decided(a_history(an_item(promise())), "2025-01-31", "2025-04-01")

    assert ask(history, 1, MONTH) == (LATE, LATE, 3)


def test_a_pause_gives_back_what_it_took() -> None:
    item = an_item(promise(pauses_for=frozenset({"hearing"})))
    history = a_history(item).received("2025-03-03").accepted("2025-03-03")
    history = history.paused("2025-03-05").resumed("2025-03-19").step("decide", "2025-03-21", result="granted")

    assert ask(history, 4) == (KEPT, KEPT, 4)


def test_a_pause_that_would_have_begun_on_the_last_day_helps_nobody() -> None:
    """Two days are used when the pause begins: under a limit of two it stops nothing, of three it does."""
    item = an_item(promise(pauses_for=frozenset({"hearing"})))
    history = a_history(item).received("2025-03-03").accepted("2025-03-03")
    history = history.paused("2025-03-05").resumed("2025-03-19").step("decide", "2025-03-19 17:00", result="granted")

    assert ask(history, 2) == (KEPT, LATE, 3)


def test_an_extension_counts_but_not_one_that_would_have_come_too_late() -> None:
    item = an_item(promise(extension=(5, 1)))
    history = a_history(item).received("2025-03-03").accepted("2025-03-03")
    history = history.extended("2025-03-07", 5, clock="promise").step("decide", "2025-03-17", result="granted")

    assert ask(history, 6) == (KEPT, KEPT, 5)
    assert ask(history, 3) == (KEPT, LATE, 5), "after three days it was over on the sixth, the extension void"


def test_an_extension_in_another_unit_is_left_out_and_said() -> None:
    item = an_item(promise(extension=(5, 1)))
    history = a_history(item).received("2025-03-03").accepted("2025-03-03")
    history = history.extended("2025-03-07", 5, clock="promise").step("decide", "2025-03-17", result="granted")

    tally = tally_of([Ended(history.dossier, "D1", "")], Question("promise", "", Limit(10, CD)), NOW)
    assert tally.left_out == 1


def test_an_end_fixed_for_one_application_gives_way_to_the_limit_tried() -> None:
    history = a_history(an_item()).received("2025-03-03", fixed={"promise": "2025-03-05"})
    history = history.accepted("2025-03-03").step("decide", "2025-03-10", result="granted")

    assert ask(history, 5) == (LATE, KEPT, 5)


def test_a_promise_that_nobody_gave_yet_runs_from_receipt_to_decision() -> None:
    history = decided(a_history(an_item()), "2025-03-03", "2025-03-10")

    assert ask(history, 4) == (Outcome.ABSENT, LATE, 5)


def test_a_withdrawal_says_nothing_of_a_promise_unless_it_came_late() -> None:
    rule = promise(stops=frozenset({"decided"}))
    history = a_history(an_item(rule)).received("2025-03-03").accepted("2025-03-03").step("withdraw", "2025-03-10")

    assert ask(history, 10) == (VOID, VOID, None)
    assert ask(history, 3) == (VOID, LATE, None)


def test_a_stage_is_tried_in_all_its_rounds() -> None:
    item = an_item(promise(), stages=(a_stage("review", 5),))
    history = a_history(item).received("2025-03-03").accepted("2025-03-03")
    history = history.step("start_stage", "2025-03-03", stage="review").step(
        "complete_stage", "2025-03-05", stage="review"
    )
    history = history.step("start_stage", "2025-03-10", stage="review").step(
        "complete_stage", "2025-03-14", stage="review"
    )
    history = history.step("decide", "2025-03-17", result="granted")

    assert ask(history, 3, clock="stage", stage="review") == (KEPT, LATE, 4)


@pytest.mark.parametrize(("per_thousand", "smallest"), [(500, 1), (501, 2), (950, 2), (951, 9), (990, 9), (1000, 9)])
def test_ninety_five_of_a_hundred_are_never_ninety_four(per_thousand: int, smallest: int) -> None:
    assert smallest_kept(Counter({1: 50, 2: 45, 9: 5}), per_thousand) == smallest


def test_of_nothing_nothing_is_said() -> None:
    assert smallest_kept(Counter(), 950) is None


def test_the_smallest_limit_is_that_of_trying_every_one() -> None:
    item = an_item(promise(pauses_for=frozenset({"hearing"}), extension=(5, 1)))
    for days in range(1, 28):
        history = a_history(item).received("2025-01-20").accepted("2025-01-20").paused("2025-01-24")
        history = history.resumed("2025-02-07").extended("2025-02-08", 3, clock="promise")
        history = history.step("decide", f"2025-02-{days:02}" if days > 7 else "2025-03-05", result="granted")
        _, _, needed = ask(history, 20)
        by_hand = next(amount for amount in range(40) if ask(history, amount)[1] is KEPT)
        assert needed == by_hand, days
