"""The account of a clock in working time, which runs by the moment; and the account that a rule asks for."""

from collections.abc import Sequence
from datetime import datetime

from app.domain.calendar import Calendar
from app.domain.counting import due_day
from app.domain.events import Event
from app.domain.items import ClockRule, EndRule
from app.domain.ledger import Account
from app.domain.pauses import Pause
from app.domain.units import MICROSECONDS, Limit

__all__ = ["MomentAccount", "open_account"]

_ROLL_FORWARD = EndRule.ROLL_FORWARD


class MomentAccount(Account):
    """One clock whose limit is in working time.

    It counts on the line of working microseconds of the calendar: `base`, `counts_from`, `used` and `past` are such.
    It runs from the first working moment at or after its start (民法典 第二百零一条第二款); a pause takes out the
    half-open stretch from its beginning to its end.
    """

    def __init__(
        self,
        rule: ClockRule,
        limit: Limit,
        calendar: Calendar,
        start: Event,
        *,
        fixed: datetime | None,
        ahead: Sequence[tuple[int, int]],
    ) -> None:
        self.limit = limit
        self.length = MICROSECONDS[limit.unit]
        self.time = calendar.working_time
        out = [
            (self.time.elapsed(calendar.midnight(begin + 1)), self.time.elapsed(calendar.midnight(end + 1)))
            for begin, end in ahead
        ]
        super().__init__(rule, calendar, start, fixed=fixed, ahead=out)

    def _begin(self, at: datetime, day: int) -> None:
        """The first working moment at or after the start."""
        self.working = False
        self.total = self.limit.amount
        self.time_from = at
        self.base = self.counts_from = self.time.elapsed(at)
        self.started_at = self.time.goes_on_at(self.base)
        self.started_on = self.calendar.day_of(self.started_at)

    def _lay_out(self, begin: int) -> None:
        """The end when what is left is counted from a place on: at closing time, or moved to the next opening.

        A limit of nothing ends where its count begins, not at the closing time before.
        """
        left = self._whole() - self.used
        if left == 0:
            self.due_at = self.started_at
        else:
            end = self._last(begin, left)
            rolls = self.rule.count.end_rule is _ROLL_FORWARD
            self.due_at = self.time.goes_on_at(end) if rolls else self.time.instant_at(end)
        self.due_on = due_day(self.due_at, self.calendar)

    def _place(self, at: datetime, day: int) -> int:
        return self.time.elapsed(at)

    def _end_of(self, pause: Pause) -> tuple[int, datetime] | None:
        over = pause.until_at
        return None if over is None else (self.time.elapsed(over), over)

    def _used_up_to(self, place: int) -> int:
        return self.used + max(0, place - self.counts_from)

    def _whole(self) -> int:
        return self.total * self.length

    def _reached_at(self, needed: int, rest: tuple[int, int]) -> datetime:
        """The moment at which so much is used: in a stretch of counting before a pause or the stop, or in the rest."""
        begin, used = rest
        for earlier, before, after in self.past:
            if needed <= after:
                begin, used = earlier, before
                break
        return self.time.instant_at(self._last(begin, needed - used))


def open_account(
    rule: ClockRule,
    calendar: Calendar,
    start: Event,
    *,
    fixed: datetime | None = None,
    ahead: Sequence[tuple[int, int]] = (),
) -> Account:
    """The account of a clock that an event starts: in days, or in working time by the moment."""
    limit = rule.limit
    if limit is None or limit.unit not in MICROSECONDS:
        return Account(rule, calendar, start, fixed=fixed, ahead=ahead)
    return MomentAccount(rule, limit, calendar, start, fixed=fixed, ahead=ahead)
