"""Accounts kept from events: each clock fed with what happens, in legal order, and its spans set down on the way."""

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import datetime
from typing import NamedTuple

from app.domain.events import BEGIN, END, MOMENT, Event, Origin, started_by
from app.domain.ledger import Account, Cap
from app.domain.pauses import Pause
from app.domain.spans import Span

__all__ = ["Caps", "Drawing", "Followed", "Mark", "keep_account"]

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
        """Set down the spans from `at` on; what was drawn beyond `at` no longer holds.

        Neighbours that do not differ become one, however many records came between them.
        """
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
            last = spans.pop()
            if last[_SHOWN:] == new[0][_SHOWN:]:
                new[0] = Span._make((*last[:_TO_AT], new[0].to_at, *last[_SHOWN:]))
            else:
                spans.append(Span._make((*last[:_TO_AT], at, *last[_SHOWN:])))
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
    account.place = place
    if (paused or place in origins) and not account.fixed:
        _hold_from_the_start(account, events, place, origins)
    if caps is not None:
        account.cap_on, account.cap_at = caps.after[place]
    account.revise()
    if drawing is not None:
        drawing.draw(account, place, events[place][1])
    _feed(account, events, place + 1, origins=origins, caps=caps, drawing=drawing)
    return account


class Followed:
    """A clock whose account goes on as events come, for who asks for it after each: what was fed stays fed.

    No event is taken back or put before another, and what one means to a clock hangs on those before it alone; save the
    end of a pause, which is nothing of its own where a restart comes with it. As the last event it is fed to a copy.
    """

    __slots__ = ("account", "events", "fed", "origins", "over")

    def __init__(
        self, account: Account, events: Sequence[Event], place: int, *, paused: bool, origins: Mapping[int, Origin]
    ) -> None:
        self.events = events
        self.origins = origins
        self.fed = place + 1
        self.over = False
        self.account = keep_account(account, events[: self.fed], place, paused=paused, origins=origins)

    def now(self) -> Account:
        """The account after all events so far, as `keep_account` would have it; to be read before the next comes."""
        events, end = self.events, len(self.events)
        if self.over or self.fed == end:
            return self.account
        waits = events[-1][0] == END and bool(self.account.rule.restarts_on)
        if waits:
            end -= 1
        self.over = _feed(self.account, events, self.fed, end, origins=self.origins)
        self.fed = end
        if not waits or self.over:
            return self.account
        account = copy(self.account)
        _feed(account, events, end, origins=self.origins)
        return account


def _feed(
    account: Account,
    events: Sequence[Event],
    begin: int,
    end: int | None = None,
    *,
    origins: Mapping[int, Origin],
    caps: Caps | None = None,
    drawing: Drawing | None = None,
) -> bool:
    """Feed an account the events from a place to before another; whether it has stopped for good.

    One that has stopped, but not with a final moment, waits for what lets it begin again.
    """
    rule = account.rule
    of_stage = rule.stage
    stops = frozenset((f"completed:{of_stage}", "decided")) if of_stage else rule.stops
    grounds, suspended = (_NO_GROUNDS, "") if account.fixed else (rule.pauses_for, rule.kind)
    restarts = _NO_GROUNDS if account.fixed else rule.restarts_on
    stopped = account.stopped_at is not None
    for place, event in enumerate(events[begin:end], begin):
        kind, at, day, moment, final, pause, stage, amount = event
        if stopped:
            if final:
                return True
            if kind != MOMENT or moment not in restarts:
                continue
            stopped = False
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
                    if final or not restarts:
                        return True
                    stopped = True
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
    return False


def _begins_again_with(events: Sequence[Event], place: int, pause: Pause, restarts: frozenset[str]) -> bool:
    """Whether the correction that ends here begins the count again: one record, of which only the new end counts."""
    return pause.ground == "correction" and place + 1 < len(events) and events[place + 1][3] in restarts


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
