"""Applying: what a dry run said comes about, row by row, on each application that it touches, and survives a kill."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from app.applications import journal
from app.applications.events import Draft
from app.applications.journal import By, Entry
from app.applications.models import Application, Event, SpanRow
from app.applications.verify import verify
from app.calendar_changes import walk
from app.calendar_changes.apply import made_ready
from app.domain.steps import Step, StepType
from app.kit.service import Service
from tests.builders.applications import Counter, an_item_with_clocks
from tests.calendar_changes.conftest import NOTICE_2027, Json, Post
from tests.calendar_changes.test_dry_runs import does, every_move, received, tried, walker
from tests.conftest import Hands

CHANGE: Json = {
    "holidays": ["2026-12-28", "2026-12-29"],
    "workdays": [],
    "published_to": None,
    "published_at": "2026-12-25",
}


@pytest.fixture
def hall(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Counter:
    return Counter(client, keys)


async def an_office(hall: Counter, hands: Hands) -> list[str]:
    """Seven applications, in different states, on Christmas morning."""
    await hall.publish()
    hands.set("2026-12-22T08:30:00+08:00")
    numbers = [await received(hall) for _ in range(7)]
    hands.set("2026-12-22T09:00:00+08:00")
    for number in numbers[1:6]:
        await does(hall, number, "accept")
    await does(hall, numbers[2], "start_stage", stage="review")
    announced = {"amount": 3, "unit": "working_day"}
    await does(
        hall, numbers[3], "pause", ground="hearing", legal_basis="许可法 45", announced=announced, approver="局长"
    )
    await does(hall, numbers[4], "decide", result="granted")
    await does(hall, numbers[5], "decide", result="granted")
    await does(hall, numbers[5], "close", result_code="ok")
    hands.set("2026-12-25T09:00:00+08:00")
    return numbers


async def clocks_of(hall: Counter, number: str) -> dict[str, Json]:
    answer = await hall.client.get(f"/api/v1/applications/{number}", headers=hall.headers())
    return {one["kind"] + (one["stage"] or ""): one for one in answer.json()["clocks"]}


async def recomputed(service: Service) -> list[tuple[str, str]]:
    async with service.db.read() as tx:
        rows = await tx.execute(
            select(Event.number, Event.body).where(Event.type == "recomputed").order_by(Event.number)
        )
    return [(number, body.decode()) for number, body in rows]


async def test_a_dry_run_equals_what_applying_then_did_row_by_row(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter, service: Service, hands: Hands, post: Post
) -> None:
    await an_office(hall, hands)
    id_ = await tried(client, admin, **CHANGE)
    await walker(service).walk()
    before = await every_move(client, admin, f"/api/v1/dry-runs/{id_}")

    added = await post("CN", **CHANGE)
    path = added.headers["location"]
    waiting = (await client.get(path, headers=admin)).json()
    await walker(service).walk()
    done = (await client.get(path, headers=admin)).json()
    after = await every_move(client, admin, path)

    assert waiting["state"] == "waiting"
    assert (done["state"], done["done"], done["total"]) == ("done", 7, 7)
    assert len(before) > 6
    assert after == before
    tried_counts = (await client.get(f"/api/v1/dry-runs/{id_}", headers=admin)).json()["counts"]
    assert done["counts"] == tried_counts
    for move in before:
        if move["state"] in {"met", "missed"}:
            continue
        clock = (await clocks_of(hall, move["tracking_number"]))[move["clock"] + (move["stage"] or "")]
        assert (clock["due_on"] or clock["latest_due_on"], clock["calendar"]) == (move["to"], "CN@24")


async def test_each_application_that_it_touches_says_so_with_the_cause_and_a_closed_one_never(
    client: httpx2.AsyncClient, hall: Counter, service: Service, hands: Hands, post: Post
) -> None:
    numbers = await an_office(hall, hands)
    stood = await clocks_of(hall, numbers[5])
    await post("CN", **CHANGE)
    await walker(service).walk()
    steps = (await client.get(f"/api/v1/applications/{numbers[0]}/steps", headers=hall.headers())).json()["items"]

    assert [one["type"] for one in steps] == ["receive", "recomputed"]
    assert (steps[1]["cause"], steps[1]["calendar"]) == ("edition", "CN@24")
    touched = [number for number, _ in await recomputed(service)]
    assert numbers[5] not in touched
    assert await clocks_of(hall, numbers[5]) == stood


async def test_before_its_publication_the_old_dates_stand(
    client: httpx2.AsyncClient, hall: Counter, service: Service, hands: Hands, post: Post
) -> None:
    [number, *_] = await an_office(hall, hands)
    old = (await clocks_of(hall, number))["statutory"]
    await post("CN", **CHANGE)
    await walker(service).walk()
    answer = await client.get(
        f"/api/v1/applications/{number}?as_of=2026-12-24T09:00:00%2B08:00", headers=hall.headers()
    )
    [then] = [one for one in answer.json()["clocks"] if one["kind"] == "statutory"]

    assert (then["due_on"], then["calendar"]) == (old["due_on"], "CN@23")


async def test_a_kill_in_the_middle_costs_a_batch_and_the_end_is_the_same(
    client: httpx2.AsyncClient,
    admin: dict[str, str],
    hall: Counter,
    service: Service,
    hands: Hands,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await an_office(hall, hands)
    monkeypatch.setattr(walk, "BATCH", 1)
    id_ = await tried(client, admin, **CHANGE)
    await walker(service).walk()
    told = await every_move(client, admin, f"/api/v1/dry-runs/{id_}")
    path = (await post("CN", **CHANGE)).headers["location"]

    for _ in range(5):  # each process is gone after a batch, as if it had been killed: what it held runs out
        one = walker(service)
        batches = 0

        async def killed(*arguments: Any, of: Any = one._write) -> Any:
            nonlocal batches
            batches += 1
            if batches > 1:
                raise asyncio.CancelledError
            return await of(*arguments)

        monkeypatch.setattr(one, "_write", killed)
        with pytest.raises(asyncio.CancelledError):
            await one.walk()
        hands.advance(timedelta(minutes=1))
    await walker(service).walk()

    assert await every_move(client, admin, path) == told
    touched = [number for number, _ in await recomputed(service)]
    assert len(touched) == len(set(touched)) == (await client.get(path, headers=admin)).json()["counts"]["applications"]


async def test_while_a_process_holds_a_change_no_other_works_on_it(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter, service: Service, hands: Hands, post: Post
) -> None:
    await an_office(hall, hands)
    path = (await post("CN", **CHANGE)).headers["location"]
    one, other = walker(service), walker(service)
    await asyncio.gather(one.walk(), other.walk())
    await walker(service).walk()

    done = (await client.get(path, headers=admin)).json()
    assert done["state"] == "done"
    touched = [number for number, _ in await recomputed(service)]
    assert len(touched) == len(set(touched)) == done["counts"]["applications"]


async def test_a_step_recorded_before_the_walk_comes_by_counts_by_the_new_edition_already(
    client: httpx2.AsyncClient, admin: dict[str, str], hall: Counter, service: Service, hands: Hands, post: Post
) -> None:
    numbers = await an_office(hall, hands)
    id_ = await tried(client, admin, **CHANGE)
    await walker(service).walk()
    told = await every_move(client, admin, f"/api/v1/dry-runs/{id_}")
    path = (await post("CN", **CHANGE)).headers["location"]
    step = await does(hall, numbers[0], "assign", department="D1", note="x")
    await walker(service).walk()

    assert step["application"]["version"] == 3
    assert await every_move(client, admin, path) == told


async def test_in_2027_nothing_is_provisional_any_more_once_its_notice_is_applied(
    client: httpx2.AsyncClient, hall: Counter, service: Service, hands: Hands, post: Post
) -> None:
    await hall.publish(an_item_with_clocks("long").with_clock("own", 40, starts="received", stops=["decided"]))
    hands.set("2026-12-01T09:00:00+08:00")
    number = await received(hall, item="long")
    before = (await clocks_of(hall, number))["own"]
    await post("CN", **{**NOTICE_2027, "published_at": "2026-12-01"})
    await walker(service).walk()
    after = (await clocks_of(hall, number))["own"]

    assert (before["provisional"], before["calendar"]) == (True, "CN@23")
    assert (after["provisional"], after["calendar"]) == (False, "CN@24")
    assert after["revision"] == before["revision"] + (before["due_on"] != after["due_on"])


async def test_what_is_stored_is_what_the_history_says(
    service: Service, hall: Counter, hands: Hands, post: Post
) -> None:
    await an_office(hall, hands)
    await post("CN", **CHANGE)
    await walker(service).walk()
    async with service.db.read() as tx:
        names = {row.calendar for row in await tx.execute(select(SpanRow.calendar))}
        looks = list((await tx.execute(select(Application.next_look_at))).scalars())

    assert names == {"CN@23", "CN@24"}
    verdict = await verify(service.db, service.sealer)
    assert (verdict.broken, verdict.first) == (0, None)
    assert any(look is not None for look in looks)


async def test_window_after_window_each_looked_at_while_the_one_before_is_written(
    client: httpx2.AsyncClient,
    admin: dict[str, str],
    hall: Counter,
    service: Service,
    hands: Hands,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await an_office(hall, hands)
    id_ = await tried(client, admin, **CHANGE)
    await walker(service).walk()
    told = await every_move(client, admin, f"/api/v1/dry-runs/{id_}")
    path = (await post("CN", **CHANGE)).headers["location"]
    monkeypatch.setattr(walk, "WINDOW", 2)
    one = walker(service)
    assert not await one.walk(go_on=lambda: False)  # whoever stops has looked at a window that he leaves to the next
    halfway = (await client.get(path, headers=admin)).json()
    assert (halfway["state"], halfway["done"]) == ("running", 2)
    await walker(service).walk()

    done = (await client.get(path, headers=admin)).json()
    assert (done["state"], done["done"]) == ("done", 7)
    assert await every_move(client, admin, path) == told
    verdict = await verify(service.db, service.sealer)
    assert (verdict.applications, verdict.broken) == (7, 0)


async def test_what_nothing_was_recorded_on_since_the_publication_is_carried_over_without_a_replay(
    hall: Counter, service: Service, hands: Hands, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = await an_office(hall, hands)
    replayed: list[str] = []

    async def watched(tx: Any, wanted: Any, *rest: Any, of: Any = journal.recompute, **named: Any) -> Any:
        replayed.extend(wanted)
        return await of(tx, wanted, *rest, **named)

    monkeypatch.setattr(journal, "recompute", watched)
    await does(hall, numbers[1], "assign", department="D1", note="x")  # since the publication
    await post("CN", **CHANGE)
    await walker(service).walk()

    touched = {number for number, _ in await recomputed(service)}
    assert {numbers[0], numbers[2], numbers[6]} <= touched - set(replayed)
    assert numbers[1] in touched & set(replayed)
    verdict = await verify(service.db, service.sealer)
    assert (verdict.applications, verdict.broken) == (7, 0)


async def test_what_is_recorded_while_it_is_carried_over_is_kept(
    hall: Counter, service: Service, hands: Hands, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = await an_office(hall, hands)
    await post("CN", **CHANGE)

    async def overtaken(*arguments: Any, of: Any = made_ready) -> Any:
        ready = await of(*arguments)
        if ready:
            monkeypatch.undo()
            assert numbers[0] in ready
            async with service.db.transaction() as tx:  # by a process that does not know of the edition yet
                [opened] = await journal.open_dossiers(tx, [numbers[0]], sealer=service.sealer)
                at = service.now.now()
                draft = Draft(Step(type=StepType.ASSIGN, at=at, section="S1"))
                await journal.append_all(
                    tx, [Entry(opened, (draft,), By("test", "admin"))], sealer=service.sealer, now=at
                )
        return ready

    monkeypatch.setattr(walk, "made_ready", overtaken)
    await walker(service).walk()

    async with service.db.read() as tx:
        rows = await tx.execute(select(Event.type).where(Event.number == numbers[0]).order_by(Event.seq))
    assert list(rows.scalars()) == ["receive", "assign", "recomputed"]
    verdict = await verify(service.db, service.sealer)
    assert (verdict.applications, verdict.broken) == (7, 0)


async def test_a_pause_announced_for_some_working_days_ends_later_without_a_replay(
    hall: Counter, service: Service, hands: Hands, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hall.publish()
    hands.set("2026-12-22T09:00:00+08:00")
    numbers = [await received(hall) for _ in range(2)]
    for number in numbers:
        await does(hall, number, "accept")
    hands.set("2026-12-24T09:00:00+08:00")
    announced = {"amount": 5, "unit": "working_day"}
    for number in numbers:
        await does(
            hall, number, "pause", ground="hearing", legal_basis="许可法 45", announced=announced, approver="局长"
        )
    hands.set("2026-12-25T09:00:00+08:00")

    async def never(*arguments: Any, **named: Any) -> Any:
        raise AssertionError("nothing need be replayed")

    monkeypatch.setattr(journal, "recompute", never)
    before = (await clocks_of(hall, numbers[0]))["promise"]
    await post("CN", **CHANGE)
    await walker(service).walk()

    assert {number for number, _ in await recomputed(service)} == {*numbers}
    after = (await clocks_of(hall, numbers[0]))["promise"]
    assert (before["state"], after["state"]) == ("paused", "paused")
    assert before["latest_due_on"] < after["latest_due_on"]
    verdict = await verify(service.db, service.sealer)
    assert (verdict.applications, verdict.broken) == (2, 0)
