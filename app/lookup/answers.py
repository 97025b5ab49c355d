"""The stored view of an application, read at an instant, as anybody may see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any

from app.applications.projection import spans_of_view
from app.applications.shown import clock_json
from app.calendars import catalogue
from app.departments.queries import Names
from app.domain import clocks
from app.domain.chain import stamp
from app.domain.clocks import Clock
from app.domain.items import Party
from app.domain.lights import worst
from app.domain.spans import Span
from app.kit.texts import Language, label
from app.lookup.masking import mask

__all__ = ["Answer", "Asked", "View", "answer_of", "steady_until"]

View = Mapping[str, Any]
"""What `applications.projection.view_of` wrote."""
Answer = dict[str, Any]
"""JSON: the shape is that of `schemas.PublicApplicationOut`, and a test compares."""

FROM_AT, DUE_AT, YELLOW_AT = (Span._fields.index(name) for name in ("from_at", "due_at", "yellow_at"))
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
    read = [clocks.read(span, catalogue.named(span.calendar), asked.at) for span in spans_of_view(view, asked.at)]
    light = worst(clock.light for clock in read if clock.party is Party.AGENCY)
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
        "received_on": view["received_on"],
        "receipt_rule": view["receipt_rule"],
        "receipt_rule_label": label("receipt_rule", view["receipt_rule"], language),
        "light": light,
        "light_label": None if light is None else label("light", light, language),
        "statuses": statuses_of(reached, zone, language),
        "clocks": [public_clock(clock, language) for clock in read],
        **history_of(view, read, zone, language),
        "supervision_telephone": asked.telephone or names.telephone(department) or names.telephone(view["department"]),
    }
    if asked.with_code:
        answer |= guarded_part(view, zone, language)
    return answer


def public_clock(clock: Clock, language: Language) -> Answer:
    """A clock as the interface shows it, and whose it is."""
    shown = clock_json(clock, catalogue.named(clock.calendar), language)
    shown["party"] = clock.party
    shown["party_label"] = label("party", clock.party, language)
    return shown


def history_of(view: View, read: list[Clock], zone: tzinfo, language: Language) -> Answer:
    """Stages with their dates, pauses, extensions and delays with their reasons."""
    units = {(clock.kind, clock.stage): str(clock.limit.unit) for clock in read if clock.limit is not None}
    return {
        "stages": [
            {
                **stage,
                "started_at": local(stage["started_at"], zone),
                "completed_at": local(stage["completed_at"], zone),
            }
            for stage in view["stages"]
        ],
        "pauses": [
            {
                **pause,
                "announced": None if pause["announced"] is None else limit_of(pause["announced"], language),
                "ground_label": label("ground", pause["ground"], language),
                "from": local(pause["from"], zone),
                "to": local(pause["to"], zone),
            }
            for pause in view["pauses"]
        ],
        "extensions": [
            {
                **of_clock(extension, zone, language),
                "amount": extension["amount"],
                "unit": units.get((extension["clock"], extension["stage"])),
            }
            for extension in view["extensions"]
        ],
        "overdue_reasons": [of_clock(reason, zone, language) for reason in view["delay_reasons"]],
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


def guarded_part(view: View, zone: tzinfo, language: Language) -> Answer:
    """What the query code shows: the subject, the correction list, the result."""
    result = view["result"]
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
            "label": None if result["result"] is None else label("result", result["result"], language),
            "decided_at": local(result["decided_at"], zone),
            "result_code": result["result_code"],
        },
    }


def steady_until(view: View, at: datetime) -> datetime:
    """Until when an answer given at `at` says the same but for its `as_of`: the next crossing or the next midnight."""
    calendar = catalogue.named(view["calendar"])
    after = stamp(at)
    ends = [stamp(calendar.midnight(calendar.day_of(at) + 1))]
    for span in view["spans"]:
        ends += [end for end in (span[FROM_AT], span[DUE_AT], span[YELLOW_AT]) if end is not None and end > after]
    ends += [stretch[0] for stretch in view["stretches"] if stretch[0] > after]
    return datetime.fromisoformat(min(ends))


@lru_cache(maxsize=8192)
def local(text: str | None, zone: tzinfo) -> str | None:
    """An instant of the view in the zone of the calendar."""
    return None if text is None else datetime.fromisoformat(text).astimezone(zone).isoformat()
