"""A department as the chain of the rules tells it: its row, its sections and officers, and what lies above it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import rulebook
from app.access.models import DepartmentTree
from app.departments.models import Department, Officer, Section
from app.domain.chain import Json

__all__ = ["KIND", "link_departments", "spelled_departments"]

KIND: Final = "departments"


async def link_departments(tx: AsyncConnection, codes: Sequence[str], *, now: datetime) -> None:
    """Link departments as they are stored now, in the transaction that has changed them."""
    said = await spelled_departments(tx, codes)
    for code in sorted(said):
        await rulebook.link_act(tx, KIND, code, said[code], now=now)


async def spelled_departments(tx: AsyncConnection, codes: Sequence[str]) -> dict[str, dict[str, Json]]:
    """These departments, each in the one spelling that is linked."""
    table = Department.__table__
    if not isinstance(table, Table):
        raise TypeError("departments lie in a table")
    sections: defaultdict[str, list[Json]] = defaultdict(list)
    officers: defaultdict[str, list[Json]] = defaultdict(list)
    above: defaultdict[str, list[Json]] = defaultdict(list)
    named = select(Section.department, Section.code, Section.name, Section.place)
    for department, code, name, place in await tx.execute(named.where(Section.department.in_(codes))):
        sections[department].append([code, name, place])
    people = select(Officer.department, Officer.section, Officer.code, Officer.name, Officer.place)
    for department, section, code, name, place in await tx.execute(people.where(Officer.department.in_(codes))):
        officers[department].append([section, code, name, place])
    pairs = select(DepartmentTree.descendant, DepartmentTree.ancestor)
    for department, ancestor in await tx.execute(pairs.where(DepartmentTree.descendant.in_(codes))):
        above[department].append(ancestor)
    return {
        row.code: {
            **rulebook.spelled(table, row),
            "sections": sorted(sections[row.code], key=str),
            "officers": sorted(officers[row.code], key=str),
            "above": sorted(above[row.code], key=str),
        }
        for row in await tx.execute(select(*table.columns).where(table.c.code.in_(codes)))
    }
