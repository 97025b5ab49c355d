"""What the limit of an order brings when it is not answered: cards, given by the sweep in batches."""

from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kit.db import Clash, Database, Unavailable
from app.kit.sealing import Sealer
from app.supervision import queries
from app.supervision.course import OrderStep
from app.supervision.orders import SYSTEM, commit
from app.supervision.write import Entry, cards_due

__all__ = ["escalate"]

BATCH: Final = 50
SET_ASIDE: Final = timedelta(hours=1)
"""How long an order rests that cannot be looked at."""
PASSING = (Unavailable, Clash, OSError, TimeoutError)

log = structlog.get_logger("shixian.orders")


async def escalate(db: Database, sealer: Sealer, now: datetime) -> int:
    """Give every card that has fallen due by `now`, one transaction a batch; how many.

    Any number of processes may do it at once: an order that another holds is left to it.
    """
    given = 0
    while await queries.is_any_due(db, now):
        ids: list[str] = []
        try:
            async with db.transaction() as tx:
                ids = await queries.due(tx, now, BATCH)
                given += await give(tx, ids, sealer, now)
        except PASSING:
            raise
        except Exception:  # one order must not keep the others from their cards
            if not ids:
                raise
            given += await one_by_one(db, ids, sealer, now)
        if len(ids) < BATCH:
            break
    return given


async def one_by_one(db: Database, ids: list[str], sealer: Sealer, now: datetime) -> int:
    """The members of a batch that raised; what raises again rests for an hour, and is told."""
    given = 0
    for id_ in ids:
        try:
            async with db.transaction() as tx:
                given += await give(tx, [id_], sealer, now)
        except PASSING:
            raise
        except Exception as error:  # named, and out of the others' way
            log.error("order_set_aside", order=id_, error=type(error).__name__, exc_info=error)
            async with db.transaction() as tx:
                await queries.rest(tx, id_, now + SET_ASIDE)
    return given


async def give(tx: AsyncConnection, ids: list[str], sealer: Sealer, now: datetime) -> int:
    """Bring these orders up to `now`: their cards, or a later look."""
    if not ids:
        return 0
    entries = [
        Entry(opened, tuple(cards_due(opened, now, SYSTEM)))
        for opened in await queries.load(tx, ids, sealer=sealer, lock=True)
    ]
    await commit(tx, entries, sealer=sealer, now=now)
    return sum(draft.type is OrderStep.GIVE_CARD for entry in entries for draft in entry.drafts)
