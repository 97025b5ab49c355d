"""Answers of the lists and the summary: read, reckoned at the instant asked, and written as the JSON that is sent."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from pydantic_core import to_json

from app.alarms.queries import last_sweep
from app.applications.public_view import read_view
from app.applications.queries import clock_json, view_name
from app.calendars import catalogue
from app.departments.queries import names_of
from app.domain import clocks
from app.domain.calendar import Calendar
from app.domain.chain import stamp
from app.domain.clocks import Clock
from app.domain.units import Unit
from app.items.queries import names as item_names
from app.kit.db import Database
from app.kit.paging import Cursor, encode_cursor
from app.kit.problems import invalid
from app.kit.sealing import Sealer
from app.kit.service import Service
from app.kit.texts import Language, label
from app.overdue import queries
from app.overdue.selection import By, Count, Entry, Key, ListKind, Moment, Place, Selection

__all__ = [
    "Answer",
    "Asked",
    "Line",
    "Listed",
    "Row",
    "list_answer",
    "read_list",
    "read_summary",
    "row_json",
    "summary_answer",
]

TICK = timedelta(minutes=15)
"""A day begins on a quarter of an hour of UTC in every zone, so figures in days change at no other instant."""
SHORT = timedelta(seconds=1)
PICKED = 200
"""Rows read at a time where a row must be looked at to know whether it is wanted."""
PICKED_THEN = 5_000
"""The same by what was known: each reading replays anew, so there are few."""
MOST_GONE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a list is asked beside its selection. `as_of` None: now; a cursor pins it."""

    selection: Selection
    as_of: datetime | None = None
    known_at: datetime | None = None
    min_overdue: int = 0
    changed_since: datetime | None = None
    limit: int = 50
    after: Place | None = None


class Row(NamedTuple):
    """One clock of a list, reckoned."""

    entry: Entry
    clock: Clock
    calendar: Calendar


class Listed(NamedTuple):
    """A page of a list at an instant."""

    rows: list[Row]
    has_more: bool
    gone: list[Key] | None
    at: datetime


class Line(NamedTuple):
    """The running clocks under one code of a summary."""

    code: str | None
    name: str | None
    red: int
    yellow: int
    green: int


class Answer(NamedTuple):
    """An answer as it is sent. `digest` is what its tag covers: every value of every row, not the instants."""

    body: bytes
    digest: bytes
    as_of: str
    swept_at: str | None
    next_cursor: str | None
    good_until: datetime
    """When time alone may change it."""


async def read_list(db: Database, asked: Asked, now: datetime, *, sealer: Sealer | None = None) -> Listed:
    """A page of the overdue or the due-soon list, right at the instant asked, whether or not a sweep has run."""
    moment = Moment(asked.as_of or now, now, past(asked.known_at, now))
    since = asked.changed_since
    is_picky = asked.min_overdue > 0 or since is not None
    picked = PICKED if moment.known_at is None else PICKED_THEN
    chunk = max(asked.limit + 1, picked) if is_picky else asked.limit + 1
    rows: list[Row] = []
    after = asked.after
    while True:
        found = await queries.entries(
            db,
            asked.selection,
            moment,
            after=after,
            limit=chunk,
            due_by=latest_due_day(moment.at, asked.min_overdue),
            since=since if since is not None and same_day_everywhere(since, moment.at) else None,
            sealer=sealer,
        )
        reckoned = [reckon(entry, moment.at) for entry in found]
        rows += [row for row in reckoned if is_wanted(row, asked, moment.at)] if is_picky else reckoned
        if len(found) < chunk or len(rows) > asked.limit:
            break
        after = found[-1].place
    gone = None if since is None else await read_gone(db, asked, moment, since) if asked.after is None else []
    return Listed(rows[: asked.limit], len(rows) > asked.limit, gone, moment.at)


def past(known_at: datetime | None, now: datetime) -> datetime | None:
    """The instant by whose knowledge is answered, where that is not the present."""
    return None if known_at is None or known_at >= now else known_at


def reckon(entry: Entry, at: datetime) -> Row:
    """The clock of an entry at an instant."""
    calendar = catalogue.named(entry.span.calendar)
    return Row(entry, clocks.read(entry.span, calendar, at), calendar)


