"""What steps, silence and suspensions are to clocks, one by one."""

from app.domain.corrections import recomputed, records_of
from app.domain.folds import BEGINNING, Fold, Recomputation, Suspension
from app.domain.forecast import forecast
from app.domain.items import ClockRule, ReceiptRule
from app.domain.steps import Dossier
from tests.builders.domain import History, a_clock, a_history, a_stage, an_item, day, instant, text_of, wall
from tests.builders.folds import an_edition

CALENDAR = an_edition(1)
CORRECTION = frozenset({"correction"})
HEARING = frozenset({"hearing"})
Row = tuple[str | None, str, str | None]


def drawn(history: History, kind: str = "statutory") -> list[Row]:
    """Beginning, state and end of each span of one clock."""
    return [
        (wall(one.from_at), str(one.state), text_of(one.due_on))
        for one in forecast(history.dossier).spans
        if one.clock == kind
    ]


def deemed(history: History) -> list[tuple[str, str | None, str | None]]:
    return [(one.clock, wall(one.at), text_of(one.effective_on)) for one in forecast(history.dossier).deemed]


def suspended(*clocks: ClockRule, kind: str) -> History:
    """Received on Monday 3 March 2025 in a suspension of one kind of clock that began the week before."""
    flood = Suspension("S1", frozenset({kind}), day("2025-02-24"), None)
    dossier = Dossier(an_item(*clocks), CALENDAR, (), (Fold(BEGINNING, CALENDAR, (flood,)),))
    return History(dossier).received("2025-03-03")


def received(*clocks: ClockRule, **said: object) -> History:
    return a_history(an_item(*clocks, **said), CALENDAR).received("2025-03-03")  # type: ignore[arg-type]


def a_notice(effect: str = "deemed_accepted_at_expiry", kind: str = "notice") -> ClockRule:
    return a_clock(kind, 5, starts="received", stops=frozenset({"refused"}), on_expiry=effect)


# Pauses


def test_a_stage_that_begins_while_a_correction_is_awaited_is_paused() -> None:
    history = received(stages=(a_stage("review", 3, pauses_for=CORRECTION, before_acceptance=True),))
    history = history.step("request_correction", "2025-03-04").step("start_stage", "2025-03-05", stage="review")
    assert drawn(history, "stage") == [("2025-03-05 09:00", "paused", None)]


def test_a_correction_that_comes_ends_its_pause_also_while_other_clocks_are_suspended() -> None:
    rule = a_clock("statutory", 10, starts="received", pauses_for=CORRECTION)
    history = suspended(rule, kind="promise").step("request_correction", "2025-03-04")
    assert drawn(history.step("submit_correction", "2025-03-06"))[-1] == ("2025-03-06 09:00", "running", "2025-03-19")


def test_silence_has_no_effect_while_its_clock_is_suspended_from_the_start() -> None:
    assert deemed(suspended(a_notice(), kind="notice")) == []


# Silence


def test_what_silence_accepts_ends_the_time_for_a_correction_at_that_instant() -> None:
    rule = a_clock("statutory", 10, starts="received", pauses_for=CORRECTION)
    history = received(a_notice(), rule).step("request_correction", "2025-03-05")
    assert drawn(history) == [
        ("2025-03-03 09:00", "running", "2025-03-17"),
        ("2025-03-05 09:00", "paused", None),
        ("2025-03-11 00:00", "running", "2025-03-21"),  # two used by the fifth, eight from the twelfth on
    ]


def test_what_silence_withdraws_makes_void_what_never_started() -> None:
    history = received(a_notice("deemed_withdrawn"), a_clock("statutory", 10))
    assert drawn(history) == [("2025-03-11 00:00", "void", None)]


def test_of_two_limits_that_run_out_the_first_has_its_effect() -> None:
    later = a_clock("reply", 7, starts="received", stops=frozenset({"refused"}), on_expiry="deemed_withdrawn")
    assert deemed(received(a_notice(), later)) == [
        ("notice", "2025-03-11 00:00", "2025-03-10"),
        ("reply", "2025-03-13 00:00", "2025-03-12"),
    ]


def test_what_silence_did_stands_whatever_a_later_edition_says_of_its_days() -> None:
    later = a_clock("reply", 7, starts="received", stops=frozenset({"refused"}), on_expiry="deemed_withdrawn")
    history = received(a_notice(), later)
    edition = an_edition(2, off=("2025-03-05",))
    seq, at = len(records_of(history.dossier)) + 1, instant("2025-03-20")
    one = Recomputation(at=at, seq=seq, recorded_at=at, calendar=edition)
    assert deemed(History(recomputed(history.dossier, one))) == deemed(history)


