"""A clock that begins again from zero."""

from tests.builders.domain import CD, History, a_clock, a_history, a_stage, an_item, day, text_of

HEARING = frozenset({"hearing"})


def disclosure() -> History:
    """信息公开: twenty working days from the request, counted again from the correction (条例 第三十条)."""
    clock = a_clock(
        "statutory",
        20,
        starts="received",
        stops=frozenset({"decided", "correction_requested"}),
        restarts_on="corrected",
        pauses_for=HEARING,
        extension=(20, 1),
    )
    return a_history(an_item(clock)).received("2025-03-03")


def test_after_a_correction_the_count_begins_again_from_zero() -> None:
    history = disclosure().lawfully("request_correction", "2025-03-10").lawfully("submit_correction", "2025-03-17")
    clock = history.clock("statutory", "2025-03-18")
    assert (text_of(clock.started_on), clock.state, clock.used, text_of(clock.due_on)) == (
        "2025-03-17",
        "running",
        1,
        "2025-04-15",
    )


def test_until_the_correction_comes_the_clock_has_stopped() -> None:
    clock = disclosure().lawfully("request_correction", "2025-03-10").clock("statutory", "2025-03-12")
    assert (clock.state, clock.used) == ("met", 5)


def test_earlier_extensions_and_pauses_count_no_more() -> None:
    clock = a_clock("statutory", 20, restarts_on="completed:review", pauses_for=HEARING, extension=(10, 1), unit=CD)
    history = a_history(an_item(clock, stages=(a_stage("review"),))).received("2025-03-03").accepted("2025-03-03")
    history = history.extended("2025-03-04", 10).paused("2025-03-05").resumed("2025-03-10")
    history = history.lawfully("start_stage", "2025-03-11", stage="review")
    history = history.lawfully("complete_stage", "2025-03-12", stage="review")
    again = history.clock("statutory", "2025-03-13")
    assert (again.extended, again.used, again.due_on) == (0, 1, day("2025-04-01"))


def test_an_extension_may_be_given_again_after_a_restart() -> None:
    history = disclosure().extended("2025-03-05", 20)
    assert history.refusal("extend", "2025-03-06", clock="statutory", amount=20) is not None
    history = history.lawfully("request_correction", "2025-03-10").lawfully("submit_correction", "2025-03-17")
    assert history.refusal("extend", "2025-03-18", clock="statutory", amount=20) is None


def test_a_pause_that_began_before_the_restart_stops_nothing_of_the_new_count() -> None:
    clock = a_clock("statutory", 20, restarts_on="completed:review", pauses_for=HEARING)
    history = a_history(an_item(clock, stages=(a_stage("review"),))).received("2025-03-03").accepted("2025-03-03")
    history = history.lawfully("start_stage", "2025-03-04", stage="review").paused("2025-03-05")
    history = history.lawfully("complete_stage", "2025-03-12", stage="review")
    assert history.clock("statutory", "2025-03-13").state == "running"
    again = history.resumed("2025-03-14").clock("statutory", "2025-03-17")
    assert (again.used, text_of(again.due_on)) == (3, "2025-04-10")


def test_each_new_end_has_a_revision_of_its_own() -> None:
    history = disclosure()
    assert history.clock("statutory", "2025-03-05").revision == 1
    history = history.lawfully("request_correction", "2025-03-10").lawfully("submit_correction", "2025-03-17")
    assert history.clock("statutory", "2025-03-18").revision == 2


def test_a_final_step_lets_nothing_begin_again() -> None:
    history = disclosure().lawfully("request_correction", "2025-03-10").lawfully("withdraw", "2025-03-11")
    assert history.clock("statutory", "2025-04-01").state == "met"


def test_nothing_restarts_an_end_fixed_for_this_application() -> None:
    clock = a_clock("statutory", 20, starts="received", restarts_on="corrected")
    history = a_history(an_item(clock)).received("2025-03-03", fixed={"statutory": "2025-04-01 00:00"})
    history = history.lawfully("request_correction", "2025-03-10").lawfully("submit_correction", "2025-03-17")
    again = history.clock("statutory", "2025-03-18")
    assert (text_of(again.started_on), text_of(again.due_on)) == ("2025-03-03", "2025-03-31")


def test_a_correction_that_begins_the_count_again_is_one_change_of_its_end() -> None:
    clock = a_clock("statutory", 20, starts="received", restarts_on="corrected", pauses_for=frozenset({"correction"}))
    history = a_history(an_item(clock)).received("2025-03-03")
    history = history.lawfully("request_correction", "2025-03-10").lawfully("submit_correction", "2025-03-17")
    shown = history.clock("statutory", "2025-03-18")
    assert (text_of(shown.due_on), shown.revision) == ("2025-04-15", 2)
