"""Who may do what: the eight roles, what each may do, and which steps each may record."""

from enum import StrEnum
from typing import Final, Literal

from app.domain.steps import SYSTEM, StepType

__all__ = ["EVERY", "SCOPED", "Action", "Held", "Role", "holders", "may", "may_record"]


class Role(StrEnum):
    """What a credential was given for. The same eight for systems and for people."""

    CLERK = "clerk"
    """窗口: takes applications in and hands results out."""
    REVIEWER = "reviewer"
    """审批科室: examines and decides."""
    HEAD = "head"
    """部门负责人: also extends, terminates and answers for late entries."""
    SUPERVISOR = "supervisor"
    """监察: sees every office, issues orders; records no step of an application."""
    AUDITOR = "auditor"
    """Reads all, writes nothing."""
    ADMIN = "admin"
    """Items, calendars, departments, webhooks; no applications."""
    SECURITY = "security"
    """Keys; never its own."""
    INTEGRATION = "integration"
    """Other systems: records what its key names."""


EVERY: Final = "every"
"""What the key fixed from outside holds: each role at once. No key can be created with it."""

Held = Role | Literal["every"]


class Action(StrEnum):
    """What a request wants to do; each route declares one, or that it is public."""

    READ_CATALOGUE = "read_catalogue"
    """Departments, items and calendars: public knowledge inside the house."""
    WRITE_DEPARTMENTS = "write_departments"
    WRITE_ITEMS = "write_items"
    WRITE_CALENDARS = "write_calendars"
    """Editions of calendars, suspensions, and what they would change."""
    MANAGE_KEYS = "manage_keys"
    READ_KEYS = "read_keys"
    """Who holds which key, never its text."""
    READ_APPLICATIONS = "read_applications"
    """Applications, their clocks, the overdue and due-soon lists, the summary."""
    RECORD_STEPS = "record_steps"
    """The receipt and every later step; which types, says `may_record`."""
    ENTER_VERY_LATE = "enter_very_late"
    """A step older than the item's `late_entry_limit`."""
    FIX_DUE = "fix_due"
    """An end fixed for one application alone."""
    READ_ALARMS = "read_alarms"
    READ_ORDERS = "read_orders"
    """Orders with their steps, and cards."""
    MOVE_ORDERS = "move_orders"
    """A step of an order; which ones, say the two that follow."""
    ANSWER_ORDERS = "answer_orders"
    """签收, 整改, 反馈, 申诉: the department's steps."""
    WRITE_RULES = "write_rules"
    """Which alarms raise an order, how long it may take, what lateness brings; how offices and people are scored,
    which patterns are looked for."""
    READ_SHEETS = "read_sheets"
    """Scores of departments and sections, and the rules by which they are scored."""
    READ_OFFICER_SHEETS = "read_officer_sheets"
    """Scores of people: a key names no officer, so that who heads them hands out to each their own."""
    READ_FINDINGS = "read_findings"
    """Patterns that deserve a look, and the rules by which they are found."""
    REVIEW_FINDINGS = "review_findings"
    SUPERVISE = "supervise"
    """Orders issued, accepted, returned, closed, revoked; appeals and extensions decided."""
    INSPECT_OFFICES = "inspect_offices"
    """Checks of offices recorded, corrected, withdrawn."""
    MANAGE_WEBHOOKS = "manage_webhooks"
    READ_CHECKPOINTS = "read_checkpoints"
    """Where all chains stood, signed: how many applications and events there are, and hashes."""
    READ_WEBHOOKS = "read_webhooks"
    """Who is told what, and what became of it; never a secret."""
    MANAGE_FEEDS = "manage_feeds"
    """An officer's due dates under an address of their own."""
    SIMULATE = "simulate"
    BACKTEST = "backtest"
    """The past reckoned again under a limit that is not published yet: figures, no application."""


_ALL = frozenset(Role)
_OFFICE = frozenset({Role.CLERK, Role.REVIEWER, Role.HEAD})
_CASE_READERS = _OFFICE | {Role.SUPERVISOR, Role.AUDITOR, Role.INTEGRATION}

SCOPED = _OFFICE
"""Roles that see only what their department, or one below it, holds or held."""