def test_of_two_limits_that_run_out_at_one_instant_the_one_that_the_item_names_first_has_its_effect() -> None:
    other = a_notice("deemed_withdrawn", "reply")
    assert deemed(received(a_notice(), other)) == [
        ("notice", "2025-03-11 00:00", "2025-03-10"),
        ("reply", "2025-03-11 00:00", "2025-03-10"),
    ]
    assert deemed(received(other, a_notice())) == [("reply", "2025-03-11 00:00", "2025-03-10")]


def test_silence_has_no_effect_before_the_act_from_which_its_limit_counts() -> None:
    """Accepted on the 11th back to the receipt, three days to decide had passed on the 6th."""
    back = a_notice("deemed_accepted_from_receipt")
    decision = a_clock("statutory", 3, stops=frozenset({"decided"}), on_expiry="deemed_approved")
    assert deemed(received(back, decision)) == [
        ("notice", "2025-03-11 00:00", "2025-03-03"),
        ("statutory", "2025-03-11 00:00", "2025-03-06"),
    ]


def test_what_silence_did_under_an_earlier_edition_comes_before_a_step_of_that_instant() -> None:
    history = received(a_notice(), a_clock("statutory", 10)).lawfully("decide", "2025-03-11 00:00", result="granted")
    seq, at = len(records_of(history.dossier)) + 1, instant("2025-03-20")
    one = Recomputation(at=at, seq=seq, recorded_at=at, calendar=an_edition(2))
    told = forecast(recomputed(history.dossier, one)).stretches
    assert [(wall(each.from_at), str(each.status)) for each in told] == [
        ("2025-03-03 09:00", "received"),
        ("2025-03-11 00:00", "decided"),
    ]


# The record


def test_what_is_confirmed_is_received_on_that_day() -> None:
    history = received(receipt_rule=ReceiptRule.ON_CONFIRMATION)
    assert forecast(history.dossier).received_on is None
    assert forecast(history.step("confirm", "2025-03-05").dossier).received_on == day("2025-03-05")


def test_a_decision_makes_void_no_clock_that_is_yet_to_start() -> None:
    delivery = a_clock("delivery", 10, starts="delivered", stops=frozenset({"published"}))
    history = received(delivery).accepted("2025-03-03").step("decide", "2025-03-05")
    assert drawn(history, "delivery") == []


def test_a_stage_that_begins_anew_after_a_decision_has_another_round() -> None:
    history = received(stages=(a_stage("review", 3),)).accepted("2025-03-03")
    history = history.step("start_stage", "2025-03-04", stage="review").step("decide", "2025-03-05")
    history = history.step("start_stage", "2025-03-06", stage="review")
    assert [one.round for one in forecast(history.dossier).spans] == [1, 1, 2]


# What caps a stage


def test_a_stage_is_capped_from_the_instant_on_at_which_the_clock_that_caps_it_starts() -> None:
    stages = (a_stage("review", 10, before_acceptance=True),)
    history = received(a_clock("filing", 30, starts="received"), a_clock("statutory", 3), stages=stages)
    history = history.step("start_stage", "2025-03-03 10:00", stage="review").accepted("2025-03-04")
    assert drawn(history, "stage") == [
        ("2025-03-03 10:00", "running", "2025-03-17"),
        ("2025-03-04 09:00", "running", "2025-03-07"),
    ]


def test_a_clock_that_begins_again_caps_a_stage_again() -> None:
    stops = frozenset({"correction_requested", "decided"})
    rule = a_clock("statutory", 3, starts="received", stops=stops, restarts_on="corrected")
    history = received(rule, stages=(a_stage("review", 20, before_acceptance=True),))
    history = history.step("start_stage", "2025-03-03 10:00", stage="review")
    history = history.step("request_correction", "2025-03-04").step("submit_correction", "2025-03-06")
    assert [row[2] for row in drawn(history, "stage")] == ["2025-03-06", "2025-03-31", "2025-03-11"]


def test_a_pause_that_ends_caps_a_stage_by_the_end_of_that_instant() -> None:
    rule = a_clock("statutory", 3, pauses_for=HEARING)
    history = received(rule, stages=(a_stage("review", 20),)).accepted("2025-03-03")
    history = history.step("start_stage", "2025-03-03 10:00", stage="review")
    history = history.paused("2025-03-04").resumed("2025-03-05").extended("2025-03-06", 2)
    assert drawn(history, "stage") == [
        ("2025-03-03 10:00", "running", "2025-03-06"),
        ("2025-03-04 09:00", "running", "2025-03-31"),
        ("2025-03-05 09:00", "running", "2025-03-07"),
        ("2025-03-06 09:00", "running", "2025-03-11"),
    ]


# Imported, and while a clock stands still


