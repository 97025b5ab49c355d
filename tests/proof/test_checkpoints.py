"""Checkpoints: what they cover, how they follow one another, where they go, and what a copy of them finds."""

import json
import random
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from app.access.roles import Role
from app.access.rulebook import GENESIS, RuleHead
from app.kit.db import Clash
from app.kit.service import Service
from app.kit.settings import SettingsError
from app.operations.selfcheck import examine
from app.outbox import webhooks
from app.outbox.models import Message
from app.outbox.webhooks import Order
from app.proof import checkpoints, queries
from app.proof.checkpoints import is_full_due, take_all
from app.proof.export import last_in, line_of, printed
from app.proof.queries import Stored
from app.proof.signing import holds, key_id, record_hash, signer_of
from app.proof.verify import Asked, CopyUnreadable, faults_of, is_believed, read_copy, verify_all
from app.scheduler import Ticker
from tests.builders.access import an_actor
from tests.builders.applications import Counter
from tests.conftest import Hands
from tests.proof import tampering


async def records(service: Service) -> list[Stored]:
    async with service.db.read() as tx:
        return await queries.records_after(tx, 0, 100)


def setting(service: Service, **more: object) -> None:
    service.settings = service.settings.model_copy(update=more)


async def test_each_follows_the_one_before_and_is_signed(numbers: list[str], service: Service) -> None:
    first, second, full = await records(service)
    said = [json.loads(one.body) for one in (first, second, full)]
    assert [(one["n"], one["kind"], one["count"]) for one in said] == [
        (1, "changed", 6),
        (2, "changed", 6),
        (3, "full", 6),
    ]
    assert [(one["applications"], one["events"]) for one in said] == [(6, 18), (6, 30), (6, 30)]
    assert [one["previous"] for one in said] == [bytes(32).hex(), first.hash.hex(), second.hash.hex()]
    for one in (first, second, full):
        assert one.hash == record_hash(one.body)
        assert holds(one.public_key, one.body, one.signature)
        assert not holds(one.public_key, one.body + b" ", one.signature)
    assert (await verify_all(service.db, service.sealer, Asked())).first is None


async def test_nothing_is_taken_where_nothing_changed(numbers: list[str], service: Service, counter: Counter) -> None:
    assert await take_all(service) == []
    await counter.step(numbers[2], "complete_stage", stage="review")
    [taken] = await take_all(service)
    async with service.db.read() as tx:
        assert [leaf.number for leaf in await queries.leaves_of(tx, taken.n)] == [numbers[2]]


async def test_many_heads_go_into_several(counter: Counter, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "AT_ONCE", 2)
    for _ in range(5):
        await counter.receive()
    assert [json.loads(one.body)["count"] for one in await take_all(service)] == [2, 2, 1]
    assert (await verify_all(service.db, service.sealer, Asked())).first is None


async def test_heads_that_were_left_over_for_the_next_are_not_called_backdated(
    numbers: list[str], counter: Counter, hands: Hands, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "AT_ONCE", 2)
    await take_all(service)
    first = (await records(service))[-1].n
    for _ in range(5):
        await counter.receive()
    hands.set("2026-11-03T12:00:00+08:00")
    assert await checkpoints.take_changed(service) is not None
    assert await checkpoints.take_full(service) is not None
    assert (await verify_all(service.db, service.sealer, Asked())).first is None  # also between two of them
    await take_all(service)
    complete = [json.loads(one.body)["complete"] for one in await records(service)]
    assert complete == [*range(1, first + 1), first, first, first, first + 4]
    assert (await verify_all(service.db, service.sealer, Asked())).first is None


