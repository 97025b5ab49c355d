"""The generator of offices: a few hundred histories made by the product's own acts, then multiplied by COPY.

Each copy is a whole application: a number of its own, its events chained anew, what is sealed sealed for its place. Its
rows are those that the product wrote for the template, so that `shixian verify` finds nothing wrong with an office.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, NamedTuple

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import ADMIN_KEY, Actor
from app.access.roles import EVERY
from app.alarms.sweep import Sweeper
from app.applications import events, queries
from app.applications.receive import receive_application
from app.applications.record import Asked, record_step
from app.applications.schemas import ReceiptIn
from app.applications.step_schemas import BY_TYPE
from app.calendars import catalogue
from app.departments.save import save_department
from app.departments.schemas import DepartmentIn
from app.domain import chain, tracking_number
from app.items.publish import publish
from app.items.schemas import ItemIn
from app.kit.sealing import Sealer
from app.kit.service import Service

__all__ = ["ITEM", "ROOT", "Office", "open_office"]

Document = dict[str, Any]  # what a client would send
Row = tuple[Any, ...]  # a row as the driver gives it

ITEM: Final = "bench-permit"
ROOT: Final = "B0"
DEPARTMENTS: Final = 12
AT_ONCE: Final = 2000
SEED: Final = 20261104
TABLES: Final = ("applications", "events", "event_private", "spans", "stretches", "public_views", "alarms")
PAGES_WANTED: Final = 5100
"""Overdue applications for a hundred pages of fifty, where the office is large enough."""

PERMIT: Final[Document] = {
    "name": "建设项目环境影响报告表审批（虚构）",
    "department": ROOT,
    "jurisdiction": "CN",
    "kind": "administrative_license",
    "clocks": [
        {
            "kind": "notice",
            "starts": "received",
            "stops": ["accepted", "refused", "correction_requested"],
            "limit": {"amount": 5, "unit": "working_day"},
            "legal_basis": "行政许可法 第三十二条",
        },
        {
            "kind": "promise",
            "starts": "accepted",
            "stops": ["decided", "withdrawn", "terminated"],
            "limit": {"amount": 10, "unit": "working_day"},
            "pauses_for": ["hearing", "expert_review"],
        },
        {
            "kind": "statutory",
            "starts": "accepted",
            "stops": ["decided", "withdrawn", "terminated"],
            "limit": {"amount": 60, "unit": "calendar_day"},
            "pauses_for": ["hearing", "expert_review"],
            "extension": {"amount": 10, "times": 1},
            "legal_basis": "环境影响评价法 第二十二条",
        },
        {
            "kind": "delivery",
            "starts": "decided",
            "stops": ["delivered"],
            "limit": {"amount": 10, "unit": "working_day"},
            "legal_basis": "行政许可法 第四十四条",
        },
    ],
    "stages": [
        {"code": "review", "name": "审查", "limit": {"amount": 8, "unit": "working_day"}},
        {"code": "approval", "name": "审批"},
    ],
}
PAUSE: Final[Document] = {
    "type": "pause",
    "ground": "expert_review",
    "legal_basis": "行政许可法 第四十五条",
    "announced": {"amount": 15, "unit": "working_day"},
    "approver": "丁（虚构）",
}


class History(NamedTuple):
    """One course of an application: how often it occurs among those in time, how many working days ago, what was done.

    A step is what a client would send, and on which working day after the receipt.
    """

    name: str
    share: int
    ages: tuple[int, int]
    steps: tuple[tuple[int, Document], ...]


WAITING: Final = History("waiting", 20, (1, 4), ())
OVERDUE: Final = (
    History("overdue", 70, (13, 60), ((1, {"type": "accept"}),)),
    History(
        "overdue and explained",
        30,
        (20, 60),
        (
            (1, {"type": "accept"}),
            (2, {"type": "start_stage", "stage": "review"}),
            (4, {"type": "complete_stage", "stage": "review"}),
            (17, {"type": "explain_delay", "clock": "promise", "reason": "专家评审延期，正在催办"}),
        ),
    ),
)
IN_TIME: Final = (
    WAITING,
    History("accepted", 30, (2, 8), ((1, {"type": "accept"}),)),
    History("in review", 20, (3, 8), ((1, {"type": "accept"}), (2, {"type": "start_stage", "stage": "review"}))),
    History("paused", 10, (5, 12), ((1, {"type": "accept"}), (3, PAUSE))),
    History("resumed", 10, (8, 12), ((1, {"type": "accept"}), (2, PAUSE), (6, {"type": "resume"}))),
    History(
        "corrected",
        10,
        (6, 9),
        (
            (1, {"type": "request_correction", "missing": ["环境影响报告表", "专家意见"]}),
            (3, {"type": "submit_correction"}),
            (4, {"type": "accept"}),
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What was made: how many open applications, of those how many overdue, and numbers to ask for."""

    size: int
    overdue: int
    numbers: tuple[str, ...]
    """Some thousand of them, drawn by chance."""
    waiting: tuple[str, ...]
    """Received and not accepted yet: stock for steps."""


