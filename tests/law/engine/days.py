"""Calendars: which day is a working day, which hours it has, where a day begins.

A calendar is a pile of layers, the uppermost first. Each layer may have several editions; what holds at an instant is
read anew from all editions that were published by then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.law.engine.wire import Json, Refused, day, instant

ONE_DAY = timedelta(days=1)
LONGEST = 40_000  # days that a walk may take before it is called endless


@dataclass(frozen=True)
class Layer:
    """One calendar's own word, after its editions have been laid over each other."""

    holidays: frozenset[date]
    workdays: frozenset[date]
    weekend: frozenset[int] | None
    hours: Mapping[int, tuple[tuple[time, time], ...]] | None  # 24:00 is written time.max
    zone: str | None
    published_to: date | None


def _time(text: str) -> time:
    return time.max if text == "24:00" else time.fromisoformat(text)


def _hours(value: object) -> Mapping[int, tuple[tuple[time, time], ...]] | None:
    """Hours by weekday, from either of the two written forms."""
    if value is None:
        return None
    if isinstance(value, list):
        bands = tuple((_time(a), _time(b)) for a, b in value)
        return dict.fromkeys(range(1, 8), bands)
    if not isinstance(value, Mapping):
        raise Refused("hours are neither a list nor a map")
    return {int(key): tuple((_time(a), _time(b)) for a, b in bands) for key, bands in value.items()}


def layer(editions: list[Json]) -> Layer:
    """Lay editions over each other, the earliest first."""
    named: dict[date, tuple[bool, int]] = {}
    weekend: frozenset[int] | None = None
    hours = None
    zone = None
    published_to = None
    for number, edition in enumerate(editions, start=1):
        dropped = edition.get("supersedes")
        if dropped is not None:
            named = {each: word for each, word in named.items() if word[1] != dropped}
        mine = int(edition.get("number") or number)
        for text in edition.get("holidays") or []:
            named[day(text)] = (False, mine)
        for text in edition.get("workdays") or []:
            named[day(text)] = (True, mine)
        if edition.get("weekend") is not None:
            weekend = frozenset(edition["weekend"])
        if edition.get("hours") is not None:
            hours = _hours(edition["hours"])
        zone = edition.get("zone") or zone
        if edition.get("published_to") is not None:
            published_to = day(edition["published_to"])
    return Layer(
        holidays=frozenset(each for each, (working, _) in named.items() if not working),
        workdays=frozenset(each for each, (working, _) in named.items() if working),
        weekend=weekend,
        hours=hours,
        zone=zone,
        published_to=published_to,
    )


