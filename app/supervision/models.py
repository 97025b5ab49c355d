"""Tables of supervision: orders, what happened to each, cards, and the versions of the rules."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Base, Instant

__all__ = ["Card", "Order", "OrderEvent", "OrderPrivate", "RuleSet"]


class Order(Base):
    """督办单: where one order stands, and the head of its chain. Derived from its events but for its identity."""

    __tablename__ = "orders"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    """`D-` and a number like a tracking number."""
    origin: Mapped[str] = mapped_column(Text, unique=True)
    """The id of the alarm that raised it, so that each alarm raises one; the order's own where a person issued it."""
    application: Mapped[str | None] = mapped_column(ForeignKey("applications.number"), index=True)
    alarm: Mapped[str | None] = mapped_column(Text, index=True)
    department: Mapped[str] = mapped_column(ForeignKey("departments.code"))
    section: Mapped[str | None] = mapped_column(Text)
    officer: Mapped[str | None] = mapped_column(Text)
    by_rule: Mapped[bool]
    rules: Mapped[int]
    """The version of the rules whose terms it has."""
    calendar: Mapped[str] = mapped_column(Text)
    issued_at: Mapped[datetime] = mapped_column(Instant)
    status: Mapped[str] = mapped_column(Text)
    false_alarm: Mapped[bool]
    """An appeal was upheld because its alarm was false."""
    next_look_at: Mapped[datetime | None] = mapped_column(Instant)
    """When its own limit next calls for a card."""
    version: Mapped[int]
    head_hash: Mapped[bytes] = mapped_column(LargeBinary)
    recorded_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (
        Index("ix_orders_issued_at", "issued_at", "id"),
        Index("ix_orders_department", "department", "issued_at", "id"),
        Index(
            "ix_orders_next_look_at",
            "next_look_at",
            "id",
            postgresql_where=text("next_look_at IS NOT NULL"),
            sqlite_where=text("next_look_at IS NOT NULL"),
        ),
    )


class OrderEvent(Base):
    """One step of an order: only added, each linked to the one before by its hash."""

    __tablename__ = "order_events"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    algorithm: Mapped[int] = mapped_column(SmallInteger)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class OrderPrivate(Base):
    """What people wrote into a step of an order, sealed; the event commits to it."""

    __tablename__ = "order_private"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class Card(Base):
    """A card (黄牌, 红牌) that an order brought a department: revoked, never deleted. Derived from the events."""

    __tablename__ = "cards"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    """`{order}.{stage}.{rung}.{revision}`: one for each rung of each end of the order's limit."""
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    application: Mapped[str | None] = mapped_column(Text)
    department: Mapped[str] = mapped_column(Text)
    section: Mapped[str | None] = mapped_column(Text)
    officer: Mapped[str | None] = mapped_column(Text)
    colour: Mapped[str] = mapped_column(Text)
    points: Mapped[int]
    recommends: Mapped[bool]
    due_at: Mapped[datetime] = mapped_column(Instant)
    crossed_at: Mapped[datetime] = mapped_column(Instant)
    given_at: Mapped[datetime] = mapped_column(Instant)
    revoked: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    __table_args__ = (Index("ix_cards_given_at", "given_at", "id"),)


class RuleSet(Base):
    """One version of the rules: which alarms raise an order, how long it may take, and what lateness brings."""

    __tablename__ = "supervision_rules"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    published_at: Mapped[datetime] = mapped_column(Instant)
    published_by: Mapped[str] = mapped_column(Text)
