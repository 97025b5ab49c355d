"""What-if cases as they travel: a whole application, or bare date arithmetic."""

import re
from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    JsonValue,
    SkipValidation,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from app.applications.explanation_schemas import ExplanationOut
from app.applications.schemas import ClockOut, FixedEnd
from app.applications.step_schemas import DocumentIn
from app.calendars.schemas import CalendarIn
from app.domain.units import MICROSECONDS
from app.items.schemas import ItemDocument
from app.kit.schemas import Code, InstantIn, LimitIn, Line, LongText, Wire, parse_date, parse_instant

__all__ = [
    "MOST_CASES",
    "ApplicationCase",
    "ApplicationResult",
    "ArithmeticCase",
    "ArithmeticResult",
    "CaseProblem",
    "FailedCase",
    "SignedLimit",
    "SimulatedStep",
    "SimulationsIn",
    "SimulationsOut",
    "SimulationsQuery",
    "Violation",
]

MOST_CASES = 1000

_PLAIN_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _moment(value: object) -> date | datetime:
    if isinstance(value, str) and _PLAIN_DATE.fullmatch(value):
        return parse_date(value)
    if not isinstance(value, str):
        raise PydanticCustomError("moment_malformed", "must be a date or an instant")
    return parse_instant(value)


Moment = Annotated[
    date | datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}),
]
"""A date of the calendar's zone, or an instant."""


def _form(value: object) -> str:
    return "inline" if isinstance(value, dict) else "named"


CalendarChoice = Annotated[Annotated[Code, Tag("named")] | Annotated[CalendarIn, Tag("inline")], Discriminator(_form)]
ItemChoice = Annotated[Annotated[Code, Tag("named")] | Annotated[ItemDocument, Tag("inline")], Discriminator(_form)]
CaseId = Annotated[Line, Field(max_length=200, description="Named again in the answer.")]


class SignedLimit(Wire):
    """A length of time; a negative amount counts back."""

    amount: Annotated[int, Field(ge=-100_000_000, le=100_000_000)]
    unit: Literal["working_day", "calendar_day", "month", "working_hour", "working_minute", "working_second"]

    @model_validator(mode="after")
    def runs_for_some_time(self) -> Self:
        """Zero days end on the start day; zero hours would be over at once."""
        if self.amount == 0 and self.unit in MICROSECONDS:
            raise PydanticCustomError("limit_too_short", "a limit in working time is not 0")
        return self


class ArithmeticCase(Wire):
    """Bare date arithmetic: a start, a limit, and how it is counted."""

    id: CaseId
    calendar: CalendarChoice = Field("CN", description="A code, or a calendar given inline.")
    start: Moment
    limit: SignedLimit
    start_rule: Literal["next_day", "same_day", "roll_then_next"] = "next_day"
    end_rule: Literal["keep", "roll_forward"] | None = Field(
        None,
        description="Default `roll_forward` for calendar days and months; `keep` for working days and working time, "
        "with `same_time`, and when counting back.",
    )
    due_time: Literal["end_of_day", "close_of_business", "same_time"] = "end_of_day"
    pauses: Annotated[
        list[Annotated[list[Moment | None], Field(min_length=2, max_length=2)]], Field(max_length=1000)
    ] = Field(
        [],
        description="From and to; the days after the first up to and including the second do not count. Of a limit in "
        "working time they are instants, half-open.",
    )
    extension: Annotated[int, Field(ge=0, le=100_000_000, description="So many units more.")] = 0


COUNTED = {
    "start_stage": ("stage",),
    "complete_stage": ("stage",),
    "pause": ("ground",),
    "extend": ("clock", "amount"),
    "explain_delay": ("clock",),
    "amend": ("step",),
}
"""The fields of a step that the count depends on, by its type."""


