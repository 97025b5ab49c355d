"""Findings as they travel."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from app.findings.rule_schemas import RuleCode
from app.kit.paging import PageQuery
from app.kit.schemas import DateIn, InstantIn, Line, LongText, QueryWord, Wire

__all__ = ["FindingOut", "FindingPage", "FindingPath", "FindingQuery", "ReviewIn", "ReviewOut", "ReviewedOut"]

Verdict = Literal["justified", "unfounded", "referred"]


class FindingPath(Wire):
    """Which finding."""

    finding: str


class FindingQuery(PageQuery):
    """The filters of the list of findings."""

    rule: RuleCode | None = None
    department: QueryWord | None = Field(None, description="With those below.")
    officer: QueryWord | None = None
    item: QueryWord | None = None
    tracking_number: QueryWord | None = None
    from_: DateIn | None = Field(None, alias="from", description="What happened on this day or later.")
    to: DateIn | None = Field(None, description="What happened on this day or before.")
    state: Literal["open", "reviewed"] | None = None
    as_of: InstantIn | None = Field(
        None, description="The findings that stood at this instant, and the reviews by then; default now."
    )


class ReviewIn(Wire):
    """What a person made of a finding."""

    verdict: Verdict = Field(
        description="`justified`: what was seen is explained and in order; `unfounded`: it is not so; "
        "`referred`: it is passed on."
    )
    note: LongText
    actor: Line | None = Field(None, description="Who reviewed it; default the name of the key.")
    corrects: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="The number of the last review, which this one corrects; without one this must be the first."
    )


class ReviewOut(Wire):
    """A review: never changed, corrected by a further one."""

    seq: int
    verdict: str
    verdict_label: str
    corrects: int | None
    reviewed_at: datetime
    reviewed_by: str
    role: str
    actor: str | None
    note: str | None


class StepSeenOut(Wire):
    """A step of the record."""

    seq: int
    type: str
    type_label: str
    occurred_at: datetime
    recorded_at: datetime


class LengthOut(Wire):
    """A length of time."""

    amount: int
    unit: str


class ClockSeenOut(Wire):
    """A clock as it stood when it was seen."""

    clock: str
    clock_label: str
    stage: str | None
    due_at: datetime
    used: int | None = None
    remaining: int | None = None
    limit: LengthOut | None = None


class EvidenceOut(Wire):
    """What happened."""

    steps: list[StepSeenOut]
    clocks: list[ClockSeenOut]
    applications: list[str] = Field(description="Tracking numbers, the first hundred.")
    figures: dict[str, Any] = Field(description="Numbers and instants that the rule names.")


class FindingHolderOut(Wire):
    """Whose."""

    department: str
    section: str | None
    officer: str | None


class StoodOut(Wire):
    """From when to when it stood."""

    from_at: datetime
    to_at: datetime | None
    cause: str | None = Field(
        description="Why no longer: `superseded` (its evidence has grown), `gone` (the record, or the thresholds, show "
        "it no more), `disabled` (it is no longer looked for)."
    )


class FindingOut(Wire):
    """A pattern that deserves a look: no accusation."""

    id: str
    rule: str
    rule_label: str
    rules: int = Field(description="The version of the rules under which it was first found.")
    seen: str = Field(description="What was seen, in a sentence.")
    innocent: str = Field(description="What would explain it: to be checked first.")
    tracking_number: str | None
    item: str | None
    holder: FindingHolderOut
    at: datetime = Field(description="When that happened which was seen.")
    evidence: EvidenceOut
    compared: dict[str, Any] = Field(description="With what it was compared: thresholds, and what others did.")
    follows: str | None = Field(description="The finding whose evidence has grown into this one's.")
    follows_reviewed: bool = Field(description="Whether that one was reviewed.")
    found_at: datetime
    stood: list[StoodOut]
    state: str
    state_label: str
    review: ReviewOut | None = Field(description="The last one.")


class FindingPage(Wire):
    """A page of findings, the newest first."""

    items: list[FindingOut]
    next_cursor: str | None
    as_of: datetime
    examined_at: datetime | None = Field(description="What was recorded by then has been examined.")


class ReviewedOut(Wire):
    """A finding with all its reviews."""

    finding: FindingOut
    reviews: list[ReviewOut]
    followed_by: str | None = Field(description="The finding into which its evidence has grown.")
