"""Servers and sweepers are killed under load, again and again; then the oracle judges what they left.

On PostgreSQL two servers and three schedulers die, on SQLite the one process that it allows. When they begin, half of
what was received has been overdue for up to three days. SHIXIAN_TEST_KILLS is the number of kills on each database: 50,
or with SHIXIAN_TEST_FAULTS=full 1,000 on PostgreSQL and 300 on SQLite.
"""

import json
import os
import random
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.reliability.load import AUTUMN_2025, Clerk, Hall
from tests.reliability.oracle import Answers, Fault, judge
from tests.reliability.processes import House, killing
from tests.reliability.reading import NOBODY, collect, last_sweep, open_hall, subscribe, time_of
from tests.reliability.reckoning import BEIJING

FULL = os.environ.get("SHIXIAN_TEST_FAULTS") == "full"
MOST = {"postgresql": 1000, "sqlite": 300} if FULL else {"postgresql": 50, "sqlite": 50}
CLERKS = 6
SECONDS_A_KILL = 0.8
"""About as long as it takes until the next one."""
SWEEP_SECONDS = 1

BEFORE_MIDNIGHT = datetime(2025, 10, 10, 23, 59, 25, tzinfo=BEIJING)
"""A Friday after the long holiday; the Saturday that begins during the run is worked."""


@pytest.mark.faults
def test_what_was_acknowledged_and_every_alarm_survive_kills_of_servers_and_sweepers(
    house: House, dialect: str, capsys: pytest.CaptureFixture[str]
) -> None:
    house.more = {
        "SHIXIAN_CLOCK_START": BEFORE_MIDNIGHT.isoformat(),
        "SHIXIAN_SWEEP_SECONDS": str(SWEEP_SECONDS),
        "SHIXIAN_OUTBOUND_ALLOW": NOBODY,
    }
    wanted = int(os.environ.get("SHIXIAN_TEST_KILLS", MOST[dialect]))
    servers = [house.server("--no-scheduler") for _ in range(1 if dialect == "sqlite" else 2)]
    house.open()
    ports = [server.port for server in servers if server.port is not None]
    open_hall(ports[0])
    seed = random.SystemRandom().randrange(1 << 32)
    hall = Hall(ports, time_of(ports[0]) - datetime.fromtimestamp(time.time(), BEIJING))
    subscriber = subscribe(ports[0])
    most = 100 + wanted // 4
    clerks = [Clerk(hall, f"clerk {place}", seed + place, most=most) for place in range(CLERKS)]
    past = fill(clerks, wanted)
    if dialect == "sqlite":  # from now on its one process sweeps, too
        house.kill(servers[0])
        servers[0].arguments.remove("--no-scheduler")
        house.start(servers[0])
    else:
        for _ in range(3):
            house.start(house.sweeper())
    for clerk in clerks:
        clerk.start()
    with killing(house, wanted, seed) as (kills, killer):
        killer.join(60 + 5 * wanted)
    for server in servers:
        house.wait_ready(server)
    hall.stop.set()
    for clerk in clerks:
        clerk.join(330)
    house.dismiss_sweepers()
    swept_at = last_sweep(house, ports[0])
    answers = collect(
        ports[0], hall, AUTUMN_2025, swept_at=swept_at, sweep_seconds=SWEEP_SECONDS, subscriber=subscriber
    )
    faults = judge(answers)

    live = Counter(alarm["kind"] for alarm in answers.alarms if alarm["withdrawn"] is None)
    withdrawn = sum(alarm["withdrawn"] is not None for alarm in answers.alarms)
    during = sum(datetime.fromisoformat(alarm["crossed_at"]) >= BEFORE_MIDNIGHT for alarm in answers.alarms)
    tell(
        f"{dialect}: seed {seed}, {kills.servers} servers and {kills.sweepers} sweepers killed in "
        f"{kills.seconds:.0f} s; {len(answers.applications)} applications, {len(hall.acked)} acknowledged, "
        f"{dict(hall.counts)}, {len(hall.refused)} refused {dict(Counter(hall.refused.values()))}; "
        f"{past} ends up to three days past at the start; alarms {dict(live)}, {withdrawn} withdrawn, "
        f"{during} crossed during the run; {len(answers.orders)} orders, {len(answers.deliveries or [])} messages; "
        f"faults {len(faults)}{': ' + keep(faults, answers, house) if faults else ''}",
        capsys,
    )
    assert not any(clerk.is_alive() for clerk in clerks)
    assert [clerk.failure for clerk in clerks if clerk.failure] == []
    assert house.deaths == []
    assert hall.strange == []
    assert faults == [], f"seed {seed}, {Counter(fault.kind for fault in faults)}"
    code, said = house.run("verify")
    assert code == 0, said
    assert house.errors() == []
    assert kills.total == wanted
    assert kills.servers > wanted // 10
    assert kills.sweepers > wanted // 10 or dialect == "sqlite"
    assert past > 0
    assert during > 0
    assert timedelta(days=3) < BEFORE_MIDNIGHT - min(datetime.fromisoformat(a["crossed_at"]) for a in answers.alarms)


def fill(clerks: list[Clerk], kills: int) -> int:
    """Applications with ends of their own, half of them past for up to three days, half during the run; those past."""
    past = 0
    for place in range(120 + kills // 5):
        clerk = clerks[place % len(clerks)]
        is_past = place % 2 == 0
        back, ahead = clerk.dice.uniform(0, 3 * 86400), clerk.dice.uniform(1, 20 + SECONDS_A_KILL * kills)
        clerk.receive(due=timedelta(seconds=-back if is_past else ahead))
        past += is_past
    return past


def tell(figures: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Print the figures of a run, and add them to the file that SHIXIAN_TEST_FIGURES names."""
    with capsys.disabled():
        print(f"\n{figures}")  # noqa: T201 the figures are what a long run is for
    if file := os.environ.get("SHIXIAN_TEST_FIGURES"):
        with Path(file).open("a", encoding="utf-8") as lines:
            lines.write(f"{figures}\n")


def keep(faults: list[Fault], answers: Answers, house: House) -> str:
    """Write the faults and all that is on record of their applications to a file; its path."""
    numbers = {fault.where.partition(".")[0] for fault in faults}
    document = {
        "faults": [fault._asdict() for fault in faults],
        "steps": {number: answers.steps.get(number) for number in numbers},
        "alarms": [alarm for alarm in answers.alarms if alarm["tracking_number"] in numbers],
    }
    file = house.folder / "faults.json"
    file.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    return str(file)
