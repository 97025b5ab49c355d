"""Each refusal with its code, its words, its article and the place of what is wrong."""

import pytest

from app.domain.corrections import recomputed
from app.domain.folds import Recomputation
from app.domain.refusal import CONFLICTS, Refusal
from tests.builders.domain import History, a_clock, a_history, a_stage, an_item, instant
from tests.builders.folds import an_edition

PAUSED_BY, EXTENDED_BY = "行政许可法 第四十五条", "行政许可法 第四十二条"
CORRECTED_BY = "行政许可法 第三十二条"


def received(*, fixed: dict[str, str] | None = None, bare: bool = False) -> History:
    if bare:
        return a_history(an_item(a_clock("promise", 10))).received("2025-03-03")
    item = an_item(
        a_clock("statutory", 20, pauses_for=frozenset({"hearing"}), extension=(10, 1)),
        a_clock("promise", 10),
        stages=(a_stage("intake", 2, before_acceptance=True), a_stage("review", 5, pauses_for=frozenset({"survey"}))),
    )
    return a_history(item).received("2025-03-03", fixed=fixed)


def accepted(**said: object) -> History:
    return received(**said).accepted("2025-03-03")  # type: ignore[arg-type]


def said(
    history: History, kind: str, at: str = "2025-03-04", **what: object
) -> tuple[str, str, str | None, str | None]:
    refusal = history.refusal(kind, at, **what)  # type: ignore[arg-type]
    assert refusal is not None
    assert bool(refusal.allowed) is (refusal.code in CONFLICTS)  # with a conflict comes what would be allowed
    return refusal.code, refusal.detail, refusal.article, refusal.pointer


# Extensions


def test_an_extension_of_no_clock_of_a_fixed_end_of_too_much_or_of_a_clock_that_has_none() -> None:
    assert said(accepted(), "extend", clock="nothing", amount=1) == (
        "extension_not_allowed",
        "There is no such clock that could be extended.",
        EXTENDED_BY,
        "/clock",
    )
    for history in (accepted, received):
        assert said(history(fixed={"statutory": "2025-04-01 00:00"}), "extend", clock="statutory", amount=1) == (
            "extension_not_allowed",
            "The end of the clock statutory is fixed; nothing moves it.",
            EXTENDED_BY,
            "/clock",
        )
    assert said(accepted(), "extend", clock="promise", amount=1) == (
        "extension_not_allowed",
        "The item allows no extension of the clock promise.",
        EXTENDED_BY,
        "/clock",
    )
    assert said(accepted(), "extend", clock="statutory", amount=11) == (
        "extension_not_allowed",
        "The item allows 10 at a time, not 11.",
        EXTENDED_BY,
        "/amount",
    )


def test_an_extension_of_a_clock_that_does_not_run() -> None:
    assert said(received(), "extend", clock="statutory", amount=1) == (
        "step_not_allowed",
        "The clock statutory is neither running nor paused, it is not_started.",
        EXTENDED_BY,
        None,
    )
    assert said(accepted().step("decide", "2025-03-04"), "extend", clock="statutory", amount=1)[1] == (
        "The clock statutory is neither running nor paused, it is met."
    )


def test_a_second_extension_where_one_is_allowed() -> None:
    once = accepted().extended("2025-03-04", 5)
    assert said(once, "extend", "2025-03-05", clock="statutory", amount=1) == (
        "extension_not_allowed",
        "The clock statutory has been extended 1 times, as often as allowed.",
        EXTENDED_BY,
        None,
    )


# Pauses


def test_a_pause_for_a_ground_that_stops_no_clock_names_those_that_do() -> None:
    assert said(accepted(), "pause", ground="holiday") == (
        "pause_ground_not_allowed",
        "No clock of this item stops for this ground; grounds: hearing, survey.",
        PAUSED_BY,
        "/ground",
    )
    assert said(accepted(bare=True), "pause", ground="hearing")[1] == (
        "No clock of this item stops for this ground; grounds: none."
    )
    assert accepted().refusal("pause", "2025-03-04", ground="survey") is None


def test_a_resumption_without_a_pause_or_of_one_that_is_not_open() -> None:
    assert said(accepted(), "resume") == ("step_not_allowed", "No pause is open.", PAUSED_BY, None)
    paused = accepted().paused("2025-03-04")
    assert said(paused, "resume", pause_id="9") == (
        "step_not_allowed",
        "The pause that is named is not open.",
        PAUSED_BY,
        None,
    )
    assert paused.refusal("resume", "2025-03-04", pause_id="3") is None


def test_pauses_before_acceptance_are_no_step_of_the_state() -> None:
    for kind, what in (("pause", {"ground": "hearing"}), ("resume", {})):
        assert said(received(), kind, **what) == (
            "step_not_allowed",
            f"On 2025-03-04 the application is received: {kind} is not allowed.",
            PAUSED_BY,
            None,
        )


# Stages


