"""Departments as they travel."""

from datetime import date
from typing import Annotated

from pydantic import Field

from app.kit.schemas import Code, DateIn, Line, Text, Wire

__all__ = ["DepartmentIn", "DepartmentPage", "DepartmentShown", "OfficerDocument", "SectionDocument"]

Telephone = Annotated[str, Text(max=64)]


class OfficerDocument(Wire):
    """An officer of a section."""

    code: Code
    name: Line


class SectionDocument(Wire):
    """A section (科室)."""

    code: Code
    name: Line
    officers: Annotated[list[OfficerDocument], Field(max_length=1000)] = []


class DepartmentIn(Wire):
    """A department as it is to be from now on; what is left out is empty."""

    code: Code | None = Field(None, description="The one in the path; may be left out.")
    name: Line
    parent: Code | None = Field(None, description="The department above; null: at the top.")
    division: Code | None = Field(None, description="The administrative division that it belongs to.")
    telephone: Telephone | None = None
    sections: Annotated[list[SectionDocument], Field(max_length=500)] = []
    valid_from: DateIn | None = None
    valid_to: DateIn | None = Field(None, description="The last day of its existence.")
    successor: Code | None = Field(None, description="The department that took over.")
    calendar: Code | None = Field(
        None, description="The calendar of its hall; what it receives from now on counts by it, not by the place's."
    )


class DepartmentShown(Wire):
    """A department as it is."""

    code: str
    name: str
    parent: str | None
    division: str | None
    telephone: str | None
    sections: list[SectionDocument]
    valid_from: date | None
    valid_to: date | None
    successor: str | None
    calendar: str | None = None


class DepartmentPage(Wire):
    """A page of departments by code."""

    items: list[DepartmentShown]
    next_cursor: str | None
