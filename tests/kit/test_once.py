"""One effect, one answer, however often it is asked for."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import event, func, select

from app.kit import once as once_module
from app.kit.db import Busy, Clash, Database
from app.kit.idempotency import IdempotencyKey, forget_old
from app.kit.problems import Problem
from app.kit.sealing import SecretCheck
from app.kit.service import Service
from tests.conftest import Hands
from tests.kit.conftest import Acts


async def make(
    client: httpx2.AsyncClient, key: str | None = "k", *, body: object = None, path: str = "/things/a", **headers: str
) -> httpx2.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post(path, json=body or {}, headers=given | ({} if key is None else {"Idempotency-Key": key}))


async def recorded(database: Database) -> int:
    """How many acts left their row."""
    async with database.read() as tx:
        things = select(func.count()).select_from(SecretCheck).where(SecretCheck.purpose.startswith("thing"))
        return int((await tx.execute(things)).scalar_one())


async def test_the_same_key_gets_the_first_answer_again(
    small: httpx2.AsyncClient, acts: Acts, database: Database
) -> None:
    first, second = await make(small), await make(small)
    assert (first.status_code, first.content, first.headers["location"]) == (
        second.status_code,
        second.content,
        second.headers["location"],
    )
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert (acts.done, await recorded(database)) == (1, 1)


async def test_fifty_at_once_with_one_key_have_one_effect_and_fifty_equal_answers(
    small: httpx2.AsyncClient, acts: Acts, database: Database
) -> None:
    acts.pause = 0.05
    answers = await asyncio.gather(*(make(small) for _ in range(50)))
    assert Counter((each.status_code, each.content) for each in answers) == {
        (201, '{"turn":1,"name":"张"}'.encode()): 50
    }
    assert Counter(each.headers.get("idempotency-replayed") for each in answers) == {None: 1, "true": 49}
    assert (acts.done, await recorded(database)) == (1, 1)


async def test_fifty_at_once_with_their_own_keys_all_get_through(
    small: httpx2.AsyncClient, acts: Acts, database: Database
) -> None:
    answers = await asyncio.gather(*(make(small, f"k{number}") for number in range(50)))
    assert {each.status_code for each in answers} == {201}
    assert await recorded(database) == 50


async def test_two_processes_with_one_key_have_one_effect(
    small: httpx2.AsyncClient, acts: Acts, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the lock of the process only the database keeps them apart."""

    class Forgetful(dict[object, asyncio.Lock]):
        def __setitem__(self, key: object, lock: asyncio.Lock) -> None:
            pass

    monkeypatch.setattr(once_module, "_under_way", Forgetful())
    acts.pause = 0.05
    answers = await asyncio.gather(*(make(small) for _ in range(8)))
    assert Counter((each.status_code, each.content) for each in answers) == {
        (201, '{"turn":1,"name":"张"}'.encode()): 8
    }
    assert (acts.done, await recorded(database)) == (1, 1)


@pytest.mark.parametrize("change", [{"body": {"name": "b"}}, {"If_Match": '"3"'}])
async def test_the_key_with_another_request_is_refused(
    small: httpx2.AsyncClient, acts: Acts, change: dict[str, Any]
) -> None:
    await make(small)
    answer = await make(small, **change)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert acts.done == 1


@pytest.mark.parametrize("change", [{"X_API_Key": "another"}, {"path": "/things/b"}, {"key": "k2"}, {"key": None}])
async def test_another_credential_path_or_key_is_independent(
    small: httpx2.AsyncClient, acts: Acts, change: dict[str, Any]
) -> None:
    await make(small)
    assert (await make(small, **change)).status_code == 201
    assert acts.done == 2


@pytest.mark.parametrize("failure", [Problem(409, "step_not_allowed", "no"), Busy("full"), ZeroDivisionError()])
async def test_a_refused_or_failed_attempt_records_nothing_and_leaves_the_key_free(
    small: httpx2.AsyncClient, acts: Acts, database: Database, failure: Exception
) -> None:
    acts.fail = failure
    assert (await make(small)).status_code in (409, 500, 503)
    assert await recorded(database) == 0
    acts.fail = None
    answer = await make(small)
    assert (answer.status_code, answer.headers.get("idempotency-replayed")) == (201, None)
    assert await recorded(database) == 1


async def test_an_answer_that_recorded_nothing_is_not_kept(
    small: httpx2.AsyncClient, acts: Acts, database: Database
) -> None:
    acts.status = 409
    await make(small)
    assert await recorded(database) == 0
    acts.status = 201
    assert (await make(small)).status_code == 201


async def test_two_units_that_clashed_are_run_again_as_a_whole(
    small: httpx2.AsyncClient, acts: Acts, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts.fail = Clash("40001")
    waited = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        if seconds and len(waited) >= 4:
            acts.fail = None

    monkeypatch.setattr(asyncio, "sleep", sleep)
    answer = await make(small)
    monkeypatch.undo()
    assert answer.status_code == 201
    assert (acts.done > 1, await recorded(database)) == (True, 1)


async def test_a_clash_that_does_not_end_is_answered_with_503(small: httpx2.AsyncClient, acts: Acts) -> None:
    acts.fail = Clash("40P01")
    answer = await make(small)
    assert (answer.status_code, acts.done) == (503, 4)


async def test_what_is_kept_cannot_be_read_without_the_key(small: httpx2.AsyncClient, database: Database) -> None:
    await make(small, "a-key-nobody-knows")
    async with database.read() as tx:
        row = (await tx.execute(select(IdempotencyKey))).one()
    assert not any(b"turn" in value or b"a-key" in value for value in row if isinstance(value, bytes))


async def test_after_seven_days_the_key_is_free_again(
    small: httpx2.AsyncClient, acts: Acts, hands: Hands, service: Service
) -> None:
    await make(small)
    hands.advance(timedelta(days=7, seconds=1))
    assert "idempotency-replayed" not in (await make(small)).headers
    assert "idempotency-replayed" in (await make(small)).headers
    hands.advance(timedelta(days=8))
    async with service.db.transaction() as tx:
        assert await forget_old(tx, hands.now()) == 1


async def test_a_request_holds_one_connection_at_most(
    small: httpx2.AsyncClient, acts: Acts, database: Database
) -> None:
    held = [0, 0]

    def out(*_: object) -> None:
        held[0] += 1
        held[1] = max(held)

    def back(*_: object) -> None:
        held[0] -= 1

    pool = database.engine.sync_engine.pool
    event.listen(pool, "checkout", out)
    event.listen(pool, "checkin", back)
    acts.pause = 0.02
    await asyncio.gather(*(make(small) for _ in range(10)))
    assert held == [0, 1]


async def test_whoever_waits_too_long_for_the_first_is_told_to_come_again(
    small: httpx2.AsyncClient, acts: Acts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once_module, "WAIT_FOR_FIRST", 0.05)
    acts.pause = 0.4
    first = asyncio.create_task(make(small))
    await asyncio.sleep(0.1)
    second = await make(small)
    assert (second.status_code, second.json()["code"], second.headers["retry-after"]) == (
        409,
        "idempotency_key_in_use",
        "1",
    )
    assert (await first).status_code == 201
