"""The rules of scoring as they travel."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.kit.schemas import Code, DateIn, Line, LongText, Wire

__all__ = [
    "GradeIn",
    "PartIn",
    "Points",
    "RuleIn",
    "ScoringIn",
    "ScoringOut",
    "ScoringPath",
    "ScoringVersions",
]

Points = Annotated[
    str,
    Field(pattern=r"^(0|-?[1-9][0-9]{0,2}|-?(0|[1-9][0-9]{0,2})\.[0-9]{1,2})$", max_length=7, examples=["-2.5"]),
]
"""Points, exact: a decimal of two places at most, as text."""
NotNegative = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,2})(\.[0-9]{1,2})?$", max_length=6, examples=["14"])]
Percent = Annotated[int, Field(ge=1, le=1000)]

CauseWord = Literal[
    "warning",
    "overdue",
    "yellow_card",
    "red_card",
    "order_issued",
    "order_late",
    "order_returned",
    "early_share",
    "promise_cut",
    "late_entry_share",
]
SHARES = ("early_share", "promise_cut", "late_entry_share")
CARDS = ("yellow_card", "red_card")
OF_CLOCKS = ("warning", "overdue", "early_share")


class Called(Wire):
    """One name in both languages; the Chinese one stands in where the English is missing."""

    zh: Line
    en: Line | None = None


class PartIn(Wire):
    """A part of the sheet."""

    code: Code
    name: Called
    weight: NotNegative = Field(description="What it is worth before anything happens.")
    floor: NotNegative = Field("0", description="It never falls below.")


class RuleIn(Wire):
    """What a cause brings or costs.

    Cards, alarms and orders are counted one by one. A share brings `points` once it reaches `at_least` in a hundred,
    and `further_points` for each `further` in a hundred beyond.
    """

    code: Code
    name: Called
    part: Code | None = Field(None, description="The part that it is about; default none: beside the parts.")
    cause: CauseWord
    points: Points | None = Field(
        None, description="Of a card, default: what the card states. Negative where it costs."
    )
    every: Annotated[int, Field(ge=1, le=100)] = Field(1, description="Only each so many bring the points.")
    clocks: Annotated[list[Code], Field(min_length=1, max_length=50)] | None = Field(
        None, description="Of these kinds of clock; default of all. `early_share` speaks of one, default `statutory`."
    )
    at_least: Percent | None = Field(None, description="Of a share: reached at so many in a hundred.")
    further: Percent | None = Field(None, description="Of a share: so many more in a hundred bring more points.")
    further_points: Points | None = Field(None, description="Of a share: what each of them brings; default `points`.")
    most: NotNegative | None = Field(None, description="More than this it neither brings nor costs in a month.")
    source: LongText | None = Field(None, description="The document that says so.")

    @model_validator(mode="after")
    def says_what_its_cause_needs(self) -> Self:
        """A share has a threshold, what is counted has none; only a card states points itself."""
        is_share = self.cause in SHARES
        if is_share != (self.at_least is not None) or (not is_share and (self.further or self.further_points)):
            raise PydanticCustomError(
                "share_malformed", "`at_least` and `further` are for shares, which need `at_least`"
            )
        if self.further_points is not None and self.further is None:
            raise PydanticCustomError("share_malformed", "`further_points` needs `further`")
        if self.points is None and self.cause not in CARDS:
            raise PydanticCustomError("points_missing", "only a card states its points itself")
        if is_share and self.every != 1:
            raise PydanticCustomError("share_malformed", "a share is no row of events: `every` is 1")
        if self.clocks is not None and self.cause not in OF_CLOCKS:
            raise PydanticCustomError("clocks_not_told", "this cause is not told by kinds of clock")
        if self.cause == "early_share" and self.clocks is not None and len(self.clocks) != 1:
            raise PydanticCustomError("clocks_too_many", "`early_share` speaks of one kind of clock")
        return self


class GradeIn(Wire):
    """A grade (等次)."""

    code: Code
    name: Called
    at_least: NotNegative = Field(description="From this score on.")
    recommends: bool = Field(False, description="With a recommendation (监察建议书).")


class SheetLabels(Wire):
    """What this authority calls things; what is left out is called as in the sample."""

    sheet: Called | None = None
    supervision: Called | None = None
    recommendation: Called | None = None


class ScoringIn(Wire):
    """One version of the rules, whole."""

    valid_from: DateIn = Field(
        description="The first day of the first month that it scores; not of one that is over, so no sheet changes."
    )
    parts: Annotated[list[PartIn], Field(min_length=1, max_length=50)]
    rules: Annotated[list[RuleIn], Field(max_length=200)]
    grades: Annotated[list[GradeIn], Field(min_length=1, max_length=20)]
    most: NotNegative | None = Field(None, description="No score is higher; default: a bonus may lift it.")
    labels: SheetLabels = SheetLabels()
    source: LongText | None = Field(None, description="The document that says so.")
    approver: Line = Field(description="Who approved it: another person than the caller.")

    @model_validator(mode="after")
    def hangs_together(self) -> Self:
        """Each code once, each rule about a part that is there, and a grade for every score."""
        for what in (self.parts, self.rules, self.grades):
            codes = [one.code for one in what]
            if len(set(codes)) != len(codes):
                raise PydanticCustomError("code_twice", "a code stands twice")
        parts = {part.code for part in self.parts}
        if any(rule.part is not None and rule.part not in parts for rule in self.rules):
            raise PydanticCustomError("part_unknown", "a rule names a part that is not there")
        reached = [grade.at_least for grade in self.grades]
        if len({float(text) for text in reached}) != len(reached) or all(float(text) > 0 for text in reached):
            raise PydanticCustomError("grades_malformed", "each score needs one grade: one begins at 0, no two alike")
        return self


class ScoringPath(Wire):
    """Which version of the rules; 0 is the sample that comes with the service."""

    version: str


class ScoringOut(Wire):
    """One version of the rules."""

    version: int = Field(description="0: the sample that comes with the service.")
    valid_from: date | None = Field(description="None: of every month before the first version.")
    parts: list[PartIn]
    rules: list[RuleIn]
    grades: list[GradeIn]
    most: str | None
    labels: SheetLabels
    source: str | None
    approver: str | None
    published_at: datetime | None
    published_by: str | None


class ScoringVersions(Wire):
    """All versions, the newest first."""

    items: list[ScoringOut]
    next_cursor: None = None
