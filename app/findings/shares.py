"""The rule about a month: how large a share of the days stood still, by office and by person."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from app.domain.chain import Json
from app.findings.cases import Fact, Found, Holder
from app.findings.rule_schemas import Pauses

__all__ = ["pause_share"]


class Days(NamedTuple):
    """Calendar days of completed applications, and how many of them pauses took out."""

    cases: int = 0
    paused_cases: int = 0
    elapsed: int = 0
    paused: int = 0

    def with_(self, fact: Fact) -> "Days":
        """The same with one application more."""
        return Days(
            self.cases + 1,
            self.paused_cases + (fact.paused > 0),
            self.elapsed + fact.elapsed,
            self.paused + fact.paused,
        )

    def without(self, other: "Days") -> "Days":
        """What the others have of it."""
        return Days(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))


def pause_share(facts: Sequence[Fact], month: str, end: datetime, rule: Pauses) -> Iterator[Found]:
    """中止占比: the pauses of an office, or of a person, against those of others with the same items in that month."""
    items: dict[str, Days] = defaultdict(Days)
    owners: dict[tuple[str, str | None], dict[str, Days]] = defaultdict(lambda: defaultdict(Days))
    for fact in facts:
        items[fact.item] = items[fact.item].with_(fact)
        owners[fact.department, None][fact.item] = owners[fact.department, None][fact.item].with_(fact)
        if fact.officer is not None:
            mine = owners[fact.department, fact.officer]
            mine[fact.item] = mine[fact.item].with_(fact)
    for (department, officer), by_item in sorted(owners.items(), key=lambda one: (one[0][0], one[0][1] or "")):
        own = total(by_item.values())
        others = total(items[item].without(days) for item, days in by_item.items())
        if own.cases >= rule.least_cases and own.elapsed and is_high(own, others, rule):
            evidence: dict[str, Json] = {"figures": {"month": month, **own._asdict()}}
            compared: dict[str, Json] = {
                "share": rule.share,
                "times": rule.times,
                "others": {**others._asdict()},
            }
            subject = f"{department}/{officer or ''}"
            yield Found("pause_share", subject, None, None, Holder(department, None, officer), end, evidence, compared)


def is_high(own: Days, others: Days, rule: Pauses) -> bool:
    """Whether the share is high by itself and, where others had the same items, against theirs."""
    if own.paused * 100 < rule.share * own.elapsed:
        return False
    return own.paused * others.elapsed >= rule.times * others.paused * own.elapsed


def total(all_of: Iterable[Days]) -> Days:
    """The sum."""
    days = list(all_of)
    return Days(*(sum(column) for column in zip(*days, strict=True))) if days else Days()
