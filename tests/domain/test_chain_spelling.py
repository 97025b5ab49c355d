"""What is hashed, byte for byte: a chain of today must read the same in every later release."""

import hashlib
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.domain import chain
from app.domain.chain import Break, Head, Link, canonical, commit, first_break, genesis, link, stamp
from app.domain.merkle import Leaf, Tree, leaf_hash, node

NUMBER = "Q0QJ-WRBA-61TW-PZ"


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def test_the_genesis_is_of_its_name_the_number_and_the_nonce_each_led_by_its_length() -> None:
    expected = sha256(
        b"\x00\x00\x00\x11shixian/genesis/1", b"\x00\x00\x00\x11Q0QJ-WRBA-61TW-PZ", b"\x00\x00\x00\x02\x01\x02"
    )
    assert genesis(NUMBER, b"\x01\x02") == expected


def test_a_link_is_of_its_name_the_number_the_place_the_hash_before_it_and_the_body() -> None:
    expected = sha256(
        b"\x00\x00\x00\x0fshixian/event/1",
        b"\x00\x00\x00\x11Q0QJ-WRBA-61TW-PZ",
        b"\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x01\x02",
        b"\x00\x00\x00\x03abc",
        b"\x00\x00\x00\x02{}",
    )
    assert link(NUMBER, 258, b"abc", b"{}") == expected


def test_a_commitment_is_of_its_name_the_salt_the_name_and_the_value_of_what_it_hides() -> None:
    expected = sha256(
        b"\x00\x00\x00\x11shixian/private/1", b"\x00\x00\x00\x01s", b"\x00\x00\x00\x07subject", b"\x00\x00\x00\x02ab"
    )
    assert commit(b"s", "subject", b"ab") == expected.hex()


def test_a_leaf_is_of_its_prefix_and_the_hash_of_its_name_the_number_the_place_and_the_head() -> None:
    stated = sha256(
        b"\x00\x00\x00\x0eshixian/leaf/1",
        b"\x00\x00\x00\x11Q0QJ-WRBA-61TW-PZ",
        b"\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x03",
        b"\x00\x00\x00\x03abc",
    )
    assert leaf_hash(Leaf(NUMBER, 3, b"abc")) == sha256(b"\x00", stated)


def test_three_leaves_are_a_pair_and_one() -> None:
    tree = Tree()
    for one in (b"a", b"b", b"c"):
        tree.add(one)
    assert (tree.count, tree.root) == (3, node(node(b"a", b"b"), b"c"))
    assert node(b"a", b"b") == sha256(b"\x01", b"a", b"b")


def a_link(seq: int, previous: bytes, body: bytes) -> Link:
    return Link(seq, chain.SHA256, body, link(NUMBER, seq, previous, body))


RECEIPT = a_link(1, genesis(NUMBER, b"\x0a"), b'{"nonce":"0a"}')
PAUSE = a_link(2, RECEIPT.hash, b'{"type":"pause"}')
WHOLE = Head(2, PAUSE.hash)

BREAKS = [
    ([RECEIPT, PAUSE], WHOLE, None),
    ([RECEIPT, PAUSE._replace(seq=3)], WHOLE, (2, "gap", "Event 2 is missing: the next one stored is 3.")),
    (
        [RECEIPT, PAUSE._replace(algorithm=4)],
        WHOLE,
        (2, "algorithm", "Event 2 names the unknown algorithm 4."),
    ),
    (
        [RECEIPT, PAUSE._replace(body=b"{}")],
        WHOLE,
        (2, "hash", "Event 2 is not the one that was recorded, or not in its place."),
    ),
    ([RECEIPT], None, (1, "head", "There are events of an application that does not exist.")),
    ([], WHOLE, (1, "empty", "The application has no events.")),
    ([RECEIPT], WHOLE, (2, "tail", "The application's head counts 2 events, 1 are stored.")),
    (
        [RECEIPT, PAUSE],
        Head(1, PAUSE.hash),
        (2, "head", "The application's head does not name the last event."),
    ),
    (
        [RECEIPT, PAUSE],
        Head(2, RECEIPT.hash),
        (2, "head", "The application's head does not name the last event."),
    ),
]


@pytest.mark.parametrize(("events", "head", "expected"), BREAKS)
def test_a_break_names_the_application_the_place_the_kind_and_says_it_in_words(
    events: list[Link], head: Head | None, expected: tuple[int, str, str] | None
) -> None:
    assert first_break(NUMBER, events, head) == (None if expected is None else Break(NUMBER, *expected))


@pytest.mark.parametrize("body", [b"no json", b"[]", b"{}", b'{"nonce":7}', b'{"nonce":"zz"}'])
def test_a_receipt_without_a_nonce_has_an_empty_one(body: bytes) -> None:
    assert chain.nonce_of(body) == b""


def test_what_has_no_single_spelling_is_refused_with_its_reason() -> None:
    with pytest.raises(TypeError, match=r"^a key of a body is text$"):
        canonical({"a": {1: "b"}})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match=r"^float has no single spelling in a body$"):
        canonical({"a": [0.8]})  # type: ignore[list-item]
    with pytest.raises(ValueError, match=r"^a naive instant is refused: it names no moment$"):
        stamp(datetime(2026, 1, 1))  # noqa: DTZ001  naive on purpose


def test_the_spelling_of_an_instant_does_not_depend_on_where_the_server_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2026, 1, 1, 8, 0, 0, 7, tzinfo=timezone(timedelta(hours=8)))
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert stamp(moment) == stamp(moment.astimezone(UTC)) == "2026-01-01T00:00:00.000007Z"
    finally:
        monkeypatch.undo()
        time.tzset()
