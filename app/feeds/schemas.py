"""Calendar feeds as they travel."""

from datetime import datetime

from pydantic import Field

from app.kit.schemas import Code, Wire

__all__ = ["FeedCreated", "FeedIn", "FeedPage", "FeedShown"]


class FeedIn(Wire):
    """Whose due dates."""

    department: Code
    officer: Code


class FeedShown(Wire):
    """A feed without its address."""

    id: str
    department: str
    officer: str
    created_at: datetime
    created_by: str
    revoked_at: datetime | None


class FeedCreated(FeedShown):
    """A feed at the one moment at which its address is shown."""

    path: str = Field(description="Where a calendar finds it, without any other credential; shown this once.")


class FeedPage(Wire):
    """A page of feeds by id."""

    items: list[FeedShown]
    next_cursor: str | None
