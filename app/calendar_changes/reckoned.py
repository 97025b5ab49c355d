"""What an edition does to an application, reckoned from its stored spans: nothing is drawn where that is sure.

Where the days that an edition changes all lie ahead, everything up to today is the same under both states of the
calendar: what was used, paused and stopped, and every end up to today. What is left to differ is where an end that
lies ahead lies, and where its rungs do. Of the usual clock both follow from its stored span alone: so many units are
left from a day on. Under the old state that reckoning must give the end that is stored; where it does not, or where
anything is not of the usual kind, the history is drawn (`moves.effect_of`), to which a property test holds this.

Pure: nothing is read or written here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from app.applications.carried import Clock
from app.calendar_changes.moves import Effect, Move, changed_between
from app.domain.calendar import LAST_DAY, Calendar
from app.domain.items import ClockRule, DueTime, EndRule, Item, Party, ReceiptRule, WarnKind
from app.domain.ledger import share_day
from app.domain.refusal import Refusal
from app.domain.rungs import Rungs, place_rungs, unplaced
from app.domain.steps import FINAL
from app.domain.units import Unit

__all__ = ["Met", "Reckoned", "Reckoner", "Shape", "Shows", "Standing", "Stored"]

_FINAL = frozenset(str(status) for status in FINAL)
_DAYS = frozenset({Unit.WORKING_DAY, Unit.CALENDAR_DAY, Unit.MONTH})
_CAPS = frozenset({"promise", "statutory"})
_STOPPED = frozenset({"met", "missed"})
_WORKING = Unit.WORKING_DAY


class Standing(NamedTuple):
    """What of the head of an application decides how it is reckoned."""

    number: str
    item: str
    item_version: int
    calendar: str
    status: str
    version: int
    submitted_at: datetime
    received_on: date | None
    recorded_at: datetime


class Shape(NamedTuple):
    """What of a stored span its end follows from: many applications have clocks of one shape."""

    clock: str
    stage: str
    round: int
    state: str
    started_on: int | None
    total: int | None
    counts_from: int
    used_before: int
    due_on: int | None
    latest_due_on: int | None
    fixed: bool
    calendar: str
    has_escalation: bool


class Stored(NamedTuple):
    """A stored span that stands now or will."""

    from_at: datetime
    to_at: datetime | None
    stopped_at: datetime | None
    shape: Shape


class Shows(NamedTuple):
    """What of a clock is shown otherwise."""

    differs: bool
    """Whether anything that is shown of it differs."""
    move: Move | None
    clock: Clock | None
    """What is shown of it from the publication on; None of one that has stopped, or is not carried over."""


class Met(NamedTuple):
    """What an edition does to a clock of one shape: where it ended and ends."""

    place: int
    """Where the clock stands in the order of its item."""
    caps: bool
    """Whether it caps the stages."""
    due_on: int | None
    """Its own end under the old state, before anything caps it; None: none is known, or it has stopped."""
    will_on: int | None
    shows: Shows


class Reckoned(NamedTuple):
    """What an edition does to an application, and what its clocks under way then show."""

    effect: Effect
    clocks: tuple[tuple[Stored, Clock], ...]
    """Empty where it cannot be carried over from its spans alone."""


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
        self._stages: dict[tuple[Shape, int, int], Shows | None] = {}
        self.may = not item.silent and self._before(before.name) is not None
        self._by_entry = item.receipt_rule is ReceiptRule.SYSTEM_ENTRY

    def is_of(self, now: datetime) -> bool:
        """Whether an instant lies on the day on which this reckons."""
        return self.after.day_of(now) == self._today

    def reckon(self, standing: Standing, spans: Sequence[Stored], now: datetime) -> Reckoned | None:
        """What the edition does to an application with these spans; None where its history must be drawn."""
        if not self.may or standing.recorded_at > now:
            return None
        if self.stopped_to and self.after.day_of(standing.submitted_at) <= self.stopped_to:
            return None
        if not self._by_entry and (standing.received_on is None or standing.received_on.toordinal() > self._today):
            return None
        closed = standing.status in _FINAL
        found: list[tuple[Met, Stored]] = []
        for span in spans:
            if span.from_at > now or span.to_at is not None:
                return None
            if span.shape.state == "void" and closed:
                continue
            met = self._meet(span)
            if met is None or (closed and span.shape.state not in _STOPPED):
                return None
            found.append((met, span))
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
            if shape.stage or not _is_usual(rule):
                return None
            begin = max(shape.counts_from, stopped_on)
            was, will = _end(shape, rule, before, begin), _end(shape, rule, self.after, begin)
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
        if shape.state != "running" or not _is_usual(rule) or shape.started_on is None:
            return None
        was, will = _end(shape, rule, before, shape.counts_from), _end(shape, rule, self.after, shape.counts_from)
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

    def _shows(self, shape: Shape, rule: ClockRule, before: Calendar, was: int, will: int) -> Shows:
        """Whether end, rungs or certainty of a running clock differ, and what is shown of it under the edition."""
        old, new = _rungs(shape, rule, before, was), _rungs(shape, rule, self.after, will)
        provisional = self.after.is_provisional(will)
        differs = was != will or before.is_provisional(was) != provisional or old != new
        clock = None
        # where a share of the limit was used before a pause, the span no longer tells
        if not shape.used_before or all(rung.kind is not WarnKind.AT_SHARE for rung in rule.warn):
            warnings, past, yellow_at = new
            due_at = self.after.midnight(will + 1)
            looks: tuple[datetime | None, datetime | None] = (None, None)
            if rule.party is Party.AGENCY and self.published_at is not None:
                crossed = {0: before.midnight(was + 1)} | {rung: at for rung, at in old[0] if at is not None}
                rungs = ((0, due_at), *warnings)
                looks = _looks(crossed, rungs, self.published_at, moved=was != will)
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


def _looks(
    crossed: Mapping[int, datetime], rungs: Iterable[tuple[int, datetime | None]], since: datetime, *, moved: bool
) -> tuple[datetime | None, datetime | None]:
    """The first crossing of the rungs of a running clock from the publication on, and that of those it had before.

    What was crossed before the publication is crossed for good, unless the end has moved and has a number of its own.
    """
    ahead = [
        max(at, since)
        for rung, at in rungs
        if at is not None and (moved or (before := crossed.get(rung)) is None or before >= since)
    ]
    looked = [at for at in crossed.values() if at >= since]
    return min(ahead, default=None), min(looked, default=None)


def _in_order(one: tuple[Met, Stored]) -> tuple[int, int]:
    return one[0].place, one[1].shape.round


def _is_usual(rule: ClockRule) -> bool:
    """Whether a limit is one of whole days up to the end of the last."""
    limit = rule.limit
    return limit is not None and limit.unit in _DAYS and rule.count.due_time is DueTime.END_OF_DAY


def _end(shape: Shape, rule: ClockRule, calendar: Calendar, begin: int) -> int | None:
    """The last day when what is left is counted from the day after `begin`; None where that is not told by its span."""
    if shape.total is None or shape.started_on is None or rule.limit is None:
        return None
    left = shape.total - shape.used_before
    if left <= 0:
        return None
    if rule.limit.unit is _WORKING:
        last = calendar.nth(begin, left)
    else:
        last = begin + left
        if rule.count.end_rule is EndRule.ROLL_FORWARD:
            last = calendar.next_working(last)
    return last if last <= LAST_DAY else None


def _rungs(shape: Shape, rule: ClockRule, calendar: Calendar, due_on: int) -> Rungs:
    """Where the rungs of a running clock lie."""
    total, started_on = shape.total or 0, shape.started_on or 0
    working = rule.limit is not None and rule.limit.unit is _WORKING

    def share_at(thousandths: int) -> datetime:
        needed = -(-thousandths * total // 1000)
        rest = (shape.counts_from, shape.used_before)
        return calendar.midnight(share_day(needed, calendar, working, past=(), rest=rest))

    return place_rungs(
        rule.warn,
        calendar,
        due_on,
        calendar.midnight(due_on + 1),
        started_at=calendar.midnight(started_on),
        share_at=share_at,
    )
