"""Service items (事项) as they travel: the document of one version, and what is said about a version beside it."""

from datetime import date, datetime
from typing import Annotated, Literal, cast

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, SerializerFunctionWrapHandler, model_serializer
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from app.kit.schemas import Code, DateIn, LimitIn, Line, QueryBool, Wire

__all__ = [
    "Change",
    "ClockDocument",
    "ClockShown",
    "CountDocument",
    "ExtensionDocument",
    "ItemDocument",
    "ItemIn",
    "ItemPage",
    "ItemPreview",
    "ItemPut",
    "ItemShown",
    "Material",
    "OpenUnder",
    "StageDocument",
    "WarnDocument",
]

Expiry = Literal[
    "overdue",
    "deemed_accepted_from_receipt",
    "deemed_accepted_at_expiry",
    "deemed_approved",
    "deemed_consented",
    "deemed_withdrawn",
]
ReceiptRule = Literal["system_entry", "next_working_day", "on_confirmation"]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else [] if value is None else value


Moments = Annotated[list[Line], Field(max_length=50), BeforeValidator(_listed)]
"""Moments; a single one may stand without its list."""


class Material(Wire):
    """What an applicant hands in."""

    name: Line
    required: bool = True
    copies: Annotated[int, Field(ge=0, le=1000)] = 1


class CountDocument(Wire):
    """How days are counted; what is left out follows the unit of the limit.

    A limit in working time runs from the moment: `start_rule` and `due_time` do not touch it.
    """

    start_rule: Literal["next_day", "same_day", "roll_then_next"] | None = Field(
        None, description="Default `next_day`: the day of the start is not counted."
    )
    end_rule: Literal["keep", "roll_forward"] | None = Field(
        None,
        description="Default `roll_forward` for calendar days and months, `keep` for the rest and with `same_time`. "
        "Working time and `same_time` end inside a day: there `roll_forward` moves an end outside the hours to the "
        "next opening.",
    )
    due_time: Literal["end_of_day", "close_of_business", "same_time"] | None = Field(
        None, description="Default `end_of_day`."
    )


class ExtensionDocument(Wire):
    """How far and how often the limit may be extended, in its own unit."""

    amount: Annotated[int, Field(ge=1, le=10_000_000)]
    times: Annotated[int, Field(ge=1, le=100)] = 1


class WarnDocument(Wire):
    """One rung; exactly one of the three is given."""

    before: LimitIn | None = Field(None, description="So long before the due day.")
    at_share: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="When this share of the limit is used, in thousandths at the finest."
    )
    after: LimitIn | None = Field(None, description="So long after the due day: an escalation.")

    @model_serializer(mode="wrap")
    def what_is_said(self, serialize: SerializerFunctionWrapHandler) -> dict[str, object]:
        """The rung without the two ways that it is not."""
        return {way: value for way, value in serialize(self).items() if value is not None}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """What is read and what is shown have the same three fields; the serializer alone would say only `object`."""
        return handler(cast(CoreSchema, {key: part for key, part in schema.items() if key != "serialization"}))


class ClockDocument(Wire):
    """One legal limit of the whole item."""

    kind: Code = Field(description="`notice`, `statutory`, `promise`, `delivery`, or a name of the item's own.")
    party: Literal["agency", "applicant"] = Field(
        "agency", description="Whose limit it is; an applicant's clock is never the office's delay."
    )
    starts: Line = Field(description="The moment at which it starts: `received`, `accepted`, `started:STAGE` …")
    stops: Annotated[list[Line], Field(min_length=1, max_length=50)] = Field(
        description="The moments at which it is met; a final step stops it in any case."
    )
    limit: LimitIn
    pauses_for: Annotated[list[Code], Field(max_length=50)] = Field(
        [], description="The grounds of a pause that stop it."
    )
    extension: ExtensionDocument | None = None
    restarts_on: Moments = Field(
        [],
        description="Moments from which it counts again from zero; it then runs again though it had stopped, and "
        "earlier pauses and extensions count no more.",
    )
    on_expiry: Expiry = Field(
        "overdue",
        description="What silence does when the limit runs out; a deemed effect takes place at the due instant.",
    )
    warn: Annotated[list[WarnDocument], Field(max_length=20)] | None = Field(
        None, description="Warning rungs; by default one working day before. An empty list: none."
    )
    count: CountDocument | None = None
    legal_basis: Line | None = None


