"""Suspensions of stages and hours, silence under editions, what is possible in each state, hours at the edges."""

import pytest

from app.domain import procedure
from app.domain.calendar import FIRST_DAY, LAST_DAY, Bands, Calendar, WeeklyHours
from app.domain.corrections import recomputed
from app.domain.folds import Recomputation, Suspension
from app.domain.forecast import forecast
from app.domain.items import ReceiptRule
from app.domain.receipt import day_of_receipt
from app.domain.refusal import Refusal
from app.domain.replay import replay
from tests.builders.domain import (
    HOUR,
    SHANGHAI,
    History,
    a_calendar,
    a_clock,
    a_history,
    a_stage,
    an_item,
    day,
    instant,
    text_of,
    wall,
)
from tests.builders.folds import an_edition

HEARING = frozenset({"hearing"})
OFFICE: Bands = ((540, 1020),)
HALVES: Bands = ((540, 720), (810, 1080))
HOURS: WeeklyHours = (OFFICE, OFFICE, OFFICE, OFFICE, OFFICE, (), ())
LUNCH: WeeklyHours = (HALVES, HALVES, HALVES, HALVES, HALVES, (), ())
CALENDAR = an_edition(1)
NOON = instant("2025-03-03 12:00")


def a_suspension(id_: str, first: str, last: str | None, *kinds: str) -> Suspension:
    return Suspension(id_, frozenset(kinds), day(first), None if last is None else day(last), f"公告{id_}")


def suspended(history: History, *suspensions: Suspension) -> History:
    applied = [Recomputation(at=NOON, seq=90 + place, suspension=one) for place, one in enumerate(suspensions)]
    return History(recomputed(history.dossier, *applied))


# Suspensions


def a_staged() -> History:
    item = an_item(a_clock("promise", 20, pauses_for=HEARING), stages=(a_stage("review", 3),))
    history = a_history(item, CALENDAR).received("2025-03-03").accepted("2025-03-03")
    return history.step("start_stage", "2025-03-03 10:00", stage="review")


def test_a_suspension_of_stages_moves_them_as_soon_as_it_is_published() -> None:
    flood = a_suspension("S1", "2025-03-05", "2025-03-06", "stage")
    moved = suspended(a_staged(), flood)
    assert text_of(moved.clock("stage", "2025-03-03 11:59", stage="review").due_on) == "2025-03-06"
    assert text_of(moved.clock("stage", "2025-03-03 12:00", stage="review").due_on) == "2025-03-10"
    assert str(moved.clock("stage", "2025-03-05 00:00", stage="review").state) == "paused"
    after = moved.clock("stage", "2025-03-07 00:00", stage="review")
    assert (str(after.state), after.used, text_of(after.due_on)) == ("running", 2, "2025-03-10")
    assert text_of(moved.clock("promise", "2025-03-07").due_on) == "2025-03-31"


def test_two_suspensions_are_taken_out_in_their_order_whichever_was_published_first() -> None:
    early = ("2025-03-05", "2025-03-06")
    late = ("2025-03-12", "2025-03-12")
    for pair in ((early, late), (late, early)):
        published = [a_suspension(f"S{number}", *dates, "promise") for number, dates in enumerate(pair)]
        moved = suspended(a_staged(), *published)
        found = [
            (str(one.state), wall(one.from_at), text_of(one.due_on or one.latest_due_on))
            for one in forecast(moved.dossier).spans
            if one.clock == "promise"
        ]
        assert found == [
            ("running", "2025-03-03 09:00", "2025-03-31"),
            ("running", "2025-03-03 12:00", "2025-04-03"),
            ("paused", "2025-03-05 00:00", "2025-04-03"),
            ("running", "2025-03-07 00:00", "2025-04-03"),
            ("paused", "2025-03-12 00:00", "2025-04-03"),
            ("running", "2025-03-13 00:00", "2025-04-03"),
        ]


def test_a_suspension_and_a_pause_that_overlap_hold_the_clock_until_the_last_of_them_ends() -> None:
    held = a_staged().paused("2025-03-05").resumed("2025-03-11")
    moved = suspended(held, a_suspension("S1", "2025-03-06", "2025-03-12", "promise"))
    assert str(moved.clock("promise", "2025-03-12 23:59").state) == "paused"
    clock = moved.clock("promise", "2025-03-13 00:00")
    assert (str(clock.state), clock.used, text_of(clock.due_on)) == ("running", 3, "2025-04-07")


def test_a_limit_in_hours_is_suspended_for_the_hours_of_whole_days() -> None:
    calendar = a_calendar(hours=HOURS)
    item = an_item(a_clock("promise", 20, HOUR))
    history = a_history(item, calendar).received("2025-03-03").accepted("2025-03-03 09:00")
    assert wall(history.clock("promise", "2025-03-03 10:00").due_at) == "2025-03-05 13:00"
    moved = suspended(history, a_suspension("S1", "2025-03-04", "2025-03-04", "promise"))
    assert wall(moved.clock("promise", "2025-03-03 12:00").due_at) == "2025-03-06 13:00"
    held = moved.clock("promise", "2025-03-04 10:00")
    assert (str(held.state), held.used, held.remaining) == ("paused", 8, 12)
    after = moved.clock("promise", "2025-03-05 10:00")
    assert (str(after.state), after.used, wall(after.due_at)) == ("running", 9, "2025-03-06 13:00")


# Silence under editions


