"""Tables of changes: what is to be tried or applied and how far that is, which clocks it moves or would move."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Date, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Base, Instant

__all__ = ["ChangeMove", "ChangeRun"]


class ChangeRun(Base):
    """One change that is tried or applied: what it is, how far the walk over the applications has come."""

    __tablename__ = "change_runs"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    """`edition`, `suspension` or `item`."""
    dry: Mapped[bool] = mapped_column(Boolean)
    """Nothing is recorded: the list alone is made."""
    change: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The change itself, as it was asked for."""
    serial: Mapped[int] = mapped_column(BigInteger)
    """The newest edition that it goes by, so that all of one list is made from one picture of the calendars."""
    published_at: Mapped[datetime] = mapped_column(Instant)
    after: Mapped[str] = mapped_column(Text)
    """The last application that was looked at: the walk goes on behind it, whoever was killed."""
    round: Mapped[int]
    """1: over all applications; 2: over those recorded meanwhile by a process that did not know of it yet."""
    done: Mapped[int]
    total: Mapped[int]
    counts: Mapped[dict[str, int]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(Text)
    held_until: Mapped[datetime | None] = mapped_column(Instant)
    """Until when a process works on it alone."""
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    failed: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index(
            "ix_change_runs_created_at",
            "created_at",
            "id",
            postgresql_where=text("finished_at IS NULL"),
            sqlite_where=text("finished_at IS NULL"),
        ),
    )


class ChangeMove(Base):
    """One clock that a change moves, or one that has stopped and would have ended otherwise."""

    __tablename__ = "change_moves"

    run: Mapped[str] = mapped_column(Text, primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tracking_number: Mapped[str] = mapped_column(Text)
    clock: Mapped[str] = mapped_column(Text)
    stage: Mapped[str] = mapped_column(Text)
    round: Mapped[int] = mapped_column(Integer)
    was: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    from_on: Mapped[date | None] = mapped_column(Date)
    to_on: Mapped[date | None] = mapped_column(Date)
    from_at: Mapped[datetime | None] = mapped_column(Instant)
    to_at: Mapped[datetime | None] = mapped_column(Instant)
    overdue: Mapped[str | None] = mapped_column(Text)
