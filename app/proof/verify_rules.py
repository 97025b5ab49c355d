"""Are the rules as they were published: the chain of the rules, the tables, and what checkpoints signed of it.

In constant memory: links and checkpoints are walked side by side, tables in pages, each row against its newest link.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from sqlalchemy import Table, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import rulebook
from app.access.models import ApiKey, DepartmentTree, RuleEvent
from app.applications.chains import raw
from app.applications.verify import Finding, Tally
from app.assessment.models import InspectionEntry, ScoringRules, Target
from app.calendars.models import CalendarEdition, SuspensionRow
from app.departments.linked import KIND, spelled_departments
from app.departments.models import Department, Officer, Section
from app.domain import chain
from app.findings.models import FindingReview, FindingRuleSet
from app.items.models import ItemVersion
from app.kit.columns import Base
from app.proof import queries
from app.proof.queries import stated
from app.supervision.models import RuleSet

__all__ = ["OF_DEPARTMENTS", "RULES", "verify_rules"]

RULES: Final[tuple[type[Base], ...]] = (
    ItemVersion,
    CalendarEdition,
    SuspensionRow,
    ApiKey,
    RuleSet,
    ScoringRules,
    Target,
    InspectionEntry,
    FindingRuleSet,
    FindingReview,
)
"""Tables whose every row is linked; so is every other table that links name."""
OF_DEPARTMENTS: Final[tuple[type[Base], ...]] = (Department, Section, Officer, DepartmentTree)
"""Tables that are linked department by department."""
AT_ONCE: Final = 200
STREAMED: Final = 500


def note(tally: Tally, seq: int, detail: str) -> None:
    """A finding about no application."""
    tally.note(Finding("rules", seq, "rule", detail))


async def verify_rules(tx: AsyncConnection, tally: Tally) -> None:
    """Walk the chain, then hold each row of each table against the last thing that was linked of it."""
    await walk_links(tx, tally)
    kinds = set((await tx.execute(select(RuleEvent.kind).distinct())).scalars())
    tables = {model.__tablename__ for model in RULES} | (kinds & set(Base.metadata.tables))
    for name in sorted(tables - {KIND}):
        await compare(tx, Base.metadata.tables[name], tally)
    await compare_departments(tx, tally)


async def walk_links(tx: AsyncConnection, tally: Tally) -> None:
    """Each link after the one before; each checkpoint against the link that it names, when that one is passed."""
    previous, expected = rulebook.GENESIS, 1
    signed = signed_links(tx)
    wanted = await anext(signed, None)
    while wanted is not None and wanted[1] == 0:
        compare_signed(wanted, 0, previous, tally)
        wanted = await anext(signed, None)
    columns = (RuleEvent.seq, RuleEvent.algorithm, RuleEvent.kind, RuleEvent.key, RuleEvent.body, RuleEvent.hash)
    after = 0
    while rows := (
        await tx.execute(select(*columns).where(RuleEvent.seq > after).order_by(RuleEvent.seq).limit(STREAMED))
    ).all():
        for seq, algorithm, kind, key, *stored in rows:
            body, hashed = (raw(one) for one in stored)
            tally.rules += 1
            if seq != expected:
                note(tally, expected, f"Link {expected} of the rules is missing: the next one stored is {seq}.")
            elif algorithm not in chain.ALGORITHMS.values():
                note(tally, seq, f"Link {seq} of the rules names the unknown algorithm {algorithm}.")
            elif rulebook.hash_of(seq, previous, body, algorithm) != hashed:
                note(tally, seq, f"Link {seq} of the rules is not the one that was recorded.")
            elif (said := stated(body)) and (said.get("kind"), said.get("key")) != (kind, key):
                note(tally, seq, f"The row of link {seq} of the rules names another thing than the link itself.")
            previous, expected, after = hashed, seq + 1, seq
            while wanted is not None and wanted[1] <= seq:
                compare_signed(wanted, seq, hashed, tally)
                wanted = await anext(signed, None)
    while wanted is not None:
        compare_signed(wanted, after, b"", tally)
        wanted = await anext(signed, None)


Signed = tuple[int, int, str]
"""The number of a checkpoint, the last link that it names, and that link's hash."""


async def signed_links(tx: AsyncConnection) -> AsyncIterator[Signed]:
    """What each checkpoint says of the rules, in their order: no later one names an earlier link."""
    n = 0
    while records := await queries.records_after(tx, n, STREAMED):
        for record in records:
            n = record.n
            said = stated(record.body).get("rules", {})
            yield n, said.get("seq", 0), str(said.get("hash"))


