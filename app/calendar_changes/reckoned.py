"""What an edition does to an application, reckoned from its stored spans: nothing is drawn where that is sure.

Where the days that an edition changes all lie ahead, everything up to today is the same under both states of the
calendar: what was used, paused and stopped, and every end up to today. What is left to differ is where an end that
lies ahead lies, and where its rungs do. Of the usual clock both follow from its stored span alone: so many units are
left from a day on. Under the old state that reckoning must give the end that is stored; where it does not, or where
anything is not of the usual kind, the history is drawn (`moves.effect_of`), to which a property test holds this.

Pure: nothing is read or written here.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from app.applications.carried import Clock, Then
from app.calendar_changes.moves import Effect, Move, changed_between
from app.calendar_changes.shapes import (
    Met,
    Paused,
    Reckoned,
    Shape,
    Shows,
    Standing,
    Stored,
    end_of,
    first_looks,
    is_usual,
    rungs_of,
    tells_rungs,
)
from app.domain.calendar import LAST_DAY, Calendar
from app.domain.items import ClockRule, Item, Party, ReceiptRule
from app.domain.pauses import announced_end
from app.domain.refusal import Refusal
from app.domain.rungs import unplaced
from app.domain.steps import FINAL

__all__ = ["Reckoner"]

_FINAL = frozenset(str(status) for status in FINAL)
_CAPS = frozenset({"promise", "statutory"})
_STOPPED = frozenset({"met", "missed"})
_AS_BEFORE = Shows(False, None, None)


class Reckoner:
    """Reckons applications of one version of an item under the edition that comes to one state of its calendar."""

    def __init__(
        self,
        item: Item,
        before: Calendar,
        after: Calendar,
        *,
        named: Callable[[str], Calendar],
        stopped_to: int,
        today: int,
        published_at: datetime | None = None,
    ) -> None:
        self.published_at = published_at
        """From when on the edition holds, where it is the only one that comes; None where several come at once."""
        self.after = after
        self.stopped_to = stopped_to
        """The last day that any suspension of its place takes out; 0 where there is none."""
        self._named = named
        self._today = today
        self._rules: dict[tuple[str, str], tuple[int, ClockRule]] = {}
        for rule in (*item.clocks, *(stage.clock for stage in item.stages if stage.clock is not None)):
            self._rules[rule.kind, rule.stage] = len(self._rules), rule
        self._met: dict[tuple[Shape, int], Met | None] = {}
        self._befores: dict[str, Calendar | None] = {}
        self._again: dict[tuple[Shape, Shape, datetime, Paused], Met | None] = {}
        self._stages: dict[tuple[Shape, int, int], Shows | None] = {}
        self.may = not item.silent and self._before(before.name) is not None
        self._by_entry = item.receipt_rule is ReceiptRule.SYSTEM_ENTRY

    def is_of(self, now: datetime) -> bool:
        """Whether an instant lies on the day on which this reckons."""
        return self.after.day_of(now) == self._today

    def reckon(
        self, standing: Standing, spans: Sequence[Stored], now: datetime, pause: Paused | None = None
    ) -> Reckoned | None:
        """What the edition does to an application with these spans; None where its history must be drawn.

        `pause` is the only pause on record of it, needed where a clock will run again without a further record.
        """
        if not self.may or standing.recorded_at > now:
            return None
        if self.stopped_to and self.after.day_of(standing.submitted_at) <= self.stopped_to:
            return None
        if not self._by_entry and (standing.received_on is None or standing.received_on.toordinal() > self._today):
            return None
        closed = standing.status in _FINAL
        found: list[tuple[Met, Stored]] = []
        coming = {_key(span): span for span in spans if span.from_at > now}
        for span in spans:
            if span.from_at > now:
                continue
            if span.shape.state == "void" and closed:
                continue
            if span.to_at is None:
                met = self._meet(span)
            else:
                met = self._meet_again(span, coming.pop(_key(span), None), pause)
            if met is None or (closed and span.shape.state not in _STOPPED):
                return None
            found.append((met, span))
        if coming:
            return None
        return self._together(found)

    def _together(self, found: list[tuple[Met, Stored]]) -> Reckoned | None:
        """The clocks of one application, stages under what caps them."""
        found.sort(key=_in_order)
        moves: list[Move] = []
        clocks: list[tuple[Stored, Clock]] = []
        touches = False
        since = self.published_at
        may_carry = since is not None
        for met, span in found:
            shape = span.shape
            is_capped = shape.stage != "" and shape.state == "running"
            shows = self._under_caps(shape, found) if is_capped else met.shows
            if shows is None:
                return None
            touches = touches or shows.differs
            if shows.move is not None:
                moves.append(shows.move)
            if shows.clock is not None:
                clocks.append((span, shows.clock))
            elif shape.state not in _STOPPED:
                may_carry = False
            may_carry = may_carry and since is not None and span.from_at < since
        if len({(span.shape.clock, span.shape.stage) for span, _ in clocks}) < len(clocks):
            may_carry = False
        return Reckoned(Effect(tuple(moves), touches), tuple(clocks) if may_carry else ())

    def _before(self, name: str) -> Calendar | None:
        """The state under which a span was counted, if it differs from the new one on days to come alone."""
        if name not in self._befores:
            before: Calendar | None = self._named(name)
            if before is not None:
                days = changed_between(before, self.after).days
                if days is None or before.first != self.after.first or (days and days[0] <= self._today):
                    before = None
            self._befores[name] = before
        return self._befores[name]

    def _meet(self, span: Stored) -> Met | None:
        shape = span.shape
        stopped_on = 0
        if shape.state in _STOPPED and shape.due_on is not None and shape.due_on > self._today:
            if span.stopped_at is None:
                return None
            stopped_on = self.after.day_of(span.stopped_at)
        key = shape, stopped_on
        try:
            return self._met[key]
        except KeyError:
            pass
        try:
            met = self._of_shape(shape, stopped_on)
        except Refusal:
            met = None
        self._met[key] = met
        return met

    def _meet_again(self, held: Stored, then: Stored | None, pause: Paused | None) -> Met | None:
        """A clock that is paused for as long as was announced, and the span in which it runs again."""
        if then is None or pause is None or held.to_at != then.from_at or then.to_at is not None:
            return None
        key = held.shape, then.shape, held.to_at, pause
        if key not in self._again:
            try:
                self._again[key] = self._of_pause(held.shape, then.shape, held.to_at, pause)
            except Refusal:
                self._again[key] = None
        return self._again[key]

    def _of_pause(self, held: Shape, then: Shape, again: datetime, pause: Paused) -> Met | None:
        known = self._rules.get((held.clock, held.stage))
        before = self._before(held.calendar)
        if known is None or before is None or held.stage or held.fixed or held.started_on is None:
            return None
        place, rule = known
        if (held.state, then.state) != ("paused", "running") or not is_usual(rule):
            return None
        if (held.total, held.used_before) != (then.total, then.used_before):
            return None
        until_was, until_will = (announced_end(pause.at, pause.announced, one)[0] for one in (before, self.after))
        if then.counts_from != until_was or before.midnight(until_was + 1) != again or until_will < held.started_on:
            return None
        then_will = then._replace(counts_from=until_will)
        was, will = end_of(then, rule, before, until_was), end_of(then, rule, self.after, until_will)
        if was is None or will is None or not was == held.latest_due_on == then.due_on:
            return None
        shows = self._shows(then, rule, before, was, will, then_will)
        move = None
        if was != will:
            move = Move(held.clock, "", held.round, held.state, held.state, was, will, None, None, None)
        clock = None
        if shows.clock is not None and self.published_at is not None:
            ahead = [*rungs_of(then, rule, before, was)[0], *shows.clock.warnings]
            if all(one.at is not None and one.at >= self.published_at for one in ahead):  # none was crossed before
                clock = self._resuming(shows.clock, rule, (again, until_will))
        return Met(place, held.clock in _CAPS, was, will, Shows(shows.differs or until_was != until_will, move, clock))

    def _resuming(self, running: Clock, rule: ClockRule, again: tuple[datetime, int]) -> Clock:
        """What a paused clock shows, and how it then runs again."""
        was_from, until = again
        from_at = self.after.midnight(until + 1)
        warnings, past, _ = unplaced(rule.warn)
        look = None if running.look is None else max(running.look, from_at)
        looked = None if running.looked is None else max(running.looked, was_from)
        return Clock(
            None, None, None, warnings, past, running.provisional, running.moved, look, looked,
            latest_due_on=running.due_on, to_at=from_at, then=Then(was_from, from_at, until, running),
        )  # fmt: skip

    def _of_shape(self, shape: Shape, stopped_on: int) -> Met | None:
        known = self._rules.get((shape.clock, shape.stage))
        before = self._before(shape.calendar)
        if known is None or before is None:
            return None
        place, rule = known
        caps = not shape.stage and shape.clock in _CAPS
        if shape.state in _STOPPED:
            if shape.due_on is None:
                return None
            if shape.fixed or shape.due_on <= self._today:
                return Met(place, caps, None, None, _AS_BEFORE)
            if shape.stage or not is_usual(rule):
                return None
            begin = max(shape.counts_from, stopped_on)
            was, will = end_of(shape, rule, before, begin), end_of(shape, rule, self.after, begin)
            if was != shape.due_on or will is None:
                return None
            return Met(place, caps, None, None, Shows(False, self._move(shape, before, was, will), None))
        if shape.fixed:
            return None
        if shape.state == "paused":
            if shape.latest_due_on is not None:
                return None
            warnings, past, _ = unplaced(rule.warn)
            held = Clock(None, None, None, warnings, past, False, False, None, None)
            return Met(place, caps, None, None, Shows(False, None, held))
        if shape.state != "running" or not is_usual(rule) or shape.started_on is None:
            return None
        was, will = end_of(shape, rule, before, shape.counts_from), end_of(shape, rule, self.after, shape.counts_from)
        if was is None or will is None:
            return None
        if shape.stage:
            return Met(place, False, was, will, _AS_BEFORE)
        if was != shape.due_on:
            return None
        return Met(place, caps, was, will, self._shows(shape, rule, before, was, will))

    def _under_caps(self, shape: Shape, found: Sequence[tuple[Met, Stored]]) -> Shows | None:
        """A running stage that ends with what caps it, at the latest."""
        was_cap = will_cap = LAST_DAY
        for met, other in found:
            if met.caps and other.shape.state not in _STOPPED:
                if met.due_on is None or met.will_on is None:
                    return None
                was_cap, will_cap = min(was_cap, met.due_on), min(will_cap, met.will_on)
        key = shape, was_cap, will_cap
        if key not in self._stages:
            try:
                self._stages[key] = self._of_stage(shape, was_cap, will_cap)
            except Refusal:
                self._stages[key] = None
        return self._stages[key]

    def _of_stage(self, shape: Shape, was_cap: int, will_cap: int) -> Shows | None:
        before = self._before(shape.calendar)
        met = self._met[shape, 0]
        if before is None or met is None or met.due_on is None or met.will_on is None:
            return None
        was, will = min(met.due_on, was_cap), min(met.will_on, will_cap)
        if was != shape.due_on:
            return None
        return self._shows(shape, self._rules[shape.clock, shape.stage][1], before, was, will)

    def _shows(
        self, shape: Shape, rule: ClockRule, before: Calendar, was: int, will: int, then: Shape | None = None
    ) -> Shows:
        """Whether end, rungs or certainty of a running clock differ, and what is shown of it under the edition.

        `then` is its shape under the edition, where that is another.
        """
        old, new = rungs_of(shape, rule, before, was), rungs_of(then or shape, rule, self.after, will)
        provisional = self.after.is_provisional(will)
        differs = was != will or before.is_provisional(was) != provisional or old != new
        clock = None
        if tells_rungs(shape, rule):
            warnings, past, yellow_at = new
            due_at = self.after.midnight(will + 1)
            looks: tuple[datetime | None, datetime | None] = (None, None)
            if rule.party is Party.AGENCY and self.published_at is not None:
                crossed = {0: before.midnight(was + 1)} | {rung: at for rung, at in old[0] if at is not None}
                rungs = ((0, due_at), *warnings)
                looks = first_looks(crossed, rungs, self.published_at, moved=was != will)
            clock = Clock(will, due_at, yellow_at, warnings, past, provisional, was != will, *looks)
        return Shows(differs, self._move(shape, before, was, will), clock)

    def _move(self, shape: Shape, before: Calendar, was: int, will: int) -> Move | None:
        if was == will:
            return None
        from_at, to_at = before.midnight(was + 1), self.after.midnight(will + 1)
        overdue = None
        if shape.state == "running" and (was < self._today) != (will < self._today):
            overdue = "becomes" if will < self._today else "ceases"
        return Move(shape.clock, shape.stage, shape.round, shape.state, shape.state, was, will, from_at, to_at, overdue)


def _key(span: Stored) -> tuple[str, str, int]:
    return span.shape[:3]


def _in_order(one: tuple[Met, Stored]) -> tuple[int, int]:
    return one[0].place, one[1].shape.round
