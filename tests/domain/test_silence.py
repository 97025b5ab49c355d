"""What silence does, whether or not anybody has written it down."""

from app.domain.calendar import Calendar
from app.domain.corrections import recomputed
from app.domain.folds import Recomputation, Suspension
from app.domain.forecast import forecast
from app.domain.items import ClockRule, ReceiptRule
from app.domain.rungs import crossings, next_look
from tests.builders.domain import CD, History, a_clock, a_history, an_item, instant, text_of, wall
from tests.builders.folds import a_suspension, an_edition

NOTICE_STOPS = frozenset({"accepted", "refused", "correction_requested"})


def a_notice(effect: str = "deemed_accepted_from_receipt", *, restarts_on: str | None = None) -> ClockRule:
    return a_clock("notice", 5, starts="received", stops=NOTICE_STOPS, on_expiry=effect, restarts_on=restarts_on)


def a_permit(*, restarts_on: str | None = None) -> History:
    return a_history(an_item(a_notice(restarts_on=restarts_on), a_clock("statutory", 20)))


def test_who_is_not_told_within_five_days_has_been_accepted_since_the_receipt() -> None:
    history = a_permit().received("2025-04-30")  # the fifth working day is 12 May
    assert history.at("2025-05-12 23:59").status == "received"
    standing = history.at("2025-05-13 00:00")
    assert standing.status == "accepted"
    [deemed] = standing.deemed
    assert (deemed.clock, deemed.effect, wall(deemed.at), text_of(deemed.effective_on)) == (
        "notice",
        "deemed_accepted_from_receipt",
        "2025-05-13 00:00",
        "2025-04-30",
    )


def test_the_decision_clock_then_runs_from_the_receipt() -> None:
    clock = a_permit().received("2025-04-30").clock("statutory", "2025-05-13")
    assert (text_of(clock.started_on), text_of(clock.due_on), clock.used, clock.remaining) == (
        "2025-04-30",
        "2025-06-03",
        6,
        14,
    )


def test_until_then_the_decision_clock_has_not_started() -> None:
    assert a_permit().received("2025-04-30").clock("statutory", "2025-05-12 23:59").state == "not_started"


def test_the_clock_that_ran_out_stops_there_as_missed() -> None:
    clock = a_permit().received("2025-04-30").clock("notice", "2025-06-01")
    assert (clock.state, wall(clock.stopped_at), clock.light) == ("missed", "2025-05-13 00:00", None)


def test_silence_under_the_reconsideration_law_accepts_at_expiry() -> None:
    item = an_item(a_notice("deemed_accepted_at_expiry"), a_clock("statutory", 60, CD))
    clock = a_history(item).received("2026-04-30").clock("statutory", "2026-05-12")
    assert (text_of(clock.started_on), text_of(clock.due_on)) == ("2026-05-11", "2026-07-10")


def test_a_correction_asked_for_in_time_keeps_silence_from_accepting() -> None:
    history = a_permit().received("2025-04-30").lawfully("request_correction", "2025-05-12 17:00")
    assert (history.at("2025-06-01").status, history.at("2025-06-01").deemed) == ("correcting", ())


def test_a_correction_asked_for_on_the_sixth_day_is_too_late() -> None:
    history = a_permit().received("2025-04-30")
    refusal = history.refusal("request_correction", "2025-05-13")
    assert refusal is not None
    assert (refusal.code, refusal.article) == ("correction_too_late", "行政许可法 第三十二条")


def test_who_is_deemed_accepted_is_not_accepted_again() -> None:
    refusal = a_permit().received("2025-04-30").refusal("accept", "2025-05-13")
    assert refusal is not None
    assert refusal.code == "step_not_allowed"


def test_an_act_at_the_due_instant_itself_comes_after_silence() -> None:
    refusal = a_permit().received("2025-04-30").refusal("accept", "2025-05-13 00:00")
    assert refusal is not None
    assert refusal.code == "step_not_allowed"


def test_a_recorded_effect_changes_nothing_in_what_the_law_makes_of_the_rest() -> None:
    silent = a_permit().received("2025-04-30")
    told = silent.step("deemed", "2025-05-13 00:00", recorded="2025-05-13 00:01", clock="notice")
    for moment in ("2025-05-12", "2025-05-13 00:00", "2025-06-03", "2025-07-01"):
        assert told.at(moment) == silent.at(moment)


