"""The oracle's own law, held against dates that were counted by hand on a paper calendar."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pytest

from tests.reliability.load import HALL_ITEM, LAW_ITEM
from tests.reliability.reckoning import BEIJING, Days, crossings

Json = Mapping[str, Any]  # a JSON object

OCTOBER = Days(
    holidays=frozenset(date(2025, 10, day) for day in range(1, 9)),
    workdays=frozenset({date(2025, 9, 28), date(2025, 10, 11)}),
)
LATER = datetime(2025, 11, 30, tzinfo=BEIJING)


def steps_of(*told: tuple[str, str, Json]) -> list[Json]:
    return [
        {"id": f"N.{seq}", "seq": seq, "type": type_, "occurred_at": f"2025-{at}+08:00", **more}
        for seq, (type_, at, more) in enumerate(told, start=1)
    ]


def seen(item: Json, clock: str, *told: tuple[str, str, Json]) -> list[tuple[int, str]]:
    """The rungs that the clock crossed, each with its instant, in order of time."""
    found = [c for c in crossings(item, steps_of(*told), OCTOBER, LATER) if c.clock == clock]
    return [(c.rung, c.at.isoformat()[5:16]) for c in sorted(found, key=lambda c: (c.at, c.rung))]


def test_five_working_days_step_over_the_national_day_and_take_the_saturday_that_is_worked() -> None:
    assert seen(HALL_ITEM, "notice", ("receive", "09-29T10:00:00", {})) == [(1, "10-11T00:00"), (0, "10-14T00:00")]


def test_a_decision_before_the_due_instant_leaves_the_warning_alone() -> None:
    told: list[tuple[str, str, Json]] = [
        ("receive", "10-09T10:00:00", {}),
        ("accept", "10-09T11:00:00", {}),
        ("decide", "10-15T09:00:00", {}),
    ]
    assert seen(HALL_ITEM, "promise", *told) == [(2, "10-11T00:00"), (1, "10-13T00:00"), (0, "10-15T00:00")]
    told[-1] = ("decide", "10-14T09:00:00", {})
    assert seen(HALL_ITEM, "promise", *told) == [(2, "10-11T00:00"), (1, "10-13T00:00")]


def test_a_pause_takes_out_the_days_after_its_first_one() -> None:
    told: list[tuple[str, str, Json]] = [
        ("receive", "10-13T10:00:00", {}),
        ("accept", "10-13T11:00:00", {}),
        ("pause", "10-14T12:00:00", {"ground": "hearing", "announced": None}),
        ("resume", "10-16T12:00:00", {}),
    ]
    assert seen(HALL_ITEM, "promise", *told) == [
        (2, "10-17T00:00"),
        (1, "10-20T00:00"),
        (0, "10-22T00:00"),
        (3, "10-23T00:00"),
    ]


def test_an_announced_pause_runs_out_by_itself() -> None:
    told: list[tuple[str, str, Json]] = [
        ("receive", "10-13T10:00:00", {}),
        ("accept", "10-13T11:00:00", {}),
        ("pause", "10-14T12:00:00", {"ground": "hearing", "announced": {"amount": 2, "unit": "working_day"}}),
    ]
    assert seen(HALL_ITEM, "promise", *told)[:3] == [(2, "10-17T00:00"), (1, "10-20T00:00"), (0, "10-22T00:00")]


def test_calendar_days_that_end_in_the_holiday_roll_to_its_end_and_escalate_after_it() -> None:
    assert seen(LAW_ITEM, "statutory", ("receive", "09-25T18:57:00", {})) == [
        (2, "09-30T00:00"),
        (1, "10-06T00:00"),
        (0, "10-10T00:00"),
        (3, "10-11T00:00"),
        (4, "10-12T00:00"),
    ]


def test_an_extension_moves_the_end_and_its_rungs_are_crossed_anew() -> None:
    told: list[tuple[str, str, Json]] = [
        ("receive", "10-13T09:00:00", {}),
        ("accept", "10-13T10:00:00", {}),
        ("extend", "10-22T15:00:00", {"clock": "statutory", "amount": 1}),
    ]
    assert seen(LAW_ITEM, "statutory", *told)[:4] == [
        (1, "10-20T00:00"),
        (2, "10-22T00:00"),
        (1, "10-22T15:00"),
        (2, "10-23T00:00"),
    ]


def test_no_rung_lies_before_the_start_and_none_shows_before_its_step() -> None:
    told: list[tuple[str, str, Json]] = [("receive", "10-13T09:00:00", {}), ("accept", "10-14T10:30:00", {})]
    assert seen(LAW_ITEM, "at_once", *told) == [(1, "10-14T10:30"), (0, "10-15T00:00")]


def test_a_fixed_instant_stands_and_is_warned_of_at_the_same_time_of_day() -> None:
    told = ("receive", "10-09T09:00:00", {"fixed_due": {"licence": "2025-10-13T10:20:30.000001+08:00"}})
    found = [c for c in crossings(HALL_ITEM, steps_of(told), OCTOBER, LATER) if c.clock == "licence"]
    assert [c.at.isoformat() for c in found] == ["2025-10-13T10:20:30.000001+08:00", "2025-10-11T10:20:30.000001+08:00"]


def test_a_stage_is_never_due_later_than_the_promise_that_runs() -> None:
    told: list[tuple[str, str, Json]] = [
        ("receive", "10-09T09:00:00", {}),
        ("accept", "10-09T10:00:00", {}),
        ("start_stage", "10-20T10:00:00", {"stage": "review"}),
    ]
    assert seen(HALL_ITEM, "stage", *told) == [(0, "10-20T10:00"), (1, "10-20T10:00")]


def test_a_pause_on_the_last_day_stops_nothing() -> None:
    told: list[tuple[str, str, Json]] = [
        ("receive", "10-13T10:00:00", {}),
        ("accept", "10-13T11:00:00", {}),
        ("pause", "10-17T12:00:00", {"ground": "hearing", "announced": None}),
    ]
    assert (0, "10-18T00:00") in seen(HALL_ITEM, "promise", *told)


def test_what_the_oracle_cannot_count_it_refuses() -> None:
    with pytest.raises(ValueError, match="does not count in month"):
        OCTOBER.go(date(2025, 10, 9), 1, "month", 1)
