"""Servers for one measurement: each a process of its own on a free port of this host, all with the same uvicorn.

`python -m app.bench.servers MODULE:FACTORY FD` serves what the factory makes, on the socket that it inherits.
"""

import http.client
import importlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import uvicorn

from app.bench.load import Order, offer
from app.bench.measure import Rate

__all__ = ["Answered", "Served", "ask", "rate_of", "request_text", "serving"]

PATIENCE = 60.0
"""Seconds that a server may take to its first answer."""


class Answered(NamedTuple):
    """One answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Served(NamedTuple):
    """A server that runs: where it listens, and its process."""

    port: int
    process: int

    def processor_seconds(self) -> float:
        """What its process has used so far, as the system tells it (Linux)."""
        fields = Path(f"/proc/{self.process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(factory: str, environment: Mapping[str, str]) -> Iterator[Served]:
    """A server that lives until the block ends."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SHIXIAN_")}
        process = subprocess.Popen(  # noqa: S603  this program itself
            [sys.executable, "-m", "app.bench.servers", factory, str(listening.fileno())],
            pass_fds=[listening.fileno()],
            env=inherited | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    try:
        await_answer(process, port, factory)
        yield Served(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def await_answer(process: subprocess.Popen[bytes], port: int, factory: str) -> None:
    """Wait until the server answers, whatever it says."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise RuntimeError(f"{factory} ended with {process.returncode} before it answered")
        try:
            ask(port, "/healthz")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{factory} did not answer within {PATIENCE:.0f} s")


def ask(port: int, path: str, headers: Mapping[str, str] | None = None) -> Answered:
    """One request, outside any measurement."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        answer = connection.getresponse()
        return Answered(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def rate_of(served: Served, order: Order, status: str) -> Rate:
    """How fast a server answers a load, each answer with this status."""
    before = served.processor_seconds()
    tally = offer(order)
    used = served.processor_seconds() - before
    if set(tally.statuses) != {status}:
        raise RuntimeError(f"{tally.statuses} were answered; where a day begins meanwhile, measure again")
    return Rate(tally.rate, tally.asked / max(used, 1e-3))


def request_text(method: str, path: str, headers: Mapping[str, str] | None = None, body: str = "") -> str:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", "Accept: application/json"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines) + "\r\n\r\n" + body


def serve(factory: str, fd: int) -> None:
    """Serve as `shixian serve` does: uvicorn, one process, no access log of its own."""
    module, _, name = factory.partition(":")
    app = getattr(importlib.import_module(module), name)()
    config = uvicorn.Config(app, access_log=False, log_config=None, server_header=False, timeout_graceful_shutdown=5)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=fd)])


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
