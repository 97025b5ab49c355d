"""Inspections as they travel."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.applications.schemas import DocumentOut
from app.applications.step_schemas import DocumentIn
from app.kit.paging import PageQuery
from app.kit.schemas import Code, DateIn, Line, LongText, QueryWord, Wire

__all__ = [
    "EntryHeaders",
    "EntryIn",
    "InspectionIn",
    "InspectionOut",
    "InspectionPage",
    "InspectionPath",
    "InspectionQuery",
]

Quarter = Annotated[str, Field(pattern="^(19(49|[5-9][0-9])|2[01][0-9]{2})-Q[1-4]$", examples=["2026-Q4"])]
ResultWord = Literal["in_order", "faults_found"]
KindWord = Literal["praise", "criticism", "award_lost", "order", "card", "other"]
Inspectors = Annotated[list[Line], Field(min_length=1, max_length=50)]
Numbers = Annotated[list[Line], Field(max_length=500, description="Tracking numbers of the applications looked at.")]
Documents = Annotated[list[DocumentIn], Field(max_length=50)]


class ConsequenceIn(Wire):
    """What follows: 表扬, 通报批评, 取消评优, an order or a card that is on record, or something else in words."""

    kind: KindWord
    order: Line | None = Field(None, description="The order that follows; needed for `order` alone.")
    card: Line | None = Field(None, description="The card that follows; needed for `card` alone.")
    note: LongText | None = None

    @model_validator(mode="after")
    def names_what_follows(self) -> Self:
        """An order or a card is named by its id, and nothing else is."""
        if (self.kind == "order") != (self.order is not None) or (self.kind == "card") != (self.card is not None):
            raise PydanticCustomError("consequence_malformed", "`order` and `card` name what follows, and only that")
        if self.kind == "other" and self.note is None:
            raise PydanticCustomError("consequence_malformed", "says what follows, in `note`")
        return self


Consequences = Annotated[list[ConsequenceIn], Field(max_length=50)]


class InspectionIn(Wire):
    """A check of an office, with what was found and what follows."""

    quarter: Quarter
    department: Code
    section: Code | None = None
    officer: Code | None = None
    inspected_on: DateIn = Field(description="Not ahead.")
    scope: LongText = Field(description="What was looked at.")
    applications: Numbers = []
    inspectors: Inspectors
    result: ResultWord
    finding: LongText
    consequences: Consequences = []
    documents: Documents = []
    actor: Line | None = None


class InsteadIn(Wire):
    """What an inspection should have said; what is left out stays. Lists are replaced whole."""

    inspected_on: DateIn | None = None
    scope: LongText | None = None
    applications: Numbers | None = None
    inspectors: Inspectors | None = None
    result: ResultWord | None = None
    finding: LongText | None = None
    consequences: Consequences | None = None

    @model_validator(mode="after")
    def replaces_something(self) -> Self:
        """A correction corrects something."""
        if not self.model_fields_set or all(getattr(self, name) is None for name in self.model_fields_set):
            raise PydanticCustomError("nothing_replaced", "must replace something")
        return self


class EntryIn(Wire):
    """A further entry: consequences that came later, a correction, or the withdrawal of the whole."""

    type: Literal["follow", "correct", "withdraw"]
    consequences: Annotated[list[ConsequenceIn], Field(min_length=1, max_length=50)] | None = Field(
        None, description="`follow`: what else follows."
    )
    instead: InsteadIn | None = Field(None, description="`correct`: what it should have said.")
    reason: LongText | None = Field(None, description="Needed for `correct` and `withdraw`.")
    documents: Documents = []
    actor: Line | None = None

    @model_validator(mode="after")
    def says_what_its_type_needs(self) -> Self:
        """Each type its own part, and a reason for whatever takes something back."""
        if (self.type == "follow") != (self.consequences is not None):
            raise PydanticCustomError("entry_malformed", "`consequences` are for `follow`, which needs them")
        if (self.type == "correct") != (self.instead is not None):
            raise PydanticCustomError("entry_malformed", "`instead` is for `correct`, which needs it")
        if self.type != "follow" and self.reason is None:
            raise PydanticCustomError("reason_missing", "needs a `reason`")
        return self


class InspectionPath(Wire):
    """Which inspection."""

    inspection: str = Field(description="The inspection's number; case and dashes are forgiven.")


class EntryHeaders(Wire):
    """What a client may say of the version that he acts on."""

    if_match: str | None = Field(
        None, alias="If-Match", description="The `ETag` of the inspection; 412 when it has moved on since."
    )


class InspectionQuery(PageQuery):
    """The filters of the list."""

    department: QueryWord | None = Field(None, description="Of this department, with those below.")
    quarter: Quarter | None = None


class ConsequenceOut(Wire):
    """What followed."""

    kind: str
    kind_label: str
    order: str | None
    card: str | None
    note: str | None


class SaidOut(Wire):
    """What an entry says; of a correction what it replaces."""

    inspected_on: date | None = None
    scope: str | None = None
    applications: list[str] | None = None
    inspectors: list[str] | None = None
    result: str | None = None
    finding: str | None = None
    consequences: list[ConsequenceOut] | None = None


class EntryOut(Wire):
    """One entry, as it was recorded."""

    seq: int
    type: str
    type_label: str
    recorded_at: datetime
    recorded_by: str
    role: str
    actor: str | None
    reason: str | None
    documents: list[DocumentOut]
    said: SaidOut


class InspectionOut(Wire):
    """An inspection as it holds after all its entries."""

    id: str
    version: int
    is_withdrawn: bool
    quarter: str
    department: str
    section: str | None
    officer: str | None
    name: str
    inspected_on: date
    scope: str
    applications: list[str]
    inspectors: list[str]
    result: str
    result_label: str
    finding: str
    consequences: list[ConsequenceOut]
    entries: list[EntryOut]


class InspectionPage(Wire):
    """A page of inspections, the newest first."""

    items: list[InspectionOut]
    next_cursor: str | None
