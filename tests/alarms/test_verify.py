"""Alarms are held against the histories from which they follow."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.alarms.models import Alarm
from app.alarms.sweep import Sweeper
from app.kit.service import Service
from app.proof.verify import Asked, verify_all
from tests.builders.applications import Counter
from tests.conftest import Hands

DAY = timedelta(days=1)
OVERDUE = Alarm.kind == "overdue"


@pytest.fixture
async def number(counter: Counter, service: Service, hands: Hands) -> str:
    """An application of which a warning and the end of its notice were crossed and found."""
    number: str = (await counter.receive())["tracking_number"]
    hands.advance(12 * DAY)
    await Sweeper(service).sweep()
    return number


async def found(service: Service, number: str | None = None) -> tuple[str, str] | None:
    """Number and kind of what is wrong, if anything is."""
    verdict = await verify_all(service.db, service.sealer, Asked(number=number))
    return None if verdict.first is None else (verdict.first.number, verdict.first.kind)


async def taken_away(tx: AsyncConnection) -> None:
    await tx.execute(delete(Alarm).where(OVERDUE))


async def moved(tx: AsyncConnection) -> None:
    await tx.execute(update(Alarm).where(OVERDUE).values(crossed_at=Alarm.detected_at))


async def withdrawn(tx: AsyncConnection) -> None:
    await tx.execute(update(Alarm).where(OVERDUE).values(withdrawn={"at": "2026-11-14T00:00:00Z", "cause": "amend"}))


async def given_to_another(tx: AsyncConnection) -> None:
    await tx.execute(update(Alarm).where(OVERDUE).values(department="D9"))


async def made_a_warning(tx: AsyncConnection) -> None:
    await tx.execute(update(Alarm).where(OVERDUE).values(kind="warning"))


async def put_in(tx: AsyncConnection) -> None:
    row = dict((await tx.execute(Alarm.__table__.select().where(OVERDUE))).mappings().one())
    await tx.execute(insert(Alarm), {**row, "clock": "promise", "id": "forged"})


@pytest.mark.parametrize("tamper", [taken_away, moved, withdrawn, given_to_another, made_a_warning, put_in])
async def test_an_alarm_that_was_changed_by_another_hand_is_found(
    number: str, service: Service, tamper: Callable[[AsyncConnection], object]
) -> None:
    assert await found(service) is None
    async with service.db.transaction() as tx:
        await tamper(tx)  # type: ignore[misc]
    assert await found(service) == (number, "alarms")
    assert await found(service, number) == (number, "alarms")


async def test_what_the_sweep_has_not_looked_at_yet_is_no_fault(
    number: str, counter: Counter, service: Service, sweeper: Sweeper, hands: Hands
) -> None:
    await counter.receive()
    hands.advance(30 * DAY)
    assert await found(service) is None
    await counter.step(number, "accept")
    assert await found(service) is None
    await sweeper.sweep()
    assert await found(service) is None
