"""Signing in with a key: who may, what the cookie is, and that a form from elsewhere does nothing."""

from collections.abc import Mapping
from datetime import timedelta

import httpx2
import pytest

from app.access.keys import id_of, revoke_key
from app.kit.service import Service
from tests.builders.access import an_actor
from tests.conftest import Hands

SAME = {"Sec-Fetch-Site": "same-origin"}


async def signed_in(client: httpx2.AsyncClient, key: str) -> httpx2.Response:
    return await client.post("/sign-in", data={"key": key}, headers=SAME)


@pytest.mark.parametrize("role", ["supervisor", "auditor", "head", "admin_key"])
async def test_who_may_read_applications_gets_to_the_board(
    client: httpx2.AsyncClient, keys: Mapping[str, str], role: str
) -> None:
    answer = await signed_in(client, keys[role])
    assert (answer.status_code, answer.headers["location"]) == (303, "/supervision")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert keys[role] not in cookie
    assert (await client.get("/supervision")).status_code == 200


async def test_under_tls_no_other_host_can_set_the_cookie(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> None:
    answer = await client.post("https://testserver/sign-in", data={"key": keys["supervisor"]}, headers=SAME)
    assert answer.headers["set-cookie"].startswith("__Host-shixian_session=")
    assert "; Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("role", ["admin", "security"])
async def test_a_role_that_reads_no_application_is_refused(
    client: httpx2.AsyncClient, keys: Mapping[str, str], role: str
) -> None:
    answer = await signed_in(client, keys[role])
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("key", ["sx_nonsense", "", "\x00", "x" * 4000, "sx_AAAAAAAA_" + "A" * 32 + "_AAAAAA"])
async def test_a_wrong_key_is_refused_beside_its_field_and_never_shown_again(
    client: httpx2.AsyncClient, key: str
) -> None:
    answer = await signed_in(client, key)
    assert answer.status_code in (403, 422)
    assert "set-cookie" not in answer.headers
    assert 'id="key-error"' in answer.text
    assert not key.strip() or key not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
async def test_a_form_from_elsewhere_signs_nobody_in_or_out(
    client: httpx2.AsyncClient, keys: Mapping[str, str], headers: dict[str, str]
) -> None:
    forged = await client.post("/sign-in", data={"key": keys["supervisor"]}, headers=headers)
    assert forged.status_code == 403
    assert "set-cookie" not in forged.headers
    await signed_in(client, keys["supervisor"])
    await client.post("/sign-out", headers=headers)
    assert (await client.get("/supervision")).status_code == 200


async def test_an_older_browser_is_known_by_its_origin(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> None:
    answer = await client.post("/sign-in", data={"key": keys["supervisor"]}, headers={"Origin": "http://testserver"})
    assert answer.status_code == 303


async def test_signing_out_takes_the_cookie_back(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> None:
    await signed_in(client, keys["supervisor"])
    await client.post("/sign-out", headers=SAME)
    assert (await client.get("/supervision")).headers["location"] == "/sign-in"


async def test_a_session_ends_after_eight_hours(
    client: httpx2.AsyncClient, keys: Mapping[str, str], hands: Hands
) -> None:
    await signed_in(client, keys["supervisor"])
    hands.advance(timedelta(hours=8))
    assert (await client.get("/supervision")).status_code == 303


async def test_revoking_the_key_ends_its_sessions(
    client: httpx2.AsyncClient, keys: Mapping[str, str], service: Service, hands: Hands
) -> None:
    await signed_in(client, keys["supervisor"])
    identity = id_of(keys["supervisor"])
    assert identity is not None
    async with service.db.transaction() as tx:
        await revoke_key(tx, identity, by=an_actor(), now=hands.at)
    assert (await client.get("/supervision")).status_code == 303


@pytest.mark.parametrize("cookie", ["00", "not hex", "ff" * 60, "é"])
async def test_a_made_up_cookie_is_nobodys(client: httpx2.AsyncClient, cookie: str) -> None:
    answer = await client.get("/supervision", headers=[(b"cookie", f"shixian_session={cookie}".encode())])
    assert answer.status_code == 303
