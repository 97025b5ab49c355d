"""The stored view of an application, read at an instant, as anybody may see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Any, NamedTuple

from app.applications.public_view import read_span
from app.applications.shown import clock_json
from app.calendars import catalogue
from app.departments.queries import Names
from app.domain import clocks
from app.domain.calendar import Calendar
from app.domain.chain import stamp
from app.domain.items import Party
from app.domain.lights import Light, worst
from app.domain.spans import ClockState, Span
from app.domain.steps import Status
from app.domain.units import MICROSECONDS, Unit
from app.kit.texts import Language, label
from app.lookup.masking import mask

__all__ = ["Answer", "Asked", "View", "answer_of", "steady_until"]

AGENCY = Party.AGENCY.value
LIGHTS: dict[str | None, Light | None] = {None: None, **{light.value: light for light in Light}}
"""In an answer codes are plain text: a member of an enumeration takes ten times as long to write."""
IN_TIME = frozenset(unit.value for unit in MICROSECONDS)
"""Units of working time as a view spells them."""
SUBMITTED = Status.SUBMITTED.value
EPOCH = "1970-01-01T00:00:00.000000Z"

View = Mapping[str, Any]
"""What `applications.public_view.view_of` wrote."""
Answer = dict[str, Any]
"""JSON: the shape is that of `schemas.PublicApplicationOut`, and a test compares."""

Row = Sequence[Any]
"""A span of the view: `public_view.spelled_span` wrote it."""

FROM_AT, TO_AT, LIMIT, DUE_AT, YELLOW_AT, CALENDAR = (
    Span._fields.index(name) for name in ("from_at", "to_at", "limit", "due_at", "yellow_at", "calendar")
)
"""Where they stand in the row of a stored span."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, by whom, when."""

    number: str
    at: datetime
    language: Language
    with_code: bool
    names: Names
    telephone: str | None
    """The supervision telephone of the whole service; without one that of the department is shown."""


def answer_of(view: View, asked: Asked) -> Answer:
    """The public answer for one application at an instant; clocks are read now, never from a flag."""
    language, names = asked.language, asked.names
    zone = catalogue.named(view["calendar"]).zone
    until = stamp(asked.at)
    reached = [stretch for stretch in view["stretches"] if stretch[0] <= until] or view["stretches"][:1]
    _, _, status, department, section, _ = reached[-1]
    read = [
        public_clock(row, asked.at, language)
        for row in view["spans"]
        if row[FROM_AT] <= until and (row[TO_AT] is None or row[TO_AT] > until)
    ]
    worst_of_all = worst([LIGHTS[clock["light"]] for clock in read if clock["party"] == AGENCY])
    light = None if worst_of_all is None else worst_of_all.value
    answer: Answer = {
        "tracking_number": asked.number,
        "as_of": asked.at.astimezone(zone).isoformat(),
        "item": view["item"],
        "item_name": view["item_name"],
        "department": department,
        "department_name": names.department(department),
        "section_name": None if section is None else names.section(department, section),
        "status": status,
        "status_label": label("status", status, language),
        "submitted_at": local(view["submitted_at"], zone),
        "received_on": None if status == SUBMITTED else view["received_on"],
        "receipt_rule": view["receipt_rule"],
        "receipt_rule_label": label("receipt_rule", view["receipt_rule"], language),
        "light": light,
        "light_label": None if light is None else label("light", light, language),
        "statuses": statuses_of(reached, zone, language),
        "clocks": read,
        **history_of(view, read, zone, language, until=until),
        "supervision_telephone": asked.telephone or names.telephone(department) or names.telephone(view["department"]),
    }
    if asked.with_code:
        answer |= guarded_part(view, zone, language, until=until)
    return answer


