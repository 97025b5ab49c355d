"""Tables of API keys, the department tree as a closure, and the audit trail."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, LargeBinary, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Base, Instant

__all__ = ["ApiKey", "AuditEntry", "DepartmentTree", "RuleEvent"]


class ApiKey(Base):
    """A credential of a system. The secret itself is shown once and kept only as SHA-256."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    role: Mapped[str] = mapped_column(Text)
    department: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    steps: Mapped[list[str] | None] = mapped_column(JSON)
    """For role `integration`: the step types that this key may record; null: none but import."""
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class DepartmentTree(Base):
    """Every pair of a department and one below it, each department with itself: scope as a WHERE clause."""

    __tablename__ = "department_tree"

    ancestor: Mapped[str] = mapped_column(ForeignKey("departments.code"), primary_key=True)
    descendant: Mapped[str] = mapped_column(ForeignKey("departments.code"), primary_key=True)

    __table_args__ = (Index("ix_department_tree_descendant", "descendant"),)


class AuditEntry(Base):
    """Who did what, in the transaction of what was done. Append-only."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    credential: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    object: Mapped[str] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class RuleEvent(Base):
    """One link of the chain of the rules: what was published, made, ended or overridden. Append-only."""

    __tablename__ = "rule_events"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    algorithm: Mapped[int] = mapped_column(SmallInteger)
    """As that of an event."""
    body: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (Index("ix_rule_events_kind_key", "kind", "key", "seq"),)
