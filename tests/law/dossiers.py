"""The service's answer to a case that fits no single What-if: with editions, suspensions, late records, amendments.

Each record is judged when it is recorded, as live entry does; an edition or a suspension that is published after the
receipt is applied at that instant. The case is put to the domain, past HTTP and the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from app.applications.shown import clock_json, deemed_json
from app.calendars import catalogue
from app.calendars.known import ZONE, Known, Layer, Recorded
from app.calendars.schemas import CalendarIn
from app.domain import corrections, procedure
from app.domain.calendar import Calendar
from app.domain.folds import BEGINNING, Fold, Recomputation, Suspension
from app.domain.forecast import forecast
from app.domain.items import Item
from app.domain.layers import Edition, EditionDay, Frame
from app.domain.refusal import Refusal
from app.domain.replay import replay
from app.domain.steps import Amendment, Dossier, FixedDue, Step, StepType
from app.items.reading import item_of
from app.items.schemas import ItemDocument
from app.kit.schemas import parse_instant
from app.simulations.history import over_announced, step_of
from app.simulations.schemas import SimulatedStep

Json = dict[str, Any]  # JSON

DEEMED = StepType.DEEMED
OF_RECORDING = ("seq", "recorded_at")
EDITION_ONLY = ("number", "published_at", "recorded_at", "supersedes", "editions")
LAST = datetime.max.replace(tzinfo=ZoneInfo("UTC"))


class Change(NamedTuple):
    """What was published at an instant: a state of the calendar, or a suspension."""

    at: datetime
    calendar: Calendar | None = None
    suspension: Suspension | None = None


@dataclass
class Desk:
    """One case while its records come in one after another."""

    case: Json
    item: Item
    calendar: Calendar
    fixed: tuple[FixedDue, ...]
    dossier: Dossier
    seq: int = 0
    told: datetime = BEGINNING
    """When something was recorded last."""
    said: dict[str, Json] = field(default_factory=dict)
    """Each step that was recorded, as the wire has it, by its id."""
    places: dict[str, int] = field(default_factory=dict)
    refused: list[tuple[datetime, str]] = field(default_factory=list)

    def apply(self, change: Change, recorded_at: datetime) -> None:
        """Record that an edition or a suspension has been applied."""
        self.hear(change.at, recorded_at, inclusive=False)
        self.seq += 1
        self.dossier = corrections.recomputed(
            self.dossier,
            Recomputation(
                at=change.at,
                seq=self.seq,
                recorded_at=recorded_at,
                calendar=change.calendar,
                suspension=change.suspension,
            ),
        )

    def record(self, told: Json, recorded_at: datetime) -> None:
        """Record a step or an amendment, or note why it is refused."""
        self.hear(recorded_at, recorded_at, inclusive=True)
        try:
            if told["type"] == "amend":
                self._amend(told, recorded_at)
            else:
                step = self._step(told, self.seq + 1, recorded_at)
                procedure.check(self.dossier, step, now=recorded_at)
                self.seq += 1
                self.dossier = self.dossier.with_step(step)
                self.said[step.id] = told
                self.places[step.id] = self.seq
        except Refusal as refusal:
            if refusal.is_of_the_count:
                raise
            self.refused.append((parse_instant(told["at"]), refusal.code))

    def hear(self, by: datetime, recorded_at: datetime, *, inclusive: bool) -> None:
        """Write down what silence has done by an instant, as the sweep and the journal do before anything else."""
        if not self.item.silent or not self.dossier.steps:
            return
        known = {(step.clock, step.at, step.effective_on) for step in self.dossier.steps if step.type is DEEMED}
        for one in forecast(self.dossier).deemed:
            if one.at > by or (one.at == by and not inclusive) or (one.clock, one.at, one.effective_on) in known:
                continue
            self.seq += 1
            effect = str(one.effect)
            step = Step(
                type=DEEMED, at=one.at, clock=one.clock, effect=effect, effective_on=one.effective_on, seq=self.seq
            )
            self.dossier = self.dossier.with_step(replace(step, recorded_at=min(max(one.at, self.told), recorded_at)))
        self.told = recorded_at

    def _amend(self, told: Json, recorded_at: datetime) -> None:
        name = told["step"]
        if name not in self.said:
            raise Refusal("step_unknown", "There is no such step.")
        changes = told["replaces"]
        step = None
        changed: Json = {}
        if changes is not None:
            changed = {**self.said[name], **changes}
            changed["at"] = changed.pop("occurred_at", changed["at"])
            was = parse_instant(self.said[name].get("recorded_at") or self.said[name]["at"])
            step = self._step(changed, self.places[name], was)
        amendment = Amendment(of=self.places[name], step=step, seq=self.seq + 1, recorded_at=recorded_at)
        procedure.check_amendment(self.dossier, amendment)
        self.seq += 1
        self.dossier = corrections.amended(self.dossier, amendment)
        if step is None:
            del self.said[name]
        else:
            self.said[name] = changed

    def _step(self, told: Json, seq: int, recorded_at: datetime) -> Step:
        given = SimulatedStep.model_validate({key: value for key, value in told.items() if key not in OF_RECORDING})
        return replace(step_of(given, given.id or str(seq), seq, self.fixed), recorded_at=recorded_at)


def answer(case: Json) -> Json:
    """The answer, in the shape of a What-if's."""
    try:
        return _answer(case)
    except Refusal as refusal:
        return {"id": case.get("id"), "error": {"code": refusal.code, "detail": refusal.detail}}


class Told(NamedTuple):
    """What is on record of a case in the end."""

    desk: Desk
    dossier: Dossier
    as_of: datetime


