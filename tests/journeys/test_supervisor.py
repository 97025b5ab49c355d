"""A supervisor with a wall screen: who is late, by how much, why; and is what I see still true?"""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Enter, Hall, Visitor

LANGUAGES = ["zh-CN", "en"]


def signed_in(enter: Enter, hall: Hall, *, language: str = "zh-CN", scripts: bool = True) -> Visitor:
    supervisor = enter(language=language, scripts=scripts)
    supervisor.goes("/supervision")
    supervisor.page.locator("#key").fill(hall.supervisor)
    supervisor.page.keyboard.press("Enter")
    expect(supervisor.page).to_have_url(f"{hall.address}/supervision")
    return supervisor


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_the_door_to_the_board(enter: Enter, hall: Hall, language: str) -> None:
    supervisor = enter(language=language)
    supervisor.goes("/supervision")
    expect(supervisor.page).to_have_url(f"{hall.address}/sign-in")
    supervisor.looks("sign-in")
    supervisor.page.locator("#key").fill(hall.supervisor)
    supervisor.page.get_by_role("button").click()
    expect(supervisor.page).to_have_url(f"{hall.address}/supervision")
    said = supervisor.looks("supervision")
    assert hall.number("late") in said
    assert hall.number("unexplained") in said
    assert hall.number("due soon") in said
    assert hall.number("decided") not in said
    assert "李明" in said
    assert ("上次扫描" if language == "zh-CN" else "Last sweep") in said


def test_a_wrong_key_is_refused_beside_its_field(enter: Enter) -> None:
    stranger = enter()
    stranger.goes("/sign-in")
    stranger.page.locator("#key").fill("sx_wrong")
    stranger.page.keyboard.press("Enter")
    expect(stranger.page.get_by_role("alert")).to_contain_text("密钥无效")
    stranger.complaints.clear()
    stranger.looks("sign-in-refused")


def test_the_lists_are_narrowed_without_a_script(enter: Enter, hall: Hall) -> None:
    supervisor = signed_in(enter, hall, scripts=False)
    supervisor.page.get_by_label("时限", exact=True).select_option("statutory")
    supervisor.page.get_by_role("button", name="筛选").click()
    expect(supervisor.page.get_by_text("没有符合所选条件的").first).to_be_visible()


def test_a_number_leads_to_its_application(enter: Enter, hall: Hall) -> None:
    supervisor = signed_in(enter, hall)
    supervisor.page.get_by_role("link", name=hall.number("late")).first.click()
    expect(supervisor.page).to_have_url(f"{hall.address}/track/{hall.number('late')}")


def test_an_open_board_follows_what_is_recorded(enter: Enter, hall: Hall, width: int) -> None:
    case = f"live {width}"
    supervisor = signed_in(enter, hall)
    expect(supervisor.page.get_by_text("实时更新")).to_be_visible()
    hall.receives(case, "2026-10-20T09:00:00", "今天才录入的旧案")
    hall.records(case, "accept", "2026-10-20T10:00:00")
    expect(supervisor.page.get_by_role("link", name=hall.number(case)).first).to_be_visible(timeout=15_000)
    supervisor.looks("supervision-live")
    hall.records(case, "decide", "2026-11-12T09:30:00", result="denied")
    expect(supervisor.page.get_by_role("link", name=hall.number(case))).to_have_count(0, timeout=15_000)


def test_signing_out_shuts_the_door(enter: Enter, hall: Hall) -> None:
    supervisor = signed_in(enter, hall)
    supervisor.page.get_by_role("button", name="退出").click()
    expect(supervisor.page).to_have_url(f"{hall.address}/")
    supervisor.goes("/supervision")
    expect(supervisor.page).to_have_url(f"{hall.address}/sign-in")
