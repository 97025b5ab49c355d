"""Refusals with their article and their words: inspections, extensions after the end, amendments."""

from dataclasses import replace

import pytest

from app.domain import procedure
from app.domain.corrections import amended
from app.domain.refusal import Refusal
from app.domain.steps import Amendment, Step
from app.domain.units import Limit
from tests.builders.domain import CD, History, a_clock, a_history, a_stage, an_item, instant

HEARING = frozenset({"hearing"})


def an_application(*, inspected: bool = True) -> History:
    stages = (a_stage("验收", 5),) if inspected else (a_stage("review", 5),)
    clock = a_clock("statutory", 10, pauses_for=HEARING, extension=(10, 1))
    return a_history(an_item(clock, stages=stages)).received("2025-03-03").accepted("2025-03-03")


def refused(history: History, kind: str, at: str, **said: object) -> Refusal:
    refusal = history.refusal(kind, at, **said)  # type: ignore[arg-type]
    assert refusal is not None
    return refusal


# Inspections


def test_an_inspection_may_be_recorded_from_acceptance_on() -> None:
    history = an_application()
    assert history.refusal("inspect", "2025-03-04") is None
    decided = history.step("decide", "2025-03-04")
    assert decided.refusal("inspect", "2025-03-05") is None
    assert decided.step("deliver", "2025-03-05").refusal("inspect", "2025-03-06") is None


def test_before_acceptance_and_after_the_end_there_is_none() -> None:
    received = a_history(an_application().dossier.item).received("2025-03-03")
    refusal = refused(received, "inspect", "2025-03-04")
    assert (refusal.code, refusal.detail, refusal.article) == (
        "step_not_allowed",
        "On 2025-03-04 the application is received: inspect is not allowed.",
        "行政许可法 第五十五条",
    )
    closed = an_application().step("decide", "2025-03-04").step("close", "2025-03-05")
    assert refused(closed, "inspect", "2025-03-06").code == "step_not_allowed"


def test_an_item_without_an_inspection_refuses_it_and_says_so() -> None:
    refusal = refused(an_application(inspected=False), "inspect", "2025-03-04")
    assert (refusal.code, refusal.detail, refusal.article) == (
        "step_not_allowed",
        "No inspection belongs to this item: it has no such stage.",
        "行政许可法 第五十五条",
    )
    assert "inspect" not in refusal.allowed
    assert "decide" in refusal.allowed


# Extensions after the end: ten working days from Monday 2025-03-03 end on Monday the 17th


@pytest.mark.parametrize(
    ("at", "now", "notified", "what"),
    [
        ("2025-03-18 00:00", "2025-03-18 00:00", None, "takes place"),
        ("2025-03-17 16:00", "2025-03-17 16:00", "2025-03-18 00:00", "is notified"),
        ("2025-03-17 16:00", "2025-03-18 00:00", None, "is recorded"),
    ],
)
def test_an_extension_after_the_end_says_which_end_and_what_came_too_late(
    at: str, now: str, notified: str | None, what: str
) -> None:
    said = {} if notified is None else {"notified_at": instant(notified)}
    refusal = refused(an_application(), "extend", at, now=now, clock="statutory", amount=5, **said)
    assert (refusal.code, refusal.detail, refusal.article) == (
        "extension_after_expiry",
        f"The clock statutory ended on 2025-03-17; the extension {what} only after it.",
        "行政许可法 第四十二条",
    )
    assert "decide" in refusal.allowed


def test_an_extension_just_before_the_end_is_allowed() -> None:
    said = {"clock": "statutory", "amount": 5, "notified_at": instant("2025-03-17 23:59")}
    assert an_application().refusal("extend", "2025-03-17 16:00", now="2025-03-17 23:59", **said) is None


def test_whether_an_extension_is_recorded_in_time_is_judged_by_the_end_as_it_stands_then() -> None:
    """A pause of the same application, entered meanwhile, has moved the end past the time of recording."""
    history = an_application().paused("2025-03-14").resumed("2025-03-18 00:00")
    assert history.refusal("extend", "2025-03-13", now="2025-03-18 00:00", clock="statutory", amount=5) is None
    assert (
        refused(history, "extend", "2025-03-13", now="2025-03-20 00:00", clock="statutory", amount=5).detail
        == "The clock statutory ended on 2025-03-19; the extension is recorded only after it."
    )


