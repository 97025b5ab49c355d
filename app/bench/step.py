"""P5: a step recorded over HTTP, against the statements that it sends, sent by the driver alone."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, Final

import asyncpg

from app.access.roles import Role
from app.bench.load import Order, offer
from app.bench.measure import Figure, Goal, Result, ratio, turned
from app.bench.office import ROOT
from app.bench.servers import request_text, serving
from app.bench.step_statements import Sent, captured, with_fresh
from app.bench.trial import PRODUCT, Trial, new_key

__all__ = ["measure"]

PATH: Final = "/api/v1/applications/{}/steps"
STEP: Final = json.dumps({"type": "accept"})
A_ROUND: Final = 480
"""Steps a round and side, where so many wait."""
WARM: Final = 64

_key = count(1)


async def measure(trial: Trial) -> Result:
    """`accept`, which starts two clocks, on applications that wait for it; each application once, on one side."""
    plan = trial.plan
    key = await new_key(trial, Role.CLERK, ROOT)
    stock = list(trial.office.waiting)
    warm = min(WARM, len(stock) // 8)
    size = min(A_ROUND, (len(stock) - 2 * warm - 2) // (2 * plan.rounds))
    if size < 1:
        raise RuntimeError("too few applications wait for a step: take a larger office")
    one, two = stock.pop(), stock.pop()
    statements = await captured(trial.service, key, PATH, STEP, [one, two])
    example = two
    product: list[float] = []
    bare: list[float] = []
    with serving(PRODUCT, trial.environment) as served:
        async with connections_to(trial.address, plan.connections) as free:

            async def over_http(numbers: Sequence[str]) -> float:
                return ask_all(served.port, key, numbers, plan.connections)

            async def by_driver(numbers: Sequence[str]) -> float:
                return await send_all(free, statements, example, numbers)

            sides = {"product": over_http, "bare": by_driver}
            taken = {"product": product, "bare": bare}
            for side in sides.values():
                await side([stock.pop() for _ in range(warm)])
            for number in range(plan.rounds):
                for name in turned(list(sides), number):
                    taken[name].append(await sides[name]([stock.pop() for _ in range(size)]))
            settings = [f"{name} {await free[0].fetchval(f'SHOW {name}')}" for name in ("fsync", "synchronous_commit")]
    share = ratio("share of the bare statements", product, bare)
    texts = [sent.sql for sent in statements]
    return Result(
        code="P5",
        what="recording a step",
        size=trial.office.size,
        figures=(
            share,
            Figure(name="steps over HTTP", unit="/s", values=tuple(product)),
            Figure(name="bare", unit="/s", values=tuple(bare)),
        ),
        goals=(Goal(share.name, "at least", 50),),
        notes=(
            (
                f"`accept` with an `Idempotency-Key`, by a clerk whose department holds the case; {size} steps a round "
                f"and side on {plan.connections} connections; {', '.join(settings)}. The bare side sends the "
                f"{len(texts)} statements that the product was seen to send, BEGIN and COMMIT among them, with fresh "
                "numbers: no HTTP, validation, law, hashes or seals."
            ),
        ),
        details={"statements": texts},
    )


def ask_all(port: int, key: str, numbers: Sequence[str], connections: int) -> float:
    """Steps a second over HTTP."""
    requests = [
        request_text("POST", PATH.format(number), {"X-API-Key": key, "Idempotency-Key": f"bench-{next(_key)}"}, STEP)
        for number in numbers
    ]
    tally = offer(Order(port=port, requests=requests, connections=connections, once=True))
    if set(tally.statuses) - {"201"} or tally.answered != len(numbers):
        raise RuntimeError(f"steps were answered with {tally.statuses}")
    return tally.rate


async def send_all(
    free: Sequence[Any], statements: Sequence[Sent], example: str, numbers: Sequence[str]
) -> float:  # asyncpg has no types
    """Steps a second by the driver alone: the statements for each number, in one transaction each."""
    prepared = [with_fresh(statements, example, number) for number in numbers]

    async def work(connection: Any, mine: list[list[Sent]]) -> None:
        for unit in mine:
            for sent in unit:
                if sent.many:
                    await connection.executemany(sent.sql, sent.arguments)
                elif sent.arguments:
                    await connection.fetch(sent.sql, *sent.arguments)
                else:
                    await connection.execute(sent.sql)

    begun = time.perf_counter()
    await asyncio.gather(*(work(one, prepared[place :: len(free)]) for place, one in enumerate(free)))
    return len(numbers) / (time.perf_counter() - begun)


@asynccontextmanager
async def connections_to(address: str, number: int) -> AsyncIterator[list[Any]]:  # asyncpg has no types
    """So many connections of the driver, set as those of the product."""
    opened: list[Any] = []
    try:
        while len(opened) < number:
            opened.append(await asyncpg.connect(address, server_settings={"jit": "off", "timezone": "UTC"}))
        yield opened
    finally:
        for connection in opened:
            await connection.close()
