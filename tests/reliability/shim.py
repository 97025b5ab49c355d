"""Replicas whose wall clock a test sets: real processes of the service with `clock_shim.c` loaded before libc."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.reliability.processes import ROOT, START_SECONDS, ask, free_port

__all__ = ["Replica", "compiled", "replica"]

SOURCE = Path(__file__).with_name("clock_shim.c")
FILE = "SHIXIAN_TEST_CLOCK_FILE"


def compiled(folder: Path) -> Path:
    """The shim as a shared object. Without a compiler the test is skipped and says so; with CI=true it fails."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or not sys.platform.startswith("linux"):
        reason = "NOT TESTED: what a replica does whose clock jumps; it needs Linux and a C compiler (apt install gcc)"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    made = folder / "clock_shim.so"
    if not made.exists():
        command = [compiler, "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(made), str(SOURCE)]
        subprocess.run(command, check=True, timeout=60)
    return made


@dataclass
class Replica:
    """One process of `shixian serve`, sweeping, and its clock."""

    port: int
    clock: Path
    process: "subprocess.Popen[bytes]"

    def set_ahead(self, seconds: int) -> None:
        """Let its wall clock jump; the number's width never changes, so no reader sees half of it."""
        with self.clock.open("r+") as file:
            file.write(f"{seconds:+012d}")

    def ask(self, path: str) -> tuple[int, Any]:
        """What it answers, and the status."""
        status, document, _ = ask(self.port, "GET", path, seconds=30)
        return status, document

    def figure(self, name: str) -> float:
        """A figure of /metrics; 0 when it has none yet."""
        text = metrics(self.port)
        lines = [line.split(" ")[-1] for line in text.splitlines() if line.startswith(f"shixian_{name} ")]
        return float(lines[0]) if lines else 0.0

    def wait_for(self, status: int, seconds: float = 90, *, check: str = "") -> Any:
        """What /readyz says once it answers with this status, and at will names this check."""
        until = time.monotonic() + seconds
        said: tuple[int, Any] = (0, None)
        while time.monotonic() < until:
            with contextlib.suppress(OSError, HTTPException):
                said = self.ask("/readyz")
                if said[0] == status and (not check or check in {one["name"] for one in said[1]["checks"]}):
                    return said[1]
            assert self.process.poll() is None, "it ended"
            time.sleep(0.2)
        raise TimeoutError(f"/readyz answers {said}, not {status}")


def metrics(port: int) -> str:
    """The figures of a process, as text."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


@contextlib.contextmanager
def replica(environment: dict[str, str], folder: Path, name: str, *, ahead: int = 0) -> Iterator[Replica]:
    """A replica while the block runs; `ahead` is how far its clock is wrong when it starts."""
    port, clock = free_port(), folder / f"{name}.clock"
    clock.write_text(f"{ahead:+012d}", encoding="ascii")
    log = (folder / f"{name}.log").open("ab")
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--port", str(port)],
        cwd=ROOT,
        env={**environment, "LD_PRELOAD": str(compiled(folder)), FILE: str(clock)},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )
    try:
        made = Replica(port, clock, process)
        until = time.monotonic() + START_SECONDS
        while True:
            assert process.poll() is None, (folder / f"{name}.log").read_text(encoding="utf-8")[-2000:]
            with contextlib.suppress(OSError, HTTPException):
                if made.ask("/healthz")[0] == 200:
                    break
            if time.monotonic() > until:
                raise TimeoutError(f"{name} did not start")
            time.sleep(0.1)
        yield made
    finally:
        process.kill()
        process.wait(30)
        log.close()
