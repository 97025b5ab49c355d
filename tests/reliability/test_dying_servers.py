"""A real server dies by kill -9 before its n-th write or commit; the next one finds all of an operation or nothing."""

import os
from http.client import HTTPException
from typing import Any

import pytest

from tests.reliability.processes import House, ask
from tests.reliability.reading import everything, open_hall

FULL = os.environ.get("SHIXIAN_TEST_FAULTS") == "full"
FAILPOINTS = range(1, 26) if FULL else (6, 10, 14)
RECEIPT: dict[str, Any] = {"item": "hall", "applicant": {"name": "张三"}, "channel": "window"}


@pytest.mark.faults
def test_a_receipt_whose_server_dies_at_its_nth_write_is_there_once_when_it_is_sent_again(house: House) -> None:
    server = house.server("--no-scheduler")
    house.open()
    assert server.port is not None
    open_hall(server.port)
    house.kill(server)
    died = 0
    for nth in FAILPOINTS:
        house.more = {"SHIXIAN_FAILPOINT": str(nth)}
        house.start(server)
        body, key = {**RECEIPT, "subject": f"op {nth}"}, {"Idempotency-Key": f"key-{nth}"}
        status = 0
        try:
            house.wait_ready(server)
            status, _, _ = ask(server.port, "POST", "/api/v1/applications", body, key)
        except (OSError, HTTPException, RuntimeError):
            assert house.nursery.wait(server.process, 30) == -9, f"before write {nth}"
            died += 1
        house.kill(server)
        house.more = {}
        house.start(server)
        house.wait_ready(server)
        again, document, told = ask(server.port, "POST", "/api/v1/applications", body, key)
        assert again == 201, document
        assert (told.get("idempotency-replayed") == "true") == (status == 201), f"before write {nth}"
        steps = everything(server.port, f"/api/v1/applications/{document['tracking_number']}/steps")[0]
        assert [step["subject"] for step in steps] == [f"op {nth}"]
        house.kill(server)
    house.start(server)
    house.wait_ready(server)
    applications = everything(server.port, "/api/v1/applications")[0]
    assert len(applications) == len(FAILPOINTS)
    assert died >= len(FAILPOINTS) // 3
    assert house.run("verify")[0] == 0