class Template(NamedTuple):
    """One application as the product wrote it: its rows by table, and what is sealed, opened."""

    history: History
    rows: dict[str, list[Row]]
    nonce: bytes


class Copies(NamedTuple):
    """One template, and how many applications are to be like it."""

    template: Template
    amount: int


async def open_office(service: Service, address: str, size: int) -> Office:
    """Fill the empty database of a service with `size` open applications. `address`: the same, for the driver."""
    now = service.now.now()
    overdue = max(size // 20, min(PAGES_WANTED, size // 2))
    await found(service, now)
    chance = random.Random(SEED)  # noqa: S311  the same office each time
    late = await templates(service, OVERDUE, 60, now, chance)
    timely = await templates(service, IN_TIME, 140, now, chance)
    await Sweeper(service).sweep()
    connection = await asyncpg.connect(address)
    try:
        columns = {table: await columns_of(connection, table) for table in TABLES}
        wanted = [
            *shares(await read_all(connection, service.sealer, columns, late), overdue),
            *shares(await read_all(connection, service.sealer, columns, timely), size - overdue),
        ]
        every: list[str] = []
        waiting: list[str] = []
        made = copies(wanted, columns, service.sealer, chance, waiting)
        while batch := list(islice(made, AT_ONCE)):
            every += [rows["applications"][0][columns["applications"].index("number")] for rows in batch]
            for table in TABLES:
                records = [row for rows in batch for row in rows[table]]
                await connection.copy_records_to_table(table, records=records, columns=columns[table])
        for table in TABLES:
            await connection.execute(f"VACUUM (FREEZE, ANALYZE) {table}")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    sample = tuple(chance.sample(every, min(len(every), 20_000)))
    return Office(size=size, overdue=overdue, numbers=sample, waiting=tuple(waiting))


# --- what the product makes


async def found(service: Service, now: datetime) -> None:
    """Departments with their sections and officers, and the item, valid since long ago."""
    calendar = catalogue.newest("CN")
    long_ago = calendar.midnight(calendar.nth(calendar.day_of(now), -200))
    actor = Actor(ADMIN_KEY, EVERY, name="bench")
    async with service.db.transaction() as tx:
        for place in range(DEPARTMENTS + 1):
            document = {
                "name": f"示范局 {place}（虚构）",
                "telephone": f"0000-{place:08d}",
                "parent": ROOT if place else None,
                "sections": [
                    {
                        "code": f"s{section}",
                        "name": f"第{section}科",
                        "officers": [{"code": f"o{section}{officer}", "name": f"{officer} 号"} for officer in range(4)],
                    }
                    for section in range(3)
                ],
            }
            department = DepartmentIn.model_validate(document)
            await save_department(tx, actor, f"B{place}", department, now=long_ago)
        await publish(tx, actor, ITEM, ItemIn.model_validate(PERMIT), long_ago)


async def templates(
    service: Service, histories: Sequence[History], count: int, now: datetime, chance: random.Random
) -> list[tuple[History, str]]:
    """So many applications with these histories, and their numbers; each history has its share of them."""
    total = sum(history.share for history in histories)
    made = []
    for history in histories:
        for _ in range(max(1, count * history.share // total)):
            async with service.db.transaction() as tx:
                made.append((history, await act_out(tx, service.sealer, history, now, chance)))
    return made


async def act_out(tx: AsyncConnection, sealer: Sealer, history: History, now: datetime, chance: random.Random) -> str:
    """Receive one application and record its steps, each at its own instant; its number."""
    calendar = catalogue.newest("CN")
    actor = Actor(ADMIN_KEY, EVERY, name="乙（虚构）")
    day = calendar.nth(calendar.day_of(now) + 1, -chance.randint(*history.ages) - 1)
    submitted_at = calendar.midnight(day) + timedelta(hours=9, seconds=chance.randrange(3000))
    section = chance.randrange(3)
    receipt = ReceiptIn.model_validate(
        {
            "item": ITEM,
            "applicant": {"name": "示范建材有限公司（虚构）", "phone": "13800000000"},
            "subject": f"年产 {chance.randrange(1, 999)} 万吨建材项目（虚构）",
            "channel": "window",
            "department": f"B{chance.randint(1, DEPARTMENTS)}",
            "section": f"s{section}",
            "officer": f"o{section}{chance.randrange(4)}",
        }
    )
    received = await receive_application(tx, actor, receipt, sealer=sealer, now=submitted_at)
    number = received.recorded.number
    for after, document in history.steps:
        at = calendar.midnight(calendar.nth(day, after)) + timedelta(hours=9, seconds=3000 + chance.randrange(500))
        step = BY_TYPE[document["type"]].model_validate(document)
        await record_step(tx, actor, number, Asked(step), sealer=sealer, now=at)
    return number


# --- its copies


async def columns_of(connection: Any, table: str) -> list[str]:  # asyncpg has no types
    """The columns of a table, in its order."""
    rows = await connection.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped"
        " ORDER BY attnum",
        table,
    )
    return [row[0] for row in rows]


async def read_all(
    connection: Any, sealer: Sealer, columns: dict[str, list[str]], made: Sequence[tuple[History, str]]
) -> list[Template]:  # asyncpg has no types
    """The rows of each template, with what is sealed opened."""
    found_ = []
    for history, number in made:
        rows = {
            table: [tuple(row) for row in await connection.fetch(f"SELECT * FROM {table} WHERE number = $1", number)]  # noqa: S608
            for table in TABLES
        }
        rows["events"].sort(key=lambda row: row[columns["events"].index("seq")])
        for table in ("event_private", "public_views"):
            sealed = columns[table].index("sealed")
            rows[table] = [
                replaced(row, {sealed: sealer.open(row[sealed], place_of(table, columns[table], row, number))})
                for row in rows[table]
            ]
        nonce = chain.nonce_of(rows["events"][0][columns["events"].index("body")])
        found_.append(Template(history, rows, nonce))
    return found_


def place_of(table: str, columns: Sequence[str], row: Row, number: str) -> bytes:
    """What a sealed value of a table is bound to."""
    if table == "public_views":
        return queries.view_name(number)
    return events.sealed_name(number, row[columns.index("seq")])


def replaced(row: Row, values: dict[int, Any]) -> Row:
    """A row with other values in some places."""
    return tuple([values.get(place, value) for place, value in enumerate(row)])


def shares(made: Sequence[Template], total: int) -> list[Copies]:
    """How many applications are to be like each template, so that there are `total` with the templates themselves."""
    left = max(0, total - len(made))
    each, more = divmod(left, len(made))
    return [Copies(template, each + (place < more)) for place, template in enumerate(made)]


def copies(
    wanted: Sequence[Copies],
    columns: dict[str, list[str]],
    sealer: Sealer,
    chance: random.Random,
    waiting: list[str],
) -> Iterator[dict[str, list[Row]]]:
    """The rows of each copy by table, in the order of chance; those that wait for acceptance are noted in `waiting`."""
    order = [place for place, one in enumerate(wanted) for _ in range(one.amount)]
    chance.shuffle(order)
    for place in order:
        template = wanted[place].template
        number = draw(chance)
        if template.history is WAITING:
            waiting.append(number)
        yield copied(template, number, columns, sealer, chance)


def draw(chance: random.Random) -> str:
    """A tracking number."""
    number = None
    while number is None:
        number = tracking_number.make(chance.randbytes(tracking_number.RANDOM_BYTES))
    return number


def copied(
    template: Template, number: str, columns: dict[str, list[str]], sealer: Sealer, chance: random.Random
) -> dict[str, list[Row]]:
    """The rows of one application like the template."""
    rows: dict[str, list[Row]] = {}
    previous = chain.genesis(number, template.nonce)
    for table in TABLES:
        names = columns[table]
        own = names.index("number")
        made = []
        for row in template.rows[table]:
            values: dict[int, Any] = {own: number}
            if table == "events":
                previous = chain.link(number, row[names.index("seq")], previous, row[names.index("body")])
                values[names.index("hash")] = previous
            elif table in ("event_private", "public_views"):
                sealed = names.index("sealed")
                values[sealed] = sealer.seal(row[sealed], place_of(table, names, row, number))
            elif table == "alarms":
                values[names.index("id")] = row[names.index("id")].replace(row[own], number)
            made.append(replaced(row, values))
        rows[table] = made
    names = columns["applications"]
    head = {names.index("head_hash"): previous, names.index("query_code_hash"): chance.randbytes(32)}
    rows["applications"] = [replaced(row, head) for row in rows["applications"]]
    return rows
