"""Clocks that never start, ends without a limit, who holds an application, and odd imports."""

import pytest

from app.domain.clocks import Clock
from app.domain.course import Course
from app.domain.forecast import forecast
from app.domain.items import Party, ReceiptRule, Warn, WarnKind
from app.domain.rungs import unplaced
from app.domain.spans import ClockState, Span, Stretch, Warning_
from app.domain.steps import Status, Step, StepType
from app.domain.units import Limit
from tests.builders.domain import CD, MONTH, WD, History, a_clock, a_history, a_stage, an_item, instant, text_of, wall
from tests.builders.folds import an_edition

CALENDAR = an_edition(1)


def history_of(*clocks: object, **said: object) -> History:
    return a_history(an_item(*clocks, **said), CALENDAR)  # type: ignore[arg-type]


# Void from the final step on


def test_a_clock_that_a_final_step_finds_not_started_is_void_from_then_on() -> None:
    history = history_of(a_clock("promise", 10)).received("2025-03-03").step("withdraw", "2025-03-05")
    [span] = forecast(history.dossier).spans
    at = instant("2025-03-05")
    assert span == Span(
        clock="promise",
        stage="",
        round=0,
        from_at=at,
        to_at=None,
        state=ClockState.VOID,
        party=Party.AGENCY,
        limit=Limit(10, WD),
        extended=0,
        total=10,
        started_on=None,
        started_at=None,
        counts_from=0,
        used_before=0,
        due_on=None,
        due_at=None,
        latest_due_on=None,
        yellow_at=None,
        warnings=(),
        after=(),
        stopped_at=at,
        provisional=False,
        fixed=False,
        calendar="X@1",
        revision=0,
        legal_basis=None,
    )
    assert history.clock("promise", "2025-03-04").state == "not_started"
    assert history.clock("promise", "2025-06-01") == Clock(
        "promise", "", 0, Party.AGENCY, Limit(10, WD), 0, None, None, None, None, None, None, ClockState.VOID, at, None,
        0, 10, 0, None, (), False, "X@1", 0,
    )  # fmt: skip


def test_of_months_nothing_says_how_many_days_are_left() -> None:
    history = history_of(a_clock("statutory", 2, MONTH)).received("2025-03-03").step("withdraw", "2025-03-05")
    [span] = forecast(history.dossier).spans
    assert (span.total, span.limit) == (None, Limit(2, MONTH))
    assert history.clock("statutory", "2025-03-06").remaining is None


def test_a_stage_that_never_began_is_void_too_and_those_after_it_are_told() -> None:
    stages = (a_stage("a", None), a_stage("b", 5), a_stage("c", 3))
    history = history_of(a_clock("promise", 10), stages=stages).received("2025-03-03").accepted("2025-03-03")
    history = history.step("start_stage", "2025-03-04", stage="c").step("withdraw", "2025-03-05")
    found = [(one.clock, one.stage, str(one.state), wall(one.from_at)) for one in forecast(history.dossier).spans]
    assert found == [
        ("promise", "", "running", "2025-03-03 09:00"),
        ("promise", "", "met", "2025-03-05 09:00"),
        ("stage", "b", "void", "2025-03-05 09:00"),
        ("stage", "c", "running", "2025-03-04 09:00"),
        ("stage", "c", "void", "2025-03-05 09:00"),
    ]


def test_a_clock_that_starts_with_the_closing_is_not_void_before_it() -> None:
    archive = a_clock("archive", 30, starts="closed", stops=frozenset({"inspected"}))
    history = history_of(archive).received("2025-03-03").accepted("2025-03-03").step("withdraw", "2025-03-05")
    assert history.clock("archive", "2025-03-06").state == "not_started"


# Ends without a limit


def test_a_fixed_end_without_a_limit_is_there_from_the_submission_on_and_starts_with_the_confirmation() -> None:
    history = history_of(a_clock("promise", 10), receipt_rule=ReceiptRule.ON_CONFIRMATION)
    history = history.received("2025-03-03", fixed={"licence": "2025-04-01 00:00"})
    told = history.clock("licence", "2025-03-04")
    assert (told.state, told.due_on, told.limit, told.remaining, told.stopped_at) == (
        "not_started",
        None,
        None,
        None,
        None,
    )
    confirmed = history.step("confirm", "2025-03-05")
    spans = [one for one in forecast(confirmed.dossier).spans if one.clock == "licence"]
    assert [(str(one.state), wall(one.from_at), wall(one.to_at), wall(one.due_at)) for one in spans] == [
        ("not_started", "2025-03-03 09:00", "2025-03-05 09:00", None),
        ("running", "2025-03-05 09:00", None, "2025-04-01 00:00"),
    ]
    assert text_of(confirmed.clock("licence", "2025-03-05").due_on) == "2025-03-31"
    withdrawn = history.step("withdraw", "2025-03-05")
    spans = [one for one in forecast(withdrawn.dossier).spans if one.clock == "licence"]
    assert [(str(one.state), wall(one.from_at), wall(one.to_at)) for one in spans] == [
        ("not_started", "2025-03-03 09:00", "2025-03-05 09:00"),
        ("void", "2025-03-05 09:00", None),
    ]


