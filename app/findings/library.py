"""Which rule looks at what: an application, a day, a month, the items."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from app.domain.chain import Json
from app.domain.items import Item, Party
from app.findings.cases import Case, Fact, Found, Holder
from app.findings.days import burst, off_hours, too_fast
from app.findings.ending import ended_before_end, extension_at_end, fixed_due, pause_at_end
from app.findings.entering import back_dated, late_entry
from app.findings.results import completed_without_result, corrections_repeated
from app.findings.rule_schemas import FindingRulesIn
from app.findings.shares import pause_share

__all__ = ["LIBRARY", "Listed", "of_application", "of_day", "of_items", "of_month"]

LIBRARY: Final = 1
"""Counts the rules as they are programmed: with another number everything is examined anew."""


class Listed(NamedTuple):
    """The newest version of an item."""

    item: Item
    department: str
    published_at: datetime


def of_application(case: Case, rules: FindingRulesIn) -> list[Found]:
    """What is seen of one application."""
    found: list[Found] = []
    if rules.late_entry.enabled:
        found += late_entry(case, rules.late_entry)
    if rules.back_dated.enabled:
        found += back_dated(case, rules.back_dated)
    if rules.pause_at_end.enabled:
        found += pause_at_end(case, rules.pause_at_end)
    if rules.extension_at_end.enabled:
        found += extension_at_end(case, rules.extension_at_end)
    if rules.ended_before_end.enabled:
        found += ended_before_end(case, rules.ended_before_end)
    if rules.fixed_due.enabled:
        found += fixed_due(case, imported=rules.fixed_due.imported)
    if rules.corrections_repeated.enabled:
        found += corrections_repeated(case, times=rules.corrections_repeated.times)
    if rules.completed_without_result.enabled:
        found += completed_without_result(case, imported=rules.completed_without_result.imported)
    return found


def of_day(facts: Sequence[Fact], earlier: Mapping[str, Sequence[int]], rules: FindingRulesIn) -> list[Found]:
    """What is seen of the completions of one day, against earlier ones of the same items."""
    found: list[Found] = []
    if rules.burst.enabled:
        found += burst(facts, rules.burst)
    if rules.off_hours.enabled:
        found += off_hours(facts, rules.off_hours)
    if rules.too_fast.enabled:
        found += too_fast(facts, earlier, rules.too_fast)
    return found


def of_month(facts: Sequence[Fact], month: str, end: datetime, rules: FindingRulesIn) -> list[Found]:
    """What is seen of the completions of one month."""
    return list(pause_share(facts, month, end, rules.pause_share)) if rules.pause_share.enabled else []


def of_items(items: Iterable[Listed], rules: FindingRulesIn) -> Iterator[Found]:
    """无时限事项: items whose newest version sets the office no limit at all."""
    if not rules.item_without_clocks.enabled:
        return
    for item, department, published_at in items:
        whole = any(rule.party is Party.AGENCY and rule.limit is not None for rule in item.clocks)
        if whole or any(stage.clock is not None for stage in item.stages):
            continue
        evidence: dict[str, Json] = {"figures": {"version": item.version}}
        holder = Holder(department, None, None)
        yield Found("item_without_clocks", item.code, None, item.code, holder, published_at, evidence, {})
