"""11,333 real service requests imported: overdue at every instant as the city itself said."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path

import httpx2

from app.imports.applications_csv import Files, import_applications
from app.kit.service import Service
from tests.imports.lists import every_row

DATA = Path(__file__).parents[1] / "data" / "service_requests"


async def test_the_requests_are_overdue_as_the_city_says(
    client: httpx2.AsyncClient, service: Service, keys: Mapping[str, str], tmp_path: Path
) -> None:
    for name in ("applications.csv", "steps.csv"):
        (tmp_path / name).write_bytes(gzip.decompress((DATA / f"{name}.gz").read_bytes()))
    expected = json.loads(gzip.decompress((DATA / "expected.json.gz").read_bytes()))

    report = await import_applications(service, Files(tmp_path, create_missing=True))

    assert (report.applications_new, report.steps_new, report.refused) == (11_333, 8_115, [])
    for case in expected["as_of"]:
        rows = await every_row(client, keys["supervisor"], "/api/v1/overdue", clock="promise", as_of=case["as_of"])
        assert sorted(row["external_ref"] for row in rows) == sorted(case["promise"]), case["as_of"]
    rows = await every_row(client, keys["supervisor"], "/api/v1/overdue", clock="promise", include_stopped="true")
    late = sorted(row["external_ref"] for row in rows if row["clock"]["stopped_at"] is not None)
    assert late == sorted(expected["finished_late_promise"])
