"""Applications carried over to an edition in sets, from their rows alone: what the journal would write, not replayed.

For who knows what the edition does to each clock and that nothing was recorded since its publication: the clocks that
are under way are cut there and go on under the edition; chain, head and public view say so. All else of an application
is as it was. Whatever is not so simple is left to `journal.recompute`, which comes to the same rows.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic_core import from_json
from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications import events, queries
from app.applications.carried_statements import (
    ADD_EVENT,
    ADD_SPAN,
    AGAIN_ARRAYS,
    CARRY,
    CUT_SPAN,
    HEAD_ARRAYS,
    LOCKED,
    LOCKED_ON_SQLITE,
    MOVE_HEAD,
    MOVE_SPAN,
    MOVE_VIEW,
    RECORDED,
    RECORDED_ON_SQLITE,
    SPAN_ARRAYS,
    VIEWS,
    VIEWS_ON_SQLITE,
    all_of,
    columns,
)
from app.applications.events import Draft
from app.applications.looks import earlier
from app.applications.public_view import spell_view
from app.applications.queries import LATE_AFTER
from app.applications.silence import SYSTEM
from app.domain import chain
from app.domain.chain import SHA256
from app.domain.spans import Warning_
from app.domain.steps import Step, StepType
from app.kit.db import execute, execute_many
from app.kit.sealing import Sealer

__all__ = ["Carried", "Clock", "Edition", "Prepared", "Then", "carry_over", "goes_on", "next_look", "prepared"]

AT_ONCE = 10
_RECOMPUTED = str(StepType.RECOMPUTED)
_NO_STEPS = frozenset({str(StepType.AMEND), str(StepType.DEEMED)})


class Edition(NamedTuple):
    """The state of a calendar to which applications are carried over, and from when on it holds."""

    calendar: str
    at: datetime


class Clock(NamedTuple):
    """What is shown of a clock under way from the publication on; all else of its span stays."""

    due_on: int | None
    due_at: datetime | None
    yellow_at: datetime | None
    warnings: tuple[Warning_, ...]
    after: tuple[int, ...]
    provisional: bool
    moved: bool
    """Whether its end is another than before: that gives it a number of its own."""
    look: datetime | None
    """The first crossing of one of its rungs from the publication on, and the one that it had before."""
    looked: datetime | None
    latest_due_on: int | None = None
    to_at: datetime | None = None
    """When a pause that lasts as announced is over; None while nothing but a record changes what the clock does."""
    then: "Then | None" = None
    """How it then runs again."""


class Then(NamedTuple):
    """A clock that will run again by time alone: from when on it would have, from when on it will, as it then shows."""

    was_from: datetime
    from_at: datetime
    counts_from: int
    shown: Clock


class Carried(NamedTuple):
    """One application: on which version of it this was worked out, and its clocks under way with their keys."""

    number: str
    version: int
    edition: Edition
    clocks: tuple[tuple[str, str, int, datetime, Clock], ...]


class Prepared(NamedTuple):
    """What is to be written, worked out before anything is locked: the new public view, sealed."""

    carried: Carried
    sealed: bytes


# --- before the lock


async def prepared(tx: AsyncConnection, wanted: Sequence[Carried], sealer: Sealer) -> list[Prepared]:
    """Those of `wanted` that can be carried over, with the public view that each then has.

    Left out are those whose record went back at any time, or holds anything from the publication on: their ends are
    numbered in another order.
    """
    numbers = [one.number for one in wanted]
    recorded: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    for number, type_, at in await all_of(tx, RECORDED, RECORDED_ON_SQLITE, numbers):
        recorded[number].append((type_, at))
    views = {row[0]: row[1] for row in await all_of(tx, VIEWS, VIEWS_ON_SQLITE, numbers)}
    found = []
    for place, one in enumerate(wanted):
        if place % AT_ONCE == 0:
            await asyncio.sleep(0)  # whoever holds a lock meanwhile goes first
        if len(recorded[one.number]) != one.version or not goes_on(recorded[one.number], one.edition.at):
            continue
        name = queries.view_name(one.number)
        view = from_json(sealer.open(views[one.number], name))
        if carried_view(view, one):
            found.append(Prepared(one, sealer.seal(spell_view(view), name)))
    return found


def goes_on(recorded: Sequence[tuple[str, datetime]], at: datetime) -> bool:
    """Whether all was recorded in the order in which it happened, and before the publication."""
    latest = recorded[0][1]
    for type_, happened in recorded:
        if type_ in _NO_STEPS or happened < latest or (type_ == _RECOMPUTED and happened == latest):
            return False
        latest = happened
    return latest < at


def carried_view(view: dict[str, Any], one: Carried) -> bool:
    """Change the public view of an application; False where a clock does not stand in it as it was told."""
    edition = one.edition
    at = chain.stamp(edition.at)
    spans = view["spans"]
    for clock, stage, round_, _, fresh in one.clocks:
        ends = fresh.then and chain.stamp(fresh.then.was_from)
        place = _place(spans, (clock, stage, round_), ends)
        if place is None or spans[place][3] >= at:
            return False
        old = spans[place]
        new = old.copy()
        old[4] = new[3] = at
        new[4] = _stamped(fresh.to_at)
        _show(new, fresh, edition)
        if fresh.then is not None:
            running = _place(spans, (clock, stage, round_), None)
            if running is None or spans[running][3] != ends:
                return False
            spans[running][3] = chain.stamp(fresh.then.from_at)
            spans[running][12] = fresh.then.counts_from
            _show(spans[running], fresh.then.shown, edition)
        spans.insert(place + 1, new)
    view["calendar"] = edition.calendar
    return True


def _place(spans: Sequence[Sequence[Any]], key: tuple[str, str, int], to_at: str | None) -> int | None:
    """Where the span of a clock stands that ends at an instant."""
    for place, span in enumerate(spans):
        if span[4] == to_at and (span[0], span[1], span[2]) == key:
            return place
    return None


def _show(span: list[Any], fresh: Clock, edition: Edition) -> None:
    """Let a span of the public view show what its clock shows under the edition."""
    span[14:20] = [
        fresh.due_on,
        _stamped(fresh.due_at),
        fresh.latest_due_on,
        _stamped(fresh.yellow_at),
        [[rung, _stamped(reached)] for rung, reached in fresh.warnings],
        list(fresh.after),
    ]
    span[21], span[23] = fresh.provisional, edition.calendar
    span[24] += fresh.moved


@lru_cache(maxsize=10_000)
def _stamped(instant: datetime | None) -> str | None:
    """An instant as text: those of many applications are the same few."""
    return None if instant is None else chain.stamp(instant)


@lru_cache(maxsize=10_000)
def _spelled(warnings: tuple[Warning_, ...]) -> str:
    """Rungs as they are stored."""
    return json.dumps([[rung, _stamped(reached)] for rung, reached in warnings])


# --- under the lock


async def carry_over(
    tx: AsyncConnection, wanted: Sequence[str], ready: Sequence[Prepared], *, now: datetime
) -> set[str]:
    """Lock the applications of `wanted`, and write those that are ready and still as they were; their numbers."""
    heads = {row[0]: row for row in await all_of(tx, LOCKED, LOCKED_ON_SQLITE, wanted)}
    of_edition: dict[Edition, list[Prepared]] = defaultdict(list)
    for one in ready:
        head = heads.get(one.carried.number)
        if head is not None and head[1] == one.carried.version:
            of_edition[one.carried.edition].append(one)
    for edition, still in of_edition.items():
        await _write(tx, edition, still, heads, now)
    return {one.carried.number for still in of_edition.values() for one in still}


async def _write(
    tx: AsyncConnection,
    edition: Edition,
    still: Sequence[Prepared],
    heads: Mapping[str, Sequence[Any]],
    now: datetime,
) -> None:
    since = edition.at
    body = chain.canonical(
        events.body_of(
            Draft(Step(type=StepType.RECOMPUTED, at=since), {"cause": "edition", "calendar": edition.calendar}),
            now,
            SYSTEM._asdict(),
            None,
        )
    )
    is_late = since < now - LATE_AFTER
    common = {
        "at": since,
        "now": now,
        "calendar": edition.calendar,
        "type": _RECOMPUTED,
        "rewrites_from": since if is_late else None,
        "rewritten_at": now if is_late else None,
        "algorithm": SHA256,
        "body": body,
    }
    moved = [_moved(one, heads[one.carried.number], body, since, now) for one in still]
    cut = [_cut(one.carried.number, *clock) for one in still for clock in one.carried.clocks]
    again = [
        {
            **_cut(one.carried.number, clock, stage, round_, fresh.then.was_from, fresh.then.shown),
            "of_again_at": fresh.then.from_at,
            "of_counts_from": fresh.then.counts_from,
        }
        for one in still
        for clock, stage, round_, _, fresh in one.carried.clocks
        if fresh.then is not None
    ]
    if tx.dialect.name == "postgresql":
        parts = {
            **columns("head", moved, HEAD_ARRAYS),
            **columns("cut", cut, SPAN_ARRAYS),
            **columns("again", again, AGAIN_ARRAYS),
        }
        await execute(tx, CARRY, {**common, **parts})
    else:
        moved = [{**common, **row} for row in moved]
        cut = [{**common, **row} for row in cut]
        for hot in (MOVE_HEAD, MOVE_VIEW, ADD_EVENT):
            await execute_many(tx, hot, moved)
        for hot in (ADD_SPAN, CUT_SPAN):
            await execute_many(tx, hot, cut)
        await execute_many(tx, MOVE_SPAN, [{**common, **row} for row in again])


def _moved(one: Prepared, head: Sequence[Any], body: bytes, since: datetime, now: datetime) -> dict[str, Any]:
    """How the head of an application moves, and its chain."""
    number, version, hash_, look = head
    look = next_look(look, [clock for *_, clock in one.carried.clocks], since, now)
    return {
        "of_number": number,
        "of_version": version + 1,
        "of_hash": chain.link(number, version + 1, hash_, body),
        "of_look": look,
        "of_sealed": one.sealed,
    }


def next_look(known: datetime | None, clocks: Iterable[Clock], since: datetime, now: datetime) -> datetime | None:
    """When the sweep must look again, as `looks.look_at` has it: at once, where an alarm may have become untrue."""
    look, crossed = known, False
    for clock in clocks:
        look = earlier(look, clock.look)
        crossed = crossed or (clock.looked is not None and clock.looked <= now)
    return earlier(look, now) if crossed and since < now else look


def _cut(number: str, clock: str, stage: str, round_: int, from_at: datetime, fresh: Clock) -> dict[str, Any]:
    """The key of a span that is cut, or changed, and what is shown from there on."""
    return {
        "of_number": number,
        "of_clock": clock,
        "of_stage": stage,
        "of_round": round_,
        "of_from_at": from_at,
        "of_to_at": fresh.to_at,
        "of_due_on": fresh.due_on,
        "of_due_at": fresh.due_at,
        "of_latest_due_on": fresh.latest_due_on,
        "of_yellow_at": fresh.yellow_at,
        "of_warnings": _spelled(fresh.warnings),
        "of_after": json.dumps(list(fresh.after)),
        "of_provisional": fresh.provisional,
        "of_moved": int(fresh.moved),
    }
