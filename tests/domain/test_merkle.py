"""The tree over heads: the published vectors of RFC 6962, every leaf of every small tree, and forged paths."""

import hashlib

import pytest

from app.domain.merkle import Leaf, Tree, leaf_hash, node, path_of, root_of, root_over

INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""Of the reference implementation of Certificate Transparency (`merkle/testdata`)."""


def hashed(count: int) -> list[bytes]:
    return [leaf_hash(Leaf(f"N{place:04}", place + 1, bytes([place % 256]) * 32)) for place in range(count)]


@pytest.mark.parametrize("count", range(1, 9))
def test_roots_are_those_of_certificate_transparency(count: int) -> None:
    tree = Tree()
    for text in INPUTS[:count]:
        tree.add(hashlib.sha256(b"\x00" + bytes.fromhex(text)).digest())
    assert tree.root.hex() == ROOTS[count - 1]


@pytest.mark.parametrize("count", [*range(1, 34), 100])
def test_every_leaf_leads_to_the_root_and_nowhere_else(count: int) -> None:
    leaves = hashed(count)
    tree = Tree()
    for one in leaves:
        tree.add(one)
    for place, leaf in enumerate(leaves):
        path = path_of(leaves, place)
        assert root_over(leaf, place, count, path) == tree.root
        assert root_over(node(leaf, leaf), place, count, path) != tree.root
        if count > 1:
            assert root_over(leaf, (place + 1) % count, count, path) != tree.root
            assert root_over(leaf, place, count, path[:-1]) is None
            assert root_over(leaf, place, count, [*path, leaf]) is None


def test_a_place_outside_the_tree_leads_nowhere() -> None:
    assert root_over(bytes(32), 1, 1, []) is None
    assert root_over(bytes(32), -1, 1, []) is None


def test_no_leaf_no_root_but_that_of_nothing() -> None:
    assert root_of([]) == hashlib.sha256(b"").digest()
