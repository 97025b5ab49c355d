"""Tables of findings: the rules in versions, what was found and reviewed, and what the examination goes by."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Base, Instant

__all__ = [
    "Finding",
    "FindingFact",
    "FindingPeriod",
    "FindingProgress",
    "FindingReview",
    "FindingReviewPrivate",
    "FindingRuleSet",
    "FindingStand",
]


class FindingRuleSet(Base):
    """One version of the rules of findings: which are looked for, and from which threshold on."""

    __tablename__ = "finding_rules"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    published_at: Mapped[datetime] = mapped_column(Instant)
    published_by: Mapped[str] = mapped_column(Text)


class Finding(Base):
    """What was seen, once for rule, subject and evidence: derived from the record, never deleted."""

    __tablename__ = "findings"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    """`F-` and the beginning of the digest of rule, subject and evidence."""
    rule: Mapped[str] = mapped_column(Text)
    rules: Mapped[int]
    """The version of the rules under which it was first found."""
    scope: Mapped[str] = mapped_column(Text, index=True)
    """What is examined at once: `a:` an application, `d:` a day, `m:` a month, `i:` the items."""
    anchor: Mapped[str] = mapped_column(Text)
    """What of it the finding is about, whatever the evidence: a step, an officer."""
    application: Mapped[str | None] = mapped_column(ForeignKey("applications.number"), index=True)
    item: Mapped[str | None] = mapped_column(Text)
    department: Mapped[str] = mapped_column(ForeignKey("departments.code"))
    section: Mapped[str | None] = mapped_column(Text)
    officer: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)
    """When that happened which was seen."""
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON)
    compared: Mapped[dict[str, Any]] = mapped_column(JSON)
    follows: Mapped[str | None] = mapped_column(Text, index=True)
    """The finding about the same thing whose evidence has grown into this one's."""
    found_at: Mapped[datetime] = mapped_column(Instant)
    reviews: Mapped[int]
    """How many reviews it has; the row is locked while one is written."""

    __table_args__ = (
        Index("ix_findings_at", "at", "id"),
        Index("ix_findings_department", "department", "at", "id"),
    )


class FindingStand(Base):
    """From when to when a finding stood: what the record no longer shows stands no more, and is kept."""

    __tablename__ = "finding_stands"

    finding: Mapped[str] = mapped_column(ForeignKey("findings.id"), primary_key=True)
    from_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    to_at: Mapped[datetime | None] = mapped_column(Instant)
    cause: Mapped[str | None] = mapped_column(Text)
    """Why it no longer stands: `superseded`, `gone`, `disabled`."""


class FindingReview(Base):
    """What a person made of a finding: only added, each row linked in the chain of the rules."""

    __tablename__ = "finding_reviews"

    finding: Mapped[str] = mapped_column(ForeignKey("findings.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    verdict: Mapped[str] = mapped_column(Text)
    corrects: Mapped[int | None]
    reviewed_at: Mapped[datetime] = mapped_column(Instant)
    reviewed_by: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    commitments: Mapped[dict[str, Any]] = mapped_column(JSON)
    """To what is sealed: the person's name and the note."""


class FindingReviewPrivate(Base):
    """Who reviewed and what they noted, sealed; the review commits to it."""

    __tablename__ = "finding_review_private"

    finding: Mapped[str] = mapped_column(ForeignKey("findings.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class FindingFact(Base):
    """What of a completed application the rules about days, months and persons compare. Derived from the record."""

    __tablename__ = "finding_facts"

    number: Mapped[str] = mapped_column(Text, primary_key=True)
    item: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(Text)
    section: Mapped[str | None] = mapped_column(Text)
    officer: Mapped[str | None] = mapped_column(Text)
    how: Mapped[str] = mapped_column(Text)
    """`decided`, `refused`, `withdrawn`, `terminated`, `closed`; `silence` where the law did it."""
    received_day: Mapped[int]
    day: Mapped[int]
    """Local day of the completion, an ordinal, as in the domain."""
    minute: Mapped[int]
    """Local minute of that day."""
    timed: Mapped[bool]
    """The instant tells more than its day: it is not exactly midnight."""
    rest: Mapped[bool]
    opens: Mapped[int | None]
    closes: Mapped[int | None]
    """The office hours of that day, where the calendar has any."""
    finished_at: Mapped[datetime] = mapped_column(Instant)
    seconds: Mapped[int] = mapped_column(BigInteger)
    """From receipt to completion."""
    elapsed: Mapped[int]
    paused: Mapped[int]
    """Calendar days from receipt to completion, and how many of them pauses took out."""

    __table_args__ = (
        Index("ix_finding_facts_day", "day", "number"),
        Index("ix_finding_facts_item", "item", "day", "number"),
    )


class FindingPeriod(Base):
    """A day or a month of which something has changed since it was last examined."""

    __tablename__ = "finding_periods"

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    first: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Its first day, an ordinal."""


class FindingProgress(Base):
    """How far the examination of the record has come: one row, held by whoever goes on."""

    __tablename__ = "finding_progress"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rules: Mapped[str] = mapped_column(Text)
    """By which rules: the version published, and the one of the service's own library."""
    recorded_at: Mapped[datetime | None] = mapped_column(Instant)
    reached: Mapped[str] = mapped_column(Text)
    """The number of the last application of that instant."""
    items: Mapped[int]
    """How many versions of items were looked at."""
    examined_at: Mapped[datetime | None] = mapped_column(Instant)
    """When everything recorded by a minute before had last been examined."""
