"""Explanations as they travel."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.applications.schemas import ClockOut, ReadQuery
from app.kit.schemas import Code, DateIn, LimitOut, Wire

__all__ = [
    "ApplicationExplanationOut",
    "ClockPath",
    "ExplanationOut",
    "ExplanationQuery",
    "PublicExplanationQuery",
]

Day = date


class ClockPath(Wire):
    """One clock's address."""

    tracking_number: str
    kind: str


class PublicExplanationQuery(Wire):
    """Which clock is meant, and which of its days."""

    stage: Code | None = Field(None, description="The stage, for the kind `stage`.")
    round: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        None, description="Which time of the stage; default the last one that has begun."
    )
    from_: DateIn | None = Field(None, alias="from", description="The first day to list; default the first of all.")
    limit: Annotated[int, Field(ge=1, le=2000)] = Field(
        400, description="How many days at once; `days_next` says where the rest begins."
    )


class ExplanationQuery(PublicExplanationQuery, ReadQuery):
    """The same, at an instant."""


class ExplainedDayOut(Wire):
    """One day: counted as the `n`-th or not, and why."""

    date: Day
    counted: bool
    n: int | None = Field(description="Of a limit in working time the whole units used by the end of the day.")
    reason: str = Field(
        description="`start_day`, `working_day`, `make_up_workday`, `calendar_day`, `weekend`, `holiday`, `paused`, "
        "`suspended`, `rolled`; `before_start` where a start on a rest day moved."
    )
    reason_label: str
    hours: list[list[str]] = Field(description="Of a limit in working time: from when to when it counts on this day.")
    name: str | None = Field(description="The calendar's name of the day, such as 春节.")
    ground: str | None
    ground_label: str | None
    source: str | None = Field(description="The notice that decides over the day.")
    article: str | None
    certainty: str


class AppliedOut(Wire):
    """One rule that was applied; `article` is null where the item or the application orders it."""

    rule: str
    article: str | None
    sentence: str


class ChangeOut(Wire):
    """One change of the end; `to` is null while the clock is paused, `latest` is then the end as announced."""

    at: datetime
    cause: str = Field(
        description="`started`, `deemed`, `restarted`, `paused`, `resumed`, `pause_ran_out`, `extended`, `stopped`, "
        "`capped`, `edition`, `suspension`."
    )
    cause_label: str
    step: str | None = Field(description="The id of the step behind it.")
    type: str | None
    ground: str | None
    ground_label: str | None
    announced: LimitOut | None
    amount: int | None
    legal_basis: str | None
    document: str | None = Field(description="The document of a suspension.")
    from_: Day | None = Field(alias="from", serialization_alias="from")
    to: Day | None
    latest: Day | None
    calendar: str
    revision: int
    sentence: str


class ExplanationOut(Wire):
    """One clock and how its end comes about."""

    kind: str
    kind_label: str
    stage: str | None
    round: int | None
    clock: ClockOut
    summary: str
    changes: list[ChangeOut]
    articles: list[AppliedOut]
    days: list[ExplainedDayOut]
    days_next: Day | None = Field(description="Where the rest of the days begins, if there is more.")


class ApplicationExplanationOut(ExplanationOut):
    """The same of a recorded application, at an instant."""

    tracking_number: str
    as_of: datetime
    known_at: datetime | None = Field(None, description="By when it had been recorded; absent in the public answer.")
