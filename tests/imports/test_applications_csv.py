"""The real permits through the import and out of the interface: exact at every instant, and twice changes nothing."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
from sqlalchemy import func, select

from app.applications.models import Application, Event
from app.imports.applications_csv import Files, import_applications
from app.imports.csv_rows import FileRefused
from app.imports.mapping import read_mapping
from app.kit.service import Service
from tests.imports.lists import every_row

PERMITS = Path(__file__).parents[2] / "app" / "imports" / "data" / "permits"
EXPECTED = Path(__file__).parents[1] / "data" / "permits"
FILES = Files(PERMITS, read_mapping(PERMITS / "mapping.yaml"), create_missing=True)

Case = dict[str, Any]  # one instant of the expected files
HEADER = (
    "external_ref,item,applicant_name,subject,channel,submitted_at,"
    "statutory_due_at,promised_due_at,department,section,officer"
)
STEPS_HEADER = "external_ref,activity,occurred_at,section,actor,note"


def expected() -> list[Case]:
    cases: list[Case] = []
    for name in ("expected.json", "expected-edges.json"):
        cases += json.loads((EXPECTED / name).read_text(encoding="utf-8"))["as_of"]
    return cases


async def test_the_permits_are_overdue_at_every_instant_as_the_office_says(
    client: httpx2.AsyncClient, service: Service, keys: Mapping[str, str]
) -> None:
    report = await import_applications(service, FILES)
    assert (report.applications_new, report.steps_new, report.refused) == (726, 5_101, [])
    key = keys["supervisor"]

    for case in expected():
        for clock in ("statutory", "promise"):
            rows = await every_row(client, key, "/api/v1/overdue", clock=clock, as_of=case["as_of"])
            assert sorted(row["external_ref"] for row in rows) == sorted(case[clock]), (case["as_of"], clock)
            if clock == "statutory" and "longest_overdue_first" in case:
                assert [row["external_ref"] for row in rows] == case["longest_overdue_first"]
        for by in ("department", "section", "officer"):
            if f"statutory_by_{by}" not in case:
                continue
            answer = await client.get(
                "/api/v1/overdue/summary",
                params={"by": by, "clock": "statutory", "as_of": case["as_of"]},
                headers={"X-API-Key": key},
            )
            red = {row[by] or "": row["red"] for row in answer.json()["items"] if row["red"]}
            assert red == case[f"statutory_by_{by}"], (case["as_of"], by)


async def test_the_permits_that_finished_late_are_those_of_the_office(
    client: httpx2.AsyncClient, service: Service, keys: Mapping[str, str]
) -> None:
    await import_applications(service, FILES)
    by_instant = json.loads((EXPECTED / "expected.json").read_text(encoding="utf-8"))
    by_day = json.loads((EXPECTED / "expected-edges.json").read_text(encoding="utf-8"))

    for clock in ("statutory", "promise"):
        rows = await every_row(client, keys["supervisor"], "/api/v1/overdue", clock=clock, include_stopped="true")
        late = [row for row in rows if row["clock"]["stopped_at"] is not None]
        assert sorted(row["external_ref"] for row in late) == sorted(by_instant[f"finished_late_{clock}"])
        another_day = [row for row in late if amsterdam(row, "stopped_at") > amsterdam(row, "due_at")]
        assert sorted(row["external_ref"] for row in another_day) == sorted(by_day[f"finished_late_{clock}_by_day"])


def amsterdam(row: Case, name: str) -> str:
    """The civil day of an instant of a clock where the permits were handled."""
    return datetime.fromisoformat(row["clock"][name]).astimezone(ZoneInfo("Europe/Amsterdam")).date().isoformat()


async def counts(service: Service) -> tuple[int, int]:
    async with service.db.read() as tx:
        applications = (await tx.execute(select(func.count()).select_from(Application))).scalar_one()
        events = (await tx.execute(select(func.count()).select_from(Event))).scalar_one()
    return applications, events


def folder(tmp_path: Path, applications: list[str], steps: list[str]) -> Path:
    (tmp_path / "applications.csv").write_text("\n".join([HEADER, *applications, ""]), encoding="utf-8")
    (tmp_path / "steps.csv").write_text("\n".join([STEPS_HEADER, *steps, ""]), encoding="utf-8")
    return tmp_path


ONE = "a-1,permit,,,window,2026-10-08T09:00:00+08:00,2026-10-20T00:00:00+08:00,,D9,,"
TWO = "a-2,permit,,,online,2026-10-09T09:00:00+08:00,,,D9,S1,O1"
CHECKED = "a-1,Checked,2026-10-09T10:00:00+08:00,S1,R1,"


async def test_importing_twice_changes_nothing(service: Service, tmp_path: Path) -> None:
    files = Files(
        folder(tmp_path, [ONE, TWO], [CHECKED, CHECKED, "a-2,Case closed,2026-10-12T10:00:00+08:00,,,"]),
        create_missing=True,
    )
    first = await import_applications(service, files)
    assert (first.applications_new, first.steps_new) == (2, 3)
    before = await counts(service)

    again = await import_applications(service, files)

    assert (again.applications_new, again.applications_known, again.steps_new, again.steps_known) == (0, 2, 0, 3)
    assert await counts(service) == before == (2, 5)


async def test_a_longer_file_adds_only_the_rest(service: Service, tmp_path: Path) -> None:
    await import_applications(service, Files(folder(tmp_path, [ONE], [CHECKED]), create_missing=True))
    longer = Files(
        folder(tmp_path, [ONE, TWO], [CHECKED, CHECKED, "a-1,Case closed,2026-10-12T10:00:00+08:00,,,"]),
        create_missing=True,
    )

    report = await import_applications(service, longer)

    assert (report.applications_new, report.applications_known) == (1, 1)
    assert (report.steps_new, report.steps_known) == (2, 1)


async def test_steps_of_an_application_of_an_earlier_file_are_taken(service: Service, tmp_path: Path) -> None:
    await import_applications(service, Files(folder(tmp_path, [ONE], []), create_missing=True))

    report = await import_applications(
        service,
        Files(folder(tmp_path, [TWO], [CHECKED, "a-9,Checked,2026-10-09T10:00:00+08:00,,,"]), create_missing=True),
    )

    assert report.steps_new == 1
    assert [(row.external_ref, row.code) for row in report.refused] == [("a-9", "application_unknown")]


async def test_a_row_that_differs_from_the_known_one_is_refused(service: Service, tmp_path: Path) -> None:
    await import_applications(service, Files(folder(tmp_path, [ONE], []), create_missing=True))

    report = await import_applications(
        service, Files(folder(tmp_path, [ONE.replace("window", "mail")], []), create_missing=True)
    )

    assert [(row.line, row.code) for row in report.refused] == [(2, "application_differs")]


async def test_refused_rows_are_named_and_the_others_are_taken(service: Service, tmp_path: Path) -> None:
    rows = [
        ONE,
        "a-3,permit,,,window,2026-10-08T09:00:00,,,D9,,",
        "a-4,permit,,,pigeon,2026-10-08T09:00:00+08:00,,,D9,,",
        "a-5,permit,,,window,2027-10-08T09:00:00+08:00,,,D9,,",
        "a-6,permit,,a\x07b,window,2026-10-08T09:00:00+08:00,,,D9,,",
        "a-7,permit,,,window",
    ]
    report = await import_applications(
        service,
        Files(folder(tmp_path, rows, [CHECKED, "a-5,Checked,2026-10-09T10:00:00+08:00,,,"]), create_missing=True),
    )

    assert (report.applications_new, report.steps_new) == (1, 1)
    assert sorted((row.file, row.line, row.code) for row in report.refused) == [
        ("applications.csv", 3, "row_malformed"),
        ("applications.csv", 4, "row_malformed"),
        ("applications.csv", 5, "submitted_in_future"),
        ("applications.csv", 6, "row_malformed"),
        ("applications.csv", 7, "row_malformed"),
        ("steps.csv", 3, "application_refused"),
    ]


async def test_unknown_items_and_places_are_refused_unless_they_may_be_made(service: Service, tmp_path: Path) -> None:
    report = await import_applications(service, Files(folder(tmp_path, [ONE], [])))

    assert [row.code for row in report.refused] == ["department_unknown"]
    assert await counts(service) == (0, 0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"external_ref,colour\n", "unknown 'colour'"),
        (b"external_ref,item\n", "missing"),
        (HEADER.encode() + b"\na-1,permit,\xff\xfe,,window,2026-10-08T09:00:00+08:00,,,D9,,\n", "UTF-8"),
        (HEADER.encode() + b'\na-1,"permit\n', "line"),
    ],
)
async def test_a_file_that_cannot_be_read_changes_nothing(
    service: Service, tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "applications.csv").write_bytes(content)

    with pytest.raises(FileRefused, match=reason):
        await import_applications(service, Files(tmp_path, create_missing=True))

    assert await counts(service) == (0, 0)


async def test_a_history_that_live_entry_would_refuse_is_kept_and_marked(service: Service, tmp_path: Path) -> None:
    steps = [
        "a-1,Case closed,2026-10-07T09:00:00+08:00,,,",
        "a-2,办结,2026-10-10T09:00:00+08:00,,,",
        "a-2,Checked,2026-10-11T09:00:00+08:00,,,",
    ]
    report = await import_applications(service, Files(folder(tmp_path, [ONE, TWO], steps), create_missing=True))

    assert report.steps_new == 3
    assert report.odd == {"close_before_receipt": 1, "close_without_decision": 2, "step_after_close": 1}


async def test_a_row_that_stands_twice_keeps_its_steps(service: Service, tmp_path: Path) -> None:
    report = await import_applications(service, Files(folder(tmp_path, [ONE, ONE], [CHECKED]), create_missing=True))

    assert (report.applications_new, report.applications_known, report.steps_new) == (1, 1, 1)


async def test_the_steps_of_a_malformed_row_are_reported_too(service: Service, tmp_path: Path) -> None:
    rows = [ONE.replace("window", "pigeon")]
    report = await import_applications(service, Files(folder(tmp_path, rows, [CHECKED]), create_missing=True))

    assert [(row.file, row.code) for row in report.refused] == [
        ("applications.csv", "row_malformed"),
        ("steps.csv", "application_unknown"),
    ]
