"""Whose each day is, told in full: weeks without holidays, each row worked out by hand."""

from itertools import pairwise

from app.domain.calendar import Calendar
from app.domain.forecast import forecast
from app.domain.items import Party
from app.domain.owners import (
    Days,
    Owner,
    Piece,
    Run,
    chosen,
    finish_of,
    leading_pieces,
    piece_of,
    runs_of,
    shares_of,
    taken_out,
    working_days,
)
from app.domain.spans import ClockState, Stretch
from app.domain.steps import Status
from tests.builders.domain import HOUR, a_calendar, a_clock, a_history, a_stage, an_item, day, instant
from tests.builders.histories import the_calendar

CALENDAR = a_calendar()


def stretch(text: str, status: Status = Status.RECEIVED, desk: str = "D/S/O") -> Stretch:
    department, section, officer = desk.split("/")
    return Stretch(instant(text), None, status, department, section or None, officer or None)


def piece(at: str, state: str, counts_from: str, *, in_time: bool = False) -> Piece:
    return Piece("promise", instant(at), ClockState(state), day(counts_from), in_time)


def out(*pieces: Piece, until: str = "2025-03-31") -> list[tuple[int, int]]:
    return taken_out(pieces, day(until), CALENDAR)


def days(*texts: str) -> list[tuple[int, int]]:
    return [(day(texts[place]), day(texts[place + 1])) for place in range(0, len(texts), 2)]


# Whose they are


def test_each_stretch_tells_its_days_the_applicants_the_paused_the_worked_and_those_of_rest() -> None:
    """2025-03-03 is a Monday; two pauses, the second of which goes on to the next desk."""
    desks = [
        stretch("2025-03-03 10:00"),
        stretch("2025-03-04", Status.CORRECTING),
        stretch("2025-03-06", Status.ACCEPTED),
        stretch("2025-03-19", Status.ACCEPTED, "D/S/P"),
    ]
    taken = days("2025-03-06", "2025-03-08", "2025-03-12", "2025-03-20")
    received, until = day("2025-03-03"), day("2025-03-24")
    assert list(shares_of(received, until, desks, taken, CALENDAR)) == [
        Days(received, day("2025-03-04"), desks[0], 0, 0, 1, 0),
        Days(day("2025-03-04"), day("2025-03-06"), desks[1], 2, 0, 0, 0),
        Days(day("2025-03-06"), day("2025-03-19"), desks[2], 0, 9, 3, 1),  # 10th to 12th worked, Sunday the 9th rest
        Days(day("2025-03-19"), until, desks[3], 0, 1, 2, 2),
    ]


def test_who_held_it_for_less_than_a_day_has_none() -> None:
    desks = [stretch("2025-03-03"), stretch("2025-03-03 11:00", desk="D/S/P")]
    received, until = day("2025-03-03"), day("2025-03-04")
    assert list(shares_of(received, until, desks, (), CALENDAR)) == [Days(received, until, desks[1], 0, 0, 1, 0)]


def test_neighbouring_days_of_one_owner_on_one_desk_are_one_run() -> None:
    desks = [
        stretch("2025-03-03"),
        stretch("2025-03-05", Status.ACCEPTED),
        stretch("2025-03-06", Status.ACCEPTED, "D2/S/O"),
    ]
    assert runs_of(day("2025-03-03"), day("2025-03-10"), desks, (), CALENDAR) == [
        Run(day("2025-03-04"), day("2025-03-06"), Owner.OFFICER, desks[0]),
        Run(day("2025-03-07"), day("2025-03-07"), Owner.OFFICER, desks[2]),  # of another department
        Run(day("2025-03-08"), day("2025-03-09"), Owner.REST, desks[2]),
        Run(day("2025-03-10"), day("2025-03-10"), Owner.OFFICER, desks[2]),
    ]


def test_an_application_ends_with_the_first_stretch_that_is_not_open() -> None:
    desks = [stretch("2025-03-03"), stretch("2025-03-05", Status.DECIDED), stretch("2025-03-06", Status.CLOSED)]
    assert finish_of(desks) is desks[1]
    assert finish_of(desks[:1]) is None


# What pauses took out


