"""Reads all that the oracle judges, over HTTP, from a server that is left alone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from tests.reliability.load import ITEMS, Hall
from tests.reliability.oracle import Answers
from tests.reliability.processes import House, ask
from tests.reliability.reckoning import Days

__all__ = ["NOBODY", "alarms_of", "collect", "everything", "last_sweep", "open_hall", "subscribe", "time_of"]

Json = dict[str, Any]  # a JSON object

NOBODY = "http://127.0.0.1:9"
"""Nothing listens there."""


def open_hall(port: int) -> None:
    """The department and the items of the load."""
    for path, body in [
        ("/api/v1/departments/D1", {"name": "行政审批局"}),
        *((f"/api/v1/items/{code}", item) for code, item in ITEMS.items()),
    ]:
        status, document, _ = ask(port, "PUT", path, body)
        assert status in (200, 201), document


def everything(port: int, path: str, **query: str) -> tuple[list[Json], str]:
    """All pages of a list, and the `as_of` of the last one."""
    items: list[Json] = []
    cursor: str | None = None
    while True:
        asked = {"limit": "500", **query} | ({"cursor": cursor} if cursor else {})
        status, document, _ = ask(port, "GET", f"{path}?{urlencode(asked)}", seconds=60)
        assert status == 200, document
        items += document["items"]
        cursor = document["next_cursor"]
        if cursor is None:
            return items, document.get("as_of", "")


def time_of(port: int) -> datetime:
    """The service's time now."""
    status, document, _ = ask(port, "GET", "/api/v1/alarms?limit=1")
    assert status == 200, document
    return datetime.fromisoformat(document["as_of"])


def last_sweep(house: House, port: int) -> datetime:
    """Sweep until there is nothing left, what others held included; the instant before which the last did not begin."""
    for _ in range(10):
        begun = time_of(port)
        code, said = house.run("sweep", "--once")
        assert code == 0, said
        if "\n0 raised, 0 withdrawn" in f"\n{said}":
            break
    return begun


def alarms_of(port: int) -> list[Json]:
    """All alarms, also those that were withdrawn."""
    return everything(port, "/api/v1/alarms")[0]


def subscribe(port: int) -> str:
    """A receiver that is never there: what it ought to be told waits for it; its name."""
    order = {"url": NOBODY, "name": "nobody", "events": ["alarm.raised", "alarm.withdrawn"]}
    status, made, _ = ask(port, "POST", "/api/v1/webhooks", order)
    assert status == 201, made
    return str(made["id"])


def collect(
    port: int, hall: Hall, days: Days, *, swept_at: datetime, sweep_seconds: float, subscriber: str | None = None
) -> Answers:
    """Everything on record."""
    answers = Answers(
        acked=hall.acked,
        sent=hall.sent,
        refused=set(hall.refused),
        items=ITEMS,
        days=days,
        swept_at=swept_at,
        sweep_seconds=sweep_seconds,
    )
    answers.orders = everything(port, "/api/v1/orders")[0]  # before the alarms: each order has one
    if subscriber is not None:
        answers.deliveries = everything(port, f"/api/v1/webhooks/{subscriber}/deliveries")[0]
    answers.alarms = alarms_of(port)
    answers.read_at = time_of(port)
    answers.applications = everything(port, "/api/v1/applications")[0]
    listed = {a["tracking_number"] for a in answers.applications}
    acked = {a.number for a in hall.acked.values()} - listed
    found = {number for number in acked if ask(port, "GET", f"/api/v1/applications/{number}")[0] == 200}
    numbers = sorted(listed | found)

    def steps_of(number: str) -> list[Json]:
        return everything(port, f"/api/v1/applications/{number}/steps")[0]

    with ThreadPoolExecutor(4) as pool:
        answers.steps = dict(zip(numbers, pool.map(steps_of, numbers), strict=True))
    return answers
