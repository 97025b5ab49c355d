"""API keys: made, shown once, kept as SHA-256, revoked."""

import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import NamedTuple

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit, rulebook
from app.access.models import ApiKey
from app.access.queries import KeyRow, department_is_known, key_by_id
from app.access.roles import SCOPED, Held, Role
from app.domain.steps import StepType
from app.kit.kept import Kept
from app.kit.problems import Problem, invalid

__all__ = ["KeyOrder", "NewKey", "Proved", "create_key", "fits", "id_of", "kept_keys", "make_key", "revoke_key"]

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_LENGTH, SECRET_LENGTH, CHECK_LENGTH = 8, 32, 6


class Proved(NamedTuple):
    """A key that was checked, and until when it may be used."""

    credential: str
    role: Role
    department: str | None
    name: str
    steps: frozenset[StepType] | None
    expires_at: datetime | None


kept_keys: Kept[bytes, Proved | None] = Kept(30)
"""Keys by the SHA-256 of what was sent, proved at most 30 s ago; dropped at once by the process that changes one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOrder:
    """What a new key is to be for."""

    role: Role
    name: str
    department: str | None = None
    steps: tuple[StepType, ...] | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the one moment at which its text is known."""

    id: str
    text: str


class Creator:
    """The command line as an actor of the audit trail: whoever may run it holds the database."""

    credential = "command"
    role: Held = "every"
    request_id: str | None = None


COMMAND = Creator()


def make_key() -> NewKey:
    """A key of 190 random bits: `sx_<8 id>_<32 secret>_<6 check>`; the check tells a mistyped one without a query."""
    id, secret = (  # noqa: A001
        "".join(secrets.choice(ALPHABET) for _ in range(length)) for length in (ID_LENGTH, SECRET_LENGTH)
    )
    body = f"sx_{id}_{secret}"
    return NewKey(id, f"{body}_{check_of(body)}")


def check_of(body: str) -> str:
    """CRC-32 of the text before it, in six symbols."""
    value = zlib.crc32(body.encode("ascii"))
    symbols = []
    for _ in range(CHECK_LENGTH):
        value, rest = divmod(value, len(ALPHABET))
        symbols.append(ALPHABET[rest])
    return "".join(reversed(symbols))


def id_of(text: str) -> str | None:
    """The id inside a key, None when the text is no key: another shape or check."""
    parts = text.split("_")
    if not text.isascii() or [len(p) for p in parts] != [2, ID_LENGTH, SECRET_LENGTH, CHECK_LENGTH] or parts[0] != "sx":
        return None
    body, _, check = text.rpartition("_")
    return parts[1] if check == check_of(body) else None


def hash_of(text: str) -> bytes:
    """What is stored of a key; it has 190 random bits, so that a slow hash would protect nothing more."""
    return sha256(text.encode()).digest()


def fits(row: KeyRow, text: str, now: datetime) -> bool:
    """Whether `text` is the key of `row` and may be used at `now`; takes the same time for every wrong secret."""
    right = compare_digest(row.secret_hash, hash_of(text))
    return right and row.revoked_at is None and (row.expires_at is None or now < row.expires_at)


async def create_key(tx: AsyncConnection, order: KeyOrder, *, by: audit.Doer = COMMAND, now: datetime) -> NewKey:
    """Make a key and store what is needed to know it again. 422 when role, department and steps do not go together.

    A credential with role `security` gives keys of every role but its own: another of that role comes from the command
    line, or from the key fixed from outside.
    """
    if by.role == Role.SECURITY and order.role is Role.SECURITY:
        raise Problem(
            403, "own_role", "A key with role `security` cannot make another one: it comes from `shixian keys create`."
        )
    await check_order(tx, order, now)

    new = make_key()
    while await key_by_id(tx, new.id) is not None:
        new = make_key()

    kept_keys.changed(tx)
    values = {
        "id": new.id,
        "secret_hash": hash_of(new.text),
        "role": order.role.value,
        "department": order.department,
        "name": order.name,
        "steps": None if order.steps is None else sorted(set(order.steps)),
        "created_at": now,
        "created_by": by.credential,
        "expires_at": order.expires_at,
    }
    await tx.execute(insert(ApiKey), values)
    await rulebook.link_row(tx, ApiKey, ApiKey.id == new.id, now=now)
    detail = {"role": order.role.value, "department": order.department, "steps": values["steps"]}
    await audit.record(tx, by, "create_key", new.id, at=now, detail=detail)
    return new


async def check_order(tx: AsyncConnection, order: KeyOrder, now: datetime) -> None:
    """Refuse a key that could never do anything, or that promises a limit which nothing would keep."""
    role = order.role
    if role in SCOPED and order.department is None:
        raise invalid(
            "body", "/department", "department_required", f"A key with role `{role}` belongs to a department."
        )
    if order.department is not None:
        if role not in SCOPED and role is not Role.INTEGRATION:
            raise invalid(
                "body", "/department", "department_not_allowed", f"Role `{role}` is not limited to a department."
            )
        if not await department_is_known(tx, order.department):
            raise invalid("body", "/department", "department_unknown", "There is no department with this code.")
    if order.steps is not None and role is not Role.INTEGRATION:
        raise invalid(
            "body", "/steps", "steps_not_allowed", "Only a key with role `integration` names the steps it may record."
        )
    if order.expires_at is not None and order.expires_at <= now:
        raise invalid("body", "/expires_at", "already_expired", "The key would have expired before its first use.")


async def revoke_key(tx: AsyncConnection, id: str, *, by: audit.Doer, now: datetime) -> bool:  # noqa: A002
    """End a key at once; false when it had ended before. 404 for an unknown one, 403 for one's own."""
    row = await key_by_id(tx, id)
    if row is None:
        raise Problem(404, "key_unknown", "There is no key with this id.")
    if by.credential == f"key:{id}":
        raise Problem(403, "own_key", "A key does not revoke itself: use another one, or `shixian keys create` first.")
    if row.revoked_at is not None:
        return False
    kept_keys.changed(tx)
    await tx.execute(update(ApiKey).where(ApiKey.id == id, ApiKey.revoked_at.is_(None)).values(revoked_at=now))
    await rulebook.link_row(tx, ApiKey, ApiKey.id == id, now=now)
    await audit.record(tx, by, "revoke_key", id, at=now, detail={"role": row.role})
    return True
