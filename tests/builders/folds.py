"""Editions, suspensions and amendments laid over a random history."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from app.domain.calendar import Calendar, DayRule
from app.domain.corrections import Record, dossier_of, first_fold, recording, records_of
from app.domain.folds import Recomputation, Suspension
from app.domain.steps import Amendment, Dossier, Step, StepType
from tests.builders.domain import SHANGHAI
from tests.builders.histories import GROUNDS, KINDS, Told, the_calendar

HOURS = the_calendar().weekly_hours


def an_edition(number: int, *, off: tuple[str, ...] = (), worked: tuple[str, ...] = ()) -> Calendar:
    """The calendar X as its editions up to this number have it."""
    days = {date.fromisoformat(one).toordinal(): DayRule(False) for one in off}
    days |= {date.fromisoformat(one).toordinal(): DayRule(True) for one in worked}
    return Calendar("X", number, SHANGHAI, days=days, weekly_hours=HOURS)


def a_suspension(first: str, last: str | None, *clocks: str, id_: str = "S1") -> Suspension:
    """Some kinds of clock stopped in a whole place."""
    begin, end = date.fromisoformat(first), None if last is None else date.fromisoformat(last)
    return Suspension(id_, frozenset(clocks), begin.toordinal(), None if end is None else end.toordinal())


def a_changed_history(random: Random, told: Told) -> Told:
    """The same history with editions and suspensions applied on the way, and steps amended afterwards."""
    dossier = told.dossier
    records = records_of(dossier)
    span = told.end - told.begin
    for number in range(random.randint(0, 2)):
        records.append(_an_application(random, told, number + 2, len(records)))
    for _ in range(random.randint(0, 2)):
        step = random.choice([one for one in records if isinstance(one, Step)])
        changed = _amended(random, told, step)
        if changed is not None or step.type is not StepType.RECEIVE:
            records.append(Amendment(of=step.seq, step=changed))
    places = [record.seq for record in records if record.seq]
    fresh: list[Record] = []
    for record in records:
        if record.seq:
            fresh.append(record)
            continue
        after = random.choice([max(places), random.choice(places)])
        if isinstance(record, Amendment):
            after = max(after, record.of)
        fresh.insert(next((i for i, r in enumerate(fresh) if r.seq > after), len(fresh)), record)
    told_at = told.begin
    numbered: list[Record] = []
    places_of = {record.seq: place for place, record in enumerate(fresh, 1) if record.seq}
    for place, record in enumerate(fresh, 1):
        told_at = max(told_at, record.recorded_at or told_at + span * (random.random() / 10))
        if isinstance(record, Amendment):
            inner = None if record.step is None else replace(record.step, seq=places_of[record.of])
            numbered.append(replace(record, of=places_of[record.of], step=inner, seq=place, recorded_at=told_at))
        elif isinstance(record, Step):
            numbered.append(replace(record, seq=place, recorded_at=told_at))
        else:
            numbered.append(replace(record, seq=place, recorded_at=told_at))
    return Told(dossier_of(dossier.item, first_fold(dossier), numbered), told.begin, max(told.end, told_at))


def _an_application(random: Random, told: Told, number: int, place: int) -> Recomputation:
    at = told.begin + (told.end - told.begin) * random.uniform(-0.2, 1.1)
    first = at.date() + timedelta(days=random.randint(-8, 12))
    if random.random() < 0.5:
        off = tuple((first + timedelta(days=n)).isoformat() for n in range(random.randint(1, 5)))
        return Recomputation(at=at, calendar=an_edition(number, off=off))
    last = random.choice([None, first + timedelta(days=random.randint(0, 9))])
    kinds = random.sample(("notice", "statutory", "promise", "delivery", "own", "stage"), random.randint(1, 4))
    suspension = Suspension(
        random.choice(["S1", "S2"]), frozenset(kinds), first.toordinal(), None if last is None else last.toordinal()
    )
    return Recomputation(at=at, suspension=suspension)


def _amended(random: Random, told: Told, step: Step) -> Step | None:
    choice = random.random()
    if choice < 0.3:
        return None
    if choice < 0.8 and step.type is not StepType.RECEIVE:
        return replace(step, at=told.begin + (told.end - told.begin) * random.random())
    return replace(step, ground=random.choice(GROUNDS), clock=random.choice(KINDS), amount=random.randint(1, 5))


def until(dossier: Dossier, records: list[Record]) -> Dossier:
    """The dossier of some of its records."""
    return dossier_of(dossier.item, first_fold(dossier), sorted(records, key=recording))
