"""The public look-up over HTTP: what it shows and hides; nothing tells a wrong code from an unknown number."""

import statistics
import time
from collections.abc import Mapping
from datetime import timedelta

import httpx2
import pytest

from app.domain import tracking_number
from app.kit.db import Database
from app.kit.service import Service
from app.kit.throttle import Throttle
from app.lookup import look_up, queries
from tests.builders.office import Office
from tests.conftest import Hands

PATH = "/api/v1/public/applications"
SHOWN_PER_REQUEST = {"x-request-id", "date"}


def an_unknown_number() -> str:
    numbers = (tracking_number.make(bytes([1, 2, 3, 4, 5, 6, 7, n])) for n in range(256))
    return next(number for number in numbers if number is not None)


@pytest.fixture
async def office(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Office:
    return await Office(client, keys).opens()


def told(answer: httpx2.Response) -> tuple[int, bytes, dict[str, str]]:
    """All that an answer tells a stranger."""
    headers = {name: value for name, value in answer.headers.items() if name not in SHOWN_PER_REQUEST}
    return answer.status_code, answer.content, headers


async def test_the_number_alone_shows_where_it_is(client: httpx2.AsyncClient, office: Office) -> None:
    receipt = await office.receives()
    await office.records(receipt["tracking_number"], "accept", role="clerk")
    answer = await client.get(f"{PATH}/{receipt['tracking_number']}")
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["status"], shown["status_label"], shown["light"]) == ("accepted", "已受理，办理中", "green")
    assert {clock["kind"] for clock in shown["clocks"]} == {"notice", "promise", "statutory"}
    assert not {"subject", "corrections", "result"} & shown.keys()
    assert "张三" not in answer.text
    assert "13812345678" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in answer.headers["x-robots-tag"]


async def test_what_was_typed_carelessly_is_understood(client: httpx2.AsyncClient, office: Office) -> None:
    number = (await office.receives())["tracking_number"]
    careless = number.replace("-", " ").lower().replace("0", "o").replace("1", "l")
    answer = await client.get(f"{PATH}/{careless}")
    assert answer.json()["tracking_number"] == number


async def test_the_query_code_shows_subject_corrections_and_result(client: httpx2.AsyncClient, office: Office) -> None:
    receipt = await office.receives()
    number = receipt["tracking_number"]
    await office.records(number, "request_correction", role="clerk", missing=["环境影响报告书原件"])
    answer = await client.get(f"{PATH}/{number}", headers={"X-Query-Code": receipt["query_code"].lower()})
    shown = answer.json()
    assert shown["subject"] == "年产一万吨再生铝项目"
    assert shown["corrections"][0]["missing"] == ["环境影响报告书原件"]
    assert shown["result"] is None


async def test_unknown_number_and_wrong_code_are_one_and_the_same_answer(
    client: httpx2.AsyncClient, office: Office
) -> None:
    number = (await office.receives())["tracking_number"]
    wrong = await client.get(f"{PATH}/{number}", headers={"X-Query-Code": "AAAAAAAA"})
    unknown = await client.get(f"{PATH}/{an_unknown_number()}", headers={"X-Query-Code": "AAAAAAAA"})
    plain = await client.get(f"{PATH}/{an_unknown_number()}")
    assert wrong.status_code == 404
    assert told(wrong) == told(unknown) == told(plain)


@pytest.mark.parametrize("code", ["AAAAAAA", "not a code!", "U" * 8, "é", "A" * 200])
async def test_what_cannot_be_a_query_code_is_a_wrong_one(
    client: httpx2.AsyncClient, office: Office, code: str
) -> None:
    number = (await office.receives())["tracking_number"]
    answer = await client.get(f"{PATH}/{number}", headers=[(b"X-Query-Code", code.encode())])
    assert answer.status_code == 404


