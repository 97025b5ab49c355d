"""An application as its page shows it: the line of stages, why it stands still, why it is late."""

from app.domain.items import ReceiptRule
from app.domain.units import Limit
from app.pages.case import Case, case_of
from app.pages.words import Reader
from tests.builders.domain import SHANGHAI, WD, History, a_clock, a_history, a_stage, an_item, instant
from tests.builders.lookup import an_answer

PAUSES = frozenset({"hearing"})


def a_case() -> History:
    """Received on Monday 2 November 2026, four working days promised from the acceptance on."""
    item = an_item(a_clock("promise", 4, pauses_for=PAUSES), stages=(a_stage("审查", 2),))
    return a_history(item).received("2026-11-02")


def shown(
    history: History, at: str, *, with_code: bool = False, said: dict[int, dict[str, object]] | None = None
) -> Case:
    answer = an_answer(history, at, with_code=with_code, said=said)
    return case_of(answer, Reader("zh-CN", instant(at), SHANGHAI))


def line(case: Case) -> list[tuple[str, str, str]]:
    return [(stop.name, stop.when.replace("\xa0", " "), stop.place) for stop in case.way]


def test_the_line_says_what_was_reached_where_it_is_and_what_comes() -> None:
    case = a_case().accepted("2026-11-03").step("start_stage", "2026-11-03 10:00", stage="审查")
    assert line(shown(case, "2026-11-05")) == [
        ("收件", "11 月 2 日（周一）", "done"),
        ("受理", "11 月 3 日（周二）", "done"),
        ("审查", "11 月 3 日（周二）起", "here"),
        ("作出决定", "最迟 11 月 9 日（周一）", "coming"),
    ]


def test_a_finished_stage_has_both_dates_and_the_last_stop_is_here() -> None:
    case = (
        a_case()
        .accepted("2026-11-03")
        .step("start_stage", "2026-11-03 10:00", stage="审查")
        .step("complete_stage", "2026-11-05", stage="审查")
    )
    assert line(shown(case, "2026-11-05 10:00"))[2] == (
        "审查",
        "11 月 3 日（周二） 至 11 月 5 日（周四）".replace("） 至", "）至"),
        "here",
    )


def test_a_second_round_of_a_stage_is_told_apart() -> None:
    case = a_case().accepted("2026-11-03")
    for at in ("2026-11-03 10:00", "2026-11-04 10:00"):
        case = case.step("start_stage", at, stage="审查").step("complete_stage", at, stage="审查")
    assert "审查（第 2 次）" in [name for name, _, _ in line(shown(case, "2026-11-05"))]


def test_a_correction_is_a_stop_of_its_own() -> None:
    case = a_case().step("request_correction", "2026-11-03").step("submit_correction", "2026-11-04")
    names = [name for name, _, _ in line(shown(case, "2026-11-05"))]
    assert names == ["收件", "要求补正", "补正后重新收件", "受理", "作出决定"]


def test_a_closed_application_has_nothing_to_come() -> None:
    case = a_case().accepted("2026-11-03").step("decide", "2026-11-04", result="granted").step("close", "2026-11-05")
    assert {place for _, _, place in line(shown(case, "2026-11-06"))} == {"done"}


def test_an_open_pause_says_why_since_when_and_how_long() -> None:
    case = a_case().accepted("2026-11-03").paused("2026-11-04", announced=Limit(10, WD))
    found = shown(case, "2026-11-05")
    [fact] = found.stopped
    assert fact.name == "听证"
    assert [text.replace("\xa0", " ") for text in fact.lines] == [
        "自 11 月 4 日（周三）起暂停。",
        "告知的时长：10 个工作日。",
        "依据：行政许可法 第四十五条",
    ]
    assert (found.sign, found.word) == ("paused", "暂停计时")
    assert "最迟" in found.next


def test_a_pause_that_stops_nothing_any_more_is_no_reason_to_stand_still() -> None:
    case = a_case().accepted("2026-11-03").paused("2026-11-04", announced=Limit(1, WD))
    found = shown(case, "2026-11-12")
    assert (found.stopped, found.tone) == ((), "red")
    assert [fact.name for fact in found.past] == ["听证"]


def test_what_is_late_says_why_or_that_nobody_said() -> None:
    case = a_case().accepted("2026-11-03")
    [silent] = shown(case, "2026-11-11").late
    assert silent.text == "办理部门还没有公开说明理由。"
    told = case.step("explain_delay", "2026-11-10", clock="promise")
    [reason] = shown(told, "2026-11-11", said={3: {"reason": "专家未到"}}).late
    assert (reason.clock, reason.text) == ("承诺时限", "专家未到")


def test_the_sentence_at_the_top_is_the_one_that_matters_most() -> None:
    case = a_case().accepted("2026-11-03")
    assert shown(case, "2026-11-05").next.replace("\xa0", " ") == "最迟 11 月 9 日（周一）办结"
    assert "已超期 2 个工作日" in shown(case, "2026-11-11").next.replace("\xa0", " ")


def test_what_needs_the_query_code_is_there_only_with_it() -> None:
    case = a_case().step("request_correction", "2026-11-03")
    said: dict[int, dict[str, object]] = {1: {"subject": "甲项目"}, 2: {"missing": ["原件"]}}
    assert shown(case, "2026-11-04", said=said).private is None
    private = shown(case, "2026-11-04", said=said, with_code=True).private
    assert private is not None
    assert (private.subject, private.result, private.corrections[0].missing) == ("甲项目", None, ("原件",))


def test_what_silence_has_done_is_said_with_its_day_and_its_article() -> None:
    notice = a_clock("notice", 5, starts="received", on_expiry="deemed_accepted_from_receipt")
    case = shown(a_history(an_item(notice)).received("2026-11-02"), "2026-11-10 09:00")
    [fact] = case.past
    assert fact.name == "逾期不告知的，自收到申请之日起即为受理"
    assert [text.replace("\xa0", " ") for text in fact.lines] == [
        "自 11 月 2 日（周一）起生效",
        "依据：行政许可法 第三十二条",
    ]


def test_what_is_to_be_confirmed_is_submitted_and_says_so() -> None:
    item = an_item(a_clock("statutory", 20, starts="received"), receipt_rule=ReceiptRule.ON_CONFIRMATION)
    history = a_history(item).received("2026-11-02")
    case = shown(history, "2026-11-03")
    assert line(case)[:2] == [("提交", "11 月 2 日（周一）", "here"), ("收件", "", "coming")]
    assert case.pairs[1].text == "尚未确认收到"
    confirmed = shown(history.step("confirm", "2026-11-04"), "2026-11-05")
    assert [stop[:2] for stop in line(confirmed)[:2]] == [
        ("提交", "11 月 2 日（周一）"),
        ("收件", "11 月 4 日（周三）"),
    ]
