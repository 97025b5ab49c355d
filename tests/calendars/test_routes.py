"""Calendars over HTTP."""

from collections.abc import Mapping

import httpx2
import pytest

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def key(keys: Mapping[str, str]) -> dict[str, str]:
    return {"X-API-Key": keys["clerk"], "Accept-Language": "en"}


async def test_the_list_names_each_calendar_with_its_horizon(client: httpx2.AsyncClient, key: dict[str, str]) -> None:
    body = (await client.get("/api/v1/calendars", headers=key)).json()

    assert body["next_cursor"] is None
    assert [(one["code"], one["calendar"], one["zone"], one["published_to"]) for one in body["items"]] == [
        ("CN", "CN@23", "Asia/Shanghai", "2026-12-31"),
        ("CN-45", "CN-45@24", "Asia/Shanghai", "2026-12-31"),
        ("CN-54-01", "CN-54-01@24", "Asia/Shanghai", "2026-12-31"),
        ("CN-64", "CN-64@24", "Asia/Shanghai", "2026-12-31"),
    ]


async def test_a_calendar_shows_its_layers_and_every_edition(client: httpx2.AsyncClient, key: dict[str, str]) -> None:
    body = (await client.get("/api/v1/calendars/CN", headers=key)).json()

    assert (body["first_day"], body["published_to"], body["weekend"]) == ("2007-01-01", "2026-12-31", [6, 7])
    assert [(one["code"], one["editions"]) for one in body["layers"]] == [("CN", 23)]
    assert [one["number"] for one in body["editions"]] == list(range(1, 24))
    amendment = body["editions"][16]
    assert (amendment["document"], amendment["published_at"], amendment["issued_on"]) == (
        "国办发明电〔2020〕1号",
        "2020-01-27",
        "2020-01-26",
    )


async def test_a_printed_name_shows_the_calendar_as_it_was_then(
    client: httpx2.AsyncClient, key: dict[str, str]
) -> None:
    body = (await client.get("/api/v1/calendars/CN@16", headers=key)).json()
    days = await client.get(
        "/api/v1/calendars/CN@16/days", params={"from": "2020-02-01", "to": "2020-02-01"}, headers=key
    )

    assert (body["calendar"], len(body["editions"]), body["published_to"]) == ("CN@16", 16, "2020-12-31")
    assert days.json()["items"][0]["working"] is True


async def test_each_day_says_what_it_is_and_which_notice_says_so(
    client: httpx2.AsyncClient, key: dict[str, str]
) -> None:
    async def day(text: str) -> dict[str, object]:
        answer = await client.get("/api/v1/calendars/CN/days", params={"from": text, "to": text}, headers=key)
        [found] = answer.json()["items"]
        return dict(found)

    assert await day("2020-02-01") == {
        "date": "2020-02-01",
        "working": False,
        "name": "春节",
        "layer": "CN",
        "source": "国办发明电〔2020〕1号",
        "certainty": "certain",
        "certainty_label": "Published",
        "hours": [],
    }
    assert ((await day("2026-12-29"))["certainty"], (await day("2027-10-01"))["certainty"]) == (
        "provisional",
        "provisional",
    )
    unknown = await day("2006-12-31")
    assert (unknown["working"], unknown["certainty"]) == (None, "unknown")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "input_invalid"),
        ("from=2025-01-01", "input_invalid"),
        ("from=2025-02-30&to=2025-03-01", "input_invalid"),
        ("from=2025-03-01&to=2025-02-01", "range_reversed"),
        ("from=2007-01-01&to=2026-12-31", "range_too_long"),
        ("from=2025-03-01&to=2025-03-01&colour=red", "parameter_unknown"),
        ("from=0000-00-00&to=9999-12-31", "input_invalid"),
    ],
)
async def test_a_stretch_that_is_none_is_refused(
    client: httpx2.AsyncClient, key: dict[str, str], query: str, code: str
) -> None:
    answer = await client.get(f"/api/v1/calendars/CN/days?{query}", headers=key)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"]


@pytest.mark.parametrize("code", ["FR", "cn", "CN@24", "CN@x", "CN@0001", "%00", "CN%2F..", "null"])
async def test_an_unknown_calendar_is_not_found(client: httpx2.AsyncClient, key: dict[str, str], code: str) -> None:
    answer = await client.get(f"/api/v1/calendars/{code}", headers=key)

    assert answer.status_code == 404


async def test_calendars_need_a_credential(client: httpx2.AsyncClient) -> None:
    for path in ("", "/CN", "/CN/days?from=2025-01-01&to=2025-01-01"):
        assert (await client.get(f"/api/v1/calendars{path}")).status_code == 401
