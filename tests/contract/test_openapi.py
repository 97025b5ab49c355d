"""The OpenAPI document: the one that is committed, what it leaves out, and every answer as it says."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from app.applications.step_schemas import BY_TYPE
from app.calendar_changes.walk import Walker
from app.findings.examine import examine
from app.kit.service import Service
from app.proof.checkpoints import take_all
from tests.builders.applications import a_receipt, an_item_with_clocks
from tests.conftest import Hands
from tests.contract.assault import ITEMS, STEPS, fields_of, item_of
from tests.contract.conftest import Hall, Json
from tests.contract.wire import Answer

_DAY = timedelta(days=1)
ROOT = Path(__file__).parents[2]


def test_the_committed_document_is_what_the_application_says(document: Json) -> None:
    committed = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    assert committed == json.loads(json.dumps(document)), "run `make openapi` and look at what changed"


def test_the_command_prints_the_same() -> None:
    command = [str(Path(sys.executable).parent / "shixian"), "openapi"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    assert json.loads(printed) == json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))


def test_what_is_not_built_is_not_there(document: Json) -> None:
    paths = " ".join(document["paths"])
    for word in ("complaints", "ratings", "announcements", "public/items",
                 "accounts", "users"):  # fmt: skip
        assert word not in paths
    mapping = document["components"]["schemas"]["AnyStep"]["discriminator"]["mapping"]
    assert set(mapping) == set(BY_TYPE)


def test_each_operation_has_a_summary_and_an_id_of_its_own(document: Json) -> None:
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert all(operation.get("summary") and operation.get("tags") for operation in operations)
    assert len({operation["operationId"] for operation in operations}) == len(operations)


def test_every_reference_leads_somewhere(document: Json) -> None:
    names = set(document["components"]["schemas"])
    assert {reference.rsplit("/", 1)[1] for reference in references(document)} <= names


def test_what_a_client_writes_is_described_field_by_field(document: Json) -> None:
    schemas = document["components"]["schemas"]
    written = {reference.rsplit("/", 1)[1] for item in document["paths"].values() for operation in item.values()
               for reference in references(operation.get("requestBody", {}))}  # fmt: skip
    while more := {r.rsplit("/", 1)[1] for name in written for r in references(schemas[name])} - written:
        written |= more
    open_ended = [name for name in written if schemas[name].get("additionalProperties") is True]
    assert open_ended == []
    assert set(schemas["WarnDocument"]["properties"]) == {"before", "at_share", "after"}


def references(value: Any) -> Iterator[str]:  # any JSON
    """Every `$ref` below a value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def schema_of(document: Json, method: str, path: str, answer: Answer) -> Json | None:
    """The schema that the document has for an answer; fails where it has none for its status or media type."""
    responses = document["paths"][path][method.lower()]["responses"]
    said = responses.get(str(answer.status)) or responses.get(f"{answer.status // 100}XX")
    assert said is not None, f"{method} {path}: {answer.status} is not documented"
    if not answer.body:
        return None
    content = said.get("content", {})
    assert answer.kind in content, f"{method} {path} {answer.status}: {answer.kind} is not documented"
    schema: Json = content[answer.kind].get("schema", {})
    return schema


def assert_as_documented(document: Json, method: str, path: str, answer: Answer) -> None:
    """The answer holds what its schema says and nothing else."""
    schema = schema_of(document, method, path, answer)
    if schema is None or not answer.kind.endswith("json"):
        return
    validator = jsonschema_rs.Draft202012Validator(
        {**schema, "components": document["components"]}, validate_formats=True
    )
    faults = [f"{list(fault.instance_path)}: {fault.message[:200]}" for fault in validator.iter_errors(answer.json())]
    assert not faults, f"{method} {path}: {faults[:5]}"


