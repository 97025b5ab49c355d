"""One clock's account: when it started, what was used, paused, given back and extended, and how it stopped."""

from collections.abc import Sequence
from datetime import datetime

from app.domain.calendar import LAST_DAY, Calendar
from app.domain.clocks import Clock, figures, months_in_days
from app.domain.counting import due_day, due_instant, last_day, start_day
from app.domain.events import Event
from app.domain.items import ClockRule, Count, DueTime, EndRule, StartRule
from app.domain.pauses import Pause
from app.domain.refusal import Refusal
from app.domain.rungs import Rungs, place_rungs, unplaced
from app.domain.spans import ClockState, Span
from app.domain.units import Limit, Unit

__all__ = ["Account", "Cap", "share_day"]

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
_COUNTED = Count(StartRule.SAME_DAY, EndRule.KEEP, DueTime.END_OF_DAY)
_new_tuple = tuple.__new__
Cap = tuple[int | None, datetime | None]
"""The earliest end, as day and instant, of the clocks that cap a stage; nothing where none does."""


def share_day(
    needed: int, calendar: Calendar, working: bool, *, past: Sequence[tuple[int, int, int]], rest: tuple[int, int]
) -> int:
    """The first day with so many units used: in a stretch of counting before a pause or the stop, or in the rest."""
    begin, used = rest
    for earlier, before, after in past:
        if needed <= after:
            begin, used = earlier, before
            break
    if needed <= used:
        return begin
    return calendar.nth(begin, needed - used) if working else begin + needed - used


