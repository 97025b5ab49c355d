"""Applications over HTTP, from receipt to closing."""

from tests.builders.applications import Counter
from tests.conftest import Hands


async def test_one_application_runs_from_receipt_to_closing(counter: Counter, hands: Hands) -> None:
    received = await counter.receive()
    number = received["tracking_number"]
    assert received["status"] == "received"
    assert received["version"] == 1
    assert len(received["query_code"]) == 8
    hands.set("2026-11-03T10:00:00+08:00")
    accepted = await counter.step(number, "accept")
    assert accepted["application"]["status"] == "accepted"
    hands.set("2026-11-10T10:00:00+08:00")
    decided = await counter.step(number, "decide", result="granted")
    assert decided["application"]["status"] == "decided"
    closed = await counter.step(number, "close", result_code="granted")
    assert closed["application"]["status"] == "closed"
    read = await counter.read(number)
    assert read == closed["application"]
    assert "query_code" not in read