async def walked(hall: Hall) -> list[str]:
    """One application after each type of step, all that can be said said."""
    paper = {"number": "1", "title": "文", "date": "2026-11-02", "sha256": "a" * 64}
    more: dict[str, Json] = {
        "complete_stage": {"outcome": "ok"},
        "decide": {"document": paper},
        "deliver": {"channel": "window", "document": paper},
        "pause": {"announced": {"amount": 5, "unit": "working_day"}, "notice": paper},
        "publish": {"channel": "web", "document": paper},
        "resume": {"result": "done"},
    }
    numbers = []
    for item in ITEMS.values():
        await hall.publishes(item)
    for type_, (before, _) in STEPS.items():
        received = await hall.receives(item=item_of(type_), project_code="P1", external_ref=f"R-{type_}")
        number = str(received["tracking_number"])
        numbers.append(number)
        if type_ == "explain_delay":
            continue
        for each in before:
            await hall.records(number, each, **fields_of(each, number))
        said = {"actor": "张三", "approver": "李四", "note": "x", "documents": [paper]}
        await hall.records(number, type_, **{**said, **fields_of(type_, number), **more.get(type_, {})})
    return numbers


async def test_every_answer_is_as_the_document_says(hall: Hall, document: Json, hands: Hands, service: Service) -> None:
    numbers = await walked(hall)
    assert await take_all(service)
    await hall.ask("PUT", "/api/v1/departments/D1", {"name": "局", "sections": [
        {"code": "s", "name": "s", "officers": [{"code": "o", "name": "o"}]}]}, "admin")  # fmt: skip
    fixed = a_receipt(fixed_due={"statutory": "2026-12-01", "own": "2026-12-02T00:00:00+08:00"}, fixed_due_basis="法")
    answer = await hall.ask("POST", "/api/v1/applications", fixed)
    assert_as_documented(document, "POST", "/api/v1/applications", answer)
    for days in (0, 6, 100):
        hands.set("2026-11-02T09:00:00+08:00" if not days else hands.now())
        for _ in range(days):
            hands.advance(_DAY)
        await examine(service)
        await read_everything(hall, document, [*numbers, answer.json()["tracking_number"]])
    late = numbers[list(STEPS).index("explain_delay")]
    explained = await hall.ask(
        "POST", f"/api/v1/applications/{late}/steps", {"type": "explain_delay", "clock": "notice", "reason": "x"}
    )
    assert explained.status == 201
    assert_as_documented(document, "POST", "/api/v1/applications/{tracking_number}/steps", explained)
    await read_everything(hall, document, [late])


