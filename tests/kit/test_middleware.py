"""The wrapper around every request."""

import json
from types import SimpleNamespace

import httpx2
import pytest

from app.kit import logs
from app.kit.middleware import Receive, Scope, Send, Wrapper
from app.kit.service import Service
from tests.kit.conftest import Acts

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The access log."""
    written: list[bytes] = []

    class Writer:
        def info(self, line: bytes) -> None:
            written.append(line)

    monkeypatch.setattr(logs, "_access", Writer())
    monkeypatch.setattr(logs, "_access_form", logs._ACCESS_JSON)
    return written


@pytest.mark.parametrize("path", ["/things/a", "/nowhere", "/raise/bug", "/things/%00"])
async def test_every_answer_has_the_security_headers_and_an_id(small: httpx2.AsyncClient, path: str) -> None:
    answer = await small.get(path)
    assert SECURITY.items() <= dict(answer.headers).items()
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-request-id"]


async def test_a_plain_request_id_of_the_client_is_kept(small: httpx2.AsyncClient) -> None:
    answer = await small.get("/things/a", headers={"X-Request-Id": "01J9.abc-def_123"})
    assert answer.headers["x-request-id"] == "01J9.abc-def_123"


@pytest.mark.parametrize("given", [b"a\nlevel=ERROR", b"x" * 65, b"", b"\xff" * 10, b'a"b,c{}ddddd', b"short"])
async def test_any_other_request_id_is_replaced(small: httpx2.AsyncClient, given: bytes) -> None:
    answer = await small.get("/things/a", headers=[(b"x-request-id", given)])
    assert answer.headers["x-request-id"].encode() != given


async def test_ids_differ(small: httpx2.AsyncClient) -> None:
    ids = {(await small.get("/things/a")).headers["x-request-id"] for _ in range(20)}
    assert len(ids) == 20


async def test_head_is_get_without_a_body(small: httpx2.AsyncClient) -> None:
    answer = await small.head("/things/a")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "2")


async def test_what_has_a_tag_may_be_kept_but_must_be_asked_for(small: httpx2.AsyncClient) -> None:
    assert (await small.get("/things/a")).headers["cache-control"] == "private, no-cache"
    assert (await small.get("/nowhere")).headers["cache-control"] == "no-store"


async def test_the_access_log_names_the_route_and_no_number(small: httpx2.AsyncClient, lines: list[bytes]) -> None:
    await small.get("/things/Q0QJ-WRBA-61TW-PZ?word=geheim", headers={"X-API-Key": "sx_12345678_geheim"})
    [line] = [json.loads(each) for each in lines]
    assert (line["route"], line["status"], line["method"]) == ("/things/{place}", 200, "GET")
    assert b"Q0QJ" not in lines[0]
    assert b"geheim" not in lines[0]


async def test_what_matches_no_route_is_logged_without_its_address(
    small: httpx2.AsyncClient, lines: list[bytes]
) -> None:
    await small.get("/%22%0Aforged/geheim")
    assert json.loads(lines[0])["route"] == "unmatched"
    assert lines[0].count(b"\n") == 0


async def test_requests_are_counted_by_route(small: httpx2.AsyncClient, service: Service, acts: Acts) -> None:
    await small.get("/things/a")
    await small.get("/things/b")
    await small.get("/raise/bug")
    text = service.metrics.text().decode()
    assert 'count{method="GET",route="/things/{place}",status="200"} 2.0' in text
    assert 'count{method="GET",route="/raise/{kind}",status="500"} 1.0' in text


async def test_the_server_s_own_view_of_a_request_is_not_changed(small: httpx2.AsyncClient, service: Service) -> None:
    """A server that sees GET where HEAD was asked waits for a body and hangs up."""
    seen: list[str] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["method"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"{}"})

    async def receive() -> Scope:
        return {"type": "http.request"}

    async def send(message: Scope) -> None:
        seen.append(str(message.get("body", message.get("status"))))

    app = SimpleNamespace(state=SimpleNamespace(service=service))
    scope: Scope = {"type": "http", "method": "HEAD", "path": "/", "raw_path": b"/", "headers": [], "app": app}
    await Wrapper(inner)(scope, receive, send)
    assert (scope["method"], seen) == ("HEAD", ["GET", "200", "b''"])
