"""The hash chain of one application's events: canonical bytes, links, and where a chain breaks."""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

__all__ = ["SHA256", "Break", "Head", "Json", "Link", "canonical", "commit", "first_break", "genesis", "link", "stamp"]

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]

SHA256 = 1
"""The number of the only algorithm so far."""

EVENT = b"shixian/event/1"
GENESIS = b"shixian/genesis/1"
PRIVATE = b"shixian/private/1"

ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
)


class Link(NamedTuple):
    """One stored event, as far as its chain is concerned."""

    seq: int
    algorithm: int
    body: bytes
    hash: bytes


class Head(NamedTuple):
    """What the application's row says of its chain."""

    version: int
    hash: bytes


class Break(NamedTuple):
    """The first link that does not hold. `kind`: `hash`, `gap`, `algorithm`, `empty`, `tail` or `head`."""

    number: str
    seq: int
    kind: str
    detail: str


def canonical(body: dict[str, Json]) -> bytes:
    """The one spelling of a body that is hashed and stored: UTF-8, keys sorted, no spaces, integers and text only.

    As RFC 8785, without fractions: 0.8 has more than one spelling, so a share is written in thousandths.
    """
    refuse_fractions(body)
    return ENCODER.encode(body).encode("utf-8")


def stamp(instant: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS.ffffffZ`: an instant has one spelling in a body."""
    if instant.tzinfo is not UTC:
        if instant.tzinfo is None:
            raise ValueError("a naive instant is refused: it names no moment")
        instant = instant.astimezone(UTC)
    return instant.isoformat(timespec="microseconds")[:26] + "Z"


def genesis(number: str, nonce: bytes) -> bytes:
    """The hash before the first event: of the application's number and the nonce that its receipt states."""
    return digest(GENESIS, number.encode(), nonce)


def link(number: str, seq: int, previous: bytes, body: bytes) -> bytes:
    """The hash of one event. Number and place are inside it: a link cannot be moved or renumbered."""
    return digest(EVENT, number.encode(), seq.to_bytes(8, "big"), previous, body)


def commit(salt: bytes, name: str, value: bytes) -> str:
    """What a body holds in place of a personal value: it proves the value and, without the salt, betrays nothing."""
    return digest(PRIVATE, salt, name.encode(), value).hex()


def first_break(number: str, events: Iterable[Link], head: Head | None) -> Break | None:
    """Where the chain of one application first fails to hold; None when it is whole.

    `events` come in the order of `seq` and are read once. A chain alone does not notice that its tail was cut:
    the head does.
    """
    previous, seq = b"", 0
    for event in events:
        seq += 1
        if event.seq != seq:
            return Break(number, seq, "gap", f"Event {seq} is missing: the next one stored is {event.seq}.")
        if event.algorithm != SHA256:
            return Break(number, seq, "algorithm", f"Event {seq} names the unknown algorithm {event.algorithm}.")
        if seq == 1:
            previous = genesis(number, nonce_of(event.body))
        if link(number, seq, previous, event.body) != event.hash:
            return Break(number, seq, "hash", f"Event {seq} is not the one that was recorded, or not in its place.")
        previous = event.hash
    if head is None:
        return Break(number, seq, "head", "There are events of an application that does not exist.")
    if seq == 0:
        return Break(number, 1, "empty", "The application has no events.")
    if head.version > seq:
        return Break(number, seq + 1, "tail", f"The application's head counts {head.version} events, {seq} are stored.")
    if head.version != seq or head.hash != previous:
        return Break(number, seq, "head", "The application's head does not name the last event.")
    return None


def nonce_of(body: bytes) -> bytes:
    """The nonce that a receipt states; empty when there is none, so that the link after it fails."""
    try:
        receipt = json.loads(body)
    except ValueError:
        return b""
    nonce = receipt.get("nonce") if isinstance(receipt, dict) else None
    try:
        return bytes.fromhex(nonce) if isinstance(nonce, str) else b""
    except ValueError:
        return b""


def digest(*parts: bytes) -> bytes:
    """SHA-256 over the parts, each led by its length, so that no two lists of parts read alike."""
    return hashlib.sha256(b"".join([len(part).to_bytes(4, "big") + part for part in parts])).digest()


def refuse_fractions(value: object) -> None:
    """Raises TypeError for what has no single spelling: fractions, dates, bytes, keys that are not text."""
    if isinstance(value, dict):
        for key, member in value.items():
            if not isinstance(key, str):
                raise TypeError("a key of a body is text")
            refuse_fractions(member)
    elif isinstance(value, list):
        for member in value:
            refuse_fractions(member)
    elif value is not None and not isinstance(value, str | int):
        raise TypeError(f"{type(value).__name__} has no single spelling in a body")
