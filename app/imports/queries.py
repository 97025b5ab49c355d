"""What an import asks the database: which references it knows, which numbers are free."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications.models import Application, ExternalRef
from app.departments.models import Department
from app.items.models import ItemVersion

__all__ = ["Known", "departments_there", "items_there", "keep_refs", "known_refs", "taken"]


class Known(NamedTuple):
    """The application that a reference names, and the fingerprint of the row that brought it."""

    number: str
    fingerprint: bytes


KNOWN = select(ExternalRef.ref, ExternalRef.number, ExternalRef.fingerprint).where(
    ExternalRef.source == bindparam("source"), ExternalRef.ref.in_(bindparam("refs", expanding=True))
)
TAKEN = select(Application.number).where(Application.number.in_(bindparam("numbers", expanding=True)))


async def known_refs(tx: AsyncConnection, source: str, refs: Sequence[str]) -> dict[str, Known]:
    """Of `refs` those that name an application already."""
    if not refs:
        return {}
    rows = await tx.execute(KNOWN, {"source": source, "refs": list(refs)})
    return {ref: Known(number, fingerprint) for ref, number, fingerprint in rows}


async def keep_refs(tx: AsyncConnection, source: str, refs: dict[str, Known]) -> None:
    """Let each reference name its application; one that another import took meanwhile breaks the transaction."""
    if refs:
        rows = [
            {"source": source, "ref": ref, "number": known.number, "fingerprint": known.fingerprint}
            for ref, known in sorted(refs.items())
        ]
        await tx.execute(insert(ExternalRef), rows)


async def taken(tx: AsyncConnection, numbers: Sequence[str]) -> set[str]:
    """Of `numbers` those that an application has."""
    return set((await tx.execute(TAKEN, {"numbers": list(numbers)})).scalars())


async def departments_there(tx: AsyncConnection) -> set[str]:
    """The codes of all departments."""
    return set((await tx.execute(select(Department.code))).scalars())


async def items_there(tx: AsyncConnection) -> set[str]:
    """The codes of all items."""
    return set((await tx.execute(select(ItemVersion.code).distinct())).scalars())
