"""Tables of editions beside the built-in ones, and of suspensions. Append-only: what a document said stays said."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Base, Instant

__all__ = ["CalendarEdition", "SuspensionRow"]


class CalendarEdition(Base):
    """One edition of one calendar; `id` is the order of recording over all of them."""

    __tablename__ = "calendar_editions"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    calendar: Mapped[str] = mapped_column(Text)
    edition: Mapped[int]
    """Its number among the editions of its calendar, the built-in ones counted."""
    layer_of: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    document: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(Instant)
    stated: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What it says: days, week, hours, zone, horizon, title, address."""
    supersedes: Mapped[int | None]
    approver: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    recorded_by: Mapped[str] = mapped_column(Text)

    __table_args__ = (Index("uq_calendar_editions_calendar_edition", "calendar", "edition", unique=True),)


class SuspensionRow(Base):
    """A published document that stops clocks of a whole place. A later row of the same `id` names its end."""

    __tablename__ = "suspensions"

    serial: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    id: Mapped[str] = mapped_column(Text)
    jurisdiction: Mapped[str] = mapped_column(Text)
    clocks: Mapped[list[str]] = mapped_column(JSON)
    first: Mapped[date] = mapped_column(Date)
    last: Mapped[date | None] = mapped_column(Date)
    document: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(Instant)
    approver: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    recorded_by: Mapped[str] = mapped_column(Text)

    __table_args__ = (Index("ix_suspensions_id", "id", "serial"),)
