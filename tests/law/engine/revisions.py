"""Revisions: how often records have moved the due instant of a clock, for every instant of its life.

The rule of the interface, taken at each instant for itself: a record gives a number to every due instant that it puts
where another one stood (or none), and leaves all others theirs; a pause without a known end takes the due instant away
and leaves the number. Numbers are given out once: first to the end that the record gives the present, then to those it
puts into the past, in their order; an end that goes on from one instant to the next, also through a pause without a
known end, has one. What silence does is a record of its own, made when it happens, and so is a publication.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tests.law.engine.course import Happening, World
from tests.law.engine.history import clocks_at, go
from tests.law.engine.record import Kept
from tests.law.engine.wire import Step

Key = tuple[str, str | None, int | None]
Dues = dict[Key, datetime | None]


def dues(world: World, happened: list[Happening], at: datetime) -> Dues:
    """The due instant of each clock that has begun; of a paused one, if its pauses last as announced."""
    views = clocks_at(world, happened, at)
    return {
        (view.rule.kind, view.rule.stage, view.round): view.drawn.due_at for view in views if view.drawn is not None
    }


def plain(world: World, at: datetime, happened: list[Happening]) -> dict[Key, int]:
    """The revision of each clock at an instant, where all was recorded when it happened."""
    book = _Book([at])
    published = [each for each in world.publications() if each <= at]
    for place, each in enumerate(happened):
        for edge in published:
            if edge < each.at and (place == 0 or edge >= happened[place - 1].at):
                book.enter({0: dues(world, happened[:place], edge)}, 0)
        book.enter({0: dues(world, happened[: place + 1], each.at)}, 0)
    for edge in published:
        if not happened or edge >= happened[-1].at:
            book.enter({0: dues(world, happened, edge)}, 0)
    return book.numbers(0)


def recorded(world: World, at: datetime, snapshots: Sequence[Kept]) -> dict[Key, int]:
    """The revision of each clock at an instant, from all that was recorded, in that order."""
    instants = _instants(world, at, snapshots)
    book = _Book(instants)
    held: tuple[Step, ...] = ()
    reached: datetime | None = None
    for snapshot in snapshots:
        when = max([snapshot.recorded_at, *([] if reached is None else [reached])])
        _wait(world, book, held, reached, when)
        since = _changed_since(held, snapshot.steps, when)
        held = snapshot.steps
        reached = max([when, *(step.at for step in held)])
        until = instants.index(reached)
        touched = {
            index: dues(world, go(world, held, instant).happenings, instant)
            for index, instant in enumerate(instants[: until + 1])
            if instant >= since
        }
        book.enter(touched, until)
    _wait(world, book, held, reached, at)
    return book.numbers(instants.index(at))


def _changed_since(old: Sequence[Step], new: Sequence[Step], otherwise: datetime) -> datetime:
    """The earliest instant of a step that stands in one list and not so in the other."""
    changed = [step.at for step in old if step not in new] + [step.at for step in new if step not in old]
    return min(changed, default=otherwise)


def _instants(world: World, at: datetime, snapshots: Sequence[Kept]) -> list[datetime]:
    """Every instant at which anything may change, by whatever was on record at any time."""
    found = {at, *world.publications()}
    for snapshot in snapshots:
        found |= {snapshot.recorded_at, *(step.at for step in snapshot.steps)}
    last = max(found)
    for snapshot in snapshots:
        found |= {each.at for each in go(world, snapshot.steps, last).happenings}
    return sorted(found)


def _wait(world: World, book: _Book, held: Sequence[Step], since: datetime | None, until: datetime) -> None:
    """Time passes with nothing recorded but what silence does and what is published."""
    if since is None or until <= since:
        return
    done = go(world, held, until).happenings
    edges = [each for each in world.publications() if since < each <= until]
    points = [(each.at, 1, place + 1) for place, each in enumerate(done) if each.at > since]
    points += [(edge, 0, sum(each.at < edge for each in done)) for edge in edges]
    for instant, _, count in sorted(points):
        index = book.instants.index(instant)
        book.enter({index: dues(world, done[:count], instant)}, index)


class _Book:
    """What is known of each clock at each instant: its last due instant that was not null, and the number of it."""

    def __init__(self, instants: list[datetime]) -> None:
        self.instants = instants
        self.last: dict[Key, dict[int, datetime]] = {}
        self.number: dict[Key, dict[int, int]] = {}
        self.before: dict[Key, int] = {}
        self.given: dict[tuple[str, str | None], int] = {}

    def numbers(self, index: int) -> dict[Key, int]:
        """The number of each clock at an instant."""
        return {key: of[index] for key, of in self.number.items() if index in of}

    def enter(self, told: dict[int, Dues], until: int) -> None:
        """A record, after which the ends at these instants are such; the last one lasts."""
        keys = {key for each in told.values() for key in each}
        for clock in {key[:2] for key in keys}:
            rounds = sorted((key for key in keys if key[:2] == clock), key=lambda key: key[2] or 0)
            self._number(clock, rounds, told, until)
        for key in told[until]:
            for index in range(until + 1, len(self.instants)):
                self.number[key][index] = self.number[key][until]
                if until in self.last[key]:
                    self.last[key][index] = self.last[key][until]

    def _number(self, clock: tuple[str, str | None], rounds: list[Key], told: dict[int, Dues], until: int) -> None:
        fresh: list[tuple[Key, datetime, list[int]]] = []
        for key in rounds:
            before = self.before.setdefault(key, self.given.get(clock, 0))
            numbers, last = self.number.setdefault(key, {}), self.last.setdefault(key, {})
            going: datetime | None = None
            for index in sorted(told):
                if key not in told[index]:
                    continue
                numbers.setdefault(index, before)
                due = told[index][key]
                if due is None:
                    continue
                if last.get(index) == due:
                    going = None
                    continue
                if due != going:
                    fresh.append((key, due, []))
                    going = due
                fresh[-1][2].append(index)
        if fresh and fresh[-1][0] == rounds[-1] and until in fresh[-1][2]:
            fresh.insert(0, fresh.pop())
        for key, due, places in fresh:
            self.given[clock] = self.given.get(clock, 0) + 1
            for index in places:
                self.number[key][index], self.last[key][index] = self.given[clock], due
