"""Signatures as Standard Webhooks have them: a receiver checks them with any library of that name."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from urllib.parse import quote_plus

__all__ = ["dingtalk", "headers", "make_secret"]

PREFIX: Final = "whsec_"
BYTES: Final = 32


def make_secret() -> str:
    """A new secret of 256 random bits."""
    return PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode("ascii")


def signature(secret: str, id: str, timestamp: int, body: bytes) -> str:  # noqa: A002
    """`v1,…` over `id.timestamp.body`."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.digest(key, b".".join((id.encode(), str(timestamp).encode(), body)), hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode("ascii")


def headers(secrets_: Sequence[str], id: str, at: datetime, body: bytes) -> dict[str, str]:  # noqa: A002
    """The three headers of a message that is sent at `at`: one signature for each secret that is alive."""
    timestamp = int(at.timestamp())
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(each, id, timestamp, body) for each in secrets_),
    }


def dingtalk(secret: str, at: datetime) -> tuple[str, str]:
    """`timestamp` and `sign` of a 钉钉 robot (加签): HMAC-SHA256 over the milliseconds and the secret itself."""
    timestamp = str(int(at.timestamp() * 1000))
    digest = hmac.digest(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256)
    return timestamp, quote_plus(base64.b64encode(digest))
