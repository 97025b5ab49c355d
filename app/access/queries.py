"""All that is read of keys and of the tree of departments."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.models import ApiKey, DepartmentTree
from app.access.roles import Role

__all__ = ["department_is_known", "descendants", "key_by_id", "keys_after", "live_security_key_exists"]

KeyRow = Row[str, bytes, str, str | None, str, list[str] | None, datetime, str, datetime | None, datetime | None]
KEY = select(
    ApiKey.id,
    ApiKey.secret_hash,
    ApiKey.role,
    ApiKey.department,
    ApiKey.name,
    ApiKey.steps,
    ApiKey.created_at,
    ApiKey.created_by,
    ApiKey.expires_at,
    ApiKey.revoked_at,
)


async def key_by_id(tx: AsyncConnection, id: str) -> KeyRow | None:  # noqa: A002
    """One key, revoked and expired ones included."""
    return (await tx.execute(KEY.where(ApiKey.id == id))).one_or_none()


async def keys_after(tx: AsyncConnection, after: str | None, limit: int) -> Sequence[KeyRow]:
    """A page of keys by id, one more than `limit` when there are more."""
    page = KEY.order_by(ApiKey.id).limit(limit + 1)
    return (await tx.execute(page if after is None else page.where(ApiKey.id > after))).all()


async def live_security_key_exists(tx: AsyncConnection, now: datetime) -> bool:
    """Whether a key with role `security` could be used now."""
    live = (
        select(ApiKey.id)
        .where(ApiKey.role == Role.SECURITY, ApiKey.revoked_at.is_(None))
        .where(or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now))
    )
    return (await tx.execute(live.limit(1))).first() is not None


async def department_is_known(tx: AsyncConnection, code: str) -> bool:
    """Whether the tree has `code`: every saved department is in it, with itself."""
    node = select(DepartmentTree.ancestor).where(DepartmentTree.ancestor == code, DepartmentTree.descendant == code)
    return (await tx.execute(node)).first() is not None


async def descendants(tx: AsyncConnection, department: str) -> frozenset[str]:
    """The department and all below it."""
    below = select(DepartmentTree.descendant).where(DepartmentTree.ancestor == department)
    return frozenset((await tx.execute(below)).scalars())
