"""The page of one application: the look-up's answer in words, and no more than that."""

import httpx2
import pytest

from app.kit.service import Service
from app.kit.throttle import Throttle
from tests.builders.office import Office
from tests.conftest import Hands

PAYLOAD = '<img src=x onerror="alert(1)">"\'</script><script>alert(2)</script>'


async def test_the_page_says_where_it_is_and_until_when(client: httpx2.AsyncClient, office: Office) -> None:
    number = (await office.receives())["tracking_number"]
    await office.records(number, "accept")
    page = (await client.get(f"/track/{number}")).text.replace("\xa0", " ")
    assert "已受理，办理中" in page
    assert "承诺时限" in page
    assert "最迟 11 月 6 日（周五）办结" in page
    assert "张三" not in page


async def test_a_number_typed_otherwise_leads_to_its_printed_form(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/track/q0qjwrba61twpz")
    assert (answer.status_code, answer.headers["location"]) == (303, "/track/Q0QJ-WRBA-61TW-PZ")


async def test_the_query_code_opens_the_rest(client: httpx2.AsyncClient, office: Office) -> None:
    receipt = await office.receives()
    path = f"/track/{receipt['tracking_number']}"
    assert "年产一万吨再生铝项目" not in (await client.get(path)).text
    opened = await client.post(path, data={"query_code": receipt["query_code"]})
    assert opened.status_code == 200
    assert "年产一万吨再生铝项目" in opened.text
    assert opened.headers["referrer-policy"] == "no-referrer"


async def test_a_wrong_code_and_an_unknown_number_get_the_same_page(client: httpx2.AsyncClient, office: Office) -> None:
    number = (await office.receives())["tracking_number"]
    wrong = await client.post(f"/track/{number}", data={"query_code": "AAAAAAAA"})
    unknown = await client.post("/track/Q0QJ-WRBA-61TW-PZ", data={"query_code": "AAAAAAAA"})
    assert wrong.status_code == unknown.status_code == 404
    assert wrong.text.replace(number, "Q0QJ-WRBA-61TW-PZ") == unknown.text


async def test_an_empty_code_is_told_beside_its_field(client: httpx2.AsyncClient, office: Office) -> None:
    number = (await office.receives())["tracking_number"]
    page = await client.post(f"/track/{number}", data={"query_code": ""})
    assert page.status_code == 422
    assert "请输入查询码" in page.text


async def test_a_locked_code_says_what_can_still_be_seen(client: httpx2.AsyncClient, office: Office) -> None:
    number = (await office.receives())["tracking_number"]
    for _ in range(6):
        page = await client.post(f"/track/{number}", data={"query_code": "AAAAAAAA"})
    assert page.status_code == 429
    assert f'href="/track/{number}"' in page.text


async def test_too_many_look_ups_say_when_to_come_back(client: httpx2.AsyncClient, service: Service) -> None:
    service.throttle = Throttle(per_minute=2, total_per_minute=100)
    pages = [await client.get("/track/Q0QJ-WRBA-61TW-PZ") for _ in range(3)]
    assert pages[-1].status_code == 429
    assert "retry-after" in pages[-1].headers


async def test_what_somebody_wrote_is_text_and_nothing_else(
    client: httpx2.AsyncClient, office: Office, hands: Hands
) -> None:
    receipt = await office.receives(subject=PAYLOAD)
    number = receipt["tracking_number"]
    await office.records(number, "request_correction", missing=[PAYLOAD])
    await office.records(number, "submit_correction")
    await office.records(number, "accept")
    hands.set("2026-11-12T09:00:00+08:00")
    await office.records(number, "explain_delay", clock="promise", reason=PAYLOAD)
    page = await client.post(f"/track/{number}", data={"query_code": receipt["query_code"]})
    assert page.status_code == 200
    assert page.text.count("&lt;img src=x") == 3
    assert "<img" not in page.text
    assert "<script" not in page.text


@pytest.mark.parametrize("typed", ["x", "Q0QJ-WRBA-61TW-PX", "%22%3E%3Cscript%3E", "查询", "a" * 500])
async def test_what_is_no_number_gets_the_field_again(client: httpx2.AsyncClient, typed: str) -> None:
    page = await client.get(f"/track/{typed}")
    assert page.status_code == 422
    assert 'name="number"' in page.text
    assert "<script" not in page.text


async def test_each_clock_tells_how_its_date_is_worked_out_without_a_script(
    client: httpx2.AsyncClient, office: Office
) -> None:
    number = (await office.receives())["tracking_number"]
    await office.records(number, "accept")
    page = (await client.get(f"/track/{number}")).text.replace("\xa0", " ")
    assert page.count('<details class="why">') == 3
    assert "这个日期是怎么算出来的" in page
    assert "第 1 至 4 天" in page
    assert "民法典 第二百零一条" in page
    assert len(page.encode()) < 100_000
