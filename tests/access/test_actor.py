from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import httpx2
import pytest
from fastapi import FastAPI, Request
from sqlalchemy import select

from app.access import actor
from app.access.keys import KeyOrder, create_key, make_key, revoke_key
from app.access.models import AuditEntry
from app.access.policy import UndeclaredRoute
from app.access.roles import Role
from app.kit.service import Service
from tests.builders.access import an_actor

ITEMS = "/api/v1/items"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([], "credential_missing"),
        ([("X-API-Key", "")], "credential_invalid"),
        ([("X-API-Key", "sx_")], "credential_invalid"),
        ([("X-API-Key", "sx_00000000_00000000000000000000000000000000_000000")], "credential_invalid"),
        ([("X-API-Key", make_key().text)], "credential_invalid"),
        ([("X-API-Key", "x" * 5000)], "credential_invalid"),
        ([("X-API-Key", "a' OR 1=1 --")], "credential_invalid"),
        ([("X-API-Key", "é")], "credential_invalid"),
        ([("Authorization", "Bearer eyJhbGciOiJub25lIn0.e30.")], "credential_missing"),
    ],
)
async def test_without_a_valid_credential_the_answer_is_401_in_one_wording(
    client: httpx2.AsyncClient, headers: list[tuple[str, str]], code: str
) -> None:
    encoded = [(name.encode(), value.encode("utf-8")) for name, value in headers]
    answer = await client.get(ITEMS, headers=encoded)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (401, code)
    assert problem["detail"] == "A valid credential is needed in the header X-API-Key."
    assert answer.headers["WWW-Authenticate"] == 'ApiKey realm="shixian"'


async def test_two_credentials_in_one_request_are_none(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> None:
    answer = await client.get(ITEMS, headers=[("X-API-Key", keys["clerk"]), ("X-API-Key", keys["admin"])])
    assert answer.status_code == 401


@pytest.mark.parametrize("role", [*Role, "admin_key"])
async def test_each_role_reads_the_catalogue(client: httpx2.AsyncClient, keys: Mapping[str, str], role: str) -> None:
    assert (await client.get(ITEMS, headers={"X-API-Key": keys[role]})).status_code == 200


async def test_a_key_that_was_used_needs_no_database(
    client: httpx2.AsyncClient, keys: Mapping[str, str], service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"X-API-Key": keys["clerk"]}
    calendars = "/api/v1/calendars"
    assert (await client.get(calendars, headers=headers)).status_code == 200
    asked: list[str] = []

    async def key_by_id(tx: object, id: str) -> None:  # noqa: A002
        asked.append(id)

    monkeypatch.setattr(actor, "key_by_id", key_by_id)
    assert (await client.get(calendars, headers=headers)).status_code == 200
    assert asked == []


async def test_a_key_made_beside_the_service_works_though_it_was_refused_before(
    client: httpx2.AsyncClient, service: Service
) -> None:
    async with service.db.transaction() as tx:
        new = await create_key(tx, KeyOrder(role=Role.AUDITOR, name="x"), now=datetime(2026, 1, 1, tzinfo=UTC))
    headers = {"X-API-Key": new.text}
    assert (await client.get(ITEMS, headers=headers)).status_code == 200
    wrong = {"X-API-Key": make_key().text}
    assert (await client.get(ITEMS, headers=wrong)).status_code == 401


async def test_the_key_from_outside_holds_every_role_and_each_use_is_audited(
    client: httpx2.AsyncClient, keys: Mapping[str, str], service: Service
) -> None:
    headers = {"X-API-Key": keys["admin_key"], "X-Request-Id": "request-42"}
    assert (await client.get("/api/v1/keys", headers=headers)).status_code == 200
    assert (await client.get("/api/v1/items/eia", headers=headers)).status_code == 404
    async with service.db.read() as tx:
        used = select(AuditEntry.object, AuditEntry.credential, AuditEntry.role, AuditEntry.request_id)
        lines = (await tx.execute(used.where(AuditEntry.action == "use_admin_key").order_by(AuditEntry.id))).all()
    assert [tuple(line) for line in lines] == [
        ("GET /api/v1/keys", "admin_key", "every", "request-42"),
        ("GET /api/v1/items/{code}", "admin_key", "every", "request-42"),
    ]


async def test_in_production_the_first_security_key_ends_the_key_from_outside(
    client: httpx2.AsyncClient, service: Service, settings: object
) -> None:
    now = service.now.now()
    service.settings = service.settings.model_copy(update={"mode": "production"})
    fixed = service.settings.admin_key
    assert fixed is not None
    headers = {"X-API-Key": fixed.get_secret_value()}
    assert (await client.get(ITEMS, headers=headers)).status_code == 200
    async with service.db.transaction() as tx:
        new = await create_key(tx, KeyOrder(role=Role.SECURITY, name="x"), now=now)
    assert (await client.get(ITEMS, headers=headers)).status_code == 401

    service.settings = service.settings.model_copy(update={"admin_key_always": True})
    assert (await client.get(ITEMS, headers=headers)).status_code == 200

    service.settings = service.settings.model_copy(update={"admin_key_always": False})
    async with service.db.transaction() as tx:
        await revoke_key(tx, new.id, by=replace(an_actor(Role.SECURITY), credential="key:other"), now=now)
    assert (await client.get(ITEMS, headers=headers)).status_code == 200


async def test_a_request_that_hides_its_endpoint_passes_nobody(service: Service, keys: Mapping[str, str]) -> None:
    """What a role may do is declared at the endpoint: a way around the router must not be a way around the rule."""
    application = FastAPI()
    application.state.service = service
    headers = [(b"x-api-key", keys["security"].encode())]
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": headers,
        "app": application,
        "state": {"request_id": "r-1"},
    }

    with pytest.raises(UndeclaredRoute):
        await actor.identify(Request(scope))
