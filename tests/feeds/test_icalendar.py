"""Due dates as iCalendar: nothing in a text ends a line, no line is too long, no character is torn."""

from datetime import UTC, date, datetime

from app.feeds.icalendar import calendar_of, escaped, folded
from app.feeds.queries import Due

ONE = Due("Q0QJ-WRBA-61TW-PZ", "eia-report", "notice", "", 0, 2, date(2026, 11, 9).toordinal(),
          datetime(2026, 11, 2, tzinfo=UTC))  # fmt: skip


def unfolded(text: str) -> list[str]:
    """As a reader puts the lines together again (RFC 5545, 3.1)."""
    assert text.endswith("\r\n")
    return text.replace("\r\n ", "").split("\r\n")[:-1]


def test_a_clock_is_an_event_of_the_whole_day_on_which_it_ends() -> None:
    lines = unfolded(calendar_of([ONE], {"eia-report": "环评"}, "en").decode())
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-1] == "END:VCALENDAR"
    assert "UID:Q0QJ-WRBA-61TW-PZ.notice..0@shixian" in lines
    assert "DTSTART;VALUE=DATE:20261109" in lines
    assert "DTEND;VALUE=DATE:20261110" in lines
    assert "DTSTAMP:20261102T000000Z" in lines
    assert "SEQUENCE:2" in lines
    assert next(line for line in lines if line.startswith("SUMMARY:")).endswith("环评 Q0QJ-WRBA-61TW-PZ")


def test_no_text_ends_its_line_or_value() -> None:
    assert escaped("a;b,c\\d\r\ne\nf\rg") == "a\\;b\\,c\\\\d\\ne\\nf\\ng"
    bad = ONE._replace(item="x\r\nBEGIN:VEVENT", clock="own\nEND:VCALENDAR", stage="a;b")
    lines = unfolded(calendar_of([bad], {}, "zh-CN").decode())
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 1
    assert lines.count("END:VCALENDAR") == 1


def test_a_line_has_at_most_75_octets_and_every_character_stays_whole() -> None:
    for text in ("x" * 75, "x" * 76, "环境影响报告书" * 40, "a" + "😀" * 60):
        pieces = folded(text).split("\r\n")
        assert all(len(piece.encode()) <= 75 for piece in pieces)
        assert pieces[0] + "".join(piece[1:] for piece in pieces[1:]) == text
    assert folded("x" * 75) == "x" * 75


def test_the_same_dates_are_the_same_bytes() -> None:
    assert calendar_of([ONE], {}, "zh-CN") == calendar_of([ONE], {}, "zh-CN")
