"""Dry runs of a version of an item: what each open clock would be under it, and that nothing moves in truth.

What the list says is held against a second database, in which the version was published first and the same was done:
its clocks are read over HTTP, and the two answers compared by a script that knows nothing of the engine.
"""

import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, insert, select

from app.access import scope
from app.access.keys import KeyOrder, create_key
from app.access.roles import Action, Role, holders
from app.applications.models import Event, SpanRow
from app.calendar_changes import walk
from app.calendar_changes.carry import carry_apart
from app.departments.models import Department
from app.items.models import ItemVersion
from app.kit.now import ClockGate, Now
from app.kit.service import Service, open_service
from app.kit.settings import Settings
from app.main import create_app
from tests.builders.applications import DECISION, Counter, a_receipt, an_item_with_clocks
from tests.builders.items import ItemBuilder, an_item
from tests.calendar_changes.conftest import Json
from tests.calendar_changes.test_dry_runs import every_move, received, walker
from tests.conftest import ADMIN_KEY, SECRET, Hands
from tests.support import databases

PATH = "/api/v1/items/eia-report"
FIELDS = ("tracking_number", "clock", "stage", "round", "was", "state", "from", "to", "from_at", "to_at", "overdue")
Clock = tuple[str, str | None, int | None]


@pytest.fixture
def hall(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Counter:
    return Counter(client, keys)


@pytest.fixture
async def other_hall(tmp_path: Path, hands: Hands) -> AsyncIterator[Counter]:
    """A second office with a database of its own, under the same clock."""
    file = tmp_path / "other.db"
    shutil.copyfile(databases.sqlite_file(), file)
    service = await open_service(
        Settings(_env_file=None, mode="test", database_url=f"sqlite:///{file}", secret_key=SECRET, admin_key=ADMIN_KEY)
    )
    service.now = Now(source=hands.now)
    service.gate = ClockGate(service.now)
    at = datetime(2020, 1, 1, tzinfo=UTC)
    async with service.db.transaction() as tx:
        await tx.execute(insert(Department), {"code": "D1", "name": "测试局", "changed_at": at})
        await scope.graft(tx, "D1", None)
        order = KeyOrder(role=Role.HEAD, name="head", department="D1")
        keys = {"admin": ADMIN_KEY, "head": (await create_key(tx, order, now=at)).text}
    transport = httpx2.ASGITransport(app=create_app(service))
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield Counter(client, keys)
    await service.close()


def document_of(version: ItemBuilder) -> Json:
    return {name: value for name, value in version.build().items() if name != "code"}


async def tried(client: httpx2.AsyncClient, admin: dict[str, str], version: ItemBuilder) -> Json:
    answer = await client.put(f"{PATH}?dry_run=true", json=document_of(version), headers=admin)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def told(client: httpx2.AsyncClient, admin: dict[str, str], service: Service, version: ItemBuilder) -> Json:
    """The run when it is done, with its list."""
    id_ = (await tried(client, admin, version))["dry_run"]
    assert await walker(service).walk()
    run = (await client.get(f"/api/v1/dry-runs/{id_}", headers=admin)).json()
    assert (run["state"], run["kind"], run["moves_in_truth"]) == ("done", "item", False)
    return {**run, "moves": await every_move(client, admin, f"/api/v1/dry-runs/{id_}")}


# An office in which all kinds of things happen, day by day: (instant, application, what)

HEARING = {"ground": "hearing", "legal_basis": "许可法 45", "approver": "局长"}
DAYS: list[tuple[str, str, Json]] = [
    ("2026-11-02T09:00", "waiting", {}),
    ("2026-11-02T09:10", "corrected", {}),
    ("2026-11-02T09:20", "paused", {}),
    ("2026-11-02T09:30", "resumed", {}),
    ("2026-11-02T10:00", "extended", {}),
    ("2026-11-02T10:30", "staged", {}),
    ("2026-11-02T11:00", "amended", {}),
    ("2026-11-02T11:30", "decided", {}),
    ("2026-11-02T12:00", "fixed", {"fixed_due": {"statutory": "2026-12-01"}, "fixed_due_basis": "许可法 50"}),
    ("2026-11-03T09:00", "paused", {"type": "accept"}),
    ("2026-11-03T09:05", "resumed", {"type": "accept"}),
    ("2026-11-03T09:10", "extended", {"type": "accept"}),
    ("2026-11-03T09:15", "staged", {"type": "accept"}),
    ("2026-11-03T09:20", "amended", {"type": "accept"}),
    ("2026-11-03T09:25", "decided", {"type": "accept"}),
    ("2026-11-03T10:00", "corrected", {"type": "request_correction", "missing": ["图纸"]}),
    ("2026-11-03T11:00", "staged", {"type": "start_stage", "stage": "review"}),
    ("2026-11-04T09:00", "paused", {"type": "pause", "announced": None, **HEARING}),
    ("2026-11-04T09:30", "resumed", {"type": "pause", "announced": {"amount": 5, "unit": "working_day"}, **HEARING}),
    ("2026-11-05T09:00", "staged", {"type": "complete_stage", "stage": "review"}),
    ("2026-11-05T09:10", "staged", {"type": "start_stage", "stage": "approval"}),
    ("2026-11-06T09:00", "corrected", {"type": "submit_correction"}),
    ("2026-11-07T09:30", "saturday", {}),
    ("2026-11-09T09:00", "resumed", {"type": "resume"}),
    ("2026-11-10T09:00", "extended", {"type": "extend", "clock": "statutory", "amount": 10, "approver": "局长",
                                      "reason": "复杂"}),
    ("2026-11-11T09:00", "amended", {"type": "pause", "announced": {"amount": 4, "unit": "calendar_day"}, **HEARING}),
    ("2026-11-12T09:00", "amended", {"type": "amend", "replaces": {"announced": {"amount": 2, "unit": "calendar_day"}},
                                     "reason": "更正", "approver": "局长", "actor": "经办人"}),
    ("2026-11-12T09:30", "decided", {"type": "decide", "result": "granted"}),
]  # fmt: skip
ASKED_AT = "2026-11-16T09:00:00+08:00"


async def worked(hall: Counter, hands: Hands) -> tuple[dict[str, str], list[str]]:
    """All of it done in one office: the numbers, and the applications of which a step was refused, one for each."""
    numbers: dict[str, str] = {}
    last: dict[str, str] = {}
    refused: list[str] = []
    for instant, name, what in DAYS:
        hands.set(f"{instant}:00+08:00")
        if "type" not in what:
            numbers[name] = (await hall.receive(**what))["tracking_number"]
            continue
        step = {**what, "step": last.get(name)} if what["type"] == "amend" else what
        answer = await hall.post(f"/{numbers[name]}/steps", step)
        if answer.status_code == 201:
            last[name] = answer.json()["step"]["id"]
        else:
            assert answer.status_code in (409, 422), answer.text
            refused.append(name)
    hands.set(ASKED_AT)
    return numbers, refused


async def clocks_of(hall: Counter, number: str) -> dict[Clock, Json]:
    return {(one["kind"], one["stage"], one["round"]): one for one in (await hall.read(number))["clocks"]}


def fared(clocks: dict[Clock, Json], key: Clock) -> tuple[str, str | None, str | None]:
    """State, last day and end of a clock by what the interface says of it."""
    one = clocks.get(key)
    if one is None:
        known = any(key[:2] == other[:2] for other in clocks)
        return ("not_started" if known else "absent"), None, None
    return one["state"], one["due_on"] or one["latest_due_on"], one["due_at"]


def is_late(fare: tuple[str, str | None, str | None]) -> bool:
    state, _, due_at = fare
    at = datetime.fromisoformat(ASKED_AT)
    return state == "missed" or (state == "running" and due_at is not None and datetime.fromisoformat(due_at) <= at)


def rows_between(number: str, before: dict[Clock, Json], after: dict[Clock, Json]) -> set[tuple[Any, ...]]:
    """What a list should say of one application, by hand."""
    rows: set[tuple[Any, ...]] = set()
    for key in {*before, *after}:
        old, new = fared(before, key), fared(after, key)
        live = [state in ("running", "paused") or (state == "not_started" and end) for state, _, end in (old, new)]
        ended = [state in ("met", "missed") for state, *_ in (old, new)]
        if old == new or not (any(live) or all(ended)):
            continue
        late = (is_late(old), is_late(new))
        overdue = {(False, True): "becomes", (True, False): "ceases"}.get(late)
        rows.add((number, *key, old[0], new[0], old[1], new[1], old[2], new[2], overdue))
    return rows


def a_version(change: Callable[[Json], None]) -> ItemBuilder:
    document: Json = an_item_with_clocks().build()
    document["clocks"] = [dict(clock) for clock in document["clocks"]]
    document["stages"] = [dict(stage) for stage in document["stages"]]
    change(document)
    return ItemBuilder(document)


def shorter(document: Json) -> None:
    notice, statutory, promise, _ = document["clocks"]
    notice["limit"] = {"amount": 1, "unit": "working_day"}
    statutory["limit"] = {"amount": 12, "unit": "calendar_day"}
    promise["limit"] = {"amount": 4, "unit": "working_day"}


def counted_otherwise(document: Json) -> None:
    _, statutory, promise, _ = document["clocks"]
    statutory["count"] = {"start_rule": "same_day", "end_rule": "keep"}
    statutory["limit"] = {"amount": 2, "unit": "month"}
    promise |= {"pauses_for": ["expert_review"], "starts": "received", "limit": {"amount": 6, "unit": "working_day"}}
    document["stages"][1]["limit"] = {"amount": 9, "unit": "calendar_day"}


def stricter(document: Json) -> None:
    notice, statutory, *_ = document["clocks"]
    notice |= {"on_expiry": "deemed_accepted_from_receipt", "legal_basis": "行政许可法 第三十二条"}
    statutory |= {"extension": {"amount": 5, "times": 1}, "pauses_for": []}
    document["stages"] = document["stages"][:1]


def elsewhere(document: Json) -> None:
    document |= {"jurisdiction": "CN-45", "receipt_rule": "next_working_day"}
    own = {"kind": "first_look", "starts": "received", "stops": ["accepted"],
           "limit": {"amount": 3, "unit": "calendar_day"}}  # fmt: skip
    document["clocks"] = [*document["clocks"][1:], own]


def approved_by_silence(document: Json) -> None:
    document["clocks"][2] |= {"limit": {"amount": 3, "unit": "working_day"}, "on_expiry": "deemed_approved"}


def confirmed_first(document: Json) -> None:
    document["receipt_rule"] = "on_confirmation"


@pytest.mark.parametrize(
    "change", [shorter, counted_otherwise, stricter, elsewhere, approved_by_silence, confirmed_first]
)
async def test_the_list_equals_an_office_that_had_the_version_from_the_beginning(
    client: httpx2.AsyncClient,
    admin: dict[str, str],
    hall: Counter,
    other_hall: Counter,
    service: Service,
    hands: Hands,
    change: Callable[[Json], None],
) -> None:
    await hall.publish()
    numbers, none_refused = await worked(hall, hands)
    assert none_refused == []
    hands.set("2026-11-02T08:00:00+08:00")
    await other_hall.publish(a_version(change))
    others, refused = await worked(other_hall, hands)

    expected: set[tuple[Any, ...]] = set()
    for name, number in numbers.items():
        if name != "decided":  # it is not open any more
            before, after = await clocks_of(hall, number), await clocks_of(other_hall, others[name])
            expected |= rows_between(number, before, after)
    run = await told(client, admin, service, a_version(change))

    assert {tuple(row[name] for name in FIELDS) for row in run["moves"]} == expected
    assert expected
    ended = [row for row in expected if row[4] in ("met", "missed") and row[5] in ("met", "missed")]
    counts = run["counts"]
    assert (run["done"], run["total"]) == (len(numbers) - 1, len(numbers) - 1)
    assert (counts["moves"], counts["stopped"]) == (len(expected) - len(ended), len(ended))
    changed = [row for row in expected if row not in ended]
    assert counts["becomes_overdue"] == sum(row[-1] == "becomes" for row in changed)
    assert counts["ceases_overdue"] == sum(row[-1] == "ceases" for row in changed)
    assert counts["applications"] >= len({row[0] for row in changed})
    assert (counts["refused_steps"], counts["uncounted"]) == (len([name for name in refused if name != "decided"]), 0)


async def stored(service: Service) -> tuple[Any, ...]:
    async with service.db.read() as tx:
        counts = [(await tx.execute(select(func.count()).select_from(one))).scalar() for one in (Event, ItemVersion)]
        columns = SpanRow.__table__.columns
        spans = (await tx.execute(select(*columns).order_by(SpanRow.number, SpanRow.clock, SpanRow.from_at))).all()
    return (*counts, spans)


async def test_nothing_moves_in_truth_then_or_when_the_version_is_published(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter, service: Service, hands: Hands
) -> None:
    await hall.publish()
    number = await received(hall)
    hands.advance(timedelta(days=1))
    before, shown = await stored(service), await clocks_of(hall, number)

    run = await told(client, admin, service, a_version(shorter))
    assert run["counts"]["moves"] == 2  # the notice and the statutory clock
    assert await stored(service) == before
    await hall.publish(a_version(shorter))

    assert await clocks_of(hall, number) == shown
    assert (await hall.read(number))["item_version"] == 1


async def test_the_answer_says_what_differs_as_before_and_names_the_run(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter
) -> None:
    await hall.publish()
    await received(hall)
    answer = await tried(client, admin, a_version(shorter))
    assert set(answer) == {"version", "valid_from", "would_publish", "changes", "open_applications", "dry_run"}
    assert (answer["version"], answer["would_publish"]) == (2, True)
    assert answer["open_applications"] == [{"version": 1, "applications": 1}]
    run = (await client.get(f"/api/v1/dry-runs/{answer['dry_run']}", headers=admin)).json()
    assert (run["state"], run["done"], run["total"]) == ("waiting", 0, 1)


async def test_a_version_equal_to_the_newest_moves_what_stands_on_an_older_one(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter, service: Service, hands: Hands
) -> None:
    await hall.publish()
    old = await received(hall)
    hands.advance(timedelta(days=1))
    await hall.publish(a_version(shorter))
    await received(hall)
    run = await told(client, admin, service, a_version(shorter))
    assert run["total"] == 2
    assert {row["tracking_number"] for row in run["moves"]} == {old}


async def test_rungs_alone_move_no_end_and_are_counted(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter, service: Service
) -> None:
    def warned_earlier(document: Json) -> None:
        document["clocks"][1]["warn"] = [{"before": {"amount": 30, "unit": "calendar_day"}}]

    await hall.publish()
    await received(hall)
    run = await told(client, admin, service, a_version(warned_earlier))
    assert run["moves"] == []
    assert (run["counts"]["moves"], run["counts"]["applications"]) == (0, 1)


async def test_an_item_that_nobody_has_applied_for_moves_nothing(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter, service: Service
) -> None:
    await hall.publish()
    await hall.publish(an_item("other").with_clock("statutory", 5, starts="received", stops=DECISION))
    await received(hall, item="other")
    run = await told(client, admin, service, a_version(shorter))
    assert (run["total"], run["moves"]) == (0, [])
    assert run["counts"] == {
        "moves": 0, "becomes_overdue": 0, "ceases_overdue": 0, "stopped": 0, "applications": 0, "refused_steps": 0,
        "uncounted": 0,
    }  # fmt: skip


async def test_what_no_calendar_can_count_is_told_of_as_uncounted(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter, service: Service, hands: Hands
) -> None:
    await hall.publish()
    await received(hall)
    edition = {
        "document": "公司公告", "title": "公司日历", "published_at": "2026-11-02", "holidays": ["2027-01-01"],
        "workdays": [], "published_to": "2027-12-31", "approver": "李四",
    }  # fmt: skip
    added = await client.post("/api/v1/calendars/COMPANY/editions", json=edition, headers=admin)
    assert added.status_code == 201, added.text
    hands.advance(timedelta(days=1))

    run = await told(client, admin, service, an_item_with_clocks().with_(calendar="COMPANY"))
    assert (run["counts"]["uncounted"], run["moves"]) == (1, [])


async def test_a_version_that_would_be_refused_is_refused_alike_and_begins_nothing(
    client: httpx2.AsyncClient, admin: dict[str, str]
) -> None:
    document = document_of(an_item().with_clock("statutory", 5).with_clock("promise", 6).with_(jurisdiction="XX"))
    answers = [await client.put(f"{PATH}{query}", json=document, headers=admin) for query in ("", "?dry_run=true")]
    first, second = [{**answer.json(), "request_id": None} for answer in answers]
    assert answers[1].status_code == 422
    assert first == second
    assert "pointer" in second["errors"][0]


async def test_the_same_key_answers_the_same_run(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter
) -> None:
    await hall.publish()
    headers = {**admin, "Idempotency-Key": "once"}
    answers = [
        await client.put(f"{PATH}?dry_run=true", json=document_of(a_version(shorter)), headers=headers)
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"


async def test_it_is_kept_a_day(client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter, hands: Hands) -> None:
    await hall.publish()
    id_ = (await tried(client, admin, a_version(shorter)))["dry_run"]
    hands.advance(timedelta(days=1, seconds=1))
    for path in (f"/api/v1/dry-runs/{id_}", f"/api/v1/dry-runs/{id_}/moves"):
        assert (await client.get(path, headers=admin)).status_code == 404


async def test_it_goes_on_behind_the_last_batch_whoever_was_killed(
    client: httpx2.AsyncClient,
    admin: dict[str, str],
    hall: Counter,
    service: Service,
    hands: Hands,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(walk, "BATCH", 2)
    monkeypatch.setattr(walk, "WINDOW", 4)
    await hall.publish()
    numbers = [await received(hall) for _ in range(9)]
    id_ = (await tried(client, admin, a_version(shorter)))["dry_run"]
    assert not await walker(service).walk(go_on=lambda: False)
    halfway = (await client.get(f"/api/v1/dry-runs/{id_}", headers=admin)).json()
    assert halfway["state"] == "running"
    assert 0 < halfway["done"] < 9

    hands.advance(timedelta(seconds=31))
    assert await walker(service).walk()

    moves = await every_move(client, admin, f"/api/v1/dry-runs/{id_}", limit=3)
    assert sorted((row["tracking_number"], row["clock"]) for row in moves) == sorted(
        (number, clock) for number in numbers for clock in ("notice", "statutory")
    )


async def test_a_child_process_carries_it_on(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter, service: Service
) -> None:
    await hall.publish()
    assert (await hall.post("", a_receipt())).status_code == 201
    id_ = (await tried(client, admin, a_version(shorter)))["dry_run"]
    assert await service.workers.run(carry_apart, service.settings, timedelta(0))
    run = (await client.get(f"/api/v1/dry-runs/{id_}", headers=admin)).json()
    assert (run["state"], run["done"]) == ("done", 1)


def test_who_may_publish_a_version_may_read_what_it_would_move() -> None:
    assert holders(Action.WRITE_ITEMS) <= holders(Action.WRITE_CALENDARS)
