"""Each rule finds its pattern, and leaves alone what lies just short of its threshold."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.items import Item
from app.domain.steps import FixedDue
from app.domain.units import Limit, Unit
from app.findings.cases import Fact, Found
from app.findings.library import Listed, of_application, of_day, of_items, of_month
from app.findings.reading import fact_of
from app.findings.rule_schemas import FindingRulesIn
from tests.builders.domain import a_clock, instant
from tests.findings.histories import a_case, the_item

RULES = FindingRulesIn()
TEN_DAYS = Limit(10, Unit.WORKING_DAY)
PAUSE = {"ground": "expert_review", "announced": TEN_DAYS}
DAY = instant("2025-03-12 00:00")
RECEIVED, ACCEPTED = ("receive", "2025-03-03"), ("accept", "2025-03-03 10:00")
"""A Monday: the promise of ten working days ends with 17 March, the statutory clock of twenty with 31 March."""


def seen(rule: str, *steps: tuple[Any, ...], item: Item | None = None) -> list[Found]:
    """What a rule sees of one application."""
    return [one for one in of_application(a_case(*steps, item=item), RULES) if one.rule == rule]


def clocks(found: Found) -> Any:  # a part of evidence
    return found.evidence["clocks"]


@pytest.mark.parametrize(
    ("paused", "named"),
    [
        ("2025-03-13", []),
        ("2025-03-14 00:00", [("promise", 9, 1)]),
        ("2025-03-17 23:59", [("promise", 10, 0)]),
        ("2025-03-18", []),
        ("2025-03-26", []),
        ("2025-03-27", [("statutory", 18, 2)]),
    ],
)
def test_a_pause_with_nine_tenths_of_a_clock_used(paused: str, named: list[tuple[str, int, int]]) -> None:
    found = seen("pause_at_end", RECEIVED, ACCEPTED, ("pause", paused, PAUSE))
    assert [(clock["clock"], clock["used"], clock["remaining"]) for one in found for clock in clocks(one)] == named


def test_a_pause_for_a_ground_that_stops_no_clock_is_none() -> None:
    assert not seen("pause_at_end", RECEIVED, ACCEPTED, ("pause", "2025-03-17", {**PAUSE, "ground": "publicity"}))


@pytest.mark.parametrize(("extended", "count"), [("2025-03-28 23:59", 0), ("2025-03-31 00:00", 1)])
def test_an_extension_on_the_last_day(extended: str, count: int) -> None:
    found = seen("extension_at_end", RECEIVED, ACCEPTED, ("extend", extended, {"clock": "statutory", "amount": 5}))
    assert len(found) == count
    assert [one.evidence["figures"] for one in found] == [{"amount": 5}] * count


@pytest.mark.parametrize("end", ["withdraw", "terminate"])
@pytest.mark.parametrize(
    ("ended", "count"), [("2025-03-14 23:59", 0), ("2025-03-17 00:00", 1), ("2025-03-17 23:59", 1), ("2025-03-18", 0)]
)
def test_withdrawn_or_terminated_on_the_last_day_of_the_promise(end: str, ended: str, count: int) -> None:
    assert len(seen("ended_before_end", RECEIVED, ACCEPTED, (end, ended))) == count


def test_a_clock_that_waits_for_no_decision_is_not_looked_at() -> None:
    item = Item.build("x", 1, "D1", clocks=(a_clock("notice", 5, starts="received", stops=frozenset({"withdrawn"})),))
    assert not seen("ended_before_end", RECEIVED, ("withdraw", "2025-03-10 16:00"), item=item)


def test_an_end_fixed_by_hand_is_seen_and_one_of_an_import_is_not() -> None:
    due = FixedDue("statutory", instant("2025-05-01 00:00"))
    [found] = seen("fixed_due", ("receive", "2025-03-03", {"fixed_due": (due,)}))
    assert clocks(found) == [{"clock": "statutory", "stage": "", "due_at": "2025-04-30T16:00:00.000000Z"}]
    assert found.compared == {"limits": {"statutory": {"amount": 20, "unit": "working_day"}}}
    assert not seen("fixed_due", ("receive", "2025-03-03", {"fixed_due": (due,), "imported": True}))


def test_a_second_correction_is_seen_and_one_is_not() -> None:
    once = (RECEIVED, ("request_correction", "2025-03-04"), ("submit_correction", "2025-03-06"))
    assert not seen("corrections_repeated", *once)
    again = (("request_correction", "2025-03-07", {"imported": True}),)
    [found] = seen("corrections_repeated", *once, *again)
    assert found.evidence["figures"] == {"times": 2}
    assert found.at == instant("2025-03-07")


def test_closed_without_a_document_is_seen() -> None:
    bare = ("decide", "2025-03-10", {"result": "granted", "document": False})
    shown = ("decide", "2025-03-10", {"result": "granted"})
    handed = ("deliver", "2025-03-11", {"document": False})
    closed = ("close", "2025-03-12")
    [found] = seen("completed_without_result", RECEIVED, ACCEPTED, bare, handed, closed)
    assert found.evidence["figures"] == {"lacks": "document"}
    assert not seen("completed_without_result", RECEIVED, ACCEPTED, bare), "its document may still come"
    assert not seen("completed_without_result", RECEIVED, ACCEPTED, shown, handed, closed)
    assert not seen("completed_without_result", RECEIVED, ("refuse", "2025-03-04"), ("close", "2025-03-05"))
    assert not seen("completed_without_result", RECEIVED, ("withdraw", "2025-03-04"), ("close", "2025-03-05"))


def test_an_import_closed_without_a_decision_is_seen_where_the_rules_say_so() -> None:
    case = a_case(("receive", "2025-03-03", {"imported": True}), ("close", "2025-03-10", {"imported": True}))
    assert not of_application(case, RULES)
    rules = FindingRulesIn.model_validate({"completed_without_result": {"imported": True}})
    [found] = of_application(case, rules)
    assert found.evidence["figures"] == {"lacks": "decision"}


# Of a day


def a_fact(place: int, **more: Any) -> Fact:  # of whichever field
    """An application decided in the morning of a Wednesday after nine days."""
    at = more.pop("at", DAY + timedelta(hours=9, minutes=place))
    minute = int((at - DAY).total_seconds()) // 60
    fact = Fact(
        f"N-{place:03}", "eia-form", "D1", "s", "zhang", "decided", 739312, 739321, minute, True, False, None, None,
        at, 9 * 86_400, 9, 0,
    )  # fmt: skip
    return fact._replace(**more)


def day_seen(rule: str, facts: list[Fact], earlier: dict[str, list[int]] | None = None) -> list[Found]:
    """What a rule sees of one day."""
    return [one for one in of_day(facts, earlier or {}, RULES) if one.rule == rule]


def minutes(*of: float) -> list[Fact]:
    """Completions at these minutes after nine."""
    return [a_fact(place, at=DAY + timedelta(hours=9, minutes=minute)) for place, minute in enumerate(of)]


def test_fifteen_completions_in_half_an_hour_are_a_burst() -> None:
    spread = [place * 30 / 14 for place in range(15)]
    [found] = day_seen("burst", minutes(*spread))
    figures: Any = found.evidence["figures"]
    assert (figures["count"], figures["first_at"]) == (15, "2025-03-12T01:00:00.000000Z")
    assert found.evidence["applications"] == [f"N-{place:03}" for place in range(15)]
    assert found.holder.officer == "zhang"
    assert not day_seen("burst", minutes(*spread[:14])), "one fewer"
    assert not day_seen("burst", minutes(*spread[:14], 30.1)), "a few seconds longer"


def test_a_burst_is_the_most_that_any_half_hour_holds() -> None:
    [found] = day_seen("burst", minutes(0, *(40 + place for place in range(16)), 200))
    assert found.evidence["applications"] == [f"N-{place:03}" for place in range(1, 17)]


@pytest.mark.parametrize(
    "more",
    [
        {"received_day": 739321},
        {"officer": None},
        {"timed": False},
        {"how": "silence"},
        {"how": "withdrawn"},
    ],
    ids=["on the spot", "nobody named", "known to the day alone", "by silence", "by the applicant"],
)
def test_what_is_no_work_of_an_officer_is_no_burst(more: dict[str, Any]) -> None:
    assert not day_seen("burst", [fact._replace(**more) for fact in minutes(*range(20))])


def test_two_officers_make_no_burst_together() -> None:
    facts = [fact._replace(officer=("zhang", "li")[place % 2]) for place, fact in enumerate(minutes(*range(28)))]
    assert not day_seen("burst", facts)


def evening(count: int, minute: int, **more: Any) -> list[Fact]:  # of whichever field
    """Completions at one minute of the day, a second apart."""
    at = DAY + timedelta(minutes=minute)
    return [a_fact(place, at=at + timedelta(seconds=place), minute=minute, **more) for place in range(count)]


def test_five_completions_two_hours_after_closing_are_seen() -> None:
    [found] = day_seen("off_hours", evening(5, 20 * 60))
    assert found.compared == {"count": 5, "grace_minutes": 120, "opens": 510, "closes": 1080}
    assert not day_seen("off_hours", evening(4, 20 * 60))
    assert not day_seen("off_hours", evening(5, 20 * 60 - 1))
    assert day_seen("off_hours", evening(5, 6 * 60 + 29))
    assert not day_seen("off_hours", evening(5, 6 * 60 + 30))


def test_the_hours_are_those_of_the_calendar_where_it_has_any() -> None:
    assert not day_seen("off_hours", evening(5, 21 * 60, opens=540, closes=1_200))
    assert day_seen("off_hours", evening(5, 19 * 60, opens=540, closes=1_020))


def test_on_a_rest_day_every_hour_is_outside() -> None:
    [found] = day_seen("off_hours", evening(5, 10 * 60, rest=True))
    figures: Any = found.evidence["figures"]
    assert figures["rest_day"] == "yes"


def test_under_a_twentieth_of_the_median_is_too_fast() -> None:
    earlier = {"eia-form": [100 * 3_600] * 30}
    [found] = day_seen("too_fast", [a_fact(1, seconds=5 * 3_600 - 1)], earlier)
    assert found.application == "N-001"
    assert found.compared["median_seconds"] == 360_000
    assert not day_seen("too_fast", [a_fact(1, seconds=5 * 3_600)], earlier)
    assert not day_seen("too_fast", [a_fact(1, seconds=60)], {"eia-form": [100 * 3_600] * 29})
    assert not day_seen("too_fast", [a_fact(1, seconds=60)], {"eia-form": [47 * 3_600] * 30})
    assert not day_seen("too_fast", [a_fact(1, seconds=60, how="refused")], earlier)


@pytest.mark.parametrize(("quick", "count"), [(10, 1), (11, 0)])
def test_where_one_in_twenty_is_as_fast_none_is_too_fast(quick: int, count: int) -> None:
    earlier = {"eia-form": [60] * quick + [100 * 3_600] * (200 - quick)}
    assert len(day_seen("too_fast", [a_fact(1, seconds=60)], earlier)) == count


# Of a month


def month_of(own: list[int], others: list[int]) -> list[Found]:
    """What is seen of these shares of paused days, in per cent, of ten days each."""
    mine = [a_fact(place, elapsed=100, paused=paused) for place, paused in enumerate(own)]
    theirs = [
        a_fact(500 + place, elapsed=100, paused=paused, department="D2", officer="zhao")
        for place, paused in enumerate(others)
    ]
    return of_month(mine + theirs, "2025-03", datetime(2025, 3, 31, tzinfo=UTC), RULES)


def test_two_fifths_of_the_days_and_twice_the_share_of_others_are_seen_of_office_and_officer() -> None:
    found = month_of([40] * 10, [20] * 10)
    assert [(one.holder.department, one.holder.officer) for one in found] == [("D1", None), ("D1", "zhang")]
    figures: Any = found[0].evidence["figures"]
    assert (figures["cases"], figures["elapsed"], figures["paused"]) == (10, 1_000, 400)
    assert not month_of([39] * 10, [10] * 10)
    assert not month_of([40] * 10, [21] * 10)
    assert not month_of([90] * 9, [0] * 10)
    assert len(month_of([40] * 10, [])) == 2, "where nobody else had the item the share speaks alone"


# Of the items


def test_an_item_without_limits_is_seen() -> None:
    items = [Listed(Item.build("none", 3, "D1"), "D1", DAY), Listed(the_item(), "D1", DAY)]
    [found] = of_items(items, RULES)
    assert (found.item, found.evidence) == ("none", {"figures": {"version": 3}})


def test_a_completion_is_told_by_its_local_minute_and_its_days() -> None:
    fact = fact_of(
        a_case(
            RECEIVED,
            ACCEPTED,
            ("pause", "2025-03-05", PAUSE),
            ("resume", "2025-03-10"),
            ("decide", "2025-03-15 20:30", {"result": "granted"}),
        )
    )
    assert fact is not None
    assert (fact.minute, fact.rest, fact.timed, fact.how) == (20 * 60 + 30, True, True, "decided")
    assert (fact.elapsed, fact.paused) == (12, 5)


def test_every_rule_may_be_left_out() -> None:
    nothing = FindingRulesIn.model_validate(
        {
            name: {**field.default.model_dump(mode="json"), "enabled": False}
            for name, field in FindingRulesIn.model_fields.items()
            if name != "source"
        }
    )
    case = a_case(RECEIVED, ("accept", "2025-03-03", {"recorded": "2025-06-03"}), ("close", "2025-03-17"))
    assert of_application(case, nothing) == []
    assert of_day(evening(20, 23 * 60), {"eia-form": [10**6] * 50}, nothing) == []
    assert list(of_items([Listed(Item.build("none", 3, "D1"), "D1", DAY)], nothing)) == []
