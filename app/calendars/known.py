"""All that was ever published of the calendars, and each state of each of them, folded once and kept."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from app.calendars.notices import NoticeRefused, read_folder
from app.domain.calendar import Calendar
from app.domain.folds import Suspension
from app.domain.layers import Edition, Frame, fold
from app.domain.refusal import Refusal

__all__ = ["BUILT_IN", "CalendarNotFound", "Known", "Layer", "Recorded", "Stopped", "built_in"]

_DATA = Path(__file__).parent / "data"
ZONE: Final = ZoneInfo("Asia/Shanghai")
"""The zone of a calendar that names none and lies over none."""


class CalendarNotFound(Refusal):
    """A calendar that the service does not know."""


class Recorded(NamedTuple):
    """An edition with the place of its record: 0 where it came with the program, else that of its row."""

    edition: Edition
    from_at: datetime
    """From when on it is known: 00:00 of the day of its publication, or the hour that was stated."""
    serial: int = 0
    recorded_at: datetime | None = None
    recorded_by: str | None = None
    approver: str | None = None
    release: int = 1
    """Of one that came with the program: with which release of the data. Later ones are recorded by each database."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One calendar by itself: its frame, what it lies over, and its own editions by number."""

    frame: Frame
    names: Mapping[str, str]
    over: str | None
    editions: tuple[Recorded, ...]

    @property
    def code(self) -> str:
        """Its code."""
        return self.frame.code

    def with_editions(self, stored: Sequence[Recorded]) -> "Layer":
        """The same with editions of the database in place of those that later releases of the program brought.

        The database has these among its own once it has recorded them, each at its place in the order of its records.
        """
        first = [one for one in self.editions if one.release == 1]
        return replace(self, editions=tuple(sorted([*first, *stored], key=_number)))


class Stopped(NamedTuple):
    """A suspension of a place as one document states it."""

    serial: int
    jurisdiction: str
    published_at: datetime
    suspension: Suspension
    approver: str
    recorded_at: datetime

    def covers(self, jurisdiction: str | None) -> bool:
        """Whether it holds for what lies in a jurisdiction: in its own, or in one below."""
        place = jurisdiction or "CN"
        return place == self.jurisdiction or place.startswith(f"{self.jurisdiction}-")


class _Placed(NamedTuple):
    """An edition in the order of recording of a calendar and all that it lies over."""

    depth: int
    recorded: Recorded


