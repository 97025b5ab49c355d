"""The same operation many times at once, and many operations on one application at once, through real servers."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.reliability.processes import House, ask
from tests.reliability.reading import everything, open_hall

Json = dict[str, Any]  # a JSON object

TIMES = 50
CLERKS = 8
RECEIPT: Json = {"item": "hall", "applicant": {"name": "张三"}, "channel": "window", "subject": "op 1"}


def serve(house: House, dialect: str) -> list[int]:
    """Two servers on PostgreSQL, one on SQLite; their ports."""
    servers = [house.server() for _ in range(1 if dialect == "sqlite" else 2)]
    house.open()
    ports = [server.port for server in servers if server.port is not None]
    open_hall(ports[0])
    return ports


def at_once(
    ports: list[int], count: int, path: str, bodies: list[Json], keys: list[str]
) -> list[tuple[int, Json, bool]]:
    """So many posts, let go at one moment, spread over the servers: status, answer, whether it was replayed."""
    barrier = threading.Barrier(count)

    def one(place: int) -> tuple[int, Json, bool]:
        barrier.wait(30)
        headers = {"Idempotency-Key": keys[place]}
        status, document, told = ask(ports[place % len(ports)], "POST", path, bodies[place], headers, 60)
        return status, document, told.get("idempotency-replayed") == "true"

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_one_receipt_sent_fifty_times_at_once_with_one_key_is_one_application(house: House, dialect: str) -> None:
    ports = serve(house, dialect)
    answers = at_once(ports, TIMES, "/api/v1/applications", [RECEIPT] * TIMES, ["one-key"] * TIMES)

    assert Counter(status for status, _, _ in answers) == {201: TIMES}
    assert all(document == answers[0][1] for _, document, _ in answers)
    assert Counter(replayed for _, _, replayed in answers) == {True: TIMES - 1, False: 1}
    applications, _ = everything(ports[0], "/api/v1/applications")
    assert [application["tracking_number"] for application in applications] == [answers[0][1]["tracking_number"]]
    steps, _ = everything(ports[-1], f"/api/v1/applications/{applications[0]['tracking_number']}/steps")
    assert [step["type"] for step in steps] == ["receive"]
    assert house.errors() == []


def test_of_eight_clerks_who_accept_one_application_at_once_one_succeeds(house: House, dialect: str) -> None:
    ports = serve(house, dialect)
    for attempt in range(5):
        body = {**RECEIPT, "subject": f"op {attempt}"}
        status, received, _ = ask(ports[0], "POST", "/api/v1/applications", body, {"Idempotency-Key": f"r{attempt}"})
        assert status == 201, received
        path = f"/api/v1/applications/{received['tracking_number']}/steps"
        bodies: list[Json] = [{"type": "accept", "actor": f"clerk {place}"} for place in range(CLERKS)]
        answers = at_once(ports, CLERKS, path, bodies, [f"a{attempt}-{place}" for place in range(CLERKS)])

        assert Counter(status for status, _, _ in answers) == {201: 1, 409: CLERKS - 1}
        refused = [document for status, document, _ in answers if status == 409]
        assert {document["code"] for document in refused} == {"step_not_allowed"}
        assert all(document["current"] == {"status": "accepted", "version": 2} for document in refused)
        steps, _ = everything(ports[0], path)
        assert [step["type"] for step in steps] == ["receive", "accept"]
    assert house.errors() == []
