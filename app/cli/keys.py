"""`shixian keys create`: a new API key, shown once."""

import asyncio
from typing import Annotated

import typer

from app.access.keys import KeyOrder, NewKey, create_key
from app.access.roles import Role
from app.cli.opening import opened
from app.kit.problems import Problem
from app.kit.settings import Settings, load_settings

__all__ = ["commands"]

commands = typer.Typer(help="API keys.", no_args_is_help=True)


@commands.callback()
def group() -> None:
    """Keeps `create` a command of its own beside those to come."""


@commands.command("create")
def create(
    role: Annotated[Role, typer.Option(help="What the key is for.")],
    department: Annotated[str | None, typer.Option(help="The department's code, for clerk, reviewer and head.")] = None,
    name: Annotated[str, typer.Option(help="Who will use it, for the list of keys.")] = "made by command",
) -> None:
    """Make an API key and print it, once: it is kept as a hash. Exit 2 when role and department do not go together."""
    try:
        new = asyncio.run(make(load_settings(), KeyOrder(role=role, name=name, department=department)))
    except Problem as problem:
        typer.echo(f"shixian: {problem.detail}", err=True)
        raise typer.Exit(2) from problem
    typer.echo(new.text)


async def make(settings: Settings, order: KeyOrder) -> NewKey:
    """Make a key on the database of the settings."""
    async with opened(settings) as service, service.db.transaction() as tx:
        return await create_key(tx, order, now=service.now.now())
