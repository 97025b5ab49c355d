"""Which rules made the end of a clock what it is, with their articles; what silence, places and promises do to it."""

from dataclasses import replace

from app.domain.changes import Cause
from app.domain.corrections import recomputed
from app.domain.explained_days import Reason, days
from app.domain.explanation import Explanation, explain
from app.domain.folds import Recomputation, Suspension
from app.domain.items import ClockRule, Stage
from app.domain.units import Limit, Unit
from tests.builders.domain import (
    CD,
    HOUR,
    WD,
    History,
    a_clock,
    a_count,
    a_history,
    a_stage,
    an_item,
    day,
    instant,
    text_of,
)
from tests.builders.folds import an_edition

HEARING = frozenset({"hearing"})
NOTICE_STOPS = frozenset({"accepted", "refused", "correction_requested"})
CALENDAR = an_edition(1)
"""Weekends off, and nothing else named."""

NEXT_DAY = ("start_next_day", "民法典 第二百零一条")
WORKING_DAYS = ("working_days", "行政许可法 第八十二条")
CALENDAR_DAYS = ("calendar_days", "民法典 第二百条")
END_OF_DAY = ("end_of_day", "民法典 第二百零三条")
ROLLED = ("rolled", "民法典 第二百零三条")
FIXED = ("fixed", None)


def told(history: History, at: str, kind: str = "promise", stage: str = "") -> Explanation:
    found = explain(history.dossier, instant(at))
    return [one for one in found if (one.clock.kind, one.clock.stage) == (kind, stage)][-1]


def applied(history: History, at: str, kind: str = "promise", stage: str = "") -> list[tuple[str, str | None]]:
    return [(str(one.rule), one.article) for one in told(history, at, kind, stage).articles]


def names(history: History, at: str, kind: str = "promise", stage: str = "") -> list[str]:
    return [name for name, _ in applied(history, at, kind, stage)]


def accepted(*clocks: ClockRule, stages: tuple[Stage, ...] = ()) -> History:
    """Accepted on Monday 2025-03-03."""
    return a_history(an_item(*clocks, stages=stages), CALENDAR).received("2025-03-03").accepted("2025-03-03")


# The limit, extensions, rolling, fixed ends


def test_the_basis_of_the_limit_comes_first_then_the_articles_of_the_count() -> None:
    based = replace(a_clock("promise", 10), legal_basis="办法 第三条")
    assert applied(accepted(based), "2025-03-04") == [("limit", "办法 第三条"), NEXT_DAY, WORKING_DAYS, END_OF_DAY]
    assert applied(accepted(a_clock("promise", 10)), "2025-03-04") == [NEXT_DAY, WORKING_DAYS, END_OF_DAY]


def test_an_extension_is_named_with_its_article() -> None:
    history = accepted(a_clock("promise", 10, extension=(5, 1))).extended("2025-03-04", 5, clock="promise")
    assert applied(history, "2025-03-05") == [
        NEXT_DAY,
        WORKING_DAYS,
        ("extension", "行政许可法 第四十二条"),
        END_OF_DAY,
    ]


def test_a_paused_clock_whose_announced_end_rolls_says_so() -> None:
    """Ten calendar days from the 3rd, seven of a pause: the 20th, a Thursday; nine of a pause: Saturday the 22nd."""
    rule = a_clock("promise", 10, CD, pauses_for=HEARING)
    pause = ("pause", "行政许可法 第四十五条")
    stays = accepted(rule).paused("2025-03-05", announced=Limit(7, CD))
    assert applied(stays, "2025-03-06") == [NEXT_DAY, CALENDAR_DAYS, pause, END_OF_DAY]
    rolls = accepted(rule).paused("2025-03-05", announced=Limit(9, CD))
    assert text_of(told(rolls, "2025-03-06").clock.latest_due_on) == "2025-03-24"
    assert applied(rolls, "2025-03-06") == [NEXT_DAY, CALENDAR_DAYS, pause, ROLLED, END_OF_DAY]


def test_an_end_fixed_for_the_one_application_is_counted_by_no_rule() -> None:
    item = an_item(a_clock("promise", 10, starts="received"))
    fixed = {"promise": "2025-03-15 00:00", "licence": "2025-04-01 00:00"}
    history = a_history(item, CALENDAR).received("2025-03-03", fixed=fixed)
    assert applied(history, "2025-03-04") == [FIXED]
    assert applied(history, "2025-03-04", "licence") == [FIXED]
    assert told(history, "2025-03-04", "licence").changes[0].cause is Cause.STARTED


