"""The figures of a period as they are answered: of which instant, by what knowledge, with their definitions."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import Actor
from app.calendars import catalogue
from app.departments.queries import Names
from app.departments.queries import names as office_names
from app.items.queries import names as item_names
from app.kit.problems import invalid
from app.kit.service import Service
from app.kit.texts import Language, label
from app.statistics.definitions import definitions
from app.statistics.queries import Reading, seen_from, sums
from app.statistics.schemas import PeriodQuery
from app.statistics.shown import Json, figures_json, lines_json, ranking_json
from app.statistics.tallies import By, Question, Sums

__all__ = [
    "Period",
    "called_by",
    "known_from",
    "period_of",
    "ranking",
    "statistics",
    "tell",
    "times_json",
]


class Period(NamedTuple):
    """A period, the instant that is spoken of, and by what knowledge."""

    first: date
    last: date
    at: datetime
    known_at: datetime
    zone: ZoneInfo
    now: datetime

    def reading(self, reader: Actor | None) -> Reading:
        """How the record is read for it."""
        return Reading(self.at, self.known_at if self.known_at < self.now else None, self.zone, reader)


def known_from(asked: datetime | None, now: datetime) -> datetime:
    """By what knowledge an answer is given: nobody knows what is to come."""
    return now if asked is None else min(asked, now)


def period_of(service: Service, query: PeriodQuery) -> Period:
    """The period of a question; 422 where it ends before it begins."""
    now, zone = service.now.now(), ZoneInfo(service.settings.time_zone)
    at = query.as_of or now
    last = query.to or at.astimezone(zone).date()
    first = query.from_ or date(last.year, 1, 1)
    if first > last:
        raise invalid("query", "/from", "period_malformed", "The period ends before it begins.")
    return Period(first, last, at, known_from(query.known_at, now), zone, now)


async def tell(tx: AsyncConnection, actor: Actor | None, period: Period, by: By) -> Sums:
    """All figures of a period; of an actor whose cases are those of a department, theirs."""
    scoped = actor is not None and actor.is_scoped
    seen = await seen_from(tx, None if actor is None else actor.department, scoped=scoped)
    question = Question(by, period.first.toordinal(), period.last.toordinal(), period.at, seen)
    return await sums(tx, question, period.reading(actor))


async def called_by(tx: AsyncConnection, by: By) -> Callable[[str], str]:
    """What the codes of an answer are called."""
    if by is By.MONTH:
        return str
    if by is By.ITEM:
        items = await item_names(tx)
        return lambda code: items.get(code, code)
    known: Names = await office_names(tx)
    if by is By.DEPARTMENT:
        return known.department
    called: dict[str, set[str]] = defaultdict(set)
    for (_, code), name in (known.sections if by is By.SECTION else known.officers).items():
        called[code].add(name)
    return lambda code: " / ".join(sorted(called.get(code, {code})))


def times_json(period: Period) -> Json:
    """Of when, and by what knowledge, in the zone of the place."""
    local = catalogue.for_item(None, None).local
    return {"as_of": local(period.at).isoformat(), "known_at": local(period.known_at).isoformat()}


def days_json(period: Period) -> Json:
    """From when to when."""
    return {"from": period.first.isoformat(), "to": period.last.isoformat()}


async def statistics(service: Service, actor: Actor, period: Period, by: By, language: Language) -> Json:
    """The figures of a period, told by department, item, section, officer or month."""
    async with service.db.snapshot() as tx:
        found = await tell(tx, actor, period, by)
        called = await called_by(tx, by)
    return {
        "by": str(by),
        **days_json(period),
        "items": lines_json(found, str(by), called, language),
        "total": figures_json(found.total, language),
        **times_json(period),
        "definitions": definitions(language),
    }


async def ranking(service: Service, actor: Actor, period: Period, clock: str, language: Language) -> Json:
    """The departments by how many of a kind of clock they kept, the best first."""
    async with service.db.snapshot() as tx:
        found = await tell(tx, actor, period, By.DEPARTMENT)
        called = await called_by(tx, By.DEPARTMENT)
    return {
        "clock": clock,
        "clock_label": label("clock", clock, language),
        **days_json(period),
        "items": ranking_json(found, clock, called),
        **times_json(period),
        "definitions": definitions(language),
    }
