"""How far the calendar reaches, and when its end is a warning."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.calendars import catalogue
from app.operations.readiness import calendar_check, quarantine_check, sweep_check

NOW = datetime(2026, 11, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(("left", "state"), [(200, "ok"), (60, "ok"), (59, "warning"), (0, "warning")])
def test_sixty_days_before_the_end_of_the_notices_the_next_one_is_missed(left: int, state: str) -> None:
    calendar = catalogue.newest("CN")
    assert calendar.published_to is not None
    assert calendar_check(calendar, calendar.published_to - left).state == state


def test_a_calendar_that_has_ended_says_so() -> None:
    calendar = catalogue.named("CN@1")
    check = calendar_check(calendar, date(2026, 11, 2).toordinal())
    assert check.state == "warning"
    assert "does not cover today" in check.detail


@pytest.mark.parametrize(("seconds", "state"), [(0, "ok"), (90, "ok"), (91, "failed")])
def test_a_sweep_is_dead_after_three_intervals(seconds: int, state: str) -> None:
    assert sweep_check(NOW - timedelta(seconds=seconds), NOW, timedelta(seconds=30)).state == state


def test_a_short_interval_leaves_ten_seconds() -> None:
    assert sweep_check(NOW - timedelta(seconds=10), NOW, timedelta(seconds=1)).state == "ok"


def test_an_application_set_aside_is_a_warning() -> None:
    assert quarantine_check([]).state == "ok"
    assert quarantine_check(["Q0QJ-WRBA-61TW-PZ"]).state == "warning"
    assert "Q0QJ" not in quarantine_check(["Q0QJ-WRBA-61TW-PZ"]).detail, "readiness is public"