def public_clock(row: Row, at: datetime, language: Language) -> Answer:
    """The clock of a span at an instant inside it, as the interface shows it, and whose it is.

    What depends neither on time nor on the application is kept by what it is made of; the rest is filled in here.
    """
    (
        kind, stage, round_, _, _, state, party, limit, extended, total, started_on, started_at, counts_from, used,
        due_on, due_at, latest_due_on, yellow_at, warnings, _, stopped_at, provisional, fixed, name, revision,
        legal_basis,
    ) = row  # fmt: skip
    amount, unit = (None, None) if limit is None else limit
    frame = frame_of(
        Kind(
            kind, stage, round_, state, party, amount, unit, extended, total, provisional, fixed, name, revision,
            legal_basis,
        ),
        language,
    )  # fmt: skip
    calendar, zone = frame.calendar, frame.calendar.zone
    if stopped_at is not None:
        at = datetime.fromisoformat(stopped_at)
    light, used, remaining, overdue, overdue_since = clocks.figures(
        calendar, frame.state, frame.unit, total, counts_from, used, due_on, instant(due_at), instant(yellow_at), at,
        calendar.day_of(at),
    )  # fmt: skip
    shown = frame.shown.copy()
    shown["started_on"] = day(started_on)
    shown["started_at"] = local(started_at, zone)
    shown["due_on"] = day(due_on)
    shown["due_at"] = local(due_at, zone)
    shown["latest_due_on"] = day(latest_due_on)
    shown["stopped_at"] = local(stopped_at, zone)
    shown["light"] = colour = None if light is None else light.value
    shown["light_label"] = None if colour is None else label("light", colour, language)
    shown["used"] = used
    shown["remaining"] = remaining
    shown["overdue"] = overdue
    shown["overdue_since"] = None if overdue_since is None else local(due_at, zone)
    shown["warnings"] = [{"rung": rung, "at": local(reached, zone)} for rung, reached in warnings]
    return shown


class Kind(NamedTuple):
    """All of a span that many applications have alike."""

    kind: str
    stage: str
    round: int
    state: str
    party: str
    amount: int | None
    unit: str | None
    extended: int
    total: int | None
    provisional: bool
    fixed: bool
    calendar: str
    revision: int
    legal_basis: str | None


class Frame(NamedTuple):
    """What is kept of a kind of clock: its constant figures, and how it is shown but for what time changes."""

    shown: Answer
    state: ClockState
    unit: Unit | None
    calendar: Calendar


@lru_cache(maxsize=4096)
def frame_of(kind: Kind, language: Language) -> Frame:
    """The frame of a kind of clock, made of a clock of this kind by the one function that shows clocks."""
    calendar = catalogue.named(kind.calendar)
    limit = None if kind.unit is None else (kind.amount, kind.unit)
    span = read_span(
        (
            kind.kind, kind.stage, kind.round, EPOCH, None, kind.state, kind.party, limit, kind.extended, kind.total,
            None, None, 0, 0, None, None, None, None, (), (), None, kind.provisional, kind.fixed, kind.calendar,
            kind.revision, kind.legal_basis,
        )
    )  # fmt: skip
    clock = clocks.read(span, calendar, span.from_at)
    shown = clock_json(clock, calendar, language)
    shown["party"] = span.party.value
    shown["party_label"] = label("party", span.party, language)
    return Frame(shown, span.state, None if span.limit is None else span.limit.unit, calendar)


def history_of(view: View, read: list[Answer], zone: tzinfo, language: Language, *, until: str) -> Answer:
    """Stages with their dates, pauses, extensions, delays with their reasons, and what silence has done."""
    deemed = [one for one in view["deemed"] if one["at"] <= until]
    over = next((one["at"] for one in deemed if one["moment"] != "accepted"), None)
    units = {(clock["kind"], clock["stage"] or ""): clock["limit"]["unit"] for clock in read if clock["limit"]}
    return {
        "stages": [
            {
                **stage,
                "started_at": local(stage["started_at"], zone),
                "completed_at": local(stage["completed_at"] or over, zone),
            }
            for stage in view["stages"]
        ],
        "pauses": [
            {
                **pause,
                "announced": None if pause["announced"] is None else limit_of(pause["announced"], language),
                "ground_label": label("ground", pause["ground"], language),
                "from": local(pause["from"], zone),
                "to": local(pause["to"] or over, zone),
            }
            for pause in view["pauses"]
        ],
        "extensions": [
            {
                **of_clock(extension, zone, language),
                "amount": extension["amount"],
                **unit_of(units.get((extension["clock"], extension["stage"])), language),
            }
            for extension in view["extensions"]
        ],
        "overdue_reasons": [of_clock(reason, zone, language) for reason in view["delay_reasons"]],
        "deemed": [
            {
                "clock": one["clock"],
                "clock_label": label("clock", one["clock"], language),
                "effect": one["effect"],
                "effect_label": label("on_expiry", one["effect"], language),
                "effective_on": one["effective_on"],
                "at": local(one["at"], zone),
                "legal_basis": one["legal_basis"],
            }
            for one in deemed
        ],
    }


def statuses_of(reached: list[list[Any]], zone: tzinfo, language: Language) -> list[Answer]:
    """Each status with the instant at which it was reached; a change of hands alone is none."""
    found: list[Answer] = []
    for from_at, _, status, _, _, _ in reached:
        if not found or found[-1]["status"] != status:
            found.append(
                {"status": status, "status_label": label("status", status, language), "at": local(from_at, zone)}
            )
    return found


