"""`shixian checkpoint`: take one now, print one, list them, name the keys."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from app.cli.opening import opened
from app.kit.service import Service
from app.kit.settings import load_settings
from app.proof import queries
from app.proof.checkpoints import take_all, take_full
from app.proof.export import append, printed
from app.proof.queries import Stored
from app.proof.signing import signer_of

__all__ = ["commands"]

T = TypeVar("T")

commands = typer.Typer(help="Signed checkpoints of all chains.", no_args_is_help=True)

Number = Annotated[int | None, typer.Argument(help="Its number; the newest one by default.", min=1)]
NOTHING = 3


def asked(act: Callable[[Service], Awaitable[T]]) -> T:
    """What an act on the service of the settings answers."""

    async def run() -> T:
        async with opened(load_settings()) as service:
            return await act(service)

    return asyncio.run(run())


def line(record: Stored) -> str:
    """One checkpoint in a line of a list."""
    return f"{record.n}  {record.at.isoformat(timespec='seconds')}  {record.kind:7}  {record.key}  {record.hash.hex()}"


@commands.command("take")
def take(
    full: Annotated[bool, typer.Option("--full", help="Over every head, not only those that changed.")] = False,
) -> None:
    """Take a checkpoint now: nothing is taken where nothing changed since the last one."""

    async def act(service: Service) -> list[Stored]:
        taken = await take_all(service)
        if full and (whole := await take_full(service)) is not None:
            taken.append(whole)
        return taken

    taken = asked(act)
    for record in taken:
        typer.echo(line(record))
    if not taken:
        typer.echo("Nothing changed since the last checkpoint.", err=True)


@commands.command("list")
def list_checkpoints(limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 20) -> None:
    """The newest checkpoints: number, instant, kind, key, hash."""

    async def act(service: Service) -> list[Stored]:
        async with service.db.read() as tx:
            return await queries.page(tx, None, limit)

    for record in asked(act):
        typer.echo(line(record))


@commands.command("print")
def print_checkpoint(n: Number = None) -> None:
    """A checkpoint as a page to be printed, signed and kept by somebody else."""

    async def act(service: Service) -> tuple[Stored | None, str]:
        async with service.db.read() as tx:
            found = await (queries.last(tx) if n is None else queries.one(tx, n))
        return found, service.settings.time_zone

    record, zone = asked(act)
    if record is None:
        typer.echo("There is no such checkpoint.", err=True)
        raise typer.Exit(NOTHING)
    typer.echo(printed(record, zone))


@commands.command("export")
def export_checkpoints(
    file: Annotated[Path, typer.Argument(help="Lines are appended for the checkpoints that it has not got.")],
) -> None:
    """Append the checkpoints to a file of the auditor's, one line of JSON each."""

    async def act(service: Service) -> int:
        last = 0
        while True:
            async with service.db.read() as tx:
                records = await queries.records_after(tx, last, 1_000)
            if not records:
                return last
            last = append(file, records)

    typer.echo(f"{file} reaches to checkpoint {asked(act)}.")


@commands.command("key")
def key() -> None:
    """The public key that signs now: its name, and itself in 64 digits. Auditors write it down."""

    async def act(service: Service) -> str:
        signer = signer_of(service.settings, service.sealer)
        return f"{signer.id}  {signer.public_key.hex()}"

    typer.echo(asked(act))
