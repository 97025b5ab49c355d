"""One clock's account: when it started, what was used, paused, given back and extended, and how it stopped."""

from datetime import datetime
from typing import NamedTuple

from app.domain.calendar import LAST_DAY, Calendar
from app.domain.clocks import months_in_days
from app.domain.counting import due_day, due_instant, last_day, start_day
from app.domain.items import ClockRule, Count, DueTime, EndRule, StartRule
from app.domain.refusal import Refusal
from app.domain.rungs import place, unplaced
from app.domain.spans import ClockState, Span
from app.domain.units import Limit, Unit

__all__ = ["Account", "Pause", "capped_end"]

_RUNNING = ClockState.RUNNING
_PAUSED = ClockState.PAUSED
_MET = ClockState.MET
_MISSED = ClockState.MISSED
_VOID = ClockState.VOID
_NOT_STARTED = ClockState.NOT_STARTED
_WORKING = Unit.WORKING_DAY
_MONTH = Unit.MONTH
_NEXT_DAY = StartRule.NEXT_DAY
_SAME_DAY = StartRule.SAME_DAY
_ROLL_FORWARD = EndRule.ROLL_FORWARD
_END_OF_DAY = DueTime.END_OF_DAY
_SAME_TIME = DueTime.SAME_TIME
_TO_AT = 4
_SHOWN = 5
"""Where in a span the end of its time stands, and from where on what it shows."""
_PLAIN = Count(StartRule.NEXT_DAY, EndRule.KEEP, DueTime.END_OF_DAY)


class Pause(NamedTuple):
    """A pause on record: its ground, the day of its beginning, the last day it can take out (None: as it lasts)."""

    id: str
    ground: str
    begin: int
    until: int | None
    place: int
    """Its place among the pauses of the application, so that two of them never look the same."""


def capped_end(begin: int, announced: Limit, calendar: Calendar) -> int:
    """The last day that a pause takes out when it lasts as announced.

    行政许可法 第四十五条: the time needed is told in writing; what goes beyond it counts again. It counts from the day
    after the beginning and never rolls: ten calendar days from the 5th end on the 15th, a rest day or not.
    """
    return last_day(begin, announced.amount, announced.unit, calendar, _PLAIN)


