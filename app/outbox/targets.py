"""Whom this service may connect to: judged by the address that is connected to, never by how it is written.

The name is resolved once, every answer is judged, and the connection goes to a judged address with the name in Host and
SNI: a second resolution could answer something else (rebinding).
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple

import httpx2

from app.kit.allowlist import PORTS, Address, Entry, Network, parse_allowlist, plain_host
from app.kit.settings import Settings

__all__ = ["Answered", "Place", "Refused", "Resolve", "Targets", "exchange", "resolve", "targets_of"]

LONGEST_URL: Final = 2048
LARGEST_ANSWER: Final = 64 * 1024
TOTAL_SECONDS: Final = 10.0
SHOWN: Final = 200

DENIED: Final[tuple[Network, ...]] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
        "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "fc00::/7", "fe80::/10", "fec0::/10",
        "ff00::/8",
    )
)  # fmt: skip
"""What no open mode reaches: this machine, private and shared networks, and IPv6 that wraps an IPv4 address.

`ipaddress.is_global` will not do: it is true for multicast, NAT64, 6to4 and `::127.0.0.1`.
"""
MAPPED: Final = IPv6Network("::ffff:0:0/96")

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""A name and a port to the addresses that it has, as text."""


class Refused(Exception):
    """This target may not be connected to; the text says why and holds nothing of what was found out about it."""


class Place(NamedTuple):
    """A target that was parsed and not resolved yet."""

    url: httpx2.URL
    host: str
    port: int


class Targets:
    """The rules of one service: what the operator listed, and whether public addresses are open."""

    def __init__(self, entries: Sequence[Entry], *, is_open: bool = False) -> None:
        self._entries = tuple(entries)
        self._is_open = is_open

    def place(self, text: str) -> Place:
        """The target that a text names, or `Refused`: read by the parser that the client itself uses, and no other."""
        if len(text) > LONGEST_URL or "\\" in text or not text.isprintable() or " " in text:
            raise Refused("is no address that can be sent to")
        try:
            url = httpx2.URL(text)
            host = url.raw_host.decode("ascii")
        except (httpx2.InvalidURL, UnicodeError):
            raise Refused("is no address that can be sent to") from None
        if url.scheme not in PORTS:
            raise Refused("must begin with https://")
        if url.userinfo or "@" in url.netloc.decode("ascii", "replace"):
            raise Refused("must not hold a user or a password")
        if url.fragment or "#" in text:
            raise Refused("must not hold a fragment")
        literal = _literal(host)
        name = host if literal is not None else plain_host(host)
        if not name or "%" in name:
            raise Refused("names no host")
        port = url.port or PORTS[url.scheme]
        if not 1 <= port <= 65535 or not self._candidates(url.scheme, port):
            raise Refused("has a scheme or a port that is not on the list of allowed targets (SHIXIAN_OUTBOUND_ALLOW)")
        return Place(url, name, port)

    def _candidates(self, scheme: str, port: int) -> bool:
        return self._opens(scheme, port) or any((each.scheme, each.port) == (scheme, port) for each in self._entries)

    def _opens(self, scheme: str, port: int) -> bool:
        return self._is_open and (scheme, port) == ("https", 443)

    def require(self, place: Place, addresses: Sequence[str]) -> Address:
        """The address to connect to, or `Refused` when one of all that the name has is not allowed."""
        found = [address for text in addresses if (address := _literal(text)) is not None]
        if not found or len(found) != len(addresses):
            raise Refused("has no address")
        for address in found:
            if not self._allows(place, address):
                raise Refused("is not on the list of allowed targets (SHIXIAN_OUTBOUND_ALLOW)")
        return min(found, key=lambda address: address.version)

    def _allows(self, place: Place, address: Address) -> bool:
        meant = judged(address)
        scheme = place.url.scheme
        entries = [each for each in self._entries if (each.scheme, each.port) == (scheme, place.port)]
        if any(each.network is not None and _holds(each.network, meant) for each in entries):
            return True
        by_name = any(each.host == place.host for each in entries)
        return (by_name or self._opens(scheme, place.port)) and not any(_holds(each, meant) for each in DENIED)


def judged(address: Address) -> Address:
    """The address that is meant: an IPv4 address written as IPv6 is the IPv4 one."""
    if isinstance(address, IPv6Address) and address in MAPPED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _holds(network: Network, address: Address) -> bool:
    return network.version == address.version and address in network


def _literal(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return None if isinstance(address, IPv6Address) and address.scope_id else address


def targets_of(settings: Settings) -> Targets:
    """The rules that the settings state."""
    return Targets(parse_allowlist(settings.outbound_allow), is_open=settings.outbound_open)


_RESOLVERS = ThreadPoolExecutor(32, thread_name_prefix="resolve")
"""Threads of their own: names that nobody answers for must not hold up what else needs a thread."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """All addresses that the machine's resolver has for a name."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(
        _RESOLVERS, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    )
    return [str(sockaddr[0]) for *_, sockaddr in found]


class Answered(NamedTuple):
    """What a target answered: its status, the first bytes, and when it wants to be asked again."""

    status: int
    body: bytes
    retry_after: str | None

    @property
    def shown(self) -> str:
        """The first printable characters of the answer: all that is kept of it."""
        text = self.body.decode("utf-8", "replace")[: 4 * SHOWN]
        return "".join(each if each.isprintable() else " " for each in text)[:SHOWN].strip()


class Pinned(httpx2.AsyncBaseTransport):
    """Sends a request to the address that was judged, and to no other; the name stays in Host and SNI.

    No connection is kept: one that was opened for a name must not serve another name of the same address.
    """

    def __init__(self, targets: Targets, look_up: Resolve, certificates: ssl.SSLContext) -> None:
        self._targets = targets
        self._look_up = look_up
        self._inner = httpx2.AsyncHTTPTransport(
            verify=certificates, trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0)
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Judge and connect."""
        place = self._targets.place(str(request.url))
        if _literal(place.host) is None:
            try:
                addresses = await self._look_up(place.host, place.port)
            except (OSError, UnicodeError):
                raise Refused("has no address") from None
        else:
            addresses = [place.host]
        address = self._targets.require(place, addresses)
        request.extensions = {**request.extensions, "sni_hostname": place.host}
        request.url = request.url.copy_with(host=str(address))
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close what is open."""
        await self._inner.aclose()


async def exchange(
    request: httpx2.Request, targets: Targets, certificates: ssl.SSLContext, *, look_up: Resolve = resolve
) -> Answered:
    """Send one request and read its answer, in ten seconds altogether and 64 KiB at most. Follows no redirect.

    `Refused`, `TimeoutError`, `OSError` or `httpx2.HTTPError` where there is no answer.
    """
    seconds = TOTAL_SECONDS
    request.extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), seconds)}
    async with asyncio.timeout(seconds):
        transport = Pinned(targets, look_up, certificates)
        try:
            response = await transport.handle_async_request(request)
            try:
                body = await _beginning(response)
            finally:
                await response.aclose()
        finally:
            await transport.aclose()
    return Answered(response.status_code, body, response.headers.get("retry-after"))


async def _beginning(response: httpx2.Response) -> bytes:
    """The body as it comes over the wire, up to the limit; what is beyond is not read."""
    parts, size = [], 0
    async for part in response.aiter_raw():
        parts.append(part)
        size += len(part)
        if size >= LARGEST_ANSWER:
            break
    return b"".join(parts)[:LARGEST_ANSWER]
