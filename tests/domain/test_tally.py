"""What became of the days of a count, and each of them with its reason."""

from dataclasses import replace

from app.domain.calendar import Bands, Calendar, DayRule, WeeklyHours
from app.domain.explained_days import Day, DayCount, Reason, Tally, days, full_at, tally
from app.domain.folds import Suspension
from app.domain.pieces import Piece
from app.domain.steps import Step, StepType
from app.domain.units import Unit
from tests.builders.domain import CD, HOUR, SHANGHAI, WD, a_calendar, day, instant, text_of, wall

OFFICE: Bands = ((540, 720), (780, 1080))
HOURS: WeeklyHours = (OFFICE, OFFICE, OFFICE, OFFICE, OFFICE, (), ())
AN_HOUR = 3_600_000_000
PAUSE = Step(type=StepType.PAUSE, at=instant("2025-03-05"), seq=3, id="3", ground="hearing")


def the(text: str) -> int:
    return day(f"2025-{text}")


def a_piece(begin: str, end: str, *, out: bool = False, by: tuple[Step, ...] = ()) -> Piece:
    return Piece(the(begin), the(end), out, by)


def a_day_count(
    *pieces: Piece,
    last: str,
    total: int | None,
    unit: Unit = WD,
    base: str = "03-03",
    calendar: Calendar | None = None,
    suspensions: tuple[Suspension, ...] = (),
) -> DayCount:
    """Of a clock that began on Monday 2025-03-03; weekends are off."""
    start = the("03-03")
    return DayCount(calendar or a_calendar(), unit, start, start, the(last), the(base), total, pieces, suspensions)


# The tally of limits in days


def test_five_working_days_over_a_weekend_are_five_counted_and_two_off() -> None:
    assert tally(a_day_count(a_piece("03-03", "03-10"), last="03-10", total=5)) == Tally(5, 0, 2, 0)


def test_paused_days_are_told_apart_from_days_off() -> None:
    count = a_day_count(
        a_piece("03-03", "03-05"),
        a_piece("03-05", "03-07", out=True, by=(PAUSE,)),
        a_piece("03-07", "03-12"),
        last="03-12",
        total=5,
    )
    assert tally(count) == Tally(5, 2, 2, 0)


def test_a_pause_that_goes_on_after_the_last_day_counts_up_to_it() -> None:
    count = a_day_count(
        a_piece("03-03", "03-05"), a_piece("03-05", "03-20", out=True, by=(PAUSE,)), last="03-10", total=5
    )
    assert tally(count) == Tally(2, 5, 0, 0)


def test_ten_calendar_days_that_end_on_a_saturday_roll_over_two_days() -> None:
    """From Wednesday the 5th the tenth day is Saturday the 15th; the end is Monday the 17th (民法典 第二百零三条)."""
    count = a_day_count(a_piece("03-05", "03-17"), last="03-17", total=10, unit=CD, base="03-05")
    assert tally(count) == Tally(10, 0, 0, 2)
    assert text_of(full_at(count)) == "2025-03-15"


def test_a_count_whose_last_day_is_its_base_has_nothing_to_tell() -> None:
    assert tally(a_day_count(last="03-03", total=0)) == Tally(0, 0, 0, 0)
    one = a_day_count(a_piece("03-03", "03-04"), last="03-04", total=1)
    assert tally(one) == Tally(1, 0, 0, 0)


def test_where_the_end_is_fixed_all_working_days_count_and_none_is_rolled() -> None:
    assert tally(a_day_count(a_piece("03-03", "03-11"), last="03-11", total=None)) == Tally(6, 0, 2, 0)


def test_where_the_end_is_cut_off_the_limit_is_not_used_up() -> None:
    count = a_day_count(a_piece("03-03", "03-07"), last="03-07", total=5)
    assert tally(count) == Tally(4, 0, 0, 0)
    assert text_of(full_at(count)) == "2025-03-08"


def test_the_day_on_which_a_limit_is_used_up() -> None:
    whole = a_day_count(a_piece("03-03", "03-24"), last="03-24", total=1)
    assert text_of(full_at(whole)) == "2025-03-04"
    for total, expected in ((5, "2025-03-10"), (6, "2025-03-11"), (15, "2025-03-24")):
        found = full_at(a_day_count(a_piece("03-03", "03-24"), last="03-24", total=total))
        assert text_of(found) == expected
    assert text_of(full_at(a_day_count(a_piece("03-03", "03-24"), last="03-24", total=0))) == "2025-03-03"
    assert full_at(a_day_count(a_piece("03-03", "03-24"), last="03-24", total=None)) is None


