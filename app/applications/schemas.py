"""Applications as they travel: the receipt that comes in, and what is shown of an application."""

import re
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.kit.paging import PageQuery
from app.kit.schemas import (
    Code,
    DateIn,
    InstantIn,
    LimitOut,
    Line,
    LongText,
    QueryWord,
    Wire,
    parse_date,
    parse_instant,
)

__all__ = [
    "ApplicantIn",
    "ApplicantOut",
    "ApplicationOut",
    "ApplicationPage",
    "ApplicationQuery",
    "ClockOut",
    "ClocksOut",
    "HolderOut",
    "NumberPath",
    "ReadQuery",
    "ReceiptAmendment",
    "ReceiptIn",
    "ReceiptOut",
    "StepHeaders",
    "StepOut",
    "StepPage",
    "StepQuery",
    "StepRecordedOut",
]

Day = date
PLAIN_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

Channel = Literal["window", "online", "mail", "integration"]


def parse_end(value: object) -> date | datetime:
    """A date is the last day, an instant the exclusive end."""
    if isinstance(value, str) and PLAIN_DATE.fullmatch(value):
        return parse_date(value)
    try:
        return parse_instant(value)
    except PydanticCustomError as wrong:
        if wrong.type != "instant_malformed":
            raise
        raise PydanticCustomError(
            "end_malformed", "must be a date like 2026-11-20 or an instant like 2026-11-20T12:00:00+08:00"
        ) from None


FixedEnd = Annotated[
    date | datetime,
    BeforeValidator(parse_end),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}),
]


Reference = Annotated[Line, Field(max_length=128)]
"""What a neighbouring system calls something: any text of one line, compared exactly."""


class ApplicantIn(Wire):
    """Who applies. Only the name is needed; all of it is sealed."""

    name: Line
    id_type: Code | None = Field(
        None,
        description="`uscc` 统一社会信用代码, `resident_id` 居民身份证, or another; these two have a check character.",
    )
    id_number: Line | None = None
    phone: Annotated[Line, Field(max_length=40)] | None = None


class ReceiptIn(Wire):
    """A receipt (收件)."""

    item: Code
    applicant: ApplicantIn
    subject: Line
    channel: Channel
    submitted_at: InstantIn | None = Field(
        None, description="Default now; may lie back, and is marked when it lies beyond the item's `late_entry_limit`."
    )
    project_code: Code | None = None
    external_ref: Code | None = Field(
        None, description="The neighbouring system's own reference: once for each system."
    )
    department: Code | None = Field(None, description="The first holder; default the item's department.")
    section: Code | None = None
    officer: Code | None = None
    fixed_due: Annotated[dict[Code, FixedEnd], Field(max_length=20)] = Field(
        {},
        description="Ends fixed for this application by kind of clock: a date is the last day, an instant the end.",
    )
    fixed_due_basis: LongText | None = Field(
        None, description="Required with `fixed_due`: the law or act that fixes it."
    )


class ReceiptAmendment(Wire):
    """The fields of a receipt that an `amend` may replace."""

    submitted_at: InstantIn | None = None
    applicant: ApplicantIn | None = None
    subject: Line | None = None
    fixed_due: Annotated[dict[Code, FixedEnd], Field(max_length=20)] | None = None
    fixed_due_basis: LongText | None = None


class NumberPath(Wire):
    """One application's address."""

    tracking_number: str


class ReadQuery(Wire):
    """What a read of one application may ask."""

    as_of: InstantIn | None = Field(None, description="Default now; may lie ahead.")
    known_at: InstantIn | None = Field(
        None, description="Only what had been recorded by this instant; default now, no later."
    )


class StepHeaders(Wire):
    """What a client may say of the version that he acts on."""

    if_match: str | None = Field(
        None, alias="If-Match", description="The `ETag` of the application; 412 when it has moved on since."
    )


class StepQuery(PageQuery):
    """A page of the steps of one application."""

    as_of: InstantIn | None = Field(None, description="Default now; may lie ahead.")
    known_at: InstantIn | None = Field(
        None, description="Only what had been recorded by this instant; default now, no later."
    )


class ApplicationQuery(PageQuery):
    """The filters of the list of applications; holder and status are those at `as_of`."""

    as_of: InstantIn | None = None
    known_at: InstantIn | None = Field(
        None,
        description=(
            "Only what had been recorded by this instant; default now, no later. "
            "422 `too_much_to_replay` where more than 4,000 applications would have to be replayed for it."
        ),
    )
    status: Code | None = None
    item: Code | None = None
    department: Code | None = Field(None, description="With those below it.")
    section: Code | None = None
    officer: Code | None = None
    light: Literal["green", "yellow", "red"] | None = None
    project_code: Reference | None = None
    received_from: DateIn | None = None
    received_to: DateIn | None = None
    q: QueryWord | None = Field(
        None, description="Tracking number, external reference or project code, or how one begins."
    )


class HolderOut(Wire):
    """On whose desk the application lies."""

    department: str
    section: str | None
    officer: str | None


class ApplicantOut(Wire):
    """Who applies; numbers are masked."""

    name: str
    id_type: str | None
    id_type_label: str | None
    id_number: str | None
    phone: str | None


class WarningOut(Wire):
    """When a warning rung is reached; null while the clock is paused."""

    rung: int
    at: datetime | None


