"""P6: a sweep that finds nothing due, however many applications are open."""

import time

from app.alarms.sweep import Sweeper
from app.bench.load import quantile
from app.bench.measure import Figure, Goal, Result
from app.bench.trial import Trial

__all__ = ["measure"]

A_SECOND = 50
"""Sweeps for each second that the plan gives."""


async def measure(trial: Trial) -> Result:
    """Sweep after sweep."""
    sweeper = Sweeper(trial.service)
    warm = [await sweeper.sweep() for _ in range(3)]
    count = max(10, int(A_SECOND * trial.plan.seconds))
    rounds: list[list[float]] = []
    for _ in range(trial.plan.rounds):
        taken = []
        for _ in range(count):
            begun = time.perf_counter()
            swept = await sweeper.sweep()
            taken.append((time.perf_counter() - begun) * 1000)
            if swept.raised or swept.withdrawn or swept.quarantined:
                raise RuntimeError("something fell due meanwhile, as it does when a day begins: measure again")
        rounds.append(taken)
    median = Figure(name="sweep", unit="ms", values=tuple(quantile(each, 0.5) for each in rounds))
    return Result(
        code="P6",
        what="sweep, nothing due",
        size=trial.office.size,
        figures=(median, Figure(name="p99", unit="ms", values=tuple(quantile(each, 0.99) for each in rounds))),
        goals=(Goal(median.name, "at most", 5),),
        notes=(
            (
                f"{count} sweeps a round, each with the check of the clock and with the committed row that says it has "
                f"ended (the first {len(warm)} of the process not counted)."
            ),
        ),
    )
