"""The hash chain of one application's events: canonical bytes, links, and where a chain breaks."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final, NamedTuple

__all__ = [
    "ALGORITHMS",
    "BOTH",
    "SHA256",
    "SM3",
    "Break",
    "Head",
    "Json",
    "Link",
    "Sm3Missing",
    "Walk",
    "canonical",
    "commit",
    "digest",
    "first_break",
    "genesis",
    "has_sm3",
    "link",
    "nonce_of",
    "stamp",
]

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]

SHA256: Final = 1
SM3: Final = 2
"""GB/T 32905; not every build of OpenSSL has it."""
BOTH: Final = 3
"""The digest of SHA-256 and then that of SM3: who doubts one of them has the other."""
ALGORITHMS: Final = {"sha256": SHA256, "sm3": SM3, "sha256+sm3": BOTH}
"""The numbers that stand beside each event, by name."""

EVENT = b"shixian/event/1"
GENESIS = b"shixian/genesis/1"
PRIVATE = b"shixian/private/1"
EIGHT = (8).to_bytes(4, "big")
"""The length of a place in the chain, as it is spelled."""
NONCE = re.compile(rb'"nonce":"([0-9a-f]*)"')

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


class Sm3Missing(Exception):
    """This machine's OpenSSL has no SM3: nothing can be said of what was chained with it."""


def genesis(number: str, nonce: bytes, algorithm: int = SHA256) -> bytes:
    """The hash before the first event: of the application's number and the nonce that its receipt states."""
    return HASHES[algorithm](spelled(GENESIS, number.encode(), nonce))


def link(number: str, seq: int, previous: bytes, body: bytes, algorithm: int = SHA256) -> bytes:
    """The hash of one event. Number and place are inside it: a link cannot be moved or renumbered.

    Each event names its own algorithm; the hash before it may be of another one.
    """
    return HASHES[algorithm](spelled(EVENT, number.encode(), seq.to_bytes(8, "big"), previous, body))


def commit(salt: bytes, name: str, value: bytes) -> str:
    """What a body holds in place of a personal value: it proves the value and, without the salt, betrays nothing."""
    return digest(PRIVATE, salt, name.encode(), value).hex()


class Walk:
    """The chain of one application, link by link: what was seen is not kept, however long the chain is."""

    __slots__ = ("_beginning", "found", "hash", "number", "seen", "seq")

    def __init__(self, number: str) -> None:
        self.number = number
        self.seen = self.seq = 0
        self.hash = b""
        """Of the last link that holds."""
        self.found: Break | None = None
        """The first link that does not."""
        self._beginning = spelled(EVENT, number.encode()) + EIGHT

    def see(self, seq: int, algorithm: int, body: bytes, hashed: bytes) -> None:
        """The next stored link; after the first that does not hold no other is looked at. Raises `Sm3Missing`."""
        self.seen += 1
        if self.found is not None:
            return
        self.seq = place = self.seq + 1
        hasher = HASHES.get(algorithm)
        if seq != place:
            self.found = Break(self.number, place, "gap", f"Event {place} is missing: the next one stored is {seq}.")
        elif hasher is None:
            self.found = Break(self.number, seq, "algorithm", f"Event {seq} names the unknown algorithm {algorithm}.")
        else:
            previous = genesis(self.number, nonce_of(body), algorithm) if seq == 1 else self.hash
            # as `link`, but that the parts which stay the same are spelled once
            spelling = b"".join(
                [
                    self._beginning,
                    seq.to_bytes(8, "big"),
                    len(previous).to_bytes(4, "big"),
                    previous,
                    len(body).to_bytes(4, "big"),
                    body,
                ]
            )
            if hasher(spelling) != hashed:
                said = f"Event {seq} is not the one that was recorded, or not in its place."
                self.found = Break(self.number, seq, "hash", said)
            self.hash = hashed

    def end(self, head: Head | None) -> Break | None:
        """What is wrong with the chain, its head looked at, too."""
        number, seq = self.number, self.seq
        if self.found is not None:
            return self.found
        if head is None:
            return Break(number, seq, "head", "There are events of an application that does not exist.")
        if seq == 0:
            return Break(number, 1, "empty", "The application has no events.")
        if head.version > seq:
            said = f"The application's head counts {head.version} events, {seq} are stored."
            return Break(number, seq + 1, "tail", said)
        if head.version != seq or head.hash != self.hash:
            return Break(number, seq, "head", "The application's head does not name the last event.")
        return None


def first_break(number: str, events: Iterable[Link], head: Head | None) -> Break | None:
    """Where the chain of one application first fails to hold; None when it is whole.

    `events` come in the order of `seq` and are read once. A chain alone does not notice that its tail was cut:
    the head does.
    """
    walk = Walk(number)
    for event in events:
        walk.see(*event)
    return walk.end(head)


def nonce_of(body: bytes) -> bytes:
    """The nonce that a receipt states; empty when there is none, so that the link after it fails."""
    found = NONCE.findall(body)
    if len(found) == 1 and len(found[0]) % 2 == 0:  # nearly always; to read all of the body costs ten times as much
        return bytes.fromhex(found[0].decode())
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
    """SHA-256 over the parts: of commitments, leaves and checkpoints, whatever the events are chained with."""
    return hashlib.sha256(spelled(*parts)).digest()


def spelled(*parts: bytes) -> bytes:
    """The parts, each led by its length, so that no two lists of parts read alike."""
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


def has_sm3() -> bool:
    """Whether this machine's OpenSSL has SM3."""
    try:
        hashlib.new("sm3")
    except ValueError:
        return False
    return True


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def sm3(data: bytes) -> bytes:
    try:
        return hashlib.new("sm3", data).digest()
    except ValueError:
        raise Sm3Missing("this machine's OpenSSL has no SM3") from None


def both(data: bytes) -> bytes:
    return sha256(data) + sm3(data)


HASHES: Final[dict[int, Callable[[bytes], bytes]]] = {SHA256: sha256, SM3: sm3, BOTH: both}


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
