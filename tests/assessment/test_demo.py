"""The demonstration shows a sheet, a target and an inspection, all marked as made up, once however often it starts."""

import json

from app.alarms.sweep import Sweeper
from app.cli.demo import DATA, open_hall
from app.kit.service import Service
from tests.assessment.conftest import Book
from tests.conftest import Hands


async def test_the_made_up_hall_is_scored_aims_and_is_inspected_once(
    book: Book, service: Service, hands: Hands
) -> None:
    hands.set("2026-11-26T09:00:00+08:00")
    hall = json.loads(DATA.read_text(encoding="utf-8"))
    for _ in range(2):
        await open_hall(service, hall)
    for _ in range(3):
        await Sweeper(service).sweep()
    [sheet] = await book.sheets()
    assert "虚构" in sheet["name"]
    assert [point["rule"] for part in sheet["parts"] for point in part["points"]]
    [target] = (await book.get("/targets/2026"))["items"]
    assert (target["version"], target["department"]) == (1, "demo-hall")
    assert "虚构" in target["document"]
    [inspection] = (await book.get("/inspections"))["items"]
    assert "虚构" in inspection["finding"]
