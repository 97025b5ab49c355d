"""Where a share of the limit is reached, however the clock is kept; ends at the time of day of their start."""

from app.domain.corrections import recomputed
from app.domain.counting import last_day
from app.domain.folds import Recomputation, Suspension
from app.domain.forecast import forecast
from app.domain.items import Count, DueTime, EndRule, StartRule, Warn, WarnKind
from app.domain.ledger import share_day
from app.domain.units import Limit
from tests.builders.domain import (
    CD,
    MONTH,
    WD,
    History,
    a_calendar,
    a_clock,
    a_count,
    a_history,
    an_item,
    day,
    instant,
    text_of,
    wall,
)
from tests.builders.folds import an_edition

HEARING = frozenset({"hearing"})
CALENDAR = an_edition(1)


def half(amount: int = 10, unit: object = WD, share: int = 500) -> History:
    """A clock that warns at a share of its limit; accepted on Monday 2025-03-03."""
    warn = (Warn(WarnKind.AT_SHARE, share_thousandths=share),)
    rule = a_clock("promise", amount, unit, pauses_for=HEARING, warn=warn)  # type: ignore[arg-type]
    return a_history(an_item(rule), CALENDAR).received("2025-03-03").accepted("2025-03-03")


def reached(history: History) -> list[tuple[str, str | None]]:
    """State and warning of each stretch of the clock."""
    return [(str(one.state), wall(one.warnings[0].at)) for one in forecast(history.dossier).spans]


def test_half_of_ten_working_days_is_used_on_the_fifth() -> None:
    assert reached(half()) == [("running", "2025-03-10 00:00")]
    assert reached(half(share=510)) == [("running", "2025-03-11 00:00")]
    assert reached(half(share=1000)) == [("running", "2025-03-17 00:00")]
    assert reached(half(10, CD)) == [("running", "2025-03-08 00:00")]


def test_a_pause_before_the_share_moves_it_and_one_after_it_does_not() -> None:
    before = half().paused("2025-03-05").resumed("2025-03-07")
    assert reached(before) == [
        ("running", "2025-03-10 00:00"),
        ("paused", None),
        ("running", "2025-03-12 00:00"),
    ]
    after = half().paused("2025-03-12").resumed("2025-03-14")
    assert reached(after) == [("running", "2025-03-10 00:00"), ("paused", None), ("running", "2025-03-10 00:00")]
    at_it = half().paused("2025-03-10").resumed("2025-03-14")
    assert reached(at_it)[-1] == ("running", "2025-03-10 00:00")


def test_after_an_announced_pause_the_share_counts_from_its_last_day() -> None:
    assert reached(half().paused("2025-03-05", announced=Limit(2, CD))) == [
        ("running", "2025-03-10 00:00"),
        ("paused", None),
        ("running", "2025-03-12 00:00"),
    ]


def test_a_stopped_clock_keeps_where_the_share_was_or_would_have_been_reached() -> None:
    assert reached(half().step("decide", "2025-03-05")) == [
        ("running", "2025-03-10 00:00"),
        ("met", "2025-03-10 00:00"),
    ]


def test_days_suspended_ahead_are_taken_out_of_the_share() -> None:
    """The 6th and the 7th are suspended: five days are the 4th, 5th, 10th, 11th and 12th."""
    flood = Suspension("S1", frozenset({"promise"}), day("2025-03-06"), day("2025-03-07"))
    published = Recomputation(at=instant("2025-03-03 12:00"), seq=9, suspension=flood)
    history = History(recomputed(half().dossier, published))
    assert reached(history) == [
        ("running", "2025-03-10 00:00"),
        ("running", "2025-03-12 00:00"),
        ("paused", None),
        ("running", "2025-03-12 00:00"),
    ]
    early = History(recomputed(half(share=200).dossier, published))
    assert reached(early)[-1] == ("running", "2025-03-05 00:00")
    none = History(recomputed(half(share=0).dossier, published))
    assert reached(none)[1] == ("running", "2025-03-03 00:00")
    rest_days = History(recomputed(half(10, CD).dossier, published))
    assert reached(rest_days)[1] == ("running", "2025-03-10 00:00")


def test_the_first_day_with_so_many_units_used() -> None:
    """Two used up to the 5th, then a pause to the 7th; eight more from there on."""
    plain = a_calendar()
    past, rest = [(day("2025-03-03"), 0, 2)], (day("2025-03-07"), 2)

    def on(needed: int, *, working: bool = True) -> str | None:
        return text_of(share_day(needed, plain, working, past=past, rest=rest))

    assert [on(one) for one in (0, 1, 2, 3, 4)] == [
        "2025-03-03",
        "2025-03-04",
        "2025-03-05",
        "2025-03-10",
        "2025-03-11",
    ]
    assert [on(one, working=False) for one in (1, 3, 4)] == ["2025-03-04", "2025-03-08", "2025-03-09"]
    assert text_of(share_day(2, plain, True, past=[], rest=rest)) == "2025-03-07"


# The time of day of the start


def test_what_silence_started_at_midnight_counts_from_the_end_of_the_day_that_ran_out() -> None:
    """Silence accepts at the end of Monday the 10th; five working days at the same time end on the 17th at 24:00."""
    notice = a_clock(
        "notice",
        5,
        starts="received",
        stops=frozenset({"accepted", "refused", "correction_requested"}),
        on_expiry="deemed_accepted_at_expiry",
    )
    clock = a_clock("statutory", 5, count=a_count(WD, due="same_time"))
    history = a_history(an_item(notice, clock), CALENDAR).received("2025-03-03")
    found = history.clock("statutory", "2025-03-12")
    assert (text_of(found.started_on), wall(found.due_at), text_of(found.due_on)) == (
        "2025-03-10",
        "2025-03-18 00:00",
        "2025-03-17",
    )
    by_hand = a_history(an_item(clock), CALENDAR).received("2025-03-03").accepted("2025-03-10 23:59")
    assert wall(by_hand.clock("statutory", "2025-03-12").due_at) == "2025-03-17 23:59"


# Months whose first day counts


def test_a_month_whose_first_day_counts_ends_on_the_day_before_the_corresponding_one() -> None:
    counted = Count(StartRule.SAME_DAY, EndRule.KEEP, DueTime.END_OF_DAY)
    plain = Count(StartRule.NEXT_DAY, EndRule.KEEP, DueTime.END_OF_DAY)

    def end(start: str, months: int, count: Count = counted) -> str | None:
        return text_of(last_day(day(start), months, MONTH, a_calendar(), count))

    assert [end("2025-01-31", months) for months in (1, 2, 3)] == ["2025-02-28", "2025-03-30", "2025-04-30"]
    assert [end("2025-01-31", months, plain) for months in (1, 2, 11, 12)] == [
        "2025-02-28",
        "2025-03-31",
        "2025-12-31",
        "2026-01-31",
    ]
    assert end("2025-03-01", 1) == "2025-03-31"
    assert end("2025-03-31", -1, plain) == "2025-02-28"
    assert end("2024-02-29", 12, plain) == "2025-02-28"
