"""A supervisor with a wall screen: who is late, by how much, why; and is what I see still true?"""

import pytest
from playwright.async_api import expect

from tests.journeys.conftest import Enter, Hall, Visitor

LANGUAGES = ["zh-CN", "en"]


async def signed_in(enter: Enter, hall: Hall, *, language: str = "zh-CN", scripts: bool = True) -> Visitor:
    supervisor = await enter(language=language, scripts=scripts)
    await supervisor.goes("/supervision")
    await supervisor.page.locator("#key").fill(hall.supervisor)
    await supervisor.page.keyboard.press("Enter")
    await expect(supervisor.page).to_have_url(f"{hall.address}/supervision")
    return supervisor


@pytest.mark.parametrize("language", LANGUAGES)
async def test_from_the_door_to_the_board(enter: Enter, hall: Hall, language: str) -> None:
    supervisor = await enter(language=language)
    await supervisor.goes("/supervision")
    await expect(supervisor.page).to_have_url(f"{hall.address}/sign-in")
    await supervisor.looks("sign-in")
    await supervisor.page.locator("#key").fill(hall.supervisor)
    await supervisor.page.get_by_role("button").click()
    await expect(supervisor.page).to_have_url(f"{hall.address}/supervision")
    said = await supervisor.looks("supervision")
    assert hall.number("late") in said
    assert hall.number("unexplained") in said
    assert hall.number("due soon") in said
    assert hall.number("decided") not in said
    assert "李明" in said
    assert ("上次扫描" if language == "zh-CN" else "Last sweep") in said


async def test_a_wrong_key_is_refused_beside_its_field(enter: Enter) -> None:
    stranger = await enter()
    await stranger.goes("/sign-in")
    await stranger.page.locator("#key").fill("sx_wrong")
    await stranger.page.keyboard.press("Enter")
    await expect(stranger.page.get_by_role("alert")).to_contain_text("密钥无效")
    stranger.complaints.clear()
    await stranger.looks("sign-in-refused")


async def test_the_lists_are_narrowed_without_a_script(enter: Enter, hall: Hall) -> None:
    supervisor = await signed_in(enter, hall, scripts=False)
    await supervisor.page.get_by_label("时限", exact=True).select_option("statutory")
    await supervisor.page.get_by_role("button", name="筛选").click()
    await expect(supervisor.page.get_by_text("没有符合所选条件的").first).to_be_visible()


async def test_a_number_leads_to_its_application(enter: Enter, hall: Hall) -> None:
    supervisor = await signed_in(enter, hall)
    await supervisor.page.get_by_role("link", name=hall.number("late")).first.click()
    await expect(supervisor.page).to_have_url(f"{hall.address}/track/{hall.number('late')}")


async def test_an_open_board_follows_what_is_recorded(enter: Enter, hall: Hall, width: int) -> None:
    case = f"live {width}"
    supervisor = await signed_in(enter, hall)
    await expect(supervisor.page.get_by_text("实时更新")).to_be_visible()
    hall.receives(case, "2026-10-20T09:00:00", "今天才录入的旧案")
    hall.records(case, "accept", "2026-10-20T10:00:00")
    await expect(supervisor.page.get_by_role("link", name=hall.number(case)).first).to_be_visible(timeout=15_000)
    await supervisor.looks("supervision-live")
    hall.records(case, "decide", "2026-11-12T09:30:00", result="denied")
    await expect(supervisor.page.get_by_role("link", name=hall.number(case))).to_have_count(0, timeout=15_000)


async def test_signing_out_shuts_the_door(enter: Enter, hall: Hall) -> None:
    supervisor = await signed_in(enter, hall)
    await supervisor.page.get_by_role("button", name="退出").click()
    await expect(supervisor.page).to_have_url(f"{hall.address}/")
    await supervisor.goes("/supervision")
    await expect(supervisor.page).to_have_url(f"{hall.address}/sign-in")
