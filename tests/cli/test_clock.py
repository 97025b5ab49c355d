"""A corrected clock closes the gate; an operator's word opens it, and is on record."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.access.models import AuditEntry
from app.cli.clock import accept_clock
from app.kit.now import ClockGate, ClockGateClosed, Now, read_clocks
from app.kit.service import Service
from app.kit.settings import Settings

AHEAD = timedelta(days=3)


async def test_an_operator_opens_the_gate_that_a_correction_closed(service: Service, settings: Settings) -> None:
    def ahead() -> tuple[datetime, timedelta, str]:
        wall, elapsed, boot = read_clocks()
        return wall + AHEAD, elapsed, boot

    async with service.db.transaction() as tx:
        await ClockGate(Now(), read=ahead).accept(tx)  # what was stored before the clock was set back
    gate = ClockGate(Now())
    with pytest.raises(ClockGateClosed):
        async with service.db.transaction() as tx:
            await gate.trusted_now(tx)

    await accept_clock(settings, "operator-7")

    for _ in range(3):
        try:
            async with service.db.transaction() as tx:
                trusted = await gate.trusted_now(tx)
        except ClockGateClosed:
            continue
    assert abs(trusted - datetime.now(UTC)) < timedelta(minutes=1)  # noqa: TID251  the real clock is what is judged
    async with service.db.read() as tx:
        assert (await tx.execute(select(AuditEntry.action, AuditEntry.object))).all() == [
            ("accept_clock", "operator-7")
        ]
