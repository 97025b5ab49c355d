"""Files of others as editions: each format, and everything in it that no notice would say."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.calendars.files import LARGEST, FileRefused, read_edition_file

HOLIDAY_CN = {
    "$schema": "https://raw.githubusercontent.com/NateScarlet/holiday-cn/master/schema.json",
    "year": 2027,
    "papers": ["https://www.gov.cn/zhengce/2027"],
    "days": [
        {"name": "元旦", "date": "2026-12-27", "isOffDay": False},
        {"name": "元旦", "date": "2027-01-01", "isOffDay": True},
        {"name": "春节", "date": "2027-02-14", "isOffDay": False},
    ],
}
CHINESE_DAYS = {
    "holidays": {
        "2026-10-01": "National Day,国庆节,3",
        "2027-01-01": "New Year's Day,元旦,1",
        "2027-02-08": "Spring Festival,春节,4",
    },
    "workdays": {"2026-12-27": "New Year's Day,元旦,1", "2027-02-14": "Spring Festival,春节,4"},
    "inLieuDays": {"2027-02-08": "Spring Festival,春节,4"},
}
ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//y
BEGIN:VEVENT
UID:1
DTSTAMP:20261101T000000Z
DTSTART;VALUE=DATE:20270101
DTEND;VALUE=DATE:20270104
SUMMARY:元旦（休）
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;VALUE=DATE:20261227
SUMMARY:元旦
 补班
BEGIN:VALARM
TRIGGER:-P1D
END:VALARM
END:VEVENT
BEGIN:VEVENT
UID:3
DTSTART;VALUE=DATE:20270214
DURATION:P1D
SUMMARY:春节
X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY
END:VEVENT
END:VCALENDAR
"""
CSV = "date,working,name\n2026-12-27,true,元旦\n2027-01-01,false,元旦\n2027-02-14,true,\n"


def written(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    path.write_bytes(text.encode())
    return path


def days_of(edition: dict[str, Any]) -> list[tuple[str, bool, str | None]]:
    return [(day["date"], day["working"], day["name"]) for day in edition["days"]]


def test_holiday_cn_states_days_of_its_year_and_of_the_december_before(tmp_path: Path) -> None:
    [edition] = read_edition_file(written(tmp_path, "2027.json", HOLIDAY_CN))

    assert days_of(edition) == [
        ("2026-12-27", True, "元旦"), ("2027-01-01", False, "元旦"), ("2027-02-14", True, "春节"),
    ]  # fmt: skip
    assert (edition["published_to"], edition["url"]) == ("2027-12-31", "https://www.gov.cn/zhengce/2027")


def test_a_year_file_that_exists_before_the_year_is_known_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, "2027.json", {"year": 2027, "papers": [], "days": []})

    with pytest.raises(FileRefused, match="empty year"):
        read_edition_file(file)


def test_chinese_days_holds_all_years_and_one_is_chosen(tmp_path: Path) -> None:
    file = written(tmp_path, "chinese-days.json", CHINESE_DAYS)
    with pytest.raises(FileRefused, match="--year"):
        read_edition_file(file)
    [edition] = read_edition_file(file, year=2027)

    assert days_of(edition) == [
        ("2026-12-27", True, "元旦"), ("2027-01-01", False, "元旦"), ("2027-02-08", False, "春节"),
        ("2027-02-14", True, "春节"),
    ]  # fmt: skip
    assert edition["published_to"] == "2027-12-31"


def test_icalendar_says_off_and_worked_by_summary_or_by_apples_property(tmp_path: Path) -> None:
    for text in (ICS, ICS.replace("\n", "\r\n"), "\ufeff" + ICS):
        [edition] = read_edition_file(written(tmp_path, "cn.ics", text))

        assert days_of(edition) == [
            ("2026-12-27", True, "元旦"),
            ("2027-01-01", False, "元旦"),
            ("2027-01-02", False, "元旦"),
            ("2027-01-03", False, "元旦"),
            ("2027-02-14", True, "春节"),
        ]


def test_csv_says_date_working_and_name(tmp_path: Path) -> None:
    [edition] = read_edition_file(written(tmp_path, "cn.csv", CSV))

    assert days_of(edition) == [("2026-12-27", True, "元旦"), ("2027-01-01", False, "元旦"), ("2027-02-14", True, None)]
    assert edition["published_to"] == "2027-12-31"


def test_our_own_json_is_one_edition_or_a_year_of_them(tmp_path: Path) -> None:
    own = {"document": "文", "published_at": "2026-11-02", "holidays": ["2027-01-01"]}

    assert read_edition_file(written(tmp_path, "a.json", own)) == [own]
    assert read_edition_file(written(tmp_path, "b.json", {"year": 2027, "editions": [own, own]})) == [own, own]


BAD = [
    ("a.json", "{", "not JSON"),
    ("a.json", "[]", "JSON object"),
    ("a.json", '{"document": "a", "document": "b"}', "stands twice"),
    ("a.json", "[" * 100_000, "not JSON"),
    ("a.json", {"year": 2027, "editions": []}, "empty year"),
    ("a.json", {"year": 2027, "papers": ["x"], "days": [{"date": "2027-01-01"}]}, "isOffDay"),
    ("a.json", {"holidays": {"2027-01-01": "a"}, "workdays": {"2027-01-01": "a"}}, "both off and worked"),
    ("a.json", {"holidays": {}, "workdays": {}, "inLieuDays": {}}, "empty year"),
    ("a.csv", "day,off\n2027-01-01,x\n", "columns"),
    ("a.csv", "date,working\n2027-01-01,yes\n", "true or false"),
    ("a.csv", "date,working\n", "empty year"),
    ("a.ics", "BEGIN:VCALENDAR\nEND:VCALENDAR\n", "empty year"),
    ("a.ics", "hello", "begin and end"),
    ("a.ics", ICS.replace("元旦（休）", "元旦"), "neither its summary"),
    ("a.ics", ICS.replace(";VALUE=DATE:20270101", ":20270101T090000Z"), "whole day"),
    ("a.ics", ICS.replace("UID:1", "RRULE:FREQ=YEARLY"), "RRULE"),
    ("a.ics", ICS.replace("20270104", "20280104"), "lasts"),
    ("a.ics", ICS.replace("20270101", "20270231"), "no day"),
    ("a.ics", ICS.replace("END:VALARM\n", ""), "not begun"),
    ("a.ics", ICS.replace("UID:1", "UID 1"), "no property"),
    ("a.ics", ICS.replace("SUMMARY:元旦（休）", "SUMMARY:元旦（休）\nSUMMARY:元旦（班）"), "stands twice"),
]


@pytest.mark.parametrize(("name", "content", "why"), BAD)
def test_what_no_notice_would_say_is_refused(tmp_path: Path, name: str, content: object, why: str) -> None:
    with pytest.raises(FileRefused, match=why):
        read_edition_file(written(tmp_path, name, content))


def test_a_file_of_fifty_megabytes_is_refused_without_being_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.ics"
    with file.open("wb") as sparse:
        sparse.truncate(50 << 20)

    with pytest.raises(FileRefused, match=str(LARGEST)):
        read_edition_file(file)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b"\xff\xfe{}")

    with pytest.raises(FileRefused, match="UTF-8"):
        read_edition_file(file)
