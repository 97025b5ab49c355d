"""What was answered to a key: one row, written in the transaction of what it recorded, kept for seven days, sealed."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import BindParameter, LargeBinary, SmallInteger, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Base, Instant
from app.kit.db import execute
from app.kit.faults import Clash
from app.kit.sealing import Sealer
from app.kit.statements import Hot

__all__ = ["Answer", "IdempotencyKey", "Place", "claim", "forget_old", "keep"]

KEPT_FOR: Final = timedelta(days=7)


class IdempotencyKey(Base):
    """One key of one credential for one method and path. The key itself is not kept, only a hash that finds it."""

    __tablename__ = "idempotency_keys"

    place: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """SHA-256 over credential, method, path and key."""
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 over what was asked: the body and `If-Match`."""
    status: Mapped[int] = mapped_column(SmallInteger)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """Headers and body of the answer, sealed under the server's secret and the key."""
    created_at: Mapped[datetime] = mapped_column(Instant, index=True)


class Answer(NamedTuple):
    """An answer as bytes: what is sent the first time and every time after."""

    status: int
    body: bytes
    headers: Sequence[tuple[str, str]] = ()


class Place(NamedTuple):
    """Where an answer is kept, what was asked, and the key that opens it."""

    hash: bytes
    fingerprint: bytes
    key: bytes

    @staticmethod
    def of(*, credential: str, method: str, path: str, key: str, fingerprint: bytes) -> "Place":
        """The place of one key of one credential for one method and path."""
        parts = [each.encode("utf-8", "surrogatepass") for each in (credential, method, path, key)]
        joined = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return Place(hashlib.sha256(joined).digest(), fingerprint, parts[3])


_COLUMNS: dict[str, BindParameter[Any]] = {
    name: bindparam(name) for name in ("place", "fingerprint", "status", "sealed", "created_at")
}
_CLAIM = {
    "postgresql": Hot(
        postgresql.insert(IdempotencyKey).values(_COLUMNS).on_conflict_do_nothing().returning(IdempotencyKey.status)
    ),
    "sqlite": Hot(
        sqlite.insert(IdempotencyKey).values(_COLUMNS).on_conflict_do_nothing().returning(IdempotencyKey.status)
    ),
}
_AT = IdempotencyKey.place == bindparam("at")
_FIND = Hot(
    select(IdempotencyKey.created_at, IdempotencyKey.fingerprint, IdempotencyKey.status, IdempotencyKey.sealed).where(
        _AT
    )
)
_KEEP = Hot(update(IdempotencyKey).where(_AT).values(status=bindparam("status"), sealed=bindparam("sealed")))
_DROP = Hot(delete(IdempotencyKey).where(_AT))


class Reused(Exception):
    """The key was used for something else."""


async def claim(tx: AsyncConnection, place: Place, sealer: Sealer, now: datetime) -> Answer | None:
    """Takes the place for this transaction, or gives the answer kept there; raises `Reused` where another was asked.

    Whoever comes second waits in the database until the first has ended. A row without an answer cannot be seen: it is
    committed with the answer or not at all.
    """
    row = {"place": place.hash, "fingerprint": place.fingerprint, "status": 0, "sealed": b"", "created_at": now}
    if await execute(tx, _CLAIM[tx.dialect.name], row):
        return None
    found = await execute(tx, _FIND, {"at": place.hash})
    if not found:
        raise Clash("the kept answer was forgotten just now")
    [[created_at, fingerprint, status, sealed]] = found
    if created_at < now - KEPT_FOR:
        await execute(tx, _DROP, {"at": place.hash})
        await execute(tx, _CLAIM[tx.dialect.name], row)
        return None
    if fingerprint != place.fingerprint:
        raise Reused
    opened = sealer.under(place.key).open(sealed, place.hash)
    size = int.from_bytes(opened[:4], "big")
    return Answer(status, opened[4 + size :], [(name, value) for name, value in json.loads(opened[4 : 4 + size])])


async def keep(tx: AsyncConnection, place: Place, sealer: Sealer, answer: Answer) -> None:
    """Keeps the answer in the place that `claim` took."""
    headers = json.dumps(list(answer.headers)).encode()
    sealed = sealer.under(place.key).seal(len(headers).to_bytes(4, "big") + headers + answer.body, place.hash)
    await execute(tx, _KEEP, {"at": place.hash, "status": answer.status, "sealed": sealed})


async def forget_old(tx: AsyncConnection, now: datetime) -> int:
    """Deletes what is older than seven days; how many there were."""
    return (await tx.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - KEPT_FOR))).rowcount
