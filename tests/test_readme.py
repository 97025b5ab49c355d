"""Every command of the README and of docs/conformance.md is run: what stands there works as it stands."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/conformance.md"))
BLOCK = re.compile(r"(?:<!-- run: (?P<group>\w+) -->\n)?```sh\n(?P<body>.*?)```", re.DOTALL)
NOT_RUN = ("make demo     #", "export BASE=")
"""Blocks that are not run here: the make targets are what runs this test, and the variables come from it."""


def commands(group: str) -> str:
    """All commands of a group, as one script."""
    return "\n".join(match["body"] for match in BLOCK.finditer(README) if match["group"] == group)


def run(group: str, folder: Path, **environment: str) -> str:
    """What a group's commands print; fails with their output when one of them fails."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("SHIXIAN_")}
    settings["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{settings['PATH']}"
    shell = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", commands(group)],
        cwd=folder, env={**settings, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        printed, _ = shell.communicate(timeout=180)
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGKILL)
        printed, _ = shell.communicate()
        pytest.fail(f"not done in three minutes; it printed\n{printed}")
    assert shell.returncode == 0, printed
    return printed


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A service like that of `make demo`, without its data; its address and its key."""
    folder = tmp_path_factory.mktemp("readme")
    key, port = secrets.token_urlsafe(32), free_port()
    settings = {name: value for name, value in os.environ.items() if not name.startswith("SHIXIAN_")}
    settings |= {
        "SHIXIAN_MODE": "demo", "SHIXIAN_DATABASE_URL": f"sqlite:///{folder / 'demo.db'}", "SHIXIAN_ADMIN_KEY": key,
        "SHIXIAN_PORT": str(port), "SHIXIAN_LOG_LEVEL": "warning",
    }  # fmt: skip
    server = subprocess.Popen([sys.executable, "-m", "app", "serve"], cwd=ROOT, env=settings)
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{base}/readyz", timeout=1)  # noqa: S310  our own server on loopback
                break
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                assert server.poll() is None, "the server ended"
                time.sleep(0.2)
        yield {"BASE": base, "KEY": key}
    finally:
        server.terminate()
        server.wait(timeout=20)


def test_every_block_is_run_or_named_here() -> None:
    for match in BLOCK.finditer(README):
        assert match["group"] in {"hall", "dashboard", "operator", "conformance"} or match["body"].startswith(
            NOT_RUN
        ), match["body"]


def test_a_hall_developer_receives_records_and_finds_it_overdue(demo: dict[str, str], tmp_path: Path) -> None:
    printed = run("hall", tmp_path, **demo)

    assert '"overdue_since":"2026-' in printed
    assert '"due_on":"2026-09-29"' in printed, "20 working days after 1 September 2026, over the make-up Sunday"
    assert "示例项目" in printed
    assert '"due_on":"2026-02-24"' in printed, (
        "five working days over the Spring Festival of 2026, the make-up Saturday among them"
    )


def test_a_dashboard_developer_polls_rightly(demo: dict[str, str], tmp_path: Path) -> None:
    printed = run("dashboard", tmp_path, **demo)

    assert "}304\n" in printed
    assert '"gone":' in printed


def test_another_system_is_held_to_the_published_cases(demo: dict[str, str], tmp_path: Path) -> None:
    printed = run("conformance", tmp_path, **demo)

    assert " agree, 0 differ" in printed
    assert '"differ": 0' in printed
    assert printed.rstrip().splitlines()[-1].startswith("cn-deadlines: 300 cases, ")


@pytest.mark.postgresql
def test_an_operator_starts_it_on_postgresql(request: pytest.FixtureRequest) -> None:
    if "postgresql" not in request.getfixturevalue("readme_databases"):
        pytest.skip("SHIXIAN_TEST_DATABASES leaves postgresql out")
    url = request.getfixturevalue("operator_database_url")
    # Mode test: the tests' PostgreSQL does not wait for the disk, which a production start refuses.

    printed = run("operator", ROOT, DATABASE_URL=url, PORT=str(free_port()), SHIXIAN_MODE="test")

    assert "applications: 726 new" in printed


@pytest.fixture
def readme_databases() -> tuple[str, ...]:
    from tests.support import databases  # noqa: PLC0415  the other tests here need none

    return tuple(databases.chosen())


@pytest.fixture
def operator_database_url(request: pytest.FixtureRequest, worker: str) -> Iterator[str]:
    """An empty database on the PostgreSQL of this run."""
    from tests.support.databases import aside  # noqa: PLC0415

    server = request.getfixturevalue("postgresql")
    name = f"readme_{worker}_{os.getpid()}"
    yield aside(server.create(name))
    aside(server.drop(name))
