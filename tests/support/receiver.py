"""A receiver of ours on loopback: accepts, refuses, delays, drips or redirects as it is told, and keeps what came."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

__all__ = ["Receiver", "Request", "receiving", "reply"]


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Answer = bytes | float
"""The bytes that are answered; a number is a silence of so many seconds."""


@dataclass
class Receiver:
    """What arrived, and how the next request is answered."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    answer: Callable[[Request], list[Answer]] = lambda request: [reply(204)]
    open_now: int = 0
    most_at_once: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


def reply(status: int, body: bytes = b"", **headers: str) -> bytes:
    """An answer in one piece."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} x\r\ncontent-length: {len(body)}\r\n{lines}connection: close\r\n\r\n".encode() + body


async def converse(receiver: Receiver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, one request."""
    receiver.connections += 1
    receiver.open_now += 1
    receiver.most_at_once = max(receiver.most_at_once, receiver.open_now)
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        pairs = (line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = Request(method, target, headers, body)
        receiver.requests.append(request)
        for part in receiver.answer(request):
            if isinstance(part, bytes):
                writer.write(part)
                await writer.drain()
            else:
                await asyncio.sleep(part)
    except (asyncio.IncompleteReadError, ConnectionError, ValueError):
        pass
    finally:
        receiver.open_now -= 1
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()


@asynccontextmanager
async def receiving(host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A receiver while the block runs."""
    receiver = Receiver()
    server = await asyncio.start_server(lambda r, w: converse(receiver, r, w), host, 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
