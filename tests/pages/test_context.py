"""What every page keeps to: the language that was asked for, the headers, the banner of a test clock."""

import re
from datetime import timedelta

import httpx2
import pytest

from app.kit.db import Database
from app.kit.faults import Busy
from app.kit.service import Service

PAGES = ["/", "/sign-in", "/track/Q0QJ-WRBA-61TW-PZ", "/track/wrong"]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_loads_nothing_from_elsewhere_and_runs_nothing_inline(
    client: httpx2.AsyncClient, path: str
) -> None:
    page = await client.get(path)
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert page.headers.get_list("content-security-policy") == [policy]
    assert not re.search(r"<style|style=|<script(?![^>]* src=)|\son\w+=|https?://(?!www\.w3\.org)", page.text)
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_in_the_language_that_was_asked_for(client: httpx2.AsyncClient, path: str) -> None:
    chinese = await client.get(path)
    english = await client.get(path, headers={"Accept-Language": "en-GB,en;q=0.9"})
    assert '<html lang="zh-CN">' in chinese.text
    assert '<html lang="en">' in english.text
    assert english.headers["content-language"] == "en"
    assert not re.search("[\u4e00-\u9fff]", english.text.replace("中文", ""))


async def test_the_switch_outlives_the_page(client: httpx2.AsyncClient) -> None:
    assert 'href="/?lang=en"' in (await client.get("/")).text
    await client.get("/?lang=en")
    assert '<html lang="en">' in (await client.get("/sign-in")).text


async def test_a_test_clock_is_told_on_every_page(client: httpx2.AsyncClient, service: Service) -> None:
    assert "测试时钟" not in (await client.get("/")).text
    service.now.offset = timedelta(days=-1)  # as a database keeps it, started with the setting or without
    for path in PAGES:
        assert "测试时钟" in (await client.get(path)).text


async def test_assets_are_kept_for_ever_under_the_name_of_their_content(client: httpx2.AsyncClient) -> None:
    page = await client.get("/")
    address = re.search(r'href="(/static/shixian\.css\?v=[0-9a-f]+)"', page.text)
    assert address is not None
    assert "immutable" in (await client.get(address[1])).headers["cache-control"]
    assert (await client.get("/static/shixian.css")).headers["cache-control"] == "no-cache"
    assert (await client.get("/static/..%2fcontext.py")).status_code == 404


async def test_a_database_that_is_gone_is_told_to_people(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object) -> None:
        raise Busy("the database does not answer", retry_after=3)

    monkeypatch.setattr(Database, "rows", gone)
    page = await client.get("/track/Q0QJ-WRBA-61TW-PZ")
    assert (page.status_code, page.headers["retry-after"]) == (503, "3")
    assert "服务繁忙" in page.text
