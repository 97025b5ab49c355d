"""The findings on the real permits: the list that `docs/findings.md` reads one by one, the same when asked again."""

from collections import Counter
from pathlib import Path

from app.imports.applications_csv import Files, import_applications
from app.imports.mapping import read_mapping
from app.kit.service import Service
from tests.conftest import Hands
from tests.findings.conftest import Watch

PERMITS = Path(__file__).parents[2] / "app" / "imports" / "data" / "permits"
SEEN = {"too_fast": 5, "off_hours": 1, "item_without_clocks": 1}
FAST = {"case-10582", "case-10563", "case-10354", "case-9894", "case-8905"}


async def test_the_findings_on_the_permits_are_those_that_were_read(
    service: Service, watch: Watch, hands: Hands
) -> None:
    await import_applications(service, Files(PERMITS, read_mapping(PERMITS / "mapping.yaml"), create_missing=True))
    found = await watch.look("2026-11-02T09:05:00+08:00")
    assert Counter(one["rule"] for one in found) == SEEN
    refs = set()
    for one in found:
        if one["tracking_number"] is not None:
            path = f"/api/v1/applications/{one['tracking_number']}"
            refs.add((await watch.client.get(path, headers=watch.headers())).json()["external_ref"])
    assert refs == FAST
    hands.set("2027-03-01T09:00:00+08:00")
    again = await watch.look("2027-03-01T09:05:00+08:00", **{"from": "2011-01-01", "to": "2012-12-31"})
    assert [one["id"] for one in again] == [one["id"] for one in found if one["rule"] != "item_without_clocks"]
