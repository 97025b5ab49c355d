"""`shixian verify`: is history as it was recorded?"""

import asyncio
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from app.applications.verify import Verdict
from app.cli.opening import opened
from app.domain.chain import Sm3Missing
from app.domain.tracking_number import Malformed, parse
from app.kit.db import Busy
from app.kit.settings import Settings, load_settings
from app.proof.shared import verify_shared
from app.proof.verify import Asked, CopyUnreadable, is_order, read_copy, verify_all

__all__ = ["lines", "verify_history", "verify_record"]

EXIT_BROKEN = 1
EXIT_NOT_DONE = 3
ORDER_SYMBOLS = 15
"""Of an order's number without its dashes: the `D`, twelve symbols and two check characters."""


def verify_history(
    application: Annotated[
        str | None,
        typer.Option("--application", help="Only the application of this number, or the order (`D-…`).", metavar="NO"),
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
    jobs: Annotated[
        int, typer.Option("--jobs", help="Processes that share the applications.", metavar="N", min=1, max=64)
    ] = 1,
) -> None:
    """Walk every hash chain, compare what is derived from it and what signed checkpoints cover.

    Exit 0: as it was recorded. 1: it is not, with the first finding. 3: nothing can be said.
    """
    keys = frozenset(key or ())
    try:
        number = None if application is None else number_of(application)
        copy = None if checkpoints is None else read_copy(checkpoints, keys)
        asked = Asked(number, since, copy, keys, record_only)
        verdict = asyncio.run(verify_record(load_settings(), asked, jobs))
    except Malformed as malformed:
        not_done(malformed.detail, malformed)
    except CopyUnreadable as unreadable:
        not_done(str(unreadable), unreadable)
    except Sm3Missing as missing:
        not_done(f"{missing}; nothing is said of what was chained with it", missing)
    except Busy as busy:
        not_done(f"{busy}; nothing is said of the record", busy)
    if number is not None and not verdict.applications and not verdict.orders and not verdict.broken:
        not_done("There is no such application or order.", None)
    for line in lines(verdict):
        typer.echo(line)
    if verdict.broken:
        raise typer.Exit(EXIT_BROKEN)


def not_done(why: str, cause: Exception | None) -> NoReturn:
    """End with the code that says neither good nor bad."""
    typer.echo(why, err=True)
    raise typer.Exit(EXIT_NOT_DONE) from cause


def number_of(text: str) -> str:
    """The number of an application or, led by `D-`, of an order, in its printed form."""
    stripped = text.strip().upper()
    if stripped.startswith("D") and (stripped[1:2] == "-" or len(stripped.replace("-", "")) == ORDER_SYMBOLS):
        return "D-" + parse(stripped[1:].lstrip("-"))
    return parse(text)


async def verify_record(settings: Settings, asked: Asked, jobs: int = 1) -> Verdict:
    """Verify the database of the settings, counting aloud where somebody is looking."""
    columns = (TextColumn("{task.description}"), TextColumn("{task.completed:,.0f}"), TimeElapsedColumn())
    async with opened(settings) as service:
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("applications", total=None)

            def tell(count: int) -> None:
                bar.update(task, completed=count)

            if jobs == 1 or asked.number is not None:
                return await verify_all(service.db, service.sealer, asked, tell=tell)
            return await verify_shared(settings, service.db, service.sealer, asked, jobs=jobs, tell=tell)


def lines(verdict: Verdict) -> list[str]:
    """What the command prints."""
    seen = (
        f"{verdict.applications} applications with {verdict.events} events, {verdict.orders} orders with "
        f"{verdict.order_events} steps, {verdict.rules} rules, {verdict.checkpoints} checkpoints"
    )
    if verdict.first is None:
        return [f"{seen}: history is as it was recorded."]
    first = verdict.first
    place = first.number if first.number[:1].islower() else f"application {first.number}"
    if is_order(first.number):
        place = f"order {first.number}"
    cut = " or more; the rest was not looked at" if verdict.is_cut_short else ""
    return [
        f"{seen}: {verdict.broken} broken{cut}.",
        f"First broken link: {place}, seq {first.seq}, kind {first.kind}: {first.detail}",
    ]
