"""The rules accuse none of a thousand ordinary applications that a generator made which knows no rule."""

from collections import defaultdict
from datetime import UTC, date, datetime

import pytest

from app.domain.steps import StepType
from app.findings.cases import Fact, Found
from app.findings.library import of_application, of_day, of_month
from app.findings.queries import EARLIER
from app.findings.reading import fact_of
from app.findings.rule_schemas import FindingRulesIn
from tests.findings.histories import Told, an_ordinary_year, case_of

RULES = FindingRulesIn()
SEEDS = (20260101, 20260102, 20260103)


def all_found(histories: list[Told], rules: FindingRulesIn = RULES) -> list[Found]:
    """What the rules see of these: of each, of each day, of each month."""
    found: list[Found] = []
    days: dict[int, list[Fact]] = defaultdict(list)
    months: dict[str, list[Fact]] = defaultdict(list)
    for told in histories:
        case = case_of(told)
        found += of_application(case, rules)
        if (fact := fact_of(case)) is not None:
            days[fact.day].append(fact)
            months[f"{date.fromordinal(fact.day):%Y-%m}"].append(fact)
    before: dict[str, list[int]] = defaultdict(list)
    for day in sorted(days):
        earlier = {item: seconds[-EARLIER:] for item, seconds in before.items()}
        found += of_day(days[day], earlier, rules)
        for fact in days[day]:
            if fact.how in {"decided", "closed"}:
                before[fact.item].append(fact.seconds)
    for month, facts in months.items():
        found += of_month(facts, month, datetime(2026, 1, 1, tzinfo=UTC), rules)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_a_thousand_ordinary_applications_are_not_accused(seed: int) -> None:
    print(f"seed {seed}")  # noqa: T201  a failing run names it
    histories = an_ordinary_year(seed, 1_000)
    types = [step.type for told in histories for step in told.dossier.steps]
    for type_ in (StepType.PAUSE, StepType.EXTEND, StepType.REQUEST_CORRECTION, StepType.WITHDRAW, StepType.REFUSE):
        assert types.count(type_) >= 3, f"an ordinary year has some: {type_}"
    late = [
        step
        for told in histories
        for step in told.dossier.steps
        if step.recorded_at is not None and (step.recorded_at - step.at).total_seconds() > 300
    ]
    assert len(late) > 100, "an ordinary year has late entries"
    assert [(one.rule, one.application, one.evidence) for one in all_found(histories)] == []
