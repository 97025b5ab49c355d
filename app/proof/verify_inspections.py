"""Are the inspections as they were recorded: what is sealed beside each entry is what its body commits to.

The entries themselves are rows of the chain of the rules: `verify_rules` holds each against its link.
"""

import json
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications.chains import raw
from app.applications.events import commitments_of
from app.applications.verify import Finding, Tally
from app.assessment.inspection_queries import EntryRow, sealed_name, with_sealed
from app.assessment.models import InspectionEntry
from app.kit.sealing import Broken, Sealer

__all__ = ["verify_inspections"]

STREAMED: Final = 200


async def verify_inspections(tx: AsyncConnection, sealer: Sealer, tally: Tally) -> None:
    """Open what is sealed of each entry."""
    wanted = with_sealed().order_by(InspectionEntry.inspection, InspectionEntry.seq)
    async with tx.stream(wanted.execution_options(yield_per=STREAMED)) as rows:
        async for row in rows:
            tally.note(difference(EntryRow(*row[:-1]), raw(row[-1]) or None, sealer))


def difference(row: EntryRow, sealed: bytes | None, sealer: Sealer) -> Finding | None:
    """What is sealed of an entry and is not what its body commits to."""
    try:
        commitments = json.loads(raw(row.body)).get("private", {})
    except ValueError:
        return None  # no body of ours: its link in the chain of the rules shows it
    try:
        salted = {} if sealed is None else json.loads(sealer.open(sealed, sealed_name(row.inspection, row.seq)))
    except Broken:
        return Finding(row.inspection, row.seq, "sealed", f"What is sealed of entry {row.seq} cannot be opened.")
    if commitments_of(salted) != commitments:
        detail = f"What is sealed of entry {row.seq} is not what its body commits to."
        return Finding(row.inspection, row.seq, "sealed", detail)
    return None
