"""Every bad value in every field of its kind, in body, query, path and header: refused with a pointer, no effect."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from app.imports.applications_csv import APPLICATIONS, STEPS, Files, import_applications
from app.kit.service import Service
from tests.conftest import Hands
from tests.contract.assault import Assault, one_each, problem_of
from tests.contract.conftest import Hall, Json, Rows
from tests.contract.corpus import Value, corpus, of_kind
from tests.contract.fields import inventory

WRITES = {
    "POST /api/v1/applications": "head",
    "POST /api/v1/calendars/{code}/editions": "admin",
    "POST /api/v1/applications/{tracking_number}/steps": "head",
    "PUT /api/v1/departments/{code}": "admin",
    "PUT /api/v1/items/{code}": "admin",
    "POST /api/v1/keys": "security",
    "POST /api/v1/orders": "supervisor",
    "PUT /api/v1/supervision-rules": "supervisor",
    "PUT /api/v1/scoring": "supervisor",
    "POST /api/v1/inspections": "supervisor",
    "POST /api/v1/inspections/{inspection}/entries": "supervisor",
    "PUT /api/v1/targets/{year}/{department}": "supervisor",
    "POST /api/v1/findings/rules": "supervisor",
    "POST /api/v1/findings/{finding}/review": "supervisor",
    "POST /api/v1/orders/{order}/steps": "supervisor",
    "POST /api/v1/simulations": "head",
    "POST /api/v1/backtests": "supervisor",
    "POST /api/v1/suspensions": "admin",
    "POST /api/v1/feeds": "head",
    "POST /api/v1/webhooks": "admin",
    "PATCH /api/v1/webhooks/{webhook}": "admin",
    "POST /api/v1/webhooks/{webhook}/replay": "admin",
}
ELSEWHERE = {
    "credential": "test_policy.py",
    "authorization": "test_policy.py",
}
"""Kinds whose values are built and sent in another file."""
NOT_YET = {
    "B234": "the key after its retention: test_idempotency.py",
    "B307": "`clerk calls accept`: here a clerk may (api.md, Access); what a clerk may not, test_policy.py says",
    "B309": "what a head may not do to an order: tests/supervision/test_orders.py",
    "B310": "a rule that who received may not accept is not built",
    "B316": "there is no export yet",
    "B319": "a key belongs to one office for life; people with sessions of their own are not built",
}
"""What cannot be tried, said openly."""


async def test_every_bad_value_in_every_field_of_its_kind(
    hall: Hall, rows: Rows, service: Service, hands: Hands, document: Json, capsys: pytest.CaptureFixture[str]
) -> None:
    fields = inventory(document)
    assault = Assault(hall, rows, service)
    await assault.prepare(hands)
    for field in fields:
        await assault.field(field)
    with capsys.disabled():
        print(f"\n{assault.asked} values in {len(fields)} fields, {hall.send.sent} requests, {service.db.dialect}")  # noqa: T201
    if assault.faults:
        pytest.fail(f"{len(assault.faults)} faults:\n" + "\n".join(one_each(assault.faults)), pytrace=False)


@pytest.mark.parametrize("route", sorted(WRITES))
async def test_every_bad_body_of_every_route_that_takes_one(hall: Hall, rows: Rows, document: Json, route: str) -> None:
    takers = {
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if "requestBody" in operation
    }
    assert takers == set(WRITES), "a route that takes a body is new or gone: say in WRITES who sends it"
    number = (await hall.receives())["tracking_number"]
    method, _, path = route.partition(" ")
    order = await hall.ask("POST", "/api/v1/orders", {"department": "D1", "content": "x"}, "supervisor")
    target = path.replace("{code}", "D9").replace("{tracking_number}", number).replace("{order}", order.json()["id"])
    target = target.replace("{year}", "2026").replace("{department}", "D1")
    target = target.replace("{inspection}", f"J-{order.json()['id'].removeprefix('D-')}")
    before = await rows.count()
    for value in of_kind("raw_body"):
        answer = await hall.send(method, target, value.parts or value.json, [("X-API-Key", hall.keys[WRITES[route]])])
        assert answer.status in (400, 413, 422), f"{value.id}: {answer.status} {answer.body[:200]!r}"
        problem = problem_of(answer) or {}
        assert problem["code"], value.id
        assert len(answer.body) < 20_000, value.id
        if answer.status == 422:
            assert problem["errors"][0]["in"] == "body", value.id
    assert await rows.count() == before


async def test_headers_that_nobody_asked_for(hall: Hall, rows: Rows, service: Service) -> None:
    before = await rows.count()
    names = (
        "X-Forwarded-For",
        "X-Request-Id",
        "Host",
        "X-HTTP-Method-Override",
        "X-Forwarded-Host",
        "Accept",
        "User-Agent",
        "Forwarded",
        "X-Method-Override",
        "Accept-Encoding",
        "Range",
        "Origin",
        "Cookie",
    )
    for value in of_kind("header", "text"):
        for name in names:
            if value.plain is None:
                continue
            headers: list[tuple[str | bytes, str | bytes]] = [("X-API-Key", hall.keys["auditor"]), (name, value.plain)]
            for target in ("/api/v1/items?limit=1", "/api/v1/overdue"):
                answer = await hall.send("GET", target, None, headers)
                assert answer.status in (200, 304, 400), f"{value.id} in {name}: {answer.status}"
                sent_back = [text for header, text in answer.headers.items() if value.phrase in text and value.phrase]
                if name != "X-Request-Id" and value.id != "B216":
                    assert not sent_back or len(value.phrase) < 4, f"{value.id} in {name}: {sent_back}"
                assert not any("\n" in text or "\r" in text for text in answer.headers.values())
    assert await rows.count() == before


async def test_a_poisoned_host_leads_no_link_away(hall: Hall) -> None:
    for name in ("Host", "X-Forwarded-Host"):
        answer = await hall.send(
            "GET", "/api/v1/calendars?limit=1", None, [("X-API-Key", hall.keys["auditor"]), (name, "evil.example")]
        )
        assert b"evil.example" not in answer.body + str(answer.headers).encode()
        for officer in range(2):
            await hall.ask("PUT", f"/api/v1/departments/H{officer}", {"name": "x"}, "admin")
        page = await hall.send(
            "GET", "/api/v1/departments?limit=1", None, [("X-API-Key", hall.keys["auditor"]), (name, "evil.example")]
        )
        assert "link" in page.headers
        assert "evil.example" not in page.headers["link"]


async def test_a_method_is_not_overridden(hall: Hall, rows: Rows) -> None:
    before = await rows.count()
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        answer = await hall.ask("GET", "/api/v1/departments/D1", role="admin", **{name: "DELETE"})
        assert answer.status == 200
    assert await rows.count() == before


async def test_a_forwarded_address_is_not_believed(hall: Hall, service: Service) -> None:
    """B216, B217: whoever says he is another is limited as himself."""
    number = (await hall.receives())["tracking_number"]
    service.throttle = type(service.throttle)(per_minute=4, total_per_minute=10**9)
    statuses = [
        (
            await hall.send(
                "GET", f"/api/v1/public/applications/{number}", None, [("X-Forwarded-For", f"203.0.113.{place}")]
            )
        ).status
        for place in range(8)
    ]
    assert statuses.count(429) >= 5, statuses


FREE = {"text", "csv_cell"}


async def test_a_harmless_text_is_kept_as_it_is_in_every_step(hall: Hall, hands: Hands) -> None:
    """What the corpus says is accepted comes back byte for byte, from the receipt to the last step."""
    values = [value for value in of_kind(*FREE) if value.must_round_trip or value.kind == "csv_cell"]
    assert len(values) > 25
    for value in values:
        text = json.loads(value.json)
        if not isinstance(text, str) or "\n" in text:
            continue
        await walk(hall, text)


async def walk(hall: Hall, text: str) -> None:
    """One application with this text wherever free text may stand."""
    received = await hall.receives(
        subject=text, applicant={"name": text, "id_type": "x", "id_number": text, "phone": text[:40]}
    )
    number = received["tracking_number"]
    assert received["subject"] == text
    assert received["applicant"]["name"] == text
    paper = {"number": text, "title": text}
    said: Json = {"actor": text, "note": text, "documents": [paper], "approver": f"局长{text}"}
    wanted: list[tuple[str, Json]] = [
        ("request_correction", {"missing": [text, text]}),
        ("submit_correction", {}),
        ("accept", {}),
        ("pause", {"ground": "hearing", "legal_basis": text, "announced": None, "notice": paper}),
        ("resume", {"result": text}),
        ("extend", {"clock": "statutory", "amount": 1, "reason": text}),
        ("decide", {"result": "granted", "document": paper}),
        ("publish", {"document": paper}),
        ("deliver", {"document": paper}),
    ]
    for type_, fields in wanted:
        await hall.records(number, type_, **said, **fields)
    read = (await hall.ask("GET", f"/api/v1/applications/{number}", role="auditor")).json()
    assert (read["subject"], read["applicant"]["name"]) == (text, text)
    steps = (await hall.ask("GET", f"/api/v1/applications/{number}/steps", role="auditor")).json()["items"]
    shown = {step["type"]: step for step in steps}
    for type_, fields in wanted:
        for name, value in {**said, **fields}.items():
            assert without_nulls(shown[type_][name]) == without_nulls(value), (type_, name)
    page = await hall.send("GET", f"/track/{number}")
    assert page.status == 200
    if "<" in text:
        assert text.encode() not in page.body


def without_nulls(value: Any) -> Any:  # any JSON
    """The same without what was not said."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


