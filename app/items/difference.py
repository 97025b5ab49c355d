"""What differs between two documents, place by place."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

__all__ = ["Difference", "differences"]

KEYS = ("kind", "code")
"""By what the members of a list are known: a clock by its kind, a stage by its code; other lists go by place."""


class Difference(NamedTuple):
    """One place (a JSON pointer), what stood there and what will; None where there was or will be nothing."""

    pointer: str
    before: object
    after: object


def differences(before: object, after: object, at: str = "") -> Iterator[Difference]:
    """All places at which two JSON values differ, in the order of the document.

    A clock that only moved within its list does not differ; one that is gone is named by its old place.
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys((*before, *after)):
            yield from differences(before.get(name), after.get(name), f"{at}/{name}")
    elif isinstance(before, list) and isinstance(after, list):
        yield from of_lists(before, after, at)
    elif before != after:
        yield Difference(at, before, after)


def of_lists(before: Sequence[object], after: Sequence[object], at: str) -> Iterator[Difference]:
    """The members that differ, matched by what they are known by."""
    old = {known_by(member, place): (place, member) for place, member in enumerate(before)}
    new = {known_by(member, place): (place, member) for place, member in enumerate(after)}
    for key, (place, member) in new.items():
        yield from differences(old[key][1] if key in old else None, member, f"{at}/{place}")
    for key, (place, member) in old.items():
        if key not in new:
            yield Difference(f"{at}/{place}", member, None)


def known_by(member: object, place: int) -> object:
    """The kind or code of a member, else its place."""
    if isinstance(member, Mapping):
        for key in KEYS:
            if key in member:
                return key, member[key]
    return place
