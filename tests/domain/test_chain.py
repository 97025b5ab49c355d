"""The chain of one application: canonical bytes, and every way to break it."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import chain
from app.domain.chain import Break, Head, Link, canonical, commit, first_break, genesis, link, stamp

NUMBER = "Q0QJ-WRBA-61TW-PZ"


def history(number: str = NUMBER, length: int = 5) -> tuple[list[Link], Head]:
    """A whole chain of `length` events and its head."""
    nonce = hashlib.sha256(number.encode()).digest()[:16]
    previous = genesis(number, nonce)
    events = []
    for seq in range(1, length + 1):
        body = canonical(
            {"type": "receive" if seq == 1 else "pause", "seq": seq, "nonce": nonce.hex() if seq == 1 else None}
        )
        previous = link(number, seq, previous, body)
        events.append(Link(seq, chain.SHA256, body, previous))
    return events, Head(length, previous)


def broken(events: list[Link], head: Head | None, number: str = NUMBER) -> tuple[int, str] | None:
    found = first_break(number, iter(events), head)
    return None if found is None else (found.seq, found.kind)


def test_a_whole_chain_has_no_break() -> None:
    assert first_break(NUMBER, *history()) is None


def test_an_edited_body_breaks_at_its_own_event() -> None:
    events, head = history()
    events[2] = events[2]._replace(body=events[2].body.replace(b"pause", b"resum"))
    assert broken(events, head) == (3, "hash")


def test_an_edited_hash_breaks_at_its_own_event() -> None:
    events, head = history()
    events[2] = events[2]._replace(hash=bytes(32))
    assert broken(events, head) == (3, "hash")


def test_an_event_deleted_in_the_middle_leaves_a_gap() -> None:
    events, head = history()
    del events[2]
    assert broken(events, head) == (3, "gap")


def test_an_event_deleted_and_the_rest_renumbered_breaks() -> None:
    events, head = history()
    rest = [event._replace(seq=event.seq - 1) for event in events[3:]]
    assert broken(events[:2] + rest, Head(4, head.hash)) == (3, "hash")


def test_two_events_swapped_break_at_the_first() -> None:
    events, head = history()
    events[1], events[2] = events[2]._replace(seq=2), events[1]._replace(seq=3)
    assert broken(events, head) == (2, "hash")


def test_an_event_moved_from_another_application_breaks() -> None:
    events, head = history()
    other, _ = history("MX6E-M2P3-F3PP-6B")
    events[3] = other[3]
    assert broken(events, head) == (4, "hash")


def test_a_whole_chain_moved_to_another_application_breaks_at_once() -> None:
    assert broken(*history(), number="MX6E-M2P3-F3PP-6B") == (1, "hash")


def test_a_cut_tail_is_noticed_by_the_head_alone() -> None:
    events, head = history()
    assert broken(events[:3], head) == (4, "tail")
    assert broken(events[:3], Head(3, head.hash)) == (3, "head")


def test_a_changed_head_is_noticed() -> None:
    events, head = history()
    assert broken(events, Head(5, bytes(32))) == (5, "head")
    assert broken(events, Head(4, head.hash)) == (5, "head")
    assert broken(events, None) == (5, "head")
    assert broken([], head) == (1, "empty")


def test_an_unknown_algorithm_is_named() -> None:
    events, head = history()
    events[1] = events[1]._replace(algorithm=9)
    assert broken(events, head) == (2, "algorithm")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"nonce":5}', b'{"nonce":"zz"}', b"\xff"])
def test_a_receipt_that_is_none_breaks_at_the_first_event(body: bytes) -> None:
    events, head = history()
    events[0] = events[0]._replace(body=body)
    assert broken(events, head) == (1, "hash")


def test_the_break_says_where_in_words() -> None:
    events, head = history()
    found = first_break(NUMBER, events[:3], head)
    assert found == Break(NUMBER, 4, "tail", "The application's head counts 5 events, 3 are stored.")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), values, max_size=6))
def test_a_body_has_one_spelling_and_reads_back(body: dict[str, chain.Json]) -> None:
    spelled = canonical(body)
    assert json.loads(spelled) == body
    assert canonical(dict(reversed(body.items()))) == spelled


@pytest.mark.parametrize("value", [0.5, float("nan"), datetime(2026, 1, 1, tzinfo=UTC), b"x", (1,), {1: "a"}, [[0.5]]])
def test_what_has_no_single_spelling_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical({"value": value})  # type: ignore[dict-item]


def test_an_instant_has_one_spelling_whatever_its_zone() -> None:
    there = datetime(2026, 11, 2, 9, 10, 0, 5, tzinfo=timezone(timedelta(hours=8)))
    assert stamp(there) == stamp(there.astimezone(UTC)) == "2026-11-02T01:10:00.000005Z"
    with pytest.raises(ValueError, match="naive"):
        stamp(datetime(2026, 11, 2))  # noqa: DTZ001


def test_a_commitment_depends_on_salt_name_and_value_and_on_where_one_ends() -> None:
    alike = [(b"a", "b", b"c"), (b"a", "c", b"b"), (b"ab", "", b"c"), (b"b", "b", b"c")]
    assert len({commit(*parts) for parts in alike}) == 4