async def test_an_import_brings_every_cell_as_it_is(hall: Hall, service: Service, tmp_path: Path) -> None:
    """A formula stays a text: nothing is added, nothing cut off."""
    texts = [json.loads(value.json) for value in of_kind(*FREE) if takes_a_cell(value)]
    assert len(texts) > 25
    with (tmp_path / APPLICATIONS).open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(["external_ref", "item", "applicant_name", "subject", "channel", "submitted_at", "department"])
        for place, text in enumerate(texts):
            sheet.writerow([f"R{place}", "eia-report", text, text, "window", "2026-10-12T09:00:00+08:00", "D1"])
    with (tmp_path / STEPS).open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(["external_ref", "type", "occurred_at", "actor", "note"])
        for place, text in enumerate(texts):
            sheet.writerow([f"R{place}", "accept", "2026-10-13T09:00:00+08:00", text, text])
    report = await import_applications(service, Files(tmp_path))
    assert not report.refused, report.lines()
    answer = (await hall.ask("GET", "/api/v1/applications?limit=500", role="auditor")).json()
    found = {row["external_ref"]: row for row in answer["items"]}
    for place, text in enumerate(texts):
        row = found[f"R{place}"]
        assert (row["subject"], row["applicant"]["name"]) == (text, text)
        steps = (await hall.ask("GET", f"/api/v1/applications/{row['tracking_number']}/steps", role="auditor")).json()[
            "items"
        ]
        assert (steps[-1]["actor"], steps[-1]["note"]) == (text, text)


def takes_a_cell(value: Value) -> bool:
    """Texts that one line may hold."""
    text = json.loads(value.json)
    kept = value.must_round_trip or value.kind == "csv_cell"
    return kept and isinstance(text, str) and "\n" not in text and len(text) <= 500


def test_every_value_of_the_corpus_is_used_or_said_to_wait() -> None:
    """None is left out in silence."""
    in_fields = {"text", "date", "datetime", "integer", "tracking_number", "header", "idempotency_key", "webhook_url"}
    used = in_fields | {"raw_body", "csv_cell"} | set(ELSEWHERE)
    assert [value for value in corpus() if value.kind not in used] == []
    assert len([value for value in corpus() if value.id.startswith("B")]) == 167
    assert set(NOT_YET) <= {value.id for value in corpus()}
