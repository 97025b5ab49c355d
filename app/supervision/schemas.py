"""Orders and cards as they travel."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.applications.schemas import ClockOut, DocumentOut
from app.applications.step_schemas import DocumentIn
from app.kit.paging import PageQuery
from app.kit.schemas import Code, LimitIn, Line, LongText, QueryWord, Wire

__all__ = [
    "CardOut",
    "CardPage",
    "CardQuery",
    "OrderIn",
    "OrderOut",
    "OrderPage",
    "OrderPath",
    "OrderQuery",
    "OrderStepHeaders",
    "OrderStepOut",
    "OrderStepPage",
    "OrderStepRecordedOut",
]

Status = Literal["issued", "acknowledged", "rectifying", "answered", "returned", "accepted", "closed", "revoked"]


class OrderPath(Wire):
    """Which order."""

    order: str = Field(description="The order's number; case, dashes and easily mistaken symbols are forgiven.")


class OrderStepHeaders(Wire):
    """What a client may say of the version that he acts on."""

    if_match: str | None = Field(
        None, alias="If-Match", description="The `ETag` of the order; 412 when it has moved on since."
    )


class OrderIn(Wire):
    """An order that a supervisor issues."""

    tracking_number: Line | None = Field(None, description="The application that it is about, if any.")
    department: Code | None = Field(None, description="Whom it is for; default who holds the application now.")
    section: Code | None = None
    officer: Code | None = None
    content: LongText = Field(description="What is to be put right.")
    legal_basis: Line | None = None
    limit: LimitIn | None = Field(None, description="How long the answer may take; default what the rules say.")
    actor: Line | None = Field(None, description="Who issued it; default the name of the key.")
    documents: Annotated[list[DocumentIn], Field(max_length=50)] = []

    @model_validator(mode="after")
    def is_for_somebody(self) -> Self:
        """An order about no application names its department."""
        if self.tracking_number is None and self.department is None:
            raise PydanticCustomError("holder_unnamed", "must name an application or a department")
        if self.department is None and (self.section is not None or self.officer is not None):
            raise PydanticCustomError("holder_unnamed", "a section and an officer are named with their department")
        return self


class OrderQuery(PageQuery):
    """The filters of the list of orders."""

    status: Status | None = None
    department: QueryWord | None = Field(None, description="Whom it is for; with those below.")
    tracking_number: QueryWord | None = None


class CauseOut(Wire):
    """The alarm that raised an order."""

    alarm: str
    kind: str
    kind_label: str
    clock: str
    clock_label: str
    stage: str | None
    rung: int
    due_at: datetime
    crossed_at: datetime


class HolderOut(Wire):
    """Whom an order is for."""

    department: str
    section: str | None
    officer: str | None


class AppealOut(Wire):
    """An appeal that is not decided."""

    at: datetime
    reason: str | None


class ExtensionOut(Wire):
    """An extension that is asked for and not decided."""

    at: datetime
    amount: int
    reason: str | None


class RevokedOut(Wire):
    """Why a card no longer stands."""

    at: datetime
    seq: int = Field(description="The step of the order that took it back.")
    cause: str = Field(description="`appeal`, `order_revoked`, `extension`.")
    cause_label: str


class CardOut(Wire):
    """A card (黄牌, 红牌)."""

    id: str
    order: str
    tracking_number: str | None
    department: str
    section: str | None
    officer: str | None
    colour: str
    colour_label: str
    points: int = Field(description="What it takes off, by the rules of its order.")
    recommendation: str | None = Field(description="The name of the recommendation that comes with it.")
    due_at: datetime
    crossed_at: datetime = Field(description="When the rung was crossed, however late it was found.")
    given_at: datetime
    revoked: RevokedOut | None


class OrderOut(Wire):
    """An order as it stands."""

    id: str
    label: str = Field(description="What this authority calls an order: data of the rules.")
    supervision_label: str
    status: str
    status_label: str
    version: int
    by_rule: bool
    rules: int
    tracking_number: str | None
    cause: CauseOut | None
    holder: HolderOut
    content: str | None
    legal_basis: str | None
    documents: list[DocumentOut]
    issued_at: datetime
    clock: ClockOut
    extension_asked: ExtensionOut | None
    appeal: AppealOut | None
    false_alarm: bool
    cards: list[CardOut]
    allowed: list[str] = Field(description="The steps that may follow.")
    as_of: datetime


class OrderStepOut(Wire):
    """A recorded step of an order; which of the further fields there are follows its type."""

    seq: int
    type: str
    type_label: str
    recorded_at: datetime
    recorded_by: str
    role: str
    role_label: str
    actor: str | None = None
    note: str | None = None
    documents: list[DocumentOut] | None = None
    content: str | None = None
    measures: str | None = None
    answer: str | None = None
    reason: str | None = None
    conclusion: str | None = None
    amount: int | None = None
    order: bool | None = Field(None, description="Of an upheld appeal: whether the order fell.")
    false_alarm: bool | None = None
    cards: list[str] | None = None
    card: str | None = None
    colour: str | None = None
    cause: str | None = None
    alarm: str | None = None
    hash: str = Field(description="SHA-256 that chains the step to the one before it.")


class OrderStepRecordedOut(Wire):
    """The step that was recorded, and the order after it."""

    step: OrderStepOut
    order: OrderOut


class OrderPage(Wire):
    """A page of orders, the newest first."""

    items: list[OrderOut]
    next_cursor: str | None
    as_of: datetime


class OrderStepPage(Wire):
    """The steps of one order, in the order of recording."""

    items: list[OrderStepOut]
    next_cursor: None = None


class CardQuery(PageQuery):
    """The filters of the list of cards."""

    colour: Literal["yellow", "red"] | None = None
    department: QueryWord | None = Field(None, description="Who got it; with those below.")
    order: QueryWord | None = None


class CardPage(Wire):
    """A page of cards, the newest first."""

    items: list[CardOut]
    next_cursor: str | None
