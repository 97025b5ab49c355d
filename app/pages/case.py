"""The answer of the look-up in words: where an application is, until when, why it stands still, why it is late."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from app.pages.words import ClockWords, Reader, Wired, day_of

__all__ = ["Case", "case_of", "ordered_clocks"]

SHOWN_TWICE = frozenset({"received", "correcting"})
"""Statuses that an application may reach again; the others happen once."""
COMING = {
    "submitted": ("received", "accepted", "decided"),
    "received": ("accepted", "decided"),
    "correcting": ("corrected", "accepted", "decided"),
    "accepted": ("decided",),
    "decided": ("delivered",),
}
"""What is still to come from a status on."""


class Stop(NamedTuple):
    """One stop on the line of stages."""

    name: str
    when: str
    place: str
    """`done`, `here` or `coming`."""


class Fact(NamedTuple):
    """Something that happened, with what is to be known of it."""

    name: str
    lines: tuple[str, ...]


class Pair(NamedTuple):
    """One line of the receipt."""

    name: str
    text: str


class Reason(NamedTuple):
    """Why a clock is late."""

    clock: str
    text: str


class Correction(NamedTuple):
    """What the applicant was asked for."""

    when: str
    missing: tuple[str, ...]


class Private(NamedTuple):
    """What only the query code shows."""

    subject: str | None
    result: str | None
    corrections: tuple[Correction, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """An application as the page shows it."""

    number: str
    item_name: str
    office: str
    status: str
    tone: str
    sign: str | None
    word: str
    next: str
    stopped: tuple[Fact, ...]
    late: tuple[Reason, ...]
    way: tuple[Stop, ...]
    clocks: tuple[ClockWords, ...]
    past: tuple[Fact, ...]
    pairs: tuple[Pair, ...]
    private: Private | None


def case_of(answer: Wired, reader: Reader) -> Case:
    """The answer of the look-up in words."""
    text = reader.text
    stages = {stage["code"]: stage["name"] for stage in answer["stages"]}
    open_pauses = [pause for pause in answer["pauses"] if pause["to"] is None]
    is_stopped = any(clock["state"] == "paused" for clock in answer["clocks"])
    since = open_pauses[-1]["from"] if open_pauses else None
    light = answer["light"]
    return Case(
        number=answer["tracking_number"],
        item_name=answer["item_name"],
        office=" · ".join(filter(None, (answer["department_name"], answer["section_name"]))),
        status=answer["status_label"],
        tone=light if light in ("red", "yellow") else "",
        sign=light or ("paused" if is_stopped else None),
        word=answer["light_label"] if light else reader.label("state", "paused"),
        next=next_of(answer, reader),
        stopped=tuple(pause_fact(pause, reader) for pause in open_pauses) if is_stopped else (),
        late=late_of(answer, stages, reader),
        way=tuple(way_of(answer, reader)),
        clocks=tuple(reader.clock(clock, stages, paused_since=since) for clock in ordered_clocks(answer)),
        past=tuple(past_of(answer, stages, reader, stopped=is_stopped)),
        pairs=(
            Pair(text("track.submitted"), reader.moment(answer["submitted_at"])),
            Pair(text("track.received"), received_of(answer, reader)),
            Pair(text("track.rule"), answer["receipt_rule_label"]),
        ),
        private=private_of(answer, reader) if "corrections" in answer else None,
    )


def received_of(answer: Wired, reader: Reader) -> str:
    """The legal day of the receipt, or that it is yet to be confirmed."""
    day = answer["received_on"]
    return reader.text("track.unconfirmed") if day is None else reader.day(day)


def ordered_clocks(answer: Wired) -> list[Wired]:
    """Clocks of the whole application before those of stages, running before stopped, the earliest end first."""
    rank = {"running": 0, "paused": 1, "not_started": 2}
    return sorted(
        answer["clocks"],
        key=lambda clock: (rank.get(clock["state"], 3), clock["stage"] or "", clock["due_at"] or "9", clock["kind"]),
    )


def next_of(answer: Wired, reader: Reader) -> str:
    """The one sentence that matters most: how late it is, else the last day, else until when it is paused."""
    of_agency = [clock for clock in answer["clocks"] if clock["party"] == "agency"]
    late = [clock for clock in of_agency if clock["light"] == "red"]
    if late:
        return reader.sentence(min(late, key=due_at_of), None)
    whole = [clock for clock in of_agency if not clock["stage"]]
    paused = next((clock for clock in whole if clock["state"] == "paused" and clock["latest_due_on"]), None)
    if paused is not None:
        day, end = reader.day(paused["latest_due_on"]), reader.ending(paused["kind"])
        return reader.text("clock.paused_until", day=day, end=end)
    running = [clock for clock in whole if clock["state"] == "running"]
    if not running:
        return ""
    first = min(running, key=due_at_of)
    return reader.text("track.next", day=reader.end(first), end=reader.ending(first["kind"]))


def due_at_of(clock: Wired) -> str:
    """When a running clock is due, as text that sorts."""
    return str(clock["due_at"])


def late_of(answer: Wired, stages: dict[str, str], reader: Reader) -> tuple[Reason, ...]:
    """The stated reasons of what is late; that none is stated is said, too."""
    reasons = tuple(Reason(reader.clock_name(reason, stages), reason["reason"]) for reason in answer["overdue_reasons"])
    explained = {(reason["clock"], reason["stage"]) for reason in answer["overdue_reasons"]}
    silent = tuple(
        Reason(reader.clock_name(clock, stages), reader.text("track.no_reason"))
        for clock in answer["clocks"]
        if clock["light"] == "red" and clock["party"] == "agency" and (clock["kind"], clock["stage"]) not in explained
    )
    return reasons + silent


def way_of(answer: Wired, reader: Reader) -> Iterator[Stop]:
    """The line of stages: what was reached on which day, where it is now, what is still to come."""
    text = reader.text
    reached: list[tuple[str, Stop]] = []
    for place, entry in enumerate(answer["statuses"]):
        again = any(earlier["status"] == "correcting" for earlier in answer["statuses"][:place])
        name = text("way.corrected" if again and entry["status"] == "received" else f"way.{entry['status']}")
        is_receipt = entry["status"] == "received" and not again
        when = answer["received_on"] or entry["at"] if is_receipt else entry["at"]
        reached.append((entry["at"], Stop(name, reader.day(when), "done")))
    for stage in answer["stages"]:
        name = stage["name"] if stage["round"] == 1 else text("way.round", name=stage["name"], n=stage["round"])
        begun, ended = stage["started_at"], stage["completed_at"]
        if ended is None:
            when = text("way.since", day=reader.day(begun))
        elif begun is None or day_of(begun) == day_of(ended):
            when = reader.day(ended)
        else:
            when = text("way.between", day=reader.day(begun), to=reader.day(ended))
        reached.append((begun or ended, Stop(name, when, "here" if ended is None else "done")))
    reached.sort(key=lambda pair: pair[0])
    stops = [stop for _, stop in reached]

    coming = COMING.get(answer["status"], ())
    if coming and not any(stop.place == "here" for stop in stops):
        stops[-1] = stops[-1]._replace(place="here")
    yield from stops
    due = due_of_decision(answer)
    for status in coming:
        when = ""
        if status == "decided" and due is not None:
            when = text("way.was_due" if day_of(due) < reader.today else "way.until", day=reader.day(due))
        yield Stop(text(f"way.{status}"), when, "coming")


def due_of_decision(answer: Wired) -> str | None:
    """The last day for the decision: the earliest of promise and statutory limit, paused ones as announced."""
    days = [
        clock["due_on"] or clock["latest_due_on"]
        for clock in answer["clocks"]
        if clock["state"] in ("running", "paused") and clock["kind"] in ("promise", "statutory") and not clock["stage"]
    ]
    return min((day for day in days if day is not None), default=None)


def pause_fact(pause: Wired, reader: Reader) -> Fact:
    """A pause: its ground, from when to when, how long it was announced to be, the article."""
    text = reader.text
    if pause["to"] is None:
        lines = [text("pause.since", day=reader.day(pause["from"]))]
    else:
        lines = [text("pause.from_to", day=reader.day(pause["from"]), to=reader.day(pause["to"]))]
    announced = pause["announced"]
    lines.append(text("pause.announced", limit=reader.limit(announced)) if announced else text("pause.not_announced"))
    if pause["legal_basis"]:
        lines.append(text("clock.basis", basis=pause["legal_basis"]))
    return Fact(pause["ground_label"], tuple(lines))


def past_of(answer: Wired, stages: dict[str, str], reader: Reader, *, stopped: bool) -> Iterator[Fact]:
    """What silence has done, pauses that are over or stop nothing any more, and extensions."""
    text = reader.text
    for deemed in answer["deemed"]:
        lines = [text("deemed.since", day=reader.day(deemed["effective_on"]))]
        if deemed["legal_basis"]:
            lines.append(text("clock.basis", basis=deemed["legal_basis"]))
        yield Fact(deemed["effect_label"], tuple(lines))
    for pause in answer["pauses"]:
        if pause["to"] is not None or not stopped:
            yield pause_fact(pause, reader)
    for extension in answer["extensions"]:
        clock = reader.clock_name(extension, stages)
        unit = extension["unit"]
        limit = reader.length(extension["amount"], unit) if unit else str(extension["amount"])
        lines = [text("extension.line", day=reader.day(extension["at"]), limit=limit)]
        if extension["reason"]:
            lines.append(text("extension.reason", reason=extension["reason"]))
        yield Fact(text("extension.name", clock=clock), tuple(lines))


def private_of(answer: Wired, reader: Reader) -> Private:
    """Subject, result and correction list."""
    text = reader.text
    corrections = []
    for correction in answer["corrections"]:
        day = reader.day(correction["requested_at"])
        if correction["submitted_at"] is None:
            when = text("track.correction_open", day=day)
        else:
            when = text("track.correction_done", day=day, to=reader.day(correction["submitted_at"]))
        corrections.append(Correction(when, tuple(correction["missing"])))
    result = answer["result"]
    return Private(answer["subject"], result and result["result_label"], tuple(corrections))
