"""Asks the application of a trial in this process, without a network."""

import time
from collections.abc import MutableMapping
from typing import Any

from app.bench.trial import Trial
from app.main import create_app

__all__ = ["Client"]

Message = MutableMapping[str, Any]  # ASGI leaves the values open


class Client:
    """Asks the application in this process: what it measures is the server alone, from the first line to the last.

    `fresh`: each answer is read from the database, none from what the process keeps.
    """

    def __init__(self, trial: Trial, path: str, key: str, *, fresh: bool = True) -> None:
        self.app = create_app(trial.service)
        self.path = path
        self.headers = [(b"host", b"bench"), (b"x-api-key", key.encode())]
        if fresh:
            self.headers.append((b"cache-control", b"no-cache"))

    async def get(self, query: str) -> tuple[float, bytes]:
        """Milliseconds and body of one answer."""
        scope: Message = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": self.headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        parts: list[bytes] = []
        statuses: list[int] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            else:
                parts.append(message["body"])

        begun = time.perf_counter()
        await self.app(scope, receive, send)
        taken = (time.perf_counter() - begun) * 1000
        if statuses != [200]:
            raise RuntimeError(f"{self.path} was answered with {statuses}")
        return taken, b"".join(parts)
