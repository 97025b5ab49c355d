from app.domain.items import (
    DEFAULT_WARN,
    Count,
    DueTime,
    EndRule,
    Extension,
    Item,
    Party,
    StartRule,
    Warn,
    WarnKind,
)
from app.domain.units import Limit, Unit
from app.items.reading import item_of
from app.items.schemas import ItemDocument
from tests.builders.items import ItemBuilder, a_clock, an_item


def read(item: ItemBuilder) -> Item:
    return item_of(ItemDocument.model_validate(item.build()), 3)


def test_a_clock_is_read_whole() -> None:
    item = read(
        an_item().with_clock(
            "statutory",
            60,
            "calendar_day",
            starts="received",
            pauses_for=["correction", "hearing"],
            extension={"amount": 10, "times": 1},
            legal_basis="环境影响评价法 第二十二条",
            party="applicant",
        )
    )
    [clock] = item.clocks
    assert (clock.kind, clock.stage, clock.starts) == ("statutory", "", "received")
    assert clock.stops == {"decided", "withdrawn", "terminated"}
    assert clock.limit == Limit(60, Unit.CALENDAR_DAY)
    assert clock.pauses_for == {"correction", "hearing"}
    assert clock.extension == Extension(10, 1)
    assert clock.legal_basis == "环境影响评价法 第二十二条"
    assert clock.party is Party.APPLICANT
    assert (item.code, item.version, item.department) == ("eia-report", 3, "D1")


def test_counting_rules_default_by_unit() -> None:
    clocks = an_item().with_clock("a", 1, "working_day").with_clock("b", 1, "calendar_day").with_clock("c", 1, "month")
    item = read(clocks)
    assert [clock.count for clock in item.clocks] == [
        Count(StartRule.NEXT_DAY, EndRule.KEEP, DueTime.END_OF_DAY),
        Count(StartRule.NEXT_DAY, EndRule.ROLL_FORWARD, DueTime.END_OF_DAY),
        Count(StartRule.NEXT_DAY, EndRule.ROLL_FORWARD, DueTime.END_OF_DAY),
    ]


def test_a_given_counting_rule_leaves_the_others_at_their_default() -> None:
    item = read(an_item().with_clock(unit="calendar_day", count={"start_rule": "roll_then_next"}))
    assert item.clocks[0].count == Count(StartRule.ROLL_THEN_NEXT, EndRule.ROLL_FORWARD, DueTime.END_OF_DAY)


def test_an_end_at_the_same_time_stays_where_it_is_unless_asked() -> None:
    item = read(
        an_item()
        .with_clock("a", unit="calendar_day", count={"due_time": "same_time"})
        .with_clock("b", unit="calendar_day", count={"due_time": "same_time", "end_rule": "roll_forward"})
    )
    assert [clock.count.end_rule for clock in item.clocks] == [EndRule.KEEP, EndRule.ROLL_FORWARD]


def test_a_clock_without_rungs_warns_one_working_day_before_and_one_with_an_empty_list_never() -> None:
    item = read(an_item().with_clock("a").with_clock("b", warn=[]))
    assert [clock.warn for clock in item.clocks] == [DEFAULT_WARN, ()]


def test_rungs_keep_their_order_and_shares_are_thousandths() -> None:
    month, week = {"amount": 1, "unit": "month"}, {"amount": 5, "unit": "working_day"}
    warn = [{"at_share": 0.8}, {"before": month}, {"after": week}]
    item = read(an_item().with_clock(warn=warn))
    assert item.clocks[0].warn == (
        Warn(WarnKind.AT_SHARE, share_thousandths=800),
        Warn(WarnKind.BEFORE, Limit(1, Unit.MONTH)),
        Warn(WarnKind.AFTER, Limit(5, Unit.WORKING_DAY)),
    )


def test_the_clock_of_a_stage_runs_from_its_start_to_its_completion() -> None:
    clock = read(an_item().with_stage("review", 2)).by_stage["review"].clock
    assert clock is not None
    assert (clock.kind, clock.stage, clock.starts) == ("stage", "review", "started:review")
    assert clock.stops == {"completed:review"}


def test_a_stage_without_a_limit_has_no_clock() -> None:
    stage = read(an_item().with_stage("review", department="D2", section="环评科", before_acceptance=True)).stages[0]
    assert (stage.clock, stage.department, stage.section, stage.before_acceptance) == (None, "D2", "环评科", True)


def test_a_stage_stops_for_the_grounds_of_the_promise() -> None:
    item = read(
        an_item()
        .with_clock("statutory", pauses_for=["correction"])
        .with_clock("promise", pauses_for=["hearing"])
        .with_stage("review", 2)
    )
    assert item.stages[0].clock is not None
    assert item.stages[0].clock.pauses_for == {"hearing"}


def test_without_a_promise_a_stage_stops_for_those_of_the_statute() -> None:
    item = read(an_item().with_clock("statutory", pauses_for=["correction"]).with_stage("review", 2))
    assert item.stages[0].clock is not None
    assert item.stages[0].clock.pauses_for == {"correction"}


def test_an_empty_list_of_grounds_is_a_stages_own() -> None:
    item = read(an_item().with_clock("statutory", pauses_for=["correction"]).with_stage("review", 2, pauses_for=[]))
    assert item.stages[0].clock is not None
    assert item.stages[0].clock.pauses_for == frozenset()


def test_an_inline_item_needs_only_clocks() -> None:
    item = item_of(ItemDocument.model_validate({"clocks": [a_clock()]}), 1)
    assert (item.code, item.department, len(item.clocks)) == ("", "", 1)


def test_the_late_entry_limit_is_read() -> None:
    item = read(an_item().with_(late_entry_limit={"amount": 1, "unit": "working_day"}))
    assert item.late_entry_limit == Limit(1, Unit.WORKING_DAY)