class SimulatedStep(Wire):
    """One step of a simulated application; what only proves it may be left out."""

    type: Literal[
        "receive",
        "confirm",
        "request_correction",
        "submit_correction",
        "accept",
        "refuse",
        "start_stage",
        "complete_stage",
        "assign",
        "pause",
        "resume",
        "extend",
        "decide",
        "publish",
        "deliver",
        "inspect",
        "withdraw",
        "terminate",
        "close",
        "explain_delay",
        "amend",
    ]
    at: InstantIn
    id: Line | None = Field(None, description="By which a `resume` may name a pause, and an `amend` any step.")
    step: Line | None = Field(None, description="The id of the step that an `amend` corrects.")
    replaces: Annotated[dict[str, JsonValue], Field(max_length=40)] | None = Field(
        None,
        description="Of an `amend`, which must state it: the changed fields with their new values, the instant as "
        "`occurred_at` or `at`; null strikes the step out. Of the receipt: `submitted_at`, `applicant`, `subject`, "
        "`fixed_due`.",
    )
    pause_id: Line | None = Field(None, description="Which pause a `resume` ends; default the last open one.")
    ground: Code | None = None
    announced: LimitIn | None = None
    clock: Code | None = None
    stage: Code | None = None
    amount: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    notified_at: InstantIn | None = None
    outcome: Code | None = None
    result: Line | None = None
    result_code: Code | None = None
    department: Code | None = None
    section: Code | None = None
    officer: Code | None = None
    missing: Annotated[list[Line], Field(max_length=200)] = []
    reason: LongText | None = None
    legal_basis: Line | None = None
    approver: Line | None = None
    actor: Line | None = None
    channel: Code | None = None
    notice: DocumentIn | None = None
    document: DocumentIn | None = None
    documents: Annotated[list[DocumentIn], Field(max_length=50)] = []
    note: LongText | None = None

    @model_validator(mode="after")
    def says_what_the_count_depends_on(self) -> Self:
        """What only proves a step may be left out, what the count depends on may not."""
        missing = next((name for name in COUNTED.get(self.type, ()) if getattr(self, name) is None), None)
        if self.type == "amend" and "replaces" not in self.model_fields_set:
            missing = missing or "replaces"
        if missing is not None:
            raise PydanticCustomError("step_incomplete", "needs {field}", {"field": missing})
        return self


class ApplicationCase(Wire):
    """A whole application: an item, a calendar, what happened, and the instant asked about."""

    id: CaseId
    item: ItemChoice = Field(description="A code, or a whole item; an inline one needs only `clocks` or `stages`.")
    calendar: CalendarChoice | None = Field(
        None, description="A code, or a calendar given inline; default that of the item."
    )
    as_of: InstantIn | None = Field(
        None,
        description="By default the last step's instant; a named calendar is taken as published by then.",
    )
    known_at: InstantIn | None = Field(
        None,
        description="With `as_of`: all that had been recorded by then, and nothing else; a step, and an `amend`, is "
        "recorded when it happens, and a correction applies from the instant that it corrects. Without it what had "
        "been recorded by `as_of`: a case knows no now.",
    )
    steps: Annotated[list[SimulatedStep], Field(max_length=300)]
    fixed_due: Annotated[dict[Code, FixedEnd], Field(max_length=20)] = Field(
        {}, description="An end fixed for this one application, by kind of clock."
    )


class SimulationsIn(Wire):
    """Up to 1,000 cases; each is judged by itself."""

    cases: Annotated[list[SkipValidation[ApplicationCase | ArithmeticCase]], Field(min_length=1, max_length=MOST_CASES)]


class SimulationsQuery(Wire):
    """Whether the answer explains itself."""

    explain: bool = Field(False, description="`true`: each clock with its days, articles and changes of the end.")


class Violation(Wire):
    """A step that live entry would refuse, or a finding about one."""

    code: str
    detail: str
    legal_basis: str | None


class DeemedOut(Wire):
    """An effect of silence: at the due instant, and from which day it counts in law."""

    clock: str
    clock_label: str
    effect: str = Field(description="The clock's `on_expiry`.")
    effect_label: str
    effective_on: date
    at: datetime
    legal_basis: str | None


class ApplicationResult(Wire):
    """What became of a simulated application."""

    id: str
    status: str
    status_label: str
    clocks: list[ClockOut]
    deemed: list[DeemedOut] = Field(description="What silence has done by `as_of`.")
    violations: list[Violation]
    explanation: list[ExplanationOut] | None = Field(None, description="Only with `?explain=true`.")


class ArithmeticResult(Wire):
    """The end of a limit; both null while a pause is open."""

    id: str
    due_on: date | None
    due_at: datetime | None
    provisional: bool
    calendar: str


class CaseProblem(Wire):
    """Why one case could not be computed (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    article: str | None = None
    allowed: list[str] = []
    errors: list[dict[str, str]] = []


class FailedCase(Wire):
    """A case that could not be computed; the others are."""

    id: str | None
    error: CaseProblem


class SimulationsOut(Wire):
    """The results in the order asked."""

    results: list[ApplicationResult | ArithmeticResult | FailedCase]
