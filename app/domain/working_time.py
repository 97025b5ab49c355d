"""Working time: how much of it lies before an instant, and at which instant so much of it has passed."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from app.domain.refusal import Refusal

__all__ = ["Bands", "WorkingTime"]

Bands = tuple[tuple[int, int], ...]
"""Opening hours of one day: half-open stretches of minutes of the day, `((540, 720), (810, 1020))`."""

_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_DAY = 86_400 * _SECOND
_FIRST = date(1949, 1, 1).toordinal()
_LAST = date(2199, 12, 31).toordinal()
_EPOCH = date(1970, 1, 1).toordinal()
_NONE = timedelta(0)
_MICROSECOND = timedelta(microseconds=1)
_STEP = 4
"""So many days apart the offset of a zone is looked at."""


class Offsets(NamedTuple):
    """How far the clocks on the walls of a zone are ahead of UTC, in microseconds, and when that changes."""

    changes: list[int]
    """The instants of change, in microseconds of UTC since the day 0."""
    offsets: list[int]
    """What holds before the first change, and after each."""


class WorkingTime:
    """The hours of a calendar as one running sum of working microseconds.

    An instant is worked when the clock on the wall shows an opening hour of a working day. In the night when summer
    time begins the hour that the wall leaves out is nobody's, in the night when it ends the hour that comes twice
    counts twice: what is summed is real time. Between two changes of the clocks the wall runs evenly, so the sum is one
    over wall time, shifted at each change. That of the wall is laid out day by day over the days that the calendar
    names, and reckoned by the week outside: what it costs does not depend on the distance.
    """

    __slots__ = (
        "_bands", "_base", "_changes", "_check", "_end", "_name", "_offsets", "_prefix", "_reached", "_shifts", "_sums",
        "_tail", "_week", "_weekly",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        zone: tzinfo,
        weekly: Sequence[Bands],
        named: Mapping[int, Bands],
        *,
        check: Callable[[int], None],
    ) -> None:
        """`weekly` are the hours from Monday to Sunday, `named` those of days that differ, the first of which begins.

        `check` refuses a day that the calendar does not know.
        """
        self._name = name
        self._check = check
        self._weekly = tuple(_in_microseconds(bands) for bands in weekly)
        lengths = [_length(bands) for bands in self._weekly]
        self._week = sum(lengths)
        self._prefix = (0, *accumulate(lengths))
        self._bands = {day: _in_microseconds(bands) for day, bands in named.items()}
        self._base = min(named, default=1)
        size = max(named) - self._base + 1 if named else 0
        turn = (self._base - 1) % 7
        days = (lengths[turn:] + lengths * (size // 7 + 1))[:size]
        for day, bands in self._bands.items():
            days[day - self._base] = _length(bands)
        self._end = self._base + size
        self._sums = list(accumulate(days, initial=self._by_week(self._base)))
        self._tail = self._sums[-1] - self._by_week(self._end)
        self._changes, self._offsets = offsets_of(zone)
        self._shifts = [0]
        self._reached: list[int] = []
        for place, change in enumerate(self._changes):
            reached = self._on_the_wall(change + self._offsets[place]) + self._shifts[place]
            self._reached.append(reached)
            self._shifts.append(reached - self._on_the_wall(change + self._offsets[place + 1]))

    def elapsed(self, instant: datetime) -> int:
        """The working microseconds before an instant, from a beginning that is the same for all instants."""
        moment = _microseconds(instant)
        place = bisect_right(self._changes, moment)
        wall = moment + self._offsets[place]
        self._check(wall // _DAY)
        return self._on_the_wall(wall) + self._shifts[place]

    def instant_at(self, elapsed: int) -> datetime:
        """The first instant before which so much was worked: what ends with the office hours ends at closing time."""
        return self._checked(self._goes_on(elapsed - 1) + 1, closes=True)

    def goes_on_at(self, elapsed: int) -> datetime:
        """The instant at which work goes on after so much of it: what ends with the office hours, at the opening."""
        return self._checked(self._goes_on(elapsed), closes=False)

    def first_moment(self, instant: datetime) -> datetime:
        """The instant itself when it is worked, else the next opening."""
        return self.goes_on_at(self.elapsed(instant))

    def later(self, instant: datetime, amount: int) -> datetime:
        """So many working microseconds after an instant, or before it when the amount is negative.

        Walking on ends at a closing, walking back at an opening: where the last of them was worked. Zero moves nothing.
        """
        if amount == 0:
            return instant
        reached = self.elapsed(instant) + amount
        return self.instant_at(reached) if amount > 0 else self.goes_on_at(reached)

    def _checked(self, moment: int, *, closes: bool) -> datetime:
        place = bisect_left(self._changes, moment) if closes else bisect_right(self._changes, moment)
        day = (moment + self._offsets[place] - closes) // _DAY
        if not _FIRST <= day <= _LAST:
            raise Refusal("date_out_of_range", "The end of the limit lies outside the years 1949 to 2199.")
        self._check(day)
        return _instant(moment)

    # Sums over wall time, in microseconds since the day 0

    def _by_week(self, day: int) -> int:
        """What was worked before a day if the weekly pattern had always held."""
        weeks, place = divmod(day - 1, 7)
        return weeks * self._week + self._prefix[place]

    def _before(self, day: int) -> int:
        if day < self._base:
            return self._by_week(day)
        if day < self._end:
            return self._sums[day - self._base]
        return self._tail + self._by_week(day)

    def _hours(self, day: int) -> Bands:
        own = self._bands.get(day)
        return self._weekly[(day - 1) % 7] if own is None else own

    def _on_the_wall(self, wall: int) -> int:
        day, time = divmod(wall, _DAY)
        worked = self._before(day)
        for begin, end in self._hours(day):
            if time <= begin:
                break
            worked += min(time, end) - begin
        return worked

    def _goes_on(self, elapsed: int) -> int:
        """The instant at which the microsecond after so many begins."""
        place = bisect_right(self._reached, elapsed)
        worked = elapsed - self._shifts[place]
        day = self._day_of(worked)
        worked -= self._before(day)
        for begin, end in self._hours(day):
            if worked < end - begin:
                return day * _DAY + begin + worked - self._offsets[place]
            worked -= end - begin
        raise AssertionError("the day holds the microsecond")

    def _day_of(self, worked: int) -> int:
        """The day on which the microsecond after so many lies."""
        sums = self._sums
        if sums[0] <= worked < sums[-1]:
            return self._base + bisect_right(sums, worked) - 1
        if not self._week:
            raise Refusal("calendar_without_working_days", f"The calendar {self._name} has no working time there.")
        if worked >= sums[-1]:
            worked -= self._tail
        weeks, rest = divmod(worked, self._week)
        return weeks * 7 + bisect_right(self._prefix, rest)


def _in_microseconds(bands: Bands) -> Bands:
    return tuple((begin * _MINUTE, end * _MINUTE) for begin, end in bands)


def _length(bands: Bands) -> int:
    return sum(end - begin for begin, end in bands)


def _microseconds(instant: datetime) -> int:
    """An instant in microseconds of UTC since the day 0."""
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    seconds = (instant.hour * 60 + instant.minute) * 60 + instant.second
    return instant.toordinal() * _DAY + seconds * _SECOND + instant.microsecond


def _instant(moment: int) -> datetime:
    day, time = divmod(moment, _DAY)
    return datetime.fromordinal(day).replace(tzinfo=UTC) + timedelta(microseconds=time)


@lru_cache(maxsize=64)
def offsets_of(zone: tzinfo) -> Offsets:
    """All changes of a zone's clocks in the years 1949 to 2199; looked for once a process.

    No zone has ever kept an offset for less than a week (Brazil's north-east in October 2000), so each is seen.
    """
    before = _offset_at((_FIRST - 2 - _EPOCH) * 86_400, zone)
    changes: list[int] = []
    offsets = [before]
    for day in range(_FIRST - 2 - _EPOCH, _LAST + 2 - _EPOCH, _STEP):
        later = (day + _STEP) * 86_400
        after = _offset_at(later, zone)
        if after != before:
            change = _change_between(day * 86_400, later, zone)
            changes.append((_EPOCH * 86_400 + change) * _SECOND)
            offsets.append(after)
            before = after
    return Offsets(changes, [offset // _MICROSECOND for offset in offsets])


def _change_between(low: int, high: int, zone: tzinfo) -> int:
    """The first second at which the offset is that of the later one."""
    after = _offset_at(high, zone)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_at(middle, zone) == after:
            high = middle
        else:
            low = middle
    return high


def _offset_at(second: int, zone: tzinfo) -> timedelta:
    """The offset of a zone at a second since 1970."""
    return datetime.fromtimestamp(second, zone).utcoffset() or _NONE