def latest_due_day(at: datetime, min_overdue: int) -> int | None:
    """The latest due day of a clock that is overdue by so many units at `at`, in whatever zone and unit."""
    return at.astimezone(UTC).toordinal() + 1 - min_overdue if min_overdue else None


def same_day_everywhere(one: datetime, other: datetime) -> bool:
    """Whether no day begins between two instants in any zone."""
    return next_tick(one) == next_tick(other)


def next_tick(at: datetime) -> datetime:
    """The next quarter of an hour after an instant."""
    begun = at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)
    return begun + TICK


def is_wanted(row: Row, asked: Asked, at: datetime) -> bool:
    """Whether a row is overdue by enough, and has changed since the instant asked about."""
    if row.clock.overdue < asked.min_overdue:
        return False
    since = asked.changed_since
    return since is None or has_changed(row, asked.selection.kind, since)


def has_changed(row: Row, kind: ListKind, since: datetime) -> bool:
    """Whether a row came into the list after `since`, was written to, or shows other figures than it did then."""
    entry, span = row.entry, row.entry.span
    if entry.recorded_at > since or span.from_at > since:
        return True
    entered = span.due_at if kind is ListKind.OVERDUE else span.yellow_at
    if entered is not None and entered > since:
        return True
    return clocks.read(span, row.calendar, since) != row.clock


async def read_gone(db: Database, asked: Asked, moment: Moment, since: datetime) -> list[Key]:
    """What left the list since an instant: what may have been in it then, less what is in it now."""
    found = await queries.left_since(db, asked.selection, moment, since, most=MOST_GONE + 1)
    if len(found) > MOST_GONE:
        detail = f"more than {MOST_GONE} rows left the list since then; ask for the whole list instead"
        raise invalid("query", "/changed_since", "changed_since_too_old", detail)
    here: set[Key] = set()
    numbers = sorted({key.number for key in found})
    for place in range(0, len(numbers), PICKED):
        entries = await queries.entries(
            db, asked.selection, moment, limit=100_000, numbers=numbers[place : place + PICKED]
        )
        rows = (reckon(entry, moment.at) for entry in entries)
        here.update(row.entry.key for row in rows if row.clock.overdue >= asked.min_overdue)
    return [key for key in found if key not in here]


def row_json(row: Row, at: datetime, sealer: Sealer, language: Language) -> dict[str, Any]:
    """A row of a list as the interface shows it; subject and reason are unsealed: its reader must be in scope."""
    entry = row.entry
    subject, reason = unsealed(entry, at, sealer)
    return {
        "tracking_number": entry.number,
        "external_ref": entry.external_ref,
        "item": entry.item,
        "department": entry.department,
        "holder": {"department": entry.department, "section": entry.section, "officer": entry.officer},
        "clock": clock_json(row.clock, row.calendar, language),
        "subject": subject,
        "reason": reason,
    }


def unsealed(entry: Entry, at: datetime, sealer: Sealer) -> tuple[str | None, str | None]:
    """The subject of an application, and the latest public reason given by `at` for the delay of this clock."""
    if entry.told is None and entry.view is None:
        return None, None
    view = entry.told() if entry.told else read_view(sealer.open(entry.view or b"", view_name(entry.number)))
    until = stamp(at)
    given = [
        reason
        for reason in view["delay_reasons"]
        if reason["clock"] == entry.span.clock and reason["stage"] == entry.span.stage and reason["at"] <= until
    ]
    return view["subject"], given[-1]["reason"] if given else None


async def list_answer(service: Service, asked: Asked, language: Language, *, scope: str) -> Answer:
    """A page of a list as it is sent; `scope` ties its cursor to what was asked."""
    zone = ZoneInfo(service.settings.time_zone)
    now = service.now.now()
    listed = await read_list(service.db, asked, now, sealer=service.sealer)
    known_at = past(asked.known_at, now) or now
    swept = await last_sweep(service.db)
    good_until = await changes_at(service.db, asked.selection, asked.as_of, now)
    items = [row_json(row, listed.at, service.sealer, language) for row in listed.rows]
    cursor = None
    if listed.has_more:
        last = listed.rows[-1].entry.place
        after = (last.due_at.isoformat(), last.number, last.clock, last.stage, last.round)
        cursor = encode_cursor(Cursor(after, as_of=listed.at, known_at=known_at), scope=scope)
    rows, as_of = to_json(items), listed.at.astimezone(zone).isoformat()
    swept_text = None if swept is None else swept.astimezone(zone).isoformat()
    known = known_at.astimezone(zone).isoformat()
    tail: dict[str, Any] = {"next_cursor": cursor, "as_of": as_of, "known_at": known, "swept_at": swept_text}
    gone = b""
    if listed.gone is not None:
        left = [
            {"tracking_number": number, "clock": clock, "stage": stage or None} for number, clock, stage in listed.gone
        ]
        tail["gone"], gone = left, to_json(left)
    body = b'{"items":' + rows + b"," + to_json(tail)[1:]
    digest = b"\n".join((rows, gone, b"more" if cursor else b"end"))
    return Answer(body, digest, as_of, swept_text, cursor, good_until)