def test_an_explanation_names_the_calendar_that_it_counts_by() -> None:
    assert told(accepted(a_clock("promise", 10)), "2025-03-04").calendar is CALENDAR


# Stages and the promise that caps them


def test_a_stage_that_has_its_whole_limit_is_not_capped() -> None:
    history = accepted(a_clock("promise", 10), stages=(a_stage("review", 5),))
    history = history.step("start_stage", "2025-03-03", stage="review")
    assert applied(history, "2025-03-04", "stage", "review") == [NEXT_DAY, WORKING_DAYS, END_OF_DAY]


def test_a_stage_whose_cap_moved_away_was_capped() -> None:
    """Five days end on the 10th; the promise of three would end them on the 6th, until it is extended."""
    history = accepted(a_clock("promise", 3, extension=(9, 1)), stages=(a_stage("review", 5),))
    history = history.step("start_stage", "2025-03-03", stage="review")
    assert names(history, "2025-03-04", "stage", "review") == [
        "start_next_day",
        "working_days",
        "capped",
        "end_of_day",
    ]
    history = history.extended("2025-03-05", 9, clock="promise")
    found = told(history, "2025-03-05", "stage", "review")
    assert [(str(one.cause), text_of(one.due_on)) for one in found.changes] == [
        ("started", "2025-03-06"),
        ("capped", "2025-03-10"),
    ]
    assert "capped" in [str(one.rule) for one in found.articles]


def in_hours(stage: Stage, amount: int, unit: Unit = HOUR) -> Stage:
    assert stage.clock is not None
    return replace(stage, clock=replace(stage.clock, limit=Limit(amount, unit), count=a_count(unit)))


def test_a_stage_in_hours_is_capped_where_the_promise_leaves_it_fewer() -> None:
    def rules(amount: int, promise: int) -> list[str]:
        stages = (in_hours(a_stage("review", 5), amount),)
        history = accepted(a_clock("promise", promise), stages=stages)
        history = history.step("start_stage", "2025-03-03 09:00", stage="review")
        return names(history, "2025-03-03 10:00", "stage", "review")

    assert rules(4, 10) == ["from_the_moment", "working_time"]
    assert rules(40, 1) == ["from_the_moment", "working_time", "capped"]


def test_a_stage_that_ends_at_the_midnight_of_its_start_is_not_capped() -> None:
    """Five working days from Tuesday 00:00 end on the next Tuesday at 00:00: the last day is the Monday."""
    stage = a_stage("review", 5)
    assert stage.clock is not None
    same_time = replace(stage, clock=replace(stage.clock, count=a_count(WD, due="same_time")))
    history = accepted(a_clock("promise", 20), stages=(same_time,))
    history = history.step("start_stage", "2025-03-04 00:00", stage="review")
    found = told(history, "2025-03-04 12:00", "stage", "review")
    assert (found.clock.due_at, text_of(found.clock.due_on)) == (instant("2025-03-11 00:00"), "2025-03-10")
    assert [str(one.rule) for one in found.articles] == ["start_next_day", "working_days", "same_time"]


# Silence


def a_silent_permit(effect: str = "deemed_accepted_from_receipt", *, basis: str | None = None) -> History:
    """Silence accepts after five days and decides after ten more; then five are left for the delivery."""
    notice = replace(a_clock("notice", 5, starts="received", stops=NOTICE_STOPS, on_expiry=effect), legal_basis=basis)
    statutory = replace(
        a_clock("statutory", 10, stops=frozenset({"decided"}), on_expiry="deemed_approved"), legal_basis="法 第五十条"
    )
    delivery = a_clock("delivery", 5, starts="decided", stops=frozenset({"delivered"}))
    return a_history(an_item(notice, statutory, delivery), CALENDAR).received("2025-03-03")


def deemed_by(history: History, kind: str, at: str = "2025-05-06") -> list[str | None]:
    return [article for name, article in applied(history, at, kind) if name == "deemed"]


def test_a_clock_that_silence_started_names_the_basis_of_the_clock_that_ran_out() -> None:
    assert deemed_by(a_silent_permit(basis="法 第三条"), "statutory") == ["法 第三条"]
    assert deemed_by(a_silent_permit(basis="法 第三条"), "delivery") == ["法 第五十条"]
    assert deemed_by(a_silent_permit(basis="法 第三条"), "notice") == []


def test_without_a_basis_of_its_own_acceptance_from_the_receipt_has_the_article_behind_it() -> None:
    assert deemed_by(a_silent_permit(), "statutory") == ["行政许可法 第三十二条"]
    assert deemed_by(a_silent_permit("deemed_accepted_at_expiry"), "statutory") == [None]