def test_a_fixed_end_of_a_clock_that_the_item_lacks_is_met_by_the_decision() -> None:
    history = history_of(a_clock("promise", 10)).received("2025-03-03", fixed={"licence": "2025-04-01 00:00"})
    decided = history.accepted("2025-03-03").step("decide", "2025-03-10")
    assert decided.clock("licence", "2025-03-11").state == "met"


# Who holds it


def test_stretches_name_the_status_and_whoever_holds_the_application() -> None:
    history = history_of(a_clock("promise", 10)).received("2025-03-03").accepted("2025-03-04")
    history = history.step("assign", "2025-03-05", section="S1", officer="O1").step(
        "assign", "2025-03-06", officer="O2"
    )
    history = history.step("assign", "2025-03-07", department="D2")
    first, second, third, fourth, fifth = (instant(f"2025-03-0{one}") for one in (3, 4, 5, 6, 7))
    assert forecast(history.dossier).stretches == (
        Stretch(first, second, Status.RECEIVED, "D1", None, None),
        Stretch(second, third, Status.ACCEPTED, "D1", None, None),
        Stretch(third, fourth, Status.ACCEPTED, "D1", "S1", "O1"),
        Stretch(fourth, fifth, Status.ACCEPTED, "D1", "S1", "O2"),
        Stretch(fifth, None, Status.ACCEPTED, "D2", None, None),
    )
    standing = history.at("2025-03-06 09:00")
    assert (standing.status, *standing.holder) == ("accepted", "D1", "S1", "O2")
    assert (history.at("2025-03-06 08:59").holder) == ("D1", "S1", "O1")


# Rungs that lie nowhere


def test_the_rungs_of_a_paused_clock_keep_their_places_and_lie_nowhere() -> None:
    warn = (
        Warn(WarnKind.AT_SHARE, share_thousandths=500),
        Warn(WarnKind.AFTER, Limit(1, WD)),
        Warn(WarnKind.BEFORE, Limit(1, CD)),
    )
    assert unplaced(warn) == ((Warning_(1, None), Warning_(2, None), Warning_(3, None)), (2,), None)
    paused = history_of(a_clock("promise", 10, pauses_for=frozenset({"hearing"}))).received("2025-03-03")
    [clock] = paused.accepted("2025-03-03").paused("2025-03-04").at("2025-03-05").clocks
    assert clock.warnings == (Warning_(1, None),)


# Odd imports


def follow(*kinds: str) -> list[bool]:
    """Whether each of some imported steps has an effect."""
    course = Course()
    return [course.follow(Step(type=StepType(kind), at=instant("2025-03-03"), imported=True)) for kind in kinds]


@pytest.mark.parametrize(
    ("before", "last", "has_effect"),
    [
        (("receive",), "receive", False),
        (("close",), "receive", False),
        (("decide",), "receive", True),
        (("receive", "close"), "decide", False),
        (("receive", "close"), "confirm", False),
        (("receive",), "confirm", False),
        (("receive",), "publish", True),
        (("receive", "withdraw"), "publish", False),
        (("receive",), "submit_correction", False),
        (("receive",), "decide", True),
        (("receive", "decide"), "accept", False),
        (("receive", "decide"), "decide", False),
        (("receive", "decide"), "withdraw", True),
        (("receive", "withdraw"), "decide", False),
        (("receive",), "close", True),
        (("receive", "close"), "assign", False),
        (("receive", "withdraw"), "assign", False),
        (("receive",), "assign", True),
    ],
)
def test_an_imported_step_has_an_effect_where_it_leads_forward_or_ends_the_application(
    before: tuple[str, ...], last: str, has_effect: bool
) -> None:
    assert follow(*before, last)[-1] is has_effect


# Ends out of reach


def test_a_limit_that_leaves_the_years_of_the_service_is_refused_in_words() -> None:
    history = history_of(a_clock("promise", 90_000, CD)).received("2025-03-03").accepted("2025-03-03")
    with pytest.raises(Exception, match=r"^The end of the limit lies outside the years 1949 to 2199\.$") as refused:
        forecast(history.dossier)
    assert getattr(refused.value, "code", None) == "date_out_of_range"
