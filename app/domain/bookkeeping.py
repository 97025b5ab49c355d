"""Accounts kept from events: each clock fed with what happens, in legal order, and its spans set down on the way."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from app.domain.events import BEGIN, END, MOMENT, Event, Origin, started_by
from app.domain.ledger import Account, Cap
from app.domain.pauses import Pause
from app.domain.spans import Span

__all__ = ["Caps", "Drawing", "Mark", "keep_account"]

_NO_GROUNDS: frozenset[str] = frozenset()
_TO_AT = 4
_SHOWN = 5
"""Where in a span the end of its time stands, and from where on what it shows."""


class Caps(NamedTuple):
    """What caps a stage after each event of the application, and, for a stage that stops with it, before."""

    after: list[Cap]
    before: list[Cap]


class Mark(NamedTuple):
    """What a clock's end was after one event."""

    place: int
    at: datetime
    due_on: int | None
    due_at: datetime | None
    revision: int
    stopped: bool


class Drawing:
    """What is set down of one clock on the way: its spans, and its end after each event that touched it."""

    __slots__ = ("marks", "only_marks", "spans")

    def __init__(self, *, only_marks: bool = False) -> None:
        self.only_marks = only_marks
        self.spans: list[Span] = []
        self.marks: list[Mark] = []

    def draw(self, account: Account, place: int, at: datetime) -> None:
        """Set down the spans from `at` on; what was drawn beyond `at` no longer holds."""
        self.marks.append(Mark(place, at, *account.shown_due(), account.revision, account.stopped_at is not None))
        if self.only_marks:
            return
        spans = self.spans
        while spans and spans[-1].from_at >= at:
            spans.pop()
        new = [account.span_at(at)]
        while new[-1].to_at is not None:
            new.append(account.span_at(new[-1].to_at))
        if spans:
            last = spans[-1]
            if last.to_at is None or last.to_at > at:
                if last[_SHOWN:] == new[0][_SHOWN:]:
                    new[0] = Span._make((*last[:_TO_AT], new[0].to_at, *last[_SHOWN:]))
                    spans.pop()
                else:
                    spans[-1] = Span._make((*last[:_TO_AT], at, *last[_SHOWN:]))
        spans.extend(new)


def keep_account(
    account: Account,
    events: Sequence[Event],
    place: int,
    *,
    paused: bool,
    origins: Mapping[int, Origin],
    caps: Caps | None = None,
    drawing: Drawing | None = None,
) -> Account:
    """Feed a clock that started with the event at `place` with all events that follow, up to the one that stops it.

    A clock of the application stops with the moments that its rule names, and when silence has taken its effect; a
    stage with its completion or the decision. All stop with every final moment. `paused` is whether a pause was open
    when it started. `origins` are the places of the moments from which clocks count otherwise than from their instant.
    """
    rule = account.rule
    of_stage = rule.stage
    stops = frozenset((f"completed:{of_stage}", "decided")) if of_stage else rule.stops
    grounds, suspended = (_NO_GROUNDS, "") if account.fixed else (rule.pauses_for, rule.kind)
    restarts = _NO_GROUNDS if account.fixed else rule.restarts_on
    account.place = place
    if (paused or place in origins) and not account.fixed:
        _hold_from_the_start(account, events, place, origins)
    if caps is not None:
        account.cap_on, account.cap_at = caps.after[place]
    account.revise()
    if drawing is not None:
        drawing.draw(account, place, events[place][1])
    revived = 0
    for event in events[place + 1 :]:
        place += 1
        if place < revived:
            continue
        kind, at, day, moment, final, pause, stage, amount = event
        if account.again is not None:
            account.settle(at)
        if kind == MOMENT:
            if restarts and moment in restarts:
                account.restart(started_by(events, place, origins))
                account.place = place
                _hold_from_the_start(account, events, place, origins, again=True)
                changed = True
            else:
                named = moment in stops or (stage != "" and stage == rule.kind and not of_stage)
                stops_here = final or named
                changed = account.end_pauses(at, day, stops=stops_here) if stops_here or moment == "decided" else False
                if stops_here:
                    if caps is not None:
                        account.cap_on, account.cap_at = caps.before[place]
                    account.stop(at, day, named=named)
                    if changed or caps is not None:
                        account.revise()
                    if drawing is not None:
                        drawing.draw(account, place, at)
                    revived = 0 if final or not restarts else _next_restart(events, place, restarts)
                    if not revived:
                        break
                    continue
        elif kind == BEGIN:
            changed = (
                pause is not None
                and (pause.ground in grounds or suspended in pause.clocks)
                and account.pause(pause, at, day)
            )
        elif kind == END:
            if restarts and pause is not None and _begins_again_with(events, place, pause, restarts):
                continue
            changed = pause is not None and bool(account.holding) and account.resume(pause, at, day)
            if restarts and place + 1 < len(events) and events[place + 1][1] == at and events[place + 1][3] in restarts:
                continue  # the correction that has come lets it begin again: one record, one new end
        else:
            changed = stage == of_stage and (stage or moment == rule.kind) and account.extend(amount)
        if caps is not None and caps.after[place] != (account.cap_on, account.cap_at):
            account.cap_on, account.cap_at = caps.after[place]
            changed = True
        if changed:
            account.revise()
            if drawing is not None:
                drawing.draw(account, place, at)
    return account


def _begins_again_with(events: Sequence[Event], place: int, pause: Pause, restarts: frozenset[str]) -> bool:
    """Whether the correction that ends here begins the count again: one record, of which only the new end counts."""
    return pause.ground == "correction" and place + 1 < len(events) and events[place + 1][3] in restarts


def _next_restart(events: Sequence[Event], place: int, restarts: frozenset[str]) -> int:
    """Where a stopped clock begins again; 0 when it does not, or when a final moment comes first."""
    for later in range(place + 1, len(events)):
        event = events[later]
        if event[0] == MOMENT:
            if event[4]:
                return 0
            if event[3] in restarts:
                return later
    return 0


def _hold_from_the_start(
    account: Account, events: Sequence[Event], place: int, origins: Mapping[int, Origin], *, again: bool = False
) -> None:
    """A clock that starts while a pause is open is paused from its first moment on.

    One that counts from an earlier event has had the pauses since. Where a clock begins again, earlier pauses count no
    more, open or not; only a suspension of the whole place goes on.
    """
    rule = account.rule
    origin = origins.get(place)
    since = place if origin is None else origin.place
    open_: list[Pause] = []
    for kind, _, _, moment, final, pause, _, _ in events[: since + 1]:
        if kind == BEGIN and pause is not None and (pause.ground in rule.pauses_for or rule.kind in pause.clocks):
            open_.append(pause)
        elif kind == END and pause in open_:
            open_.remove(pause)
        elif final or moment == "decided":
            open_ = [pause for pause in open_ if pause.clocks]
    at = events[since][1]
    if again:
        open_ = [pause for pause in open_ if pause.clocks]
    for pause in open_:
        if account.still_holds(pause, at):
            account.pause(pause, at, pause.begin)
    for kind, at, day, _, _, pause, _, _ in events[since + 1 : place]:
        if account.again is not None:
            account.settle(at)
        if kind == BEGIN and pause is not None and (pause.ground in rule.pauses_for or rule.kind in pause.clocks):
            account.pause(pause, at, day)
        elif kind == END and pause is not None and account.holding:
            account.resume(pause, at, day)
    if account.again is not None:
        account.settle(events[place][1])
