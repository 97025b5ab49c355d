"""The pieces of a clock's time: what counts, what pauses and suspensions take out, in days and in working time."""

from app.domain.calendar import Bands, Calendar, WeeklyHours
from app.domain.items import Party
from app.domain.pieces import Hold, Line, Piece, holds_of, pieces_of
from app.domain.spans import ClockState, Span
from app.domain.steps import Step, StepType
from app.domain.units import Limit, Unit
from tests.builders.domain import CD, HOUR, SHANGHAI, WD, a_calendar, day, instant

OFFICE: Bands = ((540, 1020),)
HOURS: WeeklyHours = (OFFICE, OFFICE, OFFICE, OFFICE, OFFICE, (), ())
AN_HOUR = 3_600_000_000
GROUNDS = frozenset({"hearing", "correction"})
BY_DAY = Line(a_calendar(), by_moment=False)
BY_HOUR = Line(a_calendar(hours=HOURS), by_moment=True)
RUNNING, PAUSED, MET = ClockState.RUNNING, ClockState.PAUSED, ClockState.MET


def a_span(
    counts_from: int,
    state: ClockState = RUNNING,
    *,
    due: str | None = None,
    latest: str | None = None,
    total: int | None = 10,
    used: int = 0,
    unit: Unit = WD,
    stopped: str | None = None,
) -> Span:
    due_at = None
    if due is not None:
        due_at = instant(due) if unit is HOUR else BY_DAY.calendar.midnight(day(due) + 1)
    return Span(
        clock="promise",
        stage="",
        round=0,
        from_at=instant("2025-03-03"),
        to_at=None,
        state=state,
        party=Party.AGENCY,
        limit=Limit(10, unit),
        extended=0,
        total=total,
        started_on=day("2025-03-03"),
        started_at=instant("2025-03-03"),
        counts_from=counts_from,
        used_before=used,
        due_on=None if due is None else day(due[:10]),
        due_at=due_at,
        latest_due_on=None if latest is None else day(latest),
        yellow_at=None,
        warnings=(),
        after=(),
        stopped_at=None if stopped is None else instant(stopped),
        provisional=False,
        fixed=False,
        calendar="X@1",
        revision=1,
        legal_basis=None,
    )


def a_pause(at: str, number: int, *, ground: str = "hearing", announced: Limit | None = None) -> Step:
    return Step(type=StepType.PAUSE, at=instant(at), seq=number, id=str(number), ground=ground, announced=announced)


def a_step(kind: str, at: str, number: int, **said: str) -> Step:
    return Step(type=StepType(kind), at=instant(at), seq=number, id=str(number), pause_id=said.get("pause_id", ""))


def pieces(
    *spans: Span,
    line: Line = BY_DAY,
    at: str = "2025-03-20",
    base: int | None = None,
    holds: tuple[Hold, ...] = (),
    ahead: tuple[tuple[int, int], ...] = (),
) -> tuple[Piece, ...]:
    start = day("2025-03-03") if base is None else base
    return pieces_of(spans, line, holds, ahead, base=start, at=instant(at))


def days(begin: str, end: str) -> tuple[int, int]:
    return day(f"2025-{begin}"), day(f"2025-{end}")


# What counts, what is taken out


def test_a_clock_that_runs_counts_from_its_base_to_its_end() -> None:
    assert pieces(a_span(day("2025-03-03"), due="2025-03-17")) == (Piece(*days("03-03", "03-17"), False, ()),)


def test_what_lies_between_the_base_and_the_first_span_counts_too() -> None:
    found = pieces(a_span(day("2025-03-06"), due="2025-03-17"))
    assert found == (Piece(*days("03-03", "03-06"), False, ()), Piece(*days("03-06", "03-17"), False, ()))


def test_a_span_that_begins_before_the_base_counts_from_the_base() -> None:
    found = pieces(a_span(day("2025-03-01"), due="2025-03-17"))
    assert found == (Piece(*days("03-03", "03-17"), False, ()),)


def test_a_span_without_any_day_is_no_piece() -> None:
    found = pieces(a_span(day("2025-03-03"), due="2025-03-17"), a_span(day("2025-03-03"), due="2025-03-18"))
    assert found == (Piece(*days("03-03", "03-18"), False, ()),)