_HOLDERS: dict[Action, frozenset[Role]] = {
    Action.READ_CATALOGUE: _ALL,
    Action.WRITE_DEPARTMENTS: frozenset({Role.ADMIN}),
    Action.WRITE_ITEMS: frozenset({Role.ADMIN}),
    Action.WRITE_CALENDARS: frozenset({Role.ADMIN}),
    Action.MANAGE_KEYS: frozenset({Role.SECURITY}),
    Action.READ_KEYS: frozenset({Role.SECURITY, Role.AUDITOR}),
    Action.READ_APPLICATIONS: _CASE_READERS,
    Action.RECORD_STEPS: _OFFICE | {Role.INTEGRATION},
    Action.ENTER_VERY_LATE: frozenset({Role.HEAD, Role.INTEGRATION}),
    Action.FIX_DUE: frozenset({Role.HEAD, Role.INTEGRATION}),
    Action.READ_ALARMS: _CASE_READERS,
    Action.READ_ORDERS: _CASE_READERS,
    Action.MOVE_ORDERS: frozenset({Role.HEAD, Role.SUPERVISOR}),
    Action.ANSWER_ORDERS: frozenset({Role.HEAD}),
    Action.SUPERVISE: frozenset({Role.SUPERVISOR}),
    Action.WRITE_RULES: frozenset({Role.SUPERVISOR}),
    Action.READ_SHEETS: _OFFICE | {Role.SUPERVISOR, Role.AUDITOR},
    Action.READ_OFFICER_SHEETS: frozenset({Role.HEAD, Role.SUPERVISOR, Role.AUDITOR}),
    Action.INSPECT_OFFICES: frozenset({Role.SUPERVISOR}),
    Action.READ_FINDINGS: frozenset({Role.HEAD, Role.SUPERVISOR, Role.AUDITOR}),
    Action.REVIEW_FINDINGS: frozenset({Role.SUPERVISOR}),
    Action.MANAGE_WEBHOOKS: frozenset({Role.ADMIN}),
    Action.READ_CHECKPOINTS: frozenset({Role.SUPERVISOR, Role.AUDITOR}),
    Action.READ_WEBHOOKS: frozenset({Role.ADMIN, Role.AUDITOR}),
    Action.MANAGE_FEEDS: _OFFICE,
    Action.SIMULATE: _ALL,
    Action.BACKTEST: frozenset({Role.HEAD, Role.SUPERVISOR, Role.ADMIN}),
}

_CLERK_STEPS = frozenset(
    {
        StepType.RECEIVE,
        StepType.CONFIRM,
        StepType.REQUEST_CORRECTION,
        StepType.SUBMIT_CORRECTION,
        StepType.ACCEPT,
        StepType.REFUSE,
        StepType.DELIVER,
        StepType.WITHDRAW,
        StepType.CLOSE,
        StepType.ASSIGN,
    }
)
_REVIEWER_STEPS = _CLERK_STEPS | {
    StepType.START_STAGE,
    StepType.COMPLETE_STAGE,
    StepType.PAUSE,
    StepType.RESUME,
    StepType.DECIDE,
    StepType.PUBLISH,
    StepType.INSPECT,
    StepType.EXPLAIN_DELAY,
}
_STEPS: dict[Role, frozenset[StepType]] = {
    Role.CLERK: _CLERK_STEPS,
    Role.REVIEWER: _REVIEWER_STEPS,
    Role.HEAD: _REVIEWER_STEPS | {StepType.EXTEND, StepType.TERMINATE, StepType.AMEND},
}


def holders(action: Action) -> frozenset[Role]:
    """The roles that may do `action`: the policy table, for tests and documents."""
    return _HOLDERS[action]


def may(role: Held, action: Action) -> bool:
    """Whether `role` may do `action`; what no line of the table allows is forbidden."""
    return role == EVERY or role in _HOLDERS[action]


def may_record(role: Held, type: StepType, steps: frozenset[StepType] | None = None) -> bool:  # noqa: A002
    """Whether `role` may record a step of `type`; an integration records what its key names in `steps`."""
    if type in SYSTEM:
        return False
    if role == EVERY:
        return True
    if role is Role.INTEGRATION:
        return steps is not None and type in steps
    return type in _STEPS.get(role, frozenset())
