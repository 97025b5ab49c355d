"""The application as a whole: what it serves beside the features, and how it starts."""

import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from fastapi import APIRouter

from app import main
from app.access.policy import UndeclaredRoute
from app.kit.db import Database
from app.kit.service import Service
from app.kit.settings import Settings
from app.main import create_app
from tests.conftest import Hands


async def test_the_docs_come_from_this_host_alone(client: httpx2.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    assert "http" not in page.text.replace("http-equiv", "")
    for path in ("/docs/swagger/swagger-ui-bundle.js", "/docs/swagger/swagger-ui.css", "/docs/icon/favicon.png"):
        assert path in page.text
        assert (await client.get(path)).status_code == 200
    assert "'unsafe-inline'" not in page.headers["content-security-policy"].split("style-src")[0]


async def test_the_openapi_document_names_its_paths(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert "/api/v1/applications" in document["paths"]
    assert "/docs" not in document["paths"]


async def test_the_version_is_the_one_of_the_package(client: httpx2.AsyncClient) -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (await client.get("/openapi.json")).json()["info"]["version"] == project["version"]


async def test_what_is_nowhere_is_a_problem(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/v1/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_slash_too_many_is_not_redirected(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> None:
    answer = await client.get("/api/v1/departments/", headers={"X-API-Key": keys["admin"]})
    assert answer.status_code == 404


def test_a_route_that_does_not_say_who_may_use_it_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    router = APIRouter()
    router.get("/open-door")(lambda: None)
    monkeypatch.setattr(main, "ROUTERS", [*main.ROUTERS, router])
    with pytest.raises(UndeclaredRoute, match="/open-door"):
        create_app(Settings(_env_file=None, mode="test"))


async def test_the_lifespan_opens_a_service_and_what_runs_beside_it(settings: Settings) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def beside(service: Service) -> AsyncIterator[None]:
        seen.append(service.db.dialect)
        yield
        seen.append("ended")

    app = create_app(settings, beside=beside)
    async with app.router.lifespan_context(app):
        assert isinstance(app.state.service, Service)
    assert seen == [settings.address.get_backend_name(), "ended"]


async def test_the_hands_hold_the_time(service: Service, hands: Hands) -> None:
    before = service.now.now()
    hands.advance(timedelta(hours=3))
    assert service.now.now() - before == timedelta(hours=3)


async def test_each_test_begins_with_an_empty_database(database: Database, keys: Mapping[str, str]) -> None:
    assert set(keys) >= {"clerk", "head", "admin", "security", "admin_key"}


async def test_each_key_is_known(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> None:
    for role, key in keys.items():
        answer = await client.get("/api/v1/departments", headers={"X-API-Key": key})
        assert answer.status_code == 200, (role, answer.text)