async def test_a_number_that_fails_its_check_asks_no_database(
    client: httpx2.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def asked(*_: object) -> None:
        raise AssertionError("the database was asked")

    monkeypatch.setattr(Database, "rows", asked)
    monkeypatch.setattr(Database, "read", asked)
    for typed in ("Q0QJ-WRBA-61TW-PX", "1", "U" * 14, "x" * 2000, "%E6%9F%A5"):
        answer = await client.get(f"{PATH}/{typed}", headers={"X-Query-Code": "AAAAAAAA"})
        assert (answer.status_code, answer.json()["code"]) == (422, "tracking_number_malformed")
        assert answer.json()["errors"] == [
            {"in": "path", "pointer": "/tracking_number", "detail": answer.json()["detail"]}
        ]


async def test_an_unknown_parameter_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.get(f"{PATH}/{an_unknown_number()}?as_of=2026-01-01")
    assert (answer.status_code, answer.json()["code"]) == (422, "parameter_unknown")


async def test_five_wrong_codes_within_an_hour_lock_the_number_for_a_day(
    client: httpx2.AsyncClient, office: Office, hands: Hands
) -> None:
    receipt = await office.receives()
    path = f"{PATH}/{receipt['tracking_number']}"
    right = {"X-Query-Code": receipt["query_code"]}
    for _ in range(5):
        assert (await client.get(path, headers={"X-Query-Code": "AAAAAAAA"})).status_code == 404
    locked = await client.get(path, headers=right)
    assert (locked.status_code, locked.json()["code"]) == (429, "query_code_locked")
    assert int(locked.headers["retry-after"]) == 24 * 3600
    assert (await client.get(path)).status_code == 200
    hands.advance(timedelta(hours=24))
    assert (await client.get(path, headers=right)).status_code == 200


async def test_an_unknown_number_is_locked_alike(client: httpx2.AsyncClient, office: Office) -> None:
    number = (await office.receives())["tracking_number"]
    answers = []
    for each in (number, an_unknown_number()):
        for _ in range(6):
            answer = await client.get(f"{PATH}/{each}", headers={"X-Query-Code": "AAAAAAAA"})
        answers.append(told(answer))
    assert answers[0] == answers[1]


async def test_wrong_codes_spread_over_hours_lock_nothing(
    client: httpx2.AsyncClient, office: Office, hands: Hands
) -> None:
    receipt = await office.receives()
    path = f"{PATH}/{receipt['tracking_number']}"
    for _ in range(3):
        for _ in range(4):
            await client.get(path, headers={"X-Query-Code": "AAAAAAAA"})
        hands.advance(timedelta(hours=1))
    assert (await client.get(path, headers={"X-Query-Code": receipt["query_code"]})).status_code == 200


async def test_counts_that_are_over_are_dropped(service: Service, hands: Hands) -> None:
    for _ in range(2):
        async with service.db.transaction() as tx:
            await queries.count_wrong_code(tx, "A", hands.at)
        hands.advance(timedelta(hours=26))
    async with service.db.transaction() as tx:
        await queries.count_wrong_code(tx, "B", hands.at)
    async with service.db.read() as tx:
        assert (await tx.exec_driver_sql("SELECT number FROM query_code_tries")).scalars().all() == ["B"]


async def test_one_address_is_limited_and_told_when_to_come_back(client: httpx2.AsyncClient, service: Service) -> None:
    service.throttle = Throttle(per_minute=4, total_per_minute=1000)
    answers = [await client.get(f"{PATH}/{an_unknown_number()}") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [404, 404, 429, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1


async def test_timing_does_not_tell_a_known_number(
    client: httpx2.AsyncClient, office: Office, service: Service
) -> None:
    """The medians of a known and an unknown number with a wrong code lie close: both take the same statements."""
    service.throttle = Throttle(per_minute=1_000_000, total_per_minute=1_000_000)
    numbers = ((await office.receives())["tracking_number"], an_unknown_number())
    taken: dict[str, list[float]] = {number: [] for number in numbers}
    for turn in range(60):
        for number in numbers if turn % 2 else numbers[::-1]:
            async with service.db.transaction() as tx:
                await tx.exec_driver_sql("DELETE FROM query_code_tries")
            begun = time.perf_counter()
            await client.get(f"{PATH}/{number}", headers={"X-Query-Code": "AAAAAAAA"})
            taken[number].append(time.perf_counter() - begun)
    known, unknown = (statistics.median(each) for each in taken.values())
    assert abs(known - unknown) < max(0.001, 0.25 * unknown)


async def test_the_document_is_made_of_the_same_model(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    entry = document["paths"][PATH + "/{tracking_number}"]["get"]
    schema = entry["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/PublicApplicationOut"}
    assert {(each["in"], each["name"]) for each in entry["parameters"]} == {
        ("path", "tracking_number"),
        ("header", "X-Query-Code"),
    }
    assert {"404", "422", "429"} <= entry["responses"].keys()


async def test_bytes_that_are_kept_change_with_time_the_record_and_the_names(
    client: httpx2.AsyncClient, office: Office, hands: Hands
) -> None:
    number = (await office.receives())["tracking_number"]

    async def seen() -> dict[str, object]:
        shown = (await client.get(f"{PATH}/{number}")).json()
        promise = [clock for clock in shown["clocks"] if clock["kind"] == "promise"]
        return {**shown, "promise": promise[0] if promise else None}

    first = await seen()
    hands.advance(timedelta(minutes=1))
    second = await seen()
    assert (first["as_of"], second["as_of"]) == ("2026-11-02T09:00:00+08:00", "2026-11-02T09:01:00+08:00")
    assert first | {"as_of": ""} == second | {"as_of": ""}

    await office.records(number, "accept")
    assert (await seen())["status"] == "accepted"

    await office.sends("PUT", "/api/v1/departments/D1", {"code": "D1", "name": "改名局"}, role="admin")
    assert (await seen())["department_name"] == "改名局"

    used = []
    for instant in ("2026-11-02T23:59:59", "2026-11-03T00:00:00", "2026-11-06T23:59:59", "2026-11-07T00:00:00"):
        hands.set(f"{instant}+08:00")
        shown = await seen()
        assert isinstance(shown["promise"], dict)
        used.append((shown["promise"]["used"], shown["light"]))
    assert used == [(0, "green"), (1, "green"), (4, "yellow"), (4, "red")]


async def test_what_is_kept_is_bounded(
    client: httpx2.AsyncClient, office: Office, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look_up, "MOST_SPELLED", 2)
    for _ in range(4):
        number = (await office.receives())["tracking_number"]
        assert (await client.get(f"{PATH}/{number}")).status_code == 200
    assert len(look_up._spelled[service.db]) == 2