# Places: suspensions and editions


FLOOD = Suspension("S1", frozenset({"promise"}), day("2025-03-06"), day("2025-03-07"), "公告一号")
OTHER = Suspension("S2", frozenset({"statutory"}), day("2025-03-10"), day("2025-03-11"), "公告二号")


def suspended(history: History, *suspensions: Suspension) -> History:
    applied_ = [
        Recomputation(at=instant("2025-03-04 12:00"), seq=90 + place, suspension=one)
        for place, one in enumerate(suspensions)
    ]
    return History(recomputed(history.dossier, *applied_))


def reasons(history: History, at: str, kind: str = "promise") -> list[tuple[str | None, str, str | None]]:
    count = told(history, at, kind).count
    assert count is not None
    return [(text_of(one.day), str(one.reason), one.source) for one in days(count, 1, 1 << 22)]


def test_suspended_days_name_the_document_and_the_clock_the_rule() -> None:
    history = suspended(accepted(a_clock("promise", 4)), FLOOD, OTHER)
    assert reasons(history, "2025-03-07") == [
        ("2025-03-03", "start_day", None),
        ("2025-03-04", "working_day", None),
        ("2025-03-05", "working_day", None),
        ("2025-03-06", "suspended", "公告一号"),
        ("2025-03-07", "suspended", "公告一号"),
        ("2025-03-08", "weekend", None),
        ("2025-03-09", "weekend", None),
        ("2025-03-10", "working_day", None),
        ("2025-03-11", "working_day", None),
    ]
    assert names(history, "2025-03-07") == ["start_next_day", "working_days", "suspension", "end_of_day"]


def test_a_stopped_clock_still_tells_the_days_that_were_to_be_suspended() -> None:
    history = suspended(accepted(a_clock("promise", 4)).step("decide", "2025-03-05"), FLOOD, OTHER)
    assert [(one, why) for one, why, _ in reasons(history, "2025-03-12")][3:5] == [
        ("2025-03-06", "suspended"),
        ("2025-03-07", "suspended"),
    ]


def test_an_end_that_is_fixed_is_moved_by_no_suspension_and_each_working_day_before_it_counts() -> None:
    item = an_item(a_clock("promise", 10, starts="received"))
    history = a_history(item, CALENDAR).received("2025-03-03", fixed={"promise": "2025-03-11 00:00"})
    found = suspended(history.accepted("2025-03-03").step("decide", "2025-03-05"), FLOOD)
    assert [why for _, why, _ in reasons(found, "2025-03-12")] == [
        "start_day",
        "working_day",
        "working_day",
        "working_day",
        "working_day",
        "weekend",
        "weekend",
        "working_day",
    ]


def test_a_suspension_keeps_its_document_as_a_cause_after_a_later_edition() -> None:
    history = suspended(accepted(a_clock("promise", 4)), FLOOD)
    edition = Recomputation(at=instant("2025-03-10 12:00"), seq=95, calendar=an_edition(2, off=("2025-03-11",)))
    later = History(recomputed(history.dossier, edition))
    found = told(later, "2025-03-10 13:00").changes
    assert [(str(one.cause), one.document, text_of(one.due_on)) for one in found] == [
        ("started", None, "2025-03-07"),
        ("suspension", "公告一号", "2025-03-11"),
        ("suspension", "公告一号", None),
        ("suspension", "公告一号", "2025-03-11"),
        ("edition", None, "2025-03-12"),
    ]
    assert [one.calendar for one in found][-1] == "X@2"


def test_under_a_new_edition_the_days_are_told_from_the_start_on() -> None:
    history = accepted(a_clock("promise", 4))
    edition = Recomputation(at=instant("2025-03-05 12:00"), seq=95, calendar=an_edition(2, off=("2025-03-06",)))
    later = History(recomputed(history.dossier, edition))
    count = told(later, "2025-03-05 13:00").count
    assert count is not None
    assert [(text_of(one.day), one.n, one.reason) for one in days(count, 1, 1 << 22)] == [
        ("2025-03-03", None, Reason.START_DAY),
        ("2025-03-04", 1, Reason.WORKING_DAY),
        ("2025-03-05", 2, Reason.WORKING_DAY),
        ("2025-03-06", None, Reason.HOLIDAY),
        ("2025-03-07", 3, Reason.WORKING_DAY),
        ("2025-03-08", None, Reason.WEEKEND),
        ("2025-03-09", None, Reason.WEEKEND),
        ("2025-03-10", 4, Reason.WORKING_DAY),
    ]