# The tally of limits in working time


def hours(calendar: Calendar, amount: int) -> int:
    return calendar.working_time.elapsed(instant("2025-03-03 09:00")) + amount * AN_HOUR


def an_hour_count(
    last: str,
    total: int,
    *pieces: tuple[int, int, tuple[Step, ...] | None],
    suspensions: tuple[Suspension, ...] = (),
) -> DayCount:
    """Eight hours a day from 09:00 to 12:00 and from 13:00 to 18:00; a third member says what took the piece out."""
    calendar = a_calendar(hours=HOURS, off=("2025-03-06",))
    start = the("03-03")
    found = tuple(
        Piece(hours(calendar, begin), hours(calendar, end), by is not None, by or ()) for begin, end, by in pieces
    )
    return DayCount(calendar, HOUR, start, start, the(last), hours(calendar, 0), total, found, suspensions)


def test_working_time_is_told_in_whole_units_and_its_pauses_in_microseconds() -> None:
    count = an_hour_count("03-05", 12, (0, 3, None), (3, 8, (PAUSE,)), (8, 17, None))
    assert tally(count) == Tally(12, 5 * AN_HOUR, 0, 0)
    assert full_at(count) is None
    begun = replace(count, pieces=(count.pieces[0]._replace(end=count.pieces[0].end - 1),))
    assert tally(begun) == Tally(2, 0, 0, 0)


def test_a_start_day_in_hours_that_was_stopped_from_its_first_moment_is_paused() -> None:
    count = an_hour_count("03-04", 8, (0, 8, (PAUSE,)), (8, 16, None))
    assert told(count, "03-03", "03-04") == [("2025-03-03", None, "paused"), ("2025-03-04", 8, "working_day")]


# Each day with its reason


def told(count: DayCount, begin: str, end: str) -> list[tuple[str | None, int | None, str]]:
    return [(text_of(one.day), one.n, str(one.reason)) for one in days(count, the(begin), the(end))]


def test_a_day_before_the_start_and_those_outside_the_pieces_are_told_by_the_calendar() -> None:
    start = the("03-03")
    count = DayCount(a_calendar(), WD, start, the("03-01"), the("03-05"), start, 2, (a_piece("03-03", "03-05"),))
    assert told(count, "02-01", "03-31") == [
        ("2025-03-01", None, "before_start"),
        ("2025-03-02", None, "before_start"),
        ("2025-03-03", None, "start_day"),
        ("2025-03-04", 1, "working_day"),
        ("2025-03-05", 2, "working_day"),
    ]
    beyond = DayCount(a_calendar(), WD, start, start, the("03-07"), start, 4, (a_piece("03-03", "03-05"),))
    assert told(beyond, "03-06", "03-07") == [("2025-03-06", 3, "working_day"), ("2025-03-07", 4, "working_day")]


def test_a_day_that_two_pieces_meet_on_belongs_to_the_one_that_ends_on_it() -> None:
    count = a_day_count(
        a_piece("03-03", "03-05"),
        a_piece("03-05", "03-06", out=True, by=(PAUSE,)),
        a_piece("03-06", "03-07"),
        last="03-07",
        total=3,
    )
    assert told(count, "03-04", "03-07") == [
        ("2025-03-04", 1, "working_day"),
        ("2025-03-05", 2, "working_day"),
        ("2025-03-06", None, "paused"),
        ("2025-03-07", 3, "working_day"),
    ]


SUSPENSIONS = (
    Suspension("S1", frozenset({"promise"}), day("2025-03-04"), day("2025-03-05"), "公告一号"),
    Suspension("S2", frozenset({"promise"}), day("2025-03-06"), day("2025-03-06"), ""),
    Suspension("S3", frozenset({"promise"}), day("2025-03-07"), None, "公告三号"),
)


def test_a_suspended_day_names_the_document_that_suspended_it_else_the_notice_of_the_calendar() -> None:
    calendar = Calendar("X", 1, SHANGHAI, days={the("03-06"): DayRule(True, "调休", "通知", "X")})
    count = a_day_count(
        a_piece("03-03", "03-10", out=True), a_piece("03-10", "03-11"), last="03-11", total=1, calendar=calendar,
        suspensions=SUSPENSIONS,
    )  # fmt: skip
    found = list(days(count, the("03-03"), the("03-11")))
    assert [(one.reason, one.source) for one in found] == [
        (Reason.START_DAY, None),
        (Reason.SUSPENDED, "公告一号"),
        (Reason.SUSPENDED, "公告一号"),
        (Reason.SUSPENDED, "通知"),
        (Reason.SUSPENDED, "公告三号"),
        (Reason.SUSPENDED, "公告三号"),
        (Reason.SUSPENDED, "公告三号"),
        (Reason.SUSPENDED, "公告三号"),
        (Reason.WORKING_DAY, None),
    ]
    assert found[3] == Day(the("03-06"), False, None, Reason.SUSPENDED, (), (), "调休", "通知", "X", "certain")


