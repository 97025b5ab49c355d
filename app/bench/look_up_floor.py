"""The floor of P1: a bare ASGI callable, a prepared statement of the driver, the same row, the same bytes sent."""

import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import asyncpg

__all__ = ["Floor", "floor"]

Message = MutableMapping[str, Any]  # ASGI leaves the values open
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

STATEMENT = "SELECT sealed FROM public_views WHERE number = $1"


class Floor:
    """Answers a look-up with as little as an answer takes."""

    def __init__(self, address: str, answers: dict[str, bytes], connections: int) -> None:
        self.address = address
        self.connections = connections
        self.ready = {
            number: (
                [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())],
                {"type": "http.response.body", "body": body},
            )
            for number, body in answers.items()
        }
        self.opened: list[Any] = []  # asyncpg has no types
        self.free: list[Any] = []

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Read the row, send the bytes."""
        if scope["type"] == "lifespan":
            await self.live(receive, send)
            return
        number = scope["path"].rpartition("/")[2]
        known = self.ready.get(number)
        if known is None:
            await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        statement = self.free.pop()  # as many as the load has connections
        sealed = await statement.fetchval(number)
        self.free.append(statement)
        headers, body = known
        await send({"type": "http.response.start", "status": 200 if sealed else 404, "headers": headers})
        await send(body)

    async def live(self, receive: Receive, send: Send) -> None:
        """Connect, and hang up at the end."""
        await receive()
        for _ in range(self.connections):
            connection = await asyncpg.connect(self.address, server_settings={"jit": "off"})
            self.opened.append(connection)
            self.free.append(await connection.prepare(STATEMENT))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for connection in self.opened:
            await connection.close()
        await send({"type": "lifespan.shutdown.complete"})


def floor() -> Floor:
    """The floor of the environment."""
    answers = json.loads(Path(os.environ["BENCH_ANSWERS"]).read_text())
    return Floor(
        os.environ["BENCH_DATABASE_URL"],
        {number: body.encode() for number, body in answers.items()},
        int(os.environ["BENCH_CONNECTIONS"]),
    )
