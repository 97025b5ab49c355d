"""One clock's account, step by step: what it answers to what happens, and where its end lies then."""

from datetime import timedelta

from app.domain.calendar import LAST_DAY, Calendar
from app.domain.events import MOMENT, Event
from app.domain.folds import BEGINNING, Fold, Suspension
from app.domain.items import ClockRule, Warn, WarnKind
from app.domain.ledger import Account, share_day
from app.domain.pauses import Pause
from app.domain.spans import ClockState
from app.domain.steps import Dossier
from tests.builders.domain import (
    CD,
    SHANGHAI,
    WD,
    History,
    a_calendar,
    a_clock,
    a_count,
    an_item,
    day,
    instant,
    text_of,
)

CALENDAR = a_calendar()
HEARING = frozenset({"hearing"})
MOMENT_BEFORE = timedelta(microseconds=1)


def start(at: str, legal: str | None = None) -> Event:
    return MOMENT, instant(at), day(legal or at[:10]), "accepted", False, None, "", 0


def an_account(amount: int = 10, at: str = "2025-03-10", **how: object) -> Account:
    rule = a_clock("statutory", amount, pauses_for=HEARING, **how)  # type: ignore[arg-type]
    return Account(rule, CALENDAR, start(at))


def a_pause(begin: str, until: str | None = None, *, of: str = "", place: int = 1) -> Pause:
    clocks = frozenset({of}) if of else frozenset()
    over = None if until is None else CALENDAR.midnight(day(until) + 1)
    return Pause("", "hearing", day(begin), None if until is None else day(until), over, place, clocks)


def due(account: Account) -> str | None:
    return text_of(account.due_on)


# Whether anything has changed


def test_a_pause_that_finds_the_limit_used_up_changes_nothing() -> None:
    account = an_account(2)
    assert account.pause(a_pause("2025-03-12"), instant("2025-03-12"), day("2025-03-12")) is False
    assert (account.state, due(account)) == (ClockState.RUNNING, "2025-03-12")


def test_the_end_of_a_pause_that_never_stopped_the_clock_changes_nothing() -> None:
    account = an_account()
    assert account.resume(a_pause("2025-03-11"), instant("2025-03-12"), day("2025-03-12")) is False


def test_the_end_of_a_pause_that_was_over_as_announced_changes_nothing() -> None:
    account, pause = an_account(), a_pause("2025-03-11", "2025-03-13")
    assert account.pause(pause, instant("2025-03-11"), day("2025-03-11")) is True
    account.settle(instant("2025-03-17"))
    assert account.resume(pause, instant("2025-03-17"), day("2025-03-17")) is False
    assert due(account) == "2025-03-26"


def test_the_end_of_all_pauses_changes_nothing_where_none_stops_the_clock() -> None:
    assert an_account().end_pauses(instant("2025-03-12"), day("2025-03-12"), stops=False) is False


def test_no_extension_changes_an_end_that_is_fixed() -> None:
    rule = a_clock("statutory", 10)
    account = Account(rule, CALENDAR, start("2025-03-10"), fixed=instant("2025-03-20 00:00"))
    assert account.extend(3) is False
    assert due(account) == "2025-03-19"
    assert an_account().extend(3) is True


def test_a_pause_holds_up_to_the_midnight_at_which_its_time_is_over() -> None:
    account, pause = an_account(), a_pause("2025-03-11", "2025-03-13")
    over = instant("2025-03-14 00:00")
    assert account.still_holds(pause, over - MOMENT_BEFORE)
    assert not account.still_holds(pause, over)
    assert account.still_holds(a_pause("2025-03-11"), over)


def test_at_the_midnight_at_which_its_time_is_over_a_pause_has_passed() -> None:
    account = an_account()
    account.pause(a_pause("2025-03-11", "2025-03-13"), instant("2025-03-11"), day("2025-03-11"))
    account.settle(instant("2025-03-14 00:00") - MOMENT_BEFORE)
    assert account.state is ClockState.PAUSED
    account.settle(instant("2025-03-14 00:00"))
    assert (account.state, text_of(account.counts_from)) == (ClockState.RUNNING, "2025-03-13")


# Where the end lies


def test_a_clock_that_counts_its_first_day_and_ends_at_the_same_time_keeps_the_time_of_its_start() -> None:
    count = a_count(WD, start="same_day", due="same_time")
    account = an_account(3, "2025-03-10 10:30", count=count)
    assert account.due_at == instant("2025-03-12 10:30")


