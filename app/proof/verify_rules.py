"""Are the rules as they were published: the chain of the rules, the tables, and what checkpoints signed of it."""

import json
from typing import Any, Final

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import rulebook
from app.access.models import ApiKey, RuleEvent
from app.applications.chains import raw
from app.applications.verify import Finding, Tally
from app.assessment.models import ScoringRules, Target
from app.calendars.models import CalendarEdition, SuspensionRow
from app.items.models import ItemVersion
from app.kit.columns import Base
from app.proof import queries
from app.proof.queries import stated
from app.supervision.models import RuleSet

__all__ = ["RULES", "verify_rules"]

RULES: Final[tuple[type[Base], ...]] = (
    ItemVersion,
    CalendarEdition,
    SuspensionRow,
    ApiKey,
    RuleSet,
    ScoringRules,
    Target,
)
"""Tables whose every row is linked."""
AT_ONCE: Final = 500


def note(tally: Tally, seq: int, detail: str) -> None:
    """A finding about no application."""
    tally.note(Finding("rules", seq, "rule", detail))


async def verify_rules(tx: AsyncConnection, tally: Tally) -> None:
    """Walk the chain, then hold each row of each table against the last thing that was linked of it."""
    previous, expected = rulebook.GENESIS, 1
    hashes: dict[int, bytes] = {0: previous}
    newest: dict[tuple[str, str], tuple[int, Any]] = {}
    async with tx.stream(select(RuleEvent.seq, RuleEvent.body, RuleEvent.hash).order_by(RuleEvent.seq)) as rows:
        async for seq, *stored in rows:
            body, hashed = (raw(one) for one in stored)
            if seq != expected:
                note(tally, expected, f"Link {expected} of the rules is missing: the next one stored is {seq}.")
            elif rulebook.hash_of(seq, previous, body) != hashed:
                note(tally, seq, f"Link {seq} of the rules is not the one that was recorded.")
            else:
                said = json.loads(body)
                newest[said["kind"], said["key"]] = (seq, said["said"])
            previous, expected = hashed, seq + 1
            hashes[seq] = hashed
    for model in RULES:
        table = model.__table__
        if isinstance(table, Table):
            await compare(tx, table, newest, tally)
    await compare_signed(tx, hashes, tally)


async def compare(
    tx: AsyncConnection, table: Table, newest: dict[tuple[str, str], tuple[int, Any]], tally: Tally
) -> None:
    """Each row against its link, and each link against its row."""
    linked = {key: one for (kind, key), one in newest.items() if kind == table.name}
    async with tx.stream(select(*table.columns)) as rows:
        async for row in rows:
            key = rulebook.key_of(table, row)
            seq, said = linked.pop(key, (0, None))
            if said is None:
                note(tally, seq, f"The row {key} of {table.name} was never published.")
            elif said != rulebook.spelled(table, row):
                note(tally, seq, f"The row {key} of {table.name} is not what was published.")
    for key, (seq, _) in sorted(linked.items()):
        note(tally, seq, f"The row {key} of {table.name} was published and is gone.")


async def compare_signed(tx: AsyncConnection, hashes: dict[int, bytes], tally: Tally) -> None:
    """Each checkpoint names the last link of its time: none was written anew or cut off since."""
    n = 0
    while records := await queries.records_after(tx, n, AT_ONCE):
        for record in records:
            n = record.n
            said = stated(record.body).get("rules", {})
            seq = said.get("seq", 0)
            if hashes.get(seq, b"").hex() != said.get("hash"):
                note(tally, seq, f"Link {seq} of the rules is gone or not the one that checkpoint {n} signed.")
