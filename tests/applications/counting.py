"""How many rows a table has."""

from sqlalchemy import func, select

from app.kit.columns import Base
from app.kit.db import Database

__all__ = ["count_of"]


async def count_of(database: Database, table: type[Base]) -> int:
    """The rows of one table."""
    async with database.read() as tx:
        return (await tx.execute(select(func.count()).select_from(table))).scalar_one()
