"""Checkpoints over HTTP, what a receipt carries, and how a history is covered."""

import hashlib
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from app.domain.merkle import Leaf, leaf_hash, root_over
from app.kit.service import Service
from app.proof.checkpoints import take_all
from app.proof.queries import records_after
from app.proof.signing import holds
from tests.builders.applications import Counter

Ask = Any  # a function that asks as the auditor


@pytest.fixture
def ask(client: httpx2.AsyncClient, keys: Mapping[str, str]) -> Ask:
    async def as_auditor(path: str) -> httpx2.Response:
        return await client.get(f"/api/v1{path}", headers={"X-API-Key": keys["auditor"]})

    return as_auditor


async def test_a_checkpoint_proves_itself_without_the_service(numbers: list[str], ask: Ask, service: Service) -> None:
    async with service.db.read() as tx:
        stored = (await records_after(tx, 0, 10))[1]
    shown = (await ask("/checkpoints/2")).json()
    assert shown["record"].encode() == stored.body
    assert (shown["said"]["n"], shown["said"]["count"], shown["kind"]) == (2, 6, "changed")
    assert holds(bytes.fromhex(shown["public_key"]), shown["record"].encode(), bytes.fromhex(shown["signature"]))
    assert hashlib.sha256(bytes.fromhex(shown["public_key"])).hexdigest()[:16] == shown["key"]
    assert (await ask("/checkpoints/latest")).json()["n"] == 3


async def test_checkpoints_are_listed_the_newest_first(numbers: list[str], ask: Ask) -> None:
    first = await ask("/checkpoints?limit=2")
    assert [one["n"] for one in first.json()["items"]] == [3, 2]
    assert 'rel="next"' in first.headers["Link"]
    second = (await ask(f"/checkpoints?limit=2&cursor={first.json()['next_cursor']}")).json()
    assert ([one["n"] for one in second["items"]], second["next_cursor"]) == ([1], None)


async def test_what_is_no_checkpoint_is_not_there(ask: Ask) -> None:
    assert (await ask("/checkpoints")).json() == {"items": [], "next_cursor": None}
    for path, status in (("latest", 404), ("1", 404), ("0", 404), ("first", 422), ("-1", 422), ("1" * 10, 422)):
        assert (await ask(f"/checkpoints/{path}")).status_code == status, path
    assert (await ask("/checkpoints?cursor=x")).status_code == 422


async def test_the_way_from_a_head_leads_to_the_root_that_was_signed(numbers: list[str], counter: Counter) -> None:
    number = numbers[3]
    await counter.step(number, "complete_stage", stage="review")
    told = (await counter.get(f"/{number}/inclusion")).json()
    steps = (await counter.get(f"/{number}/steps")).json()["items"]
    assert told["witness"]["seq"] == 6
    assert steps[5]["hash"].startswith(told["witness"]["hash"])
    assert told["witness"]["covered"] == {"checkpoint": 2, "seq": 5, "hash": steps[4]["hash"][:16]}
    proof = told["proof"]
    leaf = Leaf(number, proof["leaf"]["seq"], bytes.fromhex(proof["leaf"]["hash"]))
    path = [bytes.fromhex(one) for one in proof["path"]]
    root = root_over(leaf_hash(leaf), proof["place"], proof["count"], path)
    assert root is not None
    assert f'"root":"{root.hex()}"' in proof["checkpoint"]["record"]


async def test_a_receipt_carries_the_place_and_the_first_digits_of_its_event(
    counter: Counter, client: httpx2.AsyncClient, service: Service
) -> None:
    received = await counter.receive()
    number = received["tracking_number"]
    steps = (await counter.get(f"/{number}/steps")).json()["items"]
    assert received["witness"] == {"seq": 1, "hash": steps[0]["hash"][:16]}
    told = (await counter.get(f"/{number}/inclusion")).json()
    assert told == {"tracking_number": number, "witness": {**received["witness"], "covered": None}, "proof": None}
    page = (await client.get(f"/track/{number}", headers={"Accept-Language": "en"})).text
    assert f"event 1, {received['witness']['hash']}" in page
    assert "none covers it yet" in page
    await take_all(service)
    page = (await client.get(f"/track/{number}")).text
    assert f"第 1 号，覆盖至第 1 条记录，{received['witness']['hash']}" in page