# Amendments


def amendment(history: History, number: int, step: Step | None) -> Refusal | None:
    try:
        procedure.check_amendment(
            history.dossier, Amendment(of=number, step=step, seq=99, recorded_at=instant("2025-06-01"))
        )
    except Refusal as refusal:
        return refusal
    return None


def moved(history: History, number: int, at: str, **said: object) -> Step:
    [step] = [step for step in history.dossier.steps if step.seq == number]
    return replace(step, at=instant(at), **said)  # type: ignore[arg-type]


def paused_and_decided() -> History:
    """1 received, 2 accepted, 3 paused, 4 resumed, 5 decided."""
    return an_application().paused("2025-03-05").resumed("2025-03-07").step("decide", "2025-03-10")


def test_an_amendment_that_says_the_same_or_names_no_step_is_judged_by_nobody() -> None:
    history = paused_and_decided()
    assert amendment(history, 3, moved(history, 3, "2025-03-05")) is None
    assert amendment(history, 42, None) is None
    assert amendment(history, 42, moved(history, 3, "2025-03-01")) is None


def test_a_step_may_be_moved_within_what_the_law_allows() -> None:
    history = paused_and_decided()
    assert amendment(history, 3, moved(history, 3, "2025-03-04")) is None
    assert amendment(history, 3, moved(history, 3, "2025-03-06")) is None
    assert amendment(history, 5, None) is None


def test_the_amended_step_is_judged_as_it_would_stand() -> None:
    history = paused_and_decided()
    refusal = amendment(history, 3, moved(history, 3, "2025-03-05", ground="unknown"))
    assert refusal is not None
    assert refusal.code == "pause_ground_not_allowed"


def test_a_step_after_it_that_would_no_longer_be_allowed_refuses_the_amendment() -> None:
    history = paused_and_decided()
    for step in (None, moved(history, 3, "2025-03-08")):
        refusal = amendment(history, 3, step)
        assert refusal is not None
        assert refusal.code == "later_step_conflicts"
        assert refusal.detail.startswith("With this pause the resume of 2025-03-07 would not be allowed: ")


def test_a_step_moved_back_is_judged_against_those_that_it_passes() -> None:
    history = paused_and_decided()
    refusal = amendment(history, 5, moved(history, 5, "2025-03-06"))
    assert refusal is not None
    assert (refusal.code, refusal.article) == ("later_step_conflicts", "行政许可法 第四十五条")


def test_of_one_instant_only_the_steps_recorded_after_it_are_judged_again() -> None:
    """Accepted and paused within one minute: what was recorded before the pause is not judged again for it."""
    history = an_application().paused("2025-03-05").step("assign", "2025-03-05").resumed("2025-03-05")
    assert amendment(history, 4, None) is None
    refusal = amendment(history, 3, None)
    assert refusal is not None
    assert refusal.detail.startswith("With this pause the resume of 2025-03-05 would not be allowed: ")


def test_imported_steps_and_records_of_the_system_are_not_judged_again() -> None:
    imported = an_application().step("pause", "2025-03-05", ground="hearing", imported=True)
    imported = imported.step("resume", "2025-03-07", imported=True)
    assert amendment(imported, 3, None) is None
    assert amendment(imported, 3, moved(imported, 3, "2025-03-08")) is None


def test_an_amendment_is_judged_by_the_time_at_which_the_step_was_recorded() -> None:
    """An extension of the 17th recorded on the 17th stays lawful, though it is amended in June."""
    history = an_application().extended("2025-03-17 16:00", 5)
    assert amendment(history, 3, moved(history, 3, "2025-03-17 16:00", amount=6)) is None
    late = moved(history, 3, "2025-03-17 16:00", amount=6, recorded_at=instant("2025-03-18 00:00"))
    refusal = amendment(history, 3, late)
    assert refusal is not None
    assert refusal.code == "extension_after_expiry"


def test_the_history_after_an_amendment_is_that_of_the_amended_step() -> None:
    history = an_application().paused("2025-03-05", announced=Limit(3, CD))
    step = moved(history, 3, "2025-03-06", announced=None)
    dossier = amended(history.dossier, Amendment(of=3, step=step, seq=4, recorded_at=instant("2025-06-01")))
    assert [one.at for one in dossier.steps] == [instant("2025-03-03"), instant("2025-03-03"), instant("2025-03-06")]
