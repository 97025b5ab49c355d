"""An alarm that late entry took away comes back when the next late entry brings its crossing back."""

from datetime import timedelta

from tests.reliability.load import AUTUMN_2025, Hall
from tests.reliability.oracle import Acked, judge
from tests.reliability.processes import House, ask
from tests.reliability.reading import collect, last_sweep, open_hall

LATE = {"late_reason": "补录", "actor": "李四", "approver": "王五"}


def test_a_crossing_that_late_entry_takes_away_and_brings_back_has_a_standing_alarm(house: House) -> None:
    """Ten calendar days from 25 September 2025 end on 9 October, the correction of 4 to 8 October taken out or not."""
    house.more = {"SHIXIAN_CLOCK_START": "2025-10-10T15:00:00+08:00"}
    server = house.server("--no-scheduler")
    house.open()
    assert server.port is not None
    open_hall(server.port)
    hall = Hall([server.port], timedelta())
    body = {
        "item": "law",
        "applicant": {"name": "张三"},
        "channel": "window",
        "subject": "op 1",
        "submitted_at": "2025-09-25T18:57:00+08:00",
    }
    _, received, _ = ask(server.port, "POST", "/api/v1/applications", body, {"Idempotency-Key": "k-1"})
    number = received["tracking_number"]
    hall.sent |= {1, 2, 3}
    hall.acked[1] = Acked(number, 1, None)
    last_sweep(house, server.port)
    steps: list[dict[str, object]] = [
        {"type": "request_correction", "missing": ["营业执照"], "occurred_at": "2025-10-04T09:04:22+08:00"},
        {"type": "submit_correction", "occurred_at": "2025-10-08T20:31:59+08:00"},
    ]
    for operation, step in enumerate(steps, start=2):
        late = {**step, **LATE, "note": f"op {operation}"}
        key = {"Idempotency-Key": f"k-{operation}"}
        status, recorded, _ = ask(server.port, "POST", f"/api/v1/applications/{number}/steps", late, key)
        assert status == 201, recorded
        hall.acked[operation] = Acked(number, recorded["step"]["seq"], recorded["step"]["hash"])
        swept_at = last_sweep(house, server.port)
    answers = collect(server.port, hall, AUTUMN_2025, swept_at=swept_at, sweep_seconds=30)

    assert judge(answers) == []
