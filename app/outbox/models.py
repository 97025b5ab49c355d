"""Tables of those who are told, of what they are told, and of each telling."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Base, Instant

__all__ = ["Delivery", "Message", "Subscriber"]


class Subscriber(Base):
    """Who is told: a webhook, a mailbox of a department, a gateway of text messages, a robot of a chat."""

    __tablename__ = "subscribers"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    channel: Mapped[str] = mapped_column(Text)
    """`webhook`, `mail` or `gateway`."""
    name: Mapped[str] = mapped_column(Text)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """Address and secrets, sealed."""
    events: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """The types of event; none: all."""
    department: Mapped[str | None] = mapped_column(ForeignKey("departments.code"))
    """Only what concerns this department or one below it."""
    quiet: Mapped[bool]
    """People, not machines: told in digests, and within working hours."""
    enabled: Mapped[bool]
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(Instant)
    deleted_at: Mapped[datetime | None] = mapped_column(Instant)


class Message(Base):
    """What is told, in the very bytes that are sent: every try and every receiver gets the same."""

    __tablename__ = "messages"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    """Follows from the event alone, so that one event is one message."""
    type: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Instant, index=True)


class Delivery(Base):
    """One message on its way to one subscriber."""

    __tablename__ = "deliveries"

    message: Mapped[str] = mapped_column(ForeignKey("messages.id"), primary_key=True)
    subscriber: Mapped[str] = mapped_column(ForeignKey("subscribers.id"), primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    """`held` for the next digest, `waiting`, `delivered` or `dead`."""
    urgency: Mapped[int] = mapped_column(SmallInteger)
    """0 goes first."""
    queued_at: Mapped[datetime] = mapped_column(Instant)
    next_at: Mapped[datetime] = mapped_column(Instant)
    """When it may be tried; while a sender holds it, when another may take it over."""
    claim: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int]
    tried_at: Mapped[datetime | None] = mapped_column(Instant)
    status: Mapped[int | None]
    """What the receiver answered last; none: it did not."""
    answer: Mapped[str | None] = mapped_column(Text)
    """The first printable characters of that, or what went wrong."""
    delivered_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        Index(
            "ix_deliveries_waiting",
            "subscriber",
            "urgency",
            "queued_at",
            "message",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
        Index("ix_deliveries_subscriber_queued_at", "subscriber", "queued_at", "message"),
    )
