"""The source of now, a set clock, and the gate that a jumped clock closes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.kit.db import Database
from app.kit.now import (
    ClockGate,
    ClockGateClosed,
    ClockReading,
    Now,
    Readings,
    ServiceClock,
    Stored,
    judge,
    read_clocks,
)
from app.kit.now import settle_clock as settle
from app.kit.settings import SettingsError

AT = datetime(2026, 11, 2, 1, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
UP = timedelta(days=5)


def readings(
    wall: timedelta = timedelta(0), up: timedelta | None = None, boot: str = "b", **rest: datetime
) -> Readings:
    """Clocks that went on by `wall` on the wall and by `up` since boot."""
    return Readings(AT + wall, UP + (wall if up is None else up), boot, rest.get("database"))


def test_an_outage_of_three_days_passes() -> None:
    stored = Stored(AT, AT, UP)
    assert judge(readings(3 * DAY), None, stored) is None


def test_a_jump_of_three_days_does_not() -> None:
    assert judge(readings(3 * DAY, up=30 * SECOND), readings(), Stored(AT, AT, UP)) is not None


def test_a_jump_across_a_restart_of_the_process_does_not_pass_either() -> None:
    assert judge(readings(3 * DAY, up=30 * SECOND), None, Stored(AT, AT, UP)) is not None


def test_a_suspended_machine_passes_since_suspension_counts_as_time() -> None:
    assert judge(readings(timedelta(hours=8)), readings(), Stored(AT, AT, UP)) is None


@pytest.mark.parametrize(("seconds", "trusted"), [(-6, False), (-5, True), (0, True), (3600, True)])
def test_after_a_new_boot_only_the_highest_instant_seen_can_tell(seconds: int, trusted: bool) -> None:
    after_boot = readings(seconds * SECOND, up=timedelta(0), boot="c")
    assert (judge(after_boot, None, Stored(AT)) is None) is trusted


@pytest.mark.parametrize(("seconds", "trusted"), [(-6, False), (-5, True), (5, True), (6, False)])
def test_the_process_and_the_database_may_not_be_far_apart(seconds: int, trusted: bool) -> None:
    assert (judge(readings(database=AT + seconds * SECOND), None, Stored()) is None) is trusted


@pytest.mark.parametrize(("seconds", "trusted"), [(-2.1, False), (-2, True), (2, True), (2.1, False)])
def test_between_two_looks_wall_and_boot_time_go_on_alike(seconds: float, trusted: bool) -> None:
    later = readings(timedelta(seconds=30 + seconds), up=30 * SECOND)
    assert (judge(later, readings(), Stored()) is None) is trusted


@given(st.lists(st.integers(1, 10**6), max_size=20))
def test_steady_clocks_are_always_trusted(steps: list[int]) -> None:
    gone, previous, stored = 0, None, Stored()
    for step in steps:
        gone += step
        now = readings(gone * SECOND)
        assert judge(now, previous, stored) is None
        previous, stored = now, Stored(now.wall, now.wall, now.elapsed)


def test_the_real_clocks_are_trusted() -> None:
    wall, elapsed, boot = read_clocks()
    assert boot
    assert elapsed > timedelta(0)
    assert (
        judge(Readings(wall, elapsed, boot, None), Readings(wall, elapsed, boot, None), Stored(wall, wall, elapsed))
        is None
    )


class Clocks:
    """Real clocks in the hands of a test."""

    def __init__(self, wall: datetime) -> None:
        self.wall = wall
        self.up = UP

    def go(self, by: timedelta) -> None:
        self.wall += by
        self.up += by

    def __call__(self) -> tuple[datetime, timedelta, str]:
        return self.wall, self.up, "boot"


async def look(gate: ClockGate, database: Database) -> datetime:
    async with database.transaction() as tx:
        return await gate.trusted_now(tx)


def clocks_of(database: Database) -> Clocks:
    """Clocks that agree with the database's, which on PostgreSQL is a clock of its own."""
    return Clocks(Now().now() if database.dialect == "postgresql" else AT)


