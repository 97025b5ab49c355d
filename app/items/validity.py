"""Which version of an item holds on a day."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

__all__ = ["Dated", "in_force", "last_day_of"]


class Dated(NamedTuple):
    """A version and the day from which it holds."""

    version: int
    valid_from: date


def in_force(versions: Sequence[Dated], day: date) -> int | None:
    """The version that an application received on `day` pins: the one that began last, of two of one day the newer.

    The first version covers what is older than all of them, too. None for an item without a version.
    """
    begun = [(dated.valid_from, dated.version) for dated in versions if dated.valid_from <= day]
    if begun:
        return max(begun)[1]
    return min((dated.version for dated in versions), default=None)


def last_day_of(versions: Sequence[Dated], version: int) -> date | None:
    """The last day on which `version` holds, None when nothing follows it.

    One that a newer version replaced on its own first day never held: its last day is the day before it began.
    """
    order = sorted((dated.valid_from, dated.version) for dated in versions)
    place = next(place for place, (_, number) in enumerate(order) if number == version)
    return order[place + 1][0] - timedelta(days=1) if place + 1 < len(order) else None
