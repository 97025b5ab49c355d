"""`shixian clock accept`: an operator vouches for the machine's clock after a correction that looked like a jump."""

import asyncio
from datetime import datetime
from typing import Annotated, NamedTuple

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit, rulebook
from app.cli.opening import opened
from app.domain import chain
from app.domain.chain import Json
from app.kit.settings import Settings, load_settings

__all__ = ["commands", "link_acceptance"]

commands = typer.Typer(help="The clock that alarms are judged by.", no_args_is_help=True)


class Operator(NamedTuple):
    """Who gave the command, for the audit trail."""

    credential: str
    role: str
    request_id: str | None


@commands.callback()
def group() -> None:
    """Keeps `accept` a command of its own beside those to come."""


@commands.command("accept")
def accept(
    by: Annotated[
        str, typer.Option("--by", help="The operator who vouches, as staff name or number; kept in the audit trail.")
    ],
) -> None:
    """Take the clocks of this machine as right. Sweeps whose gate a jump had closed go on after three good ticks."""
    now = asyncio.run(accept_clock(load_settings(), by))
    typer.echo(f"The clock is accepted as {now}.")


async def accept_clock(settings: Settings, by: str) -> str:
    """Store the present readings as the ones to compare with, and who said so."""
    async with opened(settings) as service, service.db.transaction() as tx:
        await service.gate.accept(tx)
        now = service.now.now()
        await link_acceptance(tx, by, now=now)
        await audit.record(tx, Operator("command:clock", "operator", None), "accept_clock", by, at=now)
    return now.isoformat()


async def link_acceptance(tx: AsyncConnection, by: str, *, now: datetime) -> None:
    """That somebody overrode the gate is part of the chain of the rules."""
    said: dict[str, Json] = {"wall": chain.stamp(now)}
    await rulebook.link_act(tx, "clock_accepted", by, said, now=now)