class Account:
    """One clock from its start on; fed with what happens, in legal order.

    The units left are laid out from `counts_from`: after a pause that ends on day e with u units used, the last day is
    the (limit - u)-th counted day after e, which is the same as taking `(begin, end]` out of the whole count. A limit
    in months is one of as many calendar days as its months have, so that paused days are added to the corresponding
    day.
    """

    __slots__ = (
        "base", "calendar", "cap_at", "cap_on", "counts_from", "due_at", "due_on", "extended", "extensions", "fixed", "from_at",
        "holding", "last_due", "marks", "past", "revision", "round", "rule", "spans", "started_at", "started_on",
        "state", "stopped_at", "time_from", "total", "until", "used", "working",
    )  # fmt: skip

    def __init__(
        self, rule: ClockRule, calendar: Calendar, at: datetime, *, fixed: datetime | None = None, round_: int = 0
    ) -> None:
        self.rule = rule
        self.calendar = calendar
        self.round = round_
        self.from_at = at
        self.state = _RUNNING
        self.extended = 0
        self.extensions = 0
        self.used = 0
        self.revision = 0
        self.last_due: datetime | None = None
        self.stopped_at: datetime | None = None
        self.until: int | None = None
        self.holding: list[Pause] = []
        self.past: list[tuple[int, int, int]] | None = None
        self.cap_on: int | None = None
        self.cap_at: datetime | None = None
        self.spans: list[Span] = []
        self.marks: list[tuple[datetime, datetime | None, int]] = []
        self.fixed = fixed is not None
        self._begin(at, fixed)

    # The start

    def _begin(self, at: datetime, fixed: datetime | None) -> None:
        calendar = self.calendar
        limit = self.rule.limit
        count = self.rule.count
        day = calendar.day_of(at)
        self.time_from = at
        if count.start_rule is not _NEXT_DAY and limit is not None:
            day, self.time_from = start_day(at, calendar, count, limit.unit)
        self.started_on = day
        self.started_at = calendar.midnight(day)
        self.base = self.counts_from = day - 1 if count.start_rule is _SAME_DAY else day
        self.working = limit is not None and limit.unit is _WORKING
        if limit is None:
            self.total = 0
        elif limit.unit is _MONTH:
            self.total = self._months(limit)
        else:
            self.total = limit.amount
        self.due_on: int | None
        self.due_at: datetime | None
        if fixed is not None:
            self.due_on, self.due_at = due_day(fixed, calendar), fixed
        else:
            self.due_on, self.due_at = self._end(self.base, self.total)

    def _months(self, limit: Limit) -> int:
        """The calendar days of a limit in months with its extensions; 1 March counted itself + 1 month = 31 days."""
        months = limit.amount + self.extended
        if self.rule.count.start_rule is _SAME_DAY:
            plain = Count(_SAME_DAY, EndRule.KEEP, _END_OF_DAY)
            return last_day(self.started_on, months, _MONTH, self.calendar, plain) - self.base
        return months_in_days(self.started_on, months, self.calendar)

    # The end

    def _end(self, begin: int, left: int) -> tuple[int, datetime]:
        """The last day and the due instant when `left` units are counted from the day after `begin`; rolled once.

        民法典 第二百零三条, 行政许可法 第八十二条.
        """
        calendar = self.calendar
        count = self.rule.count
        if self.working:
            last = calendar.nth(begin, left) if left else calendar.next_working(self.started_on)
        else:
            last = begin + left if left else self.started_on
            if last > LAST_DAY:
                raise Refusal("date_out_of_range", "The end of the limit lies outside the years 1949 to 2199.")
            if count.end_rule is _ROLL_FORWARD and not (count.due_time is _SAME_TIME and calendar.has_hours):
                last = calendar.next_working(last)
        if count.due_time is _END_OF_DAY:
            return last, calendar.midnight(last + 1)
        due_at = due_instant(last, self.time_from, calendar, count)
        return due_day(due_at, calendar), due_at

    def _settle(self, at: datetime) -> None:
        """Let time pass: a pause that has lasted as long as announced stops the clock no longer."""
        until = self.until
        if self.state is _PAUSED and until is not None and at >= self.calendar.midnight(until + 1):
            self.state = _RUNNING
            self.counts_from = max(until, self.base)
            self.until = None

    def used_on(self, day: int) -> int:
        """The units used on a day of the running clock, which counts from its beginning."""
        if day <= self.counts_from:
            return self.used
        if self.working:
            return self.used + self.calendar.working_between(self.counts_from, day)
        return self.used + day - self.counts_from

    # What happens to it

    def pause(self, pause: Pause, at: datetime, day: int) -> bool:
        """A pause begins; False when it stops nothing.

        A pause that begins on the last counted day or later finds the limit used up: the clock runs on and keeps its
        due instant. A fixed end is moved by nothing.
        """
        if self.fixed or self.stopped_at is not None:
            return False
        self._settle(at)
        if self.state is _RUNNING:
            used = self.used_on(day)
            if used >= self.total:
                return False
            if self.past is None:
                self.past = []
            self.past.append((self.counts_from, self.used, used))
            self.used = used
            self.counts_from = max(day, self.base)
            self.state = _PAUSED
        self.holding.append(pause)
        self._hold(at)
        return True

    def _hold(self, at: datetime) -> None:
        """How long the pauses in force last together, and the end when they do."""
        until: int | None = 0
        for pause in self.holding:
            if pause.until is None:
                until = None
                break
            if until is not None and pause.until > until:
                until = pause.until
        self.until = until
        if until is None:
            self.due_on = self.due_at = None
        else:
            self.due_on, self.due_at = self._end(max(until, self.base), self.total - self.used)
            self._settle(at)

    def resume(self, pause: Pause, at: datetime, day: int) -> bool:
        """A pause ends; False when that moves nothing: it had lasted as announced, or never stopped this clock."""
        if pause not in self.holding:
            return False
        self._settle(at)
        self.holding.remove(pause)
        if self.state is not _PAUSED:
            return False
        if any(p.until is None or at < self.calendar.midnight(p.until + 1) for p in self.holding):
            self._hold(at)
        else:
            self._run_again(day)
        return True

    def end_pauses(self, at: datetime, day: int) -> bool:
        """A decision or a final step ends all open pauses at its instant."""
        self._settle(at)
        self.holding.clear()
        if self.state is not _PAUSED:
            return False
        self._run_again(day)
        return True

    def _run_again(self, day: int) -> None:
        """The day of the end is taken out like those before it: 特别程序 of (begin, end]."""
        self.state = _RUNNING
        self.until = None
        self.counts_from = max(day, self.base)
        self.due_on, self.due_at = self._end(self.counts_from, self.total - self.used)

    def extend(self, amount: int, at: datetime) -> bool:
        """The end is counted anew with limit + extension and rolled once. 行政许可法 第四十二条."""
        limit = self.rule.limit
        if self.fixed or self.stopped_at is not None or limit is None:
            return False
        self._settle(at)
        self.extensions += 1
        self.extended += amount
        self.total = self._months(limit) if limit.unit is _MONTH else self.total + amount
        if self.state is _RUNNING:
            self.due_on, self.due_at = self._end(self.counts_from, self.total - self.used)
        else:
            self._hold(at)
        return True

    def stop(self, at: datetime, day: int, *, named: bool) -> None:
        """The clock stops: met before its due instant, missed at it or after; void where no stop was named.

        `refused`, `withdrawn`, `terminated` and `closed` stop every clock; one that does not name the moment is void,
        unless it was past its due instant already.
        """
        self.end_pauses(at, day)
        due_at = self.shown_due()[1]
        self.used = self.used_on(day)
        self.stopped_at = at
        if due_at is not None and at >= due_at:
            self.state = _MISSED
        else:
            self.state = _MET if named else _VOID

    # What it shows

    def shown_due(self) -> tuple[int | None, datetime | None]:
        """The end as shown: that of the limit, or the earlier one of a clock that caps this stage."""
        cap = self.cap_at
        if cap is not None and self.due_at is not None and cap < self.due_at:
            return self.cap_on, cap
        return self.due_on, self.due_at

    def revise(self) -> None:
        """Count one revision on when the due instant differs from the last that was not null."""
        due_at = self.shown_due()[1]
        if due_at is not None and due_at != self.last_due:
            self.revision += 1
            self.last_due = due_at

    def _share_day(self, thousandths: int) -> int | None:
        """The first day with a share of the limit used, in this stretch of counting or an earlier one."""
        if self.rule.limit is None:
            return None
        needed = -(-thousandths * self.total // 1000)
        begin, used = self.counts_from, self.used
        if self.until is not None and self.state is _PAUSED:
            begin = max(self.until, self.base)
        for earlier, before, after in self.past or ():
            if needed <= after:
                begin, used = earlier, before
                break
        if needed <= used:
            return begin
        return self.calendar.nth(begin, needed - used) if self.working else begin + needed - used

    def draw(self, at: datetime) -> None:
        """Set down the spans from `at` on; what was drawn beyond `at` no longer holds."""
        spans = self.spans
        while spans and spans[-1].from_at >= at:
            spans.pop()
        new = self._carried_on(at)
        if spans:
            last = spans[-1]
            if last.to_at is None or last.to_at > at:
                if last[_SHOWN:] == new[0][_SHOWN:]:
                    at = last.from_at
                    new[0] = Span._make((*last[:_TO_AT], new[0].to_at, *last[_SHOWN:]))
                    spans.pop()
                else:
                    spans[-1] = Span._make((*last[:_TO_AT], at, *last[_SHOWN:]))
        spans.extend(new)

    def _carried_on(self, at: datetime) -> list[Span]:
        """The account from `at` on, carried on by time alone."""
        first = self.span_at(at)
        spans = [first]
        while spans[-1].to_at is not None:
            spans.append(self.span_at(spans[-1].to_at))
        return spans

    def span_at(self, at: datetime) -> Span:
        """The span of an instant after all that the account was fed with; it begins at `at`."""
        if self.stopped_at is not None:
            return self._span(at, self.state, None, self.counts_from)
        if at < self.started_at:
            return self._span(at, _NOT_STARTED, self.started_at, self.counts_from)
        if self.state is _RUNNING:
            return self._span(at, _RUNNING, None, self.counts_from)
        until = self.until
        if until is None:
            return self._span(at, _PAUSED, None, self.counts_from)
        again = self.calendar.midnight(until + 1)
        if at < again:
            return self._span(at, _PAUSED, again, self.counts_from)
        return self._span(at, _RUNNING, None, max(until, self.base))

    def _span(self, at: datetime, state: ClockState, to_at: datetime | None, counts_from: int) -> Span:
        rule = self.rule
        calendar = self.calendar
        due_on, due_at = self.shown_due()
        provisional = due_on is not None and not self.fixed and calendar.is_provisional(due_on)
        latest: int | None = None
        if due_on is None or due_at is None or state is _PAUSED:
            latest, due_on, due_at = due_on, None, None
            rungs = unplaced(rule.warn)
        else:
            rungs = place(rule.warn, calendar, due_on, due_at, started_at=self.started_at, share_day=self._share_day)
        warnings, past, yellow = rungs
        return Span(
            rule.kind, rule.stage, self.round, at, to_at, state, rule.party, rule.limit, self.extended, self.started_on,
            self.started_at, counts_from, self.used, due_on, due_at, latest, yellow, warnings, past, self.stopped_at,
            provisional, self.fixed, calendar.name, self.revision, rule.legal_basis,
        )  # fmt: skip
