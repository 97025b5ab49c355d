"""What happened to an application, and all that is on record of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.calendar import Calendar
from app.domain.folds import BEGINNING, Fold, Recomputation, fold_at
from app.domain.items import Item
from app.domain.units import Limit

__all__ = ["BESIDE", "FINAL", "OPEN", "SYSTEM", "Amendment", "Dossier", "FixedDue", "Status", "Step", "StepType"]


class StepType(StrEnum):
    """The acts that may be recorded on an application (`api.md`, Applications and steps)."""

    RECEIVE = "receive"
    CONFIRM = "confirm"
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
    INSPECT = "inspect"
    WITHDRAW = "withdraw"
    TERMINATE = "terminate"
    CLOSE = "close"
    EXPLAIN_DELAY = "explain_delay"
    AMEND = "amend"
    RECOMPUTED = "recomputed"
    DEEMED = "deemed"
    """What silence did, recorded by the system: a record, never an input, for the law works it out anew each time."""


BESIDE = frozenset({StepType.AMEND, StepType.RECOMPUTED, StepType.DEEMED})
"""Records that are no acts in the course of the application: they change or state what holds of its history."""
SYSTEM = frozenset({StepType.RECOMPUTED, StepType.DEEMED})
"""Those of them that the system alone records, and nobody enters."""


class Status(StrEnum):
    """Where an application stands."""

    NOT_RECEIVED = "not_received"
    SUBMITTED = "submitted"
    RECEIVED = "received"
    CORRECTING = "correcting"
    ACCEPTED = "accepted"
    DECIDED = "decided"
    DELIVERED = "delivered"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    TERMINATED = "terminated"
    CLOSED = "closed"


OPEN = frozenset({Status.SUBMITTED, Status.RECEIVED, Status.CORRECTING, Status.ACCEPTED})
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
    effect: str = ""
    """Of a `deemed` step: what silence did to `clock`, and the day from which it counts in law."""
    effective_on: int | None = None
    withdraws: tuple[str, ...] = ()
    """The `deemed` steps that no longer stand with this one on record."""
    imported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A correction of the step with the number `of`: what it says from now on; None strikes it out.

    Nothing is erased: the step as recorded stays on record beside it.
    """

    of: int
    step: Step | None
    seq: int = 0
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that is on record of one application: the pinned item, the calendar in force, the steps in legal order.

    `steps` are those that hold, sorted by (`at`, `seq`); the receipt is among them. `calendar` is the newest fold's.
    `folds` are empty where `calendar` alone has held all the time. `recorded` are the steps as they were recorded,
    empty where nothing was amended.
    """

    item: Item
    calendar: Calendar
    steps: tuple[Step, ...]
    folds: tuple[Fold, ...] = ()
    recomputations: tuple[Recomputation, ...] = ()
    amendments: tuple[Amendment, ...] = ()
    recorded: tuple[Step, ...] = ()

    def with_step(self, step: Step) -> "Dossier":
        """The same dossier with one more step, put in its legal place: after those of its instant."""
        later = [s for s in self.steps if s.at > step.at]
        earlier = self.steps[: len(self.steps) - len(later)]
        recorded = (*self.recorded, step) if self.recorded else ()
        return Dossier(
            self.item,
            self.calendar,
            (*earlier, step, *later),
            self.folds,
            self.recomputations,
            self.amendments,
            recorded,
        )

    def fold_at(self, at: datetime) -> Fold:
        """The fold in force at an instant."""
        return fold_at(self.folds, at) if self.folds else Fold(BEGINNING, self.calendar)

    def calendar_named(self, name: str) -> Calendar:
        """The calendar of one of the folds by its printed name."""
        for fold in self.folds:
            if fold.calendar.name == name:
                return fold.calendar
        return self.calendar
