"""Bulk import of applications and their steps (`api.md`, Import files): restartable, and twice changes nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit
from app.applications import journal, receive
from app.applications.journal import By, Entry
from app.applications.projection import Holder
from app.applications.receive import Receipt
from app.departments.enrol import Named, enrol, spelled
from app.departments.queries import Names, read_names
from app.domain.chain import Json
from app.domain.refusal import Refusal
from app.imports import queries
from app.imports.csv_rows import ApplicationRow, Numbered, read_applications, read_steps
from app.imports.drafts import AHEAD, RowRefused, drafts_of
from app.imports.mapping import Mapping
from app.imports.publication import as_published, on_its_day
from app.imports.queries import Known
from app.imports.report import ImportReport
from app.imports.spool import Spool, SpooledStep
from app.items.publish import publish
from app.items.schemas import ItemIn
from app.kit.service import Service

__all__ = ["APPLICATIONS", "STEPS", "Files", "import_applications"]

APPLICATIONS = "applications.csv"
STEPS = "steps.csv"
SOURCE = "import"
AT_ONCE = 50
Progress = Callable[[int, int], None]


class Importer(NamedTuple):
    """Who imports, for the audit trail and the chain."""

    credential: str
    role: str
    request_id: str | None


BY_COMMAND = Importer("command:import", "integration", None)


@dataclass(frozen=True, slots=True)
class Files:
    """What is imported and how: the folder with `applications.csv` and, if there is one, `steps.csv`."""

    folder: Path
    mapping: Mapping = field(default_factory=Mapping)
    create_missing: bool = False


class Surveyed(NamedTuple):
    """What a first reading of the applications found: how many, where they lie, what items they name."""

    rows: int
    places: frozenset[Named]
    items: dict[str, str]
    """Each item with the department of its first row."""


class Batch(NamedTuple):
    """One transaction's worth of the import, worked out: what is appended, and which references become known."""

    entries: list[Entry]
    refs: dict[str, Known]


async def import_applications(
    service: Service, files: Files, *, progress: Progress = lambda done, total: None
) -> ImportReport:
    """Import a folder. Rows that cannot be taken are reported and left out; all others are kept, also odd ones.

    Raises `FileRefused` for a file that cannot be read at all, before anything is written. Batches of 50 applications
    are committed one by one: after a break the same command goes on with what is missing.
    """
    report = ImportReport()
    surveyed = survey(files.folder / APPLICATIONS)
    with Spool() as spool:
        steps = files.folder / STEPS
        if steps.exists():
            for refused in spool.fill(read_steps(steps)):
                report.refuse(STEPS, refused.line, refused.external_ref, "row_malformed", refused.fault)
        if files.create_missing:
            async with service.db.transaction() as tx:
                await make_missing(tx, files, surveyed, report, now=service.now.now())
        done = 0
        for rows in in_sets(read_applications(files.folder / APPLICATIONS)):
            await take(service, files, rows, spool, report)
            done += len(rows)
            progress(done, surveyed.rows)
        for refs in spool.left(AT_ONCE):
            await take_orphans(service, files, refs, spool, report)
    return report


def survey(path: Path) -> Surveyed:
    """Read the whole file once, before anything is written: a fault that spoils it is known now."""
    rows = 0
    places: set[Named] = set()
    items: dict[str, str] = {}
    for numbered in read_applications(path):
        rows += 1
        if (row := numbered.row) is not None:
            places.add(Named(row.department, row.section, row.officer))
            items.setdefault(row.item, row.department)
    return Surveyed(rows, frozenset(places), items)


