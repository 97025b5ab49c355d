"""The one wrapper around every request: its id, security headers, access log, figures, an answer to what nobody caught.

A plain ASGI callable, for what stands here is paid by every poll of every dashboard.
"""

import itertools
import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import structlog
from fastapi import Request

from app.kit import logs
from app.kit.problems import Problem, problem_response
from app.kit.reading import path_fault

__all__ = ["POLICY", "Whole", "Wrapper", "request_id_of", "whole"]

Scope = MutableMapping[str, Any]  # ASGI leaves the values open
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger(__name__)

POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
    "img-src 'self' data:"
)
"""A page that needs another policy sets its own header; this one is then left out."""
_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_ALWAYS_WITH_POLICY: Final = (*_ALWAYS, (b"content-security-policy", POLICY.encode()))
_NO_REFERRER: Final = (b"referrer-policy", b"no-referrer")
"""A page with a form for people who are signed in needs `same-origin`: else the browser says `Origin: null` with it."""
_NO_STORE: Final = (b"cache-control", b"no-store")
_REVALIDATE: Final = (b"cache-control", b"private, no-cache")
_GIVEN_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines: counted, but not in the access log."""

_START = secrets.token_hex(6)
_serial = itertools.count(1)


def request_id_of(request: Request) -> str:
    """The id of this request: the client's `X-Request-Id` where it is plain, else one of ours."""
    given: str = request.scope["state"]["request_id"]
    return given


class Wrapper:
    """Wraps the application: `app.add_middleware(Wrapper)`, alone and outermost."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        request_id = f"{_START}-{next(_serial):x}"
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _GIVEN_ID.fullmatch(value) is not None:
                request_id = value.decode("ascii")
        scope.setdefault("state", {})["request_id"] = request_id
        logs.request_id.set(request_id)
        method: str = scope["method"]
        if method == "HEAD":  # in a copy: the server looks at its own to know that no body follows
            scope = {**scope, "method": "GET"}
        status = 0

        async def answer(message: Scope) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"]
                if type(headers) is not Whole:
                    headers = message["headers"] = whole(headers)
                headers.append((b"x-request-id", request_id.encode("ascii")))
                if (set_clock := _set_clock(scope)) is not None:
                    headers.append((b"x-set-clock", set_clock))
            elif method == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        try:
            fault = path_fault(scope)
            if fault is None:
                await self._app(scope, receive, answer)
            else:
                await problem_response(fault)(scope, receive, answer)
        except Exception as error:  # the last place that can answer: the server behind would only hang up
            log.error("unhandled", exc_info=error)
            if status:
                raise  # half an answer is out: only hanging up tells the client so
            await problem_response(INTERNAL)(scope, receive, answer)
        finally:
            seconds = time.perf_counter() - begun
            route = getattr(scope.get("route"), "path", "unmatched")
            try:
                count = scope["app"].state.service.metrics.count_request
            except (AttributeError, KeyError):
                pass  # not started yet
            else:
                count(method, route, status, seconds)
            if route not in QUIET:
                logs.access(method, route, status, seconds, request_id)


INTERNAL: Final = Problem(500, "internal_error", "something went wrong here; it was logged")


def _set_clock(scope: Scope) -> bytes | None:
    """What a service says with every answer that lives by a set clock: its present instant. None where time is real."""
    try:
        now = scope["app"].state.service.now
    except (AttributeError, KeyError):
        return None  # not started yet
    return now.now().isoformat(timespec="seconds").encode() if now.is_set else None


class Whole(list[tuple[bytes, bytes]]):
    """Headers that lack nothing but the request's id: worked out once for an answer that is given all day."""


def whole(headers: Any) -> Whole:  # any iterable of pairs, says ASGI
    """The headers with ours. A route's own policy and cache rule stand; what has a tag may be kept, but asked again."""
    complete = Whole(headers)
    policy = cached = tagged = referrer = False
    for name, _ in complete:
        if name == b"cache-control":
            cached = True
        elif name == b"etag":
            tagged = True
        elif name == b"content-security-policy":
            policy = True
        elif name == b"referrer-policy":
            referrer = True
    complete.extend(_ALWAYS if policy else _ALWAYS_WITH_POLICY)
    if not referrer:
        complete.append(_NO_REFERRER)
    if not cached:
        complete.append(_REVALIDATE if tagged else _NO_STORE)
    return complete
