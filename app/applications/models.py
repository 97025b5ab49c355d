"""Tables of the record. Every unique key holds the application's number, so that they can be distributed by it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, ForeignKey, Index, LargeBinary, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Base, Instant

__all__ = ["Application", "Event", "EventPrivate", "ExternalRef", "PublicView", "SpanRow", "StretchRow"]


class Application(Base):
    """The head of one application: identity, pinned item, where it stands now, and the head of its chain."""

    __tablename__ = "applications"

    number: Mapped[str] = mapped_column(Text, primary_key=True)
    register: Mapped[str] = mapped_column(Text)
    """`permit`; orders, complaints and ratings will have registers of their own."""
    source: Mapped[str] = mapped_column(Text)
    """`api` or `import`."""
    external_ref: Mapped[str | None] = mapped_column(Text, index=True)
    project_code: Mapped[str | None] = mapped_column(Text, index=True)
    item: Mapped[str] = mapped_column(Text)
    item_version: Mapped[int]
    calendar: Mapped[str] = mapped_column(Text)
    """The newest fold that the application stands on, `CN@21`."""
    channel: Mapped[str] = mapped_column(Text)
    receipt_rule: Mapped[str] = mapped_column(Text)
    submitted_at: Mapped[datetime] = mapped_column(Instant)
    received_on: Mapped[date | None] = mapped_column(Date)
    """The legal day of the receipt; none while it is not confirmed."""
    late_receipt: Mapped[bool]
    """The receipt was recorded later than the item's late-entry limit allows."""
    query_code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(ForeignKey("departments.code"))
    section: Mapped[str | None] = mapped_column(Text)
    officer: Mapped[str | None] = mapped_column(Text)
    odd: Mapped[list[str]] = mapped_column(JSON)
    version: Mapped[int]
    head_hash: Mapped[bytes] = mapped_column(LargeBinary)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    """When the newest event was recorded."""
    known_from: Mapped[datetime] = mapped_column(Instant)
    """When the receipt was recorded: before it the application is not known."""
    rewritten_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the past was last rewritten: by a late entry, an amendment, an edition."""
    next_look_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the sweep must look again; an append may only make it earlier."""
    quarantined_at: Mapped[datetime | None] = mapped_column(Instant)
    """Set aside by the sweep because its reconciliation raised."""

    __table_args__ = (
        Index(
            "ix_applications_next_look_at",
            "next_look_at",
            "number",
            postgresql_where=text("next_look_at IS NOT NULL"),
            sqlite_where=text("next_look_at IS NOT NULL"),
        ),
        Index("ix_applications_received_on", "received_on", "number"),
        Index("ix_applications_submitted_at", "submitted_at", "number"),
        Index("ix_applications_recorded_at", "recorded_at", "number"),
    )


