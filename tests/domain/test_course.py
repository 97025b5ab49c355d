"""The course of an application: status after each step, live and imported."""

import pytest

from app.domain.course import Course, moment_of, status_of
from app.domain.steps import Step, StepType
from tests.builders.domain import a_history, an_item, instant


def steps(*said: tuple[str, str], imported: bool = False) -> list[Step]:
    """Steps in legal order, whatever the order in which they are given."""
    made = [
        Step(type=StepType(kind), at=instant(at), seq=seq, imported=imported) for seq, (kind, at) in enumerate(said, 1)
    ]
    return sorted(made, key=lambda step: (step.at, step.seq))


def odd(*said: tuple[str, str]) -> list[str]:
    course = Course()
    for step in steps(*said, imported=True):
        course.follow(step)
    return course.odd


@pytest.mark.parametrize(
    ("kinds", "status"),
    [
        ("", "not_received"),
        ("receive", "received"),
        ("receive request_correction", "correcting"),
        ("receive request_correction submit_correction", "received"),
        ("receive accept", "accepted"),
        ("receive refuse", "refused"),
        ("receive accept pause", "accepted"),
        ("receive accept decide", "decided"),
        ("receive accept decide publish", "decided"),
        ("receive accept decide deliver", "delivered"),
        ("receive accept decide deliver close", "closed"),
        ("receive withdraw", "withdrawn"),
        ("receive request_correction terminate close", "closed"),
    ],
)
def test_each_step_leads_where_the_table_of_steps_says(kinds: str, status: str) -> None:
    history = [(kind, f"2025-03-{day:02}") for day, kind in enumerate(kinds.split(), 1)]
    assert status_of(steps(*history)) == status


def test_each_step_brings_about_its_moment_and_a_stage_names_itself() -> None:
    at = instant("2025-03-03")
    assert moment_of(Step(type=StepType.ACCEPT, at=at)) == "accepted"
    assert moment_of(Step(type=StepType.START_STAGE, at=at, stage="review")) == "started:review"
    assert moment_of(Step(type=StepType.COMPLETE_STAGE, at=at, stage="review")) == "completed:review"
    assert moment_of(Step(type=StepType.ASSIGN, at=at)) == ""


def test_an_imported_closing_before_the_receipt_is_kept_and_the_receipt_does_not_reopen() -> None:
    history = steps(("receive", "2025-03-04"), ("close", "2025-03-03"), imported=True)
    assert status_of(history[:1]) == "not_received"
    assert status_of(history) == "closed"
    assert odd(("receive", "2025-03-04"), ("close", "2025-03-03")) == ["close_before_receipt", "close_without_decision"]


def test_an_imported_closing_without_a_decision_closes_from_any_state() -> None:
    assert status_of(steps(("receive", "2025-03-03"), ("close", "2025-03-05"), imported=True)) == "closed"
    assert odd(("receive", "2025-03-03"), ("close", "2025-03-05")) == ["close_without_decision"]


def test_an_imported_step_after_the_closing_is_kept_and_changes_nothing() -> None:
    history = (("receive", "2025-03-03"), ("close", "2025-03-05"), ("accept", "2025-03-06"), ("assign", "2025-03-07"))
    assert status_of(steps(*history, imported=True)) == "closed"
    assert odd(*history) == ["close_without_decision", "step_after_close"]


def test_an_imported_decision_without_an_acceptance_decides() -> None:
    history = (("receive", "2025-03-03"), ("decide", "2025-03-05"))
    assert status_of(steps(*history, imported=True)) == "decided"
    assert odd(*history) == ["step_not_allowed"]


def test_an_imported_acceptance_after_the_decision_leads_back_nowhere() -> None:
    history = (("receive", "2025-03-03"), ("decide", "2025-03-05"), ("accept", "2025-03-06"))
    assert status_of(steps(*history, imported=True)) == "decided"


def test_a_second_receipt_changes_nothing() -> None:
    history = (("receive", "2025-03-03"), ("accept", "2025-03-04"), ("receive", "2025-03-05"))
    assert status_of(steps(*history, imported=True)) == "accepted"


def test_stages_of_an_import_that_the_item_does_not_have_are_not_odd() -> None:
    history = a_history(an_item()).received("2025-03-03", imported=True)
    history = history.step("complete_stage", "2025-03-04", stage="T02 Check confirmation", imported=True)
    assert history.at("2025-03-05").odd == ()
