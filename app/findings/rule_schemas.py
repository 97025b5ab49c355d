"""The rules of findings as they travel: each with its threshold, and the built-in one with its reason."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.domain.units import Unit
from app.kit.schemas import LimitIn, LongText, Wire

__all__ = [
    "AtEnd",
    "Burst",
    "FindingRule",
    "FindingRulesIn",
    "FindingRulesOut",
    "FindingRulesPath",
    "LateBy",
    "OffHours",
    "Pauses",
    "RuleCode",
    "TooFast",
]

RuleCode = Literal[
    "late_entry",
    "back_dated",
    "pause_at_end",
    "extension_at_end",
    "ended_before_end",
    "fixed_due",
    "corrections_repeated",
    "completed_without_result",
    "burst",
    "off_hours",
    "too_fast",
    "pause_share",
    "item_without_clocks",
]
MINUTES_A_DAY = 1_440
Share = Annotated[int, Field(ge=1, le=100, description="Per cent.")]


class FindingRule(Wire):
    """A rule: whether it is looked for."""

    enabled: bool = True


class LateBy(FindingRule):
    """Entered later than so long after it happened."""

    after: LimitIn


class AtEnd(FindingRule):
    """So near the end of a clock: on its last day, or once that share of it is used."""

    used_share: Share = Field(description="Per cent of the limit that is used; 100: only on the last day.")


class FixedEnds(FindingRule):
    """An end fixed for one application."""

    imported: bool = Field(False, description="Also those that an import brought.")


class Corrections(FindingRule):
    """Corrections asked for again."""

    times: Annotated[int, Field(ge=2, le=100)] = 2


class WithoutResult(FindingRule):
    """Completed with nothing to show for it."""

    imported: bool = Field(False, description="Also of applications that an import brought.")


class Burst(FindingRule):
    """So many completions of one officer in so short a time."""

    count: Annotated[int, Field(ge=2, le=10_000)] = 15
    minutes: Annotated[int, Field(ge=1, le=MINUTES_A_DAY)] = 30


class OffHours(FindingRule):
    """So many completions of one officer on one day, outside the hours."""

    count: Annotated[int, Field(ge=1, le=10_000)] = 5
    grace_minutes: Annotated[int, Field(ge=0, le=MINUTES_A_DAY, description="Before opening and after closing.")] = 120
    opens: Annotated[int, Field(ge=0, le=MINUTES_A_DAY)] = Field(
        510, description="Minute of the day at which work begins where the calendar names no hours: 08:30."
    )
    closes: Annotated[int, Field(ge=0, le=MINUTES_A_DAY)] = Field(1_080, description="The same for its end: 18:00.")

    @model_validator(mode="after")
    def opens_before_it_closes(self) -> Self:
        """A day of work has an hour at least."""
        if self.opens >= self.closes:
            raise PydanticCustomError("hours_empty", "work ends after it begins")
        return self


class TooFast(FindingRule):
    """Decided in so small a share of the time that the item usually takes."""

    share_of_median: Share = 5
    faster_than: Share = Field(
        95, description="And faster than so many per cent of the earlier ones: an item may have two kinds of cases."
    )
    least_cases: Annotated[int, Field(ge=5, le=200, description="So many earlier cases are needed to compare.")] = 30
    least_median_hours: Annotated[int, Field(ge=1, le=10_000)] = Field(
        48, description="An item usually done faster than this is never too fast."
    )


class Pauses(FindingRule):
    """So large a share of the days stood still, and so many times the share of others with the same items."""

    share: Share = 40
    times: Annotated[int, Field(ge=1, le=100)] = 2
    least_cases: Annotated[int, Field(ge=1, le=10_000)] = 10


class FindingRulesIn(Wire):
    """One version of the rules, whole; a rule left out is the built-in one."""

    late_entry: LateBy = LateBy(after=LimitIn(amount=3, unit=Unit.WORKING_DAY))
    back_dated: LateBy = LateBy(after=LimitIn(amount=2, unit=Unit.WORKING_DAY))
    pause_at_end: AtEnd = AtEnd(used_share=90)
    extension_at_end: AtEnd = AtEnd(used_share=100)
    ended_before_end: AtEnd = AtEnd(used_share=95)
    fixed_due: FixedEnds = FixedEnds()
    corrections_repeated: Corrections = Corrections()
    completed_without_result: WithoutResult = WithoutResult()
    burst: Burst = Burst()
    off_hours: OffHours = OffHours()
    too_fast: TooFast = TooFast()
    pause_share: Pauses = Pauses()
    item_without_clocks: FindingRule = FindingRule()
    source: LongText | None = Field(None, description="The document that says so.")


class FindingRulesPath(Wire):
    """Which version of the rules; 0 is the one that comes with the service."""

    version: str


class RuleTold(Wire):
    """A rule in words."""

    rule: RuleCode
    label: str
    looks_for: str
    reason: str = Field(description="Why the built-in threshold is what it is.")
    innocent: str = Field(description="What would explain it: to be checked first.")


class FindingRulesOut(Wire):
    """One version of the rules of findings."""

    version: int = Field(description="0: the one that comes with the service.")
    rules: FindingRulesIn
    told: list[RuleTold]
    published_at: datetime | None
    published_by: str | None
