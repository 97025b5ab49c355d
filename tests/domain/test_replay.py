"""Replay: where an application stands at an instant, on worked examples of the law, and as its forecast says."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.forecast import forecast
from app.domain.replay import replay, standing_in
from app.domain.spans import ClockState
from app.domain.units import Limit
from tests.builders.domain import CD, WD, History, a_clock, a_history, a_stage, an_item, instant, text_of, wall
from tests.builders.histories import a_random_history, the_calendar

CALENDAR = the_calendar()
SPECIAL = frozenset({"hearing", "expert_review"})
STOPS = frozenset({"decided", "withdrawn", "terminated"})


def permit() -> History:
    """A permit as the law and a guide order it: notice, statute, promise with pauses of its own, delivery, stages."""
    item = an_item(
        a_clock("notice", 5, starts="received", stops=frozenset({"accepted", "refused", "correction_requested"})),
        a_clock("statutory", 20, pauses_for=SPECIAL, extension=(10, 1)),
        a_clock("promise", 10, pauses_for=SPECIAL | {"publicity"}),
        a_clock("delivery", 10, starts="decided", stops=frozenset({"delivered"})),
        stages=(a_stage("review", 6, pauses_for=SPECIAL | {"publicity"}), a_stage("approval", 1)),
    )
    return a_history(item)


def due(history: History, kind: str, at: str, stage: str = "") -> str | None:
    return text_of(history.clock(kind, at, stage=stage).due_on)


def test_a_permit_from_receipt_to_delivery() -> None:
    history = permit().received("2025-09-01").lawfully("accept", "2025-09-04")
    assert history.clock("notice", "2025-09-10").state == "met"
    assert (due(history, "promise", "2025-09-05"), due(history, "statutory", "2025-09-05")) == (
        "2025-09-18",
        "2025-10-09",
    )
    history = history.lawfully("start_stage", "2025-09-05", stage="review")
    assert due(history, "stage", "2025-09-06", "review") == "2025-09-15"
    history = history.lawfully("pause", "2025-09-10", ground="publicity", announced=Limit(5, WD))
    paused = history.at("2025-09-11")
    assert [str(clock.state) for clock in paused.clocks] == [
        "met",
        "running",
        "paused",
        "not_started",
        "paused",
        "not_started",
    ]
    assert due(history, "promise", "2025-09-18") == "2025-09-25"
    history = history.lawfully("resume", "2025-09-15")
    assert due(history, "promise", "2025-09-15 12:00") == "2025-09-23"
    history = history.lawfully("complete_stage", "2025-09-18", stage="review")
    history = history.lawfully("start_stage", "2025-09-22", stage="approval")
    history = history.lawfully("decide", "2025-09-23", result="granted")
    standing = history.at("2025-09-24")
    assert [str(clock.state) for clock in standing.clocks] == ["met", "met", "met", "running", "met", "met"]
    assert (standing.status, standing.light, due(history, "delivery", "2025-09-24")) == (
        "decided",
        "green",
        "2025-10-13",
    )
    history = history.lawfully("deliver", "2025-09-25").lawfully("close", "2025-09-26", result_code="granted")
    assert (history.at("2025-10-01").status, history.at("2025-10-01").light) == ("closed", None)


def test_the_statutory_clock_has_a_closed_list_and_the_promise_its_own() -> None:
    """F06: publicity stops the promise, not the limit of the law."""
    history = permit().received("2025-03-03").accepted("2025-03-03")
    history = history.paused("2025-03-10", "publicity").resumed("2025-03-24")
    assert (due(history, "statutory", "2025-03-25"), due(history, "promise", "2025-03-25")) == (
        "2025-03-31",
        "2025-03-31",
    )


def test_forty_five_working_days_of_joint_handling() -> None:
    """A08, 行政许可法 第四十二条第二款."""
    history = a_history(an_item(a_clock("statutory", 45))).received("2026-01-05").accepted("2026-01-05")
    assert due(history, "statutory", "2026-01-06") == "2026-03-13"


def test_twenty_working_days_over_the_spring_festival_with_two_make_up_days() -> None:
    """A02; B02: an extension entered on 2025-02-17 comes after the end."""
    history = permit().received("2025-01-13").accepted("2025-01-13")
    assert due(history, "statutory", "2025-01-14") == "2025-02-14"
    refusal = history.refusal("extend", "2025-02-17", clock="statutory", amount=10)
    assert refusal is not None
    assert refusal.code == "extension_after_expiry"
    assert wall(history.clock("statutory", "2025-02-17").overdue_since) == "2025-02-15 00:00"


def test_a_second_notice_does_not_move_the_acceptance() -> None:
    """C04: refused as repeated; accepted on the day of the complete answer, due on 2025-06-18."""
    history = permit().received("2025-04-30").lawfully("request_correction", "2025-05-08")
    history = history.lawfully("submit_correction", "2025-05-20")
    refusal = history.refusal("request_correction", "2025-05-22")
    assert refusal is not None
    assert refusal.code == "correction_repeated"
    assert due(history.lawfully("accept", "2025-05-20"), "statutory", "2025-05-21") == "2025-06-18"


def test_the_start_decides_over_an_information_request() -> None:
    """D02: counted from the web form due on 2021-12-22, from the receipt slip on 12-30."""
    rule = a_clock("statutory", 20, starts="received")
    assert due(a_history(an_item(rule)).received("2021-11-24"), "statutory", "2021-11-25") == "2021-12-22"
    assert due(a_history(an_item(rule)).received("2021-12-02"), "statutory", "2021-12-03") == "2021-12-30"


def test_calendar_days_that_end_on_a_make_up_saturday_do_not_roll_and_on_a_holiday_do() -> None:
    """E03 and E05, 民法典 第二百零三条."""
    rule = a_clock("statutory", 30, CD, starts="received")
    assert due(a_history(an_item(rule)).received("2026-01-29"), "statutory", "2026-02-01") == "2026-02-28"
    rule = a_clock("notice", 3, CD, starts="received")
    assert due(a_history(an_item(rule)).received("2026-04-02"), "notice", "2026-04-03") == "2026-04-07"


def test_five_working_days_to_review_and_to_assign() -> None:
    """H01: over the Labour Day holiday and its make-up Saturday; G10: over the Dragon Boat Festival."""
    rule = a_clock("statutory", 5, starts="received")
    assert due(a_history(an_item(rule)).received("2026-04-30"), "statutory", "2026-05-01") == "2026-05-11"
    assert due(a_history(an_item(rule)).received("2026-06-15"), "statutory", "2026-06-16") == "2026-06-23"


def test_before_the_receipt_an_application_is_not_received() -> None:
    standing = permit().received("2025-09-01").at("2025-08-01")
    assert (standing.status, standing.light, standing.holder) == ("not_received", None, ("D1", None, None))
    assert {clock.state for clock in standing.clocks} == {ClockState.NOT_STARTED}


def test_the_light_of_an_application_is_the_worst_of_its_clocks() -> None:
    history = permit().received("2025-09-01").accepted("2025-09-04")
    assert [history.at(at).light for at in ("2025-09-05", "2025-09-17", "2025-09-19")] == ["green", "yellow", "red"]


def test_what_is_still_to_come_is_not_known_yet() -> None:
    history = permit().received("2025-09-01").accepted("2025-09-04").step("decide", "2025-09-10")
    assert history.at("2025-09-09").status == "accepted"
    assert history.clock("promise", "2025-09-09").state == "running"


@settings(max_examples=60, deadline=None)
@given(random=st.randoms(use_true_random=False), imported=st.booleans())
def test_a_replay_is_the_forecast_read_at_that_instant(random: Random, imported: bool) -> None:
    told = a_random_history(random, CALENDAR, imported=imported)
    drawn = forecast(told.dossier)
    edges = [span.from_at for span in drawn.spans] + [span.due_at for span in drawn.spans if span.due_at is not None]
    for at in (*told.instants(random), *edges):
        standing = replay(told.dossier, at)
        assert standing._replace(odd=()) == standing_in(drawn, told.dossier, at)._replace(odd=())


def test_odd_is_what_is_odd_up_to_that_instant() -> None:
    history = permit().received("2025-09-01", imported=True).step("close", "2025-09-03", imported=True)
    assert (history.at("2025-09-02").odd, history.at("2025-09-04").odd) == ((), ("close_without_decision",))
    assert replay(history.dossier, instant("2025-09-04")).status == "closed"
