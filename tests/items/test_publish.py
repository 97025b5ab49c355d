import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import scope
from app.access.models import AuditEntry
from app.access.roles import Role
from app.applications.models import Application
from app.departments.models import Department
from app.items.models import ItemVersion
from app.items.publish import Published, planned, preview, publish
from app.items.schemas import ItemIn, ItemPreview
from app.kit.db import Database
from app.kit.problems import Problem
from tests.builders.access import an_actor
from tests.builders.items import ItemBuilder, a_clock, an_item

NOW = datetime(2026, 11, 2, 1, tzinfo=UTC)
"""2026-11-02 09:00 in Beijing."""


@pytest.fixture(autouse=True)
async def _office(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(insert(Department), {"code": "D1", "name": "D1", "changed_at": NOW})
        await scope.graft(tx, "D1", None)


async def put(database: Database, item: ItemBuilder, *, now: datetime = NOW) -> Published:
    document = item.build()
    async with database.transaction() as tx:
        return await publish(tx, an_actor(Role.ADMIN), document["code"], ItemIn.model_validate(document), now)


async def tried(database: Database, item: ItemBuilder, *, now: datetime = NOW) -> ItemPreview:
    document = item.build()
    async with database.snapshot() as tx:
        plan = await planned(tx, document["code"], ItemIn.model_validate(document), now)
        return await preview(tx, document["code"], plan)


async def refusal(database: Database, item: ItemBuilder, *, now: datetime = NOW) -> tuple[str, list[str]]:
    found = []
    for act in (put, tried):  # a dry run says what is wrong in the same words
        with pytest.raises(Problem) as caught:
            await act(database, item, now=now)
        assert caught.value.status == 422
        found.append((caught.value.code, [fault.pointer for fault in caught.value.errors]))
    assert found[0] == found[1]
    return found[0]


async def count(tx: AsyncConnection, model: type[Any]) -> int:  # any table
    return (await tx.execute(select(func.count()).select_from(model))).scalar_one()


async def test_the_first_document_makes_version_one_valid_today(database: Database) -> None:
    published = await put(database, an_item().with_clock())
    assert published.created
    assert (published.version.version, published.version.valid_from) == (1, date(2026, 11, 2))


async def test_today_is_that_of_the_items_calendar(database: Database) -> None:
    late = datetime(2026, 11, 2, 16, tzinfo=UTC)  # 00:00 of the next day in Beijing
    assert (await put(database, an_item(), now=late)).version.valid_from == date(2026, 11, 3)


async def test_the_first_version_may_begin_in_the_past(database: Database) -> None:
    published = await put(database, an_item().with_(valid_from="2010-01-01"))
    assert published.version.valid_from == date(2010, 1, 1)


async def test_a_document_equal_to_the_newest_makes_none(database: Database) -> None:
    item = an_item().with_clock(warn=[{"at_share": 0.8}]).with_stage("review", 2)
    await put(database, item.with_(valid_from="2026-07-01"))
    for again in (item, item.with_(valid_from="2026-07-01"), item.with_(receipt_rule="system_entry", materials=[])):
        published = await put(database, again, now=NOW + timedelta(days=3))
        assert (published.created, published.version.version) == (False, 1)
    async with database.read() as tx:
        assert await count(tx, ItemVersion) == await count(tx, AuditEntry) == 1


async def test_a_changed_document_makes_the_next_version_valid_today(database: Database) -> None:
    await put(database, an_item().with_clock("promise", 4).with_(valid_from="2026-07-01"))
    published = await put(database, an_item().with_clock("promise", 3))
    assert published.created
    assert (published.version.version, published.version.valid_from) == (2, date(2026, 11, 2))


async def test_a_second_version_is_never_past(database: Database) -> None:
    await put(database, an_item())
    second = an_item().with_clock().with_(valid_from="2026-11-01")
    assert await refusal(database, second) == ("valid_from_past", ["/valid_from"])


@pytest.mark.parametrize("day", ["2026-11-02", "2027-01-01"])
async def test_a_second_version_may_begin_today_or_later(database: Database, day: str) -> None:
    await put(database, an_item())
    published = await put(database, an_item().with_(valid_from=day, name="other"))
    assert published.version.valid_from == date.fromisoformat(day)


async def test_the_offices_that_a_document_names_must_be_there(database: Database) -> None:
    item = an_item(department="nowhere").with_stage("a", department="D1").with_stage("b", department="elsewhere")
    assert await refusal(database, item) == ("department_unknown", ["/department", "/stages/1/department"])


async def test_the_code_in_the_body_is_that_of_the_path(database: Database) -> None:
    document = an_item("a").build()
    async with database.transaction() as tx:
        with pytest.raises(Problem) as caught:
            await publish(tx, an_actor(Role.ADMIN), "b", ItemIn.model_validate(document), NOW)
    assert caught.value.code == "code_differs"


@pytest.mark.parametrize(
    ("named", "pointer"), [({"calendar": "XX"}, "/calendar"), ({"jurisdiction": "XX-1"}, "/jurisdiction")]
)
async def test_the_calendar_of_an_item_must_be_known(database: Database, named: dict[str, str], pointer: str) -> None:
    assert await refusal(database, an_item().with_(**named)) == ("calendar_not_found", [pointer])


async def test_no_business_closes_under_a_calendar_without_hours(database: Database) -> None:
    item = an_item().with_clock(count={"due_time": "close_of_business"})
    assert await refusal(database, item) == ("calendar_without_hours", ["/clocks/0/count/due_time"])


HOURS = {"amount": 8, "unit": "working_hour"}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"clocks": [{**a_clock(), "limit": HOURS}]}, "/clocks/0/limit/unit"),
        ({"clocks": [{**a_clock(), "warn": [{"at_share": 0.5}, {"after": HOURS}]}]}, "/clocks/0/warn/1/after/unit"),
        ({"stages": [{"code": "a", "limit": HOURS}]}, "/stages/0/limit/unit"),
        ({"stages": [{"code": "a", "limit": HOURS, "warn": []}]}, "/stages/0/limit/unit"),
        ({"late_entry_limit": {"amount": 8, "unit": "working_minute"}}, "/late_entry_limit/unit"),
    ],
)
async def test_no_working_time_runs_under_a_calendar_without_hours(
    database: Database, change: dict[str, Any], pointer: str
) -> None:
    assert await refusal(database, an_item().with_(**change)) == ("calendar_without_hours", [pointer])


