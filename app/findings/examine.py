"""The examination: what was recorded since is looked at once, then the days and months that have changed and are over.

Incremental: applications in the order of their newest record, from where the last examination ended. What is found is
kept, so that a list costs what it shows, and what was found by an instant is the same whenever it is asked. What the
record no longer shows stands no more and is kept with the cause.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendars import catalogue
from app.findings import queries
from app.findings.cases import Found, id_of
from app.findings.library import LIBRARY, of_application, of_day, of_items, of_month
from app.findings.queries import DAY, MONTH, START, Period, Progress
from app.findings.reading import cases_of, fact_of
from app.findings.rules import FindingRules, in_force
from app.kit.service import Service

__all__ = ["GRACE", "Examined", "examine"]

GRACE: Final = timedelta(minutes=1)
"""What was recorded just before may not be committed yet: it is looked at by the next examination."""
BATCH: Final = 200
PERIODS: Final = 20
ITEMS: Final = "i:"
LONGEST: Final = 20.0
"""Seconds after which an examination rests until the next tick: other work has its turn."""


class Examined(NamedTuple):
    """What one examination did."""

    applications: int = 0
    periods: int = 0
    found: int = 0
    is_whole: bool = False
    """Everything recorded by a minute before has been examined."""


async def examine(service: Service, *, longest: float = LONGEST) -> Examined:
    """Look at what changed, in short transactions, until nothing is left or the time is up."""
    begun = time.monotonic()
    done = Examined()
    while time.monotonic() - begun < longest:
        more = await applications(service)
        if more is None:
            return done
        if more.applications == 0:
            break
        done = added(done, more)
    while time.monotonic() - begun < longest:
        more = await later(service)
        if more is None:
            return done
        done = added(done, more)
        if more.is_whole:
            return done
    return done


def added(one: Examined, other: Examined) -> Examined:
    """Both together."""
    return Examined(
        one.applications + other.applications, one.periods + other.periods, one.found + other.found, other.is_whole
    )


def by_rules(rules: FindingRules) -> str:
    """By which rules something was examined."""
    return f"{rules.version}.{LIBRARY}"


async def begin(service: Service) -> tuple[Progress, FindingRules]:
    """Where to go on; at the beginning where the rules are others than last time."""
    async with service.db.read() as tx:
        rules = await in_force(tx)
        known = await queries.progress(tx)
    if known is not None and known.rules == by_rules(rules):
        return known, rules
    fresh = START._replace(rules=by_rules(rules))
    async with service.db.transaction() as tx:
        if await queries.progress(tx, lock=True) == known:
            await queries.keep_progress(tx, fresh, is_new=known is None)
            await queries.dirty(tx, periods_of(await queries.fact_days(tx)))
    return fresh, rules


async def applications(service: Service) -> Examined | None:
    """The next applications; None where another process went on meanwhile."""
    known, rules = await begin(service)
    now = service.now.now()
    async with service.db.snapshot() as tx:
        numbered = await queries.next_numbers(tx, known, now - GRACE, BATCH)
        numbers = [number for _, number in numbered]
        cases = await cases_of(tx, numbers) if numbers else []
    if not numbered:
        return Examined()
    found = {f"a:{number}": list[Found]() for number in numbers}
    facts = {}
    for case in cases:
        found[f"a:{case.number}"] = of_application(case, rules.body)
        if (fact := fact_of(case)) is not None:
            facts[case.number] = fact
    async with service.db.transaction() as tx:
        if await queries.progress(tx, lock=True) != known:
            return None
        before = await queries.stored_facts(tx, numbers)
        changed = [number for number in numbers if before.get(number) != facts.get(number)]
        await queries.keep_facts(
            tx,
            [number for number in changed if number in before],
            [facts[number] for number in changed if number in facts],
        )
        days = {fact.day for each in (before, facts) for number in changed if (fact := each.get(number)) is not None}
        await queries.dirty(tx, periods_of(days))
        fresh = await settle(tx, found, rules, now)
        at, number = numbered[-1]
        await queries.keep_progress(tx, known._replace(recorded_at=at, reached=number), is_new=False)
    return Examined(len(numbers), 0, fresh)


async def later(service: Service) -> Examined | None:
    """The items, days and months that have changed and are over, once all applications are looked at."""
    known, rules = await begin(service)
    now = service.now.now()
    nation = catalogue.newest("CN")
    today = nation.day_of(now)
    async with service.db.transaction() as tx:
        if await queries.progress(tx, lock=True) != known:
            return None
        fresh = 0
        versions = await queries.item_versions(tx)
        if versions != known.items:
            found = list(of_items(await queries.items_listed(tx), rules.body))
            fresh += await settle(tx, {ITEMS: found}, rules, now)
        over = [one for one in await queries.periods(tx, today, PERIODS * 2) if last_of(one) < today][:PERIODS]
        for period in over:
            fresh += await settle(tx, await seen_in(tx, period, rules), rules, now)
            await queries.rest(tx, period)
        is_whole = len(over) < PERIODS
        at = now - GRACE if is_whole else known.examined_at
        await queries.keep_progress(tx, known._replace(items=versions, examined_at=at), is_new=False)
    return Examined(0, len(over), fresh, is_whole)


async def seen_in(tx: AsyncConnection, period: Period, rules: FindingRules) -> dict[str, list[Found]]:
    """What is seen of one day or month."""
    facts = await queries.facts_of(tx, period.first, last_of(period))
    if period.kind == DAY:
        items = sorted({fact.item for fact in facts})
        earlier = await queries.earlier_of(tx, items, period.first) if rules.body.too_fast.enabled else {}
        return {f"d:{date.fromordinal(period.first)}": of_day(facts, earlier, rules.body)}
    month = f"{date.fromordinal(period.first):%Y-%m}"
    end = catalogue.newest("CN").midnight(last_of(period) + 1) - timedelta(seconds=1)
    return {f"m:{month}": of_month(facts, month, end, rules.body)}


def periods_of(days: Iterable[int]) -> set[Period]:
    """The days with their months."""
    found = set()
    for day in days:
        found |= {Period(DAY, day), Period(MONTH, date.fromordinal(day).replace(day=1).toordinal())}
    return found


def last_of(period: Period) -> int:
    """The last day of a period."""
    if period.kind == DAY:
        return period.first
    first = date.fromordinal(period.first)
    return (first + timedelta(days=31)).replace(day=1).toordinal() - 1


async def settle(tx: AsyncConnection, found: Mapping[str, Sequence[Found]], rules: FindingRules, now: datetime) -> int:
    """Make what stands of these agree with what was found; how many stand that did not.

    The same evidence is the same finding, with its reviews. Other evidence about the same thing is a new finding that
    names the one before.
    """
    wanted = {name(one): (scope, one) for scope, many in found.items() for one in many}
    stands = await queries.standing(tx, list(found))
    held = {one.id for one in stands}
    gone = [one for one in stands if one.id not in wanted]
    fresh = [id_ for id_ in wanted if id_ not in held]
    if not gone and not fresh:
        return 0
    before = {(one.scope, one.rule, one.anchor): one.id for one in gone}
    known = await queries.known_ids(tx, fresh)
    rows = []
    grown: set[str] = set()
    for id_ in fresh:
        scope, one = wanted[id_]
        follows = before.get((scope, one.rule, one.anchor))
        if follows is not None:
            grown.add(follows)
        if id_ not in known:
            rows.append(row_of(id_, scope, one, rules, follows, now))
    enabled = rules.enabled
    causes = {
        one.id: "superseded" if one.id in grown else "gone" if one.rule in enabled else "disabled" for one in gone
    }
    await queries.fall(tx, causes, now)
    await queries.keep_findings(tx, rows)
    await queries.stand(tx, fresh, now)
    return len(fresh)


def name(one: Found) -> str:
    """The identity of a finding."""
    return id_of(one.rule, (one.application, one.item, *one.holder, one.anchor), one.evidence)


def row_of(id_: str, scope: str, one: Found, rules: FindingRules, follows: str | None, now: datetime) -> dict[str, Any]:
    """A finding as it is stored."""
    return {
        "id": id_,
        "rule": one.rule,
        "rules": rules.version,
        "scope": scope,
        "anchor": one.anchor,
        "application": one.application,
        "item": one.item,
        **one.holder._asdict(),
        "at": one.at.astimezone(UTC),
        "evidence": one.evidence,
        "compared": one.compared,
        "follows": follows,
        "found_at": now,
        "reviews": 0,
    }
