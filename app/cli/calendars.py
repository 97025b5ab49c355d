"""`shixian import calendar`: an edition from a file, judged as the route judges it, approved by a second person."""

import asyncio
import getpass
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from app.calendar_changes.change import add_edition
from app.calendars.editions import read_edition
from app.calendars.files import FileRefused, read_edition_file
from app.calendars.publish import known_already, plan_edition
from app.calendars.schemas import EditionIn
from app.calendars.stored import picture
from app.cli.opening import opened
from app.domain.calendar import Calendar
from app.domain.refusal import Refusal
from app.kit.db import Busy
from app.kit.problems import Problem
from app.kit.reading import Body
from app.kit.settings import Settings, load_settings

__all__ = ["Stated", "calendar", "import_calendar"]

EXIT_REFUSED = 2
WORDS = {True: "worked", False: "off", None: "unknown"}


@dataclass(frozen=True, slots=True)
class Stated:
    """What the command line says beside the file, or instead of it."""

    calendar: str
    approver: str
    caller: str
    fields: dict[str, Any]  # the fields of an edition, as JSON
    year: int | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """Who runs the command, as the trail knows them."""

    name: str
    role: str = "command"
    request_id: str | None = None

    @property
    def credential(self) -> str:
        """What the trail calls them."""
        return f"command:{self.name}"


def calendar(
    file: Annotated[Path, typer.Argument(help="JSON of ours, of holiday-cn or of chinese-days; ICS; CSV.")],
    approver: Annotated[str, typer.Option(help="Who approved it: another person than who runs this.")],
    code: Annotated[str, typer.Option("--calendar", help="The code of the calendar.")] = "CN",
    document: Annotated[
        str | None, typer.Option(help="The number of the notice, where the file does not say it.")
    ] = None,
    published_at: Annotated[str | None, typer.Option(help="When it was made public: a date or an instant.")] = None,
    published_to: Annotated[str | None, typer.Option(help="The last day that it covers.")] = None,
    supersedes: Annotated[int | None, typer.Option(help="The number of the edition whose days it drops.")] = None,
    layer_of: Annotated[str | None, typer.Option(help="What a new calendar lies over.")] = None,
    year: Annotated[int | None, typer.Option(help="The year, where the file holds several.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Store nothing; say which days would change.")] = False,
) -> None:
    """Import an edition of a calendar. Exit 0: taken, or known already; 2: refused, and nothing changed."""
    given: dict[str, Any] = {
        "document": document,
        "published_at": published_at,
        "published_to": published_to,
        "supersedes": supersedes,
        "layer_of": layer_of,
    }
    fields = {name: value for name, value in given.items() if value is not None}
    stated = Stated(code, approver, getpass.getuser(), fields, year, dry_run)
    try:
        for line in asyncio.run(import_calendar(load_settings(), file, stated)):
            typer.echo(line)
    except (FileRefused, Refusal, Problem, Busy) as refused:
        typer.echo(_why(refused), err=True)
        raise typer.Exit(EXIT_REFUSED) from refused


def _why(refused: Exception) -> str:
    if isinstance(refused, Problem):
        return "; ".join(f"{fault.pointer}: {fault.detail}" for fault in refused.errors) or refused.detail
    if isinstance(refused, Refusal):
        return f"{refused.code}: {refused.detail}"
    return str(refused)


async def import_calendar(settings: Settings, file: Path, stated: Stated) -> list[str]:
    """Add the editions of a file, all or none; what was done, in lines."""
    documents = read_edition_file(file, year=stated.year)
    asked = [edition_asked(document, stated) for document in documents]
    caller = Caller(stated.caller)
    lines = [f"{file.name}  sha256 {digest_of(file)}"]
    async with opened(settings) as service:
        if stated.dry_run:
            async with service.db.snapshot() as tx:
                known = await picture(tx)
            for one in asked:
                plan = plan_edition(known, stated.calendar, one, now=service.now.now())
                lines += [f"{plan.after.newest(stated.calendar).name} would change:"]
                before = known.newest(stated.calendar) if stated.calendar in known.layers else None
                lines += changed_days(before, plan.after.newest(stated.calendar))
                known = plan.after
            return lines
        async with service.db.transaction() as tx:
            now = service.now.now()
            for one in asked:
                known = await picture(tx)
                number = known_already(known, stated.calendar, one)
                if number is not None:
                    lines.append(f"{one.document}: known already as edition {number} of {stated.calendar}")
                    continue
                published = await add_edition(tx, caller, stated.calendar, one, now=now)
                name = published.known.newest(stated.calendar).name
                lines.append(f"{one.document}: edition {published.number} of {stated.calendar}, now {name}")
    return lines


def digest_of(file: Path) -> str:
    """By which a second person knows the file again."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def edition_asked(document: dict[str, Any], stated: Stated) -> EditionIn:
    """The edition as the route would take it: the file, what the command line says, and the approver."""
    whole = {**document, **stated.fields, "approver": stated.approver}
    for name in ("document", "published_at"):
        if not whole.get(name):
            raise FileRefused(f"the file does not say {name}: say it with --{name.replace('_', '-')}")
    raw = json.dumps(whole, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return read_edition(Body(raw, whole))


def changed_days(before: Calendar | None, after: Calendar) -> Iterator[str]:
    """The days that an edition would change, one a line."""
    named = sorted({*after.days, *(() if before is None else before.days)})
    for day in named:
        was, becomes = None if before is None else before.day(day).working, after.day(day).working
        if becomes is not was:
            yield f"  {date.fromordinal(day)}  {WORDS[was]} -> {WORDS[becomes]}"
