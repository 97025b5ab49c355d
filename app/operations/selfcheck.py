"""What would make a promise of this service untrue before it has begun: reasons to refuse the start, or to warn."""

import asyncio
import re
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendars import catalogue
from app.kit.migrations import current_revision
from app.kit.service import Service
from app.kit.settings import Settings
from app.operations.readiness import calendar_check, schema_check
from app.proof.export import last_in
from app.proof.queries import last

__all__ = ["REFUSED", "Finding", "examine", "granted", "key_findings"]

REFUSED: Final = 78
"""The exit code of a refused start (EX_CONFIG)."""

FULL: Final = 2
"""SQLite's `synchronous=FULL`."""
FEWEST_SYMBOLS: Final = 8
"""A random key of 32 hexadecimal digits has fewer different ones once in some ten million times."""
APPEND_ONLY: Final = (
    "events",
    "audit_entries",
    "calendar_editions",
    "suspensions",
    "item_versions",
    "rule_events",
    "checkpoints",
    "checkpoint_leaves",
    "order_events",
    "supervision_rules",
    "scoring_rules",
    "targets",
    "inspection_entries",
    "finding_rules",
    "finding_reviews",
)
"""What the migrations protect."""
COMMON: Final = re.compile(r"change.?me|example|password|default|secret|admin", re.IGNORECASE)


class Finding(NamedTuple):
    """One thing that is not as it must be."""

    code: str
    detail: str
    refuses: bool


async def examine(service: Service) -> list[Finding]:
    """All that is wrong with database, schema, keys and calendar; the start is refused where one finding refuses.

    What may be lost by a power cut is refused in production only: a demonstration may forget.
    """
    async with service.db.transaction() as tx:
        strict = service.settings.mode == "production"
        found = await (
            _sqlite_findings(tx) if service.db.dialect == "sqlite" else _postgresql_findings(tx, strict=strict)
        )
        schema = schema_check(await current_revision(tx))
        if schema.state == "failed":
            found.append(Finding("schema_not_at_head", schema.detail, refuses=True))
        else:
            found += await _history_findings(tx)
            found += await _checkpoint_findings(service, tx)
    found += key_findings(service.settings)
    newest = catalogue.newest("CN")
    calendar = calendar_check(newest, newest.day_of(service.now.now()))
    if calendar.state != "ok":
        found.append(Finding("calendar_ends", calendar.detail, refuses=False))
    return found


async def _postgresql_findings(tx: AsyncConnection, *, strict: bool) -> list[Finding]:
    """A commit that is acknowledged must have reached the disk."""
    row = (
        await tx.execute(
            text(
                "SELECT current_setting('fsync'), current_setting('full_page_writes'), "
                "current_setting('synchronous_commit')"
            )
        )
    ).one()
    return [
        Finding(f"{name}_off", f"PostgreSQL runs with {name} = off: what was acknowledged may be lost", refuses=strict)
        for name, value in zip(("fsync", "full_page_writes", "synchronous_commit"), row, strict=True)
        if value == "off"
    ]


async def _sqlite_findings(tx: AsyncConnection) -> list[Finding]:
    """The writer must wait for the disk, in write-ahead mode, with foreign keys."""
    found: list[Finding] = []
    for pragma, wanted in (("synchronous", FULL), ("journal_mode", "wal"), ("foreign_keys", 1)):
        value = (await tx.execute(text(f"PRAGMA {pragma}"))).scalar()
        if value != wanted and not (pragma == "synchronous" and isinstance(value, int) and value > FULL):
            detail = f"SQLite runs with {pragma} = {value}, it must be {wanted}"
            found.append(Finding(f"{pragma}_wrong", detail, refuses=True))
    return found


async def _history_findings(tx: AsyncConnection) -> list[Finding]:
    """What is recorded must be out of reach of UPDATE and DELETE."""
    if tx.dialect.name == "sqlite":
        guards = "SELECT tbl_name, count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_no_%' GROUP BY 1"
        wanted = 3
    else:
        guards = (
            "SELECT tgrelid::regclass::text, count(*) FROM pg_trigger WHERE tgname LIKE '%_append_only' "
            "AND tgenabled IN ('O', 'A') GROUP BY 1"
        )
        wanted = 1
    there: dict[str, int] = {row[0]: row[1] for row in await tx.execute(text(guards))}
    bare = [table for table in APPEND_ONLY if there.get(table, 0) < wanted]
    found: list[Finding] = []
    if bare:
        detail = f"{', '.join(bare)} may be changed and deleted: the triggers of the migrations are gone"
        found.append(Finding("history_unguarded", detail, refuses=True))
    if tx.dialect.name == "postgresql" and (open_to := await granted(tx)):
        detail = f"the service's role may change {', '.join(open_to)}: grant it SELECT and INSERT alone on them"
        found.append(Finding("history_granted", detail, refuses=True))
    return found


async def granted(tx: AsyncConnection) -> list[str]:
    """The tables that a role which does not own them may change all the same; an owner has the triggers only."""
    asked = text(
        "SELECT relname FROM pg_class WHERE oid = CAST(:table AS regclass) AND NOT pg_has_role(relowner, 'USAGE') "
        "AND has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE')"
    )
    return [table for table in APPEND_ONLY if (await tx.execute(asked, {"table": table})).first() is not None]


async def _checkpoint_findings(service: Service, tx: AsyncConnection) -> list[Finding]:
    """A database that lies behind the checkpoints that were sent away was put back from an old backup, or worse."""
    file = service.settings.checkpoint_file
    if file is None:
        return []
    try:
        sent = await asyncio.to_thread(last_in, Path(file))
    except (OSError, ValueError) as error:
        return [Finding("checkpoint_file", f"{file} cannot be read: {error}", refuses=False)]
    newest = await last(tx)
    stands = 0 if newest is None else newest.n
    if sent <= stands:
        return []
    detail = f"checkpoint {sent} was sent away, the database knows {stands}: it was put back to an older state"
    return [Finding("checkpoint_ahead", detail, refuses=True)]


def key_findings(settings: Settings) -> list[Finding]:
    """Keys that somebody could guess. Their length is checked when the settings are read."""
    strict = settings.mode == "production"
    found: list[Finding] = []
    for name, secret in (("SHIXIAN_SECRET_KEY", settings.secret_key), ("SHIXIAN_ADMIN_KEY", settings.admin_key)):
        if secret is None:
            continue
        value = secret.get_secret_value()
        if len(set(value)) < FEWEST_SYMBOLS or COMMON.search(value):
            found.append(
                Finding("key_weak", f"{name} can be guessed; make one with `openssl rand -hex 32`", refuses=strict)
            )
    return found