def test_a_pause_is_cut_where_another_joins_and_where_one_leaves() -> None:
    first, second = a_pause("2025-03-05", 2), a_pause("2025-03-07", 3)
    holds = (Hold(first, *days("03-05", "03-11")), Hold(second, *days("03-07", "03-13")))
    found = pieces(
        a_span(day("2025-03-03"), due="2025-03-17"),
        a_span(day("2025-03-05"), PAUSED),
        a_span(day("2025-03-13"), due="2025-03-25"),
        holds=holds,
    )
    assert found == (
        Piece(*days("03-03", "03-05"), False, ()),
        Piece(*days("03-05", "03-07"), True, (first,)),
        Piece(*days("03-07", "03-11"), True, (first, second)),
        Piece(*days("03-11", "03-13"), True, (second,)),
        Piece(*days("03-13", "03-25"), False, ()),
    )


def test_a_pause_without_a_known_end_takes_out_the_days_up_to_the_one_asked_about() -> None:
    found = pieces(a_span(day("2025-03-03"), due="2025-03-17"), a_span(day("2025-03-05"), PAUSED), at="2025-03-10")
    assert found == (Piece(*days("03-03", "03-05"), False, ()), Piece(*days("03-05", "03-10"), True, ()))


def test_a_clock_without_any_end_has_no_piece_after_its_beginning() -> None:
    assert pieces(a_span(day("2025-03-03"))) == ()
    assert pieces(a_span(day("2025-03-03"), due="2025-03-17")._replace(due_on=None)) == ()


# Announced ends


def test_an_announced_pause_takes_out_what_was_announced_and_the_rest_of_the_limit_follows() -> None:
    pause = a_pause("2025-03-05", 2)
    found = pieces(
        a_span(day("2025-03-03"), due="2025-03-17"),
        a_span(day("2025-03-05"), PAUSED, latest="2025-03-24", used=2),
        holds=(Hold(pause, *days("03-05", "03-12")),),
    )
    assert found == (
        Piece(*days("03-03", "03-05"), False, ()),
        Piece(*days("03-05", "03-12"), True, (pause,)),
        Piece(*days("03-12", "03-24"), False, ()),
    )


def test_a_pause_that_begins_later_or_never_ends_announces_nothing() -> None:
    pause, later, endless = a_pause("2025-03-05", 2), a_pause("2025-03-06", 3), a_pause("2025-03-05", 4)
    found = pieces(
        a_span(day("2025-03-05"), PAUSED, latest="2025-03-24"),
        holds=(
            Hold(pause, *days("03-05", "03-12")),
            Hold(later, *days("03-06", "03-20")),
            Hold(endless, day("2025-03-05"), 1 << 80),
        ),
        base=day("2025-03-05"),
    )
    assert [piece[:3] for piece in found] == [
        (*days("03-05", "03-06"), True),
        (*days("03-06", "03-12"), True),
        (*days("03-12", "03-24"), False),
    ]
    assert found[1].pauses == (pause, later, endless)


def test_a_suspension_known_to_end_keeps_a_paused_clock_as_long_as_it_lasts() -> None:
    span = a_span(day("2025-03-05"), PAUSED, latest="2025-03-24")
    begun, coming = days("03-05", "03-14"), days("03-18", "03-20")
    found = pieces(span, ahead=(begun, coming), base=day("2025-03-05"))
    assert found == (Piece(*days("03-05", "03-14"), True, ()), Piece(*days("03-14", "03-24"), False, ()))


def test_where_the_announced_pause_lasts_to_the_end_nothing_follows_it() -> None:
    pause = a_pause("2025-03-05", 2)
    span = a_span(day("2025-03-05"), PAUSED, latest="2025-03-12")
    found = pieces(span, holds=(Hold(pause, *days("03-05", "03-12")),), base=day("2025-03-05"))
    assert found == (Piece(*days("03-05", "03-12"), True, (pause,)),)


# What was suspended before a stopped clock's end


def test_the_days_suspended_before_the_end_of_a_stopped_clock_are_cut_out_of_it() -> None:
    span = a_span(day("2025-03-03"), MET, due="2025-03-21", stopped="2025-03-20")
    found = pieces(
        span,
        ahead=(days("02-10", "03-03"), days("03-05", "03-07"), days("03-12", "03-14"), days("03-21", "03-25")),
    )
    assert found == (
        Piece(*days("03-03", "03-05"), False, ()),
        Piece(*days("03-05", "03-07"), True, ()),
        Piece(*days("03-07", "03-12"), False, ()),
        Piece(*days("03-12", "03-14"), True, ()),
        Piece(*days("03-14", "03-21"), False, ()),
    )