class Known:
    """Every calendar with its layers and editions: one immutable picture of what is published.

    A state of a calendar is named by how many editions it counts, those of the layers below with them, in the order of
    recording: `CN@21` are the first 21, and no later record changes what that name means. Where an edition is recorded
    after one that was published later, what was known between the two is a state of its own: `CN@24.25` are the 24
    oldest by publication of the first 25 recorded.
    """

    def __init__(self, layers: Mapping[str, Layer], serial: int = 0, stopped: Sequence[Stopped] = ()) -> None:
        self.layers = dict(layers)
        self.stopped = tuple(stopped)
        """Every document on a suspension, in the order of recording."""
        self.serial = serial
        """How many records of the database are known here: editions and suspensions."""
        self.codes = tuple(sorted(self.layers))
        self.by_name: dict[str, Calendar] = {}
        self._newest: dict[str, Calendar] = {}
        self._orders: dict[str, tuple[_Placed, ...]] = {}

    def __reduce__(self) -> tuple[object, ...]:
        return Known, (self.layers, self.serial, self.stopped)

    def layer(self, code: str) -> Layer:
        """One calendar by itself."""
        found = self.layers.get(code)
        if found is None:
            raise CalendarNotFound("calendar_not_found", "There is no calendar with this code.", allowed=self.codes)
        return found

    def chain(self, code: str) -> tuple[Layer, ...]:
        """A calendar with all that it lies over, the lowest first."""
        chain = [self.layer(code)]
        while chain[0].over is not None:
            chain.insert(0, self.layer(chain[0].over))
        return tuple(chain)

    def newest(self, code: str) -> Calendar:
        """The calendar with all its editions."""
        found = self._newest.get(code)
        if found is None:
            count = len(self._order(code))
            found = self._newest[code] = self._state(code, count, count)
        return found

    def published_by(self, code: str, at: datetime, known_at: datetime | None = None) -> Calendar:
        """The calendar as it was published at an instant, of what was recorded by `known_at`."""
        order = self._order(code)
        published = [
            place
            for place, one in enumerate(order, 1)
            if one.recorded.from_at <= at and (known_at is None or _recorded_by(one.recorded, known_at))
        ]
        return self._state(code, published[-1] if published else 0, len(published))

    def named(self, name: str) -> Calendar:
        """The calendar of a printed name, `CN@21`."""
        found = self.by_name.get(name)
        if found is None:
            code, _, numbers = name.partition("@")
            count = len(self._order(code))
            first, _, second = numbers.partition(".")
            published, recorded = (_whole(first), _whole(second or first))
            if published is None or recorded is None or not published <= recorded <= count:
                raise CalendarNotFound("calendar_not_found", f"The calendar {code} has {count} editions.")
            if second and (
                recorded == published or self._order(code)[recorded - 1] not in self._chosen(code, published, recorded)
            ):
                raise CalendarNotFound("calendar_not_found", f"The calendar {code} has no state of this name.")
            found = self._state(code, recorded, published)
        return found

    def parts(self, calendar: Calendar) -> tuple[tuple[Layer, tuple[Recorded, ...]], ...]:
        """What a state is made of: each layer, the lowest first, with those of its editions that it counts."""
        chosen = self._chosen(calendar.code, *_places(calendar.name))
        return tuple(
            (layer, tuple(sorted((one.recorded for one in chosen if one.depth == depth), key=_number)))
            for depth, layer in enumerate(self.chain(calendar.code))
        )

    def after(self, calendar: Calendar) -> tuple[tuple[datetime, Calendar], ...]:
        """What was published of a calendar beyond one of its states: from when on which state holds.

        In the order of publication; where several count from one instant, the last alone.
        """
        order = self._order(calendar.code)
        _, recorded = _places(calendar.name)
        begins = min((one.recorded.from_at for one in order[recorded:]), default=None)
        if begins is None:
            return ()
        instants = sorted({one.recorded.from_at for one in order if one.recorded.from_at >= begins})
        return tuple((at, self.published_by(calendar.code, at)) for at in instants)

    def stops(self, jurisdiction: str | None) -> tuple[tuple[datetime, Suspension], ...]:
        """The documents that stop clocks in a place, in the order of recording, each from its publication on."""
        return tuple((one.published_at, one.suspension) for one in self.stopped if one.covers(jurisdiction))

    def above(self, code: str) -> tuple[str, ...]:
        """The calendar and all that lie over it."""
        return tuple(one for one in self.codes if code in {layer.code for layer in self.chain(one)})

    def _order(self, code: str) -> tuple[_Placed, ...]:
        found = self._orders.get(code)
        if found is None:
            placed = [_Placed(depth, one) for depth, layer in enumerate(self.chain(code)) for one in layer.editions]
            placed.sort(key=lambda p: (p.recorded.serial, p.recorded.release, p.recorded.from_at, p.depth))
            found = self._orders[code] = tuple(placed)
        return found

    def _chosen(self, code: str, published: int, recorded: int) -> list[_Placed]:
        order = self._order(code)[:recorded]
        return sorted(order, key=lambda one: one.recorded.from_at)[:published]

    def _state(self, code: str, recorded: int, published: int) -> Calendar:
        name = f"{code}@{published}" if recorded == published else f"{code}@{published}.{recorded}"
        found = self.by_name.get(name)
        if found is None:
            chosen = self._chosen(code, published, recorded)
            calendar: Calendar | None = None
            for depth, layer in enumerate(self.chain(code)):
                frame = layer.frame
                if calendar is not None:
                    frame = replace(
                        frame, zone=calendar.zone, weekend=calendar.weekend, weekly_hours=calendar.weekly_hours
                    )
                editions = [one.recorded.edition for one in chosen if one.depth == depth]
                calendar = fold(frame, editions, base=calendar, name=name if layer.code == code else None)
            if calendar is None:
                raise AssertionError("a calendar has at least one layer")
            found = self.by_name[name] = calendar
        return found


def _places(name: str) -> tuple[int, int]:
    first, _, second = name.partition("@")[2].partition(".")
    return int(first), int(second or first)


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 and text == str(int(text)) else None


def _number(one: Recorded) -> int:
    return one.edition.number


def _recorded_by(one: Recorded, known_at: datetime) -> bool:
    """What came with the program counts as recorded when it was published."""
    return (one.recorded_at or one.from_at) <= known_at


def midnight(day: int, zone: ZoneInfo) -> datetime:
    """00:00 of a local day."""
    return datetime.combine(date.fromordinal(day), datetime.min.time(), zone)


def _built_in_layer(folder: Path) -> Layer:
    body = json.loads((folder / "calendar.json").read_text(encoding="utf-8"))
    zone = ZoneInfo(body["zone"]) if "zone" in body else ZONE
    frame = Frame(
        code=body["code"],
        zone=zone,
        weekend=frozenset(body.get("weekend", (6, 7))),
        first=date.fromisoformat(body["first"]).toordinal() if "first" in body else None,
        unsettled=body.get("unsettled_days", 0),
    )
    read = read_folder(folder)
    releases: Mapping[str, int] = body.get("releases", {})
    if unknown := set(releases) - {edition.document for edition in read}:
        raise NoticeRefused(f"{folder.name}/calendar.json: no edition {min(unknown)!r} came with a release")
    came = sorted(
        ((releases.get(edition.document, 1), edition) for edition in read),
        key=lambda one: (one[0], one[1].published_on),
    )
    editions = tuple(
        Recorded(replace(edition, number=number), midnight(edition.published_on, zone), release=release)
        for number, (release, edition) in enumerate(came, 1)
    )
    return Layer(frame, body["name"], body.get("layer_of"), editions)


@lru_cache(maxsize=1)
def built_in() -> Mapping[str, Layer]:
    """The calendars that come with the program, by code."""
    layers: Iterable[Layer] = (
        _built_in_layer(folder) for folder in _DATA.iterdir() if (folder / "calendar.json").is_file()
    )
    return {layer.code: layer for layer in layers}


BUILT_IN: Final = Known(built_in())
"""What is known without a database."""
