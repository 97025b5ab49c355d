"""What happened to an application, and all that is on record of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.calendar import Calendar
from app.domain.items import Item
from app.domain.units import Limit

__all__ = ["FINAL", "OPEN", "Dossier", "FixedDue", "Status", "Step", "StepType"]


class StepType(StrEnum):
    """The acts that may be recorded on an application (`api.md`, Applications and steps)."""

    RECEIVE = "receive"
    REQUEST_CORRECTION = "request_correction"
    SUBMIT_CORRECTION = "submit_correction"
    ACCEPT = "accept"
    REFUSE = "refuse"
    START_STAGE = "start_stage"
    COMPLETE_STAGE = "complete_stage"
    ASSIGN = "assign"
    PAUSE = "pause"
    RESUME = "resume"
    EXTEND = "extend"
    DECIDE = "decide"
    PUBLISH = "publish"
    DELIVER = "deliver"
    WITHDRAW = "withdraw"
    TERMINATE = "terminate"
    CLOSE = "close"
    EXPLAIN_DELAY = "explain_delay"


class Status(StrEnum):
    """Where an application stands."""

    NOT_RECEIVED = "not_received"
    RECEIVED = "received"
    CORRECTING = "correcting"
    ACCEPTED = "accepted"
    DECIDED = "decided"
    DELIVERED = "delivered"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    TERMINATED = "terminated"
    CLOSED = "closed"


OPEN = frozenset({Status.RECEIVED, Status.CORRECTING, Status.ACCEPTED})
FINAL = frozenset({Status.REFUSED, Status.WITHDRAWN, Status.TERMINATED, Status.CLOSED})


@dataclass(frozen=True, slots=True)
class FixedDue:
    """An end fixed by law or the authority for this one application: the exclusive due instant of one kind of clock."""

    clock: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One act. `at` is when it happened (UTC); `seq` its place in the order of recording, from 1 (0: not recorded).

    Only what the law of time needs is here; names, reasons and documents live with the record.
    """

    type: StepType
    at: datetime
    seq: int = 0
    id: str = ""
    recorded_at: datetime | None = None
    stage: str = ""
    outcome: str | None = None
    clock: str = ""
    amount: int = 0
    ground: str = ""
    announced: Limit | None = None
    pause_id: str = ""
    notified_at: datetime | None = None
    result: str | None = None
    result_code: str | None = None
    department: str | None = None
    section: str | None = None
    officer: str | None = None
    fixed_due: tuple[FixedDue, ...] = ()
    imported: bool = False


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that is on record of one application: the pinned item, the calendar in force, the steps in legal order.

    `steps` are sorted by (`at`, `seq`); the receipt is among them. `calendar` is the fold that it stands on.
    """

    item: Item
    calendar: Calendar
    steps: tuple[Step, ...]

    def with_step(self, step: Step) -> "Dossier":
        """The same dossier with one more step, put in its legal place: after those of its instant."""
        later = [s for s in self.steps if s.at > step.at]
        earlier = self.steps[: len(self.steps) - len(later)]
        return Dossier(self.item, self.calendar, (*earlier, step, *later))
