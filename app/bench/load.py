"""The load: a process of its own that asks over keep-alive connections as fast as it is answered, and counts.

`python -m app.bench.load` reads an `Order` as JSON from standard input and writes a `Tally` as JSON.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import cast

import uvloop

__all__ = ["Order", "Tally", "offer", "quantile"]

LONGEST = 120.0
"""Seconds after which a load is given up, whatever happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked, of which port of this host, how long; with `once` each request is sent once, and then it ends."""

    port: int
    requests: list[str]
    connections: int = 16
    seconds: float = 2.0
    warm: float = 0.3
    once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What came of it; the time of warming is left out, but in `asked`."""

    answered: int
    asked: int
    seconds: float
    statuses: dict[str, int]
    milliseconds: tuple[float, float]
    """Median and 99th percentile of one answer, as the client sees it."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def offer(order: Order) -> Tally:
    """Run a load in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "app.bench.load"],
        input=json.dumps(asdict(order)),
        capture_output=True,
        text=True,
        timeout=LONGEST + order.seconds,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the load ended with {done.returncode}: {done.stderr}")
    told = json.loads(done.stdout)
    told["milliseconds"] = tuple(told["milliseconds"])
    return Tally(**told)


class Counts:
    """What all connections count together."""

    def __init__(self) -> None:
        self.counting = False
        self.statuses: Counter[bytes] = Counter()
        self.times: list[float] = []


class Connection(asyncio.Protocol):
    """One keep-alive connection: the next request goes out when the answer to the last is whole."""

    def __init__(self, requests: list[bytes], counts: Counts, *, once: bool) -> None:
        self.requests = requests
        self.counts = counts
        self.once = once
        self.ended = asyncio.get_running_loop().create_future()
        self.place = 0
        self.held = b""
        self.stopping = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected; nothing is asked yet."""
        self.transport = cast(asyncio.Transport, transport)  # that of uvloop is none by its class

    def connection_lost(self, error: Exception | None) -> None:
        """The server hung up, or we did."""
        if not self.ended.done():
            if self.stopping:
                self.ended.set_result(None)
            else:
                self.ended.set_exception(error or ConnectionError("the server hung up"))

    def ask(self) -> None:
        """Send the next request."""
        if self.stopping or (self.once and self.place == len(self.requests)):
            if not self.ended.done():
                self.ended.set_result(None)
            return
        request = self.requests[self.place % len(self.requests)]
        self.place += 1
        self.sent = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """A part of an answer."""
        self.held += data
        end = self.held.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.held[:end].lower()
        place = head.find(b"\r\ncontent-length:")
        length = 0
        if place >= 0:
            length = int(head[place + 17 :].split(b"\r\n", 1)[0])
        if len(self.held) < end + 4 + length:
            return
        counts = self.counts
        if counts.counting:
            counts.times.append(time.perf_counter() - self.sent)
            counts.statuses[head[9:12]] += 1
        self.held = b""
        self.ask()


async def drive(order: Order) -> Tally:
    """Connect, warm up, count."""
    loop = asyncio.get_running_loop()
    counts = Counts()
    texts = [request.encode("latin-1") for request in order.requests]
    connections: list[Connection] = []
    for number in range(min(order.connections, len(texts))):
        mine = texts[number :: order.connections]
        _, connection = await loop.create_connection(
            lambda mine=mine: Connection(mine, counts, once=order.once),  # type: ignore[misc]
            "127.0.0.1",
            order.port,
        )
        connections.append(connection)
    counts.counting = order.once
    begun = time.perf_counter()
    for connection in connections:
        connection.ask()
    if not order.once:
        await asyncio.sleep(order.warm)
        counts.counting, begun = True, time.perf_counter()
        loop.call_later(order.seconds, stop, counts, connections)
    async with asyncio.timeout(LONGEST):
        await asyncio.gather(*(connection.ended for connection in connections))
    seconds = time.perf_counter() - begun
    for connection in connections:
        connection.stopping = True
        connection.transport.close()
    return Tally(
        answered=len(counts.times),
        asked=sum(connection.place for connection in connections),
        seconds=seconds,
        statuses={status.decode(): count for status, count in sorted(counts.statuses.items())},
        milliseconds=(quantile(counts.times, 0.5) * 1000, quantile(counts.times, 0.99) * 1000),
    )


def stop(counts: Counts, connections: list[Connection]) -> None:
    """The time is over: what is asked still counts, nothing more is asked."""
    for connection in connections:
        connection.stopping = True


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(uvloop.run(drive(Order(**json.load(sys.stdin)))))))
