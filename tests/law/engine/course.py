"""The course of an application: which steps stand, which are refused and why, what deemed effects came in between.

Status, grounds, rounds and everything else are read from the list of what has happened, anew at each question.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from tests.law.engine.days import Calendar, Shelf
from tests.law.engine.walk import announced_end
from tests.law.engine.wire import DEEMED, FINAL, OPEN, Json, Limit, Rule, Step, Suspension, limit

BRINGS = {
    "receive": "received",
    "request_correction": "correction_requested",
    "submit_correction": "corrected",
    "accept": "accepted",
    "refuse": "refused",
    "decide": "decided",
    "publish": "published",
    "deliver": "delivered",
    "inspect": "inspected",
    "withdraw": "withdrawn",
    "terminate": "terminated",
    "close": "closed",
}


@dataclass(frozen=True)
class World:
    """What stands around the steps: the item, the calendars, the suspensions, the ends fixed by hand."""

    rules: list[Rule]
    receipt_rule: str
    fixed: Json
    folds: list[tuple[datetime | None, Calendar]]
    suspensions: list[Suspension]
    newest: bool
    stage_codes: tuple[str, ...]

    def calendar_at(self, at: datetime) -> Calendar:
        """The calendar as published by an instant."""
        held = self.folds[0][1]
        for since, cal in self.folds:
            if since is None or since <= at:
                held = cal
        return held

    def suspensions_at(self, at: datetime) -> list[Suspension]:
        """The suspensions published by an instant."""
        return [each for each in self.suspensions if self.newest or each.published_at <= at]

    def publications(self) -> list[datetime]:
        """Every instant at which an edition or a suspension comes out, or an endless suspension begins."""
        if self.newest:
            return []
        out = {since for since, _ in self.folds if since is not None}
        for each in self.suspensions:
            out.add(each.published_at)
            if each.last is None:  # until it begins nothing is known of an end
                out.add(max(each.published_at, self.calendar_at(each.published_at).midnight(each.first)))
        return sorted(out)


def folds(shelf: Shelf, at: datetime) -> list[tuple[datetime | None, Calendar]]:
    """One calendar for each time between two publications; only the newest where nothing is asked as of an instant."""
    published = shelf.publications()
    if not published:
        return [(None, shelf.at(at))]
    return [(each, shelf.at(each)) for each in published]


@dataclass(frozen=True)
class Happening:
    """Something that took place: a step that stood, or a deemed effect."""

    at: datetime
    type: str
    moments: tuple[str, ...]
    step: Step | None = None
    clock: str | None = None
    effect: str | None = None
    effective_on: date | None = None
    legal_basis: str | None = None

    @property
    def fields(self) -> Json:
        """What the step says."""
        return self.step.fields if self.step else {}


@dataclass
class Course:
    """What happened, and what was refused."""

    happenings: list[Happening] = field(default_factory=list)
    refused: list[tuple[Step, str]] = field(default_factory=list)


def status(world: World, happened: list[Happening]) -> str:
    """The status that a list of happenings leads to."""
    now = "not_received"
    for each in happened:
        match each.type:
            case "receive":
                now = "submitted" if world.receipt_rule == "on_confirmation" else "received"
            case "confirm" | "submit_correction":
                now = "received"
            case "request_correction":
                now = "correcting"
            case "accept":
                now = "accepted"
            case "deemed":
                now = DEEMED[str(each.effect)]
            case "decide":
                now = "decided"
            case "deliver":
                now = "delivered"
            case "refuse" | "withdraw" | "terminate" | "close":
                now = BRINGS[each.type]
            case _:
                pass
    return now


def received_at(world: World, cal: Calendar, happening: Happening) -> datetime:
    """The instant that counts as the receipt."""
    if world.receipt_rule != "next_working_day":
        return happening.at
    on = cal.day_of(happening.at)
    if cal.is_working(on):
        closing = cal.closing(on)
        if closing is None or happening.at < closing:
            return happening.at
        return cal.midnight(cal.next_working(date.fromordinal(on.toordinal() + 1)))
    return cal.midnight(cal.next_working(on))


@dataclass(frozen=True)
class Pause:
    """A recorded pause, or the time of a correction."""

    begun: int  # its place among the happenings
    since: datetime
    ended: datetime | None
    ground: str
    announced: Limit | None
    id: str | None
    over: int | None = None  # the place of what ended it


def pauses(happened: list[Happening]) -> list[Pause]:
    """Every pause that the happenings hold, in the order of their beginning."""
    found: list[Pause] = []

    def end(index: int) -> None:
        found[index] = replace(found[index], ended=each.at, over=place)

    for place, each in enumerate(happened):
        if each.type == "pause":
            said = each.fields.get("announced")
            step_id = each.step.id if each.step else None
            bound = None if said is None else limit(said)
            found.append(Pause(place, each.at, None, str(each.fields["ground"]), bound, step_id))
        elif each.type == "request_correction":
            found.append(Pause(place, each.at, None, "correction", None, None))
        elif each.type == "submit_correction":
            for index, old in enumerate(found):
                if old.ended is None and happened[old.begun].type == "request_correction":
                    end(index)
        elif each.type == "resume":
            named = each.fields.get("pause_id")
            for index in reversed(range(len(found))):
                old = found[index]
                pausing = happened[old.begun].type == "pause"
                if pausing and old.ended is None and (named is None or old.id == str(named)):
                    end(index)
                    break
        elif any(name == "decided" or name in FINAL for name in each.moments):
            for index, old in enumerate(found):
                if old.ended is None:
                    end(index)
    return found


def resumable(happened: list[Happening], named: str | None) -> bool:
    """Whether there is an open pause that a resumption may end."""
    return any(
        each.ended is None and happened[each.begun].type == "pause" and (named is None or each.id == str(named))
        for each in pauses(happened)
    )


def overlong(world: World, happened: list[Happening], at: datetime) -> list[Pause]:
    """The pauses that lasted longer than announced."""
    found = []
    for each in pauses(happened):
        if each.announced is None:
            continue
        end = each.ended or at
        if end >= announced_end(world.calendar_at(at), each.since, each.announced):
            found.append(each)
    return found


def running_round(happened: list[Happening], stage: str) -> bool:
    """Whether a stage has been started and not completed."""
    running = False
    for each in happened:
        if f"started:{stage}" in each.moments:
            running = True
        elif f"completed:{stage}" in each.moments:
            running = False
    return running


def moments_of(step: Step, world: World) -> tuple[str, ...]:
    """What a step brings about."""
    if step.type == "receive":
        return () if world.receipt_rule == "on_confirmation" else ("received",)
    if step.type == "confirm":
        return ("received",)
    if step.type == "start_stage":
        return (f"started:{step.fields['stage']}",)
    if step.type == "complete_stage":
        return (f"completed:{step.fields['stage']}",)
    return (BRINGS[step.type],) if step.type in BRINGS else ()


def is_open(now: str) -> bool:
    """Whether an application in this status is still to be decided."""
    return now in OPEN
