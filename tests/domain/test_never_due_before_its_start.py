"""No limit is due before it has started to count, however short it is, a limit of nothing among them."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.calendar import Calendar, DayRule, WeeklyHours
from app.domain.counting import due_in_time, due_instant, last_day, limit_end, start_day
from app.domain.events import MOMENT
from app.domain.items import Count, DueTime, EndRule, StartRule
from app.domain.moment_account import open_account
from app.domain.spans import ClockState
from app.domain.units import MICROSECONDS, Limit, Unit
from tests.builders.domain import a_clock, a_count, a_history, an_item, day, instant, text_of, wall

OFFICE: WeeklyHours = (*((((510, 1020),),) * 5), (), ())  # 08:30 to 17:00
LUNCH: WeeklyHours = (*((((540, 720), (810, 1020)),) * 4), ((540, 720),), (), ())
ALWAYS: WeeklyHours = (((0, 1440),),) * 7
WORKING_TIME = tuple(MICROSECONDS)
TUESDAY = "2025-03-04 08:30"
BASE = datetime(2025, 3, 3, tzinfo=UTC)
RESTS = {day("2025-03-05"): DayRule(False), day("2025-03-08"): DayRule(True), day("2025-03-10"): DayRule(False)}

starts = st.one_of(
    st.integers(0, 14 * 1440).map(lambda minute: BASE + timedelta(minutes=minute)),
    st.sampled_from([day(f"2025-03-{place:02}") for place in range(3, 18)]).flatmap(
        lambda on: st.sampled_from([0, 510, 540, 720, 810, 1020]).map(
            lambda minute: (
                datetime.combine(date.fromordinal(on), datetime.min.time(), ZoneInfo("Asia/Shanghai")).astimezone(UTC)
                + timedelta(minutes=minute)
            )
        )
    ),
)
"""Two weeks with rest days and a make-up day, and the edges of the hours on each of their days."""


def office(hours: WeeklyHours) -> Calendar:
    return Calendar("X", 1, ZoneInfo("Asia/Shanghai"), days=RESTS, weekly_hours=hours)


def ends(limit: Limit, start: datetime, calendar: Calendar, count: Count) -> tuple[datetime, datetime]:
    """Where the count begins and where it ends, by bare arithmetic."""
    if limit.unit in MICROSECONDS:
        begun = calendar.working_time.first_moment(start)
        return begun, due_in_time(start, limit.amount, limit.unit, calendar, count)
    on, moment = start_day(start, calendar, count, limit.unit)
    last = last_day(on, limit.amount, limit.unit, calendar, count)
    return calendar.midnight(on), due_instant(last, moment, calendar, count)


@settings(max_examples=400, deadline=None)
@given(
    start=starts,
    amount=st.just(0) | st.integers(0, 12),
    unit=st.sampled_from(Unit),
    rules=st.sampled_from(tuple(product(StartRule, EndRule, DueTime))),
    hours=st.sampled_from([OFFICE, LUNCH, ALWAYS]),
    suspended=st.none() | st.tuples(st.integers(-3, 16), st.integers(1, 9)),
)
def test_no_limit_is_due_before_its_own_start(
    start: datetime,
    amount: int,
    unit: Unit,
    rules: tuple[StartRule, EndRule, DueTime],
    hours: WeeklyHours,
    suspended: tuple[int, int] | None,
) -> None:
    calendar, limit, count = office(hours), Limit(amount, unit), Count(*rules)
    begun, end = ends(limit, start, calendar, count)
    assert end >= begun
    begun, _ = ends(limit, start, calendar, Count.default(unit))
    assert limit_end(start, limit, calendar) >= begun
    first = day("2025-03-03")
    ahead = [] if suspended is None else [(first + suspended[0], first + sum(suspended))]
    event = (MOMENT, start, calendar.day_of(start), "accepted", False, None, "", 0)
    account = open_account(a_clock("own", amount, unit, count=count), calendar, event, ahead=ahead)
    assert account.due_at is not None
    assert account.due_at >= account.started_at


@pytest.mark.parametrize("unit", WORKING_TIME)
@pytest.mark.parametrize("rule", ["keep", "roll_forward"])
@pytest.mark.parametrize(
    ("start", "end"),
    [
        (TUESDAY, TUESDAY),  # at the opening: not at 17:00 of Monday
        ("2025-03-04 10:15", "2025-03-04 10:15"),
        ("2025-03-04 17:00", "2025-03-06 08:30"),  # at closing time before a rest day
        ("2025-03-09 12:00", "2025-03-11 08:30"),  # a Sunday, and a rest day after it
    ],
)
def test_a_limit_of_no_working_time_ends_at_the_first_working_moment_from_its_start_on(
    unit: Unit, rule: str, start: str, end: str
) -> None:
    count = a_count(unit, end=rule)
    assert wall(due_in_time(instant(start), 0, unit, office(OFFICE), count)) == end
    history = a_history(an_item(a_clock("own", 0, unit, count=count)), office(OFFICE)).received(start).accepted(start)
    clock = history.clock("own", "2025-03-12")
    assert (wall(clock.started_at), wall(clock.due_at), text_of(clock.due_on)) == (end, end, end[:10])


def test_what_is_taken_out_moves_no_limit_of_nothing() -> None:
    taken_out = [(instant("2025-03-03 09:00"), instant("2025-03-07 09:00"))]
    count = a_count(Unit.WORKING_HOUR)
    assert wall(due_in_time(instant(TUESDAY), 0, Unit.WORKING_HOUR, office(OFFICE), count, taken_out)) == TUESDAY
    assert wall(due_in_time(instant(TUESDAY), 1, Unit.WORKING_HOUR, office(OFFICE), count, taken_out)) == (
        "2025-03-07 10:00"
    )
    held = a_history(an_item(a_clock("own", 0, Unit.WORKING_HOUR, pauses_for=frozenset({"hearing"}))), office(OFFICE))
    held = held.received(TUESDAY).accepted(TUESDAY).paused(TUESDAY)
    clock = held.clock("own", "2025-03-04 09:00")
    assert (clock.state, wall(clock.due_at)) == (ClockState.RUNNING, TUESDAY)


def test_a_limit_of_no_working_time_that_is_extended_runs_from_its_start() -> None:
    rule = a_clock("own", 0, Unit.WORKING_HOUR, extension=(2, 1))
    history = a_history(an_item(rule), office(OFFICE)).received(TUESDAY).accepted(TUESDAY)
    assert wall(history.extended(TUESDAY, 2, clock="own").clock("own", TUESDAY).due_at) == "2025-03-04 10:30"
