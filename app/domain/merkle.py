"""The hash tree over the heads of chains: its root, and the way from one leaf to the root (RFC 6962, section 2.1)."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

from app.domain.chain import EIGHT, spelled

__all__ = ["Leaf", "Tree", "leaf_hash", "path_of", "root_of", "root_over"]

LEAF = b"shixian/leaf/1"
BEGINNING = spelled(LEAF)
"""What every leaf is led by, spelled once: a full checkpoint has a million of them."""
EMPTY = sha256(b"").digest()


class Leaf(NamedTuple):
    """The head of one application's chain when a checkpoint was taken."""

    number: str
    seq: int
    hash: bytes


def leaf_hash(leaf: Leaf) -> bytes:
    """The hash of a leaf. Its prefix is another one than that of a node, so that neither passes for the other."""
    number, seq, hashed = leaf
    named = number.encode()
    parts = (BEGINNING, len(named).to_bytes(4, "big"), named, EIGHT, seq.to_bytes(8, "big"))
    stated = sha256(b"".join((*parts, len(hashed).to_bytes(4, "big"), hashed))).digest()
    return sha256(b"\x00" + stated).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """Grows leaf by leaf and keeps only the roots of its whole subtrees: twenty hashes for a million leaves."""

    __slots__ = ("_subtrees", "count")

    def __init__(self) -> None:
        self._subtrees: list[tuple[int, bytes]] = []
        self.count = 0

    def add(self, hashed: bytes) -> None:
        """One more leaf, hashed by `leaf_hash`, to the right of all others."""
        self.count += 1
        size = 1
        while self._subtrees and self._subtrees[-1][0] == size:
            hashed = node(self._subtrees.pop()[1], hashed)
            size *= 2
        self._subtrees.append((size, hashed))

    @property
    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self._subtrees:
            return EMPTY
        *before, (_, root) = self._subtrees
        for _, subtree in reversed(before):
            root = node(subtree, root)
        return root


def root_of(leaves: Iterable[Leaf]) -> bytes:
    """The root over leaves, which come sorted by number."""
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf_hash(leaf))
    return tree.root


def path_of(hashes: Sequence[bytes], place: int) -> list[bytes]:
    """The subtrees beside the way from the leaf at `place` to the root, the lowest first."""
    if len(hashes) <= 1:
        return []
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    if place < split:
        return [*path_of(hashes[:split], place), subtree(hashes[split:])]
    return [*path_of(hashes[split:], place - split), subtree(hashes[:split])]


def subtree(hashes: Sequence[bytes]) -> bytes:
    """The root over hashed leaves."""
    tree = Tree()
    for one in hashes:
        tree.add(one)
    return tree.root


def root_over(hashed: bytes, place: int, count: int, path: Sequence[bytes]) -> bytes | None:
    """The root to which a leaf's path leads; None when the path has not the length that place and count ask for."""
    if not 0 <= place < count:
        return None
    found, at, last = hashed, place, count - 1
    for beside in path:
        if last == 0:
            return None
        if at % 2 or at == last:
            found = node(beside, found)
            while not at % 2 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node(found, beside)
        at, last = at >> 1, last >> 1
    return found if last == 0 else None