def limit_of(limit: Mapping[str, Any], language: Language) -> Answer:
    """A length of time with the label of its unit."""
    return {**limit, "unit_label": label("unit", limit["unit"], language)}


def unit_of(unit: str | None, language: Language) -> Answer:
    """A unit and its label; None for a clock without a limit."""
    return {"unit": unit, "unit_label": None if unit is None else label("unit", unit, language)}


def of_clock(said: Mapping[str, Any], zone: tzinfo, language: Language) -> Answer:
    """What was said of one clock, with its reason masked."""
    reason = said["reason"]
    return {
        "clock": said["clock"],
        "clock_label": label("clock", said["clock"], language),
        "stage": said["stage"] or None,
        "at": local(said["at"], zone),
        "reason": None if reason is None else mask(reason),
    }


def result_at(view: View, until: str) -> Mapping[str, Any] | None:
    """What was decided; where nobody decided in time, what silence granted."""
    result: Mapping[str, Any] | None = view["result"]
    granted = next((one for one in view["deemed"] if one["moment"] == "decided" and one["at"] <= until), None)
    if granted is None:
        return result
    code = None if result is None else result["result_code"]
    return {"result": "granted", "decided_at": granted["at"], "result_code": code}


def guarded_part(view: View, zone: tzinfo, language: Language, *, until: str) -> Answer:
    """What the query code shows: the subject, the correction list, the result."""
    result = result_at(view, until)
    subject = view["subject"]
    return {
        "subject": None if subject is None else mask(subject),
        "corrections": [
            {
                "requested_at": local(correction["requested_at"], zone),
                "submitted_at": local(correction["submitted_at"], zone),
                "missing": [mask(line) for line in correction["missing"]],
            }
            for correction in view["corrections"]
        ],
        "result": None
        if result is None
        else {
            "result": result["result"],
            "result_label": None if result["result"] is None else label("result", result["result"], language),
            "decided_at": local(result["decided_at"], zone),
            "result_code": result["result_code"],
        },
    }


def steady_until(view: View, at: datetime) -> datetime:
    """Until when an answer given at `at` says the same but for its `as_of`.

    Until the next crossing or the next midnight; where a clock runs in working time, until its next unit is over.
    """
    calendar = catalogue.named(view["calendar"])
    after = stamp(at)
    ends = [midnight(calendar, calendar.day_of(at) + 1)]
    for span in view["spans"]:
        ends += [end for end in (span[FROM_AT], span[DUE_AT], span[YELLOW_AT]) if end is not None and end > after]
        if span[LIMIT] is not None and span[LIMIT][1] in IN_TIME and span[FROM_AT] <= after:
            turn = clocks.next_turn(read_span(span), catalogue.named(span[CALENDAR]), at)
            ends += [] if turn is None else [stamp(turn)]
    ends += [stretch[0] for stretch in view["stretches"] if stretch[0] > after]
    return datetime.fromisoformat(min(ends))


@lru_cache(maxsize=64)
def midnight(calendar: Calendar, ordinal: int) -> str:
    """The first instant of a day, as the view spells it."""
    return stamp(calendar.midnight(ordinal))


@lru_cache(maxsize=8192)
def day(ordinal: int | None) -> str | None:
    """A day of the view as a date of the interface."""
    return None if ordinal is None else date.fromordinal(ordinal).isoformat()


@lru_cache(maxsize=8192)
def instant(text: str | None) -> datetime | None:
    """An instant of the view; many clocks end at the same one."""
    return None if text is None else datetime.fromisoformat(text)


def local(text: str | None, zone: tzinfo) -> str | None:
    """An instant of the view in the zone of the calendar: but for hour and offset it is written as it stands."""
    if text is None:
        return None
    hour = hour_in(text[:13], zone)
    if hour is None:
        return datetime.fromisoformat(text).astimezone(zone).isoformat()
    rest = text[13:19] if text[20:26] == "000000" else text[13:26]
    return hour[0] + rest + hour[1]


@lru_cache(maxsize=16_384)
def hour_in(hour: str, zone: tzinfo) -> tuple[str, str] | None:
    """An hour of UTC (`2026-11-06T01`) in a zone, and the offset; None where they differ by no whole hours."""
    first = datetime.fromisoformat(hour + ":00:00Z").astimezone(zone)
    last = datetime.fromisoformat(hour + ":59:59.999999Z").astimezone(zone)
    if first.utcoffset() != last.utcoffset() or first.minute or first.second:
        return None
    shown = first.isoformat()
    return shown[:13], shown[19:]
