"""Explanations: every day with its reason, the articles, each change of the end; all agree with the clock."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.calendar import Calendar
from app.domain.changes import Cause
from app.domain.explained_days import Day, Reason, days
from app.domain.explanation import Explanation, Rule, explain
from app.domain.items import ClockRule, Count, DueTime, EndRule, Item, StartRule
from app.domain.replay import replay
from app.domain.spans import ClockState
from app.domain.steps import Dossier
from app.domain.units import Limit, Unit
from tests.builders.domain import (
    CD,
    MONTH,
    WD,
    History,
    a_clock,
    a_count,
    a_history,
    a_stage,
    an_item,
    china,
    instant,
    text_of,
    wall,
)
from tests.builders.folds import a_changed_history
from tests.builders.histories import Told, a_random_history, the_calendar

CALENDAR = the_calendar()
FOREVER = 1 << 22


def told(history: History, at: str, kind: str = "promise", stage: str = "") -> Explanation:
    """The explanation of one clock; of a stage that of its last round."""
    found = [
        one for one in explain(history.dossier, instant(at)) if one.clock.kind == kind and one.clock.stage == stage
    ]
    return found[-1]


def all_days(explanation: Explanation) -> list[Day]:
    return [] if explanation.count is None else list(days(explanation.count, 1, FOREVER))


def lines(explanation: Explanation) -> list[str]:
    return [f"{text_of(day.day)} {day.n or '-'} {day.reason}" for day in all_days(explanation)]


def moves(explanation: Explanation) -> list[tuple[str, str | None, str | None]]:
    return [(str(one.cause), text_of(one.before), text_of(one.due_on)) for one in explanation.changes]


def rules(explanation: Explanation) -> list[str]:
    return [str(one.rule) for one in explanation.articles]


def accepted(*clocks: object, on: str = "2025-01-22", calendar: Calendar | None = None) -> History:
    item = an_item(*clocks)  # type: ignore[arg-type]
    return a_history(item, calendar or china()).received(on).lawfully("accept", on)


def test_the_start_day_rest_days_and_make_up_days_are_told_with_their_notice() -> None:
    explanation = told(accepted(a_clock("promise", 4)), "2025-01-23")
    assert lines(explanation) == [
        "2025-01-22 - start_day",
        "2025-01-23 1 working_day",
        "2025-01-24 2 working_day",
        "2025-01-25 - weekend",
        "2025-01-26 3 make_up_workday",
        "2025-01-27 4 working_day",
    ]
    longer = told(accepted(a_clock("promise", 5)), "2025-01-23")
    new_year = [day for day in all_days(longer) if day.reason is Reason.HOLIDAY]
    assert [text_of(day.day) for day in new_year][:2] == ["2025-01-28", "2025-01-29"]
    assert (new_year[0].name, new_year[0].source, new_year[0].certainty) == (
        "春节",
        "国办发明电〔2024〕12号",
        "certain",
    )
    assert text_of(all_days(longer)[-1].day) == "2025-02-05"


def test_the_articles_of_a_plain_limit_are_those_of_its_start_its_unit_and_its_end() -> None:
    explanation = told(accepted(a_clock("promise", 4)), "2025-01-23")
    assert [(str(one.rule), one.article) for one in explanation.articles] == [
        ("start_next_day", "民法典 第二百零一条"),
        ("working_days", "行政许可法 第八十二条"),
        ("end_of_day", "民法典 第二百零三条"),
    ]


def test_calendar_days_count_rest_days_and_the_end_rolls_over_them() -> None:
    explanation = told(accepted(a_clock("promise", 9, CD)), "2025-01-23")
    assert lines(explanation)[-6:] == [
        "2025-01-31 9 calendar_day",
        "2025-02-01 - rolled",
        "2025-02-02 - rolled",
        "2025-02-03 - rolled",
        "2025-02-04 - rolled",
        "2025-02-05 - rolled",
    ]
    assert "rolled" in rules(explanation)


def test_a_month_ends_on_the_corresponding_day() -> None:
    explanation = told(accepted(a_clock("promise", 1, MONTH), on="2025-01-31"), "2025-02-01")
    assert lines(explanation)[-1] == "2025-02-28 28 calendar_day"
    assert "corresponding_day" in rules(explanation)


def test_zero_days_from_a_rest_day_roll_to_the_next_working_day() -> None:
    explanation = told(accepted(a_clock("promise", 0), on="2025-03-08"), "2025-03-08")
    assert lines(explanation) == ["2025-03-08 - start_day", "2025-03-09 - rolled", "2025-03-10 - rolled"]


def test_a_start_that_rolls_tells_of_the_days_before_it() -> None:
    clock = a_clock("promise", 2, count=a_count(WD, start="roll_then_next"))
    explanation = told(accepted(clock, on="2025-03-08"), "2025-03-09")
    assert lines(explanation) == [
        "2025-03-08 - before_start",
        "2025-03-09 - before_start",
        "2025-03-10 - start_day",
        "2025-03-11 1 working_day",
        "2025-03-12 2 working_day",
    ]
    assert "start_rolled" in rules(explanation)


def test_paused_days_name_the_step_that_stopped_the_clock() -> None:
    history = accepted(a_clock("promise", 4, pauses_for=frozenset({"hearing"})), on="2025-03-03")
    history = history.lawfully("pause", "2025-03-04", ground="hearing").lawfully("resume", "2025-03-06")
    explanation = told(history, "2025-03-07")
    assert lines(explanation) == [
        "2025-03-03 - start_day",
        "2025-03-04 1 working_day",
        "2025-03-05 - paused",
        "2025-03-06 - paused",
        "2025-03-07 2 working_day",
        "2025-03-08 - weekend",
        "2025-03-09 - weekend",
        "2025-03-10 3 working_day",
        "2025-03-11 4 working_day",
    ]
    assert [step.ground for day in all_days(explanation)[2:4] for step in day.pauses] == ["hearing", "hearing"]
    assert moves(explanation) == [
        ("started", None, "2025-03-07"),
        ("paused", "2025-03-07", None),
        ("resumed", "2025-03-07", "2025-03-11"),
    ]
    assert Rule.PAUSE in rules(explanation)


def test_an_open_pause_is_told_up_to_the_day_asked_and_its_end_as_announced() -> None:
    clock = a_clock("promise", 4, pauses_for=frozenset({"hearing"}))
    history = accepted(clock, on="2025-03-03").lawfully("pause", "2025-03-04", ground="hearing")
    assert lines(told(history, "2025-03-06"))[-1] == "2025-03-06 - paused"
    history = accepted(clock, on="2025-03-03")
    history = history.lawfully("pause", "2025-03-04", ground="hearing", announced=Limit(2, WD))
    explanation = told(history, "2025-03-05")
    assert lines(explanation)[-1] == "2025-03-11 4 working_day"
    [_, pause] = explanation.changes
    assert (pause.cause, pause.due_on, text_of(pause.latest_due_on)) == ("paused", None, "2025-03-11")
    assert told(history, "2025-03-07").changes[-1].cause is Cause.PAUSE_RAN_OUT


def test_an_extension_moves_the_end_and_is_told_with_its_step() -> None:
    clock = a_clock("promise", 4, extension=(2, 1))
    history = accepted(clock, on="2025-03-03").lawfully("extend", "2025-03-05", clock="promise", amount=2)
    explanation = told(history, "2025-03-06")
    assert moves(explanation)[-1] == ("extended", "2025-03-07", "2025-03-11")
    assert [change.step.amount for change in explanation.changes[1:] if change.step is not None] == [2]
    assert all_days(explanation)[-1].n == 6
    assert told(history, "2025-03-04").changes[-1].cause is Cause.STARTED


def test_a_stage_that_the_promise_caps_says_so() -> None:
    item = an_item(a_clock("promise", 4), stages=(a_stage("review", 10),))
    history = a_history(item, china()).received("2025-03-03").lawfully("accept", "2025-03-03")
    history = history.lawfully("start_stage", "2025-03-04", stage="review")
    explanation = told(history, "2025-03-05", "stage", "review")
    assert text_of(all_days(explanation)[-1].day) == "2025-03-07"
    assert Rule.CAPPED in rules(explanation)


def test_a_clock_that_has_not_begun_has_no_days_and_no_changes() -> None:
    history = a_history(an_item(a_clock("promise", 4)), china()).received("2025-03-03")
    explanation = told(history, "2025-03-04")
    assert (lines(explanation), explanation.changes, explanation.clock.state) == ([], (), ClockState.NOT_STARTED)


def test_days_past_the_published_calendar_are_provisional() -> None:
    explanation = told(accepted(a_clock("promise", 20), on="2026-12-15"), "2026-12-16")
    assert {day.certainty for day in all_days(explanation)} == {"certain", "provisional"}
    assert Rule.PROVISIONAL in rules(explanation)


def test_a_stretch_of_days_is_numbered_as_in_the_whole() -> None:
    explanation = told(accepted(a_clock("promise", 30), on="2025-01-02"), "2025-01-03")
    whole = all_days(explanation)
    assert explanation.count is not None
    assert list(days(explanation.count, whole[9].day, whole[19].day)) == whole[9:20]


UNITS = (Unit.WORKING_HOUR, Unit.WORKING_MINUTE)


def in_working_time(random: Random, dossier: Dossier) -> Dossier:
    """The same history with some of its limits in working time."""

    def changed(rule: ClockRule) -> ClockRule:
        if random.random() < 0.6:
            return rule
        unit = random.choice(UNITS)
        limit = Limit(random.randint(1, 60 if unit is Unit.WORKING_HOUR else 3000), unit)
        end = random.choice([EndRule.KEEP, EndRule.ROLL_FORWARD])
        return replace(rule, limit=limit, count=Count(StartRule.NEXT_DAY, end, DueTime.END_OF_DAY))

    item = dossier.item
    stages = tuple(s if s.clock is None else replace(s, clock=changed(s.clock)) for s in item.stages)
    clocks = tuple(changed(rule) for rule in item.clocks)
    return replace(dossier, item=Item.build(item.code, 1, item.department, clocks=clocks, stages=stages))


@settings(max_examples=120, deadline=None)
@example(seed=5971, imported=False)  # silence was to stop the clock before its pause had lasted as announced
@given(seed=st.integers(0, 2**32), imported=st.booleans())
def test_an_explanation_agrees_with_the_clock_that_is_shown(seed: int, imported: bool) -> None:
    random = Random(seed)
    history = a_random_history(random, CALENDAR, imported=imported)
    agree_at_all_instants(random, history, in_working_time(random, history.dossier))


@settings(max_examples=60, deadline=None)
@example(seed=510510, imported=True)  # silence had its effect under the edition before
@example(seed=2, imported=False)  # a suspension over a clock whose end is fixed
@example(seed=412, imported=True)  # silence accepts from a receipt on a day that is suspended
@example(seed=1326, imported=False)  # silence stops a clock in hours as it begins, a pause announced over it
@given(seed=st.integers(0, 2**32), imported=st.booleans())
def test_it_agrees_under_editions_suspensions_and_amendments(seed: int, imported: bool) -> None:
    random = Random(seed)
    history = a_changed_history(random, a_random_history(random, CALENDAR, imported=imported))
    agree_at_all_instants(random, history, in_working_time(random, history.dossier))


def agree_at_all_instants(random: Random, history: Told, dossier: Dossier) -> None:
    for at in history.instants(random, count=3):
        told_of = explain(dossier, at)
        shown = replay(dossier, at).clocks
        assert [one.clock for one in told_of] == list(shown)
        for explanation in told_of:
            agree(explanation, same_time_in(dossier), at)


def same_time_in(dossier: Dossier) -> set[tuple[str, str]]:
    """The clocks that end at the time of day at which they began, and therefore on a day that is not counted whole."""
    rules = [*dossier.item.clocks, *(stage.clock for stage in dossier.item.stages if stage.clock is not None)]
    return {(rule.kind, rule.stage) for rule in rules if rule.count.due_time is DueTime.SAME_TIME}


def agree(explanation: Explanation, same_time: set[tuple[str, str]], at: datetime) -> None:
    """Counted days, last day and last change are those of the clock."""
    clock, listed, count = explanation.clock, all_days(explanation), explanation.count
    if count is None:
        assert clock.started_on is None
        assert not listed
        return
    if any(one.last is None for one in count.suspensions):
        return  # an end as announced does not know of a suspension that begins before it and has no end
    end = clock.due_on if clock.due_on is not None else clock.latest_due_on
    assert listed[0].day <= count.started_on
    if end is not None:
        assert listed[-1].day == max(end, listed[0].day)
    last = explanation.changes[-1]
    assert (last.due_on, last.latest_due_on) == (clock.due_on, clock.latest_due_on)
    now = at if clock.stopped_at is None else clock.stopped_at
    today = CALENDAR.day_of(now)
    is_whole = end is not None and count.total is not None and Rule.CAPPED not in rules(explanation)
    is_used_up = count.total is not None and clock.used > count.total
    if count.length is not None:
        stretches = [stretch for day in listed for stretch in day.hours]
        if is_whole:
            assert sum(microseconds(stretches)) == (count.total or 0) * count.length
        is_over = today > listed[-1].day or (now >= clock.due_at if clock.due_at else Rule.CAPPED in rules(explanation))
        if not is_used_up and not is_over:
            before = [(begin, min(over, now)) for begin, over in stretches if begin < now]
            assert sum(microseconds(before)) // count.length == clock.used
        return
    counted = [day for day in listed if day.counted]
    assert [day.n for day in counted] == list(range(1, len(counted) + 1))
    if is_whole and (clock.kind, clock.stage) not in same_time:
        assert len(counted) == count.total
    if today <= listed[-1].day and not is_used_up:
        assert sum(1 for day in counted if day.day <= today) == clock.used
    if count.unit is not Unit.WORKING_DAY:
        assert all(day.reason not in (Reason.WEEKEND, Reason.HOLIDAY) for day in listed)


def microseconds(stretches: list[tuple[datetime, datetime]]) -> list[int]:
    return [(end - begin) // timedelta(microseconds=1) for begin, end in stretches]


def test_a_limit_in_hours_tells_from_when_to_when_each_day_counts() -> None:
    clock = a_clock("promise", 12, Unit.WORKING_HOUR, pauses_for=frozenset({"hearing"}))
    history = accepted(clock, on="2025-02-07", calendar=CALENDAR)  # a Friday, 09:00
    history = history.lawfully("pause", "2025-02-07 16:00", ground="hearing")
    history = history.lawfully("resume", "2025-02-08 10:00")  # a Saturday that is worked
    explanation = told(history, "2025-02-08 11:00")
    assert [
        (text_of(day.day), day.n, str(day.reason), [(wall(begin)[-5:], wall(end)[-5:]) for begin, end in day.hours])  # type: ignore[index]  # every end is known
        for day in all_days(explanation)
    ] == [
        ("2025-02-07", 5, "working_day", [("09:00", "12:00"), ("13:30", "16:00")]),
        ("2025-02-08", 11, "make_up_workday", [("10:00", "12:00"), ("13:30", "17:00")]),
        ("2025-02-09", None, "weekend", []),
        ("2025-02-10", 12, "working_day", [("08:30", "09:30")]),
    ]
    assert wall(explanation.clock.due_at) == "2025-02-10 09:30"
    assert [one.rule for one in explanation.articles] == [Rule.FROM_THE_MOMENT, Rule.WORKING_TIME, Rule.PAUSE]
