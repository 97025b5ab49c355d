"""Steps of orders as they travel: one class a type, told apart by `type`."""

from typing import Annotated, Literal

from pydantic import Field, RootModel

from app.applications.step_schemas import DocumentIn
from app.kit.schemas import Code, Line, LongText, Wire

__all__ = ["BY_TYPE", "AnyOrderStep", "OrderStepIn"]

Amount = Annotated[int, Field(ge=1, le=10_000, description="units of the order's limit")]
Documents = Annotated[list[DocumentIn], Field(max_length=50)]


class OrderStepIn(Wire):
    """What every step may say."""

    type: str
    actor: Line | None = Field(None, description="Who did it; default the name of the key.")
    note: LongText | None = None
    documents: Documents = []


class Acknowledge(OrderStepIn):
    """签收: the department has it."""

    type: Literal["acknowledge"]


class Rectify(OrderStepIn):
    """整改: the department has begun, with what it means to do."""

    type: Literal["rectify"]
    measures: LongText | None = None


class AskExtension(OrderStepIn):
    """The department asks for more time, before the order's limit ends."""

    type: Literal["ask_extension"]
    amount: Amount
    reason: LongText


class GrantExtension(OrderStepIn):
    """The supervisor grants what was asked for; it holds from when it was asked."""

    type: Literal["grant_extension"]


class RefuseExtension(OrderStepIn):
    """The supervisor refuses it."""

    type: Literal["refuse_extension"]
    reason: LongText


class AnswerOrder(OrderStepIn):
    """反馈: what was done, with at least one document that proves it."""

    type: Literal["answer"]
    answer: LongText
    documents: Annotated[list[DocumentIn], Field(min_length=1, max_length=50)]


class AcceptAnswer(OrderStepIn):
    """The supervisor is content with the answer."""

    type: Literal["accept"]


class ReturnAnswer(OrderStepIn):
    """退办: the supervisor is not; a new limit begins."""

    type: Literal["return"]
    reason: LongText


class CloseOrder(OrderStepIn):
    """办结: the order ends, with its conclusion."""

    type: Literal["close"]
    conclusion: LongText


class Appeal(OrderStepIn):
    """申诉: the department contests the order or its cards; the order's clock stops until it is decided."""

    type: Literal["appeal"]
    reason: LongText


class UpholdAppeal(OrderStepIn):
    """The supervisor gives the department right: the order falls with its cards, or cards alone."""

    type: Literal["uphold_appeal"]
    reason: LongText
    revokes: Literal["order", "cards"]
    cards: Annotated[list[Code], Field(min_length=1, max_length=50)] | None = Field(
        None, description="Which cards, where not all; with `revokes: cards`."
    )
    false_alarm: bool = Field(
        False, description="The alarm behind the order was false: it is withdrawn; with `revokes: order`."
    )


class RejectAppeal(OrderStepIn):
    """The supervisor does not: the clock goes on."""

    type: Literal["reject_appeal"]
    reason: LongText


class RevokeOrder(OrderStepIn):
    """撤销: the supervisor takes an order back, with its cards."""

    type: Literal["revoke"]
    reason: LongText


class AnyOrderStep(
    RootModel[
        Annotated[
            Acknowledge
            | Rectify
            | AskExtension
            | GrantExtension
            | RefuseExtension
            | AnswerOrder
            | AcceptAnswer
            | ReturnAnswer
            | CloseOrder
            | Appeal
            | UpholdAppeal
            | RejectAppeal
            | RevokeOrder,
            Field(discriminator="type"),
        ]
    ]
):
    """One step of an order, by its type."""


BY_TYPE: dict[str, type[OrderStepIn]] = {
    "acknowledge": Acknowledge,
    "rectify": Rectify,
    "ask_extension": AskExtension,
    "grant_extension": GrantExtension,
    "refuse_extension": RefuseExtension,
    "answer": AnswerOrder,
    "accept": AcceptAnswer,
    "return": ReturnAnswer,
    "close": CloseOrder,
    "appeal": Appeal,
    "uphold_appeal": UpholdAppeal,
    "reject_appeal": RejectAppeal,
    "revoke": RevokeOrder,
}