def test_a_late_entry_that_shows_the_act_in_time_takes_the_effect_back() -> None:
    history = a_permit().received("2025-04-30").step("accept", "2025-05-09", recorded="2025-05-20")
    standing = history.at("2025-05-20")
    assert (standing.status, standing.deemed) == ("accepted", ())
    assert text_of(history.clock("statutory", "2025-05-20").started_on) == "2025-05-09"


def test_an_end_that_a_late_entry_brings_after_silence_is_no_longer_the_one_that_silence_brought() -> None:
    """Else the alarm of the one would stand in the way of the other's: once for each clock, rung and revision."""
    item = an_item(a_notice(), a_clock("promise", 1))
    silent = a_history(item).received("2025-04-30")
    told = silent.step("deemed", "2025-05-13 00:00", recorded="2025-05-13 00:01", clock="notice")
    entered = told.step("accept", "2025-05-12", recorded="2025-05-13 00:02")
    before, after = silent.clock("promise", "2025-05-13"), entered.clock("promise", "2025-05-13")
    assert (text_of(before.due_on), before.revision) == ("2025-05-06", 1)
    assert (text_of(after.due_on), after.revision) == ("2025-05-13", 2)
    assert entered.clock("notice", "2025-05-13").revision == 1


def test_a_decision_after_deemed_acceptance_is_judged_from_the_receipt() -> None:
    history = a_permit().received("2025-04-30").lawfully("decide", "2025-06-04", result="granted")
    assert history.clock("statutory", "2025-06-05").state == "missed"


def test_with_the_correction_complete_five_days_run_again_and_silence_accepts_from_then() -> None:
    history = (
        a_permit(restarts_on="corrected")
        .received("2025-04-30")
        .lawfully("request_correction", "2025-05-08")
        .lawfully("submit_correction", "2025-05-20")
    )
    [deemed] = history.at("2025-06-05").deemed
    assert text_of(deemed.effective_on) == "2025-05-20"
    assert text_of(history.clock("statutory", "2025-06-05").due_on) == "2025-06-18"


def test_a_renewal_not_decided_before_the_licence_expires_is_renewed() -> None:
    item = an_item(
        a_clock("statutory", 20, starts="received", on_expiry="deemed_approved"),
        a_clock("delivery", 10, starts="decided", stops=frozenset({"delivered"})),
    )
    history = a_history(item).received("2026-02-05", fixed={"statutory": "2026-03-16 00:00"})
    assert history.at("2026-03-15 23:59").status == "received"
    standing = history.at("2026-03-16 00:00")
    assert standing.status == "decided"
    assert text_of(standing.deemed[0].effective_on) == "2026-03-15"
    assert text_of(history.clock("delivery", "2026-03-16").due_on) == "2026-03-30"


def test_a_decision_after_deemed_consent_is_refused() -> None:
    item = an_item(a_clock("statutory", 10, CD, starts="received", on_expiry="deemed_consented"))
    refusal = a_history(item).received("2026-03-02").refusal("decide", "2026-03-20", result="denied")
    assert refusal is not None
    assert refusal.code == "step_not_allowed"


def an_applicants_correction() -> History:
    item = an_item(
        a_notice(),
        a_clock(
            "correction",
            10,
            starts="correction_requested",
            stops=frozenset({"corrected"}),
            on_expiry="deemed_withdrawn",
            party="applicant",
        ),
    )
    return a_history(item).received("2026-03-02").lawfully("request_correction", "2026-03-04")


def test_who_does_not_correct_in_time_has_withdrawn() -> None:
    history = an_applicants_correction()
    assert history.at("2026-03-18 23:59").status == "correcting"
    assert history.at("2026-03-19 00:00").status == "withdrawn"


def test_an_applicants_silence_is_no_alarm_of_the_office_but_is_looked_for() -> None:
    drawn = forecast(an_applicants_correction().dossier)
    assert crossings(drawn, None) == []
    assert next_look(drawn, instant("2026-03-05")) == instant("2026-03-19 00:00")


def test_silence_raises_one_alarm_deemed_in_place_of_overdue_and_the_warnings_before() -> None:
    drawn = forecast(a_permit().received("2025-04-30").dossier)
    notice = [(one.rung, one.kind, wall(one.crossed_at)) for one in crossings(drawn, None) if one.clock == "notice"]
    assert notice == [(1, "warning", "2025-05-09 00:00"), (0, "deemed", "2025-05-13 00:00")]


