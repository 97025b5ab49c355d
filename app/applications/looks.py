"""When the sweep must look at an application again: an append may only make it earlier."""

from datetime import datetime

from app.domain.rungs import next_look
from app.domain.spans import Forecast

__all__ = ["earlier", "look_at"]


def look_at(
    known: datetime | None, before: Forecast | None, after: Forecast, *, since: datetime, now: datetime
) -> datetime | None:
    """When to look after an append of steps that happened from `since` on.

    The next crossing that the new forecast has from there on; and now, when the old one had a crossing between `since`
    and now: its alarm may have become untrue, as that of an office which decided in time and recorded it after the end.
    `before` is None for a new application.
    """
    look = earlier(known, next_look(after, since))
    if before is not None and since < now:
        crossed = next_look(before, since)
        if crossed is not None and crossed <= now:
            return earlier(look, now)
    return look


def earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two instants, of which either may be absent."""
    if one is None or other is None:
        return one or other
    return min(one, other)
