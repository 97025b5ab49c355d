"""Which clocks of an application a change moves: its history drawn without and with it, and both held side by side.

Pure: nothing is read or written here.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from app.domain.calendar import Calendar
from app.domain.corrections import UNRECORDED, recomputed
from app.domain.folds import BEGINNING, Fold, Recomputation
from app.domain.forecast import forecast
from app.domain.spans import ClockState, Forecast, Span
from app.domain.steps import FINAL, Dossier, Status

__all__ = ["Changed", "Effect", "Move", "Reach", "changed_between", "effect_of", "may_meet"]

_RUNNING, _PAUSED = ClockState.RUNNING, ClockState.PAUSED
_STOPPED = frozenset({ClockState.MET, ClockState.MISSED})
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
    """One clock that a change moves, or one that has stopped and would have ended otherwise (`state` says which)."""

    clock: str
    stage: str
    round: int
    state: str
    from_on: int | None
    to_on: int | None
    from_at: datetime | None
    to_at: datetime | None
    overdue: str | None
    """`becomes` or `ceases`; of a stopped clock what its verdict would."""


class Effect(NamedTuple):
    """What a change does to one application."""

    moves: tuple[Move, ...]
    touches: bool
    """Something that is shown of a clock differs, were it only that its date is no longer provisional."""


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
    edition under which it stopped and is only told of. So is everything of an application that is closed.
    """
    before = forecast(dossier)
    placed = [replace(one, seq=UNRECORDED + n) for n, one in enumerate(applied)]
    after = forecast(recomputed(dossier, *placed))
    closed = _status(before, now) in FINAL
    moves = [] if closed else _moves(before, after, now)
    told = list(_verdicts(dossier, before, placed, now))
    touches = not closed and _shown(before, now) != _shown(after, now)
    return Effect((*moves, *told), touches)


def _status(drawn: Forecast, now: datetime) -> Status:
    status = drawn.stretches[0].status
    for stretch in drawn.stretches:
        if stretch.from_at <= now:
            status = stretch.status
    return status


def _at(spans: Iterable[Span], now: datetime) -> dict[tuple[str, str, int], Span]:
    """The spans that cover an instant, by clock, stage and round."""
    return {
        (span.clock, span.stage, span.round): span
        for span in spans
        if span.from_at <= now and (span.to_at is None or span.to_at > now)
    }


def _shown(drawn: Forecast, now: datetime) -> list[Span]:
    """What will be seen of the clocks from an instant on, whatever the edition is called."""
    return [
        span._replace(calendar="", from_at=max(span.from_at, now))
        for span in drawn.spans
        if span.to_at is None or span.to_at > now
    ]


def _moves(before: Forecast, after: Forecast, now: datetime) -> list[Move]:
    moves = []
    new = _at(after.spans, now)
    for key, old in _at(before.spans, now).items():
        span = new.get(key)
        if span is None or old.state in _STOPPED or old.state is ClockState.VOID:
            continue
        if (old.due_at, old.latest_due_on) == (span.due_at, span.latest_due_on):
            continue
        was, will = _is_overdue(old, now), _is_overdue(span, now)
        overdue = None if was is will else "becomes" if will else "ceases"
        moves.append(Move(*key, str(span.state), _last_day(old), _last_day(span), old.due_at, span.due_at, overdue))
    return moves


def _is_overdue(span: Span, now: datetime) -> bool:
    return span.state is _RUNNING and span.due_at is not None and span.due_at <= now


def _last_day(span: Span) -> int | None:
    return span.latest_due_on if span.due_on is None else span.due_on


def _verdicts(dossier: Dossier, before: Forecast, applied: Sequence[Recomputation], now: datetime) -> Iterable[Move]:
    """The clocks that have stopped and would have ended on another day, had the change been known all the time."""
    stopped = {key: span for key, span in _at(before.spans, now).items() if span.state in _STOPPED}
    if not stopped:
        return
    calendar = next((one.calendar for one in reversed(applied) if one.calendar is not None), dossier.calendar)
    suspensions = {one.id: one for fold in dossier.folds[-1:] for one in fold.suspensions}
    suspensions |= {one.suspension.id: one.suspension for one in applied if one.suspension is not None}
    folds = (Fold(BEGINNING, calendar, tuple(suspensions.values())),) if suspensions else ()
    always = forecast(replace(dossier, calendar=calendar, folds=folds, recomputations=()))
    known = _at(always.spans, now)
    for key, old in stopped.items():
        span = known.get(key)
        if span is None or span.due_at == old.due_at or span.state not in _STOPPED:
            continue
        overdue = None if span.state is old.state else "becomes" if span.state is ClockState.MISSED else "ceases"
        yield Move(*key, str(old.state), old.due_on, span.due_on, old.due_at, span.due_at, overdue)
