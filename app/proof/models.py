"""Tables of checkpoints, which are append-only, and of what came of each night's verification."""

from datetime import date, datetime

from sqlalchemy import Date, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Base, Instant

__all__ = ["Checkpoint", "CheckpointLeaf", "Verification"]


class Checkpoint(Base):
    """One signed record of where chains stood: the exact bytes that were hashed and signed, chained to the one before.

    `kind`, `at` and `key` repeat what the body says, for queries.
    """

    __tablename__ = "checkpoints"

    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)
    key: Mapped[str] = mapped_column(Text)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes] = mapped_column(LargeBinary)


class CheckpointLeaf(Base):
    """The head of an application that a checkpoint covers for the first time."""

    __tablename__ = "checkpoint_leaves"

    number: Mapped[str] = mapped_column(Text, primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    n: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (Index("ix_checkpoint_leaves_n", "n", "number"),)


class Verification(Base):
    """The verification of one day: its key lets one process alone begin it."""

    __tablename__ = "verifications"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    begun_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    applications: Mapped[int | None]
    events: Mapped[int | None]
    broken: Mapped[int | None]
    first: Mapped[str | None] = mapped_column(Text)
    """What was found first, in words."""
