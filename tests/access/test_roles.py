import pytest

from app.access.roles import EVERY, Action, Role, holders, may, may_record
from app.domain.steps import SYSTEM, StepType

STEPS_OF_CLERKS = {
    "receive",
    "request_correction",
    "submit_correction",
    "accept",
    "refuse",
    "deliver",
    "withdraw",
    "close",
    "assign",
    "confirm",
}
STEPS_OF_REVIEWERS = STEPS_OF_CLERKS | {
    "start_stage",
    "complete_stage",
    "pause",
    "resume",
    "decide",
    "publish",
    "inspect",
    "explain_delay",
}


@pytest.mark.parametrize(
    ("role", "steps"),
    [
        (Role.CLERK, STEPS_OF_CLERKS),
        (Role.REVIEWER, STEPS_OF_REVIEWERS),
        (Role.HEAD, STEPS_OF_REVIEWERS | {"extend", "terminate", "amend"}),
        (Role.SUPERVISOR, set()),
        (Role.AUDITOR, set()),
        (Role.ADMIN, set()),
        (Role.SECURITY, set()),
        (Role.INTEGRATION, set()),
        (EVERY, {step.value for step in StepType if step not in SYSTEM}),
    ],
)
def test_each_role_records_the_steps_that_the_contract_names(role: Role, steps: set[str]) -> None:
    assert {step.value for step in StepType if may_record(role, step)} == steps


def test_an_integration_records_what_its_key_names_and_nothing_else() -> None:
    named = frozenset({StepType.RECEIVE, StepType.EXTEND})
    assert {step for step in StepType if may_record(Role.INTEGRATION, step, named)} == named


def test_steps_on_a_key_of_another_role_give_nothing() -> None:
    assert not may_record(Role.AUDITOR, StepType.ACCEPT, frozenset({StepType.ACCEPT}))


def test_every_action_has_a_line_in_the_table() -> None:
    assert all(holders(action) for action in Action)


@pytest.mark.parametrize("action", [Action.WRITE_ITEMS, Action.WRITE_DEPARTMENTS])
def test_the_catalogue_is_the_admins(action: Action) -> None:
    assert holders(action) == {Role.ADMIN}


def test_keys_are_the_security_officers() -> None:
    assert holders(Action.MANAGE_KEYS) == {Role.SECURITY}
    assert holders(Action.READ_KEYS) == {Role.SECURITY, Role.AUDITOR}


def test_neither_admin_nor_security_sees_applications() -> None:
    assert {Role.ADMIN, Role.SECURITY} == set(Role) - holders(Action.READ_APPLICATIONS)


def test_the_auditor_writes_nothing() -> None:
    allowed = {action for action in Action if may(Role.AUDITOR, action)}
    reads = {
        Action.READ_CATALOGUE,
        Action.READ_APPLICATIONS,
        Action.READ_ALARMS,
        Action.READ_ORDERS,
        Action.READ_KEYS,
        Action.READ_WEBHOOKS,
        Action.READ_SHEETS,
        Action.READ_OFFICER_SHEETS,
        Action.READ_FINDINGS,
        Action.READ_CHECKPOINTS,
    }
    assert allowed == reads | {Action.SIMULATE}


def test_the_key_from_outside_holds_every_role() -> None:
    assert all(may(EVERY, action) for action in Action)
