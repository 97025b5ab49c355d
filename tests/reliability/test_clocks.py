"""One of three replicas has a clock that jumps, or that is wrong when it starts: it raises nothing and says why."""

import contextlib
import os
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.reliability.load import AUTUMN_2025, Hall
from tests.reliability.oracle import Acked, judge
from tests.reliability.processes import House, ask
from tests.reliability.reading import alarms_of, collect, open_hall, time_of
from tests.reliability.reckoning import BEIJING
from tests.reliability.shim import replica
from tests.support import databases

Json = dict[str, Any]  # a JSON object

THREE_DAYS, AN_HOUR = 3 * 86400, 3600
START = "2025-10-13T10:00:00+08:00"
FULL = os.environ.get("SHIXIAN_TEST_FAULTS") == "full"


def cases(*short: tuple[str, int]) -> pytest.MarkDecorator:
    """On both databases a clock that is ahead and one that is behind; in the short form only some of these."""
    chosen = [(kind, error) for kind in databases.chosen() for error in (THREE_DAYS, -AN_HOUR)] if FULL else short
    names = {THREE_DAYS: "three-days-ahead", -AN_HOUR: "an-hour-behind"}
    return pytest.mark.parametrize(
        ("dialect", "error"), chosen, indirect=["dialect"], ids=[f"{kind}-{names[error]}" for kind, error in chosen]
    )


def receive(hall: Hall, dues: Sequence[timedelta]) -> None:
    """Applications with ends of their own, so long after now."""
    now = time_of(hall.ports[0])
    for due in dues:
        operation = hall.number()
        body: Json = {
            "item": "hall",
            "applicant": {"name": "张三"},
            "channel": "window",
            "subject": f"op {operation}",
            "fixed_due": {"licence": (now + due).isoformat()},
            "fixed_due_basis": "行政许可法 第五十条",
        }
        hall.sent.add(operation)
        status, made, _ = ask(hall.ports[0], "POST", "/api/v1/applications", body, {"Idempotency-Key": f"c{operation}"})
        assert status == 201, made
        hall.acked[operation] = Acked(made["tracking_number"], 1, None)


def overdue(port: int) -> list[Json]:
    """The alarms of ends that have passed."""
    return [alarm for alarm in alarms_of(port) if alarm["kind"] == "overdue"]


def wait_for_alarms(port: int, seconds: float) -> None:
    """Wait until what falls due within these seconds, and two sweeps, have passed."""
    until = time_of(port) + timedelta(seconds=seconds)
    while time_of(port) < until:
        time.sleep(0.3)


def reason_of(refused: Json) -> str:
    """Why a replica is not to be asked."""
    [clock] = [check for check in refused["checks"] if check["name"] == "clock"]
    assert clock["state"] == "failed"
    assert clock["detail"] in refused["detail"]
    return str(clock["detail"])


@pytest.mark.faults
@cases(("postgresql", THREE_DAYS), ("sqlite", -AN_HOUR))
def test_a_replica_whose_clock_jumps_raises_no_alarm_and_says_why_while_the_others_go_on(
    house: House, dialect: str, error: int
) -> None:
    house.more = {"SHIXIAN_CLOCK_START": START, "SHIXIAN_SWEEP_SECONDS": "1"}
    with contextlib.ExitStack() as stack:
        wrong = stack.enter_context(replica(house.environment, house.folder, "wrong"))
        names = [] if dialect == "sqlite" else ["second", "third"]
        others = [stack.enter_context(replica(house.environment, house.folder, name)) for name in names]
        for each in (wrong, *others):
            each.wait_for(200)
        ports = [each.port for each in others] or [wrong.port]
        open_hall(ports[0])
        hall = Hall(ports, timedelta())
        receive(hall, [timedelta(seconds=1 + place / 10) for place in range(20)])
        receive(hall, [timedelta(hours=1 + place) for place in range(70)])
        wait_for_alarms(ports[0], 6)
        assert len(overdue(ports[0])) == 20

        receive(hall, [timedelta(seconds=4 + place / 10) for place in range(20)])
        raised = wrong.figure("alarms_raised_total")
        wrong.set_ahead(error)
        reason = reason_of(wrong.wait_for(503, check="clock"))
        assert "jumped by" in reason
        if others:
            wait_for_alarms(ports[0], 10)
            assert len(overdue(ports[0])) == 40, "the others go on"
            assert [each.ask("/readyz")[0] for each in others] == [200, 200]
        else:
            time.sleep(10)
        assert wrong.figure("alarms_raised_total") == raised
        assert wrong.figure("sweeps_refused_total") > 3
        assert wrong.ask("/readyz")[0] == 503

        wrong.set_ahead(0)
        wrong.wait_for(200)
        swept_at = time_of(ports[0])
        wait_for_alarms(ports[0], 4)
        answers = collect(ports[0], hall, AUTUMN_2025, swept_at=swept_at, sweep_seconds=1)
        assert judge(answers) == []
        assert sum(alarm["kind"] == "overdue" for alarm in answers.alarms) == 40
        assert max(datetime.fromisoformat(alarm["crossed_at"]) for alarm in answers.alarms) < swept_at


@pytest.mark.faults
@cases(("postgresql", -AN_HOUR))
def test_a_replica_that_starts_with_a_wrong_clock_raises_no_alarm_and_says_why(
    house: House, dialect: str, error: int
) -> None:
    """The database's clock tells it on PostgreSQL, on SQLite what an earlier process of this boot has left."""
    house.more = {"SHIXIAN_SWEEP_SECONDS": "1"}
    with replica(house.environment, house.folder, "right") as right:
        right.wait_for(200)
        open_hall(right.port)
        hall = Hall([right.port], timedelta())
        receive(hall, [timedelta(hours=1 + place) for place in range(70)])
        if dialect == "postgresql":
            reason, alarms = start_wrong(house, error, right.port)
            now = time_of(right.port)
            assert "from the database's" in reason
            assert right.ask("/readyz")[0] == 200
    if dialect == "sqlite":
        reason, alarms = start_wrong(house, error, None)
        assert "an instant already seen" in reason or "against the time since boot" in reason
        now = datetime.fromtimestamp(time.time(), BEIJING)
    assert [alarm for alarm in alarms if datetime.fromisoformat(alarm["crossed_at"]) > now] == []
    assert all(alarm["kind"] == "warning" for alarm in alarms)


def start_wrong(house: House, error: int, port: int | None) -> tuple[str, list[Json]]:
    """Start a replica by a wrong clock; why it refuses, and the alarms there are after a while."""
    with replica(house.environment, house.folder, "wrong", ahead=error) as wrong:
        reason = reason_of(wrong.wait_for(503, check="clock"))
        time.sleep(4)
        assert wrong.figure("alarms_raised_total") == 0
        assert wrong.figure("sweeps_refused_total") > 1
        return reason, alarms_of(port or wrong.port)
