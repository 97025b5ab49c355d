"""The databases of one test run: one migrated SQLite file to copy, one PostgreSQL with a template to clone."""

import asyncio
import contextlib
import fcntl
import functools
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import asyncpg
from sqlalchemy import make_url

from app.kit import migrations
from app.tables import metadata
from tests.support import postgres

__all__ = [
    "RUN",
    "Cleaner",
    "Run",
    "aside",
    "begin_run",
    "chosen",
    "end_run",
    "postgresql_server",
    "postgresql_template",
    "sqlite_file",
]

RUN = "SHIXIAN_TEST_RUN"
"""The folder of this run; the processes of pytest-xdist inherit it from the one that starts them."""

Result = TypeVar("Result")

TEMPLATE = "shixian_template"

WATCHDOG = """
while kill -0 "$1" 2>/dev/null; do sleep 1; done
[ -f "$2/pg/data/postmaster.pid" ] && kill -QUIT "$(head -n 1 "$2/pg/data/postmaster.pid")"
rm -rf "$2"
"""
"""Ends the server and removes the folder when the run was killed before it could do so itself."""


def chosen() -> tuple[str, ...]:
    """The kinds of database that the tests run on: SHIXIAN_TEST_DATABASES, both by default."""
    names = os.environ.get("SHIXIAN_TEST_DATABASES", "sqlite,postgresql")
    kinds = tuple(name.strip() for name in names.split(",") if name.strip())
    unknown = set(kinds) - {"sqlite", "postgresql"}
    if unknown or not kinds:
        raise SystemExit(f"SHIXIAN_TEST_DATABASES={names!r}: only sqlite and postgresql are known")
    return kinds


class Run(NamedTuple):
    """One run of the tests: its folder, and the watchdog that cleans up after a run that was killed."""

    folder: Path
    watchdog: subprocess.Popen[bytes]


def begin_run() -> Run:
    """Make the folder of the run; called once, before any worker starts."""
    base = tempfile.gettempdir()
    short = base if len(base) < 40 else "/tmp"  # noqa: S108 the path of a socket has room for 107 bytes
    folder = Path(tempfile.mkdtemp(prefix="shixian-", dir=short))
    folder.chmod(0o755)
    os.environ[RUN] = str(folder)
    watchdog = subprocess.Popen(
        ["/bin/sh", "-c", WATCHDOG, "sh", str(os.getpid()), str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return Run(folder, watchdog)


def end_run(run: Run) -> None:
    """Stop the server, if one was started, and remove the folder."""
    run.watchdog.kill()
    run.watchdog.wait()
    postgres.stop(run.folder / "pg")
    shutil.rmtree(run.folder, ignore_errors=True)


@contextlib.contextmanager
def once_a_run(name: str) -> Iterator[Path | None]:
    """Let one worker do the work: it gets the path of the marker to write; the others wait and get None."""
    folder = Path(os.environ[RUN])
    marker = folder / f"{name}.done"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield None if marker.exists() else marker


def sqlite_file() -> Path:
    """The migrated, empty SQLite file of this run."""
    file = Path(os.environ[RUN]) / "template.sqlite"
    with once_a_run("sqlite") as marker:
        if marker is not None:
            aside(migrations.upgrade(f"sqlite:///{file}"))
            marker.touch()
    return file


def postgresql_server() -> postgres.Server:
    """The PostgreSQL of this run, started by the first who asks. Raises `postgres.Missing`."""
    given = os.environ.get("SHIXIAN_TEST_DATABASE_URL")
    if given:
        return postgres.Server(make_url(given).set(drivername="postgresql").render_as_string(hide_password=False))
    folder = Path(os.environ[RUN]) / "pg"
    with once_a_run("server") as marker:
        if marker is not None:
            started = postgres.start(folder, os.environ.get("SHIXIAN_TEST_POSTGRES", "auto"))
            marker.write_text(started.admin_url)
    return postgres.Server((folder.parent / "server.done").read_text())


def postgresql_template(server: postgres.Server) -> str:
    """The name of the migrated, empty database that the workers clone."""
    name = f"{TEMPLATE}_{Path(os.environ[RUN]).name}"
    with once_a_run("template") as marker:
        if marker is not None:
            url = aside(server.create(name))
            aside(migrations.upgrade(url))
            marker.touch()
    return name


class Cleaner:
    """Empties every table of a clone after a test, past the triggers that keep history whole.

    `session_replication_role = replica` lets no trigger fire and needs a superuser, which the tests' own server has.
    """

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        tables = [table.name for table in reversed(metadata.sorted_tables)]
        self.statements = ";".join(f"DELETE FROM {table}" for table in tables)

    @classmethod
    async def connect(cls, url: str) -> "Cleaner":
        connection = await asyncpg.connect(url)
        await connection.execute("SET session_replication_role = replica; SET lock_timeout = '10s'")
        return cls(connection)

    async def clean(self) -> None:
        await self.connection.execute(self.statements)

    async def close(self) -> None:
        await self.connection.close()


class Aside:
    """A loop in a thread of its own: fixtures are plain functions, whether the loop of the tests is running or not."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, name="databases of the tests", daemon=True).start()

    def __call__(self, coroutine: Coroutine[None, None, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout=120)


@functools.cache
def make_aside() -> Aside:
    return Aside()


def aside(coroutine: Coroutine[None, None, Result]) -> Result:
    """Run a coroutine to its end, on the loop beside the tests' own."""
    return make_aside()(coroutine)
