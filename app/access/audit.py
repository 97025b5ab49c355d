"""Who did what: one row in the transaction of what was done."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import bindparam, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.models import AuditEntry
from app.kit.db import execute
from app.kit.statements import Hot

__all__ = ["record"]

COLUMNS = ("at", "credential", "role", "action", "object", "request_id", "detail")
INSERT = Hot(insert(AuditEntry).values({name: bindparam(name) for name in COLUMNS}))


class Doer(Protocol):
    """What the trail keeps of an actor."""

    @property
    def credential(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def request_id(self) -> str | None: ...


async def record(
    tx: AsyncConnection,
    actor: Doer,
    action: str,
    object: str,  # noqa: A002
    *,
    at: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write one line of the trail. `detail` holds codes, numbers and dates, never names, secrets or free text."""
    await execute(
        tx,
        INSERT,
        {
            "at": at,
            "credential": actor.credential,
            "role": str(actor.role),
            "action": action,
            "object": object,
            "request_id": actor.request_id,
            "detail": None if detail is None else dict(detail),
        },
    )
