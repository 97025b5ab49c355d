"""All that is read of departments: one, a page of them, and the names behind the codes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.departments.models import Department, Officer, Section
from app.departments.schemas import DepartmentShown, OfficerDocument, SectionDocument
from app.kit.db import Database
from app.kit.kept import Kept

__all__ = ["Names", "department", "departments_after", "known", "names", "names_changed", "names_of"]

DEPARTMENTS = select(
    Department.code,
    Department.name,
    Department.parent,
    Department.division,
    Department.telephone,
    Department.valid_from,
    Department.valid_to,
    Department.successor,
    Department.calendar,
).order_by(Department.code)
SECTIONS = select(Section.department, Section.code, Section.name).order_by(
    Section.department, Section.place, Section.code
)
OFFICERS = select(Officer.department, Officer.section, Officer.code, Officer.name).order_by(
    Officer.department, Officer.section, Officer.place, Officer.code
)


@dataclass(frozen=True, slots=True)
class Names:
    """The names of departments, sections and officers; a code without one is its own name."""

    departments: dict[str, str]
    sections: dict[tuple[str, str], str]
    officers: dict[tuple[str, str], str]
    telephones: dict[str, str]
    calendars: dict[str, str] = field(default_factory=dict)

    def department(self, code: str) -> str:
        """The name of a department."""
        return self.departments.get(code, code)

    def section(self, department: str, code: str) -> str:
        """The name of a section of a department."""
        return self.sections.get((department, code), code)

    def officer(self, department: str, code: str) -> str:
        """The name of an officer of a department, whichever section it is."""
        return self.officers.get((department, code), code)

    def telephone(self, department: str) -> str | None:
        """The telephone of a department, where it states one."""
        return self.telephones.get(department)

    def calendar(self, department: str) -> str | None:
        """The calendar of a department's hall, where it names one."""
        return self.calendars.get(department)


_kept: Kept[str, Names] = Kept(30)


async def names(tx: AsyncConnection) -> Names:
    """All names, read at most 30 s ago."""
    return await _kept.get(tx, "all", lambda: read_names(tx))


async def names_of(database: Database) -> Names:
    """The same for who has no connection in hand: while they are kept, none is taken."""

    async def load() -> Names:
        async with database.read() as tx:
            return await read_names(tx)

    return await _kept.of(database, "all", load)


async def read_names(tx: AsyncConnection) -> Names:
    """All names, from the database."""
    named = select(Department.code, Department.name, Department.telephone, Department.calendar)
    departments = (await tx.execute(named)).all()
    sections = await tx.execute(SECTIONS)
    officers = await tx.execute(OFFICERS)
    return Names(
        {code: name for code, name, *_ in departments},
        {(of, code): name for of, code, name in sections},
        {(of, code): name for of, _, code, name in officers},
        {code: telephone for code, _, telephone, _ in departments if telephone},
        {code: calendar for code, *_, calendar in departments if calendar},
    )


def names_changed(tx: AsyncConnection) -> None:
    """Tell that `tx` changes names: this process asks again once it has committed."""
    _kept.changed(tx)


async def known(tx: AsyncConnection, codes: Sequence[str]) -> frozenset[str]:
    """Those of `codes` that are departments."""
    return frozenset((await tx.execute(select(Department.code).where(Department.code.in_(codes)))).scalars())


async def department(tx: AsyncConnection, code: str) -> DepartmentShown | None:
    """One department with its sections and officers."""
    rows = (await tx.execute(DEPARTMENTS.where(Department.code == code))).all()
    return (await with_sections(tx, rows))[0] if rows else None


async def departments_after(tx: AsyncConnection, after: str | None, limit: int) -> list[DepartmentShown]:
    """A page of departments by code, one more than `limit` when there are more."""
    page = DEPARTMENTS.limit(limit + 1)
    rows = (await tx.execute(page if after is None else page.where(Department.code > after))).all()
    return await with_sections(tx, rows)


async def with_sections(
    tx: AsyncConnection,
    rows: Sequence[Row[str, str, str | None, str | None, str | None, object, object, str | None, str | None]],
) -> list[DepartmentShown]:
    """The departments of `rows`, each with its sections and officers, in two more statements."""
    codes = [row.code for row in rows]
    officers: dict[tuple[str, str], list[OfficerDocument]] = defaultdict(list)
    for officer in (await tx.execute(OFFICERS.where(Officer.department.in_(codes)))).all():
        officers[officer.department, officer.section].append(OfficerDocument(code=officer.code, name=officer.name))
    sections: dict[str, list[SectionDocument]] = defaultdict(list)
    for section in (await tx.execute(SECTIONS.where(Section.department.in_(codes)))).all():
        document = SectionDocument(
            code=section.code, name=section.name, officers=officers[section.department, section.code]
        )
        sections[section.department].append(document)
    return [DepartmentShown(**row._mapping, sections=sections[row.code]) for row in rows]
