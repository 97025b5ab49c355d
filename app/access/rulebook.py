"""The chain of the rules: each published version, key and override is linked, so that a silent change shows."""

import json
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.models import RuleEvent
from app.domain import chain
from app.domain.chain import Json
from app.kit.columns import Base
from app.kit.db import hash_of_chains
from app.kit.turns import take_turn

__all__ = ["GENESIS", "RuleHead", "hash_of", "head", "key_of", "link_act", "link_row", "spelled"]

CHAIN: Final = "shixian/rules/1"
GENESIS: Final = chain.digest(CHAIN.encode())
LOCK: Final = 7_238_411_908


class RuleHead(NamedTuple):
    """The last link: its place and its hash."""

    seq: int
    hash: bytes


def hash_of(seq: int, previous: bytes, body: bytes, algorithm: int = chain.SHA256) -> bytes:
    """The hash of one link."""
    return chain.link(CHAIN, seq, previous, body, algorithm)


def spelled(table: Table, row: Any) -> dict[str, Json]:  # a row of the table
    """A row in the one spelling that is linked; what the table holds as JSON is the text of it."""
    said: dict[str, Json] = {}
    for column in table.columns:
        value = getattr(row, column.name)
        if isinstance(value, datetime):
            value = chain.stamp(value)
        elif isinstance(value, date):
            value = value.isoformat()
        elif isinstance(value, bytes | memoryview):
            value = bytes(value).hex()
        elif isinstance(value, dict | list | float):
            value = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        said[column.name] = value
    return said


def key_of(table: Table, row: Any) -> str:  # a row of the table
    """By which name a row is linked: its primary key."""
    return "/".join(str(getattr(row, column.name)) for column in table.primary_key.columns)


async def head(tx: AsyncConnection) -> RuleHead:
    """Where the chain stands."""
    last = select(RuleEvent.seq, RuleEvent.hash).order_by(RuleEvent.seq.desc()).limit(1)
    row = (await tx.execute(last)).first()
    return RuleHead(0, GENESIS) if row is None else RuleHead(*row)


async def link_row(tx: AsyncConnection, model: type[Base], *where: ColumnElement[bool], now: datetime) -> None:
    """Link a row as it is stored now; to be called after each write of it, in the same transaction."""
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{model.__name__} is no table")
    row = (await tx.execute(select(*table.columns).where(*where))).one()
    await link_act(tx, table.name, key_of(table, row), spelled(table, row), now=now)


async def link_act(tx: AsyncConnection, kind: str, key: str, said: dict[str, Json], *, now: datetime) -> None:
    """Link something that was done. Nobody else links until the transaction ends: rules change rarely."""
    await take_turn(tx, LOCK)
    last = await head(tx)
    seq, algorithm = last.seq + 1, hash_of_chains(tx)
    body = chain.canonical({"kind": kind, "key": key, "said": said, "recorded_at": chain.stamp(now)})
    hashed = hash_of(seq, last.hash, body, algorithm)
    row = {"seq": seq, "kind": kind, "key": key, "algorithm": algorithm, "body": body, "hash": hashed}
    await tx.execute(insert(RuleEvent), row)
