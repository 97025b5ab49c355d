"""Rules about one day: many completions in a short time, many outside the hours, one that was too fast."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from statistics import median_low
from typing import Final

from app.domain import chain
from app.domain.chain import Json
from app.findings.cases import COMPLETIONS, Fact, Found, Holder
from app.findings.rule_schemas import Burst, OffHours, TooFast

__all__ = ["burst", "off_hours", "too_fast"]

SHOWN: Final = 100
"""Applications that the evidence names; how many there were it says always."""
SECONDS_AN_HOUR: Final = 3_600
DONE: Final = frozenset({"decided", "closed"})
By = dict[tuple[str, str], list[Fact]]


def by_officer(facts: Iterable[Fact]) -> By:
    """Completions that an officer brought about at a known time, in order, by department and officer."""
    found: By = defaultdict(list)
    for fact in sorted(facts, key=lambda fact: (fact.finished_at, fact.number)):
        if fact.officer is not None and fact.timed and fact.how in COMPLETIONS:
            found[fact.department, fact.officer].append(fact)
    return found


def burst(facts: Sequence[Fact], rule: Burst) -> Iterator[Found]:
    """突击办结: many completions of one officer in a short time; what was done on the spot does not count."""
    window = timedelta(minutes=rule.minutes)
    for (department, officer), all_of in by_officer(facts).items():
        mine = [fact for fact in all_of if fact.received_day < fact.day]
        first, best = 0, (0, 0, 0)
        for last, fact in enumerate(mine):
            while fact.finished_at - mine[first].finished_at > window:
                first += 1
            best = max(best, (last - first + 1, -first, last))
        if best[0] >= rule.count:
            chosen = mine[-best[1] : best[2] + 1]
            yield found("burst", department, officer, chosen, {"count": rule.count, "minutes": rule.minutes})


def off_hours(facts: Sequence[Fact], rule: OffHours) -> Iterator[Found]:
    """非工作时间批量办结: many completions of one officer on one day outside the hours of the calendar."""
    for (department, officer), mine in by_officer(facts).items():
        outside = [fact for fact in mine if is_outside(fact, rule)]
        if len(outside) >= rule.count:
            hours = outside[0]
            compared: dict[str, Json] = {
                "count": rule.count,
                "grace_minutes": rule.grace_minutes,
                "opens": None if hours.rest else rule.opens if hours.opens is None else hours.opens,
                "closes": None if hours.rest else rule.closes if hours.closes is None else hours.closes,
            }
            yield found("off_hours", department, officer, outside, compared)


def is_outside(fact: Fact, rule: OffHours) -> bool:
    """Whether it was done on a rest day, or further from the hours than overtime reaches."""
    if fact.rest:
        return True
    opens = rule.opens if fact.opens is None else fact.opens
    closes = rule.closes if fact.closes is None else fact.closes
    return not opens - rule.grace_minutes <= fact.minute < closes + rule.grace_minutes


def found(rule: str, department: str, officer: str, facts: Sequence[Fact], compared: dict[str, Json]) -> Found:
    """What was seen of one officer on one day."""
    first, last = facts[0], facts[-1]
    evidence: dict[str, Json] = {
        "applications": [fact.number for fact in facts[:SHOWN]],
        "figures": {
            "count": len(facts),
            "first_at": chain.stamp(first.finished_at),
            "last_at": chain.stamp(last.finished_at),
            "rest_day": "yes" if first.rest else "no",
        },
    }
    items = {fact.item for fact in facts}
    holder = Holder(department, last.section, officer)
    item = first.item if len(items) == 1 else None
    return Found(rule, f"{department}/{officer}", None, item, holder, first.finished_at, evidence, compared)


def too_fast(facts: Sequence[Fact], earlier: Mapping[str, Sequence[int]], rule: TooFast) -> Iterator[Found]:
    """超快办件: decided in a small part of the time that the item's earlier applications took."""
    for fact in facts:
        seconds = earlier.get(fact.item, ())
        if fact.how not in DONE or not fact.timed or len(seconds) < rule.least_cases:
            continue
        usual = median_low(seconds)
        edge = sorted(seconds)[len(seconds) * (100 - rule.faster_than) // 100]
        if usual < rule.least_median_hours * SECONDS_AN_HOUR or fact.seconds * 100 >= usual * rule.share_of_median:
            continue
        if fact.seconds >= edge:  # others of the item are as fast: it has quick cases, too
            continue
        evidence: dict[str, Json] = {
            "figures": {"seconds": fact.seconds, "finished_at": chain.stamp(fact.finished_at), "how": fact.how}
        }
        compared: dict[str, Json] = {
            "share_of_median": rule.share_of_median,
            "faster_than": rule.faster_than,
            "median_seconds": usual,
            "fastest_seconds": min(seconds),
            "earlier_cases": len(seconds),
        }
        holder = Holder(fact.department, fact.section, fact.officer)
        yield Found("too_fast", fact.number, fact.number, fact.item, holder, fact.finished_at, evidence, compared)
