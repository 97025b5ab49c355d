"""What anybody with a tracking number may know, read at the instant asked."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from app.applications.public_view import spans_of_view
from app.applications.shown import clock_json
from app.calendars import catalogue
from app.domain import clocks
from app.domain.chain import stamp
from app.domain.items import ReceiptRule
from app.domain.units import Limit, Unit
from app.kit.texts import LANGUAGES
from app.lookup.answers import local, public_clock
from app.lookup.schemas import PublicApplicationOut
from tests.builders.domain import CD, WD, History, a_clock, a_history, a_stage, an_item
from tests.builders.lookup import a_view, an_answer

PAUSES = frozenset({"hearing"})


def an_open_case() -> History:
    """Received on Monday 2 November 2026, accepted on Tuesday; four working days promised."""
    item = an_item(
        a_clock("notice", 5, starts="received", stops=frozenset({"accepted", "refused", "correction_requested"})),
        a_clock("promise", 4, pauses_for=PAUSES),
        a_clock("statutory", 60, CD, pauses_for=PAUSES, extension=(10, 1)),
        stages=(a_stage("review", 2),),
    )
    return a_history(item).received("2026-11-02 09:10").accepted("2026-11-03")


def clock(answer: dict[str, object], kind: str) -> dict[str, object]:
    clocks = answer["clocks"]
    assert isinstance(clocks, list)
    found: dict[str, object] = next(each for each in clocks if each["kind"] == kind)
    return found


def test_a_running_promise_says_what_is_used_and_the_last_day() -> None:
    promise = clock(an_answer(an_open_case(), "2026-11-05"), "promise")
    assert (promise["state"], promise["used"], promise["remaining"]) == ("running", 2, 2)
    assert (promise["due_on"], promise["due_at"]) == ("2026-11-09", "2026-11-10T00:00:00+08:00")
    assert promise["party"] == "agency"


def test_overdue_is_decided_when_asked_and_not_before() -> None:
    case = an_open_case()
    assert an_answer(case, "2026-11-09 23:59")["light"] == "yellow"
    assert an_answer(case, "2026-11-10 00:00")["light"] == "red"


def test_statuses_and_stages_have_their_dates() -> None:
    case = an_open_case().step("start_stage", "2026-11-03 10:00", stage="review")
    answer = an_answer(case, "2026-11-05")
    assert [(each["status"], each["at"]) for each in answer["statuses"]] == [
        ("received", "2026-11-02T09:10:00+08:00"),
        ("accepted", "2026-11-03T09:00:00+08:00"),
    ]
    [stage] = answer["stages"]
    assert (stage["code"], stage["started_at"], stage["completed_at"]) == ("review", "2026-11-03T10:00:00+08:00", None)


def test_a_pause_is_shown_with_ground_article_and_announced_length() -> None:
    case = an_open_case().paused("2026-11-04", announced=Limit(10, WD))
    [pause] = an_answer(case, "2026-11-05")["pauses"]
    assert (pause["ground_label"], pause["legal_basis"]) == ("听证", "行政许可法 第四十五条")
    assert (pause["from"], pause["to"]) == ("2026-11-04T09:00:00+08:00", None)
    assert pause["announced"]["amount"] == 10


def test_extension_and_delay_are_shown_with_their_reason_masked() -> None:
    case = an_open_case().extended("2026-11-04", 10).step("explain_delay", "2026-11-10", clock="promise")
    said: dict[int, dict[str, object]] = {3: {"reason": "补充监测，联系 13812345678"}, 4: {"reason": "专家未到"}}
    answer = an_answer(case, "2026-11-11", said=said)
    [extension], [reason] = answer["extensions"], answer["overdue_reasons"]
    assert (extension["amount"], extension["unit"], extension["reason"]) == (
        10,
        "calendar_day",
        "补充监测，联系 138****5678",
    )
    assert (reason["clock"], reason["reason"]) == ("promise", "专家未到")


def test_subject_corrections_and_result_need_the_query_code() -> None:
    case = a_history(an_item()).received("2026-11-02").step("request_correction", "2026-11-03")
    said: dict[int, dict[str, object]] = {1: {"subject": "年产一万吨项目"}, 2: {"missing": ["环境影响报告书"]}}
    without = an_answer(case, "2026-11-04", said=said)
    assert not {"subject", "corrections", "result"} & without.keys()
    with_code = an_answer(case, "2026-11-04", said=said, with_code=True)
    assert with_code["subject"] == "年产一万吨项目"
    assert with_code["corrections"][0]["missing"] == ["环境影响报告书"]
    assert with_code["result"] is None


def test_the_officer_is_never_named() -> None:
    case = an_open_case().step("assign", "2026-11-03 11:00", department="D1", section="S1", officer="o1")
    answer = an_answer(case, "2026-11-05", with_code=True)
    assert (answer["department_name"], answer["section_name"]) == ("环境保护局", "环评科")
    assert "o1" not in str(answer)
    assert "王小明" not in str(answer)


def test_the_supervision_telephone_is_the_departments_where_the_service_has_none() -> None:
    assert an_answer(an_open_case(), "2026-11-05")["supervision_telephone"] == "0371-65900000"


def test_labels_follow_the_language() -> None:
    assert an_answer(an_open_case(), "2026-11-05", language="en")["status_label"] == "Accepted, in progress"


def test_the_answer_is_what_the_document_says() -> None:
    case = (
        an_open_case()
        .paused("2026-11-04")
        .extended("2026-11-04 10:00", 10)
        .step("start_stage", "2026-11-05", stage="review")
    )
    said: dict[int, dict[str, object]] = {1: {"subject": "甲"}, 4: {"reason": "乙"}}
    for with_code in (False, True):
        answer = an_answer(case, "2026-11-06", said=said, with_code=with_code)
        described = PublicApplicationOut.model_validate(answer, strict=False)
        assert described.model_dump(mode="json", by_alias=True, exclude_unset=True).keys() == answer.keys()


def histories() -> dict[str, History]:
    """Clocks in every state, with limits of every unit."""
    months = an_item(a_clock("promise", 1, Unit.MONTH), a_clock("statutory", 3, Unit.MONTH, extension=(10, 1)))
    return {
        "open": an_open_case().step("start_stage", "2026-11-03 10:00", stage="review"),
        "paused": an_open_case().paused("2026-11-04").extended("2026-11-04 10:00", 10),
        "decided": an_open_case().step("decide", "2026-11-12", result="approved"),
        "withdrawn": an_open_case().step("withdraw", "2026-11-05"),
        "months": a_history(months).received("2026-01-31").accepted("2026-02-02"),
    }


@pytest.mark.parametrize("name", histories())
def test_a_clock_is_what_every_other_reader_sees(name: str) -> None:
    """Field by field and in the same order, at the crossings and between them."""
    history = histories()[name]
    view = a_view(history)
    first = history.dossier.steps[0].at
    seen = 0
    for hours in range(0, 24 * 130, 7):
        at = first + timedelta(hours=hours)
        rows = [row for row in view["spans"] if spans_of_view({"spans": [row]}, at)]
        for row, span in zip(rows, spans_of_view(view, at), strict=True):
            for language in LANGUAGES:
                calendar = catalogue.named(span.calendar)
                expected = clock_json(clocks.read(span, calendar, at), calendar, language)
                shown = from_json(to_json(public_clock(row, at, language)))
                assert list(shown) == [*expected, "party", "party_label"]
                assert expected == {key: shown[key] for key in expected}
                assert shown["party"] == span.party
                seen += 1
    assert seen > 100


@given(
    seconds=st.integers(-660_000_000, 7_250_000_000),
    microseconds=st.sampled_from([0, 1, 250_000, 999_999]),
    zone=st.sampled_from(
        ["Asia/Shanghai", "Asia/Kathmandu", "Australia/Lord_Howe", "America/New_York", "Africa/Monrovia", "UTC"]
    ),
)
def test_an_instant_of_the_view_is_written_as_the_zone_has_it(seconds: int, microseconds: int, zone: str) -> None:
    """Zones with offsets of half hours, with summer time, with seconds in their past."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds, microseconds=microseconds)
    assert local(stamp(at), ZoneInfo(zone)) == at.astimezone(ZoneInfo(zone)).isoformat()


