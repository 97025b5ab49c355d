"""Tables of departments, sections and officers."""

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Base, Instant

__all__ = ["Department", "Officer", "Section"]


class Department(Base):
    """An office that holds applications. A reorganised one ends with `valid_to` and names its `successor`."""

    __tablename__ = "departments"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    parent: Mapped[str | None] = mapped_column(ForeignKey("departments.code"), index=True)
    division: Mapped[str | None] = mapped_column(Text)
    telephone: Mapped[str | None] = mapped_column(Text)
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    successor: Mapped[str | None] = mapped_column(ForeignKey("departments.code"))
    calendar: Mapped[str | None] = mapped_column(Text)
    """The calendar of its hall, which goes before that of the place."""
    changed_at: Mapped[datetime] = mapped_column(Instant)


class Section(Base):
    """A section (科室) of a department."""

    __tablename__ = "sections"

    department: Mapped[str] = mapped_column(ForeignKey("departments.code"), primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    place: Mapped[int]


class Officer(Base):
    """An officer of a section. `section` is '' for one who belongs to the department alone (by import)."""

    __tablename__ = "officers"

    department: Mapped[str] = mapped_column(ForeignKey("departments.code"), primary_key=True)
    section: Mapped[str] = mapped_column(Text, primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    place: Mapped[int]
