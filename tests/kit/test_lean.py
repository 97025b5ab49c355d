"""The short way to the lean routes: the same answers as the long one, with fewer layers."""

import httpx2
import pytest

from app.kit.lean import ShortWay
from app.kit.service import Service
from app.main import ROUTERS, create_app

LOOK_UP = "/api/v1/public/applications"


@pytest.mark.parametrize("path", [f"{LOOK_UP}/Q0QJ-WRBA-61TW-PZ", "/api/v1/overdue", "/healthz"])
async def test_a_method_that_a_lean_route_does_not_take(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.post(path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", [f"{LOOK_UP}/Q0QJ-WRBA-61TW-PZ", "/api/v1/overdue", "/healthz"])
async def test_head_is_get_without_its_body(client: httpx2.AsyncClient, path: str) -> None:
    got, head = await client.get(path), await client.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-type"] == got.headers["content-type"]


@pytest.mark.parametrize("rest", ["", "/", "/a/b", "/a/"])
async def test_what_only_looks_like_a_lean_route_is_not_there(client: httpx2.AsyncClient, rest: str) -> None:
    answer = await client.get(LOOK_UP + rest)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_the_short_way_says_what_the_long_one_says(client: httpx2.AsyncClient, service: Service) -> None:
    """Below a prefix a request goes the long way."""
    app = create_app(service)
    transport = httpx2.ASGITransport(app=app, root_path="/below")
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as other:
        for path in (f"{LOOK_UP}/wrong", f"{LOOK_UP}/Q0QJ-WRBA-61TW-PZ", f"{LOOK_UP}/Q0QJ-WRBA-61TW-PZ?x=1"):
            short, long = await client.get(path), await other.get("/below" + path)
            assert (short.status_code, short.content) == (long.status_code, long.content)
            per_request = {"x-request-id", "date"}
            told = [[each for each in a.headers.items() if each[0] not in per_request] for a in (short, long)]
            assert told[0] == told[1]


async def test_what_nobody_caught_is_a_problem(
    client: httpx2.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("app.kit.throttle.Throttle.admit", broken)
    answer = await client.get(f"{LOOK_UP}/Q0QJ-WRBA-61TW-PZ")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert f'route="{LOOK_UP}/{{tracking_number}}",status="500"' in service.metrics.text().decode()


def test_every_lean_route_is_known_to_the_short_way() -> None:
    async def nothing(*_: object) -> None: ...

    way = ShortWay([route for router in ROUTERS for route in router.routes], nothing, {})
    assert {"/api/v1/overdue", "/healthz", "/metrics"} <= way._plain.keys()
    record = "/api/v1/applications/{tracking_number}"
    looked_up = f"{LOOK_UP}/{{tracking_number}}"
    explained = "/clocks/{kind}/explanation"
    assert sorted({route.path for _, route in way._patterns}) == sorted(
        [
            looked_up,
            f"{looked_up}{explained}",
            record,
            f"{record}/steps",
            f"{record}/clocks",
            f"{record}{explained}",
            f"{record}/inclusion",
            f"{record}/proof",
            "/api/v1/checkpoints/{checkpoint}",
            "/api/v1/findings/{finding}",
            "/api/v1/findings/{finding}/review",
            "/api/v1/findings/rules/{version}",
            "/api/v1/orders/{order}",
            "/api/v1/orders/{order}/steps",
            "/api/v1/supervision-rules/{version}",
        ]
    )
