"""A window of applications: what an edition does to each, reckoned where that is sure; which must be drawn."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications.carried import Carried, Edition
from app.calendar_changes import queries
from app.calendar_changes.apply import Seen
from app.calendar_changes.changes import Change
from app.calendar_changes.moves import Reach, may_meet
from app.calendar_changes.reckoned import Reckoner
from app.calendar_changes.shapes import Reckoned, Standing, Stored
from app.calendars import catalogue
from app.items.queries import pinned

__all__ = ["Reckoning", "Window"]

AT_ONCE = 50
_FOR_EVER = 1 << 30
_STOPPED = frozenset({"met", "missed"})


class Window(NamedTuple):
    """Some applications, in order: those that an edition has nothing to do with stand in neither of the other two."""

    numbers: list[str]
    reckoned: dict[str, Seen]
    wanted: list[str]
    """To be drawn anew."""


class Reckoning:
    """What one change does, window after window; what it has once met it keeps for a day."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._reckoners: dict[tuple[str, int, str], Reckoner | None] = {}

    async def window(
        self, tx: AsyncConnection, after: str, limit: int, since: datetime | None, now: datetime
    ) -> Window:
        """The next applications; with `since` those that were recorded from then on and to which it has not come."""
        standings = await queries.standings(tx, after, limit, since)
        if not standings:
            return Window([], {}, [])
        numbers = [one.number for one in standings]
        if since is not None:
            standings = [one for one in standings if not self._has_come(one.calendar)]
            if not standings:
                return Window(numbers, {}, [])
        self._reckoners = {key: one for key, one in self._reckoners.items() if one is not None and one.is_of(now)}
        spans = await queries.stored(tx, after, numbers[-1], now=now)
        pauses = await queries.only_pauses(tx, [number for number, own in spans.items() if _runs_again(own)])
        window = Window(numbers, {}, [])
        for place, standing in enumerate(standings):
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)  # whoever holds a lock meanwhile goes first
            own = spans.get(standing.number, [])
            reckoner = await self._reckoner(tx, standing, now)
            found = None if reckoner is None else reckoner.reckon(standing, own, now, pauses.get(standing.number))
            if found is None:
                if any(self._reaches(one) for one in own):
                    window.wanted.append(standing.number)
            elif found.effect.touches or found.effect.moves:
                carried = None if reckoner is None else _carried(standing, reckoner, found)
                window.reckoned[standing.number] = Seen(standing.number, standing.version, found.effect, carried)
        return window

    def _has_come(self, name: str) -> bool:
        """Whether an application that stands on this state has the edition, or came in under it."""
        state = catalogue.named(name)
        return state.code in self._change.changed and state.number >= self._change.after.newest(state.code).number

    async def _reckoner(self, tx: AsyncConnection, standing: Standing, now: datetime) -> Reckoner | None:
        key = standing.item, standing.item_version, standing.calendar
        if key not in self._reckoners:
            self._reckoners[key] = await self._new_reckoner(tx, standing, now)
        return self._reckoners[key]

    async def _new_reckoner(self, tx: AsyncConnection, standing: Standing, now: datetime) -> Reckoner | None:
        change = self._change
        before = catalogue.named(standing.calendar)
        if change.stopped is not None or before.code not in change.changed:
            return None
        applied = [(at, calendar) for at, calendar in change.after.after(before) if at <= now]
        if not applied:
            return None
        recorded = [(at, calendar.name) for at, calendar in catalogue.after(before) if at <= now]
        published_at, after = applied[-1]
        alone = len(applied) == 1 and recorded == [(published_at, after.name)]
        item = await pinned(tx, standing.item, standing.item_version)
        stops = [*catalogue.stops(item.body.get("jurisdiction")), *change.after.stops(item.body.get("jurisdiction"))]
        lasts = [_FOR_EVER if stop.last is None else stop.last for _, stop in stops]
        return Reckoner(
            item.item,
            before,
            after,
            named=catalogue.named,
            stopped_to=max(lasts, default=0),
            today=before.day_of(now),
            published_at=published_at.astimezone(UTC) if alone else None,
        )

    def _reaches(self, span: Stored) -> bool:
        """Whether the change may matter to a stored span."""
        change, shape = self._change, span.shape
        if shape.fixed or shape.state == "void":
            return False
        started = span.from_at.toordinal()
        if change.stopped is not None:
            stop = change.stopped.suspension
            if shape.clock not in stop.clocks or shape.state in _STOPPED:
                return False
            ends_on = shape.due_on if shape.due_on is not None else shape.latest_due_on
            if ends_on is not None and ends_on < stop.first - 1:
                return False
            return stop.last is None or stop.last >= (started if shape.started_on is None else shape.started_on)
        changed = change.changed.get(shape.calendar.partition("@")[0])
        if changed is None:
            return False
        ends_on = shape.latest_due_on if shape.due_on is None else shape.due_on
        return may_meet(Reach(started, shape.started_on, ends_on, shape.has_escalation), changed)


def _runs_again(spans: Iterable[Stored]) -> bool:
    """Whether a clock will run again without a further record."""
    return any(span.to_at is not None and span.shape.state == "paused" for span in spans)


def _carried(standing: Standing, reckoner: Reckoner, found: Reckoned) -> Carried | None:
    """How an application is carried over without a replay, where that is sure."""
    if not found.clocks or reckoner.published_at is None:
        return None
    edition = Edition(reckoner.after.name, reckoner.published_at)
    clocks = [(one.shape.clock, one.shape.stage, one.shape.round, one.from_at, clock) for one, clock in found.clocks]
    return Carried(standing.number, standing.version, edition, tuple(clocks))
