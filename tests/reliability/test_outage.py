"""No sweep for three days: every crossing is found at its true instant, and each department gets one mail of all."""

import os
import random
import time
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.reliability.held_clock import AHEAD
from tests.reliability.load import AUTUMN_2025, HALL_ITEM, LAW_ITEM, Clerk, Hall
from tests.reliability.oracle import judge
from tests.reliability.processes import House, ask
from tests.reliability.reading import collect, last_sweep, subscribe, time_of
from tests.reliability.reckoning import BEIJING
from tests.reliability.test_kills import tell
from tests.reliability.test_receiver_down import Hands
from tests.support.databases import aside
from tests.support.post_office import PostOffice, receiving_mail

Json = dict[str, Any]  # a JSON object

FULL = os.environ.get("SHIXIAN_TEST_FAULTS") == "full"
APPLICATIONS = 1500 if FULL else 80
MONDAY = "2025-10-13T10:00:00+08:00"
OUTAGE = timedelta(days=3)
STEP = timedelta(hours=6)
ITEMS: dict[str, Json] = {
    "hall": HALL_ITEM,
    "law": {**LAW_ITEM, "department": "D2"},
    "third": {**HALL_ITEM, "department": "D3"},
}
DEPARTMENTS = ("D1", "D2", "D3")
CHANNELS = "channels:\n" + "".join(
    f"  - {{name: {code}, department: {code}, mail: [{code.lower()}@hall.example], "
    "events: [alarm.raised, alarm.withdrawn]}\n"
    for code in DEPARTMENTS
)


def open_offices(house: House, port: int) -> None:
    """Three departments, each with an item and a mailbox."""
    for code in DEPARTMENTS:
        assert ask(port, "PUT", f"/api/v1/departments/{code}", {"name": f"{code} 局"})[0] == 201
    for code, item in ITEMS.items():
        assert ask(port, "PUT", f"/api/v1/items/{code}", item)[0] == 201
    file = house.folder / "channels.yaml"
    file.write_text(CHANNELS, encoding="utf-8")
    ended, said = house.run("channels", "load", str(file))
    assert ended == 0, said


def receive(hall: Hall, dice: random.Random, count: int) -> Clerk:
    """Applications whose ends lie before the outage, within it and after it; the clerk who knows them."""
    clerk = Clerk(hall, "clerk", dice.randrange(1 << 32), most=count)
    clerk.items = list(ITEMS)
    while len(clerk.cases) < count:
        ends_within = dice.random() < 0.6
        clerk.receive(due=OUTAGE * dice.random() if ends_within else None)
    assert clerk.failure is None
    return clerk


def by_application(alarms: list[Json]) -> dict[str, list[Json]]:
    grouped: dict[str, list[Json]] = defaultdict(list)
    for alarm in alarms:
        grouped[alarm["tracking_number"]].append(alarm)
    return grouped


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.faults
def test_after_three_days_without_a_sweep_every_crossing_is_exact_and_each_department_has_one_mail(
    house: House, dialect: str, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    dice, hands, office = random.Random(seed), Hands(house.folder / "ahead"), PostOffice()
    post = receiving_mail()
    office = aside(post.__aenter__())
    try:
        house.more = {
            AHEAD: str(hands.file),
            "SHIXIAN_CLOCK_START": MONDAY,
            "SHIXIAN_SWEEP_SECONDS": "1",
            "SHIXIAN_OUTBOUND_ALLOW": "http://127.0.0.1:9",
            "SHIXIAN_SMTP_URL": f"smtp+plain://127.0.0.1:{office.port}",
            "SHIXIAN_SMTP_FROM": "sx@hall.example",
        }
        server = house.server("--no-scheduler")
        house.open()
        port = server.port
        assert port is not None
        open_offices(house, port)
        subscriber = subscribe(port)
        hall = Hall([port], time_of(port) - datetime.fromtimestamp(time.time(), BEIJING))
        clerk = receive(hall, dice, APPLICATIONS)

        while hands.ahead < OUTAGE:  # people go on working, nobody watches
            hands.move(STEP)
            hall.offset += STEP
            for _ in range(APPLICATIONS // 12):
                clerk.advance(dice.choice(clerk.cases))
        clerk.hang_up()
        assert ask(port, "GET", "/api/v1/alarms?limit=1")[1]["items"] == []

        begun, back_at = time.monotonic(), time_of(port)
        if dialect == "sqlite":  # its one process, now with a scheduler
            house.kill(server)
            server.arguments.remove("--no-scheduler")
            house.start(server)
            house.wait_ready(server)
        else:
            for _ in range(3):
                house.start(house.sweeper())
        wait_until_swept(port, back_at)
        seconds = time.monotonic() - begun
        mails = wait_for_mails(office, len(DEPARTMENTS))
        house.dismiss_sweepers()
        swept_at = last_sweep(house, port)
        answers = collect(port, hall, AUTUMN_2025, swept_at=swept_at, sweep_seconds=1, subscriber=subscriber)
    finally:
        aside(post.__aexit__(None, None, None))
    answers.items = ITEMS
    faults = judge(answers)
    late = [alarm for alarm in answers.alarms if alarm["late"]]
    tell(
        f"{dialect}: seed {seed}, three days without a sweep, {len(answers.applications)} applications, "
        f"{len(answers.alarms)} alarms, {len(late)} of them late, found in {seconds:.0f} s; "
        f"{len(answers.orders)} orders, {len(answers.deliveries or [])} messages, {len(mails)} mails; "
        f"faults {len(faults)}",
        capsys,
    )
    assert faults == [], f"seed {seed}"
    assert hall.strange == []
    assert house.errors() == []
    assert len(late) > APPLICATIONS // 2
    for alarms in by_application(answers.alarms).values():  # in the order of their crossing
        ordered = sorted(alarms, key=lambda alarm: instant(alarm["crossed_at"]))
        assert [instant(alarm["detected_at"]) for alarm in ordered] == sorted(
            instant(alarm["detected_at"]) for alarm in alarms
        )
    assert sorted(to for to, _ in mails) == [[f"{code.lower()}@hall.example"] for code in DEPARTMENTS]
    told = Counter(alarm["department"] for alarm in answers.alarms)
    assert {to[0].partition("@")[0].upper(): subject for to, subject in mails} == {
        code: f"时限提醒：{told[code]} 条" for code in DEPARTMENTS
    }


def wait_until_swept(port: int, after: datetime) -> None:
    """Wait until a sweep that began after an instant has ended, and nothing comes any more."""
    deadline, before = time.monotonic() + 240, -1
    while time.monotonic() < deadline:
        ready = ask(port, "GET", "/readyz")[1]
        count = len(ask(port, "GET", "/api/v1/alarms?limit=500", seconds=60)[1]["items"])
        swept = ready.get("swept_at")
        if swept is not None and instant(swept) > after and count and count == before:
            return
        before = count
        time.sleep(1)
    raise TimeoutError("no sweep has ended")


def wait_for_mails(office: PostOffice, wanted: int) -> list[tuple[list[str], str]]:
    """To whom mails have come, and their subjects, once there are so many, and a while later."""
    deadline = time.monotonic() + 60
    while len(office.mails) < wanted and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(4)
    return [(to, str(mail["Subject"])) for to, mail in office.mails]
