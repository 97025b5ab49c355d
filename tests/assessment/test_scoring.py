"""The sheet by itself: what happened, reckoned by rules, without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from app.assessment.points import mean_of, read_points, spelled_points
from app.assessment.rules import _SAMPLE, SAMPLE, Scoring, read_rules
from app.assessment.scoring import Cause, Fall, Happening, Rule, Rules, Volume, sheet_of

BEGIN = datetime(2026, 11, 2, tzinfo=UTC)
RULES = Scoring(SAMPLE, _SAMPLE).rules


def happened(cause: Cause, place: int, *, stated: int | None = None, fallen: bool = False) -> Happening:
    fall = Fall(BEGIN, "card", "appeal") if fallen else None
    return Happening(cause, f"{place}", BEGIN + timedelta(hours=place), clock="promise", stated=stated, fall=fall)


def with_rule(rule: Rule, most: int | None = None) -> Rules:
    return RULES._replace(rules=(rule,), most=most)


@pytest.mark.parametrize(
    ("text", "hundredths"), [("0", 0), ("-5", -500), ("2.5", 250), ("-0.05", -5), ("14", 1400), ("99.99", 9999)]
)
def test_points_are_exact_and_have_one_spelling(text: str, hundredths: int) -> None:
    assert read_points(text) == hundredths
    assert spelled_points(hundredths) == text


def test_points_that_are_spelled_longer_are_the_same_points() -> None:
    assert [read_points(text) for text in ("2.50", "2.5")] == [250, 250]
    assert spelled_points(read_points("-0")) == "0"


@pytest.mark.parametrize(
    ("scores", "mean"), [([], None), ([9000], 9000), ([1, 2], 2), ([1, 1, 2], 1), ([10000, 9999, 9999], 9999)]
)
def test_a_mean_is_rounded_half_up_to_the_hundredth(scores: list[int], mean: int | None) -> None:
    assert mean_of(scores) == mean


def test_who_did_nothing_wrong_keeps_a_hundred_points() -> None:
    sheet = sheet_of(RULES, [], Volume())
    assert (sheet.base, sheet.score, sheet.grade.code) == (10000, 10000, "excellent")
    assert [part.is_measured for part in sheet.parts] == [False, True, True] + [False] * 6


def test_a_yellow_card_costs_five_and_a_red_one_ten_as_the_cards_state_and_the_part_no_more_than_it_is_worth() -> None:
    cards = [
        happened(Cause.YELLOW_CARD, 1, stated=500),
        happened(Cause.RED_CARD, 2, stated=1000),
        happened(Cause.YELLOW_CARD, 3, stated=500),
    ]
    sheet = sheet_of(RULES, cards[:1], Volume())
    assert (sheet.score, sheet.parts[2].score) == (9500, 900)
    sheet = sheet_of(RULES, cards, Volume())
    assert [point.points for point in sheet.parts[2].points] == [-500, -500, -1000]
    assert (sheet.score, sheet.parts[2].score, sheet.grade.code) == (8600, 0, "good")


def test_each_third_warning_costs_three_points_and_opens_into_all_three() -> None:
    warnings = [happened(Cause.WARNING, place) for place in range(8)]
    [one, two] = sheet_of(RULES, warnings, Volume()).parts[2].points
    assert (one.points, two.points) == (-300, -300)
    assert [happening.id for happening in two.happenings] == ["3", "4", "5"]
    assert sheet_of(RULES, warnings[:2], Volume()).score == 10000


def test_what_fell_counts_no_more_and_stays_in_sight() -> None:
    [card] = sheet_of(RULES, [happened(Cause.RED_CARD, 1, stated=1000, fallen=True)], Volume()).parts[2].points
    assert (card.points, card.due) == (0, -1000)
    assert card.fall is not None
    warnings = [happened(Cause.WARNING, place, fallen=place == 1) for place in range(4)]
    found = sheet_of(RULES, warnings, Volume()).parts[2].points
    assert [(point.points, len(point.happenings)) for point in found] == [(0, 1), (-300, 3)]


@pytest.mark.parametrize(
    ("early", "closed", "points"),
    [(0, 10, []), (9, 100, []), (1, 10, [100]), (19, 100, [100]), (2, 10, [200]), (10, 10, [1000]), (0, 0, [])],
)
def test_ten_of_a_hundred_closed_early_bring_a_point_and_each_further_ten_another(
    early: int, closed: int, points: list[int]
) -> None:
    volume = Volume(closed=closed)
    volume.early["statutory"] = early
    assert [point.points for point in sheet_of(RULES, [], volume).bonus] == points


@pytest.mark.parametrize(
    ("limits", "points"),
    [
        ({"working_day": (100, 71)}, []),
        ({"working_day": (100, 70)}, [300]),
        ({"working_day": (100, 51)}, [400]),
        ({"working_day": (20, 4)}, [800]),
        ({"working_day": (20, 4), "calendar_day": (60, 42)}, [300]),
        ({"working_day": (20, 4), "calendar_day": (60, 60)}, []),
    ],
)
def test_promises_cut_by_thirty_of_a_hundred_bring_three_points_and_the_unit_cut_least_decides(
    limits: dict[str, tuple[int, int]], points: list[int]
) -> None:
    assert [point.points for point in sheet_of(RULES, [], Volume(closed=1, limits=limits)).bonus] == points


@pytest.mark.parametrize(("late", "points"), [(1, [-100]), (2, [-200]), (7, [-500]), (0, [])])
def test_each_hundredth_of_late_entries_costs_a_point_and_five_at_most(late: int, points: list[int]) -> None:
    volume = Volume(closed=100, late_entries={str(place) for place in range(late)})
    sheet = sheet_of(RULES, [], volume)
    assert [point.points for point in sheet.parts[1].points] == points


def test_no_score_is_below_nothing_or_above_what_the_rules_allow() -> None:
    costly = Rule("x", None, Cause.OVERDUE, -9900)
    assert sheet_of(with_rule(costly), [happened(Cause.OVERDUE, place) for place in range(3)], Volume()).score == 0
    early = Rule("x", None, Cause.EARLY_SHARE, 100, reached=10)
    volume = Volume(closed=1)
    volume.early["statutory"] = 1
    assert sheet_of(with_rule(early), [], volume).score == 10100
    assert sheet_of(with_rule(early, most=10000), [], volume).score == 10000


def test_a_rule_of_some_clocks_counts_only_theirs() -> None:
    rule = Rule("x", "time_limits", Cause.OVERDUE, -100, clocks=frozenset({"statutory"}))
    assert sheet_of(with_rule(rule), [happened(Cause.OVERDUE, 1)], Volume()).score == 10000
    rule = rule._replace(clocks=frozenset({"promise"}))
    assert sheet_of(with_rule(rule), [happened(Cause.OVERDUE, 1)], Volume()).score == 9900


def test_the_sample_is_read_as_it_is_written() -> None:
    assert read_rules(_SAMPLE) == RULES
    assert [(rule.code, rule.points, rule.every) for rule in RULES.rules if rule.cause is Cause.WARNING] == [
        ("three_warnings", -300, 3)
    ]
    assert [grade.code for grade in RULES.grades] == ["excellent", "good", "pass", "fail"]
