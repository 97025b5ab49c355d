"""Yearly targets and the gaps to them as they travel."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.kit.schemas import Code, DateIn, InstantIn, Line, LongText, QueryWord, Wire

__all__ = [
    "GapsOut",
    "GapsQuery",
    "TargetOut",
    "TargetVersions",
    "TargetsIn",
    "TargetsOut",
]

Figure = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,4})(\.[0-9]{1,2})?$", max_length=8, examples=["98.5"])]
"""A number, exact: a decimal of two places at most, as text; a share in a hundred."""
IndicatorWord = Literal[
    "on_time_rate",
    "early_rate",
    "compression",
    "speed_up",
    "net_days",
    "gross_days",
    "late",
    "open_overdue",
    "orders",
    "yellow_cards",
    "red_cards",
]
UnitWord = Literal["working_day", "calendar_day", "month", "working_hour", "working_minute", "working_second"]
OF_CLOCKS = ("on_time_rate", "early_rate", "late", "open_overdue")
OF_UNITS = ("compression", "speed_up")


class GoalIn(Wire):
    """What one indicator is to be; its name says what is measured (`docs/figures.md`)."""

    indicator: IndicatorWord
    goal: Figure = Field(description="A share in a hundred, days, or a count.")
    clock: Code | None = Field(None, description="Of which kind of clock; needed where it is told by clocks.")
    unit: UnitWord | None = Field(None, description="In which unit; needed for `compression` and `speed_up`.")

    @model_validator(mode="after")
    def says_of_what(self) -> Self:
        """Verdicts are told by a kind of clock, shorter limits by a unit, all else by neither."""
        if (self.indicator in OF_CLOCKS) != (self.clock is not None):
            raise PydanticCustomError("clock_malformed", "`clock` is for what is told by clocks, and needed there")
        if (self.indicator in OF_UNITS) != (self.unit is not None):
            raise PydanticCustomError("unit_malformed", "`unit` is for what is told by units, and needed there")
        return self


class TargetsIn(Wire):
    """What a department is to reach in a year (目标管理责任书), whole."""

    goals: Annotated[list[GoalIn], Field(max_length=50, description="Empty: nothing is asked of it any more.")]
    valid_from: DateIn | None = Field(
        None,
        description="The first day of a month of the year that is not over. Default, of the first version: the whole "
        "year; of a later one: the month that goes on.",
    )
    document: LongText | None = Field(None, description="The document that says so.")
    approver: Line = Field(description="Who approved it: another person than the caller.")

    @model_validator(mode="after")
    def asks_each_once(self) -> Self:
        """Each indicator of a clock or unit once."""
        asked = [(goal.indicator, goal.clock, goal.unit) for goal in self.goals]
        if len(set(asked)) != len(asked):
            raise PydanticCustomError("goal_twice", "an indicator stands twice")
        return self


class TargetOut(Wire):
    """One version of what a department is to reach."""

    year: int
    department: str
    name: str
    version: int
    valid_from: date
    goals: list[GoalIn]
    document: str | None
    approver: str
    published_at: datetime
    published_by: str


class TargetsOut(Wire):
    """What each department is to reach: the newest version of each."""

    year: int
    items: list[TargetOut]
    next_cursor: None = None


class TargetVersions(Wire):
    """All versions of one department, the newest first."""

    items: list[TargetOut]
    next_cursor: None = None


Month = Annotated[str, Field(pattern="^(19(49|[5-9][0-9])|2[01][0-9]{2})-(0[1-9]|1[0-2])$", examples=["2026-10"])]
Year = Annotated[str, Field(pattern="^(19(49|[5-9][0-9])|2[01][0-9]{2})$", examples=["2026"])]


class GapsQuery(Wire):
    """Of which year, or at the end of which month of it."""

    year: Year
    month: Month | None = Field(None, description="At the end of this month alone; default of each that has begun.")
    department: QueryWord | None = Field(None, description="Of this department, with those below.")
    known_at: InstantIn | None = Field(
        None, description="Only what had been recorded by this instant; default now, no later."
    )


class GapOut(Wire):
    """A goal and what was measured."""

    indicator: str
    label: str
    clock: str | None
    clock_label: str | None
    unit: str | None
    unit_label: str | None
    direction: Literal["at_least", "at_most"]
    goal: str
    measured: str | None = Field(description="From the year's first day on; None where there was nothing to measure.")
    part: int
    whole: int | None = Field(description="Of how many or how much; None of a count.")
    gap: str | None = Field(description="How far beyond the goal; below zero that is missing.")
    is_met: bool | None


class DepartmentGaps(Wire):
    """The goals of a department with what was measured."""

    department: str
    name: str
    version: int
    goals: list[GapOut]


class MonthGaps(Wire):
    """The gaps at the end of a month; while it goes on, now."""

    month: str
    is_over: bool
    as_of: datetime
    items: list[DepartmentGaps]


class GapsOut(Wire):
    """The gaps at the end of each month; the same for one `known_at`, once the month is over."""

    year: int
    known_at: datetime
    months: list[MonthGaps]