def test_a_suspension_over_the_beginning_or_the_end_is_cut_there() -> None:
    span = a_span(day("2025-03-03"), MET, due="2025-03-21", stopped="2025-03-20")
    found = pieces(span, ahead=(days("02-28", "03-05"), days("03-19", "03-26")))
    assert found == (
        Piece(*days("03-03", "03-05"), True, ()),
        Piece(*days("03-05", "03-19"), False, ()),
        Piece(*days("03-19", "03-21"), True, ()),
    )
    assert pieces(span, ahead=(days("03-03", "03-21"),)) == (Piece(*days("03-03", "03-21"), True, ()),)


def test_what_is_to_be_suspended_cuts_nothing_out_of_a_clock_that_runs() -> None:
    span = a_span(day("2025-03-03"), due="2025-03-21")
    assert pieces(span, ahead=(days("03-05", "03-07"),)) == (Piece(*days("03-03", "03-21"), False, ()),)


# Working time


def hours(amount: int) -> int:
    """The place that lies so many working hours after Monday 2025-03-03, 09:00; a day has eight."""
    return BY_HOUR.place(instant("2025-03-03 09:00")) + amount * AN_HOUR


def test_in_working_time_a_day_ends_after_its_last_hour() -> None:
    assert BY_HOUR.after(day("2025-03-03")) == hours(8)
    assert BY_HOUR.after(day("2025-03-07")) == BY_HOUR.after(day("2025-03-09")) == hours(40)


def test_a_limit_in_hours_counts_to_its_due_instant() -> None:
    span = a_span(hours(0), due="2025-03-04 11:00", unit=HOUR)
    assert pieces(span, line=BY_HOUR, base=hours(0)) == (Piece(hours(0), hours(10), False, ()),)


def test_after_an_announced_pause_a_limit_in_hours_counts_no_more_than_it_has_left() -> None:
    pause = a_pause("2025-03-03 11:00", 2)
    span = a_span(hours(2), PAUSED, latest="2025-03-05", unit=HOUR, used=2 * AN_HOUR)
    found = pieces(span, line=BY_HOUR, base=hours(0), holds=(Hold(pause, hours(2), hours(5)),))
    assert found == (
        Piece(hours(0), hours(2), False, ()),
        Piece(hours(2), hours(5), True, (pause,)),
        Piece(hours(5), hours(13), False, ()),
    )


def test_where_nothing_says_how_long_a_limit_is_it_counts_to_the_day_that_is_shown() -> None:
    span = a_span(hours(2), PAUSED, latest="2025-03-05", unit=HOUR, used=2 * AN_HOUR, total=None)
    pause = a_pause("2025-03-03 11:00", 2)
    holds = (Hold(pause, hours(2), hours(5)),)
    expected = Piece(hours(5), hours(24), False, ())
    assert pieces(span, line=BY_HOUR, base=hours(2), holds=holds)[-1] == expected
    assert pieces(span._replace(total=10, limit=None), line=BY_HOUR, base=hours(2), holds=holds)[-1] == expected


# What pauses hold


def held(*steps: Step, line: Line = BY_DAY, grounds: frozenset[str] = GROUNDS) -> list[tuple[int, int, int]]:
    return [(hold.step.seq, hold.begin, hold.end) for hold in holds_of(steps, line, grounds)]


def test_a_resumption_ends_the_pause_that_it_names_else_the_last_one() -> None:
    first, second = a_pause("2025-03-05", 2), a_pause("2025-03-06", 3)
    last = a_step("resume", "2025-03-10", 4)
    named = a_step("resume", "2025-03-10", 4, pause_id="2")
    nobody = a_step("resume", "2025-03-10", 4, pause_id="9")
    assert held(first, second, last) == [(3, *days("03-06", "03-10")), (2, day("2025-03-05"), 1 << 80)]
    assert held(first, second, named) == [(2, *days("03-05", "03-10")), (3, day("2025-03-06"), 1 << 80)]
    assert held(first, second, nobody) == [(2, day("2025-03-05"), 1 << 80), (3, day("2025-03-06"), 1 << 80)]


