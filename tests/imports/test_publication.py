"""Imported histories stand on what was published while they were open, as if they had been recorded live."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from app.applications.models import Application, Event
from app.applications.verify import verify
from app.imports.applications_csv import Files, import_applications
from app.kit.service import Service
from tests.builders.applications import Counter, an_item_with_clocks
from tests.builders.items import an_item
from tests.calendar_changes.test_dry_runs import walker
from tests.conftest import Hands

HEADER = "external_ref,item,channel,submitted_at,statutory_due_at,promised_due_at,department,section,officer"
STEPS_HEADER = "external_ref,type,occurred_at,section,actor,note"
EDITION = {
    "document": "测试〔2026〕1号",
    "published_at": "2026-11-05",
    "holidays": ["2026-11-09", "2026-11-10"],
    "approver": "李四",
}
FLOOD = {
    "jurisdiction": "CN-41",
    "clocks": ["notice", "promise"],
    "from": "2026-11-12",
    "to": "2026-11-13",
    "document": "豫政〔2026〕1号（测试）",
    "published_at": "2026-11-06",
    "approver": "李四",
}
LATER = "2026-11-20T10:00:00+08:00"
Row = dict[str, Any]  # a clock, a step: JSON


@pytest.fixture
async def hall(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Counter:
    hall = Counter(client, keys)
    await hall.publish(an_item_with_clocks().with_(jurisdiction="CN-41-01", late_entry_limit=None))
    return hall


async def published(hall: Counter, path: str, document: Mapping[str, Any], **changed: Any) -> Row:
    body = {**document, **changed}
    answer = await hall.client.post(f"/api/v1{path}", json=body, headers=hall.as_("admin").headers())
    assert answer.status_code == 201, answer.text
    shown: Row = answer.json()
    return shown


async def everything_published(hall: Counter, hands: Hands) -> None:
    hands.set("2026-11-05T08:00:00+08:00")
    await published(hall, "/calendars/CN/editions", EDITION)
    hands.set("2026-11-06T08:00:00+08:00")
    await published(hall, "/suspensions", FLOOD)


def files(
    folder: Path, steps: list[str], submitted_at: str = "2026-11-02T09:00:00+08:00", item: str = "eia-report"
) -> Files:
    row = f"a-1,{item},window,{submitted_at},,,D1,,"
    (folder / "applications.csv").write_text(f"{HEADER}\n{row}\n", encoding="utf-8")
    (folder / "steps.csv").write_text(
        "\n".join([STEPS_HEADER, *(f"a-1,{one},,," for one in steps), ""]), encoding="utf-8"
    )
    return Files(folder)


async def imported(service: Service, of: Files) -> str:
    report = await import_applications(service, of)
    assert report.refused == []
    async with service.db.read() as tx:
        number: str = (
            await tx.execute(select(Application.number).where(Application.external_ref == "a-1"))
        ).scalar_one()
    assert (await verify(service.db, service.sealer)).broken == 0
    return number


async def course(hall: Counter, number: str) -> list[tuple[str, str]]:
    """The steps by their instants, those of one instant in the order of record."""
    rows = (await hall.get(f"/{number}/steps")).json()["items"]
    return sorted(((row["type"], row["occurred_at"]) for row in rows), key=lambda one: one[1])


async def clocks(hall: Counter, number: str, as_of: str) -> list[Row]:
    return [{**clock} for clock in (await hall.read(number, as_of=as_of))["clocks"]]


async def test_an_import_comes_to_what_live_entry_came_to_at_every_instant(
    hall: Counter, service: Service, hands: Hands, tmp_path: Path
) -> None:
    live = (await hall.receive())["tracking_number"]
    hands.set("2026-11-03T10:00:00+08:00")
    await hall.step(live, "accept")
    await everything_published(hall, hands)
    await walker(service).walk()
    hands.set("2026-11-17T10:00:00+08:00")
    await hall.step(live, "withdraw", reason="不再需要")
    hands.set(LATER)
    rows = ["accept,2026-11-03T10:00:00+08:00", "withdraw,2026-11-17T10:00:00+08:00"]

    late = await imported(service, files(tmp_path, rows))

    assert await course(hall, late) == await course(hall, live)
    assert [type_ for type_, _ in await course(hall, late)].count("recomputed") == 2
    for day in range(2, 20):
        as_of = f"2026-11-{day:02}T12:00:00+08:00"
        assert await clocks(hall, late, as_of) == await clocks(hall, live, as_of), as_of


async def test_history_begins_with_the_receipt_though_a_row_lies_before_it(
    hall: Counter, service: Service, hands: Hands, tmp_path: Path
) -> None:
    await everything_published(hall, hands)
    hands.set(LATER)
    late = await imported(service, files(tmp_path, ["accept,2026-11-02T08:00:00+08:00"]))
    rows = (await hall.get(f"/{late}/steps")).json()["items"]
    async with service.db.read() as tx:
        kinds = await tx.execute(select(Event.type).where(Event.number == late).order_by(Event.seq))
        assert list(kinds.scalars()) == ["receive", "accept", "recomputed", "recomputed"]
    assert len(rows) == 4


async def test_what_was_published_after_the_end_gives_no_step(
    hall: Counter, service: Service, hands: Hands, tmp_path: Path
) -> None:
    await everything_published(hall, hands)
    hands.set(LATER)
    late = await imported(service, files(tmp_path, ["withdraw,2026-11-04T10:00:00+08:00"]))
    assert [type_ for type_, _ in await course(hall, late)] == ["receive", "withdraw"]
    assert {clock["calendar"] for clock in await clocks(hall, late, LATER)} == {"CN@23"}


async def test_what_was_published_after_silence_had_ended_it_gives_no_step(
    hall: Counter, service: Service, hands: Hands, tmp_path: Path
) -> None:
    silent = an_item("silent").with_clock(
        "correction", 2, starts="received", stops=["corrected"], party="applicant", on_expiry="deemed_withdrawn"
    )
    await hall.publish(silent.with_(jurisdiction="CN-41-01"))
    await everything_published(hall, hands)
    hands.set(LATER)
    late = await imported(service, files(tmp_path, [], item="silent"))
    assert [type_ for type_, _ in await course(hall, late)] == ["receive", "deemed"]


async def test_a_suspension_whose_end_is_named_twice_is_ended_once(
    hall: Counter, service: Service, hands: Hands, tmp_path: Path
) -> None:
    live = (await hall.receive())["tracking_number"]
    hands.set("2026-11-03T10:00:00+08:00")
    await hall.step(live, "accept")
    hands.set("2026-11-06T08:00:00+08:00")
    first = await published(hall, "/suspensions", FLOOD, to=None)
    await walker(service).walk()
    for day in ("2026-11-10", "2026-11-11"):
        hands.set(f"{day}T08:00:00+08:00")
        await published(hall, "/suspensions", FLOOD, published_at=day, ends=first["id"])
        await walker(service).walk()
    hands.set(LATER)
    late = await imported(service, files(tmp_path, ["accept,2026-11-03T10:00:00+08:00"]))
    assert await course(hall, late) == await course(hall, live)
    assert [type_ for type_, _ in await course(hall, late)] == ["receive", "accept", "recomputed", "recomputed"]
    assert await clocks(hall, late, LATER) == await clocks(hall, live, LATER)


async def test_rows_of_a_later_file_have_what_was_published_before_them(
    hall: Counter, service: Service, hands: Hands, tmp_path: Path
) -> None:
    hands.set("2026-11-04T08:00:00+08:00")
    await imported(service, files(tmp_path, ["accept,2026-11-03T10:00:00+08:00"]))
    await everything_published(hall, hands)
    hands.set(LATER)
    rows = ["accept,2026-11-03T10:00:00+08:00", "withdraw,2026-11-05T10:00:00+08:00"]
    late = await imported(service, files(tmp_path, rows))
    assert await course(hall, late) == [
        ("receive", "2026-11-02T09:00:00+08:00"),
        ("accept", "2026-11-03T10:00:00+08:00"),
        ("recomputed", "2026-11-05T00:00:00+08:00"),
        ("withdraw", "2026-11-05T10:00:00+08:00"),
    ]


async def test_a_suspension_that_was_over_before_the_receipt_is_no_business_of_the_application(
    hall: Counter, service: Service, hands: Hands, tmp_path: Path
) -> None:
    await everything_published(hall, hands)
    hands.set("2026-11-16T09:00:00+08:00")
    live = (await hall.receive())["tracking_number"]
    await hall.step(live, "accept")
    hands.set(LATER)
    rows = ["accept,2026-11-16T09:00:00+08:00"]
    late = await imported(service, files(tmp_path, rows, submitted_at="2026-11-16T09:00:00+08:00"))
    assert await course(hall, live) == await course(hall, late)
    assert [type_ for type_, _ in await course(hall, late)] == ["receive", "accept"]
