"""Requests as bytes, straight into the application: what no client library would send can be sent too."""

import asyncio
import json
from collections.abc import Iterable, MutableMapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from fastapi import FastAPI

__all__ = ["Answer", "Sender", "quoted"]

Message = MutableMapping[str, Any]  # ASGI leaves the values open
Headers = Iterable[tuple[str | bytes, str | bytes]]

PATIENCE = 60.0
"""Seconds after which a request counts as hanging."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        """The media type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0]

    def json(self) -> Any:  # any JSON
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a problem, or nothing."""
        return str(self.json().get("code", "")) if self.kind == "application/problem+json" else ""


def quoted(text: str | bytes) -> str:
    """A part of a path or a query, with whatever bytes it holds."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return quote(raw, safe="")


def header_bytes(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text


class Sender:
    """Speaks to an application as a server would: the path decoded as uvicorn does it, the body in the parts given."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.sent = 0

    async def __call__(
        self,
        method: str,
        target: str,
        body: bytes | Sequence[bytes] | None = None,
        headers: Headers = (),
        *,
        media_type: str | None = "application/json",
    ) -> Answer:
        """One request. A body in parts is sent chunked, without its length; `target` is quoted already."""
        path, _, query = target.partition("?")
        lines = [(header_bytes(name).lower(), header_bytes(value)) for name, value in headers]
        if not any(name == b"host" for name, _ in lines):
            lines.insert(0, (b"host", b"testserver"))
        parts = [body] if isinstance(body, bytes) else list(body or ())
        if body is not None:
            if media_type is not None:
                lines.append((b"content-type", media_type.encode()))
            if isinstance(body, bytes):
                lines.append((b"content-length", str(len(body)).encode()))
            else:
                lines.append((b"transfer-encoding", b"chunked"))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode("ascii"),
            "query_string": query.encode("ascii"),
            "root_path": "",
            "headers": lines,
            "client": ("192.0.2.7", 50_000),
            "server": ("testserver", 80),
            "state": {},
        }
        self.sent += 1
        return await asyncio.wait_for(self.converse(scope, parts), PATIENCE)

    async def converse(self, scope: Message, parts: list[bytes]) -> Answer:
        """Give the body, take the answer; a stream of events is left after its first."""
        over = asyncio.Event()
        status = 0
        headers: dict[str, str] = {}
        chunks: list[bytes] = []
        waiting = list(parts)
        given = False

        async def receive() -> Message:
            nonlocal given
            if waiting:
                part = waiting.pop(0)
                given = not waiting
                return {"type": "http.request", "body": part, "more_body": bool(waiting)}
            if not given:
                given = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await over.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers.update((name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"])
            else:
                chunks.append(message.get("body", b""))
                if headers.get("content-type", "").startswith("text/event-stream") and chunks[-1]:
                    over.set()

        await self.app(scope, receive, send)
        return Answer(status, headers, b"".join(chunks))
