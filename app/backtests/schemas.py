"""Backtests as they travel."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.items.schemas import CountDocument
from app.kit.schemas import Code, DateIn, LimitIn, LimitOut, Line, Wire

__all__ = [
    "BacktestIn",
    "BacktestOut",
    "BacktestResult",
    "BacktestSection",
    "Fared",
    "FormerLimit",
    "KeptIn",
]


class BacktestIn(Wire):
    """Which clock of which ended applications, and the limit that it would have had."""

    item: Code | None = Field(None, description="The item; without it the clock of this kind of every item.")
    clock: Code = Field(
        "promise",
        description="The kind of clock. One that the item does not have is tried as running from `starts` (default "
        "`received`) to `stops` (default `decided` or a final step).",
    )
    stage: Code | None = Field(None, description="The clock of this stage instead; `clock` is then `stage`.")
    limit: LimitIn = Field(description="The limit to be tried, in any unit.")
    from_: DateIn = Field(alias="from", description="Applications decided or ended from this day on …")
    to: DateIn = Field(description="… up to and including this one.")
    department: Code | None = Field(None, description="Held, when they ended, by this department or one below it.")
    section: Code | None = Field(None, description="Held by this section when they ended.")
    count: CountDocument | None = Field(
        None, description="How it is counted; default as the item says, in another unit as that unit is by default."
    )
    pauses_for: Annotated[list[Code], Field(max_length=50)] | None = Field(
        None, description="The grounds that stop it; default those of the item's clock."
    )
    starts: Line | None = None
    stops: Annotated[list[Line], Field(min_length=1, max_length=50)] | None = None

    @model_validator(mode="after")
    def makes_sense(self) -> Self:
        """A period ends after it begins, and working time has no limit of nothing."""
        if self.from_ > self.to:
            raise PydanticCustomError("period_reversed", "the period must end on or after the day it begins")
        if self.stage is not None and self.clock not in ("stage", "promise"):
            raise PydanticCustomError("clock_and_stage", "the clock of a stage is called `stage`")
        return self


class Fared(Wire):
    """How many fared how."""

    kept: int = Field(description="Stopped before the due instant by a moment that the clock waits for.")
    late: int = Field(description="Stopped at the due instant or later, or still running past it.")
    void: int = Field(description="Ended in time by a step that the clock does not wait for; no part of the share.")
    open: int = Field(description="Not stopped yet and within the limit.")
    not_started: int = Field(description="Never started.")
    absent: int = Field(description="Had no such clock.")
    late_share: float | None = Field(description="`late` / (`kept` + `late`), to four places; null of nothing.")


class FormerLimit(Wire):
    """A limit that applications had, and how many."""

    limit: LimitOut | None = Field(description="Null: an end fixed for the one application, or no such clock.")
    applications: int


class KeptIn(Wire):
    """The smallest limit that this share would have kept."""

    share: float
    limit: LimitOut


class BacktestSection(Wire):
    """The figures of one section."""

    department: str
    department_name: str
    section: str | None
    section_name: str | None
    applications: int
    before: Fared
    after: Fared
    newly_late: int = Field(description="Not late as it was, late under the limit tried.")
    no_longer_late: int
    kept_in: list[KeptIn]


class BacktestResult(Wire):
    """What would have become of them."""

    item: str | None
    clock: str
    stage: str | None
    limit: LimitOut
    from_: date = Field(alias="from")
    to: date
    as_of: datetime = Field(description="The instant at which the record was looked at.")
    applications: int = Field(description="Decided or ended in the period, in the scope of whoever asked.")
    limits_before: list[FormerLimit]
    before: Fared
    after: Fared
    newly_late: int
    no_longer_late: int
    kept_in: list[KeptIn] = Field(
        description="For 50, 80, 90, 95, 99 and 100 in a hundred the smallest whole limit, in the unit tried, that "
        "would have been kept; of those that a moment stopped which the clock waits for. Pauses and extensions count "
        "as recorded; an extension that would have come after the shorter end does not."
    )
    extensions_left_out: int = Field(description="Applications whose extension is in another unit and counts nothing.")
    sections: list[BacktestSection] = Field(description="By who held them when they ended; most newly late first.")


class BacktestOut(Wire):
    """A backtest: answered at once, or how far it is."""

    id: str | None = Field(description="Null when it was answered at once and nothing was kept.")
    state: Literal["waiting", "running", "done", "failed"]
    state_label: str
    done: int
    total: int
    result: BacktestResult | None
    problem: dict[str, object] | None = Field(description="Why it failed.")