async def test_the_gate_is_open_and_gives_the_shifted_instant(database: Database) -> None:
    clocks = clocks_of(database)
    trusted = await look(ClockGate(Now(3 * DAY), clocks), database)
    assert abs(trusted - clocks.wall - 3 * DAY) < 5 * SECOND


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_a_jump_closes_the_gate_until_three_good_looks_after_it_was_undone(database: Database) -> None:
    clocks = clocks_of(database)
    gate = ClockGate(Now(), clocks)
    await look(gate, database)
    clocks.wall += 3 * DAY
    for _ in range(5):
        clocks.go(30 * SECOND)
        with pytest.raises(ClockGateClosed, match=r"jumped|moved"):
            await look(gate, database)
    clocks.wall -= 3 * DAY
    for _ in range(3):  # the jump back, then two good looks
        clocks.go(30 * SECOND)
        with pytest.raises(ClockGateClosed):
            await look(gate, database)
    clocks.go(30 * SECOND)
    assert await look(gate, database) == clocks.wall
    assert gate.reason is None


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_a_jump_while_the_process_was_down_is_found_by_the_next_one(database: Database) -> None:
    clocks = clocks_of(database)
    await look(ClockGate(Now(), clocks), database)
    clocks.go(60 * SECOND)
    clocks.wall += 3 * DAY
    with pytest.raises(ClockGateClosed):
        await look(ClockGate(Now(), clocks), database)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_an_operator_may_vouch_for_a_corrected_clock(database: Database) -> None:
    clocks = clocks_of(database)
    gate = ClockGate(Now(), clocks)
    await look(gate, database)
    clocks.wall -= 3 * DAY
    with pytest.raises(ClockGateClosed):
        await look(gate, database)
    async with database.transaction() as tx:
        await gate.accept(tx)
    clocks.go(30 * SECOND)
    assert await look(gate, database) == clocks.wall


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
async def test_a_process_whose_clock_is_far_from_the_database_s_raises_no_alarm(database: Database) -> None:
    with pytest.raises(ClockGateClosed, match="database"):
        await look(ClockGate(Now(), Clocks(Now().now() + DAY)), database)


async def test_a_good_look_is_remembered_once_a_minute(database: Database) -> None:
    clocks = clocks_of(database)
    gate = ClockGate(Now(), clocks)
    await look(gate, database)
    async with database.read() as tx:
        kept = (await tx.execute(select(ServiceClock.high_water))).scalar_one()
        pair = (await tx.execute(select(ClockReading.boot, ClockReading.wall))).one()
    assert (kept, pair) == (clocks.wall, ("boot", clocks.wall))


async def settle_at(
    database: Database, start: str | None, *, production: bool = False, last: datetime | None = None
) -> timedelta:
    async with database.transaction() as tx:
        clock_start = None if start is None else datetime.fromisoformat(start)
        return await settle(tx, clock_start=clock_start, production=production, last_record=last)


async def test_a_set_clock_goes_on_with_the_same_value_and_jumps_with_a_later_one(database: Database) -> None:
    assert await settle_at(database, None) == timedelta(0)
    first = await settle_at(database, "2030-01-01T00:00:00+08:00")
    assert abs(Now(first).now() - datetime(2029, 12, 31, 16, tzinfo=UTC)) < 5 * SECOND
    assert await settle_at(database, "2030-01-01T00:00:00+08:00") == first
    assert await settle_at(database, None) == first  # a command without the setting lives by the same clock
    second = await settle_at(database, "2030-01-11T00:00:00+08:00", last=datetime(2030, 1, 5, tzinfo=UTC))
    assert abs(second - first - 10 * DAY) < 5 * SECOND
    assert await settle_at(database, None) == second


async def test_a_set_clock_before_the_last_record_is_refused(database: Database) -> None:
    last = datetime(2030, 1, 5, tzinfo=UTC)
    with pytest.raises(SettingsError, match="last record"):
        await settle_at(database, "2030-01-04T00:00:00+00:00", last=last)
    assert await settle_at(database, None) == timedelta(0)


async def test_a_database_that_lived_by_a_set_clock_is_refused_in_production(database: Database) -> None:
    await settle_at(database, "2030-01-01T00:00:00+08:00")
    with pytest.raises(SettingsError, match="production"):
        await settle_at(database, None, production=True)


def test_the_time_may_be_held() -> None:
    now = Now(source=lambda: AT)
    assert (now.now(), now.shifted(AT + DAY)) == (AT, AT)