def test_an_effect_of_silence_carries_the_number_of_the_end_that_ran_out() -> None:
    notice = a_clock(
        "notice",
        5,
        starts="received",
        stops=frozenset({"accepted", "refused", "correction_requested"}),
        on_expiry="deemed_accepted_from_receipt",
    )
    history = a_history(an_item(notice), CALENDAR).received("2025-03-03")
    [first] = forecast(history.dossier).deemed
    assert (first.revision, wall(first.at)) == (1, "2025-03-11 00:00")
    edition = an_edition(2, off=("2025-03-10",))
    moved = recomputed(history.dossier, Recomputation(at=NOON, seq=2, recorded_at=NOON, calendar=edition))
    [second] = forecast(moved).deemed
    assert (second.revision, wall(second.at)) == (2, "2025-03-12 00:00")
    assert replay(moved, instant("2025-03-11 23:59")).deemed == ()
    assert replay(moved, instant("2025-03-12 00:00")).deemed == (second,)


def test_what_silence_did_before_an_edition_was_published_stands_under_it() -> None:
    """Accepted on the 11th; the edition of the 12th would have moved the end to that day, and moves nothing."""
    notice = a_clock(
        "notice",
        5,
        starts="received",
        stops=frozenset({"accepted", "refused", "correction_requested"}),
        on_expiry="deemed_accepted_from_receipt",
    )
    history = a_history(an_item(notice, a_clock("statutory", 20)), CALENDAR).received("2025-03-03")
    at = instant("2025-03-12 12:00")
    edition = an_edition(2, off=("2025-03-10",))
    moved = History(recomputed(history.dossier, Recomputation(at=at, seq=2, recorded_at=at, calendar=edition)))
    [deemed] = forecast(moved.dossier).deemed
    assert (wall(deemed.at), text_of(deemed.effective_on)) == ("2025-03-11 00:00", "2025-03-03")
    assert [text_of(moved.clock("statutory", one).due_on) for one in ("2025-03-12 11:59", "2025-03-12 12:00")] == [
        "2025-03-31",
        "2025-04-01",
    ]
    assert moved.refusal("decide", "2025-03-13") is None


# What is possible in each state


def possible(history: History, at: str = "2025-03-04") -> set[str]:
    return {str(one) for one in procedure.allowed(history.dossier, instant(at))}


def test_what_may_be_recorded_in_each_state() -> None:
    item = an_item(a_clock("statutory", 10, pauses_for=HEARING, extension=(5, 1)), stages=(a_stage("inspection", 5),))
    received = a_history(item, CALENDAR).received("2025-03-03")
    accepted = received.accepted("2025-03-03")
    always = {"assign", "withdraw", "terminate"}
    assert possible(received) == always | {"request_correction", "accept", "refuse"}
    assert possible(accepted) == always | {"start_stage", "pause", "extend", "decide", "inspect"}
    assert possible(accepted.paused("2025-03-04 09:00")) == possible(accepted) | {"resume"}
    begun = accepted.step("start_stage", "2025-03-04", stage="inspection")
    assert possible(begun) == possible(accepted) - {"start_stage"} | {"complete_stage"}
    assert possible(accepted, "2025-03-17 23:59") == possible(accepted)
    assert possible(accepted, "2025-03-18 00:00") == possible(accepted) - {"extend"} | {"explain_delay"}
    decided = accepted.step("decide", "2025-03-04 09:00")
    assert possible(decided) == {"publish", "deliver", "inspect", "close"}
    assert possible(decided, "2025-03-04 08:59") == possible(accepted)
    assert possible(decided.step("close", "2025-03-04")) == set()
    bare = a_history(an_item(a_clock("statutory", 10)), CALENDAR).received("2025-03-03").accepted("2025-03-03")
    assert possible(bare) == always | {"decide"}


# Hours at the edges


@pytest.mark.parametrize("weekly", [HOURS, LUNCH])
def test_what_comes_after_closing_is_received_on_the_next_working_day(weekly: WeeklyHours) -> None:
    calendar = a_calendar(hours=weekly)
    closing = f"{weekly[0][-1][1] // 60}:00"

    def received_on(at: str) -> str | None:
        return text_of(day_of_receipt(ReceiptRule.NEXT_WORKING_DAY, instant(at), calendar))

    assert received_on("2025-03-03 08:00") == received_on("2025-03-03 12:30") == "2025-03-03"
    assert received_on(f"2025-03-03 {closing}") == "2025-03-04"
    assert received_on("2025-03-08 10:00") == "2025-03-10"


def test_working_time_leaves_the_years_of_the_service_in_words() -> None:
    always: Bands = ((0, 1440),)
    calendar = Calendar("X", 1, SHANGHAI, days={}, weekend=frozenset(), weekly_hours=(always,) * 7)
    time = calendar.working_time
    day_long = 86_400_000_000
    first, end = calendar.midnight(FIRST_DAY), calendar.midnight(LAST_DAY + 1)
    assert time.later(end, -day_long) == calendar.midnight(LAST_DAY)
    assert time.later(calendar.midnight(LAST_DAY), day_long) == end
    assert time.later(calendar.midnight(FIRST_DAY + 1), -day_long) == first
    for start, amount in ((end, 1), (first, -1), (end, day_long)):
        with pytest.raises(Refusal) as refused:
            time.later(start, amount)
        assert (refused.value.code, refused.value.detail) == (
            "date_out_of_range",
            "The end of the limit lies outside the years 1949 to 2199.",
        )
