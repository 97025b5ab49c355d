"""`shixian serve`, `scheduler`, `migrate`, `settings`, `openapi`: what an operator starts and asks."""

import asyncio
import json
import os
import signal
from collections.abc import Iterable
from typing import Annotated

import typer
import uvicorn

from app import scheduler
from app.cli.opening import bring_up, opened, require_head
from app.kit.settings import Settings, SettingsError, describe_settings, load_settings
from app.main import application, application_alone, create_app, with_logs
from app.operations.selfcheck import Finding, examine

__all__ = ["migrate", "openapi", "run_scheduler", "serve", "settings"]


def serve(
    host: Annotated[str | None, typer.Option(help="Address to serve on, instead of SHIXIAN_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port, instead of SHIXIAN_PORT.", min=0, max=65535)] = None,
    workers: Annotated[int, typer.Option(help="Processes that answer; above 1 on PostgreSQL only.", min=1, max=64)] = 1,
    no_migrate: Annotated[
        bool, typer.Option("--no-migrate", help="Refuse to start when the schema is behind, instead of migrating.")
    ] = False,
    no_scheduler: Annotated[
        bool, typer.Option("--no-scheduler", help="Leave the sweep to `shixian scheduler` or another process.")
    ] = False,
) -> None:
    """Bring the schema up, then answer requests and sweep."""
    for name, value in (("SHIXIAN_HOST", host), ("SHIXIAN_PORT", port)):
        if value is not None:
            os.environ[name] = str(value)  # the workers read their settings themselves
    given = with_logs(load_settings())
    if workers > 1 and given.embedded:
        raise SettingsError("--workers above 1 needs PostgreSQL: a SQLite file is served by one process")
    asyncio.run(prepare(given, may_migrate=not no_migrate))
    answer = application_alone if no_scheduler else application
    name = f"{answer.__module__}:{answer.__qualname__}"
    uvicorn.run(
        name,
        factory=True,
        host=given.host,
        port=given.port,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        timeout_worker_healthcheck=60,  # a worker on a busy machine needs more than uvicorn's 5 s to come up
    )


async def prepare(given: Settings, *, may_migrate: bool) -> None:
    """Bring the schema up, or require it; then refuse the start when something makes a promise untrue."""
    if may_migrate:
        await bring_up(given)
    async with opened(given) as service:
        tell(await examine(service))


def tell(found: Iterable[Finding]) -> None:
    """Print what the self-check found; raise `SettingsError` when it refuses the start."""
    refusing = []
    for finding in found:
        if finding.refuses:
            refusing.append(finding.detail)
        else:
            typer.echo(f"shixian: warning: {finding.detail}", err=True)
    if refusing:
        raise SettingsError("; ".join(refusing))


def run_scheduler() -> None:
    """Sweep, and answer no requests. Any number may run beside each other and beside `serve`."""
    raise typer.Exit(asyncio.run(tick_until_told(with_logs(load_settings()))))


async def tick_until_told(given: Settings) -> int:
    """Tick until SIGTERM or SIGINT; the exit code."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with opened(given) as service:
        tell(await examine(service))
        return await scheduler.run(service, stop)


def migrate(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail when the schema is behind.")] = False,
) -> None:
    """Bring the schema up to this version. Several may run at once; the first one migrates."""
    given = load_settings()
    if check:
        asyncio.run(require_head(given))
        typer.echo("The schema is up to date.")
        return
    typer.echo(f"The schema stands at {asyncio.run(bring_up(given))}.")


def settings() -> None:
    """Print every setting with its present value and its meaning; secrets stay hidden."""
    for line in describe_settings(load_settings()):
        typer.echo(f"{line.name}={line.value}")
        typer.echo(f"    {line.meaning}")


def openapi() -> None:
    """Print the OpenAPI document."""
    typer.echo(document())


def document() -> str:
    """The OpenAPI document as it is committed; needs no database and no settings of the machine."""
    described = create_app(Settings(_env_file=None, mode="test", database_url="sqlite:///var/none.db")).openapi()
    return json.dumps(described, ensure_ascii=False, indent=2, sort_keys=True)