def test_a_clock_paused_from_its_first_moment_has_its_pause_taken_out() -> None:
    found = out(piece("2025-03-10", "paused", "2025-03-10"), piece("2025-03-12", "running", "2025-03-12"))
    assert found == days("2025-03-10", "2025-03-12")


def test_a_pause_that_ran_out_gives_the_next_day_back() -> None:
    found = out(piece("2025-03-10", "paused", "2025-03-10"), piece("2025-03-13 00:00", "running", "2025-03-12"))
    assert found == days("2025-03-10", "2025-03-12")


def test_a_clock_that_stops_in_a_pause_has_the_day_of_the_stop_taken_out() -> None:
    found = out(piece("2025-03-10", "paused", "2025-03-10"), piece("2025-03-13", "met", "2025-03-10"))
    assert found == days("2025-03-10", "2025-03-13")


def test_of_a_clock_in_working_time_a_pause_that_ends_at_midnight_takes_out_no_part_of_the_day_that_begins() -> None:
    after = piece("2025-03-13 00:00", "running", "2025-03-13", in_time=True)
    assert out(piece("2025-03-10", "paused", "2025-03-10"), after) == days("2025-03-10", "2025-03-12")


def test_pauses_one_after_the_other_are_taken_out_one_by_one() -> None:
    found = out(
        piece("2025-03-10", "paused", "2025-03-10"),
        piece("2025-03-12", "running", "2025-03-12"),
        piece("2025-03-14", "paused", "2025-03-14"),
        piece("2025-03-17", "running", "2025-03-17"),
        piece("2025-03-20", "paused", "2025-03-20"),
        until="2025-03-21",
    )
    assert found == days("2025-03-10", "2025-03-12", "2025-03-14", "2025-03-17", "2025-03-20", "2025-03-21")


def test_a_pause_of_less_than_a_day_takes_out_none() -> None:
    found = out(piece("2025-03-10", "paused", "2025-03-10"), piece("2025-03-10 11:00", "running", "2025-03-10"))
    assert found == []


# By which clock


def test_a_pause_is_lawful_by_the_statutory_clock_else_by_the_promise() -> None:
    promise, statutory = (
        piece("2025-03-10", "running", "2025-03-10")._replace(clock=kind) for kind in ("promise", "statutory")
    )
    assert chosen([promise, statutory]) == [statutory]
    assert chosen([promise]) == [promise]


def test_of_a_span_its_clock_is_told_and_whether_it_counts_in_working_time() -> None:
    hours = (((540, 1020),),) * 5 + ((), ())
    calendar = a_calendar(hours=hours)
    item = an_item(a_clock("promise", 10), a_clock("statutory", 8, HOUR))
    drawn = forecast(a_history(item, calendar).received("2025-03-10").accepted("2025-03-10").dossier)
    told = {one.clock: one.in_time for one in map(piece_of, drawn.spans)}
    assert told == {"promise": False, "statutory": True}


def test_neither_the_applicants_clocks_nor_those_of_stages_lead() -> None:
    applicant = a_clock("statutory", 10, party=str(Party.APPLICANT))
    item = an_item(applicant, a_clock("promise", 5), stages=(a_stage("review", 2),))
    history = a_history(item, CALENDAR).received("2025-03-10").accepted("2025-03-10")
    drawn = forecast(history.step("start_stage", "2025-03-10 10:00", stage="review").dossier)
    assert {one.clock for one in leading_pieces(drawn.spans)} == {"promise"}


# Days before the first edition


def a_late_one(first: str) -> Calendar:
    """A calendar whose days before the first are unknown."""
    return Calendar("X", 1, the_calendar().zone, days={}, first=day(first))


def test_each_day_before_the_first_edition_goes_by_the_week() -> None:
    edges = [day("2025-03-02") + place for place in range(22)]
    found = [working_days(begin, end, a_late_one("2025-03-31")) for begin, end in pairwise(edges)]
    assert found == [1, 1, 1, 1, 1, 0, 0] * 3


def test_days_that_end_with_the_first_known_one_or_begin_after_it_count_it_once_or_not() -> None:
    calendar = a_late_one("2025-03-12")  # a Wednesday
    assert working_days(day("2025-03-10"), day("2025-03-12"), calendar) == 2
    assert working_days(day("2025-03-11"), day("2025-03-13"), calendar) == 2
    assert working_days(day("2025-03-12"), day("2025-03-13"), calendar) == 1
