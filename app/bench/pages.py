"""P3: a page of fifty of the overdue list, the first and the hundredth, read from the database each time."""

from pydantic_core import from_json

from app.access.roles import Role
from app.bench.client import Client
from app.bench.load import quantile
from app.bench.measure import Figure, Goal, Result
from app.bench.trial import Trial, new_key

__all__ = ["measure"]

PATH = "/api/v1/overdue"
HUNDREDTH = 100
A_SECOND = 150
"""Requests for each second that the plan gives."""


async def measure(trial: Trial) -> Result:
    """One client, the two pages in turns."""
    client = Client(trial, PATH, await new_key(trial, Role.SUPERVISOR))
    page, last = 1, ""
    while page < HUNDREDTH:
        cursor = from_json((await client.get(f"limit=50{last}"))[1])["next_cursor"]
        if cursor is None:
            break
        page, last = page + 1, f"&cursor={cursor}"
    count = max(20, int(A_SECOND * trial.plan.seconds))
    first: list[list[float]] = []
    later: list[list[float]] = []
    for _ in range(trial.plan.rounds):
        firsts, laters = [], []
        for _ in range(count):
            firsts.append((await client.get("limit=50"))[0])
            laters.append((await client.get(f"limit=50{last}"))[0])
        first.append(firsts)
        later.append(laters)
    named = "the hundredth page" if page == HUNDREDTH else f"page {page}, the last one,"
    p99 = Figure(name="p99, first page", unit="ms", values=tuple(quantile(each, 0.99) for each in first))
    p99_later = Figure(name=f"p99, {named}", unit="ms", values=tuple(quantile(each, 0.99) for each in later))
    median = Figure(name="median, first page", unit="ms", values=tuple(quantile(each, 0.5) for each in first))
    median_later = Figure(name=f"median, {named}", unit="ms", values=tuple(quantile(each, 0.5) for each in later))
    against = Figure(
        name=f"{named} against the first",
        unit="%",
        values=tuple(100 * b / a for a, b in zip(median.values, median_later.values, strict=True)),
    )
    return Result(
        code="P3",
        what="overdue page of 50",
        size=trial.office.size,
        figures=(p99, p99_later, median, median_later, against),
        goals=(
            Goal(p99.name, "at most", 15),
            Goal(p99_later.name, "at most", 15),
            Goal(against.name, "at most", 120),
        ),
        notes=(
            (
                f"One client in the server's own process, `Cache-Control: no-cache`, {count} of each page a round; the "
                "whole way from the middleware to the last byte, without the network."
            ),
        ),
    )
