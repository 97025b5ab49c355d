"""Calendars: is a day a working day, since which notice, with which hours, and how far do the notices reach."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from itertools import accumulate, compress
from typing import Literal, NamedTuple

from app.domain.refusal import Refusal
from app.domain.working_time import Bands, WorkingTime

__all__ = [
    "FIRST_DAY",
    "LAST_DAY",
    "NO_HOURS",
    "Bands",
    "Calendar",
    "CalendarDay",
    "CalendarUnknown",
    "Certainty",
    "DayRule",
    "WeeklyHours",
    "midnights_of",
]

FIRST_DAY = date(1949, 1, 1).toordinal()
LAST_DAY = date(2199, 12, 31).toordinal()

WeeklyHours = tuple[Bands, Bands, Bands, Bands, Bands, Bands, Bands]
"""Hours from Monday to Sunday."""
NO_HOURS: WeeklyHours = ((), (), (), (), (), (), ())


Certainty = Literal["certain", "provisional", "unknown"]
"""Three answers, never two: a notice says it, a coming notice may say otherwise, no notice says anything."""


class CalendarUnknown(Refusal):
    """A count needs a day of which no notice says whether it was worked."""


class DayRule(NamedTuple):
    """What an edition says of one day."""

    working: bool
    name: str | None = None
    source: str | None = None
    layer: str = ""
    hours: Bands | None = None


class CalendarDay(NamedTuple):
    """One day as a reader sees it; `working` is None where the calendar does not know."""

    date: date
    working: bool | None
    name: str | None
    source: str | None
    certainty: Certainty
    hours: Bands
    layer: str


class Midnights(dict[int, datetime]):
    """The first instant of each local day of one zone, by ordinal, in UTC; each is worked out once."""

    def __init__(self, zone: tzinfo) -> None:
        super().__init__()
        self.zone = zone

    def __missing__(self, day: int) -> datetime:
        # fold 0 of a midnight that the change to summer time leaves out is the instant of the change itself.
        local = datetime.fromordinal(day).replace(tzinfo=self.zone)
        instant = self[day] = local.astimezone(UTC)
        return instant


@lru_cache(maxsize=64)
def midnights_of(zone: tzinfo) -> Midnights:
    """The midnights of a zone, shared by all calendars in it."""
    return Midnights(zone)


class Calendar:
    """One immutable, numbered state of a calendar: `CN@21` is what the first 21 editions of `CN` say together.

    Days are ordinals. From the first to the last day that an edition names, working days lie in two lists, so that the
    N-th working day after a day is `opens[upto[day - base] + N - 1]` whatever N is; outside, the weekly pattern is
    reckoned. Days before `first` are unknown, days past `certain_to` provisional: 国务院办公厅 changes the last days of
    December with the notice of the year to come (2018-12-29 became a working day on 2018-12-06).
    """

    __slots__ = (
        "_base",
        "_before",
        "_count",
        "_first_bands",
        "_middle",
        "_offsets",
        "_opens",
        "_prefix",
        "_size",
        "_tail",
        "_time",
        "_upto",
        "_week",
        "certain_to",
        "code",
        "days",
        "first",
        "has_hours",
        "midnights",
        "name",
        "number",
        "published_to",
        "weekend",
        "weekly_hours",
        "zone",
    )

    def __init__(
        self,
        code: str,
        number: int,
        zone: tzinfo,
        *,
        days: Mapping[int, DayRule],
        weekend: frozenset[int] = frozenset({6, 7}),
        weekly_hours: WeeklyHours = NO_HOURS,
        published_to: int | None = None,
        certain_to: int | None = None,
        first: int | None = None,
        name: str | None = None,
    ) -> None:
        self.code = code
        self.number = number
        self.name = name or f"{code}@{number}"
        self.zone = zone
        self.days = days
        self.weekend = weekend
        self.weekly_hours = weekly_hours
        self.published_to = published_to
        self.certain_to = published_to if certain_to is None else certain_to
        self.first = first
        self._first_bands: Bands = next((bands for bands in weekly_hours if bands), ())
        self.has_hours = bool(self._first_bands) or any(rule.hours for rule in days.values())
        self.midnights = midnights_of(zone)
        """What `midnight` gives, by the day."""
        self._time: WorkingTime | None = None
        self._lay_out(days, first)

    def _lay_out(self, days: Mapping[int, DayRule], first: int | None) -> None:
        """Build the lists from the first to the last named day, and the sums of the weekly pattern around them."""
        week = bytes(0 if weekday in self.weekend else 1 for weekday in range(1, 8))
        self._week = sum(week)
        self._prefix = (0, *accumulate(week))
        self._offsets = tuple(place for place, works in enumerate(week, 1) if works)
        named = [day for day in days if first is None or day >= first]
        if not named:
            self._base, self._size = first or 1, 0
            worked = bytearray()
        else:
            self._base = min(named) if first is None else first
            self._size = max(named) - self._base + 1
            turn = (self._base - 1) % 7
            worked = bytearray((week[turn:] + week * (self._size // 7 + 1))[: self._size])
            for day in named:
                worked[day - self._base] = days[day].working
        self._opens = list(compress(range(self._base, self._base + self._size), worked))
        self._upto = list(accumulate(worked))
        self._count = len(self._opens)
        self._before = self._weekly(self._base - 1)
        self._tail = self._weekly(self._base + self._size - 1)
        self._middle = self._before + self._count

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (
            self.code,
            self.number,
            self.zone,
            dict(self.days),
            self.weekend,
            self.weekly_hours,
            self.published_to,
            self.certain_to,
            self.first,
            self.name,
        )

    def __repr__(self) -> str:
        return f"<Calendar {self.name}>"

    # The count of working days

    def nth(self, day: int, n: int) -> int:
        """The n-th working day after `day`, or before it when n is negative; `day` itself is never counted.

        n = 0 gives `day` when it is a working day, else the next one.
        """
        place = day - self._base
        if n > 0 and place >= 0:
            if place < self._size:
                rank = self._upto[place] + n - 1
                if rank < self._count:
                    return self._opens[rank]
                rank += self._tail - self._count
            else:
                rank = day // 7 * self._week + self._prefix[day % 7] + n - 1
            if self._week:
                found = rank // self._week * 7 + self._offsets[rank % self._week]
                if found <= LAST_DAY:
                    return found
        elif n < 0 and 0 < place <= self._size:
            rank = self._upto[place - 1] + n
            if rank >= 0:
                return self._opens[rank]
        return self._nth(day, n)

    def _nth(self, day: int, n: int) -> int:
        if n > 0:
            if self.first is not None and day + 1 < self.first:
                self._know(day + 1)
            found = self._at_rank(self._rank(day) + n)
        elif n < 0:
            self._know(day - 1)
            found = self._at_rank(self._rank(day - 1) + n + 1)
            self._know(found)
        else:
            self._know(day)
            found = self._at_rank(self._rank(day - 1) + 1)
        if not FIRST_DAY <= found <= LAST_DAY:
            raise Refusal(
                "date_out_of_range", f"The count leaves the years 1949 to 2199: {n} working days from {_text(day)}."
            )
        return found

    def working_between(self, begin: int, end: int) -> int:
        """How many working days lie in `(begin, end]`; 0 when the end is not after the begin."""
        if end <= begin:
            return 0
        place = begin - self._base
        last = end - self._base
        if place >= 0 and last < self._size:
            return self._upto[last] - self._upto[place]
        self._know(begin + 1)
        return self._rank(end) - self._rank(begin)

    def is_working(self, day: int) -> bool:
        """Whether a day is a working day; refused for a day before the first edition."""
        place = day - self._base
        if 0 <= place < self._size:
            return self._upto[place] - (self._upto[place - 1] if place else 0) == 1
        self._know(day)
        return (day - 1) % 7 + 1 not in self.weekend

    def next_working(self, day: int) -> int:
        """The day itself when it is a working day, else the next one."""
        place = day - self._base
        if 0 < place < self._size:
            rank = self._upto[place - 1]
            if rank < self._count:
                return self._opens[rank]
        return self.nth(day - 1, 1) if self.first is None or day > self.first else self._nth(day, 0)

    def is_provisional(self, day: int) -> bool:
        """Whether a coming notice may still decide over this day."""
        return self.certain_to is not None and day > self.certain_to

    def day(self, day: int) -> CalendarDay:
        """One day with its name, the notice and layer that it comes from, and how sure it is."""
        if self.first is not None and day < self.first:
            return CalendarDay(date.fromordinal(day), None, None, None, "unknown", (), "")
        rule = self.days.get(day)
        certainty: Certainty = "provisional" if self.is_provisional(day) else "certain"
        name, source, layer = (rule.name, rule.source, rule.layer) if rule else (None, None, "")
        return CalendarDay(date.fromordinal(day), self.is_working(day), name, source, certainty, self.hours(day), layer)

    # Hours

    def hours(self, day: int) -> Bands:
        """The hours of a day; none on a rest day.

        A make-up day whose weekday has no hours has those of the first weekday that has: a make-up Saturday keeps
        Monday's, and so does a Friday without hours that a notice names as worked.
        """
        if not self.is_working(day):
            return ()
        rule = self.days.get(day)
        if rule is not None and rule.hours is not None:
            return rule.hours
        own = self.weekly_hours[(day - 1) % 7]
        return self._first_bands if rule is not None and not own else own

    @property
    def working_time(self) -> WorkingTime:
        """The hours as one sum, in which limits in working time are counted; laid out when it is first asked for."""
        time = self._time
        if time is None:
            time = self._time = self._sum_up()
        return time

    def _sum_up(self) -> WorkingTime:
        if not self.has_hours:
            raise Refusal(
                "calendar_without_hours",
                f"The limit is in working time, but the calendar {self.name} has no hours.",
            )
        weekly = tuple(() if weekday in self.weekend else bands for weekday, bands in enumerate(self.weekly_hours, 1))
        named = {day: self.hours(day) for day in self.days if self.first is None or day >= self.first}
        if not any(weekly) and not any(named.values()):
            raise Refusal("calendar_without_working_days", f"The calendar {self.name} has no working time at all.")
        return WorkingTime(self.name, self.zone, weekly, named, check=self._know)

    # Days and instants

    def midnight(self, day: int) -> datetime:
        """The first instant of a local day, in UTC."""
        return self.midnights[day]

    def day_of(self, instant: datetime) -> int:
        """The local day of an instant."""
        if instant.tzinfo is not UTC:
            instant = instant.astimezone(UTC)
        day = instant.toordinal()
        if instant >= self.midnights[day + 1]:
            return day + 1
        return day if instant >= self.midnights[day] else day - 1

    def at_minute(self, day: int, minute: int) -> datetime:
        """The instant of a minute of a local day by the clock on the wall, in UTC; minute 1440 is the next midnight.

        In the night when summer time begins a time that the clock leaves out is taken as many minutes after the change.
        """
        if minute >= 1440:
            return self.midnights[day + 1]
        local = datetime.fromordinal(day).replace(hour=minute // 60, minute=minute % 60, tzinfo=self.zone)
        return local.astimezone(UTC)

    def local(self, instant: datetime) -> datetime:
        """An instant in the calendar's zone, for showing."""
        return instant.astimezone(self.zone)

    # Ranks: how many working days lie in [1, day] when the weekly pattern had always held before the first named day

    def _weekly(self, day: int) -> int:
        return day // 7 * self._week + self._prefix[day % 7]

    def _rank(self, day: int) -> int:
        place = day - self._base
        if place < 0:
            return self._weekly(day)
        if place < self._size:
            return self._before + self._upto[place]
        return self._middle + self._weekly(day) - self._tail

    def _at_rank(self, rank: int) -> int:
        if self._before < rank <= self._middle:
            return self._opens[rank - self._before - 1]
        if not self._week:
            raise Refusal("calendar_without_working_days", f"The calendar {self.name} has no working day there.")
        if rank > self._middle:
            rank += self._tail - self._middle
        weeks, place = divmod(rank - 1, self._week)
        return weeks * 7 + self._offsets[place]

    def _know(self, day: int) -> None:
        if self.first is not None and day < self.first:
            raise CalendarUnknown(
                "calendar_unknown",
                f"The calendar {self.name} knows no day before {_text(self.first)}; this count needs {_text(day)}.",
            )


def _text(day: int) -> str:
    return date.fromordinal(day).isoformat() if 1 <= day <= date.max.toordinal() else "a day past all calendars"


def _rebuild(
    code: str,
    number: int,
    zone: tzinfo,
    days: Mapping[int, DayRule],
    weekend: frozenset[int],
    weekly_hours: WeeklyHours,
    published_to: int | None,
    certain_to: int | None,
    first: int | None,
    name: str,
) -> Calendar:
    """The calendar again in another process."""
    return Calendar(
        code,
        number,
        zone,
        days=days,
        weekend=weekend,
        weekly_hours=weekly_hours,
        published_to=published_to,
        certain_to=certain_to,
        first=first,
        name=name,
    )