class ClockOut(Wire):
    """One clock at the instant asked."""

    kind: str
    kind_label: str
    stage: str | None
    round: int | None
    limit: LimitOut | None
    legal_basis: str | None
    started_on: date | None
    started_at: datetime | None
    due_on: date | None
    due_at: datetime | None = Field(description="The exclusive end: overdue from this instant on.")
    latest_due_on: date | None
    state: str
    state_label: str
    stopped_at: datetime | None
    light: str | None
    light_label: str | None
    used: int
    remaining: int | None
    overdue: int
    overdue_since: datetime | None
    warnings: list[WarningOut]
    provisional: bool
    calendar: str
    revision: int


class ApplicationOut(Wire):
    """An application at the instant `as_of`."""

    tracking_number: str
    external_ref: str | None
    project_code: str | None
    item: str
    item_version: int
    item_name: str
    status: str
    status_label: str
    version: int
    submitted_at: datetime
    received_on: date | None = Field(description="The legal day of the receipt; null while it is not confirmed.")
    late_entry: bool = Field(description="The receipt was recorded later than the item's `late_entry_limit` allows.")
    receipt_rule: str
    receipt_rule_label: str
    channel: str
    channel_label: str
    source: str
    source_label: str
    applicant: ApplicantOut | None
    subject: str | None
    holder: HolderOut
    light: str | None
    light_label: str | None
    clocks: list[ClockOut]
    odd: list[str] = Field(description="What is odd about imported history.")
    odd_labels: list[str]
    as_of: datetime
    known_at: datetime


class WitnessOut(Wire):
    """The event that the receipt is."""

    seq: int
    hash: str = Field(description="The first 16 digits of its hash; `…/inclusion` names the checkpoint that covers it.")


class ReceiptOut(ApplicationOut):
    """The application that was received, with the query code, shown this once."""

    query_code: str
    witness: WitnessOut = Field(description="What the printed receipt carries: with it the applicant is a witness.")


class DocumentOut(Wire):
    """A document that proves something."""

    number: str | None = None
    title: str | None = None
    date: Day | None = None
    sha256: str | None = None


class WithdrawnOut(Wire):
    """Why an effect of silence no longer stands: what was recorded later shows that the act came in time."""

    at: datetime
    by: str = Field(description="The id of the step with whose record it fell.")
    reason: str


class SuspensionOut(Wire):
    """The clocks of a whole place, stopped by a published document; both days are taken out."""

    model_config = ConfigDict(populate_by_name=True)

    id: str
    clocks: list[str]
    from_: Day = Field(alias="from")
    to: Day | None
    document: str


class StepOut(Wire):
    """A recorded step; which of the further fields there are follows its type."""

    id: str
    seq: int
    type: str
    type_label: str
    occurred_at: datetime
    recorded_at: datetime
    recorded_by: str
    role: str
    role_label: str
    source: str
    source_label: str
    late_entry: bool
    actor: str | None = None
    approver: str | None = None
    late_reason: str | None = None
    note: str | None = None
    documents: list[DocumentOut] | None = None
    missing: list[str] | None = None
    reason: str | None = None
    stage: str | None = None
    outcome: str | None = None
    department: str | None = None
    section: str | None = None
    officer: str | None = None
    clock: str | None = None
    clock_label: str | None = None
    amount: int | None = None
    ground: str | None = None
    ground_label: str | None = None
    legal_basis: str | None = None
    announced: LimitOut | None = None
    notice: DocumentOut | None = None
    pause_id: str | None = None
    notified_at: datetime | None = None
    result: str | None = None
    result_label: str | None = None
    document: DocumentOut | None = None
    channel: str | None = None
    channel_label: str | None = None
    result_code: str | None = None
    effect: str | None = None
    effect_label: str | None = None
    effective_on: Day | None = Field(None, description="The day from which an effect of silence counts in law.")
    withdrawn: WithdrawnOut | None = Field(None, description="Of an effect of silence that no longer stands: why.")
    withdraws: list[str] | None = Field(None, description="The effects of silence that no longer stand with this step.")
    item: str | None = None
    item_version: int | None = None
    project_code: str | None = None
    external_ref: str | None = None
    applicant: ApplicantOut | None = None
    subject: str | None = None
    fixed_due: dict[str, datetime] | None = None
    fixed_due_basis: str | None = None
    step: str | None = Field(None, description="Of `amend`: the step that it corrects.")
    replaces: dict[str, JsonValue] | None = Field(
        None, description="Of `amend`: the changed fields; null where it strikes the step out."
    )
    amended_by: list[str] | None = Field(None, description="The amendments of this step, in order.")
    struck_out: bool | None = Field(None, description="Whether the last of them struck it out.")
    cause: str | None = Field(None, description="Of `recomputed`: `edition` or `suspension`.")
    calendar: str | None = Field(None, description="Of `recomputed`: the state that the application stands on now.")
    suspension: SuspensionOut | None = None
    hash: str = Field(description="SHA-256 that chains the step to the one before it.")


class StepRecordedOut(Wire):
    """The step that was recorded, and the application after it."""

    step: StepOut
    application: ApplicationOut


class ApplicationPage(Wire):
    """A page of applications, the newest first."""

    items: list[ApplicationOut]
    next_cursor: str | None
    as_of: datetime
    known_at: datetime


class StepPage(Wire):
    """A page of the steps of one application, in the order of recording."""

    items: list[StepOut]
    next_cursor: str | None
    as_of: datetime
    known_at: datetime


class ClocksOut(Wire):
    """The clocks of one application at the instant `as_of`."""

    items: list[ClockOut]
    next_cursor: None = None
    as_of: datetime
    known_at: datetime