async def read_everything(hall: Hall, document: Json, numbers: list[str]) -> None:
    """Every GET of the document, in the variants that there are."""
    queries = {
        "/api/v1/overdue/summary": [f"by={by}" for by in ("department", "item", "section", "officer", "clock")],
        "/api/v1/statistics": [f"by={by}" for by in ("department", "item", "section", "officer", "month")],
        "/api/v1/statistics/ranking": ["", "clock=notice"],
        "/api/v1/public/statistics": ["month=2026-10"],
        "/api/v1/target-gaps": ["year=2026", "year=2026&month=2026-11", "year=2025"],
        "/api/v1/scoring/means": [f"period={each}&by=department" for each in ("2026", "2026-H2", "2026-Q4")],
        "/api/v1/scoring/sheets": [
            *(f"month=2026-11&by={by}" for by in ("department", "section", "officer")),
            *(f"month=2026-11&by=department&format={form}" for form in ("html", "xlsx")),
        ],
        "/api/v1/reports/monthly": [f"month=2026-11&format={form}" for form in ("json", "html", "xlsx")],
        "/api/v1/applications/{tracking_number}/days": ["", "as_of=2026-10-01T00:00:00Z"],
        "/api/v1/calendars/{code}/days": ["from=2026-09-20&to=2026-10-12", "from=2027-01-01&to=2027-01-05"],
        "/api/v1/overdue": [
            "",
            "include_stopped=true",
            "limit=1",
            "changed_since=2026-11-02T00:00:00Z",
            "party=applicant",
        ],
        "/api/v1/due-soon": ["", "limit=1", "changed_since=2026-11-02T00:00:00Z"],
        "/api/v1/applications": ["", "limit=1", "status=accepted", "light=red", "q=R-accept"],
        "/api/v1/applications/{tracking_number}": ["", "as_of=2026-10-01T00:00:00Z", "as_of=2027-10-01T00:00:00Z"],
        "/api/v1/applications/{tracking_number}/clocks": ["", "as_of=2026-10-01T00:00:00Z"],
    }
    edition = {"document": "文", "published_at": "2026-11-02", "holidays": ["2026-11-06"], "approver": "乙"}
    tried = await hall.ask("POST", "/api/v1/calendars/CN/editions?dry_run=true", edition, "admin")
    assert_as_documented(document, "POST", "/api/v1/calendars/{code}/editions", tried)
    stopped = {"jurisdiction": "CN-41", "clocks": ["promise"], "from": "2026-11-02", "to": None, "document": "文",
               "published_at": "2026-11-02", "approver": "乙"}  # fmt: skip
    added = await hall.ask("POST", "/api/v1/suspensions", stopped, "admin")
    assert_as_documented(document, "POST", "/api/v1/suspensions", added)
    order = {"url": "https://192.0.2.7/hook", "name": "x"}
    made = await hall.ask("POST", "/api/v1/webhooks", order, "admin")
    assert_as_documented(document, "POST", "/api/v1/webhooks", made)
    hook = f"/api/v1/webhooks/{made.json()['id']}"
    for act in ("ping", "secret", "replay"):
        done = await hall.ask("POST", f"{hook}/{act}", {} if act == "replay" else None, "admin")
        assert_as_documented(document, "POST", f"/api/v1/webhooks/{{webhook}}/{act}", done)
    issued = await hall.ask("POST", "/api/v1/orders", {"department": "D1", "content": "x"}, "supervisor")
    assert_as_documented(document, "POST", "/api/v1/orders", issued)
    order_id = issued.json()["id"]
    inspected = await hall.ask("POST", "/api/v1/inspections", INSPECTION, "supervisor")
    assert_as_documented(document, "POST", "/api/v1/inspections", inspected)
    inspection = inspected.json()["id"]
    entries = f"/api/v1/inspections/{inspection}/entries"
    corrected = await hall.ask("POST", entries, CORRECTION, "supervisor")
    assert_as_documented(document, "POST", "/api/v1/inspections/{inspection}/entries", corrected)
    aimed = await hall.ask("PUT", "/api/v1/targets/2026/D1", TARGETS, "supervisor")
    assert_as_documented(document, "PUT", "/api/v1/targets/{year}/{department}", aimed)
    found = [each["id"] for each in (await hall.ask("GET", "/api/v1/findings", role="auditor")).json()["items"]]
    for finding in found[:1]:
        review = {"verdict": "referred", "note": "x"}
        done = await hall.ask("POST", f"/api/v1/findings/{finding}/review", review, "supervisor")
        assert_as_documented(document, "POST", "/api/v1/findings/{finding}/review", done)
    fed = await hall.ask("POST", "/api/v1/feeds", {"department": "D1", "officer": "o"}, "head")
    assert_as_documented(document, "POST", "/api/v1/feeds", fed)
    for path, item in document["paths"].items():
        if "get" not in item or path == "/api/v1/backtests/{id}":  # read by who began a large one: tests/backtests
            continue
        targets = [
            path.replace("{version}", "0")
            .replace("{year}", "2026")
            .replace("{department}", "D1")
            .replace("{id}", str(tried.json()["id"]))
            .replace("{number}", str(added.json()["number"]))
        ]
        if "{tracking_number}" in path:
            targets = [path.replace("{tracking_number}", number).replace("{kind}", "notice") for number in numbers]
        elif "{inspection}" in path:
            targets = [path.replace("{inspection}", inspection)]
        elif "{finding}" in path:
            targets = [path.replace("{finding}", finding) for finding in found]
        elif "{order}" in path:
            targets = [path.replace("{order}", order_id)]
        elif "{checkpoint}" in path:
            targets = ["/api/v1/checkpoints/1", "/api/v1/checkpoints/latest"]
        elif "{webhook}" in path:
            targets = [path.replace("/api/v1/webhooks/{webhook}", hook)]
        elif "{address}" in path:
            targets = [fed.json()["path"]]
        elif "{code}" in path:
            code = "CN" if "calendars" in path else "eia-report" if "items" in path else "D1"
            targets = [path.replace("{code}", code).replace("{number}", "17")]
        for target in targets:
            for query in queries.get(path, [""]):
                for language in ("zh-CN", "en"):
                    role = (
                        "security"
                        if "keys" in path
                        else "admin"
                        if "dry-runs" in path or "/moves" in path
                        else "head"
                        if "feeds" in path
                        else "auditor"
                    )
                    answer = await hall.ask("GET", f"{target}?{query}" if query else target, role=role,
                                            **{"Accept-Language": language})  # fmt: skip
                    assert answer.status == 200 or path == "/readyz", (target, query, answer.body)
                    assert_as_documented(document, "GET", path, answer)
                    if "etag" in answer.headers and "applications/" not in path:
                        again = await hall.ask("GET", f"{target}?{query}" if query else target, role=role,
                                               **{"Accept-Language": language, "If-None-Match": answer.headers["etag"]}
                                               )  # fmt: skip
                        assert again.status in (200, 304)
                        assert_as_documented(document, "GET", path, again)


