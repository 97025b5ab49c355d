"""Departments, sections and officers that another system's files name are taken up; what is there stays as it is."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import scope
from app.departments.linked import link_departments
from app.departments.models import Department, Officer, Section
from app.departments.queries import names_changed

__all__ = ["Named", "enrol"]


class Named(NamedTuple):
    """Where files say that an application lies; a text is code and name alike."""

    department: str
    section: str | None
    officer: str | None


async def enrol(tx: AsyncConnection, places: Iterable[Named], names: dict[str, str], *, now: datetime) -> list[str]:
    """Make the departments, sections and officers among `places` that are not there; answers the departments made.

    `names` gives a department's name where the files' text is only its code. A section shown under a code that stands
    for a text with a slash keeps that text as its name.
    """
    wanted = sorted(set(places), key=lambda place: (place.department, place.section or "", place.officer or ""))
    await scope.hold_tree(tx)
    there = set((await tx.execute(select(Department.code))).scalars())
    made = sorted({place.department for place in wanted} - there)
    for code in made:
        await tx.execute(insert(Department), {"code": code, "name": names.get(code, spelled(code)), "changed_at": now})
        await scope.graft(tx, code, None)

    sections = {(of, code) for of, code in await tx.execute(select(Section.department, Section.code))}
    new_sections = sorted({(p.department, p.section) for p in wanted if p.section is not None} - sections)
    if new_sections:
        rows = [
            {"department": of, "code": code, "name": spelled(code), "place": 1_000 + place}
            for place, (of, code) in enumerate(new_sections)
        ]
        await tx.execute(insert(Section), rows)

    people_there = await tx.execute(select(Officer.department, Officer.section, Officer.code))
    officers = {(of, section, code) for of, section, code in people_there}
    new_officers = sorted(
        {(p.department, p.section or "", p.officer) for p in wanted if p.officer is not None} - officers
    )
    if new_officers:
        people = [
            {"department": of, "section": section, "code": code, "name": spelled(code), "place": 1_000 + place}
            for place, (of, section, code) in enumerate(new_officers)
        ]
        await tx.execute(insert(Officer), people)
    if made or new_sections or new_officers:
        names_changed(tx)
        changed = {*made, *(of for of, _ in new_sections), *(of for of, *_ in new_officers)}
        await link_departments(tx, sorted(changed), now=now)
    return made


def spelled(code: str) -> str:
    """The name that a code without one has: the text it was made from."""
    return code.replace("\uff0f", "/")
