"""Whether the department, section and officer that somebody names exist."""

from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from app.departments.queries import Names, names, read_names
from app.domain.refusal import Refusal

__all__ = ["refuse_unknown_holder"]


class Named(Protocol):
    """Whom a receipt or an assignment names."""

    @property
    def department(self) -> str | None: ...
    @property
    def section(self) -> str | None: ...
    @property
    def officer(self) -> str | None: ...


async def refuse_unknown_holder(tx: AsyncConnection, named: Named, department: str) -> None:
    """422 for a department, section or officer that does not exist; `department` is the one meant when none is named.

    Names are kept for a while: only what is not among them is asked anew.
    """
    if fault(await names(tx), named, department) is None:
        return
    refusal = fault(await read_names(tx), named, department)
    if refusal is not None:
        raise refusal


def fault(known: Names, named: Named, department: str) -> Refusal | None:
    """What is wrong with whom somebody names."""
    office = named.department or department
    if office not in known.departments:
        return Refusal("department_unknown", "There is no such department.", pointer="/department")
    if named.section is not None and (office, named.section) not in known.sections:
        return Refusal("section_unknown", "The department has no such section.", pointer="/section")
    if named.officer is not None and (office, named.officer) not in known.officers:
        return Refusal("officer_unknown", "The department has no such officer.", pointer="/officer")
    return None
