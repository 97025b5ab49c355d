"""On what it was measured: without it no figure means anything."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import asyncpg

__all__ = ["describe"]

PACKAGES = ("fastapi", "uvicorn", "uvloop", "sqlalchemy", "asyncpg", "pydantic")
SETTINGS = ("server_version", "fsync", "synchronous_commit", "shared_buffers", "max_wal_size")


async def describe(address: str | None) -> dict[str, str]:
    """Processor, cores, memory, load at the start, versions, and the database with what it promises."""
    told = {
        "processor": processor(),
        "cores": f"{len(os.sched_getaffinity(0))}, shared by server, load and PostgreSQL",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "load at the start": ", ".join(f"{load:.1f}" for load in os.getloadavg()) + " (1, 5, 15 minutes)",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": ", ".join(f"{package} {version(package)}" for package in PACKAGES),
    }
    if address is not None:
        connection = await asyncpg.connect(address)
        try:
            shown = {name: await connection.fetchval(f"SHOW {name}") for name in SETTINGS}
        finally:
            await connection.close()
        told["postgresql"] = f"{shown.pop('server_version')}, " + ", ".join(
            f"{name} {value}" for name, value in shown.items()
        )
    return told


def processor() -> str:
    """The name of the processor, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
