"""Editions over HTTP: what is taken, what is refused, and that a refusal changes nothing."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select

from app.access.models import AuditEntry
from app.calendars import catalogue
from app.calendars.known import BUILT_IN
from app.calendars.models import CalendarEdition
from app.calendars.stored import picture
from app.calendars.watch import refresh, watching
from app.kit.service import Service
from tests.calendar_changes.conftest import NOTICE_2027, Post
from tests.conftest import Hands


async def days(client: httpx2.AsyncClient, headers: dict[str, str], name: str, *texts: str) -> list[dict[str, Any]]:
    found = []
    for text in texts:
        answer = await client.get(f"/api/v1/calendars/{name}/days", params={"from": text, "to": text}, headers=headers)
        found += answer.json()["items"]
    return found


async def test_2027_is_provisional_until_its_notice_is_added_and_certain_then(
    client: httpx2.AsyncClient, admin: dict[str, str], post: Post
) -> None:
    asked = ("2027-01-01", "2027-02-14", "2027-12-28", "2027-12-29")
    before = await days(client, admin, "CN", *asked)
    added = await post("CN")
    after = await days(client, admin, "CN", *asked)

    assert {one["certainty"] for one in before} == {"provisional"}
    assert (added.status_code, added.json()) == (201, {"number": 24, "calendar": "CN@24"})
    assert added.headers["location"] == "/api/v1/calendars/CN/editions/24"
    assert [(one["working"], one["certainty"]) for one in after] == [
        (False, "certain"),
        (True, "certain"),
        (True, "certain"),
        (True, "provisional"),
    ]
    assert after[0]["source"] == NOTICE_2027["document"]
    shown = (await client.get("/api/v1/calendars/CN", headers=admin)).json()
    assert (shown["calendar"], shown["published_to"], len(shown["editions"])) == ("CN@24", "2027-12-31", 24)


async def test_the_state_before_an_edition_keeps_its_name(
    client: httpx2.AsyncClient, admin: dict[str, str], post: Post
) -> None:
    await post("CN")
    [old] = await days(client, admin, "CN@23", "2027-01-01")

    assert (old["working"], old["certainty"]) == (True, "provisional")


async def test_an_edition_is_shown_with_what_it_names_and_who_approved_it(
    client: httpx2.AsyncClient, admin: dict[str, str], post: Post
) -> None:
    await post("CN", days=[{"date": "2027-04-05", "working": False, "name": "清明节"}], note="试")
    shown = (await client.get("/api/v1/calendars/CN/editions/24", headers=admin)).json()

    assert (shown["number"], shown["calendar"], shown["days"], shown["approver"]) == (24, "CN", 10, "李四")
    assert (shown["published_at"], shown["built_in"], shown["recorded_at"]) == (
        "2026-11-02",
        False,
        "2026-11-02T01:00:00Z",
    )
    assert {"date": "2027-04-05", "working": False, "name": "清明节", "hours": None} in shown["named"]
    built_in = (await client.get("/api/v1/calendars/CN/editions/17", headers=admin)).json()
    assert (built_in["built_in"], built_in["approver"], built_in["published_at"]) == (True, None, "2020-01-27")
    assert (await client.get("/api/v1/calendars/CN/editions/25", headers=admin)).status_code == 404


async def test_editions_are_listed_page_by_page(client: httpx2.AsyncClient, admin: dict[str, str], post: Post) -> None:
    await post("CN")
    numbers: list[int] = []
    url: str | None = "/api/v1/calendars/CN/editions?limit=10"
    while url is not None:
        answer = await client.get(url, headers=admin)
        numbers += [one["number"] for one in answer.json()["items"]]
        url = answer.headers["link"].split(">")[0][1:] if "link" in answer.headers else None

    assert numbers == list(range(1, 25))


async def test_the_pages_of_days_keep_to_the_state_that_the_first_page_showed(
    client: httpx2.AsyncClient, admin: dict[str, str], post: Post
) -> None:
    asked = {"from": "2026-12-30", "to": "2027-01-03", "limit": "2"}
    first = (await client.get("/api/v1/calendars/CN/days", params=asked, headers=admin)).json()
    await post("CN")
    rest: list[dict[str, Any]] = []
    cursor = first["next_cursor"]
    while cursor is not None:
        answer = await client.get("/api/v1/calendars/CN/days", params={**asked, "cursor": cursor}, headers=admin)
        rest += answer.json()["items"]
        assert answer.json()["calendar"] == "CN@23"
        cursor = answer.json()["next_cursor"]

    assert [one["date"] for one in first["items"] + rest] == [
        "2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02", "2027-01-03",
    ]  # fmt: skip
    assert rest[0]["working"] is True


async def test_a_new_code_makes_a_layer_over_another_and_its_hours_stand(
    client: httpx2.AsyncClient, admin: dict[str, str], post: Post
) -> None:
    hall = await post(
        "CN-41-HALL",
        drop=("published_to",),
        layer_of="CN",
        holidays=["2026-11-03"],
        workdays=[],
        hours={"1": [["08:00", "20:00"]], "2": [["09:00", "12:00"], ["13:30", "24:00"]]},
        days=[{"date": "2026-11-09", "working": True, "hours": [["09:00", "12:00"]], "name": "半天"}],
        name="市民中心",
    )
    shown = (await client.get("/api/v1/calendars/CN-41-HALL", headers=admin)).json()
    [tuesday, monday, half] = await days(client, admin, "CN-41-HALL", "2026-11-03", "2026-11-16", "2026-11-09")

    assert hall.json() == {"number": 1, "calendar": "CN-41-HALL@24"}
    assert (shown["name"], shown["published_to"]) == ("市民中心", "2026-12-31")
    assert [(one["code"], one["editions"]) for one in shown["layers"]] == [("CN", 23), ("CN-41-HALL", 1)]
    assert (tuesday["working"], tuesday["layer"], monday["hours"], half["hours"]) == (
        False,
        "CN-41-HALL",
        [["08:00", "20:00"]],
        [["09:00", "12:00"]],
    )


BAD: list[tuple[str, str, dict[str, Any], str]] = [
    ("an empty year", "CN", {"holidays": [], "workdays": []}, "empty_year"),
    ("an edition that says nothing", "CN", {"holidays": [], "workdays": [], "published_to": None}, "empty_year"),
    ("a week that is the same", "CN", {"holidays": [], "workdays": [], "weekend": [6, 7]}, "empty_year"),
    ("a second year without a day", "CN", {"published_to": "2028-12-31"}, "empty_year"),
    ("a day off and worked", "CN", {"workdays": ["2027-01-01"]}, "days_overlap"),
    ("a day named twice", "CN", {"holidays": ["2027-01-01", "2027-01-01"]}, "days_overlap"),
    ("a day in two forms", "CN", {"days": [{"date": "2027-01-01", "working": False}]}, "days_overlap"),
    ("older than what it supersedes", "CN", {"published_at": "2020-01-20", "supersedes": 17}, "older_than_superseded"),
    ("superseding what is not there", "CN", {"supersedes": 24}, "edition_unknown"),
    ("a layer over itself", "CN", {"layer_of": "CN"}, "layer_over_itself"),
    ("a new layer over itself", "X", {"layer_of": "X"}, "layer_over_itself"),
    ("a layer over one that lies over it", "CN", {"layer_of": "CN-45"}, "layer_over_itself"),
    ("a layer over nothing", "X", {"layer_of": "Y"}, "calendar_unknown"),
    ("a layer moved elsewhere", "CN-45", {"layer_of": "CN-64"}, "layer_of_differs"),
    ("hours that cross", "CN", {"hours": [["09:00", "12:00"], ["11:00", "17:00"]]}, "input_invalid"),
    ("hours that end before they begin", "CN", {"hours": [["12:00", "09:00"]]}, "input_invalid"),
    (
        "hours of one day that cross",
        "CN",
        {"days": [{"date": "2027-03-01", "working": True, "hours": [["09:00", "12:00"], ["11:59", "13:00"]]}]},
        "input_invalid",
    ),
    (
        "hours of a day off",
        "CN",
        {"days": [{"date": "2027-03-01", "working": False, "hours": [["09:00", "12:00"]]}]},
        "hours_of_a_day_off",
    ),
    ("no hours at all", "CN", {"hours": {"1": []}}, "calendar_without_working_days"),
    ("no working day", "X", {"weekend": [1, 2, 3, 4, 5, 6, 7], "workdays": []}, "calendar_without_working_days"),
    ("a zone that does not exist", "CN", {"zone": "Asia/Atlantis"}, "zone_unknown"),
    ("a day that does not exist", "CN", {"holidays": ["2027-02-30"]}, "input_invalid"),
    ("a notice from tomorrow", "CN", {"published_at": "2026-11-03"}, "published_in_future"),
    ("no document", "CN", {"document": " "}, "input_invalid"),
    ("no second person", "CN", {"approver": "Admin of the  TESTS"}, "approver_is_actor"),
]


@pytest.mark.parametrize(("what", "code", "changed", "refusal"), BAD, ids=[one[0] for one in BAD])
async def test_what_cannot_be_believed_is_refused_and_changes_nothing(
    service: Service, post: Post, what: str, code: str, changed: dict[str, Any], refusal: str
) -> None:
    answer = await post(code, **changed)

    assert (answer.status_code, answer.json()["code"]) == (422, refusal), answer.text
    async with service.db.read() as tx:
        assert (await tx.execute(select(func.count()).select_from(CalendarEdition))).scalar() == 0
    assert catalogue.known().serial == 0


async def test_an_edition_may_be_superseded_once_only(post: Post) -> None:
    await post("CN")
    second = await post("CN", supersedes=24, holidays=["2027-01-01"], document="更正")
    third = await post("CN", supersedes=24, document="再更正")

    assert second.json() == {"number": 25, "calendar": "CN@25"}
    assert (third.status_code, third.json()["code"]) == (422, "edition_superseded")


async def test_only_admin_adds_editions(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> None:
    for role, status in (("head", 403), ("supervisor", 403), ("admin", 201)):
        answer = await client.post("/api/v1/calendars/CN/editions", json=NOTICE_2027, headers={"X-API-Key": keys[role]})
        assert answer.status_code == status


async def test_adding_leaves_a_line_in_the_trail_and_a_row_that_nobody_changes(service: Service, post: Post) -> None:
    await post("CN")

    async with service.db.read() as tx:
        [entry] = (await tx.execute(select(AuditEntry).where(AuditEntry.action == "publish_edition"))).all()
    assert (entry.object, entry.detail["edition"], entry.detail["days"]) == ("CN", 24, 9)
    assert "李四" not in str(entry.detail)


async def test_another_process_sees_a_new_edition_when_it_next_looks(service: Service, post: Post) -> None:
    await post("CN")
    catalogue.forget()
    assert catalogue.newest("CN").name == "CN@23"
    await refresh(service.db)

    assert catalogue.newest("CN").name == "CN@24"


async def test_a_watched_process_reads_the_database_at_once_for_a_name_that_it_lacks(
    service: Service, post: Post
) -> None:
    async with watching(service.settings, service.db):
        catalogue.adopt(catalogue.known())
        await post("CN")
        async with service.db.read() as tx:
            stored = await picture(tx)
        assert stored.serial > 0
        look, name = catalogue.known(), catalogue.newest("CN").name
        catalogue._mine.picture = BUILT_IN

        assert catalogue.named(name).name == look.newest("CN").name == "CN@24"


async def test_editions_added_at_once_get_numbers_of_their_own(post: Post) -> None:
    answers = await asyncio.gather(*(post("CN", document=f"文{n}", holidays=[f"2027-03-0{n + 1}"]) for n in range(4)))

    assert sorted(one.json()["number"] for one in answers) == [24, 25, 26, 27]


async def test_a_publication_with_its_hour_counts_from_that_hour(
    client: httpx2.AsyncClient, admin: dict[str, str], post: Post, hands: Hands
) -> None:
    await post("CN", published_at="2026-11-02T08:30:00+08:00")
    shown = (await client.get("/api/v1/calendars/CN/editions/24", headers=admin)).json()
    known = catalogue.known()

    assert shown["published_at"] == "2026-11-02T00:30:00Z"
    assert [known.published_by("CN", hands.at.replace(hour=0, minute=minute)).name for minute in (29, 30)] == [
        "CN@23",
        "CN@24",
    ]


async def test_a_departments_hall_goes_before_the_place_of_the_item(
    client: httpx2.AsyncClient, admin: dict[str, str], keys: Mapping[str, str], post: Post
) -> None:
    await post("HALL", layer_of="CN", holidays=["2026-11-03"], workdays=[], published_to=None)
    unknown = await client.put("/api/v1/departments/D1", json={"name": "局", "calendar": "NONE"}, headers=admin)
    saved = await client.put("/api/v1/departments/D1", json={"name": "局", "calendar": "HALL"}, headers=admin)
    item = {
        "name": "许可",
        "department": "D1",
        "jurisdiction": "CN-41",
        "clocks": [
            {
                "kind": "notice",
                "starts": "received",
                "stops": ["accepted"],
                "limit": {"amount": 5, "unit": "working_day"},
            }
        ],
    }
    assert (await client.put("/api/v1/items/permit", json=item, headers=admin)).status_code == 201
    receipt = {"item": "permit", "applicant": {"name": "甲"}, "subject": "事", "channel": "window"}
    received = await client.post("/api/v1/applications", json=receipt, headers={"X-API-Key": keys["clerk"]})

    assert (unknown.status_code, unknown.json()["code"]) == (422, "calendar_not_found")
    assert saved.json()["calendar"] == "HALL"
    [clock] = received.json()["clocks"]
    assert (clock["calendar"], clock["due_on"]) == ("HALL@24", "2026-11-10")
