"""Whose each day of an application is: one owner for every day, and together they are the days elapsed."""

from collections import Counter
from datetime import date
from random import Random

import pytest

from app.domain.calendar import Calendar
from app.domain.forecast import forecast
from app.domain.owners import Owner, finish_of, leading_pieces, runs_of, shares_of, taken_out
from app.domain.spans import ClockState, Forecast, Stretch
from app.domain.steps import Status
from tests.builders.domain import instant
from tests.builders.histories import a_random_history, the_calendar

Counted = dict[str, int]


def parts(drawn: Forecast, calendar: Calendar, until: int) -> tuple[list[Stretch], list[tuple[int, int]]]:
    """The stretches, and the days that pauses took out, up to a day."""
    return list(drawn.stretches), taken_out(leading_pieces(drawn.spans), until, calendar)


@pytest.mark.parametrize("seed", range(400))
def test_each_day_has_one_owner_and_they_add_up_to_the_days_elapsed(seed: int) -> None:
    random, calendar = Random(seed), the_calendar()
    told = a_random_history(random, calendar, imported=seed % 4 == 0)
    drawn = forecast(told.dossier)
    received_on = drawn.received_on
    if received_on is None:
        return
    for at in told.instants(random):
        past = [stretch for stretch in drawn.stretches if stretch.from_at <= at]
        finish = finish_of(past)
        until = calendar.day_of(at if finish is None else finish.from_at)
        pieces = [piece for piece in leading_pieces(drawn.spans) if piece.from_at <= at]
        out = taken_out(pieces, until, calendar)
        runs = runs_of(received_on, until, past, out, calendar) if past else []
        days = [day for run in runs for day in range(run.first, run.last + 1)]
        assert days == (list(range(received_on + 1, until + 1)) if past else [])
        walked: Counter[Owner] = Counter()
        for run in runs:
            walked[run.owner] += run.last - run.first + 1
        counted: Counter[Owner] = Counter()
        for share in shares_of(received_on, until, past, out, calendar) if past else ():
            counted[share.holder] += share.working
            counted[Owner.APPLICANT] += share.applicant
            counted[Owner.PAUSE] += share.pause
            counted[Owner.REST] += share.rest
        assert +counted == +walked


@pytest.mark.parametrize("seed", range(400))
def test_what_a_pause_took_out_is_what_the_clock_did_not_count(seed: int) -> None:
    """Of the leading clock in days: each working day from its start on is used or taken out, while it goes on."""
    random, calendar = Random(10_000 + seed), the_calendar()
    told = a_random_history(random, calendar)
    drawn = forecast(told.dossier)
    spans = [span for span in drawn.spans if span.clock == "statutory" and not span.stage]
    rule = next(rule for rule in told.dossier.item.clocks if rule.kind == "statutory")
    stop = next((span for span in spans if span.state in (ClockState.MET, ClockState.MISSED)), None)
    limit = rule.limit
    if stop is None or stop.stopped_at is None or stop.started_on is None or limit is None or rule.restarts_on:
        return
    if limit.unit != "working_day" or rule.count.start_rule != "next_day" or stop.fixed:
        return
    last = calendar.day_of(stop.stopped_at)
    out = taken_out(leading_pieces(drawn.spans), last, calendar)
    taken = sum(calendar.working_between(begin, end) for begin, end in out if end > stop.started_on)
    assert stop.used_before == calendar.working_between(stop.started_on, last) - taken


def stretch(text: str, status: Status = Status.RECEIVED, desk: str = "D/S/O") -> Stretch:
    """An application of a status on a desk from an instant on."""
    department, section, officer = desk.split("/")
    return Stretch(instant(text), None, status, department, section or None, officer or None)


def owned(received: str, until: str, *stretches: Stretch, out: tuple[tuple[str, str], ...] = ()) -> Counted:
    """The days of each owner."""
    first, last = date.fromisoformat(received).toordinal(), date.fromisoformat(until).toordinal()
    taken = [(date.fromisoformat(a).toordinal(), date.fromisoformat(b).toordinal()) for a, b in out]
    found: Counter[str] = Counter()
    for run in runs_of(first, last, stretches, taken, the_calendar()):
        name = str(run.owner) + (f" {run.stretch.department}" if run.owner is Owner.DEPARTMENT else "")
        found[name] += run.last - run.first + 1
    return dict(found)


def test_the_day_of_the_receipt_is_not_counted_and_that_of_the_result_is() -> None:
    assert owned("2025-01-13", "2025-01-17", stretch("2025-01-13")) == {"officer": 4}


def test_rest_days_and_holidays_belong_to_nobody_and_a_make_up_saturday_is_a_working_day() -> None:
    assert owned("2025-01-27", "2025-02-09", stretch("2025-01-27")) == {"rest": 6, "officer": 7}


def test_a_day_belongs_to_whoever_held_the_application_when_it_began() -> None:
    found = owned("2025-01-13", "2025-01-17", stretch("2025-01-13"), stretch("2025-01-15 10:00", desk="D/S/"))
    assert found == {"officer": 2, "section": 2}


def test_where_neither_officer_nor_section_is_named_the_day_is_the_departments() -> None:
    assert owned("2025-01-13", "2025-01-14", stretch("2025-01-13", desk="D7//")) == {"department D7": 1}


def test_the_time_of_a_correction_is_the_applicants_from_the_day_after_the_request_to_the_day_of_the_answer() -> None:
    found = owned(
        "2025-01-13",
        "2025-01-22",
        stretch("2025-01-13"),
        stretch("2025-01-14", Status.CORRECTING),
        stretch("2025-01-20", Status.RECEIVED),
    )
    assert found == {"officer": 3, "applicant": 6}


def test_a_pause_owns_its_rest_days_too() -> None:
    found = owned("2025-01-13", "2025-01-22", stretch("2025-01-13"), out=(("2025-01-14", "2025-01-20"),))
    assert found == {"officer": 3, "pause": 6}


def test_days_before_the_first_edition_go_by_the_week_alone() -> None:
    calendar = Calendar("X", 1, the_calendar().zone, days={}, first=date(2025, 1, 1).toordinal())
    first, last = date(2024, 12, 23).toordinal(), date(2025, 1, 6).toordinal()
    [share] = shares_of(first, last, [stretch("2024-12-23")], (), calendar)
    assert (share.working, share.rest) == (10, 4)
