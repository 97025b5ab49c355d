"""On which day an application counts as received."""

import pytest

from app.domain.items import ReceiptRule
from app.domain.receipt import day_of_receipt
from tests.builders.domain import History, a_calendar, a_clock, a_history, an_item, instant, text_of, wall

HOURS = (*((((510, 720), (810, 1020)),) * 5), (), ())


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2017-06-18 10:00", "2017-06-19"),  # a Sunday
        ("2017-06-16 16:59", "2017-06-16"),
        ("2017-06-16 17:00", "2017-06-19"),  # at closing time of Friday
        ("2017-06-15 17:00", "2017-06-16"),
        ("2017-06-15 12:30", "2017-06-15"),  # at lunch the office is not closed for the day
        ("2017-06-15 07:00", "2017-06-15"),
    ],
)
def test_what_comes_in_after_hours_is_received_on_the_next_working_day(at: str, day: str) -> None:
    assert text_of(day_of_receipt(ReceiptRule.NEXT_WORKING_DAY, instant(at), a_calendar(hours=HOURS))) == day


def test_without_hours_only_rest_days_move_the_receipt() -> None:
    assert (
        text_of(day_of_receipt(ReceiptRule.NEXT_WORKING_DAY, instant("2017-06-16 23:00"), a_calendar())) == "2017-06-16"
    )


def test_system_entry_is_the_day_on_which_it_came_in() -> None:
    assert text_of(day_of_receipt(ReceiptRule.SYSTEM_ENTRY, instant("2017-06-18"), a_calendar())) == "2017-06-18"


def received(rule: ReceiptRule, at: str) -> History:
    disclosure = a_clock("statutory", 15, starts="received")
    return a_history(an_item(disclosure, receipt_rule=rule)).received(at)


def test_an_email_of_sunday_counts_from_monday() -> None:
    clock = received(ReceiptRule.NEXT_WORKING_DAY, "2017-06-18 10:00").clock("statutory", "2017-06-20")
    assert (text_of(clock.started_on), wall(clock.started_at), text_of(clock.due_on), clock.used) == (
        "2017-06-19",
        "2017-06-19 00:00",
        "2017-07-10",
        1,
    )


def test_until_monday_its_clock_has_not_started() -> None:
    assert (
        received(ReceiptRule.NEXT_WORKING_DAY, "2017-06-18 10:00").clock("statutory", "2017-06-18 23:00").state
        == "not_started"
    )


def test_under_system_entry_the_same_email_is_due_a_working_day_earlier() -> None:
    assert (
        text_of(received(ReceiptRule.SYSTEM_ENTRY, "2017-06-18 10:00").clock("statutory", "2017-06-20").due_on)
        == "2017-07-07"
    )


def test_until_it_is_confirmed_an_application_is_submitted_and_no_clock_runs() -> None:
    history = received(ReceiptRule.ON_CONFIRMATION, "2021-11-24")
    assert (history.at("2021-12-01").status, history.clock("statutory", "2021-12-01").state) == (
        "submitted",
        "not_started",
    )


def test_the_confirmation_is_the_receipt() -> None:
    history = received(ReceiptRule.ON_CONFIRMATION, "2021-11-24").lawfully("confirm", "2021-12-02")
    assert history.at("2021-12-02 10:00").status == "received"
    assert text_of(history.clock("statutory", "2021-12-03").started_on) == "2021-12-02"


def test_what_is_not_confirmed_cannot_be_accepted_but_may_be_withdrawn() -> None:
    history = received(ReceiptRule.ON_CONFIRMATION, "2021-11-24")
    refusal = history.refusal("accept", "2021-11-25")
    assert refusal is not None
    assert refusal.code == "step_not_allowed"
    assert history.refusal("withdraw", "2021-11-25") is None


def test_where_entry_is_receipt_nothing_is_confirmed() -> None:
    refusal = received(ReceiptRule.SYSTEM_ENTRY, "2021-11-24").refusal("confirm", "2021-11-25")
    assert refusal is not None
    assert refusal.code == "step_not_allowed"


def test_what_is_imported_needs_no_confirmation() -> None:
    disclosure = a_clock("statutory", 15, starts="received")
    history = a_history(an_item(disclosure, receipt_rule=ReceiptRule.ON_CONFIRMATION)).received(
        "2021-11-24", imported=True
    )
    assert history.at("2021-11-25").status == "received"
