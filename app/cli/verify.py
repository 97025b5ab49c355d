"""`shixian verify`: is history as it was recorded?"""

import asyncio
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from app.applications.verify import Verdict
from app.cli.opening import opened
from app.domain.tracking_number import Malformed, parse
from app.kit.db import Busy
from app.kit.settings import Settings, load_settings
from app.proof.verify import Asked, CopyUnreadable, read_copy, verify_all

__all__ = ["lines", "verify_history", "verify_record"]

EXIT_BROKEN = 1
EXIT_NOT_DONE = 3


def verify_history(
    application: Annotated[
        str | None, typer.Option("--application", help="Only the application of this tracking number.", metavar="NO")
    ] = None,
    since: Annotated[
        int, typer.Option("--since", help="Of the checkpoints only those after this one.", metavar="N", min=0)
    ] = 0,
    checkpoints: Annotated[
        Path | None,
        typer.Option("--checkpoints", help="The auditor's own copy of the checkpoints that were sent away."),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option("--key", help="The name of a public key that may have signed; may be given again.", metavar="ID"),
    ] = None,
    record_only: Annotated[
        bool, typer.Option("--record-only", help="Chains, heads and checkpoints, not what is derived from them.")
    ] = False,
) -> None:
    """Walk every hash chain, compare what is derived from it and what signed checkpoints cover.

    Exit 0: as it was recorded. 1: it is not, with the first finding. 3: nothing can be said.
    """
    keys = frozenset(key or ())
    try:
        number = None if application is None else parse(application)
        copy = None if checkpoints is None else read_copy(checkpoints, keys)
        asked = Asked(number, since, copy, keys, record_only)
        verdict = asyncio.run(verify_record(load_settings(), asked))
    except Malformed as malformed:
        not_done(malformed.detail, malformed)
    except CopyUnreadable as unreadable:
        not_done(str(unreadable), unreadable)
    except Busy as busy:
        not_done(f"{busy}; nothing is said of the record", busy)
    if number is not None and not verdict.applications and not verdict.broken:
        not_done("There is no such application.", None)
    for line in lines(verdict):
        typer.echo(line)
    if verdict.broken:
        raise typer.Exit(EXIT_BROKEN)


def not_done(why: str, cause: Exception | None) -> NoReturn:
    """End with the code that says neither good nor bad."""
    typer.echo(why, err=True)
    raise typer.Exit(EXIT_NOT_DONE) from cause


async def verify_record(settings: Settings, asked: Asked) -> Verdict:
    """Verify the database of the settings, counting aloud where somebody is looking."""
    columns = (TextColumn("{task.description}"), TextColumn("{task.completed:,.0f}"), TimeElapsedColumn())
    async with opened(settings) as service:
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("applications", total=None)
            return await verify_all(
                service.db, service.sealer, asked, tell=lambda count: bar.update(task, completed=count)
            )


def lines(verdict: Verdict) -> list[str]:
    """What the command prints."""
    seen = f"{verdict.applications} applications with {verdict.events} events"
    if verdict.first is None:
        return [f"{seen}: history is as it was recorded."]
    first = verdict.first
    place = first.number if first.number[0].islower() else f"application {first.number}"
    return [
        f"{seen}: {verdict.broken} broken.",
        f"First broken link: {place}, seq {first.seq}, kind {first.kind}: {first.detail}",
    ]
