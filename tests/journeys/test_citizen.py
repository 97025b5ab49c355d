"""A citizen: where is my application, why did it stop, until when, who answers — without calling anybody."""

import re

import pytest
from playwright.async_api import expect

from tests.journeys.conftest import Enter, Hall

LANGUAGES = ["zh-CN", "en"]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_from_the_receipt_to_the_answer(enter: Enter, hall: Hall, language: str) -> None:
    citizen = await enter(language=language)
    await citizen.goes("/")
    said = await citizen.looks("home")
    assert ("我的申请办到哪一步了" if language == "zh-CN" else "Where is my application") in said

    await citizen.page.locator("#number").fill(hall.number("on time").lower().replace("-", " "))
    await citizen.page.get_by_role("button").first.click()
    await expect(citizen.page).to_have_url(f"{hall.address}/track/{hall.number('on time')}")
    said = await citizen.looks("track-on-time")
    if language == "zh-CN":
        assert "最迟 11 月 16 日（周一）办结" in said
        assert "已用 2 个工作日，还剩 2 个工作日" in said
    else:
        assert "2 working days used, 2 working days left. To be decided by Mon 16 November" in said


@pytest.mark.parametrize("language", LANGUAGES)
async def test_why_it_is_late_and_who_answers(enter: Enter, hall: Hall, language: str) -> None:
    citizen = await enter(language=language)
    await citizen.goes(f"/track/{hall.number('late')}")
    said = await citizen.looks("track-late")
    assert "专家评审会两次推迟" in said
    assert "13812345678" not in said
    assert "0371-12345" in said
    assert ("已超期 5 个工作日" if language == "zh-CN" else "now 5 working days overdue") in said
    assert "李明" not in said


@pytest.mark.parametrize("language", LANGUAGES)
async def test_why_it_stopped_and_until_when(enter: Enter, hall: Hall, language: str) -> None:
    citizen = await enter(language=language)
    await citizen.goes(f"/track/{hall.number('paused')}")
    said = await citizen.looks("track-paused")
    assert ("专家评审" if language == "zh-CN" else "Expert review") in said
    assert "行政许可法 第四十五条" in said
    assert ("告知的时长：20 个工作日" if language == "zh-CN" else "Announced length: 20 working days") in said


@pytest.mark.parametrize("case", ["due soon", "unexplained", "decided"])
async def test_every_other_state_has_its_page(enter: Enter, hall: Hall, case: str) -> None:
    citizen = await enter()
    await citizen.goes(f"/track/{hall.number(case)}")
    await citizen.looks(f"track-{case.replace(' ', '-')}")


async def test_the_query_code_opens_the_correction_list(enter: Enter, hall: Hall) -> None:
    citizen = await enter()
    await citizen.goes(f"/track/{hall.number('late')}")
    await citizen.page.get_by_label("查询码").fill(hall.cases["late"]["query_code"].lower())
    await citizen.page.get_by_role("button", name="查看").click()
    await expect(citizen.page.get_by_text("环境影响报告书第 3 章监测数据原件")).to_be_visible()
    assert "年产五千吨涂料项目" in await citizen.looks("track-late-with-code")
    assert hall.cases["late"]["query_code"] not in citizen.page.url


async def test_a_mistyped_number_is_told_beside_its_field_and_kept(enter: Enter) -> None:
    citizen = await enter()
    await citizen.goes("/")
    await citizen.page.locator("#number").fill("Q0QJ-WRBA-61TW-PX")
    await citizen.page.keyboard.press("Enter")
    await expect(citizen.page.get_by_role("alert")).to_contain_text("这不是有效的查询号")
    await expect(citizen.page.locator("#number")).to_have_value("Q0QJ-WRBA-61TW-PX")
    citizen.complaints.clear()  # Chromium logs the status of the refused form
    await citizen.looks("home-mistyped")


async def test_an_unknown_number_says_what_to_do_next(enter: Enter) -> None:
    citizen = await enter()
    await citizen.goes("/track/Q0QJ-WRBA-61TW-PZ")
    citizen.complaints.clear()
    assert "没有找到" in await citizen.looks("track-unknown")


async def test_the_keyboard_alone_finds_the_answer(enter: Enter, hall: Hall) -> None:
    citizen = await enter()
    await citizen.goes("/")
    await citizen.page.keyboard.press("Tab")
    await expect(citizen.page.get_by_role("link", name="跳到正文")).to_be_focused()
    await citizen.page.keyboard.press("Enter")
    await citizen.page.keyboard.press("Tab")
    await expect(citizen.page.locator("#number")).to_be_focused()
    await citizen.page.keyboard.type(hall.number("on time"))
    await citizen.page.keyboard.press("Enter")
    await expect(citizen.page.get_by_role("heading", level=1)).to_have_text("建设项目环境影响报告书审批")


async def test_without_scripts_nothing_is_missing(enter: Enter, hall: Hall) -> None:
    citizen = await enter(scripts=False)
    await citizen.goes("/")
    await citizen.page.locator("#number").fill(hall.number("paused"))
    await citizen.page.get_by_role("button", name="查询").click()
    await expect(citizen.page.get_by_role("heading", name="为什么暂停")).to_be_visible()


async def test_the_other_language_is_one_click_away_and_stays(enter: Enter, hall: Hall) -> None:
    citizen = await enter()
    await citizen.goes(f"/track/{hall.number('on time')}")
    await citizen.page.get_by_role("link", name="English").click()
    await expect(citizen.page.locator("html")).to_have_attribute("lang", "en")
    await citizen.goes("/")
    await expect(citizen.page.locator("html")).to_have_attribute("lang", "en")
    await citizen.page.get_by_role("link", name="中文").click()
    await expect(citizen.page.locator("html")).to_have_attribute("lang", "zh-CN")


async def test_at_twice_the_size_nothing_is_cut(enter: Enter, hall: Hall, width: int) -> None:
    citizen = await enter()
    if width > 1000:
        await citizen.page.set_viewport_size({"width": width // 2, "height": 400})
    await citizen.goes(f"/track/{hall.number('late')}")
    await citizen.looks("track-late-zoomed")


async def test_a_test_clock_is_told(enter: Enter) -> None:
    citizen = await enter()
    await citizen.goes("/")
    await expect(citizen.page.get_by_text(re.compile("测试时钟：本服务的现在是 11.月.12.日"))).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_how_the_date_is_worked_out(enter: Enter, hall: Hall, language: str) -> None:
    citizen = await enter(language=language)
    await citizen.goes(f"/track/{hall.number('paused')}")
    folded = citizen.page.locator("details.why > summary")
    for place in range(await folded.count()):
        await folded.nth(place).click()
    said = await citizen.looks(f"track-why-{language}")
    if language == "zh-CN":
        assert "因“专家评审”暂停计时" in said
        assert "第 1 天 工作日" in said
    else:
        assert "the count is paused for: Expert review" in said
        assert "day 1 Working day" in said
    assert "民法典 第二百零一条" in said
