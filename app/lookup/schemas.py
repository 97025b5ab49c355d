"""What the public look-up answers."""

from datetime import date, datetime

from pydantic import Field

from app.applications.schemas import ClockOut
from app.kit.schemas import LimitOut, Wire

__all__ = ["PublicApplicationOut"]


class PublicStatusOut(Wire):
    """A status that the application reached."""

    status: str
    status_label: str
    at: datetime


class PublicStageOut(Wire):
    """One round of a stage."""

    code: str
    name: str
    round: int
    started_at: datetime | None
    completed_at: datetime | None


class PublicClockOut(ClockOut):
    """A clock, and whose it is."""

    party: str = Field(description="`agency`, or `applicant` for a limit that the applicant has to keep.")
    party_label: str


class PublicPauseOut(Wire):
    """A pause with its ground; `to` is null while it is open."""

    ground: str
    ground_label: str
    legal_basis: str | None
    from_: datetime = Field(alias="from", serialization_alias="from")
    to: datetime | None
    announced: LimitOut | None


class PublicExtensionOut(Wire):
    """An extension with its reason."""

    clock: str
    clock_label: str
    stage: str | None
    amount: int
    unit: str | None
    unit_label: str | None
    at: datetime
    reason: str | None


class PublicReasonOut(Wire):
    """Why a clock is overdue, as the office states it."""

    clock: str
    clock_label: str
    stage: str | None
    at: datetime
    reason: str


class PublicDeemedOut(Wire):
    """An effect of silence: at which instant, and from which day it counts in law."""

    clock: str
    clock_label: str
    effect: str
    effect_label: str
    effective_on: date
    at: datetime
    legal_basis: str | None


class PublicCorrectionOut(Wire):
    """What the applicant was asked to correct, and when it came."""

    requested_at: datetime
    submitted_at: datetime | None
    missing: list[str]


class PublicResultOut(Wire):
    """What was decided."""

    result: str | None
    result_label: str | None
    decided_at: datetime | None
    result_code: str | None


class PublicApplicationOut(Wire):
    """An application as anybody with its tracking number sees it; the last three fields only with the query code."""

    tracking_number: str
    as_of: datetime
    item: str
    item_name: str
    department: str = Field(description="Who holds it now.")
    department_name: str
    section_name: str | None
    status: str
    status_label: str
    submitted_at: datetime
    received_on: date | None = Field(description="The legal day of the receipt; null while it is not confirmed.")
    receipt_rule: str
    receipt_rule_label: str
    light: str | None
    light_label: str | None
    statuses: list[PublicStatusOut]
    stages: list[PublicStageOut]
    clocks: list[PublicClockOut]
    pauses: list[PublicPauseOut]
    extensions: list[PublicExtensionOut]
    overdue_reasons: list[PublicReasonOut]
    deemed: list[PublicDeemedOut] = Field(
        description="What the law makes of the office's, or the applicant's, silence."
    )
    supervision_telephone: str | None
    subject: str | None = None
    corrections: list[PublicCorrectionOut] = []
    result: PublicResultOut | None = None
