"""`shixian verify`: is history as it was recorded?"""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from app.applications.verify import Verdict, verify
from app.cli.opening import opened
from app.domain.tracking_number import Malformed, parse
from app.kit.db import Busy
from app.kit.settings import Settings, load_settings

__all__ = ["lines", "verify_history", "verify_record"]

EXIT_BROKEN = 1
EXIT_NOT_DONE = 2


def verify_history(
    application: Annotated[
        str | None, typer.Option("--application", help="Only the application of this tracking number.", metavar="NO")
    ] = None,
) -> None:
    """Walk every hash chain, and compare what is derived from it. Exit 1 and the first broken link if one is."""
    try:
        number = None if application is None else parse(application)
    except Malformed as malformed:
        typer.echo(malformed.detail, err=True)
        raise typer.Exit(EXIT_NOT_DONE) from malformed
    try:
        verdict = asyncio.run(verify_record(load_settings(), number))
    except Busy as busy:
        typer.echo(f"{busy}; nothing is said of the record", err=True)
        raise typer.Exit(EXIT_NOT_DONE) from busy
    if number is not None and not verdict.applications and not verdict.broken:
        typer.echo("There is no such application.", err=True)
        raise typer.Exit(EXIT_NOT_DONE)
    for line in lines(verdict):
        typer.echo(line)
    if verdict.broken:
        raise typer.Exit(EXIT_BROKEN)


async def verify_record(settings: Settings, number: str | None) -> Verdict:
    """Verify the database of the settings, counting aloud where somebody is looking."""
    columns = (TextColumn("{task.description}"), TextColumn("{task.completed:,.0f}"), TimeElapsedColumn())
    async with opened(settings) as service:
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("applications", total=None)
            return await verify(
                service.db, service.sealer, number=number, tell=lambda count: bar.update(task, completed=count)
            )


def lines(verdict: Verdict) -> list[str]:
    """What the command prints."""
    seen = f"{verdict.applications} applications with {verdict.events} events"
    if verdict.first is None:
        return [f"{seen}: history is as it was recorded."]
    first = verdict.first
    return [
        f"{seen}: {verdict.broken} broken.",
        f"First broken link: application {first.number}, seq {first.seq}, kind {first.kind}: {first.detail}",
    ]
