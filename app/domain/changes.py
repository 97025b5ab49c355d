"""Each change of a clock's end with its cause: the record, or the passing of time, that moved it."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from app.domain.course import moment_of
from app.domain.folds import Fold, Suspension
from app.domain.items import ClockRule
from app.domain.spans import ClockState, Span
from app.domain.steps import Step, StepType

__all__ = ["Cause", "Change", "changes_of"]

_PAUSED = ClockState.PAUSED
_NOT_STARTED = ClockState.NOT_STARTED
_CORRECTION = "correction"


class Cause(StrEnum):
    """What moved the end of a clock."""

    STARTED = "started"
    DEEMED = "deemed"
    RESTARTED = "restarted"
    PAUSED = "paused"
    RESUMED = "resumed"
    PAUSE_RAN_OUT = "pause_ran_out"
    EXTENDED = "extended"
    STOPPED = "stopped"
    CAPPED = "capped"
    EDITION = "edition"
    SUSPENSION = "suspension"


class Change(NamedTuple):
    """The end of a clock before and after one instant; days are ordinals.

    `before` is the last end that was known. `due_on` is None while the clock is paused; then `latest_due_on` is the end
    if the pauses last as announced.
    """

    at: datetime
    cause: Cause
    step: Step | None
    """The step behind it; None where time alone, a notice or another clock moved the end."""
    before: int | None
    due_on: int | None
    due_at: datetime | None
    latest_due_on: int | None
    calendar: str
    revision: int
    document: str | None = None
    """The document of a suspension."""


def changes_of(
    rule: ClockRule | None, spans: Sequence[Span], steps: Sequence[Step], folds: Sequence[Fold]
) -> tuple[Change, ...]:
    """The changes that the spans of one clock show, in the order in which they took effect.

    A pause is one even where nothing says yet what it does to the end; a pause that stops nothing is none.
    """
    found: list[Change] = []
    last: Span | None = None
    before: int | None = None
    for span in spans:
        if span.started_on is None:
            continue
        if last is None or _differs(last, span):
            at = span.from_at
            cause, step = _cause(rule, last, span, [step for step in steps if step.at == at], folds)
            document = _document(span, folds) if cause is Cause.SUSPENSION else None
            found.append(
                Change(
                    at, cause, step, before, span.due_on, span.due_at, span.latest_due_on, span.calendar, span.revision,
                    document,
                )
            )  # fmt: skip
        end = span.due_on if span.due_on is not None else span.latest_due_on
        before = end if end is not None else before
        last = span
    return tuple(found)


def _differs(last: Span, span: Span) -> bool:
    return (
        (last.due_at, last.latest_due_on) != (span.due_at, span.latest_due_on)
        or (last.state is _PAUSED) != (span.state is _PAUSED)
        or last.started_at != span.started_at
    )


def _cause(
    rule: ClockRule | None, last: Span | None, span: Span, here: Sequence[Step], folds: Sequence[Fold]
) -> tuple[Cause, Step | None]:
    """What stands behind a change, and the step of that instant that brought it about."""
    if last is None:
        return _start(rule, here)
    if last.started_at != span.started_at:
        return Cause.RESTARTED, next((step for step in here if moment_of(step)), None)
    extension = next((s for s in reversed(here) if s.type is StepType.EXTEND and _is_of(s, span)), None)
    if extension is not None and span.extended != last.extended:
        return Cause.EXTENDED, extension
    if span.calendar != last.calendar:
        return Cause.EDITION, None
    if not here and _is_suspended_or_freed(span, folds):
        return Cause.SUSPENSION, None
    grounds = frozenset[str]() if rule is None else rule.pauses_for
    held = next((step for step in reversed(here) if _ground(step) in grounds), None)
    freed = next((step for step in reversed(here) if _ends_a_pause(step)), None)
    if span.state is _NOT_STARTED and (held is not None or freed is not None):
        return (Cause.RESUMED, freed) if held is None else (Cause.PAUSED, held)
    if span.state is _PAUSED:
        if held is not None:
            return Cause.PAUSED, held
        return (Cause.RESUMED, freed) if last.state is _PAUSED and freed is not None else _elsewhere(span, here)
    if last.state is _PAUSED:
        if freed is not None:
            return Cause.RESUMED, freed
        if span.stopped_at is not None and here:
            return Cause.STOPPED, here[-1]
        ending = next((step for step in here if step.type is StepType.DECIDE), None)
        return (Cause.STOPPED, ending) if ending is not None else (Cause.PAUSE_RAN_OUT, None)
    return _elsewhere(span, here)


def _start(rule: ClockRule | None, here: Sequence[Step]) -> tuple[Cause, Step | None]:
    starts = "received" if rule is None else rule.starts
    step = next((step for step in here if moment_of(step) == starts), None)
    return (Cause.DEEMED, None) if step is None else (Cause.STARTED, step)


def _elsewhere(span: Span, here: Sequence[Step]) -> tuple[Cause, Step | None]:
    """A stage follows the clocks that cap it; any other end that no step of its own moved was moved for a place."""
    if span.stage:
        return Cause.CAPPED, here[-1] if here else None
    return Cause.SUSPENSION, None


def _is_suspended_or_freed(span: Span, folds: Sequence[Fold]) -> bool:
    """Whether a suspension of this kind of clock was published, begins or is over at the beginning of a span."""
    return any(_touches(one, span, fold) for fold in folds for one in fold.suspensions)


def _touches(one: Suspension, span: Span, fold: Fold) -> bool:
    if span.clock not in one.clocks:
        return False
    midnight, at = fold.calendar.midnight, span.from_at
    return at in (fold.from_at, midnight(one.first)) or (one.last is not None and at == midnight(one.last + 1))


def _document(span: Span, folds: Sequence[Fold]) -> str | None:
    found = (one.document for fold in folds for one in fold.suspensions if _touches(one, span, fold))
    return next(found, None) or None


def _is_of(step: Step, span: Span) -> bool:
    return step.stage == span.stage and (bool(span.stage) or step.clock == span.clock)


def _ground(step: Step) -> str | None:
    if step.type is StepType.PAUSE:
        return step.ground
    return _CORRECTION if step.type is StepType.REQUEST_CORRECTION else None


def _ends_a_pause(step: Step) -> bool:
    return step.type is StepType.RESUME or step.type is StepType.SUBMIT_CORRECTION
