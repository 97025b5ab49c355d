"""P12: `shixian verify` over a whole office, as an operator runs it: the time a million events take, and the memory."""

import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

from app.bench.measure import Figure, Goal, Result
from app.bench.trial import Trial
from app.proof.checkpoints import take_all, take_full

__all__ = ["measure"]

MILLION: Final = 1_000_000
MOST_DERIVED: Final = 100_000
"""Applications of an office up to which what is derived is verified, too: each is reckoned anew."""
COUNTED: Final = re.compile(r"(\d+) applications with (\d+) events")
HELD: Final = re.compile(r"VmHWM:\s+(\d+) kB")
LOOK: Final = 0.05
MEBIBYTE: Final = 1024


class Run(NamedTuple):
    """One run of the command in a process of its own."""

    wall: float
    processor: float
    memory: float
    """The most that its process ever held, in MiB."""
    applications: int
    events: int


async def measure(trial: Trial) -> Result:
    """Cover the office by checkpoints, then verify it again and again; once with all that is derived."""
    begun = time.perf_counter()
    taken = await take_all(trial.service)
    await take_full(trial.service)
    covered = time.perf_counter() - begun
    alone = [run(trial, "--record-only") for _ in range(trial.plan.rounds)]
    shared = [run(trial, "--record-only", "--jobs", "2") for _ in range(trial.plan.rounds)]
    whole = [run(trial)] if trial.office.size <= MOST_DERIVED else []
    share = MILLION / alone[0].events
    wall = Figure(name="a million events", unit="s", values=tuple(one.wall * share for one in alone))
    memory = Figure(name="memory", unit="MiB", values=tuple(one.memory for one in alone))
    return Result(
        code="P12",
        what="verify chains, heads, checkpoints",
        size=trial.office.size,
        figures=(
            wall,
            Figure(name="processor", unit="s", values=tuple(one.processor * share for one in alone)),
            memory,
            Figure(name="with --jobs 2", unit="s", values=tuple(one.wall * share for one in shared)),
            *(Figure(name="with what is derived", unit="s", values=(one.wall * share,)) for one in whole),
            *(Figure(name="memory of that", unit="MiB", values=(one.memory,)) for one in whole),
        ),
        goals=(Goal(wall.name, "at most", 20), Goal(memory.name, "at most", 200)),
        notes=(
            (
                f"`shixian verify --record-only` in a process of its own, start included, over {alone[0].events:,} "
                f"events of {alone[0].applications:,} applications under {len(taken) + 1} checkpoints (taken in "
                f"{covered:.1f} s); seconds are scaled to a million events. The processor time is that of the command, "
                "not of PostgreSQL."
            ),
        ),
    )


def run(trial: Trial, *options: str) -> Run:
    """The command, its time and its memory; raises where it finds anything."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHIXIAN_")}
    begun = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603  this interpreter, this program
        [sys.executable, "-m", "app", "verify", *options],
        env=kept | trial.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None  # noqa: S101
    memory = 0.0
    while not (ready := select.select([process.stdout], [], [], LOOK)[0]):
        memory = max(memory, held_by(process.pid))
    said = process.stdout.read() if ready else ""
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    counted = COUNTED.search(said)
    if process.returncode != 0 or counted is None:
        raise RuntimeError(f"verify ended with {process.returncode}: {said}")
    applications, events = (int(one) for one in counted.groups())
    return Run(wall, used.ru_utime + used.ru_stime, memory, applications, events)


def held_by(process: int) -> float:
    """The most memory that a process has held so far, in MiB; `wait4` would count its parent's before the start."""
    try:
        said = HELD.search(Path(f"/proc/{process}/status").read_text(encoding="ascii"))
    except OSError:
        return 0.0
    return int(said[1]) / MEBIBYTE if said is not None else 0.0