class ExternalRef(Base):
    """Which application a neighbouring system's reference names: `(source, ref)` once."""

    __tablename__ = "external_refs"

    source: Mapped[str] = mapped_column(Text, primary_key=True)
    ref: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[str] = mapped_column(Text, index=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 of the imported application row, so that one that differs is refused."""


class Event(Base):
    """One recorded step: the exact bytes that were hashed, and the hash that chains them. Append-only."""

    __tablename__ = "events"

    number: Mapped[str] = mapped_column(ForeignKey("applications.number"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    type: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    rewrites_from: Mapped[datetime | None] = mapped_column(Instant)
    """From when on it changes a past that was on record already: of a late entry, an amendment, an edition."""
    algorithm: Mapped[int] = mapped_column(SmallInteger)
    """1: SHA-256, 2: SM3, 3: the digests of both."""
    body: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        Index("ix_events_recorded_at", "recorded_at", "number", "seq"),
        Index(
            "ix_events_rewrites_from",
            "recorded_at",
            "rewrites_from",
            "number",
            postgresql_where=text("rewrites_from IS NOT NULL"),
            sqlite_where=text("rewrites_from IS NOT NULL"),
        ),
    )


class EventPrivate(Base):
    """What of an event may be forgotten: names, identifiers, subject, notes, reasons, titles, sealed.

    The body holds salted commitments in their place.
    """

    __tablename__ = "event_private"

    number: Mapped[str] = mapped_column(Text, primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class SpanRow(Base):
    """A stored span of a clock with the holder of its time: a projection, made anew from the events at any time."""

    __tablename__ = "spans"

    number: Mapped[str] = mapped_column(Text, primary_key=True)
    clock: Mapped[str] = mapped_column(Text, primary_key=True)
    stage: Mapped[str] = mapped_column(Text, primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    from_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    to_at: Mapped[datetime | None] = mapped_column(Instant)
    open: Mapped[bool]
    """Running, and at the last record neither stopped nor moved: its end, if it has one, will come by time alone."""
    party: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    limit_amount: Mapped[int | None]
    limit_unit: Mapped[str | None] = mapped_column(Text)
    extended: Mapped[int]
    total: Mapped[int | None]
    started_on: Mapped[int | None]
    """Days are ordinals, as in the domain."""
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    counts_from: Mapped[int] = mapped_column(BigInteger)
    used_before: Mapped[int] = mapped_column(BigInteger)
    due_on: Mapped[int | None]
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    latest_due_on: Mapped[int | None]
    yellow_at: Mapped[datetime | None] = mapped_column(Instant)
    warnings: Mapped[list[Any]] = mapped_column(JSON)
    after: Mapped[list[int]] = mapped_column(JSON)
    stopped_at: Mapped[datetime | None] = mapped_column(Instant)
    provisional: Mapped[bool]
    fixed: Mapped[bool]
    calendar: Mapped[str] = mapped_column(Text)
    revision: Mapped[int]
    legal_basis: Mapped[str | None] = mapped_column(Text)
    item: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(Text)
    section: Mapped[str | None] = mapped_column(Text)
    officer: Mapped[str | None] = mapped_column(Text)
    external_ref: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index(
            "ix_spans_open_due_at",
            "due_at",
            "number",
            "clock",
            "stage",
            "round",
            postgresql_where=text("open AND party = 'agency'"),
            sqlite_where=text("open AND party = 'agency'"),
        ),
        Index(
            "ix_spans_open_yellow_at",
            "yellow_at",
            "due_at",
            postgresql_where=text("open AND party = 'agency'"),
            sqlite_where=text("open AND party = 'agency'"),
        ),
        Index(
            "ix_spans_open_to_at",
            "to_at",
            postgresql_where=text("open AND to_at IS NOT NULL"),
            sqlite_where=text("open AND to_at IS NOT NULL"),
        ),
        Index(
            "ix_spans_once_due_at",
            "due_at",
            "number",
            "clock",
            "stage",
            "round",
            postgresql_where=text("state = 'running' AND (to_at IS NULL OR to_at > due_at)"),
            sqlite_where=text("state = 'running' AND (to_at IS NULL OR to_at > due_at)"),
        ),
        Index(
            "ix_spans_stopped_at",
            "stopped_at",
            "number",
            postgresql_where=text("state IN ('met', 'missed')"),
            sqlite_where=text("state IN ('met', 'missed')"),
        ),
    )


class StretchRow(Base):
    """A stored stretch of status and holder: which office held the application when."""

    __tablename__ = "stretches"

    number: Mapped[str] = mapped_column(Text, primary_key=True)
    from_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    to_at: Mapped[datetime | None] = mapped_column(Instant)
    status: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(Text)
    section: Mapped[str | None] = mapped_column(Text)
    officer: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("ix_stretches_department", "department", "number"),
        Index("ix_stretches_from_at", "from_at", "number"),
    )


class PublicView(Base):
    """What the public look-up needs of one application: one sealed row, written in the step's transaction."""

    __tablename__ = "public_views"

    number: Mapped[str] = mapped_column(Text, primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
