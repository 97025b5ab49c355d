"""Steps as they travel: one class a type, told apart by `type`."""

from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, RootModel, model_validator
from pydantic_core import PydanticCustomError

from app.kit.schemas import Code, DateIn, InstantIn, LimitIn, Line, LongText, Wire

__all__ = ["BY_TYPE", "Amend", "AnyStep", "Assign", "DocumentIn", "StepIn"]


class DocumentIn(Wire):
    """A document that proves something: named by number, title and date, known again by its hash."""

    number: Line | None = None
    title: Line | None = None
    date: DateIn | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", strict=True)] | None = Field(
        None, description="SHA-256 of the file, in hexadecimal."
    )

    @model_validator(mode="after")
    def names_something(self) -> Self:
        """A document is named by at least one of number, title and hash."""
        if self.number is None and self.title is None and self.sha256 is None:
            raise PydanticCustomError("document_nameless", "must have a number, a title or a hash")
        return self


Documents = Annotated[list[DocumentIn], Field(max_length=50)]


class StepIn(Wire):
    """What every step may say."""

    type: str
    occurred_at: InstantIn | None = Field(
        None, description="When it happened; default now. More than 5 minutes back is a late entry."
    )
    actor: Line | None = Field(None, description="Who did it; default the name of the key.")
    approver: Line | None = Field(None, description="Who approved it; another person than the actor.")
    late_reason: LongText | None = Field(None, description="Why it is entered late; required for a late entry.")
    note: LongText | None = None
    documents: Documents = []


class Confirm(StepIn):
    """确认收到: the receipt is confirmed; where the item's rule is `on_confirmation` it is received from then on."""

    type: Literal["confirm"]


class RequestCorrection(StepIn):
    """补正告知: the applicant is told, once, what is missing."""

    type: Literal["request_correction"]
    missing: Annotated[list[Line], Field(min_length=1, max_length=200, description="Each thing that is missing.")]


class SubmitCorrection(StepIn):
    """补正: what was missing has come."""

    type: Literal["submit_correction"]


class Accept(StepIn):
    """受理."""

    type: Literal["accept"]


class Refuse(StepIn):
    """不予受理."""

    type: Literal["refuse"]
    reason: LongText


class StartStage(StepIn):
    """A stage of the item begins; the application goes to its department and section."""

    type: Literal["start_stage"]
    stage: Code


class CompleteStage(StepIn):
    """A stage of the item is done."""

    type: Literal["complete_stage"]
    stage: Code
    outcome: Code | None = None


class Assign(StepIn):
    """转办: the application goes to another department, section or officer."""

    type: Literal["assign"]
    department: Code | None = None
    section: Code | None = None
    officer: Code | None = None

    @model_validator(mode="after")
    def names_somebody(self) -> Self:
        """An assignment says to whom."""
        if self.department is None and self.section is None and self.officer is None:
            raise PydanticCustomError("holder_unnamed", "must name a department, a section or an officer")
        return self


class Pause(StepIn):
    """特别程序, 中止: time that the item does not count begins."""

    type: Literal["pause"]
    ground: Code = Field(description="Which clocks stop follows the item's `pauses_for`.")
    legal_basis: Line
    announced: LimitIn | None = Field(description="How long it will last; null where no length can be told.")
    approver: Line
    notice: DocumentIn | None = None


class Resume(StepIn):
    """A pause ends."""

    type: Literal["resume"]
    pause_id: Code | None = Field(None, description="The id of the pause; default the last open one.")
    result: Line | None = None


class Extend(StepIn):
    """延期: a limit is extended, before it ends."""

    type: Literal["extend"]
    clock: Code
    stage: Code | None = None
    amount: Annotated[int, Field(ge=1, le=10_000_000, description="In the unit of the clock.")]
    approver: Line
    reason: LongText
    notified_at: InstantIn | None = Field(None, description="When the applicant was told; default `occurred_at`.")


class Decide(StepIn):
    """决定."""

    type: Literal["decide"]
    result: Literal["granted", "denied"]
    document: DocumentIn | None = None


class Publish(StepIn):
    """公开决定."""

    type: Literal["publish"]
    channel: Code | None = None
    document: DocumentIn | None = None


class Deliver(StepIn):
    """送达."""

    type: Literal["deliver"]
    channel: Code | None = None
    document: DocumentIn | None = None


class Inspect(StepIn):
    """验收: an inspection has taken place, for an item that has one."""

    type: Literal["inspect"]
    result: Code
    document: DocumentIn | None = None


class Withdraw(StepIn):
    """撤回: the applicant takes the application back."""

    type: Literal["withdraw"]
    reason: LongText


class Terminate(StepIn):
    """终止."""

    type: Literal["terminate"]
    reason: LongText


class Close(StepIn):
    """办结."""

    type: Literal["close"]
    result_code: Code


class ExplainDelay(StepIn):
    """公开超期理由: why a clock is past its end; the reason is public."""

    type: Literal["explain_delay"]
    clock: Code
    stage: Code | None = None
    reason: LongText


class Amend(StepIn):
    """更正: a recorded step is corrected without being erased."""

    type: Literal["amend"]
    step: Line = Field(description="The id of the step.")
    replaces: Annotated[dict[str, JsonValue], Field(max_length=40)] | None = Field(
        description="The changed fields with their new values; null strikes the step out. Of the receipt: "
        "`submitted_at`, `applicant`, `subject`, `fixed_due` (with `fixed_due_basis`)."
    )
    reason: LongText
    approver: Line


Documented = Annotated[
    Confirm
    | RequestCorrection
    | SubmitCorrection
    | Accept
    | Refuse
    | StartStage
    | CompleteStage
    | Assign
    | Pause
    | Resume
    | Extend
    | Decide
    | Publish
    | Deliver
    | Inspect
    | Withdraw
    | Terminate
    | Close
    | ExplainDelay
    | Amend,
    Field(discriminator="type"),
]


class AnyStep(RootModel[Documented]):
    """A step of any type, as the interface document shows it."""


BY_TYPE: dict[str, type[StepIn]] = {
    "confirm": Confirm,
    "request_correction": RequestCorrection,
    "submit_correction": SubmitCorrection,
    "accept": Accept,
    "refuse": Refuse,
    "start_stage": StartStage,
    "complete_stage": CompleteStage,
    "assign": Assign,
    "pause": Pause,
    "resume": Resume,
    "extend": Extend,
    "decide": Decide,
    "publish": Publish,
    "deliver": Deliver,
    "inspect": Inspect,
    "withdraw": Withdraw,
    "terminate": Terminate,
    "close": Close,
    "explain_delay": ExplainDelay,
    "amend": Amend,
}