def in_sets(rows: Iterator[Numbered[ApplicationRow]]) -> Iterator[list[Numbered[ApplicationRow]]]:
    """The rows in sets of fifty."""
    chunk: list[Numbered[ApplicationRow]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


async def make_missing(
    tx: AsyncConnection, files: Files, surveyed: Surveyed, report: ImportReport, *, now: datetime
) -> None:
    """Departments and items that are not known, without clocks of their own (`--create-missing`)."""
    names = {code: named.name for code, named in files.mapping.departments.items()}
    report.created_departments = await enrol(tx, surveyed.places, names, now=now)
    there = await queries.items_there(tx)
    for code, department in surveyed.items.items():
        if code not in there:
            named = files.mapping.items.get(code)
            name = spelled(code) if named is None else named.name
            await publish(tx, BY_COMMAND, code, ItemIn.model_validate({"name": name, "department": department}), now)
            report.created_items.append(code)


async def take(
    service: Service, files: Files, rows: Sequence[Numbered[ApplicationRow]], spool: Spool, report: ImportReport
) -> None:
    """One set of applications with their steps, in one transaction; the report counts only what was committed."""
    now = service.now.now()
    refs = {numbered.external_ref for numbered in rows if numbered.row is not None}
    asked = {ref: spool.take(ref) for ref in sorted(refs)}  # those of malformed rows stay, and are told as orphans
    async with service.db.transaction() as tx:
        batch_report = ImportReport()
        known = await queries.known_refs(tx, SOURCE, list(asked))
        names = await read_names(tx)
        batch = Batch([], {})
        longer: dict[str, list[SpooledStep]] = {}
        for numbered in rows:
            row = numbered.row
            if row is None:
                batch_report.refuse(APPLICATIONS, numbered.line, numbered.external_ref, "row_malformed", numbered.fault)
                continue
            before = known.get(row.external_ref) or batch.refs.get(row.external_ref)
            if before is not None:
                if before.fingerprint != numbered.hash:
                    batch_report.refuse(
                        APPLICATIONS, numbered.line, row.external_ref, "application_differs",
                        f"another row was imported for this reference as {before.number}; it stays as it is",
                    )  # fmt: skip
                else:
                    batch_report.applications_known += 1
                if row.external_ref in known:
                    longer[known[row.external_ref].number] = asked[row.external_ref]
                continue
            try:
                check_holder(row, names)
                receipt = await receipt_of(tx, row, now)
            except RowRefused as refused:
                batch_report.refuse(APPLICATIONS, numbered.line, row.external_ref, refused.code, refused.detail)
                for step in asked[row.external_ref]:
                    batch_report.refuse(
                        STEPS, step.line, row.external_ref, "application_refused", "its application was refused"
                    )
                continue
            steps = drafts_of(asked[row.external_ref], files.mapping, batch_report, now)
            receipt = on_its_day(receipt)
            new = await receive.draw_number(tx)
            entry = receive.received_entry(
                receipt, new, By(BY_COMMAND.credential, BY_COMMAND.role), sealer=service.sealer
            )
            drafts = as_published(entry.opened, (*entry.drafts, *steps), now)
            batch.entries.append(Entry(entry.opened, tuple(drafts), entry.by))
            batch.refs[row.external_ref] = Known(new.number, numbered.hash)
            batch_report.applications_new += 1
        batch.entries.extend(await later_steps(service, tx, files, longer, batch_report, now))
        await write(service, tx, batch, batch_report, now)
    merge(report, batch_report)


async def take_orphans(service: Service, files: Files, refs: Sequence[str], spool: Spool, report: ImportReport) -> None:
    """Steps whose application stands in no row of this file: taken where an earlier import brought it."""
    now = service.now.now()
    asked = {ref: spool.take(ref) for ref in refs}
    async with service.db.transaction() as tx:
        batch_report = ImportReport()
        known = await queries.known_refs(tx, SOURCE, refs)
        for ref in refs:
            if ref not in known:
                for step in asked[ref]:
                    batch_report.refuse(
                        STEPS, step.line, ref, "application_unknown", "no application has this reference"
                    )
        longer = {of.number: asked[ref] for ref, of in known.items()}
        entries = await later_steps(service, tx, files, longer, batch_report, now)
        await write(service, tx, Batch(entries, {}), batch_report, now)
    merge(report, batch_report)


async def later_steps(
    service: Service,
    tx: AsyncConnection,
    files: Files,
    longer: dict[str, list[SpooledStep]],
    report: ImportReport,
    now: datetime,
) -> list[Entry]:
    """For applications that are known: the steps of the file that are not on record yet."""
    opened = await journal.open_dossiers(
        tx, [number for number, steps in longer.items() if steps], sealer=service.sealer
    )
    entries = []
    for one in opened:
        marks = {fact.body["row"] for fact in one.facts if "row" in fact.body}
        steps = longer[one.number]
        fresh = [step for step in steps if step.mark not in marks]
        report.steps_known += len(steps) - len(fresh)
        drafts = drafts_of(fresh, files.mapping, report, now)
        if drafts:
            drafts = as_published(one, drafts, now)
            entries.append(Entry(one, tuple(drafts), By(BY_COMMAND.credential, BY_COMMAND.role)))
    return entries


async def write(service: Service, tx: AsyncConnection, batch: Batch, report: ImportReport, now: datetime) -> None:
    """Append a batch, keep its references, and note in the trail how much it was."""
    if not batch.entries:
        return
    for recorded in await journal.append_all(tx, batch.entries, sealer=service.sealer, now=now):
        report.odd.update(recorded.forecast.odd)
    await queries.keep_refs(tx, SOURCE, batch.refs)
    detail = {"applications": report.applications_new, "steps": report.steps_new}
    await audit.record(tx, BY_COMMAND, "import", f"{len(batch.entries)} applications", at=now, detail=detail)


def check_holder(row: ApplicationRow, names: Names) -> None:
    """The department, section and officer of a row are known ones."""
    if row.department not in names.departments:
        raise RowRefused("department_unknown", f"there is no department {row.department!r}")
    if row.section is not None and (row.department, row.section) not in names.sections:
        raise RowRefused("section_unknown", f"department {row.department!r} has no section {row.section!r}")
    if row.officer is not None and (row.department, row.officer) not in names.officers:
        raise RowRefused("officer_unknown", f"department {row.department!r} has no officer {row.officer!r}")


async def receipt_of(tx: AsyncConnection, row: ApplicationRow, now: datetime) -> Receipt:
    """The receipt that a row states."""
    if row.submitted_at > now + AHEAD:
        raise RowRefused("submitted_in_future", "submitted_at lies ahead of the server's clock")
    try:
        pinned, calendar = await receive.item_on(tx, row.item, row.submitted_at, row.department)
    except Refusal as refusal:
        raise RowRefused(refusal.code, f"there is no item {row.item!r}") from refusal
    private: dict[str, Json] = {}
    if row.applicant_name is not None:
        private["applicant"] = {"name": row.applicant_name}
    if row.subject is not None:
        private["subject"] = row.subject
    return Receipt(
        pinned=pinned,
        calendar=calendar,
        source="import",
        channel=row.channel,
        submitted_at=row.submitted_at,
        holder=Holder(row.department, row.section, row.officer),
        external_ref=row.external_ref,
        fixed_due=receive.fixed_ends(row.fixed_due(), calendar),
        private=private,
    )


def merge(whole: ImportReport, part: ImportReport) -> None:
    """Add what one committed batch did."""
    whole.applications_new += part.applications_new
    whole.applications_known += part.applications_known
    whole.steps_new += part.steps_new
    whole.steps_known += part.steps_known
    whole.unmapped_activities.update(part.unmapped_activities)
    whole.odd.update(part.odd)
    whole.refused.extend(part.refused)
