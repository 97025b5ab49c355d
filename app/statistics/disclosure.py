"""Small numbers hidden in what is published, and with them as many others as it takes that none can be reckoned back.

A count of one to four may be a person; it is shown as `<5`. A whole less its other parts would tell it all the same:
where that is so the smallest of the others is hidden, too. What can be reckoned is found as a reader would find it:
from the sums, from what is shown, and from knowing that what is shown as `<5` is one to four and what is hidden beside
it is more.
"""

from collections.abc import Hashable, Mapping, Sequence, Set
from enum import StrEnum
from typing import Final, Generic, NamedTuple, TypeVar

__all__ = ["SMALL", "Hidden", "Sum", "hide"]

SMALL: Final = 5
"""Counts from one to below this are hidden."""
_BOUNDLESS: Final = 1 << 60

K = TypeVar("K", bound=Hashable)


class Hidden(StrEnum):
    """Why a count is not shown."""

    SMALL = "small"
    BESIDE = "beside"
    """It is not small, but another could be reckoned from it."""


class Sum(NamedTuple, Generic[K]):
    """A whole is the sum of its parts.

    `rest`: what else is in it, and published nowhere; None where all readers know that there can be nothing else.
    """

    whole: K
    parts: tuple[K, ...]
    rest: int | None = None


Bounds = dict[K, tuple[int, int]]


def hide(values: Mapping[K, int], sums: Sequence[Sum[K]]) -> dict[K, Hidden]:
    """Which counts are not shown. `values`: every count that would be published, none below zero.

    What is left hidden of a sum is never below five together; no small count can be told to the unit from the sums, one
    after the other; the parts of a small whole are all hidden, those of none with them. Whoever solves all sums at once
    may, in a table of hardly more than small counts, yet tell one (tests/statistics/test_disclosure.py counts how
    often). `ValueError` where the parts and the rest do not make up their whole.
    """
    for one in sums:
        rest = one.rest or 0
        if rest < 0 or values[one.whole] != sum(values[part] for part in one.parts) + rest:
            raise ValueError(f"the parts do not make up {one.whole!r}")
    hidden = {key: Hidden.SMALL for key, value in values.items() if 0 < value < SMALL}
    below = _below(sums, hidden)
    hidden |= dict.fromkeys(below, Hidden.BESIDE)
    places: dict[K, list[int]] = {}
    for place, one in enumerate(sums):
        for key in (*one.parts, one.whole):
            places.setdefault(key, []).append(place)
    place = 0
    while True:
        while place < len(sums) and not (
            _tells_few(sums[place], values, hidden) and _left(sums[place], values, hidden)
        ):
            place += 1
        told = sums[place] if place < len(sums) else _told(values, sums, hidden, below)
        if told is None:
            return hidden
        more = min(_left(told, values, hidden), key=lambda key: values[key])
        hidden[more] = Hidden.BESIDE
        place = min(place, places[more][0])  # what stands before and does not hold it is as it was


def _below(sums: Sequence[Sum[K]], hidden: Mapping[K, Hidden]) -> set[K]:
    """All parts of small wholes, and theirs: four parts of a small whole, each of them small, would be one each."""
    parts: dict[K, list[K]] = {}
    for one in sums:
        parts.setdefault(one.whole, []).extend(one.parts)
    below: set[K] = set()
    waiting = [part for key in hidden for part in parts.get(key, ())]
    while waiting:
        key = waiting.pop()
        if key not in below:
            below.add(key)
            waiting += parts.get(key, ())
    return below


def _told(values: Mapping[K, int], sums: Sequence[Sum[K]], hidden: Mapping[K, Hidden], below: Set[K]) -> Sum[K] | None:
    """A sum from which a small count can be told, and in which something is left to hide; None where there is none."""
    bounds = _bounds(values, sums, hidden, below)
    told = [key for key, (least, most) in bounds.items() if least == most and 0 < values[key] < SMALL]
    if not told:
        return None
    left = [one for one in sums if _left(one, values, hidden) and _is_open(one, hidden)]
    own = (one for one in left if any(key == one.whole or key in one.parts for key in told))
    return next(own, None) or next(iter(left), None)


def _tells_few(one: Sum[K], values: Mapping[K, int], hidden: Mapping[K, Hidden]) -> bool:
    """Whether what is hidden of a shown whole is together small, or a hidden whole is told by its parts."""
    parts = [part for part in one.parts if part in hidden]
    if one.whole in hidden:
        return not parts and not one.rest
    together = sum(values[part] for part in parts)
    return together > 0 and together + (one.rest or 0) < SMALL


def _left(one: Sum[K], values: Mapping[K, int], hidden: Mapping[K, Hidden]) -> list[K]:
    """What of a sum could yet be hidden; a count of none is never told apart from one that is not there.

    The whole only where there is no part left: it says most.
    """
    parts = [part for part in one.parts if part not in hidden and values[part]]
    return parts or [one.whole for _ in range(one.whole not in hidden and values[one.whole] > 0)]


def _is_open(one: Sum[K], hidden: Mapping[K, Hidden]) -> bool:
    return one.whole in hidden or any(part in hidden for part in one.parts)


def _bounds(values: Mapping[K, int], sums: Sequence[Sum[K]], hidden: Mapping[K, Hidden], below: Set[K]) -> Bounds[K]:
    """Between what a reader can tell each hidden count to lie, taking one sum after the other until nothing changes."""
    bounds: Bounds[K] = {
        key: (1, SMALL - 1) if why is Hidden.SMALL else (0 if key in below else SMALL, _BOUNDLESS)
        for key, why in hidden.items()
    }
    bounds |= dict.fromkeys(below, (0, SMALL - 1))
    open_sums = [one for one in sums if _is_open(one, hidden)]
    moved = True
    while moved:
        moved = False
        for one in open_sums:  # each of them: to begin anew with the first that moved would be quadratic
            moved = _narrow(one, values, bounds) or moved
    return bounds


def _narrow(one: Sum[K], values: Mapping[K, int], bounds: Bounds[K]) -> bool:
    """Narrow the bounds of the hidden counts of one sum; whether any moved. A rest of none is held to be known."""
    parts = [bounds.get(part, (values[part],) * 2) for part in one.parts]
    least = sum(low for low, _ in parts)
    boundless = bool(one.rest) + sum(high >= _BOUNDLESS for _, high in parts)
    most = sum(high for _, high in parts if high < _BOUNDLESS)
    moved = False
    if one.whole in bounds:
        moved |= _set(bounds, one.whole, least, _BOUNDLESS if boundless else most)
    whole = bounds.get(one.whole, (values[one.whole],) * 2)
    for part, (low, high) in zip(one.parts, parts, strict=True):
        if part in bounds:
            others_boundless = boundless - (high >= _BOUNDLESS)
            others_most = most - (high if high < _BOUNDLESS else 0)
            floor = 0 if others_boundless else whole[0] - others_most
            ceiling = _BOUNDLESS if whole[1] >= _BOUNDLESS else whole[1] - (least - low)
            moved |= _set(bounds, part, floor, ceiling)
    return moved


def _set(bounds: Bounds[K], key: K, least: int, most: int) -> bool:
    low, high = bounds[key]
    bounds[key] = found = (max(low, least), min(high, most))
    return found != (low, high)
