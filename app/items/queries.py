"""All that is read of items: a version that an application pins, the versions of one item, a page of all."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import column, func, select, table
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.domain.items import Item
from app.domain.steps import OPEN
from app.items.models import ItemVersion
from app.items.reading import item_of
from app.items.schemas import ItemDocument, OpenUnder
from app.items.validity import Dated, in_force
from app.kit.kept import Kept

__all__ = [
    "PinnedItem",
    "VersionRow",
    "items_after",
    "names",
    "newest",
    "open_under",
    "pinned",
    "schedule",
    "schedules",
    "valid_on",
    "versions",
    "versions_changed",
]

Document = dict[str, Any]  # a JSON object as it is stored


class PinnedItem(NamedTuple):
    """One version of an item, which never changes: what the law needs, the document, the name."""

    item: Item
    body: Document
    name: str


class VersionRow(NamedTuple):
    """One version as it is stored."""

    code: str
    version: int
    valid_from: date
    published_at: datetime
    body: Document


VERSION = select(
    ItemVersion.code, ItemVersion.version, ItemVersion.valid_from, ItemVersion.published_at, ItemVersion.body
)
APPLICATIONS = table("applications", column("item"), column("item_version"), column("status"))
"""The upper feature's table by its name, to count alone: what is open under a version."""

_kept: Kept[tuple[str, int], PinnedItem] = Kept(None, most=20_000)
_kept_names: Kept[str, dict[str, str]] = Kept(30)


async def pinned(tx: AsyncConnection, code: str, version: int) -> PinnedItem:
    """One version, read once in the life of the process: versions never change."""

    async def load() -> PinnedItem:
        found = VERSION.where(ItemVersion.code == code, ItemVersion.version == version)
        row = VersionRow(*(await tx.execute(found)).one())
        document = ItemDocument.model_validate(row.body)
        return PinnedItem(item_of(document, version), row.body, document.name or code)

    return await _kept.get(tx, (code, version), load)


async def valid_on(tx: AsyncConnection, code: str, day: date) -> PinnedItem | None:
    """The version that an application received on `day` pins; None for an unknown item. It is asked each time."""
    version = in_force(await schedule(tx, code), day)
    return None if version is None else await pinned(tx, code, version)


async def schedule(tx: AsyncConnection, code: str) -> list[Dated]:
    """The versions of one item with their days."""
    dated = select(ItemVersion.version, ItemVersion.valid_from).where(ItemVersion.code == code)
    return [Dated(*row) for row in await tx.execute(dated.order_by(ItemVersion.version))]


async def schedules(tx: AsyncConnection, codes: Sequence[str]) -> dict[str, list[Dated]]:
    """The same for several items, in one statement."""
    found: dict[str, list[Dated]] = defaultdict(list)
    dated = select(ItemVersion.code, ItemVersion.version, ItemVersion.valid_from).where(ItemVersion.code.in_(codes))
    for code, version, valid_from in await tx.execute(dated.order_by(ItemVersion.code, ItemVersion.version)):
        found[code].append(Dated(version, valid_from))
    return found


async def names(tx: AsyncConnection) -> dict[str, str]:
    """The names of all items in their newest version, read at most 30 s ago."""

    async def load() -> dict[str, str]:
        named = select(ItemVersion.code, ItemVersion.name).order_by(ItemVersion.code, ItemVersion.version)
        return dict((await tx.execute(named)).all())

    return await _kept_names.get(tx, "all", load)


def versions_changed(tx: AsyncConnection) -> None:
    """Tell that `tx` makes a version: until it has committed nobody keeps what it sees."""
    _kept.changed(tx)
    _kept_names.changed(tx)


async def newest(tx: AsyncConnection, code: str) -> VersionRow | None:
    """The newest version of one item."""
    found = VERSION.where(ItemVersion.code == code).order_by(ItemVersion.version.desc()).limit(1)
    row = (await tx.execute(found)).one_or_none()
    return None if row is None else VersionRow(*row)


async def versions(tx: AsyncConnection, code: str, after: int, limit: int) -> list[VersionRow]:
    """A page of the versions of one item, oldest first, one more than `limit` when there are more."""
    found = VERSION.where(ItemVersion.code == code, ItemVersion.version > after).order_by(ItemVersion.version)
    return [VersionRow(*row) for row in await tx.execute(found.limit(limit + 1))]


async def items_after(tx: AsyncConnection, after: str | None, limit: int) -> list[VersionRow]:
    """A page of items by code, each in its newest version, one more than `limit` when there are more."""
    other = aliased(ItemVersion)
    last = select(func.max(other.version)).where(other.code == ItemVersion.code).scalar_subquery()
    page = VERSION.where(ItemVersion.version == last).order_by(ItemVersion.code).limit(limit + 1)
    rows = await tx.execute(page if after is None else page.where(ItemVersion.code > after))
    return [VersionRow(*row) for row in rows]


async def open_under(tx: AsyncConnection, code: str) -> list[OpenUnder]:
    """How many open applications each version has."""
    counted = (
        select(APPLICATIONS.c.item_version, func.count())
        .where(APPLICATIONS.c.item == code, APPLICATIONS.c.status.in_(sorted(OPEN)))
        .group_by(APPLICATIONS.c.item_version)
        .order_by(APPLICATIONS.c.item_version)
    )
    return [OpenUnder(version=version, applications=count) for version, count in await tx.execute(counted)]
