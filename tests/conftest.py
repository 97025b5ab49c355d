"""The fixtures of every test: databases that start empty and migrated, the service on one, its clock held by hand.

A test that names `database`, or anything above it, runs once on each kind that SHIXIAN_TEST_DATABASES chooses.
To run on one alone: `@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)`.
"""

import os
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import insert

from app.access import scope
from app.access.keys import KeyOrder, create_key
from app.access.roles import SCOPED, Role
from app.calendars import catalogue
from app.departments.linked import link_departments
from app.departments.models import Department
from app.kit.db import Database
from app.kit.now import ClockGate, Now
from app.kit.service import Service, open_service
from app.kit.settings import Settings
from tests.support import databases, postgres
from tests.support.databases import aside

ADMIN_KEY = "the-admin-key-of-the-tests-0123456789"
SECRET = "the-secret-of-the-tests-0123456789abcdef"
ALLOWED = "192.0.2.0/24"
"""Where messages may be sent to: addresses that nobody has."""

RUN = pytest.StashKey[databases.Run]()

BEGIN = datetime(2026, 11, 2, 9, 0, tzinfo=timezone(timedelta(hours=8)))
"""Where `hands` stand when a test begins: a Monday morning in Beijing."""


def pytest_configure(config: pytest.Config) -> None:
    """The process that was started makes the folder of the run; the workers of pytest-xdist inherit it."""
    if not hasattr(config, "workerinput"):
        config.stash[RUN] = databases.begin_run()


def pytest_unconfigure(config: pytest.Config) -> None:
    run = config.stash.get(RUN, None)
    if run is not None:
        databases.end_run(run)


KINDS = [
    pytest.param(kind, marks=pytest.mark.postgresql) if kind == "postgresql" else kind for kind in databases.chosen()
]


@pytest.fixture(params=KINDS)
def dialect(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgresql`: what the test runs on."""
    kind: str = request.param
    if kind not in databases.chosen():
        pytest.skip(f"SHIXIAN_TEST_DATABASES leaves {kind} out")
    return kind


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> str:
    """The name of this process among the workers."""
    inputs: dict[str, str] = getattr(request.config, "workerinput", {})
    return inputs.get("workerid", "main")


@pytest.fixture(scope="session")
def postgresql() -> postgres.Server:
    """The PostgreSQL of this run. Where there is none the tests are skipped; with CI=true they fail."""
    try:
        return databases.postgresql_server()
    except postgres.Missing as reason:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(f"PostgreSQL is missing: {reason}", pytrace=False)
        pytest.skip(f"PostgreSQL is missing: {reason}")


@pytest.fixture(scope="session")
def clone(postgresql: postgres.Server, worker: str) -> Iterator[tuple[str, databases.Cleaner]]:
    """This worker's copy of the migrated template, and what empties it after a test."""
    template = databases.postgresql_template(postgresql)
    name = f"{template}_{worker}"
    url = aside(postgresql.create(name, template=template))
    cleaner = aside(databases.Cleaner.connect(url))
    yield url, cleaner
    aside(cleaner.close())
    aside(postgresql.drop(name))


@pytest.fixture
def database_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a migrated database without a row, for this test alone."""
    if dialect == "sqlite":
        file = tmp_path / "shixian.db"
        shutil.copyfile(databases.sqlite_file(), file)
        yield f"sqlite:///{file}"
        return
    url, cleaner = request.getfixturevalue("clone")
    yield url
    aside(cleaner.clean())


@pytest.fixture
def empty_database_url(dialect: str, tmp_path: Path, worker: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database without a table: for tests of migrations and of the first start."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: postgres.Server = request.getfixturevalue("postgresql")
    name = f"{Path(os.environ[databases.RUN]).name}_{worker}_empty"
    yield aside(server.create(name))
    aside(server.drop(name))


class Hands:
    """The hands of the service's clock, moved by the test alone."""

    def __init__(self) -> None:
        self.at = BEGIN.astimezone(UTC)

    def now(self) -> datetime:
        """Where they stand, in UTC."""
        return self.at

    def set(self, instant: datetime | str) -> None:
        """Put them to an instant, given as one or as RFC 3339."""
        moment = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
        if moment.tzinfo is None:
            raise ValueError("a naive instant names no moment")
        self.at = moment.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Move them on."""
        self.at += by


@pytest.fixture(autouse=True)
def calendars_of_its_own() -> Iterator[None]:
    """What a test adds to the calendars ends with it: the process keeps them for one database."""
    yield
    catalogue.forget()


@pytest.fixture
def hands() -> Hands:
    """The clock of `service`: it stands at 2026-11-02 09:00 in Beijing until the test moves it."""
    return Hands()


@pytest.fixture
def settings(database_url: str) -> Settings:
    """The settings of `service`: mode test, nothing from the environment of whoever runs the tests."""
    given = {name: os.environ.pop(name) for name in list(os.environ) if is_setting(name)}
    try:
        return Settings(
            _env_file=None,
            mode="test",
            database_url=database_url,
            secret_key=SECRET,
            admin_key=ADMIN_KEY,
            outbound_allow=ALLOWED,
        )
    finally:
        os.environ.update(given)


def is_setting(name: str) -> bool:
    return name.startswith("SHIXIAN_") and not name.startswith("SHIXIAN_TEST_")


@pytest.fixture
async def service(settings: Settings, hands: Hands) -> AsyncIterator[Service]:
    """What a running service consists of, on an empty database, its clock held by `hands`."""
    service = await open_service(settings)
    service.now = Now(source=hands.now)
    service.gate = ClockGate(service.now)
    yield service
    await service.close()


@pytest.fixture
def database(service: Service) -> Database:
    """The database of `service`, migrated and empty."""
    return service.db


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx2.AsyncClient]:
    """Speaks HTTP to the whole application on `service`, in this process; no scheduler runs."""
    from app.main import create_app  # noqa: PLC0415  tests of the domain need not load the whole application

    transport = httpx2.ASGITransport(app=create_app(service))
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client


@pytest.fixture
async def keys(service: Service) -> Mapping[str, str]:
    """An API key of each role, by the role's name; those that belong to a department belong to `D1`, which is made.

    `{"X-API-Key": keys["clerk"]}`. The key `admin_key` is the one fixed from outside, which holds every role.
    """
    at = datetime(2020, 1, 1, tzinfo=UTC)
    texts = {"admin_key": ADMIN_KEY}
    async with service.db.transaction() as tx:
        await tx.execute(insert(Department), {"code": "D1", "name": "测试局", "changed_at": at})
        await scope.graft(tx, "D1", None)
        await link_departments(tx, ["D1"], now=at)
        for role in Role:
            department = "D1" if role in SCOPED else None
            order = KeyOrder(role=role, name=f"{role} of the tests", department=department)
            texts[role.value] = (await create_key(tx, order, now=at)).text
    return texts
