"""The course of an application: which moment each step brings about, and where the application stands after it."""

from collections.abc import Iterable

from app.domain.steps import FINAL, Status, Step, StepType

__all__ = ["FINAL_MOMENTS", "MOMENTS", "TRANSITIONS", "Course", "moment_of", "status_of"]

_SUBMITTED = Status.SUBMITTED
_RECEIVED = Status.RECEIVED
_CORRECTING = Status.CORRECTING
_ACCEPTED = Status.ACCEPTED
_DECIDED = Status.DECIDED
_DELIVERED = Status.DELIVERED
_CLOSED = Status.CLOSED
_NOT_RECEIVED = Status.NOT_RECEIVED
_RECEIVE = StepType.RECEIVE
_CLOSE = StepType.CLOSE
_START_STAGE = StepType.START_STAGE
_COMPLETE_STAGE = StepType.COMPLETE_STAGE
_ANY_OPEN = (_SUBMITTED, _RECEIVED, _CORRECTING, _ACCEPTED)

MOMENTS: dict[StepType, str] = {
    StepType.RECEIVE: "received",
    StepType.CONFIRM: "received",
    StepType.REQUEST_CORRECTION: "correction_requested",
    StepType.SUBMIT_CORRECTION: "corrected",
    StepType.ACCEPT: "accepted",
    StepType.REFUSE: "refused",
    StepType.DECIDE: "decided",
    StepType.PUBLISH: "published",
    StepType.DELIVER: "delivered",
    StepType.INSPECT: "inspected",
    StepType.WITHDRAW: "withdrawn",
    StepType.TERMINATE: "terminated",
    StepType.CLOSE: "closed",
}

FINAL_MOMENTS = frozenset({"refused", "withdrawn", "terminated", "closed"})
"""Moments that stop every clock."""

TRANSITIONS: dict[StepType, dict[Status, Status]] = {
    StepType.RECEIVE: {_NOT_RECEIVED: _RECEIVED},
    StepType.CONFIRM: {_SUBMITTED: _RECEIVED},
    StepType.REQUEST_CORRECTION: {_RECEIVED: _CORRECTING},
    StepType.SUBMIT_CORRECTION: {_CORRECTING: _RECEIVED},
    StepType.ACCEPT: {_RECEIVED: _ACCEPTED},
    StepType.REFUSE: {_RECEIVED: Status.REFUSED},
    StepType.DECIDE: {_ACCEPTED: _DECIDED},
    StepType.PUBLISH: {_DECIDED: _DECIDED},
    StepType.DELIVER: {_DECIDED: _DELIVERED},
    StepType.WITHDRAW: dict.fromkeys(_ANY_OPEN, Status.WITHDRAWN),
    StepType.TERMINATE: dict.fromkeys(_ANY_OPEN, Status.TERMINATED),
    StepType.CLOSE: dict.fromkeys((_DECIDED, _DELIVERED, Status.REFUSED, Status.WITHDRAWN, Status.TERMINATED), _CLOSED),
}
"""From which status each step leads to which; a step that is not here moves no status."""

_OUTCOME: dict[StepType, Status] = {
    StepType.REQUEST_CORRECTION: _CORRECTING,
    StepType.ACCEPT: _ACCEPTED,
    StepType.REFUSE: Status.REFUSED,
    StepType.DECIDE: _DECIDED,
    StepType.DELIVER: _DELIVERED,
    StepType.WITHDRAW: Status.WITHDRAWN,
    StepType.TERMINATE: Status.TERMINATED,
    StepType.CLOSE: _CLOSED,
}
_RANK: dict[Status, int] = {
    _NOT_RECEIVED: 0,
    _SUBMITTED: 0,
    _RECEIVED: 1,
    _CORRECTING: 2,
    _ACCEPTED: 3,
    _DECIDED: 4,
    _DELIVERED: 5,
}


def moment_of(step: Step) -> str:
    """The moment that a step brings about, as clocks name it in `starts` and `stops`; '' where it brings none."""
    if step.type is _START_STAGE:
        return f"started:{step.stage}"
    if step.type is _COMPLETE_STAGE:
        return f"completed:{step.stage}"
    return MOMENTS.get(step.type, "")


class Course:
    """Where an application stands, step by step.

    Live steps were judged before they were recorded. Imported ones may be what live entry would refuse: they are kept,
    a final one ends the application from any state, one that leads forward leads there, and nothing reopens what is
    closed; what is odd about them is noted.
    """

    __slots__ = ("confirms", "inner", "odd", "received")

    def __init__(self, *, confirms: bool = False) -> None:
        self.confirms = confirms
        """Whether what was handed in is only `submitted` until somebody confirms that it came (`on_confirmation`)."""
        self.inner = _NOT_RECEIVED
        self.received = False
        self.odd: list[str] = []

    @property
    def status(self) -> Status:
        """The status that a reader sees: `not_received` before the receipt, whatever an import put there."""
        return self.inner if self.received else _NOT_RECEIVED

    def follow(self, step: Step) -> bool:
        """Take one step; False when it has no effect on status and clocks."""
        kind = step.type
        inner = self.inner
        moves = TRANSITIONS.get(kind)
        if moves is not None:
            after = moves.get(inner)
            if after is None:
                return self._follow_odd(step)
            self.inner = after
            if kind is _RECEIVE:
                self.received = True
                if self.confirms and not step.imported:
                    self.inner = _SUBMITTED
            return True
        if inner is _CLOSED:
            self._note("step_after_close", step)
            return False
        return inner not in FINAL

    def _follow_odd(self, step: Step) -> bool:
        """A step that the status does not allow: only an import holds one."""
        kind = step.type
        inner = self.inner
        if kind is _RECEIVE:
            if self.received:
                self._note("step_not_allowed", step)
                return False
            self.received = True
            return inner not in FINAL
        if inner is _CLOSED:
            self._note("step_after_close", step)
            return False
        if kind is _CLOSE:
            if not self.received:
                self._note("close_before_receipt", step)
            if inner in _RANK and _RANK[inner] < 4:
                self._note("close_without_decision", step)
            self.inner = _CLOSED
            return True
        self._note("step_not_allowed", step)
        if kind is StepType.CONFIRM:
            return False
        outcome = _OUTCOME.get(kind)
        if outcome is None:  # a correction handed in that nobody asked for, a decision published before it was made
            return kind is StepType.PUBLISH and inner not in FINAL
        if outcome in FINAL:
            self.inner = outcome
            return True
        if inner in FINAL or _RANK[outcome] <= _RANK[inner]:
            return False
        self.inner = outcome
        return True

    def deem(self, outcome: Status) -> None:
        """Silence leads to a status."""
        self.inner = outcome

    def _note(self, code: str, step: Step) -> None:
        if step.imported and code not in self.odd:
            self.odd.append(code)


def status_of(steps: Iterable[Step]) -> Status:
    """Where an application stands after its steps, in legal order, whatever silence did between them.

    An import that closes an application before it was received: `not_received` until the receipt, then `closed`.
    """
    course = Course()
    for step in steps:
        course.follow(step)
    return course.status
