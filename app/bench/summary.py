"""P4: the summary of the running clocks by department, read from the database each time, and shared by who polls."""

from typing import Final

from app.access.roles import Role
from app.bench.client import Client
from app.bench.load import quantile
from app.bench.measure import Figure, Goal, Result
from app.bench.trial import Trial, new_key

__all__ = ["measure"]

PATH: Final = "/api/v1/overdue/summary"
QUERY: Final = "by=department"
A_SECOND: Final = 10
"""Requests for each second that the plan gives; of shared answers a hundred times as many."""


async def measure(trial: Trial) -> Result:
    """One client, fresh answers and shared ones in turns."""
    key = await new_key(trial, Role.SUPERVISOR)
    fresh, shared = Client(trial, PATH, key), Client(trial, PATH, key, fresh=False)
    count = max(5, int(A_SECOND * trial.plan.seconds))
    for client in (fresh, shared):
        await client.get(QUERY)
    read: list[float] = []
    kept: list[float] = []
    for _ in range(trial.plan.rounds):
        read.append(quantile([(await fresh.get(QUERY))[0] for _ in range(count)], 0.5))
        await shared.get(QUERY)
        kept.append(quantile([(await shared.get(QUERY))[0] for _ in range(100 * count)], 0.5))
    figures = (Figure(name="read", unit="ms", values=tuple(read)), Figure(name="shared", unit="ms", values=tuple(kept)))
    return Result(
        code="P4",
        what="summary by department",
        size=trial.office.size,
        figures=figures,
        goals=(Goal("read", "at most", 60), Goal("shared", "at most", 1)),
        notes=(
            (
                f"One client in the server's own process; {count} answers read from the database a round "
                f"(`Cache-Control: no-cache`), {100 * count} that the process kept from one that asked before. Medians."
            ),
        ),
    )