async def test_that_heads_were_left_over_is_believed_only_as_it_was_signed(
    numbers: list[str], service: Service
) -> None:
    before, last = (await records(service))[-2:]
    body = last.body.replace(f'"complete":{last.n}'.encode(), b'"complete":1')
    assert body != last.body
    forged = last._replace(body=body, hash=record_hash(body))
    assert not is_believed(forged, Asked())
    assert is_believed(last, Asked(keys=frozenset({last.key})))
    assert not is_believed(last, Asked(keys=frozenset({"another"})))
    details = [detail for _, detail in faults_of(forged, before, Asked())]
    assert f"Checkpoint {last.n} names another last complete one than the one stored before it." in details


async def test_the_second_of_two_processes_takes_none(numbers: list[str], service: Service, counter: Counter) -> None:
    await counter.step(numbers[0], "complete_stage", stage="review")
    async with service.db.snapshot() as tx:
        before = await queries.one(tx, 2)
    draft = checkpoints.Draft(before, "full", 0, bytes(32), 6, 30, RuleHead(0, GENESIS))
    assert await checkpoints.write(service, draft) is None


async def test_a_full_one_is_due_once_a_day(numbers: list[str], service: Service, hands: Hands) -> None:
    assert not await is_full_due(service)
    hands.set("2026-11-02T23:59:59+08:00")
    assert not await is_full_due(service)
    hands.set("2026-11-03T00:00:00+08:00")
    assert await is_full_due(service)
    ticker = Ticker(service)
    await ticker.checkpoint()
    assert not await is_full_due(service)
    assert [one.kind for one in await records(service)] == ["changed", "changed", "full", "full"]


