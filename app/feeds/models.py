"""The table of calendar feeds."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Base, Instant

__all__ = ["Feed"]


class Feed(Base):
    """The due dates of one officer under an address of its own; the secret part is kept as SHA-256."""

    __tablename__ = "feeds"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    department: Mapped[str] = mapped_column(ForeignKey("departments.code"))
    officer: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(Text)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
