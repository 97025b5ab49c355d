"""When the clocks on the walls of a zone change, to the second."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.working_time import offsets_of

HOUR = 3_600_000_000


def changes_of(zone: str, year: int) -> list[tuple[datetime, int]]:
    """Each change in a year, looked for anew, with the microseconds that the walls are ahead of UTC after it."""
    found = offsets_of(ZoneInfo.no_cache(zone))
    moments = [
        datetime.fromordinal(1).replace(tzinfo=UTC) + timedelta(days=-1, microseconds=change)
        for change in found.changes
    ]
    return [(moment, offset) for moment, offset in zip(moments, found.offsets[1:], strict=True) if moment.year == year]


def test_summer_time_begins_and_ends_in_berlin_at_one_o_clock_of_utc() -> None:
    assert changes_of("Europe/Berlin", 2025) == [
        (datetime(2025, 3, 30, 1, tzinfo=UTC), 2 * HOUR),
        (datetime(2025, 10, 26, 1, tzinfo=UTC), HOUR),
    ]


def test_summer_time_in_china_began_in_1986_at_two_o_clock_in_the_morning() -> None:
    assert changes_of("Asia/Shanghai", 1986) == [
        (datetime(1986, 5, 3, 18, tzinfo=UTC), 9 * HOUR),
        (datetime(1986, 9, 13, 17, tzinfo=UTC), 8 * HOUR),
    ]


def test_a_zone_that_never_changes_has_one_offset() -> None:
    found = offsets_of(ZoneInfo.no_cache("Etc/GMT-8"))
    assert (found.changes, found.offsets) == ([], [8 * HOUR])


def test_clocks_that_change_at_a_minute_past_midnight_are_met_to_the_second() -> None:
    """Newfoundland, 1988, with two hours of summer time: from 3 April 00:01, on 30 October until 00:01."""
    assert changes_of("America/St_Johns", 1988) == [
        (datetime(1988, 4, 3, 3, 31, tzinfo=UTC), -3 * HOUR // 2),
        (datetime(1988, 10, 30, 1, 31, tzinfo=UTC), -7 * HOUR // 2),
    ]
    assert changes_of("America/New_York", 1967)[0][0] == datetime(1967, 4, 30, 7, tzinfo=UTC)
