"""Whose cases a credential sees: the tree of departments as a closure, for lists and for one case."""

from typing import Final

from sqlalchemy import ColumnElement, Select, delete, false, insert, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.access.actor import Actor
from app.access.models import DepartmentTree
from app.access.queries import descendants
from app.kit.kept import Kept
from app.kit.turns import take_turn

__all__ = ["Circle", "below", "covers", "graft", "hold_tree", "within"]

TREE_LOCK: Final = 7_238_411_906
"""Two offices moved at once could be put under each other: PostgreSQL takes this lock, SQLite's gate lets one write."""

_kept: Kept[str, frozenset[str]] = Kept(30)


class Circle(Exception):
    """The new parent lies below the department itself."""


def below(department: str) -> Select[str]:
    """The department and all below it, as a subquery."""
    tree = aliased(DepartmentTree)
    return select(tree.descendant).where(tree.ancestor == department)


def within(actor: Actor, column: ColumnElement[str] | InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """The rows of a list that the actor sees, `column` naming the department: true for those who see every office."""
    if not actor.is_scoped:
        return true()
    if actor.department is None:
        return false()
    return column.in_(below(actor.department))


async def covers(tx: AsyncConnection, actor: Actor, department: str) -> bool:
    """Whether the actor sees what `department` holds: the same answer as `within`, for one."""
    if not actor.is_scoped:
        return True
    if actor.department is None:
        return False
    if actor.department == department:
        return True
    above = actor.department
    return department in await _kept.get(tx, above, lambda: descendants(tx, above))


async def hold_tree(tx: AsyncConnection) -> None:
    """Let no other transaction change the tree until this one ends."""
    await take_turn(tx, TREE_LOCK)


async def graft(tx: AsyncConnection, department: str, parent: str | None) -> frozenset[str]:
    """Put `department`, with all below it, under `parent` (None: at the top), and say what moved.

    Raises `Circle` and changes nothing. The row of the department must be there already.
    """
    await hold_tree(tx)
    known = await descendants(tx, department)
    if parent == department or parent in known:
        raise Circle(department)
    _kept.changed(tx)

    inside = below(department)
    await tx.execute(
        delete(DepartmentTree).where(DepartmentTree.descendant.in_(inside), DepartmentTree.ancestor.not_in(inside))
    )
    if department not in known:
        await tx.execute(insert(DepartmentTree), {"ancestor": department, "descendant": department})
    if parent is not None:
        above, here = aliased(DepartmentTree), aliased(DepartmentTree)
        pairs = (
            select(above.ancestor, here.descendant)
            .join_from(above, here, true())
            .where(above.descendant == parent, here.ancestor == department)
        )
        await tx.execute(insert(DepartmentTree).from_select(["ancestor", "descendant"], pairs))
    return known | {department}
