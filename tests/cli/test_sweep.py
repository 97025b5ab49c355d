"""`shixian sweep --once` as an operator runs it."""

from collections.abc import Mapping
from datetime import UTC, datetime

import httpx2
import pytest

from app.alarms.queries import AlarmKey
from app.alarms.sweep import Swept
from app.cli import sweep
from app.kit.now import ClockGate, ClockGateClosed
from app.kit.service import Service
from tests.builders.applications import Counter


def test_each_alarm_is_a_line_and_the_last_line_counts(capsys: pytest.CaptureFixture[str]) -> None:
    key = AlarmKey("Q0QJ-WRBA-61TW-PZ", "promise", "", 0, 1)
    sweep.tell(Swept(datetime(2026, 11, 2, tzinfo=UTC), raised=(key, key._replace(stage="review", rung=2))))
    assert capsys.readouterr().out.splitlines() == [
        "raised\tQ0QJ-WRBA-61TW-PZ\tpromise\t-\toverdue\trevision 1",
        "raised\tQ0QJ-WRBA-61TW-PZ\tpromise\treview\trung 2\trevision 1",
        "2 raised, 0 withdrawn, 0 set aside",
    ]


async def test_one_sweep_prints_what_it_flagged(
    service: Service, client: httpx2.AsyncClient, keys: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    counter = Counter(client, keys)
    await counter.publish()
    received = await counter.receive()
    later = service.settings.model_copy(update={"clock_start": datetime(2026, 11, 20, tzinfo=UTC)})
    assert await sweep.sweep_once(later) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"raised\t{received['tracking_number']}\tnotice\t-\toverdue\trevision 1" in lines
    assert await sweep.sweep_once(later) == 0
    assert capsys.readouterr().out.splitlines() == ["0 raised, 0 withdrawn, 0 set aside"]


async def test_a_clock_that_jumped_raises_nothing(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def closed(gate: ClockGate, tx: object) -> datetime:
        raise ClockGateClosed("the wall clock jumped by +259200.0 s since the last look")

    monkeypatch.setattr(ClockGate, "trusted_now", closed)
    assert await sweep.sweep_once(service.settings) == sweep.NOT_ALL
    assert "jumped by +259200.0 s" in capsys.readouterr().err
