"""`shixian bench`: measures the service on this machine, against floors and peers of its own."""

import os
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from app.bench import report, suite
from app.bench.machine import describe
from app.bench.measure import Result
from app.bench.postgres import NoPostgreSQL, own_server
from app.bench.trial import Plan
from app.kit.now import Now

__all__ = ["bench"]

ADDRESS: Final = "SHIXIAN_DATABASE_URL"
OFFICE_FREE: Final = frozenset(suite.NEEDS_NO_OFFICE)


def bench(
    database_url: Annotated[
        str | None,
        typer.Option(help="A PostgreSQL where databases may be made and dropped.", envvar=ADDRESS, show_envvar=True),
    ] = None,
    own_postgres: Annotated[
        bool, typer.Option("--own-postgres", help="Start a PostgreSQL for the time of the run, from what is at hand.")
    ] = False,
    size: Annotated[str, typer.Option(help="Open applications of the office; several with commas.")] = "100000",
    only: Annotated[str, typer.Option(help="Only these goals, with commas: P1,P2.")] = ",".join(suite.CODES),
    rounds: Annotated[int, typer.Option(help="Rounds, each side once in each.", min=1, max=100)] = 7,
    seconds: Annotated[float, typer.Option(help="Seconds of one side in one round.", min=0.05, max=60)] = 2.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every value of every round here.")] = None,
    table_file: Annotated[Path | None, typer.Option("--table", help="Write the table (Markdown) here, too.")] = None,
) -> None:
    """Measure the goals of the design, each side of a ratio in turns, on a database made for it and dropped again.

    Only PostgreSQL is measured; the database named is left as it is.
    """
    plan = Plan(only=codes(only), sizes=sizes(size), rounds=rounds, seconds=seconds)
    measured = Now().now().replace(microsecond=0)
    with ExitStack() as stack:
        address = None
        if not OFFICE_FREE.issuperset(plan.only):
            try:
                address = stack.enter_context(own_server()) if own_postgres else checked(database_url)
            except NoPostgreSQL as reason:
                raise typer.BadParameter(str(reason), param_hint="--own-postgres") from None
        for name in [name for name in os.environ if name.startswith("SHIXIAN_")]:
            del os.environ[name]  # what an operator set for his own service has no part in it
        machine, results = uvloop.run(run(address, plan))
    took = Now().now() - measured
    when = f"{measured.isoformat()}, {took // timedelta(seconds=1)} s in all"
    table = report.as_table(results, machine, plan, measured=when)
    typer.echo(table)
    if table_file is not None:
        table_file.write_text(table, encoding="utf-8")
    if json_file is not None:
        json_file.write_text(report.as_json(results, machine, plan, measured=when), encoding="utf-8")


async def run(address: str | None, plan: Plan) -> tuple[dict[str, str], list[Result]]:
    """The machine as it is before the run, and what was measured."""
    machine = await describe(address)
    return machine, await suite.run(address, plan, say=lambda line: typer.echo(line, err=True))


def codes(text: str) -> tuple[str, ...]:
    """The goals that are asked for."""
    asked = tuple(part.strip().upper() for part in text.split(",") if part.strip())
    if not asked or set(asked) - set(suite.CODES):
        raise typer.BadParameter(f"the goals are {', '.join(suite.CODES)}", param_hint="--only")
    return asked


def sizes(text: str) -> tuple[int, ...]:
    """The sizes that are asked for."""
    try:
        asked = tuple(int(part.strip().replace("_", "")) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter("whole numbers with commas between", param_hint="--size") from None
    if min(asked) < 1000 or max(asked) > 10_000_000:
        raise typer.BadParameter("from 1,000 to 10,000,000", param_hint="--size")
    return asked


def checked(address: str | None) -> str:
    """The address of a PostgreSQL."""
    try:
        is_postgresql = address is not None and make_url(address).get_backend_name() == "postgresql"
    except ArgumentError:
        is_postgresql = False
    if address is None or not is_postgresql:
        raise typer.BadParameter(
            "name a PostgreSQL (postgresql://user@host/name), or say --own-postgres", param_hint="--database-url"
        )
    return address
