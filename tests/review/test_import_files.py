"""The contract's *Import files*: what one does not name is counted in the report."""

import json

from app.imports.report import ImportReport


def test_the_report_of_a_file_counts_activities_and_oddities_by_name() -> None:
    report = ImportReport()
    report.unmapped_activities["现场踏勘"] += 2
    report.odd["step_after_close"] += 1
    report.refuse("steps.csv", 2, "a-1", "step_type_unknown", "there is no step type 'x'")
    document = json.loads(json.dumps(report.document()))
    assert document["unmapped_activities"] == {"现场踏勘": 2}
    assert document["odd"] == {"step_after_close": 1}
    assert document["refused"][0]["code"] == "step_type_unknown"
