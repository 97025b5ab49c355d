"""`shixian channels load`: who of the people is told, from a file."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from app.access.keys import COMMAND
from app.cli.opening import opened
from app.kit.settings import Settings, load_settings
from app.outbox.channels import ChannelsRefused, load, read_channels
from app.outbox.targets import targets_of

__all__ = ["commands", "load_file"]

commands = typer.Typer(help="Mailboxes, gateways of text messages, robots of chats.", no_args_is_help=True)


@commands.callback()
def group() -> None:
    """Keeps `load` a command of its own beside those to come."""


@commands.command("load")
def load_channels(file: Annotated[Path, typer.Argument(help="The YAML file.")]) -> None:
    """Check a file of channels and let exactly these be told. Exit 2 when something is wrong; then nothing changes."""
    try:
        loaded, ended = asyncio.run(load_file(load_settings(), file.read_text(encoding="utf-8")))
    except (ChannelsRefused, OSError, UnicodeDecodeError) as refused:
        typer.echo(f"shixian: {file}: {refused}", err=True)
        raise typer.Exit(2) from refused
    typer.echo(f"{loaded} channels are told, {ended} no more.")


async def load_file(settings: Settings, text: str) -> tuple[int, int]:
    """Load the text of a file into the database of the settings."""
    file = read_channels(text, targets_of(settings))
    async with opened(settings) as service, service.db.transaction() as tx:
        return await load(tx, file, sealer=service.sealer, by=COMMAND, now=service.now.now())
