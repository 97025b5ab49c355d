"""Lists of applications and one application at any instant, through HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from app.applications import queries
from app.kit.service import Service
from tests.builders.access import an_actor
from tests.builders.applications import Counter, an_item_with_clocks
from tests.builders.departments import a_department, a_section
from tests.conftest import Hands

Json = dict[str, Any]  # a JSON object


@pytest.fixture
async def hall(counter: Counter, hands: Hands) -> Json:
    """Five applications of two items in two departments, each with a name."""
    for code, parent in (("D2", "D1"), ("D3", None)):
        document = {**a_department(code, parent), "sections": [a_section("窗口", "李")]}
        document.pop("code")
        answer = await counter.client.put(
            f"/api/v1/departments/{code}", json=document, headers={"X-API-Key": counter.keys["admin"]}
        )
        assert answer.status_code in (200, 201), answer.text
    await counter.publish(an_item_with_clocks("other", "D3"))
    everybody = counter.as_("admin_key")
    names: Json = {}
    documents: dict[str, Json] = {
        "first": {"external_ref": "A-1", "project_code": "P-1"},
        "second": {"department": "D2", "section": "窗口", "officer": "李", "project_code": "P-1"},
        "third": {"item": "other", "external_ref": "A-2"},
        "fourth": {"external_ref": "B_1"},
        "fifth": {"item": "other", "department": "D1"},
    }
    for name, fields in documents.items():
        hands.advance(timedelta(hours=1))
        received = await everybody.receive(**fields)
        names[name] = received["tracking_number"]
    hands.set("2026-11-03T09:00:00+08:00")
    await everybody.step(names["first"], "accept")
    await everybody.step(names["fourth"], "refuse", reason="不属于本机关")
    return names


async def found(counter: Counter, names: Json, **query: str) -> list[str]:
    answer = await counter.get("", **query)
    assert answer.status_code == 200, answer.text
    by_number = {number: name for name, number in names.items()}
    return [by_number[row["tracking_number"]] for row in answer.json()["items"]]


ALL = ["fifth", "fourth", "third", "second", "first"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ALL),
        ({"status": "received"}, ["fifth", "third", "second"]),
        ({"status": "refused"}, ["fourth"]),
        ({"status": "no_such"}, []),
        ({"item": "other"}, ["fifth", "third"]),
        ({"department": "D1"}, ["fifth", "fourth", "second", "first"]),
        ({"department": "D2"}, ["second"]),
        ({"department": "D2", "section": "窗口"}, ["second"]),
        ({"officer": "李"}, ["second"]),
        ({"project_code": "P-1"}, ["second", "first"]),
        ({"received_from": "2026-11-02", "received_to": "2026-11-02"}, ALL),
        ({"received_from": "2026-11-03"}, []),
        ({"received_to": "2026-11-01"}, []),
        ({"q": "A-"}, ["third", "first"]),
        ({"q": "B_"}, ["fourth"]),
        ({"q": "B%"}, []),
        ({"q": "P-1"}, ["second", "first"]),
        ({"light": "green"}, ["fifth", "third", "second", "first"]),
        ({"light": "green", "as_of": "2026-11-06T00:00:00+08:00"}, ["first"]),
        ({"light": "yellow", "as_of": "2026-11-06T00:00:00+08:00"}, ["fifth", "third", "second"]),
        ({"light": "red", "as_of": "2026-11-10T00:00:00+08:00"}, ["fifth", "third", "second"]),
        ({"light": "red", "as_of": "2026-11-09T23:59:59.999999+08:00"}, []),
        ({"as_of": "2026-11-02T11:30:00+08:00"}, ["second", "first"]),
        ({"as_of": "2026-11-02T08:00:00+08:00"}, []),
        ({"status": "received", "as_of": "2026-11-02T20:00:00+08:00"}, ALL),
    ],
)
async def test_the_list_narrows(counter: Counter, hall: Json, query: dict[str, str], expected: list[str]) -> None:
    assert await found(counter.as_("supervisor"), hall, **query) == expected


async def test_a_number_is_found_however_it_was_typed(counter: Counter, hall: Json) -> None:
    number = hall["third"]
    supervisor = counter.as_("supervisor")
    for typed in (number, number.lower(), number.replace("-", ""), f" {number[:9]}"):
        assert await found(supervisor, hall, q=typed) == ["third"]


async def test_an_office_lists_what_it_and_those_below_hold(counter: Counter, hall: Json) -> None:
    assert await found(counter, hall) == ["fifth", "fourth", "second", "first"]


async def test_what_an_office_held_once_stays_in_its_list(counter: Counter, hall: Json, hands: Hands) -> None:
    hands.advance(timedelta(minutes=1))
    await counter.step(hall["first"], "assign", department="D3")
    assert await found(counter, hall) == ["fifth", "fourth", "second", "first"]
    assert await found(counter, hall, department="D1") == ["fifth", "fourth", "second"]
    assert await found(counter, hall, department="D1", as_of="2026-11-02T20:00:00+08:00") == [
        "fifth",
        "fourth",
        "second",
        "first",
    ]


@pytest.mark.parametrize("role", ["admin", "security"])
async def test_who_may_not_read_applications_is_refused(counter: Counter, hall: Json, role: str) -> None:
    for path in ("", f"/{hall['first']}", f"/{hall['first']}/steps", f"/{hall['first']}/clocks"):
        answer = await counter.as_(role).get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")


async def test_pages_hold_every_row_once_though_more_come_in(counter: Counter, hall: Json, hands: Hands) -> None:
    seen: list[str] = []
    path = "?limit=2"
    for _ in range(5):
        answer = await counter.client.get(f"/api/v1/applications{path}", headers=counter.headers())
        document = answer.json()
        seen += [row["tracking_number"] for row in document["items"]]
        hands.advance(timedelta(hours=1))
        await counter.receive()
        if document["next_cursor"] is None:
            assert "link" not in answer.headers
            break
        link = answer.headers["link"]
        assert link.endswith('; rel="next"')
        path = link[link.index("?") : link.index(">")]
    assert [name for number in seen for name, of in hall.items() if of == number] == [
        "fifth",
        "fourth",
        "second",
        "first",
    ]
    assert document["as_of"] == "2026-11-03T09:00:00+08:00"


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "501"},
        {"limit": "x"},
        {"cursor": "nonsense"},
        {"unknown": "1"},
        {"known_at": "2026-11-02T09:00:00"},
        {"light": "blue"},
        {"received_from": "2026-13-01"},
        {"as_of": "2026-11-02"},
        {"status": ""},
    ],
)
async def test_a_query_that_is_wrong_is_refused(counter: Counter, query: dict[str, str]) -> None:
    answer = await counter.get("", **query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["in"] == "query"


async def test_a_cursor_belongs_to_its_list(counter: Counter, hall: Json) -> None:
    cursor = (await counter.get("", limit="1")).json()["next_cursor"]
    other = await counter.get("", limit="1", status="received", cursor=cursor)
    assert (other.status_code, other.json()["code"]) == (422, "cursor_malformed")


async def test_before_the_receipt_nothing_is_received(counter: Counter, hall: Json) -> None:
    before = await counter.read(hall["second"], as_of="2026-11-02T10:59:59+08:00")
    assert before["status"] == "not_received"
    assert {clock["state"] for clock in before["clocks"]} == {"not_started"}
    assert before["light"] is None


async def test_an_application_ahead_of_now(counter: Counter, hall: Json) -> None:
    ahead = await counter.read(hall["first"], as_of="2027-03-01T00:00:00+08:00")
    assert ahead["light"] == "red"
    overdue = {clock["kind"]: clock["overdue_since"] for clock in ahead["clocks"] if clock["light"] == "red"}
    assert set(overdue) == {"statutory", "promise"}


async def test_the_tag_of_an_application_is_its_version_and_it_is_always_sent(counter: Counter, hall: Json) -> None:
    path = f"/api/v1/applications/{hall['first']}"
    first = await counter.client.get(path, headers=counter.headers())
    assert first.headers["etag"] == '"2"'
    again = await counter.client.get(path, headers=counter.headers(**{"If-None-Match": '"2"'}))
    assert again.status_code == 200


async def test_the_clocks_alone_are_those_of_the_application(counter: Counter, hall: Json) -> None:
    at = "2026-11-20T09:00:00+08:00"
    whole = await counter.read(hall["first"], as_of=at)
    alone = (await counter.get(f"/{hall['first']}/clocks", as_of=at)).json()
    assert alone == {"items": whole["clocks"], "next_cursor": None, "as_of": at, "known_at": whole["known_at"]}


async def test_steps_by_pages_and_as_of(counter: Counter, hall: Json) -> None:
    first = (await counter.get(f"/{hall['first']}/steps", limit="1")).json()
    assert [step["type"] for step in first["items"]] == ["receive"]
    second = (await counter.get(f"/{hall['first']}/steps", limit="1", cursor=first["next_cursor"])).json()
    assert ([step["type"] for step in second["items"]], second["next_cursor"]) == (["accept"], None)
    early = (await counter.get(f"/{hall['first']}/steps", as_of="2026-11-02T20:00:00+08:00")).json()
    assert [step["type"] for step in early["items"]] == ["receive"]


async def test_the_newest_record_is_known(counter: Counter, hall: Json, service: Service, hands: Hands) -> None:
    async with service.db.read() as tx:
        assert await queries.newest_record(tx) == hands.now()


async def test_dossiers_are_opened_in_two_statements_however_many(
    counter: Counter, hall: Json, service: Service
) -> None:
    async with service.db.transaction() as tx:
        opened = await queries.load(tx, [*hall.values(), "Q0QJ-WRBA-61TW-PZ"], sealer=service.sealer, lock=True)
        assert [one.number for one in opened] == sorted(hall.values())
        assert await queries.find(tx, an_actor(), hall["first"]) == next(
            one.head for one in opened if one.number == hall["first"]
        )
