"""Sealing what must be read back, and keyed digests: AES-256-GCM and HMAC-SHA256 under sub-keys of one secret."""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import LargeBinary, Text, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Base
from app.kit.statements import insert_for

__all__ = ["Broken", "Sealer", "SecretCheck", "confirm_secret", "derived"]

VERSION = b"\x01"
NONCE = 12


class Broken(Exception):
    """What was sealed was changed, moved elsewhere, or sealed under another secret."""


class Sealer:
    """Seals bytes so that only this server reads them, and only in the place that `aad` names.

    Each place has a key of its own, derived from the secret: no number of sealed rows wears out the nonces.
    """

    __slots__ = ("_keys", "_seal", "_secret")

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._keys: dict[str, bytes] = {}
        self._seal = self._key("seal")

    def _key(self, purpose: str) -> bytes:
        key = self._keys.get(purpose)
        if key is None:
            key = self._keys[purpose] = derived(self._secret, f"shixian/{purpose}/1".encode())
        return key

    def seal(self, data: bytes, aad: bytes) -> bytes:
        """The bytes sealed for the place that `aad` names: `number ‖ seq`, a key's hash."""
        nonce = os.urandom(NONCE)
        return VERSION + nonce + AESGCM(hmac.digest(self._seal, aad, "sha256")).encrypt(nonce, data, aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """The bytes that `seal` was given; raises `Broken` for anything else."""
        if sealed[:1] != VERSION:
            raise Broken("sealed in a form that this version does not know")
        try:
            return AESGCM(hmac.digest(self._seal, aad, "sha256")).decrypt(
                sealed[1 : 1 + NONCE], sealed[1 + NONCE :], aad
            )
        except (InvalidTag, ValueError):
            raise Broken("the seal is broken") from None

    def mac(self, purpose: str, data: bytes) -> bytes:
        """A keyed digest of 32 bytes; those of two purposes say nothing about each other."""
        return hmac.digest(self._key(f"mac/{purpose}"), data, "sha256")

    def under(self, key: bytes) -> "Sealer":
        """A sealer that also needs `key`, which the server does not keep: without it nobody reads what it sealed."""
        return Sealer(hmac.digest(self._key("under"), hashlib.sha256(key).digest(), "sha256"))


def derived(secret: bytes, info: bytes) -> bytes:
    """HKDF-SHA256 (RFC 5869) without a salt, 32 bytes: one block. Every kept answer needs a key of its own."""
    extracted = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


class SecretCheck(Base):
    """One row: a keyed digest by which a start tells that its secret is the one that sealed this database."""

    __tablename__ = "secret_check"

    purpose: Mapped[str] = mapped_column(Text, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)


async def confirm_secret(tx: AsyncConnection, sealer: Sealer) -> bool:
    """Is this the secret that sealed the database? The first start records it.

    A database restored without its secret file would else be served half sealed under a secret made anew.
    """
    digest = sealer.mac("check", b"")
    mine = {"purpose": "seal", "digest": digest}
    await tx.execute(insert_for(tx)(SecretCheck).values(mine).on_conflict_do_nothing())
    kept = (await tx.execute(select(SecretCheck.digest).where(SecretCheck.purpose == "seal"))).scalar_one()
    return hmac.compare_digest(kept, digest)
