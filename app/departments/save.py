"""A department is created or replaced as a whole; the tree of scopes follows in the same transaction."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit, scope
from app.calendars import catalogue
from app.departments.linked import link_departments
from app.departments.models import Department, Officer, Section
from app.departments.queries import department, known, names_changed
from app.departments.schemas import DepartmentIn, DepartmentShown
from app.kit import problems
from app.kit.problems import Problem

__all__ = ["Saved", "save_department"]


class Saved(NamedTuple):
    """The department as it is now."""

    shown: DepartmentShown
    created: bool


class Fault(NamedTuple):
    """One thing that is wrong with the document."""

    pointer: str
    code: str
    detail: str


async def save_department(
    tx: AsyncConnection, actor: audit.Doer, code: str, body: DepartmentIn, *, now: datetime
) -> Saved:
    """Create the department `code`, or make it what `body` says; nothing is written where nothing differs.

    Refused with 422: a parent or successor that is not there, a parent that lies below the department itself.
    """
    await scope.hold_tree(tx)
    before = await department(tx, code)
    wanted = shown_of(code, body)
    if wanted == before and body.code in (None, code):
        return Saved(wanted, created=False)
    found = await known(tx, [other for other in (body.parent, body.successor) if other is not None])
    refuse(list(faults(code, body, found)))

    names_changed(tx)
    values = {
        "name": body.name,
        "parent": body.parent,
        "division": body.division,
        "telephone": body.telephone,
        "valid_from": body.valid_from,
        "valid_to": body.valid_to,
        "successor": body.successor,
        "calendar": body.calendar,
        "changed_at": now,
    }
    if before is None:
        await tx.execute(insert(Department), {"code": code, **values})
    else:
        await tx.execute(update(Department).where(Department.code == code).values(values))
    moved: frozenset[str] = frozenset()
    if before is None or before.parent != body.parent:
        try:
            moved = await scope.graft(tx, code, body.parent)
        except scope.Circle:
            refuse([Fault("/parent", "department_cycle", "This department lies below the one that is saved.")])
    if before is None or before.sections != body.sections:
        await replace_sections(tx, code, body)
    await link_departments(tx, sorted({code} | moved), now=now)
    detail = {"created": before is None, "parent": body.parent, "sections": len(body.sections)}
    await audit.record(tx, actor, "save_department", code, at=now, detail=detail)
    return Saved(wanted, created=before is None)


def shown_of(code: str, body: DepartmentIn) -> DepartmentShown:
    """The department that `body` orders."""
    return DepartmentShown(
        code=code,
        name=body.name,
        parent=body.parent,
        division=body.division,
        telephone=body.telephone,
        sections=body.sections,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        successor=body.successor,
        calendar=body.calendar,
    )


def faults(code: str, body: DepartmentIn, found: frozenset[str]) -> Iterator[Fault]:
    """What is wrong with the document, `found` being those of the named departments that are there."""
    if body.code is not None and body.code != code:
        yield Fault("/code", "code_differs", "The code in the body is not the one in the path.")
    if body.parent == code:
        yield Fault("/parent", "department_cycle", "A department does not lie below itself.")
    elif body.parent is not None and body.parent not in found:
        yield Fault("/parent", "department_unknown", "There is no department with this code.")
    if body.successor == code:
        yield Fault("/successor", "successor_is_itself", "A department does not succeed itself.")
    elif body.successor is not None and body.successor not in found:
        yield Fault("/successor", "department_unknown", "There is no department with this code.")
    if body.calendar is not None and body.calendar not in catalogue.codes():
        yield Fault("/calendar", "calendar_not_found", "There is no calendar with this code.")
    if body.valid_from is not None and body.valid_to is not None and body.valid_to < body.valid_from:
        yield Fault("/valid_to", "validity_reversed", "The last day lies before the first.")
    sections: set[str] = set()
    for place, section in enumerate(body.sections):
        if section.code in sections:
            yield Fault(
                f"/sections/{place}/code", "section_repeated", "Another section of this department has this code."
            )
        sections.add(section.code)
        officers: set[str] = set()
        for rank, officer in enumerate(section.officers):
            if officer.code in officers:
                at = f"/sections/{place}/officers/{rank}/code"
                yield Fault(at, "officer_repeated", "Another officer of this section has this code.")
            officers.add(officer.code)


def refuse(found: list[Fault]) -> None:
    """One 422 for all faults, with the code of the first."""
    if found:
        errors = [problems.Fault("body", fault.pointer, fault.detail) for fault in found]
        raise Problem(422, found[0].code, found[0].detail, errors=errors)


async def replace_sections(tx: AsyncConnection, code: str, body: DepartmentIn) -> None:
    """The sections and officers of `body` instead of those of before; officers outside every section stay."""
    await tx.execute(delete(Section).where(Section.department == code))
    await tx.execute(delete(Officer).where(Officer.department == code, Officer.section != ""))
    sections = [
        {"department": code, "code": section.code, "name": section.name, "place": place}
        for place, section in enumerate(body.sections)
    ]
    officers = [
        {"department": code, "section": section.code, "code": officer.code, "name": officer.name, "place": place}
        for section in body.sections
        for place, officer in enumerate(section.officers)
    ]
    if sections:
        await tx.execute(insert(Section), sections)
    if officers:
        await tx.execute(insert(Officer), officers)
