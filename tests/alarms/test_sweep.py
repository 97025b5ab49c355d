"""The sweep on real databases: each crossing once, at its true instant, however late and often it is looked for."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.alarms import sweep as sweeping
from app.alarms.models import Alarm, Sweep
from app.alarms.queries import swept_at
from app.alarms.reconcile import Outcome, reconcile
from app.alarms.sweep import Sweeper, SweepStalled
from app.applications.models import Application
from app.kit.db import Unavailable
from app.kit.now import ClockGateClosed
from app.kit.service import Service
from tests.builders.applications import Counter
from tests.conftest import Hands

Json = dict[str, Any]  # a JSON object


async def alarms(service: Service, number: str | None = None) -> list[tuple[str, str, int, int, datetime, bool]]:
    wanted = select(Alarm.number, Alarm.clock, Alarm.rung, Alarm.revision, Alarm.crossed_at, Alarm.late)
    wanted = wanted.where(Alarm.withdrawn.is_(None)).order_by(Alarm.crossed_at, Alarm.clock, Alarm.rung)
    async with service.db.read() as tx:
        rows = (await tx.execute(wanted)).all()
    return [
        (of, clock, rung, revision, at, late) for of, clock, rung, revision, at, late in rows if number in (None, of)
    ]


def clock_of(application: Json, kind: str = "notice") -> Json:
    clock: Json = next(clock for clock in application["clocks"] if clock["kind"] == kind)
    return clock


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


async def test_nothing_is_raised_before_a_rung_is_reached(
    counter: Counter, sweeper: Sweeper, service: Service, hands: Hands
) -> None:
    received = await counter.receive()
    hands.set(instant(clock_of(received)["warnings"][0]["at"]) - timedelta(microseconds=1))
    swept = await sweeper.sweep()
    assert swept.raised == ()
    assert await alarms(service) == []


async def test_each_rung_is_raised_once_at_its_true_instant(
    counter: Counter, sweeper: Sweeper, service: Service, hands: Hands
) -> None:
    received = await counter.receive()
    number, clock = received["tracking_number"], clock_of(received)
    warning, due = instant(clock["warnings"][0]["at"]), instant(clock["due_at"])
    hands.set(warning)
    await sweeper.sweep()
    assert await alarms(service) == [(number, "notice", 1, 1, warning, False)]
    hands.set(due + timedelta(seconds=20))
    for _ in range(3):
        await sweeper.sweep()
    assert await alarms(service) == [
        (number, "notice", 1, 1, warning, False),
        (number, "notice", 0, 1, due, False),
    ]


async def test_after_three_days_without_a_sweep_every_crossing_has_its_own_second_and_is_late(
    counter: Counter, sweeper: Sweeper, service: Service, hands: Hands
) -> None:
    received = [await counter.receive() for _ in range(3)]
    due = instant(clock_of(received[0])["due_at"])
    hands.set(due + timedelta(days=3))
    swept = await sweeper.sweep()
    assert len(swept.raised) == 6
    found = await alarms(service)
    assert {row[4] for row in found} == {due, instant(clock_of(received[0])["warnings"][0]["at"])}
    assert all(row[5] for row in found)


async def test_two_intervals_after_the_crossing_is_not_late_yet(
    counter: Counter, sweeper: Sweeper, service: Service, hands: Hands
) -> None:
    received = await counter.receive()
    warning = instant(clock_of(received)["warnings"][0]["at"])
    hands.set(warning + 2 * sweeper.interval)
    await sweeper.sweep()
    assert [row[5] for row in await alarms(service)] == [False]
    due = instant(clock_of(received)["due_at"])
    hands.set(due + 2 * sweeper.interval + timedelta(microseconds=1))
    await sweeper.sweep()
    assert [row[5] for row in await alarms(service)] == [False, True]


async def test_what_was_finished_in_time_but_recorded_late_raises_nothing(
    counter: Counter, sweeper: Sweeper, service: Service, hands: Hands
) -> None:
    received = await counter.receive()
    number, clock = received["tracking_number"], clock_of(received)
    due = instant(clock["due_at"])
    hands.set(due + timedelta(days=1))
    await counter.step(
        number,
        "accept",
        occurred_at=(due - timedelta(seconds=1)).isoformat(),
        late_reason="系统故障",
        actor="张三",
        approver="局长",
    )
    await sweeper.sweep()
    assert [row[2] for row in await alarms(service) if row[1] == "notice"] == [1], "the warning, not the delay"


async def test_what_was_finished_after_its_end_keeps_its_alarm(
    counter: Counter, sweeper: Sweeper, service: Service, hands: Hands
) -> None:
    received = await counter.receive()
    due = instant(clock_of(received)["due_at"])
    hands.set(due + timedelta(seconds=1))
    await counter.step(received["tracking_number"], "accept")
    await sweeper.sweep()
    assert (received["tracking_number"], "notice", 0, 1, due, False) in await alarms(service)


async def test_a_late_entry_withdraws_the_alarm_and_says_why(
    counter: Counter, sweeper: Sweeper, service: Service, hands: Hands
) -> None:
    received = await counter.receive()
    number, due = received["tracking_number"], instant(clock_of(received)["due_at"])
    hands.set(due + timedelta(minutes=1))
    await sweeper.sweep()
    assert (number, "notice", 0, 1, due, False) in await alarms(service)
    hands.advance(timedelta(hours=1))
    await counter.step(
        number,
        "accept",
        occurred_at=(due - timedelta(hours=2)).isoformat(),
        late_reason="系统故障",
        actor="张三",
        approver="局长",
    )
    swept = await sweeper.sweep()
    assert [key.rung for key in swept.withdrawn] == [0]
    assert [row[2] for row in await alarms(service, number) if row[1] == "notice"] == [1]
    answer = await counter.client.get("/api/v1/alarms", params={"tracking_number": number}, headers=counter.headers())
    withdrawn = next(row for row in answer.json()["items"] if row["withdrawn"] is not None)
    assert withdrawn["kind"] == "overdue"
    assert withdrawn["withdrawn"]["cause"] == "late_entry"
    assert instant(withdrawn["withdrawn"]["at"]) == hands.now()
    assert (await sweeper.sweep()).withdrawn == ()


async def test_a_lawful_pause_after_the_warning_leaves_it_and_warns_again_before_the_new_end(
    counter: Counter, sweeper: Sweeper, service: Service, hands: Hands
) -> None:
    number = (await counter.receive())["tracking_number"]
    accepted = (await counter.step(number, "accept"))["application"]
    warning = instant(clock_of(accepted, "promise")["warnings"][0]["at"])
    hands.set(warning + timedelta(hours=1))
    await sweeper.sweep()
    pause = {
        "ground": "hearing",
        "legal_basis": "行政许可法第四十五条",
        "announced": {"amount": 5, "unit": "working_day"},
        "approver": "局长",
    }
    await counter.step(number, "pause", **pause)
    hands.advance(timedelta(days=60))
    swept = await sweeper.sweep()
    assert swept.withdrawn == ()
    promise = [row for row in await alarms(service, number) if row[1] == "promise"]
    assert [(rung, revision) for _, _, rung, revision, _, _ in promise] == [(1, 1), (1, 2), (0, 2)]
    assert promise[0][4] == warning


async def test_the_sweep_looks_again_only_when_something_falls_due(
    counter: Counter, sweeper: Sweeper, service: Service, hands: Hands
) -> None:
    received = await counter.receive()
    number, clock = received["tracking_number"], clock_of(received)

    async def look() -> datetime | None:
        async with service.db.read() as tx:
            return (await tx.execute(select(Application.next_look_at).where(Application.number == number))).scalar()

    assert await look() == instant(clock["warnings"][0]["at"])
    hands.set(clock["warnings"][0]["at"])
    await sweeper.sweep()
    assert await look() == instant(clock["due_at"])
    hands.set(clock["due_at"])
    await sweeper.sweep()
    assert await look() == instant(clock_of(received, "statutory")["warnings"][0]["at"])


async def test_three_sweepers_at_once_raise_each_alarm_once(
    counter: Counter, service: Service, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 3)
    received = [await counter.receive() for _ in range(10)]
    hands.set(clock_of(received[0])["due_at"])
    sweepers = [Sweeper(service) for _ in range(3)]
    done = await asyncio.gather(*(sweeper.sweep() for sweeper in sweepers))
    raised = [key for swept in done for key in swept.raised]
    assert len(raised) == len(set(raised)) == 20
    assert len(await alarms(service)) == 20


async def test_a_poisoned_application_is_set_aside_and_keeps_nobody_from_their_alarms(
    counter: Counter, sweeper: Sweeper, service: Service, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    received = [(await counter.receive())["tracking_number"] for _ in range(4)]
    poisoned = received[1]
    real = reconcile

    async def reconcile_or_choke(tx: Any, numbers: list[str], **more: Any) -> Any:
        if poisoned in numbers:
            raise ZeroDivisionError(poisoned)
        return await real(tx, numbers, **more)

    monkeypatch.setattr(sweeping, "reconcile", reconcile_or_choke)
    hands.advance(timedelta(days=20))
    swept = await sweeper.sweep()
    assert swept.quarantined == (poisoned,)
    assert {key.number for key in swept.raised} == set(received) - {poisoned}
    assert b"shixian_sweep_quarantined 1.0" in service.metrics.text()
    assert (await sweeper.sweep()).quarantined == (), "it rests"

    monkeypatch.setattr(sweeping, "reconcile", real)
    hands.advance(sweeping.SET_ASIDE)
    swept = await sweeper.sweep()
    assert {key.number for key in swept.raised} == {poisoned}
    async with service.db.read() as tx:
        aside = select(Application.number).where(Application.quarantined_at.is_not(None))
        assert (await tx.execute(aside)).first() is None
    assert b"shixian_sweep_quarantined 0.0" in service.metrics.text()


async def test_a_lost_database_sets_nobody_aside(
    counter: Counter, sweeper: Sweeper, service: Service, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    await counter.receive()
    hands.advance(timedelta(days=20))

    async def lose(tx: Any, numbers: list[str], **more: Any) -> Any:
        raise Unavailable("the connection was lost")

    monkeypatch.setattr(sweeping, "reconcile", lose)
    with pytest.raises(Unavailable):
        await sweeper.sweep()
    monkeypatch.setattr(sweeping, "reconcile", reconcile)
    assert len((await sweeper.sweep()).raised) == 2


async def test_a_batch_is_all_or_nothing(
    counter: Counter, sweeper: Sweeper, service: Service, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    await counter.receive()
    hands.advance(timedelta(days=20))

    async def half(tx: Any, numbers: list[str], **more: Any) -> Any:
        await reconcile(tx, numbers, **more)
        raise Unavailable("the connection was lost after the insert")

    monkeypatch.setattr(sweeping, "reconcile", half)
    with pytest.raises(Unavailable):
        await sweeper.sweep()
    assert await alarms(service) == []


async def test_a_look_that_does_not_move_ends_the_sweep(
    counter: Counter, sweeper: Sweeper, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 1)
    await counter.receive()
    hands.advance(timedelta(days=20))

    async def idle(tx: Any, numbers: list[str], **more: Any) -> Any:
        return Outcome((), ())

    monkeypatch.setattr(sweeping, "reconcile", idle)
    with pytest.raises(SweepStalled):
        await sweeper.sweep()


async def test_a_closed_clock_gate_raises_nothing_and_finishes_no_sweep(
    counter: Counter, sweeper: Sweeper, service: Service, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    await counter.receive()
    hands.advance(timedelta(days=20))

    async def closed(tx: Any) -> datetime:
        raise ClockGateClosed("the wall clock jumped by +259200.0 s since the last look")

    monkeypatch.setattr(service.gate, "trusted_now", closed)
    with pytest.raises(ClockGateClosed):
        await sweeper.sweep()
    assert await alarms(service) == []
    async with service.db.read() as tx:
        assert await swept_at(tx) is None


async def test_a_finished_sweep_says_when(sweeper: Sweeper, service: Service, hands: Hands) -> None:
    await sweeper.sweep()
    hands.advance(timedelta(seconds=30))
    await sweeper.sweep()
    async with service.db.read() as tx:
        assert await swept_at(tx) == hands.now()


async def test_the_row_of_a_sweeper_that_has_gone_is_forgotten(service: Service, hands: Hands) -> None:
    gone = Sweeper(service)
    gone.name = "gone"
    await gone.sweep()
    hands.advance(timedelta(days=8))
    await Sweeper(service).sweep()
    async with service.db.read() as tx:
        assert (await tx.execute(select(Sweep.sweeper))).scalars().all() != ["gone"]


async def test_a_lost_alarm_comes_back_when_it_is_looked_for(
    counter: Counter, sweeper: Sweeper, service: Service, hands: Hands
) -> None:
    number = (await counter.receive())["tracking_number"]
    hands.advance(timedelta(days=20))
    await sweeper.sweep()
    known = await alarms(service)
    async with service.db.transaction() as tx:
        await tx.execute(Alarm.__table__.delete().where(Alarm.rung == 0))  # type: ignore[attr-defined]  # a Table
        await tx.execute(update(Application).where(Application.number == number).values(next_look_at=hands.now()))
    await sweeper.sweep()
    assert [row[:5] for row in await alarms(service)] == [row[:5] for row in known]
