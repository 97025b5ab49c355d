"""`shixian import`: bulk import with a progress bar and a report of every refused row."""

import asyncio
import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli import calendars
from app.cli.opening import opened
from app.imports.applications_csv import Files, import_applications
from app.imports.csv_rows import FileRefused
from app.imports.mapping import MappingRefused, read_mapping
from app.imports.report import ImportReport
from app.kit.db import Busy
from app.kit.settings import Settings, load_settings

__all__ = ["commands", "import_folder"]

commands = typer.Typer(help="Bulk import. Importing the same file twice changes nothing.", no_args_is_help=True)

EXIT_REFUSED_ROWS = 1
EXIT_REFUSED_FILE = 2


class Format(StrEnum):
    """The formats of application files."""

    CSV = "csv"


@commands.callback()
def group() -> None:
    """Keeps `applications` a command of its own beside those to come."""


@commands.command("applications")
def applications(
    folder: Annotated[Path, typer.Argument(help="The folder with applications.csv and steps.csv.", metavar="DIR")],
    format_: Annotated[Format, typer.Option("--format", help="The format of the files.")] = Format.CSV,
    mapping: Annotated[Path | None, typer.Option(help="A YAML file: which step type or stage an activity is.")] = None,
    create_missing: Annotated[
        bool, typer.Option("--create-missing", help="Make items and departments that are not known, without clocks.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Write the report as JSON to this file, too.")] = None,
) -> None:
    """Import applications and their steps. Exit 0: all taken; 1: rows were refused; 2: a file cannot be read."""
    try:
        files = Files(folder, read_mapping(mapping), create_missing)
        done = asyncio.run(import_folder(load_settings(), files))
    except (FileRefused, MappingRefused) as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(EXIT_REFUSED_FILE) from refused
    except Busy as busy:
        typer.echo(f"{busy}; run the same command again: it goes on with what is missing", err=True)
        raise typer.Exit(EXIT_REFUSED_FILE) from busy
    for line in done.lines():
        typer.echo(line)
    if report is not None:
        report.write_text(json.dumps(done.document(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if done.refused:
        raise typer.Exit(EXIT_REFUSED_ROWS)


commands.command("calendar")(calendars.calendar)


async def import_folder(settings: Settings, files: Files) -> ImportReport:
    """Import a folder into the database of the settings, with a progress bar where somebody is looking."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    async with opened(settings) as service:
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("applications", total=None)
            return await import_applications(
                service, files, progress=lambda done, total: bar.update(task, completed=done, total=total)
            )