def test_what_happens_while_a_clock_waits_for_a_correction_does_not_keep_it_from_beginning_again() -> None:
    stops = frozenset({"correction_requested", "decided"})
    rule = a_clock("statutory", 10, starts="received", stops=stops, restarts_on="corrected", pauses_for=HEARING)
    history = received(rule).step("request_correction", "2025-03-04")
    again = ("2025-03-10 09:00", "running", "2025-03-24")
    assert drawn(history.paused("2025-03-05").step("submit_correction", "2025-03-10"))[-1] == again
    assert (
        drawn(history.paused("2025-03-05").resumed("2025-03-06").step("submit_correction", "2025-03-10"))[-1] == again
    )
    assert drawn(history.extended("2025-03-05", 1).step("submit_correction", "2025-03-10"))[-1] == again
    flood = Suspension("S1", frozenset({"promise"}), day("2025-03-06"), None)
    place = Dossier(an_item(rule), CALENDAR, (), (Fold(BEGINNING, CALENDAR, (flood,)),))
    held = History(place).received("2025-03-03").step("request_correction", "2025-03-04")
    assert drawn(held.step("submit_correction", "2025-03-10"))[-1] == again


def test_a_clock_that_started_before_the_receipt_has_its_own_limit_and_not_the_end_that_was_fixed() -> None:
    history = a_history(an_item(a_clock("statutory", 10)), CALENDAR).step("accept", "2025-03-03", imported=True)
    assert drawn(history) == [("2025-03-03 09:00", "running", "2025-03-17")]
    history = history.received("2025-03-04", fixed={"statutory": "2025-03-21 00:00"}, imported=True)
    assert drawn(history)[-1] == ("2025-03-03 09:00", "running", "2025-03-17")


def test_what_ended_before_it_came_in_is_void_from_the_end_on_and_what_was_fixed_from_the_receipt_on() -> None:
    history = a_history(an_item(a_clock("statutory", 10)), CALENDAR).step("close", "2025-03-03", imported=True)
    assert drawn(history) == [("2025-03-03 09:00", "void", None)]
    history = history.received("2025-03-05", fixed={"promise": "2025-03-21 00:00"}, imported=True)
    assert drawn(history) == [("2025-03-03 09:00", "void", None)]
    assert drawn(history, "promise") == [("2025-03-05 09:00", "void", None)]


def test_a_suspension_that_is_to_come_is_not_heard_of_with_one_that_comes_before_silence() -> None:
    promise = a_clock("promise", 30, starts="received", stops=frozenset({"decided"}))
    floods = tuple(
        Suspension(name, frozenset({"promise"}), day(first), last)
        for name, first, last in (("S1", "2025-03-05", day("2025-03-06")), ("S2", "2025-03-31", None))
    )
    dossier = Dossier(an_item(a_notice(), promise), CALENDAR, (), (Fold(BEGINNING, CALENDAR, floods),))
    history = History(dossier).received("2025-03-03").step("decide", "2025-03-14", result="granted")
    assert [row[:2] for row in drawn(history, "promise")] == [
        ("2025-03-03 09:00", "running"),
        ("2025-03-05 00:00", "paused"),
        ("2025-03-07 00:00", "running"),
        ("2025-03-14 09:00", "met"),
    ]
    assert history.clock("promise", "2025-03-15").used == 7  # the 4th, the 7th, and the 10th to the 14th


def test_a_suspension_has_begun_when_something_happens_at_its_first_instant() -> None:
    flood = Suspension("S1", frozenset({"statutory"}), day("2025-03-10"), None)
    dossier = Dossier(an_item(a_clock("statutory", 10)), CALENDAR, (), (Fold(BEGINNING, CALENDAR, (flood,)),))
    history = History(dossier).received("2025-03-03").accepted("2025-03-03").step("decide", "2025-03-10 00:00")
    assert history.clock("statutory", "2025-03-11").used == 4  # the 4th to the 7th: the 10th is taken out


def test_a_stage_is_late_when_the_promise_that_caps_it_has_run_out() -> None:
    promise = a_clock("promise", 3, stops=frozenset({"decided"}))
    history = received(promise, stages=(a_stage("review", 10, extension=(5, 1)),)).accepted("2025-03-03")
    history = history.step("start_stage", "2025-03-04", stage="review")
    late = {"clock": "stage", "stage": "review"}
    assert history.refusal("explain_delay", "2025-03-07", **late) is None
    early = history.refusal("explain_delay", "2025-03-06", **late)
    assert early is not None
    assert early.code == "step_not_allowed"
    extension = history.refusal("extend", "2025-03-07", amount=2, **late)
    assert extension is not None
    assert extension.code == "extension_after_expiry"
