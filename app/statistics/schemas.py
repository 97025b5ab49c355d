"""What the statistics are asked, and what they answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.kit.schemas import DateIn, InstantIn, QueryWord, Wire

__all__ = [
    "DaysOut",
    "FiguresOut",
    "MonthlyOut",
    "MonthlyQuery",
    "PublicQuery",
    "PublicStatisticsOut",
    "RankingOut",
    "RankingQuery",
    "StatisticsOut",
    "StatisticsQuery",
]


class Times(Wire):
    """Of when, and by what knowledge."""

    as_of: InstantIn | None = Field(
        None, description="The instant that the answer speaks of, with an offset; default now, may lie ahead."
    )
    known_at: InstantIn | None = Field(
        None, description="Only what had been recorded by this instant; default now, no later."
    )


class PeriodQuery(Times):
    """A period, both days with it."""

    from_: DateIn | None = Field(None, alias="from", description="First day; default the first of January of `to`.")
    to: DateIn | None = Field(None, description="Last day; default the day of `as_of`.")


class StatisticsQuery(PeriodQuery):
    """What the statistics are asked."""

    by: Literal["department", "item", "section", "officer", "month"] = Field(description="What to tell them by.")


class RankingQuery(PeriodQuery):
    """What the ranking is asked."""

    clock: QueryWord = Field("promise", description="By which kind of clock; default the promise.")


Month = Annotated[str, Field(pattern="^(19(49|[5-9][0-9])|2[01][0-9]{2})-(0[1-9]|1[0-2])$", examples=["2026-10"])]


class MonthlyQuery(Wire):
    """Which month, and how it is to be written."""

    month: Month = Field(description="`YYYY-MM`; not one that has not begun.")
    format: Literal["json", "xlsx", "html"] = Field("json", description="`html` is a page to be printed.")
    known_at: InstantIn | None = Field(
        None, description="Only what had been recorded by this instant; default now, no later."
    )


class PublicQuery(Wire):
    """Which month; without it the last one that is over."""

    month: Month | None = Field(None, description="`YYYY-MM`, one that is over; default the last one.")


class Spread(Wire):
    """Whole numbers: how many, their sum, mean and percentiles (nearest rank)."""

    count: int
    sum: int
    mean: float | None
    p50: int | None
    p90: int | None
    p95: int | None
    max: int | None


class UsedOut(Wire):
    """Units used of the limits of one unit."""

    unit: str
    unit_label: str
    spread: Spread


class AgeOut(Wire):
    """Open overdue clocks of one age, in calendar days since the due day."""

    age: str
    count: int


class ClockFigures(Wire):
    """The verdicts of one kind of clock."""

    clock: str
    clock_label: str
    on_time: int
    early: int
    late: int
    on_time_rate: float | None
    early_rate: float | None
    late_rate: float | None
    used: list[UsedOut]
    open_overdue: int | None = Field(description="None in a line by month: it speaks of one instant.")
    open_overdue_by_age: list[AgeOut] | None


class RatioOut(Wire):
    """How much shorter, in one unit."""

    unit: str
    unit_label: str
    applications: int
    statutory: int
    compared: int
    ratio: float | None


class OwnersOut(Wire):
    """Calendar days by their owner; together they are the days that the applications took."""

    officer: int
    section: int
    department: int
    applicant: int
    pause: int
    rest: int
    total: int


class FiguresOut(Wire):
    """All figures under one code, or all together."""

    received: int
    accepted: int
    decided: int
    closed: int
    refused: int
    withdrawn: int
    terminated: int
    correction_never_came: int
    open: int | None = Field(description="None in a line by month: it speaks of one instant.")
    clocks: list[ClockFigures]
    gross: Spread
    net: Spread
    days_owned: OwnersOut
    compression: list[RatioOut]
    speed_up: list[RatioOut]


class StatisticsLine(FiguresOut):
    """The figures under one code, which stands in the field that `by` names."""

    department: str | None = None
    item: str | None = None
    section: str | None = None
    officer: str | None = None
    month: str | None = None
    name: str | None


class DefinitionOut(Wire):
    """What a figure means."""

    figure: str
    name: str
    words: str


class StatisticsOut(Wire):
    """The figures of a period; the same for one pair of `as_of` and `known_at`."""

    by: str
    from_: str = Field(alias="from")
    to: str
    items: list[StatisticsLine]
    total: FiguresOut
    as_of: datetime
    known_at: datetime = Field(description="By what had been recorded by then.")
    definitions: list[DefinitionOut]


class CountOut(Wire):
    """A count, or why there is none: `<5` for one to four, `–` where another could be reckoned from it."""

    count: int | None
    shown: str


class PublicClock(Wire):
    """The verdicts of one kind of clock."""

    clock: str
    clock_label: str
    on_time: CountOut
    late: CountOut


class PublicFigures(Wire):
    """What is published of a department, an item of it, or all together."""

    received: CountOut
    closed: CountOut
    clocks: list[PublicClock]
    mean_days: float | None = Field(description="Calendar days from receipt to result; None where it is of too few.")


class PublicItem(PublicFigures):
    """The figures of one item in one department."""

    item: str
    name: str


class PublicDepartment(PublicFigures):
    """The figures of one department; its items add up to it."""

    department: str
    name: str
    items: list[PublicItem]


class PublicStatisticsOut(Wire):
    """The figures of a month that is over, small numbers hidden."""

    month: str
    from_: str = Field(alias="from")
    to: str
    total: PublicFigures
    departments: list[PublicDepartment]
    as_of: datetime = Field(description="The last instant of the month.")
    known_at: datetime
    definitions: list[DefinitionOut]


class RankOut(Wire):
    """The place of one department."""

    rank: int | None = Field(description="None where there is nothing to judge.")
    department: str
    name: str
    on_time: int
    early: int
    late: int
    open_overdue: int
    on_time_rate: float | None
    score: float | None = Field(description="On time / (on time + late + open overdue).")


class RankingOut(Wire):
    """The departments, the best first."""

    clock: str
    clock_label: str
    from_: str = Field(alias="from")
    to: str
    items: list[RankOut]
    as_of: datetime
    known_at: datetime
    definitions: list[DefinitionOut]


class RankingOfOut(Wire):
    """The departments by one kind of clock, the best first."""

    clock: str
    clock_label: str
    items: list[RankOut]


class MonthlyOut(Wire):
    """The report of a month; the same for one `known_at`, once the month is over."""

    month: str
    from_: str = Field(alias="from")
    to: str
    is_over: bool
    as_of: datetime = Field(description="The last instant of the month; while it goes on, now.")
    known_at: datetime
    total: FiguresOut
    departments: list[StatisticsLine]
    items: list[StatisticsLine]
    rankings: list[RankingOfOut]
    definitions: list[DefinitionOut]


class OwnedRun(Wire):
    """Days that follow one another, all of one owner."""

    from_: str = Field(alias="from")
    to: str
    days: int
    owner: Literal["officer", "section", "department", "applicant", "pause", "rest"]
    owner_label: str
    department: str
    section: str | None
    officer: str | None
    name: str


class DaysOut(Wire):
    """Whose each day of an application is, from the day after the receipt to the result, or to `as_of`."""

    tracking_number: str
    received_on: str | None
    closed_on: str | None
    elapsed: int = Field(description="Calendar days; the owners' days add up to it.")
    owners: OwnersOut
    runs: list[OwnedRun]
    as_of: datetime
    known_at: datetime
