"""Whatever statement a write unit dies before, and before or after its commit, it leaves all or nothing.

`make test` lets each unit die at a few of its points, `make test-faults` (SHIXIAN_TEST_FAULTS=full) at every one.
"""

import json
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import Engine, event, insert
from sqlalchemy.util import await_only
from starlette.routing import Route
from structlog.testing import capture_logs

from app.access import audit, scope
from app.access.keys import KeyOrder, create_key
from app.access.roles import SCOPED, Role
from app.departments.models import Department
from app.kit import once
from app.kit.service import Service
from app.kit.settings import Settings
from app.main import ROUTERS
from tests.builders.access import an_actor
from tests.conftest import ADMIN_KEY, Hands
from tests.reliability.dying import Reaper
from tests.reliability.sites import sites
from tests.reliability.stage import Stage, Unit, examine
from tests.reliability.test_kills import tell
from tests.reliability.units_applications import APPLICATIONS, ORDERS, open_hall
from tests.reliability.units_findings import FINDINGS
from tests.reliability.units_house import HOUSE, SWEEPS
from tests.reliability.units_rules import CARRIED, RULES
from tests.reliability.units_telling import TELLING
from tests.reliability.vault import vault_of

FULL = os.environ.get("SHIXIAN_TEST_FAULTS") == "full"


def chosen(total: int) -> Sequence[int]:
    """At which of so many points to die: all, or one in the middle and the last: committed, and nobody told."""
    return range(total) if FULL else sorted({total // 2, total - 1})


@pytest.fixture
async def stage(
    settings: Settings, database_url: str, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    """A service that can die, its hall open."""
    reaper = Reaper(hands.now)
    reaper.install(monkeypatch)
    vault = vault_of(database_url)
    stage = Stage(settings, hands, reaper, vault, {"admin_key": ADMIN_KEY})
    await stage.open()
    await make_keys(stage)
    await open_hall(stage)
    await stage.close()
    with capture_logs():  # to print what is logged of those that choke takes longer than to let them die
        yield stage
    await stage.close()
    vault.close()


async def make_keys(stage: Stage) -> None:
    """A key of each role."""
    at = datetime(2020, 1, 1, tzinfo=UTC)
    async with stage.service.db.transaction() as tx:
        await tx.execute(insert(Department), {"code": "D1", "name": "测试局", "changed_at": at})
        await scope.graft(tx, "D1", None)
        for role in Role:
            order = KeyOrder(role=role, name=f"{role}", department="D1" if role in SCOPED else None)
            stage.keys[role.value] = (await create_key(tx, order, now=at)).text


CHAPTERS: dict[str, list[Unit]] = {
    "applications": APPLICATIONS,
    "orders": ORDERS,
    "rules": RULES,
    "changes": CARRIED,
    "telling": TELLING,
    "sweeps": SWEEPS,
    "house": HOUSE,
    "findings": FINDINGS,
}


WRITES_NOTHING = {
    "POST /api/v1/simulations": "reckons",
    "POST /": "shows what was found",
    "POST /track/{typed}": "shows what was found; a wrong query code is counted as by the interface",
    "POST /sign-in": "gives a sealed cookie",
    "POST /sign-out": "takes it back",
}
LOOKS_ONLY = {"app/operations/selfcheck.py:examine"}
"""Opens what writers use, for it asks what they may; it writes nothing."""


def test_every_route_that_writes_and_every_place_that_opens_a_transaction_is_among_the_units() -> None:
    """A new one fails here until it is let die like the others."""
    units = [unit for chapter in CHAPTERS.values() for unit in chapter]
    assert len({unit.name for unit in units}) == len(units)
    routes = {
        f"{method} {route.path}"
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"GET", "HEAD", "OPTIONS"}
    }
    assert routes - set(WRITES_NOTHING) == {unit.route for unit in units if unit.route}
    assert sites() - LOOKS_ONLY == {site for unit in units for site in unit.sites}


def test_the_open_document_names_no_route_that_writes_beside_them() -> None:
    document = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text(encoding="utf-8"))
    named = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in operations
        if method in ("post", "put", "patch", "delete")
    }
    assert named - set(WRITES_NOTHING) == {
        unit.route for chapter in CHAPTERS.values() for unit in chapter if unit.route
    }


@contextmanager
def in_two_halves() -> Iterator[None]:
    """A build that commits in the middle of issuing an order."""

    def halve(connection: Any, cursor: Any, statement: str, *_: object) -> None:
        if not statement.startswith("INSERT INTO order_events"):
            return
        if connection.dialect.name == "sqlite":
            cursor.execute("COMMIT")
            cursor.execute("BEGIN IMMEDIATE")
        else:
            adapted = connection.connection.dbapi_connection
            await_only(adapted._transaction.commit())
            adapted._transaction = None
            await_only(adapted._start_transaction())

    event.listen(Engine, "before_cursor_execute", halve)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", halve)


@contextmanager
def with_a_forgotten_answer() -> Iterator[None]:
    """A build that keeps no answer under its key."""

    async def claim(*_: object) -> None:
        return None

    with mock.patch.object(once, "claim", claim), mock.patch.object(once, "keep", claim):
        yield


@contextmanager
def with_an_afterthought() -> Iterator[None]:
    """A build that writes the trail of an effect after it is committed."""
    run = once._run

    async def run_and_note(service: Service, act: once.Act) -> once.Answer:
        answer = await run(service, act)
        async with service.db.transaction() as tx:
            await audit.record(tx, an_actor(Role.ADMIN), "issue", "x", at=service.now.now())
        return answer

    with mock.patch.object(once, "_run", run_and_note):
        yield


@pytest.mark.parametrize("build", [in_two_halves, with_a_forgotten_answer, with_an_afterthought])
async def test_a_build_that_writes_in_parts_is_found(
    stage: Stage, build: Callable[[], AbstractContextManager[None]]
) -> None:
    with build(), pytest.raises(AssertionError):
        await examine(stage, ORDERS[0], range)


@pytest.mark.faults
@pytest.mark.parametrize("chapter", CHAPTERS)
async def test_a_write_that_dies_leaves_all_or_nothing_and_done_again_is_done_once(
    stage: Stage, dialect: str, chapter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.memory["folder"] = tmp_path
    examined = [await examine(stage, unit, chosen) for unit in CHAPTERS[chapter]]
    tell(
        f"{dialect}, {chapter}: {len(examined)} units with {sum(one.points for one in examined)} points, "
        f"{sum(one.deaths for one in examined)} deaths",
        capsys,
    )
