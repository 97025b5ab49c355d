"""Table of backtests that are too large to be answered at once."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Base, Instant

__all__ = ["Backtest"]


class Backtest(Base):
    """One backtest: what was asked, how far it is, and what came of it. Kept a day."""

    __tablename__ = "backtests"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    credential: Mapped[str] = mapped_column(Text)
    """Who asked, and alone may read it."""
    state: Mapped[str] = mapped_column(Text)
    """`waiting`, `running`, `done` or `failed`."""
    done: Mapped[int]
    total: Mapped[int]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    asked_at: Mapped[datetime] = mapped_column(Instant, index=True)
    beat_at: Mapped[datetime] = mapped_column(Instant)
    """When it last went on; a process that died leaves it behind."""
