"""Tables of alarms and finished sweeps."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Base, Instant

__all__ = ["Alarm", "Sweep"]


class Alarm(Base):
    """One rung of one clock that was crossed: once per application, clock, stage, rung and revision.

    Withdrawn, never deleted.
    """

    __tablename__ = "alarms"

    number: Mapped[str] = mapped_column(ForeignKey("applications.number"), primary_key=True)
    clock: Mapped[str] = mapped_column(Text, primary_key=True)
    stage: Mapped[str] = mapped_column(Text, primary_key=True)
    rung: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(Text)
    """`{number}.{clock}.{stage}.{rung}.{revision}`."""
    kind: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime] = mapped_column(Instant)
    crossed_at: Mapped[datetime] = mapped_column(Instant)
    detected_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)
    """When detected or withdrawn, whichever is later."""
    late: Mapped[bool]
    department: Mapped[str] = mapped_column(Text)
    """Who held the application when the rung was crossed."""
    external_ref: Mapped[str | None] = mapped_column(Text)
    withdrawn: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    __table_args__ = (
        Index("ix_alarms_crossed_at", "crossed_at", "number", "clock", "stage", "rung", "revision"),
        Index("ix_alarms_changed_at", "changed_at"),
    )


class Sweep(Base):
    """The last finished sweep of each process name; the newest is `swept_at`."""

    __tablename__ = "sweeps"

    sweeper: Mapped[str] = mapped_column(Text, primary_key=True)
    started_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime] = mapped_column(Instant, index=True)
    raised: Mapped[int]
    withdrawn: Mapped[int]
    quarantined: Mapped[int]
