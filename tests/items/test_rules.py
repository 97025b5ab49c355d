from typing import Any

import pytest

from app.items.rules import Fault, faults
from app.items.schemas import ItemDocument
from tests.builders.items import ItemBuilder, an_item


def found(item: ItemBuilder) -> list[tuple[str, str]]:
    wrong: list[Fault] = faults(ItemDocument.model_validate(item.build()))
    return [(fault.pointer, fault.code) for fault in wrong]


def test_a_sound_item_has_no_fault() -> None:
    item = an_item().with_clock("statutory", 60, "calendar_day").with_clock("promise", 4).with_stage("review", 2)
    assert found(item) == []


def test_a_promise_longer_than_its_statutory_limit_in_the_same_unit_is_a_fault() -> None:
    item = an_item().with_clock("statutory", 20).with_clock("promise", 21)
    assert found(item) == [("/clocks/1/limit/amount", "promise_beyond_statute")]


def test_a_promise_as_long_as_its_statutory_limit_is_none() -> None:
    assert found(an_item().with_clock("statutory", 20).with_clock("promise", 20)) == []


def test_limits_in_two_units_are_never_compared() -> None:
    assert found(an_item().with_clock("statutory", 20, "working_day").with_clock("promise", 25, "calendar_day")) == []


def test_two_clocks_of_one_kind_cannot_be_told_apart() -> None:
    assert found(an_item().with_clock("own").with_clock("own")) == [("/clocks/1/kind", "clock_repeated")]


def test_two_stages_of_one_code_cannot_be_told_apart() -> None:
    assert found(an_item().with_stage("a").with_stage("a")) == [("/stages/1/code", "stage_repeated")]


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("complete", "moment_unknown"),
        ("Received", "moment_unknown"),
        ("started:review", "stage_unknown"),
        ("completed:", "stage_unknown"),
        ("begun:approval", "moment_unknown"),
        ("withdrawn", "moment_is_final"),
    ],
)
def test_a_clock_starts_at_a_moment_that_can_occur(moment: str, code: str) -> None:
    item = an_item().with_clock(starts=moment, stops=["decided"]).with_stage("approval")
    assert found(item) == [("/clocks/0/starts", code)]


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("complete", "moment_unknown"),
        ("completed:review", "stage_unknown"),
        ("closed", "moment_is_final"),
        ("decided", "restarts_where_it_stops"),
        ("received", "restarts_at_its_start"),
    ],
)
def test_a_clock_begins_again_at_a_moment_that_can_come(moment: str, code: str) -> None:
    item = an_item().with_clock(starts="received", stops=["decided"], restarts_on=[moment])
    assert found(item) == [("/clocks/0/restarts_on/0", code)]


@pytest.mark.parametrize(
    ("starts", "effect", "party"),
    [
        ("accepted", "deemed_accepted_from_receipt", "agency"),
        ("decided", "deemed_accepted_at_expiry", "agency"),
        ("decided", "deemed_approved", "agency"),
        ("delivered", "deemed_consented", "agency"),
        ("published", "deemed_withdrawn", "applicant"),
        ("received", "deemed_approved", "applicant"),
    ],
)
def test_an_effect_of_silence_fits_its_clock(starts: str, effect: str, party: str) -> None:
    item = an_item().with_clock(starts=starts, stops=["closed"], on_expiry=effect, party=party)
    assert found(item) == [("/clocks/0/on_expiry", "effect_unfit")]


@pytest.mark.parametrize("moment", ["received", "corrected", "decided", "inspected", "started:a:b", "completed:a:b"])
def test_moments_of_steps_and_of_the_items_own_stages_can_occur(moment: str) -> None:
    assert found(an_item().with_clock(starts=moment, stops=["closed"]).with_stage("a:b")) == []


def test_each_moment_that_stops_a_clock_is_looked_at() -> None:
    item = an_item().with_clock(stops=["decided", "nothing"])
    assert found(item) == [("/clocks/0/stops/1", "moment_unknown")]


def test_a_clock_does_not_stop_where_it_starts() -> None:
    assert found(an_item().with_clock(starts="accepted", stops=["accepted"])) == [
        ("/clocks/0/stops", "stops_at_its_start")
    ]


@pytest.mark.parametrize(
    ("rung", "pointer", "code"),
    [
        ({}, "/clocks/0/warn/0", "rung_unclear"),
        ({"at_share": 0.5, "after": {"amount": 1, "unit": "month"}}, "/clocks/0/warn/0", "rung_unclear"),
        ({"at_share": 0.8001}, "/clocks/0/warn/0/at_share", "share_too_fine"),
    ],
)
def test_a_rung_says_one_thing(rung: dict[str, Any], pointer: str, code: str) -> None:
    assert found(an_item().with_clock(warn=[rung])) == [(pointer, code)]


def test_a_limit_of_no_months_is_no_limit() -> None:
    item = an_item().with_clock("a", 0, "month").with_clock("b", 0, "working_day")
    assert found(item) == [("/clocks/0/limit/amount", "limit_too_short")]


def test_rules_of_a_clock_that_a_stage_does_not_have_are_faults() -> None:
    item = an_item().with_stage("a", extension={"amount": 1, "times": 1}, pauses_for=["hearing"])
    assert found(item) == [
        ("/stages/0/pauses_for", "stage_without_limit"),
        ("/stages/0/extension", "stage_without_limit"),
    ]


def test_a_kind_with_a_dot_would_make_two_alarms_one() -> None:
    assert found(an_item().with_clock("a.b")) == [("/clocks/0/kind", "clock_kind_malformed")]


def test_all_faults_are_found_at_once() -> None:
    item = an_item().with_clock("statutory", 5).with_clock("promise", 6, starts="x").with_stage("a").with_stage("a")
    assert len(found(item)) == 3
