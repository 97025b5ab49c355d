"""Clocks, days and lengths of time in the words of a page."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.kit.texts import Language
from app.pages.words import Reader
from tests.builders.domain import CD, MONTH, SHANGHAI, History, a_clock, a_history, an_item, instant
from tests.builders.lookup import an_answer

PAUSES = frozenset({"hearing"})


def plain(text: str) -> str:
    """The text with its unbreakable spaces as plain ones."""
    return text.replace("\xa0", " ")


def a_reader(at: str, language: Language = "zh-CN") -> Reader:
    return Reader(language, instant(at), SHANGHAI)


def sentence(
    case: History, at: str, kind: str = "promise", language: Language = "zh-CN", since: str | None = None
) -> str:
    answer = an_answer(case, at, language=language)
    clock = next(each for each in answer["clocks"] if each["kind"] == kind)
    return plain(a_reader(at, language).clock(clock, {}, paused_since=since).sentence)


def a_case() -> History:
    """Accepted on Tuesday 3 November 2026, four working days promised: due on Monday 9 November."""
    item = an_item(a_clock("promise", 4, pauses_for=PAUSES), a_clock("statutory", 60, CD, pauses_for=PAUSES))
    return a_history(item).received("2026-11-02").accepted("2026-11-03")


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-11-05", "已用 2 个工作日，还剩 2 个工作日，最迟 11 月 9 日（周一）办结。"),
        ("2026-11-09", "已用 4 个工作日，今天是最后一天：11 月 9 日（周一）。"),
        ("2026-11-10", "最迟应在 11 月 9 日（周一）办结，已超期 1 个工作日。"),
    ],
)
def test_a_running_clock_in_words(at: str, said: str) -> None:
    assert sentence(a_case(), at) == said


def test_the_weekend_after_the_due_day_is_red_without_a_whole_day_overdue() -> None:
    item = an_item(a_clock("promise", 3))
    case = a_history(item).received("2026-11-02").accepted("2026-11-03")
    assert sentence(case, "2026-11-07") == "最迟应在 11 月 6 日（周五）办结，现已过期限。"


def test_a_running_clock_in_english() -> None:
    said = sentence(a_case(), "2026-11-05", language="en")
    assert said == "2 working days used, 2 working days left. To be decided by Mon 9 November at the latest."


def test_a_paused_clock_says_since_when_and_until_when() -> None:
    case = a_case().paused("2026-11-05")
    assert sentence(case, "2026-11-06", since="2026-11-05T09:00:00+08:00") == (
        "已用 2 个工作日，从 11 月 5 日（周四）起暂停计时。恢复计时后接着计算。"
    )


def test_a_clock_that_was_met_says_when() -> None:
    case = a_case().step("decide", "2026-11-05", result="granted")
    assert sentence(case, "2026-12-24") == "11 月 5 日（周四）完成，用了 2 个工作日，没有超期。"


def test_a_clock_that_was_missed_says_by_how_much() -> None:
    case = a_case().step("decide", "2026-11-11", result="granted")
    assert sentence(case, "2026-12-24") == "11 月 11 日（周三）完成，超期 2 个工作日。"


def test_a_clock_in_months_is_told_in_days() -> None:
    case = a_history(an_item(a_clock("statutory", 1, MONTH))).received("2026-11-02").accepted("2026-11-03")
    assert "还剩 28 个自然日" in sentence(case, "2026-11-05", "statutory")


def test_a_date_of_another_year_names_the_year_and_may_be_provisional() -> None:
    item = an_item(a_clock("statutory", 60))
    case = a_history(item).received("2026-11-02").accepted("2026-11-03")
    clock = an_answer(case, "2026-11-05")["clocks"][0]
    words = a_reader("2026-11-05").clock(clock, {})
    assert "2027 年" in plain(words.sentence)
    assert any("暂定" in note for note in words.notes)


@pytest.mark.parametrize(
    ("ago", "said"),
    [(0, "0 秒"), (12, "12 秒"), (119, "119 秒"), (120, "2 分钟"), (7200, "2 小时"), (172_800, "2 天"), (-5, "0 秒")],
)
def test_an_age_is_told_in_its_largest_unit(ago: int, said: str) -> None:
    now = datetime(2026, 11, 5, tzinfo=UTC)
    assert Reader("zh-CN", now, SHANGHAI).age(now - timedelta(seconds=ago)) == said


def test_a_moment_is_shown_in_the_readers_zone() -> None:
    assert plain(a_reader("2026-11-05").moment("2026-11-04T17:30:00+00:00")) == "11 月 5 日 01:30"
    assert plain(a_reader("2026-11-05").day(date(2026, 11, 6))) == "11 月 6 日（周五）"
