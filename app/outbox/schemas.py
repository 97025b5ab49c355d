"""Webhooks and their deliveries as they travel."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.kit.paging import PageQuery
from app.kit.schemas import Code, InstantIn, Line, Text, Wire

__all__ = [
    "DeliveryPage",
    "DeliveryQuery",
    "DeliveryShown",
    "PingOut",
    "ReplayIn",
    "ReplayOut",
    "SecretOut",
    "WebhookChange",
    "WebhookCreated",
    "WebhookIn",
    "WebhookPage",
    "WebhookShown",
]

Url = Annotated[str, Text(max=2048)]
EventType = Literal[
    "alarm.raised",
    "alarm.withdrawn",
    "checkpoint.taken",
    "order.closed",
    "order.escalated",
    "order.issued",
    "record.tampered",
    "record.verified",
]
Events = Annotated[list[EventType], Field(min_length=1, max_length=50)]
MessageId = Annotated[str, Text(max=64, slashes=False)]


class WebhookIn(Wire):
    """A new webhook."""

    url: Url = Field(description="https://…, on a host or in a network that the operator's list allows.")
    name: Line = Field(description="Whose it is.")
    events: Events | None = Field(None, description="The types of event; null: all of them.")
    department: Code | None = Field(None, description="Only what concerns this department or one below it.")


class WebhookChange(Wire):
    """What is to be different; a field that is left out stays as it is."""

    url: Url = ""
    name: Line = ""
    events: Events | None = None
    department: Code | None = None
    enabled: bool = True

    @model_validator(mode="after")
    def changes_something(self) -> Self:
        """An empty change is a mistake of whoever sends it."""
        if not self.model_fields_set:
            raise PydanticCustomError("nothing_changed", "must name at least one field")
        return self


class WebhookShown(Wire):
    """A webhook without its secret, which nobody can see again."""

    id: str
    url: str
    name: str
    events: list[str] | None
    department: str | None
    enabled: bool
    disabled_reason: str | None = Field(description="`gone` (it answered 410) or `by_hand`.")
    previous_secret_until: datetime | None = Field(description="Until then the secret before signs, too.")
    created_at: datetime
    created_by: str
    changed_at: datetime


class WebhookCreated(WebhookShown):
    """A webhook at the one moment at which its secret is shown."""

    secret: str = Field(description="What signatures are checked with (Standard Webhooks); shown this once.")


class WebhookPage(Wire):
    """A page of webhooks by id."""

    items: list[WebhookShown]
    next_cursor: str | None


class SecretOut(Wire):
    """A new secret."""

    secret: str = Field(description="Shown this once.")
    previous_secret_until: datetime = Field(description="Until then messages carry both signatures.")


class PingOut(Wire):
    """A message that was queued."""

    message: str = Field(description="Its identity, `webhook-id` of the delivery.")


class ReplayIn(Wire):
    """What is to be sent again; by default what was given up."""

    since: InstantIn | None = Field(None, description="Everything queued at or after this instant.")
    messages: Annotated[list[MessageId], Field(min_length=1, max_length=500)] | None = Field(
        None, description="These messages."
    )

    @model_validator(mode="after")
    def names_one_choice(self) -> Self:
        """Both together would leave open which of them holds."""
        if self.since is not None and self.messages is not None:
            raise PydanticCustomError("choice_ambiguous", "takes either `since` or `messages`")
        return self


class ReplayOut(Wire):
    """How many messages are sent again."""

    again: int


class DeliveryQuery(PageQuery):
    """The filters of the list of deliveries."""

    state: Literal["waiting", "delivered", "dead"] | None = Field(None, description="`dead`: what was given up.")


class DeliveryShown(Wire):
    """One message on its way to one webhook."""

    message: str
    type: str
    subject: str
    state: str
    state_label: str
    queued_at: datetime
    next_try_at: datetime | None
    attempts: int
    tried_at: datetime | None
    status: int | None = Field(description="What the receiver answered last; null: it did not.")
    answer: str | None = Field(description="The first 200 printable characters of it, or what went wrong.")
    delivered_at: datetime | None


class DeliveryPage(Wire):
    """A page of deliveries, the newest first."""

    items: list[DeliveryShown]
    next_cursor: str | None