def test_a_clock_that_counts_the_legal_day_of_its_start_counts_it_from_midnight() -> None:
    """It came in on Saturday and was received on Monday."""
    count = a_count(WD, start="same_day")
    account = Account(a_clock("statutory", 3, count=count), CALENDAR, start("2025-03-08", "2025-03-10"))
    assert (text_of(account.started_on), due(account)) == ("2025-03-10", "2025-03-12")
    assert account.time_from == instant("2025-03-10 00:00")


def test_a_limit_of_no_days_ends_on_the_day_on_which_it_starts() -> None:
    for unit in (WD, CD):
        count = a_count(unit, start="same_day", end="keep")
        rule = a_clock("statutory", 0, unit, count=count)
        assert due(Account(rule, CALENDAR, start("2025-03-11"))) == "2025-03-11"


def test_a_share_of_a_limit_of_no_days_is_used_where_it_starts_though_that_day_is_suspended() -> None:
    rule = a_clock("statutory", 0, warn=(Warn(WarnKind.AT_SHARE, share_thousandths=500),))
    account = Account(rule, CALENDAR, start("2025-03-10"), ahead=((day("2025-03-09"), day("2025-03-11")),))
    assert account.span_at(instant("2025-03-10")).warnings[0].at == instant("2025-03-10 00:00")


def test_what_is_used_already_where_a_stretch_begins_is_reached_there_on_a_rest_day_too() -> None:
    saturday = day("2025-03-15")
    assert share_day(3, CALENDAR, True, past=(), rest=(saturday, 3)) == saturday


def test_an_end_that_is_kept_may_lie_on_a_rest_day() -> None:
    account = an_account(5, unit=CD, count=a_count(CD, end="keep"))
    assert due(account) == "2025-03-15"


def test_the_last_day_of_the_calendar_may_be_the_last_of_a_limit() -> None:
    account = an_account(LAST_DAY - day("2025-03-10"), unit=CD, count=a_count(CD, end="keep"))
    assert due(account) == "2199-12-31"


# What is shown


def test_an_end_past_the_published_days_is_provisional_unless_it_is_fixed() -> None:
    calendar = Calendar("X", 1, SHANGHAI, days={}, certain_to=day("2025-03-20"))
    rule, at = a_clock("statutory", 10), instant("2025-03-11")
    running = Account(rule, calendar, start("2025-03-10")).clock_at(at, day("2025-03-11"))
    fixed = Account(rule, calendar, start("2025-03-10"), fixed=instant("2025-03-25 00:00"))
    assert running.provisional
    assert not fixed.clock_at(at, day("2025-03-11")).provisional


# A suspension of the whole place


def suspended(rule: ClockRule, last: str | None = None) -> History:
    """Accepted on Monday, the tenth; suspended from the twelfth on."""
    suspension = Suspension("S1", frozenset({rule.kind}), day("2025-03-12"), None if last is None else day(last))
    dossier = Dossier(an_item(rule), CALENDAR, (), (Fold(BEGINNING, CALENDAR, (suspension,)),))
    return History(dossier).received("2025-03-10").accepted("2025-03-10")


def test_a_clock_that_stops_in_a_suspension_shows_the_end_that_it_would_have_had_after_that_day() -> None:
    clock = (
        suspended(a_clock("statutory", 10))
        .step("decide", "2025-03-14", result="granted")
        .clock("statutory", "2025-03-17")
    )
    assert (clock.state, text_of(clock.due_on)) == (ClockState.MET, "2025-03-27")  # one day used, nine from the 17th


def test_a_suspension_goes_on_for_a_clock_that_a_decision_does_not_stop() -> None:
    rule = a_clock("statutory", 10, stops=frozenset({"closed"}))
    clock = suspended(rule).step("decide", "2025-03-14", result="granted").clock("statutory", "2025-03-17")
    assert (clock.state, clock.due_on) == (ClockState.PAUSED, None)


def test_one_with_a_known_end_goes_on_until_then() -> None:
    rule = a_clock("statutory", 10, stops=frozenset({"closed"}))
    history = suspended(rule, "2025-03-18").step("decide", "2025-03-14", result="granted")
    assert history.clock("statutory", "2025-03-17").state == ClockState.PAUSED
    clock = history.clock("statutory", "2025-03-19")
    assert (clock.state, text_of(clock.due_on)) == (ClockState.RUNNING, "2025-03-31")  # one used, nine from the 19th