@pytest.mark.parametrize("table", ["checkpoints", "checkpoint_leaves", "item_versions"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET {} = {}"])
async def test_the_database_refuses_to_change_them(
    numbers: list[str], service: Service, table: str, statement: str
) -> None:
    column = {"checkpoints": "kind", "checkpoint_leaves": "n", "item_versions": "name"}[table]
    with pytest.raises((DBAPIError, Clash), match="append-only"):
        async with service.db.transaction() as tx:
            await tampering.run(tx, statement.format(table, column, column))


async def test_a_file_gets_what_it_has_not_got_yet(
    numbers: list[str], service: Service, counter: Counter, tmp_path: Path
) -> None:
    file = tmp_path / "away" / "checkpoints.jsonl"
    setting(service, checkpoint_file=str(file))
    await take_all(service)
    assert [json.loads(line)["n"] for line in file.read_text().splitlines()] == [1, 2, 3]
    await counter.step(numbers[0], "complete_stage", stage="review")
    await take_all(service)
    assert last_in(file) == 4
    copy = read_copy(file)
    assert sorted(copy) == [1, 2, 3, 4]
    assert (await verify_all(service.db, service.sealer, Asked(copy=copy))).first is None


async def test_checkpoints_made_anew_by_another_key_are_found_by_the_copy(
    numbers: list[str], service: Service, tmp_path: Path
) -> None:
    file = tmp_path / "checkpoints.jsonl"
    setting(service, checkpoint_file=str(file))
    await take_all(service)
    own = signer_of(service.settings, service.sealer).id
    async with service.db.transaction() as tx:
        await tampering.unlock(tx)
        number = numbers[0]
        await tampering.relink(
            tx, number, {4: tampering.other_body(await tampering.body_at(tx, number, 4), random.Random(5))}
        )
        await tampering.run(tx, "DELETE FROM checkpoint_leaves")
        await tampering.run(tx, "DELETE FROM checkpoints")
    forger = Ed25519PrivateKey.generate()
    pem = tmp_path / "forger.pem"
    pem.write_bytes(forger.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    setting(service, signing_key_file=str(pem), checkpoint_file=None)
    await take_all(service)
    alone = await verify_all(service.db, service.sealer, Asked(record_only=True))
    assert alone.first is None  # who makes everything anew is found by what lies elsewhere alone
    by_copy = await verify_all(service.db, service.sealer, Asked(record_only=True, copy=read_copy(file)))
    assert by_copy.first is not None
    assert by_copy.first.kind == "checkpoint"
    by_key = await verify_all(service.db, service.sealer, Asked(record_only=True, keys=frozenset({own})))
    assert by_key.first is not None
    assert by_key.first.kind == "signature"


async def test_a_database_put_back_to_an_older_state_does_not_start(
    numbers: list[str], service: Service, tmp_path: Path
) -> None:
    file = tmp_path / "checkpoints.jsonl"
    setting(service, checkpoint_file=str(file))
    await take_all(service)
    assert not [one for one in await examine(service) if one.refuses]
    async with service.db.transaction() as tx:
        await tampering.unlock(tx)
        await tampering.run(tx, "DELETE FROM checkpoints WHERE n = 3")
    assert "checkpoint_ahead" in [one.code for one in await examine(service) if one.refuses]


async def test_a_copy_that_is_not_whole_proves_nothing(numbers: list[str], service: Service, tmp_path: Path) -> None:
    file = tmp_path / "checkpoints.jsonl"
    setting(service, checkpoint_file=str(file))
    await take_all(service)
    first, second, third = file.read_text().splitlines(keepends=True)
    for spoilt in (first + third, first + second.replace('\\"count\\":6', '\\"count\\":5'), first + second[:-20]):
        file.write_text(spoilt)
        with pytest.raises(CopyUnreadable):
            read_copy(file)
    with pytest.raises(CopyUnreadable):
        read_copy(tmp_path / "none")
    file.write_text(first + second)
    with pytest.raises(CopyUnreadable):
        read_copy(file, {"0123456789abcdef"})


async def test_a_key_may_be_replaced_and_each_record_names_its_own(
    numbers: list[str], service: Service, counter: Counter, tmp_path: Path
) -> None:
    new = Ed25519PrivateKey.generate()
    pem = tmp_path / "new.pem"
    pem.write_bytes(new.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    old = signer_of(service.settings, service.sealer).id
    setting(service, signing_key_file=str(pem))
    await counter.step(numbers[0], "complete_stage", stage="review")
    [taken] = await take_all(service)
    assert taken.key == key_id(new.public_key().public_bytes_raw()) != old
    assert (await verify_all(service.db, service.sealer, Asked(keys=frozenset({old, taken.key})))).first is None
    pem.write_text("no key")
    with pytest.raises(SettingsError, match="SIGNING_KEY_FILE"):
        signer_of(service.settings, service.sealer)


async def test_since_leaves_out_what_was_covered_before(numbers: list[str], service: Service) -> None:
    async with service.db.transaction() as tx:
        await tampering.unlock(tx)
        await tampering.run(tx, "UPDATE checkpoint_leaves SET hash = :h WHERE n = 1", h=bytes(32))
    assert (await verify_all(service.db, service.sealer, Asked())).broken == 7  # six heads and a root
    assert (await verify_all(service.db, service.sealer, Asked(since=1))).broken == 0


async def test_the_printed_page_holds_the_64_digits(numbers: list[str], service: Service) -> None:
    newest = (await records(service))[-1]
    page = printed(newest, "Asia/Shanghai")
    assert newest.hash.hex() in page.replace(" ", "").replace("\n", "")
    assert "2026-11-02T13:00:00+08:00" in page


async def test_a_checkpoint_taken_is_told_to_the_byte_to_who_subscribes(
    numbers: list[str], service: Service, counter: Counter
) -> None:
    setting(service, outbound_allow="hooks.example")
    order = Order("https://hooks.example/x", "supervision", ["checkpoint.taken"], None)
    async with service.db.transaction() as tx:
        await webhooks.create(tx, order, sealer=service.sealer, by=an_actor(Role.ADMIN), now=service.now.now())
    await counter.step(numbers[0], "complete_stage", stage="review")
    [taken] = await take_all(service)
    async with service.db.read() as tx:
        [message] = (await tx.execute(select(Message.body))).scalars()
    told = json.loads(message)
    assert (told["type"], told["subject"]) == ("checkpoint.taken", "4")
    assert told["data"] == line_of(taken)