class StageDocument(Wire):
    """One stage (环节), with a clock of its own where it has a limit."""

    code: Code
    name: Line | None = None
    department: Code | None = Field(None, description="Who holds the application in this stage, if another.")
    section: Code | None = None
    before_acceptance: bool = Field(False, description="May begin before the application is accepted.")
    limit: LimitIn | None = None
    pauses_for: Annotated[list[Code], Field(max_length=50)] | None = Field(
        None, description="By default those of the promise, else of the statutory clock."
    )
    extension: ExtensionDocument | None = None
    warn: Annotated[list[WarnDocument], Field(max_length=20)] | None = None
    count: CountDocument | None = None
    legal_basis: Line | None = None


class ItemDocument(Wire):
    """A service item; all of it may be left out where it stands inline in a simulation."""

    code: Code | None = None
    name: Line | None = None
    department: Code | None = None
    kind: Code | None = Field(None, description="What kind of act it is, such as `administrative_license`.")
    jurisdiction: Code | None = Field(
        None, description="Such as `CN` or `CN-41`; names the calendar where `calendar` does not."
    )
    legal_basis: Annotated[list[Line], Field(max_length=50)] = []
    materials: Annotated[list[Material], Field(max_length=200)] = []
    clocks: Annotated[list[ClockDocument], Field(max_length=50)] = []
    stages: Annotated[list[StageDocument], Field(max_length=200)] = []
    receipt_rule: ReceiptRule = Field(
        "system_entry",
        description="When what comes in is received: at once; on the next working day, if it comes on a rest day or "
        "from closing time on; or when somebody records `confirm`.",
    )
    late_entry_limit: LimitIn | None = Field(None, description="How late a step may be entered by anybody.")
    calendar: Code | None = None
    valid_from: DateIn | None = Field(None, description="Default today; never past for a second version.")


class ItemIn(ItemDocument):
    """A service item to be published."""

    name: Line
    department: Code


class ItemPut(Wire):
    """How a document is put."""

    dry_run: QueryBool = Field(
        False,
        description="Store no version; say what is wrong, what would change, and what open clocks would be under it.",
    )


class ClockShown(ClockDocument):
    """One limit with the labels of its codes."""

    kind_label: str
    party_label: str
    on_expiry_label: str


class ItemShown(ItemDocument):
    """One version of an item, as it was published, and what became of it."""

    code: Code
    name: Line
    department: Code
    clocks: list[ClockShown]  # type: ignore[assignment]  # frozen: nobody puts a clock without labels there
    version: int
    valid_from: date
    valid_to: date | None = Field(
        description="The last day on which a new application pins this version; null: no later one."
    )
    published_at: datetime
    receipt_rule_label: str


class ItemPage(Wire):
    """A page of items, each in its newest version."""

    items: list[ItemShown]
    next_cursor: str | None


class OpenUnder(Wire):
    """How many applications are open under one version."""

    version: int
    applications: int


class Change(Wire):
    """One difference between the newest version and the document: a pointer, what stands there, what would."""

    pointer: str
    before: object
    after: object


class ItemPreview(Wire):
    """What a PUT would do; no version is stored."""

    version: int = Field(description="The number that the version would have; that of the newest when nothing differs.")
    valid_from: date
    would_publish: bool
    changes: list[Change]
    open_applications: list[OpenUnder] = Field(
        description="Open applications by the version that they keep; none moves to the new one."
    )
