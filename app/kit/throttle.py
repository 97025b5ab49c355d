"""Limits on how often one address, one number and all together may ask: token buckets, bounded in memory."""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from fastapi import Request

from app.kit.problems import Problem

__all__ = ["Buckets", "Throttle", "client_address"]

MAX_BUCKETS: Final = 20_000


class Buckets:
    """Token buckets by key: `burst` at once, `per_minute` in the long run. The longest unused is forgotten first."""

    __slots__ = ("_burst", "_clock", "_held", "_largest", "_rate")

    def __init__(
        self,
        per_minute: float,
        *,
        burst: float | None = None,
        largest: int = MAX_BUCKETS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = per_minute / 60
        self._burst = max(1.0, per_minute / 2 if burst is None else burst)
        self._largest = largest
        self._clock = clock
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """0 when the key may ask now, else the seconds until it may."""
        now = self._clock()
        held = self._held
        tokens = self._burst
        known = held.get(key)
        if known is not None:
            grown = known[0] + (now - known[1]) * self._rate
            if grown < tokens:
                tokens = grown
            held.move_to_end(key)
        elif len(held) >= self._largest:
            held.popitem(last=False)
        if tokens < 1:
            held[key] = (tokens, now)
            return (1 - tokens) / self._rate
        held[key] = (tokens - 1, now)
        return 0.0

    def __len__(self) -> int:
        return len(self._held)


def client_address(request: Request) -> str:
    """Whose limit a request counts against: the peer's address, of IPv6 the network of 64 bits that one customer has.

    `X-Forwarded-For` counts only where the server was told to trust the proxy that sent it.
    """
    client = request.scope.get("client")
    text = client[0] if client else "unknown"
    if ":" not in text:
        return str(text)
    try:
        address = ipaddress.IPv6Address(text.partition("%")[0])
    except ValueError:
        return str(text)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, 64), strict=False).network_address)


class Throttle:
    """The limits of the public part, each process for itself: with n processes up to n times as much is let through."""

    def __init__(self, *, per_minute: int, total_per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.addresses = Buckets(per_minute, clock=clock)
        self.numbers = Buckets(per_minute, clock=clock)
        self.total = Buckets(total_per_minute, clock=clock, largest=1)

    def admit(self, address: str, number: str | None = None) -> None:
        """Lets one request of an address (for one number) through, or 429 with `Retry-After`."""
        wait = self.addresses.take(address)
        if not wait and number is not None:
            wait = self.numbers.take(number)
        if not wait:
            wait = self.total.take("")
        if wait:
            raise too_many(wait)


def too_many(wait: float) -> Problem:
    """429 with the whole seconds to wait."""
    return Problem(
        429,
        "too_many_requests",
        "too many requests; wait a while",
        headers={"Retry-After": str(max(1, math.ceil(wait)))},
    )
