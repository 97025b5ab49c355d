"""`shixian conformance`: case files against this or any other service, and what differs."""

import json
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from app.conformance.case_files import CaseFile, FileRefused, locate, published, read_file
from app.conformance.remote import NotAnswered, Remote
from app.conformance.run import BATCH, FileRun, run_file

__all__ = ["conformance"]

DIFFER: Final = 1
COULD_NOT_RUN: Final = 2


def conformance(
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Case files; or the name of a published one, or `all` of these.", metavar="FILE…"),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="The service: http://host[:port], before /api/v1/simulations.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="An API key, sent as X-API-Key.", envvar="CONFORMANCE_KEY")] = None,
    batch: Annotated[int, typer.Option(help="Cases a request.", min=1, max=1000)] = BATCH,
    timeout: Annotated[float, typer.Option(help="Seconds that one request may take.", min=0.1, max=3600)] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of lines.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="Name the published files, and ask nobody.")] = False,
) -> None:
    """Run cases against a service and print what differs. Exit 0: all agree; 1: some differ; 2: could not run."""
    if listed:
        for name, path in published().items():
            typer.echo(f"{name}\t{path}")
        return
    try:
        if not files:
            raise FileRefused("name a case file, or one of the published ones (`--list`), or `all`")
        if url is None:
            raise NotAnswered("say which service: --url http://host:port")
        chosen = [read_file(locate(name)) for name in _spelled_out(files)]
        runs = _run(chosen, Remote(url, key, timeout), batch)
    except (FileRefused, NotAnswered) as reason:
        if as_json:
            typer.echo(json.dumps({"error": str(reason)}, ensure_ascii=False))
        typer.echo(f"shixian: {reason}", err=True)
        raise typer.Exit(COULD_NOT_RUN) from reason
    if as_json:
        typer.echo(json.dumps(document(url, runs), ensure_ascii=False, indent=2))
    else:
        for line in lines(runs):
            typer.echo(line)
    if any(run.differing for run in runs):
        raise typer.Exit(DIFFER)


def _spelled_out(files: list[str]) -> list[str]:
    return [name for given in files for name in (published() if given == "all" else (given,))]


def _run(files: list[CaseFile], remote: Remote, batch: int) -> list[FileRun]:
    """All files, with a bar where somebody is looking."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        runs: list[FileRun] = []
        for file in files:
            task = bar.add_task(file.name, total=len(file.cases))
            runs.append(
                run_file(
                    file,
                    remote,
                    batch=batch,
                    tell=lambda done, total, task=task: bar.update(task, completed=done),  # type: ignore[misc]
                )
            )
        return runs


def lines(runs: list[FileRun]) -> list[str]:
    """What differs, case by case; then a line for each file, and one for all."""
    found: list[str] = []
    for run in runs:
        for one in run.differing:
            found.append(f"{run.file.name}\t{one.case.id}\t{one.case.title or ''}".rstrip("\t"))
            found += [
                f"    {field}: expected {_text(expected)}, got {_text(got)}" for field, expected, got in one.differences
            ]
            found.append(f"    source: {one.source}")
    for run in runs:
        found.append(
            f"{run.file.name}: {run.asked} cases, {run.asked - len(run.differing)} agree, {len(run.differing)} differ"
        )
    if len(runs) > 1:
        asked, differ = sum(run.asked for run in runs), sum(len(run.differing) for run in runs)
        found.append(f"in all: {asked} cases, {asked - differ} agree, {differ} differ")
    return found


def document(url: str, runs: list[FileRun]) -> dict[str, Any]:
    """The same as data."""
    asked, differ = sum(run.asked for run in runs), sum(len(run.differing) for run in runs)
    return {
        "url": url,
        "asked": asked,
        "agree": asked - differ,
        "differ": differ,
        "files": [run.document() for run in runs],
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