class Calendar:
    """A pile of layers, the uppermost first."""

    def __init__(self, layers: list[Layer], name: str) -> None:
        self.layers = layers
        self.name = name
        self.zone = ZoneInfo(next((each.zone for each in layers if each.zone), "Asia/Shanghai"))
        self.weekend = next((each.weekend for each in layers if each.weekend is not None), frozenset({6, 7}))
        self.hours = next((each.hours for each in layers if each.hours is not None), None)
        self.published_to = next((each.published_to for each in layers if each.published_to is not None), None)
        if len(self.weekend) == 7 and not any(each.workdays for each in layers):
            raise Refused("a calendar without any working day")

    def named(self, on: date) -> bool | None:
        """What the layers say of a day by name: True works, False rests, None when none names it."""
        if self.published_to is not None and on > self.published_to:
            return None
        for each in self.layers:
            if on in each.holidays:
                return False
            if on in each.workdays:
                return True
        return None

    def is_working(self, on: date) -> bool:
        """Whether a day is a working day."""
        said = self.named(on)
        return on.isoweekday() not in self.weekend if said is None else said

    def next_working(self, on: date) -> date:
        """The first working day at or after a day."""
        walked = 0
        while not self.is_working(on):
            on += ONE_DAY
            walked += 1
            if walked > LONGEST:
                raise Refused("no working day ahead")
        return on

    def day_of(self, at: datetime) -> date:
        """The local day of an instant."""
        return at.astimezone(self.zone).date()

    def moment(self, on: date, clock: time) -> datetime:
        """A local time of a day as an instant."""
        return datetime.combine(on, clock, self.zone).astimezone(UTC)

    def midnight(self, on: date) -> datetime:
        """The instant at which a day begins."""
        return self.moment(on, time(0))

    def last_day_before(self, end: datetime) -> date:
        """The local day of the last instant before an exclusive end."""
        return self.day_of(end - timedelta(microseconds=1))

    def bands(self, on: date) -> list[tuple[datetime, datetime]]:
        """The hours of a day as instants, half-open; none on a day without any."""
        if self.hours is None or not self.is_working(on):
            return []
        mine = self.hours.get(on.isoweekday()) or ()
        if not mine and self.named(on):
            mine = next((self.hours[each] for each in sorted(self.hours) if self.hours[each]), ())
        return [
            (self.moment(on, a), self.midnight(on + ONE_DAY) if b == time.max else self.moment(on, b)) for a, b in mine
        ]

    def opening(self, on: date) -> datetime:
        """When a working day opens: 00:00 where it has no hours."""
        bands = self.bands(on)
        return bands[0][0] if bands else self.midnight(on)

    def closing(self, on: date) -> datetime | None:
        """When a day closes, None where it has no hours."""
        bands = self.bands(on)
        return bands[-1][1] if bands else None

    def open_from(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Every stretch of open time at or after an instant."""
        if self.hours is None:
            raise Refused("a limit in working time on a calendar without hours")
        on = self.day_of(at)
        for _ in range(LONGEST):
            for a, b in self.bands(on):
                if b > at:
                    yield max(a, at), b
            on += ONE_DAY
        raise Refused("no working time ahead")

    def open_before(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Every stretch of open time before an instant, the latest first."""
        if self.hours is None:
            raise Refused("a rung in working time on a calendar without hours")
        on = self.day_of(at)
        for _ in range(LONGEST):
            for a, b in reversed(self.bands(on)):
                if a < at:
                    yield a, min(b, at)
            on -= ONE_DAY
        raise Refused("no working time behind")


@dataclass(frozen=True)
class Shelf:
    """All calendars that a case knows, with their editions, and the one that it counts by."""

    chosen: Json | str
    named: Mapping[str, Json]
    newest: bool  # no `as_of`: every edition is taken, whatever the instant
    known_at: datetime | None

    def _editions(self, body: Json, at: datetime) -> list[Json]:
        editions: list[Json] = body.get("editions", [body])
        held = []
        for edition in editions:
            published = edition.get("published_at")
            recorded = edition.get("recorded_at") or published
            if published is not None and not self.newest and instant(published) > at:
                continue
            if recorded is not None and self.known_at is not None and instant(recorded) > self.known_at:
                continue
            held.append(edition)
        return held

    def _bodies(self) -> list[tuple[str, Json]]:
        """The chosen calendar and all that it lies over, the uppermost first."""
        pile = []
        here: Json | str | None = self.chosen
        while here is not None:
            if isinstance(here, str):
                if here not in self.named:
                    raise Refused(f"unknown calendar {here}")
                pile.append((here, self.named[here]))
            else:
                pile.append(("", here))
            here = pile[-1][1].get("layer_of")
        return pile

    def at(self, at: datetime) -> Calendar:
        """The calendar as published by an instant."""
        layers = []
        count = 0
        pile = self._bodies()
        for _, body in pile:
            editions = self._editions(body, at)
            count += len(editions)
            word = layer(editions)
            if word.zone is None and body.get("zone"):
                word = Layer(
                    word.holidays, word.workdays, word.weekend, word.hours, str(body["zone"]), word.published_to
                )
            layers.append(word)
        return Calendar(layers, f"{pile[0][0]}@{count}" if pile[0][0] else "")

    def publications(self) -> list[datetime]:
        """Every instant at which an edition comes out."""
        if self.newest:
            return []
        found = set()
        for _, body in self._bodies():
            for edition in body.get("editions") or []:
                recorded = edition.get("recorded_at") or edition.get("published_at")
                if recorded is not None and self.known_at is not None and instant(recorded) > self.known_at:
                    continue
                if edition.get("published_at") is not None:
                    found.add(instant(edition["published_at"]))
        return sorted(found)