def test_a_stage_that_the_item_does_not_have() -> None:
    for kind in ("start_stage", "complete_stage", "explain_delay"):
        assert said(accepted(), kind, stage="survey") == (
            "stage_unknown",
            "The item has no such stage; it has: intake, review.",
            None,
            "/stage",
        )
    assert said(accepted(bare=True), "start_stage", stage="survey")[1] == "The item has no such stage; it has: none."


def test_a_stage_that_is_under_way_or_is_not() -> None:
    begun = accepted().step("start_stage", "2025-03-04", stage="review")
    assert said(begun, "start_stage", stage="review")[:3] == (
        "step_not_allowed",
        "The stage review is under way already.",
        None,
    )
    assert said(accepted(), "complete_stage", stage="review")[:3] == (
        "step_not_allowed",
        "The stage review is not under way.",
        None,
    )


def test_before_acceptance_only_the_stages_that_the_item_names_are_worked_on() -> None:
    for kind in ("start_stage", "complete_stage"):
        assert said(received(), kind, stage="review")[:2] == (
            "step_not_allowed",
            f"On 2025-03-04 the application is received: {kind} is not allowed.",
        )
    assert received().refusal("start_stage", "2025-03-04", stage="intake") is None


# Delays, corrections, records of the system


def test_a_reason_for_a_delay_that_there_is_not() -> None:
    assert said(accepted(), "explain_delay", clock="promise") == (
        "step_not_allowed",
        "No such clock is past due on 2025-03-04.",
        "优化营商环境条例 第三十六条",
        None,
    )
    assert accepted().refusal("explain_delay", "2025-03-18", clock="promise") is None


def test_a_correction_asked_for_after_acceptance_or_twice() -> None:
    assert said(accepted(), "request_correction") == (
        "correction_after_acceptance",
        "The application is accepted: once it is accepted no correction can be asked for.",
        "行政许可法 第三十二条、第四十五条",
        None,
    )
    once = received().step("request_correction", "2025-03-04").step("submit_correction", "2025-03-05")
    refusal = once.refusal("request_correction", "2025-03-06")
    assert refusal is not None
    assert (refusal.code, refusal.detail, refusal.article) == (
        "correction_repeated",
        "A correction has been asked for already: what is missing is told once, all of it.",
        "行政许可法 第七十二条第四项",
    )
    assert "accept" in refusal.allowed
    withdrawn = received().step("withdraw", "2025-03-03")
    assert said(withdrawn, "request_correction")[:3] == (
        "step_not_allowed",
        "On 2025-03-04 the application is withdrawn: request_correction is not allowed.",
        CORRECTED_BY,
    )


@pytest.mark.parametrize(
    ("effect", "basis_article", "since"),
    [
        ("deemed_accepted_from_receipt", CORRECTED_BY, "2025-03-03"),
        ("deemed_accepted_at_expiry", CORRECTED_BY, "2025-03-10"),
    ],
)
def test_a_correction_asked_for_after_silence_has_accepted(effect: str, basis_article: str, since: str) -> None:
    stops = frozenset({"accepted", "refused", "correction_requested"})
    notice = a_clock("notice", 5, starts="received", stops=stops, on_expiry=effect)
    refusal = a_history(an_item(notice)).received("2025-03-03").refusal("request_correction", "2025-03-11 09:00")
    assert refusal is not None
    assert (refusal.code, refusal.detail, refusal.article) == (
        "correction_too_late",
        f"No correction was asked for by 2025-03-10: the application is accepted since {since}.",
        basis_article,
    )
    assert "decide" in refusal.allowed


@pytest.mark.parametrize("kind", ["amend", "recomputed", "deemed"])
def test_a_record_of_the_system_is_no_step_that_anybody_enters(kind: str) -> None:
    assert said(accepted(), kind)[:2] == (
        "step_not_allowed",
        f"A record of the type {kind} is no step in the course of an application.",
    )


# The edition by which an act is judged


def test_an_act_at_the_instant_of_a_publication_is_judged_by_what_was_published() -> None:
    """Two working days from Monday the 3rd end on the 5th; the edition that has the 5th off moves them to the 6th."""
    item = an_item(a_clock("statutory", 2, extension=(5, 1)))
    history = a_history(item, an_edition(1)).received("2025-03-03").accepted("2025-03-03")
    at = "2025-03-06 00:00"
    edition = Recomputation(at=instant(at), seq=3, recorded_at=instant(at), calendar=an_edition(2, off=("2025-03-05",)))
    moved = History(recomputed(history.dossier, edition))
    assert moved.refusal("extend", at, clock="statutory", amount=1) is None
    late = history.refusal("extend", at, clock="statutory", amount=1)
    assert late is not None
    assert late.code == "extension_after_expiry"


def test_a_refusal_is_itself_told_by_code_and_words() -> None:
    assert repr(Refusal("a_code", "words")) == "Refusal('a_code', 'words')"
