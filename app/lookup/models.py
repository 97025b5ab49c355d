"""The table of wrong query codes."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Base, Instant

__all__ = ["QueryCodeTries"]


class QueryCodeTries(Base):
    """How often a wrong query code was tried on one number within the hour that began at `began_at`.

    Numbers that no application has are counted alike: else the count would tell which ones exist.
    """

    __tablename__ = "query_code_tries"

    number: Mapped[str] = mapped_column(Text, primary_key=True)
    began_at: Mapped[datetime] = mapped_column(Instant, index=True)
    tries: Mapped[int]
    locked_until: Mapped[datetime | None] = mapped_column(Instant)
