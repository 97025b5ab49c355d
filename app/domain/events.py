"""What steps are to clocks: events, the local day of each worked out once for all of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from app.domain.pauses import Pause

__all__ = ["BEGIN", "END", "EXTEND", "MOMENT", "Event", "Origin", "started_by"]

MOMENT, BEGIN, END, EXTEND = range(4)
"""What an event is to clocks: a moment comes about, a pause begins or ends, a limit is extended."""

Event = tuple[int, datetime, int, str, bool, Pause | None, str, int]
"""What a step does to clocks, its local day worked out once for all of them: what it is (`MOMENT` …), instant, day, the
moment that comes about (of an extension the clock that it names), whether that is final, the pause that begins or ends,
of an extension the stage and the amount; of a moment that silence brought about, in place of the stage, the clock that
ran out. A bare tuple: some are made for each reading of each application."""


class Origin(NamedTuple):
    """From where a clock counts that the law lets count from another instant than that of the moment which starts it.

    What comes in on a Saturday may be received on Monday; what is deemed accepted was accepted on the day of receipt.
    """

    at: datetime
    day: int
    place: int
    """The event from which on pauses are taken out: that of the moment itself, or an earlier one."""


def started_by(events: Sequence[Event], place: int, origins: Mapping[int, Origin]) -> Event:
    """The event that starts a clock, with the instant and the day from which the law lets it count."""
    event = events[place]
    origin = origins.get(place)
    return event if origin is None else (event[0], origin.at, origin.day, *event[3:])
