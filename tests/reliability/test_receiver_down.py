"""A receiver is down for eight hours while its senders are killed twenty times; then all of it arrives.

The hours pass by a clock that the test moves. SHIXIAN_TEST_KILLS_OF_SENDERS is the number of kills: 20.
"""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.reliability.held_clock import AHEAD
from tests.reliability.processes import House, ask, killing
from tests.reliability.reading import alarms_of, open_hall, time_of
from tests.reliability.receipts import Arrival, judge_receipts
from tests.reliability.test_kills import tell

KILLS = int(os.environ.get("SHIXIAN_TEST_KILLS_OF_SENDERS", "20"))
APPLICATIONS = 40
DOWN = timedelta(hours=8)
STEP = timedelta(minutes=6)
"""How far the clock is moved at a time: a hundredth of the hours that matter."""
TICK = 0.15
ENOUGH = timedelta(hours=40)
SEVERAL_DAYS_AGO = timedelta(days=30)


class Receiver:
    """Down until it is said to be up: refuses, hangs up or says nothing; then slow enough to be killed in between."""

    def __init__(self, seed: int) -> None:
        self.is_up = False
        self.arrivals: list[Arrival] = []
        self.dice = random.Random(seed)
        self.lock = threading.Lock()

    @contextmanager
    def listening(self) -> Iterator[int]:
        """Serve on loopback while the block runs; its port."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    return  # its sender died in the middle: nothing has arrived
                with receiver.lock:
                    accepted = receiver.is_up
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    receiver.arrivals.append(Arrival(headers, body, accepted))
                    how = receiver.dice.random()
                if accepted:
                    time.sleep(0.1 * how)
                    self.answer(204)
                elif how < 0.6:
                    self.answer(503)
                elif how > 0.9:
                    time.sleep(1.0)

            def answer(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # senders die in the middle of a request
        thread = threading.Thread(target=server.serve_forever, name="receiver", daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            server.server_close()
            thread.join(10)


class Hands:
    """Moves the clock of all processes."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.ahead = timedelta()
        self.move(timedelta())

    def move(self, by: timedelta) -> None:
        """Put it ahead; whoever reads meanwhile reads the old or the new."""
        self.ahead += by
        draft = self.file.with_suffix(".draft")
        draft.write_text(str(int(self.ahead.total_seconds())), encoding="ascii")
        draft.replace(self.file)


def receive(port: int, at: datetime) -> None:
    """Applications of long ago: every one has alarms at once, and more within the next hours."""
    for place in range(APPLICATIONS):
        body = {
            "item": "law",
            "applicant": {"name": "张三"},
            "channel": "window",
            "subject": f"op {place}",
            "submitted_at": (at - SEVERAL_DAYS_AGO - timedelta(minutes=7 * place)).isoformat(),
        }
        status, document, _ = ask(port, "POST", "/api/v1/applications", body)
        assert status == 201, document


def missing(receiver: Receiver, port: int) -> int:
    """How many alarms on record have not arrived."""
    with receiver.lock:
        bodies = [arrival.body for arrival in receiver.arrivals if arrival.accepted]
    arrived = {body.split(b'"subject":"')[1].split(b'"')[0].decode() for body in bodies}
    return len({alarm["id"] for alarm in alarms_of(port)} - arrived)


@pytest.mark.faults
def test_every_alarm_arrives_after_eight_hours_though_the_senders_are_killed(
    house: House, dialect: str, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    receiver, hands = Receiver(seed), Hands(house.folder / "ahead")
    with receiver.listening() as hook:
        house.more = {
            AHEAD: str(hands.file),
            "SHIXIAN_SWEEP_SECONDS": "1",
            "SHIXIAN_OUTBOUND_ALLOW": f"http://127.0.0.1:{hook}",
        }
        server = house.server()
        for _ in range(2):
            house.sweeper()
        house.open()
        port = server.port
        assert port is not None
        open_hall(port)
        order = {"url": f"http://127.0.0.1:{hook}/", "name": "x", "events": ["alarm.raised", "alarm.withdrawn"]}
        status, made, _ = ask(port, "POST", "/api/v1/webhooks", order)
        assert status == 201, made
        receive(port, time_of(port))
        begun = time.monotonic()
        with killing(house, KILLS * 3 // 5, seed) as (before, killer):
            while hands.ahead < DOWN or killer.is_alive():
                hands.move(STEP if hands.ahead < DOWN else timedelta())
                time.sleep(TICK)
        in_vain = len(receiver.arrivals)
        receiver.is_up = True
        with killing(house, KILLS - KILLS * 3 // 5, seed + 1) as (after, killer):
            while killer.is_alive():
                hands.move(STEP if hands.ahead < DOWN * 2 else timedelta())
                time.sleep(TICK)
        house.wait_ready(server)
        while missing(receiver, port) and hands.ahead < ENOUGH:
            hands.move(STEP)
            time.sleep(TICK)
        alarms = alarms_of(port)
        states = Counter(
            row["state"] for row in ask(port, "GET", f"/api/v1/webhooks/{made['id']}/deliveries?limit=500")[1]["items"]
        )
        seconds = time.monotonic() - begun
    accepted = Counter(arrival.headers["webhook-id"] for arrival in receiver.arrivals if arrival.accepted)
    faults = judge_receipts(receiver.arrivals, alarms, made["secret"])
    tell(
        f"{dialect}: seed {seed}, a receiver down for {DOWN}, {before.total} senders killed meanwhile "
        f"and {after.total} after, in {seconds:.0f} s; {len(alarms)} alarms, {in_vain} tries in vain, "
        f"{len(accepted)} messages arrived, {sum(accepted.values()) - len(accepted)} of them again; "
        f"all by {hands.ahead}; deliveries {dict(states)}; "
        f"faults {len(faults)}",
        capsys,
    )
    assert faults == [], f"seed {seed}"
    assert len(alarms) >= APPLICATIONS
    assert in_vain >= APPLICATIONS
    assert before.total + after.total == KILLS
    assert house.deaths == []
    assert house.errors() == []