# Silence, and what is yet to be confirmed


def a_silent_case() -> History:
    """Received on Monday 2 November 2026; on the 10th the law has it accepted, on 1 December granted."""
    item = an_item(
        a_clock("notice", 5, starts="received", on_expiry="deemed_accepted_from_receipt"),
        a_clock("statutory", 20, starts="received", on_expiry="deemed_approved", pauses_for=PAUSES),
        stages=(a_stage("review", 2),),
    )
    return a_history(item).received("2026-11-02 09:10")


def test_what_silence_has_done_is_told_from_its_instant_on() -> None:
    assert an_answer(a_silent_case(), "2026-11-09 23:59")["deemed"] == []
    answer = an_answer(a_silent_case(), "2026-11-10 00:00")
    PublicApplicationOut.model_validate(answer, strict=False)
    assert answer["status"] == "accepted"
    assert answer["deemed"] == [
        {
            "clock": "notice",
            "clock_label": "补正告知时限",
            "effect": "deemed_accepted_from_receipt",
            "effect_label": "逾期不告知的，自收到申请之日起即为受理",
            "effective_on": "2026-11-02",
            "at": "2026-11-10T00:00:00+08:00",
            "legal_basis": "行政许可法 第三十二条",
        }
    ]


def test_what_silence_grants_is_the_result_and_ends_stages_and_pauses() -> None:
    history = a_silent_case().accepted("2026-11-03").step("start_stage", "2026-11-04", stage="review")
    assert an_answer(history, "2026-11-30", with_code=True)["result"] is None
    answer = an_answer(history, "2026-12-01 00:00", with_code=True)
    result = answer["result"]
    assert isinstance(result, dict)
    assert (result["result"], result["decided_at"]) == ("granted", "2026-12-01T00:00:00+08:00")
    assert answer["stages"][0]["completed_at"] == "2026-12-01T00:00:00+08:00"


def test_what_is_not_confirmed_has_no_day_of_receipt() -> None:
    item = an_item(a_clock("statutory", 20, starts="received"), receipt_rule=ReceiptRule.ON_CONFIRMATION)
    history = a_history(item).received("2026-11-02 09:10").step("confirm", "2026-11-04")
    before, after = an_answer(history, "2026-11-03"), an_answer(history, "2026-11-05")
    assert (before["status"], before["received_on"]) == ("submitted", None)
    assert (after["status"], after["received_on"]) == ("received", "2026-11-04")
