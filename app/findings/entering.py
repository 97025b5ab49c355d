"""Rules about when things were entered: long after they happened, and after the end that they would have kept."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from app.applications.lateness import is_very_late
from app.domain import chain
from app.domain.chain import Json
from app.domain.items import Party
from app.domain.spans import ClockState, Span
from app.domain.steps import StepType
from app.findings.cases import Case, Entry, Found, step_seen
from app.findings.rule_schemas import LateBy
from app.kit.schemas import LimitIn

__all__ = ["back_dated", "late_entry"]

SECONDS_A_DAY: Final = 86_400
KEEPS: Final = frozenset(
    {
        StepType.ACCEPT, StepType.REFUSE, StepType.REQUEST_CORRECTION, StepType.DECIDE, StepType.DELIVER,
        StepType.WITHDRAW, StepType.TERMINATE, StepType.CLOSE, StepType.PAUSE, StepType.COMPLETE_STAGE,
    }
)  # fmt: skip
"""Steps that stop a clock or let it stand still: entered late, they may make good an end that was missed."""


def late_entry(case: Case, rule: LateBy) -> Iterator[Found]:
    """补录: steps entered long after they happened, each by itself."""
    limit = rule.after.limit()
    for entry in case.entries:
        if not entry.imported and is_very_late(limit, case.calendar, at=entry.at, now=entry.recorded_at):
            yield found(case, "late_entry", entry, {**lag(entry)}, {"after": spelled(rule.after)})


def back_dated(case: Case, rule: LateBy) -> Iterator[Found]:
    """倒签: a step that stops a clock in time, entered after the end of that clock had passed."""
    limit = rule.after.limit()
    for entry in case.entries:
        if entry.imported or entry.type not in KEEPS:
            continue
        kept = [span for span in case.spans if is_kept_by(span, entry)]
        if kept and is_very_late(limit, case.calendar, at=entry.at, now=entry.recorded_at):
            ends: list[Json] = [
                {"clock": span.clock, "stage": span.stage, "due_at": due_of(span)}
                for span in sorted(kept, key=lambda span: (span.clock, span.stage, span.round))
            ]
            yield found(case, "back_dated", entry, {**lag(entry), "clocks": ends}, {"after": spelled(rule.after)})


def is_kept_by(span: Span, entry: Entry) -> bool:
    """Whether the step let a clock of the office's end in time, or stand still, whose end had passed when it came."""
    due = span.due_at
    if due is None or span.party is not Party.AGENCY or not entry.at < due <= entry.recorded_at:
        return False
    if entry.type is StepType.PAUSE:
        return span.state is ClockState.RUNNING and not span.fixed and span.to_at == entry.at
    return span.state is ClockState.MET and span.stopped_at == entry.at and span.from_at == entry.at


def due_of(span: Span) -> str:
    """The end of a clock, spelled."""
    if span.due_at is None:
        raise ValueError("a clock that has no end keeps none")
    return chain.stamp(span.due_at)


def lag(entry: Entry) -> dict[str, Json]:
    """The step, and how long after it happened it was entered."""
    late = entry.recorded_at - entry.at
    return {"steps": [step_seen(entry)], "figures": {"days": late.days, "hours": late.seconds // 3_600}}


def found(case: Case, rule: str, entry: Entry, evidence: dict[str, Json], compared: dict[str, Json]) -> Found:
    """What was seen of one step."""
    at: datetime = entry.at
    return Found(rule, f"{entry.seq}", case.number, case.item.code, case.holder_at(at), at, evidence, compared)


def spelled(limit: LimitIn) -> dict[str, Json]:
    """A limit as evidence spells it."""
    return {"amount": limit.amount, "unit": str(limit.unit)}
