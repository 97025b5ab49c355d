"""The published items that cases name, as an application received on their day would pin them."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from app.items import queries as items
from app.items.validity import in_force
from app.simulations.simulate import ItemKey, NamedItem

__all__ = ["named_items"]


async def named_items(tx: AsyncConnection, keys: Iterable[ItemKey]) -> dict[ItemKey, NamedItem | None]:
    """Each item in the version of its day, None where there is none; a case without a receipt has the last version."""
    wanted = sorted(keys, key=str)
    schedules = await items.schedules(tx, sorted({code for code, _ in wanted}))
    found: dict[ItemKey, NamedItem | None] = {}
    for code, day in wanted:
        version = in_force(schedules.get(code, []), day or date.max)
        if version is None:
            found[code, day] = None
            continue
        pinned = await items.pinned(tx, code, version)
        found[code, day] = NamedItem(
            pinned.item, pinned.body.get("calendar"), pinned.body.get("jurisdiction"), pinned.body.get("kind")
        )
    return found
