"""Runs what is asked of the suite: an office of each size on a database of its own, and each goal on it."""

import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
from pydantic import SecretStr
from sqlalchemy import make_url

from app.applications.queries import newest_record
from app.bench import (
    calendar_change,
    look_up,
    outage,
    pages,
    poll,
    step,
    summary,
    sweep,
    verify_record,
    whole_applications,
    working_days,
)
from app.bench.measure import Result
from app.bench.office import open_office
from app.bench.trial import Plan, Trial
from app.kit import migrations
from app.kit.service import open_service
from app.kit.settings import Settings

__all__ = ["CODES", "run"]

NEEDS_NO_OFFICE: Final[dict[str, Callable[[Plan], Result]]] = {
    "P8": working_days.measure,
    "P9": whole_applications.measure,
}
AT_EVERY_SIZE: Final = ("P3", "P4", "P6", "P12")
AT_LARGEST_SIZE: Final = ("P1", "P2", "P5")
AFTERWARDS: Final = ("P10", "P7")
"""At the largest size, too, on an office of their own: the bare side of P5 writes rows that no history would give."""
CODES: Final = ("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P12")

Say = Callable[[str], None]


async def run(address: str | None, plan: Plan, *, say: Say = lambda line: None) -> list[Result]:
    """Measure what the plan asks, in the order of the goals. `address`: a PostgreSQL where databases may be made."""
    results = [measure(plan) for code, measure in NEEDS_NO_OFFICE.items() if code in plan.only]
    if any(code in plan.only for code in (*AT_EVERY_SIZE, *AT_LARGEST_SIZE, *AFTERWARDS)):
        if address is None:
            raise ValueError("these goals need a database")
        for size in sorted(plan.sizes):
            codes = AT_EVERY_SIZE if size != max(plan.sizes) else (*AT_EVERY_SIZE, *AT_LARGEST_SIZE)
            wanted = [code for code in codes if code in plan.only]
            if wanted:
                results += await on_an_office(address, size, plan, wanted, say)
        if wanted := [code for code in AFTERWARDS if code in plan.only]:
            results += await on_an_office(address, max(plan.sizes), plan, wanted, say)
    for result in results:
        say(f"{result.code}: {', '.join(f'{each.name} {each.median:,.4g} {each.unit}' for each in result.figures)}")
    return sorted(results, key=lambda result: (int(result.code[1:]), result.size or 0))


async def on_an_office(address: str, size: int, plan: Plan, codes: Sequence[str], say: Say) -> list[Result]:
    """These goals on an office of a size; the pages first, for steps change it."""
    results: list[Result] = []
    async with trial(address, size, plan, say) as one:
        for code in codes:
            say(f"{code} on {size:,} applications")
            if code == "P1":
                results.append(look_up.measure(one))
            elif code == "P2":
                results.append(await poll.measure(one))
            elif code == "P3":
                results.append(await pages.measure(one))
            elif code == "P5":
                results.append(await step.measure(one))
            elif code == "P4":
                results.append(await summary.measure(one))
            elif code == "P7":
                results.append(await outage.measure(one))
            elif code == "P10":
                results.append(await calendar_change.measure(one))
            elif code == "P12":
                results.append(await verify_record.measure(one))
            else:
                results.append(await sweep.measure(one))
    return results


@asynccontextmanager
async def trial(address: str, size: int, plan: Plan, say: Say) -> AsyncIterator[Trial]:
    """An office of a size on a database of its own, dropped at the end."""
    name = f"shixian_bench_{os.getpid()}_{size}"
    url = make_url(address).set(drivername="postgresql")
    admin = url.render_as_string(hide_password=False)
    mine = url.set(database=name).render_as_string(hide_password=False)
    await execute(admin, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"')
    try:
        await migrations.upgrade(mine)
        settings = Settings(
            _env_file=None,
            mode="production",
            database_url=mine,
            secret_key=SecretStr(secrets.token_hex(32)),
            pool_size=32,
            lookup_limit_per_minute=1_000_000,
            lookup_limit_total_per_minute=100_000_000,
        )
        service = await open_service(settings, last_record=newest_record)
        try:
            begun = time.perf_counter()
            office = await open_office(service, mine, size)
            say(f"an office of {size:,} open applications, {office.overdue:,} of them overdue, made in "
                f"{time.perf_counter() - begun:.0f} s")  # fmt: skip
            yield Trial(plan=plan, settings=settings, service=service, address=mine, office=office)
        finally:
            await service.close()
    finally:
        await execute(admin, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def execute(address: str, *statements: str) -> None:
    """Run statements outside a transaction."""
    connection = await asyncpg.connect(address)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
