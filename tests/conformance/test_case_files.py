"""Published files are what their schema and their sources say; a wrong file is refused with its place."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from app.applications.schemas import ApplicationOut
from app.conformance.case_files import (
    EXPECTED,
    FOLDER,
    Case,
    CaseFile,
    FileRefused,
    Source,
    locate,
    published,
    read_file,
)
from app.simulations.schemas import ApplicationCase, ApplicationResult, ArithmeticCase, ArithmeticResult
from tests.conformance import publish

SCHEMA: dict[str, Any] = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
CASE: dict[str, Any] = {
    "id": "a",
    "request": {"start": "2026-02-10", "limit": {"amount": 5, "unit": "working_day"}},
    "expected": {"due_on": "2026-02-24"},
}
SMALLEST: dict[str, Any] = {
    "format": "shixian-conformance/1",
    "name": "mine",
    "title": "t",
    "licence": "CC0",
    "sources": [{"name": "me", "licence": "CC0"}],
    "cases": [CASE],
}


@pytest.mark.parametrize("name", published())
def test_a_published_file_is_read_and_keeps_the_schema(name: str) -> None:
    file = read_file(locate(name))
    raw = json.loads(published()[name].read_text(encoding="utf-8"))

    assert file.name == name
    assert [
        f"{error.instance_path}: {error.message}" for error in jsonschema_rs.validator_for(SCHEMA).iter_errors(raw)
    ] == []


@pytest.mark.parametrize("name", publish.FILES)
def test_what_is_published_of_law_and_peers_is_what_is_replayed(name: str) -> None:
    assert published()[name].read_text(encoding="utf-8") == publish.written(publish.FILES[name]())


def test_only_facts_of_projects_whose_licence_lets_them_be_passed_on_are_published() -> None:
    file = read_file(locate("peers"))

    assert {(case.source or "").split(",")[0] for case in file.cases} <= publish.LICENCES.keys()
    assert all(source.licence.startswith(("MIT", "Apache-2.0")) for source in file.sources)


def test_the_schema_names_the_fields_of_the_interface() -> None:
    """The schema is written by hand for readers of other languages: here it is held to what this service takes."""

    def fields(place: str) -> set[str]:
        return set(SCHEMA["$defs"][place]["properties"])

    assert set(SCHEMA["properties"]) - {"$schema"} == set(CaseFile.model_fields) - {"schema_"}
    assert fields("case") == set(Case.model_fields)
    assert fields("source") == set(Source.model_fields)
    assert fields("arithmetic") == set(ArithmeticCase.model_fields) - {"id"}
    assert fields("application") <= set(ApplicationCase.model_fields) - {"id"}
    assert fields("expected") == EXPECTED
    assert EXPECTED - {"error", "explanation"} <= set(ApplicationResult.model_fields) | set(
        ArithmeticResult.model_fields
    )
    assert "clocks" in ApplicationOut.model_fields


def write(folder: Path, document: object) -> Path:
    path = folder / "mine.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": "shixian-conformance/9"}, "/format"),
        ({"cases": []}, "/cases"),
        ({"cases": [CASE, CASE]}, "the id a stands twice"),
        ({"colour": "red"}, "/colour"),
        ({"cases": [{"id": "a", "request": {"calendar": "#gone"}, "expected": {"due_on": None}}]}, "#gone"),
        ({"cases": [{"id": "a", "request": {"start": "x"}, "expected": {"due": "x"}}]}, "expects due"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    path = write(tmp_path, {**SMALLEST, **change})

    with pytest.raises(FileRefused) as refused:
        read_file(path)
    assert says in str(refused.value)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"cases": NaN}', "[" * 100_000])
def test_what_is_no_case_file_at_all_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileRefused):
        read_file(write(tmp_path, text))


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileRefused, match="UTF-8"):
        read_file(tmp_path / "x.json")
    with pytest.raises(FileRefused, match="cannot be read"):
        read_file(tmp_path)
    with pytest.raises(FileRefused, match="no such file"):
        locate("nowhere.json")


def test_a_calendar_of_the_file_is_sent_with_the_case() -> None:
    document = {
        **SMALLEST,
        "calendars": {"plain": {"weekend": [7]}},
        "cases": [{"id": "a", "request": {"calendar": "#plain", "start": "2026-02-10"}, "expected": {"due_on": None}}],
    }
    file = CaseFile.model_validate(document)

    assert file.question(file.cases[0]) == {"id": "a", "calendar": {"weekend": [7]}, "start": "2026-02-10"}
