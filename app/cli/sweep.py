"""`shixian sweep --once`: one sweep now, and what it flagged."""

import asyncio
from typing import Annotated, Final

import typer

from app.alarms.queries import AlarmKey
from app.alarms.sweep import Sweeper, Swept
from app.cli.opening import opened
from app.kit.now import ClockGateClosed
from app.kit.settings import Settings, load_settings
from app.main import with_logs

__all__ = ["sweep"]

NOT_ALL: Final = 1
"""Exit code when the clock was not to be trusted, or an application had to be set aside."""


def sweep(
    once: Annotated[
        bool, typer.Option("--once", help="Sweep once and end; `shixian scheduler` sweeps for ever.")
    ] = False,
) -> None:
    """Raise and withdraw the alarms that are due now, and print them. May run beside any number of sweepers."""
    if not once:
        raise typer.BadParameter("say --once; `shixian scheduler` sweeps for ever", param_hint="--once")
    raise typer.Exit(asyncio.run(sweep_once(with_logs(load_settings()))))


async def sweep_once(given: Settings) -> int:
    """One sweep; the exit code."""
    async with opened(given) as service:
        try:
            swept = await Sweeper(service).sweep()
        except ClockGateClosed as reason:
            typer.echo(f"shixian: no alarm was raised: {reason}", err=True)
            return NOT_ALL
    tell(swept)
    return NOT_ALL if swept.quarantined else 0


def tell(swept: Swept) -> None:
    """Print what a sweep flagged, a line each."""
    for word, keys in (("raised", swept.raised), ("withdrawn", swept.withdrawn)):
        for key in keys:
            typer.echo(f"{word}\t{line_of(key)}")
    for effect in swept.deemed:
        typer.echo(f"recorded\t{effect.number}\t{effect.clock}\t{effect.effect}")
    if swept.cards:
        typer.echo(f"cards\t{swept.cards}")
    for number in swept.quarantined:
        typer.echo(f"set aside\t{number}", err=True)
    typer.echo(f"{len(swept.raised)} raised, {len(swept.withdrawn)} withdrawn, {len(swept.quarantined)} set aside")


def line_of(key: AlarmKey) -> str:
    """An alarm as one line: number, clock, stage, rung."""
    rung = "overdue" if key.rung == 0 else f"rung {key.rung}"
    return "\t".join((key.number, key.clock, key.stage or "-", rung, f"revision {key.revision}"))