def compare_signed(signed: Signed, seq: int, hashed: bytes, tally: Tally) -> None:
    """Whether a link is the one that a checkpoint signed: none was written anew or cut off since."""
    n, named, said = signed
    if named != seq or hashed.hex() != said:
        note(tally, named, f"Link {named} of the rules is gone or not the one that checkpoint {n} signed.")


async def compare(tx: AsyncConnection, table: Table, tally: Tally) -> None:
    """Each row against its newest link, and each link against its row."""
    count = 0
    async for rows in pages(tx, table):
        count += len(rows)
        keys = [rulebook.key_of(table, row) for row in rows]
        linked = await newest(tx, table.name, keys)
        for key, row in zip(keys, rows, strict=True):
            judge(table.name, key, linked.get(key), rulebook.spelled(table, row), tally)
    published = select(func.count(RuleEvent.key.distinct())).where(RuleEvent.kind == table.name)
    if (await tx.execute(published)).scalar_one() > count:
        there = {key async for rows in pages(tx, table) for key in (rulebook.key_of(table, row) for row in rows)}
        await tell_gone(tx, table.name, there, tally)


async def compare_departments(tx: AsyncConnection, tally: Tally) -> None:
    """Each department, with its sections, officers and place in the tree, against its newest link."""
    there: set[str] = set()
    codes: Sequence[str]
    after = ""
    while codes := (
        (
            await tx.execute(
                select(Department.code).where(Department.code > after).order_by(Department.code).limit(AT_ONCE)
            )
        )
        .scalars()
        .all()
    ):
        after = codes[-1]
        there.update(codes)
        said = await spelled_departments(tx, codes)
        linked = await newest(tx, KIND, codes)
        for code in codes:
            judge(KIND, code, linked.get(code), said[code], tally)
    await tell_gone(tx, KIND, there, tally)
    for of in (Section.department, Officer.department, DepartmentTree.descendant):
        lost = select(of).where(~select(Department).where(Department.code == of).exists())
        for code in (await tx.execute(lost.limit(1))).scalars():
            note(tally, 0, f"There are rows in {of.class_.__tablename__} of {code}, which is no department.")


def judge(kind: str, key: str, linked: tuple[int, Any] | None, found: Any, tally: Tally) -> None:
    """One row against its newest link."""
    if linked is None:
        note(tally, 0, f"The row {key} of {kind} was never published.")
    elif linked[1] != found:
        note(tally, linked[0], f"The row {key} of {kind} is not what was published.")


async def tell_gone(tx: AsyncConnection, kind: str, there: set[str], tally: Tally) -> None:
    """What was linked and has no row any more."""
    after = ""
    while keys := (
        await tx.execute(
            select(RuleEvent.key, func.max(RuleEvent.seq))
            .where(RuleEvent.kind == kind, RuleEvent.key > after)
            .group_by(RuleEvent.key)
            .order_by(RuleEvent.key)
            .limit(STREAMED)
        )
    ).all():
        after = keys[-1][0]
        for key, seq in keys:
            if key not in there:
                note(tally, seq, f"The row {key} of {kind} was published and is gone.")


async def newest(tx: AsyncConnection, kind: str, keys: Sequence[str]) -> dict[str, tuple[int, Any]]:
    """The newest link of each of these keys: its place and what it says."""
    last = (
        select(func.max(RuleEvent.seq)).where(RuleEvent.kind == kind, RuleEvent.key.in_(keys)).group_by(RuleEvent.key)
    )
    rows = await tx.execute(select(RuleEvent.key, RuleEvent.seq, RuleEvent.body).where(RuleEvent.seq.in_(last)))
    return {key: (seq, stated(raw(body)).get("said")) for key, seq, body in rows}


async def pages(tx: AsyncConnection, table: Table) -> AsyncIterator[Sequence[Any]]:  # rows of the table
    """All rows of a table, by its primary key."""
    place = list(table.primary_key.columns)
    wanted = select(*table.columns).order_by(*place).limit(AT_ONCE)
    rows = (await tx.execute(wanted)).all()
    while rows:
        yield rows
        last = tuple(getattr(rows[-1], column.name) for column in place)
        rows = (await tx.execute(wanted.where(tuple_(*place) > last))).all()