async def test_a_tried_version_answers_as_the_document_says(hall: Hall, service: Service, document: Json) -> None:
    await hall.receives()
    body = {name: value for name, value in an_item_with_clocks().build().items() if name != "code"}
    body["clocks"] = body["clocks"][1:]
    tried = await hall.ask("PUT", "/api/v1/items/eia-report?dry_run=true", body, "admin")
    assert_as_documented(document, "PUT", "/api/v1/items/{code}", tried)
    assert await Walker(service.db, service.sealer, service.now.now).walk()
    for end in ("", "/moves"):
        told = await hall.ask("GET", f"/api/v1/dry-runs/{tried.json()['dry_run']}{end}", role="admin")
        assert told.status == 200, told.body
        assert_as_documented(document, "GET", f"/api/v1/dry-runs/{{id}}{end}", told)
    assert told.json()["items"][0]["state"] == "absent"


SET: Json = {
    "raised_by": [{"kind": "overdue"}],
    "limit": {"amount": 5, "unit": "working_day"},
    "rework_limit": {"amount": 3, "unit": "working_day"},
    "extension": {"amount": 1, "times": 1},
    "cards": [{"colour": "red", "after": {"amount": 1, "unit": "working_day"}}],
    "labels": {"order": {"zh": "督查单"}},
}
"""Rules of supervision."""
INSPECTION: Json = {
    "quarter": "2026-Q4",
    "department": "D1",
    "inspected_on": "2026-11-02",
    "scope": "x",
    "finding": "x",
    "inspectors": ["乙"],
    "result": "faults_found",
    "consequences": [{"kind": "criticism", "note": "x"}],
    "documents": [{"title": "报告"}],
}
CORRECTION: Json = {"type": "correct", "instead": {"inspected_on": "2026-11-01"}, "reason": "x"}
TARGETS: Json = {
    "goals": [
        {"indicator": "on_time_rate", "clock": "notice", "goal": "98"},
        {"indicator": "compression", "unit": "working_day", "goal": "30.5"},
        {"indicator": "net_days", "goal": "8"},
    ],
    "approver": "局长",
}
SCORING: Json = {
    "valid_from": "2026-12-01",
    "parts": [{"code": "limits", "name": {"zh": "时限"}, "weight": "100"}],
    "rules": [{"code": "red", "name": {"zh": "红牌"}, "part": "limits", "cause": "red_card"}],
    "grades": [{"code": "all", "name": {"zh": "等"}, "at_least": "0"}],
    "approver": "局长",
}