async def changes_at(db: Database, selection: Selection, as_of: datetime | None, now: datetime) -> datetime:
    """Until when time alone changes nothing of an answer given now, a second at most."""
    until = now + SHORT
    if as_of is not None:
        return until
    until = min(until, next_tick(now))
    return await queries.next_crossing(db, selection, now, until) or until


async def read_summary(
    db: Database, selection: Selection, by: By, moment: Moment, *, min_overdue: int = 0, language: Language
) -> list[Line]:
    """The running clocks by light under each code, by code; those where nobody is named come last.

    A section or officer is counted by its code: one that two departments have is one line, unless the filter names the
    department.
    """
    found = await queries.counts(db, selection, moment, by, overdue_by=latest_due_day(moment.at, min_overdue))
    sums: dict[str | None, list[int]] = defaultdict(lambda: [0, 0, 0])
    for count in found:
        if min_overdue and overdue_units(count, moment.at) < min_overdue:
            continue
        held = sums[count.code]
        held[0] += count.red
        held[1] += count.yellow
        held[2] += count.green
    called = await namer(db, by, language)
    ordered = sorted(sums, key=lambda code: (code is None, code or ""))
    return [Line(code, None if code is None else called(code), *sums[code]) for code in ordered]


def overdue_units(count: Count, at: datetime) -> int:
    """By how many units the clocks of one calendar, unit and due day are overdue."""
    assert count.due_on is not None, "counted by due day"  # noqa: S101
    calendar = catalogue.named(count.calendar)
    unit = None if count.unit is None else Unit(count.unit)
    return clocks.overdue_units(calendar, unit, count.due_on, count.due_at or at, at)


async def namer(db: Database, by: By, language: Language) -> Callable[[str], str]:
    """What the codes of a summary are called."""
    if by is By.CLOCK:
        return lambda code: label("clock", code, language)
    if by is By.ITEM:
        items = await db.reading(item_names)
        return lambda code: items.get(code, code)
    known = await names_of(db)
    if by is By.DEPARTMENT:
        return known.department
    table = known.sections if by is By.SECTION else known.officers
    called: dict[str, set[str]] = defaultdict(set)
    for (_, code), name in table.items():
        called[code].add(name)
    return lambda code: " / ".join(sorted(called.get(code, {code})))


async def summary_answer(
    service: Service,
    selection: Selection,
    by: By,
    language: Language,
    *,
    as_of: datetime | None,
    min_overdue: int,
    known_at: datetime | None = None,
) -> Answer:
    """A summary as it is sent."""
    zone = ZoneInfo(service.settings.time_zone)
    now = service.now.now()
    moment = Moment(as_of or now, now, past(known_at, now))
    lines = await read_summary(service.db, selection, by, moment, min_overdue=min_overdue, language=language)
    swept = await last_sweep(service.db)
    good_until = await changes_at(service.db, replace(selection, kind=ListKind.DUE_SOON), as_of, now)
    rows = to_json(
        [
            {str(by): line.code, "name": line.name, "red": line.red, "yellow": line.yellow, "green": line.green}
            for line in lines
        ]
    )
    shown = moment.at.astimezone(zone).isoformat()
    known = (moment.known_at or now).astimezone(zone).isoformat()
    swept_text = None if swept is None else swept.astimezone(zone).isoformat()
    body = b'{"items":' + rows + b"," + to_json({"as_of": shown, "known_at": known, "swept_at": swept_text})[1:]
    return Answer(body, rows, shown, swept_text, None, good_until)
