"""Edition files: what is refused rather than believed."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.calendars.notices import NoticeRefused, read_editions, read_folder


def a_year(**edition: Any) -> dict[str, Any]:
    body = {
        "document": "国办发明电〔2025〕7号",
        "published_at": "2025-11-04",
        "published_to": "2026-12-31",
        "days": [{"date": "2026-01-01", "working": False, "name": "元旦"}],
    }
    return {
        "year": 2026,
        "editions": [{name: value for name, value in {**body, **edition}.items() if value is not ...}],
    }


def test_a_notice_is_read() -> None:
    [edition] = read_editions(a_year(), "2026.json")

    assert (edition.document, len(edition.days), edition.days[0].working) == ("国办发明电〔2025〕7号", 1, False)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"year": 2027, "editions": []}, "says nothing"),
        ({"year": 2027, "papers": [], "days": []}, "says nothing"),
        (a_year(days=[]), "without days"),
        (a_year(document=None), "no document"),
        (a_year(document=" "), "no document"),
        (a_year(published_at=...), "not a date"),
        (a_year(published_at="2025-11-31"), "not a date"),
        (a_year(published_at="20251104"), "not a date"),
        (a_year(colour="red"), "unknown field"),
        (a_year(days=[{"date": "2026-01-01", "working": False, "name": "元旦"}] * 2), "twice"),
        (a_year(days=[{"date": "2025-11-30", "working": False, "name": "元旦"}]), "does not belong"),
        (a_year(days=[{"date": "2027-01-01", "working": False, "name": "元旦"}]), "does not belong"),
        (a_year(days=[{"date": "2026-01-01", "working": "no", "name": "元旦"}]), "a day is"),
        (a_year(days=[{"date": "2026-01-01", "working": False}]), "a day is"),
    ],
)
def test_a_file_that_no_notice_stands_behind_is_refused(body: dict[str, Any], why: str) -> None:
    with pytest.raises(NoticeRefused, match=why):
        read_editions(body, "2026.json")


@pytest.mark.parametrize("content", ["{", json.dumps({"year": 2025, "editions": []})])
def test_a_file_of_another_year_or_of_no_json_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "2026.json").write_text(content, encoding="utf-8")

    with pytest.raises(NoticeRefused):
        read_folder(tmp_path)


def test_one_document_cannot_stand_in_two_editions(tmp_path: Path) -> None:
    body = a_year()
    body["editions"] *= 2
    (tmp_path / "2026.json").write_text(json.dumps(body), encoding="utf-8")

    with pytest.raises(NoticeRefused, match="two editions"):
        read_folder(tmp_path)