class Account:
    """One clock from its start on; fed with what happens, in legal order.

    What it counts lies on a line of whole numbers, here of days; `base` is the place after which the count begins. The
    units left are laid out from `counts_from`: after a pause that ends on day e with u units used, the last day is
    the (limit - u)-th counted day after e, which is the same as taking `(begin, end]` out of the whole count. A limit
    in months is one of as many calendar days as its months have, so that paused days are added to the corresponding
    day.
    """

    state = _RUNNING
    extended = 0
    extensions = 0
    used = 0
    until: int | None = None
    """The last place taken out by a pause that lasts as announced."""
    again: datetime | None = None
    """When such a pause is over: then the clock runs again, though nothing is recorded."""
    stopped_at: datetime | None = None
    stopped_on = 0
    holding: tuple[Pause, ...] = ()
    past: tuple[tuple[int, int, int], ...] = ()
    """Stretches of counting that a pause or the stop ended: the place after which each began, what was used before and
    after it."""
    cap_on: int | None = None
    cap_at: datetime | None = None
    due_on: int | None
    due_at: datetime | None
    last_due: datetime | None = None
    revision = 0
    round = 0
    place = 0
    """The event with which it began, or last began again."""

    def __init__(
        self,
        rule: ClockRule,
        calendar: Calendar,
        start: Event,
        *,
        fixed: datetime | None = None,
        ahead: Sequence[tuple[int, int]] = (),
    ) -> None:
        self.rule = rule
        self.calendar = calendar
        self.ahead = ahead
        """Days that suspensions with a known end take out, each `(begin, end]`, in order and apart."""
        self.fixed = fixed is not None
        self._begin(start[1], start[2])
        if fixed is None:
            self._lay_out(self.base)
        else:
            self.due_on, self.due_at = due_day(fixed, calendar), fixed

    def _begin(self, at: datetime, day: int) -> None:
        """The day on which the count begins, and how long the limit is."""
        rule, calendar = self.rule, self.calendar
        limit = rule.limit
        count = rule.count
        self.time_from = at
        if count.start_rule is not _NEXT_DAY and limit is not None:
            if day != calendar.day_of(at):
                at = calendar.midnight(day)
            day, self.time_from = start_day(at, calendar, count, limit.unit)
        self.started_on = day
        self.started_at = calendar.midnight(day)
        self.base = self.counts_from = day - 1 if count.start_rule is _SAME_DAY else day
        if limit is None:
            self.working = False
            self.total = 0
        else:
            self.working = limit.unit is _WORKING
            self.total = self._months(limit) if limit.unit is _MONTH else limit.amount

    def restart(self, start: Event) -> None:
        """Count again from zero: earlier pauses and extensions count no more, and a stopped clock runs again.

        政府信息公开条例 第三十条: the limit is counted from the day on which the correction came.
        """
        self.state = _RUNNING
        self.extended = self.extensions = self.used = self.stopped_on = 0
        self.until = self.again = self.stopped_at = None
        self.holding = self.past = ()
        self._begin(start[1], start[2])
        self._lay_out(self.base)

    def _months(self, limit: Limit) -> int:
        """The calendar days of a limit in months with its extensions; 1 March counted itself + 1 month = 31 days."""
        months = limit.amount + self.extended
        if self.base < self.started_on:
            return last_day(self.started_on, months, _MONTH, self.calendar, _COUNTED) - self.base
        return months_in_days(self.started_on, months, self.calendar)

    # The end

    def _lay_out(self, begin: int) -> None:
        """The last day and the due instant when the units left are counted from the day after `begin`; rolled once.

        民法典 第二百零三条, 行政许可法 第八十二条.
        """
        calendar = self.calendar
        count = self.rule.count
        left = self.total - self.used
        if self.working:
            last = self._last(begin, left) if left else calendar.next_working(self.started_on)
        else:
            last = self._last(begin, left) if left else self.started_on
            if last > LAST_DAY:
                raise Refusal("date_out_of_range", "The end of the limit lies outside the years 1949 to 2199.")
            if count.end_rule is _ROLL_FORWARD and not (count.due_time is _SAME_TIME and calendar.has_hours):
                last = calendar.next_working(last)
        if count.due_time is _END_OF_DAY:
            self.due_on, self.due_at = last, calendar.midnight(last + 1)
        else:
            if count.due_time is _SAME_TIME and self.time_from >= calendar.midnight(self.started_on + 1):
                last += 1  # what began when its day was over has the time of day 24:00
            self.due_at = due_instant(last, self.time_from, calendar, count)
            self.due_on = due_day(self.due_at, calendar)

    def _last(self, begin: int, left: int) -> int:
        """The last of so many units from the day after `begin`; days of suspensions known ahead are taken out.

        One that begins on the last day or later finds the limit used up, as a pause does.
        """
        for out_from, out_to in self.ahead:
            if out_to <= begin:
                continue
            if out_from > begin:
                until = self.calendar.working_between(begin, out_from) if self.working else out_from - begin
                if until >= left:
                    break
                left -= until
            begin = out_to
        return self.calendar.nth(begin, left) if self.working else begin + left

    def _hold(self) -> None:
        """How long the pauses in force last together, and the end when they do."""
        until = 0
        again: datetime | None = None
        for pause in self.holding:
            end = self._end_of(pause)
            if end is None:
                self.until = self.again = self.due_on = self.due_at = None
                return
            if again is None or end[1] > again:
                until, again = end
        self.until, self.again = until, again
        self._lay_out(max(self.base, until))

    def _run_again(self, at: datetime, day: int) -> None:
        """The day on which a pause ends is taken out like those before it: 特别程序 of `(begin, end]`."""
        self.state = _RUNNING
        self.until = self.again = None
        self.counts_from = max(self.base, self._place(at, day))
        self._lay_out(self.counts_from)

    def settle(self, at: datetime) -> None:
        """Let time pass: a pause that has lasted as long as announced stops the clock no longer, though it is open."""
        until = self.until
        if until is not None and self.again is not None and at >= self.again:
            self.state = _RUNNING
            self.counts_from = max(self.base, until)
            self.until = self.again = None

    # Where it counts: an account in working time counts by the moment

    def _place(self, at: datetime, day: int) -> int:
        """The place of an instant, whose local day is known, on the line that is counted."""
        return day

    def _end_of(self, pause: Pause) -> tuple[int, datetime] | None:
        """The last place that a pause can take out, and when it is over; None: as long as it lasts."""
        until = pause.until
        return None if until is None else (until, self.calendar.midnight(until + 1))

    def still_holds(self, pause: Pause, at: datetime) -> bool:
        """Whether a pause that is open at an instant still takes out anything then."""
        end = self._end_of(pause)
        return end is None or at < end[1]

    def _used_up_to(self, place: int) -> int:
        """What is used at a place of the running clock; a day counts from its beginning."""
        begin = self.counts_from
        if place <= begin:
            return self.used
        return self.used + (self.calendar.working_between(begin, place) if self.working else place - begin)

    def _whole(self) -> int:
        """All that may be used."""
        return self.total

    # What happens to it: each answers whether it changed anything

    def pause(self, pause: Pause, at: datetime, day: int) -> bool:
        """A pause begins.

        One that begins on the last counted day or later finds the limit used up and stops nothing: the clock runs on
        and keeps its due instant.
        """
        if self.state is _RUNNING:
            place = self._place(at, day)
            used = self._used_up_to(place)
            if used >= self._whole():
                return False
            self.past = (*self.past, (self.counts_from, self.used, used))
            self.used = used
            self.counts_from = max(self.base, place)
            self.state = _PAUSED
        self.holding = (*self.holding, pause)
        self._hold()
        return True

    def resume(self, pause: Pause, at: datetime, day: int) -> bool:
        """A pause ends; one that had lasted as announced, or never stopped this clock, moves nothing."""
        if pause not in self.holding:
            return False
        self.holding = tuple(other for other in self.holding if other is not pause)
        if self.state is not _PAUSED:
            return False
        if self._is_held(at):
            self._hold()
        else:
            self._run_again(at, day)
        return True

    def end_pauses(self, at: datetime, day: int, *, stops: bool) -> bool:
        """A decision or a final step ends all open pauses at its instant; a stop those of its clock.

        A suspension of the whole place goes on for the clocks that do not stop.
        """
        self.holding = () if stops else tuple([pause for pause in self.holding if pause.clocks])
        if self.state is not _PAUSED:
            return False
        if self._is_held(at):
            self._hold()
        else:
            self._run_again(at, day)
        return True

    def _is_held(self, at: datetime) -> bool:
        """Whether a pause in force is not over yet."""
        return any(self.still_holds(pause, at) for pause in self.holding)

    def extend(self, amount: int) -> bool:
        """The end is counted anew with limit + extension and rolled once. 行政许可法 第四十二条."""
        limit = self.rule.limit
        if self.fixed or limit is None:
            return False
        self.extensions += 1
        self.extended += amount
        self.total = self._months(limit) if limit.unit is _MONTH else self.total + amount
        if self.state is _RUNNING:
            self._lay_out(self.counts_from)
        else:
            self._hold()
        return True

    def stop(self, at: datetime, day: int, *, named: bool) -> None:
        """The clock stops: met before its due instant, missed at it or after; void where no stop was named.

        `refused`, `withdrawn`, `terminated` and `closed` stop every clock; one that does not name the moment is void,
        unless it was past its due instant already.
        """
        due_at = self.shown_due()[1]
        used = self._used_up_to(self._place(at, day))
        self.past = (*self.past, (self.counts_from, self.used, max(used, self._whole())))
        self.used = used
        self.stopped_at = at
        self.stopped_on = day
        if due_at is not None and at >= due_at:
            self.state = _MISSED
        else:
            self.state = _MET if named else _VOID

    def revise(self) -> None:
        """Count one revision on when the due instant differs from the last that was not null."""
        due_at = self.shown_due()[1]
        if due_at is not None and due_at != self.last_due:
            self.revision += 1
            self.last_due = due_at

    # What it shows

    def shown_due(self) -> Cap:
        """The end as shown: that of the limit, or the earlier one of a clock that caps this stage."""
        cap = self.cap_at
        if cap is not None and self.due_at is not None and cap < self.due_at:
            return self.cap_on, cap
        return self.due_on, self.due_at

    def _state_at(self, at: datetime) -> tuple[ClockState, datetime | None, int]:
        """What the clock does at an instant after all events: its state, until when, and from where it counts."""
        if self.stopped_at is not None:
            return self.state, None, self.counts_from
        if at < self.started_at:
            return _NOT_STARTED, self.started_at, self.counts_from
        until, again = self.until, self.again
        if until is None or again is None:
            return self.state, None, self.counts_from
        if at < again:
            return _PAUSED, again, self.counts_from
        return _RUNNING, None, max(self.base, until)

    def _rungs(self, due_on: int, due_at: datetime) -> Rungs:
        return place_rungs(
            self.rule.warn, self.calendar, due_on, due_at, started_at=self.started_at, share_at=self._share_at
        )

    def _share_at(self, thousandths: int) -> datetime | None:
        """The instant at which so much of the limit is used; None where the clock has none."""
        if self.rule.limit is None:
            return None
        begin = self.counts_from if self.until is None else max(self.until, self.base)
        needed = -(-thousandths * self._whole() // 1000)
        return self._reached_at(needed, (begin, self.used))

    def _reached_at(self, needed: int, rest: tuple[int, int]) -> datetime:
        if self.ahead:
            begin, used = next(((b, u) for b, u, after in self.past if needed <= after), rest)
            day = self._last(begin, needed - used) if needed > used else begin
        else:
            day = share_day(needed, self.calendar, self.working, past=self.past, rest=rest)
        return self.calendar.midnight(day)

    def _shown_total(self) -> int | None:
        return None if self.fixed or self.rule.limit is None else self.total

    def clock_at(self, at: datetime, day: int) -> Clock:
        """The clock as a reader sees it at an instant after all events, whose local day is known already."""
        rule = self.rule
        calendar = self.calendar
        due_on, due_at = self.shown_due()
        state, _, counts_from = self._state_at(at)
        provisional = due_on is not None and not self.fixed and calendar.is_provisional(due_on)
        latest: int | None = None
        if state is _PAUSED or due_on is None or due_at is None:
            latest, due_on, due_at = due_on, None, None
            warnings, _, yellow = unplaced(rule.warn)
        else:
            warnings, _, yellow = self._rungs(due_on, due_at)
        if self.stopped_at is not None:
            at, day = self.stopped_at, self.stopped_on
        unit = None if rule.limit is None else rule.limit.unit
        light, used, remaining, overdue, overdue_since = figures(
            calendar, state, unit, self._shown_total(), counts_from, self.used, due_on, due_at, yellow, at, day,
        )  # fmt: skip
        return _new_tuple(
            Clock,
            (
                rule.kind, rule.stage, self.round, rule.party, rule.limit, self.extended, rule.legal_basis,
                self.started_on, self.started_at, due_on, due_at, latest, state, self.stopped_at, light, used,
                remaining, overdue, overdue_since, warnings, provisional, calendar.name, self.revision,
            ),
        )  # fmt: skip

    def span_at(self, at: datetime) -> Span:
        """The span of an instant after all events so far; it begins at `at`."""
        rule = self.rule
        calendar = self.calendar
        due_on, due_at = self.shown_due()
        state, to_at, counts_from = self._state_at(at)
        provisional = due_on is not None and not self.fixed and calendar.is_provisional(due_on)
        latest: int | None = None
        if state is _PAUSED or due_on is None or due_at is None:
            latest, due_on, due_at = due_on, None, None
            warnings, past, yellow = unplaced(rule.warn)
        else:
            warnings, past, yellow = self._rungs(due_on, due_at)
        return Span(
            rule.kind, rule.stage, self.round, at, to_at, state, rule.party, rule.limit, self.extended,
            self._shown_total(), self.started_on, self.started_at, counts_from, self.used, due_on, due_at, latest,
            yellow, warnings, past, self.stopped_at, provisional, self.fixed, calendar.name, self.revision,
            rule.legal_basis,
        )  # fmt: skip
