"""The rules of supervision as they travel."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.items.schemas import ExtensionDocument
from app.kit.schemas import Code, LimitIn, Line, LongText, Wire

__all__ = ["RulesIn", "RulesOut", "RulesPath"]


class Named(Wire):
    """One name in both languages; the Chinese one stands in where the English is missing."""

    zh: Line
    en: Line | None = None


class Labels(Wire):
    """What this authority calls things; what is left out is called as in the sample."""

    order: Named | None = None
    supervision: Named | None = None
    yellow: Named | None = None
    red: Named | None = None
    recommendation: Named | None = None


class RaisedBy(Wire):
    """Alarms that raise an order."""

    kind: Literal["warning", "overdue", "escalation", "deemed"]
    clocks: Annotated[list[Code], Field(min_length=1, max_length=50)] | None = Field(
        None, description="Of these kinds of clock; default of all."
    )


class CardRuleIn(Wire):
    """A card that lateness brings."""

    colour: Literal["yellow", "red"]
    after: LimitIn | None = Field(None, description="So long after the order's end; default at its end.")
    points: Annotated[int, Field(ge=0, le=100)] = 0
    recommends: bool = Field(False, description="With a recommendation (监察建议书).")


class RulesIn(Wire):
    """One version of the rules, whole: it stands for orders issued from now on."""

    raised_by: Annotated[list[RaisedBy], Field(max_length=50, description="Empty: no order by rule.")]
    limit: LimitIn = Field(description="How long an answer may take.")
    rework_limit: LimitIn = Field(description="How long the answer anew may take, after a return.")
    extension: ExtensionDocument = Field(description="How far and how often an order is extended.")
    warn_before: LimitIn | None = Field(None, description="So long before its end an order's light is yellow.")
    cards: Annotated[list[CardRuleIn], Field(max_length=10)] = []
    labels: Labels = Labels()
    source: LongText | None = Field(None, description="The document that says so.")

    @model_validator(mode="after")
    def has_one_card_an_instant(self) -> Self:
        """At the end of an order, and at each time after it, one card."""
        times = [None if card.after is None else (card.after.amount, card.after.unit) for card in self.cards]
        if len(set(times)) != len(times):
            raise PydanticCustomError("cards_collide", "two cards are given at the same time")
        return self


class RulesPath(Wire):
    """Which version of the rules; 0 is the sample that comes with the service."""

    version: str


class RulesOut(Wire):
    """One version of the rules."""

    version: int = Field(description="0: the sample that comes with the service.")
    rules: RulesIn
    published_at: datetime | None
    published_by: str | None