def test_a_day_taken_out_by_no_document_that_is_known_keeps_the_notice_of_the_calendar() -> None:
    calendar = Calendar("X", 1, SHANGHAI, days={the("03-04"): DayRule(True, "调休", "通知", "X")})
    count = a_day_count(a_piece("03-03", "03-04", out=True), last="03-04", total=1, calendar=calendar)
    assert [one.source for one in days(count, the("03-04"), the("03-04"))] == ["通知"]


def test_a_paused_day_is_told_whole_with_the_step_that_stopped_the_clock() -> None:
    count = a_day_count(a_piece("03-03", "03-04", out=True, by=(PAUSE,)), last="03-04", total=1)
    assert list(days(count, the("03-04"), the("03-04"))) == [
        Day(the("03-04"), False, None, Reason.PAUSED, (PAUSE,), (), None, None, "", "certain")
    ]


def test_the_days_of_a_limit_in_hours_with_the_stretches_that_count() -> None:
    """Twelve hours from Monday 09:00; Tuesday is stopped, Thursday a holiday, Friday 13:00 the end."""
    count = an_hour_count("03-10", 16, (0, 8, None), (8, 16, (PAUSE,)), (16, 27, None))
    found = list(days(count, the("03-01"), the("03-31")))
    assert [(text_of(one.day), one.n, str(one.reason)) for one in found] == [
        ("2025-03-03", 8, "working_day"),
        ("2025-03-04", None, "paused"),
        ("2025-03-05", 16, "working_day"),
        ("2025-03-06", None, "holiday"),
        ("2025-03-07", 19, "working_day"),
        ("2025-03-08", None, "weekend"),
        ("2025-03-09", None, "weekend"),
        ("2025-03-10", None, "rolled"),
    ]
    assert [(wall(begin), wall(end)) for begin, end in found[0].hours] == [
        ("2025-03-03 09:00", "2025-03-03 12:00"),
        ("2025-03-03 13:00", "2025-03-03 18:00"),
    ]
    assert [(wall(begin), wall(end)) for begin, end in found[4].hours] == [("2025-03-07 09:00", "2025-03-07 12:00")]
    assert [one.pauses for one in found] == [(), (PAUSE,), (), (), (), (), (), ()]
    assert all(one.hours == () for one in found if one.n is None)


def test_a_day_of_hours_before_the_start_and_one_that_is_not_the_last_are_before_the_start() -> None:
    calendar = a_calendar(hours=HOURS)
    count = DayCount(
        calendar, HOUR, the("03-04"), the("03-03"), the("03-06"), hours(calendar, 8), 8,
        (Piece(hours(calendar, 16), hours(calendar, 24), False, ()),),
    )  # fmt: skip
    assert told(count, "03-03", "03-06") == [
        ("2025-03-03", None, "before_start"),
        ("2025-03-04", None, "before_start"),
        ("2025-03-05", 8, "working_day"),
        ("2025-03-06", None, "rolled"),
    ]


def test_hours_that_a_place_suspended_name_the_document() -> None:
    count = an_hour_count("03-05", 16, (0, 8, None), (8, 16, ()), (16, 24, None), suspensions=SUSPENSIONS)
    assert [(one.reason, one.source, one.n) for one in days(count, the("03-03"), the("03-05"))] == [
        (Reason.WORKING_DAY, None, 8),
        (Reason.SUSPENDED, "公告一号", None),
        (Reason.WORKING_DAY, None, 16),
    ]


def test_a_day_of_hours_on_which_the_clock_was_stopped_for_a_while_counts_and_names_the_step() -> None:
    count = an_hour_count("03-03", 6, (0, 3, None), (3, 5, (PAUSE,)), (5, 8, None))
    [found] = days(count, the("03-03"), the("03-03"))
    assert (found.n, found.reason, found.pauses) == (6, Reason.WORKING_DAY, (PAUSE,))
    assert [(wall(begin), wall(end)) for begin, end in found.hours] == [
        ("2025-03-03 09:00", "2025-03-03 12:00"),
        ("2025-03-03 15:00", "2025-03-03 18:00"),
    ]
