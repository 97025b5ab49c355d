"""Tables of assessment."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Base, Instant

__all__ = ["InspectionEntry", "InspectionPrivate", "ScoringRules", "Target"]


class ScoringRules(Base):
    """One version of the rules by which offices and people are scored: one row, never changed."""

    __tablename__ = "scoring_rules"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    valid_from: Mapped[date] = mapped_column(Date)
    """The first day of the first month that it scores."""
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    approver: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(Instant)
    published_by: Mapped[str] = mapped_column(Text)


class Target(Base):
    """One version of what a department is to reach in a year: one row, never changed."""

    __tablename__ = "targets"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    department: Mapped[str] = mapped_column(ForeignKey("departments.code"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    valid_from: Mapped[date] = mapped_column(Date)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    approver: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(Instant)
    published_by: Mapped[str] = mapped_column(Text)


class InspectionEntry(Base):
    """One entry of an inspection: only added. The first says whose inspection it is, each repeats it."""

    __tablename__ = "inspection_entries"

    inspection: Mapped[str] = mapped_column(Text, primary_key=True)
    """`J-` and a number like a tracking number."""
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    quarter: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(ForeignKey("departments.code"))
    section: Mapped[str | None] = mapped_column(Text)
    officer: Mapped[str | None] = mapped_column(Text)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    recorded_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (Index("ix_inspection_entries_recorded_at", "recorded_at", "inspection"),)


class InspectionPrivate(Base):
    """What people wrote into an entry, sealed; the entry commits to it."""

    __tablename__ = "inspection_private"

    inspection: Mapped[str] = mapped_column(Text, primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        ForeignKeyConstraint(["inspection", "seq"], ["inspection_entries.inspection", "inspection_entries.seq"]),
    )