async def test_all_that_is_wrong_is_said_at_once(database: Database) -> None:
    item = an_item(department="nowhere").with_clock("statutory", 5).with_clock("promise", 6).with_(calendar="XX")
    _, pointers = await refusal(database, item)
    assert set(pointers) == {"/department", "/clocks/1/limit/amount", "/calendar"}


async def test_a_version_leaves_a_line_in_the_audit_trail(database: Database) -> None:
    await put(database, an_item())
    async with database.read() as tx:
        [line] = await tx.execute(select(AuditEntry.action, AuditEntry.object, AuditEntry.detail))
    assert tuple(line) == (
        "publish_item",
        "eia-report",
        {"version": 1, "valid_from": "2026-11-02", "department": "D1"},
    )


async def test_a_dry_run_stores_nothing_and_says_what_would_differ(database: Database) -> None:
    await put(database, an_item().with_clock("promise", 4))
    plan = await tried(database, an_item().with_clock("promise", 3).with_(valid_from="2027-01-01"))
    assert (plan.version, plan.would_publish, plan.valid_from) == (2, True, date(2027, 1, 1))
    assert [(c.pointer, c.before, c.after) for c in plan.changes] == [
        ("/clocks/0/limit/amount", 4, 3),
        ("/valid_from", "2026-11-02", "2027-01-01"),
    ]
    async with database.read() as tx:
        assert await count(tx, ItemVersion) == 1


async def test_a_dry_run_of_the_newest_version_would_publish_nothing(database: Database) -> None:
    await put(database, an_item())
    plan = await tried(database, an_item(), now=NOW + timedelta(days=1))
    assert (plan.version, plan.would_publish, plan.changes) == (1, False, [])


async def test_a_dry_run_of_a_new_item_shows_the_whole_of_it(database: Database) -> None:
    plan = await tried(database, an_item())
    assert plan.version == 1
    [change] = plan.changes
    assert change.before is None
    assert json.dumps(change.after)


async def an_application(tx: AsyncConnection, number: str, status: str, version: int) -> None:
    await tx.execute(
        insert(Application),
        {
            "number": number,
            "register": "permit",
            "source": "api",
            "item": "eia-report",
            "item_version": version,
            "calendar": "CN@1",
            "channel": "window",
            "receipt_rule": "system_entry",
            "submitted_at": NOW,
            "received_on": date(2026, 11, 2),
            "late_receipt": False,
            "query_code_hash": b"",
            "status": status,
            "department": "D1",
            "odd": [],
            "version": 1,
            "head_hash": b"",
            "recorded_at": NOW,
            "known_from": NOW,
        },
    )


async def test_a_dry_run_counts_the_open_applications_of_each_version(database: Database) -> None:
    await put(database, an_item())
    await put(database, an_item().with_clock())
    async with database.transaction() as tx:
        for number, status, version in [("a", "received", 1), ("b", "accepted", 2), ("c", "accepted", 2)]:
            await an_application(tx, number, status, version)
        await an_application(tx, "d", "decided", 1)
    plan = await tried(database, an_item().with_clock(amount=3))
    assert [(u.version, u.applications) for u in plan.open_applications] == [(1, 1), (2, 2)]
