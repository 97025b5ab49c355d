"""`shixian import calendar`: taken once, refused whole, and approved by a second person."""

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.calendars import catalogue
from app.calendars.files import FileRefused
from app.calendars.models import CalendarEdition
from app.cli.calendars import Stated, import_calendar
from app.domain.refusal import Refusal
from app.kit.db import open_database
from app.kit.problems import Problem
from app.kit.settings import Settings
from tests.calendars.test_files import CSV, HOLIDAY_CN, ICS, written

NOTICE = {"document": "国办发明电〔2026〕1号（测试）", "published_at": "2026-11-02"}


def stated(**more: object) -> Stated:
    return Stated(**{"calendar": "CN", "approver": "李四", "caller": "root", "fields": NOTICE, **more})  # type: ignore[arg-type]


async def count(settings: Settings) -> int:
    db = open_database(settings)
    async with db.read() as tx:
        found = (await tx.execute(select(func.count()).select_from(CalendarEdition))).scalar()
    await db.close()
    return int(found or 0)


@pytest.mark.parametrize(("name", "content"), [("2027.json", json.dumps(HOLIDAY_CN)), ("a.ics", ICS), ("a.csv", CSV)])
async def test_a_file_is_taken_once(settings: Settings, tmp_path: Path, name: str, content: str) -> None:
    file = written(tmp_path, name, content)

    first = await import_calendar(settings, file, stated())
    again = await import_calendar(settings, file, stated())

    assert "sha256 " in first[0]
    assert first[1].endswith("edition 24 of CN, now CN@24")
    assert again[1].endswith("known already as edition 24 of CN")
    assert await count(settings) == 1
    assert catalogue.newest("CN").published_to is not None


async def test_a_dry_run_says_which_days_would_change_and_stores_nothing(settings: Settings, tmp_path: Path) -> None:
    lines = await import_calendar(settings, written(tmp_path, "a.csv", CSV), stated(dry_run=True))

    assert lines[1:] == [
        "CN@24 would change:",
        "  2026-12-27  off -> worked",
        "  2027-01-01  worked -> off",
        "  2027-02-14  off -> worked",
    ]
    assert await count(settings) == 0


async def test_what_the_route_refuses_is_refused_here(settings: Settings, tmp_path: Path) -> None:
    file = written(tmp_path, "a.csv", CSV)
    with pytest.raises(Refusal, match="another person"):
        await import_calendar(settings, file, stated(approver="Root"))
    with pytest.raises(FileRefused, match="--document"):
        await import_calendar(settings, file, stated(fields={"published_at": "2026-11-02"}))
    with pytest.raises(Refusal, match="supersede"):
        await import_calendar(settings, file, stated(fields={**NOTICE, "published_at": "2020-01-20", "supersedes": 17}))
    with pytest.raises(Problem):
        await import_calendar(settings, written(tmp_path, "b.csv", "date,working\n2027-02-30,true\n"), stated())
    with pytest.raises(Refusal, match="twice"):
        await import_calendar(settings, written(tmp_path, "c.csv", CSV + "2027-01-01,true,x\n"), stated())

    assert await count(settings) == 0
