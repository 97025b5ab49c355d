"""Where this service may send to: entries of an operator's list, `[http://]host-or-network[:port]`."""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final, NamedTuple

__all__ = ["PORTS", "Address", "Entry", "Network", "parse_allowlist", "plain_host"]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS: Final = {"https": 443, "http": 80}
_ENTRY = re.compile(r"(?:(https?)://)?(\[[^\]]+\](?:/\d+)?|[^:\[\]]+?)(?::(\d{1,5}))?", re.ASCII)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)


class Entry(NamedTuple):
    """One place that may be sent to: a host by name or a network, one scheme, one port."""

    scheme: str
    host: str | None
    network: Network | None
    port: int


def plain_host(text: str) -> str | None:
    """A host's name in lower case without the point at its end; None where it is none."""
    name = text.lower().removesuffix(".")
    labels = name.split(".")
    if not name or len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    return name


def parse_allowlist(text: str) -> tuple[Entry, ...]:
    """The entries of a list separated by commas; `ValueError` names the one that is none.

    `hooks.gov.cn`, `10.1.0.0/16:8443`, `http://10.2.3.4:8080`, `[fd00:1::]/32`. Without a scheme https is meant,
    without a port the scheme's own.
    """
    return tuple(_entry(part.strip()) for part in text.split(",") if part.strip())


def _entry(text: str) -> Entry:
    match = _ENTRY.fullmatch(text)
    fault = ValueError(
        f"{text!r} is no host, address or network like hooks.gov.cn, 10.1.0.0/16 or http://10.2.3.4:8080"
    )
    if match is None:
        raise fault
    scheme, place, port = match[1] or "https", match[2], int(match[3] or PORTS[match[1] or "https"])
    if not 1 <= port <= 65535:
        raise fault
    network = _network(place.replace("[", "").replace("]", ""))
    if network is not None:
        return Entry(scheme, None, network, port)
    host = plain_host(place)
    if host is None or host.replace(".", "").isdigit():
        raise fault
    return Entry(scheme, host, None, port)


def _network(text: str) -> Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None
