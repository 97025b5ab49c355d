"""Changes of calendars as they travel."""

from pydantic import Field

from app.kit.schemas import Wire

__all__ = ["EditionAdded"]


class EditionAdded(Wire):
    """An edition that was added."""

    number: int = Field(description="Its place among the editions of its calendar.")
    calendar: str = Field(description="The calendar with it, `CN@24`.")
