"""The processes of the fault tests, and a database for each that nothing else uses."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reliability.processes import House, Nursery
from tests.support import databases, postgres
from tests.support.databases import aside


@pytest.fixture(scope="package")
def nursery() -> Iterator[Nursery]:
    """Forks the service's processes; they end with it."""
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def own_url(dialect: str, tmp_path: Path, worker: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database that this test may damage: an empty file, or a migrated copy of its own."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path / 'shixian.db'}"
        return
    server: postgres.Server = request.getfixturevalue("postgresql")
    template = databases.postgresql_template(server)
    name = f"{Path(os.environ[databases.RUN]).name}_{worker}_faults"
    yield aside(server.create(name, template=template))
    aside(server.drop(name))


@pytest.fixture
def house(nursery: Nursery, own_url: str, tmp_path: Path) -> Iterator[House]:
    """The service on a database of its own; no process runs yet, and none is left."""
    house = House(nursery, tmp_path, own_url)
    yield house
    house.close()
