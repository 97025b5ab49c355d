"""What the rules look at, and what they find. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple

from app.domain import chain
from app.domain.calendar import Calendar
from app.domain.chain import Json
from app.domain.items import ClockRule, Item
from app.domain.spans import Span, Stretch
from app.domain.steps import Status, StepType

__all__ = ["COMPLETIONS", "Case", "Entry", "Fact", "Found", "Holder", "id_of", "step_seen"]

COMPLETIONS: Final = frozenset({"decided", "refused", "closed"})
"""The ends that an officer brings about."""
DIGITS: Final = 24


class Entry(NamedTuple):
    """A step that holds, as the rules look at it."""

    seq: int
    """Of the step; of the amendment where that says when it happened."""
    type: StepType
    at: datetime
    recorded_at: datetime
    imported: bool
    ground: str = ""
    clock: str = ""
    stage: str = ""
    amount: int = 0
    result: str | None = None
    documented: bool = False
    """A document stands beside it."""
    fixed: Mapping[str, datetime] = {}


class Holder(NamedTuple):
    """Who held an application."""

    department: str
    section: str | None
    officer: str | None


class Case(NamedTuple):
    """One application: the steps that hold, the spans of its clocks, who held it when."""

    number: str
    item: Item
    calendar: Calendar
    imported: bool
    entries: Sequence[Entry]
    spans: Sequence[Span]
    stretches: Sequence[Stretch]
    calendars: Mapping[str, Calendar] = {}

    def holder_at(self, at: datetime) -> Holder:
        """Who held it at an instant; before its receipt who received it."""
        found = self.stretches[0]
        for stretch in self.stretches:
            if stretch.from_at > at:
                break
            found = stretch
        return Holder(found.department, found.section, found.officer)

    def status_at(self, at: datetime) -> Status | None:
        """Where it stood at an instant."""
        found = [stretch.status for stretch in self.stretches if stretch.from_at <= at]
        return found[-1] if found else None

    def calendar_of(self, span: Span) -> Calendar:
        """The calendar on which a span is counted."""
        return self.calendars.get(span.calendar, self.calendar)

    def rule_of(self, span: Span) -> ClockRule | None:
        """What the item says of the clock of a span; None where an import or a fixed end alone made it."""
        if span.stage:
            stage = self.item.by_stage.get(span.stage)
            return None if stage is None else stage.clock
        return next((rule for rule in self.item.clocks if rule.kind == span.clock), None)


class Fact(NamedTuple):
    """What of a completed application is compared with others; the fields are those of its table."""

    number: str
    item: str
    department: str
    section: str | None
    officer: str | None
    how: str
    received_day: int
    day: int
    minute: int
    timed: bool
    rest: bool
    opens: int | None
    closes: int | None
    finished_at: datetime
    seconds: int
    elapsed: int
    paused: int


class Found(NamedTuple):
    """A pattern that was seen: about what, whose, when, by which evidence, compared with what.

    `evidence` is what happened; `compared`, thresholds and what others did, is no part of its identity.
    """

    rule: str
    anchor: str
    application: str | None
    item: str | None
    holder: Holder
    at: datetime
    evidence: dict[str, Json]
    compared: dict[str, Json]


def id_of(rule: str, subject: Iterable[str | None], evidence: Mapping[str, Json]) -> str:
    """The name of a finding: the same rule, subject and evidence have the same, whoever finds it when."""
    body = chain.canonical({"rule": rule, "subject": list(subject), "evidence": dict(evidence)})
    return "F-" + sha256(body).hexdigest()[:DIGITS].upper()


def step_seen(entry: Entry) -> dict[str, Json]:
    """A step as evidence."""
    return {
        "seq": entry.seq,
        "type": str(entry.type),
        "occurred_at": chain.stamp(entry.at),
        "recorded_at": chain.stamp(entry.recorded_at),
    }
