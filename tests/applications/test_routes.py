"""Applications over HTTP, from receipt to closing."""

from datetime import timedelta
from typing import Any

import httpx2

from app.applications.schemas import (
    ApplicationOut,
    ApplicationPage,
    ClocksOut,
    ReceiptOut,
    StepPage,
    StepRecordedOut,
)
from app.kit.schemas import Wire
from tests.builders.applications import Counter, a_receipt
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


async def test_every_answer_is_what_the_interface_document_says(counter: Counter, hands: Hands) -> None:
    answers: list[tuple[type[Wire], httpx2.Response]] = []
    receipt = a_receipt(fixed_due={"renewal": "2027-01-31"}, fixed_due_basis="许可法 50", external_ref="A-1")
    first = await counter.post("", receipt)
    answers.append((ReceiptOut, first))
    number = first.json()["tracking_number"]
    document = {"number": "豫环〔2026〕1号", "title": "通知", "date": "2026-11-02", "sha256": "0" * 64}
    announced = {"amount": 5, "unit": "working_day"}
    pause = {"ground": "hearing", "legal_basis": "x", "announced": announced, "approver": "王", "notice": document}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("request_correction", {"missing": ["报告书"]}),
        ("submit_correction", {"documents": [document], "note": "齐", "actor": "李"}),
        ("accept", {}),
        ("start_stage", {"stage": "review"}),
        ("pause", pause),
        ("resume", {"pause_id": f"{number}.6", "result": "完"}),
        ("complete_stage", {"stage": "review", "outcome": "ok"}),
        ("extend", {"clock": "statutory", "amount": 3, "approver": "王", "reason": "复杂"}),
        ("assign", {"department": "D1"}),
        ("decide", {"result": "granted", "document": document}),
        ("deliver", {"channel": "window"}),
        ("close", {"result_code": "granted"}),
    ]
    for type_, fields in steps:
        hands.advance(timedelta(hours=9))
        answers.append((StepRecordedOut, await counter.post(f"/{number}/steps", {"type": type_, **fields})))
    answers.append((ApplicationOut, await counter.get(f"/{number}")))
    answers.append((ClocksOut, await counter.get(f"/{number}/clocks")))
    answers.append((StepPage, await counter.get(f"/{number}/steps")))
    answers.append((ApplicationPage, await counter.get("")))
    for model, answer in answers:
        assert answer.status_code in (200, 201), answer.text
        model.model_validate_json(answer.content)
