"""Whose each day of one application is."""

from collections import Counter
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import Actor
from app.applications import queries, travel
from app.departments.queries import Names
from app.departments.queries import names as office_names
from app.domain.owners import Owner, Run, runs_of
from app.kit.texts import Language, label
from app.statistics.cases import case_of
from app.statistics.queries import Reading
from app.statistics.shown import Json, owners_json

__all__ = ["days_of"]


async def days_of(
    tx: AsyncConnection, actor: Actor, number: str, reading: Reading, now: datetime, language: Language
) -> Json | None:
    """The days of one application; None where the actor may not see it, or it was not known or not received then."""
    known_at = now if reading.known_at is None else reading.known_at
    head = await queries.find(tx, actor, number)
    if head is None or head.known_from > known_at:
        return None
    [opened] = await queries.load(tx, [number], sealer=None, lock=False)
    then = travel.then_of(opened, known_at)
    if then is None:
        return None
    past = [stretch for stretch in then.outlook.stretches if stretch.from_at <= reading.at]
    calendar = reading.calendar_of(then.head.calendar, past)
    case = case_of(number, head.item, calendar, then.outlook, then.opened.dossier.steps, reading.at)
    local = calendar.local
    times = {"as_of": local(reading.at).isoformat(), "known_at": local(known_at).isoformat()}
    document: Json = {"tracking_number": number, "received_on": None, "closed_on": None, "elapsed": 0}
    if case is None or case.received_on is None or case.receipt is None:
        return document | {"owners": owners_json(Counter()), "runs": []} | times
    runs = runs_of(case.received_on, case.until, case.stretches, case.out, calendar)
    owned: Counter[Owner] = Counter()
    for run in runs:
        owned[run.owner] += run.last - run.first + 1
    names = await office_names(tx)
    return {
        **document,
        "received_on": day_text(case.received_on),
        "closed_on": None if case.finish is None else day_text(case.until),
        "elapsed": case.elapsed,
        "owners": owners_json(owned),
        "runs": [run_json(run, names, language) for run in runs],
        **times,
    }


def day_text(day: int) -> str:
    """A day as it is written."""
    return date.fromordinal(day).isoformat()


def run_json(run: Run, names: Names, language: Language) -> Json:
    """Days of one owner, and on whose desk the application lay."""
    desk = run.stretch
    called = names.department(desk.department)
    if desk.section is not None:
        called = names.section(desk.department, desk.section)
    if desk.officer is not None:
        called = names.officer(desk.department, desk.officer)
    return {
        "from": day_text(run.first),
        "to": day_text(run.last),
        "days": run.last - run.first + 1,
        "owner": str(run.owner),
        "owner_label": label("owner", str(run.owner), language),
        "department": desk.department,
        "section": desk.section,
        "officer": desk.officer,
        "name": called,
    }
