"""Signed in with an API key: it travels sealed in a cookie and is asked anew at every page, so revoking it ends all."""

from datetime import datetime, timedelta

from fastapi import Request, Response

from app.access.actor import Actor, actor_with
from app.kit.sealing import Broken
from app.kit.service import service_of
from app.pages.context import is_encrypted

__all__ = ["LASTS", "actor_of", "end_session", "known_key", "start_session"]

LASTS = timedelta(hours=8)
PLACE = b"page session"
NAME = "shixian_session"


def name_of(request: Request) -> str:
    """The cookie's name: under TLS one that no other host and no plain connection can set."""
    return f"__Host-{NAME}" if is_encrypted(request) else NAME


async def known_key(request: Request, key: str) -> Actor | None:
    """Who an API key belongs to."""
    return await actor_with(request, key.encode())


async def actor_of(request: Request) -> Actor | None:
    """Who is signed in; None for nobody, for a session that is over, and for a key that was revoked since."""
    cookie = request.cookies.get(name_of(request))
    if cookie is None:
        return None
    service = service_of(request)
    try:
        until, _, key = service.sealer.open(bytes.fromhex(cookie), PLACE).decode().partition(" ")
        if service.now.now() >= datetime.fromisoformat(until):
            return None
    except (Broken, ValueError):
        return None
    return await known_key(request, key)


def start_session(request: Request, response: Response, key: str) -> None:
    """Set the cookie: sealed, out of reach of scripts and of other sites."""
    service = service_of(request)
    until = service.now.now() + LASTS
    sealed = service.sealer.seal(f"{until.isoformat()} {key}".encode(), PLACE)
    response.set_cookie(
        name_of(request),
        sealed.hex(),
        max_age=int(LASTS.total_seconds()),
        path="/",
        httponly=True,
        samesite="strict",
        secure=is_encrypted(request),
    )


def end_session(request: Request, response: Response) -> None:
    """Take the cookie back."""
    response.delete_cookie(name_of(request), path="/", httponly=True, samesite="strict", secure=is_encrypted(request))
