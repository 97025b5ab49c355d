"""Which clocks of an application a change moves: its history drawn without and with it, and both held side by side.

A change is an edition or a suspension that comes to it, or another version of its item under which it is drawn.

Pure: nothing is read or written here.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from app.domain.calendar import Calendar
from app.domain.folds import BEGINNING, Fold, Recomputation
from app.domain.forecast import forecast
from app.domain.items import Item
from app.domain.spans import ClockState, Forecast, Span
from app.domain.steps import FINAL, Dossier, Status

__all__ = ["Changed", "Effect", "Move", "Reach", "changed_between", "effect_of", "effect_under", "may_meet"]

_RUNNING = ClockState.RUNNING
_Key = tuple[str, str, int]
"""Clock, stage and round."""
_STOPPED = frozenset({ClockState.MET, ClockState.MISSED})
_OPEN = frozenset({ClockState.RUNNING, ClockState.PAUSED})
_ABSENT = "absent"
"""State of a clock that the item, or its other version, does not have."""
_ROLL = 16
"""Days before a start, and past an end, that may decide whether it is moved: no stretch of days off is longer."""
_ESCALATION = 400
"""Days past an end within which rungs that escalate are counted."""


class Changed(NamedTuple):
    """What differs between two states of a calendar."""

    days: tuple[int, ...] | None
    """The days that are worked in one and off in the other, or have other hours, in order; None: all may be."""
    settled: tuple[int, int]
    """The days `(from, to]` over which one of both is certain and the other provisional."""


class Reach(NamedTuple):
    """What of a stored span decides whether a changed day can matter to it."""

    from_at_day: int
    started_on: int | None
    ends_on: int | None
    """The last day, or where it is paused the latest; None where nobody can tell."""
    has_escalation: bool


class Move(NamedTuple):
    """One clock that a change moves, or one that has stopped and would have ended otherwise (`was` says which)."""

    clock: str
    stage: str
    round: int
    was: str
    state: str
    from_on: int | None
    to_on: int | None
    from_at: datetime | None
    to_at: datetime | None
    overdue: str | None
    """`becomes` or `ceases`; of a stopped clock what its verdict would."""

    @property
    def moves(self) -> bool:
        """Whether it moves, and is not only told of: a clock that is open, or would be."""
        return self.was not in _STOPPED or self.state not in _STOPPED


class Effect(NamedTuple):
    """What a change does to one application."""

    moves: tuple[Move, ...]
    touches: bool
    """Something that is shown of a clock differs, were it only that its date is no longer provisional."""
    refused: int = 0
    """Steps on record that another version of the item would not allow."""
    is_counted: bool = True
    """False where nothing can be counted under another version."""


def changed_between(old: Calendar, new: Calendar) -> Changed:
    """What differs between two states of a calendar."""
    far = 1 << 30
    certain = [far if one.certain_to is None else one.certain_to for one in (old, new)]
    settled = (min(certain), max(certain))
    if (old.weekend, old.weekly_hours, str(old.zone)) != (new.weekend, new.weekly_hours, str(new.zone)):
        return Changed(None, settled)
    named = {*old.days, *new.days}
    known = [
        day for day in named if (old.first is None or day >= old.first) and (new.first is None or day >= new.first)
    ]
    days = [day for day in known if old.is_working(day) != new.is_working(day) or old.hours(day) != new.hours(day)]
    return Changed(tuple(sorted(days)), settled)


def may_meet(reach: Reach, changed: Changed) -> bool:
    """Whether a changed day may matter to a span. Errs on the side of yes: what it lets through is drawn anew."""
    if changed.days is None:
        return True
    begin = min(reach.from_at_day, reach.from_at_day if reach.started_on is None else reach.started_on) - _ROLL
    if reach.ends_on is None:
        return bool(changed.days) and changed.days[-1] >= begin
    first, last = changed.settled
    if first < reach.ends_on <= last:
        return True
    end = reach.ends_on + (_ESCALATION if reach.has_escalation else _ROLL)
    place = bisect_left(changed.days, begin)
    return place < len(changed.days) and changed.days[place] <= end


def effect_of(dossier: Dossier, applied: Sequence[Recomputation], now: datetime) -> Effect:
    """What applying editions or suspensions at `now` does to the clocks of an application.

    A clock that runs or is paused moves by its due instant, or by its latest day; one that has stopped keeps the
    edition under which it stopped and is only told of. So is everything of an application that is closed. What was
    published by `now` holds from its publication on, so the present is that of a history drawn under it alone.
    """
    if not applied:
        return Effect((), touches=False)
    before = forecast(dossier)
    after = forecast(_as_if_known_all_the_time(dossier, applied))
    closed = _status(before, now) in FINAL
    old, new = _at(before.spans, now), _at(after.spans, now)
    moves: list[Move] = []
    for key, span in old.items():
        other = new.get(key)
        if other is None or span.state is ClockState.VOID:
            continue
        if span.state in _STOPPED:
            moves.extend(_verdict(key, span, other))
        elif not closed and (span.due_at, span.latest_due_on) != (other.due_at, other.latest_due_on):
            moves.append(_move(key, span, other, now))
    stopped = {key for key, span in old.items() if span.state in _STOPPED}
    touches = not closed and _shown(before, stopped, now) != _shown(after, stopped, now)
    return Effect(tuple(moves), touches)


def effect_under(dossier: Dossier, other: Dossier, now: datetime) -> Effect:
    """What would be of the clocks of an application if its item were that of `other`, which has the same steps.

    Nothing moves in truth: an application keeps its version. A clock that the other version does not have, or that
    would not have started, is told of as long as it is open; one that would be open is told of, too.
    """
    before, after = forecast(dossier), forecast(other)
    old, new = _at(before.spans, now), _at(after.spans, now)
    moves = [
        _put_otherwise(key, old.get(key), new.get(key), (dossier.item, other.item), now)
        for key in sorted({*old, *new})
        if _fares_otherwise(old.get(key), new.get(key))
    ]
    stopped = {key for key, span in old.items() if span.state in _STOPPED and key in new and new[key].state in _STOPPED}
    touches = _shown(before, stopped, now) != _shown(after, stopped, now)
    return Effect(tuple(moves), touches)


def _fares_otherwise(old: Span | None, new: Span | None) -> bool:
    """Whether a clock that is open or has stopped would end otherwise, or one would be open that is not.

    One that has stopped, and that the other version does not know or would not have started, is of no interest.
    """
    spans = (old, new)
    if not any(_is_open(span) for span in spans) and not all(
        span is not None and span.state in _STOPPED for span in spans
    ):
        return False
    said = [None if span is None else (span.state, span.due_at, span.latest_due_on) for span in spans]
    return said[0] != said[1]


def _is_open(span: Span | None) -> bool:
    """Whether a clock runs, is paused, or is about to run on a coming day."""
    return span is not None and (
        span.state in _OPEN or (span.state is ClockState.NOT_STARTED and span.due_at is not None)
    )


def _put_otherwise(key: _Key, old: Span | None, new: Span | None, items: tuple[Item, Item], now: datetime) -> Move:
    was, will = _is_late(old, now), _is_late(new, now)
    overdue = None if was is will else "becomes" if will else "ceases"
    return Move(
        *key,
        _state(old, key, items[0]),
        _state(new, key, items[1]),
        None if old is None else _last_day(old),
        None if new is None else _last_day(new),
        None if old is None else old.due_at,
        None if new is None else new.due_at,
        overdue,
    )


def _state(span: Span | None, key: _Key, item: Item) -> str:
    if span is not None:
        return str(span.state)
    clock, stage, _ = key
    found = item.by_stage.get(stage) if stage else None
    known = any(rule.kind == clock for rule in item.clocks) if not stage else found is not None and found.clock
    return str(ClockState.NOT_STARTED) if known else _ABSENT


def _is_late(span: Span | None, now: datetime) -> bool:
    return span is not None and (span.state is ClockState.MISSED or _is_overdue(span, now))


def _as_if_known_all_the_time(dossier: Dossier, applied: Sequence[Recomputation]) -> Dossier:
    """The history under what is applied alone."""
    calendar = next((one.calendar for one in reversed(applied) if one.calendar is not None), dossier.calendar)
    suspensions = {one.id: one for fold in dossier.folds[-1:] for one in fold.suspensions}
    suspensions |= {one.suspension.id: one.suspension for one in applied if one.suspension is not None}
    folds = (Fold(BEGINNING, calendar, tuple(suspensions.values())),) if suspensions else ()
    return replace(dossier, calendar=calendar, folds=folds, recomputations=())


def _status(drawn: Forecast, now: datetime) -> Status:
    status = drawn.stretches[0].status
    for stretch in drawn.stretches:
        if stretch.from_at <= now:
            status = stretch.status
    return status


def _at(spans: Iterable[Span], now: datetime) -> dict[_Key, Span]:
    """The spans that cover an instant, by clock, stage and round."""
    return {
        (span.clock, span.stage, span.round): span
        for span in spans
        if span.from_at <= now and (span.to_at is None or span.to_at > now)
    }


def _shown(drawn: Forecast, stopped: set[_Key], now: datetime) -> list[Span]:
    """What will be seen of the clocks that are not at an end, whatever the edition is called and the item's order."""
    shown = [
        span._replace(calendar="", revision=0, from_at=max(span.from_at, now))
        for span in drawn.spans
        if (span.to_at is None or span.to_at > now) and (span.clock, span.stage, span.round) not in stopped
    ]
    return sorted(shown, key=lambda span: span[:4])


def _move(key: _Key, old: Span, new: Span, now: datetime) -> Move:
    was, will = _is_overdue(old, now), _is_overdue(new, now)
    overdue = None if was is will else "becomes" if will else "ceases"
    return Move(*key, str(old.state), str(new.state), _last_day(old), _last_day(new), old.due_at, new.due_at, overdue)


def _is_overdue(span: Span, now: datetime) -> bool:
    return span.state is _RUNNING and span.due_at is not None and span.due_at <= now


def _last_day(span: Span) -> int | None:
    return span.latest_due_on if span.due_on is None else span.due_on


def _verdict(key: _Key, old: Span, new: Span) -> Iterable[Move]:
    """A clock that has stopped and would have ended on another day, had the change been known all the time."""
    if new.due_at != old.due_at and new.state in _STOPPED:
        overdue = None if new.state is old.state else "becomes" if new.state is ClockState.MISSED else "ceases"
        yield Move(*key, str(old.state), str(old.state), old.due_on, new.due_on, old.due_at, new.due_at, overdue)
