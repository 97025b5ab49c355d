"""Tables of checkpoints. Append-only."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Base, Instant

__all__ = ["Checkpoint", "CheckpointLeaf"]


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
