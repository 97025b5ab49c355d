"""The overdue board: right without a sweep, within the reader's scope, and honest about the sweep's age."""

from collections.abc import Mapping
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import insert

from app.alarms.models import Sweep
from app.kit.service import Service
from app.pages import session, supervision
from tests.builders.office import Office
from tests.conftest import Hands

SAME = {"Sec-Fetch-Site": "same-origin"}
PAYLOAD = '<img src=x onerror="alert(1)">'


@pytest.fixture
async def board(
    client: httpx2.AsyncClient, office: Office, keys: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> httpx2.AsyncClient:
    """A client that is signed in as a supervisor, for as long as the test moves the clock."""
    monkeypatch.setattr(session, "LASTS", timedelta(days=60))
    await client.post("/sign-in", data={"key": keys["supervisor"]}, headers=SAME)
    return client


async def text_of(client: httpx2.AsyncClient, path: str = "/supervision") -> str:
    page = await client.get(path)
    assert page.status_code == 200
    return page.text.replace("\xa0", " ")


async def swept(service: Service, hands: Hands) -> None:
    async with service.db.transaction() as tx:
        row = {
            "sweeper": "a",
            "started_at": hands.at,
            "finished_at": hands.at,
            "raised": 0,
            "withdrawn": 0,
            "quarantined": 0,
        }
        await tx.execute(insert(Sweep), row)


async def test_nobody_sees_it_without_a_session(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/supervision")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert (await client.get("/supervision/stream")).status_code == 401


async def test_an_empty_board_says_what_would_stand_there(board: httpx2.AsyncClient) -> None:
    page = await text_of(board)
    assert "收到第一件申请后" in page
    assert "没有超期" in page
    assert "近期没有要到期的" in page


async def test_it_shows_the_lights_and_what_is_overdue(board: httpx2.AsyncClient, office: Office, hands: Hands) -> None:
    number = (await office.receives())["tracking_number"]
    await office.records(number, "accept")
    assert "没有超期" in await text_of(board)
    hands.set("2026-11-10T00:00:00+08:00")
    page = await text_of(board)
    assert number in page
    assert "2 个工作日" in page
    assert "未说明" in page
    assert "年产一万吨再生铝项目" in page


async def test_it_shows_what_falls_due_soon(board: httpx2.AsyncClient, office: Office, hands: Hands) -> None:
    number = (await office.receives())["tracking_number"]
    await office.records(number, "accept")
    hands.set("2026-11-06T09:00:00+08:00")
    page = await text_of(board)
    assert "今天到期" in page
    assert number in page


async def test_a_filter_narrows_the_lists_and_a_wrong_one_is_none(
    board: httpx2.AsyncClient, office: Office, hands: Hands
) -> None:
    number = (await office.receives())["tracking_number"]
    await office.records(number, "accept")
    hands.set("2026-11-10T00:00:00+08:00")
    assert number not in await text_of(board, "/supervision?clock=statutory")
    assert "没有符合所选条件的" in await text_of(board, "/supervision?clock=statutory")
    assert number in await text_of(board, "/supervision?department=D1&clock=promise")
    assert number in await text_of(board, "/supervision?department=%00&clock=nonsense&cursor=")
    assert (await board.get("/supervision?cursor=nonsense")).headers["location"] == "/supervision"


async def test_the_list_goes_on_page_by_page(
    board: httpx2.AsyncClient, office: Office, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "OVERDUE_ROWS", 3)
    numbers = []
    for _ in range(5):
        numbers.append((await office.receives())["tracking_number"])
        await office.records(numbers[-1], "accept")
    hands.set("2026-11-10T00:00:00+08:00")
    first = await text_of(board)
    assert "后面的" in first
    address = first.split('rel="next"')[0].rsplit('href="', 1)[1].split("#")[0].replace("&amp;", "&")
    second = await text_of(board, address)
    assert "回到开头" in second
    seen = [number for number in numbers if number in first] + [number for number in numbers if number in second]
    assert sorted(seen) == sorted(numbers)


async def test_a_head_sees_the_own_department_alone(
    client: httpx2.AsyncClient, office: Office, keys: Mapping[str, str], hands: Hands
) -> None:
    await office.sends("PUT", "/api/v1/departments/D2", {"code": "D2", "name": "民政局"}, role="admin")
    number = (await office.receives())["tracking_number"]
    await office.records(number, "accept")
    await office.records(number, "assign", department="D2")
    hands.set("2026-11-10T00:00:00+08:00")
    await client.post("/sign-in", data={"key": keys["head"]}, headers=SAME)
    page = await text_of(client)
    assert number not in page
    assert "民政局" not in page


async def test_a_sweep_that_stopped_is_told_and_one_that_runs_is_not(
    board: httpx2.AsyncClient, service: Service, hands: Hands
) -> None:
    assert "预警扫描还没有运行过" in await text_of(board)
    await swept(service, hands)
    hands.advance(timedelta(seconds=40))
    assert "上次扫描：40 秒前" in await text_of(board)
    hands.advance(timedelta(minutes=10))
    assert "预警扫描已停 10 分钟" in await text_of(board)


async def test_what_somebody_wrote_is_text_and_nothing_else(
    board: httpx2.AsyncClient, office: Office, hands: Hands
) -> None:
    number = (await office.receives(subject=PAYLOAD))["tracking_number"]
    await office.records(number, "accept")
    hands.set("2026-11-10T00:00:00+08:00")
    await office.records(number, "explain_delay", clock="promise", reason=PAYLOAD)
    page = await text_of(board)
    assert page.count("&lt;img src=x") == 2
    assert "<img" not in page
