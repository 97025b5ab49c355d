"""One transaction after the other where two at once would both go by what was before."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["take_turn"]

_HOLD: Final = text("SELECT pg_advisory_xact_lock(:lock)")


async def take_turn(tx: AsyncConnection, lock: int) -> None:
    """Wait until no other transaction has this turn, and keep it until `tx` ends.

    `lock` is a number of the caller's own; a test holds that no two are alike. SQLite has one writer at a time anyway.
    """
    if tx.dialect.name == "postgresql":
        await tx.execute(_HOLD, {"lock": lock})
