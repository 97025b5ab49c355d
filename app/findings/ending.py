"""Rules about the last hours of a clock: stopped, extended, or the application ended, just before its end."""

from collections.abc import Iterator
from typing import Final

from app.domain import chain
from app.domain.chain import Json
from app.domain.clocks import Clock, read
from app.domain.items import Party
from app.domain.spans import ClockState, Span
from app.domain.steps import StepType
from app.findings.cases import Case, Entry, Found, step_seen
from app.findings.rule_schemas import AtEnd

__all__ = ["ended_before_end", "extension_at_end", "fixed_due", "pause_at_end"]

DECIDED: Final = "decided"
ENDS: Final = frozenset({StepType.WITHDRAW, StepType.TERMINATE})


def pause_at_end(case: Case, rule: AtEnd) -> Iterator[Found]:
    """临期中止: a pause of a clock that was nearly used up."""
    for entry in case.entries:
        if entry.type is StepType.PAUSE:
            seen = [
                clock
                for span, clock in ending(case, entry, rule)
                if not span.fixed and (said := case.rule_of(span)) is not None and entry.ground in said.pauses_for
            ]
            if seen:
                yield found(case, "pause_at_end", entry, seen, rule, {"ground": entry.ground})


def extension_at_end(case: Case, rule: AtEnd) -> Iterator[Found]:
    """临期延期: an extension at the last hour."""
    for entry in case.entries:
        if entry.type is StepType.EXTEND:
            seen = [
                clock
                for span, clock in ending(case, entry, rule)
                if span.clock == entry.clock and span.stage == entry.stage
            ]
            if seen:
                yield found(case, "extension_at_end", entry, seen, rule, {"amount": entry.amount})


def ended_before_end(case: Case, rule: AtEnd) -> Iterator[Found]:
    """临期撤回、终止: withdrawn or terminated just before the time for the decision was over."""
    for entry in case.entries:
        if entry.type in ENDS:
            seen = [clock for span, clock in ending(case, entry, rule) if is_for_decision(case, span)]
            if seen:
                yield found(case, "ended_before_end", entry, seen, rule, {"type": str(entry.type)})


def fixed_due(case: Case, *, imported: bool) -> Iterator[Found]:
    """人工确定截止: an end that a person fixed for this application alone."""
    for entry in case.entries:
        if entry.fixed and (imported or not entry.imported):
            clocks: list[Json] = [
                {"clock": clock, "stage": "", "due_at": chain.stamp(due)} for clock, due in sorted(entry.fixed.items())
            ]
            limits: dict[str, Json] = {
                rule.kind: {"amount": rule.limit.amount, "unit": str(rule.limit.unit)}
                for rule in case.item.clocks
                if not rule.stage and rule.kind in entry.fixed and rule.limit is not None
            }
            evidence: dict[str, Json] = {"steps": [step_seen(entry)], "clocks": clocks}
            yield Found(
                "fixed_due", f"{entry.seq}", case.number, case.item.code, case.holder_at(entry.at), entry.at,
                evidence, {"limits": limits},
            )  # fmt: skip


def ending(case: Case, entry: Entry, rule: AtEnd) -> Iterator[tuple[Span, Clock]]:
    """The clocks of the office's that ran when this step came, not over, and were nearly used up by then.

    A clock goes on through a pause on its last day, which stops nothing: its span is then not cut at the step.
    """
    known: set[tuple[str, str, int]] = set()
    for span in sorted(case.spans, key=lambda span: span.from_at):
        ran = span.state is ClockState.RUNNING and span.party is Party.AGENCY
        covers = span.from_at <= entry.at and (span.to_at is None or span.to_at >= entry.at)
        key = (span.clock, span.stage, span.round)
        if not (ran and covers) or key in known or span.due_at is None or entry.at >= span.due_at:
            continue
        known.add(key)
        clock = read(span, case.calendar_of(span), entry.at)
        if clock.remaining == 0 or (span.total and clock.used * 100 >= rule.used_share * span.total):
            yield span, clock


def is_for_decision(case: Case, span: Span) -> bool:
    """Whether a clock is one of those by which the office must decide."""
    rule = case.rule_of(span)
    return not span.stage and (span.fixed or (rule is not None and DECIDED in rule.stops))


def found(case: Case, rule: str, entry: Entry, clocks: list[Clock], by: AtEnd, figures: dict[str, Json]) -> Found:
    """What was seen of a step near the end of these clocks."""
    told: list[Json] = [
        {
            "clock": clock.kind,
            "stage": clock.stage,
            "due_at": "" if clock.due_at is None else chain.stamp(clock.due_at),
            "used": clock.used,
            "remaining": clock.remaining,
            "limit": None if clock.limit is None else {"amount": clock.limit.amount, "unit": str(clock.limit.unit)},
        }
        for clock in sorted(clocks, key=lambda clock: (clock.kind, clock.stage))
    ]
    evidence: dict[str, Json] = {"steps": [step_seen(entry)], "clocks": told, "figures": figures}
    return Found(
        rule, f"{entry.seq}", case.number, case.item.code, case.holder_at(entry.at), entry.at, evidence,
        {"used_share": by.used_share},
    )  # fmt: skip
