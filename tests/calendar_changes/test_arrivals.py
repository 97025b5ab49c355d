"""A release of the program brings editions into a database that has its own: what was named stays what it was."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

import httpx2
import pytest

from app.calendar_changes.arrivals import bring_in
from app.calendars import arrivals, catalogue
from app.calendars.known import Known, Layer, Recorded, built_in, midnight
from app.calendars.stored import picture
from app.domain.calendar import Calendar
from app.domain.layers import Edition, EditionDay, Frame
from app.kit.service import Service
from app.scheduler import run
from tests.builders.applications import Counter
from tests.calendar_changes.conftest import NOTICE_2027, Post
from tests.calendar_changes.test_dry_runs import does, received, walker
from tests.conftest import Hands


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def worked(calendar: Calendar, *days: str) -> list[bool]:
    return [calendar.is_working(day(one)) for one in days]


def later(layer: Layer, document: str, published: str, named: Mapping[str, bool], *, release: int = 2) -> Recorded:
    """An edition that a later release of the program brings."""
    days = tuple(EditionDay(day(one), works) for one, works in sorted(named.items()))
    number = len(layer.editions) + 1
    edition = Edition(document, day(published), days, number=number)
    zone = layer.frame.zone
    return Recorded(edition, midnight(day(published), zone), release=release)  # type: ignore[arg-type]


def released(monkeypatch: pytest.MonkeyPatch, brought: Mapping[str, tuple[str, str, Mapping[str, bool]]]) -> None:
    """From now on the program is a later release, whose data know more."""
    layers = dict(built_in())
    for code, (document, published, named) in brought.items():
        layer = layers.get(code) or Layer(Frame(code, layers["CN"].frame.zone), {"zh-CN": code, "en": code}, "CN", ())
        layers[code] = replace(layer, editions=(*layer.editions, later(layer, document, published, named)))
    monkeypatch.setattr(catalogue, "built_in", lambda: layers)
    monkeypatch.setattr(arrivals, "built_in", lambda: layers)


NOTICE = "国办发明电〔2026〕2号（测试）"
GUANGXI = "桂政办〔2025〕9号（测试）"


async def named_of(service: Service) -> Known:
    async with service.db.read() as tx:
        return await picture(tx)


async def test_what_the_names_mean_under_which_applications_stand_stays_when_a_release_knows_more(
    service: Service, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await post("CN")).status_code == 201
    days = {"holidays": ["2027-04-08"], "workdays": [], "published_to": None, "document": "桂政办〔2026〕3号（测试）"}
    assert (await post("CN-45", **days)).status_code == 201
    before = catalogue.known()
    names = [f"CN@{n}" for n in range(24, 0, -1)] + [f"CN-45@{n}" for n in range(26, 0, -1)]
    meant = {name: dict(before.named(name).days) for name in names}

    released(
        monkeypatch,
        {
            "CN": (NOTICE, "2026-11-01", {"2027-02-15": False, "2027-02-05": True}),
            "CN-45": (GUANGXI, "2025-03-01", {"2025-03-31": False}),
        },
    )
    await bring_in(service)
    after = await named_of(service)

    assert {name: dict(after.named(name).days) for name in names} == meant
    assert after.layer("CN").editions[23].edition.document == NOTICE_2027["document"]
    assert [one.edition.number for one in after.layer("CN").editions] == [*range(1, 26)]
    assert after.newest("CN").name == "CN@25"
    assert after.newest("CN-45").name == "CN-45@28"
    assert after.layer("CN-45").editions[-1].edition.document == GUANGXI
    assert worked(after.newest("CN-45"), "2025-03-31") == [False]


async def test_a_scheduler_alone_brings_in_what_its_release_knows(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    released(monkeypatch, {"CN": (NOTICE, "2026-11-01", {"2027-02-15": False})})
    stop = asyncio.Event()
    stop.set()
    assert await run(service, stop) == 0
    assert (await named_of(service)).layer("CN").editions[-1].edition.document == NOTICE


async def test_of_a_day_that_both_name_the_notice_that_was_published_later_speaks(
    service: Service, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    await post("CN")  # published on 2 November
    released(monkeypatch, {"CN": (NOTICE, "2026-11-01", {"2027-02-05": True, "2027-02-15": False})})
    await bring_in(service)
    assert worked((await named_of(service)).newest("CN"), "2027-02-05", "2027-02-15") == [False, False]


async def test_a_notice_that_the_office_has_entered_itself_stands_and_is_not_brought_again(
    service: Service, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    await post("CN")
    released(monkeypatch, {"CN": (str(NOTICE_2027["document"]), "2026-11-02", {"2027-02-15": False})})
    await bring_in(service)
    after = await named_of(service)
    assert (after.newest("CN").name, worked(after.newest("CN"), "2027-02-15")) == ("CN@24", [True])


async def test_a_database_without_editions_of_its_own_records_what_a_release_brings_once(
    service: Service, monkeypatch: pytest.MonkeyPatch, hands: Hands
) -> None:
    meant = dict(catalogue.named("CN-45@24").days)
    released(monkeypatch, {"CN-45": (GUANGXI, "2025-03-01", {"2025-03-31": False})})
    for _ in range(2):
        await bring_in(service)
    after = await named_of(service)
    [*_, one] = after.layer("CN-45").editions
    assert (one.edition.number, one.serial > 0) == (2, True)
    assert (one.recorded_by, one.recorded_at) == ("release", hands.now())
    assert dict(after.named("CN-45@24").days) == meant
    assert after.newest("CN-45").name == "CN-45@25"
    assert after.published_by("CN-45", datetime(2025, 4, 1, tzinfo=UTC)).is_working(day("2025-03-31")) is False


async def test_a_calendar_that_an_office_made_stays_its_own_when_a_release_brings_one_of_that_code(
    service: Service, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"document": "豫政办〔2026〕3号（测试）", "published_to": None, "holidays": ["2026-12-01"], "workdays": []}
    await post("CN-41", **own, layer_of="CN", name="河南")
    meant = dict(catalogue.named("CN-41@24").days)
    released(monkeypatch, {"CN-41": ("豫政办〔2025〕1号（测试）", "2025-03-01", {"2026-12-02": False})})
    await bring_in(service)
    after = await named_of(service)
    assert dict(after.named("CN-41@24").days) == meant
    assert worked(after.newest("CN-41"), "2026-12-01", "2026-12-02") == [False, False]
    assert after.layer("CN-41").names["zh-CN"] == "河南"


async def test_what_a_release_brings_is_applied_to_what_is_under_way_like_any_other_edition(
    client: httpx2.AsyncClient,
    admin: dict[str, str],
    keys: Mapping[str, str],
    service: Service,
    hands: Hands,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hall = Counter(client, keys)
    await hall.publish()
    number = await received(hall)
    await does(hall, number, "accept")
    hands.set("2026-11-03T09:00:00+08:00")
    released(monkeypatch, {"CN": (NOTICE, "2026-11-03", {"2026-11-04": False})})
    await bring_in(service)
    await walker(service).walk()
    run = (await client.get("/api/v1/calendars/CN/editions/24", headers=admin)).json()
    assert (run["state"], run["total"]) == ("done", 1)
    application = (await client.get(f"/api/v1/applications/{number}", headers=hall.headers())).json()
    assert {clock["calendar"] for clock in application["clocks"] if clock["state"] == "running"} == {"CN@24"}
