"""The commands of an operator, each as a process of its own: what they print, and with which code they end."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

import pytest

from app.cli.serve import document
from app.kit.migrations import head_revision

ROOT = Path(__file__).parents[2]
SECRET = "5f0a8b91c2d7e64331fe07ab29d84c60"


class Ended(NamedTuple):
    """How a command ended."""

    code: int | None
    out: str
    err: str


def environment(url: str, **more: str) -> dict[str, str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("SHIXIAN_")}
    return given | {"SHIXIAN_DATABASE_URL": url, "SHIXIAN_SECRET_KEY": SECRET, "PYTHONPATH": str(ROOT)} | more


async def shixian(folder: Path, url: str, *arguments: str, **more: str) -> Ended:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app",
        *arguments,
        cwd=folder,
        env=environment(url, **more),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return Ended(process.returncode, out.decode(), err.decode())


async def test_migrate_brings_an_empty_database_up(empty_database_url: str, tmp_path: Path) -> None:
    behind = await shixian(tmp_path, empty_database_url, "migrate", "--check")
    assert behind.code == 78
    assert "run `shixian migrate` first" in behind.err

    done = await shixian(tmp_path, empty_database_url, "migrate")
    assert done == Ended(0, f"The schema stands at {head_revision()}.\n", done.err)


async def test_a_key_is_printed_once_and_alone(database_url: str, tmp_path: Path) -> None:
    made = await shixian(tmp_path, database_url, "keys", "create", "--role", "admin")
    assert made.code == 0, made.err
    assert made.out.startswith("sx_")
    assert made.out.count("\n") == 1

    refused = await shixian(tmp_path, database_url, "keys", "create", "--role", "clerk")
    assert refused.code == 2
    assert refused.err.count("\n") == 1


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_an_unknown_setting_stops_every_command_and_the_nearest_name_is_told(
    database_url: str, tmp_path: Path
) -> None:
    ended = await shixian(tmp_path, database_url, "migrate", SHIXIAN_PROT="8000")
    assert ended.code == 78
    assert ended.err == "shixian: SHIXIAN_PROT (environment) is no setting; did you mean SHIXIAN_PORT?\n"


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_a_file_is_served_by_one_process(database_url: str, tmp_path: Path) -> None:
    ended = await shixian(tmp_path, database_url, "serve", "--workers", "2")
    assert ended.code == 78
    assert "PostgreSQL" in ended.err


async def test_serve_without_migrating_refuses_an_empty_database(empty_database_url: str, tmp_path: Path) -> None:
    ended = await shixian(tmp_path, empty_database_url, "serve", "--no-migrate", SHIXIAN_MODE="test")
    assert ended.code == 78
    assert ended.err.splitlines()[-1].startswith("shixian: the database is empty")


async def test_a_database_that_is_not_there_is_told_without_its_password(tmp_path: Path) -> None:
    ended = await shixian(tmp_path, "postgresql://u:geheim@127.0.0.1:9/x", "migrate")
    assert ended.code == 69
    assert ended.err.count("\n") == 1
    assert "geheim" not in ended.err


async def test_serve_migrates_answers_sweeps_and_ends_when_told(empty_database_url: str, tmp_path: Path) -> None:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app",
        "serve",
        "--port",
        str(port),
        cwd=tmp_path,
        env=environment(empty_database_url, SHIXIAN_MODE="test"),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        ready = await asyncio.to_thread(wait_until_ready, port)
        assert ready["swept_at"] is not None
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode in {0, -signal.SIGTERM}, err.decode()
    assert b"Traceback" not in err


def free_port() -> int:
    with socket.socket() as given:
        given.bind(("127.0.0.1", 0))
        port: int = given.getsockname()[1]
        return port


def wait_until_ready(port: int) -> dict[str, object]:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                said: dict[str, object] = json.load(answer)
        except OSError:
            pass
        else:
            if said.get("swept_at") is not None:
                return said
        time.sleep(0.1)
    raise AssertionError("the service did not become ready within 30 s")


def test_the_committed_openapi_document_is_the_one_of_the_code() -> None:
    """After a change of the interface: `make openapi`."""
    assert json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")) == json.loads(document())
