"""The usual clock read without an account is the account's clock."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.log import Log
from app.domain.quick import quick_clock
from tests.builders.domain import MONTH, History, a_clock, a_history, an_item, instant
from tests.builders.histories import a_random_history, the_calendar

CALENDAR = the_calendar()
HEARING = frozenset({"hearing"})


def log_of(history: History) -> Log:
    log = Log(history.dossier.item, history.dossier.calendar)
    for step in history.dossier.steps:
        log.take(step)
    return log


def is_quick(history: History, kind: str = "statutory") -> bool:
    log = log_of(history)
    [rule] = [rule for rule in log.rules if rule.kind == kind]
    at = instant("2025-05-01")
    place = log.firsts[rule.starts]
    return quick_clock(rule, log.calendar, log.events, place, at=at, day=log.calendar.day_of(at)) is not None


def test_a_clock_with_one_pause_after_the_other_is_read_quickly() -> None:
    history = a_history(an_item(a_clock("statutory", 20, pauses_for=HEARING))).received("2025-03-03")
    history = history.accepted("2025-03-03").paused("2025-03-05").resumed("2025-03-07").paused("2025-03-10")
    assert is_quick(history)
    assert is_quick(history.resumed("2025-03-11").step("decide", "2025-03-12"))


def test_what_is_not_usual_is_left_to_the_account() -> None:
    history = a_history(an_item(a_clock("statutory", 20, pauses_for=HEARING))).received("2025-03-03")
    history = history.accepted("2025-03-03").paused("2025-03-05")
    assert not is_quick(history.paused("2025-03-06"))
    assert not is_quick(history.step("decide", "2025-03-06"))
    assert not is_quick(history.extended("2025-03-06", 5))
    months = a_history(an_item(a_clock("statutory", 2, MONTH))).received("2025-03-03").accepted("2025-03-03")
    assert not is_quick(months)


@settings(max_examples=60, deadline=None)
@given(random=st.randoms(use_true_random=False), imported=st.booleans())
def test_a_quick_clock_is_the_accounts_clock(random: Random, imported: bool) -> None:
    told = a_random_history(random, CALENDAR, imported=imported)
    for at in told.instants(random):
        log = Log(told.dossier.item, CALENDAR)
        for step in told.dossier.steps:
            if step.at <= at:
                log.take(step)
        day = CALENDAR.day_of(at)
        for rule in log.rules:
            place = log.firsts.get(rule.starts)
            if place is None or place in log.paused or place in log.origins or log.fixed:
                continue
            quick = quick_clock(rule, CALENDAR, log.events, place, at=at, day=day)
            assert quick is None or quick == log.account_from(rule, place).clock_at(at, day)