def test_a_resumption_does_not_end_the_time_for_a_correction() -> None:
    request = a_step("request_correction", "2025-03-05", 2)
    assert held(request, a_step("resume", "2025-03-06", 3)) == [(2, day("2025-03-05"), 1 << 80)]


def test_a_correction_ends_its_own_time_and_no_pause() -> None:
    request, pause = a_step("request_correction", "2025-03-05", 2), a_pause("2025-03-06", 3)
    answer = a_step("submit_correction", "2025-03-10", 4)
    assert held(request, pause, answer) == [(2, *days("03-05", "03-10")), (3, day("2025-03-06"), 1 << 80)]


def test_a_decision_and_each_end_of_the_application_end_everything_that_holds() -> None:
    request, pause = a_step("request_correction", "2025-03-05", 2), a_pause("2025-03-06", 3)
    for kind in ("decide", "refuse", "withdraw", "terminate", "close"):
        assert held(request, pause, a_step(kind, "2025-03-10", 4)) == [
            (2, *days("03-05", "03-10")),
            (3, *days("03-06", "03-10")),
        ]
    for kind in ("accept", "assign", "publish", "deliver"):
        assert held(request, pause, a_step(kind, "2025-03-10", 4)) == [
            (2, day("2025-03-05"), 1 << 80),
            (3, day("2025-03-06"), 1 << 80),
        ]


def test_a_pause_holds_no_longer_than_was_announced() -> None:
    pause = a_pause("2025-03-05", 2, announced=Limit(3, CD))
    assert held(pause, a_step("resume", "2025-03-10", 3)) == [(2, *days("03-05", "03-08"))]
    assert held(pause, a_step("resume", "2025-03-07", 3)) == [(2, *days("03-05", "03-07"))]


def test_in_working_time_what_was_announced_ends_at_an_instant() -> None:
    pause = a_pause("2025-03-03 11:00", 2, announced=Limit(3, HOUR))
    resumed = a_step("resume", "2025-03-05 09:00", 3)
    assert held(pause, resumed, line=BY_HOUR) == [(2, hours(2), hours(5))]
    whole_days = a_pause("2025-03-03 11:00", 2, announced=Limit(1, CD))
    assert held(whole_days, resumed, line=BY_HOUR) == [(2, hours(2), hours(16))]


def test_only_the_grounds_that_stop_the_clock_hold_it() -> None:
    pause, other = a_pause("2025-03-05", 2), a_pause("2025-03-06", 3, ground="publicity")
    request = a_step("request_correction", "2025-03-06", 4)
    assert held(pause, other, request, grounds=frozenset({"publicity"})) == [(3, day("2025-03-06"), 1 << 80)]
    assert held(pause, other, request, grounds=frozenset({"correction"})) == [(4, day("2025-03-06"), 1 << 80)]


# Clocks that end as soon as their announced start comes


def test_what_a_clock_would_count_from_its_announced_start_is_cut_by_pauses_and_suspensions() -> None:
    pause = a_pause("2025-03-05", 2)
    found = pieces(
        a_span(day("2025-03-03"), ClockState.NOT_STARTED, due="2025-03-17"),
        holds=(Hold(pause, *days("03-05", "03-07")),),
        ahead=(days("03-11", "03-13"),),
    )
    assert found == (
        Piece(*days("03-03", "03-05"), False, ()),
        Piece(*days("03-05", "03-07"), True, (pause,)),
        Piece(*days("03-07", "03-11"), False, ()),
        Piece(*days("03-11", "03-13"), True, ()),
        Piece(*days("03-13", "03-17"), False, ()),
    )


def test_a_pause_without_a_known_end_is_told_by_the_hour_though_the_calendar_has_a_first_day() -> None:
    calendar = Calendar("X", 1, SHANGHAI, days={}, weekly_hours=HOURS, first=day("2025-01-01"))
    line = Line(calendar, by_moment=True)
    base, paused, asked = (line.place(instant(at)) for at in ("2025-03-03", "2025-03-03 11:00", "2025-03-04 10:00"))
    found = pieces(
        a_span(base, due="2025-03-06 16:00", unit=HOUR),
        a_span(paused, PAUSED, unit=HOUR),
        line=line,
        base=base,
        at="2025-03-04 10:00",
    )
    assert found == (Piece(base, paused, False, ()), Piece(paused, asked, True, ()))