async def test_every_write_answers_as_the_document_says(hall: Hall, document: Json) -> None:
    item: Json = {key: value for key, value in
                  json.loads((await hall.ask("GET", "/api/v1/items/eia-report", role="admin")).body).items()
                  if key in ("name", "department", "jurisdiction")}  # fmt: skip
    clock = {"kind": "promise", "starts": "received", "stops": ["decided"], "limit": {"amount": 3, "unit": "month"},
             "warn": [{"before": {"amount": 1, "unit": "working_day"}}, {"at_share": 0.5},
                      {"after": {"amount": 1, "unit": "working_day"}}]}  # fmt: skip
    writes: list[tuple[str, str, str, Json, str]] = [
        ("PUT", "/api/v1/items/{code}", "/api/v1/items/new", item, "admin"),
        ("PUT", "/api/v1/items/{code}", "/api/v1/items/new", item, "admin"),
        ("PUT", "/api/v1/items/{code}", "/api/v1/items/new", item | {"clocks": [clock]}, "admin"),
        ("PUT", "/api/v1/items/{code}", "/api/v1/items/new?dry_run=true", item, "admin"),
        ("PUT", "/api/v1/items/{code}", "/api/v1/items/other?dry_run=true", item, "admin"),
        ("PUT", "/api/v1/departments/{code}", "/api/v1/departments/D8", {"name": "x"}, "admin"),
        ("PUT", "/api/v1/departments/{code}", "/api/v1/departments/D8", {"name": "y"}, "admin"),
        ("PUT", "/api/v1/supervision-rules", "/api/v1/supervision-rules", SET, "supervisor"),
        ("PUT", "/api/v1/supervision-rules", "/api/v1/supervision-rules", SET, "supervisor"),
        ("PUT", "/api/v1/scoring", "/api/v1/scoring", SCORING, "supervisor"),
        ("PUT", "/api/v1/targets/{year}/{department}", "/api/v1/targets/2026/D1", TARGETS, "supervisor"),
        ("POST", "/api/v1/findings/rules", "/api/v1/findings/rules", {"burst": {"count": 20}}, "supervisor"),
        ("POST", "/api/v1/findings/rules", "/api/v1/findings/rules", {"burst": {"count": 20}}, "supervisor"),
        ("POST", "/api/v1/orders", "/api/v1/orders", {"department": "D1", "content": "x"}, "supervisor"),
        ("POST", "/api/v1/keys", "/api/v1/keys", {"role": "integration", "name": "x", "steps": ["receive"]},
         "security"),
        ("POST", "/api/v1/keys", "/api/v1/keys",
         {"role": "clerk", "name": "x", "department": "D1", "expires_at": "2027-01-01T00:00:00Z"}, "security"),
        ("POST", "/api/v1/simulations", "/api/v1/simulations", {"cases": CASES}, "head"),
        ("POST", "/api/v1/backtests", "/api/v1/backtests",
         {"limit": {"amount": 5, "unit": "working_day"}, "from": "2026-01-01", "to": "2026-12-31"}, "supervisor"),
    ]  # fmt: skip
    for method, path, target, body, role in writes:
        answer = await hall.ask(method, target, body, role)
        assert answer.status in (200, 201), answer.body
        assert_as_documented(document, method, path, answer)


PART = {"clocks": [{"kind": "statutory", "starts": "accepted", "stops": ["decided"],
                    "limit": {"amount": 5, "unit": "working_day"}}]}  # fmt: skip
CASES: list[Json] = [
    {"id": "sum", "start": "2026-11-02", "limit": {"amount": 5, "unit": "working_day"}},
    {"id": "past", "start": "2030-11-02", "limit": {"amount": 5, "unit": "working_day"}},
    {"id": "paused", "start": "2026-11-02", "limit": {"amount": 5, "unit": "working_day"},
     "pauses": [["2026-11-03", None]]},
    {"id": "case", "item": PART, "steps": [{"type": "receive", "at": "2026-11-02T09:00:00+08:00"},
                                           {"type": "decide", "at": "2026-11-02T09:00:00+08:00"},
                                           {"type": "accept", "at": "2026-11-02T09:00:00+08:00"}]},
    {"id": "amended", "item": PART, "steps": [
        {"type": "receive", "at": "2026-11-02T09:00:00+08:00", "id": "r"},
        {"type": "accept", "at": "2026-11-03T09:00:00+08:00", "id": "a"},
        {"type": "amend", "at": "2026-11-04T09:00:00+08:00", "step": "a",
         "replaces": {"at": "2026-11-02T10:00:00+08:00"}},
        {"type": "amend", "at": "2026-11-04T10:00:00+08:00", "step": "x", "replaces": None}]},
    {"id": "broken", "start": "2026-02-30", "limit": {"amount": 5, "unit": "working_day"}},
    {"id": "unknown", "item": "nowhere", "steps": [{"type": "receive", "at": "2026-11-02T09:00:00+08:00"}]},
]  # fmt: skip


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_the_document_is_served(hall: Hall, document: Json) -> None:
    answer = await hall.send("GET", "/openapi.json")
    assert answer.json() == json.loads(json.dumps(document))