def told(case: Json) -> Told:
    """Record a case as live entry does."""
    desk, changes = _begun(case)
    records = sorted(_records(case), key=lambda one: one[0])
    as_of = parse_instant(case["as_of"]) if case.get("as_of") else max(parse_instant(r["at"]) for _, r in records)
    known_at = parse_instant(case["known_at"]) if case.get("known_at") else None
    since = records[0][0] if records else BEGINNING
    for recorded_at, record in records:
        while changes and changes[0].at <= recorded_at:
            change = changes.pop(0)
            desk.apply(change, max(change.at, since))
        desk.record(record, recorded_at)
    for change in changes:
        desk.apply(change, change.at)
    dossier: Dossier | None = desk.dossier
    if known_at is not None:
        dossier = corrections.known(desk.dossier, known_at)
    return Told(desk, dossier or Dossier(desk.item, desk.calendar, ()), as_of)


def _answer(case: Json) -> Json:
    desk, dossier, as_of = told(case)
    calendar = dossier.fold_at(as_of).calendar
    standing = replay(dossier, as_of)
    taken = replace(dossier, calendar=calendar, steps=tuple(step for step in dossier.steps if step.at <= as_of))
    violations = [{"code": code} for at, code in desk.refused if at <= as_of]
    violations += [{"code": "pause_over_announced"} for _ in over_announced(taken, as_of, standing.deemed)]
    return {
        "id": case.get("id"),
        "status": str(standing.status),
        "clocks": [clock_json(clock, calendar, "en") for clock in standing.clocks],
        "deemed": [deemed_json(one, calendar, "en") for one in standing.deemed],
        "violations": violations,
    }


def _begun(case: Json) -> tuple[Desk, list[Change]]:
    """The desk before the first record, and what is published from the receipt on, in order."""
    item = item_of(ItemDocument.model_validate(case["item"]), 1)
    newest = case.get("as_of") is None
    received = min((parse_instant(step["at"]) for step in case["steps"] if step["type"] == "receive"), default=LAST)
    states = list(_states(case, newest=newest))
    calendar = [state for at, state in states if at is None or newest or at <= received][-1]
    changes = [Change(at, calendar=state) for at, state in states if at is not None and not newest and at > received]
    held = []
    for number, told in enumerate(case.get("suspensions") or [], 1):
        at = parse_instant(told["published_at"])
        last = None if told.get("to") is None else date.fromisoformat(told["to"]).toordinal()
        first = date.fromisoformat(told["from"]).toordinal()
        one = Suspension(str(number), frozenset(told["clocks"]), first, last)
        if newest or at <= received:
            held.append(one)
        else:
            changes.append(Change(at, suspension=one))
    first_fold = Fold(BEGINNING, calendar, tuple(held))
    fixed = tuple(FixedDue(kind, _end(text, calendar)) for kind, text in (case.get("fixed_due") or {}).items())
    dossier = corrections.dossier_of(item, first_fold, ())
    return Desk(case, item, calendar, fixed, dossier), sorted(changes, key=lambda change: change.at)


def _end(text: str, calendar: Calendar) -> datetime:
    return parse_instant(text) if "T" in text else calendar.midnight(date.fromisoformat(text).toordinal() + 1)


def _records(case: Json) -> Iterator[tuple[datetime, Json]]:
    known_at = parse_instant(case["known_at"]) if case.get("known_at") else LAST
    for step in sorted(case["steps"], key=lambda one: one.get("seq", 0)):
        recorded_at = parse_instant(step.get("recorded_at") or step["at"])
        if recorded_at <= known_at:
            yield recorded_at, step


def _states(case: Json, *, newest: bool) -> Iterator[tuple[datetime | None, Calendar]]:
    """The states of the case's calendar, each from its publication on."""
    chosen = case["calendar"]
    bodies: Mapping[str, Json] = case.get("calendars") or {}
    if not isinstance(chosen, str):
        yield None, catalogue.inline(CalendarIn.model_validate(chosen))
        return
    known = Known({code: _layer(code, body) for code, body in bodies.items()})
    instants = {
        one.from_at for layer in known.chain(chosen) for one in layer.editions if "editions" in bodies[layer.code]
    }
    if newest or not instants:
        yield None, known.newest(chosen)
        return
    for at in sorted(instants):
        yield at, known.published_by(chosen, at)


def _layer(code: str, body: Json) -> Layer:
    editions = []
    for number, told in enumerate(body.get("editions") or [body], 1):
        given = CalendarIn.model_validate({key: value for key, value in told.items() if key not in EDITION_ONLY})
        days = [EditionDay(day.toordinal(), False) for day in given.holidays]
        days += [EditionDay(day.toordinal(), True) for day in given.workdays]
        at = parse_instant(told["published_at"]) if "published_at" in told else BEGINNING
        edition = Edition(
            document=f"{code} {number}",
            published_on=at.toordinal(),
            days=tuple(days),
            published_to=None if given.published_to is None else given.published_to.toordinal(),
            number=int(told.get("number") or number),
            published_at=at,
            supersedes=told.get("supersedes"),
            weekend=None if given.weekend is None else frozenset(given.weekend),
            weekly_hours=catalogue.weekly_hours(given),
            zone=None if given.zone is None else ZoneInfo(given.zone),
        )
        editions.append(Recorded(edition, at))
    zone = ZoneInfo(body["zone"]) if "zone" in body else ZONE
    return Layer(Frame(code, zone), {"en": code}, body.get("layer_of"), tuple(editions))
