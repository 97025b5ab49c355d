"""Sheets and means as they travel."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.kit.schemas import InstantIn, QueryWord, Wire

__all__ = ["MeansOut", "MeansQuery", "SheetsOut", "SheetsQuery"]

Month = Annotated[str, Field(pattern="^(19(49|[5-9][0-9])|2[01][0-9]{2})-(0[1-9]|1[0-2])$", examples=["2026-10"])]
Stretch = Annotated[
    str, Field(pattern="^(19(49|[5-9][0-9])|2[01][0-9]{2})(-(H[12]|Q[1-4]))?$", examples=["2026-H1", "2026"])
]


class Whose(Wire):
    """Whose sheets, by what knowledge."""

    by: Literal["department", "section", "officer"] = Field(description="Whose sheets.")
    department: QueryWord | None = Field(None, description="Of this department, with those below.")
    section: QueryWord | None = None
    officer: QueryWord | None = None
    known_at: InstantIn | None = Field(
        None, description="Only what had been recorded by this instant; default now, no later."
    )


class SheetsQuery(Whose):
    """Which month, whose sheets, and how they are to be written."""

    month: Month = Field(description="`YYYY-MM`; not one that has not begun.")
    format: Literal["json", "xlsx", "html"] = Field("json", description="`html` is a page to be printed.")


class MeansQuery(Whose):
    """Which half, quarter or year, and whose means."""

    period: Stretch = Field(description="`YYYY`, `YYYY-H1`, `YYYY-Q3`.")


class HappeningOut(Wire):
    """What a rule counted, and where it is on record."""

    id: str = Field(description="Of the alarm, of the card, or of the order's step.")
    at: datetime
    tracking_number: str | None
    order: str | None
    clock: str | None
    clock_label: str | None
    stage: str | None
    due_at: datetime | None


class ShareOut(Wire):
    """So much of so much."""

    part: int
    whole: int
    unit: str | None
    unit_label: str | None


class FellOut(Wire):
    """Why it counts no more."""

    at: datetime
    by: str = Field(description="`alarm`, `card` or `order`: what was withdrawn or revoked.")
    cause: str
    cause_label: str


class PointOut(Wire):
    """Points with their cause."""

    rule: str
    rule_name: str
    rules: int = Field(description="The version of the rules.")
    cause: str
    cause_label: str
    points: str = Field(description="What counts: nothing where it fell, or where the rule's most was reached.")
    due: str = Field(description="What the rule says.")
    happenings: list[HappeningOut]
    share: ShareOut | None
    fell: FellOut | None


class PartOut(Wire):
    """A part of a sheet."""

    code: str
    name: str
    weight: str
    score: str
    is_measured: bool = Field(description="Whether any rule is about it; else it keeps what it is worth.")
    points: list[PointOut]


class GradeOut(Wire):
    """A grade (等次)."""

    code: str
    name: str
    recommendation: str | None


class SubjectOut(Wire):
    """Whose sheet or mean it is."""

    department: str
    section: str | None
    officer: str | None
    name: str
    department_name: str


class SheetOut(SubjectOut):
    """One sheet."""

    base: str
    score: str
    grade: GradeOut
    parts: list[PartOut]
    bonus: list[PointOut]


class SheetsOut(Wire):
    """The sheets of a month; the same for one `known_at`, once the month is over."""

    month: str
    from_: str = Field(alias="from")
    to: str
    is_over: bool
    as_of: datetime = Field(description="The last instant of the month; while it goes on, now.")
    known_at: datetime
    by: str
    label: str
    supervision_label: str
    rules: int = Field(description="The version of the rules.")
    items: list[SheetOut]


class MonthScoreOut(Wire):
    """The score of a month."""

    month: str
    score: str
    rules: int


class MeanOut(SubjectOut):
    """The mean of the months that are over and in which there was something to do."""

    mean: str
    grade: GradeOut
    months: list[MonthScoreOut]


class MeansOut(Wire):
    """The means of a half, quarter or year; the same for one `known_at`, once it is over."""

    period: str
    from_: str = Field(alias="from")
    to: str
    is_over: bool
    known_at: datetime
    by: str
    label: str | None = Field(description="None where no month is over.")
    items: list[MeanOut]