def test_an_open_pause_holds_silence_off() -> None:
    item = an_item(
        a_clock("statutory", 5, pauses_for=frozenset({"hearing"}), on_expiry="deemed_approved"),
    )
    history = a_history(item).received("2025-03-03").accepted("2025-03-03").paused("2025-03-05")
    assert history.at("2025-06-01").deemed == ()
    assert text_of(history.resumed("2025-04-01").at("2025-06-01").deemed[0].effective_on) == "2025-04-07"


def test_what_is_accepted_already_cannot_be_deemed_accepted() -> None:
    rule = a_clock("notice", 5, starts="received", stops=frozenset({"refused"}), on_expiry="deemed_accepted_at_expiry")
    history = a_history(an_item(rule)).received("2025-03-03").accepted("2025-03-04")
    assert history.at("2025-04-01").deemed == ()
    assert history.clock("notice", "2025-04-01").light == "red"


def test_pauses_since_the_receipt_are_taken_out_of_a_clock_that_counts_from_it() -> None:
    notice = a_clock(
        "notice",
        5,
        starts="received",
        stops=frozenset({"accepted"}),
        on_expiry="deemed_accepted_from_receipt",
        pauses_for=frozenset({"correction"}),
    )
    item = an_item(notice, a_clock("statutory", 20, pauses_for=frozenset({"correction"})))
    history = (
        a_history(item)
        .received("2025-03-03")
        .step("request_correction", "2025-03-05")
        .step("submit_correction", "2025-03-12")
    )
    assert wall(history.at("2025-04-01").deemed[0].at) == "2025-03-18 00:00"
    # 20 working days from 3 March are 31 March; five of them, 6 to 12 March, were the applicant's
    assert text_of(history.clock("statutory", "2025-03-18").due_on) == "2025-04-08"


def test_a_confirmation_that_never_comes_starts_no_silence() -> None:
    history = a_history(an_item(a_notice(), receipt_rule=ReceiptRule.ON_CONFIRMATION)).received("2025-04-30")
    assert history.at("2025-06-01").status == "submitted"


# Under editions and suspensions


def a_permit_under(*applied: Recomputation) -> History:
    """Received on Monday 3 March 2025; the fifth working day is 10 March, unless something is published meanwhile."""
    item = an_item(a_notice(), a_clock("statutory", 20))
    return History(recomputed(a_history(item, an_edition(1)).received("2025-03-03").dossier, *applied))


def published(at: str, *, edition: Calendar | None = None, stop: Suspension | None = None) -> Recomputation:
    return Recomputation(at=instant(at), seq=2, recorded_at=instant(at), calendar=edition, suspension=stop)


def effects(history: History, at: str) -> list[tuple[str | None, str | None]]:
    return [(wall(one.at), text_of(one.effective_on)) for one in history.at(at).deemed]


def test_an_edition_published_in_time_moves_what_silence_will_do() -> None:
    history = a_permit_under(published("2025-03-06", edition=an_edition(2, off=("2025-03-07",))))
    assert history.at("2025-03-11 00:00").status == "received"
    assert effects(history, "2025-03-12") == [("2025-03-12 00:00", "2025-03-03")]


def test_what_silence_has_done_stands_though_a_later_edition_would_have_moved_it() -> None:
    history = a_permit_under(published("2025-03-12", edition=an_edition(2, off=("2025-03-07", "2025-03-20"))))
    assert effects(history, "2025-03-20") == [("2025-03-11 00:00", "2025-03-03")]
    assert history.at("2025-03-20").status == "accepted"
    assert text_of(history.clock("statutory", "2025-03-20").due_on) == "2025-04-02"


def test_a_suspension_of_the_place_holds_silence_off() -> None:
    history = a_permit_under(published("2025-03-06", stop=a_suspension("2025-03-07", None, "notice")))
    assert history.at("2025-04-01").deemed == ()


def test_a_step_is_judged_by_what_silence_did_under_the_edition_of_its_time() -> None:
    history = a_permit_under(published("2025-03-12", edition=an_edition(2, off=("2025-03-07",))))
    refusal = history.refusal("request_correction", "2025-03-13")
    assert refusal is not None
    assert refusal.code == "correction_too_late"
